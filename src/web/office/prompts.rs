//! The prompts with their texts, and how they sound.
use super::super::App;
use super::super::desk::Role::{Admin, Operator, Supervisor, Viewer};
use super::super::guard::Access;
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::audio;
use crate::ids::PromptName;
use crate::say::Language;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

const PEOPLE: Access = Access::Roles(&[Viewer, Operator, Supervisor, Admin]);

pub fn routes(route: &Table) -> Vec<Route> {
    vec![route.get("/api/v1/prompts", PEOPLE, list), route.get("/api/v1/prompts/{lang}/{id}", PEOPLE, sound)]
}

pub async fn list(State(app): State<App>) -> Result<Json<Vec<Value>>, Problem> {
    let prompts = app.desk.prompts().await?.into_iter().map(|prompt| {
        let text = |language| prompt.texts.get(&language);
        json!({
            "id": prompt.id, "ru": text(Language::Ru), "en": text(Language::En), "files": prompt.files,
        })
    });
    Ok(Json(prompts.collect()))
}

pub async fn sound(
    State(app): State<App>,
    headers: HeaderMap,
    Path((language, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("no prompt has this language and id; GET /api/v1/prompts lists them");
    let language = Language::ALL.into_iter().find(|known| known.as_str() == language).ok_or_else(none)?;
    let file = app.desk.prompt_file(language, PromptName::from(id)).await?.ok_or_else(none)?;
    audio::wav(&file, &headers).await
}
