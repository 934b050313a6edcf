//! The papers of the house, as the store keeps them and the pages show them: notes on calls, tickets and what became of
//! them, who may sign in, the trail of changes, and who outside is told of what happened.
//!
//! Plain words, shared so that the store and the web need not know each other. Lists are read a page at a time: the
//! cursor is the key of the last row shown, so a row that comes meanwhile moves nothing.
mod ticket;
mod webhook;

pub use ticket::{Ticket, TicketEvent, TicketEventKind, TicketStatus};
pub use webhook::{Delivery, DeliveryState, Due, EVENTS, Tried, Webhook, WebhookChange, knows};

use crate::call::CallRecord;
use crate::ids::{CallId, OperatorId};
use crate::machine::Wall;
use crate::role::{Role, Scopes};
use std::collections::BTreeMap;

/// Rows of one page when nobody asks for fewer.
pub const PAGE: usize = 50;
/// Rows of one page at most.
pub const PAGE_MAX: usize = 500;

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T, C> {
    pub rows: Vec<T>,
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Of rows read one beyond the limit.
    pub fn cut(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> C) -> Page<T, C> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Page { rows, next }
    }
}

/// Calls by the moment of their beginning, newest first; the id tells those of one millisecond apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCursor {
    pub started_at: Wall,
    pub id: CallId,
}

/// Which calls; everything absent means "any".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallQuery {
    pub from: Option<Wall>,
    pub to: Option<Wall>,
    /// An id, a word of the note, a queue, an operator, a line; or digits of the number when `q_in_number`.
    pub q: Option<String>,
    pub q_in_number: bool,
    /// Ten digits and more are a whole number, fewer are a part of one.
    pub caller: Option<String>,
    pub queue: Option<String>,
    pub operator: Option<String>,
    pub result: Option<String>,
    pub after: Option<CallCursor>,
    pub limit: usize,
}

/// A call and what was noted on it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotedCall {
    pub record: CallRecord,
    pub note: Option<Note>,
}

/// How an operator's line was, over his calls.
#[derive(Clone, Debug, PartialEq)]
pub struct LineQuality {
    pub operator: OperatorId,
    pub calls: u64,
    /// Of the packets that his telephone sent, those that never came.
    pub loss: f64,
    pub jitter_ms: f64,
    /// `None`: his telephone never reported.
    pub round_trip_ms: Option<f64>,
}

/// What an operator wrote on a call, in his wrap-up or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// One word of the house's list.
    pub disposition: Option<String>,
    pub text: String,
    pub who: String,
    pub at: Wall,
}

/// Which recordings of talks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingQuery {
    pub call: Option<CallId>,
    /// The caller's whole number.
    pub number: Option<String>,
    pub from: Option<Wall>,
    pub to: Option<Wall>,
    /// The name of the last one shown.
    pub after: Option<String>,
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    pub from: Option<Wall>,
    pub to: Option<Wall>,
    pub who: Option<String>,
    /// A whole word (`call.hang_up`) or its beginning (`call`).
    pub what: Option<String>,
    pub after: Option<u64>,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub id: u64,
    pub at: Wall,
    pub who: String,
    pub what: String,
    pub detail: BTreeMap<String, String>,
}

/// A user without his password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    pub name: String,
    pub role: Role,
    pub must_change: bool,
    pub locked_until: Option<Wall>,
    pub created_at: Wall,
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Not the token, nor enough to find it: the beginning of its hash.
    pub id: String,
    pub name: String,
    pub role: Role,
    pub scopes: Scopes,
    pub created_at: Wall,
    pub last_used_at: Option<Wall>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_begins_only_when_there_is_one() {
        let cut = |rows: Vec<u8>| Page::cut(rows, 2, |row| *row);
        assert_eq!(cut(vec![1, 2, 3]), Page { rows: vec![1, 2], next: Some(2) });
        assert_eq!(cut(vec![1, 2]), Page { rows: vec![1, 2], next: None });
        assert_eq!(cut(vec![]), Page { rows: vec![], next: None });
    }
}
