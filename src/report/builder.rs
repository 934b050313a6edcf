//! Putting a report together, day by day, so that a year never stands in memory at once.
use super::operator::Operators;
use super::queue::Queues;
use super::slot::{Slot, slots};
use super::{Kind, Lines, Query, Report, StateChange};
use crate::clock::Zone;
use crate::ids::OperatorId;
use crate::machine::Wall;
use crate::queue::{Attempt, Stay};
use std::collections::BTreeMap;

/// What the store knows of one stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// Of seats opened in it.
    pub stays: Vec<Stay>,
    /// Made in it, or for a seat opened in it.
    pub attempts: Vec<Attempt>,
    /// Changes in it, in order, after the state of each operator at its beginning.
    pub states: Vec<StateChange>,
}

pub struct Builder {
    query: Query,
    zone: Zone,
    now: Wall,
    slots: Vec<Slot>,
    queues: Queues,
    operators: Operators,
}

impl Builder {
    /// `now`: until then an operator's last state lasts, and by then an open seat has waited.
    pub fn new(query: Query, zone: &Zone, now: Wall) -> Builder {
        let slots = slots(Slot { from: query.from, to: query.to }, query.interval, zone);
        Builder {
            query,
            zone: zone.clone(),
            now,
            slots,
            queues: Queues::default(),
            operators: Operators::default(),
        }
    }

    /// Takes in what belongs to `time`; each stretch of the query's time once, in any order.
    pub fn add(&mut self, time: Slot, chunk: &Chunk) {
        match self.query.kind {
            Kind::Daily | Kind::Queue => {
                let counted = chunk.stays.iter().filter(|stay| !stay.test && time.holds(stay.opened_at));
                for stay in counted {
                    if let Some(slot) = slot_of(&self.slots, stay.opened_at) {
                        self.queues.stay(slot, stay, self.now);
                    }
                }
                for attempt in chunk.attempts.iter().filter(|attempt| !attempt.test) {
                    if time.holds(attempt.opened_at)
                        && let Some(slot) = slot_of(&self.slots, attempt.opened_at)
                    {
                        self.queues.attempt(slot, attempt);
                    }
                }
            }
            Kind::Operator => {
                // A test call rings real operators: it is work of theirs, and no caller.
                for attempt in &chunk.attempts {
                    if time.holds(attempt.offered_at)
                        && let Some(slot) = slot_of(&self.slots, attempt.offered_at)
                    {
                        self.operators.attempt(slot, attempt);
                    }
                }
                let until = Slot { from: time.from, to: time.to.min(self.now) };
                self.operators.states(&self.slots, until, &chunk.states);
            }
        }
    }

    /// `names`: what operators are called, for those who are known still.
    pub fn finish(self, names: &BTreeMap<OperatorId, String>) -> Report {
        let lines = match self.query.kind {
            Kind::Daily => Lines::Queues(self.queues.lines(&self.slots, false)),
            Kind::Queue => Lines::Queues(self.queues.lines(&self.slots, true)),
            Kind::Operator => Lines::Operators(self.operators.lines(&self.slots, names)),
        };
        Report { query: self.query, zone: self.zone, lines }
    }
}

/// Slots are in order and do not overlap.
fn slot_of(slots: &[Slot], at: Wall) -> Option<usize> {
    let after = slots.partition_point(|slot| slot.from <= at);
    let index = after.checked_sub(1)?;
    slots[index].holds(at).then_some(index)
}
