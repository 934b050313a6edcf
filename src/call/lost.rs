//! A page that was reloaded in the middle of its call: its telephone is gone, and comes back in a moment.
//!
//! ```text
//!   talking ──connection closed──▶ lost: music ──page is back──▶ rings, X-Hotline-Resume ──answered──▶ talking
//!                                    └── 60 s, refused ──▶ waits in his queue again, with his age
//! ```
//! For the dispatcher the talk goes on meanwhile, with the caller on hold: the operator is his, and nobody else's.
use super::context::*;
use super::dial::{Dial, DialState, Purpose, headers};
use super::event::{Action, Endpoint};
use super::machine::Call;
use crate::ids::{LegId, OperatorId};
use crate::machine::Instant;
use crate::media::{LegCommand, Negotiation};
use crate::number::Number;
use crate::{queue, sip};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A page is there again within a second or two; a browser that crashed, within a minute or not at all.
pub const COMES_BACK_WITHIN: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Lost {
    /// What the talk was.
    pub purpose: Purpose,
    pub operator: OperatorId,
    booked: bool,
    since: Instant,
    /// The new leg, while it rings.
    pub leg: Option<LegId>,
}

impl Lost {
    pub fn until(&self) -> Instant {
        self.since + COMES_BACK_WITHIN
    }
}

impl Call {
    /// The operator whose page is awaited.
    pub fn awaits(&self) -> Option<&OperatorId> {
        self.lost.as_ref().filter(|lost| lost.leg.is_none()).map(|lost| &lost.operator)
    }

    /// The connection of a page's signalling was closed.
    pub(super) fn flow_lost(&mut self, leg: LegId, cx: &mut Context) {
        let Some(dial) = self.dials.get(&leg) else { return };
        let talks = dial.state == DialState::Talking;
        let waits_for_him = self.transfer.as_ref().is_some_and(|transfer| transfer.involves(leg));
        let is_settled = match dial.purpose {
            Purpose::Offer { .. } => dial.booked && dial.flowing,
            Purpose::Consult { .. } => true,
            Purpose::Transfer { .. } | Purpose::Supervise { .. } => false,
        };
        cx.out.push(Action::Sip(sip::Command::Hangup { leg, reason: None }));
        let operator = dial.operator().cloned();
        let (Some(operator), true, true, false) = (operator, talks, is_settled, waits_for_him) else {
            return self.dial_ended(leg, cx);
        };
        self.set_aside(leg, cx);
        let Some(dial) = self.dials.remove(&leg) else { return };
        self.close(leg, false, cx);
        self.note("page_lost", &[("operator", operator.as_str())], cx);
        let Dial { purpose, booked, .. } = dial;
        self.lost = Some(Lost { purpose, operator, booked, since: cx.now.mono, leg: None });
    }

    /// He is there again: his phone rings for the call that he had.
    pub(super) fn resume(&mut self, endpoint: Endpoint, cx: &mut Context) {
        let Some(lost) = self.lost.as_mut().filter(|lost| lost.operator == endpoint.operator) else { return };
        if lost.leg.is_some() {
            return;
        }
        let leg = cx.ids.outgoing_leg();
        lost.leg = Some(leg);
        let caller = self.record.caller.as_str();
        let from = sip::Identity {
            display: Number::parse(caller).map(|number| number.masked()).unwrap_or_default(),
            user: if caller.is_empty() { "anonymous".to_string() } else { caller.to_string() },
            host: cx.rules.domain.clone(),
        };
        let queue = self.record.queue.as_ref().map_or("", |queue| queue.as_str());
        let waited = self.record.wait_ms.unwrap_or(0) / 1000;
        let endpoint = Endpoint { auto_answer: true, ..endpoint };
        let id = self.id.to_string();
        let mut headers = headers(&id, queue, self.class.as_str(), waited, caller, &endpoint);
        headers.push(("X-Hotline-Resume".to_string(), "1".to_string()));
        let how = if endpoint.browser { Negotiation::OfferBrowser } else { Negotiation::Offer };
        cx.out.push(Action::Leg(LegCommand::Open { leg, how, peer: endpoint.peer }));
        let purpose = lost.purpose.clone();
        let invite = sip::Invite { leg, to: endpoint.target, from, headers, sdp: String::new() };
        self.dials.insert(leg, Dial::new(leg, purpose, invite, cx.now.mono + LEG_OPENS_WITHIN));
    }

    /// Whether this leg rings for a talk that was lost.
    pub(super) fn resumes(&self, leg: LegId) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.leg == Some(leg))
    }

    /// His new leg was answered: the talk goes on where it was.
    pub(super) fn resumed(&mut self, leg: LegId, cx: &mut Context) {
        let Some(lost) = self.lost.take() else { return };
        let Some(dial) = self.dials.get_mut(&leg) else { return };
        (dial.state, dial.booked, dial.flowing) = (DialState::Talking, lost.booked, true);
        self.join(leg, cx);
        self.queue_event(leg, |offer| queue::Event::Held { offer, held: false }, cx);
        self.note("page_back", &[("operator", lost.operator.as_str())], cx);
    }

    /// The new leg came to nothing: he may come back once more. One who refuses his own call does not want it.
    pub(super) fn not_resumed(&mut self, status: u16, cx: &mut Context) {
        let Some(lost) = &mut self.lost else { return };
        lost.leg = None;
        if matches!(status, 486 | 600 | 603) {
            self.give_up_lost(cx);
        }
    }

    /// Nobody came back.
    pub(super) fn give_up_lost(&mut self, cx: &mut Context) {
        let Some(lost) = self.drop_lost(cx) else { return };
        self.note("page_not_back", &[("operator", lost.operator.as_str())], cx);
        if let Purpose::Offer { offer, queue, .. } = &lost.purpose {
            let event = queue::Event::PassedOn { offer: *offer };
            cx.out.push(Action::Queue { queue: queue.clone(), event });
        }
        self.part_from_lost(&lost, cx);
        self.wait_again(None, lost.since, cx);
    }

    /// Forgets the talk that was lost, and the leg that rings for it.
    pub(super) fn drop_lost(&mut self, cx: &mut Context) -> Option<Lost> {
        let lost = self.lost.take()?;
        if let Some(dial) = lost.leg.and_then(|leg| self.dials.remove(&leg)) {
            if dial.is_invited() {
                cx.out.push(Action::Sip(sip::Command::Hangup { leg: dial.leg, reason: None }));
            }
            self.close(dial.leg, false, cx);
        }
        Some(lost)
    }

    /// The operator's part in it is over.
    pub(super) fn part_from_lost(&mut self, lost: &Lost, cx: &mut Context) {
        match &lost.purpose {
            Purpose::Offer { offer, queue, .. } => {
                let event = queue::Event::OperatorGone { offer: *offer };
                cx.out.push(Action::Queue { queue: queue.clone(), event });
            }
            purpose => self.free(purpose, cx),
        }
    }
}
