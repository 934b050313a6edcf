//! What goes into and comes out of the Switchboard.
use super::adopted::Adopted;
use crate::call::{Answer, Ask, Happened, Keep};
use crate::class::Class;
use crate::flow::Method;
use crate::ids::{CallId, OperatorId, RequestId, ShardId};
use crate::media::{LegCommand, LegEvent};
use crate::number::Number;
use crate::queue::{Alert, Choice};
use crate::sip;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a person asked for, by the API, the command line or a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admin {
    SetOperator {
        operator: OperatorId,
        choice: Choice,
    },
    EndWrapUp {
        operator: OperatorId,
    },
    HangUp {
        call: CallId,
    },
    /// The class of a subscriber changed: calls of that number are raised or lowered at once.
    SetClass {
        number: Number,
        class: Class,
    },
    /// New calls begin with these flows; running calls keep theirs.
    Adopt {
        flows: Adopted,
    },
    /// New calls are refused from now on; the process ends when the last call has.
    Drain,
    /// The same, and those on the line are ended.
    Stop,
}

/// What an `Admin` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    NoSuchCall,
    NoSuchOperator,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Sip(sip::Event),
    Leg(LegEvent),
    Store(Answer),
    HttpReply {
        request: RequestId,
        status: u16,
        body: serde_json::Value,
    },
    HttpFailed {
        request: RequestId,
    },
    Admin {
        request: RequestId,
        what: Admin,
    },
    /// A deadline has passed. An input like any other, so that the journal holds the time at which it was noticed.
    Tick,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Sip(sip::Command),
    Leg {
        shard: ShardId,
        command: LegCommand,
    },
    Ask(Ask),
    Keep(Keep),
    Http {
        request: RequestId,
        method: Method,
        url: String,
        headers: BTreeMap<String, String>,
        body: Option<String>,
        timeout: Duration,
        retries: u8,
    },
    Notify {
        to: String,
        body: String,
    },
    AdminDone {
        request: RequestId,
        outcome: Outcome,
    },
    Alert(Alert),
    /// For the metrics and the log.
    Happened(Happened),
}
