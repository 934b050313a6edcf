//! Talks that were recorded, and calls that were made for a ticket.
use super::office::one_more;
use super::{Reading, SqliteStore, signed, unsigned};
use crate::call::TalkRecord;
use crate::ids::{CallId, OperatorId, QueueName};
use crate::machine::Wall;
use crate::office::{Page, RecordingQuery};
use crate::store::Error;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

const PUT: &str = "INSERT OR REPLACE INTO recordings (name, call, started_at, duration_ms, channels, caller, operator, queue)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const OF_CALL: &str = "SELECT * FROM recordings WHERE call = ? ORDER BY started_at, name";
const PAGE: &str = "SELECT * FROM recordings
    WHERE (?1 IS NULL OR call = ?1) AND (?2 IS NULL OR caller = ?2) AND started_at >= ?3 AND started_at < ?4
        AND (?5 IS NULL OR (started_at, name) < (SELECT started_at, name FROM recordings WHERE name = ?5))
    ORDER BY started_at DESC, name DESC LIMIT ?6";
const ONE: &str = "SELECT * FROM recordings WHERE name = ?";
const REMOVE: &str = "DELETE FROM recordings WHERE name = ?";
const FORGET: &str = "DELETE FROM recordings WHERE started_at < ?";
const LINK: &str = "INSERT OR IGNORE INTO ticket_calls (ticket, call) VALUES (?, ?)";
const CALLS_OF: &str = "SELECT call FROM ticket_calls WHERE ticket = ? ORDER BY call";

pub(super) async fn put(connection: &mut SqliteConnection, talk: &TalkRecord) -> Result<(), Error> {
    sqlx::query(PUT)
        .bind(&talk.name)
        .bind(talk.call.to_string())
        .bind(talk.started_at.0)
        .bind(signed(talk.duration_ms))
        .bind(i64::from(talk.channels))
        .bind(&talk.caller)
        .bind(talk.operator.as_ref().map(OperatorId::as_str))
        .bind(talk.queue.as_ref().map(QueueName::as_str))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn link(connection: &mut SqliteConnection, ticket: i64, call: CallId) -> Result<(), Error> {
    sqlx::query(LINK).bind(ticket).bind(call.to_string()).execute(connection).await?;
    Ok(())
}

pub(super) async fn of_call(reader: &SqlitePool, call: CallId) -> Result<Vec<TalkRecord>, Error> {
    let rows = sqlx::query(OF_CALL).bind(call.to_string()).fetch_all(reader).await?;
    rows.iter().map(talk).collect()
}

pub(super) async fn calls_of(reader: &SqlitePool, ticket: i64) -> Result<Vec<CallId>, Error> {
    let rows = sqlx::query(CALLS_OF).bind(ticket).fetch_all(reader).await?;
    rows.iter().map(|row| Reading::of("ticket_calls", "call", row)?.word("call", CallId::parse)).collect()
}

pub(super) async fn page(
    store: &SqliteStore,
    query: RecordingQuery,
) -> Result<Page<TalkRecord, String>, Error> {
    let rows = sqlx::query(PAGE)
        .bind(query.call.map(|call| call.to_string()))
        .bind(query.number)
        .bind(query.from.map_or(0, |at| at.0))
        .bind(query.to.map_or(i64::MAX, |at| at.0))
        .bind(query.after)
        .bind(one_more(query.limit))
        .fetch_all(&store.reader)
        .await?;
    let rows = rows.iter().map(talk).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(rows, query.limit, |row| row.name.clone()))
}

pub(super) async fn one(store: &SqliteStore, name: &str) -> Result<Option<TalkRecord>, Error> {
    let row = sqlx::query(ONE).bind(name).fetch_optional(&store.reader).await?;
    row.as_ref().map(talk).transpose()
}

pub(super) async fn remove(store: &SqliteStore, name: &str) -> Result<(), Error> {
    sqlx::query(REMOVE).bind(name).execute(&store.writer).await?;
    Ok(())
}

pub(super) async fn forget(store: &SqliteStore, before: Wall) -> Result<u64, Error> {
    Ok(sqlx::query(FORGET).bind(before.0).execute(&store.writer).await?.rows_affected())
}

fn talk(row: &SqliteRow) -> Result<TalkRecord, Error> {
    let row = Reading::of("recordings", "name", row)?;
    Ok(TalkRecord {
        name: row.get("name")?,
        call: row.word("call", CallId::parse)?,
        started_at: row.at("started_at")?,
        duration_ms: unsigned(row.get("duration_ms")?),
        channels: u8::try_from(row.get::<i64>("channels")?).unwrap_or(1),
        caller: row.get("caller")?,
        operator: row.get::<Option<String>>("operator")?.map(OperatorId::from),
        queue: row.get::<Option<String>>("queue")?.map(QueueName::from),
    })
}
