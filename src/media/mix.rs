//! A supervised talk: three tracks, and who hears whom.
//!
//! ```text
//!               caller   operator   supervisor     speaks, and is heard by
//!   caller        –         ✓           ✓
//!   operator      ✓         –           ✓
//!   supervisor  barge   whisper,barge   –
//! ```
//! What a party hears is the sum of the others, cut off at full scale. Only supervised talks are mixed: any other bridge
//! passes packets on as they are.
use crate::media::codec::{Codec, FRAME_SAMPLES};
use crate::media::event::Supervision;
use crate::media::track::Track;

/// A party's place in a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Caller,
    Operator,
    Supervisor,
}

impl Party {
    pub const ALL: [Party; 3] = [Party::Caller, Party::Operator, Party::Supervisor];

    fn hears(self, other: Party, mode: Supervision) -> bool {
        match (self, other) {
            (Party::Caller, Party::Supervisor) => mode == Supervision::Barge,
            (Party::Operator, Party::Supervisor) => mode != Supervision::Listen,
            (one, other) => one != other,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Mixer {
    pub mode: Supervision,
    tracks: [Track; 3],
    frames: [[i16; FRAME_SAMPLES]; 3],
}

impl Mixer {
    pub fn new(mode: Supervision) -> Mixer {
        Mixer { mode, tracks: Default::default(), frames: [[0; FRAME_SAMPLES]; 3] }
    }

    pub fn put(&mut self, party: Party, codec: Codec, timestamp: u32, payload: &[u8]) {
        self.tracks[party as usize].put(codec, timestamp, payload);
    }

    /// The next 20 ms of everybody.
    pub fn advance(&mut self) {
        for (track, frame) in self.tracks.iter_mut().zip(&mut self.frames) {
            track.take(frame);
        }
    }

    /// What this party hears of it.
    pub fn heard_by(&self, listener: Party, frame: &mut [i16; FRAME_SAMPLES]) {
        frame.fill(0);
        for speaker in Party::ALL.into_iter().filter(|speaker| listener.hears(*speaker, self.mode)) {
            for (sum, sample) in frame.iter_mut().zip(&self.frames[speaker as usize]) {
                *sum = sum.saturating_add(*sample);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each hears when the caller says 1000, the operator 2000 and the supervisor 4000.
    fn heard(mode: Supervision) -> [i32; 3] {
        let mut mixer = Mixer::new(mode);
        for (party, value) in Party::ALL.into_iter().zip([1000, 2000, 4000]) {
            for n in 0..3 {
                let payload = [Codec::Pcmu.encode(value); FRAME_SAMPLES];
                mixer.put(party, Codec::Pcmu, n * FRAME_SAMPLES as u32, &payload);
            }
        }
        mixer.advance();
        Party::ALL.map(|party| {
            let mut frame = [0; FRAME_SAMPLES];
            mixer.heard_by(party, &mut frame);
            // The nearest thousand: the law rounds.
            (i32::from(frame[80]) + 500) / 1000
        })
    }

    #[test]
    fn the_caller_hears_a_supervisor_only_who_barges_in() {
        assert_eq!(heard(Supervision::Listen), [2, 1, 3]);
        assert_eq!(heard(Supervision::Whisper), [2, 5, 3]);
        assert_eq!(heard(Supervision::Barge), [6, 5, 3]);
    }

    #[test]
    fn loud_voices_together_are_cut_off_and_do_not_turn_over() {
        let mut mixer = Mixer::new(Supervision::Barge);
        for party in Party::ALL {
            for n in 0..2 {
                let payload = [Codec::Pcma.encode(30_000); FRAME_SAMPLES];
                mixer.put(party, Codec::Pcma, n * FRAME_SAMPLES as u32, &payload);
            }
        }
        mixer.advance();
        let mut frame = [0; FRAME_SAMPLES];
        mixer.heard_by(Party::Supervisor, &mut frame);
        assert_eq!(frame[0], i16::MAX);
    }
}
