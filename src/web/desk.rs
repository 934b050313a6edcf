//! What the pages ask of the store: who is asking, the story of a call, a subscriber's class, the audit trail. The store
//! and the web do not know each other; `desk.rs` on the program's floor joins them.
use crate::call::{CallEvent, CallRecord};
use crate::class::Class;
use crate::ids::CallId;
use crate::machine::Wall;
use crate::number::Number;
use crate::report::menu::MenuLine;
use crate::report::{Asked, AskedWrongly, Kind, Report};
pub use crate::role::{Person, Role};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::fmt;

/// The answer of the desk: later, and perhaps not at all.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Away>>;

/// The store did not answer. What went wrong is in the log, not in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database did not answer: try again; the log says why")]
pub struct Away;

pub trait Desk: super::office::desk::Office + Send + Sync + 'static {
    fn sign_in<'a>(&'a self, user: &'a str, password: &'a str, at: Wall) -> Answer<'a, SignIn>;

    fn sign_out<'a>(&'a self, session: &'a str) -> Answer<'a, ()>;

    /// Signs the person out everywhere.
    fn change_password<'a>(&'a self, change: PasswordChange<'a>, at: Wall) -> Answer<'a, Changed>;

    /// The person behind a session cookie.
    fn session<'a>(&'a self, session: &'a str, at: Wall) -> Answer<'a, Option<Person>>;

    /// The program behind a Bearer token.
    fn token<'a>(&'a self, token: &'a str, at: Wall) -> Answer<'a, Option<Person>>;

    fn story(&self, call: CallId) -> Answer<'_, Option<Story>>;

    fn report<'a>(
        &'a self,
        kind: Kind,
        asked: &'a Asked,
        now: Wall,
    ) -> Answer<'a, Result<Report, AskedWrongly>>;

    /// What callers did at each step.
    fn menu_report<'a>(
        &'a self,
        asked: &'a Asked,
        now: Wall,
    ) -> Answer<'a, Result<Vec<MenuLine>, AskedWrongly>>;

    /// `priority` or `standard`; a number not known yet becomes a subscriber.
    fn set_class<'a>(&'a self, number: &'a Number, class: Class) -> Answer<'a, ()>;

    /// Who changed what. Holds no secret.
    fn audit(&self, line: AuditLine) -> Answer<'_, ()>;
}

/// What an attempt to sign in came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    Welcome {
        person: Person,
        session: Secret,
        expires_at: Wall,
    },
    /// Unknown user or wrong password: not said which.
    Refused,
    Locked {
        until: Wall,
    },
    /// A first password that was not changed in time.
    Void,
}

#[derive(Clone, Copy)]
pub struct PasswordChange<'a> {
    pub user: &'a str,
    pub old: &'a str,
    pub new: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// The present password is wrong, or the user is locked.
    Refused,
    /// The new one cannot be used; the text says why.
    Unusable(String),
}

/// The token of a session: it goes into the cookie and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What the store knows of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    pub record: CallRecord,
    pub events: Vec<CallEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    pub at: Wall,
    pub who: String,
    pub what: &'static str,
    pub detail: BTreeMap<String, String>,
}
