//! The store: what outlives the process. Subscribers, payments and agents to look up; operators and users; a row and a
//! story per call; the journal of the Switchboard.
//!
//! ```text
//!   switchboard ─ Keep, journal ─▶ Writer ─ batches ≤ 50 ms ─▶ Store   (a call never waits for it)
//!   switchboard ─ Ask ──────────▶ answer ─ bounded in time ──▶ Store
//!   pages, CLI ─────────────────▶ Accounts, imports, reports ▶ Store
//! ```
//! [`Store`] is the sum of six small traits, one per circle of readers. Their methods return boxed futures, so that
//! `Arc<dyn Store>` is all that the rest of the program knows; a second database is a second folder beside `sqlite` and
//! has to pass the same conformance suite (`conformance.rs`).
pub mod accounts;
pub mod answer;
pub mod backup;
#[cfg(test)]
pub(crate) mod conformance;
pub mod demo;
pub mod import;
mod office;
pub mod reporting;
mod rows;
mod spill;
mod sqlite;
mod ticket;
pub mod writer;

pub use crate::office::Ticket;
pub use crate::role::{Person, Role};
pub use accounts::{Accounts, SignIn};
pub use answer::answer;
pub use office::{OUTBOX_MAX, Office};
pub use rows::*;
pub use sqlite::SqliteStore;
pub use writer::{Writer, WriterHealth};

use crate::call::order::Order;
use crate::call::{CallEvent, CallRecord, Message, NewTicket, OpenSeat};
use crate::ids::{CallId, OperatorId};
use crate::machine::Wall;
use crate::number::Number;
use crate::queue::{Attempt, Stay};
use crate::report::StateChange;
use futures_util::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The answer of a store: later, and perhaps an error.
pub type Reply<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// Everything that a backend has to do. Object-safe: `Arc<dyn Store>`.
pub trait Store: Directory + Users + Records + Figures + Journal + Office + Send + Sync {
    /// Brings the tables up to this program's version. Running it twice changes nothing.
    fn migrate(&self) -> Reply<'_, ()>;

    fn status(&self) -> Reply<'_, Status>;

    /// Asks the database to check itself; the findings, empty when it is sound.
    fn integrity(&self) -> Reply<'_, Vec<String>>;

    /// Removes what is older: calls with their stories, messages, tickets, audit, journal and snapshots. The latest
    /// snapshot and what follows it stay. Returns the calls removed.
    fn forget_before(&self, at: Wall) -> Reply<'_, u64>;

    /// Writes the database as it is at this moment into a new file. Writers go on meanwhile.
    fn copy_to<'a>(&'a self, to: &'a Path) -> Reply<'a, ()>;

    /// Waits for what is running and closes the connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// People and things that calls ask about, and the operators.
pub trait Directory {
    fn subscriber<'a>(&'a self, number: &'a Number) -> Reply<'a, Option<Subscriber>>;

    /// Without a terminal: the newest payment of this number.
    fn payment<'a>(&'a self, number: &'a str, terminal: Option<&'a str>) -> Reply<'a, Option<Payment>>;

    fn agent<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Agent>>;

    /// All rows or none.
    fn import(&self, rows: Import) -> Reply<'_, u64>;

    fn operators(&self) -> Reply<'_, Vec<Operator>>;

    /// Inserts or replaces; what the operator chose (`paused`) is kept when the row exists.
    fn put_operator(&self, operator: Operator) -> Reply<'_, ()>;

    fn remove_operator<'a>(&'a self, id: &'a OperatorId) -> Reply<'a, bool>;

    /// The operators that config.yaml declares: upserted and marked; those marked before and not named any more are gone.
    fn declare_operators(&self, operators: Vec<Operator>) -> Reply<'_, ()>;

    /// Opens a case and returns its number: six or seven digits, unique.
    fn open_ticket(&self, ticket: NewTicket) -> Reply<'_, String>;

    /// Newest first.
    fn tickets(&self, limit: usize) -> Reply<'_, Vec<Ticket>>;
}

/// Users, tokens and sessions as rows; what they mean is in [`Accounts`].
pub trait Users {
    fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<User>>;

    fn users(&self) -> Reply<'_, Vec<User>>;

    /// Inserts or replaces.
    fn put_user(&self, user: User) -> Reply<'_, ()>;

    fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;

    /// Counts a failed sign-in *before* the password is verified, so that guesses made at the same time all count;
    /// from the `lock_after`th on the user is locked until `lock_until`.
    fn count_failure<'a>(&'a self, name: &'a str, lock_after: u32, lock_until: Wall) -> Reply<'a, ()>;

    fn clear_failures<'a>(&'a self, name: &'a str) -> Reply<'a, ()>;

    fn put_token(&self, token: Token) -> Reply<'_, ()>;

    /// Finds the token and notes its use.
    fn use_token(&self, hash: TokenHash, at: Wall) -> Reply<'_, Option<Token>>;

    fn tokens(&self) -> Reply<'_, Vec<Token>>;

    fn remove_token(&self, hash: TokenHash) -> Reply<'_, ()>;

    /// Every token of this name.
    fn remove_tokens<'a>(&'a self, name: &'a str) -> Reply<'a, u64>;

    fn put_session(&self, session: Session) -> Reply<'_, ()>;

    fn session(&self, hash: TokenHash) -> Reply<'_, Option<Session>>;

    fn remove_session(&self, hash: TokenHash) -> Reply<'_, ()>;

    /// Signs a person out everywhere.
    fn remove_sessions_of<'a>(&'a self, user: &'a str) -> Reply<'a, ()>;

    fn remove_expired_sessions(&self, at: Wall) -> Reply<'_, ()>;
}

/// Calls and their stories.
pub trait Records {
    /// All entries in one transaction, in order. Writing an entry twice changes nothing, except that a call's events,
    /// messages and audit lines are only added.
    fn write<'a>(&'a self, batch: &'a [Entry]) -> Reply<'a, ()>;

    fn calls(&self, filter: CallFilter) -> Reply<'_, Vec<CallRecord>>;

    fn call(&self, id: CallId) -> Reply<'_, Option<CallStory>>;

    /// What happened at the steps of the calls that began in this time, of the kinds of [`crate::report::menu::KINDS`];
    /// each call's in their order.
    fn steps(&self, from: Wall, to: Wall) -> Reply<'_, Vec<CallEvent>>;

    /// Recorded messages, newest first.
    fn messages(&self, limit: usize) -> Reply<'_, Vec<Message>>;

    /// Calls that were made for a ticket, oldest first.
    fn calls_of_ticket(&self, ticket: i64) -> Reply<'_, Vec<CallId>>;

    /// Ends every call that has no end: the process that carried it is dead. Cause `node-failure`, result `failed`. Its
    /// seat is lost, and every operator was signed out with that process.
    fn close_open_calls(&self, at: Wall) -> Reply<'_, u64>;

    /// Standing orders, as they were last given.
    fn orders(&self) -> Reply<'_, Vec<Order>>;

    /// Newest first.
    fn audit(&self, limit: usize) -> Reply<'_, Vec<Audit>>;

    /// The seats that were open when the last process ended, those of callbacks first, the oldest first. Those that have no
    /// `lost_at` yet get this one; callers who were lost before `forget_before` are forgotten.
    fn lost_seats(&self, at: Wall, forget_before: Wall) -> Reply<'_, Vec<OpenSeat>>;
}

/// What is counted (Q12), for the reports; it is written by [`Records::write`].
pub trait Figures {
    /// Stays of the seats opened in this time, in the order of opening; those that are open too.
    fn stays(&self, from: Wall, to: Wall) -> Reply<'_, Vec<Stay>>;

    /// Attempts made in this time, or for a seat opened in it, in the order of making.
    fn attempts(&self, from: Wall, to: Wall) -> Reply<'_, Vec<Attempt>>;

    /// Changes of state in this time, in order, after the one of each operator that was in force at its beginning.
    fn operator_states(&self, from: Wall, to: Wall) -> Reply<'_, Vec<StateChange>>;
}

/// Reading the journal; it is written by [`Records::write`].
pub trait Journal {
    /// The last number in use; 0 when the journal is empty.
    fn last_seq(&self) -> Reply<'_, u64>;

    /// At most `limit` entries, from `seq` on.
    fn journal_from(&self, seq: u64, limit: usize) -> Reply<'_, Vec<JournalEntry>>;

    /// The newest snapshot taken at or before this moment; the newest of all for `None`.
    fn snapshot_before(&self, at: Option<Wall>) -> Reply<'_, Option<Snapshot>>;

    /// The oldest snapshot with a number above `seq`; the oldest of all for `None`.
    fn snapshot_after(&self, seq: Option<u64>) -> Reply<'_, Option<Snapshot>>;
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("storage.url: expected sqlite:PATH, got `{0}`")]
    Url(String),
    #[error("cannot open {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error(
        "the database {url} was made by a newer program (migration {version}); start that program, or restore a backup"
    )]
    Newer { url: String, version: i64 },
    #[error(
        "there is no database at {path}: is --data-dir right? A server makes it at its first start, and `hotline db migrate` does",
        path = path.display()
    )]
    Missing { path: PathBuf },
    #[error("the database {url} is of an older version: run `hotline db migrate`, or start the server once")]
    Older { url: String },
    #[error("cannot bring the tables up to date: {0}")]
    Migration(String),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("table {table}, row {row}: {what}")]
    Row { table: &'static str, row: String, what: String },
}

impl Error {
    /// Whether trying again later may help: the database is away, busy or out of room. A row that it refuses is refused
    /// for good.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Database(sqlx::Error::Database(error)) => {
                !error.code().is_some_and(|code| refuses_the_row(&code))
            }
            Error::Database(sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. }) => false,
            Error::Database(_) | Error::File { .. } => true,
            Error::Url(_)
            | Error::Missing { .. }
            | Error::Older { .. }
            | Error::Newer { .. }
            | Error::Migration(_)
            | Error::Row { .. } => false,
        }
    }
}

/// Codes that speak of the row and not of the database. PostgreSQL: SQLSTATE classes 22 (data) and 23 (constraint).
/// SQLite: the low byte of the extended code, TOOBIG, CONSTRAINT, MISMATCH, RANGE.
fn refuses_the_row(code: &str) -> bool {
    match code.parse::<u32>() {
        _ if code.len() == 5 => code.starts_with("22") || code.starts_with("23"),
        Ok(code) => matches!(code & 0xff, 18 | 19 | 20 | 25),
        Err(_) => false,
    }
}

/// A store that the whole program shares.
pub type Shared = Arc<dyn Store>;

/// Opens `sqlite:PATH` and brings its tables up to date.
pub async fn open(url: &str) -> Result<Shared, Error> {
    let store = connect(url).await?;
    store.migrate().await?;
    Ok(store)
}

/// Opens a database that is there and changes nothing (`db status`, lists).
pub async fn existing(url: &str) -> Result<Shared, Error> {
    match sqlite_path(url) {
        Some(path) if !path.is_file() => Err(Error::Missing { path: path.to_path_buf() }),
        _ => connect(url).await,
    }
}

/// The same, with tables of this program's version (reports).
pub async fn existing_current(url: &str) -> Result<Shared, Error> {
    let store = existing(url).await?;
    let status = store.status().await?;
    match status.migrations.iter().all(|migration| migration.applied) {
        true => Ok(store),
        false => Err(Error::Older { url: status.url }),
    }
}

/// Opens the store and leaves its tables as they are.
pub async fn connect(url: &str) -> Result<Shared, Error> {
    match sqlite_path(url) {
        Some(path) => Ok(Arc::new(SqliteStore::open(path).await?)),
        None => Err(Error::Url(without_password(url))),
    }
}

/// The file behind `sqlite:PATH`.
pub fn sqlite_path(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest))?;
    (!path.is_empty() && !path.contains(':')).then(|| Path::new(path))
}

/// `postgres://user:secret@host/db` → `postgres://user:…@host/db`: an address ends up in errors and on screens.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_string() };
    let Some((credentials, host)) = rest.rsplit_once('@') else { return url.to_string() };
    let user = credentials.split(':').next().unwrap_or("");
    format!("{scheme}://{user}:…@{host}")
}
