//! `transfer`: connects the caller with a number or URI on the outbound allow-list.
use super::{Outline, StepKind};
use crate::cause::Cause;
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::expression::Template;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::{Dur, Spanned};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferText {
    to: Spanned<String>,
    #[serde(default)]
    timeout: Option<Dur>,
    #[serde(default)]
    answered: Option<Spanned<String>>,
    #[serde(default)]
    failed: Option<Spanned<String>>,
}

const TIMEOUT: Duration = Duration::from_secs(20);
/// For a `TransferFailed` on its way to us.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Transfer {
    to: Template,
    timeout: Duration,
    answered: Option<Goto>,
    failed: Goto,
}

impl StepKind for Transfer {
    const REFERENCE: &'static str =
        r#"`to` (template; on the outbound allow-list), `timeout` (20s), `answered` (hangs up), `failed`."#;

    type Text = TransferText;

    fn compile(text: TransferText, at: Span, cx: &mut Cx<'_>) -> Transfer {
        if !cx.env.outbound {
            let help = "set outbound: {trunk: …, allow: […]} in config.yaml, or take the step out";
            cx.error("HF056", text.to.at, "a transfer needs an outbound route, and there is none", help);
        }
        Transfer {
            to: cx.template(&text.to),
            timeout: text.timeout.map_or(TIMEOUT, |timeout| timeout.0),
            answered: text.answered.map(|answered| cx.target(&answered)),
            failed: cx.required(text.failed.as_ref(), "HF031", "failed", at),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.reads.template(&self.to);
        if let Some(answered) = self.answered {
            outline.edge(answered, true);
        }
        outline.edge(self.failed, false);
        outline.is_end = true;
        outline.is_person = true;
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        turn.leave_queue();
        let Ok(to) = turn.render(&self.to) else { return Next::Go(self.failed.to) };
        turn.hush();
        turn.call.keys.clear();
        turn.out.push(Effect::Transfer { to, timeout: self.timeout });
        Next::Wait(State::Transferring { until: turn.now.mono + self.timeout + GRACE })
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        match (&state, input) {
            (State::Transferring { .. }, Input::Failed | Input::Timeout) => Next::Go(self.failed.to),
            (_, Input::TalkEnded) => match self.answered {
                Some(goto) => Next::Go(goto.to),
                None => turn.hang_up(Cause::Normal),
            },
            _ => Next::Wait(state),
        }
    }
}
