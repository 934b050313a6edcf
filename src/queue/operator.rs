//! An operator: what he chose, what the call does with him, and what his phone is like; three things kept apart (Q7).
//! The state that others see is worked out from them.
//!
//! ```text
//!   work:    Free ─▶ Offered ─▶ Talking ─▶ WrapUp ─▶ Free
//!                       └─▶ Releasing ◀┘ ─────────────▲
//!   choice:  Ready ◀─▶ Paused(reason)            queued during a call
//!   phone:   signed in or not · reachable or pinged every 5 s · busy with another call
//! ```
use super::booking::Attempt;
use super::event::{Choice, OperatorState};
use super::occupancy::Spent;
use super::settings::{OperatorSettings, SignIn, Strategy};
use crate::ids::{OfferId, OperatorId, RequestId};
use crate::machine::{Instant, earlier};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Q6. "No answer: not ready for [30 s]; two in a row: paused and an alert."
const NO_ANSWER_DELAY: Duration = Duration::from_secs(30);
const NO_ANSWERS_MAX: u32 = 2;
/// Q6. "Reject: [10 s], own counter, paused at 3."
const REJECT_DELAY: Duration = Duration::from_secs(10);
const REJECTS_MAX: u32 = 3;
/// Q6. "Unreachable: OPTIONS every [5 s]; three times in 10 min: paused and an alert."
pub(super) const PING_EVERY: Duration = Duration::from_secs(5);
const UNREACHABLE_MAX: usize = 3;
const UNREACHABLE_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Q5: "three in a row count as one no-answer".
const SLOW_AS_NO_ANSWER: u32 = 3;
/// Q7: wrap-up "extended once [60 s]".
const WRAP_UP_EXTENSION: Duration = Duration::from_secs(60);

/// A choice of its own, written where the reason of a break stands: he has gone home, and his phone has not.
pub const SIGNED_OUT: &str = "signed_out";
/// Reasons of pauses that nobody chose.
pub(super) const PAUSED_NO_ANSWER: &str = "no_answer";
pub(super) const PAUSED_REJECTED: &str = "rejected";
pub(super) const PAUSED_UNREACHABLE: &str = "unreachable";
/// Shown as the reason of a pause that ends by itself: the delay after a call that was not taken.
const DELAY_NO_ANSWER: &str = "no_answer_delay";
const DELAY_REJECTED: &str = "reject_delay";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Operator {
    pub id: OperatorId,
    pub settings: OperatorSettings,
    /// No longer declared: he goes when his call has ended.
    pub dismissed: bool,

    /// His phone is there.
    registered: bool,
    /// `sign_in: manual`: he has chosen something since his phone is there, or had before a restart.
    entered: bool,
    pub choice: Choice,
    pub queued: Option<Choice>,

    pub work: Work,
    /// In a call that did not come from a queue.
    pub occupied: bool,
    /// His wrap-up when he is out of it: he has taken over a caller in it.
    #[serde(default)]
    pub wraps_up: Option<Duration>,
    /// The talk whose wrap-up runs: kept when that ends.
    pub handled: Option<Attempt>,
    reach: Reach,
    delay: Option<Delay>,
    troubles: Troubles,

    pub idle_since: Instant,
    /// His last turn, counted in offers of the pool.
    pub turn: u64,
    pub calls: u64,
    pub talked: Duration,

    pub shown: OperatorState,
    pub shown_since: Instant,
    pub spent: Spent,
    /// Where he stands in the lanes while he is ready.
    pub standings: Vec<(usize, Standing)>,
    pub duty: Duty,
    /// Counted in the pool's [`super::dispatcher::Strength`]: on duty, and ready.
    pub counted: [bool; 2],
    pub deadline: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Work {
    Free,
    Offered {
        offer: OfferId,
        rings: bool,
    },
    /// From his answer to the end of his own leg.
    Talking {
        offer: OfferId,
    },
    /// Told to stop; his phone may still be in it.
    Releasing {
        offer: OfferId,
    },
    WrapUp {
        since: Instant,
        until: Instant,
        extended: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Reach {
    Reachable,
    Unreachable { ping_at: Instant, asked: Option<RequestId> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Delay {
    until: Instant,
    reason: String,
}

/// Counters of Q6. Reset on an answer, on his own change of state, at sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Troubles {
    no_answers: u32,
    rejects: u32,
    slow: bool,
    slow_in_a_row: u32,
    /// At most [`UNREACHABLE_MAX`].
    unreachable: Vec<Instant>,
}

/// How he counts for the exits of Q11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Duty {
    SignedOut,
    /// Signed in, and paused or unreachable.
    Off,
    /// One of `c`: ready or busy.
    On,
}

/// A ready operator's place among the candidates of a lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Standing {
    pub tier: usize,
    pub slow: bool,
    /// By the queue's strategy, the least first.
    pub key: u64,
    pub operator: OperatorId,
}

impl Operator {
    pub fn new(id: OperatorId, settings: OperatorSettings, now: Instant) -> Self {
        Operator {
            registered: settings.contact.is_some(),
            id,
            settings,
            dismissed: false,
            entered: false,
            choice: Choice::Ready,
            queued: None,
            work: Work::Free,
            occupied: false,
            wraps_up: None,
            handled: None,
            reach: Reach::Reachable,
            delay: None,
            troubles: Troubles::default(),
            idle_since: now,
            turn: 0,
            calls: 0,
            talked: Duration::ZERO,
            shown: OperatorState::Offline,
            shown_since: now,
            spent: Spent::default(),
            standings: Vec::new(),
            duty: Duty::SignedOut,
            counted: [false; 2],
            deadline: None,
        }
    }

    /// The state that others see.
    pub fn state(&self) -> OperatorState {
        match &self.work {
            Work::Talking { .. } => return OperatorState::Talking,
            Work::Offered { rings: true, .. } => return OperatorState::Ringing,
            Work::Offered { rings: false, .. } => return OperatorState::Claimed,
            Work::Free | Work::Releasing { .. } | Work::WrapUp { .. } => {}
        }
        if !self.signed_in() {
            return OperatorState::Offline;
        }
        if self.occupied {
            return OperatorState::Talking;
        }
        if let Choice::Paused { reason } = &self.choice {
            return OperatorState::Paused { reason: reason.clone() };
        }
        match (&self.work, &self.reach, &self.delay) {
            (Work::WrapUp { .. }, _, _) => OperatorState::WrapUp,
            (_, Reach::Unreachable { .. }, _) => OperatorState::Unreachable,
            (_, _, Some(delay)) => OperatorState::Paused { reason: delay.reason.clone() },
            (Work::Releasing { .. }, _, _) => OperatorState::Claimed,
            _ => OperatorState::Ready,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.work == Work::Free
            && self.signed_in()
            && !self.dismissed
            && !self.occupied
            && self.choice == Choice::Ready
            && self.reach == Reach::Reachable
            && self.delay.is_none()
    }

    /// Whether he is, or will be, on a break when his work is done.
    pub fn will_pause(&self) -> bool {
        let next = self.queued.as_ref().unwrap_or(&self.choice);
        !self.signed_in() || self.dismissed || self.occupied || *next != Choice::Ready
    }

    pub fn signed_in(&self) -> bool {
        self.registered
            && !self.has_signed_out()
            && (self.settings.sign_in == SignIn::OnRegister || self.has_static_contact() || self.entered)
    }

    /// By his own wish, though his phone is there. It lasts until he chooses to be ready.
    fn has_signed_out(&self) -> bool {
        matches!(&self.choice, Choice::Paused { reason } if reason == SIGNED_OUT)
    }

    fn has_static_contact(&self) -> bool {
        self.settings.contact.is_some()
    }

    pub fn next_duty(&self) -> Duty {
        match (self.signed_in() && !self.dismissed, &self.choice, &self.reach) {
            (false, _, _) => Duty::SignedOut,
            (true, Choice::Ready, Reach::Reachable) => Duty::On,
            _ => Duty::Off,
        }
    }

    /// The end of the wrap-up that he is seen in.
    pub fn wrap_up_until(&self) -> Option<Instant> {
        match self.work {
            Work::WrapUp { until, .. } if self.state() == OperatorState::WrapUp => Some(until),
            _ => None,
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let work = match self.work {
            Work::WrapUp { until, .. } => Some(until),
            _ => None,
        };
        let ping = match self.reach {
            Reach::Unreachable { ping_at, .. } => Some(ping_at),
            Reach::Reachable => None,
        };
        earlier(earlier(work, ping), self.delay.as_ref().map(|delay| delay.until))
    }

    pub fn is_slow(&self) -> bool {
        self.troubles.slow
    }

    /// His place in a queue's order (Q4); ties go by id.
    pub fn key(&self, strategy: Strategy) -> u64 {
        match strategy {
            Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => self.idle_since.as_nanos(),
            Strategy::RoundRobin => self.turn,
            Strategy::FewestCalls => self.calls,
            Strategy::LeastTalk => u64::try_from(self.talked.as_nanos()).unwrap_or(u64::MAX),
            Strategy::Random | Strategy::Linear => 0,
        }
    }

    // What he and his phone do.

    /// A registration, or its refresh.
    pub fn register(&mut self, now: Instant) {
        self.reach = Reach::Reachable;
        if !self.registered {
            self.registered = true;
            self.delay = None;
            self.troubles = Troubles::default();
            self.idle_since = now;
        }
    }

    /// Declared again after a reload had left him out: a phone that never registers is there.
    pub fn register_static(&mut self, now: Instant) {
        if self.has_static_contact() {
            self.register(now);
        }
    }

    pub fn unregister(&mut self) {
        self.registered = false;
        self.entered = false;
        self.reach = Reach::Reachable;
        self.delay = None;
    }

    /// Whether the choice must wait for the end of a call.
    pub fn choose(&mut self, choice: Choice, now: Instant) {
        let was_signed_in = self.signed_in();
        // Whoever chooses has come, in the middle of a call, too: his phone may have been away meanwhile.
        self.entered |= self.registered;
        if matches!(self.work, Work::Offered { .. } | Work::Talking { .. }) {
            // Choosing again what is in force cancels the choice that waits.
            self.queued = (choice != self.choice).then_some(choice);
            return;
        }
        if self.registered && !was_signed_in {
            self.idle_since = now;
        }
        self.take_up(choice);
    }

    fn take_up(&mut self, choice: Choice) {
        self.choice = choice;
        self.queued = None;
        self.delay = None;
        self.reach = Reach::Reachable;
        self.troubles = Troubles::default();
    }

    /// A choice from before a restart. For a browser it stands for the sign-in as well. A delay that ran then is over:
    /// nobody chose it, and nobody would end it.
    pub fn restore(&mut self, paused: Option<String>) {
        self.entered = true;
        self.choice = match paused {
            Some(reason) if !is_delay(&reason) => Choice::Paused { reason },
            _ => Choice::Ready,
        };
    }

    /// The call, or the ring, is over: a choice made meanwhile takes effect.
    pub fn set_free(&mut self) {
        self.work = Work::Free;
        if let Some(choice) = self.queued.take() {
            self.take_up(choice);
        }
    }

    /// His own leg has ended after a talk.
    /// `talk` is that of an offer; one that he took over from a colleague is not accounted for here.
    pub fn wrap_up(&mut self, wrap_up: Duration, talk: Option<Attempt>, now: Instant) {
        self.idle_since = now;
        self.set_free();
        if !wrap_up.is_zero() && self.signed_in() && self.choice == Choice::Ready {
            self.work = Work::WrapUp { since: now, until: now + wrap_up, extended: false };
            self.handled = talk;
        }
    }

    pub fn extend_wrap_up(&mut self) {
        if let Work::WrapUp { until, extended, .. } = &mut self.work
            && !*extended
        {
            *extended = true;
            *until += WRAP_UP_EXTENSION;
        }
    }

    // What goes wrong (Q6). Each returns the reason if he was paused for it.

    pub fn did_not_answer(&mut self, now: Instant) -> Option<&'static str> {
        self.troubles.no_answers += 1;
        if self.troubles.no_answers >= NO_ANSWERS_MAX {
            return Some(self.pause(PAUSED_NO_ANSWER));
        }
        self.delay = Some(Delay { until: now + NO_ANSWER_DELAY, reason: DELAY_NO_ANSWER.into() });
        None
    }

    pub fn rejected(&mut self, now: Instant) -> Option<&'static str> {
        self.troubles.rejects += 1;
        if self.troubles.rejects >= REJECTS_MAX {
            return Some(self.pause(PAUSED_REJECTED));
        }
        self.delay = Some(Delay { until: now + REJECT_DELAY, reason: DELAY_REJECTED.into() });
        None
    }

    pub fn was_unreachable(&mut self, now: Instant) -> Option<&'static str> {
        let times = &mut self.troubles.unreachable;
        times.retain(|at| now.since(*at) < UNREACHABLE_WINDOW);
        times.push(now);
        if times.len() >= UNREACHABLE_MAX {
            return Some(self.pause(PAUSED_UNREACHABLE));
        }
        self.reach = Reach::Unreachable { ping_at: now + PING_EVERY, asked: None };
        None
    }

    /// Another answered while his phone had rung for long.
    pub fn was_slow(&mut self, now: Instant) -> Option<&'static str> {
        self.troubles.slow = true;
        self.troubles.slow_in_a_row += 1;
        if self.troubles.slow_in_a_row < SLOW_AS_NO_ANSWER {
            return None;
        }
        self.troubles.slow_in_a_row = 0;
        self.did_not_answer(now)
    }

    pub fn answered(&mut self) {
        self.troubles =
            Troubles { unreachable: std::mem::take(&mut self.troubles.unreachable), ..Default::default() };
    }

    /// RTP came: the phone is there beyond doubt.
    pub fn was_heard(&mut self) {
        self.troubles.unreachable.clear();
    }

    fn pause(&mut self, reason: &'static str) -> &'static str {
        self.take_up(Choice::Paused { reason: reason.into() });
        reason
    }

    /// Whether it is time for another OPTIONS; the next one is 5 s later.
    pub fn ping_due(&mut self, now: Instant) -> bool {
        match &mut self.reach {
            Reach::Unreachable { ping_at, .. } if *ping_at <= now => {
                *ping_at = now + PING_EVERY;
                true
            }
            _ => false,
        }
    }

    pub fn pinged(&mut self, request: RequestId) {
        if let Reach::Unreachable { asked, .. } = &mut self.reach {
            *asked = Some(request);
        }
    }

    /// An answer to an older ping says nothing about now.
    pub fn ponged(&mut self, request: RequestId, alive: bool) {
        if let Reach::Unreachable { asked: Some(asked), .. } = self.reach
            && asked == request
            && alive
        {
            self.reach = Reach::Reachable;
        }
    }

    pub fn end_delay(&mut self, now: Instant) {
        self.delay.take_if(|delay| delay.until <= now);
    }

    // Showing.

    /// Books the time in the state that ends now; the new one begins.
    pub fn show(&mut self, state: OperatorState, now: Instant) {
        self.spent = self.spent_until(now);
        self.shown = state;
        self.shown_since = now;
    }

    /// Q12; `None` before he signed in.
    pub fn occupancy(&self, now: Instant) -> Option<f64> {
        self.spent_until(now).occupancy()
    }

    fn spent_until(&self, now: Instant) -> Spent {
        let mut spent = self.spent;
        spent.book(&self.shown, now.since(self.shown_since));
        spent
    }
}

pub(super) fn is_delay(reason: &str) -> bool {
    reason == DELAY_NO_ANSWER || reason == DELAY_REJECTED
}
