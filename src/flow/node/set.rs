//! `set`: variables from expressions. All are worked out before any is set.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::expression::Expression;
use crate::flow::finding::Span;
use crate::flow::interpreter::Next;
use crate::flow::model::{Goto, Target};
use crate::flow::turn::Turn;
use crate::flow::vars::Var;
use crate::flow::yaml::{Scalar, Spanned};
use std::collections::BTreeMap;

pub type SetText = BTreeMap<Spanned<String>, Spanned<Scalar>>;

#[derive(Clone, Debug)]
pub struct Set {
    values: BTreeMap<String, Expression>,
    next: Goto,
}

impl StepKind for Set {
    const REFERENCE: &'static str =
        r#"`{name: expression, …, next: target}`. All are worked out before any is set."#;

    type Text = SetText;

    fn compile(mut text: SetText, at: Span, cx: &mut Cx<'_>) -> Set {
        let next = match text.remove(&Spanned::new("next".to_string(), at)) {
            Some(next) => {
                let name = Spanned::new(next.text.clone(), next.at);
                cx.target(&name)
            }
            None => {
                cx.error("HF010", at, "key `next` is missing", "add `next: <step>` beside the variables");
                Goto { to: Target::Return, at }
            }
        };
        let mut values = BTreeMap::new();
        for (name, value) in &text {
            values.insert(cx.variable(name), cx.expression(value));
        }
        Set { values, next }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        self.values.values().for_each(|value| outline.reads.expression(value));
        let sets = self.values.iter().map(|(name, value)| (name.clone(), constant(value))).collect();
        outline.edge_setting(self.next, false, sets);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let values: Vec<(&String, Var)> =
            self.values.iter().map(|(name, value)| (name, turn.eval(value).unwrap_or(Var::None))).collect();
        for (name, value) in values {
            turn.set(name, value);
        }
        Next::Go(self.next.to)
    }
}

/// The value of an expression that reads nothing: its own best sample.
fn constant(expression: &Expression) -> Option<Var> {
    if !expression.reads().is_empty() {
        return None;
    }
    let facts = super::sample_facts();
    expression.eval(&crate::flow::check::sample::scope(super::no_vars(), super::no_vars(), &facts)).ok()
}
