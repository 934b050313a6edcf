//! A track: what one party of a talk says, as samples in order, for a mixer or a recording. Packets come when they come;
//! frames of 20 ms are taken at the mixer's own pace.
//!
//! ```text
//!   packets ─▶ [ place by timestamp ▸ up to 200 ms of samples ] ─▶ a frame each 20 ms
//! ```
//! It is the smallest jitter buffer that will do (a supervised talk is no music): after a silence it waits for two frames,
//! which bears packets that come 20 ms late; a peer whose clock runs fast is cut back when more than five frames wait.
use crate::media::codec::{Codec, FRAME_SAMPLES};

/// Frames that are waited for before the first is given, and after a run out.
const PRIMING_FRAMES: usize = 2;
/// More than this is delay that nobody needs: the oldest go.
const WAITING_FRAMES_MAX: usize = 5;
const SAMPLES_MAX: usize = 10 * FRAME_SAMPLES;
/// A jump of the timestamp beyond this is a pause of the peer's, or a new clock; within it, packets were lost.
const LOST_SAMPLES_MAX: u32 = 4 * FRAME_SAMPLES as u32;

#[derive(Clone, Debug)]
pub struct Track {
    ring: [i16; SAMPLES_MAX],
    first: usize,
    count: usize,
    /// The timestamp of the sample that comes next.
    timestamp: Option<u32>,
    primed: bool,
}

impl Default for Track {
    fn default() -> Track {
        Track { ring: [0; SAMPLES_MAX], first: 0, count: 0, timestamp: None, primed: false }
    }
}

impl Track {
    pub fn put(&mut self, codec: Codec, timestamp: u32, payload: &[u8]) {
        let ahead = timestamp.wrapping_sub(self.timestamp.unwrap_or(timestamp));
        if ahead > u32::MAX - LOST_SAMPLES_MAX {
            return; // late: its place is silence by now
        }
        if ahead <= LOST_SAMPLES_MAX {
            (0..ahead).for_each(|_| self.push(0));
        }
        self.timestamp = Some(timestamp.wrapping_add(payload.len() as u32));
        let table = codec.decoded();
        for byte in payload {
            self.push(table[usize::from(*byte)]);
        }
        if self.count > WAITING_FRAMES_MAX * FRAME_SAMPLES {
            let excess = self.count - PRIMING_FRAMES * FRAME_SAMPLES;
            self.first = (self.first + excess) % SAMPLES_MAX;
            self.count -= excess;
        }
    }

    /// The next 20 ms; false, and silence, when there is nothing to be heard yet.
    pub fn take(&mut self, frame: &mut [i16; FRAME_SAMPLES]) -> bool {
        self.primed |= self.count >= PRIMING_FRAMES * FRAME_SAMPLES;
        if !self.primed || self.count == 0 {
            self.primed = false;
            frame.fill(0);
            return false;
        }
        let there = self.count.min(FRAME_SAMPLES);
        for sample in frame.iter_mut().take(there) {
            *sample = self.ring[self.first];
            self.first = (self.first + 1) % SAMPLES_MAX;
        }
        frame[there..].fill(0);
        self.count -= there;
        true
    }

    pub fn clear(&mut self) {
        (self.count, self.timestamp, self.primed) = (0, None, false);
    }

    fn push(&mut self, sample: i16) {
        self.ring[(self.first + self.count) % SAMPLES_MAX] = sample;
        match self.count < SAMPLES_MAX {
            true => self.count += 1,
            false => self.first = (self.first + 1) % SAMPLES_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODEC: Codec = Codec::Pcma;

    fn frame(track: &mut Track) -> Option<i16> {
        let mut frame = [1; FRAME_SAMPLES];
        track.take(&mut frame).then_some(frame[0])
    }

    fn packet(value: i16) -> [u8; FRAME_SAMPLES] {
        [CODEC.encode(value); FRAME_SAMPLES]
    }

    fn value(value: i16) -> Option<i16> {
        Some(CODEC.decoded()[usize::from(CODEC.encode(value))])
    }

    #[test]
    fn two_frames_are_waited_for_and_then_each_packet_gives_one() {
        let mut track = Track::default();
        track.put(CODEC, 1000, &packet(1000));
        assert_eq!(frame(&mut track), None);
        track.put(CODEC, 1160, &packet(2000));
        assert_eq!((frame(&mut track), frame(&mut track)), (value(1000), value(2000)));
        assert_eq!(frame(&mut track), None, "run out");
        track.put(CODEC, 1320, &packet(3000));
        assert_eq!(frame(&mut track), None, "and primed anew");
    }

    #[test]
    fn what_was_lost_is_silence_and_what_comes_late_is_left_out() {
        let mut track = Track::default();
        track.put(CODEC, 0, &packet(1000));
        track.put(CODEC, 320, &packet(3000));
        track.put(CODEC, 160, &packet(2000));
        let heard: Vec<_> = (0..3).map(|_| frame(&mut track)).collect();
        assert_eq!(heard, [value(1000), Some(0), value(3000)]);
    }

    #[test]
    fn a_flood_is_cut_back_and_a_long_pause_adds_no_delay() {
        let mut track = Track::default();
        for n in 0..40u32 {
            track.put(CODEC, n * 160, &packet(1000));
            assert!(track.count <= WAITING_FRAMES_MAX * FRAME_SAMPLES);
        }
        let mut track = Track::default();
        track.put(CODEC, 0, &packet(1000));
        track.put(CODEC, 800_000, &packet(2000));
        assert_eq!((frame(&mut track), frame(&mut track)), (value(1000), value(2000)));
    }
}
