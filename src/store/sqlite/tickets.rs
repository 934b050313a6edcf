//! Tickets and their history.
use super::office::one_more;
use super::{Reading, SqliteStore, signed, unsigned};
use crate::ids::CallId;
use crate::machine::Wall;
use crate::office::{Page, Ticket, TicketEvent, TicketEventKind, TicketStatus};
use crate::store::Error;
use sqlx::sqlite::SqliteRow;

const PAGE: &str = "SELECT * FROM tickets
    WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR caller = ?2) AND (?3 IS NULL OR id < ?3)
        AND number IS NOT NULL
    ORDER BY id DESC LIMIT ?4";
const ONE: &str = "SELECT * FROM tickets WHERE number = ?";
const EVENTS: &str = "SELECT * FROM ticket_events WHERE ticket = ? ORDER BY id";
const ID: &str = "SELECT id FROM tickets WHERE number = ?";
const CHANGE: &str = "UPDATE tickets SET status = coalesce(?, status), changed_at = ? WHERE id = ?";
const PUT_EVENT: &str =
    "INSERT INTO ticket_events (ticket, at, who, kind, text, subject) VALUES (?, ?, ?, ?, ?, ?)";

pub(super) async fn page(
    store: &SqliteStore,
    status: Option<TicketStatus>,
    caller: Option<String>,
    after: Option<u64>,
    limit: usize,
) -> Result<Page<Ticket, u64>, Error> {
    let rows = sqlx::query(PAGE)
        .bind(status.map(TicketStatus::as_str))
        .bind(caller)
        .bind(after.map(signed))
        .bind(one_more(limit))
        .fetch_all(&store.reader)
        .await?;
    let rows = rows.iter().map(|row| Ok((id(row)?, ticket(row)?))).collect::<Result<Vec<_>, Error>>()?;
    let Page { rows, next } = Page::cut(rows, limit, |(id, _)| *id);
    Ok(Page { rows: rows.into_iter().map(|(_, ticket)| ticket).collect(), next })
}

pub(super) async fn one(
    store: &SqliteStore,
    number: &str,
) -> Result<Option<(Ticket, Vec<TicketEvent>)>, Error> {
    let Some(row) = sqlx::query(ONE).bind(number).fetch_optional(&store.reader).await? else {
        return Ok(None);
    };
    let events = sqlx::query(EVENTS).bind(signed(id(&row)?)).fetch_all(&store.reader).await?;
    let events = events.iter().map(event).collect::<Result<_, _>>()?;
    Ok(Some((ticket(&row)?, events)))
}

pub(super) async fn change(
    store: &SqliteStore,
    number: &str,
    status: Option<TicketStatus>,
    events: Vec<TicketEvent>,
    at: Wall,
) -> Result<bool, Error> {
    let mut tx = store.begin().await?;
    let id: Option<i64> = sqlx::query_scalar(ID).bind(number).fetch_optional(&mut *tx).await?;
    let Some(id) = id else { return Ok(false) };
    let status = status.map(TicketStatus::as_str);
    sqlx::query(CHANGE).bind(status).bind(at.0).bind(id).execute(&mut *tx).await?;
    for event in events {
        sqlx::query(PUT_EVENT)
            .bind(id)
            .bind(event.at.0)
            .bind(event.who)
            .bind(event.kind.as_str())
            .bind(event.text)
            .bind(event.subject)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(true)
}

fn id(row: &SqliteRow) -> Result<u64, Error> {
    Ok(unsigned(Reading::of("tickets", "call", row)?.get("id")?))
}

pub(super) fn ticket(row: &SqliteRow) -> Result<Ticket, Error> {
    let row = Reading::of("tickets", "number", row)?;
    Ok(Ticket {
        number: row.get("number")?,
        call: row.word("call", CallId::parse)?,
        at: row.at("at")?,
        caller: row.get("caller")?,
        topic: row.get("topic")?,
        fields: row.json("fields")?,
        status: row.word("status", TicketStatus::parse)?,
        changed_at: row.at_or_none("changed_at")?,
    })
}

fn event(row: &SqliteRow) -> Result<TicketEvent, Error> {
    let row = Reading::of("ticket_events", "who", row)?;
    Ok(TicketEvent {
        at: row.at("at")?,
        who: row.get("who")?,
        kind: row.word("kind", TicketEventKind::parse)?,
        text: row.get("text")?,
        subject: row.get("subject")?,
    })
}
