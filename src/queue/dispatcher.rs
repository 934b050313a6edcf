//! The dispatcher: the one writer of a pool's state.
//!
//! Every step is the same: what the event means is noted, seats that nobody can serve leave, then ready operators are
//! handed out until nobody waits or nobody is ready, and at last the operators whose state has changed are told. So
//! between two steps no operator is ready while a seat waits that he may serve, but for those held back (Q3).
use super::admission::Arrival;
use super::booking::Booking;
use super::credit::Credits;
use super::decisions::Decisions;
use super::estimates::Estimates;
use super::event::{Action, Event};
use super::lane::Lane;
use super::last_spoke::LastSpoke;
use super::measures::Measures;
use super::offer::Offer;
use super::operator::{Operator, Work};
use super::overlap::Overlap;
use super::reserve::Reserve;
use super::seat::{Seat, Stage};
use super::settings::PoolSettings;
use super::starts::{Share, Starvation};
use super::status::SeatStatus;
use super::timers::{Timer, Timers};
use crate::ids::{OfferId, OperatorId, QueueName, RequestId, SeatId};
use crate::machine::{Instant, Machine, Now};
use crate::number::Number;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dispatcher {
    pub(super) settings: PoolSettings,
    /// Queues that the settings no longer name, kept while seats of theirs are open (edge case 13).
    pub(super) retired: BTreeSet<QueueName>,
    /// By a supervisor's order.
    #[serde(default)]
    pub(super) closed: BTreeSet<QueueName>,
    pub(super) seats: BTreeMap<SeatId, Seat>,
    pub(super) lanes: Vec<Lane>,
    pub(super) operators: BTreeMap<OperatorId, Operator>,
    pub(super) offers: BTreeMap<OfferId, Offer>,
    pub(super) timers: Timers,
    pub(super) share: Share,
    pub(super) starvation: Starvation,
    pub(super) last_spoke: LastSpoke,
    pub(super) credits: Credits,
    pub(super) measures: Measures,
    pub(super) dial_at: Option<Instant>,
    pub(super) strength: Strength,
    pub(super) overlap: Overlap,
    pub(super) estimates: Estimates,
    pub(super) reserve: Reserve,
    pub(super) decisions: Decisions,
    /// Told at the end of the step.
    pub(super) booked: Vec<Booking>,
    /// The time of this step.
    pub(super) now: Now,
    pub(super) dice: ChaCha8Rng,
    pub(super) last_offer: OfferId,
    pub(super) last_request: RequestId,
    /// Seats opened and offers made, for ties and turns.
    pub(super) sequence: u64,
    pub(super) turn: u64,
    /// Operators whose state may have changed in this step.
    pub(super) touched: BTreeSet<OperatorId>,
}

/// The operators of the pool who serve a queue: how many are on duty (`c` of the rules), and how many of them ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Strength {
    pub on_duty: usize,
    pub ready: usize,
}

/// The upper bits of an id tell the pools of a node apart.
const POOL_SHIFT: u32 = 48;

impl Dispatcher {
    /// Operators with a static contact are ready at the start. `seed` is for the strategy `random`.
    pub fn new(settings: PoolSettings, seed: u64) -> Self {
        let mut dispatcher = Dispatcher {
            settings,
            retired: BTreeSet::new(),
            closed: BTreeSet::new(),
            seats: BTreeMap::new(),
            lanes: Vec::new(),
            operators: BTreeMap::new(),
            offers: BTreeMap::new(),
            timers: Timers::default(),
            share: Share::default(),
            starvation: Starvation::default(),
            last_spoke: LastSpoke::default(),
            credits: Credits::default(),
            measures: Measures::default(),
            dial_at: None,
            strength: Strength::default(),
            overlap: Overlap::default(),
            estimates: Estimates::default(),
            reserve: Reserve::default(),
            decisions: Decisions::default(),
            booked: Vec::new(),
            now: Now::default(),
            dice: ChaCha8Rng::seed_from_u64(seed),
            last_offer: OfferId::default(),
            last_request: RequestId::default(),
            sequence: 0,
            turn: 0,
            touched: BTreeSet::new(),
        }
        .numbered(0);
        dispatcher.adopt_settings(Instant::ZERO);
        dispatcher.show_silently();
        dispatcher
    }

    /// Where this pool's [`OfferId`]s and [`RequestId`]s begin: its number, plus one, in the upper 16 bits, so that they
    /// are never those of another pool, nor of a plain counter elsewhere.
    pub fn numbered(mut self, pool: u16) -> Self {
        let base = (u64::from(pool) + 1) << POOL_SHIFT;
        self.last_offer = OfferId(base);
        self.last_request = RequestId(base);
        self
    }

    /// A choice from before a restart (Q7), before any event. Kept outside are `Event::Chose` and
    /// `Alert::OperatorPaused`, the latest of each operator.
    pub fn restore_choice(&mut self, operator: &OperatorId, paused: Option<String>) {
        let Some(known) = self.operators.get_mut(operator) else { return };
        known.restore(paused);
        self.refresh(operator);
        self.show_silently();
    }

    /// Q10: a seat that was open when the node ended, `age` old by now. Its number has `within` to come back.
    pub fn restore_seat(
        &mut self,
        caller: &Number,
        queue: &QueueName,
        age: Duration,
        within: Duration,
        now: Instant,
    ) {
        self.credits.lost(caller, queue, age, now + within, now);
    }

    pub fn has_seat(&self, seat: SeatId) -> bool {
        self.seats.contains_key(&seat)
    }

    /// What a seat is at this moment.
    pub fn seat(&self, seat: SeatId, now: Instant) -> Option<SeatStatus> {
        self.seats.get(&seat).map(|seat| SeatStatus {
            caller: seat.caller.clone(),
            queue: seat.queue.clone(),
            class: seat.class,
            age: match seat.stage {
                Stage::Talking { waited, .. } => waited + seat.credit,
                _ => seat.place().age(now),
            },
            waited: match seat.stage {
                Stage::Talking { waited, .. } => waited,
                _ => seat.waited(now),
            },
            skills: seat.skills.clone(),
            stays: seat.moves + 1,
            test: seat.test,
            is_counted: !seat.in_total || seat.has_talked(),
            callback: match &seat.stage {
                Stage::Callback(callback) => Some(callback.status(now)),
                _ => None,
            },
            talking_for: match seat.stage {
                Stage::Talking { since, .. } => Some(now.since(since)),
                _ => None,
            },
        })
    }

    /// Q12.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    pub fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// The end of every step.
    fn finish(&mut self, now: Now, out: &mut Vec<Action>) {
        self.review_duty(now.mono, out);
        self.review_reserve(now.mono, out);
        self.dispatch(now.mono, out);
        self.dial_callbacks(now.mono, out);
        self.rearm_review(now.mono);
        let touched = std::mem::take(&mut self.touched);
        for id in touched {
            let Some(operator) = self.operators.get_mut(&id) else { continue };
            let state = operator.state();
            if state != operator.shown {
                operator.show(state.clone(), now.mono);
                out.push(Action::OperatorChanged { operator: id.clone(), state });
            }
            if operator.dismissed && operator.work == Work::Free {
                self.operators.remove(&id);
            }
        }
        out.extend(self.booked.drain(..).map(|booking| Action::Booked(Box::new(booking))));
    }

    fn show_silently(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            if let Some(operator) = self.operators.get_mut(&id) {
                operator.show(operator.state(), Instant::ZERO);
            }
        }
    }
}

impl Machine for Dispatcher {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        let at = now.mono;
        self.now = now;
        self.pass_time(at);
        match event {
            // `exits` says what the flow handles; every exit is emitted, for the goodbye is the call's to say.
            Event::Joined { seat, call, caller, queue, class, skills, exits: _, test } => {
                self.joined(Arrival { id: seat, call, test, caller, queue, class, skills }, at, out);
                self.arrived(seat, at);
            }
            Event::ClassChanged { seat, class } => self.class_changed(seat, class, at),
            Event::Left { seat, why } => self.left(seat, why, at, out),
            Event::Brought { seat, call, caller, queue, class, skills, exits: _, age, callback, test } => {
                let arrival = Arrival { id: seat, call, test, caller, queue, class, skills };
                self.brought(arrival, age, callback, at, out);
                self.arrived(seat, at);
            }
            Event::Taken { seat } => self.taken(seat, at, out),
            Event::CallbackWanted { seat, number } => self.callback_wanted(seat, number, at, out),
            Event::LineFree { seat } => self.line_free(seat, at),
            Event::CallbackConfirmed { seat } => self.callback_confirmed(seat, at),
            Event::CallbackFailed { seat, tried } => self.callback_failed(seat, tried, at, out),
            Event::Moved { seat, queue, skills, exits: _ } => self.moved(seat, queue, skills, at, out),

            Event::PassedOn { offer } => self.passed_on(offer, at),

            Event::SignedIn { operator } => self.signed_in(&operator, at),
            Event::SignedOut { operator } => self.signed_out(&operator, at, out),
            Event::Chose { operator, choice } => self.chose(&operator, choice, at),
            Event::EndWrapUp { operator } => self.end_wrap_up(&operator, at),
            Event::ExtendWrapUp { operator } => self.extend_wrap_up(&operator),
            Event::Pong { request, operator, alive } => self.ponged(request, &operator, alive),
            Event::Occupied { operator, busy } => self.occupied(&operator, busy, at, out),
            Event::TookOver { operator, queue } => self.took_over(&operator, &queue),

            Event::Ringing { offer } => self.rang(offer),
            Event::Accepted { offer } => self.accepted(offer, at, out),
            Event::OfferFailed { offer, why } => self.offer_failed(offer, why, at, out),
            Event::BridgeDue { offer, at } => self.bridge_due(offer, at),
            Event::Flowing { offer } => self.flowing(offer, at, out),
            Event::Held { offer, held } => {
                if let Some(offer) = self.offers.get_mut(&offer) {
                    offer.hold(held, at);
                }
            }
            Event::OperatorGone { offer } => self.operator_gone(offer, at, out),
            Event::CallerGone { offer } => self.caller_gone(offer, at, out),

            Event::Closed { queue, closed } => self.close(queue, closed, out),

            Event::Configured(settings) => self.configured(*settings, at, out),
        }
        self.finish(now, out);
    }

    fn handle_timeout(&mut self, now: Now, out: &mut Vec<Action>) {
        self.now = now;
        self.pass_time(now.mono);
        while let Some(timer) = self.timers.pop(now.mono) {
            match timer {
                // Whoever comes within reach is seen at the end of the step.
                Timer::Dial => self.dial_at = None,
                Timer::Seat(seat) => self.seat_timeout(seat, now.mono, out),
                Timer::Offer(offer) => self.offer_timeout(offer, now.mono, out),
                Timer::Operator(operator) => self.operator_timeout(&operator, now.mono, out),
                Timer::Review => self.reserve.deadline = None,
            }
        }
        self.finish(now, out);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }
}
