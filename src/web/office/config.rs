//! The configuration in force, for an administrator's eyes; its secrets for nobody's.
use super::super::App;
use super::super::desk::Role::Admin;
use super::super::guard::Access;
use super::super::routes::{Route, Table};
use axum::Json;
use axum::extract::State;
use serde_json::Value;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![route.get("/api/v1/config", Access::Roles(&[Admin]), show)]
}

pub async fn show(State(app): State<App>) -> Json<Value> {
    Json(app.desk.config())
}
