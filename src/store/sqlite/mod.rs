//! The store in one SQLite file: the default, for one node.
//!
//! Write-ahead log, one writing connection, a few reading ones. A write transaction begins with `BEGIN IMMEDIATE`: it
//! takes the lock at once and so cannot fail half-way for having read first. `synchronous = NORMAL`: a killed process
//! loses nothing that was committed, a power failure may cost the last moments (SQLite's "PRAGMA synchronous").
mod directory;
mod figures;
mod journal;
mod office;
mod orders;
mod outbox;
mod records;
mod seats;
mod talks;
mod tickets;
mod users;

use super::{Error, Migration, Reply, Status, Store};
use crate::machine::Wall;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, Sqlite, SqlitePool, Transaction};
use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Readers see the last commit and do not block the writer; more of them than cores gain nothing.
const READERS: u32 = 4;
/// A second process (`hotline subscriber import`) may hold the write lock for that long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A reader that gets no connection by then is told so.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";
const HAS_MIGRATIONS: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
const SIZE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
const COUNTS: &str = "SELECT 'subscribers', count(*) FROM subscribers
    UNION ALL SELECT 'payments', count(*) FROM payments
    UNION ALL SELECT 'agents', count(*) FROM agents
    UNION ALL SELECT 'operators', count(*) FROM operators
    UNION ALL SELECT 'tickets', count(*) FROM tickets
    UNION ALL SELECT 'calls', count(*) FROM calls
    UNION ALL SELECT 'call_events', count(*) FROM call_events
    UNION ALL SELECT 'messages', count(*) FROM messages
    UNION ALL SELECT 'recordings', count(*) FROM recordings
    UNION ALL SELECT 'open_seats', count(*) FROM open_seats
    UNION ALL SELECT 'stays', count(*) FROM stays
    UNION ALL SELECT 'attempts', count(*) FROM attempts
    UNION ALL SELECT 'operator_states', count(*) FROM operator_states
    UNION ALL SELECT 'users', count(*) FROM users
    UNION ALL SELECT 'tokens', count(*) FROM tokens
    UNION ALL SELECT 'call_notes', count(*) FROM call_notes
    UNION ALL SELECT 'ticket_events', count(*) FROM ticket_events
    UNION ALL SELECT 'webhooks', count(*) FROM webhooks
    UNION ALL SELECT 'outbox', count(*) FROM outbox
    UNION ALL SELECT 'journal', count(*) FROM journal
    UNION ALL SELECT 'snapshots', count(*) FROM snapshots
    UNION ALL SELECT 'audit', count(*) FROM audit";
const FORGET_EVENTS: &str =
    "DELETE FROM call_events WHERE call IN (SELECT id FROM calls WHERE ended_at < ?1) OR (at < ?1 AND
     NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = call_events.call))";
const FORGET_CALLS: &str = "DELETE FROM calls WHERE ended_at < ?";
/// Nobody waits so long, nor for a call: what was not closed is a leftover.
const FORGET_SEATS: &str = "DELETE FROM open_seats WHERE since < ?";
const FORGET_STAYS: &str = "DELETE FROM stays WHERE opened_at < ?";
const FORGET_ATTEMPTS: &str = "DELETE FROM attempts WHERE offered_at < ?";
/// The last state of each operator stays: it is in force.
const FORGET_STATES: &str = "DELETE FROM operator_states WHERE at < ?
    AND id NOT IN (SELECT max(id) FROM operator_states GROUP BY operator)";
const FORGET_MESSAGES: &str = "DELETE FROM messages WHERE at < ?";
const FORGET_TICKETS: &str = "DELETE FROM tickets WHERE at < ?";
const FORGET_NOTES: &str = "DELETE FROM call_notes WHERE at < ?
    AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = call_notes.call)";
const FORGET_AUDIT: &str = "DELETE FROM audit WHERE at < ?";
const FORGET_JOURNAL: &str =
    "DELETE FROM journal WHERE at < ? AND seq <= (SELECT coalesce(max(seq), 0) FROM snapshots)";
const FORGET_SNAPSHOTS: &str =
    "DELETE FROM snapshots WHERE at < ? AND seq < (SELECT max(seq) FROM snapshots)";

/// One SQLite file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    url: String,
    path: PathBuf,
    reader: SqlitePool,
    writer: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, making it (0600, in a folder of 0700) when it is not there. The tables are not touched.
    pub async fn open(path: &Path) -> Result<SqliteStore, Error> {
        make_file(path).map_err(|source| Error::File { path: path.to_path_buf(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIMEOUT + ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.pragma("query_only", "on"))
            .await?;
        Ok(SqliteStore {
            url: format!("sqlite:{}", path.display()),
            path: path.to_path_buf(),
            reader,
            writer,
        })
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

impl Store for SqliteStore {
    fn migrate(&self) -> Reply<'_, ()> {
        Box::pin(async move {
            MIGRATOR.run(&self.writer).await.map_err(|error| match error {
                MigrateError::VersionMissing(version) => Error::Newer { url: self.url.clone(), version },
                other => Error::Migration(other.to_string()),
            })
        })
    }

    fn status(&self) -> Reply<'_, Status> {
        Box::pin(async move {
            let known = sqlx::query(HAS_MIGRATIONS).fetch_optional(&self.reader).await?.is_some();
            let applied: Vec<i64> =
                if known { sqlx::query_scalar(APPLIED).fetch_all(&self.reader).await? } else { Vec::new() };
            let migrations: Vec<Migration> = MIGRATOR
                .iter()
                .map(|migration| Migration {
                    version: migration.version,
                    description: migration.description.to_string(),
                    applied: applied.contains(&migration.version),
                })
                .collect();
            let mut rows = BTreeMap::new();
            if migrations.iter().all(|migration| migration.applied) {
                for row in sqlx::query(COUNTS).fetch_all(&self.reader).await? {
                    rows.insert(row.try_get::<String, _>(0)?, unsigned(row.try_get(1)?));
                }
            }
            let size: i64 = sqlx::query_scalar(SIZE).fetch_one(&self.reader).await?;
            Ok(Status { url: self.url.clone(), migrations, rows, size_bytes: unsigned(size) })
        })
    }

    fn integrity(&self) -> Reply<'_, Vec<String>> {
        Box::pin(async move {
            let mut findings: Vec<String> =
                sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&self.reader).await?;
            findings.retain(|finding| finding != "ok");
            Ok(findings)
        })
    }

    fn forget_before(&self, at: Wall) -> Reply<'_, u64> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            // Events first: which of them are old is read from their calls.
            sqlx::query(FORGET_EVENTS).bind(at.0).execute(&mut *tx).await?;
            let calls = sqlx::query(FORGET_CALLS).bind(at.0).execute(&mut *tx).await?.rows_affected();
            for statement in [
                FORGET_SEATS,
                FORGET_STAYS,
                FORGET_ATTEMPTS,
                FORGET_STATES,
                FORGET_MESSAGES,
                FORGET_TICKETS,
                FORGET_NOTES,
                FORGET_AUDIT,
                FORGET_JOURNAL,
                FORGET_SNAPSHOTS,
            ] {
                sqlx::query(statement).bind(at.0).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            Ok(calls)
        })
    }

    fn copy_to<'a>(&'a self, to: &'a Path) -> Reply<'a, ()> {
        Box::pin(async move {
            // A reader of its own: it sees one commit, and in the write-ahead log nobody waits for it.
            let options = SqliteConnectOptions::new()
                .filename(&self.path)
                .create_if_missing(false)
                .busy_timeout(BUSY_TIMEOUT);
            // The copy shall be nobody else's from its first byte on.
            make_file(to).map_err(|source| Error::File { path: to.to_path_buf(), source })?;
            let mut connection = options.connect().await?;
            sqlx::query("VACUUM INTO ?")
                .bind(to.to_string_lossy().into_owned())
                .execute(&mut connection)
                .await?;
            Ok(connection.close().await?)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.reader.close().await;
            self.writer.close().await;
        })
    }
}

/// SQLite gives its log and shared-memory files the mode of the database file.
fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

/// Counters and ids are below 2⁶³ by nature; a negative one in the file reads as zero.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Row {
        table: "",
        row: String::new(),
        what: error.to_string(),
    })
}

/// A column that holds JSON, or a word of an enum; says which row is broken if it does not read back.
struct Reading<'r> {
    table: &'static str,
    key: String,
    row: &'r SqliteRow,
}

impl<'r> Reading<'r> {
    fn of(table: &'static str, key: &str, row: &'r SqliteRow) -> Result<Reading<'r>, Error> {
        Ok(Reading { table, key: row.try_get(key)?, row })
    }

    fn get<T>(&self, column: &str) -> Result<T, Error>
    where
        T: sqlx::Type<Sqlite> + sqlx::Decode<'r, Sqlite>,
    {
        Ok(self.row.try_get(column)?)
    }

    fn at(&self, column: &str) -> Result<Wall, Error> {
        Ok(Wall(self.get(column)?))
    }

    fn at_or_none(&self, column: &str) -> Result<Option<Wall>, Error> {
        Ok(self.get::<Option<i64>>(column)?.map(Wall))
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| self.fault(column, &error.to_string()))
    }

    fn json_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Error> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.fault(column, &error.to_string())))
            .transpose()
    }

    /// A word that one of our enums knows.
    fn word<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        let text: String = self.get(column)?;
        parse(&text).ok_or_else(|| self.fault(column, &format!("`{text}` is not known")))
    }

    fn word_or_none<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| parse(&text).ok_or_else(|| self.fault(column, &format!("`{text}` is not known"))))
            .transpose()
    }

    fn fault(&self, column: &str, what: &str) -> Error {
        Error::Row { table: self.table, row: self.key.clone(), what: format!("column {column}: {what}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{conformance, ended, keep};
    use crate::store::{Shared, connect, open};
    use std::os::unix::fs::PermissionsExt;

    async fn fresh() -> (Shared, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/data/hotline.db", dir.path().display());
        (open(&url).await.unwrap(), dir)
    }

    conformance!(fresh);

    #[tokio::test]
    async fn nobody_else_can_read_the_files() {
        let (store, dir) = fresh().await;
        store.write(&[keep(ended(1))]).await.unwrap();
        let mode =
            |path: &str| std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("data"), 0o700);
        for file in ["data/hotline.db", "data/hotline.db-wal", "data/hotline.db-shm"] {
            assert_eq!(mode(file), 0o600, "{file}");
        }
    }

    #[tokio::test]
    async fn a_store_of_a_newer_program_is_not_touched() {
        let (store, dir) = fresh().await;
        store.close().await;
        let path = dir.path().join("data/hotline.db");
        let newer = SqliteStore::open(&path).await.unwrap();
        sqlx::query("INSERT INTO _sqlx_migrations VALUES (999, 'later', 0, 1, x'00', 1)")
            .execute(&newer.writer)
            .await
            .unwrap();
        let error = newer.migrate().await.unwrap_err();
        assert!(matches!(error, Error::Newer { version: 999, .. }), "{error}");
    }

    #[tokio::test]
    async fn status_of_an_empty_file_lists_what_is_to_be_done() {
        let dir = tempfile::tempdir().unwrap();
        let store = connect(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let status = store.status().await.unwrap();
        assert!(status.rows.is_empty() && !status.migrations.is_empty());
        assert!(status.migrations.iter().all(|migration| !migration.applied));
    }

    #[tokio::test]
    async fn an_address_that_is_not_understood_is_shown_without_its_password() {
        let error = connect("mysql://root:secret@db/hotline").await.err().unwrap().to_string();
        assert_eq!(error, "storage.url: expected sqlite:PATH, got `mysql://root:…@db/hotline`");
        assert!(connect("sqlite:").await.is_err());
    }
}
