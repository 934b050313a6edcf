//! Webhooks: who outside is told, and what became of it. The secret for checking signatures is shown once; addresses are
//! shown to administrators only, for a path may be a secret of the receiver's.
use super::super::App;
use super::super::api::audit;
use super::super::body::Body;
use super::super::body::Params;
use super::super::desk::Role::Admin;
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::desk::Done;
use super::query;
use crate::clock::{Clock, Zone};
use crate::office::{self, Delivery, Webhook, WebhookChange};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const ADMINS: Access = Access::Roles(&[Admin]);
/// Each event costs a row per webhook.
const WEBHOOKS_MAX: usize = 32;
const URL_CHARS_MAX: usize = 1000;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/webhooks", ADMINS, list),
        route.post("/api/v1/webhooks", ADMINS, add),
        route.put("/api/v1/webhooks/{id}", ADMINS, change),
        route.delete("/api/v1/webhooks/{id}", ADMINS, remove),
        route.get("/api/v1/webhooks/{id}/deliveries", ADMINS, deliveries),
    ]
}

#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    id: u64,
    url: String,
    events: Vec<String>,
    active: bool,
    off_because: Option<String>,
    created_at: String,
    pending: u64,
}

impl WebhookView {
    fn of(webhook: Webhook, zone: &Zone) -> WebhookView {
        let Webhook { id, url, events, active, off_because, created_at, pending } = webhook;
        WebhookView { id, url, events, active, off_because, created_at: zone.rfc3339(created_at), pending }
    }
}

pub async fn list(State(app): State<App>) -> Result<Json<Vec<WebhookView>>, Problem> {
    let zone = app.desk.zone();
    Ok(Json(app.desk.webhooks().await?.into_iter().map(|row| WebhookView::of(row, zone)).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// https, or http inside the house.
    #[schema(max_length = 1000)]
    url: String,
    /// `call.started`, `call.answered`, `call.ended`, `ticket.created`, `alert.raised`, `alert.cleared`, or `*`.
    #[schema(min_items = 1)]
    events: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct NewWebhookView {
    id: u64,
    /// `whsec_…`, for checking signatures; shown once.
    secret: String,
}

pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewWebhook>,
) -> Result<Response, Problem> {
    check_events(&body.events)?;
    check_length(&body.url)?;
    if app.desk.webhooks().await?.len() >= WEBHOOKS_MAX {
        return Err(Problem::not_now(format!("there are {WEBHOOKS_MAX} webhooks already: remove one first")));
    }
    let (id, secret) = done(app.desk.add_webhook(body.url, body.events, Clock::wall()).await?)?;
    audit(&app, &caller, "webhook.add", &[("webhook", &id.to_string())]).await;
    let view = NewWebhookView { id, secret: secret.reveal().to_string() };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChangeText {
    #[serde(default)]
    #[schema(max_length = 1000)]
    url: Option<String>,
    #[serde(default)]
    events: Option<Vec<String>>,
    /// What waits is told when it is switched on again.
    #[serde(default)]
    active: Option<bool>,
}

pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<WebhookChangeText>,
) -> Result<Json<WebhookView>, Problem> {
    let id = webhook_id(&id)?;
    body.events.as_deref().map(check_events).transpose()?;
    body.url.as_deref().map(check_length).transpose()?;
    let change = WebhookChange { url: body.url, events: body.events, active: body.active };
    done(app.desk.change_webhook(id, change).await?)?;
    let active = body.active.map(|active| active.to_string()).unwrap_or_default();
    audit(&app, &caller, "webhook.change", &[("webhook", &id.to_string()), ("active", &active)]).await;
    let known = app.desk.webhooks().await?;
    let webhook = known.into_iter().find(|webhook| webhook.id == id).ok_or_else(no_such_webhook)?;
    Ok(Json(WebhookView::of(webhook, app.desk.zone())))
}

pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = webhook_id(&id)?;
    if !app.desk.remove_webhook(id).await? {
        return Err(no_such_webhook());
    }
    audit(&app, &caller, "webhook.remove", &[("webhook", &id.to_string())]).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveriesAsked {
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    id: u64,
    /// `webhook-id`: the same in every attempt.
    message: String,
    event: String,
    at: String,
    /// `pending`, `delivered` or `dropped`.
    state: String,
    attempts: u32,
    next_at: Option<String>,
    settled_at: Option<String>,
    status: Option<u16>,
    error: Option<String>,
}

impl DeliveryView {
    fn of(delivery: Delivery, zone: &Zone) -> DeliveryView {
        DeliveryView {
            id: delivery.id,
            message: delivery.message,
            event: delivery.event,
            at: zone.rfc3339(delivery.at),
            state: delivery.state.as_str().to_string(),
            attempts: delivery.attempts,
            next_at: delivery.next_at.map(|at| zone.rfc3339(at)),
            settled_at: delivery.settled_at.map(|at| zone.rfc3339(at)),
            status: delivery.status,
            error: delivery.error,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DeliveryPage {
    deliveries: Vec<DeliveryView>,
    next: Option<String>,
}

pub async fn deliveries(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(asked): Params<DeliveriesAsked>,
) -> Result<Json<DeliveryPage>, Problem> {
    let id = webhook_id(&id)?;
    if !app.desk.webhooks().await?.iter().any(|webhook| webhook.id == id) {
        return Err(no_such_webhook());
    }
    let (after, limit) = (query::number_cursor(asked.cursor.as_deref())?, query::limit(asked.limit)?);
    let page = app.desk.deliveries(id, after, limit).await?;
    let zone = app.desk.zone();
    let deliveries = page.rows.into_iter().map(|row| DeliveryView::of(row, zone)).collect();
    Ok(Json(DeliveryPage { deliveries, next: page.next.map(|id| id.to_string()) }))
}

fn webhook_id(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| no_such_webhook())
}

fn check_events(events: &[String]) -> Result<(), Problem> {
    let known = || office::EVENTS.join(", ");
    if events.is_empty() || events.len() > office::EVENTS.len() + 1 {
        return Err(Problem::unusable(format!("`events`: expected some of: {}, or *", known())));
    }
    match events.iter().all(|event| office::knows(event)) {
        true => Ok(()),
        false => Err(Problem::unusable(format!("`events`: expected some of: {}, or *", known()))),
    }
}

fn check_length(url: &str) -> Result<(), Problem> {
    match url.len() <= URL_CHARS_MAX {
        true => Ok(()),
        false => Err(Problem::unusable(format!("`url`: at most {URL_CHARS_MAX} characters"))),
    }
}

fn done<T>(done: Done<T>) -> Result<T, Problem> {
    match done {
        Done::Done(value) => Ok(value),
        Done::NotFound => Err(no_such_webhook()),
        Done::Conflict(why) => Err(Problem::not_now(why)),
        Done::Unusable(why) => Err(Problem::unusable(why)),
    }
}

fn no_such_webhook() -> Problem {
    Problem::not_found("no webhook has this id; GET /api/v1/webhooks lists them")
}
