//! The only door to the YAML parser, for flows, config.yaml and prompts.yaml.
//!
//! ```text
//!   text ─▶ hints (tabs, *, #, {{) ─▶ tree (every node with its place) ─▶ decode (serde types, all errors)
//! ```
//! The tree keeps the source text of every scalar, so `no`, `y` and `0123` never change their type. Decoding goes on
//! after an error: the faulty node is taken out and the rest is read again, so that one run shows everything.
use super::finding::{Finding, Span};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use std::fmt;
use std::path::Path;

mod decode;
mod hints;
pub mod tree;
pub mod values;

pub use decode::fault;
pub use tree::{Node, Value};
pub use values::{Dur, Range, Scalar, Spanned};

/// A flow of a thousand steps has about 200 KB.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
/// The deepest hand-written flow has eight levels.
const DEPTH_MAX: usize = 32;
const NODES_MAX: usize = 60_000;
/// Anchors are allowed for repeated lists of exits; expansion beyond this is a bomb.
const REPLAYED_EVENTS_MAX: usize = 2_000;
/// An alias inside of what an alias stands for; a bomb needs more.
const REPLAY_DEPTH_MAX: usize = 2;
const ALIASES_MAX: usize = 200;

/// Reads a file's text into `T`: either a value, or everything that is wrong with it. Never both, never neither.
pub fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Vec<Finding>> {
    let mut node = read(file, text)?;
    decode_node(file, text, &mut node)
}

/// Reads one node of a tree into `T`; everything wrong inside it is found in one go.
pub fn decode_node<T: DeserializeOwned>(file: &Path, text: &str, node: &mut Node) -> Result<T, Vec<Finding>> {
    match decode_rest(file, text, node) {
        (Some(value), findings) if findings.is_empty() => Ok(value),
        (_, findings) => Err(findings),
    }
}

/// The same, and what could be read without the faulty parts.
pub fn decode_rest<T: DeserializeOwned>(
    file: &Path,
    text: &str,
    node: &mut Node,
) -> (Option<T>, Vec<Finding>) {
    let (value, faults) = decode::decode(node);
    let mut findings: Vec<Finding> =
        faults.into_iter().map(|fault| fault.into_finding(file).with_excerpt(text)).collect();
    findings.sort_by_key(|finding| (finding.line, finding.column));
    (value, findings)
}

/// Reads a file's text into a tree of nodes with places; duplicate keys and syntax errors are found here.
pub fn read(file: &Path, text: &str) -> Result<Node, Vec<Finding>> {
    let one = |code, at, message: String, help: &str| {
        Err(vec![Finding::error(code, file, at, message, help).with_excerpt(text)])
    };
    let start = Span { line: 1, column: 1, len: 1 };
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file has {} bytes; expected at most {FILE_BYTES_MAX}", text.len());
        return one("HF007", start, message, "split it: one flow per file");
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let hints = hints::scan(file, text);
    if !hints.is_empty() {
        return Err(hints);
    }
    if text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#'))) {
        return one("HF008", start, "the file is empty".into(), "write its content, or delete the file");
    }
    let raw: serde_saphyr::Spanned<Raw> = match serde_saphyr::from_str_with_options(text, options()) {
        Ok(raw) => raw,
        Err(error) => {
            let (code, at, message, help) = reword(error.without_snippet(), text);
            return one(code, at, message, help);
        }
    };
    let mut findings = Vec::new();
    let node = plant(raw, text, &mut 0);
    tree::duplicates(&node, file, &mut findings);
    if findings.is_empty() {
        Ok(node)
    } else {
        Err(findings.into_iter().map(|finding| finding.with_excerpt(text)).collect())
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 2,
            max_aliases: ALIASES_MAX,
            max_documents: 1,
            max_merge_keys: 0,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: REPLAYED_EVENTS_MAX,
            max_replay_stack_depth: REPLAY_DEPTH_MAX,
        },
        // Duplicates are reported by `tree::duplicates`, with both places.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
    }
}

/// What the parser says, in the words of somebody who writes flows.
fn reword(error: &serde_saphyr::Error, text: &str) -> (&'static str, Span, String, &'static str) {
    use serde_saphyr::Error;
    let at = error.location().map_or(Span { line: 1, column: 1, len: 1 }, |location| span(&location));
    let lines = text.lines().count().max(1) as u32;
    let at = if at.line == 0 || at.line > lines {
        let column = text.lines().last().map_or(1, |line| line.chars().count() as u32 + 1);
        Span { line: lines, column, len: 1 }
    } else {
        at
    };
    match error {
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } | Error::MultipleDocuments { .. } => (
            "HF016",
            at,
            "a second document begins here".into(),
            "remove the `---`; one file is one document",
        ),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => (
            "HF007",
            at,
            "the file grows beyond the limits here: too many nodes, levels or repeated aliases".into(),
            "write repeated parts out instead of nesting aliases, or split the file",
        ),
        Error::AliasError { error, .. } => {
            let (code, _, message, help) = reword(error.without_snippet(), text);
            (code, at, message, help)
        }
        Error::UnknownAnchor { .. } => (
            "HF003",
            at,
            "`*` without quotes refers to a YAML anchor, and there is none of this name".into(),
            "for the telephone's key write `star`, or quote it: \"*\"",
        ),
        Error::MergeKeyNotAllowed { .. } => {
            ("HF009", at, "merge keys (`<<`) are not used here".into(), "write the keys out")
        }
        Error::Eof { .. } => {
            ("HF001", at, "the text ends too early".into(), "close the open bracket or quote")
        }
        other => {
            let message = other.to_string();
            // The place is said by the finding itself.
            let message = message.split(" at line ").next().unwrap_or("").lines().next().unwrap_or("").trim();
            if message.contains("limit exceeded") || message.contains("nesting") {
                let help = "no file of this kind needs so many levels; check the brackets";
                return ("HF007", at, format!("the file is nested deeper than {DEPTH_MAX} levels"), help);
            }
            let line = text.lines().nth(at.line as usize - 1).unwrap_or_default();
            if line.contains("${") {
                let help = "within brackets a value of the environment is quoted: \"${NAME}\"";
                return ("HF001", at, format!("this is not valid YAML: {message}"), help);
            }
            let help = "check brackets, quotes and indentation on this line and the one above";
            ("HF001", at, format!("this is not valid YAML: {message}"), help)
        }
    }
}

fn span(location: &serde_saphyr::Location) -> Span {
    let short = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Span {
        line: short(location.line()),
        column: short(location.column()),
        len: short(location.span().len()).max(1),
    }
}

/// A node as the library gives it, before its source text is looked up.
enum Raw {
    Text(String),
    /// A plain scalar that the library took for null, a boolean or a number: its text is in the source.
    Typed,
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Map(Vec<(serde_saphyr::Spanned<Raw>, serde_saphyr::Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any YAML value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_string()))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Typed)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
                Raw::deserialize(deserializer)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn plant(raw: serde_saphyr::Spanned<Raw>, text: &str, ids: &mut u32) -> Node {
    *ids += 1;
    let id = *ids;
    let at = span(&raw.referenced);
    let source = {
        let span = raw.defined.span();
        let from = span.byte_offset().unwrap_or(0) as usize;
        let to = from + span.byte_len().unwrap_or(0) as usize;
        text.get(from..to).unwrap_or("").trim()
    };
    let value = match raw.value {
        Raw::Text(text) => {
            let quoted = source.starts_with(['"', '\'', '|', '>']);
            Value::Scalar { text, quoted }
        }
        Raw::Typed if matches!(source, "" | "~" | "null" | "Null" | "NULL") => Value::Null,
        Raw::Typed => Value::Scalar { text: source.to_string(), quoted: false },
        Raw::List(items) => Value::List(items.into_iter().map(|item| plant(item, text, ids)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (plant(key, text, ids), plant(value, text, ids)))
                .collect(),
        ),
    };
    let len = match &value {
        // A mapping's span covers all of it; the caret belongs to its beginning.
        Value::List(_) | Value::Map(_) | Value::Null => 1,
        Value::Scalar { .. } => at.len,
    };
    Node { id, at: Span { len, ..at }, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn findings<T: DeserializeOwned + fmt::Debug>(text: &str) -> Vec<(u32, u32, &'static str)> {
        let findings = parse::<T>(Path::new("t.yaml"), text).unwrap_err();
        findings.iter().map(|finding| (finding.line, finding.column, finding.code)).collect()
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: Spanned<String>,
        #[serde(default)]
        wait: Option<Dur>,
        #[serde(default)]
        on: bool,
        #[serde(default)]
        count: u16,
        #[serde(default)]
        any: BTreeMap<String, Scalar>,
        #[serde(default)]
        list: Vec<String>,
    }

    #[test]
    fn a_scalar_keeps_the_text_of_its_source() {
        let text = "name: x\nany: {a: no, b: 0123, c: y, d: 'true', e: 1.50, f: 1_0, g: .nan}\n";
        let sample: Sample = parse(Path::new("t.yaml"), text).unwrap();
        let texts: Vec<&str> = sample.any.values().map(|scalar| scalar.text.as_str()).collect();
        assert_eq!(texts, ["no", "0123", "y", "true", "1.50", "1_0", ".nan"]);
        assert!(sample.any["d"].quoted && !sample.any["a"].quoted);
    }

    #[test]
    fn places_are_those_of_the_value() {
        let sample: Sample = parse(Path::new("t.yaml"), "on: true\nname:   мир\nwait: 1500ms\n").unwrap();
        assert_eq!((sample.name.at.line, sample.name.at.column), (2, 9));
        assert_eq!(sample.name.value, "мир");
        assert_eq!(sample.wait.unwrap().0, Duration::from_millis(1500));
        assert!(sample.on);
    }

    #[test]
    fn a_number_or_word_is_fine_where_a_text_is_due() {
        let sample: Sample =
            parse(Path::new("t.yaml"), "name: 0101\nlist: [no, 5, null_]\ncount: '7'\n").unwrap();
        assert_eq!(sample.name.value, "0101");
        assert_eq!(sample.list, ["no", "5", "null_"]);
        assert_eq!(sample.count, 7);
    }

    #[test]
    fn all_errors_are_found_in_one_run() {
        let text = "nmae: x\nwait: 5\non: no\ncount: 70000\nlist: [a, [b]]\n";
        assert_eq!(
            findings::<Sample>(text),
            [(1, 1, "HF009"), (2, 7, "HF012"), (3, 5, "HF006"), (4, 8, "HF006"), (5, 11, "HF006")]
        );
    }

    #[test]
    fn a_duplicate_names_both_places() {
        let found = parse::<Sample>(Path::new("t.yaml"), "name: a\non: true\nname: b\n").unwrap_err();
        assert_eq!((found[0].code, found[0].line, found[0].column), ("HF004", 3, 1));
        assert_eq!(found[0].message, "key `name` is used twice; first at line 1");
    }

    #[test]
    fn a_yaml_bomb_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            let refs = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{refs}]\n"));
        }
        assert_eq!(findings::<Sample>(&bomb)[0].2, "HF007");
        let deep = "[".repeat(5000);
        assert_eq!(findings::<Sample>(&deep)[0].2, "HF007");
        assert_eq!(findings::<Sample>(&"name: x\n".repeat(200_000))[0].2, "HF007");
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "\n",
            "---",
            "--- a\n--- b\n",
            "a: [",
            "a: \"",
            "*a",
            "&a",
            "? a",
            "!!x y",
            "\u{0}",
            "- a\nb",
            "a: b: c",
            "\u{feff}",
            "{a: {b",
            "<<: {}",
        ] {
            let _ = parse::<Sample>(Path::new("t.yaml"), text).unwrap_err();
        }
    }
}
