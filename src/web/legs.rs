//! What people do with telephones: transfers, listening in, recordings, calls out. An operator does it in his own calls only.
use super::App;
use super::api::{Why, ask, audit, call_id, find_operator, no_such_call, no_such_operator, now};
use super::body::{Body, Params};
use super::desk::Role;
use super::guard::Caller;
use super::problem::Problem;
use crate::call::TransferMode;
use crate::ids::{CallId, OperatorId, QueueName};
use crate::media::Supervision;
use crate::number::Number;
use crate::switchboard::orders::ORDERS_MAX;
use crate::switchboard::{Admin, Destination, Outcome};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Why somebody did it, for the audit trail.
const REASON_CHARS_MAX: usize = 200;

type Accepted = Result<(StatusCode, Json<Value>), Problem>;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    to: To,
    #[schema(value_type = String, pattern = "^(blind|attended)$")]
    mode: TransferMode,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum To {
    Operator(String),
    Queue(String),
    Number(String),
}

pub async fn transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(wanted): Body<Transfer>,
) -> Accepted {
    let call = own_call(&app, &caller, &id)?;
    let (to, shown) = match wanted.to {
        To::Operator(id) => (Destination::Operator(OperatorId::from(id.as_str())), id),
        To::Queue(queue) => (Destination::Queue(QueueName::from(queue.as_str())), queue),
        To::Number(text) => {
            let number = number(&text)?;
            let masked = number.masked();
            (Destination::Number(number), masked)
        }
    };
    ask(&app, Admin::Transfer { call, to, mode: wanted.mode }).await?;
    let mode = wanted.mode.as_str();
    audit(&app, &caller, "call.transfer", &[("call", &id), ("to", &shown), ("mode", mode)]).await;
    Ok(accepted(call))
}

/// The caller goes to the one who is spoken to.
pub async fn complete_transfer(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Accepted {
    let call = own_call(&app, &caller, &id)?;
    ask(&app, Admin::CompleteTransfer { call }).await?;
    Ok(accepted(call))
}

/// Back to the caller.
pub async fn cancel_transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let call = own_call(&app, &caller, &id)?;
    ask(&app, Admin::CancelTransfer { call }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Supervise {
    /// The operator id of the supervisor's phone.
    phone: String,
    #[serde(default)]
    reason: String,
}

pub async fn listen(
    state: State<App>,
    caller: Caller,
    path: Path<String>,
    body: Body<Supervise>,
) -> Accepted {
    supervise(state.0, caller, path.0, body.0, Supervision::Listen).await
}

pub async fn whisper(
    state: State<App>,
    caller: Caller,
    path: Path<String>,
    body: Body<Supervise>,
) -> Accepted {
    supervise(state.0, caller, path.0, body.0, Supervision::Whisper).await
}

pub async fn barge(state: State<App>, caller: Caller, path: Path<String>, body: Body<Supervise>) -> Accepted {
    supervise(state.0, caller, path.0, body.0, Supervision::Barge).await
}

async fn supervise(app: App, caller: Caller, id: String, wanted: Supervise, mode: Supervision) -> Accepted {
    let call = call_id(&id)?;
    let reason = reason(&wanted.reason)?;
    let phone = OperatorId::from(wanted.phone.as_str());
    ask(&app, Admin::Supervise { call, phone, mode }).await?;
    let what = match mode {
        Supervision::Listen => "call.listen",
        Supervision::Whisper => "call.whisper",
        Supervision::Barge => "call.barge",
    };
    audit(&app, &caller, what, &[("call", &id), ("phone", &wanted.phone), ("reason", &reason)]).await;
    Ok(accepted(call))
}

pub async fn stop_listening(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(why): Params<Why>,
) -> Result<StatusCode, Problem> {
    ask(&app, Admin::EndSupervision { call: call_id(&id)? }).await?;
    audit(&app, &caller, "call.listen_end", &[("call", &id), ("reason", why.as_str())]).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    paused: bool,
}

pub async fn pause_recording(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(Pause { paused }): Body<Pause>,
) -> Result<StatusCode, Problem> {
    let call = own_call(&app, &caller, &id)?;
    ask(&app, Admin::PauseRecording { call, paused }).await?;
    let word = if paused { "paused" } else { "on" };
    audit(&app, &caller, "call.recording", &[("call", &id), ("recording", word)]).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallOut {
    to: String,
    #[serde(default)]
    ticket: Option<i64>,
}

pub async fn call_out(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(wanted): Body<CallOut>,
) -> Accepted {
    if caller.role == Role::Operator && caller.name != id {
        return Err(Problem::not_allowed("an operator calls from his own phone only"));
    }
    let view = now(&app);
    let operator = find_operator(&view, &id).ok_or_else(no_such_operator)?.id.clone();
    let to = number(&wanted.to)?;
    let masked = to.masked();
    let what = Admin::CallOut { operator, to, ticket: wanted.ticket };
    let call = match app.admin.ask(what).await? {
        Outcome::Begun { call } => call,
        outcome => return Err(problem(outcome)),
    };
    let ticket = wanted.ticket.map(|ticket| ticket.to_string()).unwrap_or_default();
    let detail = [("call", call.to_string()), ("operator", id), ("to", masked), ("ticket", ticket)];
    let detail = detail.each_ref().map(|(key, value)| (*key, value.as_str()));
    audit(&app, &caller, "call.out", &detail).await;
    Ok(accepted(call))
}

/// Why it cannot be done, for those outcomes that only telephones have.
pub(super) fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::NoSuchCall => no_such_call(),
        Outcome::NoSuchOperator => no_such_operator(),
        Outcome::NoSuchQueue => Problem::unusable("no queue has this name; GET /api/v1/queues lists them"),
        Outcome::NoSuchArm => Problem::not_found(
            "no split of the flows in force has this arm; GET /api/v1/flows/{name} has the text",
        ),
        Outcome::NoSuchOrder => Problem::not_found("nothing of the kind is ordered"),
        Outcome::NumberNotAllowed => Problem::unusable(
            "this number may not be dialled; `outbound.allow` in config.yaml says which may",
        ),
        Outcome::OperatorBusy => Problem::not_now("this operator's phone is in a call, or is not there"),
        Outcome::NoCallsTaken => {
            Problem::busy("the engine takes no more calls now: it is being stopped, or at its limit")
        }
        Outcome::TooManyOrders => {
            Problem::not_now(format!("there are {ORDERS_MAX} orders already: remove one first"))
        }
        Outcome::Done | Outcome::Begun { .. } | Outcome::NotNow => Problem::not_now(
            "the call is not at a point where that can be done; GET /api/v1/calls/{id} shows it",
        ),
    }
}

/// The call, if it is this caller's affair: an operator's own, or anybody's for those who lead.
fn own_call(app: &App, caller: &Caller, id: &str) -> Result<CallId, Problem> {
    let id = call_id(id)?;
    if caller.role == Role::Operator {
        let view = now(app);
        let call = view.calls.iter().find(|call| call.id == id).ok_or_else(no_such_call)?;
        if call.operator.as_ref().is_none_or(|operator| operator.as_str() != caller.name) {
            return Err(Problem::not_allowed("an operator does this in his own calls only"));
        }
    }
    Ok(id)
}

fn number(text: &str) -> Result<Number, Problem> {
    Number::parse(text).ok_or_else(|| Problem::unusable("expected a telephone number, as in 79161234567"))
}

fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=REASON_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_string()).ok_or_else(|| {
        Problem::unusable(format!("`reason` is expected: 1 to {REASON_CHARS_MAX} characters on one line"))
    })
}

fn accepted(call: CallId) -> (StatusCode, Json<Value>) {
    (StatusCode::ACCEPTED, Json(json!({ "id": call })))
}
