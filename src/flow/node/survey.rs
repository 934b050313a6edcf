//! `survey`: one question, answered by a key from 1 to 5. It keeps nobody: silence goes on, and so does any other key.
use super::{Outline, StepKind};
use crate::digit::Digit;
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::expression::Expression;
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
pub struct SurveyText {
    say: Vec<Node>,
    #[serde(default)]
    r#if: Option<Spanned<Scalar>>,
    #[serde(default)]
    once_per: Option<Spanned<Dur>>,
    next: Spanned<String>,
}

/// Who has not answered by then does not want to.
const ANSWER: Duration = Duration::from_secs(7);
/// For so long it is remembered who was asked.
pub const ONCE_PER_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

#[derive(Clone, Debug)]
pub struct Survey {
    say: Vec<SayItem>,
    condition: Option<Expression>,
    once_per: Option<Duration>,
    next: Goto,
}

/// `None` while the question is being said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SurveyRun {
    until: Option<Instant>,
}

impl SurveyRun {
    pub fn deadline(&self) -> Option<Instant> {
        self.until
    }
}

impl StepKind for Survey {
    const REFERENCE: &'static str = r#"| field | default | |
|---|---|---|
| `say` | | the question; keys 1 to 5 answer it, silence of 7 s and any other key go on |
| `if` | always | an expression |
| `once_per` | | nobody with a number is asked again within this time, at most `2160h` |
| `next` | | |

Best behind `queue.answered`. The score stands in the call's story (`survey`)."#;

    type Text = SurveyText;

    fn compile(text: SurveyText, at: Span, cx: &mut Cx<'_>) -> Survey {
        if text.say.is_empty() {
            cx.error("HF010", at, "`say` is empty: there is no question", "add `say: [prompt]`");
        }
        if let Some(once_per) = text.once_per.as_ref().filter(|once| once.value.0 > ONCE_PER_MAX) {
            let message = format!("expected at most 2160h, got {}", once_per.value);
            cx.error("HF015", once_per.at, message, "for 90 days it is remembered who was asked");
        }
        Survey {
            say: cx.say(text.say),
            condition: text.r#if.map(|condition| cx.expression(&condition)),
            once_per: text.once_per.map(|once| once.value.0),
            next: cx.target(&text.next),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.say(&self.say);
        self.condition.iter().for_each(|condition| outline.reads.expression(condition));
        outline.edge(self.next, false);
        outline.keys = 1;
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let is_wished = self
            .condition
            .as_ref()
            .is_none_or(|condition| matches!(turn.eval(condition), Ok(var) if var.is_true()));
        let last = turn.call.surveyed.zip(self.once_per);
        let now = turn.now.wall.as_millis();
        let was_asked =
            last.is_some_and(|(at, once)| u128::from(now.abs_diff(at.as_millis())) < once.as_millis());
        if !is_wished || was_asked {
            return Next::Go(self.next.to);
        }
        // Keys from before the question are no answer to it.
        turn.call.keys.clear();
        match turn.say(&self.say, true) {
            true => {
                turn.call.surveyed = Some(turn.now.wall);
                turn.out.push(Effect::Surveyed { score: None });
                Next::Wait(State::Survey(SurveyRun::default()))
            }
            false => Next::Go(self.next.to),
        }
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let State::Survey(_) = state else { return Next::Wait(state) };
        match input {
            Input::Said => Next::Wait(State::Survey(SurveyRun { until: Some(turn.now.mono + ANSWER) })),
            Input::Timeout => Next::Go(self.next.to),
            Input::Key => {
                let key = turn.call.keys.pop_front().map(Digit::as_char);
                let score = key.and_then(|key| key.to_digit(10)).filter(|score| (1..=5).contains(score));
                if let Some(score) = score {
                    turn.out.push(Effect::Surveyed { score: Some(score as u8) });
                }
                turn.hush();
                Next::Go(self.next.to)
            }
            _ => Next::Wait(state),
        }
    }
}
