//! A SIP message as a view on the received bytes (RFC 3261 §7): nothing is copied, nothing unknown is lost.
//!
//! What every message must have (Via, From, To, Call-ID, CSeq) has been read and found good before a `Message` exists;
//! everything else is read when somebody asks.
use super::header::{self, CSeq, Name, NameAddr, Via};
use super::method::Method;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub name: Name,
    /// The name as it was written.
    pub text: &'a str,
    /// Trimmed; folds are still in it.
    pub value: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    Request { method: Method, text: &'a str, uri: &'a str },
    Response { status: u16, phrase: &'a str },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub start: Start<'a>,
    pub headers: Vec<Header<'a>>,
    pub body: &'a [u8],
    /// The topmost one.
    pub via: Via<'a>,
    pub from: NameAddr<'a>,
    pub to: NameAddr<'a>,
    pub call_id: &'a str,
    pub cseq: CSeq<'a>,
}

impl<'a> Message<'a> {
    /// The first value line of a header field.
    pub fn header(&self, name: Name) -> Option<&'a str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value)
    }

    /// Every value of a header field that may be a list, over all its lines, in order.
    pub fn list(&self, name: Name) -> impl Iterator<Item = &'a str> + '_ {
        self.headers
            .iter()
            .filter(move |header| header.name == name)
            .flat_map(|header| header::commas(header.value))
            .filter(|value| !value.is_empty())
    }

    /// Whether a list header (Supported, Require, Allow) names this token.
    pub fn lists(&self, name: Name, token: &str) -> bool {
        self.list(name).any(|value| value.eq_ignore_ascii_case(token))
    }

    /// The body's media type without parameters, in lower case; `None` without a body.
    pub fn content_type(&self) -> Option<String> {
        if self.body.is_empty() {
            return None;
        }
        let value = self.header(Name::ContentType).unwrap_or("");
        let media = value.split(';').next().unwrap_or("");
        Some(media.chars().filter(|c| !header_space(*c)).collect::<String>().to_ascii_lowercase())
    }

    pub fn contact(&self) -> Option<NameAddr<'a>> {
        self.list(Name::Contact).next().and_then(NameAddr::parse)
    }

    /// The first part of the body with this media type: the body itself, or a part of `multipart/*` (RFC 5621).
    pub fn part(&self, media: &str) -> Option<&'a str> {
        let kind = self.content_type()?;
        if kind == media {
            return std::str::from_utf8(self.body).ok();
        }
        if !kind.starts_with("multipart/") {
            return None;
        }
        let value = self.header(Name::ContentType)?;
        let (_, params) = value.split_once(';')?;
        let boundary = header::unquote(header::Params(params).get("boundary")?);
        let text = std::str::from_utf8(self.body).ok()?;
        part_of(text, &boundary, media)
    }

    /// Who sent it, by User-Agent or Server.
    pub fn user_agent(&self) -> Option<String> {
        let value = self.header(Name::UserAgent).or_else(|| self.header(Name::Server))?;
        Some(header::unfold(value).into_owned())
    }

    pub fn method(&self) -> Method {
        match self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => Method::parse(self.cseq.method),
        }
    }
}

fn header_space(c: char) -> bool {
    super::uri::is_space(c)
}

/// RFC 2046 §5.1: parts stand between lines of two hyphens and the boundary.
fn part_of<'a>(text: &'a str, boundary: &str, media: &str) -> Option<&'a str> {
    if boundary.is_empty() {
        return None;
    }
    let mark = format!("--{boundary}");
    text.split(mark.as_str()).skip(1).find_map(|part| {
        let part = part.strip_prefix("\r\n")?;
        let (head, body) = match part.strip_prefix("\r\n") {
            Some(body) => ("", body),
            None => part.split_once("\r\n\r\n")?,
        };
        let kind = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (Name::parse(name.trim()) == Name::ContentType)
                .then(|| value.split(';').next().unwrap_or("").trim())
        })?;
        kind.eq_ignore_ascii_case(media).then(|| body.strip_suffix("\r\n").unwrap_or(body))
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;

    #[test]
    fn the_sdp_is_found_inside_a_multipart_body() {
        let body = "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\nxyz\r\n--b1\r\nContent-Type: \
                    application/sdp\r\n\r\nv=0\r\ns=-\r\n\r\n--b1--\r\n";
        let text = format!(
            "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:1@h>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: multipart/mixed; boundary=\"b1\"\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let message = parse(text.as_bytes()).unwrap();
        assert_eq!(message.part("application/sdp"), Some("v=0\r\ns=-\r\n"));
        assert_eq!(message.part("text/plain"), None);
    }
}
