//! Chance, from a seed: the same seed gives the same people on every machine.
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// 2⁻⁵³: the step between the doubles that [`Dice::unit`] can give.
const STEP: f64 = 1.0 / (1u64 << 53) as f64;

#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// In 0 ≤ x < 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * STEP
    }

    /// Less than `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        // The upper half of the product has no bias worth naming for the small numbers asked for here.
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// True with probability `share`; asks for no number where the answer is certain.
    pub fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && (share >= 1.0 || self.unit() < share)
    }

    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        if most <= least {
            return least;
        }
        least + (most - least).mul_f64(self.unit())
    }

    /// Memoryless: times between arrivals, talks, patience.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.unit()).ln())
    }

    /// With this mean and coefficient of variation (standard deviation ÷ mean).
    pub fn lognormal(&mut self, mean: Duration, variation: f64) -> Duration {
        let variance = (1.0 + variation * variation).ln();
        // Box and Muller.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        mean.mul_f64((variance.sqrt() * normal - variance / 2.0).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(draw: impl Fn(&mut Dice) -> Duration) -> f64 {
        let mut dice = Dice::new(7);
        (0..100_000).map(|_| draw(&mut dice).as_secs_f64()).sum::<f64>() / 100_000.0
    }

    #[test]
    fn means_are_those_asked_for() {
        let mean = Duration::from_secs(240);
        for found in [
            mean_of(|dice| dice.exponential(mean)),
            mean_of(|dice| dice.lognormal(mean, 0.8)),
            mean_of(|dice| dice.between(Duration::from_secs(200), Duration::from_secs(280))),
        ] {
            assert!((found - 240.0).abs() < 3.0, "{found}");
        }
    }

    #[test]
    fn a_chance_is_as_likely_as_it_says() {
        let mut dice = Dice::new(1);
        let hits = (0..100_000).filter(|_| dice.chance(0.05)).count();
        assert!((4_700..5_300).contains(&hits), "{hits}");
        assert!(!dice.chance(0.0) && dice.chance(1.0));
        assert!((0..1000).all(|_| dice.below(3) < 3));
    }
}
