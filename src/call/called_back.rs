//! Being called back (rule Q9), from both ends: the call in which somebody chose it, and the one that reaches him.
//!
//! ```text
//! Recalling ──leg opened──▶ Recalled: rings ≤ 30 s ──200──▶ Up: the greeting ──key 1──▶ waits, next
//!     └───────── refused, busy, nobody, voicemail ─────────────────▲───────▶ not reached
//! ```
//! The second is a call of its own, with a record of its own. It has the caller's leg as any other; only, that leg is ours.
use super::context::*;
use super::event::{Action, Happened};
use super::machine::{Call, CallerState, Parted, Seat, millis};
use super::record::{CallRecord, CallbackPlan, Keep};
use crate::class::Class;
use crate::flow::{self, Interpreter, Standing};
use crate::ids::{CallId, QueueName, SeatId, ShardId, Skill};
use crate::media::{LegCommand, Negotiation};
use crate::number::Number;
use crate::{queue, sip};
use std::collections::BTreeSet;
use std::time::Duration;

/// A person to be called, and where his call goes on.
pub struct Recall {
    pub call: CallId,
    pub shard: ShardId,
    pub seat: SeatId,
    pub queue: QueueName,
    pub class: Class,
    pub skills: BTreeSet<Skill>,
    pub number: Number,
    pub plan: CallbackPlan,
    pub seed: u64,
}

impl Call {
    /// Calls somebody back. `None` when there is no way to: no route any more, or the flow has changed.
    pub fn recall(recall: Recall, cx: &mut Context) -> Option<Call> {
        let Recall { call: id, shard, seat, queue, class, skills, number, plan, seed } = recall;
        let outbound = cx.rules.outbound.clone()?;
        let uri = outbound.uri(&number)?;
        let own_class = if class == Class::Priority { Class::Priority } else { Class::Standard };
        let facts = flow::Facts {
            call: id,
            caller: number.as_str().to_string(),
            // Whoever picks up there has this number, as surely as any trunk says so.
            verified: true,
            class: own_class,
            name: None,
            called: plan.called.clone(),
        };
        let mut interpreter =
            Interpreter::called_back(cx.flows, &plan.flow, &plan.step, plan.language, facts, seed)?;
        interpreter.withdraw(&cx.rules.withdrawn);
        let record = CallRecord {
            id,
            sip_call_id: String::new(),
            line: plan.line.as_str().to_string(),
            caller: number.as_str().to_string(),
            verified: true,
            class: own_class,
            queue: Some(queue.clone()),
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
        let leg = cx.ids.outgoing_leg();
        let from = sip::Identity { display: String::new(), user: plan.called, host: cx.rules.domain.clone() };
        let to = sip::Target::Uri { uri, via: Some(outbound.address) };
        let invite = sip::Invite { leg, to, from, headers: Vec::new(), sdp: String::new() };
        let opening =
            CallerState::Recalling { until: cx.now.mono + CALLER_OPENS_WITHIN, invite: Box::new(invite) };
        let mut call = Call::with(leg, shard, opening, interpreter, record, cx);
        call.parted =
            Some(Parted { id: seat, stays: 1, queue: queue.clone(), class, skills, enqueued: cx.now.mono });
        call.recalled = Some((seat, queue));
        cx.out.push(Action::Happened(Happened::CallStarted { call: id, line: call.record.line.clone() }));
        cx.out.push(Action::Keep(Keep::Call(Box::new(call.record.clone()))));
        call.note("called_back", &[], cx);
        cx.out.push(Action::Leg(LegCommand::Open { leg, how: Negotiation::Offer, peer: outbound.peer() }));
        Some(call)
    }

    pub(super) fn recall_opened(&mut self, sdp: String, cx: &mut Context) {
        if let CallerState::Recalling { invite, .. } = &self.caller {
            let mut invite = invite.clone();
            invite.sdp = sdp;
            self.caller = CallerState::Recalled { until: cx.now.mono + CALLED_RINGS };
            cx.out.push(Action::Sip(sip::Command::Invite(invite)));
        }
    }

    pub(super) fn recall_answered(&mut self, sdp: String, cx: &mut Context) {
        if matches!(self.caller, CallerState::Recalled { .. }) {
            self.caller = CallerState::Up;
            cx.out.push(Action::Leg(LegCommand::Answer { leg: self.leg, sdp }));
            self.tell(flow::Event::Started, cx);
        }
    }

    /// He is there: from now on this is a call that waits.
    pub(super) fn recall_confirmed(&mut self, cx: &mut Context) {
        let (Some((id, queue)), Some(parted)) = (self.recalled.take(), self.parted.take()) else { return };
        self.record.enqueued_at = Some(cx.now.wall);
        self.record.class = parted.class;
        self.stage_since = cx.now.mono;
        self.note("confirmed", &[("queue", queue.as_str())], cx);
        self.seat = Some(Seat {
            id,
            queue: queue.clone(),
            class: parted.class,
            whisper: self.interpreter.whisper(cx.flows),
            skills: parted.skills,
            enqueued: cx.now.mono,
            stays: parted.stays,
            offered: None,
        });
        self.resume_music(cx);
        cx.out.push(Action::Queue { queue, event: queue::Event::CallbackConfirmed { seat: id } });
    }

    /// Turns the seat into a callback; false when that cannot be.
    pub(super) fn want_callback(&mut self, number: Number, cx: &mut Context) -> bool {
        let is_allowed = cx.rules.outbound.as_ref().is_some_and(|outbound| outbound.uri(&number).is_some());
        let Some((flow, step)) = self.interpreter.queue_step(cx.flows).filter(|_| is_allowed) else {
            return false;
        };
        let plan = CallbackPlan {
            line: self.record.line.as_str().into(),
            called: self.interpreter.facts().called.clone(),
            flow,
            step,
            language: self.interpreter.language(),
        };
        let (seat, queue, wanted) = match (&self.seat, &self.parted) {
            (Some(seat), _) => {
                let wanted = queue::Event::CallbackWanted { seat: seat.id, number: number.clone() };
                (seat.id, seat.queue.clone(), wanted)
            }
            (None, Some(parted)) => {
                let wanted = queue::Event::Brought {
                    seat: parted.id,
                    call: self.id,
                    caller: self.verified_number(),
                    queue: parted.queue.clone(),
                    class: parted.class,
                    skills: parted.skills.clone(),
                    exits: BTreeSet::new(),
                    age: parted.age(cx.now.mono),
                    callback: Some(number.clone()),
                    test: self.test,
                };
                (parted.id, parted.queue.clone(), wanted)
            }
            (None, None) => return false,
        };
        cx.out.push(Action::CallBack { seat, queue, number, plan, wanted: Box::new(wanted) });
        true
    }

    pub(super) fn callback_kept(&mut self, seat: SeatId, cx: &mut Context) {
        let held = self.seat.take_if(|held| held.id == seat).map(|held| held.enqueued);
        let parted = self.parted.take_if(|parted| parted.id == seat).map(|parted| parted.enqueued);
        let Some(enqueued) = held.or(parted) else { return };
        self.called_back = true;
        self.record.wait_ms = Some(millis(cx.now.mono.since(enqueued)));
        self.stage_since = cx.now.mono;
        self.note("callback", &[], cx);
        if self.saying.is_none() {
            cx.out.push(Action::Leg(LegCommand::Hush { leg: self.leg }));
        }
        self.tell(flow::Event::CallbackKept, cx);
    }

    /// Where the seat stands, for what the flow may say of it (rule Q8).
    pub(super) fn stands(
        &mut self,
        position: u32,
        expected_wait: Option<Duration>,
        announce_every: Duration,
        cx: &mut Context,
    ) {
        let Some(seat) = &self.seat else { return };
        let rings = !self.dials.is_empty();
        let is_fresh = seat.offered.is_some_and(|at| rings && cx.now.mono.since(at) < OFFER_IS_FRESH);
        // The promise to a Priority caller is a person, not a voice that asks him to wait for one.
        let is_promised = seat.class == Class::Priority && seat.offered.is_none();
        let is_near = expected_wait.is_some_and(|wait| wait <= OFFER_IS_FRESH);
        let is_quiet = is_fresh || is_promised || is_near || self.talking().is_some();
        let every = Some(announce_every);
        self.tell(flow::Event::QueueStanding(Standing { position, expected_wait, is_quiet, every }), cx);
    }

    pub(super) fn verified_number(&self) -> Option<Number> {
        if self.record.verified { Number::parse(&self.record.caller) } else { None }
    }
}
