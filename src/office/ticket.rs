//! Tickets: a case that a caller left, and what the house did about it.
//!
//! ```text
//!   open ─ a question went to the applicant ─▶ waiting ─▶ done
//!     └──────────────────────────────────────────────────▶┘      (and back: a case may be taken up again)
//! ```
use crate::ids::CallId;
use crate::machine::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    #[default]
    Open,
    /// The next word is the applicant's.
    Waiting,
    Done,
}

impl TicketStatus {
    pub const ALL: [TicketStatus; 3] = [TicketStatus::Open, TicketStatus::Waiting, TicketStatus::Done];

    pub const fn as_str(self) -> &'static str {
        match self {
            TicketStatus::Open => "open",
            TicketStatus::Waiting => "waiting",
            TicketStatus::Done => "done",
        }
    }

    pub fn parse(text: &str) -> Option<TicketStatus> {
        TicketStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ticket {
    /// What the caller heard: six or seven digits.
    pub number: String,
    pub call: CallId,
    pub at: Wall,
    pub caller: String,
    pub topic: String,
    pub fields: BTreeMap<String, String>,
    pub status: TicketStatus,
    /// When somebody last did something about it.
    pub changed_at: Option<Wall>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketEventKind {
    Status,
    Note,
    /// An e-mail that the mail server took.
    Reply,
}

impl TicketEventKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            TicketEventKind::Status => "status",
            TicketEventKind::Note => "note",
            TicketEventKind::Reply => "reply",
        }
    }

    pub fn parse(text: &str) -> Option<TicketEventKind> {
        [TicketEventKind::Status, TicketEventKind::Note, TicketEventKind::Reply]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One line of a ticket's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketEvent {
    pub at: Wall,
    pub who: String,
    pub kind: TicketEventKind,
    /// The new status, the note, or the text of the letter.
    pub text: String,
    /// Of a letter.
    pub subject: Option<String>,
}
