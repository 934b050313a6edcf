//! `GET /reports/…`: what was promised to callers and what they got, as JSON, CSV or a table.
use super::App;
use super::body::Params;
use super::problem::Problem;
use crate::clock::Clock;
use crate::report::{Asked, Kind, menu};
use crate::say::Language;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    from: Option<String>,
    to: Option<String>,
    interval: Option<String>,
    /// `json`, `csv` or `text`.
    #[param(value_type = Option<String>, pattern = "^(json|csv|text)$")]
    format: Format,
    #[param(value_type = Option<String>, pattern = "^(ru|en)$")]
    language: Option<Language>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
    Text,
}

pub async fn daily(State(app): State<App>, Params(asked): Params<Parameters>) -> Result<Response, Problem> {
    report(&app, Kind::Daily, asked).await
}

pub async fn queue(State(app): State<App>, Params(asked): Params<Parameters>) -> Result<Response, Problem> {
    report(&app, Kind::Queue, asked).await
}

pub async fn operator(
    State(app): State<App>,
    Params(asked): Params<Parameters>,
) -> Result<Response, Problem> {
    report(&app, Kind::Operator, asked).await
}

pub async fn menu(State(app): State<App>, Params(asked): Params<Parameters>) -> Result<Response, Problem> {
    let Parameters { from, to, interval, format, language } = asked;
    let asked = Asked { from, to, interval };
    let lines = app.desk.menu_report(&asked, Clock::wall()).await?;
    let lines = lines.map_err(|wrong| Problem::bad_request(wrong.to_string()))?;
    Ok(match format {
        Format::Json => Json(serde_json::json!({ "report": "menu", "lines": lines })).into_response(),
        Format::Csv => {
            let text = menu::csv(&lines).map_err(|error| Problem::unusable(error.to_string()))?;
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")], text).into_response()
        }
        Format::Text => menu::text(&lines, language.unwrap_or(Language::Ru)).into_response(),
    })
}

async fn report(app: &App, kind: Kind, asked: Parameters) -> Result<Response, Problem> {
    let Parameters { from, to, interval, format, language } = asked;
    let asked = Asked { from, to, interval };
    let report = app.desk.report(kind, &asked, Clock::wall()).await?;
    let report = report.map_err(|wrong| Problem::bad_request(wrong.to_string()))?;
    let plain = |kind: &'static str, text: String| ([(header::CONTENT_TYPE, kind)], text).into_response();
    Ok(match format {
        Format::Json => Json(report.json()).into_response(),
        Format::Csv => {
            let text = report.csv().map_err(|error| Problem::unusable(error.to_string()))?;
            plain("text/csv; charset=utf-8; header=present", text)
        }
        Format::Text => plain("text/plain; charset=utf-8", report.text(language.unwrap_or(Language::Ru))),
    })
}
