//! Reports: what was promised to callers, and what they got (Q12).
//!
//! ```text
//!   stays, attempts, states ─▶ Builder ─ by time, queue, class, operator ─▶ Report ─▶ text, CSV, JSON
//! ```
//! The thresholds and formulas are those of the live measures: [`crate::queue::Tally`] for callers,
//! [`crate::queue::Spent`] for operators. A seat belongs to the interval in which it was opened; in each queue that it
//! came into it is offered once, in the total once. Durations stay whole until they are shown.
mod builder;
pub mod menu;
mod operator;
mod queue;
pub mod queue_log;
mod slot;
mod table;
mod words;

pub use builder::{Builder, Chunk};
pub use operator::OperatorLine;
pub use queue::QueueLine;
pub use slot::{Interval, Slot, days};

use crate::clock::Zone;
use crate::ids::OperatorId;
use crate::machine::Wall;
use crate::queue::OperatorState;
use crate::say::Language;
use serde::{Deserialize, Serialize};

/// The longest time that one report may cover: two years and a day, so that a year can be held against the one before.
pub const DAYS_MAX: usize = 731;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// All queues together, a line for each day.
    Daily,
    /// Each queue, and all together.
    Queue,
    Operator,
}

impl Kind {
    pub fn parse(text: &str) -> Option<Kind> {
        match text {
            "daily" => Some(Kind::Daily),
            "queue" => Some(Kind::Queue),
            "operator" => Some(Kind::Operator),
            _ => None,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    pub kind: Kind,
    pub from: Wall,
    /// Not included.
    pub to: Wall,
    /// `None`: the whole time in one.
    pub interval: Option<Interval>,
}

/// A question as a person writes it: all parts may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    pub from: Option<String>,
    pub to: Option<String>,
    pub interval: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskedWrongly {
    #[error("{name}: expected a day (2026-11-22) or a moment (2026-11-22T18:30), got `{text}`")]
    Time { name: &'static str, text: String },
    #[error("interval: expected 15m, 30m, 1h or 1d, got `{0}`")]
    Interval(String),
    #[error("from is not before to")]
    Order,
    #[error("a report covers {DAYS_MAX} days at most; ask for a shorter time")]
    TooLong,
}

impl Asked {
    /// Days are days of `zone`; `to` as a day includes it. Without `from`: today, or for `daily` the last seven days.
    pub fn query(&self, kind: Kind, zone: &Zone, now: Wall) -> Result<Query, AskedWrongly> {
        const DEFAULT_DAYS: i64 = 7;
        let (today, tomorrow) = zone.day(now);
        let time = |name, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => crate::clock::parse(text, zone)
                .map(|at| Some((at, is_day(text))))
                .ok_or_else(|| AskedWrongly::Time { name, text: text.clone() }),
        };
        let to = match time("to", &self.to)? {
            Some((at, true)) => zone.day(at).1,
            Some((at, false)) => at,
            None => tomorrow,
        };
        let from = match (time("from", &self.from)?, kind) {
            (Some((at, _)), _) => at,
            (None, Kind::Daily) => {
                let (last, _) = zone.day(Wall(to.0 - 1));
                // From noon, so that an hour more or less on the way leads to the right day.
                zone.day(Wall(last.0 - (DEFAULT_DAYS - 1) * slot::DAY_MS + slot::DAY_MS / 2)).0
            }
            (None, _) => today.min(zone.day(Wall(to.0 - 1)).0),
        };
        if from >= to {
            return Err(AskedWrongly::Order);
        }
        if (to.0 - from.0) / slot::DAY_MS > DAYS_MAX as i64 {
            return Err(AskedWrongly::TooLong);
        }
        let interval = match (&self.interval, kind) {
            (Some(text), _) => {
                Some(Interval::parse(text).ok_or_else(|| AskedWrongly::Interval(text.clone()))?)
            }
            (None, Kind::Daily) => Some(Interval::Day),
            (None, _) => None,
        };
        Ok(Query { kind, from, to, interval })
    }
}

fn is_day(text: &str) -> bool {
    text.len() == "2026-11-22".len()
}

/// An operator's state from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    pub operator: OperatorId,
    pub at: Wall,
    pub state: OperatorState,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub query: Query,
    pub zone: Zone,
    pub lines: Lines,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Lines {
    Queues(Vec<QueueLine>),
    Operators(Vec<OperatorLine>),
}

impl Report {
    /// A table for people. Empty times and queues are left out.
    pub fn text(&self, language: Language) -> String {
        table::text(self, language)
    }

    /// With a first line of names; times are RFC 3339, durations are milliseconds, shares are parts of one.
    pub fn csv(&self) -> Result<String, csv::Error> {
        table::csv(self)
    }

    /// The columns of the CSV as objects, with the exits and the reasons of breaks one by one.
    pub fn json(&self) -> serde_json::Value {
        let lines: Vec<_> = match &self.lines {
            Lines::Queues(lines) => lines.iter().map(|line| line.json(&self.zone)).collect(),
            Lines::Operators(lines) => lines.iter().map(|line| line.json(&self.zone)).collect(),
        };
        serde_json::json!({
            "report": self.query.kind,
            "from": self.zone.rfc3339(self.query.from),
            "to": self.zone.rfc3339(self.query.to),
            "lines": lines,
        })
    }
}

/// As milliseconds, cut: for showing only.
fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse;

    fn moscow() -> Zone {
        Zone::named("Europe/Moscow").unwrap()
    }

    fn asked(from: Option<&str>, to: Option<&str>) -> Asked {
        Asked { from: from.map(Into::into), to: to.map(Into::into), interval: None }
    }

    #[test]
    fn a_last_day_is_included_and_a_last_moment_is_not() {
        let (zone, at) = (moscow(), |text: &str| parse(text, &moscow()).unwrap());
        let now = at("2026-11-22 15:00");
        let query = |asked: Asked, kind| asked.query(kind, &zone, now).unwrap();
        let days = query(asked(Some("2026-11-01"), Some("2026-11-30")), Kind::Queue);
        assert_eq!((days.from, days.to), (at("2026-11-01"), at("2026-12-01")));
        let hour = query(asked(Some("2026-11-22T10:00"), Some("2026-11-22T11:00")), Kind::Queue);
        assert_eq!((hour.from, hour.to), (at("2026-11-22 10:00"), at("2026-11-22 11:00")));
        let today = query(Asked::default(), Kind::Operator);
        assert_eq!((today.from, today.to, today.interval), (at("2026-11-22"), at("2026-11-23"), None));
        let week = query(Asked::default(), Kind::Daily);
        assert_eq!((week.from, week.interval), (at("2026-11-16"), Some(Interval::Day)));
        let past = query(asked(None, Some("2026-11-10")), Kind::Queue);
        assert_eq!((past.from, past.to), (at("2026-11-10"), at("2026-11-11")));
    }

    #[test]
    fn a_question_that_makes_no_sense_is_told_why() {
        let (zone, now) = (moscow(), parse("2026-11-22", &moscow()).unwrap());
        let error = |asked: Asked| asked.query(Kind::Queue, &zone, now).unwrap_err().to_string();
        assert_eq!(
            error(asked(Some("yesterday"), None)),
            "from: expected a day (2026-11-22) or a moment (2026-11-22T18:30), got `yesterday`"
        );
        assert_eq!(error(asked(Some("2026-11-22"), Some("2026-11-21"))), "from is not before to");
        assert!(error(asked(Some("2020-01-01"), None)).contains("731 days"));
        let odd = Asked { interval: Some("7m".into()), ..Asked::default() };
        assert_eq!(error(odd), "interval: expected 15m, 30m, 1h or 1d, got `7m`");
    }
}
