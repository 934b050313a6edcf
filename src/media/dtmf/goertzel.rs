//! Goertzel's algorithm for the keypad's eight frequencies at once (ITU-T Q.23), over blocks of 5 ms.
//!
//! A free function over slices: eight lanes side by side, so that the compiler uses vectors. The sums of neighbouring
//! blocks are put together into windows by [`Window`], which is how one pass over the samples gives a look at any 20 ms.
use crate::media::tone::{COLUMNS, ROWS};
use std::f64::consts::TAU;
use std::sync::LazyLock;

pub const FREQUENCIES: usize = 8;
/// 5 ms at 8 kHz.
pub const BLOCK_SAMPLES: usize = 40;
/// A window is four blocks, 20 ms, its outer ones weighed half: the side lobes at the distance between the two groups
/// (268 Hz and more) stay under −27 dB, where a plain window leaves −20.
pub const WINDOW_BLOCKS: usize = 4;
const WEIGHTS: [f32; WINDOW_BLOCKS] = [0.5, 1.0, 1.0, 0.5];

pub type Lanes = [f32; FREQUENCIES];

/// The complex sums of one block or window at the eight frequencies: rows, then columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    pub re: Lanes,
    pub im: Lanes,
}

struct Constants {
    cos: Lanes,
    sin: Lanes,
    /// A turn by one block, e^(−jω·40), and by half of one.
    block: Sums,
    half: Sums,
}

static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| {
    let turn = |samples: usize| {
        let angles = std::array::from_fn(|lane| TAU * frequency(lane) / 8000.0 * samples as f64);
        Sums { re: angles.map(|angle: f64| angle.cos() as f32), im: angles.map(|angle| -angle.sin() as f32) }
    };
    let one = turn(1);
    Constants {
        cos: one.re,
        sin: one.im.map(|sin| -sin),
        block: turn(BLOCK_SAMPLES),
        half: turn(BLOCK_SAMPLES / 2),
    }
});

/// Rows, then columns, in hertz.
fn frequency(lane: usize) -> f64 {
    if lane < ROWS.len() { ROWS[lane] } else { COLUMNS[lane - ROWS.len()] }
}

/// Σ x[n]·e^(−jω(n−N)) over a block: the phase is told as at its end.
///
/// Each step of the recurrence waits for the one before, so the two halves of the block run side by side.
pub fn block(samples: &[f32; BLOCK_SAMPLES]) -> Sums {
    let constants = &*CONSTANTS;
    let coefficient: Lanes = std::array::from_fn(|lane| 2.0 * constants.cos[lane]);
    let (early, late) = samples.split_at(BLOCK_SAMPLES / 2);
    let (mut e1, mut e2) = (Lanes::default(), Lanes::default());
    let (mut l1, mut l2) = (Lanes::default(), Lanes::default());
    for (early, late) in early.iter().zip(late) {
        for lane in 0..FREQUENCIES {
            let e0 = coefficient[lane] * e1[lane] + (early - e2[lane]);
            let l0 = coefficient[lane] * l1[lane] + (late - l2[lane]);
            (e2[lane], e1[lane]) = (e1[lane], e0);
            (l2[lane], l1[lane]) = (l1[lane], l0);
        }
    }
    let mut sums = Sums::default();
    for lane in 0..FREQUENCIES {
        // y = s1 − e^(−jω)·s2, told at the last sample; the turn by one more sample is the same for all blocks.
        let (cos, sin, turn) = (constants.cos[lane], constants.sin[lane], &constants.half);
        let (re, im) = (e1[lane] - cos * e2[lane], sin * e2[lane]);
        sums.re[lane] = l1[lane] - cos * l2[lane] + (re * turn.re[lane] + im * turn.im[lane]);
        sums.im[lane] = sin * l2[lane] + (im * turn.re[lane] - re * turn.im[lane]);
    }
    sums
}

/// The last four blocks.
#[derive(Clone, Debug, Default)]
pub struct Window {
    blocks: [Sums; WINDOW_BLOCKS],
    energies: [f32; WINDOW_BLOCKS],
}

impl Window {
    pub fn push(&mut self, sums: Sums, energy: f32) {
        self.blocks.rotate_left(1);
        self.energies.rotate_left(1);
        self.blocks[WINDOW_BLOCKS - 1] = sums;
        self.energies[WINDOW_BLOCKS - 1] = energy;
    }

    /// The weighed sums, the phase told as at the window's end.
    pub fn sums(&self) -> Sums {
        let turn = &CONSTANTS.block;
        let mut sums = Sums::default();
        for (block, weight) in self.blocks.iter().zip(WEIGHTS) {
            for lane in 0..FREQUENCIES {
                // What was the phase at the end of the older blocks is e^(+jω·40) of it at the end of this one.
                let re = sums.re[lane] * turn.re[lane] + sums.im[lane] * turn.im[lane];
                let im = sums.im[lane] * turn.re[lane] - sums.re[lane] * turn.im[lane];
                sums.re[lane] = re + block.re[lane] * weight;
                sums.im[lane] = im + block.im[lane] * weight;
            }
        }
        sums
    }

    /// The weighed energy: a pure tone has |sum|² = [`TONE_SHARE`] times this.
    pub fn energy(&self) -> f32 {
        self.energies.iter().zip(WEIGHTS).map(|(energy, weight)| energy * weight * weight).sum()
    }
}

/// (½·40·Σw)² ÷ (½·40·Σw²) for Σw = 3 and Σw² = 2.5.
pub const TONE_SHARE: f32 = 72.0;
/// |sum|² of a tone of amplitude 1: (½·40·Σw)².
pub const TONE_POWER: f32 = 3600.0;

impl Sums {
    pub fn powers(&self) -> Lanes {
        std::array::from_fn(|lane| self.re[lane] * self.re[lane] + self.im[lane] * self.im[lane])
    }

    /// How far the tone in this lane is from the lane's frequency, in hertz, by its turn since `before`, `blocks` ago.
    pub fn offset_hz(&self, before: &Sums, lane: usize, blocks: usize) -> f32 {
        let (mut re, mut im) = (before.re[lane], before.im[lane]);
        let turn = &CONSTANTS.block;
        for _ in 0..blocks {
            (re, im) = (re * turn.re[lane] + im * turn.im[lane], im * turn.re[lane] - re * turn.im[lane]);
        }
        let cross = self.im[lane] * re - self.re[lane] * im;
        let dot = self.re[lane] * re + self.im[lane] * im;
        cross.atan2(dot) * 8000.0 / (std::f32::consts::TAU * (blocks * BLOCK_SAMPLES) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window_of(frequency: f64, from: usize) -> Window {
        let mut window = Window::default();
        for b in 0..WINDOW_BLOCKS {
            let samples: [f32; BLOCK_SAMPLES] = std::array::from_fn(|n| {
                (TAU * frequency * (from + b * BLOCK_SAMPLES + n) as f64 / 8000.0).sin() as f32
            });
            window.push(block(&samples), samples.iter().map(|x| x * x).sum());
        }
        window
    }

    #[test]
    fn a_tone_fills_its_own_lane_and_little_of_the_other_group() {
        for (lane, frequency) in ROWS.iter().chain(&COLUMNS).enumerate() {
            let window = window_of(*frequency, 17);
            let powers = window.sums().powers();
            assert!((powers[lane] / TONE_POWER - 1.0).abs() < 0.05, "{frequency}: {}", powers[lane]);
            assert!((powers[lane] / (window.energy() * TONE_SHARE) - 1.0).abs() < 0.05);
            let other = if lane < 4 { 4..8 } else { 0..4 };
            for far in other {
                assert!(
                    powers[far] / powers[lane] < 0.0025,
                    "{frequency} in lane {far}: {}",
                    powers[far] / powers[lane]
                );
            }
        }
    }

    #[test]
    fn the_turn_between_two_windows_tells_the_frequency() {
        for (lane, frequency) in ROWS.iter().chain(&COLUMNS).enumerate() {
            for percent in [-3.5, -1.5, 0.0, 1.5, 3.0] {
                let tone = frequency * (1.0 + percent / 100.0);
                let (before, after) = (window_of(tone, 0), window_of(tone, 2 * BLOCK_SAMPLES));
                let offset = after.sums().offset_hz(&before.sums(), lane, 2);
                let wrapped =
                    if (tone - frequency) < -50.0 { tone - frequency + 100.0 } else { tone - frequency };
                assert!((f64::from(offset) - wrapped).abs() < 2.0, "{frequency} {percent} %: {offset:.1} Hz");
            }
        }
    }
}
