//! What people see: queues, calls and operators at one moment. The pages, the API and the metrics read this and nothing
//! else, so that their figures agree.
pub use crate::call::CallView;
use crate::class::Class;
use crate::ids::{CallId, FlowName, OfferId, OperatorId, PromptName, SeatId, StepName};
use crate::machine::Now;
use crate::queue::{Choice, Dispatcher, OperatorState, OperatorStatus, QueueStatus, Tally};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// Grows by one with every change; the live page asks "anything after N?".
    pub version: u64,
    pub draining: bool,
    /// No new recording begins (`recording.min_free`).
    pub disk_nearly_full: bool,
    /// What callers are told before anything else.
    pub announcement: Option<AnnouncementView>,
    pub alerts: Vec<AlertView>,
    /// Those that are over, newest first; only for who asks.
    #[serde(skip)]
    pub alerts_recent: Vec<AlertView>,
    /// Arms of `split`s and what came of them; only for who asks.
    #[serde(skip)]
    pub arms: Vec<ArmView>,
    pub queues: Vec<QueueView>,
    pub calls: Vec<CallView>,
    pub operators: Vec<OperatorView>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueView {
    pub name: String,
    pub pool: String,
    pub waiting: BTreeMap<Class, usize>,
    pub longest_wait_s: f64,
    /// `null` while nothing was offered.
    pub p10: Option<f64>,
    pub service_level: Option<f64>,
    pub expected_wait_s: Option<f64>,
    pub reserve: u32,
    /// Operators who are missing to keep the promise to Priority; 0: it is kept.
    pub missing: u32,
    /// What the reserve adds to everybody else's mean wait.
    pub reserve_cost_s: f64,
    pub operators: QueueOperators,
    /// Since the start; test calls are not among them.
    pub counts: QueueCounts,
    /// By a supervisor's order.
    pub closed: Option<ClosedView>,
    /// Longest wait by class, in seconds.
    pub longest_by_class_s: BTreeMap<Class, f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClosedView {
    pub until: Option<String>,
    pub reason: String,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnnouncementView {
    pub say: Vec<PromptName>,
    pub until: Option<String>,
    pub reason: String,
    pub by: String,
}

/// One arm of a `split`, since the start or since its flow's file is as it is. Test calls are not among its calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmView {
    pub flow: FlowName,
    pub step: StepName,
    pub arm: String,
    pub calls: u64,
    /// Shares of the calls: hung up in a queue or before they had chosen anything; pressed a wrong key.
    pub gave_up: Option<f64>,
    pub wrong_keys: Option<f64>,
    /// From the split to a person, on the average of those who reached one.
    pub to_person_s: Option<f64>,
    /// It takes nobody.
    pub withdrawn: Option<WithdrawnView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithdrawnView {
    pub reason: String,
    /// `hotline`: by its figures.
    pub by: String,
}

/// Something that those on duty should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// `promise_at_risk`, `nobody_ready`, `flow_reload_failed`, `disk_nearly_full`, `arm_withdrawn`
    pub name: &'static str,
    /// The pool or queue that it is about, if it is about one.
    pub subject: String,
    pub since_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared_at: Option<String>,
    pub text: String,
}

/// Rule Q12, all classes: the same figures as the report's and the metrics'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueCounts {
    pub offered: u64,
    pub answered: u64,
    /// Answered within the class's own target.
    pub within_target: u64,
    /// Answered within the ten seconds of the promise.
    pub within_10s: u64,
    pub abandoned: u64,
    /// Queue exits.
    pub exited: u64,
    /// By a key, an administrator.
    pub left: u64,
    /// To another queue.
    pub moved: u64,
}

impl From<&Tally> for QueueCounts {
    fn from(tally: &Tally) -> QueueCounts {
        QueueCounts {
            offered: tally.offered,
            answered: tally.connected,
            within_target: tally.connected_in_target,
            within_10s: tally.connected_in_promise,
            abandoned: tally.hung_up(),
            exited: tally.exited(),
            left: tally.left,
            moved: tally.moved,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueOperators {
    pub ready: usize,
    pub talking: usize,
    pub paused: usize,
    pub other: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatorView {
    pub id: OperatorId,
    pub name: String,
    pub pool: String,
    pub state: &'static str,
    pub reason: Option<String>,
    pub since_ms: u64,
    /// What is left of a wrap-up; absent in every other state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u64>,
    pub queues: Vec<String>,
    pub call: Option<CallId>,
    /// A choice made during a call, waiting for its end.
    pub next: Option<String>,
}

/// Puts the pools' and the calls' own accounts together.
#[allow(clippy::too_many_arguments)] // one argument per source
pub(super) fn gather(
    version: u64,
    draining: bool,
    pools: &[Dispatcher],
    names: &[&str],
    seats: &BTreeMap<SeatId, CallId>,
    offers: &BTreeMap<OfferId, CallId>,
    calls: Vec<CallView>,
    now: Now,
) -> View {
    let mut view = View { version, draining, calls, ..View::default() };
    for (pool, name) in pools.iter().zip(names) {
        view.queues.extend(pool.queues(now).into_iter().map(|queue| queue_view(queue, name)));
        for operator in pool.operators(now) {
            let call = operator.offer.and_then(|offer| offers.get(&offer));
            let call = call.or_else(|| operator.seat.and_then(|seat| seats.get(&seat))).copied();
            view.operators.push(operator_view(operator, name, call));
        }
    }
    view
}

fn queue_view(queue: QueueStatus, pool: &str) -> QueueView {
    let seconds = |wait: std::time::Duration| wait.as_millis() as f64 / 1000.0;
    let of = |state: &str| queue.operators.get(state).copied().unwrap_or(0);
    let (ready, talking, paused) = (of("ready"), of("talking"), of("paused"));
    let all: usize = queue.operators.values().sum();
    QueueView {
        counts: QueueCounts::from(&queue.tally),
        closed: None,
        name: queue.name.to_string(),
        pool: pool.to_string(),
        longest_wait_s: seconds(queue.longest_wait),
        p10: queue.p10,
        service_level: queue.service_level,
        expected_wait_s: queue.expected_wait.map(seconds),
        reserve: queue.reserve,
        missing: queue.missing,
        reserve_cost_s: seconds(queue.reserve_cost),
        operators: QueueOperators { ready, talking, paused, other: all - ready - talking - paused },
        longest_by_class_s: queue
            .longest_by_class
            .iter()
            .map(|(class, wait)| (*class, seconds(*wait)))
            .collect(),
        waiting: queue.waiting,
    }
}

fn operator_view(operator: OperatorStatus, pool: &str, call: Option<CallId>) -> OperatorView {
    let reason = match &operator.state {
        OperatorState::Paused { reason } => Some(reason.clone()),
        _ => None,
    };
    let next = operator.queued.map(|choice| match choice {
        Choice::Ready => "ready".to_string(),
        Choice::Paused { reason } => reason,
    });
    OperatorView {
        id: operator.id,
        name: operator.name,
        pool: pool.to_string(),
        state: operator.state.as_str(),
        reason,
        since_ms: u64::try_from(operator.since.as_millis()).unwrap_or(u64::MAX),
        left_ms: operator.left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
        queues: operator.queues.iter().map(|queue| queue.to_string()).collect(),
        call,
        next,
    }
}
