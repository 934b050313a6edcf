//! A JSON body or a query read into a type, with a problem that says what was wrong.
use super::problem::Problem;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Json, Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// No body of ours is larger than a few hundred bytes.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Body(body)),
            Err(rejection) => Err(problem(&rejection)),
        }
    }
}

/// The same where no body at all is a default one.
pub struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let is_empty = match length {
            Some(length) => length == "0",
            None => !request.headers().contains_key(TRANSFER_ENCODING),
        };
        if is_empty {
            return Ok(MaybeBody(T::default()));
        }
        Body::from_request(request, state).await.map(|Body(body)| MaybeBody(body))
    }
}

/// The query of a request, with a problem that says what was wrong.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Params(query)).map_err(|wrong| Problem::bad_request(bare(wrong.body_text())))
    }
}

/// What was wrong, without the words of the library around it.
fn bare(text: String) -> String {
    const AROUND: [&str; 2] = [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to deserialize query string: ",
    ];
    let inner = AROUND.into_iter().find_map(|around| text.strip_prefix(around));
    inner.map_or(text.clone(), str::to_string)
}

fn problem(rejection: &JsonRejection) -> Problem {
    let detail = bare(rejection.body_text());
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::too_large(format!("expected at most {BODY_BYTES_MAX} bytes"))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::not_json("expected `Content-Type: application/json`"),
        StatusCode::UNPROCESSABLE_ENTITY => Problem::unusable(detail),
        _ => Problem::bad_request(detail),
    }
}
