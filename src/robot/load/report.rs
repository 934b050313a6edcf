//! What a load run measured, as a table and as JSON.
use crate::robot::histogram::{Histogram, Quantiles};
use crate::robot::stream::Counts;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A packet comes every 20 ms; what comes this much later is heard by an ordinary jitter buffer.
pub const GAP_AIM: Duration = Duration::from_millis(30);

#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub placed: u64,
    pub answered: u64,
    /// Refusals by status; 408 without any answer.
    pub failed: BTreeMap<u16, u64>,
    /// Rang until we gave up.
    pub not_answered: u64,
    /// Answered calls that the peer ended before their time.
    pub ended_by_peer: u64,
    /// Calls that could not even be placed, for want of a socket.
    pub not_placed: u64,
    pub at_once_max: usize,
    pub elapsed_s: f64,
    pub stopped: bool,
    /// From INVITE to 200.
    pub set_up: Quantiles,
    /// From our ACK to the first packet that is more than silence.
    pub first_audio: Quantiles,
    /// Answered calls without any.
    pub no_audio: u64,
    pub packets: Packets,
    /// Between two packets of one talk spurt.
    pub gap: Quantiles,
    /// Gaps longer than [`GAP_AIM`].
    pub gaps_long: u64,
    pub keys: u64,
    /// From a key's first packet to the first packet of new audio.
    pub reaction: Quantiles,
    /// Keys that nothing new followed before the next key or the call's end.
    pub no_reaction: u64,
    /// Packets missing between the old audio and the new.
    pub lost_at_keys: u64,
    /// How late the generator itself was with its packets: gaps and reactions are known no better than this.
    pub own_lag: Quantiles,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Packets {
    pub sent: u64,
    pub not_sent: u64,
    pub expected: u64,
    pub received: u64,
    pub lost: u64,
    pub late: u64,
    pub doubled: u64,
    pub restarts: u64,
    pub lost_share: f64,
}

/// The same while it is being measured.
#[derive(Debug, Default)]
pub struct Measured {
    pub report: Report,
    pub set_up: Histogram,
    pub first_audio: Histogram,
    pub gap: Histogram,
    pub reaction: Histogram,
    pub own_lag: Histogram,
}

impl Measured {
    /// Adds what a call's stream counted.
    pub fn add(&mut self, counts: Counts, sent: u64) {
        let packets = &mut self.report.packets;
        packets.sent += sent;
        packets.expected += counts.expected;
        packets.received += counts.received;
        packets.lost += counts.lost;
        packets.late += counts.late;
        packets.doubled += counts.doubled;
        packets.restarts += counts.restarts;
    }

    pub fn finish(mut self, elapsed: Duration) -> Report {
        let Packets { lost, expected, .. } = self.report.packets;
        self.report.packets.lost_share = lost as f64 / expected.max(1) as f64;
        self.report.elapsed_s = elapsed.as_secs_f64();
        self.report.set_up = self.set_up.quantiles();
        self.report.first_audio = self.first_audio.quantiles();
        self.report.gap = self.gap.quantiles();
        self.report.reaction = self.reaction.quantiles();
        self.report.own_lag = self.own_lag.quantiles();
        self.report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { placed, answered, at_once_max, elapsed_s, .. } = self;
        write!(
            f,
            "{placed} calls placed, {answered} answered, at most {at_once_max} at once, {elapsed_s:.1} s"
        )?;
        writeln!(f, "{}", if self.stopped { ", stopped early" } else { "" })?;
        for (status, count) in &self.failed {
            writeln!(f, "{count} failed with {status}")?;
        }
        let counts = [
            (self.not_answered, "not answered"),
            (self.ended_by_peer, "ended by the peer"),
            (self.not_placed, "not placed, for want of a socket"),
            (self.no_audio, "without any sound"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{count} {what}")?;
        }
        let (p50, p99, max, count) = ("p50 ms", "p99 ms", "max ms", "count");
        writeln!(f, "{:<28} {p50:>9} {p99:>9} {max:>9} {count:>9}", "")?;
        let rows = [
            ("INVITE to 200", self.set_up),
            ("ACK to first sound", self.first_audio),
            ("gap between packets", self.gap),
            ("key to new audio", self.reaction),
            ("the generator's own lag", self.own_lag),
        ];
        for (name, quantiles) in rows {
            writeln!(f, "{name:<28} {quantiles}")?;
        }
        let Packets { sent, not_sent, expected, received, lost, late, doubled, restarts, lost_share } =
            self.packets;
        writeln!(f, "packets: {sent} sent, {not_sent} of them refused by the system; {received} received")?;
        writeln!(
            f,
            "         {expected} expected, {lost} lost ({:.4} %), {late} late, {doubled} doubled, {restarts} restarts",
            lost_share * 100.0
        )?;
        let Report { keys, no_reaction, lost_at_keys, .. } = self;
        writeln!(
            f,
            "keys:    {keys} pressed, {no_reaction} without new audio; {lost_at_keys} packets lost at them"
        )
    }
}
