//! Playout: what a leg says, cut into frames. One of four: silence, a sentence, music on hold, a beep.
//!
//! ```text
//!   Silent ──play──▶ Sentence ──last sample sent──▶ Silent (done)
//!     ▲  ▲              │ digit with barge-in, hush
//!     │  └──────────────┘
//!     └──hush── Music (its position belongs to the clock, not to the leg)
//! ```
use crate::ids::PlayId;
use crate::machine::Instant;
use crate::media::codec::{Codec, FRAME_SAMPLES, SAMPLES_PER_MS};
use crate::media::prompt::Clip;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum Part {
    Clip(Arc<Clip>),
    Silence { samples: usize },
}

impl Part {
    fn samples(&self) -> usize {
        match self {
            Part::Clip(clip) => clip.samples(),
            Part::Silence { samples } => *samples,
        }
    }
}

/// The parts of a sentence in the order of playing. Made, and in the end dropped, away from the packet path.
#[derive(Clone, Debug, Default)]
pub struct Script {
    parts: Box<[Part]>,
}

impl Script {
    pub fn new(parts: Vec<Part>) -> Script {
        Script { parts: parts.into() }
    }

    pub fn clip(clip: Arc<Clip>) -> Script {
        Script { parts: Box::new([Part::Clip(clip)]) }
    }
}

#[derive(Debug, Default)]
pub enum Playout {
    #[default]
    Silent,
    Sentence {
        play: Option<PlayId>,
        script: Script,
        /// The part that is being played, and how many of its samples were.
        part: usize,
        sample: usize,
        barge_in: bool,
    },
    Music {
        clip: Arc<Clip>,
    },
}

/// What a finished or replaced playout leaves behind; freeing it is the control side's work.
#[derive(Debug)]
pub enum Spent {
    Script(Script),
    Music(Arc<Clip>),
}

impl Playout {
    pub fn sentence(play: Option<PlayId>, script: Script, barge_in: bool) -> Playout {
        Playout::Sentence { play, script, part: 0, sample: 0, barge_in }
    }

    pub fn is_silent(&self) -> bool {
        matches!(self, Playout::Silent)
    }

    /// A digit pressed now would fall silent what is said.
    pub fn stops_at_digit(&self) -> bool {
        matches!(self, Playout::Sentence { barge_in: true, .. })
    }

    /// Puts `next` in place; what was there is handed back.
    pub fn replace(&mut self, next: Playout) -> Option<Spent> {
        match std::mem::replace(self, next) {
            Playout::Silent => None,
            Playout::Sentence { script, .. } => Some(Spent::Script(script)),
            Playout::Music { clip } => Some(Spent::Music(clip)),
        }
    }

    /// Fills one frame, and says whether the sentence's last sample is in it.
    pub fn fill(&mut self, codec: Codec, now: Instant, frame: &mut [u8; FRAME_SAMPLES]) -> bool {
        match self {
            Playout::Silent => {
                frame.fill(codec.silence());
                false
            }
            Playout::Music { clip } => {
                fill_music(clip.encoded(codec), now, codec, frame);
                false
            }
            Playout::Sentence { script, part, sample, .. } => {
                fill_sentence(script, part, sample, codec, frame)
            }
        }
    }
}

/// All who listen to one music hear the same moment of it: its position is the time, whoever listens.
fn fill_music(music: &[u8], now: Instant, codec: Codec, frame: &mut [u8; FRAME_SAMPLES]) {
    if music.is_empty() {
        frame.fill(codec.silence());
        return;
    }
    let mut position = (now.as_millis() * SAMPLES_PER_MS % music.len() as u64) as usize;
    let mut filled = 0;
    while filled < FRAME_SAMPLES {
        let count = (music.len() - position).min(FRAME_SAMPLES - filled);
        frame[filled..filled + count].copy_from_slice(&music[position..position + count]);
        filled += count;
        position = 0;
    }
}

/// Parts follow each other without a gap, in the middle of a frame too; the rest of the last frame is silence.
fn fill_sentence(
    script: &Script,
    part: &mut usize,
    sample: &mut usize,
    codec: Codec,
    frame: &mut [u8; FRAME_SAMPLES],
) -> bool {
    let mut filled = 0;
    while let Some(current) = script.parts.get(*part) {
        let count = (current.samples() - *sample).min(FRAME_SAMPLES - filled);
        let into = &mut frame[filled..filled + count];
        match current {
            Part::Clip(clip) => into.copy_from_slice(&clip.encoded(codec)[*sample..*sample + count]),
            Part::Silence { .. } => into.fill(codec.silence()),
        }
        filled += count;
        *sample += count;
        if *sample < current.samples() {
            return false;
        }
        (*part, *sample) = (*part + 1, 0);
        if filled == FRAME_SAMPLES {
            return *part == script.parts.len();
        }
    }
    frame[filled..].fill(codec.silence());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(value: i16, samples: usize) -> Part {
        Part::Clip(Arc::new(Clip::new(&vec![value; samples])))
    }

    #[test]
    fn parts_join_inside_a_frame_and_the_last_frame_says_so() {
        let script = Script::new(vec![clip(8000, 100), Part::Silence { samples: 20 }, clip(-8000, 100)]);
        let mut playout = Playout::sentence(None, script, false);
        let mut frame = [0; FRAME_SAMPLES];
        assert!(!playout.fill(Codec::Pcma, Instant::ZERO, &mut frame));
        let (high, low, zero) = (Codec::Pcma.encode(8000), Codec::Pcma.encode(-8000), Codec::Pcma.silence());
        assert_eq!((frame[0], frame[99], frame[100], frame[119], frame[120]), (high, high, zero, zero, low));
        assert!(playout.fill(Codec::Pcma, Instant::ZERO, &mut frame));
        assert_eq!((frame[59], frame[60], frame[159]), (low, zero, zero));
    }

    #[test]
    fn a_sentence_that_fills_its_frames_exactly_ends_with_the_last_of_them() {
        let mut playout = Playout::sentence(None, Script::new(vec![clip(1, 320)]), false);
        let mut frame = [0; FRAME_SAMPLES];
        assert!(!playout.fill(Codec::Pcmu, Instant::ZERO, &mut frame));
        assert!(playout.fill(Codec::Pcmu, Instant::ZERO, &mut frame));
        let mut nothing = Playout::sentence(None, Script::default(), false);
        assert!(nothing.fill(Codec::Pcmu, Instant::ZERO, &mut frame), "an empty sentence ends at once");
    }

    #[test]
    fn music_goes_on_while_nobody_listens() {
        let samples: Vec<i16> = (0..1000).map(|i| i * 8).collect();
        let clip = Arc::new(Clip::new(&samples));
        let at = |ms: u64| {
            let mut frame = [0; FRAME_SAMPLES];
            Playout::Music { clip: clip.clone() }.fill(
                Codec::Pcma,
                Instant::from_nanos(ms * 1_000_000),
                &mut frame,
            );
            frame
        };
        assert_eq!(at(0)[40..], at(5)[..120], "five milliseconds later it is forty samples further");
        assert_eq!(at(125), at(0), "it came round");
        assert_eq!(at(120)[40], at(0)[0], "and goes round inside a frame");
    }
}
