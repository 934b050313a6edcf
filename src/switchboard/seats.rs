//! Seats beyond their calls: those that outlive the node (Q10), those whose callers are called back (Q9), those that go
//! from one pool to another, and what is told of them while they wait (Q8).
use super::routes::Work;
use super::{Action, Switchboard};
use crate::call::{self, Call, CallEvent, Keep, OpenCallback, OpenSeat, Recall};
use crate::class::Class;
use crate::ids::{CallId, QueueName, SeatId, ShardId};
use crate::machine::{Now, Wall};
use crate::number::Number;
use crate::queue::{self, Age, CallbackStatus, Leave};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

impl Switchboard {
    /// The seats that were open when the last process ended. Their callers have a while to come back, counted from the
    /// start that found them gone; those who were to be called back are.
    ///
    /// A wall clock that was set back meanwhile must not make all of them equally young: the youngest of them was taken
    /// before the end, so it is never later than that.
    pub fn restore_seats(&mut self, seats: Vec<OpenSeat>, now: Now) {
        let youngest = seats.iter().map(|seat| seat.since).max().unwrap_or(now.wall);
        let start = now.wall.max(youngest);
        for seat in seats {
            let Some(pool) = self.pool_of_queue.get(&seat.queue).copied() else { continue };
            let Some(settings) = self.settings.pools[pool].queues.get(&seat.queue) else { continue };
            if let Some(callback) = seat.callback {
                let id = self.ids.seats.take();
                let rests_for = callback.not_before.map(|at| between(now.wall, at));
                let status = CallbackStatus { number: seat.number, tries: callback.tries, rests_for };
                let age = between(seat.since, start);
                let (call, queue, skills) = (seat.call, seat.queue, callback.skills);
                self.pools[pool].restore_callback(id, call, queue, seat.class, skills, age, status, now.mono);
                self.kept.insert(id, seat.call);
                self.callbacks.insert(id, callback.plan);
                continue;
            }
            let lost_for = seat.lost_at.map_or(Duration::ZERO, |lost| between(lost, now.wall));
            let age = between(seat.since, seat.talking_since.unwrap_or(start));
            let age = if seat.talking_since.is_some() { age + lost_for } else { age };
            if let Some(within) = settings.credit_within.checked_sub(lost_for) {
                self.pools[pool].restore_seat(&seat.number, &seat.queue, age, within, now.mono);
            }
        }
    }

    /// Something about a seat has changed: what the store has of it is brought up to date.
    pub(super) fn note_seat(&mut self, pool: usize, id: SeatId, now: Now, out: &mut Vec<Action>) {
        let Some(seat) = self.pools[pool].seat(id, now.mono) else { return };
        let number = seat.callback.as_ref().map(|callback| callback.number.clone()).or(seat.caller);
        let call = self.kept.get(&id).or_else(|| self.seats.get(&id)).copied();
        let (Some(number), Some(call)) = (number, call) else { return };
        let talking_since = seat.talking_for.map(|talk| earlier(now.wall, talk));
        let since = earlier(talking_since.unwrap_or(now.wall), seat.age);
        let plan = self.callbacks.get(&id).cloned();
        let callback = seat.callback.zip(plan).map(|(status, plan)| OpenCallback {
            tries: status.tries,
            not_before: status.rests_for.map(|rest| now.later(rest).wall),
            skills: seat.skills,
            plan,
        });
        let (queue, class) = (seat.queue, seat.class);
        let open = OpenSeat { call, number, queue, class, since, talking_since, callback, lost_at: None };
        self.kept.insert(id, call);
        out.push(Action::Keep(Keep::SeatOpen(Box::new(open))));
    }

    /// The seat is closed. When the node is being stopped its callers are cut off and may come back to the next one.
    pub(super) fn forget_seat(&mut self, id: SeatId, out: &mut Vec<Action>) {
        self.seats.remove(&id);
        self.callbacks.remove(&id);
        if let Some(call) = self.kept.remove(&id).filter(|_| !self.stopping) {
            out.push(Action::Keep(Keep::SeatClosed { call }));
        }
    }

    /// A line in the story of the call that took a seat.
    pub(super) fn tell_story_of(
        &self,
        seat: SeatId,
        kind: &str,
        waited: Duration,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        let Some(call) = self.kept.get(&seat).copied() else { return };
        let detail = BTreeMap::from([("wait_ms".to_string(), waited.as_millis().to_string())]);
        let event = CallEvent { call, at: now.wall, kind: kind.to_string(), detail };
        out.push(Action::Keep(Keep::Event(event)));
    }

    /// The dispatcher wants a person called. Where that cannot be done now it is done later; where it cannot be done at
    /// all (the flow has changed, the route is gone) the seat is closed.
    #[allow(clippy::too_many_arguments)] // the fields of `queue::Action::Dial`
    pub(super) fn call_back(
        &mut self,
        pool: usize,
        seat: SeatId,
        number: Number,
        queue: QueueName,
        class: Class,
        now: Now,
        work: &mut VecDeque<Work>,
        out: &mut Vec<Action>,
    ) {
        if self.draining || self.calls.len() >= self.settings.calls_max {
            let event = queue::Event::CallbackFailed { seat, tried: false };
            return self.pool_step(pool, event, now, work);
        }
        let flows = self.flows[&self.current].clone();
        let skills = self.pools[pool].seat(seat, now.mono).map(|seat| seat.skills).unwrap_or_default();
        let plan = self.callbacks.get(&seat).cloned();
        let (id, shard) = self.next_call(now);
        let seed = rand_core::Rng::next_u64(&mut self.random);
        let begun = plan.is_some_and(|plan| {
            let recall = Recall { call: id, shard, seat, queue, class, skills, number, plan, seed };
            self.begin(id, &flows, now, out, |cx| Call::recall(recall, cx))
        });
        if !begun {
            let place = usize::from(shard.0);
            self.calls_per_shard[place] = self.calls_per_shard[place].saturating_sub(1);
            self.tell_story_of(seat, "callback_closed", Duration::ZERO, now, out);
            self.pool_step(pool, queue::Event::Left { seat, why: Leave::ByFlow }, now, work);
        }
    }

    /// A new call's id, and the shard with the fewest calls, which now has one more.
    pub(super) fn next_call(&mut self, now: Now) -> (CallId, ShardId) {
        self.calls_begun += 1;
        let shard =
            self.calls_per_shard.iter().enumerate().min_by_key(|(_, calls)| **calls).map_or(0, |(i, _)| i);
        self.calls_per_shard[shard] += 1;
        (CallId::new(now.wall.as_millis(), self.calls_begun), ShardId(shard as u16))
    }

    /// Whoever is to be called back has another class now.
    pub(super) fn set_class_of_callbacks(
        &mut self,
        number: &Number,
        class: Class,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        for id in self.callbacks.keys().copied().collect::<Vec<_>>() {
            let Some(pool) = self.pool_of_seat(id) else { continue };
            let Some(seat) = self.pools[pool].seat(id, now.mono) else { continue };
            if seat.callback.is_some_and(|callback| callback.number == *number) {
                let class = self.settings.rules.seat_class(&seat.queue, class);
                self.tell_pool(pool, queue::Event::ClassChanged { seat: id, class }, now, out);
                self.note_seat(pool, id, now, out);
            }
        }
    }

    pub(super) fn pool_of_seat(&self, seat: SeatId) -> Option<usize> {
        self.pools.iter().position(|pool| pool.has_seat(seat))
    }

    /// From one pool to another: the seat keeps its id, its age and its class (edge case 26).
    #[allow(clippy::too_many_arguments)] // two pools, one call, and where their words go
    pub(super) fn move_seat(
        &mut self,
        from: usize,
        to: usize,
        call: CallId,
        moved: queue::Event,
        now: Now,
        work: &mut VecDeque<Work>,
        out: &mut Vec<Action>,
    ) {
        let queue::Event::Moved { seat, queue, skills, exits } = moved else { return };
        let Some(before) = self.pools[from].seat(seat, now.mono) else { return };
        self.pool_step(from, queue::Event::Taken { seat }, now, work);
        let credit = before.age.saturating_sub(before.waited);
        let (stays, is_counted) = (before.stays, before.is_counted);
        let age = Age { waited: before.waited, credit, stays, is_counted };
        let (caller, class, test, callback) = (before.caller, before.class, before.test, None);
        let brought =
            queue::Event::Brought { seat, call, caller, queue, class, skills, exits, age, callback, test };
        self.pool_step(to, brought, now, work);
        self.note_seat(to, seat, now, out);
    }

    /// Tells a call that waits where its seat stands, before its flow may speak of it.
    pub(super) fn tell_standing(&mut self, id: CallId, now: Now, out: &mut Vec<Action>) {
        let Some((seat, queue)) = self.calls.get(&id).and_then(Call::waits_in) else { return };
        let Some(pool) = self.pool_of_queue.get(queue).copied() else { return };
        let Some(standing) = self.pools[pool].outlook(seat, now) else { return };
        let settings = self.settings.pools[pool].queues.get(queue);
        let announce_every = settings.map_or(Duration::ZERO, |settings| settings.announce_every);
        let (position, expected_wait) = (standing.position, standing.expected_wait);
        let event = call::Event::Standing { position, expected_wait, announce_every };
        self.tell_call(id, event, now, out);
    }
}

fn between(from: Wall, to: Wall) -> Duration {
    Duration::from_millis(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

fn earlier(at: Wall, by: Duration) -> Wall {
    Wall(at.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
