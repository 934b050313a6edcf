//! What the environment adds to config.yaml: `${NAME}` inside values, and `HOTLINE__SECTION__KEY=value` over them.
//!
//! Both work on the tree of nodes, before anything is decoded, so that a value from the environment is checked like one
//! from the file. Nodes made here get lines beyond any file's, by which a finding is traced back to its variable.
use crate::flow::finding::{Finding, Span};
use crate::flow::yaml::{self, Node, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub const PREFIX: &str = "HOTLINE__";
/// No file has as many lines: [`yaml::FILE_BYTES_MAX`] is below it.
const LINES: u32 = 10_000_000;
/// Ids of the file's own nodes are below it.
const IDS: u32 = 1_000_000;
const IDS_PER_VARIABLE: u32 = 100_000;

/// Lays `HOTLINE__A__B=value` over the tree: `a: {b: value}`. Keys are found in any case, `_` standing for `-` too; a
/// value in brackets is read as YAML, any other is taken as it is.
pub fn lay_over(root: &mut Node, environment: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (n, (name, value)) in overlays(environment).enumerate() {
        let number = n as u32;
        let at = Span { line: LINES + number, column: 1, len: 1 };
        let mut id = IDS + number * IDS_PER_VARIABLE;
        let file = PathBuf::from(name);
        let value = if value.starts_with(['[', '{']) {
            match yaml::read(&file, value) {
                Ok(node) => node.value,
                Err(found) => {
                    findings.extend(found);
                    continue;
                }
            }
        } else {
            Value::Scalar { text: value.clone(), quoted: false }
        };
        let mut value = Node { id, at, value };
        move_to(&mut value, at, &mut id);
        let path: Vec<&str> = name.get(PREFIX.len()..).unwrap_or("").split("__").collect();
        if path.iter().any(|key| key.is_empty()) {
            let message = "expected HOTLINE__SECTION__KEY, got an empty section or key";
            let help = "write it like HOTLINE__WEB__LISTEN=127.0.0.1:8080";
            findings.push(Finding::error("HF009", &file, Span { line: 1, ..at }, message, help));
            continue;
        }
        put(root, &path, value, at, &mut id);
    }
    findings
}

/// The file or variable that a finding speaks of.
pub fn trace(finding: Finding, environment: &BTreeMap<String, String>) -> Finding {
    match finding.line.checked_sub(LINES).and_then(|n| overlays(environment).nth(n as usize)) {
        Some((name, value)) => {
            Finding { file: PathBuf::from(name), line: 1, column: 1, len: 1, excerpt: None, ..finding }
                .with_excerpt(&hidden(name, value))
        }
        None => finding,
    }
}

/// Replaces `${NAME}` in every value; `$${` stands for `${` itself. A missing variable is a finding at its place.
pub fn substitute(root: &mut Node, file: &Path, environment: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(root, &mut |node| {
        let at = node.at;
        let Value::Scalar { text, quoted } = &mut node.value else { return };
        if !text.contains("${") {
            return;
        }
        let mut done = String::new();
        let mut rest = text.as_str();
        while let Some(start) = rest.find("${") {
            if let Some(before) = rest[..start].strip_suffix('$') {
                done.push_str(before);
                done.push_str("${");
                rest = &rest[start + 2..];
                continue;
            }
            done.push_str(&rest[..start]);
            let column = at.column
                + u32::from(*quoted)
                + text[..text.len() - rest.len() + start].chars().count() as u32;
            let after = &rest[start + 2..];
            let Some(end) = after.find('}') else {
                let at = Span { column, len: 2, ..at };
                let help = "write ${NAME}, or $${ for the two characters themselves";
                findings.push(Finding::error("HF015", file, at, "`${` is not closed by `}`", help));
                return;
            };
            let name = &after[..end];
            match environment.get(name) {
                Some(value) => done.push_str(value),
                None => {
                    let at = Span { column, len: name.chars().count() as u32 + 3, ..at };
                    let message = format!("the environment variable `{name}` is not set");
                    findings.push(Finding::error(
                        "HF015",
                        file,
                        at,
                        message,
                        format!("set {name}, or write the value here"),
                    ));
                }
            }
            rest = &after[end + 1..];
        }
        done.push_str(rest);
        *text = done;
    });
    findings
}

fn overlays(environment: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    environment.iter().filter(|(name, _)| name.starts_with(PREFIX))
}

/// The value of a variable that may be a secret is not repeated on a terminal.
fn hidden(name: &str, value: &str) -> String {
    let secret =
        ["PASSWORD", "URL", "WEBHOOK", "OPERATORS", "SMTP", "TRUNKS"].iter().any(|word| name.contains(word));
    if secret { "(hidden)".into() } else { value.into() }
}

fn put(node: &mut Node, path: &[&str], value: Node, at: Span, id: &mut u32) {
    let Some((key, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else { return };
    let known = entries.iter().position(|(name, _)| name.as_text().is_some_and(|name| alike(name, key)));
    let index = known.unwrap_or_else(|| {
        let mut next = |value| {
            *id += 1;
            Node { id: *id, at, value }
        };
        let name = next(Value::Scalar { text: key.to_ascii_lowercase(), quoted: false });
        entries.push((name, next(Value::Null)));
        entries.len() - 1
    });
    if let Some((_, entry)) = entries.get_mut(index) {
        put(entry, rest, value, at, id);
    }
}

fn alike(name: &str, key: &str) -> bool {
    name.replace('-', "_").eq_ignore_ascii_case(&key.replace('-', "_"))
}

fn move_to(node: &mut Node, at: Span, id: &mut u32) {
    walk(node, &mut |node| {
        *id += 1;
        node.id = *id;
        node.at = at;
    });
}

fn walk(node: &mut Node, each: &mut impl FnMut(&mut Node)) {
    each(node);
    match &mut node.value {
        Value::Null | Value::Scalar { .. } => {}
        Value::List(items) => items.iter_mut().for_each(|item| walk(item, each)),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            walk(key, each);
            walk(value, each);
        }),
    }
}
