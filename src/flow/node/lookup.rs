//! `lookup`: asks our own store for a payment, an agent or a subscriber.
use super::{Outline, StepKind, ask};
use crate::flow::compile::Cx;
use crate::flow::event::{Effect, Lookup as Question};
use crate::flow::expression::{Expression, Failure};
use crate::flow::finding::{Span, suggest};
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::flow::vars::Var;
use crate::flow::yaml::{Dur, Node, Scalar, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupText {
    #[serde(default)]
    payment: Option<PaymentText>,
    #[serde(default)]
    agent: Option<AgentText>,
    #[serde(default)]
    subscriber: Option<SubscriberText>,
    /// Variable: column.
    #[serde(default)]
    save: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    timeout: Option<Dur>,
    #[serde(default)]
    filler: Vec<Node>,
    next: Spanned<String>,
    #[serde(default)]
    not_found: Option<Spanned<String>>,
    #[serde(default)]
    on_error: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentText {
    number: Spanned<Scalar>,
    #[serde(default)]
    terminal: Option<Spanned<Scalar>>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentText {
    id: Spanned<Scalar>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriberText {
    number: Spanned<Scalar>,
}

const TIMEOUT: Duration = Duration::from_secs(2);
/// The columns of a row, with a value on which expressions are tried.
const PAYMENT: &[(&str, &str)] = &[
    ("number", "1000000001"),
    ("terminal", "12345"),
    ("paid_at", "2026-11-22T20:10:00Z"),
    ("amount", "1500.00"),
    ("status", "done"),
];
const AGENT: &[(&str, &str)] = &[("id", "100234"), ("name", "A. B."), ("active", "true")];
const SUBSCRIBER: &[(&str, &str)] =
    &[("number", "79160000000"), ("class", "standard"), ("name", "A. B."), ("email", "a@example.org")];

#[derive(Clone, Debug)]
enum What {
    Payment { number: Expression, terminal: Option<Expression> },
    Agent { id: Expression },
    Subscriber { number: Expression },
}

impl What {
    fn columns(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            What::Payment { .. } => PAYMENT,
            What::Agent { .. } => AGENT,
            What::Subscriber { .. } => SUBSCRIBER,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Lookup {
    what: What,
    /// Variable and column.
    save: Vec<(String, String)>,
    timeout: Duration,
    filler: Vec<SayItem>,
    next: Goto,
    not_found: Goto,
    on_error: Goto,
}

impl StepKind for Lookup {
    const REFERENCE: &'static str = r#"Asks our own store: `payment: {number, terminal}`, `agent: {id}` or `subscriber: {number}`; `save` (variable: column),
`timeout` (2s), `filler`, `next`, `not_found`, `on_error`.
Columns: payment `number terminal paid_at amount status` (`processing` or `done`); agent `id name active`; subscriber
`number class name email`."#;

    type Text = LookupText;

    fn compile(text: LookupText, at: Span, cx: &mut Cx<'_>) -> Lookup {
        let what = match (text.payment, text.agent, text.subscriber) {
            (Some(payment), None, None) => What::Payment {
                number: cx.expression(&payment.number),
                terminal: payment.terminal.map(|terminal| cx.expression(&terminal)),
            },
            (None, Some(agent), None) => What::Agent { id: cx.expression(&agent.id) },
            (None, None, Some(subscriber)) => What::Subscriber { number: cx.expression(&subscriber.number) },
            _ => {
                let help = "add one of payment: {number: …}, agent: {id: …}, subscriber: {number: …}";
                cx.error("HF010", at, "expected one thing to look up", help);
                What::Agent { id: Expression::none(at) }
            }
        };
        let mut save = Vec::new();
        for (name, column) in &text.save {
            let known = what.columns().iter().map(|(column, _)| *column);
            if !known.clone().any(|known| known == column.as_str()) {
                let message = format!("the row has no column `{}`", column.value);
                cx.error("HF011", column.at, message, suggest(column, known));
            }
            save.push((cx.variable(name), column.value.clone()));
        }
        Lookup {
            what,
            save,
            timeout: text.timeout.map_or(TIMEOUT, |timeout| timeout.0),
            filler: cx.say(text.filler),
            next: cx.target(&text.next),
            not_found: cx.required(text.not_found.as_ref(), "HF031", "not_found", at),
            on_error: cx.required(text.on_error.as_ref(), "HF031", "on_error", at),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        match &self.what {
            What::Payment { number, terminal } => {
                outline.reads.expression(number);
                terminal.iter().for_each(|terminal| outline.reads.expression(terminal));
            }
            What::Agent { id } => outline.reads.expression(id),
            What::Subscriber { number } => outline.reads.expression(number),
        }
        self.filler.iter().for_each(|item| item.reads(&mut outline.reads));
        let sample = |column: &str| {
            let (_, value) = self.what.columns().iter().find(|(known, _)| *known == column)?;
            Some(Var::Text((*value).to_string()))
        };
        let sets = self.save.iter().map(|(name, column)| (name.clone(), sample(column))).collect();
        outline.edge_setting(self.next, false, sets);
        outline.edge(self.not_found, false);
        outline.edge(self.on_error, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let Ok(what) = self.question(turn) else { return Next::Go(self.on_error.to) };
        let request = turn.request();
        turn.out.push(Effect::Lookup { request, what, timeout: self.timeout });
        ask::wait(request, self.timeout, &self.filler, turn)
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        match ask::meanwhile(state, input, &self.filler, turn) {
            Ok(next) => next,
            Err(Input::Found(row)) => {
                for (name, column) in &self.save {
                    // A column that is empty for this row is not part of it.
                    let value = row.get(column).cloned().map_or(Var::None, Var::Text);
                    turn.set(name, value);
                }
                Next::Go(self.next.to)
            }
            Err(Input::NotFound) => Next::Go(self.not_found.to),
            Err(_) => Next::Go(self.on_error.to),
        }
    }
}

impl Lookup {
    fn question(&self, turn: &Turn<'_>) -> Result<Question, Failure> {
        let text = |expression: &Expression| turn.eval(expression).map(|var| var.text());
        Ok(match &self.what {
            What::Payment { number, terminal } => Question::Payment {
                number: text(number)?,
                terminal: terminal.as_ref().map(text).transpose()?.filter(|terminal| !terminal.is_empty()),
            },
            What::Agent { id } => Question::Agent { id: text(id)? },
            What::Subscriber { number } => Question::Subscriber { number: text(number)? },
        })
    }
}
