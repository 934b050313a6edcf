//! Signing in and out, and changing one's password.
use super::App;
use super::body::Body;
use super::desk::{Changed, PasswordChange, Person, Role, Secret, SignIn};
use super::guard::{self, Caller, Via};
use super::listen::Peer;
use super::problem::Problem;
use crate::clock::Clock;
use crate::machine::Wall;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use std::time::Duration;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    user: String,
    password: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    user: String,
    password: String,
    new_password: String,
}

/// Who is signed in, as the page sees it.
#[derive(Serialize)]
pub struct SessionView {
    user: String,
    role: Role,
}

pub async fn login(
    State(app): State<App>,
    peer: Peer,
    Body(body): Body<Credentials>,
) -> Result<Response, Problem> {
    take_attempt(&app, peer)?;
    sign_in(&app, peer, &body.user, &body.password).await
}

/// The old password is asked for in every case: a browser left open must not be enough.
pub async fn change_password(
    State(app): State<App>,
    peer: Peer,
    Body(body): Body<NewPassword>,
) -> Result<Response, Problem> {
    take_attempt(&app, peer)?;
    let change = PasswordChange { user: &body.user, old: &body.password, new: &body.new_password };
    match app.desk.change_password(change, Clock::wall()).await? {
        Changed::Done => sign_in(&app, peer, &body.user, &body.new_password).await,
        Changed::Refused => {
            Err(Problem::wrong_password("the present password is wrong, or the user is locked"))
        }
        Changed::Unusable(why) => Err(Problem::unusable(why)),
    }
}

pub async fn logout(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    if let Via::Session(session) = &caller.via {
        app.desk.sign_out(session.reveal()).await?;
    }
    let cookie = cookie(&app, "", Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

pub async fn session(caller: Caller) -> Json<SessionView> {
    Json(SessionView { user: caller.name, role: caller.role })
}

async fn sign_in(app: &App, peer: Peer, user: &str, password: &str) -> Result<Response, Problem> {
    let at = Clock::wall();
    match app.desk.sign_in(user, password, at).await? {
        SignIn::Welcome { person, session, .. } if person.must_change => {
            app.desk.sign_out(session.reveal()).await?;
            give_attempt_back(app, peer);
            Err(Problem::password_change_required(
                "this password was given to you by somebody else: POST /api/v1/password {user, password, new_password}",
            ))
        }
        SignIn::Welcome { person, session, expires_at } => {
            give_attempt_back(app, peer);
            tracing::info!(user = %person.name, role = person.role.as_str(), "signed in");
            Ok(welcome(app, person, &session, at, expires_at))
        }
        SignIn::Refused => {
            Err(Problem::wrong_password("check both; after five wrong passwords the user is locked"))
        }
        SignIn::Locked { until } => {
            let wait = Duration::from_millis(u64::try_from(until.0 - at.0).unwrap_or(0));
            Err(Problem::too_many("the user is locked after wrong passwords: wait, then try again")
                .retry_after(wait))
        }
        SignIn::Void => Err(Problem::password_void(
            "the first password was valid for a day: restart the server, it makes a new one",
        )),
    }
}

fn welcome(app: &App, person: Person, session: &Secret, at: Wall, expires_at: Wall) -> Response {
    let lasts = Duration::from_millis(u64::try_from(expires_at.0 - at.0).unwrap_or(0));
    let cookie = cookie(app, session.reveal(), lasts);
    let view = SessionView { user: person.name, role: person.role };
    ([(header::SET_COOKIE, cookie)], Json(view)).into_response()
}

fn cookie(app: &App, session: &str, lasts: Duration) -> HeaderValue {
    let name = app.options.cookie_name();
    let secure = if app.options.tls { "; Secure" } else { "" };
    let text =
        format!("{name}={session}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", lasts.as_secs());
    // Sessions are hexadecimal; anything else would be a fault of the store's, and signs nobody in.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn take_attempt(app: &App, peer: Peer) -> Result<(), Problem> {
    let Some(address) = guard::address(peer) else { return Ok(()) };
    let mut attempts = app.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner);
    attempts.take(address, app.clock.mono()).map_err(|wait| {
        Problem::too_many("too many attempts to sign in from this address: wait, then try again")
            .retry_after(wait)
    })
}

fn give_attempt_back(app: &App, peer: Peer) {
    if let Some(address) = guard::address(peer) {
        app.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner).give_back(address);
    }
}
