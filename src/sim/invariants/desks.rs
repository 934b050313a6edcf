//! What keeps an operator from being rung, as the checkers see it: lower bounds only. Whoever is not held by one of these
//! need not be ready; but who is held must not be rung.
use crate::ids::{OfferId, OperatorId};
use crate::machine::Instant;
use crate::queue::{Choice, Event, OfferFailure, OperatorState};
use std::collections::BTreeMap;
use std::time::Duration;

/// Q6.
const NO_ANSWER_DELAY: Duration = Duration::from_secs(30);
const REJECT_DELAY: Duration = Duration::from_secs(10);
/// Q7.
const EXTENSION: Duration = Duration::from_secs(60);
/// A phone that was told to stop has stopped by then.
const RELEASED_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hold {
    Free,
    /// Rings, or has answered and talks, in this offer.
    Offer(OfferId),
    /// Told to stop.
    Releasing(OfferId, Instant),
    /// The caller has left the talk; the own leg ends when it is told, or by this time. Then he wraps up.
    Parting {
        offer: OfferId,
        until: Option<Instant>,
        wrap_up: Duration,
    },
    WrapUp {
        until: Instant,
        extended: bool,
    },
}

#[derive(Clone, Debug)]
struct Desk {
    shown: OperatorState,
    hold: Hold,
    /// A phone is there without registering.
    contact: bool,
    registered: bool,
    /// Seen signed in since his phone came: some have to choose first, and a talk that goes on does not tell.
    entered: bool,
    paused: bool,
    queued: Option<bool>,
    occupied: bool,
    dismissed: bool,
    not_before: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Desks {
    desks: BTreeMap<OperatorId, Desk>,
}

impl Desks {
    pub fn add(&mut self, id: OperatorId, shown: OperatorState, contact: bool) {
        let desk = Desk {
            entered: shown != OperatorState::Offline,
            shown,
            hold: Hold::Free,
            contact,
            registered: contact,
            paused: false,
            queued: None,
            occupied: false,
            dismissed: false,
            not_before: None,
        };
        self.desks.insert(id, desk);
    }

    pub fn declared(&mut self, id: &OperatorId, contact: bool) {
        match self.desks.get_mut(id) {
            Some(desk) => {
                // Declared again, he may be a new one with the same id.
                if std::mem::take(&mut desk.dismissed) {
                    desk.registered |= contact;
                    desk.take_up(false);
                    desk.occupied = false;
                }
                desk.contact = contact;
            }
            None => self.add(id.clone(), OperatorState::Offline, contact),
        }
    }

    pub fn dismiss(&mut self, declared: impl Fn(&OperatorId) -> bool) {
        for (_, desk) in self.desks.iter_mut().filter(|(id, _)| !declared(id)) {
            desk.dismissed = true;
            desk.registered = false;
            if matches!(desk.hold, Hold::WrapUp { .. }) {
                desk.hold = Hold::Free;
            }
        }
    }

    pub fn shown(&mut self, id: &OperatorId, state: OperatorState) {
        if let Some(desk) = self.desks.get_mut(id) {
            desk.entered |= !matches!(state, OperatorState::Offline | OperatorState::Talking);
            desk.shown = state;
        }
    }

    pub fn ready(&self) -> impl Iterator<Item = &OperatorId> {
        self.desks.iter().filter(|(_, desk)| desk.shown == OperatorState::Ready).map(|(id, _)| id)
    }

    pub fn is_signed_in(&self, id: &OperatorId) -> bool {
        self.desks.get(id).is_some_and(|desk| desk.shown != OperatorState::Offline)
    }

    /// Why this operator must not be rung.
    pub fn why_not(&self, id: &OperatorId, now: Instant) -> Option<String> {
        let Some(desk) = self.desks.get(id) else { return Some("nobody knows him".to_string()) };
        let held = match &desk.hold {
            Hold::Free => None,
            Hold::Offer(offer) => Some(format!("he is in offer {offer}")),
            Hold::Releasing(offer, _) => Some(format!("his phone still has offer {offer}")),
            Hold::Parting { offer, .. } => Some(format!("his leg of offer {offer} still stands")),
            Hold::WrapUp { .. } => Some("he wraps up".to_string()),
        };
        let away = desk
            .dismissed
            .then_some("he is dismissed")
            .or((!desk.registered).then_some("his phone is not there"))
            .or(desk.paused.then_some("he is on a break"))
            .or(desk.occupied.then_some("he is in another call"))
            .or(desk
                .not_before
                .is_some_and(|at| at > now)
                .then_some("he did not take the last call just now"));
        held.or(away.map(str::to_string))
    }

    pub fn holds(&self, id: &OperatorId, offer: OfferId) -> bool {
        self.desks.get(id).is_some_and(|desk| match desk.hold {
            Hold::Offer(held) | Hold::Releasing(held, _) | Hold::Parting { offer: held, .. } => held == offer,
            Hold::Free | Hold::WrapUp { .. } => false,
        })
    }

    /// What he and his phone do.
    pub fn hears(&mut self, event: &Event) {
        let (Event::SignedIn { operator }
        | Event::SignedOut { operator }
        | Event::Chose { operator, .. }
        | Event::EndWrapUp { operator }
        | Event::ExtendWrapUp { operator }
        | Event::Occupied { operator, .. }) = event
        else {
            return;
        };
        let Some(desk) = self.desks.get_mut(operator) else { return };
        match event {
            Event::SignedIn { .. } => {
                desk.registered = true;
                desk.not_before = None;
            }
            Event::SignedOut { .. } => {
                desk.registered = false;
                desk.entered = false;
                desk.not_before = None;
                desk.end_wrap_up();
                if let Hold::Parting { wrap_up, .. } = &mut desk.hold {
                    *wrap_up = Duration::ZERO;
                }
            }
            Event::Chose { choice, .. } => {
                let paused = matches!(choice, Choice::Paused { .. });
                desk.entered |= desk.registered;
                if matches!(desk.hold, Hold::Offer(_) | Hold::Parting { .. }) {
                    desk.queued = Some(paused);
                } else {
                    desk.take_up(paused);
                }
                desk.end_wrap_up();
            }
            Event::EndWrapUp { .. } => desk.end_wrap_up(),
            Event::ExtendWrapUp { .. } => {
                if let Hold::WrapUp { until, extended } = &mut desk.hold
                    && !std::mem::replace(extended, true)
                {
                    *until += EXTENSION;
                }
            }
            Event::Occupied { busy, .. } => desk.occupied = *busy,
            _ => {}
        }
    }

    pub fn claimed(&mut self, id: &OperatorId, offer: OfferId) {
        if let Some(desk) = self.desks.get_mut(id) {
            desk.hold = Hold::Offer(offer);
        }
    }

    pub fn joined(&mut self, id: &OperatorId, offer: OfferId) {
        self.claimed(id, offer);
    }

    pub fn withdrawn(&mut self, id: &OperatorId, offer: OfferId, now: Instant) {
        if let Some(desk) = self.in_offer(id, offer) {
            desk.hold = Hold::Releasing(offer, now + RELEASED_AFTER);
        }
    }

    /// A 200 that crossed its CANCEL.
    pub fn answers_too_late(&mut self, id: &OperatorId, offer: OfferId, now: Instant) {
        if let Some(desk) = self.desks.get_mut(id)
            && let Hold::Releasing(held, until) = &mut desk.hold
            && *held == offer
            && *until >= now
        {
            *until = now + RELEASED_AFTER;
        }
    }

    pub fn failed(&mut self, id: &OperatorId, offer: OfferId, why: OfferFailure, now: Instant) {
        let Some(desk) = self.in_offer(id, offer) else { return };
        desk.free();
        match why {
            OfferFailure::NoAnswer => desk.not_before = Some(now + NO_ANSWER_DELAY),
            OfferFailure::Rejected => desk.not_before = Some(now + REJECT_DELAY),
            OfferFailure::Unreachable => {}
        }
    }

    pub fn did_not_answer(&mut self, id: &OperatorId, now: Instant) {
        if let Some(desk) = self.desks.get_mut(id) {
            desk.not_before = Some(now + NO_ANSWER_DELAY);
        }
    }

    pub fn released(&mut self, id: &OperatorId, offer: OfferId) {
        if let Some(desk) = self.desks.get_mut(id)
            && matches!(desk.hold, Hold::Releasing(held, _) if held == offer)
        {
            desk.free();
        }
    }

    /// The talk is over for the caller: he hung up, or was passed on (then the own leg has no time limit).
    pub fn talk_over(
        &mut self,
        id: &OperatorId,
        offer: OfferId,
        wrap_up: Duration,
        passed_on: bool,
        now: Instant,
    ) {
        if let Some(desk) = self.in_offer(id, offer) {
            let until = (!passed_on).then_some(now + RELEASED_AFTER);
            desk.hold = Hold::Parting { offer, until, wrap_up };
        }
    }

    /// His own leg has ended after a talk.
    pub fn leg_ended(&mut self, id: &OperatorId, offer: OfferId, wrap_up: Option<Duration>, now: Instant) {
        let Some(desk) = self.desks.get_mut(id) else { return };
        let wrap_up = match desk.hold {
            Hold::Offer(held) if held == offer => wrap_up.unwrap_or_default(),
            Hold::Parting { offer: held, wrap_up, .. } if held == offer => wrap_up,
            _ => return,
        };
        desk.wrap_up(wrap_up, now);
    }

    /// What time alone has ended by now. A phone that answers in the very instant in which it is given up is told to stop
    /// once more: `timers_run` tells whether that instant's timers come now, or an event before them.
    pub fn settle(&mut self, timers_run: bool, now: Instant) {
        for desk in self.desks.values_mut() {
            match desk.hold {
                Hold::Releasing(_, until) if until < now || timers_run && until == now => desk.free(),
                Hold::Parting { until: Some(until), wrap_up, .. } if until <= now => {
                    desk.wrap_up(wrap_up, until)
                }
                _ => {}
            }
            if matches!(desk.hold, Hold::WrapUp { until, .. } if until <= now) {
                desk.hold = Hold::Free;
            }
        }
    }

    /// Signed in, not paused, not unreachable. What a state shows does not always tell; these do for certain.
    pub fn on_duty_at_least(&self) -> impl Iterator<Item = &OperatorId> {
        let surely = |desk: &Desk| {
            desk.registered
                && desk.entered
                && !desk.paused
                && matches!(
                    desk.shown,
                    OperatorState::Ready
                        | OperatorState::Claimed
                        | OperatorState::Ringing
                        | OperatorState::Talking
                        | OperatorState::WrapUp
                )
        };
        self.desks.iter().filter(move |(_, desk)| surely(desk)).map(|(id, _)| id)
    }

    /// And these may be.
    pub fn on_duty_at_most(&self) -> impl Iterator<Item = &OperatorId> {
        self.desks.iter().filter(|(_, desk)| desk.shown != OperatorState::Offline).map(|(id, _)| id)
    }

    /// Not ready, and expected to be within `reach` (Q9). `talk_ends`: when the talk of this offer is expected to be over.
    pub fn soon_free(
        &self,
        reach: Duration,
        talk_ends: impl Fn(OfferId) -> Option<Instant>,
        now: Instant,
    ) -> impl Iterator<Item = &OperatorId> {
        let by = now + reach;
        let soon = move |desk: &Desk| {
            let free_at = match desk.hold {
                // These are lower bounds: he may wrap up, or his phone may be told to stop, for longer than is known.
                Hold::Free if matches!(desk.shown, OperatorState::WrapUp | OperatorState::Claimed) => {
                    Some(now)
                }
                Hold::Free => desk.not_before.filter(|at| *at > now),
                Hold::Offer(offer) => talk_ends(offer),
                Hold::Releasing(_, until) | Hold::WrapUp { until, .. } => Some(until),
                Hold::Parting { until, wrap_up, .. } => until.map(|until| until + wrap_up),
            };
            let stays = desk.registered && !desk.dismissed && !desk.queued.unwrap_or(desk.paused);
            stays && !desk.occupied && free_at.is_some_and(|at| at <= by)
        };
        self.desks.iter().filter(move |(_, desk)| soon(desk)).map(|(id, _)| id)
    }

    pub fn all(&self) -> impl Iterator<Item = &OperatorId> {
        self.desks.keys()
    }

    pub fn paused(&mut self, id: &OperatorId) {
        if let Some(desk) = self.desks.get_mut(id) {
            desk.take_up(true);
        }
    }

    fn in_offer(&mut self, id: &OperatorId, offer: OfferId) -> Option<&mut Desk> {
        self.desks.get_mut(id).filter(|desk| desk.hold == Hold::Offer(offer))
    }
}

impl Desk {
    fn free(&mut self) {
        self.hold = Hold::Free;
        if let Some(paused) = self.queued.take() {
            self.take_up(paused);
        }
    }

    fn wrap_up(&mut self, wrap_up: Duration, since: Instant) {
        self.free();
        if !wrap_up.is_zero() && self.registered && !self.paused {
            self.hold = Hold::WrapUp { until: since + wrap_up, extended: false };
        }
    }

    fn take_up(&mut self, paused: bool) {
        self.paused = paused;
        self.queued = None;
        self.not_before = None;
    }

    fn end_wrap_up(&mut self) {
        if matches!(self.hold, Hold::WrapUp { .. }) {
            self.hold = Hold::Free;
        }
    }
}
