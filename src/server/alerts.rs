//! Alerts: what those on duty should look at, raised when it has lasted a while and cleared when it has been gone a
//! while, so that a figure on the edge does not ring every minute.
//!
//! ```text
//!   quiet ── it holds ─▶ pending ── raise_after ─▶ raised ── it is gone ─▶ clearing ── clear_after ─▶ quiet
//!              ▲────── gone ──┘                       ▲───── it holds ──────┘
//! ```
use crate::machine::{Instant, Now, Wall};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Alerts that are over, kept for those who come back from their break.
const RECENT_MAX: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Rule Q3: even the greatest reserve does not keep the promise to Priority.
    PromiseAtRisk,
    /// Callers wait in a queue and none of its operators is ready or talks.
    NobodyReady,
    FlowReloadFailed,
    DiskNearlyFull,
    /// An arm of a `split` was withdrawn by its figures.
    ArmWithdrawn,
}

impl Name {
    pub const fn as_str(self) -> &'static str {
        match self {
            Name::PromiseAtRisk => "promise_at_risk",
            Name::NobodyReady => "nobody_ready",
            Name::FlowReloadFailed => "flow_reload_failed",
            Name::DiskNearlyFull => "disk_nearly_full",
            Name::ArmWithdrawn => "arm_withdrawn",
        }
    }

    /// How long it has to last, and how long it has to be gone.
    const fn patience(self) -> (Duration, Duration) {
        match self {
            Name::PromiseAtRisk => (Duration::from_secs(30), Duration::from_secs(60)),
            Name::NobodyReady => (Duration::from_secs(5), Duration::from_secs(30)),
            // Facts, which do not waver: the disk's own threshold has a band already.
            Name::FlowReloadFailed | Name::DiskNearlyFull | Name::ArmWithdrawn => {
                (Duration::ZERO, Duration::ZERO)
            }
        }
    }
}

/// A name and the pool or queue that it is about.
type Key = (Name, String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub name: Name,
    pub subject: String,
    pub text: String,
    pub since: Wall,
    /// `None`: it lasts.
    pub until: Option<Wall>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Raised(Alert),
    Cleared(Alert),
}

#[derive(Clone, Debug)]
enum State {
    Pending { since: Instant, at: Wall },
    Raised { alert: Alert },
    Clearing { since: Instant, at: Wall, alert: Alert },
}

#[derive(Clone, Debug, Default)]
pub struct Alerts {
    states: BTreeMap<Key, State>,
    recent: VecDeque<Alert>,
}

impl Alerts {
    /// What holds now, with a text for people; and what came of it.
    pub fn look(&mut self, holds: &BTreeMap<Key, String>, now: Now) -> Vec<Change> {
        let mut changes = Vec::new();
        for key in holds.keys() {
            self.states.entry(key.clone()).or_insert(State::Pending { since: now.mono, at: now.wall });
        }
        for ((name, subject), state) in std::mem::take(&mut self.states) {
            let (raise_after, clear_after) = name.patience();
            let text = holds.get(&(name, subject.clone()));
            let next = match (state, text) {
                (State::Pending { .. }, None) => None,
                (State::Pending { since, at }, Some(text)) if now.mono.since(since) >= raise_after => {
                    let (subject, text) = (subject.clone(), text.clone());
                    let alert = Alert { name, subject, text, since: at, until: None };
                    changes.push(Change::Raised(alert.clone()));
                    Some(State::Raised { alert })
                }
                (State::Raised { alert } | State::Clearing { alert, .. }, Some(text)) => {
                    Some(State::Raised { alert: Alert { text: text.clone(), ..alert } })
                }
                (State::Raised { alert }, None) if clear_after > Duration::ZERO => {
                    Some(State::Clearing { since: now.mono, at: now.wall, alert })
                }
                (State::Raised { alert }, None) => self.clear(alert, now.wall, &mut changes),
                (State::Clearing { since, at, alert }, None) if now.mono.since(since) >= clear_after => {
                    self.clear(alert, at, &mut changes)
                }
                (state, _) => Some(state),
            };
            if let Some(next) = next {
                self.states.insert((name, subject), next);
            }
        }
        changes
    }

    fn clear(&mut self, alert: Alert, at: Wall, changes: &mut Vec<Change>) -> Option<State> {
        let alert = Alert { until: Some(at), ..alert };
        self.recent.push_front(alert.clone());
        self.recent.truncate(RECENT_MAX);
        changes.push(Change::Cleared(alert));
        None
    }

    pub fn active(&self) -> impl Iterator<Item = &Alert> {
        self.states.values().filter_map(|state| match state {
            State::Raised { alert } | State::Clearing { alert, .. } => Some(alert),
            State::Pending { .. } => None,
        })
    }

    /// Newest first.
    pub fn recent(&self) -> impl Iterator<Item = &Alert> {
        self.recent.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Now {
        Now::default().later(Duration::from_secs(s))
    }

    fn holds(names: &[Name]) -> BTreeMap<Key, String> {
        names.iter().map(|name| ((*name, "wallet".to_string()), "look".to_string())).collect()
    }

    fn raised(changes: &[Change]) -> Vec<bool> {
        changes.iter().map(|change| matches!(change, Change::Raised(_))).collect()
    }

    #[test]
    fn what_lasts_is_raised_once_and_cleared_when_it_has_been_gone_for_a_while() {
        let (mut alerts, on, off) = (Alerts::default(), holds(&[Name::NobodyReady]), holds(&[]));
        assert!(alerts.look(&on, at(0)).is_empty());
        assert_eq!(raised(&alerts.look(&on, at(5))), [true]);
        assert!(alerts.look(&on, at(100)).is_empty());
        assert_eq!(alerts.active().next().map(|alert| alert.since), Some(at(0).wall));
        assert!(alerts.look(&off, at(101)).is_empty() && alerts.look(&off, at(130)).is_empty());
        assert_eq!(raised(&alerts.look(&off, at(131))), [false]);
        assert_eq!(alerts.recent().next().and_then(|alert| alert.until), Some(at(101).wall));
    }

    #[test]
    fn what_wavers_is_neither_raised_nor_cleared() {
        let (mut alerts, on, off) = (Alerts::default(), holds(&[Name::NobodyReady]), holds(&[]));
        for s in 0..20 {
            assert!(alerts.look(if s % 4 == 3 { &off } else { &on }, at(s)).is_empty());
        }
        alerts.look(&on, at(20));
        assert_eq!(alerts.look(&on, at(30)).len(), 1);
        for s in 31..300 {
            assert!(alerts.look(if s % 20 == 0 { &on } else { &off }, at(s)).is_empty());
        }
    }

    #[test]
    fn a_fact_is_raised_and_cleared_at_once() {
        let mut alerts = Alerts::default();
        assert_eq!(raised(&alerts.look(&holds(&[Name::DiskNearlyFull]), at(0))), [true]);
        assert_eq!(raised(&alerts.look(&holds(&[]), at(1))), [false]);
    }
}
