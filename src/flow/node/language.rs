//! `language`: prompts in another language from here on.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::finding::Span;
use crate::flow::interpreter::Next;
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::Spanned;
use crate::say::Language;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageText {
    to: Spanned<String>,
    next: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct SwitchLanguage {
    to: Language,
    next: Goto,
}

impl StepKind for SwitchLanguage {
    const REFERENCE: &'static str = r#"`to` (`ru`, `en`), `next`."#;

    type Text = LanguageText;

    fn compile(text: LanguageText, _: Span, cx: &mut Cx<'_>) -> SwitchLanguage {
        SwitchLanguage { to: cx.language(&text.to), next: cx.target(&text.next) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.edge(self.next, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        turn.call.language = self.to;
        Next::Go(self.next.to)
    }
}
