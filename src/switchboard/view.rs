//! What people see: queues, calls and operators at one moment. The pages, the API and the metrics read this and nothing
//! else, so that their figures agree.
pub use crate::call::CallView;
use crate::class::Class;
use crate::ids::{CallId, OperatorId};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// Grows by one with every change; the live page asks "anything after N?".
    pub version: u64,
    pub draining: bool,
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
    pub operators: QueueOperators,
    /// Longest wait by class, in seconds.
    pub longest_by_class_s: BTreeMap<Class, f64>,
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
    pub queues: Vec<String>,
    pub call: Option<CallId>,
    /// A choice made during a call, waiting for its end.
    pub next: Option<String>,
}
