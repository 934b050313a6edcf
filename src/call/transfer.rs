//! Passing the caller on: an operator hands him to a colleague, to a queue or to a number.
//!
//! ```text
//!   talking ──queue──▶ waits, with his age
//!      └──person──▶ Ringing ──blind: answered──────────────▶ talks with the other
//!                      └─attended: answered─▶ Consulting ──┘ completed, or the operator hung up
//!                      └── refused, busy, nobody, taken back ──▶ back with the operator; if he has gone: waits, with his age
//! ```
//! The caller hears music from the request to the end of it. The operator's own leg stands until somebody has taken the
//! caller over, so that a failure has whom to go back to; he may hang up at any time, and nothing is lost by it. A phone that
//! asked by REFER is told how it goes.
use super::context::*;
use super::dial::{Dial, DialState, Purpose, headers};
use super::effects::Wish;
use super::event::{Action, Endpoint};
use super::machine::{Call, Parted};
use crate::flow;
use crate::ids::{LegId, OperatorId, QueueName};
use crate::machine::Instant;
use crate::media::prompt::DEFAULT_MUSIC;
use crate::media::{LegCommand, Negotiation};
use crate::number::Number;
use crate::{queue, sip};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// A colleague or a number rings this long, as a flow's own transfer does.
pub const RINGS_FOR: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferMode {
    /// Whoever answers has the caller.
    Blind,
    /// The operator speaks with him first.
    Attended,
}

/// To whom, as far as the Switchboard could tell that there is one.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferTo {
    Operator(Box<Endpoint>),
    Number(Number),
    Queue(QueueName),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Transfer {
    /// The operator's leg; `None`: he has gone.
    by: Option<LegId>,
    to: LegId,
    mode: TransferMode,
    /// The operator and the other one hear each other.
    consulting: bool,
    /// The operator's phone asked by REFER.
    referred: bool,
    /// Since when the caller waits.
    since: Instant,
}

impl Transfer {
    pub fn involves(&self, leg: LegId) -> bool {
        self.by == Some(leg) || self.to == leg
    }

    pub fn stage(&self) -> &'static str {
        if self.consulting { "consulting" } else { "ringing" }
    }
}

impl Call {
    /// The operator's leg that may pass the caller on now.
    pub fn may_transfer(&self) -> Option<LegId> {
        let dial = self.talking().filter(|_| self.transfer.is_none() && self.ended.is_none())?;
        let is_settled = match dial.purpose {
            // Before the wait is booked the dispatcher may still take the operator away.
            Purpose::Offer { .. } => dial.booked && dial.flowing,
            Purpose::Consult { .. } => true,
            Purpose::Transfer { .. } | Purpose::Supervise { .. } => false,
        };
        (is_settled && dial.state == DialState::Talking).then_some(dial.leg)
    }

    pub fn is_transferring(&self) -> bool {
        self.transfer.is_some()
    }

    pub(super) fn begin_transfer(
        &mut self,
        to: TransferTo,
        mode: TransferMode,
        referred: bool,
        cx: &mut Context,
    ) {
        let Some(by) = self.may_transfer() else { return };
        if referred {
            cx.out.push(Action::Sip(sip::Command::AnswerRefer { leg: by, status: 202 }));
        }
        let from_operator = self.dials.get(&by).and_then(|dial| dial.operator().cloned());
        let (operator, target, peer, headers, from, browser) = match to {
            TransferTo::Queue(queue) => return self.transfer_to_queue(by, queue, referred, cx),
            TransferTo::Number(number) => {
                let Some(outbound) = &cx.rules.outbound else { return };
                let Some(uri) = outbound.uri(&number) else { return };
                let target = sip::Target::Uri { uri, via: Some(outbound.address) };
                // The line that the caller dialled: strangers are not shown whom they are spoken to for.
                let user = self.interpreter.facts().called.clone();
                (None, target, outbound.peer(), Vec::new(), (String::new(), user), false)
            }
            TransferTo::Operator(endpoint) => {
                let caller = self.record.caller.as_str();
                let waited = self.record.wait_ms.unwrap_or(0) / 1000;
                let queue = self.record.queue.as_ref().map_or("", |queue| queue.as_str());
                let id = self.id.to_string();
                let mut headers = headers(&id, queue, self.class.as_str(), waited, caller, &endpoint);
                let mode = if mode == TransferMode::Blind { "blind" } else { "attended" };
                headers.push(("X-Hotline-Transfer".to_string(), mode.to_string()));
                if let Some(from) = &from_operator {
                    headers.push(("X-Hotline-From".to_string(), from.to_string()));
                }
                let display = Number::parse(caller).map(|number| number.masked()).unwrap_or_default();
                let user = if caller.is_empty() { "anonymous" } else { caller }.to_string();
                let Endpoint { operator, target, peer, browser, .. } = *endpoint;
                (Some(operator), target, peer, headers, (display, user), browser)
            }
        };
        let leg = cx.ids.outgoing_leg();
        let from = sip::Identity { display: from.0, user: from.1, host: cx.rules.domain.clone() };
        let invite = sip::Invite { leg, to: target, from, headers, sdp: String::new() };
        let how = if browser { Negotiation::OfferBrowser } else { Negotiation::Offer };
        cx.out.push(Action::Leg(LegCommand::Open { leg, how, peer }));
        if let Some(operator) = &operator {
            cx.out.push(Action::Occupied { operator: operator.clone(), busy: true });
        }
        let shown = operator.as_ref().map_or("number", |operator| operator.as_str()).to_string();
        self.note("transfer", &[("to", &shown), ("mode", mode.as_str())], cx);
        let purpose = Purpose::Consult { until: cx.now.mono + RINGS_FOR, operator };
        self.dials.insert(leg, Dial::new(leg, purpose, invite, cx.now.mono + LEG_OPENS_WITHIN));
        let since = cx.now.mono;
        self.transfer = Some(Transfer { by: Some(by), to: leg, mode, consulting: false, referred, since });
        self.set_aside(by, cx);
    }

    /// The caller hears music, and the operator does not hear him.
    pub(super) fn set_aside(&mut self, by: LegId, cx: &mut Context) {
        let Some(dial) = self.dials.get(&by) else { return };
        let held = dial.holding;
        let music = self.music();
        cx.out.push(Action::Leg(LegCommand::Unbridge { leg: self.leg }));
        cx.out.push(Action::Leg(LegCommand::Music { leg: self.leg, music }));
        if !held {
            self.queue_event(by, |offer| queue::Event::Held { offer, held: true }, cx);
        }
        self.review_talk_recording(cx);
    }

    pub(super) fn music(&self) -> String {
        let queue = self.seat.as_ref().map(|seat| &seat.queue).or(self.record.queue.as_ref());
        queue.map_or(DEFAULT_MUSIC, |queue| queue.as_str()).to_string()
    }

    fn transfer_to_queue(&mut self, by: LegId, queue: QueueName, referred: bool, cx: &mut Context) {
        self.note("transfer", &[("to", queue.as_str()), ("mode", "queue")], cx);
        if referred {
            cx.out.push(Action::Sip(sip::Command::TellReferrer { leg: by, status: 200 }));
        }
        cx.out.push(Action::Leg(LegCommand::Unbridge { leg: self.leg }));
        let since = cx.now.mono;
        // The dispatcher is told once, by the seat's move: the talk is over and the caller is in the other queue.
        let Some(dial) = self.dials.remove(&by) else { return };
        self.wait_again(Some(queue), since, cx);
        self.release(dial, None, cx);
    }

    /// The caller waits in a queue, as old as he is: in this one, or in that in which he was.
    pub(super) fn wait_again(&mut self, queue: Option<QueueName>, since: Instant, cx: &mut Context) {
        let waited = Duration::from_millis(self.record.wait_ms.unwrap_or(0));
        let before = match (&self.seat, &self.parted) {
            (Some(seat), _) => Some((seat.queue.clone(), seat.skills.clone(), seat.class)),
            (None, Some(parted)) => Some((parted.queue.clone(), parted.skills.clone(), parted.class)),
            (None, None) => None,
        };
        let enqueued = since - waited;
        if let Some(seat) = &mut self.seat {
            seat.enqueued = enqueued;
        } else if let Some(parted) = &mut self.parted {
            parted.enqueued = enqueued;
        }
        let Some(to) = queue.or_else(|| before.as_ref().map(|(queue, ..)| queue.clone())) else {
            return self.talk_over(cx);
        };
        let (skills, class) = match before {
            Some((queue, skills, class)) => (if queue == to { skills } else { BTreeSet::new() }, class),
            None => (BTreeSet::new(), self.class),
        };
        self.stage_since = cx.now.mono;
        self.stop_talk_recording(cx);
        let whisper = self.interpreter.whisper(cx.flows);
        self.enqueue(Wish { queue: to, class, skills, exits: BTreeSet::new(), whisper }, cx);
        self.tell(flow::Event::PassedOn, cx);
    }

    /// The other one answered.
    pub(super) fn consulted(&mut self, leg: LegId, cx: &mut Context) {
        let Some(transfer) = self.transfer.as_mut().filter(|transfer| transfer.to == leg) else { return };
        match (transfer.mode, transfer.by) {
            (TransferMode::Attended, Some(by)) => {
                transfer.consulting = true;
                cx.out.push(Action::Leg(LegCommand::Bridge { a: by, b: leg }));
                self.note("consulting", &[], cx);
            }
            _ => self.hand_over(cx),
        }
    }

    /// The operator has said enough, or does not want to speak with the other one after all.
    pub(super) fn complete_transfer(&mut self, cx: &mut Context) {
        match &mut self.transfer {
            Some(transfer) if transfer.consulting => self.hand_over(cx),
            Some(transfer) => transfer.mode = TransferMode::Blind,
            None => {}
        }
    }

    pub(super) fn cancel_transfer(&mut self, cx: &mut Context) {
        let Some(leg) = self.transfer.as_ref().map(|transfer| transfer.to) else { return };
        if let Some(dial) = self.dials.remove(&leg) {
            self.release(dial, None, cx);
        }
        self.transfer_failed(487, cx);
    }

    /// The caller and the other one hear each other, and the operator has done.
    fn hand_over(&mut self, cx: &mut Context) {
        let Some(transfer) = self.transfer.take() else { return };
        if let Some(by) = transfer.by {
            if transfer.referred {
                cx.out.push(Action::Sip(sip::Command::TellReferrer { leg: by, status: 200 }));
            }
            if let Some(dial) = self.dials.remove(&by) {
                self.pass_on(&dial, cx);
                self.release(dial, None, cx);
            }
        }
        if let Some(seat) = self.seat.take() {
            let event = queue::Event::Left { seat: seat.id, why: queue::Leave::ByFlow };
            cx.out.push(Action::Queue { queue: seat.queue.clone(), event });
            self.parted = Some(Parted {
                id: seat.id,
                stays: seat.stays,
                queue: seat.queue,
                class: seat.class,
                skills: seat.skills,
                enqueued: seat.enqueued,
            });
        }
        let Some(dial) = self.dials.get_mut(&transfer.to) else { return };
        (dial.state, dial.holding) = (DialState::Talking, false);
        let operator = dial.operator().cloned();
        self.stage_since = cx.now.mono;
        self.join(transfer.to, cx);
        let shown = operator.as_ref().map_or("number", |operator| operator.as_str());
        self.note("transferred", &[("to", shown)], cx);
        if let Some(operator) = operator {
            if let Some(queue) = self.record.queue.clone() {
                cx.out.push(Action::TookOver { operator: operator.clone(), queue });
            }
            self.record.operator = Some(operator);
        }
    }

    /// The dispatcher hears that this operator passes his caller on; the seat stays.
    pub(super) fn pass_on(&self, dial: &Dial, cx: &mut Context) {
        if let Purpose::Offer { offer, queue, .. } = &dial.purpose {
            let event = queue::Event::PassedOn { offer: *offer };
            cx.out.push(Action::Queue { queue: queue.clone(), event });
        }
    }

    /// The operator who passes his caller on, or the other one, has hung up. `dial` is out of the table already.
    pub(super) fn transfer_party_left(&mut self, dial: &Dial, cx: &mut Context) {
        let Some(transfer) = &mut self.transfer else { return };
        if transfer.to == dial.leg {
            return self.transfer_failed(480, cx);
        }
        transfer.by = None;
        let consulting = transfer.consulting;
        self.pass_on(dial, cx);
        if consulting {
            // To hang up on the two others is to leave them to each other.
            self.hand_over(cx);
        }
    }

    /// Back to whoever is there: the operator, else the queue.
    pub(super) fn transfer_failed(&mut self, status: u16, cx: &mut Context) {
        let Some(transfer) = self.transfer.take() else { return };
        self.note("transfer_failed", &[("status", &status.to_string())], cx);
        let Some(by) = transfer.by else { return self.wait_again(None, transfer.since, cx) };
        if transfer.referred {
            cx.out.push(Action::Sip(sip::Command::TellReferrer { leg: by, status }));
        }
        // A phone that holds its caller itself takes him back itself.
        if self.dials.get(&by).is_some_and(|dial| !dial.holding) {
            self.join(by, cx);
            self.queue_event(by, |offer| queue::Event::Held { offer, held: false }, cx);
        }
    }

    /// Sets the bridge between the caller and this party, and a supervisor beside it.
    pub(super) fn join(&mut self, leg: LegId, cx: &mut Context) {
        cx.out.push(Action::Leg(LegCommand::Bridge { a: self.leg, b: leg }));
        self.coach(cx);
        self.review_talk_recording(cx);
    }

    pub(super) fn transfer_operator(&self) -> Option<(&Transfer, Option<&OperatorId>)> {
        let transfer = self.transfer.as_ref()?;
        Some((transfer, self.dials.get(&transfer.to).and_then(Dial::operator)))
    }
}

impl TransferMode {
    pub fn as_str(self) -> &'static str {
        match self {
            TransferMode::Blind => "blind",
            TransferMode::Attended => "attended",
        }
    }
}
