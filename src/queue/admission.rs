//! Callers come, leave, move and take exits (Q11).
use super::booking::{Booking, Outcome, Stay, TalkEnd};
use super::callback::{Callback, CallbackState};
use super::dispatcher::Dispatcher;
use super::event::{Action, Age, Alert, Exit, Leave, Withdrawal};
use super::lane::Lane;
use super::measures::Account;
use super::offer::Phase;
use super::seat::{Row, Seat, Stage};
use super::settings::{QueueSettings, Strategy};
use super::timers::Timer;
use crate::class::Class;
use crate::ids::{CallId, OfferId, QueueName, SeatId, Skill};
use crate::machine::{Instant, earlier};
use crate::number::Number;
use std::collections::BTreeSet;
use std::time::Duration;

/// Who takes a seat.
pub(super) struct Arrival {
    pub id: SeatId,
    pub call: CallId,
    pub test: bool,
    pub caller: Option<Number>,
    pub queue: QueueName,
    pub class: Class,
    pub skills: BTreeSet<Skill>,
}

impl Dispatcher {
    pub(super) fn joined(&mut self, arrival: Arrival, now: Instant, out: &mut Vec<Action>) {
        self.admit(arrival, None, now, out);
    }

    /// A seat that is older than its joining here. A callback is refused where the queue takes nobody.
    pub(super) fn brought(
        &mut self,
        arrival: Arrival,
        age: Age,
        callback: Option<Number>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let id = arrival.id;
        match callback {
            None => self.admit(arrival, Some(age), now, out),
            Some(number) => {
                let refused = self.will_call_back(&number)
                    || self.refusal(&arrival.queue, &arrival.skills).is_some()
                    || self.seats.contains_key(&id);
                if refused {
                    return out.push(Action::CallbackRefused { seat: id });
                }
                self.admit(arrival, Some(age), now, out);
                self.callback_wanted(id, number, now, out);
            }
        }
    }

    fn admit(&mut self, arrival: Arrival, age: Option<Age>, now: Instant, out: &mut Vec<Action>) {
        let Arrival { id, call, test, caller, queue, class, skills } = arrival;
        if self.seats.contains_key(&id) {
            return;
        }
        let class = self.class_in(&queue, class);
        let too_long = || self.expects_too_long(&queue, class, &skills, now).then_some(Exit::EwtOver);
        let refusal = self.refusal(&queue, &skills).or_else(too_long);
        self.sequence += 1;
        let age = age.unwrap_or_else(|| Age {
            waited: Duration::ZERO,
            credit: caller.as_ref().map_or(Duration::ZERO, |caller| self.credits.take(caller, &queue, now)),
            ..Age::default()
        });
        let seat = Seat {
            id,
            call,
            test,
            caller,
            queue,
            class,
            skills,
            sequence: self.sequence,
            enqueued_at: now - age.waited,
            opened_at: self.wall(now - age.waited),
            entered_at: now,
            on_the_line_since: now,
            absence: Duration::ZERO,
            credit: age.credit,
            lane: 0,
            row: Row::None,
            returned: false,
            overdue: false,
            first_offered_at: None,
            stage: Stage::Waiting { phones: Vec::new() },
            in_total: !age.is_counted,
            called_back: false,
            moves: age.stays,
            deadline: None,
        };
        self.measures.opened(seat.account());
        self.booked.push(Booking::Opened(self.stay(&seat)));
        match refusal {
            Some(exit) => self.refuse(seat, exit, out),
            None => {
                self.seats.insert(id, seat);
                self.enter_lane(id, now);
            }
        }
    }

    /// The seat never was in a lane.
    fn refuse(&mut self, seat: Seat, exit: Exit, out: &mut Vec<Action>) {
        let id = seat.id;
        self.measures.closed(seat.account(), Outcome::Exited(exit), Duration::ZERO);
        let ended_at = Some(self.now.wall);
        let stay = Stay { outcome: Some(Outcome::Exited(exit)), ended_at, ..self.stay(&seat) };
        self.booked.push(Booking::Closed(stay));
        out.push(Action::Exit { seat: id, exit });
    }

    /// A Priority caller stays so in any queue; other classes are the queue's if it has one.
    pub(super) fn class_in(&self, queue: &QueueName, class: Class) -> Class {
        match (class, self.settings.queues.get(queue).and_then(|settings| settings.class)) {
            (Class::Priority, _) | (_, None) => class,
            (_, Some(of_queue)) => of_queue,
        }
    }

    /// Why a seat cannot be opened in this queue at all.
    fn refusal(&self, queue: &QueueName, skills: &BTreeSet<Skill>) -> Option<Exit> {
        let Some(settings) = self.settings.queues.get(queue) else { return Some(Exit::Closed) };
        if self.closed.contains(queue) {
            return Some(Exit::Closed);
        }
        if !skills.is_empty() {
            let lane = Lane::new(queue.clone(), skills.clone(), 0, settings);
            if !self.operators.values().any(|operator| lane.could_be_served_by(&operator.settings)) {
                return Some(Exit::NoSuchSkill);
            }
        }
        (self.measures.open(queue) >= settings.max_len as u64).then_some(Exit::Full)
    }

    pub(super) fn class_changed(&mut self, id: SeatId, class: Class, now: Instant) {
        let Some(queue) = self.seats.get(&id).map(|seat| seat.queue.clone()) else { return };
        let class = self.class_in(&queue, class);
        let Some(seat) = self.seats.get_mut(&id) else { return };
        // Past the connection the seat is booked: its class there was the one that was promised.
        if seat.class == class || seat.has_talked() {
            return;
        }
        self.measures.class_changed(seat.account(), class);
        seat.class = class;
        let stay = self.seats.get(&id).map(|seat| self.stay(seat));
        self.booked.extend(stay.map(Booking::Reclassed));
        self.reindex(id, now);
    }

    pub(super) fn left(&mut self, id: SeatId, why: Leave, now: Instant, out: &mut Vec<Action>) {
        let Some(seat) = self.seats.get(&id) else { return };
        if let Stage::Talking { offer, .. } = seat.stage {
            self.caller_gone(offer, now, out);
            return;
        }
        if seat.stage == Stage::PassedOn {
            self.drop_seat(id);
            return out.push(Action::Served { seat: id });
        }
        let waited = seat.waited(now);
        if let (Leave::HungUp, Some(caller)) = (why, &seat.caller) {
            let within = self.queue_settings(&seat.queue).map_or(Duration::ZERO, |q| q.credit_within);
            let age = seat.place().age(now);
            self.credits.hung_up(caller, &seat.queue, age, now + within, now);
        }
        let outcome = match why {
            Leave::HungUp => Outcome::HungUp,
            Leave::ByFlow => Outcome::Left,
            Leave::NotReached => Outcome::NotReached,
            Leave::Admin => Outcome::Ended,
        };
        self.measures.closed(seat.account(), outcome, waited);
        self.close_stay(id, outcome, waited);
        self.withdraw_all(id, Withdrawal::CallerGone, now, out);
        self.drop_seat(id);
        out.push(Action::Closed { seat: id, why, waited });
    }

    pub(super) fn moved(
        &mut self,
        id: SeatId,
        queue: QueueName,
        skills: BTreeSet<Skill>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(seat) = self.seats.get(&id) else { return };
        match seat.stage {
            Stage::Waiting { .. } | Stage::Bridging { .. } | Stage::Callback(_) => {
                self.measures.moved_out(seat.account());
                let waited = seat.waited(now);
                self.close_stay(id, Outcome::Moved, waited);
                self.withdraw_all(id, Withdrawal::CallerGone, now, out);
            }
            Stage::Talking { offer, .. } => self.passed_on(offer, now),
            Stage::PassedOn => {}
        }
        self.leave_lane(id);
        self.starvation.rings_no_more(id);
        let class = self.class_in(&queue, self.seats.get(&id).map_or(Class::Standard, |seat| seat.class));
        let refusal = self.refusal(&queue, &skills);
        let Some(seat) = self.seats.get_mut(&id) else { return };
        seat.in_total &= seat.stage != Stage::PassedOn;
        let before = seat.class;
        seat.queue = queue;
        seat.skills = skills;
        seat.class = class;
        seat.entered_at = now;
        seat.on_the_line_since = now;
        seat.moves += 1;
        seat.overdue = false;
        seat.returned = false;
        seat.first_offered_at = None;
        seat.stage = Stage::Waiting { phones: Vec::new() };
        self.measures.moved_in(Account { class: before, ..seat.account() });
        if before != class {
            self.measures.class_changed(Account { class: before, ..seat.account() }, class);
        }
        let stay = self.seats.get(&id).map(|seat| self.stay(seat));
        self.booked.extend(stay.map(Booking::Opened));
        match refusal {
            Some(exit) => self.exit(id, exit, out),
            None => self.enter_lane(id, now),
        }
    }

    /// Another pool has taken the seat over; this one's phones stop, its talk is passed on.
    pub(super) fn taken(&mut self, id: SeatId, now: Instant, out: &mut Vec<Action>) {
        let Some(seat) = self.seats.get(&id) else { return };
        match seat.stage {
            Stage::Talking { offer, since, .. } => self.pass_on(offer, since, TalkEnd::Transfer, None),
            Stage::PassedOn => {}
            _ => {
                self.measures.moved_out(seat.account());
                let waited = seat.waited(now);
                self.close_stay(id, Outcome::Moved, waited);
                self.withdraw_all(id, Withdrawal::CallerGone, now, out);
            }
        }
        self.drop_seat(id);
    }

    /// Puts a seat into the lane of its queue and skills.
    pub(super) fn enter_lane(&mut self, id: SeatId, now: Instant) {
        let Some(seat) = self.seats.get(&id) else { return };
        let level = self.queue_settings(&seat.queue).map_or(0, |settings| {
            settings.widen.iter().take_while(|widening| seat.entered_at + widening.after <= now).count()
        });
        let (queue, skills) = (seat.queue.clone(), seat.skills.clone());
        let lane = self.lane_for(queue, skills, level);
        // A newcomer must be told at once if nobody is signed in.
        self.lanes[lane].review = true;
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.lane = lane;
            seat.row = Row::None;
        }
        self.reindex(id, now);
    }

    fn leave_lane(&mut self, id: SeatId) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        self.lanes[seat.lane].remove(seat.row, seat.place());
        seat.row = Row::None;
    }

    /// Brings a seat's row and deadline up to date. Called after every change to a seat.
    pub(super) fn reindex(&mut self, id: SeatId, now: Instant) {
        let Some(seat) = self.seats.get(&id) else { return };
        let row = self.row_of(seat, now);
        let deadline = self.seat_deadline(seat, now);
        let Some(seat) = self.seats.get_mut(&id) else { return };
        if row != seat.row {
            let place = seat.place();
            self.lanes[seat.lane].remove(seat.row, place);
            self.lanes[seat.lane].insert(row, place);
            seat.row = row;
        }
        self.timers.set(&mut seat.deadline, deadline, Timer::Seat(id));
    }

    fn row_of(&self, seat: &Seat, now: Instant) -> Row {
        let phones = match &seat.stage {
            Stage::Waiting { phones } => phones,
            Stage::Callback(Callback { state: CallbackState::Resting { .. }, .. }) => return Row::None,
            Stage::Callback(_) => return Row::Callback(seat.class),
            _ => return Row::None,
        };
        match phones.len() {
            0 if seat.returned => Row::Returned,
            0 => Row::Waiting(seat.class),
            ringing if !seat.overdue && ringing < self.phones_wanted(seat, now) => Row::More(seat.class),
            _ => Row::None,
        }
    }

    /// Q5: how many phones should ring for this seat by now.
    fn phones_wanted(&self, seat: &Seat, now: Instant) -> usize {
        let Some(settings) = self.queue_settings(&seat.queue) else { return 1 };
        let Some(first) = seat.first_offered_at else { return 1 };
        match settings.strategy {
            Strategy::RingAll => usize::MAX,
            _ if rings_progressively(seat.class, settings) => {
                1 + settings.progressive.iter().filter(|after| first + **after <= now).count()
            }
            _ => 1,
        }
    }

    fn seat_deadline(&self, seat: &Seat, now: Instant) -> Option<Instant> {
        let phones = match &seat.stage {
            Stage::Waiting { phones } => phones,
            Stage::Callback(callback) => return earlier(callback.rests_until(), self.widens_at(seat)),
            Stage::Bridging { .. } | Stage::Talking { .. } | Stage::PassedOn => return None,
        };
        let settings = self.queue_settings(&seat.queue)?;
        let lane = &self.lanes[seat.lane];
        let max_wait = (!seat.overdue).then(|| seat.on_the_line_since + settings.max_wait);
        let widened = self.widens_at(seat);
        let paused = lane
            .all_paused_since
            .filter(|_| phones.is_empty())
            .map(|since| since.max(seat.on_the_line_since) + settings.all_paused_grace);
        let another_phone = seat.first_offered_at.filter(|_| !phones.is_empty()).and_then(|first| {
            let progressive = rings_progressively(seat.class, settings);
            settings
                .progressive
                .iter()
                .map(|after| first + *after)
                .filter(|at| progressive && *at > now)
                .min()
        });
        [max_wait, widened, paused, another_phone].into_iter().flatten().min()
    }

    /// When the queue's timeline of skills (Q4) goes on for this seat, whether its caller is on the line or not.
    fn widens_at(&self, seat: &Seat) -> Option<Instant> {
        let widen = &self.queue_settings(&seat.queue)?.widen;
        widen.get(self.lanes[seat.lane].level).map(|widening| seat.entered_at + widening.after)
    }

    fn widen(&mut self, id: SeatId, now: Instant) {
        if self.seats.get(&id).and_then(|seat| self.widens_at(seat)).is_some_and(|at| at <= now) {
            self.leave_lane(id);
            self.enter_lane(id, now);
        }
    }

    pub(super) fn seat_timeout(&mut self, id: SeatId, now: Instant, out: &mut Vec<Action>) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        seat.deadline = None;
        let Stage::Waiting { phones } = &seat.stage else {
            self.widen(id, now);
            return self.callback_timeout(id, now);
        };
        let rings = !phones.is_empty();
        let on_the_line_since = seat.on_the_line_since;
        let (queue, lane) = (seat.queue.clone(), seat.lane);
        let Some(settings) = self.queue_settings(&queue) else { return };
        let overdue = on_the_line_since + settings.max_wait <= now;
        let paused = self.lanes[lane]
            .all_paused_since
            .is_some_and(|since| since.max(on_the_line_since) + settings.all_paused_grace <= now);
        if overdue && !rings {
            self.exit(id, self.overdue_exit(id), out);
        } else if paused && !rings {
            self.exit(id, Exit::AllPaused, out);
        } else {
            if let Some(seat) = self.seats.get_mut(&id) {
                seat.overdue |= overdue;
            }
            self.widen(id, now);
            self.reindex(id, now);
        }
    }

    pub(super) fn close(&mut self, queue: QueueName, closed: bool, out: &mut Vec<Action>) {
        if !closed {
            self.closed.remove(&queue);
            return;
        }
        let waiting = |seat: &&Seat| seat.queue == queue && matches!(seat.stage, Stage::Waiting { .. });
        let waiting: Vec<SeatId> = self.seats.values().filter(waiting).map(|seat| seat.id).collect();
        self.closed.insert(queue);
        for id in waiting {
            let Some(seat) = self.seats.get_mut(&id) else { continue };
            // No further phone rings for it, and it leaves when the last one is silent.
            seat.overdue = true;
            if seat.phones().is_empty() {
                self.exit(id, Exit::Closed, out);
            } else {
                self.reindex(id, self.now.mono);
            }
        }
    }

    /// The way out of a seat that may wait no longer.
    pub(super) fn overdue_exit(&self, id: SeatId) -> Exit {
        let is_closed = self.seats.get(&id).is_some_and(|seat| self.closed.contains(&seat.queue));
        if is_closed { Exit::Closed } else { Exit::MaxWait }
    }

    /// The seat is closed without an operator. Emitted whether or not the flow handles this exit: the call says goodbye
    /// politely where it does not.
    pub(super) fn exit(&mut self, id: SeatId, exit: Exit, out: &mut Vec<Action>) {
        let Some(seat) = self.seats.get(&id) else { return };
        let waited = seat.waited(self.now.mono);
        self.measures.closed(seat.account(), Outcome::Exited(exit), waited);
        self.close_stay(id, Outcome::Exited(exit), waited);
        self.drop_seat(id);
        out.push(Action::Exit { seat: id, exit });
    }

    pub(super) fn drop_seat(&mut self, id: SeatId) {
        self.leave_lane(id);
        self.starvation.rings_no_more(id);
        if let Some(mut seat) = self.seats.remove(&id) {
            self.gone(&seat);
            self.timers.set(&mut seat.deadline, None, Timer::Seat(id));
            self.forget_retired(&seat.queue);
        }
    }

    pub(super) fn withdraw_all(&mut self, id: SeatId, why: Withdrawal, now: Instant, out: &mut Vec<Action>) {
        let Some(seat) = self.seats.get(&id) else { return };
        let offers = match &seat.stage {
            Stage::Waiting { phones } => phones.clone(),
            Stage::Bridging { offer } => vec![*offer],
            Stage::Callback(_) | Stage::Talking { .. } | Stage::PassedOn => Vec::new(),
        };
        for offer in offers {
            self.withdraw(offer, why, now, out);
        }
    }

    /// Who is signed in or on duty has changed somewhere, or a seat came where nobody is: Q11.
    pub(super) fn review_duty(&mut self, now: Instant, out: &mut Vec<Action>) {
        for index in 0..self.lanes.len() {
            let lane = &mut self.lanes[index];
            if !std::mem::take(&mut lane.review) {
                continue;
            }
            let was = lane.all_paused_since;
            lane.all_paused_since =
                (lane.signed_in > 0 && lane.on_duty == 0).then(|| lane.all_paused_since.unwrap_or(now));
            let (nobody, grace_moved) = (lane.signed_in == 0, was != lane.all_paused_since);
            lane.alerted &= nobody;
            if !nobody && !grace_moved {
                continue;
            }
            let stranded: Vec<SeatId> = self
                .seats
                .values()
                .filter(|seat| seat.lane == index && matches!(seat.stage, Stage::Waiting { .. }))
                .map(|seat| seat.id)
                .collect();
            if nobody && !stranded.is_empty() && !std::mem::replace(&mut self.lanes[index].alerted, true) {
                out.push(Action::Alert(Alert::NobodySignedIn { queue: self.lanes[index].queue.clone() }));
            }
            for seat in stranded {
                if nobody {
                    self.exit(seat, Exit::NobodySignedIn, out);
                } else {
                    self.reindex(seat, now);
                }
            }
        }
    }

    /// The operator passes his caller on. Who was on hold has waited since then: his age goes on from there.
    pub(super) fn passed_on(&mut self, id: OfferId, now: Instant) {
        let Some(offer) = self.offers.get(&id) else { return };
        let (seat, over_at) = (offer.seat, offer.held_since.unwrap_or(now));
        let Some(Stage::Talking { since, .. }) = self.seats.get(&seat).map(|seat| &seat.stage) else {
            return;
        };
        let since = *since;
        self.pass_on(id, since, TalkEnd::Transfer, None);
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.absence += over_at.since(since);
            seat.stage = Stage::PassedOn;
        }
    }

    /// The caller is out of the talk; the operator's own leg may still stand, until `until` at most.
    pub(super) fn pass_on(
        &mut self,
        offer: OfferId,
        talk_since: Instant,
        by: TalkEnd,
        until: Option<Instant>,
    ) {
        if self.offers.get(&offer).is_some_and(|offer| !offer.heard) {
            self.book_connected(offer, true);
        }
        let Some(offer) = self.offers.get_mut(&offer) else { return };
        if let Some(seat) = self.seats.get(&offer.seat) {
            offer.queue = seat.queue.clone();
            offer.class = seat.class;
        }
        let queue = self.settings.queues.get(&offer.queue);
        let wrap_up = queue.map_or(Duration::ZERO, |settings| settings.wrap_up);
        offer.phase = Phase::Parting { talk_since, by, wrap_up, until };
        self.timers.set(&mut offer.deadline, until, Timer::Offer(offer.id));
    }

    pub(super) fn queue_settings(&self, queue: &QueueName) -> Option<&QueueSettings> {
        self.settings.queues.get(queue)
    }
}

fn rings_progressively(class: Class, settings: &QueueSettings) -> bool {
    class == Class::Priority || settings.strategy == Strategy::Progressive
}
