//! What became of every seat of a run, and the figures over it: counted from what happened, not from the dispatcher's
//! own measures, so that the two can be held against each other.
use super::population::Plan;
use crate::class::Class;
use crate::machine::Instant;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// P10's promise, and Q12's short abandon.
const PROMISE: Duration = Duration::from_secs(10);
const SHORT_ABANDON: Duration = Duration::from_secs(5);
/// The plot's step.
const BIN: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Connected,
    HungUp,
    /// An exit of the queue, a key, an administrator.
    Exit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub joined_at: Instant,
    pub waited: Duration,
    pub outcome: Outcome,
}

/// One run, or several added up.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    from: Instant,
    open: BTreeMap<u64, (Instant, Class)>,
    pub seats: BTreeMap<Class, Vec<Seat>>,
    /// Sum of the operators' occupancies, and how many.
    occupied: f64,
    operators: f64,
    reserve: Vec<(Instant, u32)>,
    /// Waiting, by sample.
    waiting: Vec<(Instant, BTreeMap<Class, usize>)>,
    /// The most operators that were said to be missing, by sample.
    missing: Vec<u32>,
    pub calls: u64,
    pub events: u64,
}

impl Ledger {
    pub fn new(plan: &Plan) -> Ledger {
        Ledger { from: plan.counts_from(), ..Ledger::default() }
    }

    pub fn joined(&mut self, seat: u64, class: Class, now: Instant) {
        self.open.insert(seat, (now, class));
    }

    pub fn class_changed(&mut self, seat: u64, class: Class) {
        if let Some((_, known)) = self.open.get_mut(&seat) {
            *known = class;
        }
    }

    pub fn ended(&mut self, seat: u64, outcome: Outcome, now: Instant) {
        let Some((joined_at, class)) = self.open.remove(&seat) else { return };
        if joined_at >= self.from {
            let seat = Seat { joined_at, waited: now.since(joined_at), outcome };
            self.seats.entry(class).or_default().push(seat);
        }
    }

    pub fn is_open(&self, seat: u64) -> bool {
        self.open.contains_key(&seat)
    }

    pub fn open(&self) -> usize {
        self.open.len()
    }

    pub fn sample(&mut self, reserve: u32, missing: u32, now: Instant) {
        if now < self.from {
            return;
        }
        let mut waiting = BTreeMap::new();
        for (_, class) in self.open.values() {
            *waiting.entry(*class).or_default() += 1;
        }
        self.waiting.push((now, waiting));
        self.reserve.push((now, reserve));
        self.missing.push(missing);
    }

    pub fn book_operators(&mut self, occupancies: impl Iterator<Item = f64>) {
        for occupancy in occupancies {
            self.occupied += occupancy;
            self.operators += 1.0;
        }
    }

    /// Another run of the same plan with another seed.
    pub fn add(&mut self, other: Ledger) {
        self.from = self.from.max(other.from);
        for (class, seats) in other.seats {
            self.seats.entry(class).or_default().extend(seats);
        }
        self.occupied += other.occupied;
        self.operators += other.operators;
        self.reserve.extend(other.reserve);
        self.waiting.extend(other.waiting);
        self.missing.extend(other.missing);
        self.calls += other.calls;
        self.events += other.events;
    }

    pub fn figures(&self) -> Figures {
        let classes = Class::ALL
            .into_iter()
            .filter_map(|class| self.seats.get(&class).map(|seats| ClassFigures::of(class, seats)))
            .collect();
        let reserve = self.reserve.iter().map(|(_, reserve)| *reserve);
        let mut missing: Vec<u32> = self.missing.iter().copied().filter(|missing| *missing > 0).collect();
        missing.sort_unstable();
        Figures {
            calls: self.calls,
            events: self.events,
            classes,
            ordinary_wait_s: mean(
                self.seats
                    .iter()
                    .filter(|(class, _)| **class != Class::Priority)
                    .flat_map(|(_, seats)| seats)
                    .map(|seat| seat.waited),
            ),
            occupancy: self.occupied / self.operators.max(1.0),
            reserve_mean: reserve.clone().map(f64::from).sum::<f64>() / (self.reserve.len().max(1) as f64),
            reserve_max: reserve.max().unwrap_or(0),
            at_risk: missing.len() as f64 / (self.missing.len().max(1) as f64),
            missing: missing.get(missing.len() / 2).copied().unwrap_or(0),
        }
    }

    /// The curves of a run, for the plot: a point for every five minutes.
    pub fn curves(&self) -> Curves {
        let bin = |at: Instant| at.since(self.from).as_secs() / BIN.as_secs();
        let mut waiting: BTreeMap<Class, BTreeMap<u64, (f64, f64)>> = BTreeMap::new();
        for (at, by_class) in &self.waiting {
            for class in Class::ALL {
                let (sum, count) = waiting.entry(class).or_default().entry(bin(*at)).or_default();
                *sum += by_class.get(&class).copied().unwrap_or(0) as f64;
                *count += 1.0;
            }
        }
        let mut waits: BTreeMap<Class, BTreeMap<u64, (f64, f64)>> = BTreeMap::new();
        for (class, seats) in &self.seats {
            for seat in seats {
                let of_class = waits.entry(*class).or_default();
                let (sum, count) = of_class.entry(bin(seat.joined_at)).or_default();
                *sum += seat.waited.as_secs_f64();
                *count += 1.0;
            }
        }
        let mut reserve: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (at, held) in &self.reserve {
            let (sum, count) = reserve.entry(bin(*at)).or_default();
            *sum += f64::from(*held);
            *count += 1.0;
        }
        let points = |bins: BTreeMap<u64, (f64, f64)>| -> Vec<(f64, f64)> {
            let hours = BIN.as_secs_f64() / 3600.0;
            bins.into_iter().map(|(bin, (sum, count))| ((bin as f64 + 0.5) * hours, sum / count)).collect()
        };
        Curves {
            waiting: waiting.into_iter().map(|(class, bins)| (class, points(bins))).collect(),
            waits: waits.into_iter().map(|(class, bins)| (class, points(bins))).collect(),
            reserve: points(reserve),
        }
    }
}

/// Hours since the beginning, and a value.
pub type Curve = Vec<(f64, f64)>;

#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// How many wait.
    pub waiting: BTreeMap<Class, Curve>,
    /// Mean wait in seconds of those who came then.
    pub waits: BTreeMap<Class, Curve>,
    pub reserve: Curve,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Calls, redials included; those of the warm-up too.
    pub calls: u64,
    /// Inputs that the machines were given.
    pub events: u64,
    pub classes: Vec<ClassFigures>,
    /// Mean wait of everybody who is not Priority: what holding back costs is seen here.
    pub ordinary_wait_s: Option<f64>,
    pub occupancy: f64,
    pub reserve_mean: f64,
    pub reserve_max: u32,
    /// Share of the time in which the dispatcher said that the promise is at risk.
    pub at_risk: f64,
    /// How many operators it said were missing then; the median.
    pub missing: u32,
}

impl Figures {
    pub fn class(&self, class: Class) -> Option<&ClassFigures> {
        self.classes.iter().find(|figures| figures.class == class)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    pub class: Class,
    pub target_s: u64,
    pub offered: u64,
    pub connected: u64,
    pub hung_up: u64,
    pub exits: u64,
    /// Q12: connected within 10 s ÷ (offered − hung up within 10 s).
    pub p10: Option<f64>,
    /// Q12: connected within the target ÷ (offered − hung up within 5 s).
    pub service_level: Option<f64>,
    /// Mean wait of the connected.
    pub asa_s: Option<f64>,
    /// Of everybody, however the wait ended.
    pub wait_mean_s: Option<f64>,
    pub wait_95_s: Option<f64>,
}

impl ClassFigures {
    fn of(class: Class, seats: &[Seat]) -> ClassFigures {
        let count = |keep: &dyn Fn(&Seat) -> bool| seats.iter().filter(|seat| keep(seat)).count() as u64;
        let connected_in =
            |limit: Duration| count(&|seat| seat.outcome == Outcome::Connected && seat.waited <= limit);
        let hung_up_in =
            |limit: Duration| count(&|seat| seat.outcome == Outcome::HungUp && seat.waited <= limit);
        let offered = seats.len() as u64;
        let mut waits: Vec<Duration> = seats.iter().map(|seat| seat.waited).collect();
        waits.sort_unstable();
        let connected = seats.iter().filter(|seat| seat.outcome == Outcome::Connected);
        ClassFigures {
            class,
            target_s: class.target().as_secs(),
            offered,
            connected: count(&|seat| seat.outcome == Outcome::Connected),
            hung_up: count(&|seat| seat.outcome == Outcome::HungUp),
            exits: count(&|seat| seat.outcome == Outcome::Exit),
            p10: ratio(connected_in(PROMISE), offered - hung_up_in(PROMISE)),
            service_level: ratio(connected_in(class.target()), offered - hung_up_in(SHORT_ABANDON)),
            asa_s: mean(connected.map(|seat| seat.waited)),
            wait_mean_s: mean(waits.iter().copied()),
            wait_95_s: waits.get((waits.len() * 95).div_ceil(100).max(1) - 1).map(Duration::as_secs_f64),
        }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(waits: impl Iterator<Item = Duration>) -> Option<f64> {
    let (mut sum, mut count) = (Duration::ZERO, 0u32);
    for wait in waits {
        sum += wait;
        count += 1;
    }
    (count > 0).then(|| sum.as_secs_f64() / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of docs/queues.md.
    #[test]
    fn figures_are_those_of_the_worked_example() {
        let plan = Plan { warm_up: Duration::ZERO, ..Plan::default() };
        let mut ledger = Ledger::new(&plan);
        let from = plan.counts_from();
        let groups = [
            (40, 8, Outcome::Connected),
            (3, 14, Outcome::Connected),
            (2, 2, Outcome::HungUp),
            (1, 7, Outcome::HungUp),
            (3, 20, Outcome::HungUp),
            (1, 900, Outcome::Exit),
        ];
        let mut seat = 0;
        for (count, waited, outcome) in groups {
            for _ in 0..count {
                seat += 1;
                ledger.joined(seat, Class::Priority, from);
                ledger.ended(seat, outcome, from + Duration::from_secs(waited));
            }
        }
        let figures = ledger.figures();
        let priority = figures.class(Class::Priority).unwrap();
        assert_eq!((priority.offered, priority.connected, priority.hung_up, priority.exits), (50, 43, 6, 1));
        assert_eq!(priority.p10, Some(40.0 / 47.0));
        assert_eq!(priority.service_level, Some(40.0 / 48.0));
        assert_eq!(priority.wait_95_s, Some(20.0));
    }

    #[test]
    fn who_came_during_the_warm_up_is_not_counted() {
        let plan = Plan::default();
        let mut ledger = Ledger::new(&plan);
        ledger.joined(1, Class::Standard, plan.starts_at());
        ledger.ended(1, Outcome::HungUp, plan.counts_from() + Duration::from_secs(5));
        assert!(ledger.figures().classes.is_empty());
        assert_eq!(ledger.open(), 0);
    }
}
