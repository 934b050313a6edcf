//! Lists by pages, and what is noted on calls. Tickets are in `tickets.rs`, webhooks in `outbox.rs`; this is the door.
use super::records::{call, message};
use super::{Reading, SqliteStore, directory, outbox, signed, talks, tickets, unsigned};
use crate::call::{Message, TalkRecord};
use crate::ids::CallId;
use crate::machine::Wall;
use crate::number::Number;
use crate::office::{
    AuditQuery, AuditRow, CallCursor, CallQuery, Delivery, Due, LineQuality, Note, NotedCall, Page,
    RecordingQuery, Ticket, TicketEvent, TicketStatus, Tried, Webhook, WebhookChange,
};
use crate::store::{Error, Office, Reply, Subscriber};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// `?5`: ten digits and more are a whole number, which the index finds; fewer are looked for inside numbers. `?8` is what
/// people type into a search box, `?9` whether it may be a part of a number.
const HISTORY: &str =
    "SELECT calls.*, n.disposition AS n_disposition, n.note AS n_note, n.who AS n_who, n.at AS n_at
    FROM calls LEFT JOIN call_notes n ON n.call = calls.id
    WHERE calls.started_at >= ?1 AND calls.started_at < ?2
        AND (?3 IS NULL OR calls.queue = ?3) AND (?4 IS NULL OR calls.operator = ?4)
        AND (?5 IS NULL OR (length(?5) >= 10 AND calls.caller = ?5)
            OR (length(?5) < 10 AND instr(calls.caller, ?5) > 0))
        AND (?6 IS NULL OR calls.result = ?6)
        AND (?7 IS NULL OR (calls.started_at, calls.id) < (?7, ?10))
        AND (?8 IS NULL OR calls.id = ?8 OR calls.queue = ?8 OR calls.operator = ?8 OR calls.line = ?8
            OR n.disposition = ?8 OR instr(n.note, ?8) > 0 OR (?9 AND instr(calls.caller, ?8) > 0))
    ORDER BY calls.started_at DESC, calls.id DESC LIMIT ?11";
const LINE_QUALITY: &str = "SELECT operator, COUNT(*) AS calls,
        SUM(json_extract(operator_quality, '$.packets_lost')) AS lost,
        SUM(json_extract(operator_quality, '$.packets_received')) AS received,
        AVG(json_extract(operator_quality, '$.jitter_ms')) AS jitter_ms,
        AVG(json_extract(operator_quality, '$.round_trip_ms')) AS round_trip_ms
    FROM calls WHERE started_at >= ? AND started_at < ? AND operator IS NOT NULL AND operator_quality IS NOT NULL
    GROUP BY operator ORDER BY operator";
const NOTE: &str = "SELECT disposition AS n_disposition, note AS n_note, who AS n_who, at AS n_at
    FROM call_notes WHERE call = ?";
const PUT_NOTE: &str =
    "INSERT OR REPLACE INTO call_notes (call, disposition, note, who, at) VALUES (?, ?, ?, ?, ?)";
const AUDIT: &str = "SELECT id, at, who, what, detail FROM audit
    WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR who = ?3)
        AND (?4 IS NULL OR what = ?4 OR substr(what, 1, length(?4) + 1) = ?4 || '.') AND (?5 IS NULL OR id < ?5)
    ORDER BY id DESC LIMIT ?6";
const SUBSCRIBERS: &str = "SELECT number, class, name, email FROM subscribers
    WHERE (?1 IS NULL OR substr(number, 1, length(?1)) = ?1) AND (?2 IS NULL OR number > ?2)
    ORDER BY number LIMIT ?3";
const REMOVE_SUBSCRIBER: &str = "DELETE FROM subscribers WHERE number = ?";
const MESSAGES: &str = "SELECT * FROM messages
    WHERE ?1 IS NULL OR (at, name) < (SELECT at, name FROM messages WHERE name = ?1)
    ORDER BY at DESC, name DESC LIMIT ?2";
const MESSAGE: &str = "SELECT * FROM messages WHERE name = ?";

impl Office for SqliteStore {
    fn call_history(&self, query: CallQuery) -> Reply<'_, Page<NotedCall, CallCursor>> {
        Box::pin(async move {
            let rows = sqlx::query(HISTORY)
                .bind(query.from.map_or(0, |at| at.0))
                .bind(query.to.map_or(i64::MAX, |at| at.0))
                .bind(query.queue)
                .bind(query.operator)
                .bind(query.caller)
                .bind(query.result)
                .bind(query.after.map(|after| after.started_at.0))
                .bind(query.q)
                .bind(query.q_in_number)
                .bind(query.after.map(|after| after.id.to_string()))
                .bind(one_more(query.limit))
                .fetch_all(&self.reader)
                .await?;
            let rows = rows
                .iter()
                .map(|row| Ok(NotedCall { record: call(row)?, note: note(row)? }))
                .collect::<Result<Vec<_>, Error>>()?;
            Ok(Page::cut(rows, query.limit, |row| CallCursor {
                started_at: row.record.started_at,
                id: row.record.id,
            }))
        })
    }

    fn line_quality(&self, from: Wall, to: Wall) -> Reply<'_, Vec<LineQuality>> {
        Box::pin(async move {
            let rows = sqlx::query(LINE_QUALITY).bind(from.0).bind(to.0).fetch_all(&self.reader).await?;
            let line = |row: &SqliteRow| {
                let (lost, received): (i64, i64) = (row.try_get("lost")?, row.try_get("received")?);
                Ok(LineQuality {
                    operator: row.try_get::<String, _>("operator")?.as_str().into(),
                    calls: unsigned(row.try_get("calls")?),
                    loss: lost as f64 / (lost + received).max(1) as f64,
                    jitter_ms: row.try_get("jitter_ms")?,
                    round_trip_ms: row.try_get("round_trip_ms")?,
                })
            };
            rows.iter().map(line).collect()
        })
    }

    fn note(&self, call: CallId) -> Reply<'_, Option<Note>> {
        Box::pin(async move {
            let row = sqlx::query(NOTE).bind(call.to_string()).fetch_optional(&self.reader).await?;
            Ok(row.as_ref().map(note).transpose()?.flatten())
        })
    }

    fn put_note(&self, call: CallId, note: Note) -> Reply<'_, ()> {
        Box::pin(async move {
            sqlx::query(PUT_NOTE)
                .bind(call.to_string())
                .bind(note.disposition)
                .bind(note.text)
                .bind(note.who)
                .bind(note.at.0)
                .execute(&self.writer)
                .await?;
            Ok(())
        })
    }

    fn audit_page(&self, query: AuditQuery) -> Reply<'_, Page<AuditRow, u64>> {
        Box::pin(async move {
            let rows = sqlx::query(AUDIT)
                .bind(query.from.map_or(0, |at| at.0))
                .bind(query.to.map_or(i64::MAX, |at| at.0))
                .bind(query.who)
                .bind(query.what)
                .bind(query.after.map(signed))
                .bind(one_more(query.limit))
                .fetch_all(&self.reader)
                .await?;
            let rows = rows.iter().map(audit_row).collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(rows, query.limit, |row| row.id))
        })
    }

    fn subscribers(
        &self,
        prefix: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Reply<'_, Page<Subscriber, String>> {
        Box::pin(async move {
            let query = sqlx::query(SUBSCRIBERS).bind(prefix).bind(after).bind(one_more(limit));
            let rows = query.fetch_all(&self.reader).await?;
            let rows = rows.iter().map(directory::subscriber).collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(rows, limit, |row| row.number.to_string()))
        })
    }

    fn remove_subscriber<'a>(&'a self, number: &'a Number) -> Reply<'a, bool> {
        Box::pin(async move {
            let done = sqlx::query(REMOVE_SUBSCRIBER).bind(number.as_str()).execute(&self.writer).await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn message_page(&self, after: Option<String>, limit: usize) -> Reply<'_, Page<Message, String>> {
        Box::pin(async move {
            let rows =
                sqlx::query(MESSAGES).bind(after).bind(one_more(limit)).fetch_all(&self.reader).await?;
            let rows = rows.iter().map(message).collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(rows, limit, |row| row.name.clone()))
        })
    }

    fn message<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Message>> {
        Box::pin(async move {
            let row = sqlx::query(MESSAGE).bind(name).fetch_optional(&self.reader).await?;
            row.as_ref().map(message).transpose()
        })
    }

    fn ticket_page(
        &self,
        status: Option<TicketStatus>,
        caller: Option<String>,
        after: Option<u64>,
        limit: usize,
    ) -> Reply<'_, Page<Ticket, u64>> {
        Box::pin(async move { tickets::page(self, status, caller, after, limit).await })
    }

    fn ticket<'a>(&'a self, number: &'a str) -> Reply<'a, Option<(Ticket, Vec<TicketEvent>)>> {
        Box::pin(async move { tickets::one(self, number).await })
    }

    fn change_ticket<'a>(
        &'a self,
        number: &'a str,
        status: Option<TicketStatus>,
        events: Vec<TicketEvent>,
        at: Wall,
    ) -> Reply<'a, bool> {
        Box::pin(async move { tickets::change(self, number, status, events, at).await })
    }

    fn recordings(&self, query: RecordingQuery) -> Reply<'_, Page<TalkRecord, String>> {
        Box::pin(async move { talks::page(self, query).await })
    }

    fn recording<'a>(&'a self, name: &'a str) -> Reply<'a, Option<TalkRecord>> {
        Box::pin(async move { talks::one(self, name).await })
    }

    fn remove_recording<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        Box::pin(async move { talks::remove(self, name).await })
    }

    fn forget_recordings(&self, before: Wall) -> Reply<'_, u64> {
        Box::pin(async move { talks::forget(self, before).await })
    }

    fn webhooks(&self) -> Reply<'_, Vec<Webhook>> {
        Box::pin(async move { outbox::webhooks(self).await })
    }

    fn add_webhook(&self, url: String, events: Vec<String>, secret: String, at: Wall) -> Reply<'_, u64> {
        Box::pin(async move { outbox::add(self, url, events, secret, at).await })
    }

    fn change_webhook(&self, id: u64, change: WebhookChange) -> Reply<'_, bool> {
        Box::pin(async move { outbox::change(self, id, change).await })
    }

    fn remove_webhook(&self, id: u64) -> Reply<'_, bool> {
        Box::pin(async move { outbox::remove(self, id).await })
    }

    fn deliveries(&self, webhook: u64, after: Option<u64>, limit: usize) -> Reply<'_, Page<Delivery, u64>> {
        Box::pin(async move { outbox::deliveries(self, webhook, after, limit).await })
    }

    fn tell<'a>(
        &'a self,
        event: &'a str,
        message: &'a str,
        data: serde_json::Value,
        at: Wall,
    ) -> Reply<'a, ()> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            outbox::tell(&mut tx, event, message, data, at).await?;
            Ok(tx.commit().await?)
        })
    }

    fn due(&self, at: Wall, limit: usize) -> Reply<'_, Vec<Due>> {
        Box::pin(async move { outbox::due(self, at, limit).await })
    }

    fn tried(&self, id: u64, tried: Tried, at: Wall) -> Reply<'_, ()> {
        Box::pin(async move { outbox::tried(self, id, tried, at).await })
    }

    fn forget_deliveries(&self, before: Wall) -> Reply<'_, u64> {
        Box::pin(async move { outbox::forget(self, before).await })
    }
}

/// A page is read with one row more, which tells whether there is a next one.
pub(super) fn one_more(limit: usize) -> i64 {
    signed(limit as u64 + 1)
}

fn note(row: &SqliteRow) -> Result<Option<Note>, Error> {
    let row = Reading { table: "call_notes", key: String::new(), row };
    let Some(text) = row.get("n_note")? else { return Ok(None) };
    let who = row.get::<Option<String>>("n_who")?.unwrap_or_default();
    let at = row.at_or_none("n_at")?.unwrap_or(Wall(0));
    Ok(Some(Note { disposition: row.get("n_disposition")?, text, who, at }))
}

fn audit_row(row: &SqliteRow) -> Result<AuditRow, Error> {
    let row = Reading::of("audit", "what", row)?;
    Ok(AuditRow {
        id: unsigned(row.get("id")?),
        at: row.at("at")?,
        who: row.get("who")?,
        what: row.get("what")?,
        detail: row.json("detail")?,
    })
}
