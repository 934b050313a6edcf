//! From a tree of nodes into any type that implements serde's `Deserialize`, with all errors and their places.
//!
//! serde stops at the first error. Here the node it stopped at is taken out and the rest is read again, until it
//! reads or nothing can be taken out: a "missing key" caused by taking one out is not reported.
use super::super::finding::{Finding, Span, did_you_mean, suggest};
use super::tree::{Node, Value};
use super::values::{NODE, SPANNED};
use serde::Deserialize;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
};
use serde::de::{SeqAccess, VariantAccess, Visitor};
use std::fmt::{self, Display};
use std::path::Path;

/// Errors shown per file; the rest are most likely of the same kind.
const FAULTS_MAX: usize = 50;

/// What is wrong with one node.
#[derive(Clone, Debug)]
pub struct Fault {
    code: &'static str,
    message: String,
    help: String,
    /// The node and where it is, once known.
    place: Option<(u32, Span)>,
}

/// Marks a message of a `Deserialize` implementation as one with its own code and help. serde carries errors of
/// custom types as plain text only, so they travel inside it.
const MARK: char = '\u{1}';

/// For `serde::de::Error::custom`: an error with a code of the list, what was expected and got, and the way out.
pub fn fault(code: &'static str, message: impl Display, help: impl Display) -> String {
    format!("{MARK}{code}{MARK}{message}{MARK}{help}")
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), help: help.into(), place: None }
    }

    fn at(mut self, node: &Node) -> Fault {
        self.place.get_or_insert((node.id, node.at));
        self
    }

    pub fn into_finding(self, file: &Path) -> Finding {
        let at = self.place.map_or(Span { line: 1, column: 1, len: 1 }, |(_, at)| at);
        Finding::error(self.code, file, at, self.message, self.help)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Fault {
        let text = message.to_string();
        let mut parts = text.split(MARK).skip(1);
        if let (Some(code), Some(message), Some(help)) = (parts.next(), parts.next(), parts.next())
            && let Some((code, ..)) = super::super::codes::CODES.iter().find(|(known, ..)| *known == code)
        {
            return Fault::new(code, message, help);
        }
        Fault::new("HF015", text.replace(MARK, " "), "see the reference for what may stand here")
    }

    fn invalid_type(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Fault {
        let got = match got {
            de::Unexpected::Unit | de::Unexpected::Option => "nothing".to_string(),
            de::Unexpected::Seq => "a list".to_string(),
            de::Unexpected::Map => "a mapping".to_string(),
            de::Unexpected::Str(text) => format!("`{text}`"),
            de::Unexpected::Bool(value) => format!("`{value}`"),
            de::Unexpected::Signed(value) => format!("`{value}`"),
            de::Unexpected::Unsigned(value) => format!("`{value}`"),
            other => other.to_string(),
        };
        Fault::new(
            "HF006",
            format!("expected {expected}, got {got}"),
            "change the value to the expected type",
        )
    }

    fn invalid_value(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Fault {
        Fault { code: "HF015", ..Fault::invalid_type(got, expected) }
    }

    fn invalid_length(len: usize, expected: &dyn de::Expected) -> Fault {
        Fault::new("HF015", format!("expected {expected}, got {len} items"), "change the number of items")
    }

    fn unknown_variant(got: &str, expected: &'static [&'static str]) -> Fault {
        Fault::new("HF011", format!("`{got}` is not known here"), suggest(got, expected.iter().copied()))
    }

    fn unknown_field(got: &str, expected: &'static [&'static str]) -> Fault {
        Fault::new("HF009", format!("unknown key `{got}`"), suggest(got, expected.iter().copied()))
    }

    fn missing_field(field: &'static str) -> Fault {
        Fault::new("HF010", format!("key `{field}` is missing"), format!("add `{field}:` to this mapping"))
    }

    fn duplicate_field(field: &'static str) -> Fault {
        Fault::new("HF004", format!("key `{field}` is used twice"), "remove or rename one of the two")
    }
}

/// The value, if one can be read, and what had to be taken out for it.
pub fn decode<T: DeserializeOwned>(node: &mut Node) -> (Option<T>, Vec<Fault>) {
    let mut faults = Vec::new();
    // What was taken out: the mapping's id and the key.
    let mut pruned: Vec<(u32, String)> = Vec::new();
    loop {
        let fault = match T::deserialize(&*node) {
            Ok(value) => return (Some(value), faults),
            Err(fault) => fault.at(node),
        };
        let Some((id, _)) = fault.place else { return (None, vec![fault]) };
        // A key that was taken out, or was misspelt, is missing afterwards: that is no new error.
        let is_echo = fault.code == "HF010"
            && pruned.iter().any(|(parent, key)| {
                let missing = fault.message.split('`').nth(1).unwrap_or("");
                *parent == id && (key == missing || did_you_mean(key, [missing]).is_some())
            });
        if !is_echo {
            faults.push(fault);
        }
        match node.prune(id) {
            Some(cut) if faults.len() < FAULTS_MAX => pruned.push(cut),
            _ => return (None, faults),
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $what:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.as_text().map(|text| text.parse::<$type>()) {
                Some(Ok(value)) => visitor.$visit(value).map_err(|fault: Fault| fault.at(self)),
                _ => Err(self.wrong($what)),
            }
        }
    )*};
}

impl Node {
    fn wrong(&self, expected: &str) -> Fault {
        let help = match (&self.value, expected) {
            (Value::Scalar { text, .. }, "true or false") => match text.to_ascii_lowercase().as_str() {
                "no" | "off" | "n" => "write `false`".to_string(),
                "yes" | "on" | "y" => "write `true`".to_string(),
                _ => "write `true` or `false`".to_string(),
            },
            (Value::Scalar { text, .. }, "a list") => format!("write it in brackets: [{text}]"),
            (Value::Map(_), "a list") => {
                "begin each item with `- `, or put the items in brackets: [{…}, {…}]".to_string()
            }
            (Value::Null, _) => "give it a value, or take the key out".to_string(),
            _ => format!("write {expected} here"),
        };
        Fault::new("HF006", format!("expected {expected}, got {}", self.describe()), help).at(self)
    }

    /// With no types resolved: a plain scalar arrives as text, a quoted one as bytes.
    fn visit_as_it_stands<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Scalar { text, quoted: false } => visitor.visit_str(text),
            Value::Scalar { text, quoted: true } => visitor.visit_bytes(text.as_bytes()),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), current: None }),
        }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    numbers! {
        deserialize_i8 visit_i8 i8, "a whole number from -128 to 127";
        deserialize_i16 visit_i16 i16, "a whole number from -32768 to 32767";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_i128 visit_i128 i128, "a whole number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number, not negative";
        deserialize_u64 visit_u64 u64, "a whole number, not negative";
        deserialize_u128 visit_u128 u128, "a whole number, not negative";
        deserialize_f32 visit_f32 f32, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Scalar { text, quoted } => plain(text, *quoted, visitor),
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Map(_) => return self.deserialize_map(visitor),
        }
        .map_err(|fault: Fault| fault.at(self))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Scalar { text, quoted: false } if text == "true" => visitor.visit_bool(true),
            Value::Scalar { text, quoted: false } if text == "false" => visitor.visit_bool(false),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Scalar { text, .. } => visitor.visit_str(text).map_err(|fault: Fault| fault.at(self)),
            _ => Err(self.wrong("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong("nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            SPANNED => visitor.visit_seq(SpanAccess { node: self, next: 0 }),
            NODE => self.visit_as_it_stands(visitor).map_err(|fault| fault.at(self)),
            _ => visitor.visit_newtype_struct(self).map_err(|fault| fault.at(self)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::List(items) => {
                visitor.visit_seq(Items(items.iter())).map_err(|fault: Fault| fault.at(self))
            }
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Map(entries) => visitor
                .visit_map(Entries { rest: entries.iter(), current: None })
                .map_err(|fault: Fault| fault.at(self)),
            _ => Err(self.wrong("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Scalar { .. } => visitor.visit_enum(Variant { key: self, content: None }),
            Value::Map(entries) => match entries.as_slice() {
                [(key, content)] => visitor.visit_enum(Variant { key, content: Some(content) }),
                _ => {
                    let message = format!("expected a mapping with one key, got {} keys", entries.len());
                    Err(Fault::new("HF006", message, "the key names the kind; its fields go inside it"))
                }
            },
            _ => Err(self.wrong("a word, or a mapping with one key")),
        }
        .map_err(|fault: Fault| fault.at(self))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

/// An untyped scalar: only the unmistakable spellings become booleans and numbers.
fn plain<'de, V: Visitor<'de>>(text: &str, quoted: bool, visitor: V) -> Result<V::Value, Fault> {
    if !quoted {
        match text {
            "true" => return visitor.visit_bool(true),
            "false" => return visitor.visit_bool(false),
            _ => {}
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if digits.starts_with(|c: char| c.is_ascii_digit()) && !leading_zero {
            if let Ok(number) = text.parse::<i64>() {
                return visitor.visit_i64(number);
            }
            if digits.chars().all(|c| c.is_ascii_digit() || c == '.')
                && let Ok(number) = text.parse::<f64>()
            {
                return visitor.visit_f64(number);
            }
        }
    }
    visitor.visit_str(text)
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.0.next() else { return Ok(None) };
        seed.deserialize(node).map(Some).map_err(|fault| fault.at(node))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, (Node, Node)>,
    current: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.current = Some(value);
        seed.deserialize(key).map(Some).map_err(|fault| fault.at(key))
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some(node) = self.current.take() else {
            return Err(de::Error::custom("a value without its key"));
        };
        seed.deserialize(node).map_err(|fault| fault.at(node))
    }
}

/// An enum's variant: `word`, or `word: content`.
struct Variant<'de> {
    key: &'de Node,
    content: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let key = self.key;
        seed.deserialize(key).map(|value| (value, self)).map_err(|fault| fault.at(key))
    }
}

impl Variant<'_> {
    fn bare(&self) -> Fault {
        let word = self.key.as_text().unwrap_or("");
        Fault::new("HF006", format!("`{word}` needs its fields"), format!("write `{word}: {{…}}`"))
            .at(self.key)
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Fault;
    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(node) => <()>::deserialize(node),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        let node = self.content.ok_or_else(|| self.bare())?;
        seed.deserialize(node).map_err(|fault| fault.at(node))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content.ok_or_else(|| self.bare())?.deserialize_seq(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.content.ok_or_else(|| self.bare())?.deserialize_map(visitor)
    }
}

/// Gives [`super::Spanned`] the node's id, line, column, length and the value.
struct SpanAccess<'de> {
    node: &'de Node,
    next: u8,
}

impl<'de> SeqAccess<'de> for SpanAccess<'de> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let at = self.node.at;
        self.next += 1;
        match self.next {
            1 => seed.deserialize(self.node.id.into_deserializer()).map(Some),
            2 => seed.deserialize(at.line.into_deserializer()).map(Some),
            3 => seed.deserialize(at.column.into_deserializer()).map(Some),
            4 => seed.deserialize(at.len.into_deserializer()).map(Some),
            5 => seed.deserialize(self.node).map(Some).map_err(|fault| fault.at(self.node)),
            _ => Ok(None),
        }
    }
}
