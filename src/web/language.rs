//! The language in which a person reads the answers: that which the page asks for by `Accept-Language` (RFC 9110
//! §12.5.4). A program that asks for none reads English.
use super::problem::Problem;
use crate::say::Language;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;

/// Of this request.
#[derive(Clone, Copy, Debug)]
pub struct Reads(pub Language);

impl<S: Sync> FromRequestParts<S> for Reads {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Reads, Infallible> {
        Ok(Reads(asked(&parts.headers)))
    }
}

/// The one of our languages that is wanted most; the first of equals.
pub fn asked(headers: &HeaderMap) -> Language {
    let mut best = (0.0, Language::En);
    let text = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for range in text.split(',') {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        let weight = match weight.trim().strip_prefix("q=") {
            Some(weight) => weight.parse().unwrap_or(0.0),
            None => 1.0,
        };
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        if let Some(language) = Language::parse(&primary).filter(|_| weight > best.0) {
            best = (weight, language);
        }
    }
    best.1
}

/// An error in that language, where it has the words.
pub fn speak(response: Response, language: Language) -> Response {
    if language != Language::Ru {
        return response;
    }
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let mut spoken = problem.in_russian().into_response();
    let headers = spoken.headers_mut();
    // What the route said beside it, as to close the connection.
    for (name, value) in response.headers() {
        headers.entry(name).or_insert(value.clone());
    }
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("ru"));
    headers.remove(header::CONTENT_LENGTH);
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_wanted_most_is_read_and_english_where_none_of_ours_is() {
        for (text, language) in [
            ("ru", Language::Ru),
            ("ru-RU,ru;q=0.9,en-US;q=0.8", Language::Ru),
            ("en-US,en;q=0.9,ru;q=0.8", Language::En),
            ("de;q=1, ru;q=0.4, en;q=0.3", Language::Ru),
            ("ru;q=0, de", Language::En),
            ("ru;q=much", Language::En),
            ("*", Language::En),
            ("", Language::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(text).unwrap());
            assert_eq!(asked(&headers), language, "{text}");
        }
        assert_eq!(asked(&HeaderMap::new()), Language::En);
    }
}
