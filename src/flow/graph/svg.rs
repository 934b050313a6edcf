//! The graph as SVG: readable by itself, on light and dark pages, with the texts that callers hear.
use super::layout::{HEAD, LINE, MARGIN, PAD, STEP_WIDTH, layout};
use super::{Graph, Role};
use std::fmt::Write as _;

const STYLE: &str = "\
svg{color-scheme:light dark;color:#1c2733;font:12px system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif}\
text{fill:currentColor}.paper{fill:#fff}.box{fill:#f6f8fa;stroke:#8494a5}.person{fill:#e2f5e6;stroke:#2d7d3a}\
.end{fill:#eceff2;stroke:#6b7785}.sub{fill:#e3f0fb;stroke:#2b74b3}.start{stroke-width:2.5}\
.name{font-weight:600;font-size:13px}.title{font-weight:600;font-size:16px}.dim{fill:#55626f}\
.way{fill:none;stroke:#6b7785;stroke-width:1.4}.head{fill:#6b7785}.halo{stroke:#fff;stroke-width:4;paint-order:stroke}\
@media (prefers-color-scheme:dark){svg{color:#e6ebf0}.paper{fill:#12181f}.box{fill:#1d2630;stroke:#71808f}\
.person{fill:#173522;stroke:#58b368}.end{fill:#252d36;stroke:#8a97a5}.sub{fill:#152c42;stroke:#5aa4e0}\
.dim{fill:#a8b4c0}.way{stroke:#8a97a5}.head{fill:#8a97a5}.halo{stroke:#12181f}}";

pub fn svg(graph: &Graph) -> String {
    let layout = layout(graph);
    let (width, height) = (layout.width.ceil(), layout.height.ceil());
    let title = match &graph.number {
        Some(number) => format!("{} · {number}", graph.flow),
        None => graph.flow.clone(),
    };
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"flow-title\">\n<title id=\"flow-title\">{title}</title>\n\
         <style>{STYLE}</style>\n<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
         markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"head\" d=\"M0 0L8 4L0 8Z\"/></marker></defs>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{title}</text>\n",
        MARGIN + HEAD / 2.0,
        title = escaped(&title),
    );
    for line in &layout.lines {
        let ((x, y), (to_x, to_y)) = (line.from, line.to);
        let bend = (to_x - x) / 2.0;
        let (near, far) = (x + bend, to_x - bend);
        let _ = writeln!(
            out,
            "<path class=\"way\" marker-end=\"url(#head)\" d=\"M{x:.1} {y:.1}C{near:.1} {y:.1} {far:.1} {to_y:.1} {to_x:.1} {to_y:.1}\"/>"
        );
    }
    for (ix, (step, place)) in graph.steps.iter().zip(&layout.places).enumerate() {
        let class = match step.role {
            Role::Plain => "box",
            Role::Person => "person",
            Role::End => "end",
            Role::SubFlow => "sub",
        };
        let start = if ix == graph.start { " start" } else { "" };
        let (x, y, height) = (place.x, place.y, place.height);
        let _ = write!(
            out,
            "<g id=\"step-{}\"><title>{}</title><rect class=\"{class}{start}\" x=\"{x:.1}\" y=\"{y:.1}\" \
             width=\"{STEP_WIDTH}\" height=\"{height:.1}\" rx=\"6\"/>",
            escaped(&step.name),
            escaped(&format!("{} ({}) {}", step.name, step.kind, step.text)),
        );
        if step.role == Role::SubFlow {
            // A box in a box: there is a flow inside.
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{}\" height=\"{:.1}\" rx=\"4\"/>",
                x + 3.0,
                y + 3.0,
                STEP_WIDTH - 6.0,
                height - 6.0
            );
        }
        let mut at = y + PAD + LINE * 0.75;
        let _ = write!(
            out,
            "<text class=\"name\" x=\"{:.1}\" y=\"{at:.1}\">{}</text>\
             <text class=\"dim\" x=\"{:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{}</text>",
            x + PAD,
            escaped(&step.name),
            x + STEP_WIDTH - PAD,
            escaped(&step.kind),
        );
        for line in &place.text {
            at += LINE;
            let _ = write!(out, "<text x=\"{:.1}\" y=\"{at:.1}\">{}</text>", x + PAD, escaped(line));
        }
        if !place.notes.is_empty() {
            at += 6.0;
        }
        for note in &place.notes {
            at += LINE;
            let _ = write!(
                out,
                "<text class=\"dim\" x=\"{:.1}\" y=\"{at:.1}\">{}</text>",
                x + PAD,
                escaped(note)
            );
        }
        out.push_str("</g>\n");
    }
    // Above everything, so that no line crosses a key.
    for line in layout.lines.iter().filter(|line| !line.label.is_empty()) {
        let (x, y) = (line.from.0 + 6.0, line.from.1 - 4.0);
        let _ =
            writeln!(out, "<text class=\"halo\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(&line.label));
    }
    out.push_str("</svg>\n");
    out
}

/// Text for XML, in elements and attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 §2.2 has no place for control characters.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::graph;
    use super::*;

    #[test]
    fn the_picture_has_the_texts_escaped_and_both_colour_schemes() {
        let svg = svg(&graph());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("Здравствуйте!"));
        assert!(svg.contains("&amp; &lt;два&gt;") && !svg.contains("<два>"));
        assert!(svg.contains("prefers-color-scheme:dark") && svg.contains("currentColor"));
        assert!(svg.contains(">0, 1</text>"), "a way bears its keys");
        assert_eq!(svg.matches("<g id=").count(), 4);
    }
}
