//! What must hold of a pool whatever people do: checked after every event, from outside.
//!
//! The checkers are written from the queue rules and read only what the dispatcher is told and says: its events, its
//! actions, its reserve and its measures. They keep an account of their own, in plain maps, and know nothing of lanes,
//! rows or timers.
//!
//! | rule | broken when |
//! |---|---|
//! | [`Rule::Lost`] | a caller has no outcome, or two; one who left is still rung |
//! | [`Rule::TwoOperators`] | a caller is bridged with a second operator, or with one whose offer was taken back |
//! | [`Rule::TwoCallers`] | an operator is rung while he is claimed, talks, wraps up, is on a break or away (Q6, Q7) |
//! | [`Rule::Idle`] | an operator beyond the reserve is ready while somebody whom he may serve waits |
//! | [`Rule::Reserve`] | somebody else is offered an operator who was held back for Priority (Q3) |
//! | [`Rule::Due`] | a due start is withheld while a fitting operator is ready (Q2) |
//! | [`Rule::Order`] | somebody is rung for before another who outranks him (Q1) |
//! | [`Rule::Phones`] | too many phones ring for a caller, or one for too long (Q5) |
//! | [`Rule::Clock`] | a wait is not the time from joining to the connection (edge cases 21, 26) |
//! | [`Rule::Exit`] | a caller waits on though an exit applies (Q11) |
//! | [`Rule::Callback`] | a callback is lost, dialled too often, too early, out of turn or not at all, or served unasked (Q9) |
//! | [`Rule::Measures`] | the dispatcher's figures are not those of the trace (Q12) |
mod account;
mod callbacks;
mod callers;
mod checks;
mod desks;
mod order;

use crate::class::Class;
use crate::ids::{OfferId, OperatorId, QueueName, SeatId};
use crate::machine::{Instant, Now};
use crate::number::Number;
use crate::queue::{
    Action, Alert, Dispatcher, Event, Leave, Measures, OperatorStatus, PoolSettings, Withdrawal,
};
use account::Account;
use callers::{Away, Caller, Callers, Stage};
use desks::Desks;
use order::Starts;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// Measures are compared once in so many steps, and at the end.
const MEASURES_EVERY: u64 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Lost,
    TwoOperators,
    TwoCallers,
    Idle,
    Reserve,
    Due,
    Order,
    Phones,
    Clock,
    Exit,
    Callback,
    Measures,
}

/// A rule that was broken, when, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub rule: Rule,
    pub at: Instant,
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:.3} s: {}", self.rule, self.at.as_millis() as f64 / 1000.0, self.how)
    }
}

/// What may be seen of a dispatcher from outside.
pub trait Seen {
    fn operators(&self, now: Now) -> Vec<OperatorStatus>;
    fn reserve(&self) -> u32;
    fn measures(&self) -> &Measures;
}

impl Seen for Dispatcher {
    fn operators(&self, now: Now) -> Vec<OperatorStatus> {
        Dispatcher::operators(self, now)
    }

    fn reserve(&self) -> u32 {
        self.reserve_status().reserve
    }

    fn measures(&self) -> &Measures {
        Dispatcher::measures(self)
    }
}

/// What is known of an offer.
#[derive(Clone, Debug)]
struct Ring {
    seat: SeatId,
    operator: OperatorId,
    /// The seat's, as they were when the phone was called: an attempt is booked there.
    queue: QueueName,
    class: Class,
    rings_until: Instant,
    /// 180 was told.
    rang: bool,
    answered_at: Option<Instant>,
    state: RingState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RingState {
    Live,
    /// `Connect` was said; the wait may be booked or not.
    Joined,
    Over,
}

#[derive(Clone, Debug)]
pub struct Invariants {
    settings: PoolSettings,
    callers: Callers,
    desks: Desks,
    rings: BTreeMap<OfferId, Ring>,
    starts: Starts,
    account: Account,
    reserve: u32,
    /// Asked for in this step, and not answered yet.
    wanted: Option<(SeatId, Number)>,
    /// Q9: how long an operator is expected to be busy with one call.
    handling: Option<Duration>,
    last: Instant,
    steps: u64,
    broken: Vec<Broken>,
}

impl Invariants {
    pub fn new(settings: PoolSettings, seen: &impl Seen, now: Now) -> Invariants {
        let mut desks = Desks::default();
        for operator in seen.operators(now) {
            let contact = settings.operators.get(&operator.id).is_some_and(|known| known.contact.is_some());
            desks.add(operator.id, operator.state, contact);
        }
        Invariants {
            settings,
            callers: Callers::default(),
            desks,
            rings: BTreeMap::new(),
            starts: Starts::default(),
            account: Account::default(),
            reserve: seen.reserve(),
            wanted: None,
            handling: None,
            last: now.mono,
            steps: 0,
            broken: Vec::new(),
        }
    }

    /// The first is the one to look at: what follows may follow from it.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// Callers who have no outcome yet, those who talk included.
    pub fn open(&self) -> usize {
        self.callers.seats.len()
    }

    fn breaks(&mut self, rule: Rule, now: Instant, how: impl fmt::Display) {
        self.broken.push(Broken { rule, at: now, how: how.to_string() });
    }

    /// An event that is about to be handled; `None` is the passing of time.
    pub fn before(&mut self, event: Option<&Event>, now: Instant) {
        if now > self.last {
            self.check_moment(self.last);
            self.last = now;
        }
        self.desks.settle(event.is_none(), now);
        let Some(event) = event else { return };
        match event {
            Event::Joined { seat, queue, class, skills, caller, .. } => {
                if self.callers.seats.contains_key(seat) {
                    return;
                }
                let class = self.callers.class_in(&self.settings, queue, *class);
                self.account.opened(queue, class);
                let within =
                    self.callers.queue(&self.settings, queue).map_or(Duration::ZERO, |q| q.credit_within);
                self.callers.join(*seat, queue.clone(), class, skills.clone(), caller.clone(), within, now);
            }
            Event::ClassChanged { seat, class } => {
                let Some(caller) = self.callers.seats.get(seat) else { return };
                let class = self.callers.class_in(&self.settings, &caller.queue, *class);
                if let Some(caller) = self.callers.seats.get_mut(seat)
                    && caller.class != class
                    && !matches!(caller.stage, Stage::Talks { .. })
                {
                    self.account.class_changed(&caller.queue, caller.class, class);
                    caller.class = class;
                }
            }
            Event::Left { seat, .. } => {
                if let Some(Stage::Talks { offer, .. }) = self.callers.stage(*seat) {
                    self.caller_leaves_talk(offer, now);
                }
            }
            Event::Moved { seat, queue, skills, .. } => self.moved(*seat, queue, skills, now),
            Event::CallerGone { offer } => self.caller_leaves_talk(*offer, now),
            Event::Ringing { offer } => {
                if let Some(ring) = self.rings.get_mut(offer) {
                    ring.rang = true;
                }
            }
            Event::OfferFailed { offer, why } => self.phone_ends(*offer, Some(*why), now),
            Event::OperatorGone { offer } => self.phone_ends(*offer, None, now),
            Event::Accepted { offer }
                if self.rings.get(offer).is_some_and(|ring| ring.state == RingState::Over) =>
            {
                let operator = self.rings[offer].operator.clone();
                self.desks.answers_too_late(&operator, *offer, now);
            }
            Event::Configured(settings) => {
                self.callers.keep_retired(&self.settings, settings);
                self.settings = (**settings).clone();
                for (id, operator) in &self.settings.operators {
                    self.desks.declared(id, operator.contact.is_some());
                }
                self.desks.dismiss(|id| self.settings.operators.contains_key(id));
            }
            Event::CallbackWanted { seat, number } => self.wanted = Some((*seat, number.clone())),
            Event::LineFree { seat } => self.line_is_free(*seat),
            Event::CallbackConfirmed { seat } => self.key_is_pressed(*seat, now),
            Event::CallbackFailed { seat, tried } => self.is_not_reached(*seat, *tried, now),
            Event::BridgeDue { .. } | Event::Flowing { .. } | Event::Pong { .. } => {}
            Event::SignedIn { .. }
            | Event::SignedOut { .. }
            | Event::Chose { .. }
            | Event::EndWrapUp { .. }
            | Event::ExtendWrapUp { .. }
            | Event::Occupied { .. } => self.desks.hears(event),
            #[allow(unreachable_patterns)]
            // an event that the checkers know nothing of changes nothing they hold true
            _ => {}
        }
    }

    /// What the dispatcher said to it.
    pub fn after(&mut self, actions: &[Action], seen: &impl Seen, now: Now) {
        let at = now.mono;
        self.steps += 1;
        let reserve_before = std::mem::replace(&mut self.reserve, seen.reserve());
        for action in actions {
            if let Action::OperatorChanged { operator, state } = action {
                self.desks.shown(operator, state.clone());
            }
        }
        // Who was ready when the first decision of this step fell: whoever is now, and whoever was taken.
        let offered = actions.iter().filter_map(|action| match action {
            Action::Offer { operator, .. } => Some(operator.clone()),
            _ => None,
        });
        self.handling = callbacks::usual_handling(seen.measures());
        let reserve = (reserve_before.min(self.reserve), reserve_before.max(self.reserve));
        let mut ready: BTreeSet<OperatorId> = self.desks.ready().cloned().chain(offered).collect();
        for action in actions {
            if let Action::Offer { offer, seat, operator, .. } = action {
                self.check_offer(*offer, *seat, operator, &ready, reserve, at);
                ready.remove(operator);
            } else if let Action::Dial { seat, number, .. } = action {
                self.check_dial(*seat, number, &ready, reserve, at);
            } else {
                self.carry_out(action, at);
            }
        }
        self.check_standing(&ready, at);
        if self.steps.is_multiple_of(MEASURES_EVERY) {
            self.check_measures(seen.measures(), at);
        }
    }

    /// Nothing is left to happen.
    pub fn end(&mut self, seen: &impl Seen, now: Instant) {
        for (seat, caller) in &self.callers.seats {
            let how = format!("seat {seat} never had an outcome: {:?}", caller.stage);
            self.broken.push(Broken { rule: Rule::Lost, at: now, how });
        }
        self.check_measures(seen.measures(), now);
    }

    // What events mean.

    /// The caller is out of a talk, or of a bridge that is being set.
    fn caller_leaves_talk(&mut self, offer: OfferId, now: Instant) {
        let Some(ring) = self.rings.get(&offer) else { return };
        if let Some(Stage::Talks { offer: with, .. }) = self.callers.stage(ring.seat)
            && with == offer
        {
            let wrap_up = self.callers.wrap_up(&self.settings, ring.seat);
            self.desks.talk_over(&ring.operator, offer, wrap_up, false, now);
            self.callers.seats.remove(&ring.seat);
        }
    }

    /// The operator's phone is out of an offer, whatever state that was in.
    fn phone_ends(&mut self, offer: OfferId, why: Option<crate::queue::OfferFailure>, now: Instant) {
        let Some(ring) = self.rings.get_mut(&offer) else { return };
        let (seat, operator, state) = (ring.seat, ring.operator.clone(), ring.state);
        ring.state = RingState::Over;
        match state {
            RingState::Live => {
                self.callers.rings_no_more(seat, offer);
                self.starts.silent(seat, &self.callers);
                let why = why.unwrap_or(crate::queue::OfferFailure::Unreachable);
                self.desks.failed(&operator, offer, why, now);
            }
            RingState::Joined => match self.callers.stage(seat) {
                // `Return` follows.
                Some(Stage::Bridges { offer: with }) if with == offer => {
                    self.desks.failed(&operator, offer, crate::queue::OfferFailure::Rejected, now);
                }
                Some(Stage::Talks { offer: with, .. }) if with == offer => {
                    let wrap_up = self.callers.wrap_up(&self.settings, seat);
                    self.callers.seats.remove(&seat);
                    self.desks.leg_ended(&operator, offer, Some(wrap_up), now);
                }
                _ => self.desks.leg_ended(&operator, offer, None, now),
            },
            RingState::Over => self.desks.released(&operator, offer),
        }
    }

    fn moved(&mut self, seat: SeatId, queue: &QueueName, skills: &BTreeSet<crate::ids::Skill>, now: Instant) {
        let Some(caller) = self.callers.seats.get(&seat) else { return };
        let class = self.callers.class_in(&self.settings, queue, caller.class);
        let wrap_up = self.callers.wrap_up(&self.settings, seat);
        let Some(caller) = self.callers.seats.get_mut(&seat) else { return };
        match caller.stage {
            Stage::Talks { offer, since } => {
                caller.absence += now.since(since);
                if let Some(ring) = self.rings.get(&offer) {
                    self.desks.talk_over(&ring.operator, offer, wrap_up, true, now);
                }
            }
            Stage::Waits | Stage::Away(_) | Stage::Bridges { .. } => {
                self.account.moved_on(&caller.queue, caller.class)
            }
        }
        self.account.opened(queue, class);
        caller.queue = queue.clone();
        caller.class = class;
        caller.skills = skills.clone();
        caller.entered_at = now;
        caller.on_the_line_since = now;
        caller.returned = false;
        caller.stage = Stage::Waits;
        caller.first_rung_at = None;
        // Its phones are to be withdrawn in this step; they are no longer this seat's.
        caller.phones.clear();
        self.starts.silent(seat, &self.callers);
    }

    // What actions mean.

    fn carry_out(&mut self, action: &Action, now: Instant) {
        match action {
            Action::Withdraw { offer, why } => {
                let Some(ring) = self.rings.get_mut(offer) else { return };
                let (seat, operator, rang, state) = (ring.seat, ring.operator.clone(), ring.rang, ring.state);
                ring.state = RingState::Over;
                if state == RingState::Live {
                    self.callers.rings_no_more(seat, *offer);
                    self.starts.silent(seat, &self.callers);
                }
                if state != RingState::Over {
                    self.desks.withdrawn(&operator, *offer, now);
                    if *why == Withdrawal::TimedOut && rang {
                        self.desks.did_not_answer(&operator, now);
                    }
                }
            }
            Action::Connect { offer, seat } => self.connect(*offer, *seat, now),
            Action::Connected { offer, seat, waited, silent_operator, .. } => {
                let Some(caller) = self.callers.seats.get_mut(seat) else {
                    return self.breaks(Rule::Lost, now, format!("seat {seat} is connected and is gone"));
                };
                if caller.stage != (Stage::Bridges { offer: *offer }) {
                    let how = format!("seat {seat} is connected by offer {offer} and {:?}", caller.stage);
                    return self.breaks(Rule::TwoOperators, now, how);
                }
                caller.stage = Stage::Talks { offer: *offer, since: now };
                let expected = caller.waited(now);
                let by_callback = caller.called_back;
                self.account.connected(&caller.queue, caller.class, *waited, *silent_operator, by_callback);
                let priority = caller.class == Class::Priority;
                self.starts.started(*seat, priority, &self.callers, self.settings.starvation_limit, now);
                if *waited != expected {
                    let how = format!("seat {seat} waited {expected:?}, and {waited:?} is booked");
                    self.breaks(Rule::Clock, now, how);
                }
            }
            Action::Return { offer, seat } => {
                if let Some(ring) = self.rings.get_mut(offer) {
                    self.account.failed(&ring.queue, ring.class);
                    let operator = ring.operator.clone();
                    if std::mem::replace(&mut ring.state, RingState::Over) != RingState::Over {
                        self.desks.withdrawn(&operator, *offer, now);
                    }
                }
                let Some(caller) = self.callers.seats.get_mut(seat) else {
                    return self.breaks(Rule::Lost, now, format!("seat {seat} returns and is gone"));
                };
                let booked = match caller.stage {
                    Stage::Talks { since, .. } => Some(caller.waited(since)),
                    Stage::Waits | Stage::Away(_) | Stage::Bridges { .. } => None,
                };
                if let Some(waited) = booked {
                    self.account.given_back(&caller.queue, caller.class, waited, caller.called_back);
                }
                caller.stage = Stage::Waits;
                caller.returned = true;
                caller.first_rung_at = None;
                self.starts.silent(*seat, &self.callers);
            }
            Action::Exit { seat, exit } => {
                let Some(caller) = self.callers.seats.remove(seat) else {
                    return self.breaks(Rule::Lost, now, format!("seat {seat} takes an exit and is gone"));
                };
                if caller.away().is_some() {
                    self.breaks(Rule::Callback, now, format!("seat {seat} takes an exit and is not there"));
                }
                self.account.exited(&caller.queue, caller.class, *exit);
                self.left_behind(*seat, &caller, now);
            }
            Action::Closed { seat, why, waited } => {
                let Some(caller) = self.callers.seats.remove(seat) else {
                    return self.breaks(Rule::Lost, now, format!("seat {seat} is closed and is gone"));
                };
                if *why == Leave::NotReached && caller.stage != Stage::Away(Away::GivenUp) {
                    let how = format!("seat {seat} is given up and {:?}", caller.stage);
                    self.breaks(Rule::Callback, now, how);
                }
                self.account.closed(&caller.queue, caller.class, *why, caller.waited(now));
                if *why == Leave::HungUp {
                    let queue = self.callers.queue(&self.settings, &caller.queue);
                    let within = queue.map_or(Duration::ZERO, |queue| queue.credit_within);
                    self.callers.cut_off(&caller, within, now);
                }
                if *waited != caller.waited(now) {
                    let how = format!("seat {seat} waited {:?}, not {waited:?}", caller.waited(now));
                    self.breaks(Rule::Clock, now, how);
                }
                self.left_behind(*seat, &caller, now);
            }
            Action::CallbackKept { seat } => self.is_to_be_called(*seat, now),
            Action::CallbackRefused { seat } => self.is_not_to_be_called(*seat, now),
            Action::Alert(Alert::OperatorPaused { operator, .. }) => self.desks.paused(operator),
            _ => {}
        }
    }

    /// A caller is gone: his phones were told so in the same step.
    fn left_behind(&mut self, seat: SeatId, caller: &Caller, now: Instant) {
        self.starts.silent(seat, &self.callers);
        if let Some(offer) = caller.phones.iter().next() {
            self.breaks(Rule::Lost, now, format!("seat {seat} is gone and offer {offer} still rings"));
        }
    }

    fn connect(&mut self, offer: OfferId, seat: SeatId, now: Instant) {
        let live =
            self.rings.get(&offer).is_some_and(|ring| ring.state == RingState::Live && ring.seat == seat);
        if !live {
            let how = format!("offer {offer} is connected to seat {seat} though it was over");
            return self.breaks(Rule::TwoOperators, now, how);
        }
        let Some(caller) = self.callers.seats.get_mut(&seat) else {
            return self.breaks(
                Rule::Lost,
                now,
                format!("offer {offer} is connected to seat {seat}, who is gone"),
            );
        };
        if caller.stage != Stage::Waits {
            let how = format!("offer {offer} is connected to seat {seat}, who {:?}", caller.stage);
            return self.breaks(Rule::TwoOperators, now, how);
        }
        caller.stage = Stage::Bridges { offer };
        caller.phones.remove(&offer);
        if let Some(ring) = self.rings.get_mut(&offer) {
            ring.state = RingState::Joined;
            ring.answered_at = Some(now);
            self.desks.joined(&ring.operator, offer);
        }
    }
}
