//! From bytes to a [`Message`] (RFC 3261 §7, §25), or to the reason why not, which knows its status code.
//!
//! Lenient where senders differ (compact forms, folds, white space, a missing Content-Length on UDP) and strict where
//! two readers could disagree (a field twice that may be there once, a body shorter than announced).
use super::header::{CSeq, Name, NameAddr, Via, token};
use super::message::{Header, Message, Start};
use super::method::Method;
use super::uri::{decimal, is_space};
use thiserror::Error;

/// Start line and header fields together. Larger: 513. A UDP datagram cannot be twice as large.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Larger: 413. A long SDP with video and ICE has 6 KB.
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// Longer: 414.
pub const URI_BYTES_MAX: usize = 2 * 1024;
/// One header field with its folds. Longer: 400.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// More: 400. A call through ten proxies has about 60.
pub const HEADERS_MAX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    #[error("nothing but line ends: a keep-alive")]
    KeepAlive,
    #[error("no empty line after the header fields")]
    NoHeadEnd,
    #[error("header fields exceed {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    #[error("not UTF-8")]
    Encoding,
    #[error("malformed start line")]
    StartLine,
    #[error("SIP version is not 2.0")]
    Version,
    #[error("request URI exceeds {URI_BYTES_MAX} bytes")]
    UriTooLong,
    #[error("malformed header line")]
    HeaderLine,
    #[error("a header field exceeds {VALUE_BYTES_MAX} bytes")]
    ValueTooLong,
    #[error("more than {HEADERS_MAX} header fields")]
    TooManyHeaders,
    #[error("{} is missing", .0.as_str())]
    Missing(Name),
    #[error("{} is malformed", .0.as_str())]
    Malformed(Name),
    #[error("{} occurs twice", .0.as_str())]
    Twice(Name),
    #[error("CSeq names another method")]
    CseqMethod,
    #[error("body is shorter than Content-Length")]
    BodyShort,
    #[error("body exceeds {BODY_BYTES_MAX} bytes")]
    BodyTooLong,
}

impl ParseError {
    /// What the sender of a request is told.
    pub fn status(self) -> u16 {
        match self {
            ParseError::Version => 505,
            ParseError::UriTooLong => 414,
            ParseError::HeadTooLong => 513,
            ParseError::BodyTooLong => 413,
            _ => 400,
        }
    }
}

/// Fields that may stand only once; a second one would be read by one element and overlooked by the next.
const SINGLE: [Name; 7] = [
    Name::From,
    Name::To,
    Name::CallId,
    Name::CSeq,
    Name::MaxForwards,
    Name::ContentLength,
    Name::ContentType,
];

/// Reads one datagram, or one framed message of a stream.
pub fn parse(bytes: &[u8]) -> Result<Message<'_>, ParseError> {
    let bytes = skip_line_ends(bytes);
    if bytes.is_empty() {
        return Err(ParseError::KeepAlive);
    }
    let (head, body) = split_head(bytes).ok_or(match bytes.len() > HEAD_BYTES_MAX {
        true => ParseError::HeadTooLong,
        false => ParseError::NoHeadEnd,
    })?;
    if head.len() > HEAD_BYTES_MAX {
        return Err(ParseError::HeadTooLong);
    }
    let head = std::str::from_utf8(head).map_err(|_| ParseError::Encoding)?;
    let (first, rest) = head.split_once('\n').unwrap_or((head, ""));
    let start = start_line(first.trim_end_matches('\r'))?;
    let headers = header_lines(rest)?;

    let mut seen = [None; SINGLE.len()];
    for header in &headers {
        let slot = SINGLE.iter().position(|name| *name == header.name).and_then(|at| seen.get_mut(at));
        if slot.is_some_and(|slot| slot.replace(header.value).is_some()) {
            return Err(ParseError::Twice(header.name));
        }
    }
    let [from, to, call_id, cseq, max_forwards, length, _] = seen;
    let via = headers.iter().find(|h| h.name == Name::Via).ok_or(ParseError::Missing(Name::Via))?.value;
    let via =
        super::header::commas(via).next().and_then(Via::parse).ok_or(ParseError::Malformed(Name::Via))?;
    let from = NameAddr::parse(from.ok_or(ParseError::Missing(Name::From))?);
    let from = from.ok_or(ParseError::Malformed(Name::From))?;
    let to =
        NameAddr::parse(to.ok_or(ParseError::Missing(Name::To))?).ok_or(ParseError::Malformed(Name::To))?;
    let call_id = call_id.ok_or(ParseError::Missing(Name::CallId))?;
    if call_id.is_empty() || call_id.contains(is_space) {
        return Err(ParseError::Malformed(Name::CallId));
    }
    let cseq = CSeq::parse(cseq.ok_or(ParseError::Missing(Name::CSeq))?);
    let cseq = cseq.ok_or(ParseError::Malformed(Name::CSeq))?;
    if let Start::Request { text, .. } = start
        && text != cseq.method
    {
        return Err(ParseError::CseqMethod);
    }
    if max_forwards.is_some_and(|value| decimal::<u8>(value).is_none()) {
        return Err(ParseError::Malformed(Name::MaxForwards));
    }
    let body = match length {
        // On UDP the datagram ends the body (§18.3); more bytes than announced are dropped, fewer are an error.
        None => body,
        Some(value) => {
            let length = decimal::<usize>(value).ok_or(ParseError::Malformed(Name::ContentLength))?;
            body.get(..length).ok_or(ParseError::BodyShort)?
        }
    };
    if body.len() > BODY_BYTES_MAX {
        return Err(ParseError::BodyTooLong);
    }
    Ok(Message { start, headers, body, via, from, to, call_id, cseq })
}

/// Line ends before a message are to be ignored (§7.5); phones send them to keep a NAT open.
pub fn skip_line_ends(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// The head without its last line end, and what follows the empty line.
pub fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0usize;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == b'\n') {
        let line_end = from.checked_add(at)?;
        let after = bytes.get(line_end.checked_add(1)?..)?;
        let body = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n"));
        if let Some(body) = body {
            return Some((bytes.get(..line_end)?, body));
        }
        from = line_end.checked_add(1)?;
    }
    None
}

fn start_line(line: &str) -> Result<Start<'_>, ParseError> {
    if let Some(rest) = line.strip_prefix("SIP/2.0 ") {
        let (code, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = decimal::<u16>(code).filter(|status| (100..700).contains(status) && code.len() == 3);
        return Ok(Start::Response { status: status.ok_or(ParseError::StartLine)?, phrase });
    }
    let (method, rest) = line.split_once(' ').ok_or(ParseError::StartLine)?;
    let (uri, version) = rest.rsplit_once(' ').ok_or(ParseError::StartLine)?;
    if !token(method) || uri.is_empty() {
        return Err(ParseError::StartLine);
    }
    if version != "SIP/2.0" {
        return Err(match version.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("SIP/")) {
            true => ParseError::Version,
            false => ParseError::StartLine,
        });
    }
    if uri.len() > URI_BYTES_MAX {
        return Err(ParseError::UriTooLong);
    }
    if uri.bytes().any(|b| b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f)) {
        return Err(ParseError::StartLine);
    }
    Ok(Start::Request { method: Method::parse(method), text: method, uri })
}

fn header_lines(mut rest: &str) -> Result<Vec<Header<'_>>, ParseError> {
    let mut headers = Vec::with_capacity(16);
    while !rest.is_empty() {
        // A line that begins with white space continues the one before it (§7.3.1).
        let mut end = rest.find('\n').unwrap_or(rest.len());
        while rest.as_bytes().get(end.saturating_add(1)).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            let from = end.saturating_add(1);
            end = rest
                .get(from..)
                .and_then(|tail| tail.find('\n'))
                .map_or(rest.len(), |at| from.saturating_add(at));
        }
        let (line, tail) = rest.split_at_checked(end).ok_or(ParseError::HeaderLine)?;
        rest = tail.strip_prefix('\n').unwrap_or(tail);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (text, value) = line.split_once(':').ok_or(ParseError::HeaderLine)?;
        let text = text.trim_end_matches(is_space);
        let value = value.trim_matches(is_space);
        if !token(text) || !clean(value) {
            return Err(ParseError::HeaderLine);
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(ParseError::ValueTooLong);
        }
        if headers.len() >= HEADERS_MAX {
            return Err(ParseError::TooManyHeaders);
        }
        headers.push(Header { name: Name::parse(text), text, value });
    }
    Ok(headers)
}

/// No control characters but tabs and proper folds: a lone CR would be a line end to somebody else.
fn clean(value: &str) -> bool {
    let mut bytes = value.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'\r' => bytes.peek() == Some(&b'\n'),
            b'\n' => matches!(bytes.peek(), Some(b' ' | b'\t')),
            b'\t' => true,
            byte => byte >= b' ' && byte != 0x7f,
        };
        if !good {
            return false;
        }
    }
    true
}
