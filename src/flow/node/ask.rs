//! Waiting for an answer from outside (`http`, `lookup`, `ticket`) without leaving the caller in silence.
//!
//! A quick answer is followed by what it leads to and nothing else is said. A slow one is covered by the step's
//! `filler`, or by "please wait" where there is none. No answer at all is a failure, in any case.
use crate::flow::environment::prompt;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::ids::{PromptName, RequestId};
use crate::machine::{Instant, earlier};
use crate::say::Item;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An answer within this time needs no words; the filler then starts within the first second.
const FILLER_AFTER: Duration = Duration::from_millis(600);
/// The longest silence between two fillers, or before the first where the step names none; below the 3 s after which
/// callers believe that the line is dead.
const SILENCE_MAX: Duration = Duration::from_millis(2500);
/// For an answer that crosses its own deadline on the way to us.
const GRACE: Duration = Duration::from_millis(250);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskRun {
    pub request: RequestId,
    /// No answer by then is a failure.
    give_up: Instant,
    /// When the silence gets too long; `None` while something is being said.
    speak: Option<Instant>,
}

impl AskRun {
    pub fn deadline(&self) -> Option<Instant> {
        earlier(Some(self.give_up), self.speak)
    }
}

/// Begins to wait for `request`.
pub fn wait(request: RequestId, timeout: Duration, filler: &[SayItem], turn: &mut Turn<'_>) -> Next {
    let now = turn.now.mono;
    let speak = now + if filler.is_empty() { SILENCE_MAX } else { FILLER_AFTER };
    Next::Wait(State::Asking(AskRun { request, give_up: now + timeout + GRACE, speak: Some(speak) }))
}

/// Handles everything but the answer. `Err`: the answer, or the failure, is the step's business.
pub fn meanwhile(state: State, input: Input, filler: &[SayItem], turn: &mut Turn<'_>) -> Result<Next, Input> {
    let State::Asking(mut run) = state else { return Ok(Next::Wait(state)) };
    match input {
        Input::Timeout if turn.now.mono >= run.give_up => return Err(Input::Failed),
        Input::Timeout => {
            let mut items = turn.items(filler);
            if items.is_empty() {
                items.push(Item::Prompt(PromptName::from(prompt::PLEASE_WAIT)));
            }
            // Keys do not stop it: they are kept for the step behind.
            turn.say_items(items, false);
            run.speak = None;
        }
        Input::Said => run.speak = Some(turn.now.mono + SILENCE_MAX),
        Input::Key => {}
        answer => return Err(answer),
    }
    Ok(Next::Wait(State::Asking(run)))
}
