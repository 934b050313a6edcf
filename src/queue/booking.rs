//! What a pool leaves behind to be counted and kept (Q12): a seat's *stay* in one queue, from its coming to its one
//! outcome, and an *attempt* to reach an operator for it, with the talk that came of it.
//!
//! Each is told whole and more than once: a later telling replaces the earlier. Waits and talks are those of the
//! monotonic clock; wall times only say where on the calendar they stand.
//!
//! ```text
//!   stay     opened ─▶ (another class) ─▶ outcome          told once it is beyond doubt: see `Dispatcher::connected`
//!   attempt  ─▶ not answered     or     connected ─▶ talk ended ─▶ wrap-up ended
//! ```
use super::dispatcher::Dispatcher;
use super::event::{Exit, OfferFailure, Withdrawal};
use super::measures::Account;
use super::offer::Offer;
use super::seat::Seat;
use crate::class::Class;
use crate::ids::{CallId, OfferId, OperatorId, QueueName, SeatId};
use crate::machine::{Instant, Wall};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// A seat came into a queue.
    Opened(Stay),
    /// Its class has changed; it has not been counted a second time.
    Reclassed(Stay),
    /// It has its outcome there.
    Closed(Stay),
    Attempt(Attempt),
}

/// A seat in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    pub call: CallId,
    pub seat: SeatId,
    /// Queues that the seat was in before this one.
    pub moves: u32,
    pub queue: QueueName,
    pub class: Class,
    /// A test call: counted nowhere.
    pub test: bool,
    /// False where the seat has its outcome in the total from another queue.
    pub in_total: bool,
    /// When the seat was opened: the interval that it belongs to.
    pub opened_at: Wall,
    /// When it came into this queue.
    pub entered_at: Wall,
    /// `None`: still open.
    pub outcome: Option<Outcome>,
    pub ended_at: Option<Wall>,
    /// The promise clock at the outcome.
    pub waited: Duration,
    pub operator: Option<OperatorId>,
    pub silent_operator: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Connected,
    /// Connected by a callback: a person in the end, and a miss (Q12), however soon it was.
    CalledBack,
    HungUp,
    /// By a key, out of the queue without hanging up.
    Left,
    /// Was to be called back, and nobody was there.
    NotReached,
    /// By an administrator, or for want of RTP.
    Ended,
    Exited(Exit),
    /// To another queue, where the seat is offered again.
    Moved,
    /// The process died while the seat was open.
    Lost,
}

impl Outcome {
    /// An exit goes by its own name.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Connected => "connected",
            Outcome::CalledBack => "called_back",
            Outcome::HungUp => "hung_up",
            Outcome::Left => "left",
            Outcome::NotReached => "not_reached",
            Outcome::Ended => "ended",
            Outcome::Exited(exit) => exit.as_str(),
            Outcome::Moved => "moved",
            Outcome::Lost => "lost",
        }
    }

    pub fn parse(text: &str) -> Option<Outcome> {
        use Outcome::{CalledBack, Connected, Ended, HungUp, Left, Lost, Moved, NotReached};
        let plain = [Connected, CalledBack, HungUp, Left, NotReached, Ended, Moved, Lost];
        plain
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .or_else(|| Exit::parse(text).map(Outcome::Exited))
    }
}

/// One phone rung for one seat, and the talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub call: CallId,
    pub offer: OfferId,
    pub seat: SeatId,
    pub operator: OperatorId,
    /// Queue and class of the seat, as they were at the end.
    pub queue: QueueName,
    pub class: Class,
    pub test: bool,
    /// When the seat was opened.
    pub opened_at: Wall,
    pub offered_at: Wall,
    /// From the claim to the answer, or to the end of ringing.
    pub rang: Duration,
    pub result: AttemptResult,
    /// The promise clock when the two were connected.
    pub waited: Duration,
    pub answered_at: Option<Wall>,
    /// When the operator's leg ended.
    pub ended_at: Option<Wall>,
    /// `None`: not connected, or they talk still.
    pub ended_by: Option<TalkEnd>,
    /// Without hold.
    pub talk: Duration,
    pub hold: Duration,
    pub wrap_up: Duration,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant,)* }
        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant,)*];
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
            pub fn parse(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    )*};
}

words! {
    AttemptResult {
        Answered = "answered",
        NoAnswer = "no_answer",
        Rejected = "rejected",
        Unreachable = "unreachable",
        /// Another operator was faster.
        Elsewhere = "elsewhere",
        CallerGone = "caller_gone",
        /// He chose a break or signed out while it rang.
        OperatorLeft = "operator_left",
        /// He answered, and it came to no talk.
        Failed = "failed",
    }
    TalkEnd {
        Operator = "operator",
        Caller = "caller",
        /// The operator passed the caller on to another queue.
        Transfer = "transfer",
    }
}

impl From<OfferFailure> for AttemptResult {
    fn from(why: OfferFailure) -> AttemptResult {
        match why {
            OfferFailure::NoAnswer => AttemptResult::NoAnswer,
            OfferFailure::Rejected => AttemptResult::Rejected,
            OfferFailure::Unreachable => AttemptResult::Unreachable,
        }
    }
}

impl From<Withdrawal> for AttemptResult {
    fn from(why: Withdrawal) -> AttemptResult {
        match why {
            Withdrawal::AnsweredElsewhere => AttemptResult::Elsewhere,
            Withdrawal::CallerGone => AttemptResult::CallerGone,
            Withdrawal::TimedOut => AttemptResult::NoAnswer,
            Withdrawal::OperatorLeft => AttemptResult::OperatorLeft,
        }
    }
}

impl Attempt {
    pub(super) fn account(&self) -> Account<'_> {
        Account { queue: &self.queue, class: self.class, in_total: true, test: self.test }
    }
}

impl Dispatcher {
    /// The wall time of a moment that was not long ago.
    pub(super) fn wall(&self, at: Instant) -> Wall {
        let ago = self.now.mono.since(at).as_millis();
        Wall(self.now.wall.0.saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX)))
    }

    /// A stay that is open.
    pub(super) fn stay(&self, seat: &Seat) -> Stay {
        Stay {
            call: seat.call,
            seat: seat.id,
            moves: seat.moves,
            queue: seat.queue.clone(),
            class: seat.class,
            test: seat.test,
            in_total: seat.in_total,
            opened_at: seat.opened_at,
            entered_at: self.wall(seat.entered_at),
            outcome: None,
            ended_at: None,
            waited: Duration::ZERO,
            operator: None,
            silent_operator: false,
        }
    }

    /// The seat has its outcome in this queue, without an operator. A seat that moves on is not told in the total.
    pub(super) fn close_stay(&mut self, id: SeatId, outcome: Outcome, waited: Duration) {
        let Some(seat) = self.seats.get(&id) else { return };
        let in_total = seat.in_total && outcome != Outcome::Moved;
        let ended_at = Some(self.now.wall);
        let stay = Stay { outcome: Some(outcome), ended_at, waited, in_total, ..self.stay(seat) };
        self.booked.push(Booking::Closed(stay));
    }

    /// The two talk, and it will not be taken back: RTP was heard, or the talk is over.
    pub(super) fn book_connected(&mut self, id: OfferId, silent: bool) {
        let Some(offer) = self.offers.get(&id) else { return };
        let Some(seat) = self.seats.get(&offer.seat) else { return };
        let Some(connected_at) = offer.connected_at else { return };
        let stay = Stay {
            outcome: Some(seat.connected_as()),
            ended_at: Some(self.wall(connected_at)),
            waited: offer.waited,
            operator: Some(offer.operator.clone()),
            silent_operator: silent,
            ..self.stay(seat)
        };
        let attempt = self.attempt(offer, AttemptResult::Answered);
        self.booked.extend([Booking::Closed(stay), Booking::Attempt(attempt)]);
    }

    /// The phone rings no more, or the answer came to nothing.
    pub(super) fn book_missed(&mut self, id: OfferId, result: AttemptResult) {
        if let Some(offer) = self.offers.get(&id) {
            let attempt = self.attempt(offer, result);
            self.measures.attempted(&attempt);
            self.booked.push(Booking::Attempt(attempt));
        }
    }

    pub(super) fn attempt(&self, offer: &Offer, result: AttemptResult) -> Attempt {
        let until = offer.accepted_at.unwrap_or(self.now.mono);
        Attempt {
            call: offer.call,
            offer: offer.id,
            seat: offer.seat,
            operator: offer.operator.clone(),
            queue: offer.queue.clone(),
            class: offer.class,
            test: offer.test,
            opened_at: offer.opened_at,
            offered_at: self.wall(offer.offered_at),
            rang: until.since(offer.offered_at),
            result,
            waited: offer.waited,
            answered_at: offer.connected_at.map(|at| self.wall(at)),
            ended_at: None,
            ended_by: None,
            talk: Duration::ZERO,
            hold: Duration::ZERO,
            wrap_up: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back_by_its_word() {
        use Outcome::{CalledBack, Connected, Ended, Exited, HungUp, Left, Lost, Moved, NotReached};
        let plain = [Connected, CalledBack, HungUp, Left, NotReached, Ended, Moved, Lost];
        for outcome in plain.into_iter().chain(Exit::ALL.map(Exited)) {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(Outcome::parse("vanished"), None);
    }
}
