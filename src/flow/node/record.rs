//! `record`: a message after the beep, reviewed by the caller, kept as a file.
//!
//! ```text
//!  Saying ─▶ Recording ─ any key, silence, max ─▶ Reviewing ─▶ Choosing ─ 1, nothing ─▶ kept ─▶ next
//!    ▲                                              └─────────────┴─ 2 ─┐
//!    └──────────────────────────────────────────────────────────────────┘
//! ```
//! A caller who says nothing at the review has spoken already: his message is kept.
use super::{Outline, StepKind};
use crate::digit::Digit;
use crate::flow::compile::Cx;
use crate::flow::environment::prompt;
use crate::flow::event::Effect;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::flow::vars::Var;
use crate::flow::yaml::{Dur, Node, Spanned};
use crate::ids::{PromptName, RequestId};
use crate::machine::Instant;
use crate::say::Item;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordText {
    say: Vec<Node>,
    #[serde(default)]
    max: Option<Spanned<Dur>>,
    #[serde(default)]
    silence: Option<Dur>,
    #[serde(default)]
    review: Option<bool>,
    #[serde(default)]
    save: Option<Spanned<String>>,
    next: Spanned<String>,
    #[serde(default)]
    failed: Option<Spanned<String>>,
}

const MAX: Duration = Duration::from_secs(120);
/// A disk is finite, and nobody listens to more.
const MAX_LIMIT: Duration = Duration::from_secs(600);
const SILENCE: Duration = Duration::from_secs(5);
/// A shorter recording holds a click, not a message.
const EMPTY: Duration = Duration::from_secs(1);
/// From `StopRecording`, or from the recording's own limits, to `Recorded`.
const CLOSING: Duration = Duration::from_secs(5);
const CHOICE: Duration = Duration::from_secs(7);
/// Recordings of one visit, and hearings of the review.
const TRIES_MAX: u8 = 5;

#[derive(Clone, Debug)]
pub struct Record {
    say: Vec<SayItem>,
    max: Duration,
    silence: Duration,
    review: bool,
    save: Option<String>,
    next: Goto,
    failed: Goto,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordRun {
    tries: u8,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Saying,
    Recording { request: RequestId, until: Instant },
    Reviewing { name: String, duration: Duration },
    Choosing { name: String, duration: Duration, until: Instant },
}

impl RecordRun {
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Recording { until, .. } | Phase::Choosing { until, .. } => Some(until),
            Phase::Saying | Phase::Reviewing { .. } => None,
        }
    }

    pub fn request(&self) -> Option<RequestId> {
        match self.phase {
            Phase::Recording { request, .. } => Some(request),
            _ => None,
        }
    }
}

impl StepKind for Record {
    const REFERENCE: &'static str = r#"`say`, `max` (120s, at most 600s), `silence` (5s ends it), `review` (true: 1 or silence keeps it, 2 records anew), `save` (the
recording's name), `next`, `failed` (also for less than a second of speech). Any key ends the recording."#;

    type Text = RecordText;

    fn compile(text: RecordText, at: Span, cx: &mut Cx<'_>) -> Record {
        let max = match text.max {
            Some(max) if max.value.0 > MAX_LIMIT || max.value.0 <= EMPTY => {
                let message = format!("expected a length from 2s to 600s, got {}", max.value);
                cx.error("HF015", max.at, message, "the default is 120s");
                MAX
            }
            Some(max) => max.value.0,
            None => MAX,
        };
        Record {
            say: cx.say(text.say),
            max,
            silence: text.silence.map_or(SILENCE, |silence| silence.0),
            review: text.review.unwrap_or(true),
            save: text.save.map(|save| cx.variable(&save)),
            next: cx.target(&text.next),
            failed: cx.required(text.failed.as_ref(), "HF031", "failed", at),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.say(&self.say);
        let sets = self.save.iter().map(|name| (name.clone(), Some(Var::Text("message".into())))).collect();
        outline.edge_setting(self.next, true, sets);
        outline.edge(self.failed, false);
        outline.is_end = true;
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        turn.leave_queue();
        turn.call.keys.clear();
        let run = RecordRun { tries: 0, phase: Phase::Saying };
        match turn.say(&self.say, true) {
            true => Next::Wait(State::Recording(run)),
            false => self.record(run, turn),
        }
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let State::Recording(mut run) = state else { return Next::Wait(state) };
        if matches!(input, Input::Failed) {
            return Next::Go(self.failed.to);
        }
        match (run.phase.clone(), input) {
            (Phase::Saying, Input::Said) => self.record(run, turn),
            (Phase::Saying, Input::Key) => {
                turn.call.keys.clear();
                turn.hush();
                self.record(run, turn)
            }
            (Phase::Recording { request, .. }, Input::Key) => {
                turn.call.keys.clear();
                turn.out.push(Effect::StopRecording);
                run.phase = Phase::Recording { request, until: turn.now.mono + CLOSING };
                Next::Wait(State::Recording(run))
            }
            (Phase::Recording { .. }, Input::Recorded { name, duration }) => {
                turn.call.keys.clear();
                if duration < EMPTY {
                    return Next::Go(self.failed.to);
                }
                if self.review {
                    self.review(run, name, duration, turn)
                } else {
                    self.keep(name, duration, turn)
                }
            }
            (Phase::Recording { .. }, Input::Timeout) => {
                turn.out.push(Effect::StopRecording);
                Next::Go(self.failed.to)
            }
            (Phase::Reviewing { name, duration }, Input::Said) => {
                run.phase = Phase::Choosing { name, duration, until: turn.now.mono + CHOICE };
                Next::Wait(State::Recording(run))
            }
            (Phase::Choosing { name, duration, .. }, Input::Timeout) => self.keep(name, duration, turn),
            (Phase::Reviewing { name, duration } | Phase::Choosing { name, duration, .. }, Input::Key) => {
                turn.call.saying = None;
                match turn.call.keys.pop_front().map(Digit::as_char) {
                    Some('2') if run.tries < TRIES_MAX => {
                        turn.call.keys.clear();
                        turn.hush();
                        self.record(run, turn)
                    }
                    Some('1' | '2' | '#') => self.keep(name, duration, turn),
                    _ => {
                        turn.call.keys.clear();
                        self.review(run, name, duration, turn)
                    }
                }
            }
            (_, _) => Next::Wait(State::Recording(run)),
        }
    }
}

impl Record {
    fn record(&self, mut run: RecordRun, turn: &mut Turn<'_>) -> Next {
        run.tries += 1;
        let request = turn.request();
        turn.out.push(Effect::Record { request, max: self.max, silence: self.silence });
        run.phase = Phase::Recording { request, until: turn.now.mono + self.max + CLOSING };
        Next::Wait(State::Recording(run))
    }

    fn review(&self, mut run: RecordRun, name: String, duration: Duration, turn: &mut Turn<'_>) -> Next {
        run.tries += 1;
        if run.tries > TRIES_MAX {
            return self.keep(name, duration, turn);
        }
        turn.say_items(vec![Item::Prompt(PromptName::from(prompt::RECORD_REVIEW))], true);
        run.phase = Phase::Reviewing { name, duration };
        Next::Wait(State::Recording(run))
    }

    fn keep(&self, name: String, duration: Duration, turn: &mut Turn<'_>) -> Next {
        turn.out.push(Effect::KeepMessage { name: name.clone(), duration });
        if let Some(save) = &self.save {
            turn.set(save, Var::Text(name));
        }
        Next::Go(self.next.to)
    }
}
