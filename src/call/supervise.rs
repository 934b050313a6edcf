//! A supervisor at somebody's talk: he listens, speaks to the operator only, or to both.
//!
//! ```text
//!   asked ─▶ his phone rings ──answered──▶ joined: hears both ──hung up, ended, talk over──▶ (gone)
//!                 └ refused, nobody ▶ (gone)    │ Listen ⇄ Whisper ⇄ Barge
//! ```
//! His leg is opened on the call's own shard, as every leg of a call is, so that nothing is mixed across threads. He stays
//! through a hold and a transfer, and hears whoever talks with the caller then.
use super::context::*;
use super::dial::{Dial, DialState, Purpose, headers};
use super::event::{Action, Endpoint};
use super::machine::Call;
use crate::ids::OperatorId;
use crate::media::{LegCommand, Negotiation, Supervision};
use crate::number::Number;
use crate::sip;
use std::time::Duration;

/// He has asked for it a second ago: his phone lies before him.
const RINGS_FOR: Duration = Duration::from_secs(30);

impl Call {
    /// Who supervises the call, and how.
    pub fn supervisor(&self) -> Option<(&OperatorId, Supervision)> {
        self.dials.values().find_map(|dial| match &dial.purpose {
            Purpose::Supervise { operator, mode, .. } => Some((operator, *mode)),
            _ => None,
        })
    }

    /// Whether there is a talk that can be listened to.
    pub fn may_be_supervised(&self) -> bool {
        self.ended.is_none() && self.talking().is_some_and(|dial| dial.state == DialState::Talking)
    }

    pub(super) fn supervise(&mut self, endpoint: Endpoint, mode: Supervision, cx: &mut Context) {
        let running = self.dials.values_mut().find_map(|dial| match &mut dial.purpose {
            Purpose::Supervise { operator, mode, .. } => Some((operator, mode)),
            _ => None,
        });
        if let Some((operator, now)) = running {
            if *operator == endpoint.operator {
                *now = mode;
                self.note("supervised", &[("mode", mode.as_str())], cx);
                self.coach(cx);
            }
            return;
        }
        if !self.may_be_supervised() {
            return;
        }
        let leg = cx.ids.outgoing_leg();
        let id = self.id.to_string();
        let caller = self.record.caller.as_str();
        let queue = self.record.queue.as_ref().map_or("", |queue| queue.as_str());
        let waited = self.record.wait_ms.unwrap_or(0) / 1000;
        let mut headers = headers(&id, queue, self.class.as_str(), waited, caller, &endpoint);
        headers.push(("X-Hotline-Supervise".to_string(), mode.as_str().to_string()));
        let display = Number::parse(caller).map(|number| number.masked()).unwrap_or_default();
        let user = if caller.is_empty() { "anonymous" } else { caller }.to_string();
        let from = sip::Identity { display, user, host: cx.rules.domain.clone() };
        let Endpoint { operator, target, peer, browser, .. } = endpoint;
        let invite = sip::Invite { leg, to: target, from, headers, sdp: String::new() };
        let how = if browser { Negotiation::OfferBrowser } else { Negotiation::Offer };
        cx.out.push(Action::Leg(LegCommand::Open { leg, how, peer }));
        cx.out.push(Action::Occupied { operator: operator.clone(), busy: true });
        let purpose = Purpose::Supervise { until: cx.now.mono + RINGS_FOR, operator, mode };
        self.dials.insert(leg, Dial::new(leg, purpose, invite, cx.now.mono + LEG_OPENS_WITHIN));
        self.note("supervised", &[("mode", mode.as_str())], cx);
    }

    /// Puts the supervisor, if his phone was answered, beside the bridge, if there is one.
    pub(super) fn coach(&mut self, cx: &mut Context) {
        let joined = self.dials.values().find_map(|dial| match &dial.purpose {
            Purpose::Supervise { mode, .. } if dial.state == DialState::Accepted => Some((dial.leg, *mode)),
            _ => None,
        });
        let talks = self
            .talking()
            .filter(|dial| dial.state == DialState::Talking && !dial.holding && self.transfer.is_none());
        if let (Some((leg, mode)), Some(operator)) = (joined, talks) {
            let (caller, operator) = (self.leg, operator.leg);
            cx.out.push(Action::Leg(LegCommand::Coach { leg, caller, operator, mode }));
        }
    }

    pub(super) fn end_supervision(&mut self, cx: &mut Context) {
        let supervising = |dial: &&Dial| matches!(dial.purpose, Purpose::Supervise { .. });
        let Some(leg) = self.dials.values().find(supervising).map(|dial| dial.leg) else { return };
        if let Some(dial) = self.dials.remove(&leg) {
            self.release(dial, None, cx);
            self.note("supervision_ended", &[], cx);
        }
    }
}
