//! Keys that we press towards a peer: as telephone events where it takes them, as tones in the voice where not.
use crate::digit::Digit;
use crate::media::codec::{Codec, FRAME_SAMPLES};
use crate::media::dtmf::telephone_event::Sending;
use crate::media::tone::{Generator, KEY_LEVEL_DBM0};

/// Keys waiting to be sent; what is pressed beyond them is dropped. The longest number that is ever dialled through.
const WAITING_MAX: usize = 32;
/// A tone of 100 ms, as an event of ours lasts.
const TONE_FRAMES: u8 = 5;
/// 80 ms between two keys; Q.24 asks for 40 at least.
const PAUSE_FRAMES: u8 = 4;

#[derive(Clone, Debug, Default)]
pub struct Keys {
    waiting: [Option<Digit>; WAITING_MAX],
    first: usize,
    count: usize,
    now: Sent,
}

#[derive(Clone, Debug, Default)]
enum Sent {
    #[default]
    Nothing,
    Event(Sending),
    Tone {
        generator: Generator,
        frames: u8,
    },
    Pause {
        frames: u8,
    },
}

/// What the next packet carries instead of the leg's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    Event {
        bytes: [u8; 4],
        timestamp: u32,
        first: bool,
    },
    /// The frame has been filled.
    Tone,
}

impl Keys {
    pub fn press(&mut self, digit: Digit) {
        if self.count < WAITING_MAX {
            self.waiting[(self.first + self.count) % WAITING_MAX] = Some(digit);
            self.count += 1;
        }
    }

    /// A key is being sent or waits.
    pub fn are_busy(&self) -> bool {
        self.count > 0 || matches!(self.now, Sent::Event(_) | Sent::Tone { .. })
    }

    /// The next frame of the key that is being sent; `timestamp` is now's.
    pub fn next_frame(
        &mut self,
        events: bool,
        codec: Codec,
        timestamp: u32,
        frame: &mut [u8; FRAME_SAMPLES],
    ) -> Option<Frame> {
        loop {
            match &mut self.now {
                Sent::Nothing => {
                    let digit = self.take()?;
                    self.now = match events {
                        true => Sent::Event(Sending::new(digit, timestamp)),
                        false => Sent::Tone {
                            generator: Generator::key(digit, KEY_LEVEL_DBM0),
                            frames: TONE_FRAMES,
                        },
                    };
                }
                Sent::Event(sending) => match sending.next_payload() {
                    Some((payload, first)) => {
                        let bytes = payload.to_bytes();
                        return Some(Frame::Event { bytes, timestamp: sending.timestamp, first });
                    }
                    None => self.now = Sent::Pause { frames: PAUSE_FRAMES },
                },
                Sent::Tone { frames: 0, .. } => self.now = Sent::Pause { frames: PAUSE_FRAMES },
                Sent::Tone { generator, frames } => {
                    frame.iter_mut().for_each(|byte| *byte = codec.encode(generator.sample()));
                    *frames -= 1;
                    return Some(Frame::Tone);
                }
                Sent::Pause { frames: 0 } => self.now = Sent::Nothing,
                Sent::Pause { frames } => {
                    *frames -= 1;
                    return None;
                }
            }
        }
    }

    fn take(&mut self) -> Option<Digit> {
        if self.count == 0 {
            return None;
        }
        let digit = self.waiting[self.first].take();
        self.first = (self.first + 1) % WAITING_MAX;
        self.count -= 1;
        digit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::dtmf::detect_file;

    #[test]
    fn keys_go_out_one_after_another_with_a_pause_between() {
        let mut keys = Keys::default();
        for key in "12".chars() {
            keys.press(Digit::from_char(key).unwrap());
        }
        let mut frame = [0; FRAME_SAMPLES];
        let mut shape = String::new();
        for i in 0..30 {
            shape.push(match keys.next_frame(true, Codec::Pcma, i * 160, &mut frame) {
                Some(Frame::Event { first: true, .. }) => 'F',
                Some(_) => 'e',
                None => '.',
            });
        }
        assert_eq!(shape, "Feeeeee....Feeeeee............");
        assert!(!keys.are_busy());
    }

    #[test]
    fn a_peer_without_events_hears_tones() {
        let mut keys = Keys::default();
        for key in "7#".chars() {
            keys.press(Digit::from_char(key).unwrap());
        }
        let mut sound = Vec::new();
        for _ in 0..30 {
            let mut frame = [Codec::Pcmu.silence(); FRAME_SAMPLES];
            keys.next_frame(false, Codec::Pcmu, 0, &mut frame);
            sound.extend(Codec::Pcmu.decode_all(&frame));
        }
        let heard: String = detect_file(&sound, 8000).unwrap().iter().map(|d| d.digit.as_char()).collect();
        assert_eq!(heard, "7#");
    }
}
