//! Q3, the expected wait and the explanations: situations worked out by hand.
use super::*;

/// A pool that has seen two hours of so many calls an hour.
fn seasoned(operators: u32, priority: u64, others: u64) -> Pool {
    let names: Vec<String> = (0..operators).map(|n| format!("{}", 101 + n)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    seasoned_with(settings(&names), priority, others)
}

fn seasoned_with(settings: PoolSettings, priority: u64, others: u64) -> Pool {
    let mut pool = Pool::with(settings);
    let hours = seconds(2 * 3600);
    for (class, per_hour) in [(Class::Priority, priority), (Class::Standard, others)] {
        for n in 1..=2 * per_hour {
            let at = pool.now.mono + hours.mul_f64(n as f64 / (2 * per_hour) as f64);
            pool.dispatcher.estimates.arrived(class, at);
        }
    }
    pool.now = pool.now.later(hours);
    pool.dispatcher.estimates.pass(0, 0, 0, pool.now.mono);
    // Something happens that changes nothing; thirty seconds later the reserve has risen.
    pool.does(Event::EndWrapUp { operator: id("101") });
    pool.pass(seconds(35));
    pool
}

fn held(pool: &Pool) -> u32 {
    pool.dispatcher.reserve_status().reserve
}

fn offered(pool: &mut Pool, seat: u64, queue: &str, class: Class) -> bool {
    !offers(&pool.join_queue(seat, queue, class, &[])).is_empty()
}

#[test]
fn ordinary_callers_leave_the_reserve_alone_security_one_and_priority_takes_all() {
    // 300 calls an hour of 240 s are 20 Erlang for 20 operators.
    let mut pool = seasoned(20, 30, 270);
    assert_eq!(held(&pool), 2);
    for seat in 1..=18 {
        assert!(offered(&mut pool, seat, WALLET, Class::Standard));
    }
    assert!(!offered(&mut pool, 19, WALLET, Class::Standard), "two are ready, and kept");
    assert!(offered(&mut pool, 20, SECURITY, Class::Standard), "more than one is ready");
    assert!(!offered(&mut pool, 21, SECURITY, Class::Standard));
    assert!(offered(&mut pool, 22, WALLET, Class::Priority));
    assert_eq!(pool.dispatcher.reserve_status().ready, 0);
}

#[test]
fn the_reserve_rises_after_thirty_seconds_and_falls_at_once() {
    let mut pool = seasoned(20, 0, 270);
    assert_eq!(held(&pool), 0, "no Priority call ever came");
    for n in 0..28 {
        pool.dispatcher.estimates.arrived(Class::Priority, pool.now.mono - seconds(60 * n));
    }
    pool.does(Event::EndWrapUp { operator: id("101") });
    pool.pass(seconds(29));
    assert_eq!(held(&pool), 0);
    pool.pass(seconds(6));
    assert!(held(&pool) >= 1);
    // So many more operators come that nobody need be held back.
    let mut more = pool.dispatcher.settings().clone();
    for n in 0..20 {
        more.operators.insert(id(&format!("{}", 201 + n)), serves(&[WALLET, SECURITY]));
    }
    pool.does(Event::Configured(Box::new(more)));
    assert_eq!(held(&pool), 0);
}

#[test]
fn half_an_hour_after_the_last_priority_call_nobody_is_held_back_and_nothing_wakes_the_pool() {
    let mut pool = seasoned(20, 30, 270);
    assert_eq!(held(&pool), 2);
    pool.pass(seconds(1764));
    assert!(held(&pool) > 0);
    pool.pass(seconds(2));
    assert_eq!(held(&pool), 0);
    assert_eq!(pool.dispatcher.next_timeout(), None);
}

#[test]
fn a_quiet_pool_is_not_woken_every_five_seconds() {
    let pool = seasoned(20, 30, 270);
    let next = pool.dispatcher.next_timeout().unwrap();
    assert!(next.since(pool.now.mono) > seconds(1000), "nobody waits");
}

#[test]
fn two_operators_are_never_kept_from_anybody() {
    for operators in [1, 2] {
        let mut pool = seasoned(operators, 20, 20);
        assert_eq!(held(&pool), 0);
        for seat in 1..=u64::from(operators) {
            assert!(offered(&mut pool, seat, WALLET, Class::Standard));
        }
    }
}

#[test]
fn two_who_alone_speak_english_are_not_kept_from_english_callers() {
    let names: Vec<String> = (101..=120).map(|n: u32| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut settings = settings(&names);
    for bearer in ["119", "120"] {
        settings.operators.get_mut(bearer).unwrap().skills = skills(&["english"]);
    }
    let mut pool = seasoned_with(settings, 30, 270);
    assert_eq!(held(&pool), 2);
    for seat in [1, 2] {
        assert_eq!(offers(&pool.join_queue(seat, WALLET, Class::Standard, &["english"])).len(), 1);
    }
}

#[test]
fn a_due_seat_takes_an_operator_who_is_held_back_in_the_moment_it_is_due() {
    let mut pool = seasoned(5, 10, 60);
    pool.dispatcher.settings.queues.get_mut(WALLET).unwrap().max_wait = seconds(5000);
    assert_eq!(held(&pool), 1);
    for seat in 1..=4 {
        pool.join(seat, Class::Standard);
        let operator = format!("{}", 100 + seat);
        pool.answers(&operator);
    }
    pool.join(5, Class::Standard);
    assert_eq!(pool.seat("105"), None, "held back");
    pool.pass(millis(659_999));
    assert_eq!(pool.seat("105"), None);
    pool.pass(millis(1));
    assert_eq!(pool.seat("105"), Some(5), "600 s and one minute");
}

#[test]
fn edge_30_priority_over_its_share_is_not_held_back() {
    let mut pool = seasoned(5, 10, 60);
    let learnt = pool.dispatcher.estimates.clone();
    for n in 0..20 {
        pool.join(1000 + n, Class::Priority);
        let (_, operator) =
            offers(&pool.trace.iter().map(|(_, a)| a.clone()).collect::<Vec<_>>()).pop().unwrap();
        pool.answers(&operator);
        pool.is_free_again(&operator);
    }
    pool.dispatcher.estimates = learnt;
    pool.does(Event::EndWrapUp { operator: id("101") });
    pool.pass(seconds(35));
    assert_eq!(held(&pool), 1);
    for seat in 1..=4 {
        pool.join(seat, Class::Standard);
    }
    pool.join(5, Class::Standard);
    assert!(pool.dispatcher.priority_over_share());
    assert!(
        offered(&mut pool, 6, WALLET, Class::Priority),
        "by age it comes after 5, for which nobody is open"
    );
}

#[test]
fn a_promise_that_cannot_be_kept_is_told_with_the_number_of_those_who_are_missing() {
    // 71 calls an hour of 240 s are 4.75 Erlang for 5 operators, of whom one may be held back.
    let mut pool = seasoned(5, 7, 64);
    pool.pass(seconds(40));
    let all: Vec<Action> = pool.trace.iter().map(|(_, action)| action.clone()).collect();
    let [Alert::PromiseAtRisk { missing }] = alerts(&all)[..] else { panic!("{:?}", alerts(&all)) };
    assert!((1..=3).contains(&missing), "{missing}");
    let status = pool.dispatcher.reserve_status();
    assert!(status.at_risk && status.missing == missing && status.misses > 0.05, "{status:?}");
    assert!(status.cost_to_others > seconds(5), "{status:?}");
    let queue = pool.dispatcher.queues(pool.now).remove(0);
    assert_eq!((queue.reserve, queue.missing), (1, missing));
    // Help comes.
    let mut more = pool.dispatcher.settings().clone();
    for n in 0..missing {
        more.operators.insert(id(&format!("{}", 201 + n)), serves(&[WALLET, SECURITY]));
    }
    pool.does(Event::Configured(Box::new(more)));
    assert_eq!(pool.dispatcher.reserve_status().missing, 0);
    assert_eq!(alerts(&pool.pass(seconds(70))), [Alert::PromiseSafe]);
}

#[test]
fn the_cap_is_a_setting() {
    let names: Vec<String> = (101..=120).map(|n: u32| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pool = seasoned_with(PoolSettings { reserve_max: Some(1), ..settings(&names) }, 30, 270);
    assert_eq!(held(&pool), 1);
}

#[test]
fn a_position_counts_whom_the_rules_put_before() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.join(2, Class::Standard);
    pool.join(3, Class::Standard);
    pool.join_queue(4, SECURITY, Class::Standard, &[]);
    pool.join(5, Class::Priority);
    let position = |pool: &Pool, seat| pool.dispatcher.position(SeatId(seat)).unwrap();
    assert_eq!([5, 4, 2, 3].map(|seat| position(&pool, seat)), [0, 1, 2, 3]);
    pool.hangs_up(5);
    assert_eq!([4, 2, 3].map(|seat| position(&pool, seat)), [0, 1, 2]);
    assert_eq!(pool.dispatcher.position(SeatId(1)), None, "he talks");
}

#[test]
fn a_queue_that_shares_no_operator_is_not_before_anybody() {
    let mut settings = settings(&["101", "102"]);
    settings.operators.insert(id("101"), serves(&[WALLET]));
    settings.operators.insert(id("102"), serves(&[SECURITY]));
    let mut pool = Pool::with(settings);
    for (seat, queue) in [(1, WALLET), (2, SECURITY), (3, SECURITY), (4, SECURITY), (5, WALLET)] {
        pool.join_queue(seat, queue, Class::Standard, &[]);
    }
    assert_eq!(pool.dispatcher.position(SeatId(5)), Some(0));
    assert_eq!(pool.dispatcher.position(SeatId(4)), Some(1));
}

#[test]
fn the_expected_wait_grows_with_those_before_and_is_short_while_somebody_is_ready() {
    let mut pool = Pool::of(&["101", "102"]);
    let newcomer = |pool: &Pool| {
        let skills = BTreeSet::new();
        pool.dispatcher.expected_wait_of_newcomer(&WALLET.into(), Class::Standard, &skills, pool.now).unwrap()
    };
    let wait = newcomer(&pool);
    assert!(wait.mean < seconds(10) && wait.high <= seconds(15), "a phone has to be picked up: {wait:?}");
    for seat in 1..=2 {
        pool.join(seat, Class::Standard);
        pool.answers(&format!("{}", 100 + seat));
    }
    let mut before = newcomer(&pool).mean;
    // One talk of two ends every 120 s.
    assert!((seconds(100)..seconds(150)).contains(&before), "{before:?}");
    for seat in 3..10 {
        pool.join(seat, Class::Standard);
        let wait = newcomer(&pool);
        assert!(wait.mean > before && wait.low < wait.mean && wait.mean < wait.high, "{wait:?}");
        before = wait.mean;
    }
    let priority = pool.dispatcher.expected_wait_of_newcomer(
        &WALLET.into(),
        Class::Priority,
        &BTreeSet::new(),
        pool.now,
    );
    assert!(priority.unwrap().mean < seconds(150));
    assert!(pool.dispatcher.expected_wait(SeatId(3), pool.now).unwrap().mean < seconds(150));
    assert_eq!(pool.dispatcher.expected_wait(SeatId(1), pool.now), None, "he talks");
    assert_eq!(pool.dispatcher.expected_free_within(&WALLET.into(), seconds(240), pool.now), 2);
    assert!(!pool.dispatcher.predicted_service_within(SeatId(9), seconds(20), pool.now));
}

#[test]
fn a_ring_that_goes_on_is_nearly_over() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    let wait = pool.dispatcher.expected_wait(SeatId(1), pool.now).unwrap();
    assert!((seconds(2)..seconds(7)).contains(&wait.high), "{wait:?}");
    pool.pass(seconds(4));
    let later = pool.dispatcher.expected_wait(SeatId(1), pool.now).unwrap();
    assert!(later.high < wait.high, "{later:?}");
}

#[test]
fn nobody_on_duty_is_no_expectation() {
    let mut pool = Pool::of(&["101"]);
    pool.chooses("101", break_for("lunch"));
    pool.join(1, Class::Standard);
    assert_eq!(pool.dispatcher.expected_wait(SeatId(1), pool.now), None);
}

#[test]
fn a_wait_that_would_be_too_long_is_an_exit_before_entry_but_not_for_priority() {
    let mut settings = settings(&["101"]);
    settings.queues.get_mut(WALLET).unwrap().max_expected_wait = Some(seconds(400));
    let mut pool = Pool::with(settings);
    pool.join(1, Class::Standard);
    pool.answers("101");
    assert_eq!(exits(&pool.join(2, Class::Standard)), []);
    assert_eq!(exits(&pool.join(3, Class::Standard)), [(3, Exit::EwtOver)], "two talks of 240 s");
    assert_eq!(exits(&pool.join(4, Class::Priority)), []);
    assert_eq!(pool.measures(Class::Standard).exits[&Exit::EwtOver], 1);
}

#[test]
fn why_a_caller_waited_is_known_when_his_call_is_over() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.join(2, Class::Standard);
    pool.join(3, Class::Priority);
    let before = pool.dispatcher.explain(SeatId(2), pool.now).unwrap();
    let standing = before.standing.clone().unwrap();
    assert_eq!((standing.ahead.priority, standing.ahead.others), (1, 0));
    assert_eq!(standing.next[0].seat, SeatId(3));
    assert!(before.to_string().contains("1 before it: 1 Priority"), "{before}");
    pool.pass(seconds(12));
    let out = pool.is_free_again("101");
    let explained = out.iter().find_map(|action| match action {
        Action::Explained(decision) => Some(decision.clone()),
        _ => None,
    });
    assert_eq!(explained.unwrap().rule, Rule::Priority);
    pool.answers("101");
    pool.pass(seconds(8));
    pool.is_free_again("101");
    pool.answers("101");
    pool.is_free_again("101");
    let after = pool.dispatcher.explain(SeatId(2), pool.now).unwrap();
    assert_eq!(after.standing, None, "the seat is closed");
    let [decision] = &after.decisions[..] else { panic!("{after:?}") };
    assert_eq!((decision.rule, decision.waited), (Rule::Order, seconds(20)));
    assert_eq!(decision.meanwhile, [(Rule::Priority, 1)].into());
    assert_eq!(
        after.to_string(),
        "After 20.0 s 101 was rung: the first by age and boost; nobody else was ready. Since it joined were served: \
         1 Priority.\nSeat 2 is closed."
    );
    assert_eq!(pool.dispatcher.explain(SeatId(77), pool.now), None);
    let json = serde_json::to_string(&after).unwrap();
    assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), after);
}

#[test]
fn a_caller_who_was_kept_from_a_ready_operator_is_told_so() {
    let mut pool = seasoned(5, 10, 60);
    for seat in 1..=5 {
        pool.join(seat, Class::Standard);
        if seat < 5 {
            pool.answers(&format!("{}", 100 + seat));
        }
    }
    pool.pass(seconds(9));
    let text = pool.dispatcher.explain(SeatId(5), pool.now).unwrap().to_string();
    assert!(text.contains("1 ready, 1 held back for Priority."), "{text}");
    assert!(text.contains("For 9.0 s of it an operator was held back"), "{text}");
    assert_eq!(pool.dispatcher.latest_decisions().next().unwrap().seat, SeatId(4));
}
