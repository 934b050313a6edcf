//! The inspector in front of the stack: pure, and told the time. It counts what each source sends, drops floods before
//! anything is parsed, and refuses new calls beyond the machine's capacity with 503 and Retry-After, statelessly, so
//! that a refused call costs no memory.
//!
//! A source is an IPv4 address or an IPv6 /64. Each has a bucket of tokens that fills at a rate up to a burst. Trusted
//! networks (trunks, the proxy in front) have no rate, but the capacity holds for them too.
use crate::machine::Instant;
use crate::sip::header::Name;
use crate::sip::message::{Message, Start};
use crate::sip::method::Method;
use crate::sip::parse::parse;
use crate::sip::reply::stateless;
use crate::sip::{Hop, Transport};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Limits {
    /// Messages of one source per second, for long. A phone sends one in ten seconds, a call has seven.
    pub messages_per_second: u32,
    /// Messages of one source at once.
    pub burst: u32,
    /// No rate for these.
    pub trusted: Vec<IpNet>,
    /// Sources remembered. More share one bucket until some have been quiet.
    pub sources_max: usize,
    /// Quoted in the 503.
    pub retry_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            messages_per_second: 100,
            burst: 400,
            trusted: Vec::new(),
            sources_max: 20_000,
            retry_after: Duration::from_secs(5),
        }
    }
}

/// Calls now and at most, shared by whoever counts calls and whoever refuses them.
#[derive(Clone, Debug)]
pub struct Capacity {
    active: Arc<AtomicUsize>,
    max: Arc<AtomicUsize>,
}

impl Capacity {
    pub fn new(max: usize) -> Capacity {
        Capacity { active: Arc::default(), max: Arc::new(AtomicUsize::new(max)) }
    }

    pub fn set_active(&self, calls: usize) {
        self.active.store(calls, Ordering::Relaxed);
    }

    pub fn set_max(&self, calls: usize) {
        self.max.store(calls, Ordering::Relaxed);
    }

    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    pub fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    pub fn full(&self) -> bool {
        self.active() >= self.max()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Drop,
    /// Send this; the message goes no further.
    Refuse {
        to: SocketAddr,
        bytes: Vec<u8>,
    },
}

/// INVITEs that were let in, so that their repetitions are let in too when the last place has been taken meanwhile.
/// 64·T1 is as long as a client repeats. Full: the oldest are forgotten.
const ADMITTED_MAX: usize = 16 * 1024;
const ADMITTED_FOR: Duration = Duration::from_secs(32);
/// Quiet sources are looked for at most this often.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
struct Bucket {
    /// In thousandths.
    tokens: u64,
    at: Instant,
}

#[derive(Debug)]
pub struct Inspector {
    limits: Limits,
    capacity: Capacity,
    sources: BTreeMap<IpAddr, Bucket>,
    others: Bucket,
    swept: Instant,
    admitted: BTreeSet<u64>,
    admissions: VecDeque<(Instant, u64)>,
}

impl Inspector {
    pub fn new(limits: Limits, capacity: Capacity) -> Inspector {
        let others = Bucket { tokens: u64::from(limits.burst) * 1000, at: Instant::ZERO };
        Inspector {
            limits,
            capacity,
            sources: BTreeMap::new(),
            others,
            swept: Instant::ZERO,
            admitted: BTreeSet::new(),
            admissions: VecDeque::new(),
        }
    }

    pub fn inspect(&mut self, hop: Hop, bytes: &[u8], now: Instant) -> Verdict {
        if !self.within_rate(hop.peer.ip().to_canonical(), now) {
            return Verdict::Drop;
        }
        // Most messages are no new calls, and the stack parses them anyway.
        if !bytes.starts_with(b"INVITE ") {
            return Verdict::Pass;
        }
        let Ok(message) = parse(bytes) else { return Verdict::Pass };
        let Start::Request { method: Method::Invite, .. } = message.start else { return Verdict::Pass };
        if message.to.tag().is_some() {
            return Verdict::Pass; // inside a call
        }
        let print = fingerprint(&message);
        if self.admitted.contains(&print) {
            return Verdict::Pass;
        }
        if !self.capacity.full() {
            self.admit(print, now);
            return Verdict::Pass;
        }
        let retry = self.limits.retry_after.as_secs().to_string();
        match stateless(bytes, hop.transport, hop.peer, 503, &[(Name::RetryAfter.as_str(), retry)]) {
            Some((to, bytes)) => {
                Verdict::Refuse { to: if hop.transport == Transport::Udp { to } else { hop.peer }, bytes }
            }
            None => Verdict::Drop,
        }
    }

    /// Sources in the table, for metrics.
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    fn within_rate(&mut self, peer: IpAddr, now: Instant) -> bool {
        if self.limits.trusted.iter().any(|network| network.contains(&peer)) {
            return true;
        }
        let (rate, burst) = (u64::from(self.limits.messages_per_second), u64::from(self.limits.burst) * 1000);
        let source = source(peer);
        if !self.sources.contains_key(&source) && self.sources.len() >= self.limits.sources_max {
            self.sweep(rate, burst, now);
        }
        let room = self.sources.len() < self.limits.sources_max;
        let bucket = match self.sources.get_mut(&source) {
            Some(bucket) => bucket,
            None if room => self.sources.entry(source).or_insert(Bucket { tokens: burst, at: now }),
            None => &mut self.others,
        };
        bucket.take(rate, burst, now)
    }

    /// Forgets sources whose bucket is full again: they are as good as new.
    fn sweep(&mut self, rate: u64, burst: u64, now: Instant) {
        if now.since(self.swept) < SWEEP_PAUSE {
            return;
        }
        self.swept = now;
        self.sources.retain(|_, bucket| {
            bucket.fill(rate, burst, now);
            bucket.tokens < burst
        });
    }

    fn admit(&mut self, print: u64, now: Instant) {
        while let Some((at, old)) = self.admissions.front().copied() {
            if self.admissions.len() < ADMITTED_MAX && now.since(at) < ADMITTED_FOR {
                break;
            }
            self.admissions.pop_front();
            self.admitted.remove(&old);
        }
        self.admissions.push_back((now, print));
        self.admitted.insert(print);
    }
}

impl Bucket {
    fn fill(&mut self, rate: u64, burst: u64, now: Instant) {
        let passed_ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        // A token is a thousand thousandths, so `rate` per second is `rate` thousandths per millisecond.
        self.tokens = self.tokens.saturating_add(passed_ms.saturating_mul(rate)).min(burst);
        if passed_ms > 0 {
            self.at = now;
        }
    }

    fn take(&mut self, rate: u64, burst: u64, now: Instant) -> bool {
        self.fill(rate, burst, now);
        match self.tokens.checked_sub(1000) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}

/// One customer of an IPv6 network has a /64 at least; counting single addresses would count nothing.
fn source(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
    }
}

/// FNV-1a 64 of what a repetition has in common with its first sending.
fn fingerprint(message: &Message<'_>) -> u64 {
    let parts = [message.call_id, message.from.tag().unwrap_or(""), message.via.branch().unwrap_or("")];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.chain(message.cseq.number.to_be_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(peer: &str) -> Hop {
        Hop {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            peer: peer.parse().unwrap(),
        }
    }

    fn invite(n: u32) -> Vec<u8> {
        format!(
            "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{n};rport\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:1@h>\r\nCall-ID: {n}\r\nCSeq: 1 INVITE\r\n\r\n"
        )
        .into_bytes()
    }

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn inspector(limits: Limits, capacity: &Capacity) -> Inspector {
        Inspector::new(limits, capacity.clone())
    }

    #[test]
    fn a_flood_is_dropped_and_others_are_not_touched() {
        let limits = Limits { messages_per_second: 10, burst: 20, ..Limits::default() };
        let mut inspector = inspector(limits, &Capacity::new(10));
        let passed = |inspector: &mut Inspector, peer: &str, ms| {
            (0..100).filter(|_| inspector.inspect(hop(peer), b"OPTIONS", at(ms)) == Verdict::Pass).count()
        };
        assert_eq!(passed(&mut inspector, "192.0.2.9:1", 0), 20);
        assert_eq!(passed(&mut inspector, "192.0.2.9:2", 1000), 10, "another port is the same source");
        assert_eq!(passed(&mut inspector, "192.0.2.10:1", 1000), 20);
    }

    #[test]
    fn a_trusted_network_has_no_rate() {
        let trusted = vec!["192.0.2.0/24".parse().unwrap()];
        let limits = Limits { messages_per_second: 1, burst: 1, trusted, ..Limits::default() };
        let mut inspector = inspector(limits, &Capacity::new(10));
        assert!((0..100).all(|_| inspector.inspect(hop("192.0.2.9:1"), b"OPTIONS", at(0)) == Verdict::Pass));
        assert_eq!(inspector.sources(), 0);
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let limits = Limits { messages_per_second: 1, burst: 1, ..Limits::default() };
        let mut inspector = inspector(limits, &Capacity::new(10));
        assert_eq!(inspector.inspect(hop("[2001:db8::1]:1"), b"X", at(0)), Verdict::Pass);
        assert_eq!(inspector.inspect(hop("[2001:db8::2]:1"), b"X", at(0)), Verdict::Drop);
        assert_eq!(inspector.inspect(hop("[2001:db8:0:1::2]:1"), b"X", at(0)), Verdict::Pass);
    }

    #[test]
    fn the_table_of_sources_is_bounded_and_quiet_ones_make_room() {
        let limits = Limits { messages_per_second: 1, burst: 2, sources_max: 3, ..Limits::default() };
        let mut inspector = inspector(limits, &Capacity::new(10));
        let verdicts: Vec<Verdict> =
            (0..8).map(|n| inspector.inspect(hop(&format!("10.0.0.{n}:1")), b"X", at(2000))).collect();
        assert_eq!(
            verdicts.iter().filter(|v| **v == Verdict::Pass).count(),
            5,
            "three, and two of the shared bucket"
        );
        assert_eq!(inspector.sources(), 3);
        assert_eq!(inspector.inspect(hop("10.0.1.1:1"), b"X", at(60_000)), Verdict::Pass);
        assert_eq!(inspector.sources(), 1);
    }

    #[test]
    fn a_new_call_beyond_capacity_is_refused_with_retry_after() {
        let capacity = Capacity::new(1);
        let mut inspector = inspector(Limits::default(), &capacity);
        let peer = hop("192.0.2.9:5060");
        assert_eq!(inspector.inspect(peer, &invite(1), at(0)), Verdict::Pass);
        capacity.set_active(1);
        let Verdict::Refuse { to, bytes } = inspector.inspect(peer, &invite(2), at(0)) else { panic!() };
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.starts_with("SIP/2.0 503 Service Unavailable\r\n") && text.contains("Retry-After: 5\r\n"),
            "{text}"
        );
        assert_eq!(to, peer.peer);
        assert_eq!(inspector.inspect(peer, &invite(1), at(500)), Verdict::Pass, "it was let in before");
        let reinvite = String::from_utf8(invite(3)).unwrap().replace("To: <sip:1@h>", "To: <sip:1@h>;tag=2");
        assert_eq!(inspector.inspect(peer, reinvite.as_bytes(), at(500)), Verdict::Pass, "inside a call");
        assert_eq!(inspector.inspect(peer, b"BYE sip:1@h SIP/2.0", at(500)), Verdict::Pass);
        capacity.set_active(0);
        assert_eq!(inspector.inspect(peer, &invite(2), at(600)), Verdict::Pass);
    }
}
