//! What goes into and comes out of a pool's dispatcher. The words are those of the queue rules.
use super::booking::Booking;
use crate::class::Class;
use crate::ids::{CallId, OfferId, OperatorId, QueueName, RequestId, SeatId, Skill};
use crate::machine::Instant;
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Rule Q11: ways out of a queue other than an operator. Each names an edge of the flow's queue step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    MaxWait,
    Full,
    NobodySignedIn,
    AllPaused,
    EwtOver,
    Closed,
    /// Nobody in the pool has the skills that were asked for.
    NoSuchSkill,
}

impl Exit {
    pub const ALL: [Exit; 7] = [
        Exit::MaxWait,
        Exit::Full,
        Exit::NobodySignedIn,
        Exit::AllPaused,
        Exit::EwtOver,
        Exit::Closed,
        Exit::NoSuchSkill,
    ];

    /// As an edge of a `queue` step is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Exit::MaxWait => "max_wait",
            Exit::Full => "full",
            Exit::NobodySignedIn => "nobody_signed_in",
            Exit::AllPaused => "all_paused",
            Exit::EwtOver => "ewt_over",
            Exit::Closed => "closed",
            Exit::NoSuchSkill => "no_such_skill",
        }
    }

    pub fn parse(text: &str) -> Option<Exit> {
        Exit::ALL.into_iter().find(|exit| exit.as_str() == text)
    }
}

/// Why a seat was left before an operator was connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    HungUp,
    /// The flow took the caller out (a key, an exit, another queue).
    ByFlow,
    Admin,
    /// He was to be called back, and no try reached him.
    NotReached,
}

/// What a person chose for himself, apart from what the call does with him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    Ready,
    Paused { reason: String },
}

/// Q7: the state that others see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum OperatorState {
    Offline,
    Ready,
    Claimed,
    Ringing,
    Talking,
    WrapUp,
    Paused { reason: String },
    Unreachable,
}

impl OperatorState {
    pub fn as_str(&self) -> &'static str {
        match self {
            OperatorState::Offline => "offline",
            OperatorState::Ready => "ready",
            OperatorState::Claimed => "claimed",
            OperatorState::Ringing => "ringing",
            OperatorState::Talking => "talking",
            OperatorState::WrapUp => "wrap_up",
            OperatorState::Paused { .. } => "paused",
            OperatorState::Unreachable => "unreachable",
        }
    }

    /// The state of this name; `reason` is that of a break.
    pub fn parse(text: &str, reason: Option<&str>) -> Option<OperatorState> {
        Some(match text {
            "offline" => OperatorState::Offline,
            "ready" => OperatorState::Ready,
            "claimed" => OperatorState::Claimed,
            "ringing" => OperatorState::Ringing,
            "talking" => OperatorState::Talking,
            "wrap_up" => OperatorState::WrapUp,
            "paused" => OperatorState::Paused { reason: reason.unwrap_or_default().to_string() },
            "unreachable" => OperatorState::Unreachable,
            _ => return None,
        })
    }
}

/// How ringing an operator failed; three different things (Q6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferFailure {
    /// 408, 480 after ringing, or anything else that means "did not pick up".
    NoAnswer,
    /// 486, 600, 603.
    Rejected,
    /// No response, 404, 410, 503, no media: the phone is not there.
    Unreachable,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A caller takes a seat. `caller` is the verified number, if any (Q4: last operator; Q10: credit).
    Joined {
        seat: SeatId,
        call: CallId,
        caller: Option<Number>,
        queue: QueueName,
        class: Class,
        skills: BTreeSet<Skill>,
        /// Exits that the flow handles: they are worth taking as soon as they apply.
        exits: BTreeSet<Exit>,
        /// Served like any other and counted nowhere (Q12).
        test: bool,
    },
    /// Known late, or raised by a supervisor: same seat, same clock.
    ClassChanged {
        seat: SeatId,
        class: Class,
    },
    Left {
        seat: SeatId,
        why: Leave,
    },

    /// Another queue of the same pool takes over the seat, with its age and class: a caller who waits changes queues, or
    /// an operator passes on the one he talks with. His own leg's end is told apart, by `OperatorGone`.
    Moved {
        seat: SeatId,
        queue: QueueName,
        skills: BTreeSet<Skill>,
        exits: BTreeSet<Exit>,
    },

    /// The operator is out of the talk, and his caller is passed on to somebody whom no queue rings. The seat stays until
    /// that has come to something: `Left` where somebody took the call, `Moved` where the caller waits again.
    PassedOn {
        offer: OfferId,
    },

    /// A seat of another pool, or one that an exit had closed in this call: it keeps its age. With `callback` its caller is
    /// to be called there.
    Brought {
        seat: SeatId,
        call: CallId,
        caller: Option<Number>,
        queue: QueueName,
        class: Class,
        skills: BTreeSet<Skill>,
        exits: BTreeSet<Exit>,
        age: Age,
        callback: Option<Number>,
        test: bool,
    },
    /// Another pool has taken the seat over.
    Taken {
        seat: SeatId,
    },
    /// The caller wants to hang up and be called at this number (Q9). Answered by `CallbackKept` or `CallbackRefused`.
    CallbackWanted {
        seat: SeatId,
        number: Number,
    },
    /// The call in which he wanted it is over.
    LineFree {
        seat: SeatId,
    },
    /// The person who was dialled is there: he pressed the key.
    CallbackConfirmed {
        seat: SeatId,
    },
    /// The person was not reached. Without `tried` nobody was dialled, and it is no try.
    CallbackFailed {
        seat: SeatId,
        tried: bool,
    },

    /// The operator's phone is there: REGISTER, a static contact, a browser that signed in.
    SignedIn {
        operator: OperatorId,
    },
    SignedOut {
        operator: OperatorId,
    },
    /// `ready`, or `paused`; made during a call it is queued until the call's end.
    Chose {
        operator: OperatorId,
        choice: Choice,
    },
    EndWrapUp {
        operator: OperatorId,
    },
    ExtendWrapUp {
        operator: OperatorId,
    },
    /// The answer to `Action::Ping`.
    Pong {
        request: RequestId,
        operator: OperatorId,
        alive: bool,
    },

    /// A provisional answer above 100 came from the phone.
    Ringing {
        offer: OfferId,
    },
    /// A valid 200 OK came.
    Accepted {
        offer: OfferId,
    },
    OfferFailed {
        offer: OfferId,
        why: OfferFailure,
    },
    /// The bridge will stand at this moment: a whisper to the operator is heard first, or it stands now. The promise clock
    /// cannot stop before it.
    BridgeDue {
        offer: OfferId,
        at: Instant,
    },
    /// The operator's first RTP packet came.
    Flowing {
        offer: OfferId,
    },
    /// The operator's leg ended after `Accepted`, or after `Withdraw` was carried out.
    OperatorGone {
        offer: OfferId,
    },
    /// The caller's leg ended after `Connect`, or the talk was ended by the flow or an administrator.
    CallerGone {
        offer: OfferId,
    },
    /// The operator has put the caller on hold, or taken him back.
    Held {
        offer: OfferId,
        held: bool,
    },
    /// The operator is in a call that did not come from the queue, or is out of it.
    Occupied {
        operator: OperatorId,
        busy: bool,
    },
    /// In the call that keeps him occupied he has taken over a caller of this queue from a colleague: he wraps up after it,
    /// as after one that the queue gave him.
    TookOver {
        operator: OperatorId,
        queue: QueueName,
    },
    /// A supervisor closes the queue: whoever waits on the line leaves by the exit `closed`, and so does whoever comes.
    /// Phones that ring may be answered; callbacks are kept.
    Closed {
        queue: QueueName,
        closed: bool,
    },
    /// New settings; seats and operators stay. Applied from the next offer on.
    Configured(Box<super::PoolSettings>),
}

/// What a seat brings along: its age is the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Age {
    /// The promise clock.
    pub waited: Duration,
    /// From an earlier call (Q10).
    pub credit: Duration,
    /// Queues that it was in before, and whether its outcome there counts as that of the whole (Q12).
    pub stays: u32,
    pub is_counted: bool,
}

/// Why an offer was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// Another operator answered: `Reason: SIP;cause=200;text="Call completed elsewhere"`.
    AnsweredElsewhere,
    CallerGone,
    /// `ring_timeout` ran out, or no provisional answer came within `rings_within`.
    TimedOut,
    /// The operator chose a break, signed out or was taken by another call.
    OperatorLeft,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Ring this operator for this seat.
    Offer {
        offer: OfferId,
        seat: SeatId,
        operator: OperatorId,
        queue: QueueName,
        class: Class,
        waited: Duration,
    },
    /// Take the offer back: CANCEL, or ACK and BYE if a 200 crossed it.
    Withdraw {
        offer: OfferId,
        why: Withdrawal,
    },
    /// This operator won: set the bridge. The promise clock runs on until `Connected`.
    Connect {
        offer: OfferId,
        seat: SeatId,
    },
    /// The promise clock stopped: the wait is booked. `silent_operator`: no RTP came within a second.
    Connected {
        offer: OfferId,
        seat: SeatId,
        operator: OperatorId,
        waited: Duration,
        silent_operator: bool,
    },
    /// The connection failed (no RTP for 5 s, or the operator dropped before the bridge): the operator's leg is to be hung
    /// up if it still stands, and the caller hears music again, at the head of the queue.
    Return {
        offer: OfferId,
        seat: SeatId,
    },
    /// The caller may hang up: his seat waits for a callback.
    CallbackKept {
        seat: SeatId,
    },
    /// This number has an open callback already, or the seat waits no more.
    CallbackRefused {
        seat: SeatId,
    },
    /// Call this number for the seat. Answered by `CallbackConfirmed` or `CallbackFailed`.
    Dial {
        seat: SeatId,
        number: Number,
        queue: QueueName,
        class: Class,
    },
    /// The seat is closed: the flow takes this exit.
    Exit {
        seat: SeatId,
        exit: Exit,
    },
    /// The talk is over and the seat with it.
    Served {
        seat: SeatId,
    },
    /// The seat is closed without an exit: the caller left (`Left`), for the measures.
    Closed {
        seat: SeatId,
        why: Leave,
        waited: Duration,
    },
    /// The state that others see has changed.
    OperatorChanged {
        operator: OperatorId,
        state: OperatorState,
    },
    /// OPTIONS to an operator who was unreachable.
    Ping {
        request: RequestId,
        operator: OperatorId,
    },
    Alert(Alert),
    /// Why the `Offer` before it was made, for the call's story.
    Explained(Box<super::Decision>),
    /// Something to be counted and kept (Q12).
    Booked(Box<Booking>),
}

/// For those on duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    OperatorPaused {
        operator: OperatorId,
        reason: String,
    },
    NobodySignedIn {
        queue: QueueName,
    },
    PromiseYielded {
        seat: SeatId,
    },
    /// Q3: even with the greatest reserve too many Priority callers will wait longer than promised; so many operators more
    /// would keep it.
    PromiseAtRisk {
        missing: u32,
    },
    /// The end of `PromiseAtRisk`.
    PromiseSafe,
}
