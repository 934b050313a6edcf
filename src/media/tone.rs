//! Tones: made for beeps, robots and keys sent in the voice, and measured by Goertzel's sum (ITU-T Q.23, Q.24).
//!
//! Levels are in dBm0: a sine that fills the 16-bit range is [`FULL_SCALE_DBM0`] (G.711: the overload point).
use crate::digit::Digit;
use crate::media::codec::SAMPLE_RATE;
use std::f64::consts::TAU;
use std::time::Duration;

/// The level of a full-scale sine (G.711, A-law).
#[allow(clippy::approx_constant)] // it is not π
pub const FULL_SCALE_DBM0: f64 = 3.14;
/// Q.23: the frequencies of the keypad's rows and columns, in hertz.
pub const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
pub const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// Rows and columns as printed on the keypad.
const KEYPAD: [&[u8; 4]; 4] = [b"123A", b"456B", b"789C", b"*0#D"];
/// A ramp at both ends of a tone, so that it does not click.
const RAMP_SAMPLES: usize = 40;
/// What a phone sends per frequency of a key, roughly (Q.24: −6 to −9 dBm0 in common networks).
pub const KEY_LEVEL_DBM0: f64 = -9.0;

/// The two frequencies of a key, in hertz: row, column.
pub fn frequencies(digit: Digit) -> (f64, f64) {
    let key = digit.as_char() as u8;
    for (row, keys) in KEYPAD.iter().enumerate() {
        if let Some(column) = keys.iter().position(|k| *k == key) {
            return (ROWS[row], COLUMNS[column]);
        }
    }
    unreachable!("the keypad has all sixteen keys")
}

/// The key of a row and a column, both 0–3.
pub fn key(row: usize, column: usize) -> Option<Digit> {
    Digit::from_char(char::from(*KEYPAD.get(row)?.get(column)?))
}

/// The peak of a sine at this level.
pub fn amplitude(dbm0: f64) -> f64 {
    32767.0 * 10f64.powf((dbm0 - FULL_SCALE_DBM0) / 20.0)
}

/// A sum of two sines, sample by sample; a plain sine has `columns` at amplitude zero.
#[derive(Clone, Debug)]
pub struct Generator {
    step: [f64; 2],
    peak: [f64; 2],
    samples: u64,
}

impl Generator {
    pub fn sine(frequency: f64, dbm0: f64) -> Generator {
        Generator {
            step: [TAU * frequency / f64::from(SAMPLE_RATE), 0.0],
            peak: [amplitude(dbm0), 0.0],
            samples: 0,
        }
    }

    /// A key with each of its two frequencies at `dbm0`.
    pub fn key(digit: Digit, dbm0: f64) -> Generator {
        let (row, column) = frequencies(digit);
        Generator::pair((row, dbm0), (column, dbm0))
    }

    /// Two frequencies, each with its own level: for tests of twist and of frequency tolerance.
    pub fn pair(low: (f64, f64), high: (f64, f64)) -> Generator {
        Generator {
            step: [TAU * low.0 / f64::from(SAMPLE_RATE), TAU * high.0 / f64::from(SAMPLE_RATE)],
            peak: [amplitude(low.1), amplitude(high.1)],
            samples: 0,
        }
    }

    pub fn sample(&mut self) -> i16 {
        let t = self.samples as f64;
        self.samples += 1;
        let value = self.peak[0] * (self.step[0] * t).sin() + self.peak[1] * (self.step[1] * t).sin();
        value.round().clamp(-32768.0, 32767.0) as i16
    }

    pub fn take(mut self, duration: Duration) -> Vec<i16> {
        let count = duration.as_millis() as usize * SAMPLE_RATE as usize / 1000;
        (0..count).map(|_| self.sample()).collect()
    }
}

pub fn sine(frequency: f64, dbm0: f64, duration: Duration) -> Vec<i16> {
    Generator::sine(frequency, dbm0).take(duration)
}

pub fn dtmf(digit: Digit, dbm0: f64, duration: Duration) -> Vec<i16> {
    Generator::key(digit, dbm0).take(duration)
}

/// A sine that begins and ends without a click.
pub fn beep(frequency: f64, dbm0: f64, duration: Duration) -> Vec<i16> {
    let mut samples = sine(frequency, dbm0, duration);
    let ramp = RAMP_SAMPLES.min(samples.len() / 2);
    let last = samples.len();
    for i in 0..ramp {
        let gain = |sample: i16| (i32::from(sample) * i as i32 / ramp as i32) as i16;
        samples[i] = gain(samples[i]);
        samples[last - 1 - i] = gain(samples[last - 1 - i]);
    }
    samples
}

/// The level of one frequency in these samples, in dBm0; −∞ in silence. Exact over whole periods; resolution 8000 ÷
/// samples Hz.
pub fn level_dbm0(samples: &[i16], frequency: f64) -> f64 {
    if samples.is_empty() {
        return f64::NEG_INFINITY;
    }
    let step = TAU * frequency / f64::from(SAMPLE_RATE);
    let coefficient = 2.0 * step.cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in samples {
        let s0 = f64::from(*sample) + coefficient * s1 - s2;
        (s2, s1) = (s1, s0);
    }
    let power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    let peak = 2.0 * power.max(0.0).sqrt() / samples.len() as f64;
    20.0 * (peak / 32767.0).log10() + FULL_SCALE_DBM0
}

/// The level of everything in these samples, in dBm0.
pub fn power_dbm0(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let mean = sum / samples.len().max(1) as f64;
    10.0 * (mean / (32767f64.powi(2) / 2.0)).log10() + FULL_SCALE_DBM0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_measured_at_the_level_it_was_made_with() {
        let samples = sine(1000.0, -10.0, Duration::from_millis(200));
        assert!((level_dbm0(&samples, 1000.0) + 10.0).abs() < 0.1);
        assert!((power_dbm0(&samples) + 10.0).abs() < 0.1);
        assert!(level_dbm0(&samples, 1500.0) < -50.0);
        assert_eq!(level_dbm0(&[0; 160], 1000.0), f64::NEG_INFINITY);
    }

    #[test]
    fn each_key_has_its_row_and_column() {
        for (row, low) in ROWS.into_iter().enumerate() {
            for (column, high) in COLUMNS.into_iter().enumerate() {
                assert_eq!(frequencies(key(row, column).unwrap()), (low, high));
            }
        }
        assert_eq!(key(4, 0), None);
    }

    #[test]
    fn a_beep_begins_and_ends_at_rest() {
        let samples = beep(440.0, -13.0, Duration::from_millis(200));
        assert_eq!(samples.len(), 1600);
        assert_eq!((samples[0], samples[1599]), (0, 0));
    }
}
