//! `menu`: one key chooses.
//!
//! ```text
//!  enter ─▶ Saying ──heard──▶ Listening(first_key) ──nothing──▶ fault: say, then again / elsewhere
//!             └── key ─────────────┴── key ─▶ its target           after `repeat` attempts: exhausted
//!  every:   Saying ──heard──▶ Resting(every) ─▶ Saying …           (in a while_waiting flow)
//! ```
use super::{FaultWay, Outline, StepKind, fault_way, key};
use crate::digit::Digit;
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::{Goto, Target};
use crate::flow::say::SayItem;
use crate::flow::turn::{SAY_MAX, Turn};
use crate::flow::yaml::{Dur, Node, Scalar, Spanned, Value};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuText {
    #[serde(default)]
    say: Vec<Node>,
    #[serde(default)]
    short: Option<Vec<Node>>,
    keys: Node,
    #[serde(default)]
    first_key: Option<Spanned<Dur>>,
    #[serde(default)]
    repeat: Option<Spanned<u8>>,
    #[serde(default)]
    invalid: Option<Node>,
    #[serde(default)]
    timeout: Option<Node>,
    #[serde(default)]
    exhausted: Option<Spanned<String>>,
    #[serde(default)]
    every: Option<Spanned<Dur>>,
}

/// From the end of the prompt to the first key (the table's default).
const FIRST_KEY: Duration = Duration::from_secs(7);
const REPEAT: u8 = 3;
/// More attempts than any caller has patience.
const REPEAT_MAX: u8 = 10;
const EVERY: Duration = Duration::from_secs(60);
/// How soon a wait that must be quiet now asks again.
const QUIET_FOR: Duration = Duration::from_secs(1);
/// Between looking and looking where there are no announcements.
const NEVER: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug)]
pub struct Menu {
    say: Vec<SayItem>,
    short: Option<Vec<SayItem>>,
    keys: BTreeMap<Digit, Goto>,
    first_key: Duration,
    repeat: u8,
    /// `None` only in a `while_waiting` flow: ignored.
    invalid: Option<FaultWay>,
    timeout: Option<FaultWay>,
    exhausted: Goto,
    /// In a `while_waiting` flow: said again after some time, for as long as it takes.
    every: Option<Every>,
}

/// When the menu of a wait is said again.
#[derive(Clone, Copy, Debug)]
enum Every {
    Own(Duration),
    /// After the queue's `announce_every`.
    OfQueue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MenuRun {
    /// Attempts that led to nothing.
    attempts: u8,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Saying,
    Listening {
        until: Instant,
    },
    /// Saying what was wrong, before `then`.
    Correcting {
        then: Target,
    },
    /// Silent between two hearings; keys act.
    Resting {
        until: Instant,
    },
}

impl MenuRun {
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Listening { until } | Phase::Resting { until } => Some(until),
            Phase::Saying | Phase::Correcting { .. } => None,
        }
    }
}

impl StepKind for Menu {
    const REFERENCE: &'static str = r#"| field | default | |
|---|---|---|
| `say` | | the full text |
| `short` | | from the second hearing in the call on |
| `keys` | | key: target |
| `first_key` | 7s | from the end of the text |
| `repeat` | 3 | attempts that may fail, 1–10 |
| `invalid`, `timeout` | | a target, or `{say: […], go: target}` |
| `exhausted` | | after `repeat` failed attempts; best a person |
| `every` | the queue's `announce_every` | only in a `while_waiting` flow, see `queue` |

A caller's own `repeat` key uses up no attempt."#;

    type Text = MenuText;

    fn compile(text: MenuText, at: Span, cx: &mut Cx<'_>) -> Menu {
        let waits = cx.header.waits;
        let mut keys = BTreeMap::new();
        match text.keys.value {
            Value::Map(entries) => {
                for (name, target) in entries {
                    let Value::Scalar { text: name_text, quoted } = name.value else { continue };
                    let name = Spanned::new(Scalar { text: name_text, quoted }, name.at);
                    let digit = key(&name, cx);
                    let Some(target_text) = target.as_text() else {
                        let message = format!("expected a step, got {}", target.describe());
                        cx.error("HF006", target.at, message, "write the name of a step, or repeat");
                        continue;
                    };
                    let target = Spanned::new(target_text.to_string(), target.at);
                    let goto = cx.target(&target);
                    if let Some(digit) = digit
                        && keys.insert(digit, goto).is_some()
                    {
                        let message = format!("key {digit} is used twice, in two spellings");
                        cx.error("HF004", name.at, message, "remove one of the two");
                    }
                }
            }
            _ => cx.error(
                "HF006",
                text.keys.at,
                "expected keys and their steps",
                "write {\"1\": step, star: repeat}",
            ),
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
        if let Some(every) = &text.every {
            if !waits {
                cx.error(
                    "HF028",
                    every.at,
                    "`every` has no meaning here: nobody waits in this flow",
                    "take it out, or use the flow as `while_waiting`",
                );
            } else if every.value.0 < Duration::from_secs(5) {
                cx.error(
                    "HF015",
                    every.at,
                    "expected at least 5s between two hearings",
                    "the default is 60s",
                );
            }
        }
        if text.say.is_empty() && !waits {
            cx.error("HF010", at, "`say` is missing: the caller would hear nothing", "add `say: [prompt]`");
        }
        let mut way = |node: Option<Node>, name: &str| match node {
            Some(node) => fault_way(node, cx),
            None if waits => None,
            None => {
                let message = format!("the menu has no `{name}` way out");
                cx.error(
                    "HF030",
                    at,
                    message,
                    format!("add `{name}: {{say: […], go: repeat}}` or `{name}: repeat`"),
                );
                None
            }
        };
        let invalid = way(text.invalid, "invalid");
        let timeout = way(text.timeout, "timeout");
        let exhausted = match &text.exhausted {
            Some(name) => cx.target(name),
            None if waits => Goto { to: Target::Stay, at },
            None => {
                cx.error(
                    "HF030",
                    at,
                    "the menu has no `exhausted` way out",
                    "add `exhausted: <step>`, best one that leads to a person",
                );
                Goto { to: Target::Return, at }
            }
        };
        Menu {
            say: cx.say(text.say),
            short: text.short.map(|short| cx.say(short)),
            keys,
            first_key: text.first_key.map_or(FIRST_KEY, |first_key| first_key.value.0),
            repeat,
            invalid,
            timeout,
            exhausted,
            every: match text.every {
                Some(every) => Some(Every::Own(every.value.0)),
                None => waits.then_some(Every::OfQueue),
            },
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.say(&self.say);
        if let Some(short) = &self.short {
            short.iter().for_each(|item| item.reads(&mut outline.reads));
        }
        outline.keys = 1;
        for goto in self.keys.values() {
            match goto.to {
                Target::Repeat => outline.again.push(*goto),
                _ => outline.edge(*goto, true),
            }
        }
        for way in [&self.invalid, &self.timeout].into_iter().flatten() {
            way.say.iter().for_each(|item| item.reads(&mut outline.reads));
            match way.go.to {
                Target::Repeat => outline.again.push(way.go),
                _ => outline.edge(way.go, false),
            }
        }
        outline.edge(self.exhausted, false);
        outline.is_end = self.every.is_some();
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let mut run = MenuRun { attempts: 0, phase: Phase::Saying };
        if turn.call.keys.is_empty() {
            if self.must_wait(turn) {
                run.phase = Phase::Resting { until: turn.now.mono };
                return Next::Wait(State::Menu(run));
            }
            return self.say(run, turn);
        }
        // Typed ahead: the key acts at once and nothing is said.
        run.phase = Phase::Listening { until: turn.now.mono + self.first_key };
        Next::Wait(State::Menu(run))
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let State::Menu(mut run) = state else { return Next::Wait(state) };
        match (run.phase, input) {
            (Phase::Correcting { then }, Input::Key) if then != Target::Repeat => Next::Go(then),
            (_, Input::Key) => self.key(run, turn),
            (Phase::Saying, Input::Said) => {
                run.phase = self.after_words(turn);
                Next::Wait(State::Menu(run))
            }
            (Phase::Correcting { then }, Input::Said) => self.go(run, then, turn),
            (Phase::Listening { .. }, Input::Timeout) => {
                turn.out.push(Effect::MenuSilence);
                self.fault(run, self.timeout.as_ref(), turn)
            }
            (Phase::Resting { .. }, Input::Timeout) if self.is_quiet(turn) => {
                let again = if self.pause(turn) == NEVER { NEVER } else { QUIET_FOR };
                run.phase = Phase::Resting { until: turn.now.mono + again };
                Next::Wait(State::Menu(run))
            }
            (Phase::Resting { .. }, Input::Timeout) => {
                run.attempts += 1;
                if run.attempts < self.repeat {
                    return self.say(run, turn);
                }
                run.attempts = 0;
                match self.exhausted.to {
                    // Staying means: for as long as the wait takes.
                    Target::Stay | Target::Repeat => self.say(run, turn),
                    elsewhere => Next::Go(elsewhere),
                }
            }
            (_, _) => Next::Wait(State::Menu(run)),
        }
    }
}

impl Menu {
    /// Silent between two hearings; keys act.
    pub fn resting(&self, turn: &Turn<'_>) -> MenuRun {
        MenuRun { attempts: 0, phase: Phase::Resting { until: turn.now.mono + self.pause(turn) } }
    }

    fn pause(&self, turn: &Turn<'_>) -> Duration {
        let of_queue = turn.call.standing.and_then(|standing| standing.every);
        match (self.every, of_queue) {
            (Some(Every::Own(every)), _) => every,
            (Some(Every::OfQueue), Some(Duration::ZERO)) => NEVER,
            (Some(Every::OfQueue), Some(every)) => every,
            (Some(Every::OfQueue) | None, _) => EVERY,
        }
    }

    fn after_words(&self, turn: &Turn<'_>) -> Phase {
        match self.every {
            Some(_) => Phase::Resting { until: turn.now.mono + self.pause(turn) },
            None => Phase::Listening { until: turn.now.mono + self.first_key },
        }
    }

    /// A seat that was taken in this very step: what is to be said of it is not known yet.
    fn must_wait(&self, turn: &Turn<'_>) -> bool {
        self.every.is_some()
            && turn.call.seat.is_some()
            && turn.call.standing.is_none_or(|_| self.is_quiet(turn))
    }

    /// Whether nothing may be said of its own accord (rule Q8).
    fn is_quiet(&self, turn: &Turn<'_>) -> bool {
        let Some(standing) = turn.call.standing.filter(|_| turn.call.seat.is_some()) else { return false };
        let is_off = matches!(self.every, Some(Every::OfQueue)) && standing.every == Some(Duration::ZERO);
        self.every.is_some() && (standing.is_quiet || is_off)
    }

    fn say(&self, mut run: MenuRun, turn: &mut Turn<'_>) -> Next {
        let again = turn.heard_before();
        let items = match &self.short {
            Some(short) if again => short,
            _ => &self.say,
        };
        run.phase = if turn.say(items, true) { Phase::Saying } else { self.after_words(turn) };
        Next::Wait(State::Menu(run))
    }

    fn key(&self, run: MenuRun, turn: &mut Turn<'_>) -> Next {
        let Some(digit) = turn.call.keys.pop_front() else { return Next::Wait(State::Menu(run)) };
        // A text that is being said now began `SAY_MAX` before it counts as heard in any case.
        let after =
            turn.call.saying.take().map(|(_, until)| SAY_MAX.saturating_sub(until.since(turn.now.mono)));
        let wrong = !self.keys.contains_key(&digit);
        turn.out.push(Effect::MenuKey { wrong, after });
        match self.keys.get(&digit) {
            Some(goto) => self.go(run, goto.to, turn),
            None => {
                // What was typed behind a wrong key was meant for another place.
                turn.call.keys.clear();
                self.fault(run, self.invalid.as_ref(), turn)
            }
        }
    }

    fn fault(&self, mut run: MenuRun, way: Option<&FaultWay>, turn: &mut Turn<'_>) -> Next {
        let Some(way) = way else {
            // Only in a while_waiting flow: nothing is said about it.
            return Next::Wait(State::Menu(self.resting(turn)));
        };
        run.attempts += 1;
        if run.attempts >= self.repeat && way.go.to == Target::Repeat {
            return self.go(run, self.exhausted.to, turn);
        }
        if turn.say(&way.say, true) {
            run.phase = Phase::Correcting { then: way.go.to };
            return Next::Wait(State::Menu(run));
        }
        self.go(run, way.go.to, turn)
    }

    fn go(&self, run: MenuRun, to: Target, turn: &mut Turn<'_>) -> Next {
        match to {
            Target::Repeat => self.say(run, turn),
            Target::Stay => Next::Wait(State::Menu(self.resting(turn))),
            elsewhere => Next::Go(elsewhere),
        }
    }
}
