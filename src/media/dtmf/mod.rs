//! A leg's ears: one `Digit` per key press, whatever way or ways it was heard.
//!
//! A press may come as an RFC 4733 event, as a tone in the voice, as SIP INFO, or as several of these at once, each with
//! its own delay. The rule: two hearings by the same way are two presses; a hearing by another way is the same press if
//! it names the same key, comes within [`ECHO_AFTER`] of the press's end, and that way has not confirmed that press
//! already. So "55" heard as 5 (event), 5 (tone), 5 (event), 5 (tone) is two presses, in whatever order they come.
//!
//! A leg that has proved that it sends telephone events is not listened to for tones any more: its tones can only be
//! echoes, talk, or the event again.
pub mod goertzel;
pub mod inband;
pub mod telephone_event;

use crate::digit::{Digit, DigitMethod};
use crate::machine::Instant;
use crate::media::codec::{Codec, SAMPLE_RATE};
use crate::media::wav;
use inband::{Detector, Edge};
use std::time::Duration;
use telephone_event::Heard;

/// How late another way may tell of a press. A tone is recognised 35 ms after it began and travels with the voice; INFO
/// is sent at the key's release and may be retransmitted once (RFC 3261, T1 = 500 ms) on its way through two proxies.
const ECHO_AFTER: Duration = Duration::from_millis(1500);
/// Presses that can still be told of again; more within [`ECHO_AFTER`] than anyone can type.
const PRESSES_KEPT: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    /// The ways that have told of it.
    ways: [bool; 3],
    heard: Instant,
}

#[derive(Clone, Debug, Default)]
pub struct Ears {
    events: telephone_event::Receiver,
    tones: Detector,
    /// A telephone event has come: tones are no more listened for.
    events_proved: bool,
    presses: [Option<Press>; PRESSES_KEPT],
    newest: usize,
}

impl Ears {
    /// A telephone-event packet. A press that is new is returned.
    pub fn event(&mut self, payload: &[u8], marker: bool, timestamp: u32, now: Instant) -> Option<Digit> {
        match self.events.receive(payload, marker, timestamp, now) {
            Heard::Press(digit) => {
                self.events_proved = true;
                self.judge(digit, DigitMethod::Rfc4733, now)
            }
            Heard::More => {
                // The press goes on, and so does the time in which it may be told of again.
                if let Some(press) = &mut self.presses[self.newest] {
                    press.heard = now;
                }
                None
            }
            Heard::Nothing => None,
        }
    }

    /// Voice. `missing` says that packets were lost just before.
    pub fn voice(&mut self, codec: Codec, payload: &[u8], missing: bool, now: Instant) -> Option<Digit> {
        if self.events_proved {
            return None;
        }
        if missing {
            self.tones.lost();
        }
        let mut down = None;
        self.tones.hear(codec, payload, &mut |edge| {
            if let Edge::Down { digit, .. } = edge {
                down = Some(digit);
            }
        });
        self.judge(down?, DigitMethod::Inband, now)
    }

    pub fn info(&mut self, digit: Digit, now: Instant) -> Option<Digit> {
        self.judge(digit, DigitMethod::Info, now)
    }

    /// The peer's stream began anew.
    pub fn restart(&mut self) {
        self.events.restart();
        self.tones.lost();
    }

    /// Is this hearing a press of its own?
    fn judge(&mut self, digit: Digit, method: DigitMethod, now: Instant) -> Option<Digit> {
        let way = method as usize;
        // The oldest press that this way has not told of yet is the one it tells of now.
        let oldest = (1..=PRESSES_KEPT).map(|i| (self.newest + i) % PRESSES_KEPT);
        for i in oldest {
            if let Some(press) = &mut self.presses[i]
                && press.digit == digit
                && !press.ways[way]
                && now.since(press.heard) <= ECHO_AFTER
            {
                press.ways[way] = true;
                return None;
            }
        }
        let mut ways = [false; 3];
        ways[way] = true;
        self.newest = (self.newest + 1) % PRESSES_KEPT;
        self.presses[self.newest] = Some(Press { digit, ways, heard: now });
        Some(digit)
    }
}

/// A key press in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    pub digit: Digit,
    pub start_ms: u64,
    pub duration_ms: u64,
}

/// The key presses in a recording, in order. Another rate than 8000 Hz is resampled first; an error names one that cannot
/// be.
pub fn detect_file(samples: &[i16], rate: u32) -> Result<Vec<Detected>, wav::WavError> {
    let resampled;
    let samples = if rate == SAMPLE_RATE {
        samples
    } else {
        resampled = wav::to_i16(&wav::resample_to_8k(&wav::to_f32(samples), rate)?);
        &resampled
    };
    let mut found: Vec<Detected> = Vec::new();
    let mut heard = |edge| match edge {
        Edge::Down { digit, start } => found.push(Detected { digit, start_ms: start / 8, duration_ms: 0 }),
        Edge::Up { end, .. } => {
            if let Some(last) = found.last_mut() {
                last.duration_ms = (end / 8).saturating_sub(last.start_ms);
            }
        }
    };
    let mut detector = Detector::default();
    detector.hear_linear(samples, &mut heard);
    // Silence after the end lets a last press finish.
    detector.hear_linear(&[0; 320], &mut heard);
    detector.finish(&mut heard);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone;
    use telephone_event::Payload;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn five() -> Digit {
        Digit::from_char('5').unwrap()
    }

    fn event(ears: &mut Ears, timestamp: u32, end: bool, ms: u64) -> Option<Digit> {
        let payload = Payload { event: 5, end, duration: 160 };
        ears.event(&payload.to_bytes(), !end, timestamp, at(ms))
    }

    #[test]
    fn a_press_told_of_in_three_ways_is_one() {
        let mut ears = Ears::default();
        assert_eq!(event(&mut ears, 800, false, 0), Some(five()));
        assert_eq!(ears.judge(five(), DigitMethod::Inband, at(60)), None);
        assert_eq!(ears.info(five(), at(400)), None);
        assert_eq!(ears.info(five(), at(500)), Some(five()), "a second INFO is a second press");
    }

    #[test]
    fn two_presses_told_of_in_two_ways_are_two_in_any_order() {
        let mut ears = Ears::default();
        assert!(event(&mut ears, 800, true, 0).is_some());
        assert!(event(&mut ears, 2400, true, 200).is_some());
        assert_eq!(ears.info(five(), at(210)), None);
        assert_eq!(ears.info(five(), at(420)), None);

        let mut ears = Ears::default();
        assert!(ears.judge(five(), DigitMethod::Inband, at(40)).is_some(), "the tone came first");
        assert!(event(&mut ears, 800, true, 60).is_none());
        assert!(event(&mut ears, 2400, true, 300).is_some());
    }

    #[test]
    fn a_held_key_may_be_told_of_at_its_release() {
        let mut ears = Ears::default();
        assert!(event(&mut ears, 800, false, 0).is_some());
        for ms in (20..6000).step_by(20) {
            assert!(event(&mut ears, 800, false, ms).is_none());
        }
        assert_eq!(ears.info(five(), at(6300)), None);
        assert_eq!(ears.info(five(), at(9000)), Some(five()));
    }

    #[test]
    fn tones_are_heard_until_events_are_proved() {
        let mut ears = Ears::default();
        let tone = Codec::Pcma.encode_all(&tone::dtmf(five(), -9.0, Duration::from_millis(80)));
        let press = |ears: &mut Ears, ms: u64| {
            let silence = [Codec::Pcma.silence(); 800];
            let sound = [&tone[..], &silence].concat();
            sound.chunks(160).filter_map(|packet| ears.voice(Codec::Pcma, packet, false, at(ms))).count()
        };
        assert_eq!(press(&mut ears, 0), 1);
        assert_eq!(press(&mut ears, 3000), 1);
        assert!(event(&mut ears, 800, true, 6000).is_some());
        assert_eq!(press(&mut ears, 9000), 0);
    }

    #[test]
    fn a_recording_shows_its_presses_with_their_times() {
        for rate in [8000u32, 16000] {
            let mut samples = vec![0i16; 4000];
            for key in "19#".chars() {
                samples.extend(tone::dtmf(Digit::from_char(key).unwrap(), -9.0, Duration::from_millis(100)));
                samples.extend([0; 800]);
            }
            let samples: Vec<i16> = match rate {
                8000 => samples,
                _ => samples.iter().flat_map(|s| [*s, *s]).collect(),
            };
            let found = detect_file(&samples, rate).unwrap();
            assert_eq!(found.iter().map(|d| d.digit.as_char()).collect::<String>(), "19#");
            for (i, press) in found.iter().enumerate() {
                let start = 500 + 200 * i as u64;
                assert!(press.start_ms.abs_diff(start) <= 6, "{} ms, expected {start}", press.start_ms);
                assert!(press.duration_ms.abs_diff(100) <= 10, "{} ms long", press.duration_ms);
            }
        }
    }
}
