//! What went over the wire, counted for metrics.
use super::lock;
use crate::sip::header::Name;
use crate::sip::method::Method;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot. Methods by name; responses by the method of their request and status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub requests_in: BTreeMap<&'static str, u64>,
    pub requests_out: BTreeMap<&'static str, u64>,
    pub responses_in: BTreeMap<(&'static str, u16), u64>,
    pub responses_out: BTreeMap<(&'static str, u16), u64>,
    /// Datagrams and messages of sources over their rate.
    pub dropped_flood: u64,
    /// Messages for which the owner's queue had no room.
    pub dropped_queue_full: u64,
    /// Streams closed because they could not be cut into messages.
    pub dropped_malformed: u64,
    /// Messages of ours that could not be sent.
    pub unsendable: u64,
    /// New calls answered 503 before the stack saw them.
    pub refused_over_capacity: u64,
    /// Streams closed at once, over a limit.
    pub refused_connections: u64,
    /// Streams now.
    pub connections: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drop {
    Flood,
    QueueFull,
    Malformed,
    Unsendable,
    Refused,
    Connection,
}

const DROPS: usize = 6;

type Requests = BTreeMap<Method, u64>;
type Responses = BTreeMap<(Method, u16), u64>;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: [Mutex<Requests>; 2],
    responses: [Mutex<Responses>; 2],
    drops: [AtomicU64; DROPS],
}

impl Tally {
    pub(crate) fn message(&self, direction: Direction, bytes: &[u8]) {
        let which = direction as usize;
        match kind(bytes) {
            Some(Kind::Request(method)) => {
                if let Some(table) = self.requests.get(which) {
                    *lock(table).entry(method).or_default() += 1;
                }
            }
            Some(Kind::Response(method, status)) => {
                if let Some(table) = self.responses.get(which) {
                    *lock(table).entry((method, status)).or_default() += 1;
                }
            }
            None => {}
        }
    }

    pub(crate) fn dropped(&self, why: Drop) {
        if let Some(counter) = self.drops.get(why as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Counters {
        let requests = |table: &Mutex<Requests>| lock(table).iter().map(|(m, n)| (m.as_str(), *n)).collect();
        let responses =
            |table: &Mutex<Responses>| lock(table).iter().map(|((m, s), n)| ((m.as_str(), *s), *n)).collect();
        let [requests_in, requests_out] = self.requests.each_ref().map(requests);
        let [responses_in, responses_out] = self.responses.each_ref().map(responses);
        let drops = self.drops.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        let [flood, queue_full, malformed, unsendable, refused, connection] = drops;
        Counters {
            requests_in,
            requests_out,
            responses_in,
            responses_out,
            dropped_flood: flood,
            dropped_queue_full: queue_full,
            dropped_malformed: malformed,
            unsendable,
            refused_over_capacity: refused,
            refused_connections: connection,
            connections: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request(Method),
    Response(Method, u16),
}

/// As much of a message as a counter needs. A status has 600 values and a method 15, so the tables are bounded.
fn kind(bytes: &[u8]) -> Option<Kind> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let Some(rest) = first.strip_prefix("SIP/2.0 ") else {
        let (method, rest) = first.split_once(' ')?;
        return rest.trim_end().ends_with("SIP/2.0").then(|| Kind::Request(Method::parse(method)));
    };
    let status = rest.get(..3)?.parse().ok().filter(|status| (100..700).contains(status))?;
    let method = lines.take_while(|line| line.len() > 1).find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = std::str::from_utf8(name).ok()?;
        if Name::parse(name.trim_end()) != Name::CSeq {
            return None;
        }
        std::str::from_utf8(value).ok()?.trim_end().rsplit(' ').next().map(Method::parse)
    });
    Some(Kind::Response(method.unwrap_or(Method::Unknown), status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_by_method_and_status() {
        let tally = Tally::default();
        tally.message(Direction::In, b"INVITE sip:a@h SIP/2.0\r\n\r\n");
        tally.message(Direction::In, b"INVITE sip:a@h SIP/2.0\r\n\r\n");
        tally.message(Direction::Out, b"SIP/2.0 503 Service Unavailable\r\nX: y\r\ncseq : 1 INVITE\r\n\r\n");
        tally.message(Direction::In, b"GET / HTTP/1.1\r\n\r\n");
        tally.dropped(Drop::Flood);
        let counters = tally.snapshot();
        assert_eq!(counters.requests_in, BTreeMap::from([("INVITE", 2)]));
        assert_eq!(counters.responses_out, BTreeMap::from([(("INVITE", 503), 1)]));
        assert_eq!((counters.requests_out.len(), counters.dropped_flood), (0, 1));
    }
}
