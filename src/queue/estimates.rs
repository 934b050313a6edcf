//! What a pool learns of its callers and operators while it works: how often who calls, how much of an operator's time a
//! call costs, how long callers are patient, how phones are picked up. The reserve (Q3) and the expected wait (Q8) reckon
//! with these, and with nothing that the dispatcher has not seen itself.
//!
//! Each estimate is a count over an exposure, both forgotten at the same pace, so that what is still going on counts for as
//! much as has been seen of it: an hour in which only short talks have ended does not make all talks look short. Each
//! begins with a supposition of the weight of a few calls.
use super::pick_up::PickUp;
use super::predict::Demand;
use crate::class::Class;
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Arrivals are forgotten with this time constant: long enough that a Priority share of 10 % among twenty operators (one call
/// in two minutes) is known to a fifth, short enough to follow a morning.
pub(super) const ARRIVALS_KEPT: Duration = Duration::from_secs(1800);
/// Time in which nothing had come when the pool began, so that the first caller is not taken for a crowd.
const ARRIVALS_PRIOR_S: f64 = 120.0;
/// Q3: "0 when no Priority call came in 30 min".
pub(super) const PRIORITY_FORGOTTEN: Duration = Duration::from_secs(1800);

/// Talks and departures are forgotten by number, one in two hundred: a night does not change how long people talk.
const KEPT: f64 = 1.0 - 1.0 / 200.0;
const HANDLING_PRIOR_S: f64 = 240.0;
const HANDLING_PRIOR_TALKS: f64 = 5.0;
/// Before anything was seen the spread of handling times is that of an exponential one, the usual finding for talks.
const HANDLING_PRIOR_VARIATION: f64 = 1.0;
const PATIENCE_PRIOR_S: f64 = 600.0;
const PATIENCE_PRIOR_CALLERS: f64 = 3.0;
/// Whatever was seen: talks of 5 s to an hour, patience of 30 s to the default `max_wait`, which ends it.
const HANDLING_S: (f64, f64) = (5.0, 3600.0);
const PATIENCE_S: (f64, f64) = (30.0, 900.0);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Estimates {
    seen_until: Instant,
    priority: Rate,
    security: Rate,
    ordinary: Rate,
    last_priority: Option<Instant>,
    /// Operator-seconds at work, and talks that have ended.
    busy_s: f64,
    talks: f64,
    /// Single handling times: their number, sum, and sum of squares.
    handled: [f64; 3],
    /// Seconds waited by those who are not Priority, and how many of them gave up.
    waited_s: f64,
    gave_up: f64,
    /// Those who stopped waiting either way, and the operator-seconds that were kept from them.
    stopped: f64,
    withheld_s: f64,
    pub pick_up: PickUp,
}

/// Arrivals of a kind, forgotten exponentially.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Rate {
    count: f64,
    at: Instant,
}

impl Rate {
    fn arrived(&mut self, now: Instant) {
        *self = Rate { count: self.left(now) + 1.0, at: now };
    }

    fn left(&self, now: Instant) -> f64 {
        self.count * (-(now.since(self.at).as_secs_f64() / ARRIVALS_KEPT.as_secs_f64())).exp()
    }

    /// Per second. The world began at [`Instant::ZERO`].
    fn per_second(&self, now: Instant) -> f64 {
        let kept = ARRIVALS_KEPT.as_secs_f64();
        let age = now.since(Instant::ZERO).as_secs_f64();
        self.left(now) / (kept * (1.0 - (-age / kept).exp()) + ARRIVALS_PRIOR_S)
    }
}

impl Default for Estimates {
    fn default() -> Self {
        let [talks, mean] = [HANDLING_PRIOR_TALKS, HANDLING_PRIOR_S];
        let square = mean * mean * (1.0 + HANDLING_PRIOR_VARIATION * HANDLING_PRIOR_VARIATION);
        Estimates {
            seen_until: Instant::ZERO,
            priority: Rate::default(),
            security: Rate::default(),
            ordinary: Rate::default(),
            last_priority: None,
            busy_s: talks * mean,
            talks,
            handled: [talks, talks * mean, talks * square],
            waited_s: PATIENCE_PRIOR_CALLERS * PATIENCE_PRIOR_S,
            gave_up: PATIENCE_PRIOR_CALLERS,
            stopped: PATIENCE_PRIOR_CALLERS,
            withheld_s: 0.0,
            pick_up: PickUp::default(),
        }
    }
}

impl Estimates {
    /// Time has passed with so many operators at work, so many waiting who are not Priority, and so many of the ready
    /// operators withheld from them.
    pub fn pass(&mut self, busy: usize, waiting: usize, withheld: usize, now: Instant) {
        let passed = now.since(self.seen_until).as_secs_f64();
        self.busy_s += busy as f64 * passed;
        self.waited_s += waiting as f64 * passed;
        self.withheld_s += withheld as f64 * passed;
        self.seen_until = self.seen_until.max(now);
    }

    pub fn seen_until(&self) -> Instant {
        self.seen_until
    }

    pub fn arrived(&mut self, class: Class, now: Instant) {
        match class {
            Class::Priority => {
                self.priority.arrived(now);
                self.last_priority = Some(now);
            }
            Class::Security => self.security.arrived(now),
            Class::AgentLine | Class::Standard => self.ordinary.arrived(now),
        }
    }

    /// A talk has ended that took so much of an operator, from its offer to the end of the wrap-up that follows.
    pub fn handled(&mut self, took: Duration) {
        self.busy_s *= KEPT;
        self.talks = self.talks * KEPT + 1.0;
        let took = took.as_secs_f64();
        for (sum, power) in self.handled.iter_mut().zip([1.0, took, took * took]) {
            *sum = *sum * KEPT + power;
        }
    }

    /// Somebody who was not Priority went without an operator, or got one.
    pub fn stopped_waiting(&mut self, gave_up: bool) {
        self.waited_s *= KEPT;
        self.withheld_s *= KEPT;
        self.stopped = self.stopped * KEPT + 1.0;
        self.gave_up = self.gave_up * KEPT + if gave_up { 1.0 } else { 0.0 };
    }

    /// Mean operator time of a call, in seconds.
    pub fn handling_s(&self) -> f64 {
        (self.busy_s / self.talks).clamp(HANDLING_S.0, HANDLING_S.1)
    }

    /// Coefficient of variation of the handling time.
    pub fn handling_variation(&self) -> f64 {
        let [count, sum, squares] = self.handled;
        let mean = sum / count;
        (squares / count / (mean * mean) - 1.0).max(0.0).sqrt()
    }

    pub fn patience_s(&self) -> f64 {
        (self.waited_s / self.gave_up.max(1e-9)).clamp(PATIENCE_S.0, PATIENCE_S.1)
    }

    /// Operator time per caller that was kept from him while he waited, in seconds.
    pub fn withheld_s(&self) -> f64 {
        self.withheld_s / self.stopped
    }

    pub fn demand(&self, now: Instant) -> Demand {
        Demand {
            priority: self.priority.per_second(now),
            security: self.security.per_second(now),
            ordinary: self.ordinary.per_second(now),
            handling_s: self.handling_s(),
            patience_s: self.patience_s(),
        }
    }

    /// When Priority is no longer predicted, if no more calls come; `None`: it is not.
    pub fn priority_until(&self, now: Instant) -> Option<Instant> {
        self.last_priority.map(|at| at + PRIORITY_FORGOTTEN).filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    #[test]
    fn a_steady_stream_is_known_to_a_few_percent_and_forgotten_when_it_stops() {
        let mut estimates = Estimates::default();
        for n in 1..=720 {
            estimates.arrived(Class::Standard, at(10 * n));
        }
        let rate = estimates.demand(at(7200)).ordinary;
        assert!((rate / 0.1 - 1.0).abs() < 0.08, "{rate}");
        assert!(estimates.demand(at(14_400)).ordinary < 0.002);
    }

    #[test]
    fn the_first_caller_is_not_taken_for_a_crowd() {
        let mut estimates = Estimates::default();
        estimates.arrived(Class::Priority, at(2));
        assert!(estimates.demand(at(2)).priority < 1.0 / 100.0);
    }

    #[test]
    fn priority_is_predicted_for_half_an_hour_after_its_last_call() {
        let mut estimates = Estimates::default();
        assert_eq!(estimates.priority_until(at(5)), None);
        estimates.arrived(Class::Priority, at(100));
        assert_eq!(estimates.priority_until(at(1899)), Some(at(1900)));
        assert_eq!(estimates.priority_until(at(1900)), None);
    }

    #[test]
    fn talks_that_go_on_count_for_what_was_seen_of_them() {
        // Ten operators; half the talks take 10 s, half 990 s. After 400 s only short ones have ended.
        let mut estimates = Estimates::default();
        for n in 0..200 {
            estimates.pass(10, 0, 0, at(2 * (n + 1)));
            if n % 2 == 0 {
                estimates.handled(Duration::from_secs(10));
            }
        }
        assert!(estimates.handling_s() > 40.0, "{}", estimates.handling_s());
    }

    #[test]
    fn handling_is_operator_time_per_call() {
        let mut estimates = Estimates::default();
        for n in 0..2000 {
            estimates.pass(3, 0, 0, at(100 * (n + 1)));
            estimates.handled(Duration::from_secs(300));
        }
        assert!((estimates.handling_s() - 300.0).abs() < 2.0, "{}", estimates.handling_s());
        assert!(estimates.handling_variation() < 0.1);
    }
}
