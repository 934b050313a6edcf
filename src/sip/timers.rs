//! Every deadline of the stack in one ordered table, and the times of RFC 3261 §17.1.1.1.
use crate::ids::{LegId, OperatorId};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Round-trip estimate.
pub const T1: Duration = Duration::from_millis(500);
/// The longest pause between repetitions.
pub const T2: Duration = Duration::from_secs(4);
/// How long a message may live in the network.
pub const T4: Duration = Duration::from_secs(5);
/// Timers B, F, H, J, L and M: after that a transaction is given up or forgotten.
pub const T1_64: Duration = Duration::from_secs(32);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// Timers A and E.
    ClientRepeat(u64),
    /// Timers B, D, F, K and M: which one, the transaction's state tells.
    ClientEnd(u64),
    /// Timer G.
    ServerRepeat(u64),
    /// Timers H, I, J and L.
    ServerEnd(u64),
    Leg(LegId, LegTimer),
    /// The next binding of this user expires.
    Binding(OperatorId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LegTimer {
    // `Timers::cancel_leg` names the first and the last.
    /// Our 200 goes out again until its ACK comes (§13.3.1.4).
    RepeatOk,
    /// No ACK came within 64·T1.
    NoAck,
    /// A provisional response goes out again each minute, so that no proxy gives up (§13.3.1.1).
    StillRinging,
    /// The peer ignored our CANCEL for 64·T1 (§9.1).
    CancelIgnored,
    /// Time for our session refresh (RFC 4028 §7.2).
    Refresh,
    /// The session ran out (RFC 4028 §10).
    Expire,
    /// Our re-INVITE met theirs; try again (§14.1).
    Glare,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(Instant, Timer)>", into = "Vec<(Instant, Timer)>")]
pub struct Timers {
    due: BTreeSet<(Instant, Timer)>,
    at: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// Sets a timer; an earlier setting of the same one is forgotten.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(before) = self.at.insert(timer.clone(), at) {
            self.due.remove(&(before, timer.clone()));
        }
        self.due.insert((at, timer));
    }

    pub fn cancel(&mut self, timer: Timer) {
        if let Some((timer, at)) = self.at.remove_entry(&timer) {
            self.due.remove(&(at, timer));
        }
    }

    /// Every timer of a leg.
    pub fn cancel_leg(&mut self, id: LegId) {
        let range = Timer::Leg(id, LegTimer::RepeatOk)..=Timer::Leg(id, LegTimer::Glare);
        while let Some(timer) = self.at.range(range.clone()).next().map(|(timer, _)| timer.clone()) {
            self.cancel(timer);
        }
    }

    pub fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes one timer that is due, the earliest first.
    pub fn pop(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.due.pop_first()?;
        self.at.remove(&timer);
        Some(timer)
    }
}

impl From<Vec<(Instant, Timer)>> for Timers {
    fn from(list: Vec<(Instant, Timer)>) -> Self {
        let mut timers = Timers::default();
        for (at, timer) in list {
            timers.set(timer, at);
        }
        timers
    }
}

impl From<Timers> for Vec<(Instant, Timer)> {
    fn from(timers: Timers) -> Self {
        timers.due.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_set_again_rings_once_at_the_new_time() {
        let mut timers = Timers::default();
        let (early, late) = (Instant::from_nanos(1), Instant::from_nanos(2));
        timers.set(Timer::ClientEnd(1), early);
        timers.set(Timer::ClientEnd(1), late);
        timers.set(Timer::ClientEnd(2), late);
        timers.cancel(Timer::ClientEnd(2));
        assert_eq!(timers.next(), Some(late));
        assert_eq!(timers.pop(early), None);
        assert_eq!(timers.pop(late), Some(Timer::ClientEnd(1)));
        assert_eq!((timers.pop(late), timers.next()), (None, None));
    }
}
