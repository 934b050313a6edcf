//! Carrying out what the flow wants: say, ask, enqueue, record, transfer, end.
use super::context::*;
use super::dial::{Dial, Purpose};
use super::event::Action;
use super::machine::{Call, Recording, Seat, millis};
use super::record::*;
use crate::cause::HangupBy;
use crate::class::Class;
use crate::flow::{self, Effect};
use crate::ids::{PromptName, QueueName, RequestId, Skill};
use crate::media::{LegCommand, Negotiation};
use crate::number::Number;
use crate::queue::{self, Exit};
use crate::say::{Item, Language};
use crate::{sip, speech};
use std::collections::BTreeSet;
use std::time::Duration;

impl Call {
    /// Tells the flow what happened and carries out what it wants.
    pub(super) fn tell(&mut self, event: flow::Event, cx: &mut Context) {
        if self.ended.is_some() {
            return;
        }
        let mut effects = Vec::new();
        self.interpreter.handle(cx.flows, event, cx.now, &mut effects);
        self.carry_out(effects, cx);
    }

    /// Effects may answer themselves at once (nothing to say, nothing that may be dialled): those answers are told after
    /// the whole list was carried out, in order.
    pub(super) fn carry_out(&mut self, effects: Vec<Effect>, cx: &mut Context) {
        let mut answers = Vec::new();
        for effect in effects {
            if self.ended.is_some() {
                return;
            }
            self.carry_out_one(effect, &mut answers, cx);
        }
        for answer in answers {
            self.tell(answer, cx);
        }
    }

    fn carry_out_one(&mut self, effect: Effect, answers: &mut Vec<flow::Event>, cx: &mut Context) {
        match effect {
            Effect::Entered { flow, step } => {
                self.step = step.to_string();
                if self.path.len() == PATH_MAX {
                    self.path.pop_front();
                }
                self.path.push_back(format!("{flow}/{step}"));
                self.note("step", &[("flow", flow.as_str()), ("step", step.as_str())], cx);
            }
            Effect::TookArm { flow, step, arm } => {
                self.note("arm", &[("flow", flow.as_str()), ("step", step.as_str()), ("arm", &arm)], cx);
            }
            Effect::Say { play, language, items, barge_in } => {
                self.say(play, language, &items, barge_in, answers, cx)
            }
            Effect::Hush => {
                self.saying = None;
                cx.out.push(Action::Leg(LegCommand::Hush { leg: self.leg }));
                self.resume_music(cx);
            }
            Effect::Lookup { request, what, timeout } => {
                let request = self.pend(Some(request), timeout, cx);
                cx.out.push(Action::Ask(Ask::Lookup { request, what }));
            }
            Effect::Http { request, ask } => {
                // The shell keeps to it; this is the net under that.
                let request = self.pend(Some(request), ask.within() + Duration::from_secs(1), cx);
                cx.out.push(Action::Http { request, ask });
            }
            Effect::OpenTicket { request, topic, fields } => {
                let request = self.pend(Some(request), TICKET_WITHIN, cx);
                let (call, at, caller) = (self.id, cx.now.wall, self.record.caller.clone());
                let ticket = NewTicket { call, at, caller, topic, fields };
                cx.out.push(Action::Ask(Ask::OpenTicket { request, ticket }));
            }
            Effect::Record { request, max, silence } => self.start_recording(request, max, silence, cx),
            Effect::StopRecording => cx.out.push(Action::Leg(LegCommand::StopRecording { leg: self.leg })),
            Effect::KeepMessage { name, duration } => {
                self.unconfirmed = None;
                self.keep_message(name, duration, cx);
            }
            Effect::Enqueue { queue, class, skills, exits, whisper } => {
                self.enqueue(Wish { queue, class, skills, exits, whisper }, cx);
            }
            Effect::Callback { number } => {
                if !self.want_callback(number, cx) {
                    answers.push(flow::Event::CallbackRefused);
                }
            }
            Effect::CallbackConfirmed => self.recall_confirmed(cx),
            Effect::LeaveQueue => {
                if let Some(seat) = self.seat.take() {
                    self.cut_announcement(cx);
                    self.release_dials(cx);
                    self.stage_since = cx.now.mono;
                    self.record.wait_ms = Some(millis(cx.now.mono.since(seat.enqueued)));
                    let event = queue::Event::Left { seat: seat.id, why: queue::Leave::ByFlow };
                    cx.out.push(Action::Queue { queue: seat.queue, event });
                    cx.out.push(Action::Leg(LegCommand::Hush { leg: self.leg }));
                }
            }
            Effect::Transfer { to, timeout } => {
                if !self.transfer(&to, timeout, cx) {
                    self.note("transfer_refused", &[], cx);
                    answers.push(flow::Event::TransferFailed);
                }
            }
            Effect::Surveyed { score } => {
                let score = score.map_or("none".to_string(), |score| score.to_string());
                let step = self.step.clone();
                self.note("survey", &[("step", step.as_str()), ("score", &score)], cx);
            }
            Effect::MenuKey { wrong, after } => {
                let (flow, step) = self.place();
                let after = after.map_or("whole".to_string(), |after| millis(after).to_string());
                let wrong = if wrong { "wrong" } else { "known" };
                let detail = [("flow", &*flow), ("step", &*step), ("key", wrong), ("heard_ms", &after)];
                self.note("menu_key", &detail, cx);
            }
            Effect::MenuSilence => {
                let (flow, step) = self.place();
                self.note("menu_silence", &[("flow", &flow), ("step", &step)], cx);
            }
            Effect::AllowRecording => self.allow_recording(),
            Effect::RefuseRecording => self.refuse_recording(cx),
            Effect::Notify { to, body } => cx.out.push(Action::Notify { to, body }),
            Effect::Typed { name, digits } => self.note("typed", &[("name", &name), ("digits", &digits)], cx),
            Effect::SecretTaken { count } => self.note("secret", &[("digits", &count.to_string())], cx),
            Effect::Hangup { cause } => {
                let by = if self.connected { HangupBy::Operator } else { HangupBy::System };
                self.end(by, cause, cx);
            }
        }
    }

    /// Where this effect was decided: the interpreter has gone on to the step that follows.
    fn place(&self) -> (String, String) {
        let (flow, step) = self.path.back().and_then(|place| place.split_once('/')).unwrap_or_default();
        (flow.to_string(), step.to_string())
    }

    fn say(
        &mut self,
        play: crate::ids::PlayId,
        language: Language,
        items: &[Item],
        barge_in: bool,
        answers: &mut Vec<flow::Event>,
        cx: &mut Context,
    ) {
        let pieces = speech::render(language, items);
        if pieces.is_empty() {
            answers.push(flow::Event::Said { play });
            return;
        }
        if self.announcing.is_some() {
            // Nothing is said over the announcement; a wait says it again later.
            answers.push(flow::Event::Said { play });
            return;
        }
        if self.seat.is_some() && self.talking().is_some() {
            // An operator has answered: nothing is said into the talk. If it comes to nothing, this was heard.
            self.cut = Some(play);
            return;
        }
        self.saying = Some(play);
        self.barge_in = barge_in;
        cx.out.push(Action::Leg(LegCommand::Play { leg: self.leg, play, language, pieces, barge_in }));
    }

    /// Takes a seat. One that is held moves to the other queue, and one that an exit has closed is taken up again: with
    /// their ages (edge case 26, rule Q11).
    pub(super) fn enqueue(&mut self, wish: Wish, cx: &mut Context) {
        let Wish { queue, class, skills, exits, whisper } = wish;
        let exits = exits.into_iter().map(exit_of).collect();
        let (moved, parted) = (self.seat.take(), self.parted.take());
        let of_before = moved.as_ref().map(|seat| seat.class).or(parted.as_ref().map(|seat| seat.class));
        let class = match of_before {
            Some(Class::Priority) => Class::Priority,
            Some(before) if moved.is_some() => cx.rules.seat_class(&queue, before),
            _ => cx.rules.seat_class(&queue, class),
        };
        let before = moved.as_ref().map(|seat| (seat.id, seat.enqueued, seat.stays));
        let before = before.or(parted.as_ref().map(|seat| (seat.id, seat.enqueued, seat.stays)));
        let (id, enqueued, stays) = before.unwrap_or_else(|| (cx.ids.seats.take(), cx.now.mono, 0));
        self.record.queue = Some(queue.clone());
        self.record.class = class;
        if before.is_none() || self.record.enqueued_at.is_none() {
            self.record.enqueued_at = Some(cx.now.wall);
        }
        self.record.offered_at = None;
        self.record.wait_ms = None;
        self.note("enqueued", &[("queue", queue.as_str()), ("class", class.as_str())], cx);
        cx.out.push(Action::Happened(super::Happened::Enqueued {
            call: self.id,
            queue: queue.to_string(),
            class,
        }));
        self.seat = Some(Seat {
            id,
            queue: queue.clone(),
            class,
            whisper,
            skills: skills.clone(),
            enqueued,
            stays: stays + 1,
            offered: None,
        });
        if self.saying.is_none() {
            self.resume_music(cx);
        }
        let (call, caller) = (self.id, self.verified_number());
        let event = match (moved, parted) {
            (Some(_), _) => queue::Event::Moved { seat: id, queue: queue.clone(), skills, exits },
            (None, Some(parted)) => {
                let age = parted.age(cx.now.mono);
                let queue = queue.clone();
                queue::Event::Brought {
                    seat: id,
                    call,
                    caller,
                    queue,
                    class,
                    skills,
                    exits,
                    age,
                    callback: None,
                    test: self.test,
                }
            }
            (None, None) => {
                let (queue, test) = (queue.clone(), self.test);
                queue::Event::Joined { seat: id, call, caller, queue, class, skills, exits, test }
            }
        };
        cx.out.push(Action::Queue { queue, event });
    }

    /// A caller who waits and to whom nothing is said hears music.
    pub(super) fn resume_music(&mut self, cx: &mut Context) {
        if let Some(seat) = self
            .seat
            .as_ref()
            .filter(|_| self.talking().is_none() && self.saying.is_none() && self.announcing.is_none())
        {
            let music = seat.queue.to_string();
            cx.out.push(Action::Leg(LegCommand::Music { leg: self.leg, music }));
        }
    }

    pub(super) fn keep_message(&self, name: String, duration: Duration, cx: &mut Context) {
        self.note("message", &[("name", &name)], cx);
        cx.out.push(Action::Keep(Keep::Message(Message {
            call: self.id,
            at: cx.now.wall,
            name,
            duration_ms: millis(duration),
            caller: self.record.caller.clone(),
            line: self.record.line.clone(),
        })));
    }

    fn start_recording(&mut self, request: RequestId, max: Duration, silence: Duration, cx: &mut Context) {
        self.parted = None;
        self.unconfirmed = None;
        let name = self.recording_name(cx);
        self.recording = Some(Recording { request, name: name.clone() });
        cx.out.push(Action::Leg(LegCommand::Record { leg: self.leg, name, max, silence }));
    }

    /// The next one of this call's, in its month's folder.
    pub(super) fn recording_name(&mut self, cx: &Context) -> String {
        self.recordings += 1;
        let month = crate::clock::Zone::utc().civil(cx.now.wall);
        format!("{:04}-{:02}/{}-{}", month.year, month.month, self.id, self.recordings)
    }

    /// Dials a number on the outbound allow-list; false when it may not be dialled.
    fn transfer(&mut self, to: &str, timeout: Duration, cx: &mut Context) -> bool {
        let Some(outbound) = &cx.rules.outbound else { return false };
        let Some(uri) = Number::parse(to).and_then(|number| outbound.uri(&number)) else { return false };
        self.parted = None;
        let leg = cx.ids.outgoing_leg();
        let from = sip::Identity {
            display: String::new(),
            user: self.record.caller.clone(),
            host: cx.rules.domain.clone(),
        };
        let target = sip::Target::Uri { uri, via: Some(outbound.address) };
        let invite = sip::Invite { leg, to: target, from, headers: Vec::new(), sdp: String::new() };
        cx.out.push(Action::Leg(LegCommand::Open { leg, how: Negotiation::Offer, peer: outbound.peer() }));
        let purpose = Purpose::Transfer { until: cx.now.mono + timeout };
        self.dials.insert(leg, Dial::new(leg, purpose, invite, cx.now.mono + LEG_OPENS_WITHIN));
        self.note("transfer", &[], cx);
        true
    }
}

/// What a `queue` step asks for.
pub(super) struct Wish {
    pub queue: QueueName,
    pub class: Class,
    pub skills: BTreeSet<Skill>,
    pub exits: BTreeSet<flow::QueueExit>,
    pub whisper: Option<PromptName>,
}

fn exit_of(exit: flow::QueueExit) -> Exit {
    match exit {
        flow::QueueExit::MaxWait => Exit::MaxWait,
        flow::QueueExit::Full => Exit::Full,
        flow::QueueExit::NobodySignedIn => Exit::NobodySignedIn,
        flow::QueueExit::AllPaused => Exit::AllPaused,
        flow::QueueExit::EwtOver => Exit::EwtOver,
        flow::QueueExit::Closed => Exit::Closed,
    }
}
