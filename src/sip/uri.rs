//! SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), read in place from the received text.
use std::borrow::Cow;
use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    pub scheme: Scheme,
    /// As written: escapes are still in it. Without a password, which RFC 3261 §19.1.1 advises against. Of a tel URI
    /// it is the number.
    pub user: &'a str,
    /// As written: an IPv6 address has its brackets. Empty in a tel URI.
    pub host: &'a str,
    pub port: Option<u16>,
    /// What follows the first semicolon, up to a question mark.
    pub params: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriError {
    /// A scheme that is none of ours: 416 in a request line.
    Scheme,
    Malformed,
}

impl<'a> Uri<'a> {
    pub fn parse(text: &'a str) -> Result<Uri<'a>, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Malformed)?;
        let scheme = match scheme {
            s if s.eq_ignore_ascii_case("sip") => Scheme::Sip,
            s if s.eq_ignore_ascii_case("sips") => Scheme::Sips,
            s if s.eq_ignore_ascii_case("tel") => Scheme::Tel,
            s if is_scheme(s) => return Err(UriError::Scheme),
            _ => return Err(UriError::Malformed),
        };
        if rest.bytes().any(|byte| byte <= b' ' || matches!(byte, b'<' | b'>' | b'"' | 0x7f)) {
            return Err(UriError::Malformed);
        }
        if scheme == Scheme::Tel {
            let (user, params) = rest.split_once(';').unwrap_or((rest, ""));
            let digits = user.strip_prefix('+').unwrap_or(user);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit() || b"-.()*#".contains(&b)) {
                return Err(UriError::Malformed);
            }
            return Ok(Uri { scheme, user, host: "", port: None, params });
        }
        // A user part may contain `;` and `?`, so the `@` is looked for first (RFC 3261 §25.1).
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) if !user.is_empty() => (user.split(':').next().unwrap_or(user), rest),
            Some(_) => return Err(UriError::Malformed),
            None => ("", rest),
        };
        let end = rest.find([';', '?']).unwrap_or(rest.len());
        let (hostport, tail) = rest.split_at_checked(end).ok_or(UriError::Malformed)?;
        let params = tail.strip_prefix(';').unwrap_or("").split('?').next().unwrap_or("");
        let (host, port) = host_port(hostport).ok_or(UriError::Malformed)?;
        Ok(Uri { scheme, user, host, port, params })
    }

    /// The user part without escapes and without parameters of its own (`+7800…;phone-context=…`).
    pub fn user_text(&self) -> Cow<'a, str> {
        unescape(self.user.split(';').next().unwrap_or(self.user))
    }

    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.split(';').find_map(|param| {
            let (key, value) = param.split_once('=').unwrap_or((param, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The host when it is an address and not a name.
    pub fn address(&self) -> Option<IpAddr> {
        address(self.host)
    }

    /// Loose equality for bindings (RFC 3261 §19.1.4): scheme, user, host, port and transport; parameters that only
    /// one side has do not count.
    pub fn same_contact(&self, other: &Uri<'_>) -> bool {
        self.scheme == other.scheme
            && unescape(self.user) == unescape(other.user)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
            && match (self.param("transport"), other.param("transport")) {
                (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                (None, None) => true,
                _ => false,
            }
    }
}

/// `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`.
pub fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, with white space around the colon as Via allows it.
pub fn host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let text = text.trim_matches(is_space);
    let split = match text.strip_prefix('[') {
        Some(inner) => inner.find(']')?.checked_add(2)?,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at_checked(split)?;
    let host = host.trim_matches(is_space);
    let legal = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    let rest = rest.trim_matches(is_space);
    let port = match rest.strip_prefix(':') {
        Some(digits) => Some(decimal(digits.trim_matches(is_space))?),
        None if rest.is_empty() => None,
        None => return None,
    };
    legal.then_some((host, port))
}

/// Digits only: no sign, no space, no overflow.
pub fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Linear white space, folds included (RFC 3261 §25.1 LWS).
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Resolves `%41`. What is no escape, or would be no UTF-8, stays as it is.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    // An escaped control character would be a line break in a header of ours.
    match String::from_utf8(bytes) {
        Ok(plain) if !plain.chars().any(char::is_control) => Cow::Owned(plain),
        _ => Cow::Borrowed(text),
    }
}

/// The other way: what may not stand in a user part is escaped.
pub fn escape_user(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,/".contains(&b);
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match plain(byte) {
            true => escaped.push(byte as char),
            false => {
                escaped.push('%');
                escaped.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0').to_ascii_uppercase());
                escaped.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    Cow::Owned(escaped)
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_sip_uri_is_found() {
        let uri = Uri::parse("sip:+7-800:secret@Example.ORG:5062;transport=TCP;lr?subject=x").unwrap();
        assert_eq!((uri.user, uri.host, uri.port), ("+7-800", "Example.ORG", Some(5062)));
        assert_eq!(uri.param("TRANSPORT"), Some("TCP"));
        assert_eq!(uri.param("lr"), Some(""));
        assert_eq!(uri.param("subject"), None);
    }

    #[test]
    fn a_user_part_may_hold_semicolons_question_marks_and_escapes() {
        let uri = Uri::parse("sip:user;par=u%40example.net@example.com").unwrap();
        assert_eq!(uri.user, "user;par=u%40example.net");
        assert_eq!(uri.user_text(), "user");
        assert_eq!(Uri::parse("sip:%61lice@a").unwrap().user_text(), "alice");
        assert_eq!(
            Uri::parse("sip:a%0d%0ab@a").unwrap().user_text(),
            "a%0d%0ab",
            "no line break gets through"
        );
    }

    #[test]
    fn ipv6_hosts_keep_their_brackets() {
        let uri = Uri::parse("sip:[2001:db8::9:1]:5070").unwrap();
        assert_eq!((uri.host, uri.port), ("[2001:db8::9:1]", Some(5070)));
        assert_eq!(uri.address(), "2001:db8::9:1".parse().ok());
    }

    #[test]
    fn a_tel_uri_is_a_number() {
        let uri = Uri::parse("tel:+7-800-707;phone-context=x").unwrap();
        assert_eq!((uri.scheme, uri.user, uri.host), (Scheme::Tel, "+7-800-707", ""));
    }

    #[test]
    fn foreign_schemes_and_nonsense_are_told_apart() {
        assert_eq!(Uri::parse("http://a"), Err(UriError::Scheme));
        assert_eq!(Uri::parse("nobodyKnowsThisScheme:x"), Err(UriError::Scheme));
        for text in [
            "",
            "sip:",
            "sip:@h",
            "sip:a@",
            "sip:a@h:99999",
            "sip:a@h:+5",
            "sip:a b@h",
            "sip:[::1",
            "a@b",
            "sip:a@[x]",
        ] {
            assert_eq!(Uri::parse(text), Err(UriError::Malformed), "{text}");
        }
    }

    #[test]
    fn escaping_a_user_part_keeps_it_one_user_part() {
        assert_eq!(escape_user("+7800"), "+7800");
        assert_eq!(escape_user("a@b;c\r\n"), "a%40b%3Bc%0D%0A");
    }
}
