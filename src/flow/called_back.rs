//! A person who is called back (rule Q9): is he there, or is it his voicemail? Only a key says so.
//!
//! ```text
//!  picked up ─▶ greeting ─▶ listening 7 s ─▶ greeting ─▶ listening ─▶ not reached
//!                  └────────── 1 ──────────┴──────── 1 ────┴──▶ waits in his queue, next
//! ```
use super::environment::prompt;
use super::event::Effect;
use super::interpreter::{Input, Next, State};
use super::node::Kind;
use super::turn::Turn;
use crate::cause::Cause;
use crate::ids::PromptName;
use crate::machine::Instant;
use crate::say::Item;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const FIRST_KEY: Duration = Duration::from_secs(7);
/// A person may have missed the beginning; a voicemail listens for ever.
const GREETINGS_MAX: u8 = 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledBack {
    greetings: u8,
    until: Option<Instant>,
}

impl CalledBack {
    pub fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// `kind` is the step in which he had waited.
    pub fn on(mut self, input: Input, kind: &Kind, turn: &mut Turn<'_>) -> Next {
        match input {
            Input::Returned => self.greet(turn),
            Input::Said => {
                self.until = Some(turn.now.mono + FIRST_KEY);
                Next::Wait(State::CalledBack(self))
            }
            Input::Timeout if self.greetings < GREETINGS_MAX => self.greet(turn),
            Input::Timeout => turn.hang_up(Cause::NotReached),
            Input::Key => match turn.call.keys.pop_front().map(|key| key.as_char()) {
                Some('1') => {
                    turn.hush();
                    turn.call.keys.clear();
                    turn.out.push(Effect::CallbackConfirmed);
                    match kind {
                        Kind::Queue(queue) => queue.wait(turn),
                        _ => turn.hang_up(Cause::Internal),
                    }
                }
                // The key has stopped the greeting, or came after it.
                _ => {
                    turn.call.saying = None;
                    self.until = Some(turn.now.mono + FIRST_KEY);
                    Next::Wait(State::CalledBack(self))
                }
            },
            _ => Next::Wait(State::CalledBack(self)),
        }
    }

    fn greet(mut self, turn: &mut Turn<'_>) -> Next {
        self.greetings += 1;
        self.until = None;
        turn.say_items(vec![Item::Prompt(PromptName::from(prompt::CALLBACK_GREETING))], true);
        Next::Wait(State::CalledBack(self))
    }
}
