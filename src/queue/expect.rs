//! The expected wait (Q8), from the present state: who is before the caller in the order of Q1, who of the operators is
//! ready, held back or at work and since when, and how long calls take.
//!
//! ```text
//!   need = seats before + own + operators to be held back − operators ready     talks that must end first
//!   net  = talks that end − Priority and security who will come and go before   per second
//!   mean ≈ need ÷ net, shorter by those before who give up
//! ```
//! The time until the need has come down to zero is a first passage; its spread is that of the delayed busy period (need ×
//! variance rate ÷ net³), and together with the time to pick up it is taken for a gamma distribution, of which the 10 % and
//! 90 % points are told: four callers in five are connected inside the range. Measured by `four_of_five_waits_are_inside`.
use super::dispatcher::Dispatcher;
use super::lane::Ahead;
use super::operator::Work;
use super::predict::reserve_max;
use super::seat::{Place, Stage};
use crate::class::Class;
use crate::ids::{QueueName, SeatId, Skill};
use crate::machine::{Instant, Now};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// The normal distribution's 90 % point.
const Z90: f64 = 1.2816;
/// What the rates themselves may be wrong by.
const RATES_WRONG: f64 = 0.1;
/// In larger pools the operators' single elapsed times average out.
const ELAPSED_MAX: usize = 64;
/// Handling times as regular as this are foreseen from the elapsed ones; less regular ones hardly.
const REGULAR: f64 = 0.7;
/// The regularity of a time that varies by a third is the most that is believed of people.
const VARIATION_MIN: f64 = 0.3;
/// Even if Priority alone needs everybody, some talks end for others: Q2 sees to it.
const NET_MIN: f64 = 0.05;
/// Pieces of an integral over time that needs no more precision than people's habits have.
const SLICES: usize = 8;
/// Nobody is told to wait longer than this.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// Until an operator is connected: the mean, and the range in which four of five waits end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRange {
    pub low: Duration,
    pub mean: Duration,
    pub high: Duration,
}

impl Dispatcher {
    /// How long this seat will still wait. `None`: it does not wait, or nobody is on duty for it.
    pub fn expected_wait(&self, seat: SeatId, now: Now) -> Option<WaitRange> {
        let known = self.seats.get(&seat)?;
        let Stage::Waiting { phones } = &known.stage else { return None };
        let rung =
            phones.iter().filter_map(|offer| self.offers.get(offer)).map(|offer| offer.offered_at).min();
        match rung {
            Some(since) => Some(self.until_picked_up(now.mono.since(since))),
            None if known.returned => {
                Some(self.range_behind(known.lane, Class::Priority, known.place(), now.mono)?)
            }
            None => self.range_behind(known.lane, known.class, known.place(), now.mono),
        }
    }

    /// How long a caller would wait who joined now. `None`: nobody is on duty for him, or there is no such queue.
    pub fn expected_wait_of_newcomer(
        &self,
        queue: &QueueName,
        class: Class,
        skills: &BTreeSet<Skill>,
        now: Now,
    ) -> Option<WaitRange> {
        let class = self.class_in(queue, class);
        let same = |lane: &&(usize, &super::lane::Lane)| lane.1.queue == *queue && lane.1.level == 0;
        let lanes: Vec<_> = self.lanes.iter().enumerate().collect();
        // Nobody has asked for these skills yet: the queue's own lane is the nearest thing known.
        let lane = lanes.iter().filter(same).find(|(_, lane)| lane.skills == *skills);
        let (index, _) = lane.or_else(|| lanes.iter().find(same))?;
        self.range_behind(*index, class, Place::at(now.mono, u64::MAX, SeatId(u64::MAX)), now.mono)
    }

    /// How many callers stand before this seat, with every lane counted as far as its operators are the same.
    pub fn position(&self, seat: SeatId) -> Option<usize> {
        let known = self.seats.get(&seat)?;
        match &known.stage {
            Stage::Waiting { phones } if phones.is_empty() && !known.returned => {}
            Stage::Waiting { .. } | Stage::Bridging { .. } => return Some(0),
            Stage::Callback(_) => {}
            Stage::Talking { .. } | Stage::PassedOn => return None,
        }
        let ahead = self.ahead_in_all(known.lane, known.class, known.place());
        Some(ahead.iter().sum::<f64>().round() as usize)
    }

    /// Q9: operators of this queue who will be free within this time, beside those who are ready and not held back: the
    /// expected number, rounded down.
    pub fn expected_free_within(&self, queue: &QueueName, within: Duration, now: Now) -> usize {
        let lane = self.lanes.iter().position(|lane| lane.queue == *queue && lane.skills.is_empty());
        lane.map_or(0, |lane| self.completions(lane, within.as_secs_f64(), now.mono) as usize)
    }

    /// Q9: whether this seat's predicted time of service has come as near as this.
    pub fn predicted_service_within(&self, seat: SeatId, within: Duration, now: Now) -> bool {
        self.expected_wait(seat, now).is_some_and(|wait| wait.mean <= within)
    }

    /// Q11, `ewt_over`: for a caller who would join now. Priority always may.
    pub(super) fn expects_too_long(
        &self,
        queue: &QueueName,
        class: Class,
        skills: &BTreeSet<Skill>,
        now: Instant,
    ) -> bool {
        let limit = self.queue_settings(queue).and_then(|settings| settings.max_expected_wait);
        let Some(limit) = limit.filter(|_| class != Class::Priority) else { return false };
        let now = Now { mono: now, ..Now::default() };
        self.expected_wait_of_newcomer(queue, class, skills, now).is_some_and(|wait| wait.mean > limit)
    }

    /// A phone has rung for so long.
    fn until_picked_up(&self, rung: Duration) -> WaitRange {
        let pick_up = &self.estimates.pick_up;
        let (low, high) = (pick_up.quantile(rung, 0.1), pick_up.quantile(rung, 0.9));
        WaitRange { low, mean: pick_up.quantile(rung, 0.5), high: high.max(Duration::from_secs(1)) }
    }

    /// Returned, Priority and other seats before this place.
    pub(super) fn ahead_in_all(&self, lane: usize, class: Class, place: Place) -> [f64; 3] {
        let over_share = self.priority_over_share();
        let mut sum = [0.0; 3];
        for (index, other) in self.lanes.iter().enumerate() {
            let share = if index == lane { 1.0 } else { self.overlap.share(lane, index) };
            if share > 0.0 && other.somebody_waits() {
                let Ahead { returned, priority, others } = other.ahead(class, place, over_share);
                for (sum, count) in sum.iter_mut().zip([returned, priority, others]) {
                    *sum += share * count as f64;
                }
            }
        }
        sum
    }

    fn range_behind(&self, index: usize, class: Class, place: Place, now: Instant) -> Option<WaitRange> {
        let lane = &self.lanes[index];
        if lane.on_duty == 0 {
            return None;
        }
        let ready = lane.ready.len() as f64;
        let kept = f64::from(self.kept_in(lane, class));
        let [returned, priority, others] = self.ahead_in_all(index, class, place);
        let need = returned + priority + others + 1.0 + kept - ready;
        let (ring_mean, ring_variance) = self.estimates.pick_up.moments(self.ring_timeout_s(&lane.queue));
        if need <= 0.0 {
            return Some(self.until_picked_up(Duration::ZERO));
        }
        let demand = self.estimates.demand(now);
        let mu = 1.0 / demand.handling_s;
        let of_pool = lane.on_duty as f64 / (self.strength.on_duty.max(lane.on_duty)) as f64;
        let over_share = self.priority_over_share();
        let (before_priority, overtaken_for) = match class {
            Class::Priority if !over_share => (0.0, 0.0),
            class => {
                let boost = Class::Security.boost().saturating_sub(class.boost());
                let window = boost.saturating_sub(place.age(now)).as_secs_f64();
                (demand.priority * of_pool, if class == Class::Security { 0.0 } else { window })
            }
        };
        // While others wait, all but the reserve work; Priority keeps part of the reserve at work too.
        let used = before_priority / (mu * (lane.on_duty as f64 - kept).max(1.0));
        let at_work = lane.on_duty as f64 - kept + kept.min(used / (1.0 - used.min(0.9)));
        let rate = at_work * mu;
        let give_up = if class == Class::Priority { 0.0 } else { 1.0 / demand.patience_s };

        let security = demand.security * of_pool;
        let passage = |overtaking: f64| {
            let net = (rate - overtaking).max(NET_MIN * rate);
            // Those before who give up: x' = −net − give_up·x.
            let leaving = others.min(need);
            let shortened = if give_up * leaving > 1e-6 {
                (1.0 + give_up * leaving / net).ln() / give_up
            } else {
                leaving / net
            };
            shortened + (need - leaving) / net
        };
        // Security callers overtake for as long as their boost is worth more than this caller's age.
        let first = passage(before_priority);
        let overtaking = before_priority + security * (overtaken_for / first.max(1.0)).min(1.0);
        let mut mean = passage(overtaking);
        if lane.on_duty <= ELAPSED_MAX && self.estimates.handling_variation() < REGULAR {
            mean = self.by_elapsed(index, mean, now);
        }
        let slope = need / mean;
        let per_second = rate * self.count_variation(mean) + overtaking + give_up * others / 2.0;
        let variance =
            need * per_second / (slope * slope * slope) + (RATES_WRONG * mean).powi(2) + ring_variance;
        Some(gamma_range(mean + ring_mean, variance))
    }

    /// Ready operators that this class must leave in this lane.
    pub(super) fn kept_in(&self, lane: &super::lane::Lane, class: Class) -> u32 {
        let kept = self.kept_from(class);
        kept.min(reserve_max(u32::try_from(lane.on_duty).unwrap_or(u32::MAX), self.settings.reserve_max))
    }

    fn ring_timeout_s(&self, queue: &QueueName) -> f64 {
        self.queue_settings(queue).map_or(0.0, |settings| settings.ring_timeout.as_secs_f64())
    }

    /// Talks counted over a long time vary with the handling time, over a short one as if they knew nothing of each other.
    fn count_variation(&self, seconds: f64) -> f64 {
        let long = (seconds / self.estimates.handling_s()).min(1.0);
        let variation = self.estimates.handling_variation().max(VARIATION_MIN);
        1.0 - long + long * variation * variation
    }

    /// Corrects a mean wait by how long those at work have been at it: the time in which as many talks will really end.
    fn by_elapsed(&self, lane: usize, mean: f64, now: Instant) -> f64 {
        let ends = self.busy_in(lane) * mean / self.estimates.handling_s();
        if ends <= 0.0 {
            return mean;
        }
        let (mut low, mut high) = (0.0, mean + 2.0 * self.estimates.handling_s());
        for _ in 0..20 {
            let middle = f64::midpoint(low, high);
            if self.completions(lane, middle, now) < ends { low = middle } else { high = middle }
        }
        high.max(1e-3)
    }

    fn busy_in(&self, lane: usize) -> f64 {
        let lane = &self.lanes[lane];
        lane.on_duty.saturating_sub(lane.ready.len()) as f64
    }

    /// Expected number of operators of a lane who become free within so many seconds, those who do twice counted twice.
    fn completions(&self, lane: usize, seconds: f64, now: Instant) -> f64 {
        let handling = self.estimates.handling_s();
        let index = lane;
        let lane = &self.lanes[index];
        let variation = self.estimates.handling_variation();
        if lane.on_duty > ELAPSED_MAX || variation >= REGULAR {
            return self.busy_in(index) * seconds / handling;
        }
        // Weibull: shape from the variation, scale from the mean.
        let shape = variation.max(VARIATION_MIN).powf(-1.086);
        let scale = handling / gamma(1.0 + 1.0 / shape);
        let at_work = self.operators.values().filter(|operator| lane.could_be_served_by(&operator.settings));
        at_work
            .map(|operator| {
                let since = match &operator.work {
                    Work::Talking { offer } | Work::Offered { offer, .. } | Work::Releasing { offer } => {
                        self.offers.get(offer).map_or(now, |offer| offer.offered_at)
                    }
                    // He will be ready at a known moment, and take his next call.
                    Work::WrapUp { until, .. } => {
                        let after = seconds - until.since(now).as_secs_f64();
                        return if after < 0.0 { 0.0 } else { 1.0 + after / handling };
                    }
                    Work::Free => return 0.0,
                };
                let elapsed = now.since(since).as_secs_f64();
                let done = (elapsed / scale).powf(shape);
                let ended = |t: f64| 1.0 - (done - ((elapsed + t) / scale).powf(shape)).exp();
                // After the first end the next call, at the mean rate.
                let slice = seconds / SLICES as f64;
                let since_end: f64 = (0..SLICES).map(|n| ended((n as f64 + 0.5) * slice) * slice).sum();
                ended(seconds) + since_end / handling
            })
            .sum()
    }
}

/// The 10 % and 90 % points of a gamma distribution (Wilson and Hilferty, 1931).
fn gamma_range(mean: f64, variance: f64) -> WaitRange {
    let shape = (mean * mean / variance.max(1e-9)).max(0.05);
    let ninth = 1.0 / (9.0 * shape);
    let point = |z: f64| mean * (1.0 - ninth + z * ninth.sqrt()).max(0.0).powi(3);
    let wait = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST);
    WaitRange { low: wait(point(-Z90)), mean: wait(mean), high: wait(point(Z90)) }
}

/// Γ(x) for x in 1…2 (Abramowitz and Stegun 6.1.35, error below 5·10⁻⁵).
fn gamma(x: f64) -> f64 {
    let y = x - 1.0;
    let terms = [-0.101_067_8, 0.424_554_9, -0.699_858_8, 0.951_236_3, -0.574_864_6, 1.0];
    terms.iter().fold(0.0, |sum, term| sum * y + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_between_one_and_two() {
        for (x, want) in [(1.0, 1.0), (1.5, 0.886_227), (1.25, 0.906_403), (1.9, 0.961_766)] {
            assert!((gamma(x) - want).abs() < 2e-4, "{x}: {} for {want}", gamma(x));
        }
    }

    #[test]
    fn the_range_is_that_of_a_gamma_distribution() {
        // Erlang of 4 with mean 4: 10 % below 1.745, 90 % below 6.681.
        let range = gamma_range(4.0, 4.0);
        assert!((range.low.as_secs_f64() - 1.745).abs() < 0.02, "{range:?}");
        assert!((range.high.as_secs_f64() - 6.681).abs() < 0.02, "{range:?}");
    }
}
