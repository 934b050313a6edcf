//! A call's beginning: an INVITE that was let in becomes a leg, a class and a flow, and is answered.
use super::context::*;
use super::event::{Action, Happened};
use super::machine::{Call, CallerState};
use super::record::*;
use crate::class::Class;
use crate::flow::{self, Interpreter};
use crate::ids::*;
use crate::media::LegCommand;
use crate::number::Number;
use crate::sip;

/// An INVITE that the Switchboard lets in.
pub struct Admitted {
    pub call: CallId,
    /// A test call: counted nowhere.
    pub test: bool,
    pub shard: ShardId,
    pub invite: Box<sip::Incoming>,
    pub flow: FlowName,
    pub answer_early: bool,
    pub caller: Option<Number>,
    pub called: Number,
    /// Never more than the standard class, by a caller rule.
    pub standard_only: bool,
    /// The call comes from a local test source.
    pub test_source: bool,
    /// The number comes from a trunk or a test source, so class and credit may follow from it.
    pub verified: bool,
    pub seed: u64,
}

impl Call {
    /// A new call: asks the shard for a leg and the store for the caller's class.
    /// `None` when the flow is not in the set.
    pub fn begin(admitted: Admitted, cx: &mut Context) -> Option<Call> {
        let Admitted { call: id, test, shard, invite, flow, answer_early, caller, called, .. } = admitted;
        let Admitted { verified, standard_only, test_source, seed, .. } = admitted;
        let number = caller.as_ref().map(|number| number.as_str().to_string()).unwrap_or_default();
        let facts = flow::Facts {
            call: id,
            caller: number.clone(),
            verified,
            class: Class::Standard,
            name: None,
            called: called.as_str().to_string(),
        };
        let record = CallRecord {
            id,
            sip_call_id: invite.call_id.clone(),
            line: flow.as_str().to_string(),
            caller: number.clone(),
            verified,
            class: Class::Standard,
            queue: None,
            started_at: cx.now.wall,
            enqueued_at: None,
            offered_at: None,
            answered_at: None,
            ended_at: None,
            wait_ms: None,
            operator: None,
            result: None,
            hangup_by: None,
            cause: None,
            path: String::new(),
            caller_quality: None,
            operator_quality: None,
        };
        let mut interpreter = Interpreter::new(cx.flows, &flow, facts, seed)?;
        interpreter.withdraw(&cx.rules.withdrawn);
        interpreter.offer_callback(cx.rules.may_call_back(caller.as_ref()));
        let opening = CallerState::Opening { until: cx.now.mono + CALLER_OPENS_WITHIN };
        let mut call = Call::with(invite.leg, shard, opening, interpreter, record, cx);
        call.answer_early = answer_early;
        call.test = test;
        call.standard_only = standard_only;
        call.test_source = test_source;
        cx.out.push(Action::Happened(Happened::CallStarted { call: id, line: call.record.line.clone() }));
        cx.out.push(Action::Keep(Keep::Call(Box::new(call.record.clone()))));
        let how = match invite.offer {
            Some(offer) => crate::media::Negotiation::Answer { offer },
            None => crate::media::Negotiation::Offer,
        };
        cx.out.push(Action::Leg(LegCommand::Open { leg: call.leg, how, peer: invite.hop.peer.ip() }));
        if verified && !standard_only {
            let what = flow::Lookup::Subscriber { number };
            let request = call.pend(None, CLASS_LOOKUP, cx);
            cx.out.push(Action::Ask(Ask::Lookup { request, what }));
        }
        Some(call)
    }

    pub(super) fn caller_opened(&mut self, sdp: String, cx: &mut Context) {
        if matches!(self.caller, CallerState::Recalling { .. }) {
            return self.recall_opened(sdp, cx);
        }
        if !matches!(self.caller, CallerState::Opening { .. }) {
            return;
        }
        if self.answer_early {
            cx.out.push(Action::Sip(sip::Command::Ring { leg: self.leg, early: Some(sdp.clone()) }));
            self.caller = CallerState::Early { sdp };
            self.start_flow(cx);
        } else {
            cx.out.push(Action::Sip(sip::Command::Answer { leg: self.leg, sdp }));
            self.caller = CallerState::Answered;
        }
    }

    /// An early call is charged from the moment when somebody answers it.
    pub(super) fn answer_if_early(&mut self, cx: &mut Context) {
        if let CallerState::Early { sdp } = &self.caller {
            cx.out.push(Action::Sip(sip::Command::Answer { leg: self.leg, sdp: sdp.clone() }));
            self.caller = CallerState::Answered;
        }
    }
}
