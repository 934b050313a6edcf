//! A flow as a picture: its steps with what is said in them, and the ways between them. The same graph is written as SVG
//! for people, as Mermaid and DOT for their documents.
//!
//! ```text
//!  FlowSet ─▶ Graph (steps, ways with their keys) ─▶ layout (columns from the start on) ─▶ svg
//!                                              └────▶ text: Mermaid, DOT
//! ```
//! What a way is called stands in the file: the keys of the YAML above its target (`keys: {"1": …}`, `timeout`,
//! `exits.full`). So a new kind of step needs nothing here.
mod layout;
mod svg;
mod text;

pub use svg::svg;
pub use text::{dot, mermaid};

use super::model::{Flow, FlowSet, Goto, Target};
use super::node::Outline;
use super::say::SayItem;
use super::yaml::{self, Node as Yaml, Value};
use crate::flow::finding::Span;
use crate::ids::FlowName;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    pub flow: String,
    /// The line's number as people write it; `None`: a sub-flow.
    pub number: Option<String>,
    /// In the order of the file.
    pub steps: Vec<Step>,
    pub start: usize,
    pub ways: Vec<Way>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub name: String,
    pub kind: String,
    /// What is said, or what the step is about: a queue, a sub-flow, a value.
    pub text: String,
    /// The text is what the caller hears.
    pub is_said: bool,
    pub role: Role,
    /// Ways that leave the flow or stay in the step: `* ↻`, `next ↩`.
    pub notes: Vec<String>,
    /// The flow that runs while callers wait here.
    pub while_waiting: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Plain,
    /// Leads to a person.
    Person,
    /// The call may end here.
    End,
    /// Runs another flow.
    SubFlow,
}

/// A way from one step to another; several keys with the same target are one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub from: usize,
    pub to: usize,
    pub label: String,
}

/// Fields that say in a word what a step is about when nothing is said in it.
const ABOUT: [&str; 9] = ["name", "flow", "calendar", "value", "get", "post", "to", "topic", "language"];
const AGAIN: &str = "↻";
const BACK: &str = "↩";

impl Graph {
    /// `texts` are the prompts' texts in the flow's language. `None`: the set has no such flow.
    pub fn of(set: &FlowSet, name: &FlowName, texts: &BTreeMap<String, String>) -> Option<Graph> {
        let flow = set.flow_named(name)?;
        let (path, text) = set.source().files().iter().find(|(path, _)| *path == flow.file)?;
        let file = yaml::read(path, text).ok()?;
        let written = entry(&file, "steps").and_then(Yaml::entries).unwrap_or(&[]);
        let mut graph = Graph {
            flow: name.to_string(),
            number: set.lines().find(|line| line.flow == *name).map(|line| line.number.spelled()),
            steps: Vec::new(),
            start: usize::from(flow.start.0),
            ways: Vec::new(),
        };
        for step in flow.steps() {
            let written = written.iter().find(|(key, _)| key.as_text() == Some(step.name.as_str()));
            let (kind, content) = match written.and_then(|(_, step)| step.entries()).and_then(<[_]>::first) {
                Some((kind, content)) => (kind.as_text().unwrap_or(""), Some(content)),
                None => ("", None),
            };
            let outline = step.kind.outline();
            graph.add(flow, set, step.name.as_str(), kind, content, &outline, texts);
        }
        Some(graph)
    }

    #[allow(clippy::too_many_arguments)] // a step, as it is written and as it was read
    fn add(
        &mut self,
        flow: &Flow,
        set: &FlowSet,
        name: &str,
        kind: &str,
        content: Option<&Yaml>,
        outline: &Outline<'_>,
        texts: &BTreeMap<String, String>,
    ) {
        let from = self.steps.len();
        let mut labels = BTreeMap::new();
        if let Some(content) = content {
            label_places(content, "", &mut labels);
        }
        let mut said = String::new();
        outline.says.iter().take(1).for_each(|items| spoken(items, texts, &mut said));
        let about = || {
            content.into_iter().flat_map(Yaml::entries).flatten().find_map(|(key, value)| {
                ABOUT.contains(&key.as_text()?).then(|| value.as_text().map(str::to_string))?
            })
        };
        let is_said = !said.is_empty();
        let text = if is_said { said } else { about().unwrap_or_default() };
        let role = match outline {
            Outline { is_person: true, .. } => Role::Person,
            Outline { runs: Some(_), .. } => Role::SubFlow,
            Outline { is_end: true, edges, .. } if edges.is_empty() => Role::End,
            _ => Role::Plain,
        };
        let mut notes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut ways: Vec<(usize, Vec<String>)> = Vec::new();
        let label_of = |goto: &Goto| labels.get(&(goto.at.line, goto.at.column)).cloned().unwrap_or_default();
        for goto in &outline.again {
            notes.entry(AGAIN).or_default().push(label_of(goto));
        }
        for edge in &outline.edges {
            let label = label_of(&edge.goto);
            match edge.goto.to {
                Target::Step(to) if usize::from(to.0) < flow.steps().count() => {
                    let to = usize::from(to.0);
                    match ways.iter_mut().find(|(known, _)| *known == to) {
                        Some((_, labels)) => labels.push(label),
                        None => ways.push((to, vec![label])),
                    }
                }
                Target::Return => notes.entry(BACK).or_default().push(label),
                _ => notes.entry(AGAIN).or_default().push(label),
            }
        }
        self.ways.extend(ways.into_iter().map(|(to, labels)| Way { from, to, label: joined(labels) }));
        let notes =
            notes.into_iter().map(|(sign, labels)| format!("{} {sign}", joined(labels)).trim().into());
        self.steps.push(Step {
            name: name.to_string(),
            kind: kind.to_string(),
            text,
            is_said,
            role,
            notes: notes.collect(),
            while_waiting: outline.waits_in.map(|ix| set.flow(ix).name.to_string()),
        });
    }
}

/// Different labels once each, in their order.
fn joined(labels: Vec<String>) -> String {
    let mut once: Vec<String> = Vec::new();
    for label in labels.into_iter().filter(|label| !label.is_empty()) {
        if !once.contains(&label) {
            once.push(label);
        }
    }
    once.join(", ")
}

fn entry<'a>(node: &'a Yaml, key: &str) -> Option<&'a Yaml> {
    node.entries()?.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
}

/// The place of each scalar, and the key above it.
fn label_places(node: &Yaml, label: &str, into: &mut BTreeMap<(u32, u32), String>) {
    match &node.value {
        Value::Scalar { .. } => {
            let Span { line, column, .. } = node.at;
            into.insert((line, column), label.to_string());
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let below = match key.as_text().unwrap_or("") {
                    "star" => "*",
                    "hash" => "#",
                    // The way on has no name, and `{say: …, go: …}` has that of what it belongs to.
                    "next" => "",
                    "go" => label,
                    key => key,
                };
                label_places(value, below, into);
            }
        }
        Value::List(items) => items.iter().for_each(|item| label_places(item, label, into)),
        Value::Null => {}
    }
}

fn spoken(items: &[SayItem], texts: &BTreeMap<String, String>, into: &mut String) {
    for item in items {
        let text = match item {
            SayItem::Prompt(name) => texts.get(name.as_str()).cloned().unwrap_or_else(|| format!("‹{name}›")),
            SayItem::Text(template) => template.source().to_string(),
            SayItem::If { say, .. } => {
                spoken(say, texts, into);
                continue;
            }
            SayItem::Number { value, .. }
            | SayItem::Ordinal { value, .. }
            | SayItem::Count { value, .. }
            | SayItem::Digits(value)
            | SayItem::Money(value)
            | SayItem::Date(value)
            | SayItem::Time(value)
            | SayItem::Duration(value) => format!("‹{}›", value.source()),
            SayItem::Range { from, to, .. } => format!("‹{}–{}›", from.source(), to.source()),
            SayItem::Standing(_) => "‹№›".to_string(),
        };
        if !into.is_empty() {
            into.push(' ');
        }
        into.push_str(text.trim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Environment;
    use std::path::PathBuf;

    const TEXT: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: welcome}
steps:
  welcome:
    play: {say: [welcome], next: main}
  main:
    menu:
      say: [main_menu]
      keys: {"1": person, "2": bye, "0": person, star: repeat}
      invalid: {say: [no_such_item], go: repeat}
      timeout: repeat
      exhausted: bye
  person:
    queue: {name: wallet, while_waiting: wait, exits: {full: bye, max_wait: bye}, answered: bye}
  bye:
    hangup: {}
"#;
    const WAIT: &str = r#"
flow: wait
steps:
  menu:
    menu: {say: [wait_menu], keys: {"1": stay}, every: 60s, exhausted: stay}
"#;

    pub fn graph() -> Graph {
        let files =
            vec![(PathBuf::from("line.yaml"), TEXT.to_string()), ("wait.yaml".into(), WAIT.to_string())];
        let env = Environment { queues: ["wallet".into()].into(), ..Environment::default() };
        let (set, findings) = FlowSet::parse(files, &env);
        let set = set.unwrap_or_else(|| panic!("{findings:?}"));
        let texts = [("welcome", "Здравствуйте!"), ("main_menu", "Кошелёк: нажмите один & <два>")];
        let texts = texts.map(|(name, text)| (name.to_string(), text.to_string())).into();
        Graph::of(&set, &"line".into(), &texts).unwrap()
    }

    #[test]
    fn steps_speak_and_ways_bear_their_keys() {
        let graph = graph();
        let names: Vec<&str> = graph.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["welcome", "main", "person", "bye"]);
        assert_eq!(graph.steps[0].text, "Здравствуйте!");
        assert_eq!(graph.number.as_deref(), Some("8-800-000-00-01"));
        let way = |from, to, label: &str| Way { from, to, label: label.into() };
        assert_eq!(
            graph.ways,
            [
                way(0, 1, ""),
                way(1, 2, "0, 1"),
                way(1, 3, "2, exhausted"),
                way(2, 3, "max_wait, full, answered")
            ]
        );
        assert_eq!(graph.steps[1].notes, ["*, invalid, timeout ↻"]);
        assert_eq!((graph.steps[2].role, graph.steps[2].text.as_str()), (Role::Person, "wallet"));
        assert_eq!(graph.steps[2].while_waiting.as_deref(), Some("wait"));
        assert_eq!(graph.steps[3].role, Role::End);
    }
}
