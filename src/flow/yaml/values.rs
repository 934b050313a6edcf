//! Values that files of ours have in common: a scalar's own text, places, durations with units, ranges of digits.
use super::super::finding::Span;
use super::decode::fault;
use super::tree::{Node, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// Names by which `decode.rs` recognises what must be handed over with its place, or untyped.
pub(super) const SPANNED: &str = "$hotline::spanned";
pub(super) const NODE: &str = "$hotline::node";

/// A value and where it stands; also as the key of a map. It compares by its value alone. Do not use inside
/// `#[serde(flatten)]` or `#[serde(untagged)]`: serde buffers those.
#[derive(Clone, Debug, Default)]
pub struct Spanned<T> {
    pub value: T,
    pub at: Span,
    pub(super) id: u32,
}

impl<T> Spanned<T> {
    pub fn new(value: T, at: Span) -> Spanned<T> {
        Spanned { value, at, id: 0 }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: PartialOrd> PartialOrd for Spanned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for Spanned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Placed<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Placed<T> {
            type Value = Spanned<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Spanned<T>, A::Error> {
                let mut next = || seq.next_element::<u32>().map(Option::unwrap_or_default);
                let (id, line, column, len) = (next()?, next()?, next()?, next()?);
                let value = seq.next_element()?.ok_or_else(|| A::Error::custom("a value is missing"))?;
                Ok(Spanned { value, at: Span { line, column, len }, id })
            }
            /// Formats without places.
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Spanned<T>, D::Error> {
                Ok(Spanned { value: T::deserialize(deserializer)?, at: Span::default(), id: 0 })
            }
        }
        deserializer.deserialize_newtype_struct(SPANNED, Placed(PhantomData))
    }
}

/// A single value as it is written: `no`, `y`, `0123` and `1.50` stay what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Scalar {
    pub text: String,
    pub quoted: bool,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        match Content::deserialize(deserializer)?.0 {
            Value::Scalar { text, quoted } => Ok(Scalar { text, quoted }),
            other => {
                let got = Node { id: 0, at: Span::default(), value: other }.describe();
                let message = format!("expected a single value, got {got}");
                Err(D::Error::custom(fault("HF006", message, "write a text, a number or a range here")))
            }
        }
    }
}

/// A part of a file whose type is decided later.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Node { id: spanned.id, at: spanned.at, value: spanned.value.0 })
    }
}

struct Content(Value);

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
        struct AsItStands;
        impl<'de> Visitor<'de> for AsItStands {
            type Value = Content;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content(Value::Null))
            }
            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content(Value::Scalar { text: text.to_string(), quoted: false }))
            }
            fn visit_bytes<E>(self, text: &[u8]) -> Result<Content, E> {
                let text = String::from_utf8_lossy(text).into_owned();
                Ok(Content(Value::Scalar { text, quoted: true }))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Content(Value::List(items)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Content(Value::Map(entries)))
            }
        }
        deserializer.deserialize_newtype_struct(NODE, AsItStands)
    }
}

/// A duration with its unit: `1500ms`, `5s`, `2m`, `1h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dur(pub Duration);

impl Dur {
    pub fn parse(text: &str) -> Option<Dur> {
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().ok()?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        Some(Dur(Duration::from_millis(number.checked_mul(millis)?)))
    }
}

impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 1000 != 0 => write!(f, "{millis}ms"),
            millis => write!(f, "{}s", millis / 1000),
        }
    }
}

impl<'de> Deserialize<'de> for Dur {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Dur, D::Error> {
        let text = Scalar::deserialize(deserializer)?.text;
        Dur::parse(&text).ok_or_else(|| {
            let message = format!("expected a duration with its unit, got `{text}`");
            let help = match text.parse::<u64>() {
                Ok(number) => format!("write `{number}s` or `{number}ms`"),
                Err(_) => "write it like 5s, 1500ms, 2m or 1h".to_string(),
            };
            D::Error::custom(fault("HF012", message, help))
        })
    }
}

impl Serialize for Dur {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How many digits: `8`, or `4..20` with both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    pub min: u8,
    pub max: u8,
}

/// Longer inputs than any number, card or receipt has.
pub const DIGITS_MAX: u8 = 32;

impl Range {
    pub fn parse(text: &str) -> Option<Range> {
        let number = |text: &str| text.parse::<u8>().ok().filter(|n| (1..=DIGITS_MAX).contains(n));
        let (min, max) = match text.split_once("..") {
            Some((min, max)) => (number(min.trim())?, number(max.trim())?),
            None => (number(text)?, number(text)?),
        };
        (min <= max).then_some(Range { min, max })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_their_unit() {
        assert_eq!(Dur::parse("1500ms").map(|dur| dur.0.as_millis()), Some(1500));
        assert_eq!(Dur::parse("2m").map(|dur| dur.0.as_secs()), Some(120));
        for text in ["5", "s", "5 s", "5d", "-5s", "99999999999999999999s", "18446744073709551615h", ""] {
            assert_eq!(Dur::parse(text), None, "{text}");
        }
        assert_eq!(Dur(Duration::from_millis(1500)).to_string(), "1500ms");
    }

    #[test]
    fn a_range_goes_upwards() {
        assert_eq!(Range::parse("4..20"), Some(Range { min: 4, max: 20 }));
        assert_eq!(Range::parse("8"), Some(Range { min: 8, max: 8 }));
        for text in ["20..4", "0", "0..4", "4..", "4..33", "x"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
