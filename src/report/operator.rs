//! Lines about operators: per interval and operator.
use super::slot::Slot;
use super::{StateChange, ms};
use crate::clock::Zone;
use crate::ids::OperatorId;
use crate::queue::{Attempt, AttemptResult, OperatorState, Spent};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub struct OperatorLine {
    pub slot: Slot,
    /// `None`: all together.
    pub operator: Option<OperatorId>,
    /// Empty for one who is not known any more, and for all together.
    pub name: String,
    pub work: Work,
}

/// What an operator did in a slot. Calls belong to the slot in which his phone was rung, times to the slot they fell into.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    pub results: BTreeMap<AttemptResult, u64>,
    /// Talks that have ended, and how long they took.
    pub talks: u64,
    pub talk: Duration,
    pub hold: Duration,
    pub wrap_up: Duration,
    /// From his states.
    pub spent: Spent,
    pub breaks: BTreeMap<String, Duration>,
}

impl Work {
    pub fn rung(&self) -> u64 {
        self.results.values().sum()
    }

    pub fn of(&self, result: AttemptResult) -> u64 {
        self.results.get(&result).copied().unwrap_or(0)
    }

    /// Rings that he could have taken: no answer, rejected.
    pub fn missed(&self) -> u64 {
        self.of(AttemptResult::NoAnswer) + self.of(AttemptResult::Rejected)
    }

    /// AHT: talk, hold and wrap-up, for each of his talks.
    pub fn average_handling(&self) -> Option<Duration> {
        let talks = u32::try_from(self.talks).ok().filter(|talks| *talks > 0)?;
        Some((self.talk + self.hold + self.wrap_up) / talks)
    }

    fn add(&mut self, other: &Work) {
        for (result, count) in &other.results {
            *self.results.entry(*result).or_default() += count;
        }
        self.talks += other.talks;
        self.talk += other.talk;
        self.hold += other.hold;
        self.wrap_up += other.wrap_up;
        self.spent += other.spent;
        for (reason, time) in &other.breaks {
            *self.breaks.entry(reason.clone()).or_default() += *time;
        }
    }
}

impl OperatorLine {
    pub(super) fn columns(&self, zone: &Zone) -> Vec<(&'static str, Value)> {
        let work = &self.work;
        let of = |result| json!(work.of(result));
        vec![
            ("from", json!(zone.rfc3339(self.slot.from))),
            ("to", json!(zone.rfc3339(self.slot.to))),
            ("operator", json!(self.operator)),
            ("name", json!(self.name)),
            ("rung", json!(work.rung())),
            ("answered", of(AttemptResult::Answered)),
            ("no_answer", of(AttemptResult::NoAnswer)),
            ("rejected", of(AttemptResult::Rejected)),
            ("unreachable", of(AttemptResult::Unreachable)),
            ("elsewhere", of(AttemptResult::Elsewhere)),
            ("caller_gone", of(AttemptResult::CallerGone)),
            ("operator_left", of(AttemptResult::OperatorLeft)),
            ("failed", of(AttemptResult::Failed)),
            ("talks", json!(work.talks)),
            ("aht_ms", json!(work.average_handling().map(ms))),
            ("talk_ms", json!(ms(work.talk))),
            ("hold_ms", json!(ms(work.hold))),
            ("wrap_up_ms", json!(ms(work.wrap_up))),
            ("signed_in_ms", json!(ms(work.spent.signed_in))),
            ("breaks_ms", json!(ms(work.spent.breaks))),
            ("ready_ms", json!(ms(work.spent.ready))),
            ("busy_ms", json!(ms(work.spent.ring + work.spent.talk + work.spent.wrap_up))),
            ("occupancy", json!(work.spent.occupancy())),
        ]
    }

    pub(super) fn json(&self, zone: &Zone) -> Value {
        let mut value: serde_json::Map<String, Value> =
            self.columns(zone).into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        let breaks: BTreeMap<_, _> = self.work.breaks.iter().map(|(why, time)| (why, ms(*time))).collect();
        value.insert("breaks".to_string(), json!(breaks));
        Value::Object(value)
    }
}

#[derive(Debug, Default)]
pub(super) struct Operators {
    cells: BTreeMap<(usize, OperatorId), Work>,
}

impl Operators {
    pub fn attempt(&mut self, slot: usize, attempt: &Attempt) {
        let work = self.cells.entry((slot, attempt.operator.clone())).or_default();
        *work.results.entry(attempt.result).or_default() += 1;
        if attempt.ended_by.is_some() {
            work.talks += 1;
            work.talk += attempt.talk;
            work.hold += attempt.hold;
            work.wrap_up += attempt.wrap_up;
        }
    }

    /// Books the states that were in force within `time`; each lasts until the next of its operator.
    pub fn states(&mut self, slots: &[Slot], time: Slot, changes: &[StateChange]) {
        let mut of_operator: BTreeMap<&OperatorId, Vec<&StateChange>> = BTreeMap::new();
        for change in changes {
            of_operator.entry(&change.operator).or_default().push(change);
        }
        for (operator, changes) in of_operator {
            for (index, change) in changes.iter().enumerate() {
                let until = changes.get(index + 1).map_or(time.to, |next| next.at);
                let span = Slot { from: change.at.max(time.from), to: until.min(time.to) };
                self.span(slots, operator, &change.state, span);
            }
        }
    }

    fn span(&mut self, slots: &[Slot], operator: &OperatorId, state: &OperatorState, span: Slot) {
        if span.from >= span.to || *state == OperatorState::Offline {
            return;
        }
        let first = slots.partition_point(|slot| slot.to <= span.from);
        for (index, slot) in slots.iter().enumerate().skip(first).take_while(|(_, slot)| slot.from < span.to)
        {
            let time = slot.overlap(span);
            let work = self.cells.entry((index, operator.clone())).or_default();
            let before = work.spent.breaks;
            work.spent.book(state, time);
            if let OperatorState::Paused { reason } = state
                && work.spent.breaks > before
            {
                *work.breaks.entry(reason.clone()).or_default() += time;
            }
        }
    }

    /// For each slot: its operators, then all together.
    pub fn lines(mut self, slots: &[Slot], names: &BTreeMap<OperatorId, String>) -> Vec<OperatorLine> {
        let mut lines = Vec::new();
        for (index, slot) in slots.iter().enumerate() {
            let after = self.cells.split_off(&(index + 1, OperatorId::from("")));
            let mut all = Work::default();
            for ((_, operator), work) in std::mem::replace(&mut self.cells, after) {
                all.add(&work);
                let name = names.get(&operator).cloned().unwrap_or_default();
                lines.push(OperatorLine { slot: *slot, operator: Some(operator), name, work });
            }
            lines.push(OperatorLine { slot: *slot, operator: None, name: String::new(), work: all });
        }
        lines
    }
}
