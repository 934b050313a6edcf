//! What is different between two views, item by item. Times that only ran on are no difference: the page lets them run
//! itself. A pure function.
use crate::ids::{CallId, OperatorId};
use crate::machine::Instant;
use crate::switchboard::View;
use crate::switchboard::view::{AlertView, AnnouncementView, CallView, OperatorView, QueueView};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A time that is off by more than this has not just run on; it also bounds how far a page's own clock may drift.
const DRIFT_MS_MAX: u64 = 1500;
/// An expected wait is an estimate: changes below this are noise.
const EXPECTED_WAIT_STEP_S: f64 = 5.0;

#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draining: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_nearly_full: Option<bool>,
    /// `null` inside: there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announcement: Option<&'a Option<AnnouncementView>>,
    /// All of them, whenever one comes or goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<&'a [AlertView]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<&'a QueueView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues_gone: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<&'a CallView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls_gone: Vec<CallId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<&'a OperatorView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operators_gone: Vec<&'a OperatorId>,
}

/// `None` when nothing but time has passed between the views.
pub fn between<'a>(old: &'a View, at: Instant, new: &'a View, now: Instant) -> Option<Change<'a>> {
    let passed = now.since(at);
    let (queues, queues_gone) =
        items(&old.queues, &new.queues, |q| q.name.as_str(), |a, b| same_queue(a, b, passed));
    let (calls, calls_gone) = items(&old.calls, &new.calls, |c| c.id, |a, b| same_call(a, b, passed));
    let (operators, operators_gone) =
        items(&old.operators, &new.operators, |o| &o.id, |a, b| same_operator(a, b, passed));
    let draining = (old.draining != new.draining).then_some(new.draining);
    let disk_nearly_full = (old.disk_nearly_full != new.disk_nearly_full).then_some(new.disk_nearly_full);
    let announcement = (old.announcement != new.announcement).then_some(&new.announcement);
    let alerts = (old.alerts != new.alerts).then_some(new.alerts.as_slice());
    let change = Change {
        announcement,
        alerts,
        draining,
        disk_nearly_full,
        queues,
        queues_gone,
        calls,
        calls_gone,
        operators,
        operators_gone,
    };
    (change != Change::default()).then_some(change)
}

/// The items that are new or different, and the keys of those that are gone.
fn items<'a, T, K: Ord>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&'a T) -> K,
    same: impl Fn(&T, &T) -> bool,
) -> (Vec<&'a T>, Vec<K>) {
    let mut before: BTreeMap<K, &T> = old.iter().map(|item| (key(item), item)).collect();
    let different =
        new.iter().filter(|item| !before.remove(&key(item)).is_some_and(|old| same(old, item))).collect();
    (different, before.into_keys().collect())
}

fn same_call(a: &CallView, b: &CallView, passed: Duration) -> bool {
    ran_on(a.since_ms, b.since_ms, passed) && *a == CallView { since_ms: a.since_ms, ..b.clone() }
}

fn same_operator(a: &OperatorView, b: &OperatorView, passed: Duration) -> bool {
    ran_on(a.since_ms, b.since_ms, passed)
        && ran_down(a.left_ms, b.left_ms, passed)
        && *a == OperatorView { since_ms: a.since_ms, left_ms: a.left_ms, ..b.clone() }
}

fn same_queue(a: &QueueView, b: &QueueView, passed: Duration) -> bool {
    let waits_ran_on = waited_on(a.longest_wait_s, b.longest_wait_s, passed)
        && a.longest_by_class_s.keys().eq(b.longest_by_class_s.keys())
        && a.longest_by_class_s
            .values()
            .zip(b.longest_by_class_s.values())
            .all(|(a, b)| waited_on(*a, *b, passed));
    let same_estimate = match (a.expected_wait_s, b.expected_wait_s) {
        (Some(a), Some(b)) => (a - b).abs() < EXPECTED_WAIT_STEP_S,
        (a, b) => a == b,
    };
    let rest = QueueView {
        longest_wait_s: a.longest_wait_s,
        longest_by_class_s: a.longest_by_class_s.clone(),
        expected_wait_s: a.expected_wait_s,
        ..b.clone()
    };
    waits_ran_on && same_estimate && *a == rest
}

fn ran_on(before_ms: u64, after_ms: u64, passed: Duration) -> bool {
    let expected = before_ms + u64::try_from(passed.as_millis()).unwrap_or(u64::MAX >> 1);
    after_ms >= before_ms && after_ms.abs_diff(expected) <= DRIFT_MS_MAX
}

/// What was left has become less by the time that passed; a wrap-up that was extended has not.
fn ran_down(before_ms: Option<u64>, after_ms: Option<u64>, passed: Duration) -> bool {
    let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    match (before_ms, after_ms) {
        (Some(before), Some(after)) => after.abs_diff(before.saturating_sub(passed_ms)) <= DRIFT_MS_MAX,
        (before, after) => before == after,
    }
}

fn waited_on(before_s: f64, after_s: f64, passed: Duration) -> bool {
    let ms = |s: f64| (s * 1000.0) as u64;
    (before_s == 0.0 && after_s == 0.0) || ran_on(ms(before_s), ms(after_s), passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;
    use crate::switchboard::view::{QueueCounts, QueueOperators};

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn call(n: u64, stage: &'static str, since_ms: u64) -> CallView {
        CallView {
            id: CallId(n),
            line: "qiwi-hotline".into(),
            caller: "+7916***4567".into(),
            class: Class::Standard,
            stage,
            queue: None,
            step: "main".into(),
            since_ms,
            operator: None,
            supervised: None,
            recording: None,
            transfer: None,
        }
    }

    fn queue(waiting: usize, longest_wait_s: f64) -> QueueView {
        QueueView {
            name: "wallet".into(),
            pool: "main".into(),
            waiting: BTreeMap::from([(Class::Standard, waiting)]),
            longest_wait_s,
            p10: None,
            service_level: None,
            expected_wait_s: None,
            reserve: 0,
            missing: 0,
            reserve_cost_s: 0.0,
            operators: QueueOperators::default(),
            counts: QueueCounts::default(),
            closed: None,
            longest_by_class_s: BTreeMap::from([(Class::Standard, longest_wait_s)]),
        }
    }

    fn view(calls: Vec<CallView>, queues: Vec<QueueView>) -> View {
        View { calls, queues, ..View::default() }
    }

    #[test]
    fn time_that_only_ran_on_is_no_change() {
        let old = view(vec![call(1, "waiting", 1000)], vec![queue(1, 1.0)]);
        let new = view(vec![call(1, "waiting", 3050)], vec![queue(1, 3.05)]);
        assert_eq!(between(&old, at(0), &new, at(2000)), None);
    }

    #[test]
    fn a_stage_that_began_anew_is_a_change() {
        let old = view(vec![call(1, "waiting", 60_000)], vec![queue(1, 60.0)]);
        let new = view(vec![call(1, "waiting", 500)], vec![queue(1, 0.5)]);
        let change = between(&old, at(0), &new, at(1000)).unwrap();
        assert_eq!((change.calls.len(), change.queues.len()), (1, 1));
    }

    #[test]
    fn only_what_is_different_is_told() {
        let old = view(vec![call(1, "menu", 0), call(2, "menu", 0), call(3, "menu", 0)], vec![queue(0, 0.0)]);
        let new =
            view(vec![call(2, "waiting", 0), call(3, "menu", 0), call(4, "menu", 0)], vec![queue(0, 0.0)]);
        let change = between(&old, at(0), &new, at(10)).unwrap();
        assert_eq!(change.calls.iter().map(|c| c.id.0).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(change.calls_gone, [CallId(1)]);
        assert!(change.queues.is_empty());
        let json = serde_json::to_value(&change).unwrap();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["calls", "calls_gone"]);
    }
}
