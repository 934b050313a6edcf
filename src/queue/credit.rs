//! Rule Q10: who was cut off and comes back has waited already.
//!
//! A seat that is closed by a hang-up leaves a credit behind: its age, for the same verified number in the same queue,
//! for a while, for one seat. The age carries an earlier credit along, so every second that a caller waited counts once.
//!
//! Two kinds of absence differ. Who hung up was away by his own act: his age stood still meanwhile. Who was cut off by the
//! node's end was not: his age went on, so that those who waited together come back into the order in which they stood,
//! whoever dials first.
use crate::ids::QueueName;
use crate::machine::Instant;
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The credit that would lapse first is dropped for a new one; that is two minutes of 80 hang-ups a second.
const CREDITS_MAX: usize = 10_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Credits {
    /// By number and, because JSON has no composite keys, by queue within it.
    by_number: BTreeMap<Number, BTreeMap<QueueName, Credit>>,
    by_time: BTreeSet<(Instant, Number, QueueName)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Credit {
    age: Duration,
    /// The age goes on from here: the absence is our fault.
    since: Option<Instant>,
    /// It counts to the end of this moment.
    until: Instant,
}

impl Credit {
    fn at(&self, now: Instant) -> Duration {
        self.age + self.since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

impl Credits {
    /// The caller hung up at this age.
    pub fn hung_up(
        &mut self,
        caller: &Number,
        queue: &QueueName,
        age: Duration,
        until: Instant,
        now: Instant,
    ) {
        self.put(caller, queue, Credit { age, since: None, until }, now);
    }

    /// The node ended with this seat open; it was this old when the node was back, which is now.
    pub fn lost(&mut self, caller: &Number, queue: &QueueName, age: Duration, until: Instant, now: Instant) {
        self.put(caller, queue, Credit { age, since: Some(now), until }, now);
    }

    /// Of two for the same number and queue (the caller was there twice) the older one is kept.
    fn put(&mut self, caller: &Number, queue: &QueueName, credit: Credit, now: Instant) {
        self.forget(now);
        if let Some(other) = self.remove(caller, queue)
            && other.at(now) > credit.at(now)
        {
            self.insert(caller, queue, Credit { until: other.until.max(credit.until), ..other });
        } else {
            self.insert(caller, queue, credit);
        }
        while self.by_time.len() > CREDITS_MAX
            && let Some((_, caller, queue)) = self.by_time.first().cloned()
        {
            self.remove(&caller, &queue);
        }
    }

    /// The credit of this number in this queue, which is thereby used.
    pub fn take(&mut self, caller: &Number, queue: &QueueName, now: Instant) -> Duration {
        self.forget(now);
        self.remove(caller, queue).map_or(Duration::ZERO, |credit| credit.at(now))
    }

    #[cfg(test)]
    pub fn owed(&self, caller: &Number, queue: &QueueName, now: Instant) -> Option<Duration> {
        let credit = self.by_number.get(caller)?.get(queue)?;
        (now <= credit.until).then(|| credit.at(now))
    }

    fn insert(&mut self, caller: &Number, queue: &QueueName, credit: Credit) {
        self.by_time.insert((credit.until, caller.clone(), queue.clone()));
        self.by_number.entry(caller.clone()).or_default().insert(queue.clone(), credit);
    }

    fn remove(&mut self, caller: &Number, queue: &QueueName) -> Option<Credit> {
        let queues = self.by_number.get_mut(caller)?;
        let credit = queues.remove(queue)?;
        if queues.is_empty() {
            self.by_number.remove(caller);
        }
        self.by_time.remove(&(credit.until, caller.clone(), queue.clone()));
        Some(credit)
    }

    fn forget(&mut self, now: Instant) {
        while let Some((until, caller, queue)) = self.by_time.first().cloned()
            && until < now
        {
            self.remove(&caller, &queue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    fn number(n: usize) -> Number {
        Number::parse(&format!("7916{n:07}")).unwrap()
    }

    #[test]
    fn a_credit_is_given_once_and_to_the_last_moment() {
        let (mut credits, wallet) = (Credits::default(), QueueName::from("wallet"));
        for caller in [number(1), number(2), number(3)] {
            credits.hung_up(&caller, &wallet, Duration::from_secs(50), at(120), at(0));
        }
        assert_eq!(credits.take(&number(1), &"security".into(), at(1)), Duration::ZERO);
        assert_eq!(credits.take(&number(1), &wallet, at(1)), Duration::from_secs(50));
        assert_eq!(credits.take(&number(1), &wallet, at(1)), Duration::ZERO);
        assert_eq!(credits.take(&number(2), &wallet, at(120)), Duration::from_secs(50));
        assert_eq!(credits.take(&number(3), &wallet, at(120) + Duration::from_nanos(1)), Duration::ZERO);
    }

    #[test]
    fn an_absence_that_is_our_fault_counts_as_waiting() {
        let (mut credits, wallet) = (Credits::default(), QueueName::from("wallet"));
        credits.lost(&number(1), &wallet, Duration::from_secs(50), at(120), at(0));
        assert_eq!(credits.take(&number(1), &wallet, at(30)), Duration::from_secs(80));
    }

    #[test]
    fn the_older_of_two_is_kept_and_the_memory_is_bounded() {
        let (mut credits, wallet) = (Credits::default(), QueueName::from("wallet"));
        credits.hung_up(&number(0), &wallet, Duration::from_secs(70), at(120), at(0));
        credits.hung_up(&number(0), &wallet, Duration::from_secs(20), at(125), at(5));
        assert_eq!(credits.take(&number(0), &wallet, at(125)), Duration::from_secs(70));
        for n in 0..=CREDITS_MAX {
            let until = at(120) + Duration::from_nanos(n as u64);
            credits.hung_up(&number(n), &wallet, Duration::from_secs(1), until, at(0));
        }
        assert_eq!((credits.by_number.len(), credits.by_time.len()), (CREDITS_MAX, CREDITS_MAX));
        assert_eq!(credits.take(&number(0), &wallet, at(1)), Duration::ZERO);
    }
}
