//! Calls that were, as one CSV file of whatever length: read a page at a time, and sent as it is read. Should the store
//! fail on the way, the transfer breaks off, so that nobody takes a part for the whole.
use super::super::App;
use super::super::problem::Problem;
use super::history::summary;
use crate::clock::Zone;
use crate::office::{CallQuery, NotedCall, PAGE_MAX};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

const COLUMNS: [&str; 16] = [
    "id",
    "line",
    "caller",
    "class",
    "queue",
    "operator",
    "started_at",
    "answered_at",
    "ended_at",
    "wait_ms",
    "talk_ms",
    "result",
    "cause",
    "hangup_by",
    "disposition",
    "note",
];

pub async fn answer(app: App, mut query: CallQuery, sees_numbers: bool) -> Result<Response, Problem> {
    let zone = app.desk.zone().clone();
    query.limit = PAGE_MAX;
    let first = app.desk.call_history(query.clone()).await?;
    let head = stream::iter([text(true, &first.rows, &zone, sees_numbers)]);
    let next = first.next.map(|after| CallQuery { after: Some(after), ..query });
    let rest = stream::unfold(next, move |query| {
        let (app, zone) = (app.clone(), zone.clone());
        async move {
            let query = query?;
            let page = match app.desk.call_history(query.clone()).await {
                Ok(page) => page,
                Err(away) => return Some((Err(std::io::Error::other(away.to_string())), None)),
            };
            let next = page.next.map(|after| CallQuery { after: Some(after), ..query });
            Some((text(false, &page.rows, &zone, sees_numbers), next))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"calls.csv\""),
    ];
    Ok((headers, Body::from_stream(head.chain(rest))).into_response())
}

fn text(has_head: bool, calls: &[NotedCall], zone: &Zone, sees_numbers: bool) -> std::io::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    if has_head {
        table.write_record(COLUMNS)?;
    }
    for call in calls {
        let call = summary(call, zone, sees_numbers);
        let ms = |ms: Option<u64>| ms.map(|ms| ms.to_string()).unwrap_or_default();
        let text = |text: Option<String>| harmless(text.unwrap_or_default());
        let caller = call.number.unwrap_or(call.caller);
        table.write_record([
            call.id,
            harmless(call.line),
            harmless(caller),
            call.class,
            text(call.queue),
            text(call.operator),
            call.started_at,
            text(call.answered_at),
            text(call.ended_at),
            ms(call.wait_ms),
            ms(call.talk_ms),
            text(call.result),
            text(call.cause),
            text(call.hangup_by),
            text(call.disposition),
            text(call.note),
        ])?;
    }
    table.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

/// A cell that a spreadsheet would take for a formula is quoted as text (OWASP, "CSV Injection").
fn harmless(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}
