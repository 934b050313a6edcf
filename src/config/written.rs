//! config.yaml as it is written, before it is checked as a whole: places are kept where a check needs them, and what is
//! absent stays absent.
use super::sections::{
    CallerLimitsSection, FeatureCodesSection, FlowsSection, MediaSection, MetricsSection, PoolSection,
    PromptsSection, RecordingSection, RetentionSection, RuleAction, SipSection, SmtpTls, WebSection,
};
use super::values::{Network, Peer, Secret, ZoneName};
use crate::class::Class;
use crate::flow::yaml::{Dur, Node, Scalar, Spanned};
use crate::ids::{PoolName, QueueName, Skill};
use crate::queue::{SignIn, Strategy};
use crate::say::Language;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything as it is written, before it is checked as a whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    pub sip: Spanned<SipSection>,
    pub media: MediaSection,
    pub web: Spanned<WebSection>,
    pub metrics: MetricsSection,
    pub storage: StorageText,
    pub flows: FlowsSection,
    pub prompts: PromptsSection,
    pub lines: BTreeMap<String, LineText>,
    pub trunks: Vec<TrunkText>,
    pub outbound: OutboundText,
    pub pools: BTreeMap<String, PoolSection>,
    pub queues: BTreeMap<String, QueueText>,
    pub operators: Vec<OperatorText>,
    pub calendars: BTreeMap<String, Node>,
    pub caller_rules: Vec<CallerRuleText>,
    pub caller_limits: CallerLimitsSection,
    pub feature_codes: Spanned<FeatureCodesSection>,
    pub recording: RecordingSection,
    pub retention: RetentionSection,
    pub smtp: Option<SmtpText>,
    pub alerts: AlertsText,
    pub dispositions: Option<Spanned<Vec<String>>>,
    pub language: Option<Language>,
    pub timezone: ZoneName,
}

/// A queue as written: what is absent comes from the rules' defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QueueText {
    pub pool: Option<Spanned<PoolName>>,
    pub class: Option<Spanned<Class>>,
    pub strategy: Option<Strategy>,
    pub ring_timeout: Option<Spanned<Dur>>,
    pub progressive: Option<Spanned<Vec<Dur>>>,
    pub wrap_up: Option<Dur>,
    pub max_wait: Option<Dur>,
    pub max_len: Option<Spanned<u32>>,
    pub max_expected_wait: Option<Dur>,
    pub all_paused_grace: Option<Dur>,
    pub announce_every: Option<Dur>,
    pub credit_within: Option<Dur>,
    pub callback_reach: Option<Dur>,
    pub callback_retries: Option<Vec<Dur>>,
    pub record: Option<bool>,
    pub widen: Option<Vec<WideningText>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WideningText {
    pub after: Dur,
    pub forgo: Vec<Skill>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorText {
    pub id: Spanned<String>,
    #[serde(default)]
    pub name: Option<String>,
    pub queues: Spanned<Vec<Spanned<QueueName>>>,
    #[serde(default)]
    pub skills: Vec<Skill>,
    #[serde(default)]
    pub password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub sign_in: Option<SignIn>,
    #[serde(default)]
    pub rings_within: Option<Dur>,
    #[serde(default)]
    pub auto_answer: bool,
    #[serde(default)]
    pub contact: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StorageText {
    pub url: Option<Spanned<String>>,
    pub url_file: Option<Spanned<PathBuf>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LineText {
    pub settings: BTreeMap<String, Scalar>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrunkText {
    pub name: Spanned<String>,
    #[serde(default)]
    pub peers: Vec<Peer>,
    #[serde(default)]
    pub proxy: Option<String>,
    #[serde(default)]
    pub register: Option<RegisterText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterText {
    pub server: Spanned<String>,
    pub user: String,
    #[serde(default)]
    pub password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub expires: Option<Dur>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OutboundText {
    pub trunk: Option<Spanned<String>>,
    pub allow: Vec<Spanned<String>>,
    pub networks: Vec<Network>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerRuleText {
    pub number: Spanned<String>,
    pub action: RuleAction,
    #[serde(default)]
    pub until: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmtpText {
    pub host: String,
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: SmtpTls,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<Spanned<PathBuf>>,
    pub from: Spanned<String>,
    #[serde(default)]
    pub template: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlertsText {
    pub webhook: Option<Spanned<String>>,
    pub webhook_file: Option<Spanned<PathBuf>>,
    pub email: Option<Spanned<String>>,
}
