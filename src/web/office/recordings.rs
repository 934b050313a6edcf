//! Recordings of talks: found, heard, and removed when their caller asks for it.
use super::super::App;
use super::super::api::{audit, call_id};
use super::super::body::Params;
use super::super::desk::Role::{Admin, Supervisor};
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::audio;
use super::query;
use crate::number::Number;
use crate::office::RecordingQuery;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

const LEADERS: Access = Access::Roles(&[Supervisor, Admin]);
const ADMINS: Access = Access::Roles(&[Admin]);
const REASON_CHARS_MAX: usize = 200;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/recordings", LEADERS, list),
        route.get("/api/v1/recordings/{name}/audio", LEADERS, sound),
        route.delete("/api/v1/recordings", ADMINS, remove),
    ]
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingsAsked {
    call: Option<String>,
    /// The caller's whole number.
    number: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct RecordingView {
    /// Holds a slash, which a path writes as `%2F`.
    name: String,
    call: String,
    started_at: String,
    duration_ms: u64,
    channels: u8,
    number: String,
    operator: Option<String>,
    queue: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RecordingPage {
    recordings: Vec<RecordingView>,
    next: Option<String>,
}

pub async fn list(
    State(app): State<App>,
    Params(asked): Params<RecordingsAsked>,
) -> Result<Json<RecordingPage>, Problem> {
    let query = RecordingQuery {
        call: asked.call.as_deref().map(call_id).transpose()?,
        number: asked.number.as_deref().map(number).transpose()?.map(|number| number.to_string()),
        from: query::moment(&app, "from", asked.from.as_deref(), false)?,
        to: query::moment(&app, "to", asked.to.as_deref(), true)?,
        after: query::word("cursor", asked.cursor)?,
        limit: query::limit(asked.limit)?,
    };
    let page = app.desk.recordings(query).await?;
    let zone = app.desk.zone();
    let recordings = page.rows.into_iter().map(|talk| RecordingView {
        name: talk.name,
        call: talk.call.to_string(),
        started_at: zone.rfc3339(talk.started_at),
        duration_ms: talk.duration_ms,
        channels: talk.channels,
        number: talk.caller,
        operator: talk.operator.map(|operator| operator.to_string()),
        queue: talk.queue.map(|queue| queue.to_string()),
    });
    Ok(Json(RecordingPage { recordings: recordings.collect(), next: page.next }))
}

/// Hearing a talk leaves a line in the trail.
pub async fn sound(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let file = app.desk.recording_file(&name).await?;
    let file = file.ok_or_else(|| {
        Problem::not_found(
            "no recording has this name; GET /api/v1/recordings lists them; a slash is written %2F",
        )
    })?;
    let answer = audio::wav(&file, &headers).await?;
    // A player asks for the rest in parts: one line a hearing.
    let from_the_start = headers.get("range").is_none_or(|range| range.as_bytes().starts_with(b"bytes=0-"));
    if from_the_start {
        audit(&app, &caller, "recording.heard", &[("recording", &name)]).await;
    }
    Ok(answer)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct RemovalAsked {
    /// The caller's whole number.
    #[param(required, value_type = String)]
    number: Option<String>,
    #[param(required, value_type = String, min_length = 1, max_length = 200)]
    reason: Option<String>,
}

pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<RemovalAsked>,
) -> Result<Json<Value>, Problem> {
    let number = number(asked.number.as_deref().unwrap_or(""))?;
    let reason = query::written("reason", asked.reason.as_deref().unwrap_or(""), REASON_CHARS_MAX)?;
    let removed = app.desk.remove_recordings(&number).await?;
    let (masked, count) = (number.masked(), removed.to_string());
    let detail = [("number", masked.as_str()), ("reason", &reason), ("removed", &count)];
    audit(&app, &caller, "recording.remove", &detail).await;
    Ok(Json(json!({ "removed": removed })))
}

fn number(text: &str) -> Result<Number, Problem> {
    Number::parse(text).ok_or_else(|| Problem::unusable("`number`: expected a telephone number"))
}
