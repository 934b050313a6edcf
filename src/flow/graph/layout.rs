//! Where the steps of a graph stand: in columns, by the least number of ways from the start. A way into the next column
//! is drawn; a way to a column on the left or to the same one would cross the picture and is written into its step
//! instead (`* → main`), which a reader of a call's path finds faster than a line through it all.
//!
//! In a column the steps stand as near as they can to the middle of the ways that lead to them, without overlapping:
//! the nearest such places, by pooling neighbours that push each other (isotonic regression).
use super::{Graph, Way};
use std::collections::VecDeque;

pub const STEP_WIDTH: f64 = 248.0;
pub const LINE: f64 = 16.0;
pub const PAD: f64 = 10.0;
/// Between two ways that leave a step, so that their labels do not touch.
const WAY: f64 = 19.0;
const GAP: f64 = 18.0;
/// Between columns: the longest label of the ways has room in it, within these.
const COLUMN_GAP_MIN: f64 = 56.0;
const COLUMN_GAP_MAX: f64 = 210.0;
/// Of a letter at 12 px, Cyrillic being wider than Latin.
const LETTER: f64 = 6.9;
const TEXT_CHARS: usize = 32;
const TEXT_LINES_MAX: usize = 4;
pub const MARGIN: f64 = 24.0;
/// Room for the title.
pub const HEAD: f64 = 34.0;

pub struct Layout {
    pub width: f64,
    pub height: f64,
    pub places: Vec<Place>,
    pub lines: Vec<Drawn>,
}

/// A step's box, and the lines of text in it.
pub struct Place {
    pub x: f64,
    pub y: f64,
    pub height: f64,
    pub text: Vec<String>,
    pub notes: Vec<String>,
}

/// A way that is drawn, from the right side of its step to the left side of the other.
pub struct Drawn {
    pub from: (f64, f64),
    pub to: (f64, f64),
    pub label: String,
}

pub fn layout(graph: &Graph) -> Layout {
    let column_of = columns(graph);
    let is_drawn = |way: &&Way| column_of[way.to] == column_of[way.from] + 1;
    let mut places: Vec<Place> = (0..graph.steps.len()).map(|ix| place(graph, ix, &is_drawn)).collect();
    let columns = column_of.iter().max().map_or(0, |last| last + 1);
    let mut x = MARGIN;
    for column in 0..columns {
        let in_column = |ix: &usize| column_of[*ix] == column;
        let mut steps: Vec<(f64, usize)> = (0..graph.steps.len())
            .filter(in_column)
            .map(|ix| (wanted(graph, &places, &column_of, ix), ix))
            .collect();
        steps.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let middles = spread(&steps.iter().map(|(at, ix)| (*at, places[*ix].height)).collect::<Vec<_>>());
        for ((_, ix), middle) in steps.iter().zip(middles) {
            places[*ix].x = x;
            places[*ix].y = middle - places[*ix].height / 2.0;
        }
        let longest = graph.ways.iter().filter(is_drawn).filter(|way| column_of[way.from] == column);
        let longest = longest.map(|way| way.label.chars().count()).max().unwrap_or(0);
        x += STEP_WIDTH + (longest as f64 * LETTER + 30.0).clamp(COLUMN_GAP_MIN, COLUMN_GAP_MAX);
    }
    let top = places.iter().map(|place| place.y).fold(f64::INFINITY, f64::min);
    for place in &mut places {
        place.y += MARGIN + HEAD - top;
    }
    let lines = graph.ways.iter().filter(is_drawn).map(|way| Drawn {
        from: (places[way.from].x + STEP_WIDTH, port(graph, &places, &column_of, way)),
        to: (places[way.to].x, places[way.to].y + PAD + LINE / 2.0),
        label: cut(&way.label, ((COLUMN_GAP_MAX - 30.0) / LETTER) as usize),
    });
    Layout {
        lines: lines.collect(),
        width: places.iter().map(|place| place.x + STEP_WIDTH).fold(0.0, f64::max) + MARGIN,
        height: places.iter().map(|place| place.y + place.height).fold(0.0, f64::max) + MARGIN,
        places,
    }
}

/// By the least number of ways from the start; what cannot be reached stands behind everything.
fn columns(graph: &Graph) -> Vec<usize> {
    let mut column_of = vec![usize::MAX; graph.steps.len()];
    let mut todo = VecDeque::new();
    if let Some(first) = column_of.get_mut(graph.start) {
        *first = 0;
        todo.push_back(graph.start);
    }
    while let Some(step) = todo.pop_front() {
        for way in graph.ways.iter().filter(|way| way.from == step) {
            if column_of[way.to] == usize::MAX {
                column_of[way.to] = column_of[step] + 1;
                todo.push_back(way.to);
            }
        }
    }
    let last = column_of.iter().filter(|column| **column != usize::MAX).max().map_or(0, |last| last + 1);
    column_of.into_iter().map(|column| column.min(last)).collect()
}

fn place(graph: &Graph, ix: usize, is_drawn: &impl Fn(&&Way) -> bool) -> Place {
    let step = &graph.steps[ix];
    let ways = || graph.ways.iter().filter(|way| way.from == ix);
    let mut notes: Vec<String> = ways()
        .filter(|way| !is_drawn(way))
        .map(|way| format!("{} → {}", way.label, graph.steps[way.to].name).trim().to_string())
        .collect();
    notes.extend(step.notes.iter().cloned());
    notes.extend(step.while_waiting.iter().map(|flow| format!("while waiting: {flow}")));
    let notes: Vec<String> = notes.iter().flat_map(|note| wrap(note, TEXT_CHARS, 3)).collect();
    let text = wrap(&step.text, TEXT_CHARS, TEXT_LINES_MAX);
    let lines = 1 + text.len() + notes.len();
    let rule = if notes.is_empty() { 0.0 } else { 6.0 };
    let ports = ways().filter(is_drawn).count() as f64 * WAY;
    let height = (lines as f64 * LINE + rule).max(ports) + 2.0 * PAD;
    Place { x: 0.0, y: 0.0, height, text, notes }
}

/// The middle of the ways that lead here from the column before.
fn wanted(graph: &Graph, places: &[Place], column_of: &[usize], ix: usize) -> f64 {
    let ways = graph.ways.iter().filter(|way| way.to == ix && column_of[way.from] + 1 == column_of[ix]);
    let ports: Vec<f64> = ways.map(|way| port(graph, places, column_of, way)).collect();
    if ports.is_empty() { 0.0 } else { ports.iter().sum::<f64>() / ports.len() as f64 }
}

/// Where a way leaves its step: spread over the right side, in the order of the file.
fn port(graph: &Graph, places: &[Place], column_of: &[usize], way: &Way) -> f64 {
    let leaving = || {
        let drawn = |other: &&Way| column_of[other.to] == column_of[other.from] + 1;
        graph.ways.iter().filter(|other| other.from == way.from).filter(drawn)
    };
    let place = &places[way.from];
    let nth = leaving().position(|other| other == way).unwrap_or(0) as f64;
    place.y + place.height * (nth + 0.5) / leaving().count().max(1) as f64
}

/// Middles as near as possible to those that are wanted, in this order, with the gap between the boxes.
fn spread(wanted: &[(f64, f64)]) -> Vec<f64> {
    // Without the room that the boxes before take, the order alone has to be kept.
    let mut before = Vec::new();
    let mut room = 0.0;
    for (ix, (_, height)) in wanted.iter().enumerate() {
        room += if ix == 0 { 0.0 } else { (wanted[ix - 1].1 + height) / 2.0 + GAP };
        before.push(room);
    }
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (ix, (at, _)) in wanted.iter().enumerate() {
        pools.push((at - before[ix], 1));
        while let [.., (a, n), (b, m)] = pools.as_slice()
            && a > b
        {
            let (n, m) = (*n, *m);
            let mean = (a * n as f64 + b * m as f64) / (n + m) as f64;
            pools.truncate(pools.len() - 2);
            pools.push((mean, n + m));
        }
    }
    let middles = pools.into_iter().flat_map(|(at, count)| std::iter::repeat_n(at, count));
    middles.zip(before).map(|(at, before)| at + before).collect()
}

/// Lines of at most so many characters, broken between words; what does not fit ends in `…`.
fn wrap(text: &str, chars: usize, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let room = lines.last().map_or(0, |line| chars.saturating_sub(line.chars().count() + 1));
        match lines.last_mut() {
            Some(line) if word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, chars)),
        }
    }
    if lines.len() > lines_max {
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            *last = format!("{}…", cut(last, chars - 1).trim_end_matches('…'));
        }
    }
    lines
}

fn cut(text: &str, chars: usize) -> String {
    match text.chars().count() > chars {
        true => text.chars().take(chars.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::graph;
    use super::*;

    #[test]
    fn steps_stand_in_columns_from_the_start_and_do_not_overlap() {
        let graph = graph();
        let layout = layout(&graph);
        let x: Vec<f64> = layout.places.iter().map(|place| place.x).collect();
        assert!(x[0] < x[1] && x[1] < x[2] && x[2] == x[3], "{x:?}");
        let (person, bye) = (&layout.places[2], &layout.places[3]);
        assert!(person.y + person.height < bye.y || bye.y + bye.height < person.y);
        assert!(
            layout.places.iter().all(|place| place.y >= MARGIN && place.y + place.height <= layout.height)
        );
        assert_eq!(layout.lines.len(), 3, "the way within a column is a note");
        assert_eq!(person.notes[..2], ["max_wait, full, answered → bye", "while waiting: wait"]);
    }

    #[test]
    fn boxes_push_each_other_as_little_as_they_must() {
        assert_eq!(spread(&[(0.0, 10.0), (100.0, 10.0)]), [0.0, 100.0]);
        assert_eq!(spread(&[(50.0, 10.0), (50.0, 10.0)]), [36.0, 64.0]);
        assert_eq!(spread(&[]), [] as [f64; 0]);
    }

    #[test]
    fn a_long_text_is_broken_between_words_and_ends_in_dots() {
        assert_eq!(wrap("раз два три", 8, 3), ["раз два", "три"]);
        assert_eq!(wrap("раз два три четыре", 8, 2), ["раз два", "три…"]);
        assert_eq!(wrap("нескончаемое", 6, 2), ["неско…"]);
        assert!(wrap("", 8, 2).is_empty());
    }
}
