//! What is kept of a call: one row when it ends, and its story as events.
use crate::cause::{CallResult, Cause, HangupBy};
use crate::class::Class;
use crate::flow::Lookup;
use crate::ids::{CallId, FlowName, OperatorId, QueueName, RequestId, Skill, StepName};
use crate::machine::Wall;
use crate::media::Quality;
use crate::number::Number;
use crate::queue::{Attempt, OperatorState, Stay};
use crate::say::Language;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The row of table `calls`. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    pub id: CallId,
    pub sip_call_id: String,
    /// The flow's name.
    pub line: String,
    /// The caller's canonical number; empty when withheld.
    pub caller: String,
    pub verified: bool,
    /// The caller's own, or that of the last queue he waited in.
    pub class: Class,
    /// The last queue, if any.
    pub queue: Option<QueueName>,
    pub started_at: Wall,
    pub enqueued_at: Option<Wall>,
    pub offered_at: Option<Wall>,
    pub answered_at: Option<Wall>,
    pub ended_at: Option<Wall>,
    /// The promise clock, monotonic; set when the call was connected or left its last queue.
    pub wait_ms: Option<u64>,
    pub operator: Option<OperatorId>,
    pub result: Option<CallResult>,
    pub hangup_by: Option<HangupBy>,
    pub cause: Option<Cause>,
    /// Steps in the order of entering, `flow/step` separated by spaces; the last 200.
    pub path: String,
    pub caller_quality: Option<Quality>,
    pub operator_quality: Option<Quality>,
}

/// The row of `GET /calls`: a call as people see it now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallView {
    pub id: CallId,
    pub line: String,
    /// Masked.
    pub caller: String,
    pub class: Class,
    /// `menu`, `waiting`, `ringing`, `talking`.
    pub stage: &'static str,
    pub queue: Option<String>,
    pub step: String,
    /// How long the call has been in this stage.
    pub since_ms: u64,
    pub operator: Option<OperatorId>,
    pub supervised: Option<SupervisedView>,
    /// `on`, `paused`; absent while nothing is recorded.
    pub recording: Option<&'static str>,
    pub transfer: Option<TransferView>,
}

/// The supervisor at a talk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SupervisedView {
    /// The operator id of his phone.
    pub by: OperatorId,
    /// `listen`, `whisper`, `barge`.
    pub mode: &'static str,
}

/// A transfer under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransferView {
    /// The colleague; absent for a number.
    pub to: Option<OperatorId>,
    /// `ringing`, `consulting`.
    pub stage: &'static str,
}

/// A talk that was recorded: the caller on the left channel, the operator on the right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TalkRecord {
    /// File name under the recording directory, without `.wav`.
    pub name: String,
    pub call: CallId,
    pub started_at: Wall,
    pub duration_ms: u64,
    pub channels: u8,
    pub caller: String,
    pub operator: Option<OperatorId>,
    pub queue: Option<QueueName>,
}

/// One line of a call's story. Never holds a digit of a secret step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    pub call: CallId,
    pub at: Wall,
    /// `step`, `said`, `enqueued`, `offered`, `ringing`, `answered`, `connected`, `exit`, `ended`, `sip`, …
    pub kind: String,
    /// Details in the kind's own words.
    pub detail: BTreeMap<String, String>,
}

impl CallEvent {
    /// The kind of a SIP message: the ladder beside the story.
    pub const SIP: &str = "sip";
}

/// A seat in a queue as it outlives the node: its caller may come back (Q10), or is called back (Q9).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenSeat {
    /// The call that took it.
    pub call: CallId,
    /// The caller's verified number, or the one to be called.
    pub number: Number,
    pub queue: QueueName,
    pub class: Class,
    /// When a caller of this seat's age would have joined.
    pub since: Wall,
    /// He talks with an operator since then, and his age stands still.
    pub talking_since: Option<Wall>,
    pub callback: Option<OpenCallback>,
    /// The start of the node that found the seat without its caller.
    pub lost_at: Option<Wall>,
}

/// What is needed to call somebody back and go on where he was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenCallback {
    /// Tries so far that reached nobody.
    pub tries: u8,
    pub not_before: Option<Wall>,
    pub skills: BTreeSet<Skill>,
    pub plan: CallbackPlan,
}

/// Where a call goes on when its caller was called back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackPlan {
    /// The line that he had dialled: its flow and its number.
    pub line: FlowName,
    pub called: String,
    /// The `queue` step in which he waited.
    pub flow: FlowName,
    pub step: StepName,
    pub language: Language,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub call: CallId,
    pub at: Wall,
    /// File name under the recording directory, without `.wav`.
    pub name: String,
    pub duration_ms: u64,
    pub caller: String,
    pub line: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTicket {
    pub call: CallId,
    pub at: Wall,
    pub caller: String,
    pub topic: String,
    pub fields: BTreeMap<String, String>,
}

/// A question to the store; the reply quotes `request`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Lookup { request: RequestId, what: Lookup },
    OpenTicket { request: RequestId, ticket: NewTicket },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Payment: `number terminal paid_at amount status`; agent: `id name active`; subscriber: `number class name email`.
    Found {
        request: RequestId,
        row: BTreeMap<String, String>,
    },
    NotFound {
        request: RequestId,
    },
    TicketOpened {
        request: RequestId,
        number: String,
    },
    Failed {
        request: RequestId,
    },
}

impl Ask {
    pub fn request(&self) -> RequestId {
        match self {
            Ask::Lookup { request, .. } | Ask::OpenTicket { request, .. } => *request,
        }
    }
}

impl Answer {
    pub fn request(&self) -> RequestId {
        match self {
            Answer::Found { request, .. }
            | Answer::NotFound { request }
            | Answer::TicketOpened { request, .. }
            | Answer::Failed { request } => *request,
        }
    }
}

/// Something to be written, in order, never awaited by a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The row of a call that has begun: `ended_at` is empty. Rewritten whole when the call ends.
    Call(Box<CallRecord>),
    Event(CallEvent),
    Message(Message),
    Recording(TalkRecord),
    /// A call was made for this ticket.
    TicketCall {
        ticket: i64,
        call: CallId,
    },
    /// A seat was taken, or what is kept of it has changed.
    SeatOpen(Box<OpenSeat>),
    /// A standing order was given; `None`: taken back, or over.
    Order {
        key: String,
        order: Option<Box<super::order::Order>>,
    },
    /// The seat that this call took is closed.
    SeatClosed {
        call: CallId,
    },
    /// What the operator chose, so that it survives a restart (Q7).
    OperatorChoice {
        operator: OperatorId,
        paused: Option<String>,
        at: Wall,
    },
    /// The state that others see has changed: from now on it is this one.
    OperatorState {
        operator: OperatorId,
        state: OperatorState,
        at: Wall,
    },
    Stay(Stay),
    Attempt(Attempt),
}
