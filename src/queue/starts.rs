//! Service starts of the pool: the share that Priority took of them (Q1), and the two that may go before a start that is
//! due (Q2).
use crate::ids::SeatId;
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Q1: "of the pool's last 15 min of service starts".
const SHARE_WINDOW: Duration = Duration::from_secs(15 * 60);
/// Q1: "counted only over ≥ 20 starts".
const SHARE_STARTS_MIN: usize = 20;
/// Q2: "due after two other service starts of the pool …".
const STARTS_BEFORE_DUE: u32 = 2;
/// Q2: "… or 60 s, whichever is first".
const WAIT_BEFORE_DUE: Duration = Duration::from_secs(60);

/// The starts of the last 15 minutes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Share {
    /// When, and whether it was Priority. As long as the pool's starts in 15 minutes.
    starts: VecDeque<(Instant, bool)>,
    priority: usize,
}

impl Share {
    pub fn started(&mut self, priority: bool, now: Instant) {
        self.starts.push_back((now, priority));
        self.priority += usize::from(priority);
        self.forget(now);
    }

    pub fn forget(&mut self, now: Instant) {
        while let Some((at, priority)) = self.starts.front().copied() {
            if now.since(at) <= SHARE_WINDOW {
                break;
            }
            self.priority -= usize::from(priority);
            self.starts.pop_front();
        }
    }

    /// Whether Priority took more than `max_share`. Call [`Share::forget`] first.
    pub fn is_over(&self, max_share: f64) -> bool {
        self.starts.len() >= SHARE_STARTS_MIN && self.priority as f64 > max_share * self.starts.len() as f64
    }
}

/// While a seat is older than the starvation limit: how long, and past how many others, it may still wait.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Starvation {
    /// Starts of other seats since the last start of a starving one.
    others: u32,
    last: Instant,
    /// The starving seat whose turn is being kept: phones ring for it.
    ringing: Option<SeatId>,
}

impl Starvation {
    /// Whether the oldest starving seat, starving since `since`, is due.
    pub fn is_due(&self, since: Instant, now: Instant) -> bool {
        let waits = now >= self.due_at(since);
        self.ringing.is_none() && (self.others >= STARTS_BEFORE_DUE || waits)
    }

    /// When a seat that starves since then is due by waiting alone.
    pub fn due_at(&self, since: Instant) -> Instant {
        since.max(self.last) + WAIT_BEFORE_DUE
    }

    #[cfg(test)]
    pub fn turn(&self) -> Option<SeatId> {
        self.ringing
    }

    /// A phone rings for the seat that is, or would be, due.
    pub fn rings(&mut self, seat: SeatId) {
        self.ringing.get_or_insert(seat);
    }

    /// No phone rings for this seat any more. If it still waits, its turn is as near as before.
    pub fn rings_no_more(&mut self, seat: SeatId) {
        if self.ringing == Some(seat) {
            self.ringing = None;
        }
    }

    /// A service start. `others_starve`: a starving seat is still waiting.
    pub fn started(&mut self, seat: SeatId, others_starve: bool, now: Instant) {
        if self.ringing == Some(seat) {
            *self = Starvation { others: 0, last: now, ringing: None };
        } else if others_starve || self.ringing.is_some() {
            self.others += 1;
        } else {
            self.others = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    #[test]
    fn priority_is_over_its_share_only_over_twenty_starts_and_only_above_it() {
        let mut share = Share::default();
        for n in 0..19 {
            share.started(true, at(n));
        }
        assert!(!share.is_over(0.5), "nineteen starts are too few");
        share.started(true, at(19));
        assert!(share.is_over(0.5));
        for n in 20..40 {
            share.started(false, at(n));
        }
        assert!(!share.is_over(0.5), "half is not more than half");
        share.forget(at(15 * 60 + 19));
        assert!(!share.is_over(0.5), "the Priority starts are older than 15 minutes");
    }

    #[test]
    fn a_starving_seat_is_due_after_two_other_starts() {
        let mut starvation = Starvation::default();
        assert!(!starvation.is_due(at(600), at(601)));
        starvation.started(SeatId(1), true, at(602));
        assert!(!starvation.is_due(at(600), at(602)));
        starvation.started(SeatId(2), true, at(603));
        assert!(starvation.is_due(at(600), at(603)));
    }

    #[test]
    fn a_starving_seat_is_due_after_a_minute() {
        let starvation = Starvation::default();
        assert!(!starvation.is_due(at(600), at(659)));
        assert!(starvation.is_due(at(600), at(660)));
    }

    #[test]
    fn a_turn_is_kept_while_its_phone_rings_and_given_back_when_it_fails() {
        let mut starvation = Starvation::default();
        starvation.rings(SeatId(7));
        assert!(!starvation.is_due(at(600), at(700)));
        starvation.rings_no_more(SeatId(7));
        assert!(starvation.is_due(at(600), at(700)));
        starvation.rings(SeatId(7));
        starvation.started(SeatId(7), true, at(701));
        assert!(!starvation.is_due(at(601), at(702)), "the next one's two starts are counted anew");
    }
}
