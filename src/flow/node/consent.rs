//! `consent`: the notice before a recording. It is heard in full; a caller may refuse by a key; any other key typed
//! ahead passes on to the next input.
use super::{Outline, StepKind};
use crate::digit::Digit;
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::flow::yaml::{Dur, Node, Scalar, Spanned};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentText {
    say: Vec<Node>,
    #[serde(default)]
    refuse: Option<Spanned<Scalar>>,
    #[serde(default)]
    wait: Option<Dur>,
    next: Spanned<String>,
}

const WAIT: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct Consent {
    say: Vec<SayItem>,
    refuse: Digit,
    wait: Duration,
    next: Goto,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsentRun {
    pub refuse: Digit,
    /// `None` while the notice is being said.
    until: Option<Instant>,
}

impl ConsentRun {
    pub fn deadline(&self) -> Option<Instant> {
        self.until
    }
}

impl StepKind for Consent {
    const REFERENCE: &'static str = r#"The notice before a recording, heard in full: `say`, `refuse` (hash), `wait` (2s), `next`. Keys typed ahead pass on to the next
input; `refuse` keeps the call's talks from being recorded."#;

    type Text = ConsentText;

    fn compile(text: ConsentText, at: Span, cx: &mut Cx<'_>) -> Consent {
        if text.say.is_empty() {
            cx.error("HF010", at, "`say` is empty: there is no notice", "add `say: [prompt]`");
        }
        Consent {
            say: cx.say(text.say),
            refuse: text.refuse.and_then(|refuse| super::key(&refuse, cx)).unwrap_or(Digit::HASH),
            wait: text.wait.map_or(WAIT, |wait| wait.0),
            next: cx.target(&text.next),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.say(&self.say);
        outline.edge(self.next, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        match turn.say(&self.say, false) {
            true => Next::Wait(State::Consenting(ConsentRun { refuse: self.refuse, until: None })),
            false => Next::Go(self.next.to),
        }
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let State::Consenting(run) = state else { return Next::Wait(state) };
        match input {
            Input::Said => {
                let until = Some(turn.now.mono + self.wait);
                Next::Wait(State::Consenting(ConsentRun { until, ..run }))
            }
            Input::Timeout => {
                turn.out.push(Effect::AllowRecording);
                Next::Go(self.next.to)
            }
            Input::Refused => {
                turn.out.push(Effect::RefuseRecording);
                turn.hush();
                Next::Go(self.next.to)
            }
            _ => Next::Wait(State::Consenting(run)),
        }
    }
}
