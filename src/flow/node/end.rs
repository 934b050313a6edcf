//! `hangup`: ends the call.
use super::{Outline, StepKind};
use crate::cause::Cause;
use crate::flow::compile::Cx;
use crate::flow::finding::{Span, suggest};
use crate::flow::interpreter::Next;
use crate::flow::turn::Turn;
use crate::flow::yaml::Spanned;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HangupText {
    #[serde(default)]
    cause: Option<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub struct Hangup {
    cause: Cause,
}

impl StepKind for Hangup {
    const REFERENCE: &'static str = r#"`cause` (normal)."#;

    type Text = HangupText;

    fn compile(text: HangupText, _: Span, cx: &mut Cx<'_>) -> Hangup {
        let cause = text.cause.and_then(|cause| {
            let known = Cause::parse(&cause);
            if known.is_none() {
                let help = suggest(&cause, Cause::ALL.iter().map(|cause| cause.as_str()));
                cx.error("HF011", cause.at, format!("`{}` is no cause", cause.value), help);
            }
            known
        });
        Hangup { cause: cause.unwrap_or(Cause::Normal) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.is_end = true;
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        turn.hang_up(self.cause)
    }
}
