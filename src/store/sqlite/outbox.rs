//! Webhooks and their outbox. An event is put there in the transaction that writes what happened, so that a process
//! killed at any moment tells all of it or nothing of it twice as two messages.
use super::office::one_more;
use super::{Reading, SqliteStore, json, signed, unsigned};
use crate::call::{CallEvent, CallRecord};
use crate::clock::Zone;
use crate::machine::Wall;
use crate::number::Number;
use crate::office::{Delivery, DeliveryState, Due, Page, Tried, Webhook, WebhookChange};
use crate::store::{Error, OUTBOX_MAX};
use serde_json::{Value, json as object};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

const WEBHOOKS: &str = "SELECT webhooks.*, (SELECT count(*) FROM outbox
        WHERE outbox.webhook = webhooks.id AND outbox.state = 'pending') AS pending
    FROM webhooks ORDER BY id";
const ADD: &str =
    "INSERT INTO webhooks (url, events, secret, active, created_at) VALUES (?, ?, ?, 1, ?) RETURNING id";
const CHANGE: &str = "UPDATE webhooks SET url = coalesce(?1, url), events = coalesce(?2, events),
    active = coalesce(?3, active), off_because = CASE WHEN ?3 THEN NULL ELSE off_because END WHERE id = ?4";
const REMOVE: &str = "DELETE FROM webhooks WHERE id = ?";
const WANT: &str = "SELECT id FROM webhooks WHERE active
    AND EXISTS (SELECT 1 FROM json_each(webhooks.events) WHERE value IN ('*', ?))";
const PUT: &str = "INSERT OR IGNORE INTO outbox (webhook, message, event, at, body, next_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?4)";
const DROP_OLDEST: &str = "UPDATE outbox SET state = 'dropped', next_at = NULL, settled_at = ?2,
        error = 'too many are waiting'
    WHERE id IN (SELECT id FROM outbox WHERE webhook = ?1 AND state = 'pending' ORDER BY id DESC LIMIT -1 OFFSET ?3)";
const DELIVERIES: &str = "SELECT * FROM outbox WHERE webhook = ?1 AND (?2 IS NULL OR id < ?2)
    ORDER BY id DESC LIMIT ?3";
const DUE: &str = "SELECT outbox.*, webhooks.url, webhooks.secret, min(outbox.next_at) FROM outbox
    JOIN webhooks ON webhooks.id = outbox.webhook AND webhooks.active
    WHERE outbox.state = 'pending' AND outbox.next_at <= ?1
    GROUP BY outbox.webhook ORDER BY outbox.next_at LIMIT ?2";
const AGAIN: &str =
    "UPDATE outbox SET attempts = attempts + 1, next_at = ?, status = ?, error = ? WHERE id = ?";
const SETTLE: &str = "UPDATE outbox SET attempts = attempts + 1, state = ?, next_at = NULL, settled_at = ?,
    status = ?, error = ? WHERE id = ?";
const SWITCH_OFF: &str = "UPDATE webhooks SET active = 0, off_because = ? WHERE id =
    (SELECT webhook FROM outbox WHERE id = ?)";
const FORGET: &str = "DELETE FROM outbox WHERE state <> 'pending' AND settled_at < ?";

const GONE: u16 = 410;

pub(super) async fn webhooks(store: &SqliteStore) -> Result<Vec<Webhook>, Error> {
    let rows = sqlx::query(WEBHOOKS).fetch_all(&store.reader).await?;
    rows.iter().map(webhook).collect()
}

pub(super) async fn add(
    store: &SqliteStore,
    url: String,
    events: Vec<String>,
    secret: String,
    at: Wall,
) -> Result<u64, Error> {
    let add = sqlx::query_scalar(ADD).bind(url).bind(json(&events)?).bind(secret).bind(at.0);
    Ok(unsigned(add.fetch_one(&store.writer).await?))
}

pub(super) async fn change(store: &SqliteStore, id: u64, change: WebhookChange) -> Result<bool, Error> {
    let done = sqlx::query(CHANGE)
        .bind(change.url)
        .bind(change.events.as_ref().map(json).transpose()?)
        .bind(change.active)
        .bind(signed(id))
        .execute(&store.writer)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn remove(store: &SqliteStore, id: u64) -> Result<bool, Error> {
    Ok(sqlx::query(REMOVE).bind(signed(id)).execute(&store.writer).await?.rows_affected() > 0)
}

pub(super) async fn deliveries(
    store: &SqliteStore,
    webhook: u64,
    after: Option<u64>,
    limit: usize,
) -> Result<Page<Delivery, u64>, Error> {
    let query = sqlx::query(DELIVERIES).bind(signed(webhook)).bind(after.map(signed)).bind(one_more(limit));
    let rows = query.fetch_all(&store.reader).await?;
    let rows = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(rows, limit, |row| row.id))
}

/// The body is what the specification shows: `type`, `timestamp` and `data`.
pub(super) async fn tell(
    connection: &mut SqliteConnection,
    event: &str,
    message: &str,
    data: Value,
    at: Wall,
) -> Result<(), Error> {
    let wanted: Vec<i64> = sqlx::query_scalar(WANT).bind(event).fetch_all(&mut *connection).await?;
    if wanted.is_empty() {
        return Ok(());
    }
    let body = object!({ "type": event, "timestamp": Zone::utc().rfc3339(at), "data": data }).to_string();
    for webhook in wanted {
        sqlx::query(PUT)
            .bind(webhook)
            .bind(message)
            .bind(event)
            .bind(at.0)
            .bind(&body)
            .execute(&mut *connection)
            .await?;
        sqlx::query(DROP_OLDEST)
            .bind(webhook)
            .bind(at.0)
            .bind(signed(OUTBOX_MAX))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// A call's row was written: it has begun, or it has ended. Numbers are masked: a receiver that may know more asks the
/// API with a token of its own.
pub(super) async fn tell_call(connection: &mut SqliteConnection, record: &CallRecord) -> Result<(), Error> {
    let caller = Number::parse(&record.caller).map(|number| number.masked());
    let zone = Zone::utc();
    let at = |at: Option<Wall>| at.map(|at| zone.rfc3339(at));
    let mut data = object!({
        "call": record.id, "line": record.line, "caller": caller, "class": record.class,
        "started_at": zone.rfc3339(record.started_at),
    });
    let (event, moment) = match record.ended_at {
        None => ("call.started", record.started_at),
        Some(ended) => {
            data["queue"] = object!(record.queue);
            data["operator"] = object!(record.operator);
            data["result"] = object!(record.result);
            data["cause"] = object!(record.cause);
            data["wait_ms"] = object!(record.wait_ms);
            data["answered_at"] = object!(at(record.answered_at));
            data["ended_at"] = object!(at(record.ended_at));
            ("call.ended", ended)
        }
    };
    tell(connection, event, &format!("{event}.{}", record.id), data, moment).await
}

/// An operator and a caller are connected; a call that was passed on is answered again.
pub(super) async fn tell_event(connection: &mut SqliteConnection, event: &CallEvent) -> Result<(), Error> {
    if event.kind != "connected" {
        return Ok(());
    }
    let data = object!({
        "call": event.call, "operator": event.detail.get("operator"),
        "wait_ms": event.detail.get("wait_ms").and_then(|ms| ms.parse::<u64>().ok()),
        "answered_at": Zone::utc().rfc3339(event.at),
    });
    let message = format!("call.answered.{}.{}", event.call, event.at.0);
    tell(connection, "call.answered", &message, data, event.at).await
}

pub(super) async fn due(store: &SqliteStore, at: Wall, limit: usize) -> Result<Vec<Due>, Error> {
    let rows = sqlx::query(DUE).bind(at.0).bind(signed(limit as u64)).fetch_all(&store.reader).await?;
    let due = |row: &SqliteRow| {
        let row = Reading::of("outbox", "message", row)?;
        Ok(Due {
            id: unsigned(row.get("id")?),
            webhook: unsigned(row.get("webhook")?),
            url: row.get("url")?,
            secret: row.get("secret")?,
            message: row.get("message")?,
            body: row.get("body")?,
            attempts: u32::try_from(unsigned(row.get("attempts")?)).unwrap_or(u32::MAX),
        })
    };
    rows.iter().map(due).collect()
}

pub(super) async fn tried(store: &SqliteStore, id: u64, tried: Tried, at: Wall) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    let (state, status, error) = match tried {
        Tried::Again { status, error, next_at } => {
            sqlx::query(AGAIN)
                .bind(next_at.0)
                .bind(status.map(i64::from))
                .bind(error)
                .bind(signed(id))
                .execute(&mut *tx)
                .await?;
            return Ok(tx.commit().await?);
        }
        Tried::Delivered { status } => (DeliveryState::Delivered, Some(status), None),
        Tried::GivenUp { status, error } => (DeliveryState::Dropped, status, Some(error)),
        Tried::Gone => {
            let why = "the receiver answered 410";
            sqlx::query(SWITCH_OFF).bind(why).bind(signed(id)).execute(&mut *tx).await?;
            (DeliveryState::Dropped, Some(GONE), Some(why.to_string()))
        }
    };
    sqlx::query(SETTLE)
        .bind(state.as_str())
        .bind(at.0)
        .bind(status.map(i64::from))
        .bind(error)
        .bind(signed(id))
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn forget(store: &SqliteStore, before: Wall) -> Result<u64, Error> {
    Ok(sqlx::query(FORGET).bind(before.0).execute(&store.writer).await?.rows_affected())
}

fn webhook(row: &SqliteRow) -> Result<Webhook, Error> {
    let row = Reading { table: "webhooks", key: String::new(), row };
    Ok(Webhook {
        id: unsigned(row.get("id")?),
        url: row.get("url")?,
        events: row.json("events")?,
        active: row.get("active")?,
        off_because: row.get("off_because")?,
        created_at: row.at("created_at")?,
        pending: unsigned(row.get("pending")?),
    })
}

fn delivery(row: &SqliteRow) -> Result<Delivery, Error> {
    let row = Reading::of("outbox", "message", row)?;
    Ok(Delivery {
        id: unsigned(row.get("id")?),
        message: row.get("message")?,
        event: row.get("event")?,
        at: row.at("at")?,
        state: row.word("state", DeliveryState::parse)?,
        attempts: u32::try_from(unsigned(row.get("attempts")?)).unwrap_or(u32::MAX),
        next_at: row.at_or_none("next_at")?,
        settled_at: row.at_or_none("settled_at")?,
        status: row.get::<Option<i64>>("status")?.and_then(|status| u16::try_from(status).ok()),
        error: row.get("error")?,
    })
}
