//! Queues, calls, operators and subscribers: reading them from the view, changing them through the control thread.
//! Every change leaves a line in the audit trail.
use super::App;
use super::body::{Body, Params};
use super::desk::{AuditLine, Role, Story};
use super::guard::Caller;
use super::problem::Problem;
use super::reason::Reason;
use crate::call::CallEvent;
use crate::class::Class;
use crate::clock::{Clock, Zone};
use crate::ids::{CallId, OperatorId};
use crate::number::Number;
use crate::queue::Choice;
use crate::switchboard::view::{CallView, OperatorView, QueueView};
use crate::switchboard::{Admin, Outcome, View};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How long an answer waits for the view to show what was asked for.
const VIEW_PATIENCE: Duration = Duration::from_millis(500);
/// A reason for a break is a word or two on a board.
const REASON_CHARS_MAX: usize = 64;
/// What a break is called when nobody said why.
const REASON_DEFAULT: &str = "break";

/// Everything that people see, at one moment.
pub async fn view(State(app): State<App>) -> Json<View> {
    Json(View::clone(&now(&app)))
}

pub async fn queues(State(app): State<App>) -> Json<Vec<QueueView>> {
    Json(now(&app).queues.clone())
}

pub async fn queue(State(app): State<App>, Path(name): Path<String>) -> Result<Json<QueueView>, Problem> {
    let view = now(&app);
    let queue = view.queues.iter().find(|queue| queue.name == name).cloned();
    queue.map(Json).ok_or_else(|| {
        let known: Vec<_> = view.queues.iter().map(|queue| queue.name.as_str()).collect();
        Problem::not_found(format!("no queue has this name; there are: {}", known.join(", ")))
    })
}

pub async fn calls(State(app): State<App>) -> Json<Vec<CallView>> {
    Json(now(&app).calls.clone())
}

/// A call that is on, or its record: the same keys, `stage` is `ended`; and its story.
pub async fn call(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let id = call_id(&id)?;
    let view = now(&app);
    let live = view.calls.iter().find(|call| call.id == id);
    let story = app.desk.story(id).await?;
    if live.is_none() && story.is_none() {
        return Err(no_such_call());
    }
    Ok(Json(detail(id, live, story, app.desk.zone())))
}

/// A SIP message of a call.
#[derive(Serialize, ToSchema)]
pub struct Signal {
    at: String,
    at_ms: i64,
    /// `hotline`, `caller`, `operator 101`, `supervisor 101`, or `party` for a number outside.
    from: String,
    to: String,
    /// The method, or the status with its phrase; `(SDP)` when it carries a session description.
    text: String,
    cseq: String,
    transport: String,
}

/// The SIP ladder of a call, on or ended: which message went from whom to whom.
pub async fn signalling(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Signal>>, Problem> {
    let id = call_id(&id)?;
    let Some(story) = app.desk.story(id).await? else {
        return match now(&app).calls.iter().any(|call| call.id == id) {
            true => Ok(Json(Vec::new())),
            false => Err(no_such_call()),
        };
    };
    let zone = app.desk.zone();
    let signals = story.events.into_iter().filter(|event| event.kind == CallEvent::SIP).map(|mut event| {
        let mut take = |key: &str| event.detail.remove(key).unwrap_or_default();
        Signal {
            from: take("from"),
            to: take("to"),
            text: take("text"),
            cseq: take("cseq"),
            transport: take("transport"),
            at: zone.rfc3339(event.at),
            at_ms: event.at.0,
        }
    });
    Ok(Json(signals.collect()))
}

/// Why a caller waits, now: in words, and as data. What was decided about earlier calls is in their stories.
pub async fn why(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let explained = app.admin.why(call_id(&id)?).await?;
    let explained = explained.ok_or_else(|| {
        Problem::not_found("no call with this id is in a queue; GET /api/v1/calls/{id} tells its story")
    })?;
    Ok(Json(json!({ "text": explained.to_string(), "explanation": explained })))
}

/// Of an act without a body.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Why {
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    reason: Option<Reason>,
}

impl Why {
    pub(super) fn as_str(&self) -> &str {
        self.reason.as_ref().map_or("", Reason::as_str)
    }
}

pub async fn hang_up(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(why): Params<Why>,
) -> Result<StatusCode, Problem> {
    let call = call_id(&id)?;
    ask(&app, Admin::HangUp { call }).await?;
    let detail = [("call", &*call.to_string()), ("reason", why.as_str())];
    audit(&app, &caller, "call.hang_up", &detail).await;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn operators(State(app): State<App>) -> Json<Vec<OperatorView>> {
    Json(now(&app).operators.clone())
}

pub async fn operator(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OperatorView>, Problem> {
    find_operator(&now(&app), &id).cloned().map(Json).ok_or_else(no_such_operator)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorChange {
    state: WantedState,
    #[serde(default)]
    reason: Option<String>,
    /// Why somebody else changed it, for the audit trail.
    #[serde(default)]
    note: Option<Reason>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum WantedState {
    Ready,
    Paused,
    /// Not on duty until he signs in again.
    Offline,
}

/// `ready` ends the wrap-up too. During a call the choice waits for its end and stands in `next`.
pub async fn set_operator(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<OperatorChange>,
) -> Result<Json<OperatorView>, Problem> {
    if caller.role == Role::Operator && caller.name != id {
        return Err(Problem::not_allowed("an operator changes his own state only"));
    }
    let view = now(&app);
    let before = find_operator(&view, &id).ok_or_else(no_such_operator)?;
    let operator = before.id.clone();
    let note = change.note.clone().map(String::from).unwrap_or_default();
    let Some(choice) = choice(change)? else {
        ask(&app, Admin::SignOut { operator }).await?;
        let detail = [("operator", id.as_str()), ("state", "offline"), ("note", &note)];
        audit(&app, &caller, "operator.set", &detail).await;
        let is_off = |view: &View| find_operator(view, &id).is_none_or(|known| known.state == "offline");
        let view = shown(&app, is_off).await;
        return find_operator(&view, &id).cloned().map(Json).ok_or_else(no_such_operator);
    };
    if choice == Choice::Ready && before.state == "wrap_up" {
        ask(&app, Admin::EndWrapUp { operator: operator.clone() }).await?;
    }
    let (word, reason) = match &choice {
        Choice::Ready => ("ready", String::new()),
        Choice::Paused { reason } => ("paused", reason.clone()),
    };
    ask(&app, Admin::SetOperator { operator: operator.clone(), choice }).await?;
    let detail = [("operator", id.as_str()), ("state", word), ("reason", &reason), ("note", &note)];
    audit(&app, &caller, "operator.set", &detail).await;
    let view = shown(&app, |view| {
        find_operator(view, &id).is_none_or(|operator| operator.state == word || operator.next.is_some())
    })
    .await;
    find_operator(&view, &id).cloned().map(Json).ok_or_else(no_such_operator)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriberChange {
    #[schema(value_type = String, pattern = "^(priority|standard)$")]
    class: Class,
}

pub async fn set_subscriber(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Body(change): Body<SubscriberChange>,
) -> Result<Json<Value>, Problem> {
    let number = Number::parse(&number)
        .ok_or_else(|| Problem::unusable("expected a telephone number, as in 79161234567"))?;
    let class = change.class;
    if !matches!(class, Class::Priority | Class::Standard) {
        return Err(Problem::unusable(format!(
            "a subscriber is `priority` or `standard`; `{class}` belongs to queues"
        )));
    }
    // The store first: what a restart would forget must not be in force.
    app.desk.set_class(&number, class).await?;
    let masked = number.masked();
    ask(&app, Admin::SetClass { number, class }).await?;
    audit(&app, &caller, "subscriber.class", &[("number", &masked), ("class", class.as_str())]).await;
    Ok(Json(json!({ "number": masked, "class": class })))
}

pub async fn drain(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    ask(&app, Admin::Drain).await?;
    audit(&app, &caller, "drain", &[]).await;
    Ok((StatusCode::ACCEPTED, Json(json!({ "draining": true, "calls": now(&app).calls.len() })))
        .into_response())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogLevel {
    filter: String,
}

pub async fn set_log_level(
    State(app): State<App>,
    caller: Caller,
    Body(level): Body<LogLevel>,
) -> Result<StatusCode, Problem> {
    (app.log_level)(&level.filter).map_err(Problem::unusable)?;
    audit(&app, &caller, "log.level", &[("filter", &level.filter)]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The process is alive and answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// New calls are being taken.
pub async fn readyz(State(app): State<App>) -> Response {
    let (serving, draining) = (*app.ready.borrow(), app.view.borrow().draining);
    match (serving, draining) {
        (true, false) => "ready\n".into_response(),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response(),
        (true, true) => (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response(),
    }
}

pub async fn metrics(State(app): State<App>) -> Response {
    ([("content-type", "text/plain; version=0.0.4; charset=utf-8")], (app.metrics)()).into_response()
}

pub(super) fn now(app: &App) -> Arc<View> {
    app.view.borrow().clone()
}

/// The view as soon as it fulfils the condition, or as it is when patience ends.
pub(super) async fn shown(app: &App, condition: impl Fn(&View) -> bool) -> Arc<View> {
    let mut view = app.view.clone();
    let _ = tokio::time::timeout(VIEW_PATIENCE, view.wait_for(|view| condition(view))).await;
    now(app)
}

pub(super) async fn ask(app: &App, what: Admin) -> Result<(), Problem> {
    match app.admin.ask(what).await? {
        Outcome::Done | Outcome::Begun { .. } => Ok(()),
        Outcome::NoSuchCall => Err(no_such_call()),
        Outcome::NoSuchOperator => Err(no_such_operator()),
        outcome => Err(super::legs::problem(outcome)),
    }
}

/// The change has happened: a trail that cannot be written is a matter for the log, not for the one who asked.
pub(super) async fn audit(app: &App, caller: &Caller, what: &'static str, detail: &[(&str, &str)]) {
    let detail: BTreeMap<_, _> = detail
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    tracing::info!(who = %caller.name, what, ?detail, "changed by a person");
    let line = AuditLine { at: Clock::wall(), who: caller.name.clone(), what, detail };
    if app.desk.audit(line).await.is_err() {
        tracing::warn!(what, "the audit trail could not be written");
    }
}

/// `None`: he is to be signed out.
fn choice(change: OperatorChange) -> Result<Option<Choice>, Problem> {
    match (change.state, change.reason) {
        (WantedState::Offline, _) => Ok(None),
        (WantedState::Ready, _) => Ok(Some(Choice::Ready)),
        (WantedState::Paused, reason) => {
            let reason = reason.unwrap_or_default().trim().to_string();
            if reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(char::is_control) {
                return Err(Problem::unusable(format!(
                    "`reason` is at most {REASON_CHARS_MAX} characters on one line"
                )));
            }
            let reason = if reason.is_empty() { REASON_DEFAULT.to_string() } else { reason };
            Ok(Some(Choice::Paused { reason }))
        }
    }
}

pub(super) fn find_operator<'a>(view: &'a View, id: &str) -> Option<&'a OperatorView> {
    view.operators.iter().find(|operator| operator.id == OperatorId::from(id))
}

pub(super) fn call_id(text: &str) -> Result<CallId, Problem> {
    CallId::parse(text).ok_or_else(|| Problem::not_found("a call's id has 13 characters of base 32"))
}

pub(super) fn no_such_call() -> Problem {
    Problem::not_found("no call has this id; it may have ended")
}

pub(super) fn no_such_operator() -> Problem {
    Problem::not_found("no operator has this id; GET /api/v1/operators lists them")
}

fn detail(id: CallId, live: Option<&CallView>, story: Option<Story>, zone: &Zone) -> Value {
    let (record, events) = match story {
        Some(story) => (Some(story.record), story.events),
        None => (None, Vec::new()),
    };
    let events: Vec<_> = events
        .into_iter()
        .filter(|event| event.kind != CallEvent::SIP)
        .map(|event| json!({ "at": zone.rfc3339(event.at), "at_ms": event.at, "kind": event.kind, "detail": event.detail }))
        .collect();
    let mut value = match (live, &record) {
        (Some(live), _) => json!(live),
        (None, Some(record)) => json!({
            "id": id, "line": record.line, "caller": masked(&record.caller), "class": record.class,
            "stage": "ended", "queue": record.queue, "step": record.path.split(' ').next_back(),
            "since_ms": null, "operator": record.operator,
        }),
        (None, None) => json!({ "id": id }),
    };
    value["record"] = record.map_or(Value::Null, |record| {
        let caller = masked(&record.caller);
        let mut value = json!(record);
        value["caller"] = Value::String(caller);
        value
    });
    value["events"] = Value::Array(events);
    value
}

fn masked(caller: &str) -> String {
    Number::parse(caller).map(|number| number.masked()).unwrap_or_default()
}
