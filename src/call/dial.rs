//! Dialling one phone for a call: an operator for the caller's seat, a transfer's party, a supervisor.
//!
//! ```text
//! Opening ──leg opened──▶ Inviting ──180──▶ Ringing ──200──▶ Accepted ──bridge──▶ Talking
//!    └── 50 ms ──▶ unreachable   └── refused: no answer, rejected or unreachable (Q6)
//! ```
use super::event::Endpoint;
use crate::ids::{LegId, OfferId, OperatorId, PlayId, QueueName};
use crate::machine::Instant;
use crate::media::Supervision;
use crate::queue::OfferFailure;
use crate::sip;
use serde::{Deserialize, Serialize};

/// Why a phone is dialled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Offer {
        offer: OfferId,
        operator: OperatorId,
        queue: QueueName,
    },
    /// The party of a flow's `transfer` step. Given up at `until`.
    Transfer {
        until: Instant,
    },
    /// Somebody to whom an operator passes the caller on; a colleague is named.
    Consult {
        until: Instant,
        operator: Option<OperatorId>,
    },
    /// A supervisor's phone.
    Supervise {
        until: Instant,
        operator: OperatorId,
        mode: Supervision,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialState {
    /// The shard is opening the leg; after `until` it is not there.
    Opening {
        until: Instant,
        invite: Box<sip::Invite>,
    },
    Inviting,
    Ringing,
    /// The 200 came; the dispatcher has not yet said `Connect`.
    Accepted,
    /// The operator hears this whisper before the bridge.
    Whispering {
        play: PlayId,
    },
    Talking,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dial {
    pub leg: LegId,
    pub purpose: Purpose,
    pub state: DialState,
    /// The party's first RTP packet came.
    pub flowing: bool,
    /// The dispatcher booked the wait: from now on an end is the end of a talk.
    pub booked: bool,
    /// The party put the caller on hold.
    pub holding: bool,
}

impl Dial {
    pub fn new(leg: LegId, purpose: Purpose, invite: sip::Invite, until: Instant) -> Dial {
        Dial {
            leg,
            purpose,
            state: DialState::Opening { until, invite: Box::new(invite) },
            flowing: false,
            booked: false,
            holding: false,
        }
    }

    pub fn offer(&self) -> Option<OfferId> {
        match &self.purpose {
            Purpose::Offer { offer, .. } => Some(*offer),
            _ => None,
        }
    }

    /// The operator whom the caller talks with, or will.
    pub fn operator(&self) -> Option<&OperatorId> {
        match &self.purpose {
            Purpose::Offer { operator, .. } => Some(operator),
            Purpose::Consult { operator, .. } => operator.as_ref(),
            Purpose::Transfer { .. } | Purpose::Supervise { .. } => None,
        }
    }

    pub fn is_talking(&self) -> bool {
        matches!(self.state, DialState::Whispering { .. } | DialState::Talking)
    }

    /// Whether an INVITE was sent, so that the SIP leg has to be ended too.
    pub fn is_invited(&self) -> bool {
        !matches!(self.state, DialState::Opening { .. })
    }

    /// When something has to happen though nobody said anything.
    pub fn deadline(&self) -> Option<Instant> {
        match (&self.state, &self.purpose) {
            (DialState::Opening { until, .. }, _) => Some(*until),
            (
                DialState::Inviting | DialState::Ringing,
                Purpose::Transfer { until }
                | Purpose::Consult { until, .. }
                | Purpose::Supervise { until, .. },
            ) => Some(*until),
            _ => None,
        }
    }
}

/// A final refusal means one of three things to the queue (Q6).
pub fn failure_of(status: u16, had_rung: bool) -> OfferFailure {
    match status {
        486 | 600 | 603 | 607 => OfferFailure::Rejected,
        // The phone rang and nobody took it; 487 is our own cancel, or a phone that gave up by itself.
        408 | 480 | 487 if had_rung => OfferFailure::NoAnswer,
        // 3xx: a forwarded phone is refused unless allowed (edge case 9).
        300..=399 => OfferFailure::Rejected,
        _ => OfferFailure::Unreachable,
    }
}

/// The headers by which an operator's phone or page knows what rings (interface: "SIP behaviour").
pub fn headers(
    call: &str,
    queue: &str,
    class: &str,
    waited_s: u64,
    caller: &str,
    endpoint: &Endpoint,
) -> Vec<(String, String)> {
    let mut headers = vec![
        ("X-Hotline-Call".to_string(), call.to_string()),
        ("X-Hotline-Queue".to_string(), queue.to_string()),
        ("X-Hotline-Class".to_string(), class.to_string()),
        ("X-Hotline-Wait".to_string(), waited_s.to_string()),
        ("X-Hotline-Caller".to_string(), caller.to_string()),
    ];
    if endpoint.auto_answer {
        // No single form is understood by every phone; these two cover Polycom, Snom, Yealink, Grandstream and Cisco.
        headers.push(("Call-Info".to_string(), "<sip:hotline.invalid>;answer-after=0".to_string()));
        headers.push((
            "Alert-Info".to_string(),
            "<http://hotline.invalid>;info=alert-autoanswer;delay=0".to_string(),
        ));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_reject_and_unreachable_are_three_things() {
        assert_eq!(failure_of(486, true), OfferFailure::Rejected);
        assert_eq!(failure_of(603, false), OfferFailure::Rejected);
        assert_eq!(failure_of(480, true), OfferFailure::NoAnswer);
        assert_eq!(failure_of(480, false), OfferFailure::Unreachable);
        assert_eq!(failure_of(408, false), OfferFailure::Unreachable);
        assert_eq!(failure_of(404, false), OfferFailure::Unreachable);
        assert_eq!(failure_of(503, true), OfferFailure::Unreachable);
        assert_eq!(failure_of(302, false), OfferFailure::Rejected);
    }
}
