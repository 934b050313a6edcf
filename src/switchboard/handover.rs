//! What people do with a talk that is on: pass it on, by the API or by a phone's REFER; take it up again after a reload of the
//! page; let a supervisor in. Here it is seen to that there is somebody to be rung; the call does the rest.
use super::event::Destination;
use super::{Action, Outcome, Switchboard};
use crate::call::{self, Call, Endpoint, TransferMode, TransferTo};
use crate::ids::{CallId, LegId, OperatorId, QueueName};
use crate::machine::Now;
use crate::media::Supervision;
use crate::number::Number;
use crate::queue::OperatorState;
use crate::sip;

impl Switchboard {
    pub(super) fn transfer(
        &mut self,
        id: CallId,
        to: Destination,
        mode: TransferMode,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        match self.calls.get(&id).map(|call| call.may_transfer()) {
            None => return Outcome::NoSuchCall,
            Some(None) => return Outcome::NotNow,
            Some(Some(_)) => {}
        }
        match self.destination(to, now) {
            Ok(to) => {
                let event = call::Event::Transfer { to, mode, referred: false };
                self.tell_call(id, event, now, out);
                Outcome::Done
            }
            Err(outcome) => outcome,
        }
    }

    pub(super) fn end_transfer(
        &mut self,
        id: CallId,
        event: call::Event,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        match self.calls.get(&id).map(Call::is_transferring) {
            None => Outcome::NoSuchCall,
            Some(false) => Outcome::NotNow,
            Some(true) => {
                self.tell_call(id, event, now, out);
                Outcome::Done
            }
        }
    }

    fn destination(&self, to: Destination, now: Now) -> Result<TransferTo, Outcome> {
        match to {
            Destination::Queue(queue) if self.pool_of_queue.contains_key(&queue) => {
                Ok(TransferTo::Queue(queue))
            }
            Destination::Queue(_) => Err(Outcome::NoSuchQueue),
            Destination::Number(number) => {
                let way = self.settings.rules.outbound.as_ref().and_then(|outbound| outbound.uri(&number));
                way.map(|_| TransferTo::Number(number)).ok_or(Outcome::NumberNotAllowed)
            }
            Destination::Operator(operator) => {
                self.free_phone(&operator, now).map(|phone| TransferTo::Operator(Box::new(phone)))
            }
        }
    }

    /// The phone of an operator who is in no call.
    pub(super) fn free_phone(&self, operator: &OperatorId, now: Now) -> Result<Endpoint, Outcome> {
        let pool =
            self.operators.get(operator).map(|presence| presence.pool).ok_or(Outcome::NoSuchOperator)?;
        let status = self.pools[pool].operators(now).into_iter().find(|status| status.id == *operator);
        let in_call = status.is_none_or(|status| {
            matches!(status.state, OperatorState::Talking | OperatorState::Ringing | OperatorState::Claimed)
        });
        if in_call || self.calls.values().any(|call| call.operators().any(|other| other == operator)) {
            return Err(Outcome::OperatorBusy);
        }
        self.endpoint(operator).ok_or(Outcome::OperatorBusy)
    }

    /// REFER from an operator's phone: whom he names by the user part of Refer-To is a colleague, a queue or a number.
    pub(super) fn referred(&mut self, leg: LegId, to: &str, replaces: bool, now: Now, out: &mut Vec<Action>) {
        let refuse = |status, out: &mut Vec<Action>| {
            out.push(Action::Sip(sip::Command::AnswerRefer { leg, status }));
        };
        let Some(id) = self.legs.get(&leg).copied() else { return refuse(481, out) };
        if self.calls.get(&id).and_then(Call::may_transfer) != Some(leg) {
            // The caller himself, or a talk that is not settled.
            return refuse(603, out);
        }
        if replaces {
            return refuse(501, out);
        }
        let (operator, queue) = (OperatorId::from(to), QueueName::from(to));
        let to = if self.operators.contains_key(&operator) {
            Destination::Operator(operator)
        } else if self.pool_of_queue.contains_key(&queue) {
            Destination::Queue(queue)
        } else if let Some(number) = Number::parse(to) {
            Destination::Number(number)
        } else {
            return refuse(404, out);
        };
        match self.destination(to, now) {
            Ok(to) => {
                let event = call::Event::Transfer { to, mode: TransferMode::Blind, referred: true };
                self.tell_call(id, event, now, out);
            }
            Err(Outcome::OperatorBusy) => refuse(486, out),
            Err(Outcome::NumberNotAllowed) => refuse(403, out),
            Err(_) => refuse(404, out),
        }
    }

    /// An operator's phone is there: if a page of his was lost in the middle of a talk, he gets it back.
    pub(super) fn resume_for(&mut self, operator: &OperatorId, now: Now, out: &mut Vec<Action>) {
        let call = self.calls.values().find(|call| call.awaits() == Some(operator)).map(Call::id);
        if let (Some(call), Some(endpoint)) = (call, self.endpoint(operator)) {
            self.tell_call(call, call::Event::Resume { endpoint: Box::new(endpoint) }, now, out);
        }
    }

    /// The connection of a page was closed. If he has another one by now, his talk goes on there at once.
    pub(super) fn flow_lost(&mut self, leg: LegId, now: Now, out: &mut Vec<Action>) {
        let Some(id) = self.legs.get(&leg).copied() else { return };
        self.tell_call(id, call::Event::Sip(sip::Event::FlowLost { leg }), now, out);
        if let Some(operator) = self.calls.get(&id).and_then(Call::awaits).cloned() {
            self.resume_for(&operator, now, out);
        }
    }

    pub(super) fn supervise(
        &mut self,
        id: CallId,
        phone: &OperatorId,
        mode: Supervision,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        let Some(call) = self.calls.get(&id) else { return Outcome::NoSuchCall };
        let endpoint = match call.supervisor() {
            Some((by, _)) if by == phone => self.endpoint(phone).ok_or(Outcome::OperatorBusy),
            Some(_) => return Outcome::NotNow,
            None if !call.may_be_supervised() => return Outcome::NotNow,
            None => self.free_phone(phone, now),
        };
        match endpoint {
            Ok(endpoint) => {
                let endpoint = Box::new(endpoint);
                self.tell_call(id, call::Event::Supervise { endpoint, mode }, now, out);
                Outcome::Done
            }
            Err(outcome) => outcome,
        }
    }

    pub(super) fn end_supervision(&mut self, id: CallId, now: Now, out: &mut Vec<Action>) -> Outcome {
        match self.calls.get(&id).map(|call| call.supervisor().is_some()) {
            None => Outcome::NoSuchCall,
            Some(false) => Outcome::NotNow,
            Some(true) => {
                self.tell_call(id, call::Event::EndSupervision, now, out);
                Outcome::Done
            }
        }
    }

    pub(super) fn pause_recording(
        &mut self,
        id: CallId,
        paused: bool,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        match self.calls.get(&id).map(Call::is_talk_recorded) {
            None => Outcome::NoSuchCall,
            Some(false) => Outcome::NotNow,
            Some(true) => {
                self.tell_call(id, call::Event::PauseRecording { paused }, now, out);
                Outcome::Done
            }
        }
    }
}
