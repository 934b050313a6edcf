//! The pool's latest decisions, so that "why did this caller wait?" has an answer when the call is long over.
//!
//! A decision is a phone rung for a seat: by which rule the seat was next, who the candidates were and why this one, and what
//! went before the caller since he joined. The counters that grow with every decision are noted when a seat is opened; the
//! difference is what passed it by, however long ago that was.
use super::lane::Ahead;
use super::status::{Reason, Rule};
use crate::class::Class;
use crate::ids::{OfferId, OperatorId, QueueName, SeatId};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The oldest is forgotten first: an hour of a pool of thirty.
const DECISIONS_MAX: usize = 500;
/// Reasons kept with a decision, candidates first; a pool of this size is kept whole.
pub(super) const RANKED_MAX: usize = 16;

/// A phone rung for a seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub at: Instant,
    pub offer: OfferId,
    pub seat: SeatId,
    pub queue: QueueName,
    pub class: Class,
    pub operator: OperatorId,
    /// Why this seat.
    pub rule: Rule,
    pub waited: Duration,
    /// Seats before it in its queue when it joined.
    pub ahead_at_first: Ahead,
    /// Seats that got their first phone between its joining and now, by the rule that chose them. Some had joined before it.
    pub meanwhile: BTreeMap<Rule, u64>,
    /// For so long an operator was ready, and held back for Priority, while somebody waited whom that kept back, and this
    /// seat with him.
    pub withheld: Duration,
    /// Q3 at this moment: operators held back, and those ready, this one included.
    pub reserve: u32,
    pub ready: usize,
    /// Q1: Priority had lost its place in rule (1).
    pub priority_over_share: bool,
    /// Why this operator: the best candidates in their order, then others while there is room.
    pub candidates: usize,
    pub ranked: Vec<Reason>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Decisions {
    kept: VecDeque<Decision>,
    /// First phones since the start, by [`Rule`].
    first: [u64; Rule::COUNT],
    withheld: Duration,
    open: BTreeMap<SeatId, Opened>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Opened {
    first: [u64; Rule::COUNT],
    withheld: Duration,
    ahead: Ahead,
}

impl Decisions {
    pub fn opened(&mut self, seat: SeatId, ahead: Ahead) {
        self.open.insert(seat, Opened { first: self.first, withheld: self.withheld, ahead });
    }

    pub fn closed(&mut self, seat: SeatId) {
        self.open.remove(&seat);
    }

    /// An operator was ready and held back while somebody waited.
    pub fn withheld(&mut self, passed: Duration) {
        self.withheld += passed;
    }

    /// Seats before it when it joined, what went before it since, and for how long an operator was held back.
    pub fn since_opened(&self, seat: SeatId) -> (Ahead, BTreeMap<Rule, u64>, Duration) {
        let opened = self.open.get(&seat).copied().unwrap_or_default();
        let passed = Rule::ALL.iter().zip(self.first.iter().zip(&opened.first));
        let counts = passed.map(|(rule, (now, then))| (*rule, now - then)).filter(|(_, count)| *count > 0);
        (opened.ahead, counts.collect(), self.withheld.saturating_sub(opened.withheld))
    }

    pub fn made(&mut self, decision: Decision) {
        if decision.rule.is_first() {
            self.first[decision.rule as usize] += 1;
        }
        if self.kept.len() >= DECISIONS_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(decision);
    }

    /// The oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(seat: u64, rule: Rule) -> Decision {
        Decision {
            at: Instant::ZERO,
            offer: OfferId(seat),
            seat: SeatId(seat),
            queue: "wallet".into(),
            class: Class::Standard,
            operator: "101".into(),
            rule,
            waited: Duration::ZERO,
            ahead_at_first: Ahead::default(),
            meanwhile: BTreeMap::new(),
            withheld: Duration::ZERO,
            reserve: 0,
            ready: 1,
            priority_over_share: false,
            candidates: 1,
            ranked: Vec::new(),
        }
    }

    #[test]
    fn only_the_latest_are_kept() {
        let mut decisions = Decisions::default();
        for n in 0..600 {
            decisions.made(decision(n, Rule::Order));
        }
        let kept: Vec<u64> = decisions.iter().map(|decision| decision.seat.0).collect();
        assert_eq!((kept.len(), kept[0], kept[499]), (500, 100, 599));
    }

    #[test]
    fn what_passed_a_seat_by_is_counted_from_its_opening() {
        let mut decisions = Decisions::default();
        decisions.made(decision(1, Rule::Order));
        decisions.opened(SeatId(9), Ahead { others: 2, ..Ahead::default() });
        decisions.made(decision(2, Rule::Priority));
        decisions.made(decision(2, Rule::PriorityAgain));
        decisions.made(decision(3, Rule::Order));
        decisions.withheld(Duration::from_secs(4));
        let (ahead, meanwhile, withheld) = decisions.since_opened(SeatId(9));
        assert_eq!(ahead.all(), 2);
        assert_eq!(
            meanwhile,
            BTreeMap::from([(Rule::Priority, 1), (Rule::Order, 1)]),
            "a second phone is no start"
        );
        assert_eq!(withheld, Duration::from_secs(4));
    }
}
