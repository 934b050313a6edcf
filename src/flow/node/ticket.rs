//! `ticket`: opens a case; its number is then a variable that can be said.
use super::{Outline, StepKind, ask};
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::expression::Expression;
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::vars::Var;
use crate::flow::yaml::{Scalar, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketText {
    topic: Spanned<String>,
    #[serde(default)]
    fields: BTreeMap<String, Spanned<Scalar>>,
    #[serde(default)]
    save: Option<Spanned<String>>,
    next: Spanned<String>,
    #[serde(default)]
    on_error: Option<Spanned<String>>,
}

/// Our own store writes a row in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub struct Ticket {
    topic: String,
    fields: BTreeMap<String, Expression>,
    save: Option<String>,
    next: Goto,
    on_error: Goto,
}

impl StepKind for Ticket {
    const REFERENCE: &'static str =
        r#"`topic`, `fields: {name: expression}`, `save` (the ticket's number), `next`, `on_error`."#;

    type Text = TicketText;

    fn compile(text: TicketText, at: Span, cx: &mut Cx<'_>) -> Ticket {
        cx.name(&text.topic, "the name of a topic");
        Ticket {
            topic: text.topic.value,
            fields: text.fields.iter().map(|(name, value)| (name.clone(), cx.expression(value))).collect(),
            save: text.save.map(|save| cx.variable(&save)),
            next: cx.target(&text.next),
            on_error: cx.required(text.on_error.as_ref(), "HF031", "on_error", at),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        self.fields.values().for_each(|field| outline.reads.expression(field));
        let sets = self.save.iter().map(|name| (name.clone(), Some(Var::Text("1042".into())))).collect();
        outline.edge_setting(self.next, false, sets);
        outline.edge(self.on_error, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let fields: Result<BTreeMap<String, String>, _> = self
            .fields
            .iter()
            .map(|(name, value)| turn.eval(value).map(|value| (name.clone(), value.text())))
            .collect();
        let Ok(fields) = fields else { return Next::Go(self.on_error.to) };
        let request = turn.request();
        turn.out.push(Effect::OpenTicket { request, topic: self.topic.clone(), fields });
        ask::wait(request, TIMEOUT, &[], turn)
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        match ask::meanwhile(state, input, &[], turn) {
            Ok(next) => next,
            Err(Input::Ticket(number)) => {
                if let Some(save) = &self.save {
                    turn.set(save, Var::Text(number));
                }
                Next::Go(self.next.to)
            }
            Err(_) => Next::Go(self.on_error.to),
        }
    }
}
