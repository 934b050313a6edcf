//! Feature codes: an operator dials `*10` from his own phone and is on duty. The call is answered, a sentence says how
//! he stands now, and it is hung up. It is no call of the hotline's: it has no record and is counted nowhere.
//!
//! ```text
//!   INVITE, digest verified ─▶ done at once ─▶ Opening ─▶ Answered ──ACK──▶ Speaking ──said──▶ Closing ─▶ (gone)
//!                                                  └──────────┴────── 20 s, BYE ──────────────────▲
//! ```
//! Who dials is known by digest authentication, which the SIP machine asks for before it lets such an INVITE through:
//! a From header alone opens nothing.
use super::{Action, Switchboard};
use crate::ids::{LegId, OperatorId, PlayId, ShardId};
use crate::machine::{Instant, Now};
use crate::media::{LegCommand, LegEvent, Negotiation};
use crate::queue::{self, Choice, OperatorState};
use crate::say::{Item, Language, Noun};
use crate::{sip, speech};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// From the INVITE to the end, whatever happens: a sentence takes five seconds.
const WITHIN: Duration = Duration::from_secs(20);
/// A break of which nobody said why.
const BREAK: &str = "break";

/// What operators may dial; an empty code is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureCodes {
    /// On duty: signs in, and ends a break or the wrap-up.
    pub ready: String,
    /// A break; digits after the code say why.
    pub pause: String,
    pub end_wrap_up: String,
    pub sign_out: String,
    /// Says how he stands and how many wait.
    pub state: String,
    /// The digits after `pause`, and what they mean.
    pub reasons: BTreeMap<String, String>,
    pub language: Language,
}

impl Default for FeatureCodes {
    fn default() -> Self {
        let reasons = [("1", "lunch"), ("2", "rest"), ("3", "training"), ("4", "meeting")];
        FeatureCodes {
            ready: "*10".into(),
            pause: "*11".into(),
            end_wrap_up: "*12".into(),
            sign_out: "*13".into(),
            state: "*14".into(),
            reasons: reasons.map(|(digits, reason)| (digits.to_string(), reason.to_string())).into(),
            language: Language::Ru,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Code {
    Ready,
    Pause { reason: String },
    EndWrapUp,
    SignOut,
    State,
}

impl FeatureCodes {
    /// The codes that are on: only who is known may dial what begins so.
    pub fn guarded(&self) -> Vec<String> {
        let all = [&self.ready, &self.pause, &self.end_wrap_up, &self.sign_out, &self.state];
        all.into_iter().filter(|code| !code.is_empty()).cloned().collect()
    }

    fn read(&self, dialled: &str) -> Option<Code> {
        let is = |code: &String| !code.is_empty() && dialled == code;
        let digits = (!self.pause.is_empty()).then(|| dialled.strip_prefix(self.pause.as_str())).flatten();
        match digits {
            _ if is(&self.ready) => Some(Code::Ready),
            _ if is(&self.end_wrap_up) => Some(Code::EndWrapUp),
            _ if is(&self.sign_out) => Some(Code::SignOut),
            _ if is(&self.state) => Some(Code::State),
            Some("") => Some(Code::Pause { reason: BREAK.to_string() }),
            Some(digits) => self.reasons.get(digits).map(|reason| Code::Pause { reason: reason.clone() }),
            None => None,
        }
    }
}

/// A feature call that is on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Feature {
    operator: OperatorId,
    shard: ShardId,
    items: Vec<Item>,
    play: Option<PlayId>,
    until: Instant,
    /// The pool was told that he is on the telephone.
    occupied: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Opening,
    Answered,
    Speaking,
    Closing,
}

impl Switchboard {
    /// An INVITE whose sender has proved who he is.
    pub(super) fn feature(
        &mut self,
        operator: OperatorId,
        invite: Box<sip::Incoming>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        let leg = invite.leg;
        let refuse = |status, out: &mut Vec<Action>| {
            out.push(Action::Sip(sip::Command::Reject { leg, status, retry_after: None }));
        };
        let Some(code) = self.settings.features.read(&invite.called) else { return refuse(404, out) };
        let Some(presence) = self.operators.get(&operator) else { return refuse(403, out) };
        if presence.hop.is_none() {
            // The password is right, but this phone is not where he is called.
            return refuse(403, out);
        }
        let Some(offer) = invite.offer else { return refuse(488, out) };
        let pool = presence.pool;
        self.carry_out_code(code.clone(), &operator, pool, now, out);
        let (items, stands) = self.how_he_stands(&code, &operator, pool, now);
        // While he listens he cannot take a call; in a break he would not get one anyway.
        let occupied = matches!(stands, Some(OperatorState::Ready | OperatorState::WrapUp));
        if occupied {
            let event = queue::Event::Occupied { operator: operator.clone(), busy: true };
            self.tell_pool(pool, event, now, out);
        }
        let least = self.calls_per_shard.iter().enumerate().min_by_key(|(_, calls)| **calls);
        let shard = ShardId(least.map_or(0, |(index, _)| index as u16));
        let until = now.mono + WITHIN;
        let feature = Feature { operator, shard, items, play: None, until, occupied, stage: Stage::Opening };
        self.features.insert(leg, feature);
        let how = Negotiation::Answer { offer };
        let command = LegCommand::Open { leg, how, peer: invite.hop.peer.ip() };
        out.push(Action::Leg { shard, command });
    }

    fn carry_out_code(
        &mut self,
        code: Code,
        operator: &OperatorId,
        pool: usize,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        let choice = match code {
            Code::Ready => Choice::Ready,
            Code::Pause { reason } => Choice::Paused { reason },
            Code::SignOut => Choice::Paused { reason: queue::SIGNED_OUT.to_string() },
            Code::EndWrapUp => {
                let event = queue::Event::EndWrapUp { operator: operator.clone() };
                return self.tell_pool(pool, event, now, out);
            }
            Code::State => return,
        };
        let paused = match &choice {
            Choice::Ready => None,
            Choice::Paused { reason } => Some(reason.clone()),
        };
        self.write_choice(operator, paused, now, out);
        self.tell_pool(pool, queue::Event::Chose { operator: operator.clone(), choice }, now, out);
    }

    /// What he is told, and his state.
    fn how_he_stands(
        &self,
        code: &Code,
        operator: &OperatorId,
        pool: usize,
        now: Now,
    ) -> (Vec<Item>, Option<OperatorState>) {
        let status = self.pools[pool].operators(now).into_iter().find(|status| status.id == *operator);
        let Some(status) = status else { return (Vec::new(), None) };
        let sentence = match (&status.queued, &status.state) {
            (Some(_), _) => "duty_after_call",
            (None, OperatorState::Ready) => "duty_ready",
            (None, OperatorState::Paused { .. }) => "duty_break",
            (None, OperatorState::WrapUp) => "duty_wrap_up",
            (None, OperatorState::Offline) => "duty_signed_out",
            (None, OperatorState::Claimed | OperatorState::Ringing | OperatorState::Talking) => {
                "duty_talking"
            }
            (None, OperatorState::Unreachable) => "duty_unreachable",
        };
        let mut items = vec![Item::Prompt(sentence.into())];
        if *code == Code::State {
            let queues = self.pools[pool].queues(now);
            let his = queues.iter().filter(|queue| status.queues.contains(&queue.name));
            let waiting: usize = his.flat_map(|queue| queue.waiting.values()).sum();
            items.push(Item::Prompt("duty_waiting".into()));
            items.push(Item::Count { value: i64::try_from(waiting).unwrap_or(i64::MAX), noun: Noun::Call });
        }
        (items, Some(status.state))
    }

    pub(super) fn feature_sip(&mut self, leg: LegId, event: &sip::Event, now: Now, out: &mut Vec<Action>) {
        match event {
            sip::Event::Confirmed { .. } => {
                let Some(feature) = self.features.get_mut(&leg) else { return };
                if feature.stage != Stage::Answered {
                    return;
                }
                let play = self.ids.plays.take();
                (feature.play, feature.stage) = (Some(play), Stage::Speaking);
                let (shard, language) = (feature.shard, self.settings.features.language);
                let pieces = speech::render(language, &feature.items);
                let command = LegCommand::Play { leg, play, language, pieces, barge_in: false };
                out.push(Action::Leg { shard, command });
            }
            sip::Event::Ended { .. } => self.close_feature(leg, false, now, out),
            // Hold, another codec: not for five seconds.
            sip::Event::Offered { .. } => {
                out.push(Action::Sip(sip::Command::RejectOffer { leg, status: 488 }));
            }
            _ => {}
        }
    }

    pub(super) fn feature_leg(&mut self, event: LegEvent, now: Now, out: &mut Vec<Action>) {
        let leg = event.leg();
        let Some(feature) = self.features.get_mut(&leg) else { return };
        match event {
            LegEvent::Opened { sdp, .. } if feature.stage == Stage::Opening => {
                feature.stage = Stage::Answered;
                out.push(Action::Sip(sip::Command::Answer { leg, sdp }));
            }
            LegEvent::Refused { .. } => {
                let status = 488;
                out.push(Action::Sip(sip::Command::Reject { leg, status, retry_after: None }));
                self.free_operator(leg, now, out);
                self.features.remove(&leg);
            }
            LegEvent::PlayDone { play, .. } if feature.play == Some(play) => {
                self.close_feature(leg, true, now, out);
            }
            LegEvent::RtpTimeout { .. } => self.close_feature(leg, true, now, out),
            LegEvent::Closed { .. } => {
                self.features.remove(&leg);
            }
            _ => {}
        }
    }

    /// `hang_up`: the phone has not done so itself.
    fn close_feature(&mut self, leg: LegId, hang_up: bool, now: Now, out: &mut Vec<Action>) {
        self.free_operator(leg, now, out);
        let Some(feature) = self.features.get_mut(&leg) else { return };
        if feature.stage == Stage::Closing {
            // The shard never said that the leg is closed; nothing is lost with it.
            self.features.remove(&leg);
            return;
        }
        (feature.stage, feature.until) = (Stage::Closing, now.mono + WITHIN);
        if hang_up {
            out.push(Action::Sip(sip::Command::Hangup { leg, reason: None }));
        }
        out.push(Action::Leg { shard: feature.shard, command: LegCommand::Close { leg } });
    }

    fn free_operator(&mut self, leg: LegId, now: Now, out: &mut Vec<Action>) {
        let Some(feature) = self.features.get_mut(&leg) else { return };
        if !std::mem::take(&mut feature.occupied) {
            return;
        }
        let operator = feature.operator.clone();
        if let Some(pool) = self.operators.get(&operator).map(|presence| presence.pool) {
            self.tell_pool(pool, queue::Event::Occupied { operator, busy: false }, now, out);
        }
    }

    pub(super) fn feature_timeouts(&mut self, now: Now, out: &mut Vec<Action>) {
        let late: Vec<LegId> = self
            .features
            .iter()
            .filter(|(_, feature)| feature.until <= now.mono)
            .map(|(leg, _)| *leg)
            .collect();
        for leg in late {
            self.close_feature(leg, true, now, out);
        }
    }

    /// Operators dial now and then: a handful at most.
    pub(super) fn next_feature_timeout(&self) -> Option<Instant> {
        self.features.values().map(|feature| feature.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_whole_and_a_break_with_its_reason() {
        let codes = FeatureCodes::default();
        let pause = |reason: &str| Some(Code::Pause { reason: reason.into() });
        assert_eq!(codes.read("*10"), Some(Code::Ready));
        assert_eq!(codes.read("*11"), pause("break"));
        assert_eq!(codes.read("*111"), pause("lunch"));
        assert_eq!(codes.read("*119"), None, "no such reason");
        assert_eq!(codes.read("*100"), None);
        assert_eq!(codes.read("10"), None);
        let off = FeatureCodes { pause: String::new(), state: String::new(), ..codes };
        assert_eq!((off.read("*11"), off.read(""), off.read("*14")), (None, None, None));
        assert_eq!(off.guarded(), ["*10", "*12", "*13"]);
    }
}
