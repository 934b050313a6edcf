//! A call out: an operator rings somebody, from his page or by the API. His own phone rings first, then the number is dialled
//! over the trunk and the two are joined. It has no flow and no seat; the promise knows nothing of it.
//!
//! ```text
//!   asked ─▶ Calling the operator ──answered──▶ Calling the number ──answered──▶ Talking ──▶ Ended ─▶ Finished
//!                 └ nobody, refused ▶ Ended         └ busy, nobody, refused, hung up ▶ Ended
//! ```
use super::context::*;
use super::dial::headers;
use super::event::{Action, Endpoint, Happened};
use super::machine::millis;
use super::record::{CallEvent, CallRecord, CallView, Keep};
use crate::cause::{CallResult, Cause, HangupBy};
use crate::class::Class;
use crate::ids::{CallId, LegId, OperatorId, ShardId};
use crate::machine::{Instant, Now};
use crate::media::{LegCommand, LegEvent, Negotiation};
use crate::number::Number;
use crate::sip;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What stands where others have their line.
pub const LINE: &str = "outgoing";
/// He has asked for the call a moment ago.
const OPERATOR_RINGS: Duration = Duration::from_secs(20);
/// As long as a person lets it ring.
const NUMBER_RINGS: Duration = Duration::from_secs(45);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// A leg is being opened; then its phone is called.
    Opening {
        until: Instant,
        invite: Box<sip::Invite>,
        number: bool,
    },
    Calling {
        until: Instant,
        number: bool,
    },
    Talking,
    Ended {
        until: Instant,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallOut {
    record: CallRecord,
    shard: ShardId,
    operator: OperatorId,
    number: Number,
    own: LegId,
    other: Option<LegId>,
    state: State,
    since: Instant,
    /// Legs whose `Closed` is awaited.
    closing: BTreeSet<LegId>,
    /// One of the two holds the other.
    held: bool,
}

/// Who calls whom.
pub struct Wanted {
    pub call: CallId,
    pub shard: ShardId,
    pub endpoint: Endpoint,
    pub number: Number,
    pub ticket: Option<i64>,
}

impl CallOut {
    /// `None`: the number is not on the list, or there is no way out.
    pub fn begin(wanted: Wanted, cx: &mut Context) -> Option<CallOut> {
        let Wanted { call: id, shard, endpoint, number, ticket } = wanted;
        cx.rules.outbound.as_ref()?.uri(&number)?;
        let record = CallRecord {
            id,
            sip_call_id: String::new(),
            line: LINE.to_string(),
            caller: number.as_str().to_string(),
            verified: false,
            class: Class::Standard,
            queue: None,
            started_at: cx.now.wall,
            enqueued_at: None,
            offered_at: None,
            answered_at: None,
            ended_at: None,
            wait_ms: None,
            operator: Some(endpoint.operator.clone()),
            result: None,
            hangup_by: None,
            cause: None,
            path: String::new(),
            caller_quality: None,
            operator_quality: None,
        };
        let leg = cx.ids.outgoing_leg();
        let endpoint = Endpoint { auto_answer: true, ..endpoint };
        let call = id.to_string();
        let mut headers = headers(&call, "", Class::Standard.as_str(), 0, number.as_str(), &endpoint);
        headers.push(("X-Hotline-Out".to_string(), "1".to_string()));
        if let Some(ticket) = ticket {
            headers.push(("X-Hotline-Ticket".to_string(), ticket.to_string()));
        }
        let Endpoint { operator, target, peer, browser, .. } = endpoint;
        let from = sip::Identity {
            display: number.masked(),
            user: number.as_str().to_string(),
            host: cx.rules.domain.clone(),
        };
        let invite = sip::Invite { leg, to: target, from, headers, sdp: String::new() };
        let how = if browser { Negotiation::OfferBrowser } else { Negotiation::Offer };
        let line = LINE.to_string();
        cx.out.push(Action::Happened(Happened::CallStarted { call: id, line }));
        cx.out.push(Action::Keep(Keep::Call(Box::new(record.clone()))));
        cx.out.push(Action::Occupied { operator: operator.clone(), busy: true });
        cx.out.push(Action::Leg(LegCommand::Open { leg, how, peer }));
        let state = State::Opening {
            until: cx.now.mono + CALLER_OPENS_WITHIN,
            invite: Box::new(invite),
            number: false,
        };
        let call = CallOut {
            record,
            shard,
            operator,
            number,
            own: leg,
            other: None,
            state,
            since: cx.now.mono,
            closing: BTreeSet::new(),
            held: false,
        };
        let ticket_text = ticket.map(|ticket| ticket.to_string()).unwrap_or_default();
        call.note("called_out", &[("operator", call.operator.as_str()), ("ticket", &ticket_text)], cx);
        if let Some(ticket) = ticket {
            cx.out.push(Action::Keep(Keep::TicketCall { ticket, call: id }));
        }
        Some(call)
    }

    /// Who is at this leg's other end.
    pub fn party(&self, leg: LegId) -> String {
        match leg == self.own {
            true => format!("operator {}", self.operator),
            false => "party".into(),
        }
    }

    pub fn id(&self) -> CallId {
        self.record.id
    }

    pub fn shard(&self) -> ShardId {
        self.shard
    }

    pub fn operator(&self) -> &OperatorId {
        &self.operator
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    pub fn legs(&self) -> impl Iterator<Item = LegId> {
        self.closing.iter().copied().chain([self.own]).chain(self.other)
    }

    pub fn on_sip(&mut self, event: sip::Event, cx: &mut Context) {
        use sip::Event as S;
        if self.has_ended() {
            return;
        }
        match event {
            S::Progress { leg, sdp: Some(sdp), .. } if Some(leg) == self.other => {
                // The network's own voice: ringing, or why it does not.
                cx.out.push(Action::Leg(LegCommand::Answer { leg, sdp }));
                cx.out.push(Action::Leg(LegCommand::Bridge { a: self.own, b: leg }));
            }
            S::Answered { leg, sdp, .. } if leg == self.own => {
                cx.out.push(Action::Leg(LegCommand::Answer { leg, sdp }));
                self.call_number(cx);
            }
            S::Answered { leg, sdp, .. } if Some(leg) == self.other => {
                cx.out.push(Action::Leg(LegCommand::Answer { leg, sdp }));
                cx.out.push(Action::Leg(LegCommand::Bridge { a: self.own, b: leg }));
                (self.state, self.since) = (State::Talking, cx.now.mono);
                self.record.answered_at = Some(cx.now.wall);
                self.note("connected", &[("operator", self.operator.as_str())], cx);
            }
            S::Failed { leg, status, .. } => {
                self.note("not_answered", &[("status", &status.to_string())], cx);
                let by = if leg == self.own { HangupBy::Operator } else { HangupBy::Caller };
                self.gone(leg, by, Cause::NotReached, cx);
            }
            S::Ended { leg, .. } => {
                let by = if leg == self.own { HangupBy::Operator } else { HangupBy::Caller };
                let cause = if self.state == State::Talking { Cause::Normal } else { Cause::NotReached };
                self.gone(leg, by, cause, cx);
            }
            S::FlowLost { leg } => {
                cx.out.push(Action::Sip(sip::Command::Hangup { leg, reason: None }));
                self.gone(leg, HangupBy::Operator, Cause::Normal, cx);
            }
            S::Offered { leg, sdp } => cx.out.push(Action::Leg(LegCommand::Reoffer { leg, sdp })),
            S::Referred { leg, .. } => {
                cx.out.push(Action::Sip(sip::Command::AnswerRefer { leg, status: 603 }));
            }
            _ => {}
        }
    }

    pub fn on_leg(&mut self, event: LegEvent, cx: &mut Context) {
        match event {
            LegEvent::Closed { leg, quality } => {
                if leg == self.own {
                    self.record.operator_quality = Some(quality);
                } else {
                    self.record.caller_quality = Some(quality);
                }
                if self.closing.remove(&leg) && self.closing.is_empty() && self.has_ended() {
                    self.finish(cx);
                }
            }
            _ if self.has_ended() => {}
            LegEvent::Opened { leg, sdp } => self.opened(leg, sdp, cx),
            LegEvent::Refused { .. } => self.end(HangupBy::System, Cause::NoMedia, cx),
            LegEvent::Reanswer { leg, sdp, held } => {
                let answer = match sdp {
                    Some(sdp) => sip::Command::AcceptOffer { leg, sdp },
                    None => sip::Command::RejectOffer { leg, status: 488 },
                };
                cx.out.push(Action::Sip(answer));
                self.hold(leg, held, cx);
            }
            LegEvent::RtpTimeout { .. } => self.end(HangupBy::System, Cause::RtpTimeout, cx),
            _ => {}
        }
    }

    pub fn handle_timeout(&mut self, cx: &mut Context) {
        let now = cx.now.mono;
        match self.state {
            State::Opening { until, .. } if now >= until => {
                self.end(HangupBy::System, Cause::NoMedia, cx);
            }
            State::Calling { until, .. } if now >= until => {
                self.end(HangupBy::System, Cause::NotReached, cx);
            }
            State::Ended { until } if now >= until => self.finish(cx),
            _ => {}
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Opening { until, .. } | State::Calling { until, .. } | State::Ended { until } => {
                Some(until)
            }
            State::Talking => None,
        }
    }

    pub fn view(&self, now: Now) -> CallView {
        CallView {
            id: self.record.id,
            line: LINE.to_string(),
            caller: self.number.masked(),
            class: Class::Standard,
            stage: if self.state == State::Talking { "talking" } else { "ringing" },
            queue: None,
            step: String::new(),
            since_ms: millis(now.mono.since(self.since)),
            operator: Some(self.operator.clone()),
            supervised: None,
            recording: None,
            transfer: None,
        }
    }

    fn opened(&mut self, leg: LegId, sdp: String, cx: &mut Context) {
        let State::Opening { invite, number, .. } = &self.state else { return };
        if invite.leg != leg {
            return;
        }
        let (mut invite, number) = (invite.clone(), *number);
        invite.sdp = sdp;
        let rings = if number { NUMBER_RINGS } else { OPERATOR_RINGS };
        self.state = State::Calling { until: cx.now.mono + rings, number };
        cx.out.push(Action::Sip(sip::Command::Invite(invite)));
    }

    fn call_number(&mut self, cx: &mut Context) {
        let outbound = cx.rules.outbound.clone();
        let uri = outbound.as_ref().and_then(|outbound| outbound.uri(&self.number));
        let (Some(outbound), Some(uri)) = (outbound, uri) else {
            return self.end(HangupBy::System, Cause::NotReached, cx);
        };
        let leg = cx.ids.outgoing_leg();
        let target = sip::Target::Uri { uri, via: Some(outbound.address) };
        let from =
            sip::Identity { display: String::new(), user: String::new(), host: cx.rules.domain.clone() };
        let invite = sip::Invite { leg, to: target, from, headers: Vec::new(), sdp: String::new() };
        self.other = Some(leg);
        self.state = State::Opening {
            until: cx.now.mono + CALLER_OPENS_WITHIN,
            invite: Box::new(invite),
            number: true,
        };
        cx.out.push(Action::Leg(LegCommand::Open { leg, how: Negotiation::Offer, peer: outbound.peer() }));
    }

    fn hold(&mut self, leg: LegId, held: bool, cx: &mut Context) {
        let Some(other) = self.other.filter(|_| self.state == State::Talking && self.held != held) else {
            return;
        };
        self.held = held;
        if held {
            let waits = if leg == self.own { other } else { self.own };
            let music = crate::media::prompt::DEFAULT_MUSIC.to_string();
            cx.out.push(Action::Leg(LegCommand::Unbridge { leg: waits }));
            cx.out.push(Action::Leg(LegCommand::Music { leg: waits, music }));
        } else {
            cx.out.push(Action::Leg(LegCommand::Bridge { a: self.own, b: other }));
        }
    }

    /// One of the two is gone, and with him the call.
    fn gone(&mut self, leg: LegId, by: HangupBy, cause: Cause, cx: &mut Context) {
        if leg == self.own || Some(leg) == self.other {
            self.end_but(Some(leg), by, cause, cx);
        }
    }

    pub fn end(&mut self, by: HangupBy, cause: Cause, cx: &mut Context) {
        self.end_but(None, by, cause, cx);
    }

    fn end_but(&mut self, gone: Option<LegId>, by: HangupBy, cause: Cause, cx: &mut Context) {
        if self.has_ended() {
            return;
        }
        let talked = self.state == State::Talking;
        let not_invited = match &self.state {
            State::Opening { invite, .. } => Some(invite.leg),
            _ => None,
        };
        self.state = State::Ended { until: cx.now.mono + QUALITY_WITHIN };
        for leg in [Some(self.own), self.other].into_iter().flatten() {
            if gone != Some(leg) && not_invited != Some(leg) {
                cx.out.push(Action::Sip(sip::Command::Hangup { leg, reason: None }));
            }
            cx.out.push(Action::Leg(LegCommand::Close { leg }));
            self.closing.insert(leg);
        }
        cx.out.push(Action::Occupied { operator: self.operator.clone(), busy: false });
        let result = if talked { CallResult::Connected } else { CallResult::NotReached };
        self.record.ended_at = Some(cx.now.wall);
        self.record.result = Some(result);
        self.record.hangup_by = Some(by);
        self.record.cause = Some(cause);
        self.note("ended", &[("by", by.as_str()), ("cause", cause.as_str())], cx);
        let (call, line) = (self.record.id, LINE.to_string());
        cx.out.push(Action::Happened(Happened::CallEnded { call, line, result, cause }));
    }

    fn finish(&self, cx: &mut Context) {
        cx.out.push(Action::Keep(Keep::Call(Box::new(self.record.clone()))));
        cx.out.push(Action::Finished);
    }

    fn note(&self, kind: &str, detail: &[(&str, &str)], cx: &mut Context) {
        let detail = detail.iter().filter(|(_, value)| !value.is_empty());
        let detail = detail.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let event = CallEvent { call: self.record.id, at: cx.now.wall, kind: kind.to_string(), detail };
        cx.out.push(Action::Keep(Keep::Event(event)));
    }
}
