//! What is learnt from the RTP packets of a peer, packet by packet (RFC 3550 §6.4.1, A.3, A.8): losses, gaps, talk
//! spurts and keys. Fixed in size and free of allocation: the load generator has hundreds of them on one thread.
//!
//! A talk spurt begins with the marker bit, or where the timestamp does not follow the sequence number. The pause
//! before it is no gap; a gap is the time between two packets that the sender made one after the other.
use crate::digit::Digit;
use crate::machine::Instant;
use crate::media::codec::Codec;
use crate::media::dtmf::telephone_event;
use crate::media::packet::Packet;
use std::time::Duration;

/// RFC 3550 A.1 (MAX_DROPOUT): a larger step forward is a sender that started anew.
const DROPOUT_MAX: i32 = 3000;
/// RFC 3550 A.1 (MAX_MISORDER): an older packet is of a sender that started anew.
const MISORDER_MAX: i32 = 100;
/// The mean magnitude of a 16-bit sample above which a packet is audible: about −50 dBm0.
const AUDIBLE: u32 = 64;

/// What one packet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Audio {
        /// The first packet of a talk spurt.
        spurt: bool,
        audible: bool,
        /// Packets missing directly before this one.
        missing: u32,
        /// Since the packet before, within a talk spurt.
        gap: Option<Duration>,
    },
    /// The first packet of a key press.
    Key(Digit),
    /// A further packet of a key press that was told, a late or doubled packet, a payload type not agreed.
    Nothing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub received: u64,
    /// By sequence numbers, from the first to the highest received.
    pub expected: u64,
    /// Expected and never received, as far as is known by now.
    pub lost: u64,
    pub late: u64,
    pub doubled: u64,
    /// Packets with a payload type that was not agreed.
    pub foreign: u64,
    pub spurts: u64,
    /// New SSRC, or a sequence number far from the last.
    pub restarts: u64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    ssrc: u32,
    /// The highest sequence number.
    sequence: u16,
    timestamp: u32,
    samples: u32,
    at: Instant,
    /// The last packet was a key press: what follows is neither a spurt nor a gap.
    after_key: bool,
    /// Which of the 64 sequence numbers up to the highest were received, the highest in bit 0.
    window: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Stream {
    codec: Codec,
    events: Option<u8>,
    last: Option<Last>,
    key: Option<u32>,
    counts: Counts,
    jitter: f64,
    first_packet: Option<Instant>,
    first_audible: Option<Instant>,
}

impl Stream {
    pub fn new(codec: Codec, events: Option<u8>) -> Stream {
        Stream {
            codec,
            events,
            last: None,
            key: None,
            counts: Counts::default(),
            jitter: 0.0,
            first_packet: None,
            first_audible: None,
        }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The session was agreed anew; what was counted stays.
    pub fn agree(&mut self, codec: Codec, events: Option<u8>) {
        (self.codec, self.events) = (codec, events);
    }

    pub fn counts(&self) -> Counts {
        let counts = self.counts;
        Counts { lost: counts.expected.saturating_sub(counts.received - counts.doubled), ..counts }
    }

    /// RFC 3550 A.8, in milliseconds.
    pub fn jitter_ms(&self) -> f64 {
        self.jitter / 8.0
    }

    pub fn first_packet(&self) -> Option<Instant> {
        self.first_packet
    }

    pub fn first_audible(&self) -> Option<Instant> {
        self.first_audible
    }

    pub fn last_packet(&self) -> Option<Instant> {
        self.last.map(|last| last.at)
    }

    pub fn receive(&mut self, packet: &Packet<'_>, now: Instant) -> Heard {
        self.counts.received += 1;
        self.first_packet.get_or_insert(now);
        let step = self.last.map_or(0, |last| i32::from(packet.sequence.wrapping_sub(last.sequence) as i16));
        let restarted = self
            .last
            .is_some_and(|last| last.ssrc != packet.ssrc || !(-MISORDER_MAX..=DROPOUT_MAX).contains(&step));
        if restarted {
            self.counts.restarts += 1;
            self.last = None;
        }
        let step = match &mut self.last {
            None => 1,
            Some(last) if step <= 0 => {
                let bit = 1u64.checked_shl(step.unsigned_abs()).unwrap_or(0);
                if last.window & bit != 0 {
                    self.counts.doubled += 1;
                } else {
                    self.counts.late += 1;
                    last.window |= bit;
                }
                return Heard::Nothing;
            }
            Some(_) => step.unsigned_abs(),
        };
        self.counts.expected += u64::from(step);
        if self.events == Some(packet.payload_type) {
            self.keep(packet, 0, step, true, now);
            return self.key(packet);
        }
        if packet.payload_type != self.codec.payload_type() {
            self.counts.foreign += 1;
            self.keep(packet, 0, step, true, now);
            return Heard::Nothing;
        }
        let samples = u32::try_from(packet.payload.len()).unwrap_or(0);
        let heard = self.audio(packet, step, now);
        self.keep(packet, samples, step, false, now);
        heard
    }

    fn audio(&mut self, packet: &Packet<'_>, step: u32, now: Instant) -> Heard {
        let (mut spurt, mut gap) = (true, None);
        if let Some(last) = self.last {
            let elapsed = packet.timestamp.wrapping_sub(last.timestamp);
            let follows = elapsed == last.samples.wrapping_mul(step);
            spurt = packet.marker || !(follows || last.after_key);
            if !spurt && !last.after_key {
                let passed = now.since(last.at);
                gap = Some(passed);
                let transit = passed.as_secs_f64() * 8000.0 - f64::from(elapsed);
                self.jitter += (transit.abs() - self.jitter) / 16.0;
            }
        }
        self.counts.spurts += u64::from(spurt);
        let audible = is_audible(self.codec, packet.payload);
        if audible {
            self.first_audible.get_or_insert(now);
        }
        Heard::Audio { spurt, audible, missing: step - 1, gap }
    }

    fn key(&mut self, packet: &Packet<'_>) -> Heard {
        let Some(event) = telephone_event::Payload::parse(packet.payload) else { return Heard::Nothing };
        // All packets of one press have the timestamp of its beginning (RFC 4733 §2.5.1.2).
        if self.key.replace(packet.timestamp) == Some(packet.timestamp) {
            return Heard::Nothing;
        }
        Digit::from_event(event.event).map_or(Heard::Nothing, Heard::Key)
    }

    fn keep(&mut self, packet: &Packet<'_>, samples: u32, step: u32, after_key: bool, now: Instant) {
        let Packet { ssrc, sequence, timestamp, .. } = *packet;
        let window = self.last.map_or(0, |last| last.window).checked_shl(step).unwrap_or(0) | 1;
        self.last = Some(Last { ssrc, sequence, timestamp, samples, at: now, after_key, window });
    }
}

/// Whether a packet holds more than silence and the noise of a line.
fn is_audible(codec: Codec, payload: &[u8]) -> bool {
    let table = codec.decoded();
    let sum: u32 = payload.iter().map(|byte| u32::from(table[usize::from(*byte)].unsigned_abs())).sum();
    sum > AUDIBLE * u32::try_from(payload.len()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 160] = [0x20; 160];

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn packet(sequence: u16, timestamp: u32, marker: bool) -> Packet<'static> {
        Packet { marker, payload_type: 8, sequence, timestamp, ssrc: 1, payload: &FRAME }
    }

    fn audio(heard: Heard) -> (bool, u32, Option<Duration>) {
        match heard {
            Heard::Audio { spurt, missing, gap, .. } => (spurt, missing, gap),
            other => panic!("expected audio, got {other:?}"),
        }
    }

    #[test]
    fn a_lost_packet_is_counted_and_its_gap_measured() {
        let mut stream = Stream::new(Codec::Pcma, None);
        assert_eq!(audio(stream.receive(&packet(65535, 0, true), at(0))), (true, 0, None));
        let gap = Some(Duration::from_millis(40));
        assert_eq!(audio(stream.receive(&packet(1, 320, false), at(40))), (false, 1, gap));
        let counts = stream.counts();
        assert_eq!((counts.received, counts.expected, counts.lost), (2, 3, 1));
    }

    #[test]
    fn a_late_packet_is_not_lost_and_a_doubled_one_not_counted_twice() {
        let mut stream = Stream::new(Codec::Pcma, None);
        for sequence in [10u16, 12, 11, 11, 13] {
            stream.receive(&packet(sequence, u32::from(sequence) * 160, false), at(0));
        }
        let counts = stream.counts();
        assert_eq!((counts.expected, counts.lost, counts.late, counts.doubled), (4, 0, 1, 1));
    }

    #[test]
    fn a_pause_between_talk_spurts_is_no_gap() {
        let mut stream = Stream::new(Codec::Pcma, None);
        stream.receive(&packet(1, 0, true), at(0));
        assert_eq!(audio(stream.receive(&packet(2, 8000, true), at(1000))), (true, 0, None));
        // without a marker, by its timestamp: the frame of a prompt that began 8 ms after the last one
        assert_eq!(audio(stream.receive(&packet(3, 8064, false), at(1008))), (true, 0, None));
        assert_eq!(stream.counts().spurts, 3);
    }

    #[test]
    fn a_key_press_is_told_once() {
        let mut stream = Stream::new(Codec::Pcma, Some(101));
        let event = telephone_event::Payload { event: 5, end: false, duration: 160 }.to_bytes();
        let digit = Digit::from_char('5').unwrap();
        stream.receive(&packet(1, 0, true), at(0));
        let key = |sequence| Packet { payload_type: 101, payload: &event, ..packet(sequence, 160, false) };
        assert_eq!(stream.receive(&key(2), at(20)), Heard::Key(digit));
        assert_eq!(stream.receive(&key(3), at(40)), Heard::Nothing);
        let (spurt, ..) = audio(stream.receive(&packet(4, 480, false), at(60)));
        assert!(!spurt, "audio goes on after a key");
        let again = Packet { timestamp: 640, ..key(5) };
        assert_eq!(stream.receive(&again, at(80)), Heard::Key(digit));
    }

    #[test]
    fn a_new_source_starts_the_count_anew() {
        let mut stream = Stream::new(Codec::Pcma, None);
        stream.receive(&packet(1, 0, true), at(0));
        let other = Packet { ssrc: 2, ..packet(40_000, 99, false) };
        assert_eq!(audio(stream.receive(&other, at(20))), (true, 0, None));
        let counts = stream.counts();
        assert_eq!((counts.expected, counts.lost, counts.restarts), (2, 0, 1));
    }

    #[test]
    fn silence_is_not_audible() {
        for codec in Codec::ALL {
            assert!(!is_audible(codec, &[codec.silence(); 160]));
            assert!(is_audible(codec, &[codec.encode(1000); 160]));
            assert!(!is_audible(codec, &[]));
        }
    }
}
