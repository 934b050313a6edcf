//! The two directions of an RTP session: what was received, judged as RFC 3550's appendix A does (sequence A.1, loss A.3,
//! jitter A.8), and the one continuous stream that we send whatever its content.
use crate::machine::Instant;
use crate::media::codec::SAMPLES_PER_MS;
use crate::media::packet::Packet;

/// A.1: a jump forward by more is a restart, not loss.
const DROPOUT_MAX: u16 = 3000;
/// A.1: a jump back by more is a restart, not reordering.
const MISORDER_MAX: u16 = 100;
/// The timestamp advances by a grid step at least, so that no two frames of ours carry the same one.
const ADVANCE_SAMPLES_MIN: u32 = 40;

/// What a packet's place in its stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The next one, after so many that are missing.
    Next { missing: u16 },
    /// One that was missed, late.
    Late,
    /// Seen before, or too late to tell.
    Duplicate,
    /// The first packet of a stream: the session's first, a new SSRC, or a restart of the counting.
    Synchronised,
    /// A jump that may be a restart: believed if the next packet follows it (A.1).
    Suspicious,
}

/// The numbers of a reception report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    pub ssrc: u32,
    pub fraction_lost: u8,
    pub lost: u32,
    pub highest_sequence: u32,
    pub jitter: u32,
}

/// The peer's stream.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    stream: Option<Stream>,
    /// Of streams that ended, by a new SSRC or a restart.
    expected_before: u64,
    received_before: u64,
}

#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    sequence_max: u16,
    cycles: u32,
    base: u32,
    received: u64,
    /// A.1's `bad_seq`: what would prove a restart.
    restart: Option<u16>,
    /// Bit n: the packet `sequence_max − n` has been seen.
    seen: u128,
    transit: i64,
    /// In timestamp units, as A.8 keeps it.
    jitter: f64,
    expected_prior: u64,
    received_prior: u64,
}

impl Receiver {
    pub fn arrive(&mut self, packet: &Packet<'_>, at: Instant) -> Arrival {
        let arrival = match &mut self.stream {
            Some(stream) if stream.ssrc == packet.ssrc => stream.sequence(packet.sequence),
            _ => Arrival::Synchronised,
        };
        if arrival == Arrival::Synchronised {
            self.retire();
            self.stream = Some(Stream::new(packet, at));
        } else if matches!(arrival, Arrival::Next { .. } | Arrival::Late)
            && let Some(stream) = &mut self.stream
        {
            stream.received += 1;
            stream.measure_jitter(packet.timestamp, at);
        }
        arrival
    }

    pub fn ssrc(&self) -> Option<u32> {
        self.stream.as_ref().map(|stream| stream.ssrc)
    }

    pub fn received(&self) -> u64 {
        self.received_before + self.stream.as_ref().map_or(0, |stream| stream.received)
    }

    /// A.3: expected − received, never below zero.
    pub fn lost(&self) -> u64 {
        let expected = self.expected_before + self.stream.as_ref().map_or(0, Stream::expected);
        expected.saturating_sub(self.received())
    }

    pub fn jitter_ms(&self) -> f64 {
        self.stream.as_ref().map_or(0.0, |stream| stream.jitter / SAMPLES_PER_MS as f64)
    }

    /// The report block since the last one; `None` before the first packet.
    pub fn report(&mut self) -> Option<Reception> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected();
        let expected_interval = expected.saturating_sub(stream.expected_prior);
        let received_interval = stream.received - stream.received_prior;
        (stream.expected_prior, stream.received_prior) = (expected, stream.received);
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
        Some(Reception {
            ssrc: stream.ssrc,
            fraction_lost: fraction.min(255) as u8,
            lost: expected.saturating_sub(stream.received).min(0x7f_ffff) as u32,
            highest_sequence: stream.cycles | u32::from(stream.sequence_max),
            jitter: stream.jitter as u32,
        })
    }

    fn retire(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.expected_before += stream.expected().max(stream.received);
            self.received_before += stream.received;
        }
    }
}

impl Stream {
    fn new(packet: &Packet<'_>, at: Instant) -> Stream {
        Stream {
            ssrc: packet.ssrc,
            sequence_max: packet.sequence,
            cycles: 0,
            base: u32::from(packet.sequence),
            received: 1,
            restart: None,
            seen: 1,
            transit: transit(packet.timestamp, at),
            jitter: 0.0,
            expected_prior: 0,
            received_prior: 0,
        }
    }

    fn expected(&self) -> u64 {
        u64::from(self.cycles) + u64::from(self.sequence_max) + 1 - u64::from(self.base)
    }

    fn sequence(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.sequence_max);
        if ahead == 0 {
            return Arrival::Duplicate;
        }
        if ahead < DROPOUT_MAX {
            if sequence < self.sequence_max {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.sequence_max = sequence;
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.restart = None;
            return Arrival::Next { missing: ahead - 1 };
        }
        let behind = ahead.wrapping_neg();
        if behind > MISORDER_MAX {
            if self.restart == Some(sequence) {
                return Arrival::Synchronised;
            }
            self.restart = Some(sequence.wrapping_add(1));
            return Arrival::Suspicious;
        }
        let bit = 1u128 << behind;
        if self.seen & bit != 0 || u32::from(behind) > self.expected() as u32 {
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        Arrival::Late
    }

    /// A.8: J += (|D| − J) / 16.
    fn measure_jitter(&mut self, timestamp: u32, at: Instant) {
        let transit = transit(timestamp, at);
        // Timestamps wrap at 32 bits, and so does their distance.
        let distance = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
        self.transit = transit;
        self.jitter += (f64::from(distance) - self.jitter) / 16.0;
    }
}

fn transit(timestamp: u32, at: Instant) -> i64 {
    let samples = at.as_nanos() / (1_000_000 / SAMPLES_PER_MS);
    samples as i64 - i64::from(timestamp)
}

/// Our stream: SSRC, sequence and timestamp go on without a seam over prompts, holds and bridges.
#[derive(Clone, Debug)]
pub struct Sender {
    pub ssrc: u32,
    /// Of the next packet.
    sequence: u16,
    /// A timestamp, and when it was current.
    timestamp: u32,
    timestamp_at: Option<Instant>,
    pub packets: u64,
    pub octets: u64,
}

impl Sender {
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Sender {
        Sender { ssrc, sequence, timestamp, timestamp_at: None, packets: 0, octets: 0 }
    }

    pub fn sequence(&self) -> u16 {
        self.sequence
    }

    /// The timestamp of a frame that begins now: the last one and the samples elapsed since.
    pub fn timestamp(&self, now: Instant) -> u32 {
        let Some(at) = self.timestamp_at else { return self.timestamp };
        let samples = now.since(at).as_micros() as u64 * SAMPLES_PER_MS / 1000;
        self.timestamp.wrapping_add((samples as u32).max(ADVANCE_SAMPLES_MIN))
    }

    /// Takes note of a packet that leaves now.
    pub fn sent(&mut self, sequence: u16, timestamp: u32, octets: usize, now: Instant) {
        if (sequence.wrapping_sub(self.sequence) as i16) >= 0 {
            self.sequence = sequence.wrapping_add(1);
        }
        if self.timestamp_at.is_none() || (timestamp.wrapping_sub(self.timestamp) as i32) > 0 {
            (self.timestamp, self.timestamp_at) = (timestamp, Some(now));
        }
        self.packets += 1;
        self.octets += octets as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet<'static> {
        Packet { marker: false, payload_type: 8, sequence, timestamp, ssrc, payload: &[] }
    }

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn loss_is_counted_over_the_wrap_and_a_late_packet_takes_it_back() {
        let mut rx = Receiver::default();
        for (i, sequence) in [65533u16, 65534, 1, 2].into_iter().enumerate() {
            rx.arrive(&packet(1, sequence, i as u32 * 160), at(i as u64 * 20));
        }
        assert_eq!((rx.received(), rx.lost()), (4, 2), "65535 and 0 are missing");
        assert_eq!(rx.arrive(&packet(1, 0, 0), at(80)), Arrival::Late);
        assert_eq!(rx.arrive(&packet(1, 0, 0), at(80)), Arrival::Duplicate);
        assert_eq!((rx.received(), rx.lost()), (5, 1));
        let report = rx.report().unwrap();
        assert_eq!((report.lost, report.highest_sequence), (1, 0x1_0002));
        assert_eq!(report.fraction_lost, 256u64.div_euclid(6) as u8);
        assert_eq!(rx.report().unwrap().fraction_lost, 0, "nothing since the last report");
    }

    #[test]
    fn a_restart_is_believed_when_the_next_packet_follows_it() {
        let mut rx = Receiver::default();
        rx.arrive(&packet(1, 100, 0), at(0));
        assert_eq!(rx.arrive(&packet(1, 30000, 0), at(20)), Arrival::Suspicious);
        assert_eq!(rx.arrive(&packet(1, 101, 160), at(20)), Arrival::Next { missing: 0 });
        assert_eq!(rx.arrive(&packet(1, 40000, 0), at(40)), Arrival::Suspicious);
        assert_eq!(rx.arrive(&packet(1, 40001, 160), at(60)), Arrival::Synchronised);
        assert_eq!(rx.arrive(&packet(1, 40002, 320), at(80)), Arrival::Next { missing: 0 });
        assert_eq!((rx.received(), rx.lost()), (4, 0));
    }

    #[test]
    fn a_new_ssrc_begins_a_new_stream_and_the_old_ones_loss_is_kept() {
        let mut rx = Receiver::default();
        rx.arrive(&packet(1, 10, 0), at(0));
        rx.arrive(&packet(1, 13, 480), at(60));
        assert_eq!(rx.arrive(&packet(2, 5000, 77), at(80)), Arrival::Synchronised);
        assert_eq!((rx.received(), rx.lost(), rx.ssrc()), (3, 2, Some(2)));
    }

    #[test]
    fn jitter_is_zero_for_an_even_stream_and_grows_with_unevenness() {
        let mut rx = Receiver::default();
        for i in 0..200u16 {
            rx.arrive(&packet(1, i, u32::from(i) * 160), at(u64::from(i) * 20));
        }
        assert_eq!(rx.jitter_ms(), 0.0);
        for i in 200..400u16 {
            let late = if i % 2 == 0 { 8 } else { 0 };
            rx.arrive(&packet(1, i, u32::from(i) * 160), at(u64::from(i) * 20 + late));
        }
        assert!((rx.jitter_ms() - 8.0).abs() < 0.5, "{}", rx.jitter_ms());
    }

    #[test]
    fn our_timestamps_follow_the_clock_and_never_repeat() {
        let mut tx = Sender::new(1, 65535, u32::MAX - 100);
        let first = tx.timestamp(at(1000));
        assert_eq!(first, u32::MAX - 100);
        tx.sent(65535, first, 160, at(1000));
        assert_eq!(tx.sequence(), 0);
        assert_eq!(
            tx.timestamp(at(1005)),
            first.wrapping_add(40),
            "a prompt that starts 5 ms after the last frame"
        );
        assert_eq!(tx.timestamp(at(1000)), first.wrapping_add(40));
        assert_eq!(tx.timestamp(at(3000)), first.wrapping_add(16000), "two seconds of hold");
    }
}
