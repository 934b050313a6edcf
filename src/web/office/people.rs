//! Users and tokens: who may sign in, and which programs may ask. A secret is in the answer to the one who made it, and
//! nowhere else.
use super::super::App;
use super::super::api::audit;
use super::super::body::Body;
use super::super::desk::Role::{self, Admin};
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table, areas};
use super::desk::{Done, NewUser};
use crate::clock::{Clock, Zone};
use crate::office::{TokenRow, UserRow};
use crate::role::Scopes;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

const ADMINS: Access = Access::Roles(&[Admin]);
const SCOPES_MAX: usize = 64;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/users", ADMINS, users),
        route.post("/api/v1/users", ADMINS, add_user),
        route.put("/api/v1/users/{name}", ADMINS, change_user),
        route.delete("/api/v1/users/{name}", ADMINS, remove_user),
        route.get("/api/v1/tokens", ADMINS, tokens),
        route.post("/api/v1/tokens", ADMINS, add_token),
        route.delete("/api/v1/tokens/{id}", ADMINS, remove_token),
    ]
}

#[derive(Serialize, ToSchema)]
pub struct UserView {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    must_change: bool,
    /// After wrong passwords; absent when the user may sign in.
    locked_until: Option<String>,
    created_at: String,
}

impl UserView {
    fn of(user: UserRow, zone: &Zone) -> UserView {
        let locked = user.locked_until.filter(|until| *until > Clock::wall());
        UserView {
            name: user.name,
            role: user.role,
            must_change: user.must_change,
            locked_until: locked.map(|at| zone.rfc3339(at)),
            created_at: zone.rfc3339(user.created_at),
        }
    }
}

pub async fn users(State(app): State<App>) -> Result<Json<Vec<UserView>>, Problem> {
    let zone = app.desk.zone();
    Ok(Json(app.desk.users().await?.into_iter().map(|user| UserView::of(user, zone)).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserText {
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(value_type = String, pattern = "^(viewer|operator|supervisor|admin|api)$")]
    role: Role,
    /// Absent: one is made by chance and is in the answer. In both cases the user changes it at his first sign-in.
    #[serde(default)]
    password: Option<String>,
}

/// The password is there when it was made by chance: shown once.
#[derive(Serialize, ToSchema)]
pub struct NewUserView {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    password: Option<String>,
}

pub async fn add_user(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewUserText>,
) -> Result<Response, Problem> {
    refuse_narrow(&caller)?;
    let new = NewUser { name: &body.name, role: body.role, password: body.password.as_deref() };
    let password = done(app.desk.add_user(new, Clock::wall()).await?)?;
    audit(&app, &caller, "user.add", &[("user", &body.name), ("role", body.role.as_str())]).await;
    let password = password.map(|password| password.reveal().to_string());
    Ok((StatusCode::CREATED, Json(NewUserView { name: body.name, role: body.role, password }))
        .into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(viewer|operator|supervisor|admin|api)$")]
    role: Option<Role>,
    /// A new password by chance, which is in the answer; the user is signed out everywhere.
    #[serde(default)]
    reset_password: bool,
    #[serde(default)]
    unlock: bool,
}

pub async fn change_user(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(change): Body<UserChange>,
) -> Result<Json<NewUserView>, Problem> {
    refuse_narrow(&caller)?;
    let known = app.desk.users().await?;
    let user = known.into_iter().find(|user| user.name == name).ok_or_else(no_such_user)?;
    if let Some(role) = change.role {
        done(app.desk.set_role(&name, role).await?)?;
        audit(&app, &caller, "user.role", &[("user", &name), ("role", role.as_str())]).await;
    }
    if change.unlock {
        app.desk.unlock(&name).await?;
        audit(&app, &caller, "user.unlock", &[("user", &name)]).await;
    }
    let mut password = None;
    if change.reset_password {
        password = Some(done(app.desk.reset_password(&name).await?)?.reveal().to_string());
        audit(&app, &caller, "user.reset_password", &[("user", &name)]).await;
    }
    Ok(Json(NewUserView { name, role: change.role.unwrap_or(user.role), password }))
}

pub async fn remove_user(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    refuse_narrow(&caller)?;
    done(app.desk.remove_user(&name).await?)?;
    audit(&app, &caller, "user.remove", &[("user", &name)]).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct TokenView {
    id: String,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// `null`: everything that the role may.
    scopes: Option<BTreeSet<String>>,
    created_at: String,
    /// To the minute.
    last_used_at: Option<String>,
}

impl TokenView {
    fn of(token: TokenRow, zone: &Zone) -> TokenView {
        TokenView {
            id: token.id,
            name: token.name,
            role: token.role,
            scopes: token.scopes.0,
            created_at: zone.rfc3339(token.created_at),
            last_used_at: token.last_used_at.map(|at| zone.rfc3339(at)),
        }
    }
}

pub async fn tokens(State(app): State<App>) -> Result<Json<Vec<TokenView>>, Problem> {
    let zone = app.desk.zone();
    Ok(Json(app.desk.tokens().await?.into_iter().map(|token| TokenView::of(token, zone)).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(value_type = String, pattern = "^(viewer|operator|supervisor|admin|api)$")]
    role: Role,
    /// `calls:read`, `tickets:write`, …: the area is the first part of a route's path. Absent: all that the role may.
    #[serde(default)]
    scopes: Option<BTreeSet<String>>,
}

#[derive(Serialize, ToSchema)]
pub struct NewTokenView {
    /// Shown once.
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

pub async fn add_token(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewToken>,
) -> Result<Response, Problem> {
    let scopes = Scopes(body.scopes);
    check_scopes(&app, &scopes)?;
    if !caller.scopes.include(&scopes) {
        return Err(Problem::not_allowed("a token hands out no more than it has: name fewer `scopes`"));
    }
    let added = app.desk.add_token(&body.name, body.role, scopes, Clock::wall()).await?;
    let (token, row) = done(added)?;
    let detail = [("token", row.id.as_str()), ("name", &body.name), ("role", body.role.as_str())];
    audit(&app, &caller, "token.add", &detail).await;
    let view = TokenView::of(row, app.desk.zone());
    let view = NewTokenView { token: token.reveal().to_string(), view };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

pub async fn remove_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let removed = app.desk.remove_token(&id).await?;
    let token =
        removed.ok_or_else(|| Problem::not_found("no token has this id; GET /api/v1/tokens lists them"))?;
    audit(&app, &caller, "token.remove", &[("token", &id), ("name", &token.name)]).await;
    Ok(StatusCode::NO_CONTENT)
}

fn check_scopes(app: &App, scopes: &Scopes) -> Result<(), Problem> {
    let Some(scopes) = &scopes.0 else { return Ok(()) };
    let areas = areas(app);
    let known = |scope: &&String| {
        let parts = scope.split_once(':');
        parts.is_some_and(|(area, what)| areas.contains(area) && matches!(what, "read" | "write"))
    };
    match scopes.iter().find(|scope| !known(scope)) {
        _ if scopes.len() > SCOPES_MAX => Err(Problem::unusable(format!("at most {SCOPES_MAX} scopes"))),
        None => Ok(()),
        Some(_) => {
            let areas = areas.into_iter().collect::<Vec<_>>().join(", ");
            Err(Problem::unusable(format!(
                "a scope is AREA:read or AREA:write, where AREA is one of: {areas}"
            )))
        }
    }
}

/// A person made by a narrow token would be no narrower than his role.
fn refuse_narrow(caller: &Caller) -> Result<(), Problem> {
    match &caller.scopes.0 {
        None => Ok(()),
        Some(_) => Err(Problem::not_allowed("a token with scopes makes and changes no users")),
    }
}

fn done<T>(done: Done<T>) -> Result<T, Problem> {
    match done {
        Done::Done(value) => Ok(value),
        Done::NotFound => Err(no_such_user()),
        Done::Conflict(why) => Err(Problem::not_now(why)),
        Done::Unusable(why) => Err(Problem::unusable(why)),
    }
}

fn no_such_user() -> Problem {
    Problem::not_found("no user has this name; GET /api/v1/users lists them")
}
