//! A call as a machine: it joins the caller's leg, the flow's interpreter, the seat in a queue and the operators' legs.
//!
//! ```text
//! INVITE ─▶ Opening ──leg opened──▶ Answered ──ACK──▶ Up: the flow runs ──▶ Ended ──legs closed──▶ Finished
//!              │ refused: 488, 503                     │  menu ⇄ waiting ⇄ ringing ─▶ talking
//!              └──────────────────────────────────────▶┴─ BYE, CANCEL, no ACK, no RTP, hang-up step
//! ```
use super::context::*;
use super::dial::Dial;
use super::event::*;
use super::lost::Lost;
use super::record::*;
use super::talk_recording::{Consent, TalkRecording};
use super::transfer::Transfer;
use crate::cause::{Cause, HangupBy};
use crate::class::Class;
use crate::flow::{self, Interpreter};
use crate::ids::*;
use crate::machine::{Instant, earlier};
use crate::media::{LegCommand, LegEvent, Refusal};
use crate::queue::{self, Exit};
use crate::sip;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How far the caller's leg is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallerState {
    /// The shard opens the leg.
    Opening {
        until: Instant,
    },
    /// 183 was sent; the flow runs without charge until a queue answers.
    Early {
        sdp: String,
    },
    /// 200 was sent; the flow starts with the ACK.
    Answered,
    /// He is called back: the shard opens the leg.
    Recalling {
        until: Instant,
        invite: Box<sip::Invite>,
    },
    /// His telephone is being called, until then.
    Recalled {
        until: Instant,
    },
    Up,
    Gone,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seat {
    pub id: SeatId,
    pub queue: QueueName,
    pub class: Class,
    pub whisper: Option<PromptName>,
    pub skills: BTreeSet<Skill>,
    pub enqueued: Instant,
    /// Queues that it has been in, this one included.
    pub stays: u32,
    /// The last offer.
    pub offered: Option<Instant>,
}

/// A seat that an exit has closed. Who chooses to wait on, or to be called, has not begun anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Parted {
    pub id: SeatId,
    /// Queues that it was in.
    pub stays: u32,
    pub queue: QueueName,
    pub class: Class,
    pub skills: BTreeSet<Skill>,
    pub enqueued: Instant,
}

impl Parted {
    pub fn age(&self, now: Instant) -> queue::Age {
        let waited = now.since(self.enqueued);
        queue::Age { waited, credit: Duration::ZERO, stays: self.stays, is_counted: true }
    }
}

/// A question in flight. `flow` is the interpreter's own request; without one it is about the caller's class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub flow: Option<RequestId>,
    pub until: Instant,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Recording {
    pub request: RequestId,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    pub(super) id: CallId,
    pub(super) shard: ShardId,
    pub(super) leg: LegId,
    pub(super) caller: CallerState,
    pub(super) answer_early: bool,
    pub(super) flows: FlowSetHash,
    pub(super) interpreter: Interpreter,
    pub(super) record: CallRecord,
    pub(super) path: VecDeque<String>,
    pub(super) step: String,
    pub(super) class: Class,
    pub(super) test: bool,
    pub(super) standard_only: bool,
    pub(super) test_source: bool,
    pub(super) stage_since: Instant,
    pub(super) seat: Option<Seat>,
    pub(super) parted: Option<Parted>,
    /// The seat of a person who is called back, until he presses the key.
    pub(super) recalled: Option<(SeatId, QueueName)>,
    /// He has hung up to be called back, or is about to.
    pub(super) called_back: bool,
    pub(super) dials: BTreeMap<LegId, Dial>,
    pub(super) pending: BTreeMap<RequestId, Pending>,
    pub(super) saying: Option<PlayId>,
    /// A key falls silent what is being said.
    pub(super) barge_in: bool,
    /// What an operator's answer has cut off; over for the flow if the connection fails.
    pub(super) cut: Option<PlayId>,
    pub(super) recording: Option<Recording>,
    pub(super) recordings: u32,
    /// A recording that the caller has not yet confirmed; it is kept even if he hangs up now.
    pub(super) unconfirmed: Option<(String, Duration)>,
    pub(super) connected: bool,
    #[serde(default)]
    pub(super) transfer: Option<Transfer>,
    #[serde(default)]
    pub(super) announcing: Option<super::announcement::Announcing>,
    /// A talk whose operator has lost his page.
    #[serde(default)]
    pub(super) lost: Option<Lost>,
    #[serde(default)]
    pub(super) consent: Consent,
    #[serde(default)]
    pub(super) talk_recording: Option<TalkRecording>,
    /// Legs whose `Closed` is awaited.
    pub(super) closing: BTreeMap<LegId, bool>,
    pub(super) ended: Option<Instant>,
}

impl Call {
    /// A call of which nothing has happened yet.
    pub(super) fn with(
        leg: LegId,
        shard: ShardId,
        caller: CallerState,
        interpreter: Interpreter,
        record: CallRecord,
        cx: &mut Context,
    ) -> Call {
        Call {
            id: record.id,
            shard,
            leg,
            caller,
            answer_early: false,
            flows: cx.flows.hash(),
            interpreter,
            path: VecDeque::new(),
            step: String::new(),
            class: record.class,
            test: false,
            standard_only: false,
            test_source: false,
            record,
            stage_since: cx.now.mono,
            seat: None,
            parted: None,
            recalled: None,
            called_back: false,
            dials: BTreeMap::new(),
            pending: BTreeMap::new(),
            saying: None,
            barge_in: false,
            cut: None,
            recording: None,
            recordings: 0,
            unconfirmed: None,
            connected: false,
            transfer: None,
            announcing: None,
            lost: None,
            consent: Consent::default(),
            talk_recording: None,
            closing: BTreeMap::new(),
            ended: None,
        }
    }

    pub fn handle(&mut self, event: Event, cx: &mut Context) {
        match event {
            Event::Sip(event) => self.on_sip(event, cx),
            Event::Leg(event) => self.on_leg(event, cx),
            Event::Store(answer) => self.on_store(answer, cx),
            Event::HttpReply { request, status, body } => {
                if let Some(flow) = self.settle(request) {
                    self.tell(flow::Event::HttpReply { request: flow, status, body }, cx);
                }
            }
            Event::HttpFailed { request } => self.on_failed(request, cx),
            Event::Offer { offer, operator, endpoint, queue, class, waited } => {
                self.offer(offer, operator, endpoint, queue, class, waited, cx)
            }
            Event::Withdraw { offer, why } => self.withdraw(offer, why, cx),
            Event::Connect { offer } => self.connect(offer, cx),
            Event::Connected { offer, waited } => self.booked(offer, waited, cx),
            Event::Return { offer } => self.give_back(offer, cx),
            Event::Exit { seat, exit } => self.exit(seat, exit, cx),
            Event::CallbackKept { seat } => self.callback_kept(seat, cx),
            Event::CallbackRefused { .. } => self.tell(flow::Event::CallbackRefused, cx),
            Event::Standing { position, expected_wait, announce_every } => {
                self.stands(position, expected_wait, announce_every, cx);
            }
            Event::Class { class } => self.class_known(class, None, cx),
            Event::Transfer { to, mode, referred } => self.begin_transfer(to, mode, referred, cx),
            Event::CompleteTransfer => self.complete_transfer(cx),
            Event::CancelTransfer => self.cancel_transfer(cx),
            Event::Resume { endpoint } => self.resume(*endpoint, cx),
            Event::Supervise { endpoint, mode } => self.supervise(*endpoint, mode, cx),
            Event::EndSupervision => self.end_supervision(cx),
            Event::PauseRecording { paused } => self.pause_talk_recording(paused, cx),
            Event::Move { queue } => self.move_to(queue, cx),
            Event::Raise { class } => self.raise(class, cx),
            Event::Announce => self.announce(cx),
            Event::HangUp => self.end(HangupBy::System, Cause::Admin, cx),
            Event::Stop => self.end(HangupBy::System, Cause::Draining, cx),
        }
    }

    pub fn handle_timeout(&mut self, cx: &mut Context) {
        let now = cx.now.mono;
        if let Some(until) = self.ended {
            if now >= until {
                self.finish(cx);
            }
            return;
        }
        match self.caller {
            CallerState::Opening { until } if now >= until => return self.refuse(503, Cause::NoMedia, cx),
            CallerState::Recalling { until, .. } | CallerState::Recalled { until } if now >= until => {
                return self.end(HangupBy::System, Cause::NotReached, cx);
            }
            _ => {}
        }
        if let Some(announcing) = self.announcing.filter(|announcing| now >= announcing.until) {
            self.announced(announcing.play, cx);
        }
        let late: Vec<RequestId> = self
            .pending
            .iter()
            .filter(|(_, pending)| now >= pending.until)
            .map(|(request, _)| *request)
            .collect();
        for request in late {
            self.on_failed(request, cx);
        }
        let late: Vec<LegId> = self
            .dials
            .values()
            .filter(|dial| dial.deadline().is_some_and(|at| now >= at))
            .map(|dial| dial.leg)
            .collect();
        for leg in late {
            self.dial_failed(leg, 408, cx);
        }
        if self.lost.as_ref().is_some_and(|lost| now >= lost.until()) {
            self.give_up_lost(cx);
        }
        if self.interpreter.next_timeout().is_some_and(|at| now >= at) {
            let mut effects = Vec::new();
            self.interpreter.handle_timeout(cx.flows, cx.now, &mut effects);
            self.carry_out(effects, cx);
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        if self.ended.is_some() {
            return self.ended;
        }
        let opening = match self.caller {
            CallerState::Opening { until }
            | CallerState::Recalling { until, .. }
            | CallerState::Recalled { until } => Some(until),
            _ => None,
        };
        let pending = self.pending.values().map(|pending| pending.until).min();
        let dials = self.dials.values().filter_map(Dial::deadline).min();
        let lost = self.lost.as_ref().map(Lost::until);
        let announcing = self.announcing.map(|announcing| announcing.until);
        [opening, pending, dials, lost, announcing, self.interpreter.next_timeout()]
            .into_iter()
            .fold(None, earlier)
    }

    fn on_sip(&mut self, event: sip::Event, cx: &mut Context) {
        use sip::Event as S;
        match event {
            S::Confirmed { leg, sdp } if leg == self.leg => {
                if let Some(sdp) = sdp {
                    cx.out.push(Action::Leg(LegCommand::Answer { leg, sdp }));
                }
                if self.caller == CallerState::Answered {
                    self.caller = CallerState::Up;
                    if !self.answer_early {
                        self.start_flow(cx);
                    }
                }
            }
            S::Ended { leg, how } if leg == self.leg => {
                let cause = match how {
                    sip::Ended::Cancelled => Cause::Cancelled,
                    sip::Ended::NoAck => Cause::NoAck,
                    sip::Ended::SessionExpired => Cause::SessionExpired,
                    sip::Ended::Bye { .. } | sip::Ended::Lost => self.cause_of_leaving(),
                };
                self.caller = CallerState::Gone;
                self.end(HangupBy::Caller, cause, cx);
            }
            S::Answered { leg, sdp, .. } if leg == self.leg => self.recall_answered(sdp, cx),
            S::Failed { leg, .. } if leg == self.leg => {
                self.caller = CallerState::Gone;
                self.end(HangupBy::Caller, Cause::NotReached, cx);
            }
            S::Offered { leg, sdp } => cx.out.push(Action::Leg(LegCommand::Reoffer { leg, sdp })),
            S::Digit { leg, digit, .. } => cx.out.push(Action::Leg(LegCommand::InfoDigit { leg, digit })),
            S::Progress { leg, status, .. } if status > 100 => self.dial_rings(leg, cx),
            S::Answered { leg, sdp, .. } => self.dial_answered(leg, sdp, cx),
            S::Failed { leg, status, .. } => self.dial_failed(leg, status, cx),
            S::Ended { leg, .. } => self.dial_ended(leg, cx),
            S::FlowLost { leg } => self.flow_lost(leg, cx),
            _ => {}
        }
    }

    fn on_leg(&mut self, event: LegEvent, cx: &mut Context) {
        match event {
            LegEvent::Opened { leg, sdp } if leg == self.leg => self.caller_opened(sdp, cx),
            LegEvent::Opened { leg, sdp } => self.dial_opened(leg, sdp, cx),
            LegEvent::Refused { leg, .. } if leg == self.leg && self.recalled.is_some() => {
                self.end(HangupBy::System, Cause::NoMedia, cx);
            }
            LegEvent::Refused { leg, why } if leg == self.leg => match why {
                Refusal::NoCommonCodec => self.refuse(488, Cause::NoCodec, cx),
                Refusal::BadDescription => self.refuse(400, Cause::NoCodec, cx),
                Refusal::NoPort => self.refuse(503, Cause::NoMedia, cx),
            },
            LegEvent::Refused { leg, why } => {
                self.dial_failed(leg, if why == Refusal::NoPort { 503 } else { 488 }, cx);
            }
            LegEvent::Reanswer { leg, sdp, held } => {
                let answer = match sdp {
                    Some(sdp) => sip::Command::AcceptOffer { leg, sdp },
                    None => sip::Command::RejectOffer { leg, status: 488 },
                };
                cx.out.push(Action::Sip(answer));
                self.dial_held(leg, held, cx);
            }
            LegEvent::Flowing { leg } => self.dial_flows(leg, cx),
            LegEvent::Digit { leg, digit, method } => {
                cx.out.push(Action::Happened(Happened::Digit { method }));
                self.digit(leg, digit, method, cx);
            }
            LegEvent::PlayDone { leg, play } if leg == self.leg => {
                if self.announced(play, cx) {
                    return;
                }
                if self.saying == Some(play) {
                    self.saying = None;
                    self.resume_music(cx);
                    self.tell(flow::Event::Said { play }, cx);
                }
            }
            LegEvent::PlayDone { leg, play } => self.whispered(leg, play, cx),
            LegEvent::Recorded { leg, name, duration, why } if leg == self.leg => {
                let Some(recording) = self.recording.take_if(|recording| recording.name == name) else {
                    return;
                };
                let request = recording.request;
                let event = match why {
                    crate::media::RecordingEnd::Failed => flow::Event::Failed { request },
                    // The caller hung up while speaking: what he said is kept.
                    _ if self.ended.is_some() => return self.keep_message(name, duration, cx),
                    _ => {
                        self.unconfirmed = Some((name.clone(), duration));
                        flow::Event::Recorded { request, name, duration }
                    }
                };
                self.tell(event, cx);
            }
            LegEvent::Recorded { .. } => {}
            LegEvent::TalkRecorded { name, duration, .. } => self.talk_recorded(name, duration, cx),
            LegEvent::RtpTimeout { leg } if leg == self.leg => {
                self.end(HangupBy::System, Cause::RtpTimeout, cx)
            }
            LegEvent::RtpTimeout { leg } => {
                if self.dials.contains_key(&leg) {
                    cx.out.push(Action::Sip(sip::Command::Hangup { leg, reason: None }));
                    self.dial_ended(leg, cx);
                }
            }
            LegEvent::Closed { leg, quality } => self.closed(leg, quality, cx),
        }
    }

    fn on_store(&mut self, answer: Answer, cx: &mut Context) {
        match answer {
            Answer::Found { request, row } => match self.pending.remove(&request) {
                Some(Pending { flow: Some(request), .. }) => {
                    self.tell(flow::Event::Found { request, row }, cx)
                }
                Some(Pending { flow: None, .. }) => {
                    let class =
                        row.get("class").and_then(|text| Class::parse(text)).unwrap_or(Class::Standard);
                    let name = row.get("name").filter(|name| !name.is_empty()).cloned();
                    self.class_known(class, name, cx);
                }
                // A class that comes late still upgrades the call; nothing else that is late does any good.
                None if self.record.verified
                    && row.contains_key("class")
                    && row.get("number") == Some(&self.record.caller) =>
                {
                    let class =
                        row.get("class").and_then(|text| Class::parse(text)).unwrap_or(Class::Standard);
                    self.class_known(class, row.get("name").cloned(), cx);
                }
                None => {}
            },
            Answer::NotFound { request } => {
                if let Some(request) = self.settle(request) {
                    self.tell(flow::Event::NotFound { request }, cx);
                }
            }
            Answer::TicketOpened { request, number } => {
                if let Some(request) = self.settle(request) {
                    self.note("ticket", &[("number", &number)], cx);
                    self.tell(flow::Event::TicketOpened { request, number }, cx);
                }
            }
            Answer::Failed { request } => self.on_failed(request, cx),
        }
    }

    fn on_failed(&mut self, request: RequestId, cx: &mut Context) {
        match self.pending.remove(&request) {
            Some(Pending { flow: Some(request), .. }) => self.tell(flow::Event::Failed { request }, cx),
            Some(Pending { flow: None, .. }) => self.note("class_unknown", &[], cx),
            None => {}
        }
    }

    /// A new question in flight, given up after `within`.
    pub(super) fn pend(&mut self, flow: Option<RequestId>, within: Duration, cx: &mut Context) -> RequestId {
        let request = cx.ids.requests.take();
        self.pending.insert(request, Pending { flow, until: cx.now.mono + within });
        request
    }

    /// The interpreter's own request behind an answer, if it is still waited for.
    fn settle(&mut self, request: RequestId) -> Option<RequestId> {
        self.pending.remove(&request).and_then(|pending| pending.flow)
    }

    fn class_known(&mut self, class: Class, name: Option<String>, cx: &mut Context) {
        if self.standard_only {
            return;
        }
        self.class = class;
        self.record.class = class;
        self.tell(flow::Event::ClassKnown { class, name }, cx);
        // Same seat, same clock (edge case 21). A queue's own class gives way to Priority only.
        if let Some(seat) = &mut self.seat {
            let class = cx.rules.seat_class(&seat.queue, class);
            if seat.class != class {
                seat.class = class;
                self.record.class = class;
                let event = queue::Event::ClassChanged { seat: seat.id, class };
                let queue = seat.queue.clone();
                cx.out.push(Action::Queue { queue, event });
            }
        }
    }

    /// One line of the call's story.
    pub(super) fn note(&self, kind: &str, detail: &[(&str, &str)], cx: &mut Context) {
        let detail = detail.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let event = CallEvent { call: self.id, at: cx.now.wall, kind: kind.to_string(), detail };
        cx.out.push(Action::Keep(Keep::Event(event)));
    }

    pub(super) fn talking(&self) -> Option<&Dial> {
        self.dials.values().find(|dial| dial.is_talking())
    }

    /// The seat is closed by the dispatcher's own decision: the flow takes the exit.
    fn exit(&mut self, seat: SeatId, exit: Exit, cx: &mut Context) {
        let Some(seat) = self.seat.take_if(|open| open.id == seat) else { return };
        self.announcing = None;
        self.parted = Some(Parted {
            id: seat.id,
            stays: seat.stays,
            queue: seat.queue.clone(),
            class: seat.class,
            skills: seat.skills.clone(),
            enqueued: seat.enqueued,
        });
        let waited = cx.now.mono.since(seat.enqueued);
        self.record.wait_ms = Some(millis(waited));
        self.stage_since = cx.now.mono;
        let name = exit.as_str();
        self.note("exit", &[("queue", seat.queue.as_str()), ("exit", name)], cx);
        let (call, queue, class) = (self.id, seat.queue.to_string(), seat.class);
        cx.out.push(Action::Happened(Happened::Exited {
            call,
            queue,
            class,
            exit: name.to_string(),
            waited,
        }));
        cx.out.push(Action::Leg(LegCommand::Hush { leg: self.leg }));
        let exit = match exit {
            Exit::MaxWait => flow::QueueExit::MaxWait,
            Exit::Full => flow::QueueExit::Full,
            Exit::NobodySignedIn | Exit::NoSuchSkill => flow::QueueExit::NobodySignedIn,
            Exit::AllPaused => flow::QueueExit::AllPaused,
            Exit::EwtOver => flow::QueueExit::EwtOver,
            Exit::Closed => flow::QueueExit::Closed,
        };
        self.tell(flow::Event::QueueExited { exit }, cx);
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
