//! One key of a telephone keypad (ITU-T Q.23), and how its press was heard.
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "char", try_from = "char")]
pub struct Digit(u8);

/// The order of RFC 4733's event codes 0–15.
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    pub const STAR: Digit = Digit(10);
    pub const HASH: Digit = Digit(11);
    /// Stands for one that is kept secret.
    pub const ANY: Digit = Digit(0);

    /// RFC 4733 event code; only 0–15 are keys.
    pub const fn from_event(code: u8) -> Option<Digit> {
        if code < 16 { Some(Digit(code)) } else { None }
    }

    /// A key that is not a number: star, hash, A to D.
    pub const fn is_sign(self) -> bool {
        self.0 >= 10
    }

    pub const fn event(self) -> u8 {
        self.0
    }

    pub fn from_char(c: char) -> Option<Digit> {
        let c = c.to_ascii_uppercase();
        KEYS.iter().position(|key| *key as char == c).map(|code| Digit(code as u8))
    }

    pub fn as_char(self) -> char {
        KEYS[self.0 as usize & 15] as char
    }

    /// As admins write it: `0`–`9`, `star`, `hash`; also `*` and `#`.
    pub fn from_name(name: &str) -> Option<Digit> {
        match name {
            "star" => Some(Digit::STAR),
            "hash" => Some(Digit::HASH),
            _ => {
                let mut chars = name.chars();
                let digit = Digit::from_char(chars.next()?)?;
                chars.next().is_none().then_some(digit)
            }
        }
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> char {
        digit.as_char()
    }
}

impl TryFrom<char> for Digit {
    type Error = &'static str;
    fn try_from(c: char) -> Result<Self, Self::Error> {
        Digit::from_char(c).ok_or("a key is one of 0-9 * # A-D")
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

/// Debug output ends up in logs and test failures, and a caller's digits must not: it is masked.
impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(·)")
    }
}

/// How a key press reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigitMethod {
    /// RFC 4733 named telephone events.
    Rfc4733,
    /// SIP INFO with `application/dtmf-relay` or `application/dtmf`.
    Info,
    /// Tones in the voice (ITU-T Q.24).
    Inband,
}

impl DigitMethod {
    pub const fn as_str(self) -> &'static str {
        match self {
            DigitMethod::Rfc4733 => "rfc4733",
            DigitMethod::Info => "info",
            DigitMethod::Inband => "inband",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_in_flow_files() {
        assert_eq!(Digit::from_name("star"), Some(Digit::STAR));
        assert_eq!(Digit::from_name("#"), Some(Digit::HASH));
        assert_eq!(Digit::from_name("7").map(Digit::as_char), Some('7'));
        assert_eq!(Digit::from_name("10"), None);
        assert_eq!(Digit::from_event(16), None);
    }

    #[test]
    fn debug_output_never_shows_the_key() {
        assert_eq!(format!("{:?}", Digit::from_char('7').unwrap()), "Digit(·)");
    }
}
