//! Caller rules (queue rules, Q14): whom the door refuses or leads elsewhere, and how much one source or one number may
//! have of us.
pub use crate::call::order::RuleAction;
use crate::ids::CallId;
use crate::machine::{Instant, Wall};
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// Numbers that called within the last hour. Beyond it the one that has been silent longest is forgotten: an hour of 27
/// callers a second.
const NUMBERS_MAX: usize = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerRule {
    /// A number, or a prefix ending in `*`.
    pub number: String,
    pub action: RuleAction,
    /// The rule ends there.
    pub until: Option<Wall>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerLimits {
    /// At once, from one address that is no trunk of ours.
    pub calls_per_source: u32,
    pub calls_per_hour: u32,
    pub recordings_per_hour: u32,
    /// Whether they hold for the local test sources too.
    pub test_sources: bool,
}

impl Default for CallerLimits {
    fn default() -> Self {
        CallerLimits { calls_per_source: 10, calls_per_hour: 20, recordings_per_hour: 3, test_sources: false }
    }
}

/// The first rule that fits; those that have ended fit nobody.
pub(super) fn rule_for<'r>(rules: &'r [CallerRule], caller: &Number, now: Wall) -> Option<&'r RuleAction> {
    let holds =
        |rule: &&CallerRule| rule.until.is_none_or(|until| now < until) && caller.matches(&rule.number);
    rules.iter().find(holds).map(|rule| &rule.action)
}

/// What numbers and sources have had of us.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Habits {
    numbers: BTreeMap<Number, Habit>,
    sources: BTreeMap<IpAddr, u32>,
    source_of: BTreeMap<CallId, IpAddr>,
    /// Who was asked by a `survey`, and when last.
    #[serde(default)]
    surveyed: BTreeMap<Number, Wall>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Habit {
    calls: VecDeque<Instant>,
    recordings: VecDeque<Instant>,
}

impl Habit {
    fn forget(&mut self, now: Instant) {
        for times in [&mut self.calls, &mut self.recordings] {
            while times.front().is_some_and(|at| now.since(*at) >= HOUR) {
                times.pop_front();
            }
        }
    }

    fn last(&self) -> Option<Instant> {
        self.calls.back().max(self.recordings.back()).copied()
    }
}

impl Habits {
    pub fn calls_at_once(&self, source: IpAddr) -> u32 {
        self.sources.get(&source).copied().unwrap_or(0)
    }

    pub fn began(&mut self, call: CallId, source: IpAddr) {
        *self.sources.entry(source).or_default() += 1;
        self.source_of.insert(call, source);
    }

    pub fn ended(&mut self, call: CallId) {
        let Some(source) = self.source_of.remove(&call) else { return };
        if let Some(count) = self.sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&source);
            }
        }
    }

    /// Counts a call of this number, unless it has had `most` within the last hour.
    pub fn may_call(&mut self, number: &Number, most: u32, now: Instant) -> bool {
        let calls = &mut self.habit(number, now).calls;
        let may = calls.len() < most as usize;
        if may {
            calls.push_back(now);
        }
        may
    }

    pub fn may_record(&mut self, number: &Number, most: u32, now: Instant) -> bool {
        self.habit(number, now).recordings.len() < most as usize
    }

    /// A message of this number was kept.
    pub fn recorded(&mut self, number: &Number, now: Instant) {
        self.habit(number, now).recordings.push_back(now);
    }

    pub fn surveyed(&self, number: &Number) -> Option<Wall> {
        self.surveyed.get(number).copied()
    }

    /// Beyond the limit, whoever was asked longest ago may be asked again.
    pub fn was_surveyed(&mut self, number: Number, at: Wall) {
        if self.surveyed.len() >= NUMBERS_MAX && !self.surveyed.contains_key(&number) {
            let oldest = self.surveyed.iter().min_by_key(|(_, at)| **at).map(|(number, _)| number.clone());
            oldest.map(|number| self.surveyed.remove(&number));
        }
        self.surveyed.insert(number, at);
    }

    fn habit(&mut self, number: &Number, now: Instant) -> &mut Habit {
        if self.numbers.len() >= NUMBERS_MAX && !self.numbers.contains_key(number) {
            self.numbers.retain(|_, habit| habit.last().is_some_and(|at| now.since(at) < HOUR));
            if self.numbers.len() >= NUMBERS_MAX {
                let silent = self.numbers.iter().min_by_key(|(_, habit)| habit.last());
                let silent = silent.map(|(number, _)| number.clone());
                silent.map(|number| self.numbers.remove(&number));
            }
        }
        let habit = self.numbers.entry(number.clone()).or_default();
        habit.forget(now);
        habit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn the_first_rule_that_fits_holds_until_its_date() {
        let rule = |number: &str, action, until| CallerRule { number: number.into(), action, until };
        let rules = [
            rule("74951112233", RuleAction::Standard, None),
            rule("7495*", RuleAction::Reject, Some(Wall(1_000))),
            rule("7495*", RuleAction::Flow("news".into()), None),
        ];
        let of = |text, at| rule_for(&rules, &number(text), Wall(at));
        assert_eq!(of("84951112233", 0), Some(&RuleAction::Standard));
        assert_eq!(of("84959999999", 999), Some(&RuleAction::Reject));
        assert_eq!(of("84959999999", 1_000), Some(&RuleAction::Flow("news".into())));
        assert_eq!(of("89161112233", 0), None);
    }

    #[test]
    fn an_hour_is_counted_from_each_call() {
        let (mut habits, caller) = (Habits::default(), number("79160000001"));
        let at = |s: u64| Instant::ZERO + Duration::from_secs(s);
        assert!(habits.may_call(&caller, 2, at(0)) && habits.may_call(&caller, 2, at(1000)));
        assert!(!habits.may_call(&caller, 2, at(3599)), "a refused call is none");
        assert!(habits.may_call(&number("79160000002"), 2, at(3599)));
        assert!(habits.may_call(&caller, 2, at(3600)));
        assert!(!habits.may_call(&caller, 2, at(4599)));
        habits.recorded(&caller, at(0));
        assert!(!habits.may_record(&caller, 1, at(10)) && habits.may_record(&caller, 1, at(3600)));
    }

    #[test]
    fn calls_at_once_are_counted_by_source() {
        let (mut habits, source) = (Habits::default(), IpAddr::from([10, 0, 0, 7]));
        habits.began(CallId(1), source);
        habits.began(CallId(2), source);
        assert_eq!(habits.calls_at_once(source), 2);
        habits.ended(CallId(1));
        habits.ended(CallId(1));
        habits.ended(CallId(9));
        assert_eq!(habits.calls_at_once(source), 1);
        habits.ended(CallId(2));
        assert!(habits.sources.is_empty() && habits.source_of.is_empty());
    }
}
