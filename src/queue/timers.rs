//! Every deadline of a pool in one ordered table. Each seat, offer and operator has one deadline at most, and keeps it
//! itself, so that setting another takes the old one out.
use crate::ids::{OfferId, OperatorId, SeatId};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Timer {
    /// The next operator comes within reach of a callback.
    Dial,
    Offer(OfferId),
    Operator(OperatorId),
    Seat(SeatId),
    /// Of the pool: the reserve is reviewed (Q3), or a seat that is held back becomes due (Q2).
    Review,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Timers {
    table: BTreeSet<(Instant, Timer)>,
}

impl Timers {
    /// `slot` is where the timer's owner keeps its deadline.
    pub fn set(&mut self, slot: &mut Option<Instant>, at: Option<Instant>, timer: Timer) {
        if *slot == at {
            return;
        }
        if let Some(before) = slot.take() {
            self.table.remove(&(before, timer.clone()));
        }
        if let Some(at) = at {
            self.table.insert((at, timer));
            *slot = Some(at);
        }
    }

    /// The first timer that is due, taken out of the table. Its owner's slot is stale until it sets a new one.
    pub fn pop(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.table.pop_first().map(|(_, timer)| timer)
    }

    pub fn next(&self) -> Option<Instant> {
        self.table.first().map(|(at, _)| *at)
    }
}
