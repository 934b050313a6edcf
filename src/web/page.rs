//! The files of the pages, compiled into the program. They hold nothing secret: what they show comes from the API.
//!
//! The pages are built by npm from `web` into `web/dist`, and `build.rs` lists what it finds there. The plain board in
//! `web/live` is written by hand and always there: it is at `/live`, and at `/` while the others are not built.
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
    "/live" "index.html" "text/html; charset=utf-8";
    "/live/board.js" "board.js" "text/javascript; charset=utf-8";
    "/live/tables.js" "tables.js" "text/javascript; charset=utf-8";
    "/live/words.js" "words.js" "text/javascript; charset=utf-8";
    "/live/board.css" "board.css" "text/css; charset=utf-8";
    "/live/icon.svg" "icon.svg" "image/svg+xml";
}

/// Path, type and bytes of each built file; empty when nothing was built.
type Built = &'static [(&'static str, &'static str, &'static [u8])];
static BUILT: Built = include!(concat!(env!("OUT_DIR"), "/pages.rs"));
/// A page's file, and where it answers. What follows a page's name is for the page itself to read.
const PAGES: &[(&str, &[&str])] = &[
    ("/index.html", &["/"]),
    ("/desk/index.html", &["/desk", "/desk/"]),
    ("/board/index.html", &["/board", "/board/"]),
    ("/calls/index.html", &["/calls", "/calls/", "/calls/{id}"]),
    ("/tickets/index.html", &["/tickets", "/tickets/", "/tickets/{id}"]),
    ("/admin/index.html", &["/admin", "/admin/", "/admin/{section}", "/admin/{section}/{name}"]),
];
/// Vite puts a hash of the content into the names of these.
const HASHED: &str = "/assets/";
const NOT_BUILT: File = File {
    path: "",
    kind: "text/html; charset=utf-8",
    bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/live/not_built.html")),
};

/// Every file that has a path of its own.
pub fn files() -> Vec<File> {
    let built: Vec<_> = BUILT.iter().map(|&(path, kind, bytes)| File { path, kind, bytes }).collect();
    let pages = PAGES.iter().flat_map(|(index, paths)| {
        let instead = if *index == "/index.html" { FILES[0] } else { NOT_BUILT };
        let page = built.iter().find(|file| file.path == *index).copied().unwrap_or(instead);
        paths.iter().map(move |path| File { path, ..page })
    });
    let others = built.iter().filter(|file| !file.path.ends_with(".html")).copied();
    FILES.iter().copied().chain(pages).chain(others).collect()
}

impl File {
    /// A browser asks again each time, and gets 304 while the program is the same; a hashed name it never asks for again.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let hashed = self.path.starts_with(HASHED);
        let keep = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let tag = format!("\"{:016x}\"", hash(self.bytes));
        let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
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
    fn every_page_answers_whether_it_was_built_or_not_and_no_path_twice() {
        let files = files();
        let paths: BTreeSet<_> = files.iter().map(|file| file.path).collect();
        assert_eq!(paths.len(), files.len());
        for path in PAGES.iter().flat_map(|(_, paths)| *paths) {
            let page = files.iter().find(|file| file.path == *path).unwrap();
            assert!(page.kind.starts_with("text/html"));
            let text = String::from_utf8_lossy(page.bytes);
            assert!(!text.contains("<style") && !text.contains("<script>"), "the security policy forbids it");
            let missing: Vec<_> =
                text.split('"').filter(|text| text.starts_with(HASHED) && !paths.contains(text)).collect();
            assert!(missing.is_empty(), "{path}: {missing:?}");
        }
    }

    #[test]
    fn a_browser_keeps_what_has_its_hash_in_its_name_and_asks_again_for_the_rest() {
        for (path, wanted) in [("/assets/desk-1a2b.js", "immutable"), ("/desk", "no-cache")] {
            let file = File { path, kind: "text/plain", bytes: b"x" };
            let answer = file.answer(&HeaderMap::new());
            assert!(answer.headers()[header::CACHE_CONTROL].to_str().unwrap().contains(wanted), "{path}");
        }
    }
}
