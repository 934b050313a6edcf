//! Menu X-ray: what callers do at each step, from the stories of their calls. How many hear a menu to its end, where the others
//! cut in, who presses a key that is not there, who hangs up, and how long it is from here to a person.
use crate::call::CallEvent;
use crate::ids::CallId;
use crate::machine::Wall;
use crate::say::Language;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The kinds of events that are needed; others may be left out.
pub const KINDS: [&str; 6] = ["step", "arm", "menu_key", "menu_silence", "connected", "ended"];

/// One step of one flow, or one arm of a `split` with all that came behind it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MenuLine {
    pub flow: String,
    pub step: String,
    /// Calls came here so often.
    pub entered: u64,
    pub keys: u64,
    pub wrong_keys: u64,
    /// Nothing was pressed in time.
    pub silences: u64,
    /// Of the keys and silences, those behind the whole text; `None` at a step without either.
    pub heard_to_the_end: Option<f64>,
    /// Into the text, where half of those who cut in did so.
    pub barge_in_ms: Option<u64>,
    /// Callers who hung up here.
    pub left: u64,
    /// From here to an operator, for half of those who reached one.
    pub to_person_ms: Option<u64>,
}

#[derive(Default)]
struct Tally {
    entered: u64,
    wrong: u64,
    silences: u64,
    whole: u64,
    left: u64,
    cut_in: Vec<u64>,
    to_person: Vec<u64>,
}

/// Gathers stories call by call.
#[derive(Default)]
pub struct MenuReport {
    steps: BTreeMap<(String, String), Tally>,
}

impl MenuReport {
    /// Events of whole calls, each call's in their order.
    pub fn add(&mut self, events: &[CallEvent]) {
        let mut calls: BTreeMap<CallId, Vec<&CallEvent>> = BTreeMap::new();
        events.iter().for_each(|event| calls.entry(event.call).or_default().push(event));
        calls.values().for_each(|events| self.call(events));
    }

    fn call(&mut self, events: &[&CallEvent]) {
        let mut way: Vec<((String, String), Wall)> = Vec::new();
        // Arms of `split`s that the call has taken: what it comes to from there on is theirs too.
        let mut arms: BTreeMap<(String, String), Wall> = BTreeMap::new();
        let mut reached = false;
        for event in events {
            let of = |name: &str| event.detail.get(name).cloned().unwrap_or_default();
            let place = || (of("flow"), of("step"));
            match event.kind.as_str() {
                "step" => {
                    self.steps.entry(place()).or_default().entered += 1;
                    way.push((place(), event.at));
                }
                "arm" => {
                    let arm = (of("flow"), format!("{} → {}", of("step"), of("arm")));
                    self.steps.entry(arm.clone()).or_default().entered += 1;
                    arms.entry(arm).or_insert(event.at);
                }
                "menu_key" => {
                    let is_wrong = of("key") == "wrong";
                    for arm in arms.keys().filter(|_| is_wrong) {
                        self.steps.entry(arm.clone()).or_default().wrong += 1;
                    }
                    let tally = self.steps.entry(place()).or_default();
                    tally.wrong += u64::from(is_wrong);
                    match of("heard_ms").parse() {
                        Ok(after) => tally.cut_in.push(after),
                        Err(_) => tally.whole += 1,
                    }
                }
                "menu_silence" => self.steps.entry(place()).or_default().silences += 1,
                "connected" => {
                    // A step that was passed twice counts from the last time.
                    let last: BTreeMap<_, _> = way.drain(..).collect();
                    // The arms count the first person whom the call came to.
                    let arms = if reached { BTreeMap::new() } else { arms.clone() };
                    reached = true;
                    for (place, at) in last.into_iter().chain(arms) {
                        let ms = u64::try_from(event.at.0 - at.0).unwrap_or(0);
                        self.steps.entry(place).or_default().to_person.push(ms);
                    }
                }
                "ended" if of("by") == "caller" && !reached => {
                    for arm in arms.keys() {
                        self.steps.entry(arm.clone()).or_default().left += 1;
                    }
                    if let Some((place, _)) = way.last() {
                        self.steps.entry(place.clone()).or_default().left += 1;
                    }
                }
                _ => {}
            }
        }
    }

    pub fn finish(self) -> Vec<MenuLine> {
        let line = |((flow, step), mut tally): ((String, String), Tally)| {
            let keys = tally.whole + tally.cut_in.len() as u64;
            let hearings = keys + tally.silences;
            MenuLine {
                flow,
                step,
                entered: tally.entered,
                keys,
                wrong_keys: tally.wrong,
                silences: tally.silences,
                heard_to_the_end: (hearings > 0)
                    .then(|| (tally.whole + tally.silences) as f64 / hearings as f64),
                barge_in_ms: median(&mut tally.cut_in),
                left: tally.left,
                to_person_ms: median(&mut tally.to_person),
            }
        };
        self.steps.into_iter().map(line).collect()
    }
}

fn median(values: &mut [u64]) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

pub fn csv(lines: &[MenuLine]) -> Result<String, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    lines.iter().try_for_each(|line| table.serialize(line))?;
    let bytes = table.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A table for people.
pub fn text(lines: &[MenuLine], language: Language) -> String {
    let words = match language {
        Language::Ru => {
            ["шаг", "вошли", "дослушали", "перебили на", "не та клавиша", "молчали", "ушли", "до человека"]
        }
        Language::En => {
            ["step", "entered", "heard all", "cut in at", "wrong keys", "silent", "left", "to a person"]
        }
    };
    let unit = if language == Language::Ru { "с" } else { "s" };
    let seconds =
        |ms: Option<u64>| ms.map_or("–".to_string(), |ms| format!("{:.1} {unit}", ms as f64 / 1000.0));
    let share =
        |share: Option<f64>| share.map_or("–".to_string(), |share| format!("{:.0} %", share * 100.0));
    let mut rows: Vec<Vec<String>> = vec![words.iter().map(|word| word.to_string()).collect()];
    rows.extend(lines.iter().map(|line| {
        vec![
            format!("{}/{}", line.flow, line.step),
            line.entered.to_string(),
            share(line.heard_to_the_end),
            seconds(line.barge_in_ms),
            line.wrong_keys.to_string(),
            line.silences.to_string(),
            line.left.to_string(),
            seconds(line.to_person_ms),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..words.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let _ = write!(out, "{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(out, "  {cell:>width$}");
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(call: u64, at: i64, kind: &str, detail: &[(&str, &str)]) -> CallEvent {
        let detail = detail.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        CallEvent { call: CallId(call), at: Wall(at), kind: kind.to_string(), detail }
    }

    #[test]
    fn each_step_shows_what_callers_did_there() {
        let at_main = [("flow", "line"), ("step", "main")];
        let key = |heard, key| [at_main[0], at_main[1], ("key", key), ("heard_ms", heard)];
        let mut report = MenuReport::default();
        report.add(&[
            event(1, 0, "step", &at_main),
            event(1, 1_200, "menu_key", &key("1200", "wrong")),
            event(1, 9_000, "menu_key", &key("whole", "known")),
            event(1, 9_000, "step", &[("flow", "line"), ("step", "queue")]),
            event(1, 19_000, "connected", &[]),
            event(1, 30_000, "ended", &[("by", "caller")]),
            event(2, 0, "step", &at_main),
            event(2, 17_000, "menu_silence", &at_main),
            event(2, 18_000, "ended", &[("by", "caller")]),
        ]);
        let lines = report.finish();
        assert_eq!(
            lines[0],
            MenuLine {
                flow: "line".into(),
                step: "main".into(),
                entered: 2,
                keys: 2,
                wrong_keys: 1,
                silences: 1,
                heard_to_the_end: Some(2.0 / 3.0),
                barge_in_ms: Some(1_200),
                left: 1,
                to_person_ms: Some(19_000),
            }
        );
        assert_eq!((lines[1].entered, lines[1].left, lines[1].to_person_ms), (1, 0, Some(10_000)));
        assert!(
            csv(&lines).unwrap().starts_with("flow,step,entered,keys,wrong_keys,silences,heard_to_the_end,")
        );
        assert!(text(&lines, Language::Ru).contains("line/main"));
    }

    #[test]
    fn an_arm_of_a_split_has_a_line_for_all_that_came_behind_it() {
        let arm = |arm| [("flow", "line"), ("step", "choose"), ("arm", arm)];
        let at = [("flow", "line"), ("step", "main"), ("key", "wrong"), ("heard_ms", "whole")];
        let mut report = MenuReport::default();
        report.add(&[
            event(1, 0, "arm", &arm("a")),
            event(1, 10, "menu_key", &at),
            event(1, 5_000, "connected", &[]),
            event(1, 9_000, "ended", &[("by", "caller")]),
            event(2, 0, "arm", &arm("b")),
            event(2, 20, "step", &[("flow", "line"), ("step", "main")]),
            event(2, 900, "ended", &[("by", "caller")]),
        ]);
        let lines = report.finish();
        let of = |step: &str| lines.iter().find(|line| line.step == step).unwrap();
        let (a, b) = (of("choose → a"), of("choose → b"));
        assert_eq!((a.entered, a.wrong_keys, a.left, a.to_person_ms), (1, 1, 0, Some(5_000)));
        assert_eq!((b.entered, b.wrong_keys, b.left, b.to_person_ms), (1, 0, 1, None));
    }
}
