//! Lines about callers: per interval, queue and class.
use super::ms;
use super::slot::Slot;
use crate::class::Class;
use crate::clock::Zone;
use crate::ids::QueueName;
use crate::machine::Wall;
use crate::queue::measures::PROMISE;
use crate::queue::{Attempt, Stay, Tally};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The seats of one queue and class, or of all, that were opened in one slot.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueLine {
    pub slot: Slot,
    /// `None`: all queues, a seat that moved counted once.
    pub queue: Option<QueueName>,
    /// `None`: all classes.
    pub class: Option<Class>,
    pub tally: Tally,
    /// Open seats that may still be connected within 10 s.
    pub undecided_promise: u64,
    /// Open seats that may still be connected within their class's target.
    pub undecided_target: u64,
}

impl QueueLine {
    pub fn p10(&self) -> Option<f64> {
        self.tally.p10(self.undecided_promise)
    }

    pub fn service_level(&self) -> Option<f64> {
        self.tally.service_level(self.undecided_target)
    }

    pub fn service_level_with_abandons(&self) -> Option<f64> {
        self.tally.service_level_with_abandons(self.undecided_target)
    }

    /// Names and values of the plain columns, in order.
    pub(super) fn columns(&self, zone: &Zone) -> Vec<(&'static str, Value)> {
        let tally = &self.tally;
        vec![
            ("from", json!(zone.rfc3339(self.slot.from))),
            ("to", json!(zone.rfc3339(self.slot.to))),
            ("queue", json!(self.queue)),
            ("class", json!(self.class)),
            ("offered", json!(tally.offered)),
            ("open", json!(tally.open)),
            ("connected", json!(tally.connected)),
            ("called_back", json!(tally.called_back)),
            ("connected_within_target", json!(tally.connected_in_target)),
            ("connected_within_10s", json!(tally.connected_in_promise)),
            ("hung_up", json!(tally.hung_up())),
            ("hung_up_0_3s", json!(tally.hung_up_at_once)),
            ("hung_up_3_10s", json!(tally.hung_up_in_promise)),
            ("hung_up_later", json!(tally.hung_up_later)),
            ("hung_up_short", json!(tally.hung_up_short)),
            ("hung_up_within_target", json!(tally.hung_up_in_target)),
            ("left", json!(tally.left)),
            ("exited", json!(tally.exited())),
            ("moved", json!(tally.moved)),
            ("lost", json!(tally.lost)),
            ("failed_connects", json!(tally.failed_connects)),
            ("silent_operators", json!(tally.silent_operators)),
            ("p10", json!(self.p10())),
            ("service_level", json!(self.service_level())),
            ("answered_within_target_of_answered", json!(tally.answered_in_target_of_answered())),
            ("service_level_with_abandons", json!(self.service_level_with_abandons())),
            ("asa_ms", json!(tally.average_speed_of_answer().map(ms))),
            ("wait_max_ms", json!(ms(tally.connected_wait_max))),
            ("talks", json!(tally.talks)),
            ("aht_ms", json!(tally.average_handling().map(ms))),
            ("talk_ms", json!(ms(tally.talk))),
            ("hold_ms", json!(ms(tally.hold))),
            ("wrap_up_ms", json!(ms(tally.wrap_up))),
        ]
    }

    pub(super) fn json(&self, zone: &Zone) -> Value {
        let mut value: serde_json::Map<String, Value> =
            self.columns(zone).into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        let exits: BTreeMap<_, _> = self.tally.exits.iter().map(|(exit, n)| (exit.as_str(), n)).collect();
        value.insert("exits".to_string(), json!(exits));
        Value::Object(value)
    }
}

/// Where a line stands: slot, queue (`None` first: the total), class.
type Key = (usize, Option<QueueName>, Class);

#[derive(Debug, Default)]
pub(super) struct Queues {
    cells: BTreeMap<Key, Cell>,
}

#[derive(Clone, Debug, Default)]
struct Cell {
    tally: Tally,
    undecided_promise: u64,
    undecided_target: u64,
}

impl Cell {
    fn add(&mut self, other: &Cell) {
        self.tally.add(&other.tally);
        self.undecided_promise += other.undecided_promise;
        self.undecided_target += other.undecided_target;
    }
}

impl Queues {
    pub fn stay(&mut self, slot: usize, stay: &Stay, now: Wall) {
        let cells = [Some(stay.queue.clone())].into_iter().chain(stay.in_total.then_some(None));
        for queue in cells {
            let cell = self.cells.entry((slot, queue, stay.class)).or_default();
            cell.tally.count(stay);
            if stay.outcome.is_none() {
                let waited = u64::try_from(now.0 - stay.opened_at.0).unwrap_or(0);
                let waited = Duration::from_millis(waited);
                cell.undecided_promise += u64::from(waited <= PROMISE);
                cell.undecided_target += u64::from(waited <= stay.class.target());
            }
        }
    }

    /// Counts in the seat's queue and class when it ended.
    pub fn attempt(&mut self, slot: usize, attempt: &Attempt) {
        for queue in [Some(attempt.queue.clone()), None] {
            self.cells.entry((slot, queue, attempt.class)).or_default().tally.attempted(attempt);
        }
    }

    /// For each slot: the queues, if wanted, then the total; for each of them the classes, then all together. A line
    /// about nothing is left out, but the total of every slot is there.
    pub fn lines(mut self, slots: &[Slot], by_queue: bool) -> Vec<QueueLine> {
        let mut lines = Vec::new();
        for (index, slot) in slots.iter().enumerate() {
            let after = self.cells.split_off(&(index + 1, None, Class::Priority));
            let mut of_queue: BTreeMap<Option<QueueName>, Vec<(Class, Cell)>> = BTreeMap::new();
            for ((_, queue, class), cell) in std::mem::replace(&mut self.cells, after) {
                of_queue.entry(queue).or_default().push((class, cell));
            }
            let total = of_queue.remove(&None).unwrap_or_default();
            let queues = of_queue.into_iter().filter(|_| by_queue);
            for (queue, classes) in queues.chain([(None, total)]) {
                let mut all = Cell::default();
                for (class, cell) in classes {
                    all.add(&cell);
                    lines.push(line(*slot, queue.clone(), Some(class), cell));
                }
                lines.push(line(*slot, queue, None, all));
            }
        }
        lines
    }
}

fn line(slot: Slot, queue: Option<QueueName>, class: Option<Class>, cell: Cell) -> QueueLine {
    let Cell { tally, undecided_promise, undecided_target } = cell;
    QueueLine { slot, queue, class, tally, undecided_promise, undecided_target }
}
