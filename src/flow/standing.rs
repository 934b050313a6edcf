//! What a caller is told of his place and his wait (rule Q8): only what is news, and good news first.
//!
//! The place is said when it has improved. The wait is said as a range of minutes, when that range is lower than the last
//! one; if it has grown by more than two minutes, once. When somebody will answer within half a minute nothing is said.
use super::environment::prompt;
use crate::ids::PromptName;
use crate::say::{Gender, Item, Noun};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// "Under 30 s nothing."
const NEAR: Duration = Duration::from_secs(30);
/// "… or, if it grew by more than 2 min, once with `wait_grew`."
const GROWTH: Duration = Duration::from_secs(120);

/// A seat at one moment, as far as its caller may hear of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// From 1; 0: not known.
    pub position: u32,
    pub expected_wait: Option<Duration>,
    /// Nothing may be said of its own accord now: an operator is being rung, or as good as.
    pub is_quiet: bool,
    /// Between two announcements; zero: there are none. `None`: as the flow has it.
    pub every: Option<Duration>,
}

/// Which of the two an item says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    #[default]
    Both,
    Position,
    Wait,
}

/// What this caller was told in this queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    position: Option<u32>,
    wait: Option<Duration>,
    growth: bool,
}

impl Standing {
    /// The items of `part` that are news, and what is known after them.
    pub fn news(&self, part: Part, told: Told) -> (Vec<Item>, Told) {
        let (mut items, mut after) = (Vec::new(), told);
        if self.expected_wait.is_some_and(|wait| wait < NEAR) {
            return (items, after);
        }
        let improved = self.position > 0 && told.position.is_none_or(|before| self.position < before);
        if part != Part::Wait && improved {
            let ordinal = Item::Ordinal { value: i64::from(self.position), gender: Gender::Masculine };
            items.extend([named(prompt::YOU_ARE), ordinal, named(prompt::IN_THE_QUEUE)]);
            after.position = Some(self.position);
        }
        if part != Part::Position
            && let Some(wait) = self.expected_wait
        {
            let is_lower = told.wait.is_none_or(|before| minutes(wait) < minutes(before));
            let has_grown = told.wait.is_some_and(|before| wait > before + GROWTH) && !told.growth;
            if is_lower || has_grown {
                after.wait = Some(wait);
                after.growth |= has_grown;
                items.extend(spoken(wait, has_grown));
            }
        }
        (items, after)
    }
}

fn spoken(wait: Duration, has_grown: bool) -> Vec<Item> {
    let (from, to) = minutes(wait);
    if from == 0 {
        return vec![named(prompt::EXPECTED_WAIT_SHORT)];
    }
    let opening = if has_grown { prompt::WAIT_GREW } else { prompt::EXPECTED_WAIT };
    vec![named(opening), Item::Range { from, to, noun: Noun::Minute }]
}

/// «две–три минуты»: wider as the wait is longer, because the estimate is less certain.
fn minutes(wait: Duration) -> (i64, i64) {
    let minutes = i64::try_from(wait.as_secs() / 60).unwrap_or(i64::MAX);
    match minutes {
        0..5 => (minutes, minutes + 1),
        5..10 => (minutes, minutes + 2),
        10..60 => (minutes / 5 * 5, minutes / 5 * 5 + 5),
        _ => (minutes / 15 * 15, (minutes / 15 * 15).saturating_add(15)),
    }
}

fn named(name: &str) -> Item {
    Item::Prompt(PromptName::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u32, wait_s: u64) -> Standing {
        let expected_wait = Some(Duration::from_secs(wait_s));
        Standing { position, expected_wait, ..Standing::default() }
    }

    /// What is heard of one standing after the other; `-` is silence.
    fn heard(standings: &[Standing]) -> Vec<String> {
        let mut told = Told::default();
        let mut one = |standing: &Standing| {
            let (items, after) = standing.news(Part::Both, told);
            told = after;
            let word = |item: &Item| match item {
                Item::Prompt(name) => name.to_string(),
                Item::Ordinal { value, .. } => value.to_string(),
                Item::Range { from, to, .. } => format!("{from}-{to}"),
                other => format!("{other:?}"),
            };
            let words: Vec<String> = items.iter().map(word).collect();
            if words.is_empty() { "-".to_string() } else { words.join(" ") }
        };
        standings.iter().map(&mut one).collect()
    }

    #[test]
    fn the_wait_is_said_only_when_its_range_is_lower_than_last_time() {
        let said = heard(&[at(3, 170), at(3, 125), at(3, 119), at(3, 59), at(3, 29)]);
        let expected = [
            "you_are 3 in_the_queue expected_wait 2-3",
            "-",
            "expected_wait 1-2",
            "expected_wait_short",
            "-",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn the_place_is_said_only_when_it_has_improved() {
        let said = heard(&[at(3, 300), at(4, 300), at(3, 300), at(2, 300)]);
        assert_eq!(said[0], "you_are 3 in_the_queue expected_wait 5-7");
        assert_eq!(said[1..], ["-", "-", "you_are 2 in_the_queue"]);
    }

    #[test]
    fn a_wait_that_has_grown_by_more_than_two_minutes_is_said_once() {
        let said = heard(&[at(3, 100), at(3, 220), at(3, 221), at(3, 600), at(3, 90)]);
        assert_eq!(said[1..], ["-", "wait_grew 3-4", "-", "expected_wait 1-2"]);
    }

    #[test]
    fn under_half_a_minute_nothing_is_said_and_an_unknown_wait_is_left_out() {
        assert_eq!(heard(&[at(1, 29)]), ["-"]);
        let unknown = Standing { position: 2, ..Standing::default() };
        assert_eq!(heard(&[unknown]), ["you_are 2 in_the_queue"]);
        assert_eq!(heard(&[Standing::default()]), ["-"]);
    }

    #[test]
    fn a_range_is_wider_as_the_wait_is_longer() {
        let ranges =
            [59, 60, 299, 300, 599, 600, 1_210, 3_600, u64::MAX].map(|s| minutes(Duration::from_secs(s)));
        let whole = i64::try_from(u64::MAX / 60).unwrap() / 15 * 15;
        let expected =
            [(0, 1), (1, 2), (4, 5), (5, 7), (9, 11), (10, 15), (20, 25), (60, 75), (whole, whole + 15)];
        assert_eq!(ranges, expected);
    }
}
