//! What is counted: stays, attempts and operators' states.
use super::{Reading, SqliteStore, signed, unsigned};
use crate::class::Class;
use crate::ids::{CallId, OfferId, OperatorId, QueueName, SeatId};
use crate::machine::Wall;
use crate::queue::{Attempt, AttemptResult, OperatorState, Outcome, Stay, TalkEnd};
use crate::report::StateChange;
use crate::store::{Error, Figures, Reply};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::time::Duration;

/// A row without an outcome never replaces one that has it, whatever the order of arrival.
const PUT_STAY: &str = "INSERT INTO stays (call, seat, moves, queue, class, test, in_total, opened_at, entered_at,
        outcome, ended_at, waited_ns, operator, silent_operator)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (call, seat, moves) DO UPDATE SET queue = excluded.queue, class = excluded.class,
        in_total = excluded.in_total, outcome = excluded.outcome, ended_at = excluded.ended_at,
        waited_ns = excluded.waited_ns, operator = excluded.operator, silent_operator = excluded.silent_operator
    WHERE stays.outcome IS NULL OR excluded.outcome IS NOT NULL";
/// The talk's end replaces its beginning, and the end of wrap-up both.
const PUT_ATTEMPT: &str = "INSERT INTO attempts (call, offer, seat, operator, queue, class, test, opened_at, offered_at,
        rang_ns, result, waited_ns, answered_at, ended_at, ended_by, talk_ns, hold_ns, wrap_up_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (call, offer) DO UPDATE SET queue = excluded.queue, class = excluded.class, result = excluded.result,
        waited_ns = excluded.waited_ns, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
        ended_by = excluded.ended_by, talk_ns = excluded.talk_ns, hold_ns = excluded.hold_ns,
        wrap_up_ns = excluded.wrap_up_ns
    WHERE attempts.ended_at IS NULL OR excluded.wrap_up_ns >= attempts.wrap_up_ns";
const PUT_STATE: &str = "INSERT INTO operator_states (operator, at, state, reason) VALUES (?, ?, ?, ?)";
const STAYS: &str =
    "SELECT * FROM stays WHERE opened_at >= ? AND opened_at < ? ORDER BY opened_at, call, seat, moves";
const ATTEMPTS: &str = "SELECT * FROM attempts
    WHERE (opened_at >= ?1 AND opened_at < ?2) OR (offered_at >= ?1 AND offered_at < ?2)
    ORDER BY offered_at, call, offer";
const STATES: &str = "SELECT id, operator, at, state, reason FROM operator_states WHERE at >= ?1 AND at < ?2
    UNION ALL
    SELECT id, operator, at, state, reason FROM operator_states WHERE id IN (
        SELECT max(id) FROM operator_states WHERE at < ?1 GROUP BY operator)
    ORDER BY at, id";
const LOSE_STAYS: &str = "UPDATE stays SET outcome = 'lost', ended_at = ?1 WHERE outcome IS NULL";
/// Talks and wrap-ups that nobody saw the end of.
const LOSE_TALKS: &str = "UPDATE attempts SET ended_at = ?1 WHERE result = 'answered' AND ended_at IS NULL";
/// The last sign of life of the process that is gone: a sign-in does not last through the time when nothing ran.
const SIGN_OUT: &str = "INSERT INTO operator_states (operator, at, state, reason)
    SELECT last.operator,
           max(last.at, min(?1, coalesce((SELECT max(at) FROM journal), last.at))), 'offline', NULL
    FROM operator_states AS last
    WHERE last.state <> 'offline'
      AND last.id = (SELECT max(id) FROM operator_states WHERE operator = last.operator)";

impl Figures for SqliteStore {
    fn stays(&self, from: Wall, to: Wall) -> Reply<'_, Vec<Stay>> {
        Box::pin(async move {
            let rows = sqlx::query(STAYS).bind(from.0).bind(to.0).fetch_all(&self.reader).await?;
            rows.iter().map(stay).collect()
        })
    }

    fn attempts(&self, from: Wall, to: Wall) -> Reply<'_, Vec<Attempt>> {
        Box::pin(async move {
            let rows = sqlx::query(ATTEMPTS).bind(from.0).bind(to.0).fetch_all(&self.reader).await?;
            rows.iter().map(attempt).collect()
        })
    }

    fn operator_states(&self, from: Wall, to: Wall) -> Reply<'_, Vec<StateChange>> {
        Box::pin(async move {
            let rows = sqlx::query(STATES).bind(from.0).bind(to.0).fetch_all(&self.reader).await?;
            rows.iter().map(state).collect()
        })
    }
}

/// What the process that is gone left open.
pub(super) async fn close(connection: &mut SqliteConnection, at: Wall) -> Result<(), Error> {
    for statement in [LOSE_STAYS, LOSE_TALKS, SIGN_OUT] {
        sqlx::query(statement).bind(at.0).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn put_stay(connection: &mut SqliteConnection, stay: &Stay) -> Result<(), Error> {
    sqlx::query(PUT_STAY)
        .bind(stay.call.to_string())
        .bind(signed(stay.seat.0))
        .bind(i64::from(stay.moves))
        .bind(stay.queue.as_str())
        .bind(stay.class.as_str())
        .bind(stay.test)
        .bind(stay.in_total)
        .bind(stay.opened_at.0)
        .bind(stay.entered_at.0)
        .bind(stay.outcome.map(Outcome::as_str))
        .bind(stay.ended_at.map(|at| at.0))
        .bind(nanos(stay.waited))
        .bind(stay.operator.as_ref().map(OperatorId::as_str))
        .bind(stay.silent_operator)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn put_attempt(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<(), Error> {
    sqlx::query(PUT_ATTEMPT)
        .bind(attempt.call.to_string())
        .bind(signed(attempt.offer.0))
        .bind(signed(attempt.seat.0))
        .bind(attempt.operator.as_str())
        .bind(attempt.queue.as_str())
        .bind(attempt.class.as_str())
        .bind(attempt.test)
        .bind(attempt.opened_at.0)
        .bind(attempt.offered_at.0)
        .bind(nanos(attempt.rang))
        .bind(attempt.result.as_str())
        .bind(nanos(attempt.waited))
        .bind(attempt.answered_at.map(|at| at.0))
        .bind(attempt.ended_at.map(|at| at.0))
        .bind(attempt.ended_by.map(TalkEnd::as_str))
        .bind(nanos(attempt.talk))
        .bind(nanos(attempt.hold))
        .bind(nanos(attempt.wrap_up))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn put_state(
    connection: &mut SqliteConnection,
    operator: &OperatorId,
    state: &OperatorState,
    at: Wall,
) -> Result<(), Error> {
    let reason = match state {
        OperatorState::Paused { reason } => Some(reason.as_str()),
        _ => None,
    };
    sqlx::query(PUT_STATE)
        .bind(operator.as_str())
        .bind(at.0)
        .bind(state.as_str())
        .bind(reason)
        .execute(connection)
        .await?;
    Ok(())
}

fn stay(row: &SqliteRow) -> Result<Stay, Error> {
    let row = Reading::of("stays", "call", row)?;
    Ok(Stay {
        call: row.word("call", CallId::parse)?,
        seat: SeatId(unsigned(row.get("seat")?)),
        moves: small(row.get("moves")?),
        queue: QueueName::from(row.get::<String>("queue")?),
        class: row.word("class", Class::parse)?,
        test: row.get("test")?,
        in_total: row.get("in_total")?,
        opened_at: row.at("opened_at")?,
        entered_at: row.at("entered_at")?,
        outcome: row.word_or_none("outcome", Outcome::parse)?,
        ended_at: row.at_or_none("ended_at")?,
        waited: duration(row.get("waited_ns")?),
        operator: row.get::<Option<String>>("operator")?.map(OperatorId::from),
        silent_operator: row.get("silent_operator")?,
    })
}

fn attempt(row: &SqliteRow) -> Result<Attempt, Error> {
    let row = Reading::of("attempts", "call", row)?;
    Ok(Attempt {
        call: row.word("call", CallId::parse)?,
        offer: OfferId(unsigned(row.get("offer")?)),
        seat: SeatId(unsigned(row.get("seat")?)),
        operator: OperatorId::from(row.get::<String>("operator")?),
        queue: QueueName::from(row.get::<String>("queue")?),
        class: row.word("class", Class::parse)?,
        test: row.get("test")?,
        opened_at: row.at("opened_at")?,
        offered_at: row.at("offered_at")?,
        rang: duration(row.get("rang_ns")?),
        result: row.word("result", AttemptResult::parse)?,
        waited: duration(row.get("waited_ns")?),
        answered_at: row.at_or_none("answered_at")?,
        ended_at: row.at_or_none("ended_at")?,
        ended_by: row.word_or_none("ended_by", TalkEnd::parse)?,
        talk: duration(row.get("talk_ns")?),
        hold: duration(row.get("hold_ns")?),
        wrap_up: duration(row.get("wrap_up_ns")?),
    })
}

fn state(row: &SqliteRow) -> Result<StateChange, Error> {
    let row = Reading::of("operator_states", "operator", row)?;
    let reason: Option<String> = row.get("reason")?;
    Ok(StateChange {
        operator: OperatorId::from(row.get::<String>("operator")?),
        at: row.at("at")?,
        state: row.word("state", |text| OperatorState::parse(text, reason.as_deref()))?,
    })
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(unsigned(nanos))
}

fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
