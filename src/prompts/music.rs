//! Music on hold, composed here and made by arithmetic: nobody else's rights, the same notes each time.
//!
//! Twenty bars in C at 66 beats a minute: soft chords, a broken chord in quavers, a sparse melody. Every note is added
//! into a ring, so that what still sounds at the end is heard at the beginning, and the loop has no seam. All
//! partials lie between 200 and 3400 Hz, which is what a telephone carries.
use crate::media::codec::SAMPLE_RATE;
use crate::media::wav;
use std::f64::consts::TAU;

/// In the ledger, and with `.wav` its file.
pub const KEY: &str = "music/default";

/// Softer than a voice, so that an announcement stands out.
pub const MUSIC_LUFS: f64 = -24.0;
/// To be raised when the piece changes: an older recording is then made again.
const VERSION: u32 = 1;
const BEAT_SAMPLES: usize = 7_272; // 66 beats a minute at 8 kHz
const BEATS_PER_BAR: usize = 4;
/// The telephone's band, in hertz.
const BAND: (f64, f64) = (200.0, 3_400.0);
/// Echoes of the melody and the broken chord, three quavers apart, each softer.
const ECHOES: i32 = 3;
const ECHO_GAIN: f64 = 0.36;

/// What the recording was made of, for the ledger.
pub fn version() -> String {
    format!("music {VERSION}")
}

/// Notes are MIDI numbers: 60 is middle C, 69 is 440 Hz.
const CHORDS: [[u8; 5]; 20] = [
    C, AM, F, G, //
    C, EM, F, G, //
    AM, EM, F, C, //
    DM, G, EM, AM, //
    F, G, C, GSUS,
];
const C: [u8; 5] = [60, 64, 67, 71, 74];
const AM: [u8; 5] = [57, 60, 64, 67, 72];
const F: [u8; 5] = [60, 65, 69, 72, 76];
const G: [u8; 5] = [59, 62, 67, 71, 74];
const EM: [u8; 5] = [59, 62, 64, 67, 74];
const DM: [u8; 5] = [60, 62, 65, 69, 74];
const GSUS: [u8; 5] = [60, 62, 67, 72, 74];
/// The order in which a bar's quavers take the notes of its chord.
const BROKEN: [usize; 8] = [0, 2, 4, 3, 1, 3, 2, 4];
/// (bar, beat, note, beats)
const MELODY: [(usize, usize, u8, usize); 36] = [
    (0, 0, 79, 2),
    (0, 2, 76, 1),
    (0, 3, 74, 1),
    (1, 0, 76, 3),
    (2, 0, 77, 2),
    (2, 2, 76, 1),
    (2, 3, 72, 1),
    (3, 0, 74, 3),
    (4, 0, 79, 2),
    (4, 2, 81, 1),
    (4, 3, 83, 1),
    (5, 0, 79, 3),
    (6, 0, 77, 1),
    (6, 1, 79, 1),
    (6, 2, 81, 2),
    (7, 0, 79, 3),
    (8, 1, 76, 1),
    (8, 2, 79, 2),
    (9, 0, 79, 1),
    (9, 1, 76, 2),
    (10, 0, 81, 2),
    (10, 2, 79, 1),
    (10, 3, 77, 1),
    (11, 0, 76, 3),
    (12, 0, 77, 2),
    (12, 2, 74, 2),
    (13, 0, 79, 2),
    (13, 2, 74, 2),
    (14, 0, 76, 2),
    (14, 2, 79, 2),
    (15, 0, 76, 3),
    (16, 0, 81, 2),
    (16, 2, 84, 2),
    (17, 0, 83, 2),
    (17, 2, 79, 2),
    (18, 0, 84, 3),
];

/// A voice: how loud its partials are, how it begins and fades.
struct Voice {
    partials: &'static [f64],
    attack_s: f64,
    /// Time to fall to 1/e after the attack; a held voice falls only after its release.
    decay_s: f64,
    held: bool,
    echoes: i32,
}

const PAD: Voice = Voice { partials: &[1.0, 0.22, 0.10], attack_s: 0.7, decay_s: 0.7, held: true, echoes: 0 };
const PLUCK: Voice =
    Voice { partials: &[1.0, 0.30, 0.06], attack_s: 0.008, decay_s: 0.45, held: false, echoes: ECHOES };
const FLUTE: Voice =
    Voice { partials: &[1.0, 0.18, 0.10], attack_s: 0.07, decay_s: 0.25, held: true, echoes: ECHOES };

/// The whole loop at 8 kHz.
pub fn compose() -> Vec<i16> {
    let bar_samples = BEAT_SAMPLES * BEATS_PER_BAR;
    let mut ring = vec![0.0f64; bar_samples * CHORDS.len()];
    for (bar, chord) in CHORDS.iter().enumerate() {
        let start = bar * bar_samples;
        for note in &chord[..4] {
            add(&mut ring, &PAD, start, bar_samples, *note, 0.10);
        }
        for (quaver, index) in BROKEN.iter().enumerate() {
            // The first and the fifth quaver are leaned on a little.
            let gain = if quaver % 4 == 0 { 0.17 } else { 0.12 };
            add(&mut ring, &PLUCK, start + quaver * BEAT_SAMPLES / 2, BEAT_SAMPLES, chord[*index] + 12, gain);
        }
    }
    for (bar, beat, note, beats) in MELODY {
        add(&mut ring, &FLUTE, bar * bar_samples + beat * BEAT_SAMPLES, beats * BEAT_SAMPLES, note, 0.15);
    }
    level(&ring)
}

/// Adds one note and its echoes into the ring.
fn add(ring: &mut [f64], voice: &Voice, start: usize, length: usize, note: u8, gain: f64) {
    let rate = f64::from(SAMPLE_RATE);
    let frequency = 440.0 * 2f64.powf((f64::from(note) - 69.0) / 12.0);
    let fade_from_s = if voice.held { length as f64 / rate } else { voice.attack_s };
    // Seven time constants are −61 dB.
    let sounding = ((fade_from_s + 7.0 * voice.decay_s) * rate) as usize;
    for i in 0..sounding {
        let t = i as f64 / rate;
        let rise = if t < voice.attack_s { 0.5 - 0.5 * (TAU / 2.0 * t / voice.attack_s).cos() } else { 1.0 };
        let fall = (-(t - fade_from_s).max(0.0) / voice.decay_s).exp();
        let mut wave = 0.0;
        for (n, weight) in voice.partials.iter().enumerate() {
            let partial = frequency * (n + 1) as f64;
            if (BAND.0..BAND.1).contains(&partial) {
                wave += weight * (TAU * partial * t).sin();
            }
        }
        for echo in 0..=voice.echoes {
            let at = start + i + echo as usize * BEAT_SAMPLES * 3 / 2;
            let length = ring.len();
            ring[at % length] += wave * rise * fall * gain * ECHO_GAIN.powi(echo);
        }
    }
}

/// To 16 bits at [`MUSIC_LUFS`].
fn level(ring: &[f64]) -> Vec<i16> {
    let samples: Vec<f32> = ring.iter().map(|sample| *sample as f32).collect();
    let gain = match wav::loudness_lufs(&samples, SAMPLE_RATE) {
        Ok(loudness) if loudness.is_finite() => 10f64.powf((MUSIC_LUFS - loudness) / 20.0) as f32,
        _ => 1.0,
    };
    wav::to_i16(&samples.iter().map(|sample| sample * gain).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_is_soft_never_silent_and_has_no_seam() {
        let music = compose();
        let seconds = music.len() as f64 / f64::from(SAMPLE_RATE);
        assert!((60.0..90.0).contains(&seconds), "{seconds:.1} s");
        let floats = wav::to_f32(&music);
        let loudness = wav::loudness_lufs(&floats, SAMPLE_RATE).unwrap();
        assert!((loudness - MUSIC_LUFS).abs() < 0.5, "{loudness:.1} LUFS");
        assert!(wav::true_peak_dbtp(&floats, SAMPLE_RATE).unwrap() < -3.0);
        // No second of it is silent.
        for (second, part) in music.chunks_exact(SAMPLE_RATE as usize).enumerate() {
            let power: f64 = part.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / part.len() as f64;
            assert!(power.sqrt() > 300.0, "second {second}: {:.0}", power.sqrt());
        }
        // The step over the seam is no greater than the steps inside.
        let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
        let inside = music.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap();
        assert!(step(music[music.len() - 1], music[0]) <= inside / 2);
    }

    #[test]
    fn every_note_lies_in_the_telephone_band() {
        let lowest = CHORDS.iter().flatten().min().copied().unwrap();
        let hertz = 440.0 * 2f64.powf((f64::from(lowest) - 69.0) / 12.0);
        assert!(hertz > BAND.0, "{hertz:.0} Hz");
    }
}
