//! What supervisors do with callers, operators, queues and the door. Each act has a reason and leaves a line in the audit
//! trail.
use super::App;
use super::api::{Why, ask, audit, call_id, find_operator, no_such_call, no_such_operator, now, shown};
use super::body::{Body, Params};
use super::guard::Caller;
use super::problem::Problem;
use super::reason::Reason;
use crate::call::order::{ANNOUNCEMENT, Order, Ordered, RuleAction, closed_key, rule_key};
use crate::class::Class;
use crate::clock::{self, Clock, Zone};
use crate::ids::{PromptName, QueueName};
use crate::machine::Wall;
use crate::number::Number;
use crate::switchboard::view::QueueView;
use crate::switchboard::{Admin, View};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Prompts of one announcement; a longer one is nobody's wish in an emergency.
const SAY_MAX: usize = 10;

type Done = Result<StatusCode, Problem>;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    reason: Reason,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    queue: String,
    reason: Reason,
}

pub async fn move_caller(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<Move>,
) -> Done {
    let call = waiting(&app, &id)?;
    ask(&app, Admin::Move { call, queue: QueueName::from(body.queue.as_str()) }).await?;
    let detail = [("call", id.as_str()), ("queue", &body.queue), ("reason", body.reason.as_str())];
    audit(&app, &caller, "call.move", &detail).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    #[schema(value_type = String)]
    class: Class,
    reason: Reason,
}

pub async fn raise(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<Raise>,
) -> Done {
    let call = waiting(&app, &id)?;
    ask(&app, Admin::Raise { call, class: body.class }).await?;
    let detail = [("call", id.as_str()), ("class", body.class.as_str()), ("reason", body.reason.as_str())];
    audit(&app, &caller, "call.raise", &detail).await;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn end_wrap_up(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<Because>,
) -> Done {
    let operator = find_operator(&now(&app), &id).ok_or_else(no_such_operator)?.id.clone();
    ask(&app, Admin::EndWrapUp { operator }).await?;
    let detail = [("operator", id.as_str()), ("reason", body.reason.as_str())];
    audit(&app, &caller, "operator.end_wrap_up", &detail).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueChange {
    closed: bool,
    #[serde(default)]
    until: Option<String>,
    reason: Reason,
}

/// Closes a queue, until then or until it is opened, or opens it.
pub async fn set_queue(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(body): Body<QueueChange>,
) -> Result<Json<QueueView>, Problem> {
    let find = |view: &View| view.queues.iter().find(|queue| queue.name == name).cloned();
    let before = find(&now(&app))
        .ok_or_else(|| Problem::not_found("no queue has this name; GET /api/v1/queues lists them"))?;
    let until = body.until.as_deref().map(moment).transpose()?;
    let queue = QueueName::from(name.as_str());
    if body.closed {
        give(&app, &caller, Ordered::Closed { queue }, until, &body.reason).await?;
    } else if before.closed.is_some() {
        ask(&app, Admin::Revoke { key: closed_key(&queue) }).await?;
    }
    let detail = [
        ("queue", name.as_str()),
        ("closed", if body.closed { "true" } else { "false" }),
        ("until", body.until.as_deref().unwrap_or_default()),
        ("reason", body.reason.as_str()),
    ];
    audit(&app, &caller, "queue.set", &detail).await;
    let view = shown(&app, |view| find(view).is_none_or(|queue| queue.closed.is_some() == body.closed)).await;
    Ok(Json(find(&view).unwrap_or(before)))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    say: Vec<String>,
    until: String,
    reason: Reason,
}

/// `null`: there is none.
pub async fn announcement(State(app): State<App>) -> Json<Value> {
    Json(json!(now(&app).announcement))
}

pub async fn set_announcement(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<Announcement>,
) -> Result<Json<Value>, Problem> {
    if body.say.is_empty() || body.say.len() > SAY_MAX {
        let got = body.say.len();
        return Err(Problem::unusable(format!("`say`: expected 1 to {SAY_MAX} prompts, got {got}")));
    }
    if let Some(flows) = &app.flows
        && let Some(missing) = body.say.iter().find(|name| !flows.has_prompt(name))
    {
        return Err(Problem::unusable(format!("`say`: there is no prompt `{missing}`")));
    }
    let until = moment(&body.until)?;
    let say: Vec<PromptName> = body.say.iter().map(|name| PromptName::from(name.as_str())).collect();
    give(&app, &caller, Ordered::Announcement { say: say.clone() }, Some(until), &body.reason).await?;
    let said = body.say.join(", ");
    let detail = [("say", said.as_str()), ("until", &body.until), ("reason", body.reason.as_str())];
    audit(&app, &caller, "announcement.set", &detail).await;
    let is_shown = |view: &View| view.announcement.as_ref().is_some_and(|shown| shown.say == say);
    Ok(Json(json!(shown(&app, is_shown).await.announcement)))
}

pub async fn remove_announcement(State(app): State<App>, caller: Caller, Params(why): Params<Why>) -> Done {
    ask(&app, Admin::Revoke { key: ANNOUNCEMENT.to_string() }).await?;
    audit(&app, &caller, "announcement.remove", &[("reason", why.as_str())]).await;
    shown(&app, |view| view.announcement.is_none()).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `reject`, `standard`, or `{"flow": "name"}`.
    #[schema(value_type = Object)]
    action: RuleAction,
    #[serde(default)]
    until: Option<String>,
    reason: Reason,
}

/// The rules of people. Those of config.yaml hold beside them, after them.
pub async fn rules(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let zone = Zone::utc();
    let rules = app.admin.orders().await?.into_iter().filter_map(|order| match order.what {
        Ordered::CallerRule { number, action } => Some(json!({
            "number": number, "action": action, "until": order.until.map(|until| zone.rfc3339(until)),
            "reason": order.reason, "by": order.by,
        })),
        _ => None,
    });
    Ok(Json(rules.collect()))
}

pub async fn set_rule(
    State(app): State<App>,
    caller: Caller,
    Path(pattern): Path<String>,
    Body(body): Body<Rule>,
) -> Done {
    let number = numbers(&pattern)?;
    let until = body.until.as_deref().map(moment).transpose()?;
    let action = match &body.action {
        RuleAction::Reject => "reject".to_string(),
        RuleAction::Standard => "standard".to_string(),
        RuleAction::Flow(flow) => format!("flow {flow}"),
    };
    let what = Ordered::CallerRule { number: number.clone(), action: body.action };
    give(&app, &caller, what, until, &body.reason).await?;
    let shown = masked(&number);
    let detail = [
        ("number", shown.as_str()),
        ("action", &action),
        ("until", body.until.as_deref().unwrap_or_default()),
        ("reason", body.reason.as_str()),
    ];
    audit(&app, &caller, "caller_rule.set", &detail).await;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove_rule(
    State(app): State<App>,
    caller: Caller,
    Path(pattern): Path<String>,
    Params(why): Params<Why>,
) -> Done {
    let number = numbers(&pattern)?;
    ask(&app, Admin::Revoke { key: rule_key(&number) }).await?;
    let detail = [("number", &*masked(&number)), ("reason", why.as_str())];
    audit(&app, &caller, "caller_rule.remove", &detail).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn give(
    app: &App,
    caller: &Caller,
    what: Ordered,
    until: Option<Wall>,
    reason: &Reason,
) -> Result<(), Problem> {
    let (reason, by) = (reason.as_str().to_string(), caller.name.clone());
    ask(app, Admin::Order { order: Box::new(Order { what, until, reason, by }) }).await
}

fn waiting(app: &App, id: &str) -> Result<crate::ids::CallId, Problem> {
    let call = call_id(id)?;
    let is_on = now(app).calls.iter().any(|known| known.id == call);
    is_on.then_some(call).ok_or_else(no_such_call)
}

/// A moment to come, with its offset: a supervisor's "until six" has to mean the same on every machine.
fn moment(text: &str) -> Result<Wall, Problem> {
    let wrong = |what: &str| Problem::unusable(format!("`until`: {what}, got `{text}`"));
    let at = text.contains('T').then(|| clock::parse(text, &Zone::utc())).flatten();
    let at = at.ok_or_else(|| wrong("expected a moment like 2026-11-22T18:00:00+03:00"))?;
    if at <= Clock::wall() {
        return Err(wrong("expected a moment to come"));
    }
    Ok(at)
}

/// A prefix names nobody.
fn masked(pattern: &str) -> String {
    Number::parse(pattern).filter(|_| !pattern.ends_with('*')).map_or(pattern.to_string(), |n| n.masked())
}

/// A number, or a prefix ending in `*`, in the form in which rules are kept.
fn numbers(pattern: &str) -> Result<String, Problem> {
    let wrong = || Problem::unusable(format!("expected a number or a prefix like 7495*, got `{pattern}`"));
    match pattern.strip_suffix('*') {
        Some(prefix) => {
            let is_prefix =
                (1..=15).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
            is_prefix.then(|| pattern.to_string()).ok_or_else(wrong)
        }
        None => Number::parse(pattern).map(|number| number.as_str().to_string()).ok_or_else(wrong),
    }
}

/// What those on duty should look at, and what they should have looked at.
pub async fn alerts(State(app): State<App>) -> Json<Value> {
    let view = now(&app);
    Json(json!({ "active": view.alerts, "recent": view.alerts_recent }))
}
