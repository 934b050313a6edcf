//! What people see of a pool at one moment: its queues, its operators, and why somebody is, or is not, next.
use super::callback::CallbackStatus;
use super::event::{Choice, OperatorState};
use super::measures::Tally;
use crate::class::Class;
use crate::ids::{OfferId, OperatorId, QueueName, SeatId, Skill};
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueStatus {
    pub name: QueueName,
    /// Seats without an operator's answer yet, those whose phones ring included.
    pub waiting: BTreeMap<Class, usize>,
    pub longest_wait: Duration,
    pub longest_by_class: BTreeMap<Class, Duration>,
    /// Q12, for Priority in this queue since the start; `None` while none was decided.
    pub p10: Option<f64>,
    /// Q12: the share that met its own class's target; `None` while none was decided.
    pub service_level: Option<f64>,
    /// What the next caller of class `standard` may expect; `None` when nobody is on duty.
    pub expected_wait: Option<Duration>,
    /// Q3: operators of the pool held back for Priority.
    pub reserve: u32,
    /// All classes, since the start.
    pub tally: Tally,
    /// Q3: operators who are missing in the pool to keep the promise, by the model; 0: it is kept.
    pub missing: u32,
    /// Q3: what the reserve adds to everybody else's mean wait, by the model.
    pub reserve_cost: Duration,
    /// This queue's operators by [`OperatorState::as_str`].
    pub operators: BTreeMap<&'static str, usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatorStatus {
    pub id: OperatorId,
    pub name: String,
    pub state: OperatorState,
    /// How long he has been in this state.
    pub since: Duration,
    /// What is left of a wrap-up.
    pub left: Option<Duration>,
    pub queues: Vec<QueueName>,
    pub seat: Option<SeatId>,
    pub offer: Option<OfferId>,
    /// A choice made during a call, waiting for its end.
    pub queued: Option<Choice>,
    /// What he chose, or was set to after failures, apart from what a call does: this is what survives a restart.
    pub paused: Option<String>,
    /// Calls connected since the start.
    pub calls: u64,
    /// Q12: (ring + talk + wrap-up) ÷ (signed in − breaks); `None` before he signed in.
    pub occupancy: Option<f64>,
}

/// Where a seat stands, for its caller's ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatOutlook {
    /// In its queue, from 1.
    pub position: u32,
    /// `None` when nothing is known to reckon with.
    pub expected_wait: Option<Duration>,
}

/// A seat at one moment, for whoever keeps it beyond the process.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatStatus {
    /// The verified number.
    pub caller: Option<Number>,
    pub queue: QueueName,
    pub class: Class,
    /// In the order of Q1: its wait and its credit, without the time in which it was talking.
    pub age: Duration,
    /// The promise clock; the rest of the age is credit.
    pub waited: Duration,
    pub skills: BTreeSet<Skill>,
    /// Queues that it has been in, this one included.
    pub stays: u32,
    pub test: bool,
    /// It has had its outcome in the total.
    pub is_counted: bool,
    /// It is with an operator for so long.
    pub talking_for: Option<Duration>,
    pub callback: Option<CallbackStatus>,
}

/// By which rule a seat was next (see `ranking`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Q2: its start was due.
    Due,
    /// Its connection had failed: the head of the queue.
    Returned,
    /// Q1 (1).
    Priority,
    /// Q5: another phone for it.
    PriorityAgain,
    /// Q1 (2): by age and boost.
    Order,
    /// Q5: another phone for it.
    OrderAgain,
}

impl Rule {
    pub const COUNT: usize = 6;
    pub const ALL: [Rule; Rule::COUNT] =
        [Rule::Due, Rule::Returned, Rule::Priority, Rule::PriorityAgain, Rule::Order, Rule::OrderAgain];

    /// The seat had no phone before.
    pub fn is_first(self) -> bool {
        !matches!(self, Rule::PriorityAgain | Rule::OrderAgain)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Due => "due",
            Rule::Returned => "returned",
            Rule::Priority => "priority",
            Rule::PriorityAgain => "priority_again",
            Rule::Order => "order",
            Rule::OrderAgain => "order_again",
        }
    }

    /// As a reason.
    pub fn words(self) -> &'static str {
        match self {
            Rule::Due => "the turn was due after waiting far too long",
            Rule::Returned => "back at the head after a failed connection",
            Rule::Priority => "the first of Priority",
            Rule::PriorityAgain => "another phone for a Priority caller",
            Rule::Order => "the first by age and boost",
            Rule::OrderAgain => "another phone for the same caller",
        }
    }

    /// As those who were chosen by it.
    pub fn short(self) -> &'static str {
        match self {
            Rule::Due => "due",
            Rule::Returned => "returned",
            Rule::Priority | Rule::PriorityAgain => "Priority",
            Rule::Order | Rule::OrderAgain => "by age and boost",
        }
    }
}

/// One line of the answer to "why he?".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub operator: OperatorId,
    /// From 1; `None`: not a candidate.
    pub rank: Option<usize>,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// He spoke with this caller within 24 hours.
    SpokeLast,
    /// Ready since then: `longest_idle`, `ring_all`, `progressive`.
    Idle {
        idle: Duration,
    },
    /// His last turn, counted in offers of the pool; 0: never yet.
    LastTurn {
        turn: u64,
    },
    Calls {
        calls: u64,
    },
    Talked {
        talked: Duration,
    },
    /// `random`: every candidate of the tier is as likely.
    Drawn,
    /// `linear`: his place among the pool's operators.
    Position {
        position: u64,
    },
    /// Let phones ring until others answered: last in his tier.
    Slow,
    /// A candidate only because the queue's timeline has widened the skills to this tier.
    Tier {
        tier: usize,
    },
    /// Not a candidate: he does not serve the seat's queue.
    OtherQueue,
    /// Not a candidate: he lacks these skills.
    LacksSkills {
        skills: BTreeSet<Skill>,
    },
    /// Not a candidate: his state.
    Not {
        state: OperatorState,
    },
    /// Not a candidate: his phone already rings for this seat.
    RingsAlready,
}
