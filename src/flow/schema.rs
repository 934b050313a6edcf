//! The JSON Schema of a flow file, for editors. It is made of the types that the decoder reads into: a probe asks each for its
//! fields, so a field that exists is in it, and one that does not is not.
//!
//! An editor gets names and simple shapes from it; what is right beyond that is said by `hotline check`.
use super::node;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde_json::{Map, Value, json};
use std::fmt;

/// What `hotline schema` prints.
pub fn schema() -> Value {
    let kinds: Vec<Value> = node::kinds()
        .into_iter()
        .map(|node::Described { word: kind, fields, .. }| {
            let content = match fields {
                // `set` has the names of variables for keys.
                [] => json!({ "type": "object" }),
                fields => object(fields),
            };
            json!({
                "type": "object",
                "required": [kind],
                "additionalProperties": false,
                "properties": { kind: content },
            })
        })
        .collect();
    let mut flow = object(super::load::fields());
    flow["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    flow["title"] = json!("A call flow");
    flow["required"] = json!(["flow", "steps"]);
    flow["properties"]["steps"] =
        json!({ "type": "object", "additionalProperties": { "oneOf": kinds }, "minProperties": 1 });
    flow["properties"]["entry"] = object(super::load::entry_fields());
    flow["properties"]["language"] = json!({ "enum": ["ru", "en"] });
    flow["properties"]["args"] =
        json!({ "type": "object", "additionalProperties": { "enum": ["text", "number", "bool"] } });
    flow
}

/// What `hotline schema --reference` prints: every kind of step in words, a part of docs/call-flows.md.
pub fn reference() -> String {
    let parts = node::kinds().into_iter().map(|kind| format!("### {}\n{}\n", kind.word, kind.reference));
    parts.collect::<Vec<_>>().join("\n")
}

fn object(fields: &[&str]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.to_string(), shape(field))).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// A field of one name has one shape in all kinds; `true` is any.
fn shape(field: &str) -> Value {
    match field {
        "say" | "short" | "filler" | "skills" => json!({ "type": "array" }),
        "next" | "failed" | "exhausted" | "answered" | "on_error" | "not_found" | "open" | "closed"
        | "flow" | "save_as" | "start" | "while_waiting" | "whisper" | "topic" => json!({ "type": "string" }),
        "barge_in" | "confirm" | "secret" | "review" => json!({ "type": "boolean" }),
        "repeat" | "retries" => json!({ "type": "integer", "minimum": 0, "maximum": 10 }),
        "first_key" | "between" | "every" | "max" | "silence" | "wait" | "once_per" => {
            json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h)$" })
        }
        "keys" => json!({
            "type": "object",
            "propertyNames": { "pattern": "^([0-9]|star|hash|\\*|#)$" },
            "additionalProperties": { "type": "string" },
        }),
        "cases" | "exits" | "arms" | "with" | "fields" | "headers" | "settings" => {
            json!({ "type": "object" })
        }
        _ => Value::Bool(true),
    }
}

/// The fields by which a type is written; none when it is no struct.
pub fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    match T::deserialize(Probe) {
        Err(Fields(fields)) => fields,
        Ok(_) => &[],
    }
}

/// Asks a type what it wants to read, and gives it nothing.
struct Probe;

#[derive(Debug)]
struct Fields(&'static [&'static str]);

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fields: {}", self.0.join(", "))
    }
}

impl std::error::Error for Fields {}

impl de::Error for Fields {
    fn custom<T: fmt::Display>(_: T) -> Fields {
        Fields(&[])
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Fields;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fields> {
        Err(Fields(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Fields> {
        Err(Fields(fields))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_fields_that_the_decoder_knows() {
        let schema = schema();
        let kinds = schema["properties"]["steps"]["additionalProperties"]["oneOf"].as_array().unwrap();
        let of = |kind: &str| kinds.iter().find_map(|one| one["properties"].get(kind)).unwrap();
        for field in
            ["say", "short", "keys", "first_key", "repeat", "invalid", "timeout", "exhausted", "every"]
        {
            assert!(of("menu")["properties"].get(field).is_some(), "{field}");
        }
        assert_eq!(of("menu")["additionalProperties"], json!(false));
        assert!(of("survey")["properties"].get("if").is_some());
        assert!(schema["properties"].get("entry").is_some());
    }

    #[test]
    fn every_field_is_in_the_reference_and_the_reference_in_the_documentation() {
        for node::Described { word, fields, reference } in node::kinds() {
            for field in fields {
                let is_named = ["`", " ", "{"].iter().any(|before| {
                    ["`", ":", "}", ","]
                        .iter()
                        .any(|after| reference.contains(&format!("{before}{field}{after}")))
                });
                assert!(is_named, "the reference of `{word}` does not speak of `{field}`");
            }
        }
        let docs = include_str!("../../docs/call-flows.md");
        let again = "replace that part of docs/call-flows.md by what `hotline schema --reference` prints";
        assert!(docs.contains(&reference()), "{again}");
    }
}
