//! Ringing, bridging and releasing phones for a call. The dispatcher decides; this carries it out.
use super::context::*;
use super::dial::{Dial, DialState, Purpose, failure_of, headers};
use super::event::{Action, Endpoint, Happened};
use super::machine::{Call, millis};
use crate::class::Class;
use crate::digit::{Digit, DigitMethod};
use crate::flow;
use crate::ids::{LegId, OfferId, OperatorId, PlayId, QueueName};
use crate::media::prompt::DEFAULT_MUSIC;
use crate::media::{LegCommand, Negotiation};
use crate::number::Number;
use crate::queue::{self, OfferFailure, Withdrawal};
use crate::say::{Language, Piece};
use crate::sip;
use std::time::Duration;

impl Call {
    #[allow(clippy::too_many_arguments)] // the offer as the dispatcher states it
    pub(super) fn offer(
        &mut self,
        offer: OfferId,
        operator: OperatorId,
        endpoint: Option<Endpoint>,
        queue: QueueName,
        class: Class,
        waited: Duration,
        cx: &mut Context,
    ) {
        let (Some(endpoint), None) = (endpoint, self.ended) else {
            let event = queue::Event::OfferFailed { offer, why: OfferFailure::Unreachable };
            cx.out.push(Action::Queue { queue, event });
            return;
        };
        let leg = cx.ids.outgoing_leg();
        let id = self.id.to_string();
        let caller = self.record.caller.as_str();
        let from = sip::Identity {
            display: Number::parse(caller).map(|number| number.masked()).unwrap_or_default(),
            user: if caller.is_empty() { "anonymous".to_string() } else { caller.to_string() },
            host: cx.rules.domain.clone(),
        };
        let headers = headers(&id, queue.as_str(), class.as_str(), waited.as_secs(), caller, &endpoint);
        let invite = sip::Invite { leg, to: endpoint.target, from, headers, sdp: String::new() };
        let how = if endpoint.browser { Negotiation::OfferBrowser } else { Negotiation::Offer };
        cx.out.push(Action::Leg(LegCommand::Open { leg, how, peer: endpoint.peer }));
        self.record.offered_at.get_or_insert(cx.now.wall);
        if let Some(seat) = &mut self.seat {
            seat.offered = Some(cx.now.mono);
        }
        self.note("offered", &[("operator", operator.as_str())], cx);
        cx.out.push(Action::Happened(Happened::Offered { call: self.id, operator: operator.clone() }));
        let purpose = Purpose::Offer { offer, operator, queue };
        self.dials.insert(leg, Dial::new(leg, purpose, invite, cx.now.mono + LEG_OPENS_WITHIN));
    }

    pub(super) fn dial_opened(&mut self, leg: LegId, sdp: String, cx: &mut Context) {
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        if let DialState::Opening { invite, .. } = &dial.state {
            let mut invite = invite.clone();
            invite.sdp = sdp;
            dial.state = DialState::Inviting;
            cx.out.push(Action::Sip(sip::Command::Invite(invite)));
        }
    }

    pub(super) fn dial_rings(&mut self, leg: LegId, cx: &mut Context) {
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        if dial.state == DialState::Inviting {
            dial.state = DialState::Ringing;
            if self.resumes(leg) {
                return;
            }
            self.queue_event(leg, |offer| queue::Event::Ringing { offer }, cx);
            if let Some(operator) = self.operator_of(leg) {
                self.note("ringing", &[("operator", operator.as_str())], cx);
            }
        }
    }

    pub(super) fn dial_answered(&mut self, leg: LegId, sdp: String, cx: &mut Context) {
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        dial.state = DialState::Accepted;
        let purpose = dial.purpose.clone();
        cx.out.push(Action::Leg(LegCommand::Answer { leg, sdp }));
        match purpose {
            _ if self.resumes(leg) => self.resumed(leg, cx),
            Purpose::Transfer { .. } => {
                self.bridge(leg, cx);
                self.tell(flow::Event::Connected, cx);
            }
            Purpose::Consult { .. } => self.consulted(leg, cx),
            Purpose::Supervise { .. } => self.coach(cx),
            Purpose::Offer { .. } => {
                self.record.answered_at = Some(cx.now.wall);
                self.queue_event(leg, |offer| queue::Event::Accepted { offer }, cx);
            }
        }
    }

    /// A refusal, or nothing at all.
    pub(super) fn dial_failed(&mut self, leg: LegId, status: u16, cx: &mut Context) {
        let Some(dial) = self.dials.remove(&leg) else { return };
        if dial.is_invited() {
            // Does nothing when the refusal came from the peer itself.
            cx.out.push(Action::Sip(sip::Command::Hangup { leg, reason: None }));
        }
        self.close(leg, false, cx);
        if self.resumes(leg) {
            return self.not_resumed(status, cx);
        }
        self.free(&dial.purpose, cx);
        match dial.purpose {
            Purpose::Offer { offer, operator, queue } => {
                let status_text = status.to_string();
                self.note("not_answered", &[("operator", operator.as_str()), ("status", &status_text)], cx);
                let why = failure_of(status, dial.state == DialState::Ringing);
                cx.out.push(Action::Queue { queue, event: queue::Event::OfferFailed { offer, why } });
            }
            Purpose::Transfer { .. } => self.tell(flow::Event::TransferFailed, cx),
            Purpose::Consult { .. } => self.transfer_failed(status, cx),
            Purpose::Supervise { .. } => self.note("supervision_ended", &[], cx),
        }
    }

    /// The party's leg is gone after its answer.
    pub(super) fn dial_ended(&mut self, leg: LegId, cx: &mut Context) {
        let Some(dial) = self.dials.remove(&leg) else { return };
        if self.resumes(leg) {
            self.close(leg, false, cx);
            return self.not_resumed(480, cx);
        }
        let talked = dial.is_talking();
        let transfers = self.transfer.as_ref().is_some_and(|transfer| transfer.involves(leg));
        if talked && !transfers {
            cx.out.push(Action::Leg(LegCommand::Unbridge { leg: self.leg }));
        }
        self.close(leg, false, cx);
        self.free(&dial.purpose, cx);
        if transfers {
            self.transfer_party_left(&dial, cx);
        }
        match &dial.purpose {
            Purpose::Offer { offer, operator, queue } => {
                self.note("operator_left", &[("operator", operator.as_str())], cx);
                let event = queue::Event::OperatorGone { offer: *offer };
                cx.out.push(Action::Queue { queue: queue.clone(), event });
                // Before the wait was booked the dispatcher says `Return`; afterwards the talk is over.
                if dial.booked && !transfers {
                    self.seat = None;
                    self.talk_over(cx);
                }
            }
            Purpose::Transfer { .. } if talked => self.talk_over(cx),
            Purpose::Transfer { .. } => self.tell(flow::Event::TransferFailed, cx),
            Purpose::Consult { .. } if transfers => {}
            Purpose::Consult { .. } => self.talk_over(cx),
            Purpose::Supervise { .. } => self.note("supervision_ended", &[], cx),
        }
    }

    /// An operator who was in this call, and whom no queue had sent, is free for his own.
    pub(super) fn free(&self, purpose: &Purpose, cx: &mut Context) {
        if let Purpose::Consult { operator: Some(operator), .. } | Purpose::Supervise { operator, .. } =
            purpose
        {
            cx.out.push(Action::Occupied { operator: operator.clone(), busy: false });
        }
    }

    pub(super) fn talk_over(&mut self, cx: &mut Context) {
        self.stage_since = cx.now.mono;
        self.parted = None;
        self.stop_talk_recording(cx);
        self.end_supervision(cx);
        if !self.connected {
            self.connected = true;
            self.tell(flow::Event::Connected, cx);
        }
        self.tell(flow::Event::TalkEnded, cx);
    }

    /// The dispatcher takes an offer back. An answered leg is free at once; one that rings is free when its CANCEL is done,
    /// which the Switchboard watches.
    pub(super) fn withdraw(&mut self, offer: OfferId, why: Withdrawal, cx: &mut Context) {
        let Some(leg) = self.leg_of(offer) else { return };
        if let Some(dial) = self.dials.remove(&leg) {
            let reason = match why {
                Withdrawal::AnsweredElsewhere => {
                    Some(sip::Reason { cause: 200, text: "Call completed elsewhere".to_string() })
                }
                _ => None,
            };
            self.release(dial, reason, cx);
        }
    }

    /// Lets every phone go. True when an operator was already joined with the caller: then the dispatcher was told
    /// `CallerGone`, and the seat needs no `Left`.
    pub(super) fn release_dials(&mut self, cx: &mut Context) -> bool {
        let mut talking = false;
        self.transfer = None;
        if let Some(lost) = self.drop_lost(cx) {
            if let Purpose::Offer { offer, queue, .. } = &lost.purpose {
                talking = true;
                let event = queue::Event::CallerGone { offer: *offer };
                cx.out.push(Action::Queue { queue: queue.clone(), event });
            }
            self.part_from_lost(&lost, cx);
        }
        for (_, dial) in std::mem::take(&mut self.dials) {
            if let (true, Purpose::Offer { offer, queue, .. }) = (dial.is_talking(), &dial.purpose) {
                talking = true;
                let event = queue::Event::CallerGone { offer: *offer };
                cx.out.push(Action::Queue { queue: queue.clone(), event });
            }
            self.release(dial, None, cx);
        }
        talking
    }

    pub(super) fn release(&mut self, dial: Dial, reason: Option<sip::Reason>, cx: &mut Context) {
        if dial.is_invited() {
            cx.out.push(Action::Sip(sip::Command::Hangup { leg: dial.leg, reason }));
        }
        self.close(dial.leg, false, cx);
        self.free(&dial.purpose, cx);
        if let Purpose::Offer { offer, queue, .. } = dial.purpose {
            let answered = !matches!(dial.state, DialState::Inviting | DialState::Ringing);
            cx.out.push(Action::Released { leg: dial.leg, offer, queue, answered });
        }
    }

    pub(super) fn connect(&mut self, offer: OfferId, cx: &mut Context) {
        let Some(leg) = self.leg_of(offer) else { return };
        self.answer_if_early(cx);
        self.cut_announcement(cx);
        if let Some(play) = self.saying.take() {
            // An announcement is cut at the answer.
            self.cut = Some(play);
            cx.out.push(Action::Leg(LegCommand::Hush { leg: self.leg }));
            self.resume_music(cx);
        }
        let whisper = self.seat.as_ref().and_then(|seat| seat.whisper.clone());
        match whisper {
            Some(prompt) => {
                let play = cx.ids.plays.take();
                let at = cx.now.mono + WHISPER_MAX;
                self.queue_event(leg, |offer| queue::Event::BridgeDue { offer, at }, cx);
                if let Some(dial) = self.dials.get_mut(&leg) {
                    dial.state = DialState::Whispering { play };
                }
                let pieces = vec![Piece::Prompt(prompt)];
                let language = Language::Ru;
                cx.out.push(Action::Leg(LegCommand::Play { leg, play, language, pieces, barge_in: false }));
            }
            None => self.bridge(leg, cx),
        }
    }

    /// A whisper to the operator is over: now the two hear each other.
    pub(super) fn whispered(&mut self, leg: LegId, play: PlayId, cx: &mut Context) {
        if self.dials.get(&leg).is_some_and(|dial| dial.state == DialState::Whispering { play }) {
            let at = cx.now.mono;
            self.queue_event(leg, |offer| queue::Event::BridgeDue { offer, at }, cx);
            self.bridge(leg, cx);
        }
    }

    fn bridge(&mut self, leg: LegId, cx: &mut Context) {
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        dial.state = DialState::Talking;
        let flowing = dial.flowing;
        self.stage_since = cx.now.mono;
        self.join(leg, cx);
        if flowing {
            self.flows_both_ways(leg, cx);
        }
    }

    pub(super) fn dial_flows(&mut self, leg: LegId, cx: &mut Context) {
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        dial.flowing = true;
        if dial.state == DialState::Talking {
            self.flows_both_ways(leg, cx);
        }
    }

    fn flows_both_ways(&mut self, leg: LegId, cx: &mut Context) {
        self.queue_event(leg, |offer| queue::Event::Flowing { offer }, cx);
        if !self.connected {
            self.connected = true;
            self.tell(flow::Event::Connected, cx);
        }
    }

    /// The dispatcher stopped the promise clock.
    pub(super) fn booked(&mut self, offer: OfferId, waited: Duration, cx: &mut Context) {
        let Some(dial) = self.leg_of(offer).and_then(|leg| self.dials.get_mut(&leg)) else { return };
        dial.booked = true;
        self.cut = None;
        self.record.wait_ms = Some(millis(waited));
        self.review_talk_recording(cx);
        let Some(dial) = self.leg_of(offer).and_then(|leg| self.dials.get(&leg)) else { return };
        let Purpose::Offer { operator, queue, .. } = dial.purpose.clone() else { return };
        let class = self.seat.as_ref().map_or(self.class, |seat| seat.class);
        self.record.operator = Some(operator.clone());
        self.record.wait_ms = Some(millis(waited));
        let waited_ms = millis(waited).to_string();
        self.note("connected", &[("operator", operator.as_str()), ("wait_ms", &waited_ms)], cx);
        let (call, queue) = (self.id, queue.to_string());
        cx.out.push(Action::Happened(Happened::Connected { call, operator, queue, class, waited }));
    }

    /// The connection failed: the caller hears music again and is at the head of the queue.
    pub(super) fn give_back(&mut self, offer: OfferId, cx: &mut Context) {
        if let Some(leg) = self.leg_of(offer)
            && let Some(mut dial) = self.dials.remove(&leg)
        {
            dial.state = DialState::Accepted;
            cx.out.push(Action::Leg(LegCommand::Unbridge { leg: self.leg }));
            self.release(dial, None, cx);
        }
        self.record.answered_at = None;
        self.note("returned", &[], cx);
        self.resume_music(cx);
        if let Some(play) = self.cut.take() {
            self.tell(flow::Event::Said { play }, cx);
        }
    }

    /// A party put us on hold, or took us back: the other one hears music meanwhile.
    pub(super) fn dial_held(&mut self, leg: LegId, held: bool, cx: &mut Context) {
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        if dial.state != DialState::Talking || dial.holding == held {
            return;
        }
        dial.holding = held;
        if self.transfer.is_some() {
            // The caller hears music anyway; whoever takes him over does not hold him.
            return self.note(if held { "held" } else { "resumed" }, &[], cx);
        }
        if held {
            let music = match &dial.purpose {
                Purpose::Offer { queue, .. } => queue.to_string(),
                Purpose::Consult { .. } => self.music(),
                Purpose::Transfer { .. } | Purpose::Supervise { .. } => DEFAULT_MUSIC.to_string(),
            };
            cx.out.push(Action::Leg(LegCommand::Unbridge { leg: self.leg }));
            cx.out.push(Action::Leg(LegCommand::Music { leg: self.leg, music }));
        } else {
            self.join(leg, cx);
        }
        self.review_talk_recording(cx);
        self.note(if held { "held" } else { "resumed" }, &[], cx);
        self.queue_event(leg, |offer| queue::Event::Held { offer, held }, cx);
    }

    /// Keys go to the flow, or, while two people talk, to the other one. RTP events cross the bridge by themselves; a key
    /// that came by INFO has to be sent on.
    pub(super) fn digit(&mut self, leg: LegId, digit: Digit, method: DigitMethod, cx: &mut Context) {
        let peer = self.talking().map(|dial| dial.leg).filter(|_| self.transfer.is_none());
        match peer {
            None if self.transfer.is_some() || self.lost.is_some() => {}
            Some(other) if method == DigitMethod::Info => {
                let to = if leg == self.leg { other } else { self.leg };
                cx.out.push(Action::Leg(LegCommand::SendDigit { leg: to, digit }));
            }
            Some(_) => {}
            None if leg == self.leg => {
                let before = self.saying.filter(|_| self.barge_in);
                self.tell(flow::Event::Digit(digit), cx);
                // The key has cut what was being said, and nothing came in its place.
                if before.is_some() && self.saying == before {
                    self.saying = None;
                    self.resume_music(cx);
                }
            }
            None => {}
        }
    }

    fn leg_of(&self, offer: OfferId) -> Option<LegId> {
        self.dials.values().find(|dial| dial.offer() == Some(offer)).map(|dial| dial.leg)
    }

    fn operator_of(&self, leg: LegId) -> Option<OperatorId> {
        self.dials.get(&leg).and_then(|dial| dial.operator().cloned())
    }

    pub(super) fn queue_event(
        &self,
        leg: LegId,
        event: impl FnOnce(OfferId) -> queue::Event,
        cx: &mut Context,
    ) {
        if let Some(Purpose::Offer { offer, queue, .. }) = self.dials.get(&leg).map(|dial| &dial.purpose) {
            cx.out.push(Action::Queue { queue: queue.clone(), event: event(*offer) });
        }
    }
}
