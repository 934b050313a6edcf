//! The figures for Prometheus. What happened is counted here; how things are is read from the [`View`] when the text is
//! rendered, so that the pages and the figures agree. No label ever holds a number or a call's id.
use super::exposition::{Exposition, Histogram, Kind};
use crate::class::Class;
use crate::digit::DigitMethod;
use crate::queue::Outcome;
use crate::queue::measures::SHORT_ABANDON;
use crate::switchboard::view::QueueView;
use crate::switchboard::{Happened, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Families that are always complete, so that a rule never finds a missing series.
const STAGES: [&str; 4] = ["menu", "waiting", "ringing", "talking"];
const OPERATOR_STATES: [&str; 8] =
    ["offline", "ready", "claimed", "ringing", "talking", "wrap_up", "paused", "unreachable"];
const DIGIT_METHODS: [DigitMethod; 3] = [DigitMethod::Rfc4733, DigitMethod::Info, DigitMethod::Inband];
/// Methods that have a label of their own; others are strangers' inventions.
const SIP_METHODS: [&str; 13] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "INFO",
    "PRACK",
    "UPDATE",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
];

/// Sums over all shards since the start; the two times are the worst of the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MediaStats {
    pub packets_received: u64,
    pub packets_sent: u64,
    /// RFC 3550 A.3.
    pub packets_lost: u64,
    /// From addresses that a peer's rules do not allow.
    pub packets_rejected: u64,
    /// RFC 3550 A.8, the highest among the legs.
    pub jitter: Duration,
    /// How late the latest tick of a shard was, since the last time this was asked.
    pub tick_lag: Duration,
}

/// The disk of recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskStats {
    pub free: u64,
    pub nearly_full: bool,
    /// Since the start.
    pub refused: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    In,
    Out,
}

impl Direction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }
}

/// SIP messages since the start, retransmissions included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SipStats {
    requests: BTreeMap<(&'static str, Direction), u64>,
    responses: BTreeMap<(&'static str, u16), u64>,
}

impl SipStats {
    pub fn request(&mut self, method: &str, direction: Direction, count: u64) {
        *self.requests.entry((label(method), direction)).or_default() += count;
    }

    pub fn response(&mut self, method: &str, code: u16, count: u64) {
        *self.responses.entry((label(method), code)).or_default() += count;
    }
}

fn label(method: &str) -> &'static str {
    SIP_METHODS.into_iter().find(|known| *known == method).unwrap_or("other")
}

#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: BTreeMap<(String, &'static str), u64>,
    offered: BTreeMap<(String, Class), u64>,
    answered: BTreeMap<(String, Class, bool), u64>,
    abandoned: BTreeMap<(String, Class, bool), u64>,
    waits: BTreeMap<(String, Class, &'static str), Histogram>,
    digits: BTreeMap<DigitMethod, u64>,
    flow_reload_failed: bool,
    flow_sets: usize,
    disk: DiskStats,
}

impl Metrics {
    pub fn new() -> Metrics {
        Metrics::default()
    }

    pub fn happened(&self, happened: &Happened) {
        let mut counts = self.counts();
        match happened {
            Happened::CallEnded { line, result, .. } => {
                *counts.calls.entry((line.clone(), result.as_str())).or_default() += 1;
            }
            Happened::Digit { method } => *counts.digits.entry(*method).or_default() += 1,
            Happened::SeatOpened { queue, class } => {
                *counts.offered.entry((queue.clone(), *class)).or_default() += 1;
            }
            Happened::SeatClosed { queue, class, outcome, waited } => {
                counts.closed(queue, *class, *outcome, *waited);
            }
            Happened::CallStarted { .. }
            | Happened::Enqueued { .. }
            | Happened::Offered { .. }
            | Happened::Connected { .. }
            | Happened::Abandoned { .. }
            | Happened::Exited { .. }
            | Happened::ArmWithdrawn { .. }
            | Happened::OperatorChanged { .. } => {}
        }
    }

    /// The last reload of the flow files was refused, and the old ones are in force.
    pub fn set_flow_reload_failed(&self, failed: bool) {
        self.counts().flow_reload_failed = failed;
    }

    /// Versions of the flows in memory: the one in force, and those with which running calls began.
    pub fn set_flow_sets(&self, sets: usize) {
        self.counts().flow_sets = sets;
    }

    /// What is known of the disk of recordings.
    pub fn set_disk(&self, disk: DiskStats) {
        self.counts().disk = disk;
    }

    pub fn render(&self, view: &View, media: &MediaStats, sip: &SipStats) -> String {
        let mut out = Exposition::default();
        let counts = self.counts();
        write_calls(&mut out, &counts, view);
        write_queues(&mut out, &counts, view);
        write_operators(&mut out, view);
        write_media(&mut out, &counts, media);
        write_sip(&mut out, sip);
        out.family(
            "hotline_flow_reload_failed",
            Kind::Gauge,
            "1: the flow files on disk were refused, older ones run.",
        );
        out.sample(&[], u8::from(counts.flow_reload_failed));
        out.family(
            "hotline_flow_sets",
            Kind::Gauge,
            "Versions of the flows in memory: in force, or walked by a call.",
        );
        out.sample(&[], counts.flow_sets);
        write_disk(&mut out, counts.disk);
        out.family("hotline_build_info", Kind::Gauge, "Always 1; the labels say what is running.");
        out.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        out.finish()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn closed(&mut self, queue: &str, class: Class, outcome: Outcome, waited: Duration) {
        let word = match outcome {
            Outcome::Connected | Outcome::CalledBack => {
                let within = outcome == Outcome::Connected && waited <= class.target();
                *self.answered.entry((queue.to_string(), class, within)).or_default() += 1;
                if outcome == Outcome::CalledBack { "called_back" } else { "connected" }
            }
            Outcome::HungUp => {
                let short = waited <= SHORT_ABANDON;
                *self.abandoned.entry((queue.to_string(), class, short)).or_default() += 1;
                "abandoned"
            }
            Outcome::Exited(_) => "exit",
            Outcome::Left | Outcome::NotReached | Outcome::Ended => "left",
            Outcome::Moved | Outcome::Lost => return,
        };
        self.waited(queue, class, word, waited);
    }

    fn waited(&mut self, queue: &str, class: Class, outcome: &'static str, waited: Duration) {
        self.waits.entry((queue.to_string(), class, outcome)).or_default().add(waited);
    }
}

fn write_calls(out: &mut Exposition, counts: &Counts, view: &View) {
    out.family("hotline_calls_total", Kind::Counter, "Calls that ended.");
    for ((flow, result), count) in &counts.calls {
        out.sample(&[("flow", flow), ("result", result)], count);
    }
    out.family("hotline_calls_active", Kind::Gauge, "Calls that are on.");
    for stage in STAGES {
        out.sample(&[("stage", stage)], view.calls.iter().filter(|call| call.stage == stage).count());
    }
}

/// Every class of every queue has its sample from the start: a gauge that goes away at zero leaves a hole
/// in the graph, and of a counter that comes with its first event no rate can tell that event.
fn write_queues(out: &mut Exposition, counts: &Counts, view: &View) {
    out.family("hotline_queue_waiting", Kind::Gauge, "Callers waiting for an operator.");
    for (queue, class) in classes(view) {
        let waiting = queue.waiting.get(&class).copied().unwrap_or(0);
        out.sample(&[("queue", &queue.name), ("class", class.as_str())], waiting);
    }
    out.family("hotline_queue_longest_wait_seconds", Kind::Gauge, "The longest wait of those who wait.");
    for (queue, class) in classes(view) {
        let longest_s = queue.longest_by_class_s.get(&class).copied().unwrap_or(0.0);
        out.sample(&[("queue", &queue.name), ("class", class.as_str())], longest_s);
    }
    out.family("hotline_queue_wait_seconds", Kind::Histogram, "The promise clock when a seat was closed.");
    for ((queue, class, outcome), histogram) in &counts.waits {
        out.histogram(&[("queue", queue), ("class", class.as_str()), ("outcome", outcome)], histogram);
    }
    out.family("hotline_queue_offered_total", Kind::Counter, "Callers who took a seat.");
    let known = classes(view).map(|(queue, class)| (queue.name.clone(), class));
    for ((queue, class), count) in from_zero(known, &counts.offered) {
        out.sample(&[("queue", &queue), ("class", class.as_str())], count);
    }
    let known = || {
        classes(view).flat_map(|(queue, class)| [false, true].map(|word| (queue.name.clone(), class, word)))
    };
    out.family("hotline_queue_answered_total", Kind::Counter, "Callers connected to an operator.");
    for ((queue, class, within), count) in from_zero(known(), &counts.answered) {
        let labels = [("queue", &*queue), ("class", class.as_str()), ("within_target", word(within))];
        out.sample(&labels, count);
    }
    out.family("hotline_queue_abandoned_total", Kind::Counter, "Callers who gave up waiting.");
    for ((queue, class, short), count) in from_zero(known(), &counts.abandoned) {
        out.sample(&[("queue", &queue), ("class", class.as_str()), ("short", word(short))], count);
    }
    // A pool's queues all show the pool's.
    let pools: BTreeMap<&str, _> = view.queues.iter().map(|queue| (queue.pool.as_str(), queue)).collect();
    out.family("hotline_queue_reserve", Kind::Gauge, "Operators held back for Priority.");
    for (pool, queue) in &pools {
        out.sample(&[("pool", pool)], queue.reserve);
    }
    out.family(
        "hotline_queue_operators_missing",
        Kind::Gauge,
        "Operators missing to keep the promise to Priority.",
    );
    for (pool, queue) in &pools {
        out.sample(&[("pool", pool)], queue.missing);
    }
}

fn classes(view: &View) -> impl Iterator<Item = (&QueueView, Class)> {
    view.queues.iter().flat_map(|queue| Class::ALL.map(|class| (queue, class)))
}

/// What has been counted, and a zero for what is known and has not been.
fn from_zero<K: Ord + Clone>(known: impl Iterator<Item = K>, counted: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    let mut all: BTreeMap<K, u64> = known.map(|key| (key, 0)).collect();
    all.extend(counted.iter().map(|(key, count)| (key.clone(), *count)));
    all
}

fn write_operators(out: &mut Exposition, view: &View) {
    out.family("hotline_operators", Kind::Gauge, "Operators by state.");
    let of_queues = view.queues.iter().map(|queue| queue.pool.as_str());
    let pools: BTreeSet<&str> = of_queues.chain(view.operators.iter().map(|o| o.pool.as_str())).collect();
    for pool in pools {
        for state in OPERATOR_STATES {
            let count = view.operators.iter().filter(|o| o.pool == pool && o.state == state).count();
            out.sample(&[("pool", pool), ("state", state)], count);
        }
    }
}

fn write_media(out: &mut Exposition, counts: &Counts, media: &MediaStats) {
    out.family("hotline_dtmf_events_total", Kind::Counter, "Key presses by the way they were heard.");
    for method in DIGIT_METHODS {
        out.sample(&[("method", method.as_str())], counts.digits.get(&method).copied().unwrap_or(0));
    }
    out.family("hotline_rtp_packets_total", Kind::Counter, "RTP packets.");
    out.sample(&[("direction", Direction::In.as_str())], media.packets_received);
    out.sample(&[("direction", Direction::Out.as_str())], media.packets_sent);
    out.family("hotline_rtp_lost_packets_total", Kind::Counter, "RTP packets that never came.");
    out.sample(&[], media.packets_lost);
    out.family("hotline_rtp_rejected_packets_total", Kind::Counter, "RTP packets from strangers.");
    out.sample(&[], media.packets_rejected);
    out.family("hotline_rtp_jitter_seconds", Kind::Gauge, "The highest interarrival jitter among the legs.");
    out.sample(&[], media.jitter.as_secs_f64());
    out.family("hotline_media_tick_lag_seconds", Kind::Gauge, "How late the latest media tick was.");
    out.sample(&[], media.tick_lag.as_secs_f64());
}

fn write_sip(out: &mut Exposition, sip: &SipStats) {
    out.family("hotline_sip_requests_total", Kind::Counter, "SIP requests.");
    for ((method, direction), count) in &sip.requests {
        out.sample(&[("method", method), ("direction", direction.as_str())], count);
    }
    out.family("hotline_sip_responses_total", Kind::Counter, "SIP responses.");
    for ((method, code), count) in &sip.responses {
        out.sample(&[("method", method), ("code", &code.to_string())], count);
    }
}

fn write_disk(out: &mut Exposition, disk: DiskStats) {
    out.family("hotline_disk_free_bytes", Kind::Gauge, "Room on the disk of recordings.");
    out.sample(&[], disk.free);
    out.family("hotline_disk_nearly_full", Kind::Gauge, "1: no new recording begins.");
    out.sample(&[], u8::from(disk.nearly_full));
    out.family(
        "hotline_recordings_refused_total",
        Kind::Counter,
        "Recordings that did not begin for want of room.",
    );
    out.sample(&[], disk.refused);
}

fn word(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::{CallResult, Cause};
    use crate::ids::{CallId, OperatorId};
    use crate::queue::Exit;
    use crate::switchboard::view::{CallView, OperatorView, QueueCounts, QueueOperators};

    fn view() -> View {
        View {
            queues: vec![QueueView {
                closed: None,
                name: "wallet".into(),
                pool: "main".into(),
                waiting: BTreeMap::from([(Class::Priority, 0), (Class::Standard, 3)]),
                longest_wait_s: 41.5,
                p10: Some(0.97),
                service_level: None,
                expected_wait_s: None,
                reserve: 1,
                missing: 2,
                reserve_cost_s: 12.5,
                operators: QueueOperators::default(),
                counts: QueueCounts::default(),
                longest_by_class_s: BTreeMap::from([(Class::Standard, 41.5)]),
            }],
            calls: vec![CallView {
                id: CallId(7),
                line: "qiwi-hotline".into(),
                caller: "+7916***4567".into(),
                class: Class::Standard,
                stage: "waiting",
                queue: Some("wallet".into()),
                step: "specialist".into(),
                since_ms: 41_500,
                operator: None,
                supervised: None,
                recording: None,
                transfer: None,
            }],
            operators: vec![OperatorView {
                id: OperatorId::from("101"),
                name: "Operator".into(),
                pool: "main".into(),
                state: "ready",
                reason: None,
                since_ms: 0,
                left_ms: None,
                queues: vec!["wallet".into()],
                call: None,
                next: None,
            }],
            ..View::default()
        }
    }

    #[test]
    fn every_promised_name_is_there_and_nothing_names_a_caller() {
        let metrics = Metrics::new();
        let (call, queue, class) = (CallId(7), "wallet".to_string(), Class::Priority);
        let ms = Duration::from_millis;
        let closed = |outcome, waited_ms| Happened::SeatClosed {
            queue: queue.clone(),
            class,
            outcome,
            waited: ms(waited_ms),
        };
        for happened in [
            Happened::SeatOpened { queue: queue.clone(), class },
            closed(Outcome::Connected, 10_000),
            closed(Outcome::HungUp, 5_001),
            closed(Outcome::Exited(Exit::MaxWait), 900_000),
            Happened::Digit { method: DigitMethod::Inband },
            Happened::CallEnded {
                call,
                line: "qiwi-hotline".into(),
                result: CallResult::Connected,
                cause: Cause::Normal,
            },
        ] {
            metrics.happened(&happened);
        }
        let mut sip = SipStats::default();
        sip.request("INVITE", Direction::In, 3);
        sip.request("X-EVIL\"", Direction::In, 1);
        sip.response("INVITE", 200, 3);
        let media = MediaStats { tick_lag: ms(2), ..MediaStats::default() };
        let text = metrics.render(&view(), &media, &sip);
        for line in [
            "hotline_calls_total{flow=\"qiwi-hotline\",result=\"connected\"} 1",
            "hotline_calls_active{stage=\"waiting\"} 1",
            "hotline_calls_active{stage=\"talking\"} 0",
            "hotline_queue_waiting{queue=\"wallet\",class=\"standard\"} 3",
            "hotline_queue_waiting{queue=\"wallet\",class=\"security\"} 0",
            "hotline_queue_longest_wait_seconds{queue=\"wallet\",class=\"standard\"} 41.5",
            "hotline_queue_wait_seconds_bucket{queue=\"wallet\",class=\"priority\",outcome=\"connected\",le=\"10\"} 1",
            "hotline_queue_offered_total{queue=\"wallet\",class=\"priority\"} 1",
            "hotline_queue_answered_total{queue=\"wallet\",class=\"priority\",within_target=\"true\"} 1",
            "hotline_queue_answered_total{queue=\"wallet\",class=\"standard\",within_target=\"false\"} 0",
            "hotline_queue_abandoned_total{queue=\"wallet\",class=\"priority\",short=\"false\"} 1",
            "hotline_queue_reserve{pool=\"main\"} 1",
            "hotline_queue_operators_missing{pool=\"main\"} 2",
            "hotline_operators{pool=\"main\",state=\"ready\"} 1",
            "hotline_operators{pool=\"main\",state=\"paused\"} 0",
            "hotline_dtmf_events_total{method=\"inband\"} 1",
            "hotline_rtp_packets_total{direction=\"in\"} 0",
            "hotline_rtp_lost_packets_total 0",
            "hotline_rtp_rejected_packets_total 0",
            "hotline_rtp_jitter_seconds 0",
            "hotline_media_tick_lag_seconds 0.002",
            "hotline_sip_requests_total{method=\"INVITE\",direction=\"in\"} 3",
            "hotline_sip_requests_total{method=\"other\",direction=\"in\"} 1",
            "hotline_sip_responses_total{method=\"INVITE\",code=\"200\"} 3",
            "hotline_flow_reload_failed 0",
            "hotline_flow_sets 0",
            "hotline_disk_nearly_full 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(text.contains("hotline_build_info{version="));
        assert!(!text.contains("4567") && !text.contains(&call.to_string()));
        let headings: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        let unique: BTreeSet<_> = headings.iter().collect();
        assert_eq!(headings.len(), unique.len(), "a family is announced once");
    }
}
