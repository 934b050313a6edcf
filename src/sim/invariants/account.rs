//! The figures of Q12, counted anew from what was told and said.
use crate::class::Class;
use crate::ids::QueueName;
use crate::queue::{Exit, Leave, Measures, Tally};
use std::collections::BTreeMap;
use std::time::Duration;

const PROMISE: Duration = Duration::from_millis(10_000);
const AT_ONCE: Duration = Duration::from_millis(3_000);
const SHORT: Duration = Duration::from_millis(5_000);

/// One seat's outcome, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counted {
    offered: i64,
    ended: i64,
    connected: Vec<Duration>,
    /// Of them: those who were called back, who are misses.
    called_back: Vec<Duration>,
    hung_up: Vec<Duration>,
    left: i64,
    moved: i64,
    exits: BTreeMap<Exit, u64>,
    failed_connects: u64,
    silent: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    of: BTreeMap<(QueueName, Class), Counted>,
}

impl Account {
    fn book(&mut self, queue: &QueueName, class: Class) -> &mut Counted {
        self.of.entry((queue.clone(), class)).or_default()
    }

    pub fn opened(&mut self, queue: &QueueName, class: Class) {
        self.book(queue, class).offered += 1;
    }

    pub fn class_changed(&mut self, queue: &QueueName, from: Class, to: Class) {
        self.book(queue, from).offered -= 1;
        self.opened(queue, to);
    }

    pub fn connected(
        &mut self,
        queue: &QueueName,
        class: Class,
        waited: Duration,
        silent: bool,
        by_callback: bool,
    ) {
        let counted = self.book(queue, class);
        counted.ended += 1;
        counted.connected.push(waited);
        counted.called_back.extend(by_callback.then_some(waited));
        counted.silent += u64::from(silent);
    }

    /// An operator answered and it came to nothing.
    pub fn failed(&mut self, queue: &QueueName, class: Class) {
        self.book(queue, class).failed_connects += 1;
    }

    /// And it had been counted as a connection, with an operator who was not heard: the wait goes on.
    pub fn given_back(&mut self, queue: &QueueName, class: Class, waited: Duration, by_callback: bool) {
        let counted = self.book(queue, class);
        if let Some(at) = counted.connected.iter().rposition(|other| *other == waited) {
            counted.ended -= 1;
            counted.silent = counted.silent.saturating_sub(1);
            counted.connected.remove(at);
        }
        let called_back = counted.called_back.iter().rposition(|other| by_callback && *other == waited);
        called_back.map(|at| counted.called_back.remove(at));
    }

    pub fn closed(&mut self, queue: &QueueName, class: Class, why: Leave, waited: Duration) {
        let counted = self.book(queue, class);
        counted.ended += 1;
        match why {
            Leave::HungUp => counted.hung_up.push(waited),
            Leave::ByFlow | Leave::Admin | Leave::NotReached => counted.left += 1,
        }
    }

    pub fn exited(&mut self, queue: &QueueName, class: Class, exit: Exit) {
        let counted = self.book(queue, class);
        counted.ended += 1;
        *counted.exits.entry(exit).or_default() += 1;
    }

    pub fn moved_on(&mut self, queue: &QueueName, class: Class) {
        let counted = self.book(queue, class);
        counted.ended += 1;
        counted.moved += 1;
    }

    /// The first queue and class whose figures are not the dispatcher's.
    pub fn differs(&self, measures: &Measures) -> Option<String> {
        for ((queue, class), counted) in &self.of {
            let tally = measures.of(queue, *class);
            let (expected, got) = (counted.expected(*class), seen(&tally));
            if let Some((name, expected, got)) = expected
                .iter()
                .zip(&got)
                .find(|((_, expected), (_, got))| expected != got)
                .map(|((name, expected), (_, got))| (name, expected, got))
            {
                return Some(format!("{queue} {class}: {name} is {expected} by the trace, {got} measured"));
            }
            if counted.exits != tally.exits {
                return Some(format!(
                    "{queue} {class}: exits {:?}, {:?} measured",
                    counted.exits, tally.exits
                ));
            }
        }
        None
    }
}

impl Counted {
    fn expected(&self, class: Class) -> [(&'static str, i128); 16] {
        let within = |waits: &[Duration], limit| waits.iter().filter(|wait| **wait <= limit).count() as i128;
        let in_person = |limit| within(&self.connected, limit) - within(&self.called_back, limit);
        let hung_up = self.hung_up.len() as i128;
        let in_promise = within(&self.hung_up, PROMISE);
        let at_once = within(&self.hung_up, AT_ONCE);
        [
            ("offered", self.offered.into()),
            ("open", (self.offered - self.ended).into()),
            ("connected", self.connected.len() as i128),
            ("called back", self.called_back.len() as i128),
            ("connected in target", in_person(class.target())),
            ("connected in promise", in_person(PROMISE)),
            ("connected wait", self.connected.iter().map(|wait| wait.as_nanos() as i128).sum()),
            ("hung up at once", at_once),
            ("hung up in promise", in_promise - at_once),
            ("hung up later", hung_up - in_promise),
            ("hung up short", within(&self.hung_up, SHORT)),
            ("hung up in target", within(&self.hung_up, class.target())),
            ("left", self.left.into()),
            ("moved", self.moved.into()),
            ("failed connects", self.failed_connects.into()),
            ("silent operators", self.silent.into()),
        ]
    }
}

fn seen(tally: &Tally) -> [(&'static str, i128); 16] {
    [
        ("offered", tally.offered.into()),
        ("open", tally.open.into()),
        ("connected", tally.connected.into()),
        ("called back", tally.called_back.into()),
        ("connected in target", tally.connected_in_target.into()),
        ("connected in promise", tally.connected_in_promise.into()),
        ("connected wait", tally.connected_wait.as_nanos() as i128),
        ("hung up at once", tally.hung_up_at_once.into()),
        ("hung up in promise", tally.hung_up_in_promise.into()),
        ("hung up later", tally.hung_up_later.into()),
        ("hung up short", tally.hung_up_short.into()),
        ("hung up in target", tally.hung_up_in_target.into()),
        ("left", tally.left.into()),
        ("moved", tally.moved.into()),
        ("failed connects", tally.failed_connects.into()),
        ("silent operators", tally.silent_operators.into()),
    ]
}
