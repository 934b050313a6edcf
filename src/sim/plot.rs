//! A run as a drawing: who waited when, how long those waited who came then, and how many operators were held back.
//! SVG written by hand, on a light ground, readable on a screen and on paper.
use super::ledger::{Curve, Curves};
use crate::class::Class;
use std::fmt::Write;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 720.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
/// Top and height of the three panels.
const PANELS: [(f64, f64); 3] = [(92.0, 210.0), (356.0, 210.0), (620.0, 56.0)];
/// Lines of the grid, about.
const TICKS: f64 = 4.0;

/// Distinct in colour and, for print and for colour-blind readers, in width and dash too.
fn stroke(class: Class) -> (&'static str, f64) {
    match class {
        Class::Priority => ("#b2182b", 2.4),
        Class::Security => ("#7b3294", 1.6),
        Class::AgentLine => ("#1a7f5a", 1.6),
        Class::Standard => ("#2166ac", 1.6),
    }
}

/// `without`: the same callers without holding anybody back, drawn dashed.
pub fn svg(title: &[String], curves: &Curves, without: Option<&Curves>) -> String {
    let hours = last(curves).max(1.0 / 12.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"'DejaVu Sans', 'Segoe UI', Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (n, line) in title.iter().enumerate() {
        let (size, weight) = if n == 0 { (14, "bold") } else { (13, "normal") };
        let y = 26.0 + 20.0 * n as f64;
        text(&mut svg, LEFT, y, "start", size, weight, line);
    }
    let classes: Vec<Class> =
        Class::ALL.into_iter().filter(|class| curves.waits.contains_key(class)).collect();
    legend(&mut svg, &classes, without.is_some());
    let pick = |curves: &Curves, panel: usize, class: Class| -> Curve {
        let of = if panel == 0 { &curves.waiting } else { &curves.waits };
        of.get(&class).cloned().unwrap_or_default()
    };
    for (panel, name) in ["callers waiting", "mean wait of those who came then, s"].iter().enumerate() {
        let both = [Some(curves), without];
        let highest = both
            .iter()
            .flatten()
            .flat_map(|curves| classes.iter().map(|class| highest(&pick(curves, panel, *class))))
            .fold(0.0, f64::max);
        let frame = Frame { panel: PANELS[panel], hours, step: nice(highest / TICKS), highest };
        frame.draw(&mut svg, name);
        if panel == 1 && frame.top() > Class::Priority.target().as_secs_f64() {
            frame.promise(&mut svg);
        }
        // Priority last: it lies on top.
        for class in classes.iter().rev() {
            if let Some(without) = without {
                frame.curve(&mut svg, &pick(without, panel, *class), stroke(*class), true);
            }
            frame.curve(&mut svg, &pick(curves, panel, *class), stroke(*class), false);
        }
    }
    let highest = highest(&curves.reserve).max(1.0);
    let frame = Frame { panel: PANELS[2], hours, step: highest.ceil(), highest };
    frame.draw(&mut svg, "operators held back");
    frame.curve(&mut svg, &curves.reserve, ("#555", 1.6), false);
    frame.hours(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

struct Frame {
    /// Top and height.
    panel: (f64, f64),
    hours: f64,
    step: f64,
    highest: f64,
}

impl Frame {
    /// The value at the upper edge: whole steps.
    fn top(&self) -> f64 {
        (self.highest / self.step).ceil().max(1.0) * self.step
    }

    fn x(&self, hour: f64) -> f64 {
        LEFT + hour / self.hours * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        self.panel.0 + self.panel.1 * (1.0 - value / self.top())
    }

    fn draw(&self, svg: &mut String, name: &str) {
        text(svg, LEFT, self.panel.0 - 8.0, "start", 13, "bold", name);
        let mut value = 0.0;
        while value <= self.top() + self.step / 2.0 {
            let y = self.y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{}\"/>",
                WIDTH - RIGHT,
                if value == 0.0 { "#888" } else { "#e3e3e3" }
            );
            text(svg, LEFT - 8.0, y + 4.0, "end", 12, "normal", &number(value));
            value += self.step;
        }
    }

    /// The ten seconds of the "Приоритет" package.
    fn promise(&self, svg: &mut String) {
        let y = self.y(Class::Priority.target().as_secs_f64());
        let right = WIDTH - RIGHT;
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#b2182b\" stroke-dasharray=\"2 4\"/>"
        );
        text(svg, right, y - 4.0, "end", 11, "normal", "10 s");
    }

    fn hours(&self, svg: &mut String) {
        let bottom = self.panel.0 + self.panel.1;
        let step = nice(self.hours / 12.0).max(0.25);
        let mut hour = 0.0;
        while hour <= self.hours + 1e-9 {
            text(svg, self.x(hour), bottom + 18.0, "middle", 12, "normal", &format!("{} h", number(hour)));
            hour += step;
        }
    }

    fn curve(&self, svg: &mut String, curve: &Curve, (colour, width): (&str, f64), dashed: bool) {
        if curve.is_empty() {
            return;
        }
        let mut path = String::new();
        for (n, (hour, value)) in curve.iter().enumerate() {
            let _ =
                write!(path, "{}{:.1} {:.1}", if n == 0 { "M" } else { "L" }, self.x(*hour), self.y(*value));
        }
        let dash = if dashed { " stroke-dasharray=\"5 4\" opacity=\"0.55\"" } else { "" };
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}/>"
        );
    }
}

fn legend(svg: &mut String, classes: &[Class], compared: bool) {
    let mut entries: Vec<(String, &str, f64, bool)> = classes
        .iter()
        .map(|class| {
            let (colour, width) = stroke(*class);
            (class.as_str().to_string(), colour, width, false)
        })
        .collect();
    if compared {
        entries.push(("without holding back".to_string(), "#555", 1.6, true));
    }
    let mut x = WIDTH - RIGHT;
    for (name, colour, width, dashed) in entries.iter().rev() {
        x -= name.len() as f64 * 7.4;
        text(svg, x, 84.0, "start", 12, "normal", name);
        let dash = if *dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let _ = writeln!(
            svg,
            "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"80\" y2=\"80\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>",
            x - 30.0,
            x - 6.0
        );
        x -= 50.0;
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, size: u32, weight: &str, what: &str) {
    let what = what.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" font-weight=\"{weight}\">{what}</text>"
    );
}

fn last(curves: &Curves) -> f64 {
    let ends = curves.waiting.values().filter_map(|curve| curve.last()).map(|(hour, _)| *hour);
    ends.fold(0.0, f64::max)
}

fn highest(curve: &Curve) -> f64 {
    curve.iter().map(|(_, value)| *value).fold(0.0, f64::max)
}

/// The next 1, 2 or 5 times a power of ten.
fn nice(step: f64) -> f64 {
    if step <= 0.0 || !step.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|nice| *nice >= step).unwrap_or(step)
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_drawing_is_well_formed_and_has_every_curve() {
        let curve: Curve = vec![(0.1, 3.0), (0.2, 70.0)];
        let both = BTreeMap::from([(Class::Priority, curve.clone()), (Class::Standard, curve.clone())]);
        let curves = Curves { waiting: both.clone(), waits: both, reserve: curve };
        let svg = svg(&["20 операторов <&>".to_string()], &curves, Some(&curves));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("20 операторов &lt;&amp;>"));
        assert_eq!(svg.matches("<path").count(), 9);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn steps_are_round_numbers() {
        assert_eq!([0.3, 7.0, 21.0, 50.0].map(nice), [0.5, 10.0, 50.0, 50.0]);
        assert_eq!((number(0.5), number(20.0)), ("0.5".to_string(), "20".to_string()));
    }
}
