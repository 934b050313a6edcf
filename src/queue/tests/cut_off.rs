//! Q10: cut off, then back.
use super::*;

const ANNA: &str = "79160000001";
const BORIS: &str = "79160000002";

/// One operator who talks while others join.
fn busy() -> Pool {
    let mut pool = Pool::of(&["101"]);
    pool.join(1000, Class::Standard);
    pool.answers("101");
    pool
}

fn next(pool: &mut Pool) -> u64 {
    pool.is_free_again("101");
    let seat = pool.seat("101").unwrap();
    pool.answers("101");
    seat
}

#[test]
fn who_is_back_within_two_minutes_has_his_old_waiting_time_once() {
    let mut pool = busy();
    pool.join_as(1, ANNA);
    pool.pass(seconds(50));
    pool.join_as(2, BORIS);
    pool.pass(seconds(10));
    pool.hangs_up(1);
    pool.pass(seconds(45));
    pool.join_as(3, ANNA);
    pool.join_as(4, ANNA);
    assert_eq!(pool.age(3), Some(seconds(60)));
    assert_eq!(pool.age(4), Some(seconds(0)), "once");
    assert_eq!([next(&mut pool), next(&mut pool), next(&mut pool)], [3, 2, 4], "60 s, 55 s, nothing");
    let waits = pool.measures(Class::Standard);
    assert_eq!(waits.connected_wait_max, seconds(55), "a credit is age and never a wait");
}

#[test]
fn who_comes_too_late_or_elsewhere_begins_anew() {
    let mut pool = busy();
    pool.join_as(1, ANNA);
    pool.pass(seconds(60));
    pool.hangs_up(1);
    pool.pass(seconds(120) + millis(1));
    pool.join_as(2, ANNA);
    assert_eq!(pool.age(2), Some(seconds(0)));
    pool.pass(seconds(30));
    pool.hangs_up(2);
    pool.does(Event::Joined {
        seat: SeatId(3),
        call: CallId(3),
        caller: Number::parse(ANNA),
        queue: SECURITY.into(),
        class: Class::Standard,
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
        test: false,
    });
    assert_eq!(pool.age(3), Some(seconds(0)), "another queue");
}

#[test]
fn a_number_that_is_not_believed_has_no_credit() {
    let mut pool = busy();
    pool.join(1, Class::Standard);
    pool.pass(seconds(60));
    pool.hangs_up(1);
    pool.join(2, Class::Standard);
    assert_eq!(pool.age(2), Some(seconds(0)));
}

#[test]
fn leaving_by_a_key_is_no_cut_off() {
    let mut pool = busy();
    pool.join_as(1, ANNA);
    pool.pass(seconds(60));
    pool.does(Event::Left { seat: SeatId(1), why: Leave::ByFlow });
    pool.join_as(2, ANNA);
    assert_eq!(pool.age(2), Some(seconds(0)));
}

#[test]
fn cut_off_twice_every_second_of_waiting_counts_once() {
    let mut pool = busy();
    for (seat, wait) in [(1, 40), (2, 30), (3, 20)] {
        pool.join_as(seat, ANNA);
        pool.pass(seconds(wait));
        pool.hangs_up(seat);
        pool.pass(seconds(5));
    }
    pool.join_as(4, ANNA);
    assert_eq!(pool.age(4), Some(seconds(90)));
}

#[test]
fn edge_24_the_same_caller_on_both_lines_has_two_seats_and_one_credit() {
    let mut pool = busy();
    pool.join_as(1, ANNA);
    pool.pass(seconds(40));
    pool.join_as(2, ANNA);
    pool.pass(seconds(20));
    assert_eq!(pool.dispatcher.seats.values().filter(|seat| seat.caller.is_some()).count(), 2);
    pool.hangs_up(1);
    pool.hangs_up(2);
    pool.join_as(3, ANNA);
    pool.join_as(4, ANNA);
    let ages = [3, 4].map(|seat| pool.age(seat));
    assert_eq!(ages, [Some(seconds(60)), Some(seconds(0))], "the older seat's, once");
}

#[test]
fn after_a_crash_callers_come_back_into_their_old_order_whoever_dials_first() {
    let mut pool = busy();
    let caller = |n: u64| Number::parse(&format!("7916000{n:04}")).unwrap();
    for n in 1..=30u64 {
        let age = millis(31_000 - n * 100);
        pool.dispatcher.restore_seat(&caller(n), &WALLET.into(), age, seconds(120), pool.now.mono);
    }
    for n in [17, 3, 30, 1, 22] {
        pool.pass(seconds(9));
        pool.join_as(n, caller(n).as_str());
    }
    pool.join_as(99, ANNA);
    let order: Vec<u64> = (0..6).map(|_| next(&mut pool)).collect();
    assert_eq!(order, [1, 3, 17, 22, 30, 99]);
}

#[test]
fn a_debug_print_of_an_event_shows_no_whole_number() {
    let joined = Event::Joined {
        seat: SeatId(1),
        call: CallId(1),
        caller: Number::parse(ANNA),
        queue: WALLET.into(),
        class: Class::Standard,
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
        test: false,
    };
    let shown = format!("{joined:?}");
    assert!(!shown.contains(ANNA) && shown.contains("+7916***0001"), "{shown}");
}
