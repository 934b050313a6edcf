//! The graph for documents: Mermaid (<https://mermaid.js.org>) and DOT (Graphviz).
use super::{Graph, Role, Step};
use std::fmt::Write as _;

/// Characters of a spoken text in a box.
const TEXT_CHARS: usize = 60;

pub fn mermaid(graph: &Graph) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart LR\n", quoted(&graph.flow, "#quot;"));
    for (ix, step) in graph.steps.iter().enumerate() {
        let label = quoted(&label(step, "<br>"), "#quot;");
        let (open, close) = match step.role {
            Role::Person => ("([", "])"),
            Role::End => ("((", "))"),
            Role::SubFlow => ("[[", "]]"),
            Role::Plain => ("[", "]"),
        };
        let _ = writeln!(out, "  s{ix}{open}{label}{close}");
    }
    for way in &graph.ways {
        let label =
            if way.label.is_empty() { String::new() } else { format!("|{}|", quoted(&way.label, "#quot;")) };
        let _ = writeln!(out, "  s{} -->{label} s{}", way.from, way.to);
    }
    out
}

pub fn dot(graph: &Graph) -> String {
    let mut out = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
        quoted(&graph.flow, "\\\"")
    );
    for (ix, step) in graph.steps.iter().enumerate() {
        let shape = match step.role {
            Role::Person => ", shape=ellipse, style=filled",
            Role::End => ", shape=doublecircle",
            Role::SubFlow => ", peripheries=2",
            Role::Plain => "",
        };
        let _ = writeln!(
            out,
            "  s{ix} [label={}{shape}];",
            quoted(&label(step, "\n"), "\\\"").replace('\n', "\\n")
        );
    }
    for way in &graph.ways {
        let _ = writeln!(out, "  s{} -> s{} [label={}];", way.from, way.to, quoted(&way.label, "\\\""));
    }
    out.push_str("}\n");
    out
}

fn label(step: &Step, line: &str) -> String {
    let text: String = match step.text.chars().count() > TEXT_CHARS {
        true => step.text.chars().take(TEXT_CHARS - 1).chain(['…']).collect(),
        false => step.text.clone(),
    };
    let mut label = format!("{} ({})", step.name, step.kind);
    for more in [text.as_str()].into_iter().chain(step.notes.iter().map(String::as_str)) {
        if !more.is_empty() {
            label.push_str(line);
            label.push_str(more);
        }
    }
    label
}

fn quoted(text: &str, quote: &str) -> String {
    format!("\"{}\"", text.replace('\\', "/").replace('"', quote))
}

#[cfg(test)]
mod tests {
    use super::super::tests::graph;
    use super::*;

    #[test]
    fn mermaid_and_dot_name_steps_and_keys() {
        let mermaid = mermaid(&graph());
        assert!(mermaid.contains("s2([\"person (queue)<br>wallet\"])"), "{mermaid}");
        assert!(mermaid.contains("s1 -->|\"0, 1\"| s2"), "{mermaid}");
        let dot = dot(&graph());
        assert!(dot.starts_with("digraph \"line\" {") && dot.ends_with("}\n"));
        assert!(dot.contains("s1 -> s2 [label=\"0, 1\"];"), "{dot}");
        assert!(dot.contains("welcome (play)\\nЗдравствуйте!"), "{dot}");
    }
}
