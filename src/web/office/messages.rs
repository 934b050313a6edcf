//! Messages that callers left, and their sound.
use super::super::App;
use super::super::body::Params;
use super::super::desk::Role::{Admin, Operator, Supervisor};
use super::super::guard::Access;
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::audio;
use super::query;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const OPERATORS: Access = Access::Roles(&[Operator, Supervisor, Admin]);

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/messages", OPERATORS, list),
        route.get("/api/v1/messages/{name}/audio", OPERATORS, sound),
    ]
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct MessagesAsked {
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct MessageView {
    /// Holds a slash, which a path writes as `%2F`.
    name: String,
    call: String,
    at: String,
    duration_ms: u64,
    number: String,
    line: String,
}

#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    messages: Vec<MessageView>,
    next: Option<String>,
}

pub async fn list(
    State(app): State<App>,
    Params(asked): Params<MessagesAsked>,
) -> Result<Json<MessagePage>, Problem> {
    let page =
        app.desk.message_page(query::word("cursor", asked.cursor)?, query::limit(asked.limit)?).await?;
    let zone = app.desk.zone();
    let messages = page.rows.into_iter().map(|message| MessageView {
        name: message.name,
        call: message.call.to_string(),
        at: zone.rfc3339(message.at),
        duration_ms: message.duration_ms,
        number: message.caller,
        line: message.line,
    });
    Ok(Json(MessagePage { messages: messages.collect(), next: page.next }))
}

pub async fn sound(
    State(app): State<App>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let file = app.desk.message_file(&name).await?;
    let file = file.ok_or_else(|| {
        Problem::not_found(
            "no message has this name; GET /api/v1/messages lists them; a slash is written %2F",
        )
    })?;
    audio::wav(&file, &headers).await
}
