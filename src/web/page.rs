//! The live page's files, compiled into the program. They hold nothing secret: what they show comes from the API.
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

pub struct File {
    pub path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($path:literal $name:literal $kind:literal;)*) => {
        pub static FILES: &[File] = &[$(File {
            path: $path,
            kind: $kind,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/live/", $name)),
        },)*];
    };
}

files! {
    "/" "index.html" "text/html; charset=utf-8";
    "/live/board.js" "board.js" "text/javascript; charset=utf-8";
    "/live/tables.js" "tables.js" "text/javascript; charset=utf-8";
    "/live/words.js" "words.js" "text/javascript; charset=utf-8";
    "/live/board.css" "board.css" "text/css; charset=utf-8";
    "/live/icon.svg" "icon.svg" "image/svg+xml";
}

impl File {
    /// A browser asks again each time, and gets 304 while the program is the same.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let tag = format!("\"{:016x}\"", hash(self.bytes));
        let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::ETAG, HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"0\""))),
        ];
        if known {
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            (headers, self.bytes).into_response()
        }
    }
}

/// FNV-1a 64: enough to tell one build's file from another's.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
