//! A seat: a place in a queue, from the moment the caller joins until he talks with an operator or has gone.
//!
//! ```text
//!           ┌──── all phones failed ────┐
//!           ▼                           │
//!   Waiting, no phone ──▶ Waiting, phones ring ──▶ Bridging ──▶ Talking ──▶ (closed)
//!       ▲   └──────▶ exit, left ◀──────┘               │            │
//!       ├──────── returned, at the head ◀──────────────┴─ no RTP ───┤
//!       └──────── moved, with its age ◀───────── PassedOn ◀─────────┘
//! ```
use super::booking::Outcome;
use super::callback::Callback;
use super::measures::Account;
use crate::class::Class;
use crate::ids::{CallId, OfferId, QueueName, SeatId, Skill};
use crate::machine::{Instant, Wall};
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seat {
    pub id: SeatId,
    pub call: CallId,
    pub test: bool,
    /// The verified number.
    pub caller: Option<Number>,
    pub queue: QueueName,
    pub class: Class,
    pub skills: BTreeSet<Skill>,
    /// Order of joining, for ties.
    pub sequence: u64,
    /// The promise clock's start; a class change, a move, a failed connection keep it.
    pub enqueued_at: Instant,
    /// The same moment on the calendar.
    pub opened_at: Wall,
    /// When it came into this queue: the queue's timeline of skills begins here.
    pub entered_at: Instant,
    /// Since when its caller waits on the line in this queue: `max_wait` begins here.
    pub on_the_line_since: Instant,
    /// Time in which the caller did not wait: he was talking.
    pub absence: Duration,
    /// Waiting time of an earlier call that counts as age (Q10), never as wait.
    pub credit: Duration,
    /// Where it stands in [`super::lane`].
    pub lane: usize,
    pub row: Row,
    /// A connection failed: before everybody else.
    pub returned: bool,
    /// `max_wait` ran out while phones rang: they may finish.
    pub overdue: bool,
    pub first_offered_at: Option<Instant>,
    pub stage: Stage,
    pub in_total: bool,
    /// He chose to be called back.
    pub called_back: bool,
    /// Queues it was in before this one.
    pub moves: u32,
    pub deadline: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Music; phones ring for the caller when there are any.
    Waiting { phones: Vec<OfferId> },
    /// The caller hung up and is called back.
    Callback(Callback),
    /// An operator answered and the bridge is being set.
    Bridging { offer: OfferId },
    /// Connected after `waited`.
    Talking { offer: OfferId, since: Instant, waited: Duration },
    /// He has talked, and is being passed on to somebody whom no queue rings.
    PassedOn,
}

/// The row of its lane in which a seat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Row {
    /// Enough phones ring, or somebody answered.
    None,
    Returned,
    /// No phone rings.
    Waiting(Class),
    /// A phone rings and it is time for another one (Q5).
    More(Class),
    /// To be called, or being called (Q9): passed over by operators.
    Callback(Class),
}

/// A seat's place in the order of age (Q1). All ages grow alike, so the order is that of this fixed moment: when the
/// caller would have had to join to be this old without credit or absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    /// Nanoseconds; credit may put it before the beginning of time.
    since: i64,
    sequence: u64,
    pub seat: SeatId,
}

impl Place {
    pub fn at(since: Instant, sequence: u64, seat: SeatId) -> Place {
        Place { since: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX), sequence, seat }
    }

    /// The place in the row of `other` that is as good as this one in the row of `own` (rule (2) of Q1).
    pub fn among(self, other: Class, own: Class) -> Place {
        Place { since: self.since - nanos(own.boost()) + nanos(other.boost()), ..self }
    }

    /// The order of rule (2): by age and boost.
    pub fn boosted(self, class: Class) -> Place {
        Place { since: self.since - nanos(class.boost()), ..self }
    }

    pub fn age(self, now: Instant) -> Duration {
        let age = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX) - self.since;
        Duration::from_nanos(u64::try_from(age).unwrap_or(0))
    }
}

impl Seat {
    pub fn place(&self) -> Place {
        let at = self.enqueued_at + self.absence;
        let since = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX) - nanos(self.credit);
        Place { since, sequence: self.sequence, seat: self.id }
    }

    /// What a connection would be booked as.
    pub fn connected_as(&self) -> Outcome {
        if self.called_back { Outcome::CalledBack } else { Outcome::Connected }
    }

    /// The promise clock.
    pub fn waited(&self, now: Instant) -> Duration {
        now.since(self.enqueued_at + self.absence)
    }

    pub fn account(&self) -> Account<'_> {
        Account { queue: &self.queue, class: self.class, in_total: self.in_total, test: self.test }
    }

    /// Past the connection: what was promised has been decided.
    pub fn has_talked(&self) -> bool {
        matches!(self.stage, Stage::Talking { .. } | Stage::PassedOn)
    }

    pub fn phones(&self) -> &[OfferId] {
        match &self.stage {
            Stage::Waiting { phones } => phones,
            Stage::Callback(_) | Stage::Bridging { .. } | Stage::Talking { .. } | Stage::PassedOn => &[],
        }
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
