//! Why a person did something: every act of a supervisor has a reason, and the audit trail keeps it.
use serde::{Deserialize, Deserializer};

/// A sentence, not a story.
pub const CHARS_MAX: usize = 200;

/// Trimmed, not empty, on one line.
#[derive(Clone, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(pattern = "^.{1,200}$")]
pub struct Reason(String);

impl Reason {
    pub fn parse(text: &str) -> Result<Reason, String> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 || chars > CHARS_MAX || text.chars().any(char::is_control) {
            return Err(format!(
                "expected 1 to {CHARS_MAX} characters on one line, for the audit trail; got {chars}"
            ));
        }
        Ok(Reason(text.to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> String {
        reason.0
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Reason, D::Error> {
        Reason::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert_eq!(Reason::parse("  shift ends ").map(String::from), Ok("shift ends".into()));
        assert!(Reason::parse(&"я".repeat(200)).is_ok());
        for wrong in ["", "   ", "two\nlines", &"я".repeat(201)] {
            assert!(Reason::parse(wrong).unwrap_err().contains("on one line"));
        }
    }
}
