//! The limit on sign-in attempts per address: a bucket of tokens for each. The store locks a *user* after failures in a
//! row; this keeps one address from trying many users.
use crate::machine::Instant;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Attempts that an address has at once …
const BURST: f64 = 10.0;
/// … and the time in which one comes back.
const REFILL: Duration = Duration::from_secs(15);
/// Addresses remembered. Full: the one that was quiet longest is forgotten.
const ADDRESSES_MAX: usize = 4096;

#[derive(Debug, Default)]
pub struct Attempts {
    buckets: BTreeMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Attempts {
    /// Takes an attempt, or says how long to wait for the next.
    pub fn take(&mut self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        let key = network(from);
        if !self.buckets.contains_key(&key) && self.buckets.len() >= ADDRESSES_MAX {
            self.forget_the_quietest();
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: BURST, at: now });
        let back = now.since(bucket.at).as_secs_f64() / REFILL.as_secs_f64();
        bucket.tokens = (bucket.tokens + back).min(BURST);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Ok(())
        } else {
            Err(REFILL.mul_f64(1.0 - bucket.tokens))
        }
    }

    /// The attempt was a good one: it does not count.
    pub fn give_back(&mut self, from: IpAddr) {
        if let Some(bucket) = self.buckets.get_mut(&network(from)) {
            bucket.tokens = (bucket.tokens + 1.0).min(BURST);
        }
    }

    fn forget_the_quietest(&mut self) {
        let quietest = self.buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(key, _)| *key);
        if let Some(key) = quietest {
            self.buckets.remove(&key);
        }
    }
}

/// Whoever has one IPv6 address has the /64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "192.0.2.7";

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(secs)
    }

    #[test]
    fn the_eleventh_attempt_waits_for_a_token() {
        let (mut attempts, here) = (Attempts::default(), HERE.parse().unwrap());
        for _ in 0..10 {
            assert_eq!(attempts.take(here, at(0)), Ok(()));
        }
        assert_eq!(attempts.take(here, at(0)), Err(REFILL));
        assert_eq!(attempts.take("192.0.2.8".parse().unwrap(), at(0)), Ok(()), "another address is free");
        assert_eq!(attempts.take(here, at(15)), Ok(()));
        assert!(attempts.take(here, at(15)).is_err());
    }

    #[test]
    fn a_good_sign_in_costs_nothing() {
        let (mut attempts, here) = (Attempts::default(), HERE.parse().unwrap());
        for _ in 0..100 {
            assert_eq!(attempts.take(here, at(0)), Ok(()));
            attempts.give_back(here);
        }
    }

    #[test]
    fn a_whole_ipv6_network_shares_its_attempts() {
        let mut attempts = Attempts::default();
        for i in 0..10 {
            let address = format!("2001:db8:1:2::{i:x}").parse().unwrap();
            assert_eq!(attempts.take(address, at(0)), Ok(()));
        }
        assert!(attempts.take("2001:db8:1:2:ffff::1".parse().unwrap(), at(0)).is_err());
        assert!(attempts.take("2001:db8:1:3::1".parse().unwrap(), at(0)).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_does_not_grow_the_table() {
        let mut attempts = Attempts::default();
        for i in 0..(ADDRESSES_MAX as u32 + 100) {
            let _ = attempts.take(IpAddr::from(i.to_be_bytes()), at(u64::from(i)));
        }
        assert_eq!(attempts.buckets.len(), ADDRESSES_MAX);
    }
}
