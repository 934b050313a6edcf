//! The SIP ladder: which message went from whom to whom in each call, kept as events of the call's story.
//!
//! ```text
//! wire ─▶ heard ─┐                       ┌─ Invite of ours: its leg belongs to a call
//!                ├─▶ lines ─▶ by Call-ID ┤
//! stack ─▶ sent ─┘                       └─ Incoming: so does its leg, once the Switchboard has taken it
//! ```
//! Kept are the method or status, CSeq and transport: no header, no body and no URI, which hold numbers and secrets.
//! Messages of no call (registrations, OPTIONS, scanners) are passed over.
use crate::call::CallEvent;
use crate::ids::CallId;
use crate::machine::Wall;
use crate::sip::message::Start;
use crate::sip::method::Method;
use crate::sip::parse::parse;
use crate::sip::{Hop, via_name};
use std::collections::{BTreeMap, VecDeque};

/// Dialogs known at once, a few megabytes. Over it the oldest is forgotten: what a call of hours still says is not kept.
const DIALOGS_MAX: usize = 16_384;
/// Messages of one input: a stop says BYE to everybody. More than these are not kept.
const LINES_MAX: usize = 16_384;
/// A reason phrase is the peer's own words.
const PHRASE_MAX: usize = 60;
/// We, in `from` and `to`.
const US: &str = "hotline";

#[derive(Default)]
pub struct Ladder {
    dialogs: BTreeMap<String, Party>,
    /// Call-IDs, the oldest first.
    order: VecDeque<String>,
    lines: Vec<Line>,
}

/// The other end of a dialog.
struct Party {
    call: CallId,
    who: String,
}

struct Line {
    call_id: String,
    at: Wall,
    ours: bool,
    detail: BTreeMap<String, String>,
}

impl Ladder {
    pub fn heard(&mut self, hop: Hop, bytes: &[u8], at: Wall) {
        self.line(hop, bytes, at, false);
    }

    pub fn sent(&mut self, hop: Hop, bytes: &[u8], at: Wall) {
        self.line(hop, bytes, at, true);
    }

    /// From now on this dialog's messages belong to the call.
    pub fn belongs(&mut self, call_id: &str, call: CallId, who: &str) {
        let who = who.to_string();
        if self.dialogs.insert(call_id.to_string(), Party { call, who }).is_none() {
            self.order.push_back(call_id.to_string());
        }
        if self.order.len() > DIALOGS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.dialogs.remove(&oldest);
        }
    }

    /// The same for the dialog of the last message sent, an INVITE of ours.
    pub fn last_belongs(&mut self, call: CallId, who: &str) {
        if let Some(call_id) = self.lines.last().map(|line| line.call_id.clone()) {
            self.belongs(&call_id, call, who);
        }
    }

    /// What was said since the last time and belongs to a call.
    pub fn take(&mut self) -> impl Iterator<Item = CallEvent> + '_ {
        self.lines.drain(..).filter_map(|mut line| {
            let party = self.dialogs.get(&line.call_id)?;
            let (from, to) = match line.ours {
                true => (US, party.who.as_str()),
                false => (party.who.as_str(), US),
            };
            line.detail.insert("from".into(), from.into());
            line.detail.insert("to".into(), to.into());
            Some(CallEvent {
                call: party.call,
                at: line.at,
                kind: CallEvent::SIP.into(),
                detail: line.detail,
            })
        })
    }

    fn line(&mut self, hop: Hop, bytes: &[u8], at: Wall, ours: bool) {
        if self.lines.len() >= LINES_MAX {
            return;
        }
        let Ok(message) = parse(bytes) else { return };
        if matches!(message.method(), Method::Register | Method::Options | Method::Unknown) {
            return;
        }
        let mut text = match message.start {
            Start::Request { method, .. } => method.as_str().to_string(),
            Start::Response { status, phrase } => {
                format!("{status} {}", phrase.chars().take(PHRASE_MAX).collect::<String>())
            }
        };
        if message.part("application/sdp").is_some() {
            text += " (SDP)";
        }
        let detail = BTreeMap::from([
            ("text".to_string(), text),
            ("cseq".to_string(), format!("{} {}", message.cseq.number, message.method().as_str())),
            ("transport".to_string(), via_name(hop.transport).to_string()),
        ]);
        self.lines.push(Line { call_id: message.call_id.to_string(), at, ours, detail });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    const INVITE: &str = "INVITE sip:88007077759@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:79161234567@a>;tag=1\r\n\
        To: <sip:88007077759@h>\r\nCall-ID: one\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n";

    fn hop() -> Hop {
        let at = "127.0.0.1:5060".parse().unwrap();
        Hop { transport: Transport::Udp, local: at, peer: at }
    }

    #[test]
    fn a_message_is_told_without_numbers_once_its_call_is_known() {
        let mut ladder = Ladder::default();
        ladder.heard(hop(), INVITE.as_bytes(), Wall(5));
        ladder.belongs("one", CallId(9), "caller");
        let told: Vec<CallEvent> = ladder.take().collect();
        assert_eq!(told.len(), 1);
        let text: Vec<String> = told[0].detail.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(text, ["cseq=7 INVITE", "from=caller", "text=INVITE", "to=hotline", "transport=UDP"]);
        assert_eq!(ladder.take().count(), 0);
    }

    #[test]
    fn what_belongs_to_no_call_is_passed_over() {
        let mut ladder = Ladder::default();
        ladder.heard(hop(), INVITE.as_bytes(), Wall(5));
        ladder.heard(hop(), INVITE.replace("INVITE", "OPTIONS").as_bytes(), Wall(5));
        ladder.heard(hop(), b"no SIP at all", Wall(5));
        assert_eq!(ladder.take().count(), 0);
    }

    #[test]
    fn dialogs_kept_in_mind_are_bounded() {
        let mut ladder = Ladder::default();
        for n in 0..DIALOGS_MAX + 3 {
            ladder.belongs(&format!("d{n}"), CallId(1), "");
        }
        assert_eq!((ladder.dialogs.len(), ladder.order.len()), (DIALOGS_MAX, DIALOGS_MAX));
        assert!(!ladder.dialogs.contains_key("d2"));
    }
}
