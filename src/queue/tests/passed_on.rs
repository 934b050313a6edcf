//! A caller whom his operator passes on to somebody whom no queue rings.
use super::*;

/// A talk of a minute after a wait of ten seconds, and the caller on hold for twenty.
fn on_hold() -> (Pool, OfferId) {
    let mut pool = Pool::of(&["101"]);
    pool.chooses("101", break_for("tea"));
    pool.join_as(1, "79160000001");
    pool.pass(seconds(10));
    pool.chooses("101", Choice::Ready);
    pool.answers("101");
    pool.pass(seconds(60));
    let offer = pool.offer("101");
    pool.does(Event::Held { offer, held: true });
    pool.pass(seconds(20));
    (pool, offer)
}

fn waits_again(pool: &mut Pool) -> Vec<Action> {
    pool.does(Event::Moved {
        seat: SeatId(1),
        queue: WALLET.into(),
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
    })
}

#[test]
fn he_waits_again_as_old_as_he_was_and_what_he_was_on_hold_counts_as_waiting() {
    let (mut pool, offer) = on_hold();
    pool.does(Event::PassedOn { offer });
    assert_eq!(pool.state("101"), OperatorState::Talking, "his own leg still stands");
    pool.does(Event::OperatorGone { offer });
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    pool.pass(seconds(5));
    assert_eq!(
        pool.dispatcher.queues(pool.now)[1].waiting,
        Default::default(),
        "no queue waits with him yet"
    );
    waits_again(&mut pool);
    assert_eq!(pool.age(1), Some(seconds(35)));
    let out = pool.does(Event::EndWrapUp { operator: id("101") });
    assert_eq!(offers(&out), [(1, "101".to_string())]);
}

#[test]
fn somebody_takes_the_call_over_and_the_seat_is_served() {
    let (mut pool, offer) = on_hold();
    pool.does(Event::PassedOn { offer });
    let out = pool.does(Event::Left { seat: SeatId(1), why: Leave::ByFlow });
    assert!(out.contains(&Action::Served { seat: SeatId(1) }), "{out:?}");
    pool.does(Event::OperatorGone { offer });
    assert!(!pool.dispatcher.has_seat(SeatId(1)));
    let wallet = pool.measures(Class::Standard);
    assert_eq!((wallet.offered, wallet.connected, wallet.left, wallet.open), (1, 1, 0, 0));
}

#[test]
fn a_caller_who_hangs_up_while_he_is_passed_on_has_been_served_and_has_no_credit() {
    let (mut pool, offer) = on_hold();
    pool.does(Event::PassedOn { offer });
    pool.does(Event::OperatorGone { offer });
    pool.hangs_up(1);
    pool.join_as(2, "79160000001");
    assert_eq!(pool.age(2), Some(Duration::ZERO));
}

#[test]
fn late_words_about_the_talk_change_nothing() {
    let (mut pool, offer) = on_hold();
    pool.does(Event::PassedOn { offer });
    let before = pool.age(1);
    pool.does(Event::PassedOn { offer });
    pool.does(Event::CallerGone { offer });
    pool.does(Event::ClassChanged { seat: SeatId(1), class: Class::Priority });
    assert_eq!(pool.age(1), before);
    assert_eq!(pool.state("101"), OperatorState::Talking);
}
