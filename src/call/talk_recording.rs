//! Recording a talk: where the queue asks for it and the caller has heard the notice, from the bridge to the end of the talk.
//!
//! ```text
//!   notice heard ─▶ connected ─▶ On ⇄ Paused (hold, transfer, secret step, by hand) ─▶ talk over: a file and its record
//!      └ refused ▶ never
//! ```
//! Stereo: the caller left, the operator right, so that either can be heard alone. What is paused is left out, and no second
//! of it can be heard afterwards.
use super::context::*;
use super::dial::{DialState, Purpose};
use super::event::Action;
use super::machine::{Call, millis};
use super::record::{Keep, TalkRecord};
use crate::ids::{OperatorId, QueueName};
use crate::machine::Wall;
use crate::media::LegCommand;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the caller said to being recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Consent {
    /// The notice was not said: nothing may be recorded.
    #[default]
    NotAsked,
    Given,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TalkRecording {
    pub name: String,
    started_at: Wall,
    operator: Option<OperatorId>,
    queue: Option<QueueName>,
    paused_by_hand: bool,
    runs: bool,
    /// The shard was told to end it; its last word is awaited.
    stopping: bool,
}

impl Call {
    pub(super) fn allow_recording(&mut self) {
        if self.consent == Consent::NotAsked {
            self.consent = Consent::Given;
        }
    }

    pub(super) fn refuse_recording(&mut self, cx: &mut Context) {
        self.consent = Consent::Refused;
        self.note("recording_refused", &[], cx);
    }

    pub fn is_talk_recorded(&self) -> bool {
        self.recording_stage().is_some()
    }

    /// For the board.
    pub(super) fn recording_stage(&self) -> Option<&'static str> {
        let recording = self.talk_recording.as_ref().filter(|recording| !recording.stopping)?;
        Some(if recording.runs { "on" } else { "paused" })
    }

    /// Begins the recording, pauses it or lets it go on, as the talk now stands. Called after every change of the bridge.
    pub(super) fn review_talk_recording(&mut self, cx: &mut Context) {
        let talks = self.talking().filter(|dial| {
            let is_operators = matches!(dial.purpose, Purpose::Offer { .. }) && dial.booked;
            let is_operators = is_operators || matches!(dial.purpose, Purpose::Consult { .. });
            is_operators && dial.state == DialState::Talking && !dial.holding
        });
        let may_run = talks.is_some() && self.transfer.is_none() && !self.interpreter.listens_secretly();
        let operator = talks.and_then(|dial| dial.operator().cloned());
        let Some(recording) = &mut self.talk_recording else {
            if may_run {
                self.begin_talk_recording(operator, cx);
            }
            return;
        };
        let runs = may_run && !recording.paused_by_hand;
        if recording.runs != runs && !recording.stopping {
            recording.runs = runs;
            cx.out.push(Action::Leg(LegCommand::PauseTalk { leg: self.leg, paused: !runs }));
        }
    }

    fn begin_talk_recording(&mut self, operator: Option<OperatorId>, cx: &mut Context) {
        let is_wanted = self.record.queue.as_ref().is_some_and(|queue| cx.rules.recorded.contains(queue));
        if !is_wanted || self.consent != Consent::Given {
            return;
        }
        let name = self.recording_name(cx);
        self.note("recording", &[("name", &name)], cx);
        self.talk_recording = Some(TalkRecording {
            name: name.clone(),
            started_at: cx.now.wall,
            operator,
            queue: self.record.queue.clone(),
            paused_by_hand: false,
            runs: true,
            stopping: false,
        });
        cx.out.push(Action::Leg(LegCommand::RecordTalk { leg: self.leg, name }));
    }

    pub(super) fn pause_talk_recording(&mut self, paused: bool, cx: &mut Context) {
        if let Some(recording) = &mut self.talk_recording
            && recording.paused_by_hand != paused
        {
            recording.paused_by_hand = paused;
            self.note(if paused { "recording_paused" } else { "recording_resumed" }, &[], cx);
            self.review_talk_recording(cx);
        }
    }

    pub(super) fn stop_talk_recording(&mut self, cx: &mut Context) {
        if let Some(recording) = &mut self.talk_recording
            && !std::mem::replace(&mut recording.stopping, true)
        {
            cx.out.push(Action::Leg(LegCommand::StopTalk { leg: self.leg }));
        }
    }

    pub(super) fn talk_recorded(&mut self, name: String, duration: Duration, cx: &mut Context) {
        let Some(recording) = self.talk_recording.take_if(|recording| recording.name == name) else { return };
        if duration.is_zero() {
            return; // refused for want of room, or ended in the instant it began
        }
        self.note("recorded", &[("name", &name)], cx);
        cx.out.push(Action::Keep(Keep::Recording(TalkRecord {
            name,
            call: self.id,
            started_at: recording.started_at,
            duration_ms: millis(duration),
            channels: 2,
            caller: self.record.caller.clone(),
            operator: recording.operator,
            queue: recording.queue,
        })));
        if self.ended.is_none() {
            // Another operator may have the caller by now.
            self.review_talk_recording(cx);
        }
    }
}
