//! Standing orders: what supervisors have closed, what callers are told, whom the door turns away, which arm of a `split`
//! takes nobody. Each has a reason, the name of the one who gave it, and an end; they outlive a restart.
use crate::flow::Arm;
use crate::ids::{FlowName, FlowSetHash, PromptName, QueueName};
use crate::machine::Wall;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub what: Ordered,
    /// It ends there by itself; `None`: when somebody takes it back.
    pub until: Option<Wall>,
    pub reason: String,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordered {
    /// Nobody waits in this queue: its step takes the exit `closed`.
    Closed { queue: QueueName },
    /// Heard before a line's first step, and by those who wait when it is ordered.
    Announcement { say: Vec<PromptName> },
    /// Rule Q14, before those of config.yaml.
    CallerRule {
        /// A number, or a prefix ending in `*`.
        number: String,
        action: RuleAction,
    },
    /// This arm of a `split` takes nobody, as long as its flow's file stays as it is.
    Withdrawn { arm: Arm, version: FlowSetHash },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    Reject,
    /// Never more than the standard class.
    Standard,
    /// Another flow than the line's.
    Flow(FlowName),
}

impl Ordered {
    /// One order of a kind for a thing: a later one takes its place.
    pub fn key(&self) -> String {
        match self {
            Ordered::Closed { queue } => closed_key(queue),
            Ordered::Announcement { .. } => ANNOUNCEMENT.to_string(),
            Ordered::CallerRule { number, .. } => rule_key(number),
            Ordered::Withdrawn { arm, .. } => arm_key(arm),
        }
    }
}

pub const ANNOUNCEMENT: &str = "announcement";

pub fn closed_key(queue: &QueueName) -> String {
    format!("closed:{queue}")
}

pub fn rule_key(number: &str) -> String {
    format!("rule:{number}")
}

pub fn arm_key(arm: &Arm) -> String {
    format!("arm:{arm}")
}
