//! Header fields (RFC 3261 §20): their names, long and compact, and the values that we look into.
//!
//! A value is a slice of the received message, folds included; every reader here takes a fold for white space.
use super::uri::{self, Uri, UriError, decimal, is_space};
use std::borrow::Cow;

macro_rules! names {
    ($($variant:ident = $text:literal $(| $compact:literal)?,)*) => {
        /// The header fields that we look at. `Other` keeps its name in the message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Name {
            $($variant,)*
            Other,
        }

        impl Name {
            pub fn parse(text: &str) -> Name {
                $(if text.eq_ignore_ascii_case($text) $(|| text.eq_ignore_ascii_case($compact))? {
                    return Name::$variant;
                })*
                Name::Other
            }

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Name::$variant => $text,)*
                    Name::Other => "",
                }
            }
        }
    };
}

names! {
    Via = "Via" | "v",
    From = "From" | "f",
    To = "To" | "t",
    CallId = "Call-ID" | "i",
    CSeq = "CSeq",
    Contact = "Contact" | "m",
    MaxForwards = "Max-Forwards",
    ContentLength = "Content-Length" | "l",
    ContentType = "Content-Type" | "c",
    ContentEncoding = "Content-Encoding" | "e",
    ContentDisposition = "Content-Disposition",
    RecordRoute = "Record-Route",
    Route = "Route",
    Supported = "Supported" | "k",
    Require = "Require",
    Allow = "Allow",
    UserAgent = "User-Agent",
    Server = "Server",
    SessionExpires = "Session-Expires" | "x",
    MinSe = "Min-SE",
    Expires = "Expires",
    Authorization = "Authorization",
    Reason = "Reason",
    RetryAfter = "Retry-After",
    AssertedIdentity = "P-Asserted-Identity",
    Privacy = "Privacy",
    Timestamp = "Timestamp",
    ReferTo = "Refer-To" | "r",
    Event = "Event" | "o",
    TestCall = "X-Hotline-Test",
}

/// `;name=value` lists, read where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(pub &'a str);

impl<'a> Params<'a> {
    /// Names and values; a parameter without `=` has an empty value. Quotes are kept.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        Split { rest: self.0, separator: b';' }.filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim_matches(is_space), value.trim_matches(is_space))
        })
    }

    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// The parts of a list, trimmed, split where neither quotes nor angle brackets are open.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: &'a str,
    separator: u8,
}

/// The values of a comma-separated header field.
pub fn commas(value: &str) -> Split<'_> {
    Split { rest: value, separator: b',' }
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped, mut angle) = (false, false, false);
        let mut end = None;
        for (at, byte) in self.rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' if !angle => quoted = !quoted,
                _ if quoted => {}
                b'<' => angle = true,
                b'>' => angle = false,
                byte if byte == self.separator && !angle => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let (part, rest) = match end {
            Some(at) => (self.rest.get(..at)?, self.rest.get(at.checked_add(1)?..)?),
            None => (self.rest, ""),
        };
        self.rest = rest;
        Some(part.trim_matches(is_space))
    }
}

/// RFC 3261 §20.42.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    pub transport: &'a str,
    pub host: &'a str,
    pub port: Option<u16>,
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    pub fn parse(value: &'a str) -> Option<Via<'a>> {
        let (sent, params) = match value.split_once(';') {
            Some((sent, params)) => (sent, params),
            None => (value, ""),
        };
        let (name, rest) = sent.split_once('/')?;
        let (version, rest) = rest.split_once('/')?;
        if !name.trim_matches(is_space).eq_ignore_ascii_case("SIP") || version.trim_matches(is_space) != "2.0"
        {
            return None;
        }
        let rest = rest.trim_matches(is_space);
        let (transport, by) = rest.split_once(is_space)?;
        let (host, port) = uri::host_port(by)?;
        token(transport).then_some(Via { transport, host, port, params: Params(params) })
    }

    pub fn branch(&self) -> Option<&'a str> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }
}

/// The value of From, To, Contact, Route and their like (RFC 3261 §20.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// As written, quotes included.
    display: &'a str,
    pub uri: &'a str,
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    pub fn parse(value: &'a str) -> Option<NameAddr<'a>> {
        let value = value.trim_matches(is_space);
        let (display, rest) = match value.strip_prefix('"') {
            Some(quoted) => {
                let close = closing_quote(quoted)?.checked_add(2)?;
                let (display, rest) = value.split_at_checked(close)?;
                (display, rest.trim_start_matches(is_space).strip_prefix('<')?)
            }
            None => match value.split_once('<') {
                Some((display, rest)) => (display.trim_matches(is_space), rest),
                None => {
                    // addr-spec: everything after a semicolon belongs to the header, not to the URI (§20.10)
                    let (uri, params) = value.split_once(';').unwrap_or((value, ""));
                    let uri = uri.trim_matches(is_space);
                    return plausible(uri).then_some(NameAddr { display: "", uri, params: Params(params) });
                }
            },
        };
        if display.bytes().any(|b| matches!(b, b';' | b',' | b'>')) && !display.starts_with('"') {
            return None;
        }
        let (uri, rest) = rest.split_once('>')?;
        let rest = rest.trim_matches(is_space);
        let params = match rest.strip_prefix(';') {
            Some(params) => params,
            None if rest.is_empty() => "",
            None => return None,
        };
        plausible(uri).then_some(NameAddr { display, uri, params: Params(params) })
    }

    /// The display name as a person would read it.
    pub fn display(&self) -> Cow<'a, str> {
        unquote(self.display)
    }

    pub fn tag(&self) -> Option<&'a str> {
        self.params.get("tag").filter(|tag| token(tag))
    }

    pub fn parsed(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri)
    }
}

/// RFC 3261 §20.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    pub number: u32,
    pub method: &'a str,
}

impl<'a> CSeq<'a> {
    pub fn parse(value: &'a str) -> Option<CSeq<'a>> {
        let (number, method) = value.trim_matches(is_space).split_once(is_space)?;
        let number = decimal::<u32>(number).filter(|n| *n < 1 << 31)?;
        let method = method.trim_matches(is_space);
        token(method).then_some(CSeq { number, method })
    }
}

/// `SIP;cause=200;text="Call completed elsewhere"` (RFC 3326); the first value whose protocol is SIP, else the first.
pub fn reason(value: &str) -> Option<super::event::Reason> {
    let read = |part: &str| {
        let (protocol, params) = part.split_once(';').unwrap_or((part, ""));
        let params = Params(params);
        let cause = decimal(params.get("cause")?)?;
        let text = params.get("text").map(|text| unquote(text).into_owned()).unwrap_or_default();
        Some((
            protocol.trim_matches(is_space).eq_ignore_ascii_case("SIP"),
            super::event::Reason { cause, text },
        ))
    };
    let mut values = commas(value).filter_map(read);
    let first = values.next()?;
    Some(if first.0 { first.1 } else { values.find(|v| v.0).map_or(first.1, |v| v.1) })
}

/// A quoted string without its quotes and escapes; anything else as it is, folds taken out.
pub fn unquote(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        None => unfold(text),
        Some(inner) if !inner.contains('\\') => unfold(inner),
        Some(inner) => {
            let mut plain = String::with_capacity(inner.len());
            let mut escaped = false;
            for c in inner.chars() {
                match c {
                    '\\' if !escaped => escaped = true,
                    c => {
                        escaped = false;
                        plain.push(if c.is_control() { ' ' } else { c });
                    }
                }
            }
            Cow::Owned(plain)
        }
    }
}

/// A value without its folds, so that it may be written into a message of ours: each becomes one space (§7.3.1).
pub fn unfold(value: &str) -> Cow<'_, str> {
    if !value.contains(['\r', '\n']) {
        return Cow::Borrowed(value);
    }
    let mut flat = String::with_capacity(value.len());
    let mut folding = false;
    for c in value.chars() {
        match c {
            '\r' | '\n' => folding = true,
            ' ' | '\t' if folding => {}
            c => {
                if std::mem::take(&mut folding) {
                    flat.push(' ');
                }
                flat.push(c);
            }
        }
    }
    Cow::Owned(flat)
}

/// RFC 3261 §25.1 `token`, a little wider: `[`, `]` and `:` occur in Call-IDs and host names.
pub fn token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => byte == b'"',
    })
}

/// Some scheme and something behind it; without white space, so that it can be written into a request line.
fn plausible(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let clean = |b: u8| b > b' ' && b != b'<' && b != b'>' && b != b'"' && b != 0x7f;
    !scheme.is_empty() && !rest.is_empty() && scheme.bytes().all(clean) && rest.bytes().all(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_forms_and_any_case_are_the_same_field() {
        assert_eq!(Name::parse("v"), Name::Via);
        assert_eq!(Name::parse("CALL-id"), Name::CallId);
        assert_eq!(Name::parse("X"), Name::SessionExpires);
        assert_eq!(Name::parse("X-Hotline"), Name::Other);
    }

    #[test]
    fn a_via_with_every_white_space_the_grammar_allows() {
        let via = Via::parse("SIP / 2.0\r\n /UDP\t192.0.2.2 : 5061;rport ;branch = z9hG4bK390").unwrap();
        assert_eq!((via.transport, via.host, via.port), ("UDP", "192.0.2.2", Some(5061)));
        assert_eq!(via.branch(), Some("z9hG4bK390"));
        assert_eq!(via.params.get("rport"), Some(""));
        assert_eq!(Via::parse("SIP/2.0/UDP"), None);
        assert_eq!(Via::parse("SIP/7.0/UDP host"), None);
        assert_eq!(Via::parse("SIP/2.0/TCP [2001:db8::1]:5060;branch=x").unwrap().host, "[2001:db8::1]");
    }

    #[test]
    fn a_name_addr_in_every_spelling() {
        let full = NameAddr::parse(r#""J Rosenberg \\\"" <sip:jdr@example.com;lr> ; tag = 98asjd8"#).unwrap();
        assert_eq!(full.display(), "J Rosenberg \\\"");
        assert_eq!((full.uri, full.tag()), ("sip:jdr@example.com;lr", Some("98asjd8")));
        let bare = NameAddr::parse("sip:a@b;tag=1").unwrap();
        assert_eq!((bare.uri, bare.tag(), bare.display().as_ref()), ("sip:a@b", Some("1"), ""));
        let words = NameAddr::parse("Bob Smith<sip:bob@b>").unwrap();
        assert_eq!(words.display(), "Bob Smith");
        for text in
            ["", "<sip:a@b", "\"open <sip:a@b>", "x", "<>", "<sip:a b@c>", "a;b <sip:x@y>", "<sip:a@b> junk"]
        {
            assert_eq!(NameAddr::parse(text), None, "{text}");
        }
    }

    #[test]
    fn commas_inside_quotes_and_brackets_do_not_split() {
        let parts: Vec<_> = commas(r#""a, \" b" <sip:x@y;p=1,2>;q=1 , <sip:z@y>"#).collect();
        assert_eq!(parts, [r#""a, \" b" <sip:x@y;p=1,2>;q=1"#, "<sip:z@y>"]);
    }

    #[test]
    fn a_cseq_has_31_bits() {
        assert_eq!(CSeq::parse("0009\r\n INVITE").unwrap().number, 9);
        assert_eq!(CSeq::parse("2147483648 INVITE"), None);
        assert_eq!(CSeq::parse("1INVITE"), None);
        assert_eq!(CSeq::parse("-1 INVITE"), None);
    }

    #[test]
    fn the_sip_reason_is_preferred() {
        let reason =
            reason(r#"Q.850;cause=16;text="x", SIP;cause=200;text="Call completed elsewhere""#).unwrap();
        assert_eq!((reason.cause, reason.text.as_str()), (200, "Call completed elsewhere"));
    }

    #[test]
    fn a_fold_becomes_one_space() {
        assert_eq!(unfold("a\r\n \t b"), "a b");
    }
}
