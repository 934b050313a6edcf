//! One leg: an INVITE, the dialog that comes of it, and how far both have got.
//!
//! ```text
//! theirs   Ringing ─Answer▶ Answered ─ACK▶ Confirmed ─BYE▶ gone
//!             └ CANCEL, Reject ▶ gone  └ 64·T1 ▶ BYE, gone
//! ours     Dialling ─2xx▶ Confirmed
//!             └ 3xx–6xx, 408 ▶ gone
//! ```
use super::dialog::Dialog;
use super::event::{Hop, Reason, Sdp};
use super::session_timer::Session;
use crate::ids::LegId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Early dialogs of one INVITE that we keep in mind.
pub const EARLY_MAX: usize = 16;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leg {
    pub id: LegId,
    pub dialog: Dialog,
    pub phase: Phase,
    pub exchange: Exchange,
    /// The last description of ours that was agreed on, and of theirs.
    pub local_sdp: Option<Sdp>,
    pub remote_sdp: Option<Sdp>,
    /// A 200 of ours that has no ACK yet.
    pub unacked: Option<Unacked>,
    pub session: Option<Session>,
    /// A re-INVITE that waits until the exchange is idle; the last one wanted wins.
    pub queued: Option<Sdp>,
    /// The peer's Allow names UPDATE.
    pub updates: bool,
    /// The connection that the dialog came over was closed.
    pub flow_closed: bool,
    /// A REFER of the peer's.
    #[serde(default)]
    pub refer: Option<Refer>,
}

/// A REFER waits for our answer, or its sender is told how the transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refer {
    Asked { transaction: u64 },
    Told,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Their INVITE waits for our final answer. `session` is what the 200 will say.
    Ringing {
        transaction: u64,
        session: Option<Session>,
    },
    /// Our 200 waits for its ACK. After `Hangup` only the BYE is left to do, which must wait for it (§15).
    Answered {
        leaving: Option<Leaving>,
    },
    /// Our INVITE waits for a final answer.
    Dialling {
        transaction: u64,
        rang: bool,
        cancel: Cancel,
        early: Vec<String>,
        invite: Box<Dialled>,
    },
    Confirmed,
}

/// What is needed to send an INVITE again with a longer session timer (422).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialled {
    pub headers: Vec<(String, String)>,
    pub sdp: Sdp,
    pub hop: Hop,
    pub expires: Duration,
    pub min_se: Duration,
    /// A 422 was obeyed; a second one is a refusal.
    pub raised: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cancel {
    No,
    /// To be sent with the first provisional response (§9.1).
    Wanted {
        reason: Option<Reason>,
    },
    Sent,
}

/// Offers and answers after the first (RFC 3264, RFC 3261 §14, RFC 3311): one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exchange {
    Idle,
    /// Their re-INVITE or UPDATE waits for our answer.
    Theirs {
        transaction: u64,
        sdp: Sdp,
        session: Option<Session>,
    },
    /// Our re-INVITE or UPDATE waits for theirs.
    Ours {
        transaction: u64,
        kind: Kind,
    },
    /// Ours met theirs (491) and is sent again when the timer rings.
    Glare {
        kind: Kind,
        tries: u8,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A re-INVITE that `Reinvite` asked for.
    Offer { sdp: Sdp, tries: u8 },
    /// A session refresh, by UPDATE or by a re-INVITE with what was agreed on.
    Refresh { tries: u8 },
}

/// Sent again at T1, 2·T1, … T2 until the ACK or 64·T1 (§13.3.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unacked {
    pub seq: u32,
    pub hop: Hop,
    pub bytes: Vec<u8>,
    pub interval: Duration,
    /// The offer was ours, so the answer comes in the ACK.
    pub offered: bool,
    /// Of the INVITE that made the dialog, not of a later one.
    pub first: bool,
}
