//! Sound files: played by browsers, which ask for parts of them (RFC 9110 §14). A file is read in pieces as it is sent.
use super::super::problem::Problem;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

const PIECE_BYTES: u64 = 64 * 1024;

/// The file, or the part of it that was asked for. One that is gone is 404.
pub async fn wav(path: &Path, asked: &HeaderMap) -> Result<Response, Problem> {
    let gone = |_| Problem::not_found("the sound is gone: recordings are kept for `recording.days`");
    let mut file = tokio::fs::File::open(path).await.map_err(gone)?;
    let size = file.metadata().await.map_err(gone)?.len();
    let range = asked.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, from, length) = match range.map_or(Asked::All, |range| part(range, size)) {
        Asked::All => (StatusCode::OK, 0, size),
        Asked::Part { from, to } => (StatusCode::PARTIAL_CONTENT, from, to - from + 1),
        Asked::Outside => {
            let range = format!("bytes */{size}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response());
        }
    };
    file.seek(SeekFrom::Start(from)).await.map_err(gone)?;
    let pieces = stream::unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let mut piece = vec![0; usize::try_from(left.min(PIECE_BYTES)).unwrap_or(0)];
        match file.read_exact(&mut piece).await {
            Ok(read) => Some((Ok(Bytes::from(piece)), (file, left - read as u64))),
            Err(error) => Some((Err(error), (file, 0))),
        }
    });
    let mut response = (status, Body::from_stream(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{size}", from + length - 1);
        headers.extend(HeaderValue::try_from(range).map(|range| (header::CONTENT_RANGE, range)));
    }
    Ok(response)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    /// Both ends included.
    Part {
        from: u64,
        to: u64,
    },
    Outside,
}

/// One range. Several at once, other units and nonsense are answered with the whole, as the RFC allows.
fn part(range: &str, size: u64) -> Asked {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::All;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (from, to) = match (first.trim(), last.trim()) {
        ("", "") => return Asked::All,
        ("", last) => match number(last) {
            Some(0) => return Asked::Outside,
            Some(last) => (size.saturating_sub(last), size.saturating_sub(1)),
            None => return Asked::All,
        },
        (first, "") => match number(first) {
            Some(first) => (first, size.saturating_sub(1)),
            None => return Asked::All,
        },
        (first, last) => match number(first).zip(number(last)) {
            Some((first, last)) if first <= last => (first, last.min(size.saturating_sub(1))),
            _ => return Asked::All,
        },
    };
    if from >= size { Asked::Outside } else { Asked::Part { from, to } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_of_the_rfc_are_understood() {
        let part_of = |range| part(range, 1000);
        assert_eq!(part_of("bytes=0-499"), Asked::Part { from: 0, to: 499 });
        assert_eq!(part_of("bytes=500-"), Asked::Part { from: 500, to: 999 });
        assert_eq!(part_of("bytes=-200"), Asked::Part { from: 800, to: 999 });
        assert_eq!(part_of("bytes=-2000"), Asked::Part { from: 0, to: 999 });
        assert_eq!(part_of("bytes=900-5000"), Asked::Part { from: 900, to: 999 });
        assert_eq!(part_of("bytes=1000-"), Asked::Outside);
        assert_eq!(part_of("bytes=-0"), Asked::Outside);
        for whole in ["bytes=", "bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "-"] {
            assert_eq!(part_of(whole), Asked::All, "{whole}");
        }
        assert_eq!(part("bytes=0-", 0), Asked::Outside);
    }
}
