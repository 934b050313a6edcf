//! Recording what a peer says: from the beep to silence, a limit, a digit or a stop.
//!
//! ```text
//!   Beeping ──beep sent──▶ Listening ──silence, max, digit, stop, close──▶ (Recorded)
//! ```
//! Samples leave as [`Chunk`]s for the recorder thread. Time is kept by the RTP timestamps: what was lost is silence of
//! the same length, so a recording is as long as the talk was.
use crate::ids::LegId;
use crate::machine::Instant;
use crate::media::codec::{Codec, FRAME_SAMPLES, SAMPLES_PER_MS};
use crate::media::event::{LegEvent, RecordingEnd, RecordingName};
use std::time::Duration;

/// What the recorder thread is told, in order, for each leg. Nearly all are `Audio`, so its size is the ring's unit.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Chunk {
    Begin {
        leg: LegId,
        name: RecordingName,
    },
    /// The same in stereo: left and right samples in turn.
    BeginStereo {
        leg: LegId,
        name: RecordingName,
    },
    Audio {
        leg: LegId,
        samples: [i16; FRAME_SAMPLES],
        count: u16,
    },
    /// So many samples are missing here: lost on the way, or by a full ring. They become silence.
    Gap {
        leg: LegId,
        samples: u32,
    },
    /// With `discard` nothing worth keeping was said, and the file goes.
    End {
        leg: LegId,
        discard: bool,
    },
}

/// Louder than this, a packet has a voice in it: −40 dBm0, as a mean square. Speech lies around −20, the noise of a quiet
/// line around −60.
const VOICE_POWER_MIN: u64 = 26_000;
/// The peer's echo of our beep is not recorded.
const ECHO_OF_BEEP: Duration = Duration::from_millis(60);
/// A gap longer than this is a jump of the peer's timestamps, not loss.
const GAP_SAMPLES_MAX: u32 = 10 * 8000;

#[derive(Debug)]
pub struct Recording {
    name: RecordingName,
    /// The beep is over.
    from: Instant,
    max: Duration,
    silence: Duration,
    voice_at: Option<Instant>,
    /// The timestamp of the sample that comes next.
    timestamp: Option<u32>,
    samples: u64,
    buffer: [i16; FRAME_SAMPLES],
    buffered: usize,
}

impl Recording {
    pub fn begin(
        leg: LegId,
        name: RecordingName,
        beep: Duration,
        (max, silence): (Duration, Duration),
        now: Instant,
        chunks: &mut Vec<Chunk>,
    ) -> Recording {
        chunks.push(Chunk::Begin { leg, name: name.clone() });
        Recording {
            name,
            from: now + beep + ECHO_OF_BEEP,
            max,
            silence,
            voice_at: None,
            timestamp: None,
            samples: 0,
            buffer: [0; FRAME_SAMPLES],
            buffered: 0,
        }
    }

    pub fn hear(
        &mut self,
        leg: LegId,
        codec: Codec,
        timestamp: u32,
        payload: &[u8],
        now: Instant,
        chunks: &mut Vec<Chunk>,
    ) {
        if now < self.from {
            return;
        }
        let ahead = timestamp.wrapping_sub(self.timestamp.unwrap_or(timestamp));
        if ahead > u32::MAX - GAP_SAMPLES_MAX {
            return; // late: its place is silence by now
        }
        if ahead > 0 && ahead <= GAP_SAMPLES_MAX {
            self.flush(leg, chunks);
            self.samples += u64::from(ahead);
            chunks.push(Chunk::Gap { leg, samples: ahead });
        }
        self.timestamp = Some(timestamp.wrapping_add(payload.len() as u32));
        let table = codec.decoded();
        let mut power = 0;
        for byte in payload {
            let sample = table[usize::from(*byte)];
            power += u64::from(sample.unsigned_abs()).pow(2);
            self.buffer[self.buffered] = sample;
            self.buffered += 1;
            if self.buffered == FRAME_SAMPLES {
                self.flush(leg, chunks);
            }
        }
        self.samples += payload.len() as u64;
        if power > VOICE_POWER_MIN * payload.len() as u64 {
            self.voice_at = Some(now);
        }
    }

    /// Why it is over, if it is.
    pub fn due(&self, now: Instant) -> Option<RecordingEnd> {
        if now.since(self.from) >= self.max {
            return Some(RecordingEnd::Max);
        }
        let quiet_since = self.voice_at.unwrap_or(self.from);
        (now.since(quiet_since) >= self.silence).then_some(RecordingEnd::Silence)
    }

    /// Ends it. A recording without a voice in it has failed, whatever ended it, and leaves no file.
    pub fn end(mut self, leg: LegId, why: RecordingEnd, chunks: &mut Vec<Chunk>) -> LegEvent {
        self.flush(leg, chunks);
        let empty = self.voice_at.is_none();
        chunks.push(Chunk::End { leg, discard: empty });
        let why = if empty { RecordingEnd::Failed } else { why };
        let duration = Duration::from_millis(self.samples / SAMPLES_PER_MS);
        LegEvent::Recorded { leg, name: self.name, duration, why }
    }

    fn flush(&mut self, leg: LegId, chunks: &mut Vec<Chunk>) {
        if self.buffered > 0 {
            chunks.push(Chunk::Audio { leg, samples: self.buffer, count: self.buffered as u16 });
            self.buffered = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone;

    const LEG: LegId = LegId(2);

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn recording(chunks: &mut Vec<Chunk>) -> Recording {
        let limits = (Duration::from_secs(10), Duration::from_secs(2));
        Recording::begin(LEG, "2026-11/x-1".into(), Duration::from_millis(200), limits, at(0), chunks)
    }

    fn samples(chunks: &[Chunk]) -> u64 {
        chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Audio { count, .. } => u64::from(*count),
                Chunk::Gap { samples, .. } => u64::from(*samples),
                _ => 0,
            })
            .sum()
    }

    #[test]
    fn silence_after_a_voice_ends_it_and_lost_packets_keep_their_time() {
        let mut chunks = Vec::new();
        let mut recording = recording(&mut chunks);
        let voice = Codec::Pcma.encode_all(&tone::sine(500.0, -20.0, Duration::from_millis(20)));
        for i in 0..100u32 {
            if i % 10 != 3 {
                recording.hear(LEG, Codec::Pcma, i * 160, &voice, at(260 + u64::from(i) * 20), &mut chunks);
            }
        }
        let last = 260 + 99 * 20;
        assert_eq!(recording.due(at(last + 1999)), None);
        assert_eq!(recording.due(at(last + 2000)), Some(RecordingEnd::Silence));
        let event = recording.end(LEG, RecordingEnd::Silence, &mut chunks);
        assert!(
            matches!(event, LegEvent::Recorded { duration, why: RecordingEnd::Silence, .. } if duration == Duration::from_secs(2))
        );
        assert_eq!(samples(&chunks), 16000);
        assert!(matches!(chunks.first(), Some(Chunk::Begin { .. })));
        assert!(matches!(chunks.last(), Some(Chunk::End { discard: false, .. })));
    }

    #[test]
    fn whoever_says_nothing_leaves_no_file() {
        let mut chunks = Vec::new();
        let mut recording = recording(&mut chunks);
        let quiet = [Codec::Pcmu.silence(); 160];
        recording.hear(LEG, Codec::Pcmu, 0, &quiet, at(100), &mut chunks);
        assert_eq!(samples(&chunks), 0, "the echo of the beep is not recorded");
        recording.hear(LEG, Codec::Pcmu, 1600, &quiet, at(300), &mut chunks);
        assert_eq!(recording.due(at(2260)), Some(RecordingEnd::Silence));
        let event = recording.end(LEG, RecordingEnd::Silence, &mut chunks);
        assert!(matches!(event, LegEvent::Recorded { why: RecordingEnd::Failed, .. }));
        assert!(matches!(chunks.last(), Some(Chunk::End { discard: true, .. })));
    }

    #[test]
    fn a_talker_without_end_is_stopped_at_the_limit() {
        let mut chunks = Vec::new();
        let mut recording = recording(&mut chunks);
        let voice = Codec::Pcma.encode_all(&tone::sine(500.0, -20.0, Duration::from_millis(20)));
        recording.hear(LEG, Codec::Pcma, 0, &voice, at(10_250), &mut chunks);
        assert_eq!(recording.due(at(10_259)), None);
        assert_eq!(recording.due(at(10_260)), Some(RecordingEnd::Max));
    }
}
