//! The door: which INVITE becomes a call, on which line, and whether its number is believed.
use super::rules::{RuleAction, rule_for};
use super::{Action, Switchboard, Trust};
use crate::call::{Admitted, Call, Context, Happened};
use crate::cause::{CallResult, Cause};
use crate::flow::AnswerMode;
use crate::ids::{CallId, LegId};
use crate::machine::Now;
use crate::number::Number;
use crate::sip;
use std::time::Duration;

/// What a caller over capacity is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Switchboard {
    pub(super) fn admit(&mut self, invite: Box<sip::Incoming>, now: Now, out: &mut Vec<Action>) {
        if let Some(operator) = invite.user.clone() {
            return self.feature(operator, invite, now, out);
        }
        let leg = invite.leg;
        let trust = self.settings.trust(invite.hop.peer.ip());
        if trust == Trust::Stranger {
            return self.turn_away(leg, 403, Cause::Refused, now, out);
        }
        if self.draining {
            return self.turn_away(leg, 503, Cause::Draining, now, out);
        }
        if self.calls.len() >= self.settings.calls_max {
            return self.turn_away(leg, 503, Cause::OverCapacity, now, out);
        }
        let flows = self.flows[&self.current].clone();
        let called = Number::parse(&invite.called);
        let Some((called, line)) = called.and_then(|number| flows.line(&number).map(|line| (number, line)))
        else {
            return self.turn_away(leg, 404, Cause::UnknownNumber, now, out);
        };
        let verified = trust == Trust::Verified && !invite.anonymous;
        let asserted =
            invite.asserted.as_deref().filter(|_| trust == Trust::Verified).and_then(Number::parse);
        let shown = if invite.anonymous { None } else { Number::parse(&invite.from.user) };
        let caller = asserted.or(shown);
        let source = invite.hop.peer.ip().to_canonical();
        let rule = caller.as_ref().and_then(|caller| {
            let ordered = self.orders.rule_for(caller, now.wall);
            ordered.or_else(|| rule_for(&self.settings.caller_rules, caller, now.wall)).cloned()
        });
        if rule == Some(RuleAction::Reject) {
            return self.turn_away(leg, 603, Cause::Refused, now, out);
        }
        let limits = self.settings.caller_limits;
        let is_limited = limits.test_sources || !self.settings.is_test_source(source);
        let is_stranger = trust == Trust::Anonymous || (is_limited && self.settings.is_test_source(source));
        if is_stranger && self.habits.calls_at_once(source) >= limits.calls_per_source {
            return self.turn_away(leg, 486, Cause::Refused, now, out);
        }
        if is_limited
            && let Some(caller) = &caller
            && !self.habits.may_call(caller, limits.calls_per_hour, now.mono)
        {
            return self.turn_away(leg, 480, Cause::Refused, now, out);
        }
        let flow = match &rule {
            // A rule that names no flow of ours leads nowhere else.
            Some(RuleAction::Flow(flow)) if flows.flow_named(flow).is_some() => flow.clone(),
            _ => line.flow.clone(),
        };
        let (id, shard) = self.next_call(now);
        self.legs.insert(leg, id);
        let test = invite.test && self.settings.is_test_source(invite.hop.peer.ip());
        let admitted = Admitted {
            call: id,
            test,
            shard,
            invite,
            flow,
            test_source: self.settings.is_test_source(source),
            standard_only: rule == Some(RuleAction::Standard),
            answer_early: line.answer == AnswerMode::Early,
            verified: verified && caller.is_some(),
            caller,
            called,
            seed: rand_core::Rng::next_u64(&mut self.random),
        };
        let surveyed = admitted.caller.as_ref().and_then(|caller| self.habits.surveyed(caller));
        let begin = |cx: &mut Context| {
            let mut call = Call::begin(admitted, cx)?;
            call.surveyed(surveyed);
            Some(call)
        };
        if !self.begin(id, &flows, now, out, begin) {
            self.legs.remove(&leg);
            self.calls_per_shard[usize::from(shard.0)] -= 1;
            return self.turn_away(leg, 500, Cause::Internal, now, out);
        }
        if is_stranger {
            self.habits.began(id, source);
        }
    }

    fn turn_away(&mut self, leg: LegId, status: u16, cause: Cause, now: Now, out: &mut Vec<Action>) {
        let retry_after = (status == 503).then_some(RETRY_AFTER);
        out.push(Action::Sip(sip::Command::Reject { leg, status, retry_after }));
        self.calls_begun += 1;
        let call = CallId::new(now.wall.as_millis(), self.calls_begun);
        let line = "none".to_string();
        out.push(Action::Happened(Happened::CallEnded { call, line, result: CallResult::Rejected, cause }));
    }
}
