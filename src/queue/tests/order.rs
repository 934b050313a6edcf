//! Q1, Q2, Q4: who is next, and who serves him.
use super::*;

/// One operator who talks while others join.
fn busy() -> Pool {
    let mut pool = Pool::of(&["101"]);
    pool.join(1000, Class::Standard);
    pool.answers("101");
    pool
}

/// The order in which seats are served when the operator takes one after another.
fn served(pool: &mut Pool, count: usize) -> Vec<u64> {
    (0..count)
        .map(|_| {
            pool.is_free_again("101");
            let seat = pool.seat("101").unwrap();
            pool.answers("101");
            seat
        })
        .collect()
}

#[test]
fn priority_goes_first_and_inside_a_class_the_oldest() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.pass(seconds(1));
    pool.join(2, Class::Standard);
    pool.join(3, Class::Priority);
    pool.join(4, Class::Priority);
    assert_eq!(served(&mut pool, 4), [3, 4, 1, 2]);
}

#[test]
fn a_boost_is_the_targets_distance_from_the_ordinary_one() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.pass(seconds(30));
    pool.join(2, Class::Standard);
    pool.pass(seconds(240));
    pool.join_queue(3, SECURITY, Class::Standard, &[]);
    assert_eq!(served(&mut pool, 3), [1, 3, 2], "equal ages go by sequence: 270 s waited is 270 s of boost");
}

#[test]
fn edge_11_two_queues_and_one_operator() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.join_queue(2, SECURITY, Class::Standard, &[]);
    assert_eq!(served(&mut pool, 2), [2, 1], "the higher rank gets him, the other keeps its place");
}

#[test]
fn a_priority_caller_stays_so_in_any_queue() {
    let mut pool = busy();
    pool.join_queue(1, SECURITY, Class::Standard, &[]);
    pool.join_queue(2, SECURITY, Class::Priority, &[]);
    assert_eq!(served(&mut pool, 2), [2, 1]);
    assert_eq!(pool.dispatcher.measures().of(&SECURITY.into(), Class::Security).offered, 1);
}

#[test]
fn edge_21_a_class_known_late_keeps_the_seat_and_its_clock() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.pass(seconds(5));
    pool.join(2, Class::Priority);
    pool.does(Event::ClassChanged { seat: SeatId(1), class: Class::Priority });
    assert_eq!(served(&mut pool, 2), [1, 2], "it is the older of the two");
}

#[test]
fn edge_30_priority_over_its_share_goes_by_age_and_boost() {
    let mut pool = busy();
    for seat in 0..20 {
        pool.join(seat, Class::Priority);
        served(&mut pool, 1);
    }
    pool.join(100, Class::Standard);
    pool.pass(seconds(291));
    pool.join(101, Class::Priority);
    pool.join(102, Class::Priority);
    assert_eq!(served(&mut pool, 1), [100], "291 s are more than 290");
    pool.join(103, Class::Standard);
    assert_eq!(served(&mut pool, 2), [101, 102]);
}

#[test]
fn a_starving_seat_is_due_after_two_other_starts_and_goes_before_priority() {
    let mut pool = busy();
    pool.dispatcher.settings.max_share = 1.0;
    pool.dispatcher.settings.queues.get_mut(WALLET).unwrap().max_wait = seconds(10_000);
    pool.join(1, Class::Standard);
    pool.join(2, Class::Standard);
    pool.pass(seconds(600));
    for seat in 11..20 {
        pool.join(seat, Class::Priority);
    }
    assert_eq!(served(&mut pool, 6), [11, 12, 1, 13, 14, 2]);
    let all: Vec<Action> = pool.trace.iter().map(|(_, action)| action.clone()).collect();
    assert_eq!(
        alerts(&all),
        [Alert::PromiseYielded { seat: SeatId(1) }, Alert::PromiseYielded { seat: SeatId(2) }]
    );
}

#[test]
fn a_starving_seat_is_due_after_a_minute() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.pass(seconds(660));
    pool.join(2, Class::Priority);
    assert_eq!(served(&mut pool, 2), [1, 2]);
}

#[test]
fn a_due_start_whose_offer_fails_stays_due() {
    let mut pool = Pool::of(&["101", "102"]);
    for (seat, operator) in [(1001, "101"), (1002, "102")] {
        pool.join(seat, Class::Standard);
        pool.answers(operator);
    }
    pool.join(1, Class::Standard);
    pool.pass(seconds(660));
    pool.join(2, Class::Priority);
    pool.is_free_again("101");
    assert_eq!(pool.seat("101"), Some(1));
    pool.fails("101", OfferFailure::Rejected);
    pool.is_free_again("102");
    assert_eq!(pool.seat("102"), Some(1));
}

#[test]
fn edge_20_a_step_of_the_wall_clock_changes_no_wait() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    pool.pass(seconds(3));
    pool.now.wall = crate::machine::Wall(pool.now.wall.0 - 3_600_000);
    pool.answers("101");
    assert_eq!(pool.measures(Class::Standard).connected_wait, seconds(3));
}

#[test]
fn edge_26_a_transfer_takes_age_and_class_along_and_wrap_up_waits_for_his_own_leg() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Priority);
    pool.pass(seconds(1));
    pool.answers("101");
    pool.pass(seconds(60));
    let offer = pool.offer("101");
    let out = pool.does(Event::Moved {
        seat: SeatId(1),
        queue: SECURITY.into(),
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
    });
    assert_eq!(pool.state("101"), OperatorState::Talking);
    assert!(matches!(&out[0], Action::Offer { class: Class::Priority, waited, .. } if *waited == seconds(1)));
    pool.does(Event::OperatorGone { offer });
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    pool.answers("102");
    let security = pool.dispatcher.measures().of(&SECURITY.into(), Class::Priority);
    assert_eq!((security.offered, security.connected), (1, 1), "offered once in each queue");
    assert_eq!(pool.dispatcher.measures().total(Class::Priority).offered, 1, "and once in the total");
}

#[test]
fn a_seat_that_moves_while_it_waits_keeps_its_age() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.pass(seconds(10));
    pool.join_queue(2, SECURITY, Class::Standard, &[]);
    pool.does(Event::Moved {
        seat: SeatId(1),
        queue: SECURITY.into(),
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
    });
    assert_eq!(served(&mut pool, 2), [1, 2], "the queue's class is its own now, and it is the older");
    let wallet = pool.measures(Class::Standard);
    assert_eq!((wallet.moved, wallet.open), (1, 0));
}

#[test]
fn edge_33_of_a_thousand_arrivals_in_a_second_none_is_lost() {
    let mut pool = busy();
    pool.dispatcher.settings.queues.get_mut(WALLET).unwrap().max_len = 1000;
    for seat in 2001..=3000 {
        pool.join(seat, Class::Standard);
        pool.pass(millis(1));
    }
    assert_eq!(pool.measures(Class::Standard).open, 1000);
    assert_eq!(served(&mut pool, 1000), (2001..=3000).collect::<Vec<_>>());
}

fn with_strategy(strategy: Strategy) -> Pool {
    let mut settings = settings(&["101", "102", "103"]);
    for queue in settings.queues.values_mut() {
        queue.strategy = strategy;
    }
    Pool::with(settings)
}

/// Each of `talks` is one call of so many seconds, one after the other; who was chosen.
fn chosen(pool: &mut Pool, talks: &[u64]) -> Vec<String> {
    talks
        .iter()
        .enumerate()
        .map(|(n, talk)| {
            let (_, operator) = offers(&pool.join(n as u64, Class::Standard)).remove(0);
            pool.answers(&operator);
            pool.pass(seconds(*talk));
            pool.is_free_again(&operator);
            pool.pass(seconds(1));
            operator
        })
        .collect()
}

#[test]
fn longest_idle_counts_from_the_end_of_the_last_call_or_wrap_up() {
    let mut pool = with_strategy(Strategy::LongestIdle);
    assert_eq!(chosen(&mut pool, &[5, 5, 5, 5]), ["101", "102", "103", "101"]);
    let (_, first) = offers(&pool.join(50, Class::Standard)).remove(0);
    pool.answers(&first);
    pool.talk_ends(&first);
    pool.pass(seconds(30));
    let idle = |operator: &str| pool.dispatcher.operators[&id(operator)].idle_since;
    assert_eq!(idle(&first), pool.now.mono, "the wrap-up ended now");
}

#[test]
fn fewest_calls_and_least_talk_and_linear() {
    assert_eq!(
        chosen(&mut with_strategy(Strategy::FewestCalls), &[1, 1, 1, 1]),
        ["101", "102", "103", "101"]
    );
    assert_eq!(
        chosen(&mut with_strategy(Strategy::LeastTalk), &[9, 2, 5, 2, 2]),
        ["101", "102", "103", "102", "102"]
    );
    assert_eq!(chosen(&mut with_strategy(Strategy::Linear), &[1, 1, 1]), ["101", "101", "101"]);
}

#[test]
fn round_robin_gives_each_his_turn_even_if_he_did_not_take_it() {
    let mut pool = with_strategy(Strategy::RoundRobin);
    pool.join(1, Class::Standard);
    assert_eq!(offers(&pool.fails("101", OfferFailure::Rejected)), [(1, "102".into())]);
    pool.answers("102");
    pool.is_free_again("102");
    pool.pass(seconds(10));
    assert_eq!(chosen(&mut pool, &[1, 1, 1]), ["103", "101", "102"]);
}

#[test]
fn random_is_fair_and_repeats_with_its_seed() {
    let draw = || chosen(&mut with_strategy(Strategy::Random), &[1; 300]);
    let drawn = draw();
    assert_eq!(drawn, draw());
    for operator in ["101", "102", "103"] {
        let times = drawn.iter().filter(|o| *o == operator).count();
        assert!((70..=130).contains(&times), "{operator} was drawn {times} times of 300");
    }
}

#[test]
fn progressive_adds_phones_for_every_class() {
    let mut pool = with_strategy(Strategy::Progressive);
    pool.join(1, Class::Standard);
    pool.rings("101");
    assert_eq!(offers(&pool.pass(seconds(4))), [(1, "102".into())]);
}

#[test]
fn the_operator_who_spoke_last_with_a_caller_comes_first_for_a_day() {
    let mut pool = with_strategy(Strategy::Linear);
    pool.join(9, Class::Standard);
    pool.answers("101");
    pool.join_as(1, "+79161234567");
    assert_eq!(pool.seat("102"), Some(1));
    pool.answers("102");
    pool.is_free_again("101");
    pool.is_free_again("102");
    pool.join_as(2, "8 916 123-45-67");
    assert_eq!(pool.seat("102"), Some(2));
    pool.answers("102");
    pool.is_free_again("102");
    pool.pass(seconds(24 * 3600 + 1));
    pool.join_as(3, "+79161234567");
    assert_eq!(pool.seat("101"), Some(3));
}

#[test]
fn a_slow_operator_is_last_until_he_answers_and_three_times_are_one_no_answer() {
    let mut pool = Pool::of(&["101", "102"]);
    for n in 1..=3 {
        pool.join(n, Class::Priority);
        // 101 has been idle longer; once he is slow he comes second, at four seconds.
        let (first, second) = if n == 1 { ("101", "102") } else { ("102", "101") };
        assert_eq!(pool.seat(first), Some(n));
        pool.rings(first);
        pool.pass(seconds(4));
        pool.rings(second);
        pool.pass(seconds(8));
        let other = pool.offer("101");
        pool.accepts("102");
        pool.does(Event::OperatorGone { offer: other });
        let talk = pool.offer("102");
        pool.does(Event::Flowing { offer: talk });
        pool.is_free_again("102");
    }
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "no_answer_delay".into() });
}

#[test]
fn skills_widen_on_the_queues_timeline_and_the_better_tier_comes_first() {
    let mut settings = settings(&["101", "102"]);
    settings.queues.get_mut(WALLET).unwrap().widen =
        vec![Widening { after: seconds(20), forgo: skills(&["english"]) }];
    settings.operators.get_mut("102").unwrap().skills = skills(&["english"]);
    let mut pool = Pool::with(settings);
    pool.join(9, Class::Standard);
    pool.rings("101");
    pool.join_queue(1, WALLET, Class::Standard, &["english"]);
    assert_eq!(pool.seat("102"), Some(1));
    pool.rings("102");
    pool.answers("102");
    pool.join_queue(2, WALLET, Class::Standard, &["english"]);
    pool.hangs_up(9);
    pool.pass(seconds(19));
    assert_eq!(pool.seat("101"), None);
    pool.pass(seconds(1));
    assert_eq!(pool.seat("101"), Some(2), "after twenty seconds anybody will do");
}

fn operators(pool: &Pool, seat: u64) -> Vec<Reason> {
    pool.dispatcher.explain(SeatId(seat), pool.now).unwrap().standing.unwrap().operators
}

#[test]
fn every_decision_can_be_explained() {
    let mut settings = settings(&["101", "102", "103", "104"]);
    settings.operators.get_mut("103").unwrap().queues = vec![SECURITY.into()];
    settings.operators.get_mut("104").unwrap().skills = skills(&["english"]);
    let mut pool = Pool::with(settings);
    pool.chooses("102", break_for("lunch"));
    pool.join_queue(1, WALLET, Class::Standard, &["english"]);
    let reasons = operators(&pool, 1);
    let why = |operator: &str| reasons.iter().find(|r| r.operator == id(operator)).unwrap().why.clone();
    assert_eq!(reasons.len(), 4, "a reason for everyone");
    assert_eq!(why("101"), Why::LacksSkills { skills: skills(&["english"]) });
    assert_eq!(why("102"), Why::Not { state: OperatorState::Paused { reason: "lunch".into() } });
    assert_eq!(why("103"), Why::OtherQueue);
    assert_eq!(why("104"), Why::RingsAlready);
    pool.hangs_up(1);
    pool.pass(seconds(1));
    pool.does(Event::SignedOut { operator: id("101") });
    pool.join(2, Class::Standard);
    pool.rings("104");
    pool.does(Event::SignedIn { operator: id("101") });
    let reasons = operators(&pool, 2);
    assert_eq!((reasons[0].operator.as_str(), reasons[0].rank), ("101", Some(1)));
    assert_eq!(reasons[0].why, Why::Idle { idle: Duration::ZERO });
}
