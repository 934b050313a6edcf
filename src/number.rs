//! Telephone numbers: any usual spelling in, one canonical spelling inside, a masked one for people and logs.
use serde::{Deserialize, Serialize};
use std::fmt;

/// A number in its canonical spelling: digits only, Russian trunk prefix `8` turned into `7`, no plus sign.
/// Short internal numbers (`101`) stay as they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(String);

/// E.164 allows 15 digits; some networks add a prefix.
const DIGITS_MAX: usize = 20;

impl Number {
    /// Reads `8-800-707-77-59`, `+7 (800) 707 77 59`, `sip:88007077759@host;user=phone`, `tel:+78007077759`.
    /// `None` when it is not a number.
    pub fn parse(text: &str) -> Option<Number> {
        let text = text.trim();
        let rest = ["sips:", "sip:", "tel:"].iter().find_map(|scheme| {
            let head = text.get(..scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
        });
        let text = rest.unwrap_or(text);
        let user = text.split(['@', ';']).next().unwrap_or("");
        let international = user.starts_with('+') || user.to_ascii_lowercase().starts_with("%2b");
        let user = user.strip_prefix('+').unwrap_or(user);
        let user = user.strip_prefix("%2b").or_else(|| user.strip_prefix("%2B")).unwrap_or(user);
        let mut digits = String::with_capacity(user.len());
        for c in user.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '-' | '.' | '(' | ')' | ' ' => {}
                _ => return None,
            }
        }
        if digits.is_empty() || digits.len() > DIGITS_MAX {
            return None;
        }
        if digits.len() == 11 && digits.starts_with('8') && !international {
            digits.replace_range(..1, "7");
        }
        Some(Number(digits))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `+7916***4567`: enough to recognise one's own number, not enough to call somebody.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }

    /// As it is written in Russia, `8-800-707-77-59`; other numbers with their plus sign, short ones as they are.
    pub fn spelled(&self) -> String {
        let digits = &self.0;
        match (digits.len(), digits.starts_with('7')) {
            (11, true) => {
                format!("8-{}-{}-{}-{}", &digits[1..4], &digits[4..7], &digits[7..9], &digits[9..11])
            }
            (0..=8, _) => digits.clone(),
            _ => format!("+{digits}"),
        }
    }

    /// Whether this number falls under a rule's pattern: a whole number, or a prefix ending in `*`.
    pub fn matches(&self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(prefix) => self.0.starts_with(prefix.trim_start_matches('+')),
            None => Number::parse(pattern).is_some_and(|other| other == *self),
        }
    }
}

fn mask(digits: &str) -> String {
    match digits.len() {
        0..=4 => digits.to_string(),
        5..=8 => format!("{}***{}", &digits[..1], &digits[digits.len() - 2..]),
        n => format!("+{}***{}", &digits[..4], &digits[n - 4..]),
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Debug output ends up in logs: it is masked.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_the_same_number() {
        for text in [
            "8-800-707-77-59",
            "88007077759",
            "+78007077759",
            "78007077759",
            "sip:88007077759@example.org",
            "SIP:+7-800-707-77-59@10.0.0.1:5060;user=phone",
            "tel:+7(800)707-77-59",
            "8 (800) 707 77 59",
            "%2B78007077759",
        ] {
            assert_eq!(Number::parse(text).unwrap().as_str(), "78007077759", "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "anonymous", "sip:alice@example.org", "8800abc", "+", "123456789012345678901"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_masked_for_people() {
        assert_eq!(Number::parse("89161234567").unwrap().masked(), "+7916***4567");
        assert_eq!(Number::parse("101").unwrap().masked(), "101");
        assert_eq!(format!("{:?}", Number::parse("89161234567").unwrap()), "Number(+7916***4567)");
    }

    #[test]
    fn a_number_is_spelled_as_people_write_it() {
        let number = Number::parse("+78007077759").unwrap();
        assert_eq!(number.spelled(), "8-800-707-77-59");
        assert_eq!(Number::parse(&number.spelled()), Some(number));
        assert_eq!(Number::parse("101").unwrap().spelled(), "101");
        assert_eq!(Number::parse("+4930123456").unwrap().spelled(), "+4930123456");
    }

    #[test]
    fn patterns_match_prefixes() {
        let number = Number::parse("84951234567").unwrap();
        assert!(number.matches("7495*"));
        assert!(number.matches("+7495*"));
        assert!(number.matches("8-495-123-45-67"));
        assert!(!number.matches("7496*"));
    }
}
