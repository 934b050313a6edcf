//! An offer: ringing one operator for one seat, and what becomes of it.
//!
//! ```text
//!   Dialled ─▶ Ringing ─▶ Bridging ─▶ Talking ─▶ Parting ─▶ (gone)
//!      └──────────┴───────────┴──────────┴─▶ Withdrawn ───────▲
//! ```
use super::booking::TalkEnd;
use super::event::Withdrawal;
use crate::class::Class;
use crate::ids::{CallId, OfferId, OperatorId, QueueName, SeatId};
use crate::machine::{Instant, Wall};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Promise clock: "… or 1 s after his 200 OK without any" RTP.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(1);
/// Edge case 27: "no RTP from the operator 5 s after the answer".
pub(super) const NO_RTP_AFTER: Duration = Duration::from_secs(5);
/// Edge case 2: "ready ≤ 1 s". A phone that was told to stop has stopped by then, whether or not it said so.
pub(super) const RELEASED_AFTER: Duration = Duration::from_secs(1);
/// Q5: "an operator who had rung ≥ 8 s when another answered is slow".
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(8);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    pub id: OfferId,
    pub call: CallId,
    pub test: bool,
    pub seat: SeatId,
    /// When the seat was opened.
    pub opened_at: Wall,
    pub operator: OperatorId,
    /// Queue and class of the seat, as they were when the talk ended or the offer was made.
    pub queue: QueueName,
    pub class: Class,
    pub offered_at: Instant,
    pub rings_until: Instant,
    /// His 200 OK came.
    pub accepted_at: Option<Instant>,
    /// The promise clock stopped, after `waited`.
    pub connected_at: Option<Instant>,
    pub waited: Duration,
    pub held: Duration,
    pub held_since: Option<Instant>,
    /// The operator's RTP was seen.
    pub heard: bool,
    pub phase: Phase,
    pub deadline: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Nothing was heard from the phone yet.
    Dialled {
        reachable_until: Instant,
    },
    Ringing,
    /// The operator answered; the promise clock still runs. `answered_at` is the bridge's moment when a whisper comes
    /// before it.
    Bridging {
        answered_at: Instant,
    },
    Talking {
        answered_at: Instant,
    },
    /// The caller has left the talk, the operator's own leg still stands.
    Parting {
        talk_since: Instant,
        by: TalkEnd,
        /// What the queue asked for when the talk ended: the queue itself may be gone from the configuration by then.
        wrap_up: Duration,
        until: Option<Instant>,
    },
    /// Taken back; the phone may still be in it.
    Withdrawn {
        why: Withdrawal,
        until: Instant,
    },
}

impl Offer {
    /// The operator put the caller on hold, or took him back.
    pub fn hold(&mut self, held: bool, now: Instant) {
        match (self.held_since, held) {
            (None, true) => self.held_since = Some(now),
            (Some(since), false) => {
                self.held += now.since(since);
                self.held_since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// When the operator who talks picked up.
    pub fn answered_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Bridging { answered_at } | Phase::Talking { answered_at } => Some(answered_at),
            _ => None,
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Dialled { reachable_until } => Some(reachable_until.min(self.rings_until)),
            Phase::Ringing => Some(self.rings_until),
            Phase::Bridging { answered_at } if self.heard => Some(answered_at),
            Phase::Bridging { answered_at } => Some(answered_at + SILENT_AFTER),
            Phase::Talking { answered_at } => (!self.heard).then(|| answered_at + NO_RTP_AFTER),
            Phase::Parting { until, .. } => until,
            Phase::Withdrawn { until, .. } => Some(until),
        }
    }
}
