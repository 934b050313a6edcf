//! What goes into and comes out of one call.
use super::transfer::{TransferMode, TransferTo};
use super::{Answer, Ask, CallbackPlan, Keep};
use crate::cause::{CallResult, Cause};
use crate::class::Class;
use crate::digit::DigitMethod;
use crate::flow::{Arm, HttpRequest};
use crate::ids::{CallId, LegId, OfferId, OperatorId, QueueName, RequestId, SeatId};
use crate::media::{LegCommand, LegEvent, Supervision};
use crate::number::Number;
use crate::queue::{self, Exit, Withdrawal};
use crate::sip;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// How to reach an operator's phone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    pub operator: OperatorId,
    pub target: sip::Target,
    /// Where his signalling comes from: source learning of his leg starts there.
    pub peer: IpAddr,
    pub auto_answer: bool,
    /// He takes his calls in a page: the offer is for a browser.
    #[serde(default)]
    pub browser: bool,
}

#[derive(Clone, Debug, PartialEq)]
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
    /// The dispatcher wants this phone to ring for the call's seat; `None`: the operator has no address any more.
    Offer {
        offer: OfferId,
        operator: OperatorId,
        endpoint: Option<Endpoint>,
        queue: QueueName,
        class: Class,
        waited: Duration,
    },
    Withdraw {
        offer: OfferId,
        why: Withdrawal,
    },
    Connect {
        offer: OfferId,
    },
    Connected {
        offer: OfferId,
        waited: Duration,
    },
    Return {
        offer: OfferId,
    },
    Exit {
        seat: SeatId,
        exit: Exit,
    },
    /// The seat waits for a callback: the caller may hang up.
    CallbackKept {
        seat: SeatId,
    },
    CallbackRefused {
        seat: SeatId,
    },
    /// Where the seat stands, before the flow may speak of it.
    Standing {
        position: u32,
        expected_wait: Option<Duration>,
        announce_every: Duration,
    },
    /// The caller's class has changed by an administrator's hand.
    Class {
        class: Class,
    },
    /// The operator passes his caller on. `referred`: his phone asked by REFER.
    Transfer {
        to: TransferTo,
        mode: TransferMode,
        referred: bool,
    },
    CompleteTransfer,
    CancelTransfer,
    /// This operator's page is there again: his talk may go on.
    Resume {
        endpoint: Box<Endpoint>,
    },
    /// A supervisor wants to hear the talk, or hears it in another way from now on.
    Supervise {
        endpoint: Box<Endpoint>,
        mode: Supervision,
    },
    EndSupervision,
    /// The talk's recording is stopped for a while by hand, or goes on.
    PauseRecording {
        paused: bool,
    },
    /// A supervisor sends the caller, who waits, to another queue.
    Move {
        queue: QueueName,
    },
    /// A supervisor gives the seat another class.
    Raise {
        class: Class,
    },
    /// An announcement was ordered.
    Announce,
    /// An administrator ends the call.
    HangUp,
    /// The process stops and waits for nobody.
    Stop,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Sip(sip::Command),
    /// For the call's own shard.
    Leg(LegCommand),
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
    /// For the dispatcher of this queue's pool.
    Queue {
        queue: QueueName,
        event: queue::Event,
    },
    /// The caller wants to be called back: `wanted` is for the dispatcher of this queue's pool.
    CallBack {
        seat: SeatId,
        queue: QueueName,
        number: Number,
        plan: CallbackPlan,
        wanted: Box<queue::Event>,
    },
    Happened(Happened),
    /// An operator is in a call that no queue offered him, or is out of it.
    Occupied {
        operator: OperatorId,
        busy: bool,
    },
    /// In such a call he has taken over a caller of this queue.
    TookOver {
        operator: OperatorId,
        queue: QueueName,
    },
    /// An operator's leg was let go. Answered ones are free at once; one that still rings is free when the SIP machine
    /// says that its CANCEL is done.
    Released {
        leg: LegId,
        offer: OfferId,
        queue: QueueName,
        answered: bool,
    },
    /// The record is written and nothing is pending: forget the call.
    Finished,
}

/// What is counted and logged. Holds no number and no digit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    CallStarted {
        call: CallId,
        line: String,
    },
    CallEnded {
        call: CallId,
        line: String,
        result: CallResult,
        cause: Cause,
    },
    Digit {
        method: DigitMethod,
    },
    Enqueued {
        call: CallId,
        queue: String,
        class: Class,
    },
    Offered {
        call: CallId,
        operator: OperatorId,
    },
    Connected {
        call: CallId,
        operator: OperatorId,
        queue: String,
        class: Class,
        waited: Duration,
    },
    Abandoned {
        call: CallId,
        queue: String,
        class: Class,
        waited: Duration,
    },
    Exited {
        call: CallId,
        queue: String,
        class: Class,
        exit: String,
        waited: Duration,
    },
    OperatorChanged {
        operator: OperatorId,
        state: String,
    },
    /// An arm of a `split` takes nobody any more: its callers fare worse than those of the others.
    ArmWithdrawn {
        arm: Arm,
        why: String,
    },
    /// What the measures count (Q12), told by the dispatcher. The variants above are for the log.
    SeatOpened {
        queue: String,
        class: Class,
    },
    SeatClosed {
        queue: String,
        class: Class,
        outcome: queue::Outcome,
        waited: Duration,
    },
}
