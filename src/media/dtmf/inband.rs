//! Key presses heard as tones in the voice (ITU-T Q.23, Q.24).
//!
//! ```text
//!   Quiet ──tone──▶ Rising ──5 windows of one key──▶ Down (the press) ──5 windows without──▶ Quiet
//!             ▲        │ another key, none               │ 5 windows of another key
//!             └────────┘                                 └──▶ Down (the next press)
//! ```
//! Every 5 ms a look at the last 20: is nearly all of the energy in one row and one column (which voices and music hardly
//! ever do), are their levels near each other, and do their phases turn at the right frequency? A window that a tone
//! fills by two thirds passes, so a tone of d ms passes in (d − 7) ÷ 5 windows: five of them ask for 32 ms, which 40 ms
//! always has and 23 ms never.
use crate::digit::Digit;
use crate::media::codec::Codec;
use crate::media::dtmf::goertzel::{self, BLOCK_SAMPLES, Sums, TONE_POWER, TONE_SHARE, Window};
use crate::media::tone;

/// The share of a window's energy in the key's two tones, so that a window counts which the tone fills by two thirds.
const PURITY_MIN: f32 = 0.63;
/// And in the windows that it fills: 6 dB over the echo of a prompt leaves 0.8, 15 dB over noise 0.97. Voiced sounds
/// reach 0.7 for a moment; this keeps them out.
const PURITY_FULL_MIN: f32 = 0.8;
/// So many full windows make a press; a tone of 40 ms has four.
const FULL_HITS: u8 = 2;
/// Before the correction for a tone that is off its frequency by up to 2.5 %.
const PURITY_RAW_MIN: f32 = 0.28;
/// Each tone's level, in dBm0. Networks ask for operation down to −25 to −30 (Q.24, table A.1).
const LEVEL_MIN_DBM0: f64 = -33.0;
/// Column over row, as powers: +4 and −8 dB must pass (Q.24), and a little more does.
const TWIST_MAX: f32 = 3.55; // +5.5 dB
const TWIST_MIN: f32 = 0.112; // −9.5 dB
/// A deviation of ±1.5 % must pass, one of ±3.5 % must not (Q.24); nearer to the first, for the sake of voices.
const DEVIATION_MAX: f32 = 0.021;
/// Windows of one key that make a press.
const HITS: u8 = 5;
/// Windows without it that make a pause. A gap of g ms fails (g + 7) ÷ 5 windows: a dropout of 10 ms is none, a pause of
/// 40 ms always is one.
const MISSES: u8 = 5;
/// Windows, after lost packets, in which failing proves nothing: the four that the seam touches, and two for the phase.
const SEAM_WINDOWS: u8 = 6;
/// The blocks between two looks at the phase.
const PHASE_BLOCKS: usize = 2;
/// The main lobe's fall at Δf Hz is e^(−Δf²/1000), within 1 % up to 41 Hz.
const LOBE: f32 = 1.0e-3;

/// A press as a recording shows it, in samples since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Down { digit: Digit, start: u64 },
    Up { digit: Digit, end: u64 },
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Quiet,
    Rising(Rising),
    Down {
        digit: Digit,
        misses: u8,
        last: u64,
        next: Option<Rising>,
    },
}

/// A tone that may become a press.
#[derive(Clone, Copy, Debug)]
struct Rising {
    digit: Digit,
    hits: u8,
    full_hits: u8,
    start: u64,
}

impl Rising {
    /// This tone with one more window of it, or the window's own if it is of another key.
    fn with(before: Option<Rising>, found: Found, start: u64) -> Rising {
        let before = before.filter(|rising| rising.digit == found.digit);
        let rising = before.unwrap_or(Rising { digit: found.digit, hits: 0, full_hits: 0, start });
        let full = u8::from(found.purity >= PURITY_FULL_MIN);
        Rising {
            hits: rising.hits.saturating_add(1),
            full_hits: rising.full_hits.saturating_add(full),
            ..rising
        }
    }

    fn is_press(&self) -> bool {
        self.hits >= HITS && self.full_hits >= FULL_HITS
    }
}

/// A key in one window.
#[derive(Clone, Copy, Debug)]
struct Found {
    digit: Digit,
    purity: f32,
}

#[derive(Clone, Debug, Default)]
pub struct Detector {
    block: Partial,
    window: Window,
    /// The sums of the last two windows, for the phase.
    before: [Sums; PHASE_BLOCKS],
    state: State,
    seam: u8,
    /// Blocks in a row under the gate, up to a window's worth: then there is nothing to look at.
    quiet_blocks: usize,
    samples: u64,
}

/// Samples that do not fill a block yet.
#[derive(Clone, Debug)]
struct Partial {
    samples: [f32; BLOCK_SAMPLES],
    count: usize,
}

impl Default for Partial {
    fn default() -> Self {
        Partial { samples: [0.0; BLOCK_SAMPLES], count: 0 }
    }
}

impl Detector {
    /// Hears coded audio; `heard` is told each edge.
    pub fn hear(&mut self, codec: Codec, payload: &[u8], heard: &mut impl FnMut(Edge)) {
        let table = codec.decoded();
        self.take(payload, |byte| f32::from(table[usize::from(byte)]), heard);
    }

    pub fn hear_linear(&mut self, samples: &[i16], heard: &mut impl FnMut(Edge)) {
        self.take(samples, f32::from, heard);
    }

    /// Packets were lost here: the tone's phase jumps, and that is no pause.
    pub fn lost(&mut self) {
        self.seam = SEAM_WINDOWS;
    }

    fn take<T: Copy>(&mut self, mut samples: &[T], linear: impl Fn(T) -> f32, heard: &mut impl FnMut(Edge)) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(BLOCK_SAMPLES - self.block.count));
            for (slot, sample) in self.block.samples[self.block.count..].iter_mut().zip(now) {
                *slot = linear(*sample);
            }
            self.block.count += now.len();
            samples = later;
            if self.block.count == BLOCK_SAMPLES {
                self.block.count = 0;
                self.samples += BLOCK_SAMPLES as u64;
                self.look(heard);
            }
        }
    }

    fn look(&mut self, heard: &mut impl FnMut(Edge)) {
        let energy = energy(&self.block.samples);
        if energy < *GATE {
            // Most of a call is quiet or is the caller listening: nothing is transformed then.
            if self.quiet_blocks < goertzel::WINDOW_BLOCKS {
                self.quiet_blocks += 1;
                self.window.push(Sums::default(), energy);
            }
        } else {
            self.quiet_blocks = 0;
            self.window.push(goertzel::block(&self.block.samples), energy);
        }
        if self.quiet_blocks >= goertzel::WINDOW_BLOCKS {
            self.before = Default::default();
            self.step(None, heard);
            return;
        }
        let sums = self.window.sums();
        let key = key_in(&sums, &self.before[0], self.window.energy());
        self.before = [self.before[1], sums];
        self.step(key, heard);
    }

    fn step(&mut self, found: Option<Found>, heard: &mut impl FnMut(Edge)) {
        let end = self.samples;
        self.seam = self.seam.saturating_sub(1);
        // Where a tone begins that fills two thirds of the window ending now.
        let start = end.saturating_sub(109);
        self.state = match (self.state, found) {
            (State::Quiet | State::Rising(_), None) => State::Quiet,
            (State::Quiet, Some(found)) => State::Rising(Rising::with(None, found, start)),
            (State::Rising(rising), Some(found)) => {
                let rising = Rising::with(Some(rising), found, start);
                if rising.is_press() { self.press(rising, heard) } else { State::Rising(rising) }
            }
            (State::Down { digit, .. }, Some(same)) if same.digit == digit => {
                State::Down { digit, misses: 0, last: end, next: None }
            }
            (State::Down { digit, misses, last, next }, other) => {
                let misses = if self.seam > 0 { misses } else { misses + 1 };
                let next = other.map(|other| Rising::with(next, other, start));
                // And where one ended that filled two thirds of the last window it was in.
                let up = Edge::Up { digit, end: last.saturating_sub(51) };
                match next {
                    Some(next) if next.is_press() => {
                        heard(up);
                        self.press(next, heard)
                    }
                    next if misses >= MISSES => {
                        heard(up);
                        next.map_or(State::Quiet, State::Rising)
                    }
                    next => State::Down { digit, misses, last, next },
                }
            }
        };
    }

    fn press(&self, rising: Rising, heard: &mut impl FnMut(Edge)) -> State {
        heard(Edge::Down { digit: rising.digit, start: rising.start });
        State::Down { digit: rising.digit, misses: 0, last: self.samples, next: None }
    }

    /// Ends a press that goes on at the end of a recording.
    pub fn finish(&mut self, heard: &mut impl FnMut(Edge)) {
        if let State::Down { digit, last, .. } = self.state {
            heard(Edge::Up { digit, end: last });
        }
        self.state = State::Quiet;
    }
}

/// Less energy than this in a block, and no key can be in it: half of what two tones at the lowest level have.
static GATE: std::sync::LazyLock<f32> = std::sync::LazyLock::new(|| {
    let amplitude = tone::amplitude(LEVEL_MIN_DBM0);
    (amplitude * amplitude * BLOCK_SAMPLES as f64 / 2.0) as f32
});

static POWER_MIN: std::sync::LazyLock<f32> = std::sync::LazyLock::new(|| {
    let amplitude = tone::amplitude(LEVEL_MIN_DBM0);
    // A window that is filled by two thirds shows (2/3)² of the power.
    (amplitude * amplitude) as f32 * TONE_POWER * 0.45
});

fn energy(block: &[f32; BLOCK_SAMPLES]) -> f32 {
    let mut lanes = [0f32; 8];
    for eight in block.chunks_exact(8) {
        for (lane, sample) in lanes.iter_mut().zip(eight) {
            *lane += sample * sample;
        }
    }
    lanes.iter().sum()
}

/// The key that this window holds, if it holds one.
fn key_in(sums: &Sums, before: &Sums, energy: f32) -> Option<Found> {
    let powers = sums.powers();
    let row = strongest(&powers, 0);
    let column = strongest(&powers, 4);
    let (low, high) = (powers[row], powers[column]);
    let share = 1.0 / (energy * TONE_SHARE);
    if low < *POWER_MIN || high < *POWER_MIN || (low + high) * share < PURITY_RAW_MIN {
        return None;
    }
    let low = corrected(sums, before, row, low)?;
    let high = corrected(sums, before, column, high)?;
    let twist = high / low;
    let purity = (low + high) * share;
    if purity < PURITY_MIN || !(TWIST_MIN..=TWIST_MAX).contains(&twist) {
        return None;
    }
    Some(Found { digit: tone::key(row, column - 4)?, purity })
}

/// The power of a tone as if it were on its frequency; `None` if it is too far off.
fn corrected(sums: &Sums, before: &Sums, lane: usize, power: f32) -> Option<f32> {
    let earlier = before.re[lane] * before.re[lane] + before.im[lane] * before.im[lane];
    if earlier < power / 16.0 {
        return Some(power); // the tone has only begun: its phase is judged in the next windows
    }
    let offset = sums.offset_hz(before, lane, PHASE_BLOCKS);
    let frequency = if lane < 4 { tone::ROWS[lane] } else { tone::COLUMNS[lane - 4] } as f32;
    if offset.abs() > frequency * DEVIATION_MAX {
        return None;
    }
    Some(power * (offset * offset * LOBE).exp())
}

fn strongest(powers: &goertzel::Lanes, from: usize) -> usize {
    (from + 1..from + 4).fold(from, |best, lane| if powers[lane] > powers[best] { lane } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone::Generator;
    use proptest::prelude::*;
    use std::time::Duration;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn heard(samples: &[i16]) -> String {
        let mut keys = String::new();
        let mut detector = Detector::default();
        // Through the codec, as a call hears it, in packets of 20 ms.
        for packet in Codec::Pcma.encode_all(samples).chunks(160) {
            detector.hear(Codec::Pcma, packet, &mut |edge| {
                if let Edge::Down { digit, .. } = edge {
                    keys.push(digit.as_char());
                }
            });
        }
        keys
    }

    /// Silence of `offset` samples, the tone, a second of silence.
    fn placed(tone: Vec<i16>, offset: usize) -> Vec<i16> {
        [vec![0; 400 + offset], tone, vec![0; 8000]].concat()
    }

    fn noise(samples: usize, dbm0: f64, seed: u32) -> Vec<i16> {
        let peak = tone::amplitude(dbm0) * 3f64.sqrt() / 2f64.sqrt();
        let mut state = seed | 1;
        (0..samples)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                ((f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0) * peak) as i16
            })
            .collect()
    }

    fn mixed(a: &[i16], b: &[i16]) -> Vec<i16> {
        a.iter().zip(b.iter().chain(std::iter::repeat(&0))).map(|(a, b)| a.saturating_add(*b)).collect()
    }

    fn keys() -> impl Iterator<Item = Digit> {
        (0..16).filter_map(Digit::from_event)
    }

    #[test]
    fn every_key_of_forty_milliseconds_is_heard_once_wherever_it_begins() {
        for digit in keys() {
            for offset in (0..160).step_by(7) {
                let samples = placed(tone::dtmf(digit, -9.0, ms(40)), offset);
                assert_eq!(heard(&samples), digit.as_char().to_string(), "{} at {offset}", digit.as_char());
            }
        }
    }

    #[test]
    fn a_tone_of_twenty_three_milliseconds_is_no_key() {
        for digit in keys() {
            for offset in (0..160).step_by(7) {
                let samples = placed(tone::dtmf(digit, -9.0, ms(23)), offset);
                assert_eq!(heard(&samples), "", "{} at {offset}", digit.as_char());
            }
        }
    }

    #[test]
    fn levels_from_loud_to_faint_are_heard_and_a_whisper_is_not() {
        for digit in keys() {
            for (level, expected) in [(0.0, 1), (-10.0, 1), (-20.0, 1), (-27.0, 1), (-30.0, 1), (-40.0, 0)] {
                let samples = placed(tone::dtmf(digit, level, ms(60)), 13);
                assert_eq!(heard(&samples).len(), expected, "{} at {level} dBm0", digit.as_char());
            }
        }
    }

    #[test]
    fn one_and_a_half_per_cent_off_is_heard_and_three_and_a_half_is_not() {
        for digit in keys() {
            let (row, column) = tone::frequencies(digit);
            for (low, high, expected) in [
                (1.5, 1.5, 1),
                (-1.5, -1.5, 1),
                (1.5, -1.5, 1),
                (-1.5, 1.5, 1),
                (3.5, 0.0, 0),
                (-3.5, 0.0, 0),
                (0.0, 3.5, 0),
                (0.0, -3.5, 0),
            ] {
                for offset in [0, 33, 71] {
                    let pair = Generator::pair(
                        (row * (1.0 + low / 100.0), -9.0),
                        (column * (1.0 + high / 100.0), -9.0),
                    );
                    let samples = placed(pair.take(ms(50)), offset);
                    assert_eq!(heard(&samples).len(), expected, "{} {low:+} {high:+} %", digit.as_char());
                }
            }
        }
    }

    #[test]
    fn a_twist_of_plus_four_and_minus_eight_is_heard_and_far_more_is_not() {
        for digit in keys() {
            let (row, column) = tone::frequencies(digit);
            for (twist, expected) in [(4.0, 1), (-8.0, 1), (8.0, 0), (-13.0, 0)] {
                for offset in [0, 33, 71] {
                    let pair = Generator::pair((row, -13.0 - twist / 2.0), (column, -13.0 + twist / 2.0));
                    let samples = placed(pair.take(ms(45)), offset);
                    assert_eq!(heard(&samples).len(), expected, "{} twist {twist:+} dB", digit.as_char());
                }
            }
        }
    }

    #[test]
    fn a_pause_of_forty_milliseconds_parts_two_presses_and_a_dropout_of_ten_does_not() {
        for digit in keys() {
            for (pause, expected) in [(40, 2), (60, 2), (10, 1)] {
                for offset in (0..80).step_by(13) {
                    let tone = tone::dtmf(digit, -9.0, ms(60));
                    let both = [tone.clone(), vec![0; pause * 8], tone].concat();
                    assert_eq!(
                        heard(&placed(both, offset)).len(),
                        expected,
                        "{} {pause} ms",
                        digit.as_char()
                    );
                }
            }
        }
    }

    #[test]
    fn ten_keys_a_second_and_keys_without_a_pause_are_all_heard() {
        let mut samples = Vec::new();
        for key in "0123456789*#ABCD".chars() {
            samples.extend(tone::dtmf(Digit::from_char(key).unwrap(), -9.0, ms(50)));
            samples.extend([0; 400]);
        }
        assert_eq!(heard(&placed(samples, 3)), "0123456789*#ABCD");
        let joined: Vec<i16> =
            "159".chars().flat_map(|key| tone::dtmf(Digit::from_char(key).unwrap(), -9.0, ms(60))).collect();
        assert_eq!(heard(&placed(joined, 3)), "159");
    }

    #[test]
    fn a_lost_packet_inside_a_press_does_not_double_it() {
        for digit in keys() {
            let samples = placed(tone::dtmf(digit, -9.0, ms(200)), 37);
            let mut presses = 0;
            let mut detector = Detector::default();
            for (i, packet) in Codec::Pcmu.encode_all(&samples).chunks(160).enumerate() {
                if i == 6 {
                    continue;
                }
                if i == 7 {
                    detector.lost();
                }
                detector.hear(Codec::Pcmu, packet, &mut |edge| {
                    presses += u32::from(matches!(edge, Edge::Down { .. }));
                });
            }
            assert_eq!(presses, 1, "{}", digit.as_char());
        }
    }

    #[test]
    fn keys_are_heard_over_noise_and_over_the_echo_of_a_prompt() {
        for digit in keys() {
            for seed in 1..6 {
                let tone = placed(tone::dtmf(digit, -13.0, ms(60)), 29);
                let noisy = mixed(&tone, &noise(tone.len(), -25.0, seed));
                assert_eq!(heard(&noisy), digit.as_char().to_string(), "12 dB over noise");
                let echo = mixed(&tone, &voice(tone.len(), 130.0 + 20.0 * f64::from(seed), -22.0));
                assert_eq!(heard(&echo), digit.as_char().to_string(), "12 dB over the echo of a voice");
            }
        }
    }

    /// A voiced sound as a throat makes it: a gliding pitch with its harmonics, under three formants.
    fn voice(samples: usize, pitch: f64, dbm0: f64) -> Vec<i16> {
        let mut phase = 0.0;
        let raw: Vec<f64> = (0..samples)
            .map(|i| {
                let t = i as f64 / 8000.0;
                let f = pitch * (1.0 + 0.15 * (TAU * 0.7 * t).sin());
                phase += TAU * f / 8000.0;
                let vowel = 0.5 + 0.5 * (TAU * 1.3 * t).sin();
                let formants = [300.0 + 500.0 * vowel, 2200.0 - 1100.0 * vowel, 2600.0];
                (1..=(3400.0 / f) as u32)
                    .map(|n| {
                        let h = f * f64::from(n);
                        let gain: f64 =
                            formants.iter().map(|formant| 1.0 / (1.0 + ((h - formant) / 90.0).powi(2))).sum();
                        gain * (phase * f64::from(n)).sin() / f64::from(n).sqrt()
                    })
                    .sum::<f64>()
            })
            .collect();
        let power = raw.iter().map(|x| x * x).sum::<f64>() / samples as f64;
        let gain = tone::amplitude(dbm0) / (2.0 * power).sqrt();
        raw.iter().map(|x| (x * gain).clamp(-32768.0, 32767.0) as i16).collect()
    }

    use std::f64::consts::TAU;

    #[test]
    fn voices_of_all_pitches_and_noise_press_no_key() {
        for pitch in (80..400).step_by(16) {
            let samples = voice(8000 * 6, f64::from(pitch), -15.0);
            assert_eq!(heard(&samples), "", "a voice at {pitch} Hz");
        }
        assert_eq!(heard(&noise(80_000, -15.0, 7)), "");
        assert_eq!(heard(&tone::sine(1209.0, -6.0, ms(500))), "", "one tone alone");
        let dial = Generator::pair((350.0, -13.0), (440.0, -13.0)).take(ms(2000));
        assert_eq!(heard(&dial), "", "a dial tone");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_press_within_the_standard_is_heard_once(
            event in 0u8..16, level in -24.0..-4.0f64, twist in -8.0..4.0f64, low in -1.5..1.5f64,
            high in -1.5..1.5f64, duration in 40u64..500, offset in 0usize..160,
        ) {
            let digit = Digit::from_event(event).unwrap();
            let (row, column) = tone::frequencies(digit);
            let (row_level, column_level) = if twist > 0.0 { (level - twist, level) } else { (level, level + twist) };
            let pair = Generator::pair(
                (row * (1.0 + low / 100.0), row_level),
                (column * (1.0 + high / 100.0), column_level),
            );
            let samples = placed(pair.take(ms(duration)), offset);
            prop_assert_eq!(heard(&samples), digit.as_char().to_string());
        }
    }
}
