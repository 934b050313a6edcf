//! Rule Q12: what is counted, per queue and class, and the formulas over it.
//!
//! A tally holds whole seats only, each under the class it has now: a seat is `offered` once when it is opened and has
//! one outcome (connected, hung up, left by the flow, exit, moved on). Waits are compared as they were measured,
//! without rounding: 10 000 ms is met, one nanosecond more is missed.
use super::booking::{Attempt, AttemptResult, Outcome, Stay};
use super::event::Exit;
use crate::class::Class;
use crate::ids::QueueName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The promise of the "Приоритет" package.
pub const PROMISE: Duration = Duration::from_secs(10);
/// Who hangs up this early gave the queue no chance: not offered, for SL(T).
pub const SHORT_ABANDON: Duration = Duration::from_secs(5);
/// The first of the two bands in which early hang-ups are shown; the second ends at [`PROMISE`].
pub const HUNG_UP_AT_ONCE: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Seats opened, moved in from another queue included.
    pub offered: u64,
    /// Still open, no outcome yet.
    pub open: u64,
    pub connected: u64,
    /// Connected within the class's own target.
    pub connected_in_target: u64,
    /// Connected within [`PROMISE`].
    pub connected_in_promise: u64,
    /// Of those connected, by a callback: misses (Q12).
    pub called_back: u64,
    pub connected_wait: Duration,
    pub connected_wait_max: Duration,
    /// Hung up within 3 s.
    pub hung_up_at_once: u64,
    /// Hung up after 3 s and within 10 s.
    pub hung_up_in_promise: u64,
    pub hung_up_later: u64,
    /// Of the three above: within [`SHORT_ABANDON`].
    pub hung_up_short: u64,
    /// Of the three above: within the class's own target.
    pub hung_up_in_target: u64,
    /// A key, an administrator: out of the queue without hanging up.
    pub left: u64,
    pub exits: BTreeMap<Exit, u64>,
    /// Moved on to another queue, where the seat is offered again.
    pub moved: u64,
    /// Answers that came to nothing (no RTP, dropped before the bridge). Not an outcome: the seat waits on.
    pub failed_connects: u64,
    /// Operators who sent no RTP within a second of their answer.
    pub silent_operators: u64,
    /// For AHT: ended talks, and their talk, hold and wrap-up time.
    pub talks: u64,
    /// Without hold.
    pub talk: Duration,
    pub hold: Duration,
    pub wrap_up: Duration,
    /// The process died while the seat was open.
    pub lost: u64,
}

impl Tally {
    pub fn hung_up(&self) -> u64 {
        self.hung_up_at_once + self.hung_up_in_promise + self.hung_up_later
    }

    pub fn exited(&self) -> u64 {
        self.exits.values().sum()
    }

    pub fn connected_late(&self) -> u64 {
        self.connected - self.connected_in_target
    }

    /// P10 = connected within 10 000 ms ÷ (offered − hung up within 10 000 ms). Seats still open count as offered only
    /// when the caller of this function says that they have waited longer: `undecided` are those that have not.
    pub fn p10(&self, undecided: u64) -> Option<f64> {
        let excused = self.hung_up_at_once + self.hung_up_in_promise + undecided;
        ratio(self.connected_in_promise, self.offered.saturating_sub(excused))
    }

    /// SL(T), T the class's target: connected within T ÷ (offered − hung up within 5 s).
    pub fn service_level(&self, undecided: u64) -> Option<f64> {
        ratio(self.connected_in_target, self.offered.saturating_sub(self.hung_up_short + undecided))
    }

    /// The first common formula: answered within T ÷ answered.
    pub fn answered_in_target_of_answered(&self) -> Option<f64> {
        ratio(self.connected_in_target, self.connected)
    }

    /// The second common formula: who hung up within T counts as a success.
    pub fn service_level_with_abandons(&self, undecided: u64) -> Option<f64> {
        ratio(self.connected_in_target + self.hung_up_in_target, self.offered.saturating_sub(undecided))
    }

    /// ASA: the mean wait of those who were connected.
    pub fn average_speed_of_answer(&self) -> Option<Duration> {
        mean(self.connected_wait, self.connected)
    }

    /// AHT: talk, hold and wrap-up.
    pub fn average_handling(&self) -> Option<Duration> {
        mean(self.talk + self.hold + self.wrap_up, self.talks)
    }

    /// A seat's stay, whole: what a report reads from the records.
    pub fn count(&mut self, stay: &Stay) {
        self.offered += 1;
        match stay.outcome {
            Some(outcome) => self.settle(stay.class, outcome, stay.waited, stay.silent_operator),
            None => self.open += 1,
        }
    }

    /// An outcome: the one place where waits are held against the thresholds, for the live measures and for reports.
    pub fn settle(&mut self, class: Class, outcome: Outcome, waited: Duration, silent: bool) {
        match outcome {
            Outcome::Connected | Outcome::CalledBack => {
                let by_callback = outcome == Outcome::CalledBack;
                self.connected += 1;
                self.called_back += u64::from(by_callback);
                self.connected_in_target += u64::from(!by_callback && waited <= class.target());
                self.connected_in_promise += u64::from(!by_callback && waited <= PROMISE);
                self.connected_wait += waited;
                self.connected_wait_max = self.connected_wait_max.max(waited);
                self.silent_operators += u64::from(silent);
            }
            Outcome::HungUp => {
                match waited {
                    w if w <= HUNG_UP_AT_ONCE => self.hung_up_at_once += 1,
                    w if w <= PROMISE => self.hung_up_in_promise += 1,
                    _ => self.hung_up_later += 1,
                }
                self.hung_up_short += u64::from(waited <= SHORT_ABANDON);
                self.hung_up_in_target += u64::from(waited <= class.target());
            }
            Outcome::Left | Outcome::NotReached | Outcome::Ended => self.left += 1,
            Outcome::Exited(exit) => *self.exits.entry(exit).or_default() += 1,
            Outcome::Moved => self.moved += 1,
            Outcome::Lost => self.lost += 1,
        }
    }

    /// An attempt to reach an operator that is over, with what is known of it by now.
    pub fn attempted(&mut self, attempt: &Attempt) {
        self.failed_connects += u64::from(attempt.result == AttemptResult::Failed);
        if attempt.ended_by.is_some() {
            self.talks += 1;
            self.talk += attempt.talk;
            self.hold += attempt.hold;
            self.wrap_up += attempt.wrap_up;
        }
    }

    /// Every seat has one outcome or is open.
    pub fn balances(&self) -> bool {
        let outcomes = self.connected + self.hung_up() + self.left + self.exited() + self.moved + self.lost;
        self.offered == outcomes + self.open
    }

    pub fn add(&mut self, other: &Tally) {
        self.offered += other.offered;
        self.open += other.open;
        self.connected += other.connected;
        self.connected_in_target += other.connected_in_target;
        self.connected_in_promise += other.connected_in_promise;
        self.called_back += other.called_back;
        self.connected_wait += other.connected_wait;
        self.connected_wait_max = self.connected_wait_max.max(other.connected_wait_max);
        self.hung_up_at_once += other.hung_up_at_once;
        self.hung_up_in_promise += other.hung_up_in_promise;
        self.hung_up_later += other.hung_up_later;
        self.hung_up_short += other.hung_up_short;
        self.hung_up_in_target += other.hung_up_in_target;
        self.left += other.left;
        for (exit, count) in &other.exits {
            *self.exits.entry(*exit).or_default() += count;
        }
        self.moved += other.moved;
        self.failed_connects += other.failed_connects;
        self.silent_operators += other.silent_operators;
        self.talks += other.talks;
        self.talk += other.talk;
        self.hold += other.hold;
        self.wrap_up += other.wrap_up;
        self.lost += other.lost;
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(total: Duration, count: u64) -> Option<Duration> {
    u32::try_from(count).ok().filter(|count| *count > 0).map(|count| total / count)
}

/// The tallies of a pool since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    queues: BTreeMap<QueueName, BTreeMap<Class, Tally>>,
    totals: BTreeMap<Class, Tally>,
}

/// Where a seat is booked.
#[derive(Clone, Copy)]
pub(super) struct Account<'a> {
    pub queue: &'a QueueName,
    pub class: Class,
    /// False once the seat has had its outcome in the total: an operator passed the caller on.
    pub in_total: bool,
    /// A test call: booked nowhere. It does not count for `max_len` either.
    pub test: bool,
}

impl Measures {
    /// One queue and class; empty when nothing was offered there.
    pub fn of(&self, queue: &QueueName, class: Class) -> Tally {
        self.queues.get(queue).and_then(|classes| classes.get(&class)).cloned().unwrap_or_default()
    }

    pub fn by_queue(&self) -> impl Iterator<Item = (&QueueName, Class, &Tally)> {
        self.queues
            .iter()
            .flat_map(|(queue, classes)| classes.iter().map(move |(class, tally)| (queue, *class, tally)))
    }

    /// The whole pool: a seat that moved between queues is offered once, with its first outcome.
    pub fn total(&self, class: Class) -> Tally {
        self.totals.get(&class).cloned().unwrap_or_default()
    }

    /// Seats of a queue that have no outcome yet.
    pub(super) fn open(&self, queue: &QueueName) -> u64 {
        self.queues.get(queue).map_or(0, |classes| classes.values().map(|tally| tally.open).sum())
    }

    pub(super) fn opened(&mut self, account: Account<'_>) {
        self.book(account, |tally| {
            tally.offered += 1;
            tally.open += 1;
        });
    }

    pub(super) fn class_changed(&mut self, account: Account<'_>, to: Class) {
        self.book(account, |tally| {
            tally.offered -= 1;
            tally.open -= 1;
        });
        self.opened(Account { class: to, ..account });
    }

    /// `outcome`: connected, by a callback or not.
    pub(super) fn connected(
        &mut self,
        account: Account<'_>,
        outcome: Outcome,
        waited: Duration,
        silent: bool,
    ) {
        self.close(account, outcome, waited, silent);
    }

    /// The operator who answered dropped or sent nothing: what was `booked` at the answer is taken back and the seat is
    /// open again. The longest wait stays as it was, for this seat's next wait can only be longer.
    pub(super) fn connect_failed(&mut self, account: Account<'_>, booked: Option<(Outcome, Duration)>) {
        let Some((outcome, waited)) = booked else { return };
        let by_callback = outcome == Outcome::CalledBack;
        self.book(account, |tally| {
            tally.open += 1;
            tally.connected -= 1;
            tally.called_back -= u64::from(by_callback);
            tally.connected_in_target -= u64::from(!by_callback && waited <= account.class.target());
            tally.connected_in_promise -= u64::from(!by_callback && waited <= PROMISE);
            tally.connected_wait -= waited;
            // Only who was never heard is given back after the connection.
            tally.silent_operators -= 1;
        });
    }

    /// An attempt to reach an operator is over.
    pub(super) fn attempted(&mut self, attempt: &Attempt) {
        self.book(attempt.account(), |tally| tally.attempted(attempt));
    }

    /// The seat left the queue, or the pool, without an operator.
    pub(super) fn closed(&mut self, account: Account<'_>, outcome: Outcome, waited: Duration) {
        self.close(account, outcome, waited, false);
    }

    fn close(&mut self, account: Account<'_>, outcome: Outcome, waited: Duration, silent: bool) {
        self.book(account, |tally| {
            tally.open -= 1;
            tally.settle(account.class, outcome, waited, silent);
        });
    }

    /// From a queue where the seat waited: its outcome there, and none in the total.
    pub(super) fn moved_out(&mut self, account: Account<'_>) {
        self.close(Account { in_total: false, ..account }, Outcome::Moved, Duration::ZERO, false);
    }

    pub(super) fn moved_in(&mut self, account: Account<'_>) {
        self.opened(Account { in_total: false, ..account });
    }

    pub(super) fn wrapped_up(&mut self, account: Account<'_>, wrap_up: Duration) {
        self.book(Account { in_total: true, ..account }, |tally| tally.wrap_up += wrap_up);
    }

    fn book(&mut self, account: Account<'_>, change: impl Fn(&mut Tally)) {
        if account.test {
            return;
        }
        if !self.queues.contains_key(account.queue) {
            self.queues.insert(account.queue.clone(), BTreeMap::new());
        }
        if let Some(classes) = self.queues.get_mut(account.queue) {
            change(classes.entry(account.class).or_default());
        }
        if account.in_total {
            change(self.totals.entry(account.class).or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(queue: &QueueName, class: Class) -> Account<'_> {
        Account { queue, class, in_total: true, test: false }
    }

    #[test]
    fn ten_seconds_is_met_and_a_millisecond_more_is_missed() {
        let mut measures = Measures::default();
        let wallet = QueueName::from("wallet");
        for ms in [10_000, 10_001] {
            measures.opened(account(&wallet, Class::Priority));
            measures.connected(
                account(&wallet, Class::Priority),
                Outcome::Connected,
                Duration::from_millis(ms),
                false,
            );
        }
        let tally = measures.of(&wallet, Class::Priority);
        assert_eq!((tally.connected_in_promise, tally.connected_late()), (1, 1));
        assert_eq!(tally.p10(0), Some(0.5));
    }

    #[test]
    fn a_callback_is_a_person_in_the_end_and_a_miss_all_the_same() {
        let mut measures = Measures::default();
        let wallet = QueueName::from("wallet");
        measures.opened(account(&wallet, Class::Priority));
        let soon = Duration::from_secs(9);
        measures.connected(account(&wallet, Class::Priority), Outcome::CalledBack, soon, false);
        let tally = measures.of(&wallet, Class::Priority);
        assert_eq!((tally.connected, tally.called_back, tally.p10(0)), (1, 1, Some(0.0)));
        assert_eq!(tally.service_level(0), Some(0.0));
    }

    #[test]
    fn who_hangs_up_within_the_promise_is_shown_apart_and_not_a_miss() {
        let mut measures = Measures::default();
        let wallet = QueueName::from("wallet");
        for ms in [3_000, 3_001, 5_001, 10_000, 10_001] {
            measures.opened(account(&wallet, Class::Priority));
            measures.closed(account(&wallet, Class::Priority), Outcome::HungUp, Duration::from_millis(ms));
        }
        measures.opened(account(&wallet, Class::Priority));
        measures.connected(
            account(&wallet, Class::Priority),
            Outcome::Connected,
            Duration::from_secs(2),
            false,
        );
        let tally = measures.of(&wallet, Class::Priority);
        assert_eq!((tally.hung_up_at_once, tally.hung_up_in_promise, tally.hung_up_later), (1, 3, 1));
        assert_eq!(tally.hung_up_short, 2);
        assert_eq!(tally.p10(0), Some(1.0 / 2.0));
        assert_eq!(tally.service_level(0), Some(1.0 / 4.0));
        assert_eq!(tally.service_level_with_abandons(0), Some(5.0 / 6.0));
        assert_eq!(tally.answered_in_target_of_answered(), Some(1.0));
        assert!(tally.balances());
    }

    #[test]
    fn a_seat_that_moved_is_offered_once_in_each_queue_and_once_in_the_total() {
        let mut measures = Measures::default();
        let (wallet, security) = (QueueName::from("wallet"), QueueName::from("security"));
        measures.opened(account(&wallet, Class::Standard));
        measures.moved_out(account(&wallet, Class::Standard));
        measures.moved_in(account(&security, Class::Standard));
        measures.connected(
            account(&security, Class::Standard),
            Outcome::Connected,
            Duration::from_secs(7),
            false,
        );
        assert_eq!(measures.of(&wallet, Class::Standard).offered, 1);
        assert_eq!(measures.of(&security, Class::Standard).offered, 1);
        let total = measures.total(Class::Standard);
        assert_eq!((total.offered, total.connected), (1, 1));
        assert!(total.balances());
    }

    #[test]
    fn a_connection_that_failed_is_taken_back() {
        let mut measures = Measures::default();
        let wallet = QueueName::from("wallet");
        measures.opened(account(&wallet, Class::Standard));
        measures.connected(
            account(&wallet, Class::Standard),
            Outcome::Connected,
            Duration::from_secs(2),
            true,
        );
        measures.connect_failed(
            account(&wallet, Class::Standard),
            Some((Outcome::Connected, Duration::from_secs(2))),
        );
        let tally = measures.of(&wallet, Class::Standard);
        assert_eq!((tally.connected, tally.open, tally.silent_operators), (0, 1, 0));
        assert_eq!(tally.connected_wait, Duration::ZERO);
        assert!(tally.balances());
    }
}
