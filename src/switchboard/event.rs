//! What goes into and comes out of the Switchboard.
use super::adopted::Adopted;
use crate::call::order::Order;
use crate::call::{Answer, Ask, Happened, Keep, TransferMode};
use crate::class::Class;
use crate::flow::{Arm, HttpRequest};
use crate::ids::{CallId, OperatorId, QueueName, RequestId, ShardId};
use crate::media::{LegCommand, LegEvent, Supervision};
use crate::number::Number;
use crate::queue::{Alert, Choice};
use crate::sip;
use serde::{Deserialize, Serialize};

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
    /// A caller who waits goes to another queue, with his age.
    Move {
        call: CallId,
        queue: QueueName,
    },
    /// A caller who waits gets another class.
    Raise {
        call: CallId,
        class: Class,
    },
    /// The operator is not on duty until he signs in again.
    SignOut {
        operator: OperatorId,
    },
    /// A standing order; one for the same thing takes its place.
    Order {
        order: Box<Order>,
    },
    /// Takes a standing order back.
    Revoke {
        key: String,
    },
    /// An arm of a `split` takes nobody from now on, or is back.
    SetArm {
        arm: Arm,
        withdrawn: bool,
        reason: String,
        by: String,
    },
    /// New calls begin with these flows; running calls keep theirs.
    Adopt {
        flows: Adopted,
    },
    /// The operator passes his caller on.
    Transfer {
        call: CallId,
        to: Destination,
        mode: TransferMode,
    },
    CompleteTransfer {
        call: CallId,
    },
    /// Back to the caller.
    CancelTransfer {
        call: CallId,
    },
    /// Rings this operator's phone and lets him hear the talk, or changes how he takes part in it.
    Supervise {
        call: CallId,
        phone: OperatorId,
        mode: Supervision,
    },
    EndSupervision {
        call: CallId,
    },
    PauseRecording {
        call: CallId,
        paused: bool,
    },
    /// The operator calls somebody, for a ticket or without.
    CallOut {
        operator: OperatorId,
        to: Number,
        ticket: Option<i64>,
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
    NoSuchQueue,
    NoSuchOrder,
    NoSuchArm,
    /// The operator's phone is in a call, or is not there.
    OperatorBusy,
    /// It is not on the list of what may be dialled.
    NumberNotAllowed,
    /// The call is not at a point where that can be done.
    NotNow,
    /// The engine is being stopped, or has as many calls as it may have.
    NoCallsTaken,
    TooManyOrders,
    /// A call was begun.
    Begun {
        call: CallId,
    },
}

/// To whom a caller is passed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    Operator(OperatorId),
    Queue(QueueName),
    Number(Number),
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
        ask: HttpRequest,
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
