//! An offer's life (Q5, Q6): from the claim to the end of the talk.
//!
//! Two readings of the rules live here. *The first 200 OK wins*: the other phones are withdrawn in the same step, and a
//! 200 that crosses its withdrawal is withdrawn again, so that its leg is released. *An operator who answers and drops
//! before the bridge*: his caller returns to the head of the queue, and phones ring for him again in the same step.
use super::booking::{Attempt, AttemptResult, Booking, TalkEnd};
use super::dispatcher::Dispatcher;
use super::event::{Action, Alert, Leave, OfferFailure, Withdrawal};
use super::offer::{NO_RTP_AFTER, Offer, Phase, RELEASED_AFTER, SILENT_AFTER, SLOW_AFTER};
use super::operator::Work;
use super::pick_up::Rung;
use super::seat::Stage;
use super::timers::Timer;
use crate::class::Class;
use crate::ids::{OfferId, OperatorId, SeatId};
use crate::machine::Instant;
use std::time::Duration;

impl Dispatcher {
    /// Claims the operator and rings him.
    pub(super) fn offer(&mut self, seat: SeatId, operator: &OperatorId, now: Instant, out: &mut Vec<Action>) {
        let (Some(waiting), Some(claimed)) = (self.seats.get_mut(&seat), self.operators.get_mut(operator))
        else {
            return;
        };
        let id = self.last_offer.take();
        self.turn += 1;
        claimed.turn = self.turn;
        claimed.work = Work::Offered { offer: id, rings: false };
        let ring_timeout =
            self.settings.queues.get(&waiting.queue).map_or(Duration::ZERO, |q| q.ring_timeout);
        let offer = Offer {
            id,
            call: waiting.call,
            test: waiting.test,
            seat,
            opened_at: waiting.opened_at,
            operator: operator.clone(),
            queue: waiting.queue.clone(),
            class: waiting.class,
            offered_at: now,
            rings_until: now + ring_timeout,
            accepted_at: None,
            connected_at: None,
            waited: Duration::ZERO,
            held: Duration::ZERO,
            held_since: None,
            heard: false,
            phase: Phase::Dialled { reachable_until: now + claimed.settings.rings_within },
            deadline: None,
        };
        out.push(Action::Offer {
            offer: id,
            seat,
            operator: operator.clone(),
            queue: offer.queue.clone(),
            class: offer.class,
            waited: waiting.waited(now),
        });
        waiting.first_offered_at.get_or_insert(now);
        if let Stage::Waiting { phones } = &mut waiting.stage {
            phones.push(id);
        }
        self.offers.insert(id, offer);
        self.rearm_offer(id);
        self.refresh(operator);
        self.reindex(seat, now);
    }

    pub(super) fn rang(&mut self, id: OfferId) {
        let Some(offer) = self.offers.get_mut(&id) else { return };
        if !matches!(offer.phase, Phase::Dialled { .. }) {
            return;
        }
        offer.phase = Phase::Ringing;
        let operator = offer.operator.clone();
        self.rearm_offer(id);
        if let Some(ringing) = self.operators.get_mut(&operator) {
            ringing.work = Work::Offered { offer: id, rings: true };
        }
        self.refresh(&operator);
    }

    pub(super) fn accepted(&mut self, id: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get_mut(&id) else {
            // Forgotten long ago: whoever answered must not be left on a dead line.
            out.push(Action::Withdraw { offer: id, why: Withdrawal::AnsweredElsewhere });
            return;
        };
        let (seat, operator, heard) = (offer.seat, offer.operator.clone(), offer.heard);
        match &mut offer.phase {
            Phase::Dialled { .. } | Phase::Ringing => offer.phase = Phase::Bridging { answered_at: now },
            Phase::Withdrawn { why, until } => {
                *until = now + RELEASED_AFTER;
                out.push(Action::Withdraw { offer: id, why: *why });
                self.rearm_offer(id);
                return;
            }
            Phase::Bridging { .. } | Phase::Talking { .. } | Phase::Parting { .. } => return,
        }
        offer.accepted_at = Some(now);
        self.rearm_offer(id);
        out.push(Action::Connect { offer: id, seat });
        if let Some(winner) = self.operators.get_mut(&operator) {
            winner.work = Work::Talking { offer: id };
        }
        self.refresh(&operator);
        let Some(answered) = self.seats.get_mut(&seat) else { return };
        let phones = answered.phones().to_vec();
        answered.stage = Stage::Bridging { offer: id };
        for other in phones.into_iter().filter(|other| *other != id) {
            self.answered_elsewhere(other, now, out);
        }
        self.reindex(seat, now);
        if heard {
            self.connected(id, false, now, out);
        }
    }

    /// A whisper comes before the bridge: silence of the operator counts from the bridge.
    pub(super) fn bridge_due(&mut self, id: OfferId, at: Instant) {
        if let Some(offer) = self.offers.get_mut(&id)
            && let Phase::Bridging { answered_at } = &mut offer.phase
        {
            *answered_at = at;
            self.rearm_offer(id);
        }
    }

    fn answered_elsewhere(&mut self, id: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get(&id) else { return };
        let slow = now.since(offer.offered_at) >= SLOW_AFTER;
        let operator = offer.operator.clone();
        self.withdraw(id, Withdrawal::AnsweredElsewhere, now, out);
        if slow {
            let paused = self.operators.get_mut(&operator).and_then(|operator| operator.was_slow(now));
            self.after_trouble(&operator, paused, out);
        }
    }

    /// Takes an offer back. The operator is free when his phone says so, or a second later.
    pub(super) fn withdraw(&mut self, id: OfferId, why: Withdrawal, now: Instant, out: &mut Vec<Action>) {
        if let Some(offer) = self.offers.get(&id)
            && matches!(offer.phase, Phase::Dialled { .. } | Phase::Ringing)
        {
            self.estimates.pick_up.rung(match why {
                Withdrawal::TimedOut => Rung::Missed,
                _ => Rung::CutShort(now.since(offer.offered_at)),
            });
        }
        out.push(Action::Withdraw { offer: id, why });
        // A ring that timed out is booked with what it was: no answer, or nobody there.
        if why != Withdrawal::TimedOut {
            self.book_missed(id, why.into());
        }
        self.release(id, why, now);
    }

    fn release(&mut self, id: OfferId, why: Withdrawal, now: Instant) {
        let Some(offer) = self.offers.get_mut(&id) else { return };
        offer.phase = Phase::Withdrawn { why, until: now + RELEASED_AFTER };
        let operator = offer.operator.clone();
        self.rearm_offer(id);
        if let Some(releasing) = self.operators.get_mut(&operator) {
            releasing.work = Work::Releasing { offer: id };
        }
        self.refresh(&operator);
    }

    pub(super) fn offer_failed(
        &mut self,
        id: OfferId,
        why: OfferFailure,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(offer) = self.offers.get(&id) else { return };
        match offer.phase {
            Phase::Dialled { .. } | Phase::Ringing => {
                let (seat, operator) = (offer.seat, offer.operator.clone());
                self.estimates.pick_up.rung(Rung::Missed);
                self.book_missed(id, why.into());
                self.forget_offer(id);
                self.set_free(&operator);
                self.trouble(&operator, why, now, out);
                self.phone_lost(seat, id, now, out);
            }
            // The answer to our CANCEL, or the leg's end under another name.
            _ => self.operator_gone(id, now, out),
        }
    }

    pub(super) fn flowing(&mut self, id: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get_mut(&id) else { return };
        // RTP ahead of the 200 OK is remembered: it will not be announced again.
        let first = !std::mem::replace(&mut offer.heard, true);
        let silent_till_now = first && matches!(offer.phase, Phase::Talking { .. });
        let talks = matches!(offer.phase, Phase::Bridging { .. } | Phase::Talking { .. });
        // What he says during a whisper the caller does not hear yet.
        let bridged = matches!(offer.phase, Phase::Bridging { answered_at } if answered_at <= now);
        let operator = offer.operator.clone();
        self.rearm_offer(id);
        if talks && let Some(operator) = self.operators.get_mut(&operator) {
            operator.was_heard();
        }
        if silent_till_now {
            self.book_connected(id, true);
        }
        if bridged {
            self.connected(id, false, now, out);
        }
    }

    /// The promise clock stops.
    fn connected(&mut self, id: OfferId, silent: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get_mut(&id) else { return };
        let Phase::Bridging { answered_at } = offer.phase else { return };
        let Some(seat) = self.seats.get_mut(&offer.seat) else { return };
        offer.phase = Phase::Talking { answered_at };
        self.estimates.pick_up.rung(Rung::Answered(now.since(offer.offered_at)));
        if seat.class != Class::Priority {
            self.estimates.stopped_waiting(false);
        }
        let waited = seat.waited(now);
        (offer.connected_at, offer.waited) = (Some(now), waited);
        let heard = offer.heard;
        seat.stage = Stage::Talking { offer: id, since: now, waited };
        self.measures.connected(seat.account(), seat.connected_as(), waited, silent);
        if let Some(caller) = &seat.caller {
            self.last_spoke.spoke(caller, &offer.operator, now);
        }
        if let Some(operator) = self.operators.get_mut(&offer.operator) {
            operator.answered();
            operator.calls += 1;
        }
        let (seat, class, operator) = (seat.id, seat.class, offer.operator.clone());
        self.share.started(class == Class::Priority, now);
        let others_starve = self.somebody_starves(now);
        self.starvation.started(seat, others_starve, now);
        if heard {
            self.book_connected(id, silent);
        }
        self.rearm_offer(id);
        out.push(Action::Connected { offer: id, seat, operator, waited, silent_operator: silent });
    }

    pub(super) fn operator_gone(&mut self, id: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get(&id) else { return };
        let operator = offer.operator.clone();
        match offer.phase {
            Phase::Dialled { .. } | Phase::Ringing => {
                self.offer_failed(id, OfferFailure::Unreachable, now, out);
            }
            Phase::Bridging { .. } => {
                let seat = offer.seat;
                self.book_missed(id, AttemptResult::Failed);
                self.forget_offer(id);
                self.set_free(&operator);
                // To pick up and to drop at once is to refuse; and a phone that always does so must not be tried for ever.
                self.trouble(&operator, OfferFailure::Rejected, now, out);
                self.return_to_head(seat, id, now, out);
            }
            Phase::Talking { .. } => {
                let (seat, since) = self.talk_of(offer);
                self.pass_on(id, since, TalkEnd::Operator, None);
                self.drop_seat(seat);
                out.push(Action::Served { seat });
                self.part(id, now);
            }
            Phase::Parting { .. } => self.part(id, now),
            Phase::Withdrawn { .. } => {
                self.forget_offer(id);
                self.set_free(&operator);
            }
        }
    }

    pub(super) fn caller_gone(&mut self, id: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get(&id) else { return };
        match offer.phase {
            Phase::Dialled { .. } | Phase::Ringing | Phase::Bridging { .. } => {
                self.left(offer.seat, Leave::HungUp, now, out);
            }
            Phase::Talking { .. } => {
                let (seat, since) = self.talk_of(offer);
                self.pass_on(id, since, TalkEnd::Caller, Some(now + RELEASED_AFTER));
                self.drop_seat(seat);
                out.push(Action::Served { seat });
            }
            Phase::Parting { .. } | Phase::Withdrawn { .. } => {}
        }
    }

    fn talk_of(&self, offer: &Offer) -> (SeatId, Instant) {
        let since = self.seats.get(&offer.seat).and_then(|seat| match seat.stage {
            Stage::Talking { since, .. } => Some(since),
            Stage::Waiting { .. } | Stage::Bridging { .. } | Stage::Callback(_) | Stage::PassedOn => None,
        });
        (offer.seat, since.unwrap_or(offer.offered_at))
    }

    /// The operator's own leg has ended after a talk: wrap-up begins.
    fn part(&mut self, id: OfferId, now: Instant) {
        let Some(mut offer) = self.forget_offer(id) else { return };
        let Phase::Parting { talk_since, by, wrap_up, .. } = offer.phase else { return };
        offer.hold(false, now);
        let together = now.since(talk_since);
        let talk = together.saturating_sub(offer.held);
        let handled = Attempt {
            ended_at: Some(self.now.wall),
            ended_by: Some(by),
            talk,
            hold: offer.held,
            ..self.attempt(&offer, AttemptResult::Answered)
        };
        self.measures.attempted(&handled);
        self.booked.push(Booking::Attempt(handled.clone()));
        self.estimates.handled(now.since(offer.offered_at) + wrap_up);
        if let Some(operator) = self.operators.get_mut(&offer.operator) {
            operator.talked += together;
            operator.wrap_up(wrap_up, Some(handled), now);
        }
        self.refresh(&offer.operator);
    }

    pub(super) fn offer_timeout(&mut self, id: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get_mut(&id) else { return };
        offer.deadline = None;
        let (seat, operator) = (offer.seat, offer.operator.clone());
        match offer.phase {
            Phase::Dialled { reachable_until } if reachable_until <= now => {
                self.ring_ended(id, OfferFailure::Unreachable, now, out);
            }
            Phase::Dialled { .. } | Phase::Ringing if offer.rings_until <= now => {
                self.ring_ended(id, OfferFailure::NoAnswer, now, out);
            }
            Phase::Bridging { answered_at } if offer.heard && answered_at <= now => {
                self.connected(id, false, now, out);
            }
            Phase::Bridging { answered_at } if answered_at + SILENT_AFTER <= now => {
                self.connected(id, true, now, out);
            }
            Phase::Talking { answered_at } if !offer.heard && answered_at + NO_RTP_AFTER <= now => {
                self.book_missed(id, AttemptResult::Failed);
                self.release(id, Withdrawal::TimedOut, now);
                if let Some(operator) = self.operators.get_mut(&operator) {
                    operator.calls -= 1;
                }
                self.trouble(&operator, OfferFailure::Unreachable, now, out);
                self.return_to_head(seat, id, now, out);
            }
            Phase::Parting { until: Some(until), .. } if until <= now => self.part(id, now),
            Phase::Withdrawn { until, .. } if until <= now => {
                self.forget_offer(id);
                self.set_free(&operator);
            }
            _ => self.rearm_offer(id),
        }
    }

    /// Nobody picked up in time, or nothing was heard from the phone.
    fn ring_ended(&mut self, id: OfferId, why: OfferFailure, now: Instant, out: &mut Vec<Action>) {
        let Some(offer) = self.offers.get(&id) else { return };
        let (seat, operator) = (offer.seat, offer.operator.clone());
        self.book_missed(id, why.into());
        self.withdraw(id, Withdrawal::TimedOut, now, out);
        self.trouble(&operator, why, now, out);
        self.phone_lost(seat, id, now, out);
    }

    /// A phone rings no more for a seat that still waits.
    pub(super) fn phone_lost(&mut self, seat: SeatId, offer: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(waiting) = self.seats.get_mut(&seat) else { return };
        let Stage::Waiting { phones } = &mut waiting.stage else { return };
        phones.retain(|other| *other != offer);
        let (silent, overdue, lane) = (phones.is_empty(), waiting.overdue, waiting.lane);
        if silent {
            self.starvation.rings_no_more(seat);
            // While phones rang, the lane's exits had to wait.
            self.lanes[lane].review = true;
        }
        if silent && overdue {
            self.exit(seat, self.overdue_exit(seat), out);
        } else {
            self.reindex(seat, now);
        }
    }

    /// The connection came to nothing: the caller hears music again and is next.
    fn return_to_head(&mut self, seat: SeatId, offer: OfferId, now: Instant, out: &mut Vec<Action>) {
        let Some(returning) = self.seats.get_mut(&seat) else { return };
        let booked = match returning.stage {
            Stage::Talking { waited, .. } => Some((returning.connected_as(), waited)),
            Stage::Waiting { .. } | Stage::Bridging { .. } | Stage::Callback(_) | Stage::PassedOn => None,
        };
        self.measures.connect_failed(returning.account(), booked);
        returning.stage = Stage::Waiting { phones: Vec::new() };
        returning.returned = true;
        returning.first_offered_at = None;
        let overdue = returning.overdue;
        self.starvation.rings_no_more(seat);
        self.lanes[returning.lane].review = true;
        out.push(Action::Return { offer, seat });
        if overdue {
            self.exit(seat, self.overdue_exit(seat), out);
        } else {
            self.reindex(seat, now);
        }
    }

    fn trouble(&mut self, id: &OperatorId, why: OfferFailure, now: Instant, out: &mut Vec<Action>) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        let paused = match why {
            OfferFailure::NoAnswer => operator.did_not_answer(now),
            OfferFailure::Rejected => operator.rejected(now),
            OfferFailure::Unreachable => operator.was_unreachable(now),
        };
        self.after_trouble(id, paused, out);
    }

    fn after_trouble(&mut self, id: &OperatorId, paused: Option<&'static str>, out: &mut Vec<Action>) {
        if let Some(reason) = paused {
            out.push(Action::Alert(Alert::OperatorPaused { operator: id.clone(), reason: reason.into() }));
        }
        self.refresh(id);
    }

    fn set_free(&mut self, id: &OperatorId) {
        if let Some(operator) = self.operators.get_mut(id) {
            operator.set_free();
        }
        self.refresh(id);
    }

    fn rearm_offer(&mut self, id: OfferId) {
        if let Some(offer) = self.offers.get_mut(&id) {
            let at = offer.next_deadline();
            self.timers.set(&mut offer.deadline, at, Timer::Offer(id));
        }
    }

    fn forget_offer(&mut self, id: OfferId) -> Option<Offer> {
        let mut offer = self.offers.remove(&id)?;
        self.timers.set(&mut offer.deadline, None, Timer::Offer(id));
        Some(offer)
    }
}
