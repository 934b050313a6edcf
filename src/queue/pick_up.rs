//! How operators pick up: learnt from every ring, used to foretell the next one.
//!
//! A ring ends by an answer, by nobody's answer, or it is cut short (another operator was faster, the caller left). The
//! curve is the life table of survival analysis (Kaplan and Meier, 1958): for each half second, how many rings had come
//! so far and how many of them were answered in it. A ring that was cut short counts for the time it lasted, so phones
//! that ring second are not taken for slow ones.
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Half-seconds of ringing that are told apart; the default `ring_timeout` is as long.
const BINS: usize = 30;
const BIN_S: f64 = 0.5;
/// One ring in two hundred is forgotten: a shift's change of habits shows within the hour in a pool of twenty.
const KEPT: f64 = 1.0 - 1.0 / 200.0;
/// What is supposed before anything was seen, as so many rings: a person takes 2 to 6 s, one ring in twenty is missed.
const PRIOR_RINGS: f64 = 10.0;
const PRIOR_FROM_S: f64 = 2.0;
const PRIOR_TO_S: f64 = 6.0;
const PRIOR_MISSED: f64 = 0.05;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PickUp {
    /// Rings that lasted to the bin, and those answered in it.
    rang: Vec<f64>,
    answered: Vec<f64>,
}

/// How a ring ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// The caller was connected.
    Answered(Duration),
    /// Withdrawn for another reason than time.
    CutShort(Duration),
    /// No answer, a refusal, no phone.
    Missed,
}

impl Default for PickUp {
    fn default() -> Self {
        let mut rang = vec![0.0; BINS];
        let mut answered = vec![0.0; BINS];
        let mut left = PRIOR_RINGS;
        for (bin, (rang, answered)) in rang.iter_mut().zip(&mut answered).enumerate() {
            let from = bin as f64 * BIN_S;
            let inside = (from + BIN_S).min(PRIOR_TO_S) - from.max(PRIOR_FROM_S);
            *rang = left;
            *answered = PRIOR_RINGS * (1.0 - PRIOR_MISSED) * inside.max(0.0) / (PRIOR_TO_S - PRIOR_FROM_S);
            left -= *answered;
        }
        PickUp { rang, answered }
    }
}

impl PickUp {
    pub fn rung(&mut self, how: Rung) {
        for count in self.rang.iter_mut().chain(&mut self.answered) {
            *count *= KEPT;
        }
        let (lasted, answered) = match how {
            Rung::Answered(after) => (bin(after), true),
            Rung::CutShort(after) => (bin(after), false),
            Rung::Missed => (BINS, false),
        };
        for rang in self.rang.iter_mut().take(lasted) {
            *rang += 1.0;
        }
        if answered
            && let (Some(rang), Some(count)) = (self.rang.get_mut(lasted), self.answered.get_mut(lasted))
        {
            *rang += 1.0;
            *count += 1.0;
        }
    }

    /// The share of rings not answered at the end of each bin, beginning with 1 at the start.
    pub fn unanswered(&self) -> Vec<f64> {
        let mut left = 1.0;
        let mut curve = vec![1.0];
        for (rang, answered) in self.rang.iter().zip(&self.answered) {
            if *rang > 0.0 {
                left *= 1.0 - (answered / rang).min(1.0);
            }
            curve.push(left);
        }
        curve
    }

    /// Mean and variance of the time from the first ring to an answer, in seconds and their square, when each missed
    /// ring is followed by another after `ring_timeout_s`.
    pub fn moments(&self, ring_timeout_s: f64) -> (f64, f64) {
        let curve = self.unanswered();
        let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
        for (bin, pair) in curve.windows(2).enumerate() {
            let (answered, at) = (pair[0] - pair[1], (bin as f64 + 0.5) * BIN_S);
            mass += answered;
            first += answered * at;
            second += answered * at * at;
        }
        let mass = mass.clamp(0.05, 1.0);
        let (mean, square) = (first / mass, second / mass);
        let misses = (1.0 - mass) / mass;
        // Missed rings are geometric: mean q/p, variance q/p².
        let spread = misses / mass * ring_timeout_s * ring_timeout_s;
        (mean + misses * ring_timeout_s, (square - mean * mean).max(0.0) + spread)
    }

    /// The time after which `share` of the rings that have lasted for `rung` are answered; the last bin at most.
    pub fn quantile(&self, rung: Duration, share: f64) -> Duration {
        let curve = self.unanswered();
        let from = bin(rung).min(BINS);
        let left = curve.get(from).copied().unwrap_or(1.0);
        let answered = left - curve.last().copied().unwrap_or(0.0);
        let until =
            curve.iter().skip(from).position(|now| left - now >= share * answered).unwrap_or(BINS - from);
        Duration::from_secs_f64(until as f64 * BIN_S)
    }
}

/// A curve of [`PickUp::unanswered`] between its points.
pub(super) fn at(curve: &[f64], seconds: f64) -> f64 {
    if seconds <= 0.0 {
        return 1.0;
    }
    let place = seconds / BIN_S;
    let (low, part) = (place as usize, place.fract());
    let last = curve.last().copied().unwrap_or(1.0);
    match (curve.get(low), curve.get(low + 1)) {
        (Some(before), Some(after)) => before + (after - before) * part,
        _ => last,
    }
}

fn bin(after: Duration) -> usize {
    (after.as_secs_f64() / BIN_S) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_anything_was_seen_people_take_two_to_six_seconds_and_miss_one_in_twenty() {
        let curve = PickUp::default().unanswered();
        assert!((at(&curve, 2.0) - 1.0).abs() < 1e-9);
        assert!((at(&curve, 4.0) - 0.525).abs() < 1e-9);
        assert!((at(&curve, 6.0) - 0.05).abs() < 1e-9);
        assert!((at(&curve, 60.0) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn what_was_seen_replaces_what_was_supposed() {
        let mut pick_up = PickUp::default();
        for n in 0..1000 {
            pick_up.rung(match n % 10 {
                0 => Rung::Missed,
                _ => Rung::Answered(Duration::from_millis(1200)),
            });
        }
        let curve = pick_up.unanswered();
        assert!(at(&curve, 1.0) > 0.99);
        assert!((at(&curve, 2.0) - 0.1).abs() < 0.01, "{}", at(&curve, 2.0));
        let (mean, _) = pick_up.moments(15.0);
        assert!((mean - (1.25 + 15.0 / 9.0)).abs() < 0.2, "{mean}");
    }

    #[test]
    fn rings_that_were_cut_short_do_not_make_people_look_slow() {
        let mut pick_up = PickUp::default();
        for n in 0..2000 {
            pick_up.rung(match n % 2 {
                0 => Rung::CutShort(Duration::from_millis(600)),
                _ => Rung::Answered(Duration::from_millis(3200)),
            });
        }
        let curve = pick_up.unanswered();
        assert!(at(&curve, 3.0) > 0.99);
        assert!(at(&curve, 3.5) < 0.01);
    }
}
