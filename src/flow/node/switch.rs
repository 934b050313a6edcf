//! `switch`: branches by a value's cases, or by conditions in their order.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::expression::Expression;
use crate::flow::finding::Span;
use crate::flow::interpreter::Next;
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::{Scalar, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchText {
    #[serde(default)]
    value: Option<Spanned<Scalar>>,
    #[serde(default)]
    cases: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    when: Vec<WhenText>,
    #[serde(default)]
    default: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenText {
    #[serde(rename = "if")]
    condition: Spanned<Scalar>,
    go: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct Switch {
    by: By,
    default: Goto,
}

#[derive(Clone, Debug)]
enum By {
    Value { value: Expression, cases: BTreeMap<String, Goto> },
    Conditions(Vec<(Expression, Goto)>),
}

impl StepKind for Switch {
    const REFERENCE: &'static str =
        r#"`value` with `cases: {text: target}`, or `when: [{if: expression, go: target}]`; and `default`."#;

    type Text = SwitchText;

    fn compile(text: SwitchText, at: Span, cx: &mut Cx<'_>) -> Switch {
        let by = match (&text.value, text.when.is_empty()) {
            (Some(value), true) if !text.cases.is_empty() => By::Value {
                value: cx.expression(value),
                cases: text.cases.iter().map(|(case, target)| (case.clone(), cx.target(target))).collect(),
            },
            (None, false) if text.cases.is_empty() => By::Conditions(
                text.when.iter().map(|when| (cx.expression(&when.condition), cx.target(&when.go))).collect(),
            ),
            _ => {
                let help = "write `value` with `cases`, or `when: [{if: …, go: …}]`, and not both";
                cx.error("HF010", at, "expected cases or conditions to branch by", help);
                By::Conditions(Vec::new())
            }
        };
        Switch { by, default: cx.required(text.default.as_ref(), "HF031", "default", at) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        match &self.by {
            By::Value { value, cases } => {
                outline.reads.expression(value);
                cases.values().for_each(|goto| outline.edge(*goto, false));
            }
            By::Conditions(conditions) => {
                for (condition, goto) in conditions {
                    outline.reads.expression(condition);
                    outline.guards.push((outline.edges.len(), condition));
                    outline.edge(*goto, false);
                }
            }
        }
        outline.edge(self.default, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let hit = match &self.by {
            By::Value { value, cases } => turn.eval(value).ok().and_then(|value| cases.get(&value.text())),
            By::Conditions(conditions) => conditions
                .iter()
                .find(|(condition, _)| matches!(turn.eval(condition), Ok(value) if value.is_true()))
                .map(|(_, goto)| goto),
        };
        Next::Go(hit.unwrap_or(&self.default).to)
    }
}
