//! One decision of a dispatcher with up to 10,000 seats waiting and 1,000 operators. The promise is 50 µs, and no more than
//! n·log n in the number who wait; edge case 33 of the queue rules (1,000 arrivals in a second) needs less than 1 ms.
//!
//! The time is virtual: each measured step is one event and the pass of dispatch that follows it, with the reserve's review
//! (Q3) and the decision's explanation (Q4) in it.
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use hotline::class::Class;
use hotline::ids::{CallId, OfferId, OperatorId, QueueName, SeatId};
use hotline::machine::{Machine, Now};
use hotline::queue::{Action, Dispatcher, Event, OperatorSettings, PoolSettings, QueueSettings};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const OPERATORS: u64 = 1_000;
const SEATS: [u64; 3] = [100, 1_000, 10_000];
const QUEUES: [&str; 4] = ["wallet", "terminals", "security", "sales"];

struct Pool {
    dispatcher: Dispatcher,
    now: Now,
    seats: u64,
    talks: BTreeMap<OperatorId, OfferId>,
    out: Vec<Action>,
}

impl Pool {
    fn new(operators: u64, serving: &[&str]) -> Pool {
        let mut settings =
            PoolSettings { starvation_limit: Duration::from_secs(100_000), ..PoolSettings::default() };
        for name in QUEUES {
            let queue = QueueSettings {
                class: (name == "security").then_some(Class::Security),
                max_len: usize::MAX,
                max_wait: Duration::from_secs(1_000_000),
                ..QueueSettings::default()
            };
            settings.queues.insert(name.into(), queue);
        }
        for n in 0..operators {
            let operator = OperatorSettings {
                queues: serving.iter().map(|name| QueueName::from(*name)).collect(),
                contact: Some("sip:phone@10.0.0.12".into()),
                ..OperatorSettings::default()
            };
            settings.operators.insert(OperatorId::from(format!("{}", 10_000 + n)), operator);
        }
        let dispatcher = Dispatcher::new(settings, 1);
        Pool { dispatcher, now: Now::default(), seats: 0, talks: BTreeMap::new(), out: Vec::new() }
    }

    /// Everybody talks, and so many wait.
    fn busy(operators: u64, waiting: u64) -> Pool {
        let mut pool = Pool::new(operators, &QUEUES);
        for _ in 0..operators {
            pool.joins();
            pool.answers();
        }
        for _ in 0..waiting {
            pool.joins();
        }
        // Those whom the first reviews held back serve the first who waited.
        while pool.dispatcher.reserve_status().ready > pool.dispatcher.reserve_status().reserve as usize {
            pool.joins();
            pool.answers();
        }
        pool
    }

    fn does(&mut self, event: Event) {
        self.out.clear();
        self.dispatcher.handle(event, self.now, &mut self.out);
    }

    fn arrival(&mut self, queue: &str) -> Event {
        self.now = self.now.later(Duration::from_millis(1));
        self.seats += 1;
        let class = if self.seats.is_multiple_of(10) { Class::Priority } else { Class::Standard };
        Event::Joined {
            seat: SeatId(self.seats),
            call: CallId(self.seats),
            caller: None,
            queue: queue.into(),
            class,
            skills: BTreeSet::new(),
            exits: BTreeSet::new(),
            test: false,
        }
    }

    fn joins(&mut self) {
        let event = self.arrival(QUEUES[(self.seats % 4) as usize]);
        self.does(event);
    }

    /// Whoever was offered in the last step picks up and talks.
    fn answers(&mut self) -> Option<OperatorId> {
        let offered = self.out.iter().find_map(|action| match action {
            Action::Offer { offer, operator, .. } => Some((*offer, operator.clone())),
            _ => None,
        });
        let (offer, operator) = offered?;
        self.does(Event::Accepted { offer });
        self.does(Event::Flowing { offer });
        self.talks.insert(operator.clone(), offer);
        Some(operator)
    }

    /// The talk of the operator who talks longest ends; he wraps up.
    fn talk_ends(&mut self) -> OperatorId {
        let (operator, offer) = self
            .talks
            .iter()
            .min_by_key(|(_, offer)| **offer)
            .map(|(operator, offer)| (operator.clone(), *offer))
            .expect("everybody talks");
        self.talks.remove(&operator);
        self.does(Event::CallerGone { offer });
        self.does(Event::OperatorGone { offer });
        operator
    }
}

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("decision");
    for waiting in SEATS {
        let busy = RefCell::new(Pool::busy(OPERATORS, waiting));
        group.bench_function(BenchmarkId::new("an operator is free, so many wait", waiting), |b| {
            b.iter_batched(
                || {
                    let pool = &mut *busy.borrow_mut();
                    pool.answers();
                    pool.joins();
                    Event::EndWrapUp { operator: pool.talk_ends() }
                },
                |event| busy.borrow_mut().does(event),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("a caller joins, so many wait", waiting), |b| {
            let pool =
                RefCell::new(Pool { dispatcher: busy.borrow().dispatcher.clone(), ..Pool::new(0, &[]) });
            pool.borrow_mut().seats = 1_000_000;
            pool.borrow_mut().now = busy.borrow().now;
            b.iter_batched(
                || {
                    let pool = &mut *pool.borrow_mut();
                    pool.does(Event::Left { seat: SeatId(pool.seats), why: hotline::queue::Leave::HungUp });
                    pool.arrival("wallet")
                },
                |event| pool.borrow_mut().does(event),
                BatchSize::PerIteration,
            );
        });
        let pool = busy.borrow();
        // Some were served meanwhile.
        let near = (0..waiting / 2).map(|n| SeatId(pool.seats - waiting / 2 + n));
        let waits = |seat: &SeatId| pool.dispatcher.expected_wait(*seat, pool.now).is_some();
        let middle = near.into_iter().find(waits).expect("somebody waits");
        group.bench_function(BenchmarkId::new("the expected wait, so many wait", waiting), |b| {
            b.iter(|| (pool.dispatcher.expected_wait(middle, pool.now), pool.dispatcher.position(middle)));
        });
    }

    // Callers of a queue whose only operator talks must cost the others nothing.
    let mut idle = Pool::new(OPERATORS, &["wallet", "security"]);
    let mut settings = idle.dispatcher.settings().clone();
    let alone = OperatorSettings {
        queues: vec!["terminals".into()],
        contact: Some("sip:phone@10.0.0.13".into()),
        ..OperatorSettings::default()
    };
    settings.operators.insert("1".into(), alone);
    idle.dispatcher = Dispatcher::new(settings, 1);
    for n in 0..=SEATS[2] {
        if n == 1 {
            idle.answers();
            idle.talks.clear();
        }
        let event = idle.arrival("terminals");
        idle.does(event);
    }
    let idle = RefCell::new(idle);
    group.bench_function("a caller joins, 1000 are ready", |b| {
        b.iter_batched(
            || {
                let pool = &mut *idle.borrow_mut();
                if pool.answers().is_some() {
                    let operator = pool.talk_ends();
                    pool.does(Event::EndWrapUp { operator });
                }
                pool.arrival("wallet")
            },
            |event| idle.borrow_mut().does(event),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// The reserve reckoned anew: the number of operators changes with every step, and with it everything that is foretold.
fn reserve(c: &mut Criterion) {
    let mut group = c.benchmark_group("reserve");
    for operators in [20, 100, 1_000] {
        let pool = Pool::busy(operators, operators / 10);
        let away = OperatorId::from("10000");
        let pool = RefCell::new(pool);
        let mut here = true;
        group.bench_function(BenchmarkId::new("an operator comes or goes", operators), |b| {
            b.iter_batched(
                || {
                    let pool = &mut *pool.borrow_mut();
                    // Callers keep coming, at 95 % load, and the demand has moved since the last look.
                    let load = Duration::from_secs_f64(240.0 / operators as f64 / 0.95);
                    for _ in 0..6 {
                        pool.now = pool.now.later(load);
                        pool.joins();
                        pool.does(Event::Left {
                            seat: SeatId(pool.seats),
                            why: hotline::queue::Leave::HungUp,
                        });
                    }
                    here = !here;
                    Event::Occupied { operator: away.clone(), busy: here }
                },
                |event| pool.borrow_mut().does(event),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, reserve);
criterion_main!(benches);
