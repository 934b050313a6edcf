//! The files of the pages, compiled into the program. They hold nothing secret: what they show comes from the API.
//!
//! The live page is written by hand in `web/live`. The operators' desk is built by npm from `web/desk` into `web/dist`, and
//! `build.rs` lists what it finds there; without it `/desk` says how to build it.
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

#[derive(Clone, Copy)]
pub struct File {
    pub path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($path:literal $name:literal $kind:literal;)*) => {
        static FILES: &[File] = &[$(File {
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

/// Path, type and bytes of each built file of the desk; empty when it was not built.
type Built = &'static [(&'static str, &'static str, &'static [u8])];
static BUILT: Built = include!(concat!(env!("OUT_DIR"), "/desk.rs"));
/// The desk's first page answers here, with and without the slash; its other files lie below.
const DESK: [&str; 2] = ["/desk", "/desk/"];
const DESK_INDEX: &str = "/desk/index.html";
const NOT_BUILT: File = File {
    path: DESK_INDEX,
    kind: "text/html; charset=utf-8",
    bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/live/no_desk.html")),
};

/// Every file that has a path of its own.
pub fn files() -> Vec<File> {
    let built: Vec<_> = BUILT.iter().map(|&(path, kind, bytes)| File { path, kind, bytes }).collect();
    let desk = built.iter().find(|file| file.path == DESK_INDEX).copied().unwrap_or(NOT_BUILT);
    let others = built.into_iter().filter(|file| file.path != DESK_INDEX);
    let desk = DESK.into_iter().map(|path| File { path, ..desk });
    FILES.iter().copied().chain(desk).chain(others).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_desk_answers_whether_it_was_built_or_not_and_no_path_twice() {
        let files = files();
        let paths: BTreeSet<_> = files.iter().map(|file| file.path).collect();
        assert_eq!(paths.len(), files.len());
        for path in DESK {
            let desk = files.iter().find(|file| file.path == path).unwrap();
            assert!(desk.kind.starts_with("text/html"));
            let text = String::from_utf8_lossy(desk.bytes);
            assert!(!text.contains("<style") && !text.contains("<script>"), "the security policy forbids it");
            let missing: Vec<_> =
                text.split('"').filter(|text| text.starts_with("/desk/") && !paths.contains(text)).collect();
            assert!(missing.is_empty(), "{missing:?}");
        }
    }
}
