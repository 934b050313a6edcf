//! The recording of a talk: two tracks side by side, a frame of both each 20 ms, as one stereo stream.
//!
//! Samples leave as the [`Chunk`]s of any recording, left and right in turn. A pause leaves out what is said meanwhile.
use crate::ids::LegId;
use crate::machine::Instant;
use crate::media::codec::{Codec, FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS};
use crate::media::event::{LegEvent, RecordingName};
use crate::media::record::Chunk;
use crate::media::track::Track;
use std::time::Duration;

const FRAME: Duration = Duration::from_millis(FRAME_MS);
/// A stall of the shard longer than this is left out of the recording.
const CATCH_UP_MAX: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

#[derive(Debug)]
pub struct Talk {
    name: RecordingName,
    tracks: [Track; 2],
    next_frame: Instant,
    paused: bool,
    frames: u64,
}

impl Talk {
    pub fn begin(leg: LegId, name: RecordingName, now: Instant, chunks: &mut Vec<Chunk>) -> Talk {
        chunks.push(Chunk::BeginStereo { leg, name: name.clone() });
        Talk { name, tracks: Default::default(), next_frame: now + FRAME, paused: false, frames: 0 }
    }

    pub fn put(&mut self, side: Side, codec: Codec, timestamp: u32, payload: &[u8]) {
        if !self.paused {
            self.tracks[side as usize].put(codec, timestamp, payload);
        }
    }

    /// Words that were on their way when the pause began are left out, too.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.tracks.iter_mut().for_each(Track::clear);
    }

    pub fn tick(&mut self, leg: LegId, now: Instant, chunks: &mut Vec<Chunk>) {
        if now.since(self.next_frame) > CATCH_UP_MAX {
            self.next_frame = now;
        }
        while self.next_frame <= now {
            self.next_frame += FRAME;
            if !self.paused {
                self.frame(leg, chunks);
            }
        }
    }

    fn frame(&mut self, leg: LegId, chunks: &mut Vec<Chunk>) {
        let mut sides = [[0; FRAME_SAMPLES]; 2];
        for (track, side) in self.tracks.iter_mut().zip(&mut sides) {
            track.take(side);
        }
        self.frames += 1;
        const HALF: usize = FRAME_SAMPLES / 2;
        for half in 0..2 {
            let mut samples = [0; FRAME_SAMPLES];
            for n in 0..HALF {
                samples[2 * n] = sides[0][half * HALF + n];
                samples[2 * n + 1] = sides[1][half * HALF + n];
            }
            chunks.push(Chunk::Audio { leg, samples, count: FRAME_SAMPLES as u16 });
        }
    }

    pub fn end(self, leg: LegId, chunks: &mut Vec<Chunk>) -> LegEvent {
        chunks.push(Chunk::End { leg, discard: self.frames == 0 });
        let duration = Duration::from_millis(self.frames * FRAME_SAMPLES as u64 / SAMPLES_PER_MS);
        LegEvent::TalkRecorded { leg, name: self.name, duration }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(2);

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    /// A second of a talk: the caller says 1000, the operator 2000.
    fn speak(talk: &mut Talk, from_ms: u64, chunks: &mut Vec<Chunk>) {
        for n in 0..50 {
            let timestamp = ((from_ms / 20 + n) * 160) as u32;
            for (side, value) in [(Side::Left, 1000), (Side::Right, 2000)] {
                talk.put(side, Codec::Pcma, timestamp, &[Codec::Pcma.encode(value); 160]);
            }
            talk.tick(LEG, at(from_ms + n * 20 + 5), chunks);
        }
    }

    fn samples(chunks: &[Chunk]) -> Vec<i16> {
        let audio = chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Audio { samples, count, .. } => Some(&samples[..usize::from(*count)]),
            _ => None,
        });
        audio.flatten().copied().collect()
    }

    #[test]
    fn the_caller_is_left_and_the_operator_right() {
        let mut chunks = Vec::new();
        let mut talk = Talk::begin(LEG, "2026-11/x-1".into(), at(0), &mut chunks);
        speak(&mut talk, 20, &mut chunks);
        let (left, right): (Vec<i16>, Vec<i16>) =
            samples(&chunks).chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        assert!(left.iter().all(|sample| *sample == 0 || (900..1100).contains(sample)));
        assert!(right.iter().all(|sample| *sample == 0 || (1900..2100).contains(sample)));
        assert!(left.iter().filter(|sample| **sample != 0).count() > 45 * 160);
        let LegEvent::TalkRecorded { duration, .. } = talk.end(LEG, &mut chunks) else { panic!() };
        assert_eq!(duration, Duration::from_secs(1));
    }

    #[test]
    fn a_pause_leaves_out_what_is_said_meanwhile() {
        let mut chunks = Vec::new();
        let mut talk = Talk::begin(LEG, "2026-11/x-1".into(), at(0), &mut chunks);
        speak(&mut talk, 20, &mut chunks);
        talk.pause(true);
        let before = samples(&chunks).len();
        speak(&mut talk, 1020, &mut chunks);
        assert_eq!(samples(&chunks).len(), before);
        talk.pause(false);
        speak(&mut talk, 2020, &mut chunks);
        let LegEvent::TalkRecorded { duration, .. } = talk.end(LEG, &mut chunks) else { panic!() };
        assert_eq!(duration, Duration::from_secs(2));
    }
}
