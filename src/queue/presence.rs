//! An operator's day: he signs in, takes breaks, wraps up, is lost and found again (Q6, Q7); and the pool's settings.
use super::booking::{Attempt, Booking};
use super::dispatcher::Dispatcher;
use super::event::{Action, Choice, Withdrawal};
use super::lane::Lane;
use super::operator::{Duty, Operator, Standing, Work};
use super::overlap::Overlap;
use super::settings::PoolSettings;
use super::timers::Timer;
use crate::ids::{OperatorId, QueueName, RequestId, SeatId, Skill};
use crate::machine::Instant;
use std::collections::BTreeSet;

impl Dispatcher {
    pub(super) fn signed_in(&mut self, id: &OperatorId, now: Instant) {
        if let Some(operator) = self.operators.get_mut(id) {
            operator.register(now);
            self.refresh(id);
        }
    }

    /// A call goes on; after it he is offline.
    pub(super) fn signed_out(&mut self, id: &OperatorId, now: Instant, out: &mut Vec<Action>) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        operator.unregister();
        self.withdraw_from(id, now, out);
        self.end_wrap_up(id, now);
    }

    pub(super) fn chose(&mut self, id: &OperatorId, choice: Choice, now: Instant) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        operator.choose(choice, now);
        // Whoever chooses during wrap-up has done with it.
        self.end_wrap_up(id, now);
    }

    pub(super) fn end_wrap_up(&mut self, id: &OperatorId, now: Instant) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        if let Work::WrapUp { since, .. } = operator.work {
            if let Some(talk) = operator.handled.take() {
                let talk = Attempt { wrap_up: now.since(since), ..talk };
                self.measures.wrapped_up(talk.account(), talk.wrap_up);
                self.booked.push(Booking::Attempt(talk));
            }
            operator.idle_since = now;
            operator.set_free();
        }
        self.refresh(id);
    }

    pub(super) fn extend_wrap_up(&mut self, id: &OperatorId) {
        if let Some(operator) = self.operators.get_mut(id) {
            operator.extend_wrap_up();
            self.refresh(id);
        }
    }

    pub(super) fn ponged(&mut self, request: RequestId, id: &OperatorId, alive: bool) {
        if let Some(operator) = self.operators.get_mut(id) {
            operator.ponged(request, alive);
            self.refresh(id);
        }
    }

    pub(super) fn occupied(&mut self, id: &OperatorId, busy: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        if operator.occupied && !busy {
            operator.idle_since = now;
        }
        operator.occupied = busy;
        let wrap_up = operator.wraps_up.take();
        if busy {
            self.withdraw_from(id, now, out);
        } else if let Some(wrap_up) = wrap_up {
            // He was called away from the wrap-up of an earlier talk.
            self.end_wrap_up(id, now);
            if let Some(operator) = self.operators.get_mut(id).filter(|operator| operator.work == Work::Free)
            {
                operator.wrap_up(wrap_up, None, now);
            }
        }
        self.refresh(id);
    }

    /// A queue of another pool has its settings there: then his own first queue says how long he wraps up.
    pub(super) fn took_over(&mut self, id: &OperatorId, queue: &QueueName) {
        let Some(operator) = self.operators.get_mut(id).filter(|operator| operator.occupied) else { return };
        let own = operator.settings.queues.first();
        let settings =
            [Some(queue), own].into_iter().flatten().find_map(|name| self.settings.queues.get(name));
        operator.wraps_up = settings.map(|settings| settings.wrap_up);
    }

    pub(super) fn operator_timeout(&mut self, id: &OperatorId, now: Instant, out: &mut Vec<Action>) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        operator.deadline = None;
        operator.end_delay(now);
        if operator.ping_due(now) {
            let request = self.last_request.take();
            operator.pinged(request);
            out.push(Action::Ping { request, operator: id.clone() });
        }
        match operator.work {
            Work::WrapUp { until, .. } if until <= now => self.end_wrap_up(id, now),
            _ => self.refresh(id),
        }
    }

    /// His phone stops ringing, through no fault of his or the caller's.
    fn withdraw_from(&mut self, id: &OperatorId, now: Instant, out: &mut Vec<Action>) {
        let Some(Work::Offered { offer, .. }) = self.operators.get(id).map(|operator| &operator.work) else {
            return;
        };
        let offer = *offer;
        let Some(seat) = self.offers.get(&offer).map(|offer| offer.seat) else { return };
        self.withdraw(offer, Withdrawal::OperatorLeft, now, out);
        self.phone_lost(seat, offer, now, out);
    }

    /// Brings an operator's place in the lanes, his duty and his deadline up to date. Called after every change to him.
    pub(super) fn refresh(&mut self, id: &OperatorId) {
        let Some(operator) = self.operators.get_mut(id) else { return };
        for (lane, standing) in operator.standings.drain(..) {
            self.lanes[lane].ready.remove(&standing);
        }
        if operator.is_ready() {
            for (index, lane) in self.lanes.iter_mut().enumerate() {
                place(operator, index, lane, &self.settings);
            }
        }
        let duty = operator.next_duty();
        if duty != operator.duty {
            let mut could_serve = Vec::new();
            let lanes = self.lanes.iter_mut().enumerate();
            for (index, lane) in lanes.filter(|(_, lane)| lane.could_be_served_by(&operator.settings)) {
                lane.count(operator.duty, duty);
                could_serve.push(index);
            }
            if (duty == Duty::On) != (operator.duty == Duty::On) {
                self.overlap.count(&could_serve, duty == Duty::On);
            }
            operator.duty = duty;
        }
        // Whoever is in a call from elsewhere can keep no promise.
        let on_duty = duty == Duty::On && !operator.occupied && !operator.settings.queues.is_empty();
        let counted = [on_duty, on_duty && operator.is_ready()];
        let before = std::mem::replace(&mut operator.counted, counted);
        for (count, (was, is)) in [&mut self.strength.on_duty, &mut self.strength.ready]
            .into_iter()
            .zip(before.into_iter().zip(counted))
        {
            *count = count.saturating_add_signed(isize::from(is) - isize::from(was));
        }
        let deadline = operator.next_deadline();
        self.timers.set(&mut operator.deadline, deadline, Timer::Operator(id.clone()));
        self.touched.insert(id.clone());
    }

    /// The lane of a queue, skills and level; made, with its candidates, when it is the first time.
    pub(super) fn lane_for(&mut self, queue: QueueName, skills: BTreeSet<Skill>, level: usize) -> usize {
        let same = |lane: &Lane| lane.level == level && lane.queue == queue && lane.skills == skills;
        if let Some(index) = self.lanes.iter().position(same) {
            return index;
        }
        let settings = self.settings.queues.get(&queue).cloned().unwrap_or_default();
        let mut lane = Lane::new(queue, skills, level, &settings);
        let index = self.lanes.len();
        self.overlap.add_lane();
        for operator in self.operators.values_mut() {
            if lane.could_be_served_by(&operator.settings) {
                lane.count(Duty::SignedOut, operator.duty);
                if operator.duty == Duty::On {
                    let others = self.lanes.iter().enumerate();
                    let others = others.filter(|(_, other)| other.could_be_served_by(&operator.settings));
                    let others: Vec<usize> = others.map(|(other, _)| other).collect();
                    self.overlap.joins(index, &others);
                }
            }
            if operator.is_ready() {
                place(operator, index, &mut lane, &self.settings);
            }
        }
        self.lanes.push(lane);
        index
    }

    /// New settings; seats, operators and their calls stay (edge cases 13, 14).
    pub(super) fn configured(&mut self, mut settings: PoolSettings, now: Instant, out: &mut Vec<Action>) {
        let before = std::mem::take(&mut self.settings);
        for (queue, kept) in before.queues {
            if self.is_waited_in(&queue) && !settings.queues.contains_key(&queue) {
                // Callers in a removed queue finish under the old version: with its rules and its operators.
                for (id, operator) in &mut settings.operators {
                    if self.operators.get(id).is_some_and(|known| known.settings.queues.contains(&queue)) {
                        operator.queues.push(queue.clone());
                    }
                }
                self.retired.insert(queue.clone());
                settings.queues.insert(queue, kept);
            } else {
                self.retired.remove(&queue);
            }
        }
        self.settings = settings;
        let dismissed: Vec<OperatorId> =
            self.operators.keys().filter(|id| !self.settings.operators.contains_key(*id)).cloned().collect();
        for id in dismissed {
            self.withdraw_from(&id, now, out);
            if let Some(operator) = self.operators.get_mut(&id) {
                operator.dismissed = true;
                operator.unregister();
            }
            self.end_wrap_up(&id, now);
        }
        self.adopt_settings(now);
    }

    /// Makes operators and lanes those of the settings.
    pub(super) fn adopt_settings(&mut self, now: Instant) {
        for (id, settings) in &self.settings.operators {
            match self.operators.get_mut(id) {
                Some(known) => {
                    known.settings = settings.clone();
                    if std::mem::take(&mut known.dismissed) {
                        known.register_static(now);
                    }
                }
                None => {
                    let operator = Operator::new(id.clone(), settings.clone(), now);
                    self.operators.insert(id.clone(), operator);
                }
            }
        }
        let lanes = std::mem::take(&mut self.lanes);
        for operator in self.operators.values_mut() {
            operator.standings.clear();
            operator.duty = Duty::SignedOut;
        }
        self.overlap = Overlap::default();
        for queue in self.settings.queues.keys().cloned().collect::<Vec<_>>() {
            self.lane_for(queue, BTreeSet::new(), 0);
        }
        for id in self.operators.keys().cloned().collect::<Vec<_>>() {
            self.refresh(&id);
        }
        for id in self.seats.keys().copied().collect::<Vec<SeatId>>() {
            self.enter_lane(id, now);
        }
        // A grace that runs goes on.
        for lane in &mut self.lanes {
            let same = |old: &&Lane| old.queue == lane.queue && old.skills == lane.skills;
            if let Some(old) = lanes.iter().find(same) {
                lane.all_paused_since = old.all_paused_since;
                lane.alerted = old.alerted;
            }
        }
    }

    fn is_waited_in(&self, queue: &QueueName) -> bool {
        self.seats.values().any(|seat| seat.queue == *queue)
    }

    /// A queue that the settings no longer name goes with its last seat.
    pub(super) fn forget_retired(&mut self, queue: &QueueName) {
        if !self.retired.contains(queue) || self.is_waited_in(queue) {
            return;
        }
        self.retired.remove(queue);
        self.settings.queues.remove(queue);
        let mut served_it = Vec::new();
        for (id, settings) in &mut self.settings.operators {
            settings.queues.retain(|other| other != queue);
            served_it.push(id.clone());
        }
        for id in served_it {
            if let (Some(operator), Some(settings)) =
                (self.operators.get_mut(&id), self.settings.operators.get(&id))
            {
                operator.settings = settings.clone();
            }
            self.refresh(&id);
        }
    }
}

fn place(operator: &mut Operator, index: usize, lane: &mut Lane, settings: &PoolSettings) {
    let Some(tier) = lane.tier_of(&operator.settings) else { return };
    let strategy = settings.queues.get(&lane.queue).map(|queue| queue.strategy).unwrap_or_default();
    let standing = Standing {
        tier,
        slow: operator.is_slow(),
        key: operator.key(strategy),
        operator: operator.id.clone(),
    };
    lane.ready.insert(standing.clone());
    operator.standings.push((index, standing));
}
