//! What a robot says, one packet every 20 ms: silence, a tone or a clip, and between it the keys that it presses.
//!
//! ```text
//!            press                      last end packet sent / tone over        pause over
//!   Talking ────────▶ Event | Tones ────────────────────────────▶ Pause ───────────────────▶ Talking
//! ```
//! Filling a packet allocates nothing.
use crate::digit::Digit;
use crate::media::codec::{Codec, FRAME_SAMPLES, SAMPLE_RATE};
use crate::media::dtmf::telephone_event;
use crate::media::packet::{HEADER_BYTES, Packet};
use crate::media::tone;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub const PACKET_EVERY: Duration = Duration::from_millis(20);
/// A header and 20 ms of G.711.
pub const PACKET_BYTES_MAX: usize = HEADER_BYTES + FRAME_SAMPLES;
/// Keys waiting to be pressed; more are refused.
pub const KEYS_WAITING_MAX: usize = 64;
/// How long a key is held when nobody says otherwise: ITU-T Q.24 asks receivers to accept 40 ms, phones send 70–160.
pub const KEY_LENGTH: Duration = Duration::from_millis(100);
/// The pause after a key (Q.24 asks for at least 40 ms).
const PAUSE_FRAMES: u32 = 3;
/// RFC 4733 §2.5.1.4: the last packet of an event is sent three times.
const END_PACKETS: u32 = 3;
/// RFC 4733 §2.3.5: a longer press would need a second segment.
const EVENT_DURATION_MAX: u16 = u16::MAX;

/// Encoded audio of one codec, said over and over.
pub type Clip = Arc<[u8]>;

#[derive(Clone, Debug, PartialEq)]
pub enum Sound {
    /// No packets at all, as a phone on hold or one that suppresses silence.
    Nothing,
    Silence,
    /// A sine of so many hertz at −10 dBm0.
    Tone(u32),
    /// 8 kHz samples, over and over.
    Samples(Arc<[i16]>),
}

/// The level of [`Sound::Tone`].
pub const TONE_DBM0: f64 = -10.0;

impl Sound {
    /// The sound in the bytes of a codec; `None` for nothing.
    pub fn clip(&self, codec: Codec) -> Option<Clip> {
        match self {
            Sound::Nothing => None,
            Sound::Silence => Some(vec![codec.silence(); FRAME_SAMPLES].into()),
            // One second holds whole periods of every whole frequency: the loop has no seam.
            Sound::Tone(hertz) => {
                let second = tone::sine(f64::from(*hertz), TONE_DBM0, Duration::from_secs(1));
                Some(codec.encode_all(&second).into())
            }
            Sound::Samples(samples) if samples.is_empty() => None,
            Sound::Samples(samples) => Some(codec.encode_all(samples).into()),
        }
    }
}

/// How a key press is told to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Rfc4733,
    Inband,
}

#[derive(Clone, Copy, Debug)]
pub struct Press {
    pub digit: Digit,
    pub method: Method,
    pub length: Duration,
}

#[derive(Clone, Debug)]
enum State {
    Talking,
    Event { digit: Digit, timestamp: u32, duration: u16, last: u16, ends: u32 },
    Tones { tones: tone::Generator, frames: u32 },
    Pause { frames: u32 },
}

/// One packet, and the key whose first packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    pub bytes: usize,
    pub began: Option<Digit>,
}

#[derive(Clone, Debug)]
pub struct Mouth {
    codec: Codec,
    events: Option<u8>,
    /// The next audio packet, without its payload.
    header: Packet<'static>,
    clip: Option<Clip>,
    at: usize,
    state: State,
    keys: VecDeque<Press>,
    /// The next audio packet begins a talk spurt.
    marker: bool,
    sent: u64,
}

impl Mouth {
    /// `seed` becomes the SSRC, the first sequence number and the first timestamp.
    pub fn new(codec: Codec, events: Option<u8>, clip: Option<Clip>, seed: u64) -> Mouth {
        let header = Packet {
            marker: false,
            payload_type: codec.payload_type(),
            sequence: (seed >> 32) as u16,
            timestamp: (seed >> 16) as u32,
            ssrc: seed as u32,
            payload: &[],
        };
        Mouth {
            codec,
            events,
            header,
            clip,
            at: 0,
            state: State::Talking,
            keys: VecDeque::with_capacity(KEYS_WAITING_MAX),
            marker: true,
            sent: 0,
        }
    }

    /// The session was agreed anew. Sequence numbers and timestamps go on.
    pub fn agree(&mut self, codec: Codec, events: Option<u8>, clip: Option<Clip>) {
        (self.codec, self.events, self.clip, self.at) = (codec, events, clip, 0);
    }

    pub fn say(&mut self, clip: Option<Clip>) {
        self.marker |= self.clip.is_none();
        (self.clip, self.at) = (clip, 0);
    }

    /// False when too many keys are waiting, or the peer does not understand telephone events.
    pub fn press(&mut self, press: Press) -> bool {
        let understood = press.method == Method::Inband || self.events.is_some();
        let room = self.keys.len() < KEYS_WAITING_MAX;
        if understood && room {
            self.keys.push_back(press);
        }
        understood && room
    }

    /// Nothing is being pressed and no key is waiting.
    pub fn at_rest(&self) -> bool {
        self.keys.is_empty() && matches!(self.state, State::Talking | State::Pause { .. })
    }

    pub fn sent(&self) -> u64 {
        self.sent
    }

    pub fn ssrc(&self) -> u32 {
        self.header.ssrc
    }

    /// The packet of these 20 ms. `None` when there is none to send; the time passes all the same.
    pub fn fill(&mut self, packet: &mut [u8; PACKET_BYTES_MAX]) -> Option<Filled> {
        let mut began = None;
        if let State::Talking = self.state
            && let Some(press) = self.keys.pop_front()
        {
            began = Some(press.digit);
            self.state = self.begin(press);
        }
        let (head, payload) = packet.split_first_chunk_mut::<HEADER_BYTES>()?;
        let codec = self.codec.payload_type();
        let mut header = Packet { payload_type: codec, ..self.header };
        let payload_bytes = match &mut self.state {
            State::Event { digit, timestamp, duration, last, ends } => {
                *duration = duration.saturating_add(FRAME_SAMPLES as u16).min(*last);
                let end = *duration == *last;
                *ends += u32::from(end);
                let event = telephone_event::Payload { event: digit.event(), end, duration: *duration };
                payload.first_chunk_mut::<4>()?.copy_from_slice(&event.to_bytes());
                header.payload_type = self.events.unwrap_or(0);
                header.timestamp = *timestamp;
                header.marker = began.is_some();
                Some(4)
            }
            State::Tones { tones, frames } => {
                for byte in payload.iter_mut() {
                    *byte = self.codec.encode(tones.sample());
                }
                *frames = frames.saturating_sub(1);
                Some(FRAME_SAMPLES)
            }
            State::Pause { frames } => {
                *frames = frames.saturating_sub(1);
                self.clip.is_some().then(|| {
                    payload.fill(self.codec.silence());
                    FRAME_SAMPLES
                })
            }
            State::Talking => self.clip.as_ref().map(|clip| {
                self.at = copy_round(clip, self.at, payload);
                FRAME_SAMPLES
            }),
        };
        self.next_state();
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        let Some(payload_bytes) = payload_bytes else {
            self.marker = true;
            return None;
        };
        if header.payload_type == codec {
            header.marker = std::mem::take(&mut self.marker);
        }
        head.copy_from_slice(&header.header());
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.sent += 1;
        Some(Filled { bytes: HEADER_BYTES + payload_bytes, began })
    }

    fn begin(&self, press: Press) -> State {
        match press.method {
            Method::Rfc4733 => {
                let samples = press.length.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000;
                let last = u16::try_from(samples).unwrap_or(EVENT_DURATION_MAX).max(FRAME_SAMPLES as u16);
                let timestamp = self.header.timestamp;
                State::Event { digit: press.digit, timestamp, duration: 0, last, ends: 0 }
            }
            Method::Inband => {
                let frames = press.length.as_millis().div_ceil(PACKET_EVERY.as_millis()).max(1);
                State::Tones {
                    tones: tone::Generator::key(press.digit, tone::KEY_LEVEL_DBM0),
                    frames: u32::try_from(frames).unwrap_or(u32::MAX),
                }
            }
        }
    }

    fn next_state(&mut self) {
        match self.state {
            State::Event { ends: END_PACKETS, .. } | State::Tones { frames: 0, .. } => {
                self.state = State::Pause { frames: PAUSE_FRAMES };
            }
            State::Pause { frames: 0 } => self.state = State::Talking,
            _ => {}
        }
    }
}

/// Copies from a clip without end, from `at` on; where the next copy begins.
fn copy_round(clip: &[u8], at: usize, into: &mut [u8]) -> usize {
    let mut source = clip.iter().cycle().skip(at % clip.len().max(1));
    for byte in into.iter_mut() {
        let Some(next) = source.next() else { return 0 };
        *byte = *next;
    }
    (at + into.len()) % clip.len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mouth(sound: Sound) -> Mouth {
        Mouth::new(Codec::Pcma, Some(101), sound.clip(Codec::Pcma), 0x0001_fff0_0000_0007)
    }

    fn packets(mouth: &mut Mouth, count: usize) -> Vec<(Packet<'static>, Vec<u8>)> {
        let mut packet = [0; PACKET_BYTES_MAX];
        let mut sent = Vec::new();
        for _ in 0..count {
            if let Some(filled) = mouth.fill(&mut packet) {
                let read = Packet::parse(&packet[..filled.bytes]).unwrap();
                sent.push((Packet { payload: &[], ..read }, read.payload.to_vec()));
            }
        }
        sent
    }

    #[test]
    fn a_key_is_one_event_with_three_ends_and_one_timestamp() {
        let mut mouth = mouth(Sound::Silence);
        packets(&mut mouth, 1);
        let digit = Digit::from_char('5').unwrap();
        assert!(mouth.press(Press { digit, method: Method::Rfc4733, length: KEY_LENGTH }));
        let sent = packets(&mut mouth, 12);
        let events: Vec<_> = sent.iter().filter(|(header, _)| header.payload_type == 101).collect();
        let read = |payload: &[u8]| telephone_event::Payload::parse(payload).unwrap();
        let durations: Vec<_> = events.iter().map(|(_, payload)| read(payload).duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        let ends: Vec<_> = events.iter().map(|(_, payload)| read(payload).end).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        assert!(events.iter().all(|(header, _)| header.timestamp == events[0].0.timestamp));
        assert!(events[0].0.marker && !events[1].0.marker);
        assert!(mouth.at_rest());
        // sequence numbers go on, and so does the clock of the audio after the key
        let sequences: Vec<_> = sent.iter().map(|(header, _)| header.sequence).collect();
        assert!(sequences.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
        assert_eq!(sent[7].0.timestamp.wrapping_sub(events[0].0.timestamp), 7 * 160);
        assert_eq!(sent[7].0.payload_type, 8);
    }

    #[test]
    fn tones_of_a_key_are_in_the_voice() {
        let mut mouth = mouth(Sound::Nothing);
        let digit = Digit::from_char('1').unwrap();
        assert!(mouth.press(Press { digit, method: Method::Inband, length: Duration::from_millis(60) }));
        let sent = packets(&mut mouth, 10);
        assert_eq!(sent.len(), 3);
        let samples: Vec<i16> =
            sent.iter().flat_map(|(_, payload)| Codec::Pcma.decode_all(payload)).collect();
        for frequency in [697.0, 1209.0] {
            assert!((tone::level_dbm0(&samples, frequency) - tone::KEY_LEVEL_DBM0).abs() < 1.0);
        }
    }

    #[test]
    fn silence_suppressed_is_followed_by_a_marker_and_a_jump_in_time() {
        let mut mouth = mouth(Sound::Silence);
        let before = packets(&mut mouth, 2);
        assert!(before[0].0.marker && !before[1].0.marker);
        mouth.say(Sound::Nothing.clip(Codec::Pcma));
        assert!(packets(&mut mouth, 10).is_empty());
        mouth.say(Sound::Tone(440).clip(Codec::Pcma));
        let after = packets(&mut mouth, 1);
        assert!(after[0].0.marker);
        assert_eq!(after[0].0.sequence, before[1].0.sequence.wrapping_add(1));
        assert_eq!(after[0].0.timestamp.wrapping_sub(before[1].0.timestamp), 11 * 160);
    }

    #[test]
    fn a_tone_loops_without_a_seam() {
        let clip = Sound::Tone(441).clip(Codec::Pcma).unwrap();
        let mut mouth = Mouth::new(Codec::Pcma, None, Some(clip), 1);
        let sent = packets(&mut mouth, 100);
        let samples: Vec<i16> =
            sent.iter().flat_map(|(_, payload)| Codec::Pcma.decode_all(payload)).collect();
        assert_eq!(samples[..8000], samples[8000..]);
        assert!((tone::level_dbm0(&samples, 441.0) - TONE_DBM0).abs() < 0.2);
    }

    #[test]
    fn keys_are_refused_when_the_peer_has_no_events_or_too_many_wait() {
        let press = Press { digit: Digit::HASH, method: Method::Rfc4733, length: KEY_LENGTH };
        assert!(!Mouth::new(Codec::Pcma, None, None, 1).press(press));
        let mut mouth = mouth(Sound::Silence);
        assert_eq!((0..100).filter(|_| mouth.press(press)).count(), KEYS_WAITING_MAX);
    }
}
