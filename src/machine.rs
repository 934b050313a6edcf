//! The contract of a machine: a pure object that is handed events and the time, and answers with actions.
//!
//! ```text
//!   event, now ─▶ handle ──────────┐
//!          now ─▶ handle_timeout ──┴─▶ actions pushed into `out`
//!                 next_timeout ─────▶ when to call handle_timeout, if nothing happens before
//! ```
//! No `async`, and no `Result` from `handle`: what a peer, a caller or a database did wrong is an event, and the
//! answer is an action. A machine asks neither a clock nor dice: `now` is told, randomness comes from a seeded
//! generator given at construction. Same seed and same events give the same trace, byte for byte.
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point on the monotonic clock: nanoseconds since the process (or the simulated world) began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(u64);

impl Instant {
    pub const ZERO: Instant = Instant(0);

    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_sub(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Civil time as milliseconds since the Unix epoch: for opening hours and records, never for waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Wall(pub i64);

impl Wall {
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

/// The time as told to a machine: monotonic for waits and timers, wall for opening hours and records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    pub mono: Instant,
    pub wall: Wall,
}

impl Now {
    /// The same moment, later by `by` on both clocks. Virtual time advances with this.
    pub fn later(self, by: Duration) -> Now {
        Now {
            mono: self.mono + by,
            wall: Wall(self.wall.0 + i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// A pure machine. See the module's text for the contract.
pub trait Machine {
    type Event;
    type Action;
    fn handle(&mut self, event: Self::Event, now: Now, out: &mut Vec<Self::Action>);
    fn handle_timeout(&mut self, now: Now, out: &mut Vec<Self::Action>);
    /// When `handle_timeout` wants to be called; `None` when nothing is pending.
    fn next_timeout(&self) -> Option<Instant>;
}

/// The earlier of two optional deadlines.
pub fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_never_goes_below_zero() {
        assert_eq!(Instant::ZERO - Duration::from_secs(1), Instant::ZERO);
        assert_eq!(Instant::ZERO.since(Instant::from_nanos(5)), Duration::ZERO);
    }

    #[test]
    fn the_earlier_deadline_wins_and_none_is_no_deadline() {
        let (a, b) = (Instant::from_nanos(1), Instant::from_nanos(2));
        assert_eq!(earlier(Some(b), Some(a)), Some(a));
        assert_eq!(earlier(None, Some(a)), Some(a));
        assert_eq!(earlier(None, None), None);
    }
}
