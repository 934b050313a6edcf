//! The ear of one call: what its stream was like, the last seconds of sound for measuring tones, and a recording.
use super::histogram::{Histogram, Quantiles};
use super::stream::{Counts, Heard, Stream};
use crate::machine::Instant;
use crate::media::codec::{Codec, SAMPLE_RATE};
use crate::media::packet::{Packet, is_rtcp};
use crate::media::tone;
use crate::media::wav::{WavError, Writer};
use serde::Serialize;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

/// Sound older than this is forgotten (but not by the recording).
pub const MEMORY: Duration = Duration::from_secs(3);
/// A frame may be as short as 1 ms; more frames than this in [`MEMORY`] are forgotten earlier.
const FRAMES_MAX: usize = 3000;
/// A longer pause in the peer's clock is recorded as this one.
const PAUSE_RECORDED_MAX: Duration = Duration::from_secs(30);

/// What was heard on a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub counts: Counts,
    pub jitter_ms: f64,
    /// Between packets within a talk spurt.
    pub gap: Quantiles,
    #[serde(skip)]
    pub first_packet: Option<Instant>,
    #[serde(skip)]
    pub first_audible: Option<Instant>,
    #[serde(skip)]
    pub last_packet: Option<Instant>,
}

#[derive(Debug)]
pub struct Ear {
    stream: Stream,
    gaps: Histogram,
    frames: VecDeque<(Instant, Vec<i16>)>,
    recording: Option<Recording>,
}

impl Ear {
    pub fn new(codec: Codec, events: Option<u8>) -> Ear {
        Ear {
            stream: Stream::new(codec, events),
            gaps: Histogram::default(),
            frames: VecDeque::new(),
            recording: None,
        }
    }

    /// The session was agreed anew.
    pub fn agree(&mut self, codec: Codec, events: Option<u8>) {
        self.stream.agree(codec, events);
    }

    /// `None` when the datagram is not RTP.
    pub fn receive(&mut self, datagram: &[u8], now: Instant) -> Option<Heard> {
        let packet = Packet::parse(datagram).filter(|_| !is_rtcp(datagram))?;
        let heard = self.stream.receive(&packet, now);
        if let Heard::Audio { gap, .. } = heard {
            if let Some(gap) = gap {
                self.gaps.record(gap);
            }
            let samples = self.stream.codec().decode_all(packet.payload);
            if let Some(recording) = &mut self.recording {
                recording.add(packet.timestamp, &samples);
            }
            self.frames.push_back((now, samples));
            while let Some((at, _)) = self.frames.front() {
                if now.since(*at) <= MEMORY && self.frames.len() <= FRAMES_MAX {
                    break;
                }
                self.frames.pop_front();
            }
        }
        Some(heard)
    }

    pub fn report(&self) -> Report {
        Report {
            counts: self.stream.counts(),
            jitter_ms: self.stream.jitter_ms(),
            gap: self.gaps.quantiles(),
            first_packet: self.stream.first_packet(),
            first_audible: self.stream.first_audible(),
            last_packet: self.stream.last_packet(),
        }
    }

    /// What was heard in the last `window` before `now`.
    pub fn samples(&self, window: Duration, now: Instant) -> Vec<i16> {
        let recent = self.frames.iter().filter(|(at, _)| now.since(*at) < window);
        recent.flat_map(|(_, samples)| samples.iter().copied()).collect()
    }

    /// The level of one frequency in the last `window`, in dBm0; −∞ when nothing was heard.
    pub fn tone_dbm0(&self, hertz: f64, window: Duration, now: Instant) -> f64 {
        tone::level_dbm0(&self.samples(window, now), hertz)
    }

    /// The level of everything in the last `window`, in dBm0; −∞ when nothing was heard.
    pub fn level_dbm0(&self, window: Duration, now: Instant) -> f64 {
        tone::power_dbm0(&self.samples(window, now))
    }

    /// Writes what is heard from now on to a WAV file.
    pub fn record(&mut self, path: &Path) -> Result<(), WavError> {
        self.recording = Some(Recording { writer: Writer::create(path)?, next: None, failed: None });
        Ok(())
    }

    /// Ends the recording; its first fault, if it had one.
    pub fn stop_recording(&mut self) -> Result<(), WavError> {
        match self.recording.take() {
            None => Ok(()),
            Some(Recording { failed: Some(fault), .. }) => Err(fault),
            Some(recording) => recording.writer.finish(),
        }
    }
}

struct Recording {
    writer: Writer,
    /// The timestamp that follows what is written.
    next: Option<u32>,
    failed: Option<WavError>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({})", self.writer.path().display())
    }
}

impl Recording {
    fn add(&mut self, timestamp: u32, samples: &[i16]) {
        if self.failed.is_some() {
            return;
        }
        let pause = self.next.map_or(0, |next| timestamp.wrapping_sub(next));
        let pause_max = PAUSE_RECORDED_MAX.as_secs() as u32 * SAMPLE_RATE;
        // A step back, or a new clock: no pause can be told from it.
        let pause = if pause > i32::MAX as u32 { 0 } else { pause.min(pause_max) };
        let written = self.writer.write(&vec![0; pause as usize]).and_then(|()| self.writer.write(samples));
        self.failed = written.err();
        self.next = Some(timestamp.wrapping_add(samples.len() as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::super::mouth::{Mouth, PACKET_BYTES_MAX, Sound};
    use super::*;
    use crate::media::wav::load_8k_mono;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn a_tone_is_heard_while_it_sounds_and_not_afterwards() {
        let clip = Sound::Tone(440).clip(Codec::Pcmu);
        let mut mouth = Mouth::new(Codec::Pcmu, None, clip, 1);
        let mut ear = Ear::new(Codec::Pcmu, None);
        let mut packet = [0; PACKET_BYTES_MAX];
        for n in 0..100 {
            let filled = mouth.fill(&mut packet).unwrap();
            ear.receive(&packet[..filled.bytes], at(n * 20));
        }
        let window = Duration::from_millis(500);
        assert!((ear.tone_dbm0(440.0, window, at(1990)) + 10.0).abs() < 0.3);
        assert!(ear.tone_dbm0(880.0, window, at(1990)) < -40.0);
        assert_eq!(ear.tone_dbm0(440.0, window, at(3000)), f64::NEG_INFINITY);
        assert_eq!(ear.report().counts.received, 100);
        assert_eq!(ear.report().gap.count, 99);
        assert_eq!(ear.receive(b"no RTP", at(2000)), None);
    }

    #[test]
    fn a_pause_of_the_peer_is_a_pause_in_the_recording() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        let mut ear = Ear::new(Codec::Pcma, None);
        ear.record(&path).unwrap();
        let mut mouth = Mouth::new(Codec::Pcma, None, Sound::Tone(440).clip(Codec::Pcma), 1);
        let mut packet = [0; PACKET_BYTES_MAX];
        for n in 0..10 {
            if n == 4 {
                mouth.say(None);
            } else if n == 6 {
                mouth.say(Sound::Tone(440).clip(Codec::Pcma));
            }
            if let Some(filled) = mouth.fill(&mut packet) {
                ear.receive(&packet[..filled.bytes], at(n * 20));
            }
        }
        ear.stop_recording().unwrap();
        let samples = load_8k_mono(&path).unwrap();
        assert_eq!(samples.len(), 1600);
        assert!(samples[640..960].iter().all(|sample| *sample == 0));
    }
}
