//! `run` and `return`: a sub-flow with typed arguments, and the way back.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::expression::Expression;
use crate::flow::finding::{Span, suggest};
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::{ArgType, FlowIx, Goto, Target};
use crate::flow::turn::Turn;
use crate::flow::vars::{Var, Vars};
use crate::flow::yaml::{Scalar, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunText {
    flow: Spanned<String>,
    #[serde(default)]
    with: BTreeMap<Spanned<String>, Spanned<Scalar>>,
    next: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct Run {
    /// `None` only in a file with errors.
    flow: Option<FlowIx>,
    with: BTreeMap<String, (ArgType, Expression)>,
    next: Goto,
}

impl StepKind for Run {
    const REFERENCE: &'static str = r#"`run: {flow: name, with: {argument: expression}, next: target}`: the sub-flow `flow` from its first step, with all of its arguments."#;

    type Text = RunText;

    fn compile(text: RunText, _: Span, cx: &mut Cx<'_>) -> Run {
        let header = cx.flow(&text.flow);
        let mut with = BTreeMap::new();
        for (name, value) in &text.with {
            let expression = cx.expression(value);
            let Some(header) = &header else { continue };
            match header.args.get(&name.value) {
                Some(kind) => {
                    with.insert(name.value.clone(), (*kind, expression));
                }
                None => {
                    let message = format!("`{}` has no argument `{}`", text.flow.value, name.value);
                    let help = suggest(name, header.args.keys().map(String::as_str));
                    cx.error("HF054", name.at, message, help);
                }
            }
        }
        let given = |name: &str| text.with.keys().any(|key| key.as_str() == name);
        for name in header.iter().flat_map(|header| header.args.keys()).filter(|name| !given(name)) {
            let message = format!("`{}` needs the argument `{name}`", text.flow.value);
            cx.error("HF054", text.flow.at, message, format!("add `with: {{{name}: …}}`"));
        }
        Run { flow: header.map(|header| header.ix), with, next: cx.target(&text.next) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        self.with.values().for_each(|(_, value)| outline.reads.expression(value));
        outline.edge(self.next, false);
        outline.runs = self.flow;
        outline.types = self.with.values().map(|(kind, value)| (value, *kind)).collect();
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let Some(flow) = self.flow else { return Next::Go(self.next.to) };
        let vars: Vars = self
            .with
            .iter()
            .map(|(name, (kind, value))| {
                let value = turn.eval(value).unwrap_or(Var::None);
                (name.clone(), fitted(value, *kind))
            })
            .collect();
        Next::Run { flow, vars }
    }

    fn on(&self, state: State, input: Input, _: &mut Turn<'_>) -> Next {
        match input {
            Input::Returned => Next::Go(self.next.to),
            _ => Next::Wait(state),
        }
    }
}

/// An argument in its declared type; what does not fit is none.
fn fitted(value: Var, kind: ArgType) -> Var {
    match kind {
        _ if kind.fits(&value) => value,
        ArgType::Text if value != Var::None => Var::Text(value.text()),
        ArgType::Number => value.int().map_or(Var::None, Var::Int),
        ArgType::Bool => Var::Bool(value.is_true()),
        ArgType::Text => Var::None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnText {}

#[derive(Clone, Debug)]
pub struct Return {
    goto: Goto,
}

impl StepKind for Return {
    const REFERENCE: &'static str = r#"`return: {}`, or the target `return`, comes back to the step that ran the sub-flow, which goes on at its `next`."#;

    type Text = ReturnText;

    fn compile(_: ReturnText, at: Span, cx: &mut Cx<'_>) -> Return {
        let name = Spanned::new("return".to_string(), at);
        Return { goto: cx.target(&name) }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.edge(self.goto, false);
    }

    fn enter(&self, _: &mut Turn<'_>) -> Next {
        Next::Go(Target::Return)
    }
}
