//! `GET /history/…`: calls that were, and the figures of queues for charts; `GET /audit`: who changed what.
use super::super::App;
use super::super::body::Params;
use super::super::desk::Role::{self, Admin, Api, Operator, Supervisor, Viewer};
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::{calls_csv, query};
use crate::clock::{Clock, Zone};
use crate::number::Number;
use crate::office::{AuditQuery, CallQuery, NotedCall};
use crate::report::{Asked, Kind};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const CALLS: Access = Access::Roles(&[Viewer, Operator, Supervisor, Admin, Api]);
const QUEUES: Access = Access::Roles(&[Viewer, Supervisor, Admin, Api]);
const QUALITY: Access = Access::Roles(&[Supervisor, Admin, Api]);
const AUDIT: Access = Access::Roles(&[Supervisor, Admin]);
/// Fewer digits of a number would list half the house.
const NUMBER_DIGITS_MIN: usize = 4;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/history/calls", CALLS, calls),
        route.get("/api/v1/history/queues", QUEUES, queues),
        route.get("/api/v1/history/quality", QUALITY, quality),
        route.get("/api/v1/audit", AUDIT, audit),
    ]
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct CallsAsked {
    /// A day or a moment.
    from: Option<String>,
    /// A day, which is included, or a moment, which is not.
    to: Option<String>,
    /// An id, a word of a note, a queue, an operator, a line, or four and more digits of the number.
    q: Option<String>,
    /// A number, or at least four digits of one. Not for viewers.
    caller: Option<String>,
    queue: Option<String>,
    operator: Option<String>,
    result: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `json` or `csv`.
    #[param(value_type = Option<String>, pattern = "^(json|csv)$")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// A call in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallSummary {
    pub id: String,
    pub line: String,
    /// Masked.
    pub caller: String,
    /// Whole, for those who may see it.
    pub number: Option<String>,
    pub class: String,
    pub queue: Option<String>,
    pub operator: Option<String>,
    pub started_at: String,
    pub answered_at: Option<String>,
    pub ended_at: Option<String>,
    pub wait_ms: Option<u64>,
    /// From the answer to the end.
    pub talk_ms: Option<u64>,
    pub result: Option<String>,
    pub cause: Option<String>,
    pub hangup_by: Option<String>,
    pub disposition: Option<String>,
    pub note: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CallPage {
    calls: Vec<CallSummary>,
    next: Option<String>,
}

/// Viewers see masked numbers and may not search by them; operators see their own calls.
pub async fn calls(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<CallsAsked>,
) -> Result<Response, Problem> {
    let sees_numbers = caller.role != Role::Viewer;
    let mut query = CallQuery {
        from: query::moment(&app, "from", asked.from.as_deref(), false)?,
        to: query::moment(&app, "to", asked.to.as_deref(), true)?,
        q: query::word("q", asked.q)?,
        q_in_number: false,
        caller: query::word("caller", asked.caller)?,
        queue: query::word("queue", asked.queue)?,
        operator: query::word("operator", asked.operator)?,
        result: query::word("result", asked.result)?,
        after: query::call_cursor(asked.cursor.as_deref())?,
        limit: query::limit(asked.limit)?,
    };
    if !sees_numbers && query.caller.is_some() {
        return Err(Problem::not_allowed("a viewer sees masked numbers, and may not look for one"));
    }
    if let Some(text) = query.caller.take() {
        query.caller = Some(digits(&text)?);
    }
    if let Some(number) = query.q.as_deref().filter(|_| sees_numbers).and_then(number_in) {
        (query.q, query.q_in_number) = (Some(number), true);
    }
    if caller.role == Role::Operator {
        if query.operator.as_ref().is_some_and(|operator| *operator != caller.name) {
            return Err(Problem::not_allowed("an operator sees his own calls only"));
        }
        query.operator = Some(caller.name.clone());
    }
    if asked.format == Format::Csv {
        return calls_csv::answer(app, query, sees_numbers).await;
    }
    let page = app.desk.call_history(query).await?;
    let zone = app.desk.zone();
    let calls = page.rows.iter().map(|call| summary(call, zone, sees_numbers)).collect();
    let next = page.next.as_ref().map(query::call_cursor_text);
    Ok(Json(CallPage { calls, next }).into_response())
}

pub fn summary(call: &NotedCall, zone: &Zone, sees_numbers: bool) -> CallSummary {
    let (record, note) = (&call.record, call.note.as_ref());
    let at = |at: Option<crate::machine::Wall>| at.map(|at| zone.rfc3339(at));
    let talk = record.answered_at.zip(record.ended_at).filter(|_| record.operator.is_some());
    CallSummary {
        id: record.id.to_string(),
        line: record.line.clone(),
        caller: masked(&record.caller),
        number: sees_numbers.then(|| record.caller.clone()),
        class: record.class.to_string(),
        queue: record.queue.as_ref().map(ToString::to_string),
        operator: record.operator.as_ref().map(ToString::to_string),
        started_at: zone.rfc3339(record.started_at),
        answered_at: at(record.answered_at),
        ended_at: at(record.ended_at),
        wait_ms: record.wait_ms,
        talk_ms: talk.map(|(from, to)| u64::try_from(to.0 - from.0).unwrap_or(0)),
        result: record.result.map(|result| result.as_str().to_string()),
        cause: record.cause.map(|cause| cause.as_str().to_string()),
        hangup_by: record.hangup_by.map(|by| by.as_str().to_string()),
        disposition: note.and_then(|note| note.disposition.clone()),
        note: note.map(|note| note.text.clone()),
    }
}

pub fn masked(caller: &str) -> String {
    Number::parse(caller).map(|number| number.masked()).unwrap_or_default()
}

/// A whole number in its canonical spelling, or a part of one.
fn digits(text: &str) -> Result<String, Problem> {
    let number = Number::parse(text).filter(|number| number.as_str().len() >= NUMBER_DIGITS_MIN);
    number.map(|number| number.to_string()).ok_or_else(|| {
        Problem::bad_request(format!("caller: expected at least {NUMBER_DIGITS_MIN} digits of a number"))
    })
}

/// What stands in a search box and can only be a number.
fn number_in(q: &str) -> Option<String> {
    digits(q).ok()
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct QueuesAsked {
    from: Option<String>,
    to: Option<String>,
    /// `15m`, `30m`, `1h` or `1d`.
    step: Option<String>,
    queue: Option<String>,
}

/// The figures of the report `queue`, cut into steps; the same code counts them.
pub async fn queues(
    State(app): State<App>,
    Params(asked): Params<QueuesAsked>,
) -> Result<Json<Value>, Problem> {
    let step = asked.step.unwrap_or_else(|| "15m".to_string());
    let asking = Asked { from: asked.from, to: asked.to, interval: Some(step.clone()) };
    let report = app.desk.report(Kind::Queue, &asking, Clock::wall()).await?;
    let mut report = report.map_err(|wrong| Problem::bad_request(wrong.to_string()))?.json();
    let mut rows = match report["lines"].take() {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    };
    if let Some(queue) = asked.queue {
        rows.retain(|row| row["queue"] == queue);
    }
    Ok(Json(json!({ "from": report["from"], "to": report["to"], "step": step, "rows": rows })))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct QualityAsked {
    /// Without it: today.
    from: Option<String>,
    to: Option<String>,
}

/// What the media threads counted on an operator's leg, over his calls.
#[derive(Serialize, ToSchema)]
pub struct LineQualityView {
    operator: String,
    calls: u64,
    loss: f64,
    jitter_ms: f64,
    round_trip_ms: Option<f64>,
}

pub async fn quality(
    State(app): State<App>,
    Params(asked): Params<QualityAsked>,
) -> Result<Json<Vec<LineQualityView>>, Problem> {
    let (today, tomorrow) = app.desk.zone().day(Clock::wall());
    let from = query::moment(&app, "from", asked.from.as_deref(), false)?.unwrap_or(today);
    let to = query::moment(&app, "to", asked.to.as_deref(), true)?.unwrap_or(tomorrow);
    let lines = app.desk.line_quality(from, to).await?.into_iter().map(|line| LineQualityView {
        operator: line.operator.to_string(),
        calls: line.calls,
        loss: line.loss,
        jitter_ms: line.jitter_ms,
        round_trip_ms: line.round_trip_ms,
    });
    Ok(Json(lines.collect()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AuditAsked {
    from: Option<String>,
    to: Option<String>,
    who: Option<String>,
    /// A whole word, or its beginning: `call` finds `call.hang_up`.
    what: Option<String>,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct AuditView {
    at: String,
    who: String,
    what: String,
    detail: BTreeMap<String, String>,
}

#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    audit: Vec<AuditView>,
    next: Option<String>,
}

pub async fn audit(
    State(app): State<App>,
    Params(asked): Params<AuditAsked>,
) -> Result<Json<AuditPage>, Problem> {
    let query = AuditQuery {
        from: query::moment(&app, "from", asked.from.as_deref(), false)?,
        to: query::moment(&app, "to", asked.to.as_deref(), true)?,
        who: query::word("who", asked.who)?,
        what: query::word("what", asked.what)?,
        after: query::number_cursor(asked.cursor.as_deref())?,
        limit: query::limit(asked.limit)?,
    };
    let page = app.desk.audit_page(query).await?;
    let zone = app.desk.zone();
    let audit = page.rows.into_iter().map(|row| AuditView {
        at: zone.rfc3339(row.at),
        who: row.who,
        what: row.what,
        detail: row.detail,
    });
    Ok(Json(AuditPage { audit: audit.collect(), next: page.next.map(|id| id.to_string()) }))
}
