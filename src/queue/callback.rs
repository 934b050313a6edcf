//! Rule Q9: a caller who hangs up and is called back keeps his seat: its id, age and class.
//!
//! ```text
//!            wanted             line free            turn is near            key 1
//!   Waiting ───────▶ OnTheLine ──────────▶ Pending ─────────────▶ Dialling ───────▶ Waiting (by age: next)
//!                                             ▲                      │
//!                                             └─ 5 min, 15 min ◀─ Resting ◀─ not reached ──▶ closed after the last try
//! ```
//! A person is dialled when his predicted service is as near as it usually takes to reach somebody. The prediction is a
//! rehearsal: operators who are ready, or will be within that time, are given to the seats in the order of Q1. A callback
//! that gets one is dialled. So every dial in flight has an operator of its own, and there are never more of them than
//! (ready − r) + expected to be free. Until the person presses 1 the seat is passed over and its age goes on.
use super::admission::Arrival;
use super::dispatcher::Dispatcher;
use super::event::{Action, Age, Leave, Withdrawal};
use super::lane::Turn;
use super::measures::Tally;
use super::operator::{Operator, Work};
use super::seat::Stage;
use super::timers::Timer;
use crate::class::Class;
use crate::ids::{CallId, QueueName, SeatId, Skill};
use crate::machine::Instant;
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// A try that could not be made (the node is being drained) is made later, and is no try.
const POSTPONED_FOR: Duration = Duration::from_secs(60);
/// A phone that was told to stop has stopped by then.
const RELEASES_WITHIN: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Callback {
    pub number: Number,
    /// Tries that reached nobody.
    pub tries: u8,
    pub state: CallbackState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CallbackState {
    /// The caller is still in the call in which he asked for it.
    OnTheLine,
    Pending,
    Dialling,
    Resting {
        until: Instant,
    },
}

/// A callback as it outlives the node.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackStatus {
    pub number: Number,
    pub tries: u8,
    /// Nobody is dialled for so long yet.
    pub rests_for: Option<Duration>,
}

/// An operator who is ready, or will be.
pub(super) struct Slot<'a> {
    pub operator: &'a Operator,
    pub free_in: Duration,
}

impl Callback {
    pub fn new(number: Number, state: CallbackState) -> Callback {
        Callback { number, tries: 0, state }
    }

    pub fn rests_until(&self) -> Option<Instant> {
        match self.state {
            CallbackState::Resting { until } => Some(until),
            CallbackState::OnTheLine | CallbackState::Pending | CallbackState::Dialling => None,
        }
    }

    pub fn status(&self, now: Instant) -> CallbackStatus {
        let rests_for = self.rests_until().map(|until| until.since(now));
        CallbackStatus { number: self.number.clone(), tries: self.tries, rests_for }
    }
}

impl Dispatcher {
    /// Whether this number waits for a callback already; one is enough.
    pub fn will_call_back(&self, number: &Number) -> bool {
        self.seats
            .values()
            .any(|seat| matches!(&seat.stage, Stage::Callback(callback) if callback.number == *number))
    }

    /// A callback that was open when the node ended. Its wait is known as a credit only: this clock did not measure it.
    #[allow(clippy::too_many_arguments)] // what is kept of a seat
    pub fn restore_callback(
        &mut self,
        seat: SeatId,
        call: CallId,
        queue: QueueName,
        class: Class,
        skills: BTreeSet<Skill>,
        age: Duration,
        status: CallbackStatus,
        now: Instant,
    ) {
        let CallbackStatus { number, tries, rests_for } = status;
        let caller = Some(number.clone());
        let arrival = Arrival { id: seat, call, test: false, caller, queue, class, skills };
        let mut refusals = Vec::new();
        let age = Age { waited: Duration::ZERO, credit: age, stays: 1, is_counted: true };
        self.brought(arrival, age, Some(number), now, &mut refusals);
        self.set_callback(seat, now, |callback| {
            callback.tries = tries;
            callback.state = match rests_for {
                Some(rest) => CallbackState::Resting { until: now + rest },
                None => CallbackState::Pending,
            };
        });
    }

    pub(super) fn callback_wanted(
        &mut self,
        id: SeatId,
        number: Number,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let taken = self.will_call_back(&number);
        let Some(seat) =
            self.seats.get(&id).filter(|seat| !taken && matches!(seat.stage, Stage::Waiting { .. }))
        else {
            out.push(Action::CallbackRefused { seat: id });
            return;
        };
        let is_ringing = !seat.phones().is_empty();
        if is_ringing {
            self.withdraw_all(id, Withdrawal::CallerGone, now, out);
        }
        self.starvation.rings_no_more(id);
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.stage = Stage::Callback(Callback::new(number, CallbackState::OnTheLine));
            seat.called_back = true;
            seat.returned = false;
            seat.overdue = false;
            seat.first_offered_at = None;
        }
        out.push(Action::CallbackKept { seat: id });
        self.reindex(id, now);
    }

    /// The caller's line is free: he can be called from now on.
    pub(super) fn line_free(&mut self, id: SeatId, now: Instant) {
        self.set_callback(id, now, |callback| {
            if callback.state == CallbackState::OnTheLine {
                callback.state = CallbackState::Pending;
            }
        });
    }

    /// The person is there and pressed the key. He waits on the line from now on, with the age that he has.
    pub(super) fn callback_confirmed(&mut self, id: SeatId, now: Instant) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        if !matches!(seat.stage, Stage::Callback(_)) {
            return;
        }
        self.lanes[seat.lane].remove(seat.row, seat.place());
        seat.row = super::seat::Row::None;
        if let Stage::Callback(callback) = &seat.stage {
            // Whoever answers there is as well known as by any trunk.
            seat.caller = Some(callback.number.clone());
        }
        seat.stage = Stage::Waiting { phones: Vec::new() };
        seat.on_the_line_since = now;
        self.lanes[seat.lane].review = true;
        self.reindex(id, now);
    }

    /// Nobody was reached. `tried`: somebody was dialled at all.
    pub(super) fn callback_failed(&mut self, id: SeatId, tried: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(seat) = self.seats.get(&id) else { return };
        let Stage::Callback(callback) = &seat.stage else { return };
        let retries = self.queue_settings(&seat.queue).map(|settings| settings.callback_retries.clone());
        let rest = match tried {
            false => Some(POSTPONED_FOR),
            true => retries.unwrap_or_default().get(usize::from(callback.tries)).copied(),
        };
        let Some(rest) = rest else { return self.left(id, Leave::NotReached, now, out) };
        self.set_callback(id, now, |callback| {
            callback.tries = callback.tries.saturating_add(u8::from(tried));
            callback.state = CallbackState::Resting { until: now + rest };
        });
    }

    pub(super) fn callback_timeout(&mut self, id: SeatId, now: Instant) {
        self.set_callback(id, now, |callback| {
            if matches!(callback.state, CallbackState::Resting { until } if until <= now) {
                callback.state = CallbackState::Pending;
            }
        });
    }

    fn set_callback(&mut self, id: SeatId, now: Instant, change: impl FnOnce(&mut Callback)) {
        if let Some(seat) = self.seats.get_mut(&id)
            && let Stage::Callback(callback) = &mut seat.stage
        {
            change(callback);
            self.reindex(id, now);
        }
    }

    /// Dials everybody whose turn is near.
    pub(super) fn dial_callbacks(&mut self, now: Instant, out: &mut Vec<Action>) {
        let reaches = self.reaches();
        if reaches.is_empty() {
            return self.timers.set(&mut self.dial_at, None, Timer::Dial);
        }
        let due = self.rehearse(&reaches, now);
        for id in due {
            self.set_callback(id, now, |callback| callback.state = CallbackState::Dialling);
            let Some(seat) = self.seats.get(&id) else { continue };
            let Stage::Callback(callback) = &seat.stage else { continue };
            out.push(Action::Dial {
                seat: id,
                number: callback.number.clone(),
                queue: seat.queue.clone(),
                class: seat.class,
            });
        }
        // The rehearsal changes by itself when the next operator comes within reach.
        let slots = self.slots(now);
        let later = slots.iter().flat_map(|slot| {
            reaches
                .iter()
                .filter_map(|(_, reach)| slot.free_in.checked_sub(*reach))
                .filter(|by| !by.is_zero())
        });
        let at = later.min().map(|by| now + by);
        self.timers.set(&mut self.dial_at, at, Timer::Dial);
    }

    /// The queues in which somebody waits to be dialled, and how long that usually takes.
    fn reaches(&self) -> Vec<(QueueName, Duration)> {
        let queues: BTreeSet<&QueueName> =
            self.lanes.iter().filter(|lane| lane.has_callbacks()).map(|lane| &lane.queue).collect();
        let reach = |queue: &QueueName| self.queue_settings(queue).map(|settings| settings.callback_reach);
        queues.into_iter().filter_map(|queue| Some((queue.clone(), reach(queue)?))).collect()
    }

    /// Who would be dialled if service went on as it is foreseen.
    fn rehearse(&self, reaches: &[(QueueName, Duration)], now: Instant) -> Vec<SeatId> {
        let far = reaches.iter().map(|(_, reach)| *reach).max().unwrap_or_default();
        let mut slots = self.slots(now);
        slots.retain(|slot| slot.free_in <= far);
        slots.sort_by_key(|slot| (slot.free_in, &slot.operator.id));
        let over_share = self.priority_over_share();
        let mut turns: Vec<(Turn, usize)> = Vec::new();
        for (index, lane) in self.lanes.iter().enumerate() {
            turns.extend(lane.turns(over_share, slots.len()).into_iter().map(|turn| (turn, index)));
        }
        for (turn, _) in turns.iter_mut().filter(|(turn, _)| turn.is_callback) {
            let age = self.seats.get(&turn.place.seat).map(|seat| seat.place().age(now));
            if turn.class != Class::Priority && age.is_some_and(|age| age >= self.settings.starvation_limit) {
                // Q2: its start is due, as soon as there is somebody to start with.
                turn.rank = 0;
            }
        }
        turns.sort_unstable();
        let bound = slots.len();
        let ready = slots.iter().filter(|slot| slot.free_in.is_zero()).count();
        let (mut in_flight, mut ordinary) = (0, 0);
        // Those who are being dialled have their operators already, wherever they stand.
        for (index, lane) in self.lanes.iter().enumerate() {
            for (place, class) in lane.callbacks() {
                if self.callback_state(place.seat) == Some(CallbackState::Dialling) {
                    in_flight += 1;
                    ordinary += usize::from(class != Class::Priority);
                    self.take_slot(&mut slots, index, class, far);
                }
            }
        }
        let mut due = Vec::new();
        for (turn, lane) in turns {
            if slots.is_empty() {
                break;
            }
            let seat = turn.place.seat;
            let state = self.callback_state(seat);
            if state == Some(CallbackState::Dialling) {
                continue;
            }
            let queue = &self.lanes[lane].queue;
            let reach = match turn.is_callback {
                true => reaches.iter().find(|(name, _)| name == queue).map_or(far, |(_, reach)| *reach),
                false => far,
            };
            // Whoever is still on the line has his turn nevertheless.
            let is_due = state == Some(CallbackState::Pending);
            let held_back = ready.min(self.kept_from(turn.class) as usize);
            let fits = in_flight < bound && (turn.class == Class::Priority || ordinary + held_back < bound);
            if self.take_slot(&mut slots, lane, turn.class, reach) && is_due && fits {
                in_flight += 1;
                ordinary += usize::from(turn.class != Class::Priority);
                due.push(seat);
            }
        }
        due
    }

    fn callback_state(&self, seat: SeatId) -> Option<CallbackState> {
        match &self.seats.get(&seat)?.stage {
            Stage::Callback(callback) => Some(callback.state),
            _ => None,
        }
    }

    /// Gives the first operator who can serve this lane within `reach` to a seat of it.
    fn take_slot(&self, slots: &mut Vec<Slot<'_>>, lane: usize, class: Class, reach: Duration) -> bool {
        let lane = &self.lanes[lane];
        let fits = |slot: &&Slot<'_>| lane.tier_of(&slot.operator.settings).is_some();
        // Q3: who is ready and held back is not for this class, in the pool and of those who serve this lane.
        let is_ready = |slot: &&Slot<'_>| slot.free_in.is_zero();
        let ready_in_pool = slots.iter().filter(is_ready).count();
        let ready = slots.iter().filter(fits).filter(is_ready).count();
        let is_open =
            ready_in_pool > self.kept_from(class) as usize && ready > self.kept_in(lane, class) as usize;
        let skip = if is_open { 0 } else { ready };
        let found = slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.free_in <= reach && fits(slot))
            .nth(skip)
            .map(|(index, _)| index);
        found.map(|index| slots.remove(index)).is_some()
    }

    /// Those of whom it is known when they will be ready.
    pub(super) fn slots(&self, now: Instant) -> Vec<Slot<'_>> {
        let handling = self.usual_handling();
        let slot = |operator| Some(Slot { operator, free_in: self.free_in(operator, handling, now)? });
        // Who serves no queue is no part of the pool's strength.
        let serves = |operator: &&Operator| !operator.settings.queues.is_empty();
        self.operators.values().filter(serves).filter_map(slot).collect()
    }

    /// From the answer to the end of the wrap-up, on an average of the pool.
    pub(super) fn usual_handling(&self) -> Option<Duration> {
        let mut all = Tally::default();
        for class in Class::ALL {
            all.add(&self.measures.total(class));
        }
        all.average_handling()
    }

    /// In how long this operator is expected to be ready; `None` when nothing is known, or somebody else has him.
    fn free_in(&self, operator: &Operator, handling: Option<Duration>, now: Instant) -> Option<Duration> {
        if operator.is_ready() {
            return Some(Duration::ZERO);
        }
        if operator.will_pause() {
            return None;
        }
        match &operator.work {
            Work::WrapUp { until, .. } => Some(until.since(now)),
            Work::Talking { offer } => {
                let answered_at = self.offers.get(offer)?.answered_at()?;
                let (handling, elapsed) = (handling?, now.since(answered_at));
                // Of a talk that lasts longer than usual nothing is known: as long again.
                Some(handling.checked_sub(elapsed).unwrap_or(handling))
            }
            Work::Releasing { .. } => Some(RELEASES_WITHIN),
            Work::Free | Work::Offered { .. } => None,
        }
    }
}
