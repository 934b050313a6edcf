//! `http`: asks a service, bounded by a timeout, and keeps what it answers.
use super::{Outline, StepKind, ask};
use crate::flow::compile::Cx;
use crate::flow::event::{Effect, HttpRequest, Method};
use crate::flow::expression::{Failure, Template};
use crate::flow::finding::Span;
use crate::flow::interpreter::{Input, Next, State};
use crate::flow::model::Goto;
use crate::flow::say::SayItem;
use crate::flow::turn::Turn;
use crate::flow::vars::{TEXT_BYTES_MAX, Var};
use crate::flow::yaml::{Dur, Node, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpText {
    #[serde(default)]
    get: Option<Spanned<String>>,
    #[serde(default)]
    post: Option<Spanned<String>>,
    #[serde(default)]
    headers: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    body: Option<Spanned<String>>,
    #[serde(default)]
    timeout: Option<Spanned<Dur>>,
    #[serde(default)]
    retries: Option<Spanned<u8>>,
    #[serde(default)]
    filler: Vec<Node>,
    #[serde(default)]
    save: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    on_status: BTreeMap<Spanned<String>, Spanned<String>>,
    next: Spanned<String>,
    #[serde(default)]
    on_error: Option<Spanned<String>>,
}

const TIMEOUT: Duration = Duration::from_secs(2);
/// A caller does not wait longer for a machine than for a person's word.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);
const RETRIES: u8 = 1;
const RETRIES_MAX: u8 = 3;

#[derive(Clone, Debug)]
pub struct Http {
    method: Method,
    url: Template,
    headers: BTreeMap<String, Template>,
    body: Option<Template>,
    timeout: Duration,
    retries: u8,
    filler: Vec<SayItem>,
    /// Variable and JSON pointer.
    save: Vec<(String, String)>,
    on_status: BTreeMap<u16, Goto>,
    next: Goto,
    on_error: Goto,
}

impl StepKind for Http {
    const REFERENCE: &'static str = r#"| field | default | |
|---|---|---|
| `get` or `post` | | a template |
| `headers`, `body` | | templates |
| `timeout`, `retries` | 2s, 1 | of one attempt, at most 30s; asked again after no answer, 502, 503 and 504, at most 3 times |
| `filler` | | said when the answer takes longer than 0.6 s |
| `save` | | variable: JSON pointer, as in `{mood: /customer/mood}`; a missing or many-valued one is an error |
| `on_status` | | status: target |
| `next`, `on_error` | | any other status but 2xx is an error |

No answer within a while: the filler, or `please_wait` where there is none, so that a caller is never left in silence for 3 s."#;

    type Text = HttpText;

    fn compile(text: HttpText, at: Span, cx: &mut Cx<'_>) -> Http {
        let (method, url) = match (&text.get, &text.post) {
            (Some(url), None) => (Method::Get, url.clone()),
            (None, Some(url)) => (Method::Post, url.clone()),
            _ => {
                cx.error("HF010", at, "expected either `get` or `post`", "add `get: \"https://…\"`");
                (Method::Get, Spanned::default())
            }
        };
        let starts_well = ["http://", "https://", "{{"].iter().any(|start| url.starts_with(start));
        if !url.is_empty() && !starts_well {
            let message = format!("expected an address, got `{}`", url.value);
            cx.error("HF015", url.at, message, "write \"https://host/path?id={{ vars.id }}\"");
        }
        let timeout = match text.timeout {
            Some(timeout) if timeout.value.0 > TIMEOUT_MAX || timeout.value.0.is_zero() => {
                let message = format!("expected a timeout up to 30s, got {}", timeout.value);
                cx.error("HF015", timeout.at, message, "the default is 2s: a caller is waiting");
                TIMEOUT
            }
            Some(timeout) => timeout.value.0,
            None => TIMEOUT,
        };
        let retries = match text.retries {
            Some(retries) if retries.value > RETRIES_MAX => {
                let message = format!("expected up to {RETRIES_MAX} retries, got {}", retries.value);
                cx.error("HF015", retries.at, message, "the default is 1");
                RETRIES
            }
            Some(retries) => retries.value,
            None => RETRIES,
        };
        let mut on_status = BTreeMap::new();
        for (code, target) in &text.on_status {
            match code.parse::<u16>().ok().filter(|code| (100..600).contains(code)) {
                Some(code) => {
                    on_status.insert(code, cx.target(target));
                }
                None => cx.error(
                    "HF015",
                    code.at,
                    format!("`{}` is no HTTP status", code.value),
                    "write 404 or another status",
                ),
            }
        }
        let mut save = Vec::new();
        for (name, pointer) in &text.save {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                let message = format!("expected a JSON pointer, got `{}`", pointer.value);
                cx.error("HF015", pointer.at, message, "write it with slashes: /customer/status (RFC 6901)");
            }
            save.push((cx.variable(name), pointer.value.clone()));
        }
        Http {
            method,
            url: cx.template(&url),
            headers: text.headers.iter().map(|(name, value)| (name.clone(), cx.template(value))).collect(),
            body: text.body.map(|body| cx.template(&body)),
            timeout,
            retries,
            filler: cx.say(text.filler),
            save,
            on_status,
            next: cx.target(&text.next),
            on_error: cx.required(text.on_error.as_ref(), "HF031", "on_error", at),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.reads.template(&self.url);
        self.headers.values().chain(&self.body).for_each(|template| outline.reads.template(template));
        self.filler.iter().for_each(|item| item.reads(&mut outline.reads));
        let sets = self.save.iter().map(|(name, _)| (name.clone(), None)).collect();
        outline.edge_setting(self.next, false, sets);
        self.on_status.values().for_each(|goto| outline.edge(*goto, false));
        outline.edge(self.on_error, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let Ok((url, headers, body)) = self.render(turn) else { return Next::Go(self.on_error.to) };
        let request = turn.request();
        let (method, timeout, retries) = (self.method, self.timeout, self.retries);
        let ask = HttpRequest { method, url, headers, body, timeout, retries };
        let within = ask.within();
        turn.out.push(Effect::Http { request, ask });
        ask::wait(request, within, &self.filler, turn)
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        match ask::meanwhile(state, input, &self.filler, turn) {
            Ok(next) => next,
            Err(Input::Reply { status, body }) => self.reply(status, &body, turn),
            Err(_) => Next::Go(self.on_error.to),
        }
    }
}

impl Http {
    #[allow(clippy::type_complexity)] // the three parts of a request, used once
    fn render(&self, turn: &Turn<'_>) -> Result<(String, BTreeMap<String, String>, Option<String>), Failure> {
        let url = turn.render(&self.url)?;
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| turn.render(value).map(|value| (name.clone(), value)))
            .collect::<Result<_, _>>()?;
        let body = self.body.as_ref().map(|body| turn.render(body)).transpose()?;
        Ok((url, headers, body))
    }

    fn reply(&self, status: u16, body: &serde_json::Value, turn: &mut Turn<'_>) -> Next {
        if let Some(goto) = self.on_status.get(&status) {
            return Next::Go(goto.to);
        }
        if !(200..300).contains(&status) {
            return Next::Go(self.on_error.to);
        }
        let mut values = Vec::new();
        for (name, pointer) in &self.save {
            match body.pointer(pointer).and_then(single) {
                Some(value) => values.push((name, value)),
                None => return Next::Go(self.on_error.to),
            }
        }
        for (name, value) in values {
            turn.set(name, value);
        }
        Next::Go(self.next.to)
    }
}

/// A JSON value as a variable; lists and objects are none.
fn single(value: &serde_json::Value) -> Option<Var> {
    match value {
        serde_json::Value::Null => Some(Var::None),
        serde_json::Value::Bool(value) => Some(Var::Bool(*value)),
        serde_json::Value::Number(number) => {
            number.as_i64().map(Var::Int).or_else(|| number.as_f64().map(Var::Float))
        }
        serde_json::Value::String(text) if text.len() <= TEXT_BYTES_MAX => Some(Var::Text(text.clone())),
        _ => None,
    }
}
