//! Calls that operators make: begun here, and each a machine of its own ([`CallOut`]).
use super::{Action, Outcome, Switchboard};
use crate::call::out::{CallOut, Wanted};
use crate::call::{self, Context};
use crate::cause::{Cause, HangupBy};
use crate::ids::{CallId, LegId, OperatorId};
use crate::machine::{Instant, Now};
use crate::number::Number;
use crate::queue;

impl Switchboard {
    pub(super) fn call_out(
        &mut self,
        operator: &OperatorId,
        number: Number,
        ticket: Option<i64>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        let endpoint = match self.free_phone(operator, now) {
            Ok(endpoint) => endpoint,
            Err(outcome) => return outcome,
        };
        let allowed = self.settings.rules.outbound.as_ref().is_some_and(|way| way.uri(&number).is_some());
        if !allowed {
            return Outcome::NumberNotAllowed;
        }
        if self.draining || self.calls() >= self.settings.calls_max {
            return Outcome::NoCallsTaken;
        }
        let (id, shard) = self.next_call(now);
        let flows = self.flows[&self.current].clone();
        let mut said = Vec::new();
        let (rules, ids) = (&self.settings.rules, &mut self.ids);
        let mut cx = Context { now, flows: &flows, rules, ids, out: &mut said };
        let wanted = Wanted { call: id, shard, endpoint, number, ticket };
        let Some(call) = CallOut::begin(wanted, &mut cx) else { return Outcome::NumberNotAllowed };
        self.calls_out.insert(id, call);
        self.call_out_said(id, said, now, out);
        Outcome::Begun { call: id }
    }

    /// The call out that this leg belongs to.
    pub(super) fn call_out_of(&self, leg: LegId) -> Option<CallId> {
        self.calls_out.values().find(|call| call.legs().any(|other| other == leg)).map(CallOut::id)
    }

    pub(super) fn tell_call_out(&mut self, id: CallId, event: call::Event, now: Now, out: &mut Vec<Action>) {
        self.call_out_step(id, now, out, |call, cx| match event {
            call::Event::Sip(event) => call.on_sip(event, cx),
            call::Event::Leg(event) => call.on_leg(event, cx),
            call::Event::HangUp => call.end(HangupBy::System, Cause::Admin, cx),
            call::Event::Stop => call.end(HangupBy::System, Cause::Draining, cx),
            _ => {}
        });
    }

    pub(super) fn calls_out_timeouts(&mut self, now: Now, out: &mut Vec<Action>) {
        let late = |call: &&CallOut| call.next_timeout().is_some_and(|at| at <= now.mono);
        let late: Vec<CallId> = self.calls_out.values().filter(late).map(CallOut::id).collect();
        for id in late {
            self.call_out_step(id, now, out, |call, cx| call.handle_timeout(cx));
        }
    }

    /// Operators call out now and then: a handful at most.
    pub(super) fn next_call_out_timeout(&self) -> Option<Instant> {
        self.calls_out.values().filter_map(CallOut::next_timeout).min()
    }

    fn call_out_step(
        &mut self,
        id: CallId,
        now: Now,
        out: &mut Vec<Action>,
        step: impl FnOnce(&mut CallOut, &mut Context),
    ) {
        let flows = self.flows[&self.current].clone();
        let Some(call) = self.calls_out.get_mut(&id) else { return };
        let mut said = Vec::new();
        let (rules, ids) = (&self.settings.rules, &mut self.ids);
        step(call, &mut Context { now, flows: &flows, rules, ids, out: &mut said });
        self.call_out_said(id, said, now, out);
    }

    fn call_out_said(&mut self, id: CallId, said: Vec<call::Action>, now: Now, out: &mut Vec<Action>) {
        for action in said {
            match action {
                call::Action::Sip(command) => out.push(Action::Sip(command)),
                call::Action::Leg(command) => {
                    if let Some(shard) = self.calls_out.get(&id).map(CallOut::shard) {
                        out.push(Action::Leg { shard, command });
                    }
                }
                call::Action::Keep(keep) => out.push(Action::Keep(keep)),
                call::Action::Happened(happened) => out.push(Action::Happened(happened)),
                call::Action::Occupied { operator, busy } => self.occupy(operator, busy, now, out),
                call::Action::Finished => {
                    if let Some(call) = self.calls_out.remove(&id) {
                        let shard = usize::from(call.shard().0);
                        self.calls_per_shard[shard] = self.calls_per_shard[shard].saturating_sub(1);
                    }
                }
                _ => {}
            }
        }
    }

    /// An operator's telephone is in a call that no queue sent there, or is out of it.
    pub(super) fn occupy(&mut self, operator: OperatorId, busy: bool, now: Now, out: &mut Vec<Action>) {
        if let Some(pool) = self.operators.get(&operator).map(|presence| presence.pool) {
            self.tell_pool(pool, queue::Event::Occupied { operator, busy }, now, out);
        }
    }
}
