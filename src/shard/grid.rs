//! The 5 ms grid of a shard.
use crate::clock::Clock;
use crate::machine::Instant;
use rustix::thread::{ClockId, clock_nanosleep_absolute};
use rustix::time::{Timespec, clock_gettime};
use std::time::Duration;

pub const GRID: Duration = Duration::from_millis(5);
/// A longer stall (a suspended machine) is skipped: its packets would only fill the peer's jitter buffer.
const CATCH_UP_MAX: Duration = Duration::from_millis(200);

/// The absolute grid, on the monotonic clock. Machine time is a multiple of the grid at each tick.
pub struct Grid {
    /// The operating system's monotonic time at machine time zero, in nanoseconds.
    origin: i128,
    next: Instant,
}

pub struct Lag {
    pub by: Duration,
    pub skipped: u64,
}

impl Grid {
    pub fn start(clock: &Clock) -> Grid {
        let now = clock.mono();
        let origin = monotonic_nanos() - i128::from(now.as_nanos());
        Grid { origin, next: Instant::from_nanos(now.as_nanos() / GRID_NANOS * GRID_NANOS) }
    }

    /// Sleeps to the next step; at once if it has passed.
    pub fn wait(&mut self) -> Lag {
        self.next += GRID;
        let at = self.origin + i128::from(self.next.as_nanos());
        let until = Timespec {
            tv_sec: i64::try_from(at / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(at % 1_000_000_000).unwrap_or(0),
        };
        // A signal may cut it short: then sleep again.
        while let Err(rustix::io::Errno::INTR) = clock_nanosleep_absolute(ClockId::Monotonic, &until) {}
        let late = u64::try_from(monotonic_nanos() - at).unwrap_or(0);
        let by = Duration::from_nanos(late);
        let mut skipped = 0;
        if by > CATCH_UP_MAX {
            skipped = late / GRID_NANOS;
            self.next += Duration::from_nanos(skipped * GRID_NANOS);
        }
        Lag { by, skipped }
    }

    pub fn now(&self) -> Instant {
        self.next
    }
}

const GRID_NANOS: u64 = GRID.as_nanos() as u64;

fn monotonic_nanos() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}
