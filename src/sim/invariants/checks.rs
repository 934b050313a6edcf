//! What must hold: at every offer, between two steps, when the clock moves on, and in the measures.
use super::*;

impl Invariants {
    pub(super) fn check_offer(
        &mut self,
        offer: OfferId,
        seat: SeatId,
        operator: &OperatorId,
        ready: &BTreeSet<OperatorId>,
        reserve: (u32, u32),
        now: Instant,
    ) {
        if let Some(why) = self.desks.why_not(operator, now) {
            self.breaks(Rule::TwoCallers, now, format!("{operator} is rung for seat {seat} while {why}"));
        }
        let timeout = self.callers.ring_timeout(&self.settings, seat).unwrap_or_default();
        self.desks.claimed(operator, offer);
        let Some(caller) = self.callers.seats.get(&seat) else {
            return self.breaks(Rule::Lost, now, format!("{operator} is rung for seat {seat}, who is gone"));
        };
        if caller.away().is_some() {
            let how = format!("{operator} is rung for seat {seat}, who is not there: {:?}", caller.stage);
            return self.breaks(Rule::Callback, now, how);
        }
        let ring = Ring {
            seat,
            operator: operator.clone(),
            queue: caller.queue.clone(),
            class: caller.class,
            rings_until: now + timeout,
            rang: false,
            answered_at: None,
            state: RingState::Live,
        };
        self.rings.insert(offer, ring);
        if caller.stage != Stage::Waits {
            let how = format!("{operator} is rung for seat {seat}, who {:?}", caller.stage);
            self.breaks(Rule::TwoOperators, now, how);
            return;
        }
        let room = order::Room {
            settings: &self.settings,
            callers: &self.callers,
            desks: &self.desks,
            ready,
            reserve,
            now,
        };
        if let Some((rule, how)) = room.judge(seat, operator, &self.starts) {
            self.breaks(rule, now, how);
        }
        if let Some(how) = order::too_many_phones(&self.settings, &self.callers, seat, now) {
            self.breaks(Rule::Phones, now, how);
        }
        let room = order::Room {
            settings: &self.settings,
            callers: &self.callers,
            desks: &self.desks,
            ready,
            reserve,
            now,
        };
        let starving = room.oldest_starving().map(|(_, oldest)| oldest) == Some(seat);
        self.starts.rings(seat, starving);
        if let Some(caller) = self.callers.seats.get_mut(&seat) {
            caller.first_rung_at.get_or_insert(now);
            caller.phones.insert(offer);
        }
    }

    /// Between two steps.
    pub(super) fn check_standing(&mut self, ready: &BTreeSet<OperatorId>, now: Instant) {
        let room = order::Room {
            settings: &self.settings,
            callers: &self.callers,
            desks: &self.desks,
            ready,
            reserve: (self.reserve, self.reserve),
            now,
        };
        let mut found = Vec::new();
        if let Some(how) = room.somebody_idles() {
            found.push((Rule::Idle, how));
        }
        if let Some(how) = room.due_withheld(&self.starts) {
            found.push((Rule::Due, how));
        }
        found.extend(self.callback_neglected(&room).map(|how| (Rule::Callback, how)));
        let late =
            self.rings.iter().find(|(_, ring)| ring.state == RingState::Live && ring.rings_until < now);
        if let Some((offer, ring)) = late {
            found.push((Rule::Phones, format!("{}'s phone rings on in offer {offer}", ring.operator)));
        }
        for (rule, how) in found {
            self.breaks(rule, now, how);
        }
        if self.steps.is_multiple_of(1024) {
            self.forget();
        }
    }

    /// When the clock moves on: nothing that was due in the last moment is left.
    pub(super) fn check_moment(&mut self, now: Instant) {
        let ready = BTreeSet::new();
        let room = order::Room {
            settings: &self.settings,
            callers: &self.callers,
            desks: &self.desks,
            ready: &ready,
            reserve: (0, 0),
            now,
        };
        if let Some(how) = room.overstayed() {
            self.breaks(Rule::Exit, now, how);
        }
    }

    /// Offers whose operator and caller have both moved on.
    pub(super) fn forget(&mut self) {
        let desks = &self.desks;
        self.rings.retain(|offer, ring| ring.state == RingState::Live || desks.holds(&ring.operator, *offer));
    }

    pub(super) fn check_measures(&mut self, measures: &Measures, now: Instant) {
        if let Some(how) = self.account.differs(measures) {
            self.breaks(Rule::Measures, now, how);
        }
    }
}
