//! The people of a simulated day: when callers come, what they want, how long they wait and talk; when operators pick
//! up, let the phone ring and take breaks.
//!
//! Everything about a caller is drawn from the callers' own dice in the order of their coming, and so does not depend on
//! what the dispatcher does with them: two runs with the same seed differ in nothing but the rule that is compared.
use super::dice::Dice;
use crate::class::Class;
use crate::machine::Instant;
use serde::Serialize;
use std::time::Duration;

/// An operator who is called and does not pick up comes back by himself after this time, should he have been paused.
pub const BACK_AFTER: Duration = Duration::from_secs(60);
/// Coefficient of variation of a lognormal handling time: what call centres report.
const LOGNORMAL_VARIATION: f64 = 0.8;
/// Between hanging up and calling again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(110));
const HOUR: Duration = Duration::from_secs(3600);
/// Share of ordinary callers who ask for the terminals' queue; the rest asks for the wallet's.
const TERMINALS_SHARE: f64 = 0.4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    Exponential,
    Lognormal,
}

/// Load by hour of the day, as a share of the busiest hour's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Profile(pub Vec<f64>);

impl Profile {
    pub fn flat() -> Profile {
        Profile(vec![1.0])
    }

    /// A round-the-clock hotline: quiet nights, a peak before noon and a lower one in the evening.
    pub fn day() -> Profile {
        Profile(vec![
            0.18, 0.12, 0.09, 0.08, 0.09, 0.14, 0.24, 0.42, 0.66, 0.86, 0.97, 1.00, 0.95, 0.92, 0.94, 0.93,
            0.88, 0.84, 0.82, 0.80, 0.72, 0.58, 0.42, 0.28,
        ])
    }

    fn at(&self, since_midnight: Duration) -> f64 {
        let hour = since_midnight.as_secs() / HOUR.as_secs();
        self.0.get(usize::try_from(hour).unwrap_or(0) % self.0.len().max(1)).copied().unwrap_or(1.0)
    }

    pub fn is_flat(&self) -> bool {
        self.0.windows(2).all(|pair| pair[0] == pair[1])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Breaks {
    pub every: Duration,
    pub last: Duration,
}

/// What a run is given. Shares are between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub seed: u64,
    pub operators: u32,
    /// First calls per second × (handling + mean pick-up) ÷ operators.
    pub load: f64,
    pub profile: Profile,
    pub length: Duration,
    /// At the beginning, before anything is counted.
    pub warm_up: Duration,
    pub priority_share: f64,
    pub security_share: f64,
    /// Mean of talk and wrap-up together.
    pub handling: Duration,
    pub shape: Shape,
    /// Of `handling`; always this long.
    pub wrap_up: Duration,
    pub pick_up: (Duration, Duration),
    /// Share of the rings that nobody answers.
    pub no_answer: f64,
    /// Mean time until a waiting caller hangs up; `None`: nobody does.
    pub patience: Option<Duration>,
    /// Share of those who hung up who call again.
    pub redial: f64,
    pub breaks: Option<Breaks>,
    /// Most operators held back for Priority; `None`: the pool's own setting.
    pub reserve: Option<u32>,
}

impl Default for Plan {
    /// The situation that docs/capacity.md and the queue rules quote.
    fn default() -> Self {
        Plan {
            seed: 1,
            operators: 20,
            load: 0.95,
            profile: Profile::flat(),
            length: 24 * HOUR,
            warm_up: HOUR / 2,
            priority_share: 0.10,
            security_share: 0.05,
            handling: Duration::from_secs(240),
            shape: Shape::Exponential,
            wrap_up: Duration::from_secs(30),
            pick_up: (Duration::from_secs(2), Duration::from_secs(6)),
            no_answer: 0.05,
            patience: Some(Duration::from_secs(300)),
            redial: 0.0,
            breaks: None,
            reserve: None,
        }
    }
}

impl Plan {
    /// What a call costs an operator who picks up: mean pick-up, talk and wrap-up.
    pub fn busy(&self) -> Duration {
        self.handling + (self.pick_up.0 + self.pick_up.1) / 2
    }

    /// First calls per second in the busiest hour.
    pub fn arrivals_per_s(&self) -> f64 {
        self.load * f64::from(self.operators) / self.busy().as_secs_f64()
    }

    /// Mean of the talk alone.
    pub fn talk(&self) -> Duration {
        self.handling.saturating_sub(self.wrap_up)
    }

    pub fn starts_at(&self) -> Instant {
        // Zero is "the beginning" to the machines; a running process is always past it.
        Instant::from_nanos(1)
    }

    pub fn counts_from(&self) -> Instant {
        self.starts_at() + self.warm_up
    }

    pub fn ends_at(&self) -> Instant {
        self.counts_from() + self.length
    }

    /// How many first calls are to be expected, the warm-up included.
    pub fn calls_expected(&self) -> f64 {
        let mut expected = 0.0;
        let mut at = Duration::ZERO;
        while at < self.warm_up + self.length {
            let step = Duration::from_secs(60).min(self.warm_up + self.length - at);
            expected += self.arrivals_per_s() * self.profile.at(self.since_midnight(at)) * step.as_secs_f64();
            at += step;
        }
        expected
    }

    /// The warm-up belongs to the first hour.
    fn since_midnight(&self, since_start: Duration) -> Duration {
        since_start.saturating_sub(self.warm_up)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    pub number: String,
    pub class: Class,
    pub queue: &'static str,
    /// Keys from the main menu of the shipped line to that queue.
    pub keys: &'static str,
    /// From the answer to the first key.
    pub listens: Duration,
    /// From taking the seat to hanging up; `None`: waits for ever.
    pub patience: Option<Duration>,
    pub talk: Duration,
    /// Hangs up and calls again after this time.
    pub calls_again: Option<Duration>,
}

/// Everybody who calls, one after the other.
#[derive(Clone, Debug)]
pub struct Callers {
    plan: Plan,
    dice: Dice,
    /// For redials, which depend on what the dispatcher did.
    again: Dice,
    at: Instant,
    count: u64,
}

impl Callers {
    pub fn new(plan: &Plan) -> Callers {
        Callers {
            plan: plan.clone(),
            dice: Dice::new(plan.seed ^ 0xca11),
            again: Dice::new(plan.seed ^ 0xa6a1),
            at: plan.starts_at(),
            count: 0,
        }
    }

    /// Somebody who hung up and calls again: himself, with new patience.
    pub fn tries_again(&mut self, caller: &Caller) -> Caller {
        let patience = self.plan.patience.map(|mean| self.again.exponential(mean));
        let calls_again = self.again.chance(self.plan.redial).then(|| self.again.between(AGAIN.0, AGAIN.1));
        Caller { patience, calls_again, ..caller.clone() }
    }

    fn draw(&mut self) -> Caller {
        self.count += 1;
        let number = format!("7916{:07}", self.count % 10_000_000);
        let (plan, dice) = (&self.plan, &mut self.dice);
        let kind = dice.unit();
        let class = if kind < plan.priority_share {
            Class::Priority
        } else if kind < plan.priority_share + plan.security_share {
            Class::Security
        } else {
            Class::Standard
        };
        let (queue, keys) = match (class, dice.chance(TERMINALS_SHARE)) {
            (Class::Security, _) => ("security", "31"),
            (_, true) => ("terminals", "10"),
            (_, false) => ("wallet", "20"),
        };
        let talk = match plan.shape {
            Shape::Exponential => dice.exponential(plan.talk()),
            Shape::Lognormal => dice.lognormal(plan.talk(), LOGNORMAL_VARIATION),
        };
        let patience = plan.patience.map(|mean| dice.exponential(mean));
        let listens = dice.between(Duration::from_secs(3), Duration::from_secs(15));
        let again = dice.between(AGAIN.0, AGAIN.1);
        let calls_again = dice.chance(plan.redial).then_some(again);
        Caller { number, class, queue, keys, listens, patience, talk, calls_again }
    }
}

/// The next first call and when, until the day is over.
impl Iterator for Callers {
    type Item = (Instant, Caller);

    fn next(&mut self) -> Option<(Instant, Caller)> {
        let rate = self.plan.arrivals_per_s();
        if rate <= 0.0 {
            return None;
        }
        // Thinning: candidates of the busiest hour, of which the profile keeps some (Lewis and Shedler).
        loop {
            self.at += self.dice.exponential(Duration::from_secs_f64(1.0 / rate));
            if self.at >= self.plan.ends_at() {
                return None;
            }
            let share = self.plan.profile.at(self.plan.since_midnight(self.at.since(self.plan.starts_at())));
            if share >= 1.0 || self.dice.chance(share) {
                break;
            }
        }
        let caller = self.draw();
        Some((self.at, caller))
    }
}

/// What the operators' phones do, ring by ring.
#[derive(Clone, Debug)]
pub struct Hands {
    dice: Dice,
    pick_up: (Duration, Duration),
    no_answer: f64,
}

impl Hands {
    pub fn new(plan: &Plan) -> Hands {
        Hands { dice: Dice::new(plan.seed ^ 0x0b5e), pick_up: plan.pick_up, no_answer: plan.no_answer }
    }

    /// From the first ring to picking up; `None`: it rings on.
    pub fn rung(&mut self) -> Option<Duration> {
        let after = self.dice.between(self.pick_up.0, self.pick_up.1);
        (!self.dice.chance(self.no_answer)).then_some(after)
    }
}

/// Breaks of all operators in the order of time, spread so that they do not all go at once.
pub fn breaks(plan: &Plan) -> Vec<(Instant, Instant, usize)> {
    let Some(Breaks { every, last }) = plan.breaks else { return Vec::new() };
    let mut dice = Dice::new(plan.seed ^ 0xb4ea);
    let mut all = Vec::new();
    for operator in 0..plan.operators as usize {
        let mut at = plan.starts_at() + dice.between(Duration::ZERO, every);
        while at < plan.ends_at() {
            all.push((at, at + last, operator));
            at = at + last + every;
        }
    }
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_come_as_the_load_says_and_in_the_asked_shares() {
        let plan = Plan::default();
        let mut by_class = std::collections::BTreeMap::<Class, f64>::new();
        for (_, caller) in Callers::new(&plan) {
            *by_class.entry(caller.class).or_default() += 1.0;
        }
        let all: f64 = by_class.values().sum();
        assert!((all / plan.calls_expected() - 1.0).abs() < 0.05, "{all}");
        assert!((by_class[&Class::Priority] / all - 0.10).abs() < 0.02);
        assert!((by_class[&Class::Security] / all - 0.05).abs() < 0.02);
    }

    #[test]
    fn the_load_counts_pick_up_talk_and_wrap_up() {
        let plan = Plan::default();
        assert_eq!(plan.busy(), Duration::from_secs(244));
        assert!((plan.arrivals_per_s() - 0.95 * 20.0 / 244.0).abs() < 1e-12);
        assert_eq!(plan.talk(), Duration::from_secs(210));
    }

    #[test]
    fn callers_are_the_same_whatever_else_the_plan_says_about_operators() {
        let plan = Plan::default();
        let other = Plan { no_answer: 0.5, breaks: Some(Breaks { every: HOUR, last: HOUR }), ..plan.clone() };
        let (mut a, mut b) = (Callers::new(&plan), Callers::new(&other));
        for _ in 0..100 {
            assert_eq!(a.next(), b.next());
        }
    }

    #[test]
    fn a_profile_thins_the_night() {
        let plan = Plan { profile: Profile::day(), warm_up: Duration::ZERO, ..Plan::default() };
        let mut by_hour = [0; 24];
        for (at, _) in Callers::new(&plan) {
            by_hour[(at.as_millis() / 3_600_000) as usize] += 1;
        }
        assert!(by_hour[3] * 5 < by_hour[11], "{by_hour:?}");
    }
}
