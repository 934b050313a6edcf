//! The rows of the store as the program sees them. Times are milliseconds since the epoch, sums are kopecks.
use crate::call::{CallEvent, CallRecord, Keep, Message, TalkRecord};
use crate::class::Class;
use crate::ids::OperatorId;
use crate::machine::{Now, Wall};
use crate::number::Number;
use crate::queue::OperatorSettings;
use crate::role::{Role, Scopes};
use crate::sip::Ha1;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    pub number: Number,
    /// `priority` or `standard`: the other classes belong to queues.
    pub class: Class,
    pub name: Option<String>,
    pub email: Option<String>,
}

/// The two statuses of a payment that a caller may hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Processing,
    Done,
}

impl PaymentStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            PaymentStatus::Processing => "processing",
            PaymentStatus::Done => "done",
        }
    }

    pub fn parse(text: &str) -> Option<PaymentStatus> {
        [PaymentStatus::Processing, PaymentStatus::Done].into_iter().find(|status| status.as_str() == text)
    }
}

/// A payment made at a terminal; its number is printed on the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub number: String,
    pub terminal: String,
    pub paid_at: Wall,
    pub kopecks: i64,
    pub status: PaymentStatus,
}

/// An agent of the system: an owner of terminals, who calls the agents' line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub id: String,
    pub name: Option<String>,
    pub active: bool,
}

/// A whole file of rows, taken in one transaction: an existing row is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Import {
    Subscribers(Vec<Subscriber>),
    Payments(Vec<Payment>),
    Agents(Vec<Agent>),
}

impl Import {
    pub fn len(&self) -> usize {
        match self {
            Import::Subscribers(rows) => rows.len(),
            Import::Payments(rows) => rows.len(),
            Import::Agents(rows) => rows.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    pub id: OperatorId,
    pub settings: OperatorSettings,
    /// The digest secret and the realm that it was made for. `None`: nobody can register as this operator.
    pub secret: Option<Secret>,
    /// Stands in config.yaml: the API changes the state, not the identity.
    pub declared: bool,
    /// What the operator chose, so that it survives a restart (Q7): the reason of a break.
    pub paused: Option<String>,
}

/// A digest secret. It is worthless under another realm (RFC 2617 §3.2.2.2), so the realm stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub realm: String,
    pub ha1: Ha1,
}

/// A person who signs in to the pages.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub role: Role,
    /// Argon2id in the PHC string format; never shown.
    pub password: String,
    /// The password was given by somebody else and opens nothing but its own change.
    pub must_change: bool,
    /// A password that was not changed by then opens nothing (the first admin's).
    pub void_at: Option<Wall>,
    /// Failed sign-ins since the last good one.
    pub failures: u32,
    pub locked_until: Option<Wall>,
    pub created_at: Wall,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, {}, must_change: {})", self.name, self.role, self.must_change)
    }
}

/// The SHA-256 of a token of 256 random bits: no salt and no stretching is needed, nobody guesses those.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(secret)")
    }
}

/// A token for programs (`Authorization: Bearer …`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub hash: TokenHash,
    pub name: String,
    pub role: Role,
    pub scopes: Scopes,
    pub created_at: Wall,
    pub last_used_at: Option<Wall>,
}

/// A person's signed-in browser; the cookie holds the token, the store its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub hash: TokenHash,
    pub user: String,
    pub created_at: Wall,
    pub expires_at: Wall,
}

/// One input of the Switchboard, numbered. `input` is JSON; a secret step's digits are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    pub seq: u64,
    pub now: Now,
    pub input: String,
    /// What it came to: the digest of the actions (`switchboard::replay`).
    pub decisions: u64,
}

/// The Switchboard's whole state after the input `seq`, and the flow set that it ran on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub seq: u64,
    pub now: Now,
    pub flow_set: String,
    pub state: Vec<u8>,
}

/// Who changed what, for the supervisor's eyes. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    pub at: Wall,
    /// A user, a token's name, or `local` for the command line.
    pub who: String,
    /// `user.add`, `operator.set`, `subscriber.class`, …
    pub what: String,
    pub detail: BTreeMap<String, String>,
}

/// One thing to be written behind the calls; see [`super::Writer`].
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Keep(Keep),
    Journal(JournalEntry),
    Snapshot(Snapshot),
    Audit(Audit),
}

/// Which calls a report or a page wants; newest first. Everything absent means "any".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// Started at or after.
    pub from: Option<Wall>,
    /// Started before.
    pub to: Option<Wall>,
    pub line: Option<String>,
    pub queue: Option<String>,
    pub operator: Option<OperatorId>,
    pub caller: Option<Number>,
    /// Bounded by [`CALLS_MAX`].
    pub limit: Option<usize>,
    pub offset: usize,
}

/// The most rows that one question for calls may bring.
pub const CALLS_MAX: usize = 100_000;

/// A call with its story and its messages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallStory {
    pub record: CallRecord,
    pub events: Vec<CallEvent>,
    pub messages: Vec<Message>,
    pub recordings: Vec<TalkRecord>,
}

/// What `db status` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Without a password.
    pub url: String,
    pub migrations: Vec<Migration>,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    pub size_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Migration {
    pub version: i64,
    pub description: String,
    pub applied: bool,
}
