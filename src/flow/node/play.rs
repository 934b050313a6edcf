//! `play`: says in order, then goes on.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::flow::yaml::{Node, Spanned};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayText {
    say: Vec<Node>,
    #[serde(default = "yes")]
    barge_in: bool,
    next: Spanned<String>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug)]
pub struct Play {
    say: Vec<SayItem>,
    barge_in: bool,
    next: Goto,
}

impl StepKind for Play {
    const REFERENCE: &'static str =
        r#"`say`, `barge_in` (true: a key stops it and is kept for the next input), `next`."#;

    type Text = PlayText;

    fn compile(text: PlayText, _: Span, cx: &mut Cx<'_>) -> Play {
        Play { say: cx.say(text.say), barge_in: text.barge_in, next: cx.target(&text.next) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.say(&self.say);
        outline.edge(self.next, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        if !self.barge_in {
            // Whoever typed ahead could not know of a text that must be heard.
            turn.call.keys.clear();
        } else if !turn.call.keys.is_empty() {
            return Next::Go(self.next.to);
        }
        match turn.say(&self.say, self.barge_in) {
            true => Next::Wait(State::Playing { barge_in: self.barge_in }),
            false => Next::Go(self.next.to),
        }
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        match (&state, input) {
            (State::Playing { .. }, Input::Said) => {
                if !self.barge_in {
                    turn.call.keys.clear();
                }
                Next::Go(self.next.to)
            }
            // The key stays where it is: it belongs to the next input.
            (State::Playing { barge_in: true }, Input::Key) => Next::Go(self.next.to),
            _ => Next::Wait(state),
        }
    }
}
