//! Calls, their stories and their messages; the audit; and the one door through which batches are written.
use super::{Reading, SqliteStore, figures, json, orders, outbox, seats, signed, talks, unsigned};
use crate::call::order::Order;
use crate::call::{CallEvent, CallRecord, Keep, Message, OpenSeat};
use crate::cause::{CallResult, Cause, HangupBy};
use crate::class::Class;
use crate::ids::{CallId, OperatorId, QueueName};
use crate::machine::Wall;
use crate::store::{
    Audit, CALLS_MAX, CallFilter, CallStory, Entry, Error, JournalEntry, Records, Reply, Snapshot,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// A row without an end never replaces one that has it, whatever the order of arrival.
const PUT_CALL: &str = "INSERT INTO calls (id, sip_call_id, line, caller, verified, class, queue, started_at,
        enqueued_at, offered_at, answered_at, ended_at, wait_ms, operator, result, hangup_by, cause, path,
        caller_quality, operator_quality)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET sip_call_id = excluded.sip_call_id, line = excluded.line, caller = excluded.caller,
        verified = excluded.verified, class = excluded.class, queue = excluded.queue,
        started_at = excluded.started_at, enqueued_at = excluded.enqueued_at, offered_at = excluded.offered_at,
        answered_at = excluded.answered_at, ended_at = excluded.ended_at, wait_ms = excluded.wait_ms,
        operator = excluded.operator, result = excluded.result, hangup_by = excluded.hangup_by,
        cause = excluded.cause, path = excluded.path, caller_quality = excluded.caller_quality,
        operator_quality = excluded.operator_quality
    WHERE calls.ended_at IS NULL OR excluded.ended_at IS NOT NULL";
const PUT_EVENT: &str = "INSERT INTO call_events (call, at, kind, detail) VALUES (?, ?, ?, ?)";
const PUT_MESSAGE: &str =
    "INSERT OR REPLACE INTO messages (name, call, at, duration_ms, caller, line) VALUES (?, ?, ?, ?, ?, ?)";
/// A choice written late, after a later one, changes nothing.
const PUT_CHOICE: &str =
    "UPDATE operators SET paused = ?1, chosen_at = ?2 WHERE id = ?3 AND coalesce(chosen_at, 0) <= ?2";
const PUT_JOURNAL: &str =
    "INSERT OR REPLACE INTO journal (seq, at, mono_ns, input, decisions) VALUES (?, ?, ?, ?, ?)";
const PUT_SNAPSHOT: &str =
    "INSERT OR REPLACE INTO snapshots (seq, at, mono_ns, flow_set, state) VALUES (?, ?, ?, ?, ?)";
const PUT_AUDIT: &str = "INSERT INTO audit (at, who, what, detail) VALUES (?, ?, ?, ?)";
const CALLS: &str = "SELECT * FROM calls WHERE started_at >= ?1 AND started_at < ?2
        AND (?3 IS NULL OR line = ?3) AND (?4 IS NULL OR queue = ?4) AND (?5 IS NULL OR operator = ?5)
        AND (?6 IS NULL OR caller = ?6)
    ORDER BY started_at DESC, id DESC LIMIT ?7 OFFSET ?8";
const CALL: &str = "SELECT * FROM calls WHERE id = ?";
const EVENTS_OF: &str = "SELECT call, at, kind, detail FROM call_events WHERE call = ? ORDER BY id";
const STEPS: &str = "SELECT call, at, kind, detail FROM call_events
    WHERE call IN (SELECT id FROM calls WHERE started_at >= ?1 AND started_at < ?2)
        AND kind IN ('step', 'arm', 'menu_key', 'menu_silence', 'connected', 'ended')
    ORDER BY id";
const MESSAGES_OF: &str = "SELECT * FROM messages WHERE call = ? ORDER BY at";
const MESSAGES: &str = "SELECT * FROM messages ORDER BY at DESC LIMIT ?";
const CLOSE_OPEN: &str =
    "UPDATE calls SET ended_at = ?, result = ?, hangup_by = ?, cause = ? WHERE ended_at IS NULL";
const AUDIT: &str = "SELECT at, who, what, detail FROM audit ORDER BY id DESC LIMIT ?";

impl Records for SqliteStore {
    fn write<'a>(&'a self, batch: &'a [Entry]) -> Reply<'a, ()> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            for entry in batch {
                match entry {
                    Entry::Keep(Keep::Call(record)) => {
                        put_call(&mut tx, record).await?;
                        outbox::tell_call(&mut tx, record).await?;
                    }
                    Entry::Keep(Keep::Event(event)) => {
                        put_event(&mut tx, event).await?;
                        outbox::tell_event(&mut tx, event).await?;
                    }
                    Entry::Keep(Keep::Message(message)) => put_message(&mut tx, message).await?,
                    Entry::Keep(Keep::Recording(talk)) => talks::put(&mut tx, talk).await?,
                    Entry::Keep(Keep::TicketCall { ticket, call }) => {
                        talks::link(&mut tx, *ticket, *call).await?;
                    }
                    Entry::Keep(Keep::OperatorChoice { operator, paused, at }) => {
                        put_choice(&mut tx, operator, paused.as_deref(), *at).await?;
                    }
                    Entry::Keep(Keep::SeatOpen(seat)) => seats::put(&mut tx, seat).await?,
                    Entry::Keep(Keep::Order { key, order }) => {
                        orders::put(&mut tx, key, order.as_deref()).await?;
                    }
                    Entry::Keep(Keep::SeatClosed { call }) => seats::remove(&mut tx, *call).await?,
                    Entry::Keep(Keep::OperatorState { operator, state, at }) => {
                        figures::put_state(&mut tx, operator, state, *at).await?;
                    }
                    Entry::Keep(Keep::Stay(stay)) => figures::put_stay(&mut tx, stay).await?,
                    Entry::Keep(Keep::Attempt(attempt)) => figures::put_attempt(&mut tx, attempt).await?,
                    Entry::Journal(entry) => put_journal(&mut tx, entry).await?,
                    Entry::Snapshot(snapshot) => put_snapshot(&mut tx, snapshot).await?,
                    Entry::Audit(audit) => put_audit(&mut tx, audit).await?,
                }
            }
            Ok(tx.commit().await?)
        })
    }

    fn calls(&self, filter: CallFilter) -> Reply<'_, Vec<CallRecord>> {
        Box::pin(async move {
            let limit = filter.limit.unwrap_or(CALLS_MAX).min(CALLS_MAX);
            let rows = sqlx::query(CALLS)
                .bind(filter.from.map_or(0, |at| at.0))
                .bind(filter.to.map_or(i64::MAX, |at| at.0))
                .bind(filter.line)
                .bind(filter.queue)
                .bind(filter.operator.map(|operator| operator.to_string()))
                .bind(filter.caller.map(|caller| caller.to_string()))
                .bind(signed(limit as u64))
                .bind(signed(filter.offset as u64))
                .fetch_all(&self.reader)
                .await?;
            rows.iter().map(call).collect()
        })
    }

    fn steps(&self, from: Wall, to: Wall) -> Reply<'_, Vec<CallEvent>> {
        Box::pin(async move {
            let rows = sqlx::query(STEPS).bind(from.0).bind(to.0).fetch_all(&self.reader).await?;
            rows.iter().map(event).collect()
        })
    }

    fn call(&self, id: CallId) -> Reply<'_, Option<CallStory>> {
        Box::pin(async move {
            let id = id.to_string();
            let Some(row) = sqlx::query(CALL).bind(&id).fetch_optional(&self.reader).await? else {
                return Ok(None);
            };
            let record = call(&row)?;
            let recordings = talks::of_call(&self.reader, record.id).await?;
            let events = sqlx::query(EVENTS_OF).bind(&id).fetch_all(&self.reader).await?;
            let messages = sqlx::query(MESSAGES_OF).bind(&id).fetch_all(&self.reader).await?;
            Ok(Some(CallStory {
                record,
                events: events.iter().map(event).collect::<Result<_, _>>()?,
                messages: messages.iter().map(message).collect::<Result<_, _>>()?,
                recordings,
            }))
        })
    }

    fn messages(&self, limit: usize) -> Reply<'_, Vec<Message>> {
        Box::pin(async move {
            let rows = sqlx::query(MESSAGES).bind(signed(limit as u64)).fetch_all(&self.reader).await?;
            rows.iter().map(message).collect()
        })
    }

    fn calls_of_ticket(&self, ticket: i64) -> Reply<'_, Vec<CallId>> {
        Box::pin(talks::calls_of(&self.reader, ticket))
    }

    fn close_open_calls(&self, at: Wall) -> Reply<'_, u64> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            let done = sqlx::query(CLOSE_OPEN)
                .bind(at.0)
                .bind(CallResult::Failed.as_str())
                .bind(HangupBy::System.as_str())
                .bind(Cause::NodeFailure.as_str())
                .execute(&mut *tx)
                .await?;
            figures::close(&mut tx, at).await?;
            tx.commit().await?;
            Ok(done.rows_affected())
        })
    }

    fn lost_seats(&self, at: Wall, forget_before: Wall) -> Reply<'_, Vec<OpenSeat>> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            let lost = seats::lost(&mut tx, at, forget_before).await?;
            tx.commit().await?;
            Ok(lost)
        })
    }

    fn orders(&self) -> Reply<'_, Vec<Order>> {
        Box::pin(orders::all(&self.reader))
    }

    fn audit(&self, limit: usize) -> Reply<'_, Vec<Audit>> {
        Box::pin(async move {
            let rows = sqlx::query(AUDIT).bind(signed(limit as u64)).fetch_all(&self.reader).await?;
            rows.iter().map(audit).collect()
        })
    }
}

async fn put_call(connection: &mut SqliteConnection, record: &CallRecord) -> Result<(), Error> {
    let at = |at: Option<Wall>| at.map(|at| at.0);
    sqlx::query(PUT_CALL)
        .bind(record.id.to_string())
        .bind(&record.sip_call_id)
        .bind(&record.line)
        .bind(&record.caller)
        .bind(record.verified)
        .bind(record.class.as_str())
        .bind(record.queue.as_ref().map(|queue| queue.as_str()))
        .bind(record.started_at.0)
        .bind(at(record.enqueued_at))
        .bind(at(record.offered_at))
        .bind(at(record.answered_at))
        .bind(at(record.ended_at))
        .bind(record.wait_ms.map(signed))
        .bind(record.operator.as_ref().map(|operator| operator.as_str()))
        .bind(record.result.map(CallResult::as_str))
        .bind(record.hangup_by.map(HangupBy::as_str))
        .bind(record.cause.map(Cause::as_str))
        .bind(&record.path)
        .bind(record.caller_quality.as_ref().map(json).transpose()?)
        .bind(record.operator_quality.as_ref().map(json).transpose()?)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_event(connection: &mut SqliteConnection, event: &CallEvent) -> Result<(), Error> {
    sqlx::query(PUT_EVENT)
        .bind(event.call.to_string())
        .bind(event.at.0)
        .bind(&event.kind)
        .bind(json(&event.detail)?)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_message(connection: &mut SqliteConnection, message: &Message) -> Result<(), Error> {
    sqlx::query(PUT_MESSAGE)
        .bind(&message.name)
        .bind(message.call.to_string())
        .bind(message.at.0)
        .bind(signed(message.duration_ms))
        .bind(&message.caller)
        .bind(&message.line)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_choice(
    connection: &mut SqliteConnection,
    operator: &OperatorId,
    paused: Option<&str>,
    at: Wall,
) -> Result<(), Error> {
    sqlx::query(PUT_CHOICE).bind(paused).bind(at.0).bind(operator.as_str()).execute(connection).await?;
    Ok(())
}

async fn put_journal(connection: &mut SqliteConnection, entry: &JournalEntry) -> Result<(), Error> {
    sqlx::query(PUT_JOURNAL)
        .bind(signed(entry.seq))
        .bind(entry.now.wall.0)
        .bind(signed(entry.now.mono.as_nanos()))
        .bind(&entry.input)
        .bind(entry.decisions.cast_signed())
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_snapshot(connection: &mut SqliteConnection, snapshot: &Snapshot) -> Result<(), Error> {
    sqlx::query(PUT_SNAPSHOT)
        .bind(signed(snapshot.seq))
        .bind(snapshot.now.wall.0)
        .bind(signed(snapshot.now.mono.as_nanos()))
        .bind(&snapshot.flow_set)
        .bind(&snapshot.state)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_audit(connection: &mut SqliteConnection, audit: &Audit) -> Result<(), Error> {
    sqlx::query(PUT_AUDIT)
        .bind(audit.at.0)
        .bind(&audit.who)
        .bind(&audit.what)
        .bind(json(&audit.detail)?)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn call(row: &SqliteRow) -> Result<CallRecord, Error> {
    let row = Reading::of("calls", "id", row)?;
    Ok(CallRecord {
        id: row.word("id", CallId::parse)?,
        sip_call_id: row.get("sip_call_id")?,
        line: row.get("line")?,
        caller: row.get("caller")?,
        verified: row.get("verified")?,
        class: row.word("class", Class::parse)?,
        queue: row.get::<Option<String>>("queue")?.map(QueueName::from),
        started_at: row.at("started_at")?,
        enqueued_at: row.at_or_none("enqueued_at")?,
        offered_at: row.at_or_none("offered_at")?,
        answered_at: row.at_or_none("answered_at")?,
        ended_at: row.at_or_none("ended_at")?,
        wait_ms: row.get::<Option<i64>>("wait_ms")?.map(unsigned),
        operator: row.get::<Option<String>>("operator")?.map(OperatorId::from),
        result: row.word_or_none("result", result)?,
        hangup_by: row.word_or_none("hangup_by", hangup_by)?,
        cause: row.word_or_none("cause", Cause::parse)?,
        path: row.get("path")?,
        caller_quality: row.json_or_none("caller_quality")?,
        operator_quality: row.json_or_none("operator_quality")?,
    })
}

fn event(row: &SqliteRow) -> Result<CallEvent, Error> {
    let row = Reading::of("call_events", "call", row)?;
    Ok(CallEvent {
        call: row.word("call", CallId::parse)?,
        at: row.at("at")?,
        kind: row.get("kind")?,
        detail: row.json("detail")?,
    })
}

pub(super) fn message(row: &SqliteRow) -> Result<Message, Error> {
    let row = Reading::of("messages", "name", row)?;
    Ok(Message {
        call: row.word("call", CallId::parse)?,
        at: row.at("at")?,
        name: row.get("name")?,
        duration_ms: unsigned(row.get("duration_ms")?),
        caller: row.get("caller")?,
        line: row.get("line")?,
    })
}

fn audit(row: &SqliteRow) -> Result<Audit, Error> {
    let row = Reading::of("audit", "what", row)?;
    Ok(Audit { at: row.at("at")?, who: row.get("who")?, what: row.get("what")?, detail: row.json("detail")? })
}

fn result(text: &str) -> Option<CallResult> {
    use CallResult::{Abandoned, Callback, Connected, Failed, NotReached, Rejected, SelfService};
    [Connected, SelfService, Abandoned, Rejected, Callback, NotReached, Failed]
        .into_iter()
        .find(|result| result.as_str() == text)
}

fn hangup_by(text: &str) -> Option<HangupBy> {
    use HangupBy::{Caller, Operator, System};
    [Caller, Operator, System].into_iter().find(|by| by.as_str() == text)
}
