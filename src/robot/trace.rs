//! A SIP message as a robot saw it pass: its first line and its headers, read with a minimum of understanding, so that
//! a test sees what was on the wire and not what the stack made of it.
use std::fmt;

/// Headers that are kept of one message.
const HEADERS_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Received,
    Sent,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Start {
    Request { method: String, uri: String },
    Response { status: u16 },
}

#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    pub way: Way,
    pub start: Start,
    /// The method of a request, or of the request that a response answers.
    pub method: String,
    /// Long names as written, in order.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// RFC 3261 §7.3.3.
const COMPACT: [(&str, &str); 8] = [
    ("i", "Call-ID"),
    ("m", "Contact"),
    ("c", "Content-Type"),
    ("l", "Content-Length"),
    ("f", "From"),
    ("t", "To"),
    ("v", "Via"),
    ("k", "Supported"),
];

impl Trace {
    /// `None` when the bytes are not a SIP message.
    pub fn read(way: Way, bytes: &[u8]) -> Option<Trace> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next()?;
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim(), value.trim().to_string()))
            .map(|(name, value)| {
                let long = COMPACT.iter().find(|(compact, _)| compact.eq_ignore_ascii_case(name));
                (long.map_or(name, |(_, long)| long).to_string(), value)
            })
            .take(HEADERS_MAX)
            .collect();
        let (start, method) = match start.strip_prefix("SIP/2.0 ") {
            Some(status) => {
                let status = status.split(' ').next()?.parse().ok()?;
                let cseq = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("CSeq"))?;
                let method = cseq.1.split_ascii_whitespace().nth(1)?.to_string();
                (Start::Response { status }, method)
            }
            None => {
                let mut words = start.strip_suffix(" SIP/2.0")?.split(' ');
                let (method, uri) = (words.next()?.to_string(), words.next()?.to_string());
                (Start::Request { method: method.clone(), uri }, method)
            }
        };
        Some(Trace { way, start, method, headers, body: body.to_string() })
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn call_id(&self) -> Option<&str> {
        self.header("Call-ID")
    }

    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status } => Some(status),
            Start::Request { .. } => None,
        }
    }

    /// A request with this method that came to us.
    pub fn received(&self, method: &str) -> bool {
        self.way == Way::Received && self.status().is_none() && self.method == method
    }

    /// A request with this method that left us.
    pub fn sent(&self, method: &str) -> bool {
        self.way == Way::Sent && self.status().is_none() && self.method == method
    }

    /// A response with this status to a request of ours with this method.
    pub fn answered(&self, method: &str, status: u16) -> bool {
        self.way == Way::Received && self.status() == Some(status) && self.method == method
    }
}

/// `→ INVITE`, `← 180 INVITE`: headers may hold credentials and numbers.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.way == Way::Sent { "→ " } else { "← " })?;
        match &self.start {
            Start::Request { method, .. } => f.write_str(method),
            Start::Response { status } => write!(f, "{status} {}", self.method),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_response_are_told_apart() {
        let request =
            b"INVITE sip:101@h SIP/2.0\r\ni: 7\r\nX-Hotline-Queue: wallet\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n";
        let trace = Trace::read(Way::Received, request).unwrap();
        assert!(trace.received("INVITE") && !trace.sent("INVITE"));
        assert_eq!((trace.call_id(), trace.header("x-hotline-queue")), (Some("7"), Some("wallet")));
        assert_eq!((trace.body.as_str(), format!("{trace:?}").as_str()), ("v=0\r\n", "← INVITE"));
        let response = b"SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n";
        let trace = Trace::read(Way::Received, response).unwrap();
        assert!(trace.answered("INVITE", 180) && !trace.answered("BYE", 180));
        assert_eq!(Trace::read(Way::Sent, b"\r\n\r\n"), None);
        assert_eq!(Trace::read(Way::Sent, &[0xff; 40]), None);
    }
}
