//! `callback`: the caller hangs up and keeps his seat; he is called when it is his turn (rule Q9).
//!
//! ```text
//!  enter ─ number known ─▶ ReadingBack ─▶ Confirming ── 1 ──▶ Sent ─ kept ─▶ next
//!     └─ withheld ─▶ Asking ─▶ Typing ──────▲   └── 2 ──▶ Asking   └ refused ─▶ failed
//! ```
//! The seat is held all the while: an operator who answers meanwhile ends the asking.
use super::{Outline, StepKind};
use crate::digit::Digit;
use crate::flow::compile::Cx;
use crate::flow::environment::prompt;
use crate::flow::event::Effect;
use crate::flow::expression::Expression;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::{Scalar, Spanned};
use crate::ids::PromptName;
use crate::machine::Instant;
use crate::number::Number;
use crate::say::Item;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackText {
    #[serde(default)]
    number: Option<Spanned<Scalar>>,
    #[serde(default = "yes")]
    confirm: bool,
    next: Spanned<String>,
    #[serde(default)]
    failed: Option<Spanned<String>>,
}

fn yes() -> bool {
    true
}

const FIRST_KEY: Duration = Duration::from_secs(7);
const BETWEEN: Duration = Duration::from_secs(3);
const ATTEMPTS_MAX: u8 = 3;
/// ITU-T E.164: country code and all.
const DIGITS_MAX: usize = 15;
/// The shortest numbers that are dialled over a trunk.
const DIGITS_MIN: usize = 5;
/// A Russian mobile number without its leading 8 or 7.
const MOBILE_DIGITS: usize = 10;

#[derive(Clone, Debug)]
pub struct Callback {
    number: Option<Expression>,
    confirm: bool,
    next: Goto,
    failed: Goto,
    at: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackRun {
    attempts: u8,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Asking,
    Typing { until: Instant, typed: Typed },
    ReadingBack { number: Number },
    Confirming { number: Number, until: Instant },
    Sent,
}

/// Digits on their way to being a number; not shown.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Typed(String);

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Typed({} digits)", self.0.len())
    }
}

impl CallbackRun {
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Typing { until, .. } | Phase::Confirming { until, .. } => Some(until),
            Phase::Asking | Phase::ReadingBack { .. } | Phase::Sent => None,
        }
    }
}

impl StepKind for Callback {
    const REFERENCE: &'static str = r#"The caller hangs up and keeps his seat: his place, age and class. He is called when it is his turn and presses 1.

| field | default | |
|---|---|---|
| `number` | `caller.number` | an expression; a caller whose number is withheld is asked for one |
| `confirm` | true | the number is read back: 1 is right, 2 types another |
| `next` | | the seat is kept, the caller may hang up |
| `failed` | | no route to this number, it has an open callback already, or it was not confirmed; `stay` waits on |

Stands in a `while_waiting` flow, or behind an exit. It needs an outbound route; a flow that has to do without one too leads to it only
under a condition on `queue.callback`, which is true where the caller can be called back.
```yaml
  offer:
    switch: {when: [{if: queue.callback, go: call_me}], default: stay}
  call_me:
    callback: {next: thanks, failed: stay}
```"#;

    type Text = CallbackText;

    fn compile(text: CallbackText, at: Span, cx: &mut Cx<'_>) -> Callback {
        for name in prompt::CALLBACK {
            cx.prompt(&Spanned::new(name.to_string(), at));
        }
        Callback {
            number: text.number.map(|number| cx.expression(&number)),
            confirm: text.confirm,
            next: cx.target(&text.next),
            failed: cx.required(text.failed.as_ref(), "HF031", "failed", at),
            at,
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        self.number.iter().for_each(|number| outline.reads.expression(number));
        outline.dials = Some(self.at);
        outline.keys = u32::from(self.confirm);
        outline.edge(self.next, self.confirm);
        outline.edge(self.failed, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        if !turn.call.callback {
            return Next::Go(self.failed.to);
        }
        let number = match &self.number {
            Some(number) => turn.eval(number).map(|number| number.text()).unwrap_or_default(),
            None => turn.call.facts.caller.clone(),
        };
        let run = CallbackRun { attempts: 0, phase: Phase::Asking };
        match Number::parse(&number) {
            Some(number) => self.has(number, run, turn),
            None => self.ask(run, false, turn),
        }
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let State::Callback(mut run) = state else { return Next::Wait(state) };
        match (run.phase.clone(), input) {
            (Phase::Asking, Input::Said) => {
                run.phase = typing(FIRST_KEY, Typed::default(), turn);
                Next::Wait(State::Callback(run))
            }
            (Phase::Asking, Input::Key) => self.key(run, Typed::default(), turn),
            (Phase::Typing { typed, .. }, Input::Key) => self.key(run, typed, turn),
            (Phase::Typing { typed, .. }, Input::Timeout) => self.typed(run, typed, turn),
            (Phase::ReadingBack { number }, Input::Said) => {
                run.phase = Phase::Confirming { number, until: turn.now.mono + FIRST_KEY };
                Next::Wait(State::Callback(run))
            }
            (Phase::ReadingBack { number } | Phase::Confirming { number, .. }, Input::Key) => {
                turn.call.saying = None;
                match turn.call.keys.pop_front().map(Digit::as_char) {
                    Some('1') => self.send(number, run, turn),
                    Some('2' | '*') => {
                        turn.call.keys.clear();
                        self.ask(run, false, turn)
                    }
                    _ => {
                        turn.call.keys.clear();
                        run.attempts += 1;
                        self.has(number, run, turn)
                    }
                }
            }
            (Phase::Confirming { number, .. }, Input::Timeout) => {
                run.attempts += 1;
                self.has(number, run, turn)
            }
            (Phase::Sent, Input::Kept) => Next::Go(self.next.to),
            (Phase::Sent, Input::Failed) => Next::Go(self.failed.to),
            (_, _) => Next::Wait(State::Callback(run)),
        }
    }
}

impl Callback {
    fn ask(&self, mut run: CallbackRun, was_wrong: bool, turn: &mut Turn<'_>) -> Next {
        let named = |name: &str| Item::Prompt(PromptName::from(name));
        let mut items = vec![named(prompt::CALLBACK_ENTER_NUMBER)];
        if was_wrong {
            items.insert(0, named(prompt::WRONG_INPUT));
        }
        turn.say_items(items, true);
        run.phase = Phase::Asking;
        Next::Wait(State::Callback(run))
    }

    fn key(&self, mut run: CallbackRun, mut typed: Typed, turn: &mut Turn<'_>) -> Next {
        turn.call.saying = None;
        let Some(digit) = turn.call.keys.pop_front() else { return Next::Wait(State::Callback(run)) };
        match digit.as_char() {
            '#' => return self.typed(run, typed, turn),
            '*' => typed = Typed::default(),
            key => typed.0.push(key),
        }
        if typed.0.len() >= DIGITS_MAX {
            return self.typed(run, typed, turn);
        }
        run.phase = typing(BETWEEN, typed, turn);
        Next::Wait(State::Callback(run))
    }

    fn typed(&self, mut run: CallbackRun, Typed(mut digits): Typed, turn: &mut Turn<'_>) -> Next {
        if digits.len() == MOBILE_DIGITS && digits.starts_with('9') {
            digits.insert(0, '7');
        }
        match Number::parse(&digits).filter(|_| digits.len() >= DIGITS_MIN) {
            Some(number) => self.has(number, run, turn),
            None => {
                turn.call.keys.clear();
                run.attempts += 1;
                if run.attempts >= ATTEMPTS_MAX {
                    return Next::Go(self.failed.to);
                }
                self.ask(run, !digits.is_empty(), turn)
            }
        }
    }

    /// Reads the number back, if the step wants it confirmed.
    fn has(&self, number: Number, mut run: CallbackRun, turn: &mut Turn<'_>) -> Next {
        if !self.confirm {
            return self.send(number, run, turn);
        }
        if run.attempts >= ATTEMPTS_MAX {
            return Next::Go(self.failed.to);
        }
        let named = |name: &str| Item::Prompt(PromptName::from(name));
        let digits: String = number.spelled().chars().filter(char::is_ascii_digit).collect();
        let items = vec![named(prompt::CALLBACK_NUMBER), Item::Digits(digits), named(prompt::CONFIRM_KEYS)];
        turn.say_items(items, true);
        run.phase = Phase::ReadingBack { number };
        Next::Wait(State::Callback(run))
    }

    fn send(&self, number: Number, mut run: CallbackRun, turn: &mut Turn<'_>) -> Next {
        turn.hush();
        turn.out.push(Effect::Callback { number });
        run.phase = Phase::Sent;
        Next::Wait(State::Callback(run))
    }
}

fn typing(within: Duration, typed: Typed, turn: &Turn<'_>) -> Phase {
    Phase::Typing { until: turn.now.mono + within, typed }
}
