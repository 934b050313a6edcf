//! The door of every route: who is asking, from where, and whether he may.
//!
//! A person has a session cookie, a program a Bearer token, the command line the control socket. A cookie is sent by
//! the browser whoever made the request, so methods that change something must come from our own origin
//! (`Origin`, or `Sec-Fetch-Site` where a browser sends no `Origin`).
use super::desk::{Person, Role};
use super::listen::{Local, Peer};
use super::problem::Problem;
use super::{App, Options};
use crate::role::Scopes;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    Roles(&'static [Role]),
    /// Open to programs on this machine, by role to others: `/metrics`.
    LoopbackOr(&'static [Role]),
}

/// The one who asks, after [`check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub name: String,
    pub role: Role,
    pub scopes: Scopes,
    pub via: Via,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    ControlSocket,
    Token,
    /// The session's token, for signing out.
    Session(super::desk::Secret),
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(no_credentials)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().copied();
        peer.ok_or_else(|| Problem::bad_request("the connection has no peer"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Local {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let local = parts.extensions.get::<Local>().copied();
        local.ok_or_else(|| Problem::bad_request("the connection has no address"))
    }
}

/// The middleware in front of a handler.
/// `area`: of the API, which a token may be narrowed to.
pub async fn check(app: App, access: Access, area: &str, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&app, access, area, &parts).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                parts.extensions.insert(caller);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &App, access: Access, area: &str, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let headers = &parts.headers;
    let peer = parts.extensions.get::<Peer>().copied();
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let roles = match access {
        Access::Open => {
            if !safe && peer != Some(Peer::Local) {
                refuse_foreign(headers, &app.options, Strict::WhenNamed)?;
            }
            return Ok(None);
        }
        Access::LoopbackOr(_) if is_loopback(peer, headers) => return Ok(None),
        Access::Roles(roles) | Access::LoopbackOr(roles) => roles,
    };
    let caller = who(app, peer, headers).await?;
    if !safe && matches!(caller.via, Via::Session(_)) {
        refuse_foreign(headers, &app.options, Strict::Always)?;
    }
    if !caller.scopes.allow(area, !safe) {
        let scope = if safe { "read" } else { "write" };
        return Err(Problem::not_allowed(format!(
            "this token is narrowed; this needs the scope {area}:{scope}"
        )));
    }
    if roles.contains(&caller.role) {
        Ok(Some(caller))
    } else {
        let allowed: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        let (mine, allowed) = (caller.role.as_str(), allowed.join(", "));
        Err(Problem::not_allowed(format!("your role is {mine}; this needs one of: {allowed}")))
    }
}

/// The person or program behind the credentials.
pub async fn who(app: &App, peer: Option<Peer>, headers: &HeaderMap) -> Result<Caller, Problem> {
    if peer == Some(Peer::Local) {
        return Ok(Caller {
            name: "local".to_string(),
            role: Role::Admin,
            scopes: Scopes::all(),
            via: Via::ControlSocket,
        });
    }
    let at = crate::clock::Clock::wall();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = bearer(value).ok_or_else(|| {
            Problem::not_signed_in("expected `Authorization: Bearer TOKEN`; `hotline user token` makes one")
        })?;
        let person = app.desk.token(token, at).await?;
        return person.map(|person| caller(person, Via::Token)).ok_or_else(|| {
            Problem::not_signed_in("this token is not known; `hotline user token` makes a new one")
        });
    }
    let Some(session) = cookie(headers, app.options.cookie_name()) else { return Err(no_credentials()) };
    let Some(person) = app.desk.session(session, at).await? else {
        return Err(Problem::not_signed_in("the session has ended: sign in again"));
    };
    if person.must_change {
        return Err(Problem::password_change_required("POST /api/v1/password changes it"));
    }
    Ok(caller(person, Via::Session(super::desk::Secret::new(session))))
}

fn caller(person: Person, via: Via) -> Caller {
    Caller { name: person.name, role: person.role, scopes: person.scopes, via }
}

fn no_credentials() -> Problem {
    Problem::not_signed_in("sign in by POST /api/v1/login, or send `Authorization: Bearer TOKEN`")
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// A proxy on this machine also comes from loopback: what it forwards is not local.
fn is_loopback(peer: Option<Peer>, headers: &HeaderMap) -> bool {
    let forwarded = headers.contains_key("forwarded") || headers.contains_key("x-forwarded-for");
    match peer {
        Some(Peer::Local) => true,
        Some(Peer::Tcp(address)) => address.ip().to_canonical().is_loopback() && !forwarded,
        None => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// The request must say that it is ours: it rides on a cookie.
    Always,
    /// A program names no origin and has its own credentials; a browser on a foreign page does.
    WhenNamed,
}

/// Whether a request comes from a page of ours.
pub fn refuse_foreign(headers: &HeaderMap, options: &Options, strict: Strict) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = match (text("origin"), text("sec-fetch-site")) {
        (Some(origin), _) => is_ours(origin, text("host"), options),
        (None, Some(site)) => site == "same-origin",
        (None, None) => strict == Strict::WhenNamed,
    };
    if ours {
        Ok(())
    } else {
        let origin = text("origin").unwrap_or("no origin");
        Err(Problem::foreign_origin(format!(
            "expected this server's own origin, got {origin}; behind a proxy, name the public address in the settings"
        )))
    }
}

fn is_ours(origin: &str, host: Option<&str>, options: &Options) -> bool {
    if options.origins.iter().any(|known| known.trim_end_matches('/') == origin) {
        return true;
    }
    let scheme = if options.tls { "https://" } else { "http://" };
    let authority = origin.strip_prefix(scheme);
    authority.is_some() && authority == host
}

/// The address of a peer, for the limit on attempts; none for the control socket.
pub fn address(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Tcp(address) => Some(address.ip()),
        Peer::Local => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    fn ours(pairs: &[(&'static str, &str)], strict: Strict) -> bool {
        let options = Options { origins: vec!["https://board.example/".into()], ..Options::default() };
        refuse_foreign(&headers(pairs), &options, strict).is_ok()
    }

    #[test]
    fn only_our_own_origin_may_ride_on_a_cookie() {
        let host = ("host", "127.0.0.1:8080");
        for strict in [Strict::Always, Strict::WhenNamed] {
            assert!(ours(&[host, ("origin", "http://127.0.0.1:8080")], strict));
            assert!(ours(&[host, ("origin", "https://board.example")], strict), "the proxy's address");
            assert!(ours(&[host, ("sec-fetch-site", "same-origin")], strict));
            for foreign in
                ["http://127.0.0.1:8081", "https://127.0.0.1:8080", "http://evil.example", "null", ""]
            {
                assert!(!ours(&[host, ("origin", foreign)], strict), "{foreign}");
            }
            assert!(!ours(&[host, ("sec-fetch-site", "cross-site")], strict));
        }
        assert!(!ours(&[host], Strict::Always), "a browser always says where it comes from");
        assert!(ours(&[host], Strict::WhenNamed), "a program does not");
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let headers = headers(&[("cookie", "a=b; hotline_session=12ab; c=d")]);
        assert_eq!(cookie(&headers, "hotline_session"), Some("12ab"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn what_a_proxy_forwards_is_not_local() {
        let here = Some(Peer::Tcp("127.0.0.1:50000".parse().unwrap()));
        assert!(is_loopback(here, &headers(&[])));
        assert!(!is_loopback(here, &headers(&[("x-forwarded-for", "203.0.113.9")])));
        assert!(!is_loopback(Some(Peer::Tcp("203.0.113.9:5".parse().unwrap())), &headers(&[])));
    }
}
