//! What an installation decides about its pools, queues and operators (config.yaml), with the rules' defaults.
use crate::class::Class;
use crate::ids::{OperatorId, PoolName, QueueName, Skill};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Rule Q4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    #[default]
    LongestIdle,
    RingAll,
    Progressive,
    RoundRobin,
    FewestCalls,
    LeastTalk,
    Random,
    Linear,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// REGISTER is ready, expiry is offline.
    #[default]
    OnRegister,
    Manual,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// `security` and `agent_line` belong to the queue; `None`: the caller's own class.
    pub class: Option<Class>,
    pub strategy: Strategy,
    pub ring_timeout: Duration,
    /// When the second and third phone are added for a Priority seat.
    pub progressive: Vec<Duration>,
    pub wrap_up: Duration,
    pub max_wait: Duration,
    pub max_len: usize,
    /// Rule Q11, `ewt_over`: nobody joins who would have to wait longer than this, Priority excepted. `None`: no limit.
    pub max_expected_wait: Option<Duration>,
    pub all_paused_grace: Duration,
    pub announce_every: Duration,
    /// Rule Q10: who hung up and is back within this time has his age again.
    pub credit_within: Duration,
    /// Rule Q9: the usual time to reach a person by telephone.
    pub callback_reach: Duration,
    /// Rule Q9: after how long each further try is made to reach a person who was not there.
    pub callback_retries: Vec<Duration>,
    pub record: bool,
    /// Rule Q4: the queue's timeline of skills, in the order of `after`. Empty: skills are needed to the end.
    pub widen: Vec<Widening>,
}

/// One point of a queue's timeline: from `after` of waiting on, a seat is content without these skills, and without
/// those of the points before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widening {
    pub after: Duration,
    pub forgo: BTreeSet<Skill>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        QueueSettings {
            class: None,
            strategy: Strategy::LongestIdle,
            ring_timeout: Duration::from_secs(15),
            progressive: vec![Duration::from_secs(4), Duration::from_secs(6)],
            wrap_up: Duration::from_secs(30),
            max_wait: Duration::from_secs(900),
            max_len: 200,
            max_expected_wait: None,
            all_paused_grace: Duration::from_secs(60),
            announce_every: Duration::from_secs(60),
            credit_within: Duration::from_secs(120),
            callback_reach: Duration::from_secs(20),
            callback_retries: vec![Duration::from_secs(300), Duration::from_secs(900)],
            record: false,
            widen: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorSettings {
    pub name: String,
    /// In the order of preference; all in one pool.
    pub queues: Vec<QueueName>,
    pub skills: BTreeSet<Skill>,
    pub sign_in: SignIn,
    /// No provisional answer above 100 and no final one within this time: unreachable.
    pub rings_within: Duration,
    pub auto_answer: bool,
    /// `sip:102@10.0.0.12:5060`: a phone that does not register; ready at start.
    pub contact: Option<String>,
}

impl Default for OperatorSettings {
    fn default() -> Self {
        OperatorSettings {
            name: String::new(),
            queues: Vec::new(),
            skills: BTreeSet::new(),
            sign_in: SignIn::OnRegister,
            rings_within: Duration::from_millis(1500),
            auto_answer: false,
            contact: None,
        }
    }
}

/// Everything about one pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolSettings {
    pub name: PoolName,
    /// Rule Q1: the share of service starts over which Priority loses its place in rule (1).
    pub max_share: f64,
    /// Rule Q2.
    pub starvation_limit: Duration,
    /// Rule Q3: the most operators that are held back; `None`: 15 % of those on duty, rounded up.
    pub reserve_max: Option<u32>,
    pub queues: BTreeMap<QueueName, QueueSettings>,
    pub operators: BTreeMap<OperatorId, OperatorSettings>,
}

impl Default for PoolSettings {
    fn default() -> Self {
        PoolSettings {
            name: PoolName::from("main"),
            max_share: 0.5,
            starvation_limit: Duration::from_secs(600),
            reserve_max: None,
            queues: BTreeMap::new(),
            operators: BTreeMap::new(),
        }
    }
}
