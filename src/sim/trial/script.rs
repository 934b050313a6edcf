//! A flow test as it is written: who calls when, what is given, and what is done and expected, each with its place.
use crate::flow::finding::Span;
use crate::flow::yaml::{self, Dur, Scalar, Spanned};
use crate::flow::{Finding, QueueExit};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct Script {
    pub file: PathBuf,
    pub text: String,
    pub name: String,
    pub(super) call: Call,
    pub(super) given: Given,
    pub(super) steps: Vec<(Verb, Span)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptText {
    test: String,
    call: Call,
    #[serde(default)]
    given: Given,
    steps: Vec<Spanned<Verb>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub to: Spanned<String>,
    /// Empty: the number is withheld.
    #[serde(default)]
    pub from: String,
    pub at: Spanned<String>,
}

/// What the world around the call is like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// Rows of the store, each with its columns.
    #[serde(default)]
    pub subscribers: Vec<BTreeMap<String, Scalar>>,
    #[serde(default)]
    pub payments: Vec<BTreeMap<String, Scalar>>,
    #[serde(default)]
    pub agents: Vec<BTreeMap<String, Scalar>>,
    #[serde(default)]
    pub operators: Vec<Person>,
    #[serde(default)]
    pub http: Vec<Service>,
    /// `away`: the store does not answer.
    #[serde(default)]
    pub store: Store,
    /// How long the caller speaks into a recording; without it until he presses a key.
    #[serde(default)]
    pub speaks: Option<Dur>,
    /// An outbound route exists: callbacks and transfers can be made.
    #[serde(default)]
    pub outbound: Option<bool>,
    /// `lines.<flow>.settings` of the installation.
    #[serde(default)]
    pub settings: BTreeMap<String, BTreeMap<String, Scalar>>,
    #[serde(default)]
    pub queues: BTreeMap<String, Limits>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Store {
    #[default]
    Here,
    Away,
}

/// Another limit than the installation's, so that an exit is near.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    #[serde(default)]
    pub max_len: Option<u16>,
    #[serde(default)]
    pub max_wait: Option<Dur>,
    /// How long a queue of people who all have a break goes on.
    #[serde(default)]
    pub all_paused_grace: Option<Dur>,
    /// The queue is not there any more.
    #[serde(default)]
    pub closed: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub id: String,
    pub queues: Vec<Spanned<String>>,
    #[serde(default)]
    pub skills: Vec<String>,
    /// Without it the phone rings until `operator: {does: answer}`.
    #[serde(default)]
    pub answers_after: Option<Dur>,
    /// Hangs up this long after the answer.
    #[serde(default)]
    pub talks: Option<Dur>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    /// The address; `…` at its end stands for any rest.
    #[serde(default)]
    pub get: Option<String>,
    #[serde(default)]
    pub post: Option<String>,
    #[serde(default)]
    pub status: Option<u16>,
    /// The body, as JSON text or as YAML.
    #[serde(default)]
    pub json: Option<yaml::Node>,
    #[serde(default)]
    pub after: Option<Dur>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Does {
    Answer,
    Reject,
    HangUp,
    Pause,
    Ready,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verb {
    /// The step that is active, or becomes it.
    Expect(String),
    /// A prompt's id, or a part of what is heard.
    ExpectSay(String),
    Press(Scalar),
    Wait(Dur),
    Hangup(Nothing),
    ExpectQueue(QueueText),
    ExpectConnected(ConnectedText),
    ExpectExit(QueueExit),
    ExpectTicket(TicketText),
    ExpectMessage(Nothing),
    ExpectHttp(HttpText),
    ExpectNotice(NoticeText),
    ExpectVar(BTreeMap<String, Scalar>),
    ExpectEnd(EndText),
    Operator(OperatorText),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueText {
    pub name: String,
    #[serde(default)]
    pub class: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectedText {
    #[serde(default)]
    pub operator: Option<String>,
    /// Of waiting, ringing included.
    #[serde(default)]
    pub within: Option<Dur>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketText {
    #[serde(default)]
    pub topic: Option<String>,
    #[serde(default)]
    pub fields: BTreeMap<String, Scalar>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpText {
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub body: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeText {
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub body: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndText {
    #[serde(default)]
    pub cause: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorText {
    pub id: String,
    pub does: Does,
}

impl Script {
    pub fn parse(file: &Path, text: &str) -> Result<Script, Vec<Finding>> {
        let read: ScriptText = yaml::parse(file, text)?;
        let steps = read.steps.into_iter().map(|verb| (verb.value, verb.at)).collect();
        Ok(Script {
            file: file.to_path_buf(),
            text: text.to_string(),
            name: read.test,
            call: read.call,
            given: read.given,
            steps,
        })
    }

    pub(super) fn fault(&self, at: Span, message: String, help: &str) -> Finding {
        Finding::error("HF070", &self.file, at, message, help).with_excerpt(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_verb_is_a_finding_at_its_place() {
        let text = "test: t\ncall: {to: \"88007077759\", at: \"2026-11-22T12:00+03:00\"}\nsteps:\n  - expct: main\n  - press: 0\n";
        let findings = Script::parse(Path::new("t.test.yaml"), text).unwrap_err();
        assert_eq!((findings[0].line, findings[0].column), (4, 5), "{}", findings[0]);
        assert!(findings[0].to_string().contains("expect"), "{}", findings[0]);
    }
}
