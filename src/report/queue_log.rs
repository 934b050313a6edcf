//! The queues' story in the format of `queue_log`, which wallboards and report programs of the field read: a line for
//! each event, its fields separated by bars.
//!
//! ```text
//!   epoch | call | queue | operator | EVENT | data…
//!   ENTERQUEUE ─▶ RINGNOANSWER, RINGCANCELED … ─▶ CONNECT ─▶ COMPLETECALLER, COMPLETEAGENT, BLINDTRANSFER
//!                                             └─▶ ABANDON, EXITWITHKEY, EXITWITHTIMEOUT, EXITEMPTY
//!   ADDMEMBER ─▶ PAUSE ─▶ UNPAUSE ─▶ REMOVEMEMBER        the operators' days
//! ```
//! Positions are reckoned anew: who stood in the same queue and had come before. Times of calls are seconds, as the format
//! wants, ring times milliseconds. Test calls are left out.
use super::{Chunk, StateChange};
use crate::ids::{CallId, OperatorId, QueueName};
use crate::machine::Wall;
use crate::queue::{Attempt, AttemptResult, Exit, OperatorState, Outcome, Stay, TalkEnd};
use std::collections::BTreeMap;
use std::time::Duration;

/// Stands in a field about nobody.
const NONE: &str = "NONE";

/// What the log needs beside the figures.
pub struct Facts<'a> {
    /// The caller of each call, as it shall stand in the log (masked or whole).
    pub callers: &'a BTreeMap<CallId, String>,
    /// The queues of each operator, for his coming and going.
    pub queues: &'a BTreeMap<OperatorId, Vec<QueueName>>,
    /// Only what is at or after, and before.
    pub from: Wall,
    pub to: Wall,
}

/// One line, and what it is ordered by: two events of the same millisecond come in the order of a call's life.
struct Line {
    at: Wall,
    rank: u8,
    text: String,
}

/// The log of a time, in its order.
pub fn queue_log(chunk: &Chunk, facts: &Facts) -> String {
    let mut lines = Vec::new();
    calls(chunk, facts, &mut lines);
    rings(chunk, &mut lines);
    members(&chunk.states, facts, &mut lines);
    lines.retain(|line| facts.from <= line.at && line.at < facts.to);
    lines.sort_by(|a, b| (a.at, a.rank, &a.text).cmp(&(b.at, b.rank, &b.text)));
    lines.into_iter().map(|line| line.text).collect()
}

fn line(at: Wall, rank: u8, call: &str, queue: &str, operator: &str, event: &str, data: &[String]) -> Line {
    // Milliseconds after the point, as newer writers of the format do; readers take them for a number.
    let mut text = format!("{}.{:03}|{call}|{}|{operator}|{event}", at.0 / 1000, at.0 % 1000, plain(queue));
    for field in data {
        text.push('|');
        text.push_str(&plain(field));
    }
    text.push('\n');
    Line { at, rank, text }
}

/// A bar or a line break inside a field would make two of it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '|' || c.is_control() { ' ' } else { c }).collect()
}

fn seconds(duration: Duration) -> String {
    duration.as_secs().to_string()
}

fn calls(chunk: &Chunk, facts: &Facts, lines: &mut Vec<Line>) {
    let positions = Positions::of(&chunk.stays);
    let talks: BTreeMap<_, &Attempt> = chunk
        .attempts
        .iter()
        .filter(|attempt| attempt.result == AttemptResult::Answered && !attempt.test)
        .map(|attempt| ((attempt.call, attempt.seat, attempt.offer), attempt))
        .collect();
    for stay in chunk.stays.iter().filter(|stay| !stay.test) {
        let (id, queue) = (stay.call.to_string(), stay.queue.as_str());
        let caller = facts.callers.get(&stay.call).cloned().unwrap_or_default();
        let came = positions.coming(stay);
        let entered = [String::new(), caller, came.to_string()];
        lines.push(line(stay.entered_at, 1, &id, queue, NONE, "ENTERQUEUE", &entered));
        let (Some(outcome), Some(at)) = (stay.outcome, stay.ended_at) else { continue };
        let left_at = positions.leaving(stay, at).to_string();
        let left = [left_at.clone(), came.to_string(), seconds(stay.waited)];
        let event: (&str, Vec<String>) = match outcome {
            // Told by the attempt, which knows how long it rang.
            Outcome::Connected | Outcome::CalledBack => continue,
            Outcome::HungUp | Outcome::Ended | Outcome::Lost | Outcome::NotReached => {
                ("ABANDON", left.to_vec())
            }
            // Which key it was, the call's story says. To another queue: this call's next line is its ENTERQUEUE there.
            Outcome::Left | Outcome::Moved => ("EXITWITHKEY", [vec![String::new()], left.to_vec()].concat()),
            Outcome::Exited(Exit::MaxWait) => ("EXITWITHTIMEOUT", left.to_vec()),
            // The format's only word for "could not stay"; a field of our own says which of the exits it was.
            Outcome::Exited(exit) => ("EXITEMPTY", [left.to_vec(), vec![exit.as_str().to_string()]].concat()),
        };
        // Who moves is out of the one queue before he is in the other.
        let rank = if outcome == Outcome::Moved { 0 } else { 4 };
        lines.push(line(at, rank, &id, queue, NONE, event.0, &event.1));
    }
    for attempt in talks.into_values() {
        let (id, queue, operator) =
            (attempt.call.to_string(), attempt.queue.as_str(), attempt.operator.as_str());
        let Some(answered_at) = attempt.answered_at else { continue };
        let hold = seconds(attempt.waited);
        let connect = [hold.clone(), id.clone(), seconds(attempt.rang)];
        lines.push(line(answered_at, 3, &id, queue, operator, "CONNECT", &connect));
        let (Some(ended_at), Some(by)) = (attempt.ended_at, attempt.ended_by) else { continue };
        let talked = seconds(attempt.talk + attempt.hold);
        let came = positions.coming_of(attempt).to_string();
        let (event, data) = match by {
            TalkEnd::Caller => ("COMPLETECALLER", vec![hold, talked, came]),
            TalkEnd::Operator => ("COMPLETEAGENT", vec![hold, talked, came]),
            TalkEnd::Transfer => ("BLINDTRANSFER", vec![String::new(), String::new(), hold, talked, came]),
        };
        lines.push(line(ended_at, 5, &id, queue, operator, event, &data));
    }
}

fn rings(chunk: &Chunk, lines: &mut Vec<Line>) {
    for attempt in chunk.attempts.iter().filter(|attempt| !attempt.test) {
        let event = match attempt.result {
            AttemptResult::NoAnswer | AttemptResult::Rejected | AttemptResult::Unreachable => "RINGNOANSWER",
            AttemptResult::Elsewhere | AttemptResult::CallerGone | AttemptResult::OperatorLeft => {
                "RINGCANCELED"
            }
            AttemptResult::Answered | AttemptResult::Failed => continue,
        };
        let ended = Wall(attempt.offered_at.0 + i64::try_from(attempt.rang.as_millis()).unwrap_or(0));
        let (id, rang) = (attempt.call.to_string(), attempt.rang.as_millis().to_string());
        lines.push(line(ended, 2, &id, attempt.queue.as_str(), attempt.operator.as_str(), event, &[rang]));
    }
}

/// Operators come into, rest in, and go out of each of their queues.
fn members(changes: &[StateChange], facts: &Facts, lines: &mut Vec<Line>) {
    let mut before: BTreeMap<&OperatorId, &OperatorState> = BTreeMap::new();
    for change in changes {
        let was = before.insert(&change.operator, &change.state).unwrap_or(&OperatorState::Offline);
        let operator = change.operator.as_str();
        let mut each_queue = |rank: u8, event: &str, reason: Option<&str>| {
            let data: Vec<String> = reason.map(str::to_string).into_iter().collect();
            for queue in facts.queues.get(&change.operator).into_iter().flatten() {
                lines.push(line(change.at, rank, NONE, queue.as_str(), operator, event, &data));
            }
        };
        let (was_here, is_here) = (*was != OperatorState::Offline, change.state != OperatorState::Offline);
        if !was_here && is_here {
            each_queue(0, "ADDMEMBER", None);
        }
        match (pause(was), pause(&change.state)) {
            (old, Some(reason)) if old != Some(reason) => each_queue(1, "PAUSE", Some(reason)),
            (Some(_), None) => each_queue(1, "UNPAUSE", None),
            _ => {}
        }
        if was_here && !is_here {
            each_queue(2, "REMOVEMEMBER", None);
        }
    }
}

/// Delays after calls that were not taken are pauses to the format's readers as well.
fn pause(state: &OperatorState) -> Option<&str> {
    match state {
        OperatorState::Paused { reason } => Some(reason),
        _ => None,
    }
}

/// Who stood where.
struct Positions<'a> {
    of_queue: BTreeMap<&'a QueueName, Vec<&'a Stay>>,
}

impl<'a> Positions<'a> {
    fn of(stays: &'a [Stay]) -> Positions<'a> {
        let mut of_queue: BTreeMap<&QueueName, Vec<&Stay>> = BTreeMap::new();
        for stay in stays {
            of_queue.entry(&stay.queue).or_default().push(stay);
        }
        for stays in of_queue.values_mut() {
            stays.sort_by_key(|stay| (stay.entered_at, stay.call, stay.seat));
        }
        Positions { of_queue }
    }

    /// From 1: behind those who waited when he came.
    fn coming(&self, stay: &Stay) -> usize {
        self.ahead(stay, stay.entered_at) + 1
    }

    fn leaving(&self, stay: &Stay, at: Wall) -> usize {
        self.ahead(stay, at) + 1
    }

    fn coming_of(&self, attempt: &Attempt) -> usize {
        let stays = self.of_queue.get(&attempt.queue).map(Vec::as_slice).unwrap_or_default();
        let stay = stays.iter().find(|stay| stay.call == attempt.call && stay.seat == attempt.seat);
        stay.map_or(1, |stay| self.coming(stay))
    }

    fn ahead(&self, stay: &Stay, at: Wall) -> usize {
        let key = |stay: &Stay| (stay.entered_at, stay.call, stay.seat);
        let stays = self.of_queue.get(&stay.queue).map(Vec::as_slice).unwrap_or_default();
        let before = stays.partition_point(|other| key(other) < key(stay));
        stays[..before].iter().filter(|other| other.ended_at.is_none_or(|ended| ended > at)).count()
    }
}
