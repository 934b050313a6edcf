//! Open seats: written behind the calls, read once, at the start.
use super::{Reading, json};
use crate::call::OpenSeat;
use crate::class::Class;
use crate::ids::{CallId, QueueName};
use crate::machine::Wall;
use crate::number::Number;
use crate::store::Error;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

const PUT: &str =
    "INSERT OR REPLACE INTO open_seats (call, number, queue, class, since, talking_since, callback, lost_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
/// Whoever has a seat again has taken his credit with it; it is given once.
const RETURNED: &str =
    "DELETE FROM open_seats WHERE number = ? AND queue = ? AND lost_at IS NOT NULL AND callback IS NULL";
const REMOVE: &str = "DELETE FROM open_seats WHERE call = ?";
const MARK: &str = "UPDATE open_seats SET lost_at = ? WHERE lost_at IS NULL";
const FORGET: &str = "DELETE FROM open_seats WHERE lost_at < ? AND callback IS NULL";
const LOST: &str = "SELECT * FROM open_seats ORDER BY callback IS NULL, since, call";

pub(super) async fn put(connection: &mut SqliteConnection, seat: &OpenSeat) -> Result<(), Error> {
    if seat.lost_at.is_none() && seat.callback.is_none() {
        sqlx::query(RETURNED)
            .bind(seat.number.as_str())
            .bind(seat.queue.as_str())
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query(PUT)
        .bind(seat.call.to_string())
        .bind(seat.number.as_str())
        .bind(seat.queue.as_str())
        .bind(seat.class.as_str())
        .bind(seat.since.0)
        .bind(seat.talking_since.map(|at| at.0))
        .bind(seat.callback.as_ref().map(json).transpose()?)
        .bind(seat.lost_at.map(|at| at.0))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn remove(connection: &mut SqliteConnection, call: CallId) -> Result<(), Error> {
    sqlx::query(REMOVE).bind(call.to_string()).execute(connection).await?;
    Ok(())
}

pub(super) async fn lost(
    connection: &mut SqliteConnection,
    at: Wall,
    forget_before: Wall,
) -> Result<Vec<OpenSeat>, Error> {
    sqlx::query(MARK).bind(at.0).execute(&mut *connection).await?;
    sqlx::query(FORGET).bind(forget_before.0).execute(&mut *connection).await?;
    let rows = sqlx::query(LOST).fetch_all(connection).await?;
    rows.iter().map(seat).collect()
}

fn seat(row: &SqliteRow) -> Result<OpenSeat, Error> {
    let row = Reading::of("open_seats", "call", row)?;
    Ok(OpenSeat {
        call: row.word("call", CallId::parse)?,
        number: row.word("number", Number::parse)?,
        queue: QueueName::from(row.get::<String>("queue")?),
        class: row.word("class", Class::parse)?,
        since: row.at("since")?,
        talking_since: row.at_or_none("talking_since")?,
        callback: row.json_or_none("callback")?,
        lost_at: row.at_or_none("lost_at")?,
    })
}
