//! `collect`: several digits, ended by a key, by their number or by a pause; checked and read back if asked for.
//!
//! ```text
//!  enter ─▶ Saying ─▶ Typing(first_key, then between) ─▶ check ─▶ ReadingBack ─▶ Confirming ─▶ next
//!             ▲──────── wrong, nothing typed, "2" ◀────────┴───────────┘   after `repeat` attempts: failed
//! ```
use super::{Outline, Reading, StepKind};
use crate::digit::Digit;
use crate::flow::compile::Cx;
use crate::flow::environment::prompt;
use crate::flow::event::Effect;
use crate::flow::expression::Expression;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::{Goto, Target};
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::flow::vars::Var;
use crate::flow::yaml::{Dur, Node, Range, Scalar, Spanned};
use crate::ids::PromptName;
use crate::machine::Instant;
use crate::say::Item;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectText {
    say: Vec<Node>,
    save: Spanned<String>,
    digits: Spanned<Scalar>,
    #[serde(default)]
    end: EndKey,
    #[serde(default)]
    first_key: Option<Dur>,
    #[serde(default)]
    between: Option<Dur>,
    #[serde(default)]
    check: Option<Spanned<Scalar>>,
    #[serde(default)]
    confirm: Option<Spanned<bool>>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    repeat: Option<Spanned<u8>>,
    next: Spanned<String>,
    #[serde(default)]
    failed: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndKey {
    #[default]
    #[serde(alias = "#")]
    Hash,
    #[serde(alias = "*")]
    Star,
    /// Only the number of digits or a pause ends the input.
    None,
}

const FIRST_KEY: Duration = Duration::from_secs(7);
const BETWEEN: Duration = Duration::from_secs(3);
const REPEAT: u8 = 3;
const REPEAT_MAX: u8 = 10;

#[derive(Clone, Debug)]
pub struct Collect {
    say: Vec<SayItem>,
    save: String,
    digits: Range,
    end: Option<Digit>,
    first_key: Duration,
    between: Duration,
    check: Option<Expression>,
    confirm: bool,
    secret: bool,
    repeat: u8,
    next: Goto,
    failed: Goto,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectRun {
    attempts: u8,
    /// What was typed so far; a [`Var`] so that it is neither shown nor, if secret, kept.
    typed: Var,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Saying,
    Typing { until: Instant },
    ReadingBack,
    Confirming { until: Instant },
}

impl Collect {
    pub fn is_secret(&self) -> bool {
        self.secret
    }
}

impl CollectRun {
    pub fn is_secret(&self) -> bool {
        matches!(self.typed, Var::Secret(_))
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Typing { until } | Phase::Confirming { until } => Some(until),
            Phase::Saying | Phase::ReadingBack => None,
        }
    }
}

impl StepKind for Collect {
    const REFERENCE: &'static str = r#"| field | default | |
|---|---|---|
| `say`, `save` | | what to type, and the variable it becomes |
| `digits` | | `n`, `min..max`, or a setting that is one of these; at most 32 |
| `end` | hash | `hash`, `star` or `none`. An end key pressed from habit after the last digit is ignored |
| `first_key`, `between` | 7s, 3s | |
| `check` | | an expression; the input is already in its variable. False: wrong input |
| `confirm` | false | reads it back: 1 is right, 2 or * types it anew |
| `secret` | false | neither logged nor journalled, only how many digits there were |
| `repeat` | 3 | attempts, 1–10 |
| `next`, `failed` | | |

`*` erases what was typed; correcting oneself uses up no attempt."#;

    type Text = CollectText;

    fn compile(text: CollectText, at: Span, cx: &mut Cx<'_>) -> Collect {
        if let Some(confirm) = &text.confirm
            && confirm.value
            && text.secret
        {
            cx.error("HF015", confirm.at, "a secret is never read back", "take `confirm` out, or `secret`");
        }
        if text.say.is_empty() {
            cx.error(
                "HF010",
                at,
                "`say` is empty: the caller would not know what to type",
                "add `say: [prompt]`",
            );
        }
        let repeat = match text.repeat {
            Some(repeat) if !(1..=REPEAT_MAX).contains(&repeat.value) => {
                let message = format!("expected 1 to {REPEAT_MAX} attempts, got {}", repeat.value);
                cx.error("HF015", repeat.at, message, "the default is 3");
                REPEAT
            }
            Some(repeat) => repeat.value,
            None => REPEAT,
        };
        Collect {
            say: cx.say(text.say),
            save: cx.variable(&text.save),
            digits: cx.digits(&text.digits),
            end: match text.end {
                EndKey::Hash => Some(Digit::HASH),
                EndKey::Star => Some(Digit::STAR),
                EndKey::None => None,
            },
            first_key: text.first_key.map_or(FIRST_KEY, |dur| dur.0),
            between: text.between.map_or(BETWEEN, |dur| dur.0),
            check: text.check.map(|check| cx.expression(&check)),
            confirm: text.confirm.is_some_and(|confirm| confirm.value),
            secret: text.secret,
            repeat,
            next: cx.target(&text.next),
            failed: cx.required(text.failed.as_ref(), "HF031", "failed", at),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.say(&self.say);
        let sample = Some(Var::Text("1".repeat(usize::from(self.digits.min))));
        if let Some(check) = &self.check {
            outline.reads.0.push((Reading::Expression(check), vec![(self.save.clone(), sample.clone())]));
        }
        outline.keys = u32::from(self.digits.max) + u32::from(self.end.is_some()) + u32::from(self.confirm);
        outline.edge_setting(self.next, true, vec![(self.save.clone(), sample)]);
        outline.edge(self.failed, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let run = CollectRun { attempts: 0, typed: self.nothing(), phase: Phase::Saying };
        if turn.call.keys.is_empty() {
            return self.ask(run, false, turn);
        }
        Next::Wait(State::Collect(CollectRun { phase: self.typing(true, turn), ..run }))
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let State::Collect(mut run) = state else { return Next::Wait(state) };
        match (run.phase, input) {
            (Phase::Saying, Input::Said) => {
                run.phase = self.typing(true, turn);
                Next::Wait(State::Collect(run))
            }
            (Phase::Saying | Phase::Typing { .. }, Input::Key) => self.key(run, turn),
            (Phase::Typing { .. }, Input::Timeout) => match run.typed.text().len() {
                0 => self.again(run, false, turn),
                n if n >= usize::from(self.digits.min) => self.typed(run, turn),
                _ => self.again(run, true, turn),
            },
            (Phase::ReadingBack, Input::Said) => {
                run.phase = Phase::Confirming { until: turn.now.mono + self.first_key };
                Next::Wait(State::Collect(run))
            }
            (Phase::ReadingBack | Phase::Confirming { .. }, Input::Key) => {
                turn.call.saying = None;
                match turn.call.keys.pop_front().map(Digit::as_char) {
                    Some('1') => self.accept(run, turn),
                    Some('2' | '*') => self.anew(run, turn),
                    _ => {
                        turn.call.keys.clear();
                        run.attempts += 1;
                        self.read_back(run, turn)
                    }
                }
            }
            (Phase::Confirming { .. }, Input::Timeout) => {
                run.attempts += 1;
                self.read_back(run, turn)
            }
            (_, _) => Next::Wait(State::Collect(run)),
        }
    }
}

impl Collect {
    fn nothing(&self) -> Var {
        if self.secret { Var::Secret(String::new()) } else { Var::Text(String::new()) }
    }

    fn typing(&self, is_first: bool, turn: &Turn<'_>) -> Phase {
        Phase::Typing { until: turn.now.mono + if is_first { self.first_key } else { self.between } }
    }

    /// Says what to type; after a wrong input, that it was wrong.
    fn ask(&self, mut run: CollectRun, was_wrong: bool, turn: &mut Turn<'_>) -> Next {
        let mut items = turn.items(&self.say);
        if was_wrong {
            items.insert(0, Item::Prompt(PromptName::from(prompt::WRONG_INPUT)));
        }
        run.typed = self.nothing();
        run.phase = if turn.say_items(items, true) { Phase::Saying } else { self.typing(true, turn) };
        Next::Wait(State::Collect(run))
    }

    fn again(&self, mut run: CollectRun, was_wrong: bool, turn: &mut Turn<'_>) -> Next {
        turn.call.keys.clear();
        run.attempts += 1;
        if run.attempts >= self.repeat {
            return self.go(self.failed.to);
        }
        self.ask(run, was_wrong, turn)
    }

    /// The caller corrects himself: no attempt is used up.
    fn anew(&self, run: CollectRun, turn: &mut Turn<'_>) -> Next {
        turn.call.keys.clear();
        self.ask(run, false, turn)
    }

    fn key(&self, mut run: CollectRun, turn: &mut Turn<'_>) -> Next {
        let Some(digit) = turn.call.keys.pop_front() else { return Next::Wait(State::Collect(run)) };
        turn.call.saying = None;
        let count = run.typed.text().len();
        if self.end == Some(digit) {
            return match count {
                0 => self.again(run, false, turn),
                n if n >= usize::from(self.digits.min) => self.typed(run, turn),
                _ => self.again(run, true, turn),
            };
        }
        if !digit.as_char().is_ascii_digit() {
            // `*` begins anew, once something is typed; any other sign is no part of a number.
            return if count > 0 { self.anew(run, turn) } else { self.again(run, true, turn) };
        }
        if let Var::Text(text) | Var::Secret(text) = &mut run.typed {
            text.push(digit.as_char());
        }
        if count + 1 < usize::from(self.digits.max) {
            run.phase = self.typing(false, turn);
            return Next::Wait(State::Collect(run));
        }
        // Complete by number: the end key, pressed from habit, is no part of the next input.
        if let Some(end) = self.end {
            if turn.call.keys.front() == Some(&end) {
                turn.call.keys.pop_front();
            } else if turn.call.keys.is_empty() {
                turn.call.stray = Some((end, turn.now.mono + self.between));
            }
        }
        self.typed(run, turn)
    }

    /// All digits are there.
    fn typed(&self, run: CollectRun, turn: &mut Turn<'_>) -> Next {
        if let Some(check) = &self.check {
            let before = turn.set(&self.save, run.typed.clone());
            let verdict = turn.eval(check);
            match before {
                Some(before) => turn.set(&self.save, before),
                None => turn.unset(&self.save),
            };
            match verdict {
                Ok(verdict) if verdict.is_true() => {}
                Ok(_) => return self.again(run, true, turn),
                Err(_) => return self.go(self.failed.to),
            }
        }
        if self.confirm { self.read_back(run, turn) } else { self.accept(run, turn) }
    }

    fn read_back(&self, mut run: CollectRun, turn: &mut Turn<'_>) -> Next {
        if run.attempts >= self.repeat {
            return self.go(self.failed.to);
        }
        let named = |name: &str| Item::Prompt(PromptName::from(name));
        let items =
            vec![named(prompt::YOU_ENTERED), Item::Digits(run.typed.text()), named(prompt::CONFIRM_KEYS)];
        turn.say_items(items, true);
        run.phase = Phase::ReadingBack;
        Next::Wait(State::Collect(run))
    }

    fn accept(&self, run: CollectRun, turn: &mut Turn<'_>) -> Next {
        turn.out.push(match self.secret {
            true => Effect::SecretTaken { count: run.typed.text().len() },
            false => Effect::Typed { name: self.save.clone(), digits: run.typed.text() },
        });
        turn.set(&self.save, run.typed);
        self.go(self.next.to)
    }

    fn go(&self, to: Target) -> Next {
        Next::Go(to)
    }
}
