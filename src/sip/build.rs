//! Messages of ours as bytes. A header value with a line break, a NUL or another control character would be a header
//! of somebody else's making: the builder refuses it, and with it the whole message.
use super::header::{Name, token};
use super::method::Method;
use super::status;
use std::fmt::{Display, Write};
use thiserror::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a header of the message has a control character in it")]
pub struct Refused;

#[derive(Clone, Debug)]
pub struct Builder {
    text: String,
    refused: bool,
}

/// A call's messages have 500 to 900 bytes.
const CAPACITY_BYTES: usize = 1024;

impl Builder {
    pub fn request(method: Method, uri: &str) -> Builder {
        let mut builder = Builder { text: String::with_capacity(CAPACITY_BYTES), refused: false };
        builder.push(format_args!("{} {uri} SIP/2.0", method.as_str()));
        if uri.is_empty() || uri.contains(' ') {
            builder.refused = true;
        }
        builder
    }

    pub fn response(status: u16) -> Builder {
        let mut builder = Builder { text: String::with_capacity(CAPACITY_BYTES), refused: false };
        builder.push(format_args!("SIP/2.0 {status} {}", status::phrase(status)));
        builder
    }

    pub fn header(self, name: Name, value: impl Display) -> Builder {
        self.named(name.as_str(), value)
    }

    pub fn named(mut self, name: &str, value: impl Display) -> Builder {
        if !token(name) {
            self.refused = true;
        }
        self.push(format_args!("{name}: {value}"));
        self
    }

    pub fn maybe(self, name: Name, value: Option<impl Display>) -> Builder {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Whole lines that this builder wrote before, each with its line end.
    pub fn lines(mut self, lines: &Lines) -> Builder {
        self.text.push_str(&lines.0);
        self
    }

    pub fn finish(self, content: Option<(&str, &str)>) -> Result<Vec<u8>, Refused> {
        let body = content.map_or("", |(_, body)| body);
        let mut builder = match content {
            Some((kind, _)) => self.header(Name::ContentType, kind),
            None => self,
        };
        builder = builder.header(Name::ContentLength, body.len());
        builder.text.push_str("\r\n");
        builder.text.push_str(body);
        if builder.refused { Err(Refused) } else { Ok(builder.text.into_bytes()) }
    }

    fn push(&mut self, line: std::fmt::Arguments<'_>) {
        let start = self.text.len();
        // Writing to a String cannot fail; a Display that does is refused.
        self.refused |= self.text.write_fmt(line).is_err();
        self.refused |= !self.text.get(start..).is_some_and(clean);
        self.text.push_str("\r\n");
    }
}

/// Header lines kept to be written again, such as the Vias of a request for its responses.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lines(String);

impl Lines {
    /// Adds a line; one that is not clean is left out, and the message will lack it rather than carry it.
    pub fn push(&mut self, name: Name, value: &str) {
        if clean(value) {
            self.0.push_str(name.as_str());
            self.0.push_str(": ");
            self.0.push_str(value);
            self.0.push_str("\r\n");
        }
    }
}

/// Whether text may stand in a header line.
pub fn clean(text: &str) -> bool {
    !text.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f)
}

/// `"Display" <uri>`, quotes and backslashes escaped.
pub fn name_addr(display: &str, uri: &str) -> String {
    if display.is_empty() {
        return format!("<{uri}>");
    }
    let mut text = String::with_capacity(display.len() + uri.len() + 8);
    text.push('"');
    for c in display.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push_str("\" <");
    text.push_str(uri);
    text.push('>');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_with_its_length() {
        let bytes =
            Builder::response(200).header(Name::CallId, "x").finish(Some(("text/plain", "abc"))).unwrap();
        let expected =
            "SIP/2.0 200 OK\r\nCall-ID: x\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn a_line_break_in_a_header_is_refused() {
        for value in ["a\r\nVia: x", "a\nb", "a\0", "\u{7f}"] {
            let builder = Builder::request(Method::Invite, "sip:a@b").named("X-Hotline-Call", value);
            assert_eq!(builder.finish(None), Err(Refused));
        }
        assert_eq!(Builder::response(200).named("a: b\r\nc", "x").finish(None), Err(Refused));
        assert_eq!(Builder::request(Method::Invite, "sip:a b").finish(None), Err(Refused));
    }

    #[test]
    fn a_display_name_cannot_leave_its_quotes() {
        assert_eq!(name_addr(r#"a" <sip:evil@x>\"#, "sip:a@b"), r#""a\" <sip:evil@x>\\" <sip:a@b>"#);
    }
}
