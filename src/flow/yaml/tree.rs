//! A file as a tree of nodes, each with its place and, for scalars, its source text.
use super::super::finding::{Finding, Span};
use std::path::Path;

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique in its file: what a decoding error points at.
    pub id: u32,
    pub at: Span,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub fn entries(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What stands here, for "got …".
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".into(),
            Value::Scalar { text, .. } => {
                /// Longer texts are cut in messages.
                const SHOWN_MAX: usize = 40;
                let short: String = text.chars().take(SHOWN_MAX).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                format!("`{short}{dots}`")
            }
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
        }
    }

    /// Takes the node `id` out of the tree, with its key or value. Gives the id of what it was in and its key;
    /// `None` when it is the root or not there.
    pub fn prune(&mut self, id: u32) -> Option<(u32, String)> {
        match &mut self.value {
            Value::Null | Value::Scalar { .. } => None,
            Value::List(items) => {
                if let Some(at) = items.iter().position(|item| item.id == id) {
                    items.remove(at);
                    return Some((self.id, String::new()));
                }
                items.iter_mut().find_map(|item| item.prune(id))
            }
            Value::Map(entries) => {
                if let Some(at) = entries.iter().position(|(key, value)| key.id == id || value.id == id) {
                    let (key, _) = entries.remove(at);
                    return Some((self.id, key.as_text().unwrap_or("").to_string()));
                }
                entries.iter_mut().find_map(|(_, value)| value.prune(id))
            }
        }
    }
}

/// Every key that stands twice in one mapping.
pub fn duplicates(node: &Node, file: &Path, findings: &mut Vec<Finding>) {
    match &node.value {
        Value::Null | Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| duplicates(item, file, findings)),
        Value::Map(entries) => {
            let mut seen: std::collections::BTreeMap<&str, Span> = std::collections::BTreeMap::new();
            for (key, value) in entries {
                match key.as_text() {
                    Some(text) => {
                        if let Some(first) = seen.get(text) {
                            let is_digit = text.len() == 1 && text.chars().all(|c| c.is_ascii_digit());
                            let what = if is_digit { "digit " } else { "key `" };
                            let end = if is_digit { "" } else { "`" };
                            findings.push(Finding::error(
                                "HF004",
                                file,
                                key.at,
                                format!("{what}{text}{end} is used twice; first at line {}", first.line),
                                "remove or rename one of the two",
                            ));
                        } else {
                            seen.insert(text, key.at);
                        }
                    }
                    None => findings.push(Finding::error(
                        "HF006",
                        file,
                        key.at,
                        format!("expected a word as key, got {}", key.describe()),
                        "write `key: value`; a template goes in double quotes",
                    )),
                }
                duplicates(value, file, findings);
            }
        }
    }
}
