//! Callbacks as the checkers see them (Q9): who is to be called, who may be dialled, and who should have been.
//!
//! When an operator is expected to be free is the dispatcher's own guess. It is followed as far as it can be known from
//! outside, by the average of its measures, and generously: who talks for longer than usual counts as nearly free.
use super::callers::{Away, Caller, Stage};
use super::order::Room;
use super::{Invariants, Rule};
use crate::class::Class;
use crate::ids::{OperatorId, SeatId};
use crate::machine::Instant;
use crate::number::Number;
use crate::queue::{Measures, Tally};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) fn usual_handling(measures: &Measures) -> Option<Duration> {
    let mut all = Tally::default();
    Class::ALL.into_iter().for_each(|class| all.add(&measures.total(class)));
    all.average_handling()
}

impl Caller {
    /// He may be dialled.
    fn may_be_dialled(&self, now: Instant) -> bool {
        match self.away() {
            Some(Away::Pending | Away::Postponed) => true,
            Some(Away::Rests { until }) => until <= now,
            Some(Away::OnTheLine | Away::Dialled | Away::GivenUp) | None => false,
        }
    }

    /// Nothing but his turn is waited for, and not only since this very instant.
    fn is_due_for_dialling(&self, now: Instant) -> bool {
        match self.away() {
            Some(Away::Pending) => true,
            Some(Away::Rests { until }) => until < now,
            _ => false,
        }
    }
}

impl Invariants {
    // What events mean.

    pub(super) fn line_is_free(&mut self, seat: SeatId) {
        if let Some(caller) = self.callers.seats.get_mut(&seat)
            && caller.stage == Stage::Away(Away::OnTheLine)
        {
            caller.stage = Stage::Away(Away::Pending);
        }
    }

    /// He waits on the line from now on.
    pub(super) fn key_is_pressed(&mut self, seat: SeatId, now: Instant) {
        if let Some(caller) = self.callers.seats.get_mut(&seat)
            && caller.away().is_some()
        {
            caller.stage = Stage::Waits;
            caller.on_the_line_since = now;
            caller.number = caller.callback_to.take();
        }
    }

    pub(super) fn is_not_reached(&mut self, seat: SeatId, tried: bool, now: Instant) {
        let Some(caller) = self.callers.seats.get(&seat).filter(|caller| caller.away().is_some()) else {
            return;
        };
        let queue = self.callers.queue(&self.settings, &caller.queue);
        let rest = queue.and_then(|queue| queue.callback_retries.get(caller.tries)).copied();
        let Some(caller) = self.callers.seats.get_mut(&seat) else { return };
        caller.tries += usize::from(tried);
        caller.stage = Stage::Away(match (tried, rest) {
            (false, _) => Away::Postponed,
            (true, Some(rest)) => Away::Rests { until: now + rest },
            (true, None) => Away::GivenUp,
        });
    }

    // What actions mean.

    fn has_open_callback(&self, number: &Number) -> bool {
        self.callers.seats.values().any(|caller| caller.callback_to.as_ref() == Some(number))
    }

    pub(super) fn is_to_be_called(&mut self, seat: SeatId, now: Instant) {
        let Some((wanted, number)) = self.wanted.take().filter(|(wanted, _)| *wanted == seat) else {
            return self.breaks(Rule::Callback, now, format!("seat {seat} is to be called and did not ask"));
        };
        if self.has_open_callback(&number) {
            self.breaks(Rule::Callback, now, format!("seat {wanted}: a second callback to the same number"));
        }
        let Some(caller) = self.callers.seats.get_mut(&seat).filter(|caller| caller.stage == Stage::Waits)
        else {
            return self.breaks(
                Rule::Callback,
                now,
                format!("seat {seat} is to be called and waits no more"),
            );
        };
        caller.stage = Stage::Away(Away::OnTheLine);
        caller.callback_to = Some(number);
        caller.tries = 0;
        caller.called_back = true;
        caller.returned = false;
        caller.first_rung_at = None;
        if let Some(offer) = caller.phones.pop_first() {
            self.breaks(
                Rule::Lost,
                now,
                format!("seat {seat} is to be called and offer {offer} still rings"),
            );
        }
        self.starts.silent(seat, &self.callers);
    }

    pub(super) fn is_not_to_be_called(&mut self, seat: SeatId, now: Instant) {
        let Some((_, number)) = self.wanted.take() else { return };
        let waits = self.callers.stage(seat) == Some(Stage::Waits);
        if waits && !self.has_open_callback(&number) {
            self.breaks(Rule::Callback, now, format!("seat {seat} was refused a callback"));
        }
    }

    // What must hold.

    pub(super) fn check_dial(
        &mut self,
        seat: SeatId,
        number: &Number,
        ready: &BTreeSet<OperatorId>,
        reserve: (u32, u32),
        now: Instant,
    ) {
        let (settings, callers, desks) = (&self.settings, &self.callers, &self.desks);
        let room = Room { settings, callers, desks, ready, reserve, now };
        let how = self.dialled_wrongly(seat, number, &room);
        if let Some(caller) = self.callers.seats.get_mut(&seat)
            && caller.away().is_some()
        {
            caller.stage = Stage::Away(Away::Dialled);
        }
        let how = how.or_else(|| {
            let (settings, callers, desks) = (&self.settings, &self.callers, &self.desks);
            self.too_many_dials(seat, &Room { settings, callers, desks, ready, reserve, now })
        });
        if let Some(how) = how {
            self.breaks(Rule::Callback, now, format!("seat {seat} is dialled {how}"));
        }
    }

    fn dialled_wrongly(&self, seat: SeatId, number: &Number, room: &Room<'_>) -> Option<String> {
        let Some(chosen) = self.callers.seats.get(&seat) else { return Some("and is gone".to_string()) };
        if !chosen.may_be_dialled(room.now) {
            return Some(format!("and {:?}", chosen.stage));
        }
        if chosen.callback_to.as_ref() != Some(number) {
            return Some("at a number that he did not name".to_string());
        }
        let older = |caller: &Caller| {
            (caller.age(room.now), chosen.sequence) > (chosen.age(room.now), caller.sequence)
                && caller.is_due_for_dialling(room.now)
                && self.callers.stand_together(&self.settings, caller, chosen, room.now)
        };
        let before = self.callers.seats.iter().find(|(_, caller)| older(caller));
        before.map(|(other, _)| format!("before seat {other}, which is older"))
    }

    /// Dials in flight ≤ (ready − r) + expected to be free, as each is made. Those who are held back are held back for
    /// Priority, whose dials may have them, whatever others have been dialled before.
    fn too_many_dials(&self, last: SeatId, room: &Room<'_>) -> Option<String> {
        let dialled: Vec<&Caller> =
            self.callers.seats.values().filter(|caller| caller.away() == Some(Away::Dialled)).collect();
        let reach = dialled
            .iter()
            .filter_map(|caller| self.callers.queue(&self.settings, &caller.queue))
            .map(|queue| queue.callback_reach)
            .max()?;
        let talk_ends = |offer| {
            let answered_at = self.rings.get(&offer)?.answered_at?;
            Some(answered_at + self.handling?)
        };
        let soon = self.desks.soon_free(reach, talk_ends, room.now);
        let soon = soon.filter(|id| self.callers.serves_any(&self.settings, id)).count();
        let ready = room.ready_to_serve();
        let ordinary = || dialled.iter().filter(|caller| caller.class != Class::Priority);
        let kept =
            ordinary().map(|caller| room.kept(caller, room.reserve.0, self.desks.on_duty_at_least()).0);
        let free = ready.saturating_sub(kept.min().unwrap_or(0)) + soon;
        let (of_all, of_ordinary) = (dialled.len(), ordinary().count());
        let is_ordinary = self.callers.seats.get(&last).is_some_and(|caller| caller.class != Class::Priority);
        (of_all > ready + soon || is_ordinary && of_ordinary > free).then(|| {
            format!(
                "as one of {of_all}, {of_ordinary} of them not Priority; {ready} are ready, {free} of them or soon for all"
            )
        })
    }

    /// Between two steps: a callback that was forgotten, or that nobody dials though somebody is ready for it.
    pub(super) fn callback_neglected(&self, room: &Room<'_>) -> Option<String> {
        if let Some((seat, _)) = &self.wanted {
            return Some(format!("seat {seat} asked for a callback and had no answer"));
        }
        let away = |caller: &Caller| caller.away();
        let taken = self.callers.seats.values().filter_map(away);
        let taken = taken.filter(|away| matches!(away, Away::OnTheLine | Away::Dialled)).count();
        for (seat, caller) in &self.callers.seats {
            if caller.away() == Some(Away::GivenUp) {
                return Some(format!("seat {seat} was not reached, and is still open"));
            }
            if caller.is_due_for_dialling(room.now) && room.is_open_beyond(caller, taken) {
                return Some(format!("seat {seat} is not dialled, and somebody is ready for it"));
            }
        }
        None
    }
}
