//! Carrying what calls and dispatchers say to each other, until both are quiet.
use super::{Action, Switchboard, View};
use crate::call::{self, Call, Context, Endpoint, Happened, Keep};
use crate::flow::FlowSet;
use crate::ids::*;
use crate::machine::{Machine, Now};
use crate::media::{LegCommand, LegEvent, RecordingEnd};
use crate::number::Number;
use crate::queue::{self, Alert};
use crate::sip;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Something said that has not been heard yet.
pub(super) enum Work {
    FromCall(CallId, call::Action),
    FromPool(usize, queue::Action),
    ToCall(CallId, call::Event),
}

impl Switchboard {
    pub(super) fn tell_call(&mut self, call: CallId, event: call::Event, now: Now, out: &mut Vec<Action>) {
        let mut work = VecDeque::from([Work::ToCall(call, event)]);
        self.run(&mut work, now, out);
    }

    pub(super) fn tell_pool(&mut self, pool: usize, event: queue::Event, now: Now, out: &mut Vec<Action>) {
        let mut work = VecDeque::new();
        self.pool_step(pool, event, now, &mut work);
        self.run(&mut work, now, out);
    }

    pub(super) fn pool_timeout(&mut self, pool: usize, now: Now, out: &mut Vec<Action>) {
        let mut actions = Vec::new();
        self.pools[pool].handle_timeout(now, &mut actions);
        let mut work = actions.into_iter().map(|action| Work::FromPool(pool, action)).collect();
        self.run(&mut work, now, out);
    }

    pub(super) fn call_timeout(&mut self, id: CallId, now: Now, out: &mut Vec<Action>) {
        self.tell_standing(id, now, out);
        let mut work = VecDeque::new();
        self.call_step(id, now, &mut work, |call, cx| call.handle_timeout(cx));
        self.run(&mut work, now, out);
    }

    /// Keeps the call that `make` begins and carries out what it said; false when there was none to begin.
    pub(super) fn begin(
        &mut self,
        id: CallId,
        flows: &FlowSet,
        now: Now,
        out: &mut Vec<Action>,
        make: impl FnOnce(&mut Context) -> Option<Call>,
    ) -> bool {
        let mut said = Vec::new();
        let mut cx = Context { now, flows, rules: &self.settings.rules, ids: &mut self.ids, out: &mut said };
        let Some(call) = make(&mut cx) else { return false };
        self.calls.insert(id, call);
        self.schedule(id);
        let mut work = said.into_iter().map(|action| Work::FromCall(id, action)).collect();
        self.run(&mut work, now, out);
        true
    }

    fn run(&mut self, work: &mut VecDeque<Work>, now: Now, out: &mut Vec<Action>) {
        while let Some(item) = work.pop_front() {
            match item {
                Work::ToCall(id, event) => self.call_step(id, now, work, |call, cx| call.handle(event, cx)),
                Work::FromCall(id, action) => self.call_said(id, action, now, work, out),
                Work::FromPool(pool, action) => self.pool_said(pool, action, work, now, out),
            }
        }
    }

    fn call_step(
        &mut self,
        id: CallId,
        now: Now,
        work: &mut VecDeque<Work>,
        step: impl FnOnce(&mut Call, &mut Context),
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            self.schedule(id);
            return;
        };
        let Some(flows) = self.flows.get(&call.flows()) else { return };
        let mut said = Vec::new();
        let mut cx = Context { now, flows, rules: &self.settings.rules, ids: &mut self.ids, out: &mut said };
        step(call, &mut cx);
        self.schedule(id);
        // What this step said comes before what was said to others earlier and not yet heard: a call's own actions keep
        // their order either way, and its shell sees them as one burst.
        for action in said.into_iter().rev() {
            work.push_front(Work::FromCall(id, action));
        }
    }

    pub(super) fn pool_step(
        &mut self,
        pool: usize,
        event: queue::Event,
        now: Now,
        work: &mut VecDeque<Work>,
    ) {
        let mut actions = Vec::new();
        self.pools[pool].handle(event, now, &mut actions);
        work.extend(actions.into_iter().map(|action| Work::FromPool(pool, action)));
    }

    fn schedule(&mut self, id: CallId) {
        let at = self.calls.get(&id).and_then(Call::next_timeout);
        let before = match at {
            Some(at) => self.deadline_of.insert(id, at),
            None => self.deadline_of.remove(&id),
        };
        if before != at {
            if let Some(before) = before {
                self.deadlines.remove(&(before, id));
            }
            if let Some(at) = at {
                self.deadlines.insert((at, id));
            }
        }
    }

    fn call_said(
        &mut self,
        id: CallId,
        action: call::Action,
        now: Now,
        work: &mut VecDeque<Work>,
        out: &mut Vec<Action>,
    ) {
        match action {
            call::Action::Sip(command) => out.push(Action::Sip(command)),
            call::Action::Leg(command) => {
                if let LegCommand::Open { leg, .. } = &command {
                    self.legs.insert(*leg, id);
                }
                if let LegCommand::Record { leg, name, .. } = &command
                    && !self.may_record(id, now)
                {
                    let (leg, name) = (*leg, name.clone());
                    let (duration, why) = (Duration::ZERO, RecordingEnd::Failed);
                    let failed = call::Event::Leg(LegEvent::Recorded { leg, name, duration, why });
                    return work.push_back(Work::ToCall(id, failed));
                }
                if let Some(shard) = self.calls.get(&id).map(Call::shard) {
                    out.push(Action::Leg { shard, command });
                }
            }
            call::Action::Ask(ask) => {
                self.requests.insert(ask.request(), id);
                out.push(Action::Ask(ask));
            }
            call::Action::Keep(keep) => {
                if let Keep::Message(message) = &keep
                    && let Some(caller) = Number::parse(&message.caller)
                {
                    self.habits.recorded(&caller, now.mono);
                }
                if let Keep::Event(event) = &keep {
                    self.count_arms(id, event, now, out);
                }
                if let Keep::Event(event) = &keep
                    && event.kind == "survey"
                    && let Some(caller) = self.calls.get(&id).and_then(|call| Number::parse(call.caller()))
                {
                    self.habits.was_surveyed(caller, now.wall);
                }
                out.push(Action::Keep(keep));
            }
            call::Action::Http { request, ask } => {
                self.requests.insert(request, id);
                out.push(Action::Http { request, ask });
            }
            call::Action::Notify { to, body } => out.push(Action::Notify { to, body }),
            call::Action::Happened(happened) => out.push(Action::Happened(happened)),
            call::Action::Queue { queue, event } => {
                // The checker proved that every queue of a flow exists; a reload may have taken it away since.
                let Some(pool) = self.pool_of_queue.get(&queue).copied() else {
                    if let queue::Event::Joined { seat, .. } = event {
                        let exit = queue::Exit::Closed;
                        work.push_back(Work::ToCall(id, call::Event::Exit { seat, exit }));
                    }
                    return;
                };
                let mut changed = None;
                match &event {
                    queue::Event::Joined { seat, .. } => {
                        self.seats.insert(*seat, id);
                        changed = Some(*seat);
                    }
                    queue::Event::Brought { seat, .. } | queue::Event::CallbackConfirmed { seat } => {
                        self.seats.insert(*seat, id);
                        changed = Some(*seat);
                    }
                    queue::Event::ClassChanged { seat, .. } | queue::Event::CallbackFailed { seat, .. } => {
                        changed = Some(*seat);
                    }
                    queue::Event::Moved { seat, .. } => {
                        changed = Some(*seat);
                        if let Some(from) = self.pool_of_seat(*seat).filter(|from| *from != pool) {
                            return self.move_seat(from, pool, id, event, now, work, out);
                        }
                    }
                    queue::Event::OfferFailed { offer, .. } | queue::Event::OperatorGone { offer } => {
                        self.offers.remove(offer);
                    }
                    _ => {}
                }
                self.pool_step(pool, event, now, work);
                if let Some(seat) = changed {
                    self.note_seat(pool, seat, now, out);
                }
            }
            call::Action::CallBack { seat, queue, number, plan, wanted } => {
                let pool = self.pool_of_queue.get(&queue).copied();
                let is_open = self.pools.iter().any(|pool| pool.will_call_back(&number));
                match pool.filter(|_| !is_open) {
                    Some(pool) => {
                        self.callbacks.insert(seat, plan);
                        self.seats.insert(seat, id);
                        self.pool_step(pool, *wanted, now, work);
                    }
                    None => work.push_back(Work::ToCall(id, call::Event::CallbackRefused { seat })),
                }
            }
            call::Action::Occupied { operator, busy } => {
                if let Some(pool) = self.operators.get(&operator).map(|presence| presence.pool) {
                    self.pool_step(pool, queue::Event::Occupied { operator, busy }, now, work);
                }
            }
            call::Action::TookOver { operator, queue } => {
                if let Some(pool) = self.operators.get(&operator).map(|presence| presence.pool) {
                    self.pool_step(pool, queue::Event::TookOver { operator, queue }, now, work);
                }
            }
            call::Action::Released { leg, offer, queue, answered } => {
                let Some(pool) = self.pool_of_queue.get(&queue).copied() else { return };
                if answered {
                    self.offers.remove(&offer);
                    self.pool_step(pool, queue::Event::OperatorGone { offer }, now, work);
                } else {
                    self.releasing.insert(leg, (pool, offer));
                }
            }
            call::Action::Finished => self.forget(id, now, work),
        }
    }

    /// Q14: messages of one number in an hour.
    fn may_record(&mut self, id: CallId, now: Now) -> bool {
        let limits = self.settings.caller_limits;
        let Some(call) = self.calls.get(&id) else { return false };
        let is_limited = limits.test_sources || !call.is_from_test_source();
        let number = call.number().filter(|_| is_limited);
        number.is_none_or(|number| self.habits.may_record(&number, limits.recordings_per_hour, now.mono))
    }

    fn forget(&mut self, id: CallId, now: Now, work: &mut VecDeque<Work>) {
        self.habits.ended(id);
        if let Some((pool, seat)) = self.on_the_line.remove(&id) {
            self.pool_step(pool, queue::Event::LineFree { seat }, now, work);
        }
        if let Some(call) = self.calls.remove(&id) {
            let shard = usize::from(call.shard().0);
            self.calls_per_shard[shard] = self.calls_per_shard[shard].saturating_sub(1);
            for leg in call.legs() {
                self.legs.remove(&leg);
            }
            self.requests.retain(|_, owner| *owner != id);
            self.retire(call.flows());
        }
        self.schedule(id);
    }

    fn pool_said(
        &mut self,
        pool: usize,
        action: queue::Action,
        work: &mut VecDeque<Work>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        match action {
            queue::Action::Offer { offer, seat, operator, queue, class, waited } => {
                let Some(call) = self.seats.get(&seat).copied() else {
                    let why = queue::OfferFailure::Unreachable;
                    return self.pool_step(pool, queue::Event::OfferFailed { offer, why }, now, work);
                };
                self.offers.insert(offer, call);
                let endpoint = self.endpoint(&operator);
                let event = call::Event::Offer { offer, operator, endpoint, queue, class, waited };
                work.push_back(Work::ToCall(call, event));
            }
            queue::Action::Withdraw { offer, why } => {
                self.to_offer(offer, call::Event::Withdraw { offer, why }, work);
            }
            queue::Action::Connect { offer, .. } => {
                self.to_offer(offer, call::Event::Connect { offer }, work)
            }
            queue::Action::Connected { offer, waited, seat, .. } => {
                self.note_seat(pool, seat, now, out);
                self.to_offer(offer, call::Event::Connected { offer, waited }, work);
            }
            queue::Action::Return { offer, seat } => {
                self.note_seat(pool, seat, now, out);
                self.to_offer(offer, call::Event::Return { offer }, work);
            }
            queue::Action::CallbackKept { seat } => {
                // The seat is no call's from now on, until somebody is reached.
                if let Some(call) = self.seats.get(&seat).copied() {
                    self.on_the_line.insert(call, (pool, seat));
                    self.note_seat(pool, seat, now, out);
                    self.seats.remove(&seat);
                    work.push_back(Work::ToCall(call, call::Event::CallbackKept { seat }));
                }
            }
            queue::Action::CallbackRefused { seat } => {
                self.callbacks.remove(&seat);
                if let Some(call) = self.seats.get(&seat).copied() {
                    work.push_back(Work::ToCall(call, call::Event::CallbackRefused { seat }));
                }
            }
            queue::Action::Dial { seat, number, queue, class } => {
                self.call_back(pool, seat, number, queue, class, now, work, out);
            }
            queue::Action::Exit { seat, exit } => {
                let call = self.seats.get(&seat).copied();
                self.forget_seat(seat, out);
                if let Some(call) = call {
                    work.push_back(Work::ToCall(call, call::Event::Exit { seat, exit }));
                }
            }
            queue::Action::Closed { seat, why, waited } => {
                if why == queue::Leave::NotReached {
                    self.tell_story_of(seat, "callback_closed", waited, now, out);
                }
                self.forget_seat(seat, out);
            }
            queue::Action::Served { seat } => {
                self.forget_seat(seat, out);
            }
            queue::Action::Booked(booking) => booked(*booking, out),
            queue::Action::OperatorChanged { operator, state } => {
                out.push(Action::Keep(Keep::OperatorState {
                    operator: operator.clone(),
                    state: state.clone(),
                    at: now.wall,
                }));
                let state = state.as_str().to_string();
                out.push(Action::Happened(Happened::OperatorChanged { operator, state }));
            }
            queue::Action::Ping { request, operator } => match self.endpoint(&operator) {
                Some(endpoint) => {
                    self.pings.insert(request, (pool, operator));
                    out.push(Action::Sip(sip::Command::Ping { request, to: endpoint.target }));
                }
                None => {
                    let event = queue::Event::Pong { request, operator, alive: false };
                    self.pool_step(pool, event, now, work);
                }
            },
            queue::Action::Alert(alert) => {
                if let Alert::OperatorPaused { operator, reason } = &alert {
                    self.write_choice(operator, Some(reason.clone()), now, out);
                }
                out.push(Action::Alert(alert));
            }
            queue::Action::Explained(decision) => self.tell_why(&decision, now, out),
        }
    }

    fn to_offer(&self, offer: OfferId, event: call::Event, work: &mut VecDeque<Work>) {
        if let Some(call) = self.offers.get(&offer).copied() {
            work.push_back(Work::ToCall(call, event));
        }
    }

    /// A break survives a restart, whoever ordered it (Q7): the operator, a supervisor, or the dispatcher with an alert.
    pub(super) fn write_choice(
        &mut self,
        operator: &OperatorId,
        paused: Option<String>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        let Some(presence) = self.operators.get_mut(operator).filter(|presence| presence.paused != paused)
        else {
            return;
        };
        presence.paused.clone_from(&paused);
        out.push(Action::Keep(Keep::OperatorChoice { operator: operator.clone(), paused, at: now.wall }));
    }

    /// How to reach an operator now: his static contact, or where he registered from.
    pub(super) fn endpoint(&self, operator: &OperatorId) -> Option<Endpoint> {
        let presence = self.operators.get(operator)?;
        let settings = self.settings.pools.get(presence.pool)?.operators.get(operator)?;
        let (target, peer) = match (&settings.contact, presence.hop) {
            (_, Some(hop)) => (sip::Target::Registered(operator.clone()), hop.peer.ip()),
            (Some(contact), None) => {
                let peer = address_of(contact)?;
                (sip::Target::Uri { uri: contact.clone(), via: None }, peer)
            }
            (None, None) => return None,
        };
        let browser = presence.hop.is_some_and(|hop| hop.transport.is_websocket());
        let auto_answer = settings.auto_answer;
        Some(Endpoint { operator: operator.clone(), target, peer, auto_answer, browser })
    }

    /// What people see now.
    pub fn view(&self, now: Now) -> View {
        let names: Vec<&str> = self.settings.pools.iter().map(|pool| pool.name.as_str()).collect();
        let calls = self.calls.values().filter(|call| !call.has_ended()).map(|call| call.view(now));
        let out = self.calls_out.values().filter(|call| !call.has_ended()).map(|call| call.view(now));
        let calls = calls.chain(out).collect();
        let mut view = super::view::gather(
            self.version,
            self.draining,
            &self.pools,
            &names,
            &self.seats,
            &self.offers,
            calls,
            now,
        );
        self.show_unoffered(&mut view);
        self.show_orders(&mut view);
        self.show_arms(&mut view);
        view
    }

    /// Operators in a call that no queue offered them: a colleague's, a supervised one, one of their own.
    fn show_unoffered(&self, view: &mut View) {
        let calls = self.calls.values().filter(|call| !call.has_ended());
        let theirs = calls.flat_map(|call| call.operators().map(|operator| (operator, call.id())));
        let out = self.calls_out.values().filter(|call| !call.has_ended());
        let theirs = theirs.chain(out.map(|call| (call.operator(), call.id())));
        for (operator, call) in theirs {
            if let Some(shown) = view.operators.iter_mut().find(|shown| shown.id == *operator) {
                shown.call.get_or_insert(call);
            }
        }
    }
}

/// What is counted is kept and told to the metrics; a test call is kept only.
fn booked(booking: queue::Booking, out: &mut Vec<Action>) {
    use queue::Booking as B;
    let counted = match &booking {
        B::Opened(stay) if !stay.test => {
            Some(Happened::SeatOpened { queue: stay.queue.to_string(), class: stay.class })
        }
        B::Closed(queue::Stay { test: false, outcome: Some(outcome), queue, class, waited, .. }) => {
            let (queue, outcome) = (queue.to_string(), *outcome);
            Some(Happened::SeatClosed { queue, class: *class, outcome, waited: *waited })
        }
        _ => None,
    };
    out.extend(counted.map(Action::Happened));
    out.push(Action::Keep(match booking {
        B::Opened(stay) | B::Reclassed(stay) | B::Closed(stay) => Keep::Stay(stay),
        B::Attempt(attempt) => Keep::Attempt(attempt),
    }));
}

/// The address in a static contact, `sip:102@10.0.0.12:5060`; names were resolved when the configuration was read.
fn address_of(contact: &str) -> Option<IpAddr> {
    let host = contact.rsplit('@').next()?.trim_start_matches("sip:").split([';', '>', '?']).next()?;
    host.parse::<SocketAddr>()
        .map(|address| address.ip())
        .or_else(|_| host.trim_matches(['[', ']']).parse())
        .ok()
}
