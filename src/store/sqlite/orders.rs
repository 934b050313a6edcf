//! Standing orders of supervisors: a row each, read once, at the start.
use super::json;
use crate::call::order::Order;
use crate::store::Error;
use sqlx::{Row, SqliteConnection, SqlitePool};

const PUT: &str = "INSERT OR REPLACE INTO orders (key, value) VALUES (?, ?)";
const REMOVE: &str = "DELETE FROM orders WHERE key = ?";
const ALL: &str = "SELECT key, value FROM orders ORDER BY key";

pub(super) async fn put(
    connection: &mut SqliteConnection,
    key: &str,
    order: Option<&Order>,
) -> Result<(), Error> {
    match order {
        Some(order) => sqlx::query(PUT).bind(key).bind(json(order)?).execute(connection).await?,
        None => sqlx::query(REMOVE).bind(key).execute(connection).await?,
    };
    Ok(())
}

pub(super) async fn all(pool: &SqlitePool) -> Result<Vec<Order>, Error> {
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let (key, value): (String, String) = (row.try_get("key")?, row.try_get("value")?);
        serde_json::from_str(&value).map_err(|error| Error::Row {
            table: "orders",
            row: key,
            what: error.to_string(),
        })
    };
    sqlx::query(ALL).fetch_all(pool).await?.iter().map(read).collect()
}
