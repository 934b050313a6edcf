//! Errors as `application/problem+json` (RFC 9457). `code` is the stable word for programs; `detail` says what was
//! expected, what came and what to do.
use super::admin::Busy;
use super::desk::Away;
use super::russian;
use crate::phrasebook::translate;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// `type` of a problem is this and its code. A URN: it names, and promises no page.
const TYPE_PREFIX: &str = "urn:hotline:problem:";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    /// Members of its own (RFC 9457 §3.2).
    more: Vec<(&'static str, Value)>,
}

macro_rules! problems {
    ($($name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        impl Problem {
            $(pub fn $name(detail: impl Into<String>) -> Problem {
                Problem { status: StatusCode::$status, code: $code, title: $title, detail: detail.into(), retry_after: None, more: Vec::new() }
            })*
        }

        #[cfg(test)]
        const TITLES: &[&str] = &[$($title),*];
    };
}

problems! {
    bad_request = BAD_REQUEST, "bad-request", "The request could not be read";
    not_signed_in = UNAUTHORIZED, "not-signed-in", "Sign in first";
    wrong_password = UNAUTHORIZED, "wrong-password", "The user or the password is wrong";
    not_allowed = FORBIDDEN, "not-allowed", "Your role does not allow this";
    foreign_origin = FORBIDDEN, "foreign-origin", "The request came from another site";
    password_change_required = FORBIDDEN, "password-change-required", "Choose a new password first";
    password_void = FORBIDDEN, "password-void", "The first password was not changed in time";
    not_found = NOT_FOUND, "not-found", "There is no such thing";
    method_not_allowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The route does not know this method";
    too_large = PAYLOAD_TOO_LARGE, "too-large", "The body is too large";
    not_json = UNSUPPORTED_MEDIA_TYPE, "not-json", "The body must be JSON";
    not_now = CONFLICT, "not-now", "This cannot be done in the present state";
    unusable = UNPROCESSABLE_ENTITY, "unusable", "The request was read and cannot be used";
    too_many = TOO_MANY_REQUESTS, "too-many", "Too many attempts";
    mail_away = BAD_GATEWAY, "mail-away", "The mail server did not take the letter";
    busy = SERVICE_UNAVAILABLE, "busy", "The server is busy";
    store_away = SERVICE_UNAVAILABLE, "store-away", "The database did not answer";
}

impl Problem {
    /// One member more in the answer.
    pub fn with(mut self, key: &'static str, value: Value) -> Problem {
        self.more.push((key, value));
        self
    }

    pub fn retry_after(self, after: Duration) -> Problem {
        Problem { retry_after: Some(after), ..self }
    }

    /// The sentences for people; code, members and status are for programs.
    pub fn in_russian(&self) -> Problem {
        let known = russian::TITLES.iter().find(|(english, _)| *english == self.title);
        let title = known.map_or(self.title, |(_, russian)| russian);
        let own = translate(&self.detail, russian::SENTENCES, str::to_string);
        let detail = own.unwrap_or_else(|| self.detail.clone());
        Problem { title, detail, ..self.clone() }
    }

    /// Whether trying again later may help.
    pub fn is_passing(&self) -> bool {
        self.status.is_server_error()
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Problem {
        Problem::busy(busy.to_string()).retry_after(Duration::from_secs(1))
    }
}

impl From<Away> for Problem {
    fn from(away: Away) -> Problem {
        Problem::store_away(away.to_string()).retry_after(Duration::from_secs(2))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("{TYPE_PREFIX}{}", self.code),
            "title": self.title,
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        for (key, value) in &self.more {
            body[*key] = value.clone();
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"hotline\""));
        }
        // For whoever has to say it in another language.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_title_is_known_in_russian() {
        let known: Vec<&str> = russian::TITLES.iter().map(|(english, _)| *english).collect();
        assert_eq!(known, TITLES);
    }
}
