//! Q9: seats whose callers hang up and are called.
use super::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

const ANNA: &str = "79160000001";
const BORIS: &str = "79160000002";
/// Nobody is dialled.
const NOBODY: [u64; 0] = [];
/// Every talk of these tests lasts so long.
const TALK: Duration = Duration::from_secs(100);

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn dials(actions: &[Action]) -> Vec<u64> {
    let dial = |action: &Action| match action {
        Action::Dial { seat, .. } => Some(seat.0),
        _ => None,
    };
    actions.iter().filter_map(dial).collect()
}

impl Pool {
    fn wants_callback(&mut self, seat: u64, to: &str) -> Vec<Action> {
        self.does(Event::CallbackWanted { seat: SeatId(seat), number: number(to) })
    }

    fn hangs_up_for_callback(&mut self, seat: u64, to: &str) -> Vec<Action> {
        let mut out = self.wants_callback(seat, to);
        out.extend(self.does(Event::LineFree { seat: SeatId(seat) }));
        out
    }

    fn confirms(&mut self, seat: u64) -> Vec<Action> {
        self.does(Event::CallbackConfirmed { seat: SeatId(seat) })
    }

    fn not_reached(&mut self, seat: u64) -> Vec<Action> {
        self.does(Event::CallbackFailed { seat: SeatId(seat), tried: true })
    }
}

/// Operators without wrap-up who have each had one talk of the usual length, and are in their second.
fn busy(operators: &[&str]) -> Pool {
    // Neither of the two rules that turn the order over between a dial and its key.
    let mut settings =
        PoolSettings { starvation_limit: seconds(100_000), max_share: 1.0, ..settings(operators) };
    for queue in settings.queues.values_mut() {
        queue.wrap_up = Duration::ZERO;
        queue.max_wait = seconds(100_000);
    }
    let mut pool = Pool::with(settings);
    for (n, operator) in operators.iter().enumerate() {
        pool.join(1000 + n as u64, Class::Standard);
        pool.answers(operator);
    }
    pool.pass(TALK);
    for operator in operators {
        pool.talk_ends(operator);
    }
    for (n, operator) in operators.iter().enumerate() {
        pool.join(2000 + n as u64, Class::Standard);
        pool.answers(operator);
    }
    pool
}

#[test]
fn a_callback_is_dialled_when_its_turn_is_as_near_as_it_takes_to_reach_somebody() {
    let mut pool = busy(&["101"]);
    pool.join(1, Class::Standard);
    let kept = pool.wants_callback(1, ANNA);
    assert_eq!(kept, [Action::CallbackKept { seat: SeatId(1) }]);
    assert_eq!(dials(&pool.pass(seconds(79))), NOBODY, "he is still on the line, and it is too early");
    pool.does(Event::LineFree { seat: SeatId(1) });
    assert_eq!(dials(&pool.pass(millis(999))), NOBODY);
    assert_eq!(dials(&pool.pass(millis(1))), [1], "80 of 100 s: 20 s are left");
}

#[test]
fn nobody_is_dialled_before_the_caller_has_hung_up() {
    let mut pool = Pool::of(&[]);
    pool.dispatcher = Dispatcher::new(settings(&["101"]), 7);
    pool.join(1000, Class::Standard);
    pool.join(1, Class::Standard);
    pool.wants_callback(1, ANNA);
    pool.answers("101");
    assert_eq!(dials(&pool.is_free_again("101")), NOBODY);
    assert_eq!(dials(&pool.does(Event::LineFree { seat: SeatId(1) })), [1]);
}

#[test]
fn until_the_key_comes_the_seat_is_passed_over_and_then_it_is_next() {
    let mut pool = busy(&["101"]);
    pool.join(1, Class::Standard);
    pool.hangs_up_for_callback(1, ANNA);
    pool.pass(seconds(10));
    pool.join(2, Class::Standard);
    pool.join(3, Class::Standard);
    pool.pass(seconds(90));
    let out = pool.talk_ends("101");
    assert_eq!(offers(&out), [(2, "101".into())], "no operator is connected to a voicemail");
    pool.answers("101");
    assert_eq!(offers(&pool.confirms(1)), []);
    assert_eq!(pool.age(1), Some(seconds(100)));
    pool.pass(TALK);
    assert_eq!(offers(&pool.talk_ends("101")), [(1, "101".into())]);
    pool.answers("101");
    let waited = pool.trace.iter().rev().find_map(|(_, action)| match action {
        Action::Connected { waited, .. } => Some(*waited),
        _ => None,
    });
    assert_eq!(waited, Some(seconds(200)), "the promise clock was never stopped");
}

#[test]
fn who_is_not_reached_is_tried_twice_more_and_then_the_seat_is_closed() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1000, Class::Standard);
    pool.join(1, Class::Standard);
    pool.hangs_up_for_callback(1, ANNA);
    pool.answers("101");
    assert_eq!(dials(&pool.is_free_again("101")), [1]);
    pool.not_reached(1);
    assert_eq!(dials(&pool.pass(seconds(299))), NOBODY);
    assert_eq!(dials(&pool.pass(seconds(1))), [1]);
    pool.does(Event::CallbackFailed { seat: SeatId(1), tried: false });
    assert_eq!(dials(&pool.pass(seconds(60))), [1], "what was no try is made up for soon");
    pool.not_reached(1);
    assert_eq!(dials(&pool.pass(seconds(899))), NOBODY);
    assert_eq!(dials(&pool.pass(seconds(1))), [1]);
    let out = pool.not_reached(1);
    assert!(matches!(out[..], [Action::Closed { seat: SeatId(1), why: Leave::NotReached, .. }]), "{out:?}");
    assert!(pool.dispatcher.seats.is_empty() && pool.dispatcher.timers.next().is_none());
}

#[test]
fn one_number_has_one_open_callback() {
    let mut pool = busy(&["101"]);
    pool.join(1, Class::Standard);
    pool.join(2, Class::Standard);
    pool.hangs_up_for_callback(1, ANNA);
    assert_eq!(pool.wants_callback(2, ANNA), [Action::CallbackRefused { seat: SeatId(2) }]);
    assert_eq!(pool.wants_callback(2, BORIS), [Action::CallbackKept { seat: SeatId(2) }]);
    assert_eq!(pool.wants_callback(7, ANNA), [Action::CallbackRefused { seat: SeatId(7) }], "no such seat");
}

#[test]
fn phones_that_ring_for_a_caller_who_chooses_a_callback_stop() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    let out = pool.wants_callback(1, ANNA);
    assert_eq!(withdrawals(&out).len(), 1);
    assert_eq!(pool.does(Event::Accepted { offer: pool.trace_offer() }).len(), 1, "a late 200 is let go");
    pool.pass(seconds(1));
    assert_eq!(dials(&pool.does(Event::LineFree { seat: SeatId(1) })), [1]);
}

impl Pool {
    fn trace_offer(&self) -> OfferId {
        self.trace
            .iter()
            .find_map(|(_, action)| match action {
                Action::Offer { offer, .. } => Some(*offer),
                _ => None,
            })
            .unwrap()
    }
}

#[test]
fn callbacks_take_no_exit_and_outlive_an_empty_house() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1000, Class::Standard);
    pool.answers("101");
    pool.join(1, Class::Priority);
    pool.hangs_up_for_callback(1, ANNA);
    pool.is_free_again("101");
    let mut out = pool.not_reached(1);
    out.extend(pool.does(Event::SignedOut { operator: id("101") }));
    out.extend(pool.pass(seconds(3600)));
    assert_eq!(exits(&out), []);
    assert_eq!(dials(&out), NOBODY, "there is nobody to talk with");
    assert_eq!(dials(&pool.does(Event::SignedIn { operator: id("101") })), [1]);
}

#[test]
fn a_priority_caller_may_have_a_callback_where_nobody_is_signed_in() {
    let mut pool = Pool::with(settings(&[]));
    assert_eq!(exits(&pool.join(1, Class::Priority)), [(1, Exit::NobodySignedIn)]);
    let brought = Event::Brought {
        seat: SeatId(1),
        call: CallId(1),
        caller: Some(number(ANNA)),
        queue: WALLET.into(),
        class: Class::Priority,
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
        age: Age { waited: seconds(7), stays: 1, ..Age::default() },
        callback: Some(number(ANNA)),
        test: false,
    };
    assert_eq!(pool.does(brought), [Action::CallbackKept { seat: SeatId(1) }]);
    assert_eq!(pool.age(1), Some(seconds(7)));
    assert_eq!(exits(&pool.pass(seconds(10_000))), []);
}

#[test]
fn a_restored_callback_keeps_its_age_its_tries_and_its_rest() {
    let mut pool = Pool::of(&["101"]);
    let status = CallbackStatus { number: number(ANNA), tries: 2, rests_for: Some(seconds(30)) };
    let (queue, none) = (QueueName::from(WALLET), BTreeSet::new());
    let now = pool.now.mono;
    pool.dispatcher.restore_callback(
        SeatId(1),
        CallId(1),
        queue,
        Class::Standard,
        none,
        seconds(5000),
        status,
        now,
    );
    assert_eq!(pool.age(1), Some(seconds(5000)));
    assert_eq!(dials(&pool.pass(seconds(29))), NOBODY);
    assert_eq!(dials(&pool.pass(seconds(1))), [1]);
    assert!(matches!(pool.not_reached(1)[..], [Action::Closed { why: Leave::NotReached, .. }]));
}

/// A house in which every talk has the same length, so that every prediction is right.
struct House {
    pool: Pool,
    plans: BTreeMap<(Instant, u64), Plan>,
    planned: u64,
    served: Vec<u64>,
    served_at: BTreeMap<u64, Instant>,
    dialling: BTreeSet<u64>,
}

#[derive(Clone, Copy)]
enum Plan {
    Joins { seat: u64, class: Class, security: bool },
    WantsCallback { seat: u64 },
    Confirms { seat: u64 },
    TalkEnds { operator: usize },
}

const OPERATORS: [&str; 6] = ["101", "102", "103", "104", "105", "106"];

impl House {
    fn new(operators: usize) -> House {
        let mut house = House {
            pool: busy(&OPERATORS[..operators]),
            plans: BTreeMap::new(),
            planned: 0,
            served: Vec::new(),
            served_at: BTreeMap::new(),
            dialling: BTreeSet::new(),
        };
        for operator in 0..operators {
            house.plan(TALK, Plan::TalkEnds { operator });
        }
        house
    }

    fn plan(&mut self, after: Duration, plan: Plan) {
        self.planned += 1;
        self.plans.insert((self.pool.now.mono + after, self.planned), plan);
    }

    /// Runs to the end. `confirms_by`: when each seat is served without any callback; a person presses the key before it.
    fn run(&mut self, confirms_by: &BTreeMap<u64, Instant>, dice: &mut ChaCha8Rng) {
        while let Some((at, _)) = self.plans.first_key_value().map(|(key, _)| *key) {
            let next = self.pool.dispatcher.next_timeout().map_or(at, |timer| timer.min(at));
            let out = self.pool.pass(next.since(self.pool.now.mono));
            self.settle(out, confirms_by, dice);
            if next == at
                && let Some((_, plan)) = self.plans.pop_first()
            {
                let out = self.act(plan);
                self.settle(out, confirms_by, dice);
            }
        }
    }

    fn settle(&mut self, mut out: Vec<Action>, confirms_by: &BTreeMap<u64, Instant>, dice: &mut ChaCha8Rng) {
        while !out.is_empty() {
            let dialled = dials(&out);
            self.dialling.extend(&dialled);
            let (in_flight, bound) = (self.dialling.len(), self.soon_free());
            assert!(dialled.is_empty() || in_flight <= bound, "{in_flight} dials for {bound} operators");
            out = self.answer(std::mem::take(&mut out), confirms_by, dice);
        }
    }

    /// Operators who are ready, or will be within the time that it takes to reach somebody.
    fn soon_free(&self) -> usize {
        let operators = self.pool.dispatcher.operators(self.pool.now);
        let soon = operators.iter().filter(|operator| match operator.state {
            OperatorState::Ready => true,
            OperatorState::Talking => operator.since + seconds(20) >= TALK,
            _ => false,
        });
        soon.count()
    }

    fn act(&mut self, plan: Plan) -> Vec<Action> {
        match plan {
            Plan::Joins { seat, class, security } => {
                self.pool.join_queue(seat, if security { SECURITY } else { WALLET }, class, &[])
            }
            Plan::WantsCallback { seat } => self.pool.hangs_up_for_callback(seat, &format!("7916{seat:07}")),
            Plan::Confirms { seat } => {
                self.dialling.remove(&seat);
                self.pool.confirms(seat)
            }
            Plan::TalkEnds { operator } => self.pool.talk_ends(OPERATORS[operator]),
        }
    }

    /// Phones are picked up at once; whoever is dialled presses the key in time.
    fn answer(
        &mut self,
        actions: Vec<Action>,
        confirms_by: &BTreeMap<u64, Instant>,
        dice: &mut ChaCha8Rng,
    ) -> Vec<Action> {
        let mut out = Vec::new();
        for action in actions {
            match action {
                Action::Offer { seat, operator, .. } => {
                    self.served.push(seat.0);
                    self.served_at.insert(seat.0, self.pool.now.mono);
                    let operator = OPERATORS.iter().position(|name| *name == operator.as_str()).unwrap();
                    out.extend(self.pool.answers(OPERATORS[operator]));
                    self.plan(TALK, Plan::TalkEnds { operator });
                }
                Action::Dial { seat, .. } => {
                    let left = confirms_by[&seat.0].since(self.pool.now.mono);
                    assert!(left > Duration::ZERO, "{seat} was dialled too late");
                    let in_time = left.min(seconds(20)).as_nanos() as u64;
                    self.plan(
                        Duration::from_nanos(dice.next_u64() % in_time),
                        Plan::Confirms { seat: seat.0 },
                    );
                }
                Action::CallbackRefused { seat } => panic!("{seat} was refused a callback"),
                _ => {}
            }
        }
        out
    }
}

#[test]
fn converting_any_callers_into_callbacks_does_not_change_the_order_of_service() {
    let seeds = std::env::var("HOTLINE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let (mut converted, mut dialled_early) = (0, 0);
    for seed in 0..seeds {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |n: u64| dice.next_u64() % n;
        let operators = 1 + below(OPERATORS.len() as u64) as usize;
        let load = 70 + below(60);
        let joins: Vec<(Duration, Plan)> = {
            let mut at = Duration::ZERO;
            (1..=60)
                .map(|seat| {
                    at += millis(below(2 * 100_000 * 100 / load / operators as u64));
                    let class = if below(5) == 0 { Class::Priority } else { Class::Standard };
                    (at, Plan::Joins { seat, class, security: below(4) == 0 })
                })
                .collect()
        };
        let mut plain = House::new(operators);
        joins.iter().for_each(|(at, plan)| plain.plan(*at, *plan));
        plain.run(&BTreeMap::new(), &mut ChaCha8Rng::seed_from_u64(seed));

        let mut house = House::new(operators);
        let begin = house.pool.now.mono;
        let mut dice = ChaCha8Rng::seed_from_u64(seed + 1_000_000);
        for (at, plan) in &joins {
            house.plan(*at, *plan);
            let Plan::Joins { seat, .. } = plan else { continue };
            // Whose turn is nearer than anybody can be reached cannot hang up without losing it: the dial of somebody whom he
            // has just overtaken may be under way for his operator.
            let wait = plain.served_at[seat].since(begin + *at).saturating_sub(seconds(20));
            if !wait.is_zero() && dice.next_u64().is_multiple_of(2) {
                converted += 1;
                let after = Duration::from_nanos(dice.next_u64() % wait.as_nanos() as u64);
                house.plan(*at + after, Plan::WantsCallback { seat: *seat });
            }
        }
        house.run(&plain.served_at, &mut dice);
        assert_eq!(house.served, plain.served, "seed {seed}");
        assert_eq!(house.served_at, plain.served_at, "seed {seed}: nobody waits longer for it");
        dialled_early += house.pool.trace.iter().filter(|(_, a)| matches!(a, Action::Dial { .. })).count();
    }
    assert!(converted > seeds && dialled_early as u64 == converted, "{converted} {dialled_early}");
}
