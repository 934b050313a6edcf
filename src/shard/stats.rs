//! What a shard counts. The shard is the only writer and stores plain numbers once a tick; whoever asks gets a copy.
use crate::digit::DigitMethod;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the lag histogram, in microseconds; the last bucket has none.
pub const LAG_BOUNDS_US: [u64; 8] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000];
pub const LAG_BUCKETS: usize = LAG_BOUNDS_US.len() + 1;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one shard since its start; `legs` and `ports_free` are as of now.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct ShardStats {
            $($(#[$doc])* pub $name: u64,)*
            /// How late ticks began, by [`LAG_BOUNDS_US`].
            pub lag: [u64; LAG_BUCKETS],
            /// By [`DigitMethod`], in its order.
            pub digits: [u64; 3],
        }

        #[derive(Debug, Default)]
        pub struct Shared {
            $($name: AtomicU64,)*
            lag: [AtomicU64; LAG_BUCKETS],
            digits: [AtomicU64; 3],
        }

        impl Shared {
            pub fn store(&self, stats: &ShardStats) {
                $(self.$name.store(stats.$name, Relaxed);)*
                self.lag.iter().zip(stats.lag).for_each(|(shared, value)| shared.store(value, Relaxed));
                self.digits.iter().zip(stats.digits).for_each(|(shared, value)| shared.store(value, Relaxed));
            }

            pub fn load(&self) -> ShardStats {
                ShardStats {
                    $($name: self.$name.load(Relaxed),)*
                    lag: std::array::from_fn(|i| self.lag[i].load(Relaxed)),
                    digits: std::array::from_fn(|i| self.digits[i].load(Relaxed)),
                }
            }
        }
    };
}

counts! {
    legs,
    ports_total,
    ports_free,
    ticks,
    /// Datagrams received and sent, RTP and RTCP.
    packets_in,
    packets_out,
    /// Datagrams that the kernel refused to send.
    send_errors,
    /// From strangers, or unreadable; summed when a leg closes, as are lost ones.
    rejected,
    lost,
    lag_max_us,
    /// Of the latest tick.
    lag_last_us,
    /// The highest interarrival jitter (RFC 3550 A.8) among the legs, as of the last second.
    jitter_max_us,
    /// Grid steps that were given up after a long stall.
    skipped_ticks,
    /// Samples that did not reach the recorder because its ring was full.
    recorder_gap_samples,
    /// 1 if the thread runs under SCHED_FIFO.
    realtime,
}

impl ShardStats {
    pub fn lagged(&mut self, lag: Duration) {
        let us = lag.as_micros() as u64;
        let bucket = LAG_BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(LAG_BUCKETS - 1);
        self.lag[bucket] += 1;
        self.lag_last_us = us;
        self.lag_max_us = self.lag_max_us.max(us);
    }

    pub fn digits_by(&self, method: DigitMethod) -> u64 {
        self.digits[method as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shows_what_was_stored() {
        let mut stats = ShardStats { packets_in: 7, ..ShardStats::default() };
        stats.lagged(Duration::from_micros(100));
        stats.lagged(Duration::from_micros(101));
        stats.lagged(Duration::from_secs(1));
        stats.digits[DigitMethod::Inband as usize] += 1;
        let shared = Shared::default();
        shared.store(&stats);
        assert_eq!(shared.load(), stats);
        assert_eq!(
            (stats.lag[0], stats.lag[1], stats.lag[LAG_BUCKETS - 1], stats.lag_max_us),
            (1, 1, 1, 1_000_000)
        );
        assert_eq!(stats.digits_by(DigitMethod::Inband), 1);
    }
}
