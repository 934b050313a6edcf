//! `notify`: a webhook or an e-mail. Never waits; what cannot be worked out is not sent.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::expression::Template;
use crate::flow::finding::Span;
use crate::flow::interpreter::Next;
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::Spanned;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyText {
    to: Spanned<String>,
    body: Spanned<String>,
    next: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct Notify {
    to: Template,
    body: Template,
    next: Goto,
}

impl StepKind for Notify {
    const REFERENCE: &'static str =
        r#"A webhook or an e-mail: `to`, `body` (templates), `next`. Never waits."#;

    type Text = NotifyText;

    fn compile(text: NotifyText, _: Span, cx: &mut Cx<'_>) -> Notify {
        Notify { to: cx.template(&text.to), body: cx.template(&text.body), next: cx.target(&text.next) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.reads.template(&self.to);
        outline.reads.template(&self.body);
        outline.edge(self.next, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        if let (Ok(to), Ok(body)) = (turn.render(&self.to), turn.render(&self.body)) {
            turn.out.push(Effect::Notify { to, body });
        }
        Next::Go(self.next.to)
    }
}
