//! A shard's end of the recorder's ring. It never waits: audio that finds the ring full is counted and becomes a gap of
//! the same length in the file; beginnings and ends are kept until there is room.
use crate::ids::LegId;
use crate::media::record::Chunk;
use crate::shard::Tap;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub struct Tape {
    tap: Option<Tap>,
    /// Beginnings and ends that wait for room: two for each recording at most.
    waiting: VecDeque<Chunk>,
    /// Samples that are missing since the leg's last chunk.
    missing: BTreeMap<LegId, u32>,
    pub gap_samples: u64,
}

impl Tape {
    /// Without a recorder all audio is a gap.
    pub fn new(tap: Option<Tap>) -> Tape {
        Tape { tap, waiting: VecDeque::new(), missing: BTreeMap::new(), gap_samples: 0 }
    }

    pub fn push(&mut self, chunk: Chunk) {
        self.flush();
        let (leg, samples) = match &chunk {
            Chunk::Audio { leg, count, .. } => (*leg, u32::from(*count)),
            Chunk::Gap { leg, samples } => (*leg, *samples),
            Chunk::Begin { leg, .. } | Chunk::BeginStereo { leg, .. } => {
                self.missing.remove(leg);
                return self.push_or_wait(chunk);
            }
            Chunk::End { leg, .. } => {
                if let Some(samples) = self.missing.remove(leg) {
                    self.push_or_wait(Chunk::Gap { leg: *leg, samples });
                }
                return self.push_or_wait(chunk);
            }
        };
        let gap = self.missing.get(&leg).map(|samples| Chunk::Gap { leg, samples: *samples });
        let room = self.room();
        if !self.waiting.is_empty() || room < 1 + usize::from(gap.is_some()) {
            *self.missing.entry(leg).or_default() += samples;
            self.gap_samples += u64::from(samples);
            return;
        }
        if let Some(gap) = gap {
            self.missing.remove(&leg);
            self.push_or_wait(gap);
        }
        self.push_or_wait(chunk);
    }

    /// Called each tick: moves what waits as far as there is room.
    pub fn flush(&mut self) {
        while self.room() > 0
            && let Some(chunk) = self.waiting.pop_front()
        {
            self.offer(chunk);
        }
    }

    fn room(&self) -> usize {
        self.tap.as_ref().map_or(0, |tap| tap.slots())
    }

    fn push_or_wait(&mut self, chunk: Chunk) {
        match self.waiting.is_empty() && self.room() > 0 {
            true => self.offer(chunk),
            // Without a recorder nothing would ever leave.
            false if self.tap.is_some() => self.waiting.push_back(chunk),
            false => {}
        }
    }

    fn offer(&mut self, chunk: Chunk) {
        if let Some(tap) = &mut self.tap
            && let Err(rtrb::PushError::Full(chunk)) = tap.push(chunk)
        {
            self.waiting.push_front(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(4);

    fn audio() -> Chunk {
        Chunk::Audio { leg: LEG, samples: [1; 160], count: 160 }
    }

    #[test]
    fn a_full_ring_makes_a_gap_of_the_right_length_and_loses_no_end() {
        let (tap, mut recorder) = rtrb::RingBuffer::new(3);
        let mut tape = Tape::new(Some(tap));
        tape.push(Chunk::Begin { leg: LEG, name: "x".into() });
        for _ in 0..5 {
            tape.push(audio());
        }
        assert_eq!(tape.gap_samples, 3 * 160);
        tape.push(Chunk::End { leg: LEG, discard: false });
        let mut heard = Vec::new();
        while !recorder.is_empty() {
            while let Ok(chunk) = recorder.pop() {
                heard.push(match chunk {
                    Chunk::Begin { .. } | Chunk::BeginStereo { .. } => "begin".to_string(),
                    Chunk::Audio { count, .. } => count.to_string(),
                    Chunk::Gap { samples, .. } => format!("gap {samples}"),
                    Chunk::End { .. } => "end".to_string(),
                });
            }
            tape.flush();
        }
        assert_eq!(heard, ["begin", "160", "160", "gap 480", "end"]);
    }

    #[test]
    fn without_a_recorder_nothing_piles_up() {
        let mut tape = Tape::new(None);
        tape.push(Chunk::Begin { leg: LEG, name: "x".into() });
        tape.push(audio());
        tape.push(Chunk::End { leg: LEG, discard: false });
        assert_eq!((tape.gap_samples, tape.waiting.len(), tape.missing.len()), (160, 0, 0));
    }
}
