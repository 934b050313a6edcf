//! One decision of a dispatcher with 10,000 seats waiting and 1,000 operators. The promise is 50 µs; edge case 33 of the
//! queue rules (1,000 arrivals in a second) needs less than 1 ms.
//!
//! The time is virtual: each measured step is one event and the pass of dispatch that follows it.
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hotline::class::Class;
use hotline::ids::{CallId, OfferId, OperatorId, QueueName, SeatId};
use hotline::machine::{Machine, Now};
use hotline::queue::{Action, Dispatcher, Event, OperatorSettings, PoolSettings, QueueSettings};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SEATS: u64 = 10_000;
const OPERATORS: u64 = 1_000;
const QUEUES: [&str; 4] = ["wallet", "terminals", "security", "sales"];

struct Pool {
    dispatcher: Dispatcher,
    now: Now,
    seats: u64,
    talks: BTreeMap<OperatorId, OfferId>,
    out: Vec<Action>,
}

impl Pool {
    fn new(serving: &[&str]) -> Pool {
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
        for n in 0..OPERATORS {
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

    let mut pool = Pool::new(&QUEUES);
    for _ in 0..OPERATORS {
        pool.joins();
        pool.answers();
    }
    for _ in 0..SEATS {
        pool.joins();
    }
    let busy = RefCell::new(pool);
    group.bench_function("an operator is free, 10000 wait", |b| {
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
    group.bench_function("a caller joins, 10000 wait, nobody is ready", |b| {
        let pool = RefCell::new(Pool { dispatcher: busy.borrow().dispatcher.clone(), ..Pool::new(&[]) });
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

    // Callers of a queue whose only operator talks must cost the others nothing.
    let mut idle = Pool::new(&["wallet", "security"]);
    let mut settings = idle.dispatcher.settings().clone();
    let alone = OperatorSettings {
        queues: vec!["terminals".into()],
        contact: Some("sip:phone@10.0.0.13".into()),
        ..OperatorSettings::default()
    };
    settings.operators.insert("1".into(), alone);
    idle.dispatcher = Dispatcher::new(settings, 1);
    for n in 0..=SEATS {
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

criterion_group!(benches, decisions);
criterion_main!(benches);
