//! Subscribers: those who are promised something by name.
use super::super::App;
use super::super::api::audit;
use super::super::body::Params;
use super::super::desk::Role::{Admin, Api, Supervisor};
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::query;
use crate::class::Class;
use crate::number::Number;
use crate::switchboard::Admin as Ask;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const READERS: Access = Access::Roles(&[Supervisor, Admin, Api]);
const WRITERS: Access = Access::Roles(&[Admin, Api]);

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/subscribers", READERS, list),
        route.delete("/api/v1/subscribers/{number}", WRITERS, remove),
    ]
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct SubscribersAsked {
    /// A number, or the beginning of one.
    number: Option<String>,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct SubscriberView {
    number: String,
    class: String,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SubscriberPage {
    subscribers: Vec<SubscriberView>,
    next: Option<String>,
}

pub async fn list(
    State(app): State<App>,
    Params(asked): Params<SubscribersAsked>,
) -> Result<Json<SubscriberPage>, Problem> {
    let prefix = asked.number.as_deref().map(|text| {
        Number::parse(text)
            .map(|number| number.to_string())
            .ok_or_else(|| Problem::bad_request("number: expected a telephone number, or its beginning"))
    });
    let after = query::word("cursor", asked.cursor)?;
    let page = app.desk.subscribers(prefix.transpose()?, after, query::limit(asked.limit)?).await?;
    let subscribers = page.rows.into_iter().map(|row| SubscriberView {
        number: row.number.to_string(),
        class: row.class.to_string(),
        name: row.name,
        email: row.email,
    });
    Ok(Json(SubscriberPage { subscribers: subscribers.collect(), next: page.next }))
}

/// The number is an ordinary one again, in calls that are on too.
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<StatusCode, Problem> {
    let number = Number::parse(&number)
        .ok_or_else(|| Problem::unusable("expected a telephone number, as in 79161234567"))?;
    if !app.desk.remove_subscriber(&number).await? {
        return Err(Problem::not_found("no subscriber has this number"));
    }
    let masked = number.masked();
    app.admin.ask(Ask::SetClass { number, class: Class::Standard }).await?;
    audit(&app, &caller, "subscriber.remove", &[("number", &masked)]).await;
    Ok(StatusCode::NO_CONTENT)
}
