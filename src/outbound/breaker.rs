//! A circuit breaker for each service that flows ask: one that fails again and again is left alone for a while, so that callers
//! get to the error branch at once instead of waiting for it one after the other.
//!
//! ```text
//!  closed ── FAILURES_MAX in a row ──▶ open ── REST ──▶ one request is let through ── success ──▶ closed
//!                                       ▲                          └── failure ──┐
//!                                       └────────────────────────────────────────┘
//! ```
use crate::machine::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

const FAILURES_MAX: u32 = 5;
pub const REST: Duration = Duration::from_secs(15);
/// Services known at once; a flow may build host names from what it was told, so the oldest failures are forgotten.
const SERVICES_MAX: usize = 200;

#[derive(Debug, Default)]
pub struct Breaker {
    services: BTreeMap<String, Service>,
}

#[derive(Debug)]
struct Service {
    failures: u32,
    /// Since the last failure, or since somebody was let through to look.
    since: Instant,
}

impl Breaker {
    /// Whether this service may be asked now. After its rest the first to ask looks how it is.
    pub fn admits(&mut self, service: &str, now: Instant) -> bool {
        match self.services.get_mut(service) {
            Some(known) if known.failures >= FAILURES_MAX => {
                let rested = now.since(known.since) >= REST;
                if rested {
                    known.since = now;
                }
                rested
            }
            _ => true,
        }
    }

    pub fn ended(&mut self, service: &str, well: bool, now: Instant) {
        if well {
            self.services.remove(service);
            return;
        }
        if self.services.len() >= SERVICES_MAX && !self.services.contains_key(service) {
            let oldest =
                self.services.iter().min_by_key(|(_, known)| known.since).map(|(name, _)| name.clone());
            oldest.map(|name| self.services.remove(&name));
        }
        let known = self.services.entry(service.to_string()).or_insert(Service { failures: 0, since: now });
        known.failures = known.failures.saturating_add(1);
        known.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_fails_in_a_row_rests_and_is_then_looked_at_by_one() {
        let (mut breaker, begin) = (Breaker::default(), Instant::from_nanos(1));
        for _ in 0..FAILURES_MAX {
            assert!(breaker.admits("a", begin));
            breaker.ended("a", false, begin);
        }
        assert!(!breaker.admits("a", begin + Duration::from_secs(1)));
        assert!(breaker.admits("b", begin), "another is not concerned");
        let later = begin + REST;
        assert!(breaker.admits("a", later) && !breaker.admits("a", later), "only one looks");
        breaker.ended("a", true, later);
        assert!(breaker.admits("a", later));
    }
}
