//! The emergency announcement in a call: before the flow's first step, and once into a wait. Keys do not cut it short.
//!
//! ```text
//!   Up ─▶ announcing ──heard──▶ the flow starts
//!   waiting ── ordered ─▶ announcing ──heard──▶ music      what the flow would say meanwhile counts as heard
//! ```
use super::context::Context;
use super::event::Action;
use super::machine::Call;
use crate::flow;
use crate::ids::PlayId;
use crate::machine::Instant;
use crate::media::LegCommand;
use crate::say::Piece;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An announcement whose end is never reported was heard by then.
const HEARD_WITHIN: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announcing {
    pub play: PlayId,
    pub until: Instant,
    /// The flow has not begun: it does when this was heard.
    pub starts: bool,
}

impl Call {
    /// The caller is there: he hears the announcement, if there is one, and then his flow.
    pub(super) fn start_flow(&mut self, cx: &mut Context) {
        match cx.rules.announcement.is_empty() {
            true => self.tell(flow::Event::Started, cx),
            false => self.say_announcement(true, cx),
        }
    }

    /// It was ordered while this caller waits. Whoever is spoken to at this moment, or whose operator has answered, is
    /// not interrupted.
    pub(super) fn announce(&mut self, cx: &mut Context) {
        let is_free = self.seat.is_some() && self.saying.is_none() && self.talking().is_none();
        if is_free && self.announcing.is_none() && self.ended.is_none() && !cx.rules.announcement.is_empty() {
            self.say_announcement(false, cx);
        }
    }

    fn say_announcement(&mut self, starts: bool, cx: &mut Context) {
        let play = cx.ids.plays.take();
        let pieces = cx.rules.announcement.iter().cloned().map(Piece::Prompt).collect();
        self.announcing = Some(Announcing { play, until: cx.now.mono + HEARD_WITHIN, starts });
        self.note("announcement", &[], cx);
        let (leg, language) = (self.leg, self.interpreter.language());
        cx.out.push(Action::Leg(LegCommand::Play { leg, play, language, pieces, barge_in: false }));
    }

    /// True when this was the announcement.
    pub(super) fn announced(&mut self, play: PlayId, cx: &mut Context) -> bool {
        let Some(announcing) = self.announcing.take_if(|announcing| announcing.play == play) else {
            return false;
        };
        match announcing.starts {
            true => self.tell(flow::Event::Started, cx),
            false => self.resume_music(cx),
        }
        true
    }

    /// An operator has answered, or the wait is over.
    pub(super) fn cut_announcement(&mut self, cx: &mut Context) {
        if self.announcing.take_if(|announcing| !announcing.starts).is_some() {
            cx.out.push(Action::Leg(LegCommand::Hush { leg: self.leg }));
        }
    }
}
