//! What goes into and comes out of the interpreter of one call's flow.
use super::standing::Standing;
use crate::cause::Cause;
use crate::class::Class;
use crate::digit::Digit;
use crate::ids::{FlowName, PlayId, PromptName, QueueName, RequestId, Skill, StepName};
use crate::number::Number;
use crate::say::{Item, Language};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The queue's exits, as edges of a `queue` step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueExit {
    MaxWait,
    Full,
    NobodySignedIn,
    AllPaused,
    EwtOver,
    Closed,
}

impl QueueExit {
    /// As flows write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            QueueExit::MaxWait => "max_wait",
            QueueExit::Full => "full",
            QueueExit::NobodySignedIn => "nobody_signed_in",
            QueueExit::AllPaused => "all_paused",
            QueueExit::EwtOver => "ewt_over",
            QueueExit::Closed => "closed",
        }
    }
}

/// A question to our own store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    Payment { number: String, terminal: Option<String> },
    Agent { id: String },
    Subscriber { number: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The call has begun: steps run from `entry.start`.
    Started,
    Digit(Digit),
    /// Everything of this `Say` was heard to its end.
    Said {
        play: PlayId,
    },
    /// The lookup found a row: column → value. Sums are in roubles with two decimals (`1500.00`).
    Found {
        request: RequestId,
        row: BTreeMap<String, String>,
    },
    NotFound {
        request: RequestId,
    },
    /// The lookup, HTTP request, ticket or recording failed or came too late.
    Failed {
        request: RequestId,
    },
    HttpReply {
        request: RequestId,
        status: u16,
        body: serde_json::Value,
    },
    TicketOpened {
        request: RequestId,
        number: String,
    },
    Recorded {
        request: RequestId,
        name: String,
        duration: Duration,
    },
    /// The seat's place in its queue and its expected wait, whenever they change. For `queue.position` and `queue.wait`.
    QueueStanding(Standing),
    /// The seat waits for a callback from now on: the caller may hang up.
    CallbackKept,
    /// It cannot be: no route to this number, or it has an open callback already.
    CallbackRefused,
    /// The seat was closed by the queue; the step's exit is taken, or a polite goodbye if it has none.
    QueueExited {
        exit: QueueExit,
    },
    /// An operator (or the transfer's party) and the caller hear each other.
    Connected,
    /// The other party of a talk hung up; the caller is still there.
    TalkEnded,
    TransferFailed,
    /// The operator has passed his caller on: he waits in a queue again, which one is not the flow's affair.
    PassedOn,
    /// The caller's class became known, or changed.
    ClassKnown {
        class: Class,
        name: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A step was entered (for the call's path, its events and the menu X-ray).
    Entered {
        flow: FlowName,
        step: StepName,
    },
    /// Says the items, in place of what is being said. Digits stop it when `barge_in`.
    Say {
        play: PlayId,
        language: Language,
        items: Vec<Item>,
        barge_in: bool,
    },
    Hush,
    /// A `split` sent the caller this way.
    TookArm {
        flow: FlowName,
        step: StepName,
        arm: String,
    },
    /// Answered by `Found`, `NotFound` or `Failed`, at the latest after `timeout`.
    Lookup {
        request: RequestId,
        what: Lookup,
        timeout: Duration,
    },
    Http {
        request: RequestId,
        ask: HttpRequest,
    },
    OpenTicket {
        request: RequestId,
        topic: String,
        fields: BTreeMap<String, String>,
    },
    /// Records the caller after a beep; answered by `Recorded` or `Failed`.
    Record {
        request: RequestId,
        max: Duration,
        silence: Duration,
    },
    StopRecording,
    /// Keeps a recording as a message, after its review.
    KeepMessage {
        name: String,
        duration: Duration,
    },
    /// The caller heard the notice and did not object (`consent`): his talks may be recorded.
    AllowRecording,
    /// The caller refused to be recorded (`consent`): no recording of this call's talks.
    RefuseRecording,
    /// A `survey` asks; or it was answered, from 1 to 5.
    Surveyed {
        score: Option<u8>,
    },
    /// A key in a menu, for the report on menus. Which one it was, is not told.
    MenuKey {
        wrong: bool,
        /// How far into the text; `None`: it was heard to its end.
        after: Option<Duration>,
    },
    /// Nothing was pressed.
    MenuSilence,
    /// Takes a seat, or moves the one that is held. Music plays while the flow says nothing.
    Enqueue {
        queue: QueueName,
        class: Class,
        skills: BTreeSet<Skill>,
        exits: BTreeSet<QueueExit>,
        whisper: Option<PromptName>,
    },
    LeaveQueue,
    /// Turns the seat into a callback to this number; answered by `CallbackKept` or `CallbackRefused`.
    Callback {
        number: Number,
    },
    /// The person who was called back has pressed the key: he waits on the line from now on.
    CallbackConfirmed,
    /// Dials a party on the outbound allow-list; answered by `Connected` or `TransferFailed`.
    Transfer {
        to: String,
        timeout: Duration,
    },
    /// Never waits and has no answer.
    Notify {
        to: String,
        body: String,
    },
    /// A step took these digits, which are no secret: for the call's story and the operator's card.
    Typed {
        name: String,
        digits: String,
    },
    /// A secret step took `count` digits; the digits themselves are nowhere but in the interpreter's variables.
    SecretTaken {
        count: usize,
    },
    Hangup {
        cause: Cause,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
}

/// What is known of a call when it begins.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub call: crate::ids::CallId,
    /// The caller's number, canonical; empty when withheld.
    pub caller: String,
    pub verified: bool,
    pub class: Class,
    pub name: Option<String>,
    /// The number dialled, canonical.
    pub called: String,
}

/// Debug output ends up in logs: numbers are masked, the name is left out.
impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts")
            .field("call", &self.call)
            .field("caller", &crate::number::Number::parse(&self.caller))
            .field("verified", &self.verified)
            .field("class", &self.class)
            .field("called", &crate::number::Number::parse(&self.called))
            .finish_non_exhaustive()
    }
}

/// A question to another service, its templates filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub method: Method,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
    /// Of one attempt: resolving, connecting and the body.
    pub timeout: Duration,
    pub retries: u8,
}

impl HttpRequest {
    /// Within this there is a reply or a failure, however the service behaves: the step that asks gives up then.
    pub fn within(&self) -> Duration {
        self.timeout * (u32::from(self.retries) + 1)
    }
}
