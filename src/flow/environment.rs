//! What flows may refer to in an installation: the checker's other half of the truth, made by the configuration.
use super::calendar::{self, Calendar};
use crate::clock::Zone;
use crate::ids::{FlowName, PromptName, QueueName, Skill};
use crate::say::Language;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    pub queues: BTreeSet<QueueName>,
    pub skills: BTreeSet<Skill>,
    #[serde(deserialize_with = "calendar::from_images")]
    pub calendars: BTreeMap<String, Calendar>,
    /// `lines.<flow>.settings` of config.yaml, each value as written there.
    pub settings: BTreeMap<FlowName, BTreeMap<String, String>>,
    /// Recorded or written prompts per language; `None`: not known, so not checked.
    #[serde(skip)]
    pub prompts: Option<BTreeMap<Language, BTreeSet<PromptName>>>,
    /// How long prompts are, for the worst way to a person; 3 s where not known.
    #[serde(skip)]
    pub durations: BTreeMap<PromptName, Duration>,
    /// Whether an outbound route exists (`outbound: {trunk, allow}`).
    pub outbound: bool,
    /// The time zone of `now.*`, of dates and of times.
    pub zone: Zone,
    /// For lines that name none.
    pub language: Language,
}

impl Default for Environment {
    fn default() -> Self {
        Environment {
            queues: BTreeSet::new(),
            skills: BTreeSet::new(),
            calendars: BTreeMap::new(),
            settings: BTreeMap::new(),
            prompts: None,
            durations: BTreeMap::new(),
            outbound: false,
            zone: Zone::utc(),
            language: Language::Ru,
        }
    }
}

/// Prompts that the engine says by itself; every installation needs them.
pub mod prompt {
    /// A fault of ours.
    pub const APOLOGY: &str = "apology";
    /// A queue was left by an exit that its step does not set.
    pub const QUEUE_GOODBYE: &str = "queue_goodbye";
    /// An answer takes longer than silence is bearable, and the step has no `filler`.
    pub const PLEASE_WAIT: &str = "please_wait";
    /// «Вы набрали»
    pub const YOU_ENTERED: &str = "you_entered";
    /// «Если верно, нажмите 1, чтобы набрать заново, нажмите 2»
    pub const CONFIRM_KEYS: &str = "confirm_keys";
    /// «Номер набран неверно»
    pub const WRONG_INPUT: &str = "wrong_input";
    /// «Чтобы отправить запись, нажмите 1, чтобы записать заново, нажмите 2»
    pub const RECORD_REVIEW: &str = "record_review";

    /// The place and the wait, where a flow has a `{standing: …}` item.
    pub const YOU_ARE: &str = "you_are";
    pub const IN_THE_QUEUE: &str = "in_the_queue";
    pub const EXPECTED_WAIT: &str = "expected_wait";
    pub const EXPECTED_WAIT_SHORT: &str = "expected_wait_short";
    pub const WAIT_GREW: &str = "wait_grew";
    pub const STANDING: &[&str] = &[YOU_ARE, IN_THE_QUEUE, EXPECTED_WAIT, EXPECTED_WAIT_SHORT, WAIT_GREW];

    /// Where a flow has a `callback` step.
    pub const CALLBACK_ENTER_NUMBER: &str = "callback_enter_number";
    pub const CALLBACK_NUMBER: &str = "callback_number";
    /// What a person hears who is called back.
    pub const CALLBACK_GREETING: &str = "callback_greeting";
    pub const CALLBACK: &[&str] = &[CALLBACK_ENTER_NUMBER, CALLBACK_NUMBER, CALLBACK_GREETING];

    pub const ALL: &[&str] =
        &[APOLOGY, QUEUE_GOODBYE, PLEASE_WAIT, YOU_ENTERED, CONFIRM_KEYS, WRONG_INPUT, RECORD_REVIEW];
}
