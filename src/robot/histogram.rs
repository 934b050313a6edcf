//! A distribution of durations in fixed memory: p50, p99 and the exact maximum, each quantile within 1.6 %.
//!
//! Microseconds fall into buckets that double in width every 64 of them, as in HDR histograms. Recording allocates
//! nothing.
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Buckets per doubling: a bucket is at most 1/64 of its value wide.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Up to 2^32 µs, over an hour; what is longer counts in the last bucket.
const BUCKETS: usize = (STEPS * (32 - STEP_BITS as u64 + 1)) as usize;

#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Box<[u32]>,
    count: u64,
    max: Duration,
}

/// What is reported of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    pub count: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: vec![0; BUCKETS].into(), count: 0, max: Duration::ZERO }
    }
}

impl Histogram {
    pub fn record(&mut self, value: Duration) {
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(micros)) {
            *bucket = bucket.saturating_add(1);
        }
        self.count += 1;
        self.max = self.max.max(value);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn max(&self) -> Duration {
        self.max
    }

    /// The smallest value that `share` of all values do not exceed; zero when there are none.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += u64::from(*bucket);
            if seen >= wanted {
                return Duration::from_micros(upper_of(index)).min(self.max);
            }
        }
        self.max
    }

    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine = mine.saturating_add(*theirs);
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    pub fn quantiles(&self) -> Quantiles {
        Quantiles {
            count: self.count,
            p50_ms: millis(self.quantile(0.50)),
            p99_ms: millis(self.quantile(0.99)),
            max_ms: millis(self.max),
        }
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quantiles { count, p50_ms, p99_ms, max_ms } = self;
        match count {
            0 => f.write_str("none"),
            _ => write!(f, "{p50_ms:>9.2} {p99_ms:>9.2} {max_ms:>9.2} {count:>9}"),
        }
    }
}

/// Milliseconds with three digits after the point.
pub fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

fn bucket_of(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let doubling = micros.ilog2() - STEP_BITS;
    let step = (micros >> doubling) - STEPS;
    let index = (u64::from(doubling) + 1) * STEPS + step;
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The largest value in a bucket.
fn upper_of(index: usize) -> u64 {
    let (doubling, step) = (index as u64 / STEPS, index as u64 % STEPS);
    match doubling {
        0 => step,
        _ => ((STEPS + step + 1) << (doubling - 1)) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_bucket_of_the_truth() {
        let mut histogram = Histogram::default();
        for micros in 1..=100_000 {
            histogram.record(Duration::from_micros(micros));
        }
        let quantiles = histogram.quantiles();
        assert!((quantiles.p50_ms / 50.0 - 1.0).abs() < 0.016, "{quantiles:?}");
        assert!((quantiles.p99_ms / 99.0 - 1.0).abs() < 0.016, "{quantiles:?}");
        assert_eq!((quantiles.max_ms, quantiles.count), (100.0, 100_000));
    }

    #[test]
    fn a_value_beyond_the_last_bucket_still_counts() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::from_secs(100_000));
        assert_eq!(histogram.quantile(0.5), Duration::from_micros(upper_of(BUCKETS - 1)));
        assert_eq!(histogram.max(), Duration::from_secs(100_000));
        assert_eq!(Histogram::default().quantiles(), Quantiles::default());
    }

    #[test]
    fn every_value_lies_in_its_bucket() {
        for micros in [0, 1, 63, 64, 65, 127, 128, 1000, 20_000, 1 << 30] {
            let bucket = bucket_of(micros);
            assert!(upper_of(bucket) >= micros, "{micros}");
            assert!(bucket == 0 || upper_of(bucket - 1) < micros, "{micros}");
        }
    }
}
