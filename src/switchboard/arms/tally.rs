//! What is counted of an arm, and whether one is significantly worse than the others: a plain test each for those who gave
//! up, for wrong keys, and for the time to a person.
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// On either side. Below it the normal approximation of both tests is too rough.
pub const SAMPLE_MIN: u64 = 100;
/// Standard deviations, one-sided. A test at 3.5 is wrong once in 4,300 times; looking again and again while calls come
/// in, at three figures, makes that about one split in a hundred that withdraws an arm which is as good as the other.
pub const Z_MIN: f64 = 3.5;
/// What thousands of calls show to be certain may still be too little to matter.
pub const SHARE_WORSE_MIN: f64 = 0.02;
pub const TIME_WORSE_MIN: Duration = Duration::from_secs(1);
/// Longer ways to a person count as this one.
const TIME_MAX: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub calls: u64,
    /// Hung up in a queue, or before they had chosen or typed anything.
    pub gave_up: u64,
    /// Calls with a wrong key in them: the keys of one call are not independent, calls are.
    pub mistaken: u64,
    /// Calls that reached a person, and the times from the split until then.
    pub reached: u64,
    ms: u64,
    ms_squared: u64,
}

impl Tally {
    pub fn add(&mut self, gave_up: bool, mistaken: bool, to_person: Option<Duration>) {
        self.calls += 1;
        self.gave_up += u64::from(gave_up);
        self.mistaken += u64::from(mistaken);
        if let Some(time) = to_person {
            let ms = u64::try_from(time.min(TIME_MAX).as_millis()).unwrap_or(u64::MAX);
            self.reached += 1;
            self.ms = self.ms.saturating_add(ms);
            self.ms_squared = self.ms_squared.saturating_add(ms * ms);
        }
    }

    pub fn and(self, other: Tally) -> Tally {
        Tally {
            calls: self.calls + other.calls,
            gave_up: self.gave_up + other.gave_up,
            mistaken: self.mistaken + other.mistaken,
            reached: self.reached + other.reached,
            ms: self.ms.saturating_add(other.ms),
            ms_squared: self.ms_squared.saturating_add(other.ms_squared),
        }
    }

    /// Mean time to a person.
    pub fn to_person(self) -> Option<Duration> {
        self.ms.checked_div(self.reached).map(Duration::from_millis)
    }

    /// In ms².
    fn variance(self) -> f64 {
        let (n, sum) = (self.reached as f64, self.ms as f64);
        ((self.ms_squared as f64 - sum * sum / n) / (n - 1.0)).max(0.0)
    }
}

/// How an arm is worse than the others, and how surely.
#[derive(Clone, Debug, PartialEq)]
pub struct Worse {
    pub z: f64,
    pub why: String,
}

/// The surest of the three, if one is sure enough.
pub fn worse(arm: Tally, others: Tally) -> Option<Worse> {
    let gave_up = share("gave up", arm.gave_up, arm.calls, others.gave_up, others.calls);
    let mistaken = share("pressed a wrong key", arm.mistaken, arm.calls, others.mistaken, others.calls);
    let found = [gave_up, mistaken, time(arm, others)];
    found.into_iter().flatten().max_by(|a, b| a.z.total_cmp(&b.z))
}

/// The test of two proportions, pooled.
fn share(what: &str, of: u64, calls: u64, of_others: u64, others: u64) -> Option<Worse> {
    if calls < SAMPLE_MIN || others < SAMPLE_MIN {
        return None;
    }
    let (n, m) = (calls as f64, others as f64);
    let (p, q) = (of as f64 / n, of_others as f64 / m);
    let both = (of + of_others) as f64 / (n + m);
    let z = (p - q) / (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt();
    let is_worse = z >= Z_MIN && p - q >= SHARE_WORSE_MIN;
    let (p, q) = (p * 100.0, q * 100.0);
    is_worse.then(|| Worse {
        z,
        why: format!("{p:.0} % of {calls} callers {what}, of the other arms' {others} callers {q:.0} %"),
    })
}

/// Welch's test of two means.
fn time(arm: Tally, others: Tally) -> Option<Worse> {
    if arm.reached < SAMPLE_MIN || others.reached < SAMPLE_MIN {
        return None;
    }
    let (a, b) = (arm.to_person()?, others.to_person()?);
    let error = (arm.variance() / arm.reached as f64 + others.variance() / others.reached as f64).sqrt();
    let z = (a.as_millis() as f64 - b.as_millis() as f64) / error;
    let is_worse = z >= Z_MIN && a >= b + TIME_WORSE_MIN;
    let (a, b) = (a.as_secs_f64(), b.as_secs_f64());
    is_worse.then(|| Worse {
        z,
        why: format!(
            "a person took {a:.0} s for {} callers, by the other arms {b:.0} s for {}",
            arm.reached, others.reached
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(calls: u64, gave_up: u64) -> Tally {
        Tally { calls, gave_up, ..Tally::default() }
    }

    #[test]
    fn a_few_calls_prove_nothing_and_many_do() {
        assert_eq!(worse(tally(99, 99), tally(1000, 0)), None);
        assert_eq!(worse(tally(100, 12), tally(100, 10)), None);
        let found = worse(tally(200, 60), tally(200, 20)).unwrap();
        // (0.3 − 0.1) / √(0.2 · 0.8 · 0.01) = 5
        assert!((found.z - 5.0).abs() < 1e-9, "{found:?}");
        assert_eq!(found.why, "30 % of 200 callers gave up, of the other arms' 200 callers 10 %");
        assert_eq!(worse(tally(200, 20), tally(200, 60)), None, "better is not worse");
    }

    #[test]
    fn what_is_certain_and_tiny_is_left_alone() {
        assert_eq!(worse(tally(1_000_000, 101_500), tally(1_000_000, 100_000)), None);
    }

    #[test]
    fn nobody_who_gives_up_anywhere_is_no_difference() {
        assert_eq!(worse(tally(500, 0), tally(500, 0)), None);
        assert_eq!(worse(tally(500, 500), tally(500, 500)), None);
    }

    #[test]
    fn a_longer_way_to_a_person_is_worse() {
        let (mut slow, mut quick) = (Tally::default(), Tally::default());
        for n in 0..150 {
            slow.add(false, false, Some(Duration::from_secs(30 + n % 20)));
            quick.add(false, false, Some(Duration::from_secs(20 + n % 20)));
        }
        let found = worse(slow, quick).unwrap();
        assert_eq!(found.why, "a person took 39 s for 150 callers, by the other arms 29 s for 150");
        assert_eq!(worse(quick, slow), None);
    }
}
