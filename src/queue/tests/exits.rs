//! Q11: ways out of a queue other than an operator.
use super::*;

#[test]
fn edge_15_when_the_last_operator_signs_out_the_exit_is_taken_at_once() {
    let mut pool = Pool::of(&["101", "102"]);
    for seat in 1..=3 {
        pool.join(seat, Class::Standard);
    }
    pool.answers("101");
    assert!(exits(&pool.does(Event::SignedOut { operator: id("102") })).is_empty());
    let out = pool.does(Event::SignedOut { operator: id("101") });
    assert_eq!(exits(&out), [(2, Exit::NobodySignedIn), (3, Exit::NobodySignedIn)]);
    assert_eq!(alerts(&out), [Alert::NobodySignedIn { queue: WALLET.into() }]);
    let out = pool.join(4, Class::Standard);
    assert_eq!(exits(&out), [(4, Exit::NobodySignedIn)]);
    assert!(alerts(&out).is_empty(), "once is enough");
    let tally = pool.measures(Class::Standard);
    assert_eq!((tally.offered, tally.exits[&Exit::NobodySignedIn]), (4, 3));
    assert!(tally.balances());
}

#[test]
fn edge_16_all_on_break_is_an_exit_after_a_minute_and_all_busy_only_waits() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.chooses("102", break_for("lunch"));
    pool.join(2, Class::Standard);
    assert!(exits(&pool.pass(seconds(120))).is_empty(), "one is busy");
    pool.talk_ends("101");
    pool.chooses("101", break_for("tea"));
    pool.pass(seconds(30));
    pool.join(3, Class::Standard);
    assert!(exits(&pool.pass(millis(29_999))).is_empty());
    assert_eq!(exits(&pool.pass(millis(1))), [(2, Exit::AllPaused)]);
    assert_eq!(exits(&pool.pass(seconds(30))), [(3, Exit::AllPaused)], "each has the whole grace");
}

#[test]
fn a_break_that_ends_within_the_grace_throws_nobody_out() {
    let mut pool = Pool::of(&["101"]);
    pool.chooses("101", break_for("tea"));
    pool.join(1, Class::Standard);
    pool.pass(seconds(59));
    assert_eq!(offers(&pool.chooses("101", Choice::Ready)), [(1, "101".into())]);
    assert!(exits(&pool.pass(seconds(10))).is_empty());
}

#[test]
fn an_only_phone_that_is_lost_counts_as_a_pause() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.fails("101", OfferFailure::Unreachable);
    assert_eq!(exits(&pool.pass(seconds(60))), [(1, Exit::AllPaused)]);
}

#[test]
fn max_wait_is_an_exit() {
    let mut pool = Pool::of(&["101"]);
    pool.join(9, Class::Standard);
    pool.answers("101");
    pool.join(1, Class::Standard);
    assert!(exits(&pool.pass(millis(899_999))).is_empty());
    assert_eq!(exits(&pool.pass(millis(1))), [(1, Exit::MaxWait)]);
}

#[test]
fn edge_17_max_wait_during_ringing_lets_the_ring_finish() {
    for answered in [true, false] {
        let mut pool = Pool::of(&["101"]);
        pool.join(9, Class::Standard);
        pool.answers("101");
        pool.join(1, Class::Standard);
        pool.pass(seconds(890));
        pool.is_free_again("101");
        pool.rings("101");
        assert!(exits(&pool.pass(seconds(11))).is_empty(), "the phone still rings");
        if answered {
            pool.answers("101");
            assert_eq!(pool.measures(Class::Standard).connected, 2);
        } else {
            assert_eq!(exits(&pool.pass(seconds(4))), [(1, Exit::MaxWait)]);
        }
    }
}

#[test]
fn after_max_wait_no_further_phone_is_added() {
    let mut pool = Pool::of(&["101", "102"]);
    for (seat, operator) in [(8, "101"), (9, "102")] {
        pool.join(seat, Class::Standard);
        pool.answers(operator);
    }
    pool.join(1, Class::Priority);
    pool.pass(seconds(895));
    pool.is_free_again("101");
    pool.rings("101");
    pool.pass(seconds(5));
    assert!(offers(&pool.is_free_again("102")).is_empty(), "a second phone was due at four seconds");
}

#[test]
fn a_full_queue_is_an_exit_at_once() {
    let mut settings = settings(&["101"]);
    settings.queues.get_mut(WALLET).unwrap().max_len = 2;
    let mut pool = Pool::with(settings);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.join(2, Class::Standard);
    pool.join(3, Class::Standard);
    assert_eq!(exits(&pool.join(4, Class::Standard)), [(4, Exit::Full)], "who talks takes no place");
    assert!(exits(&pool.join_queue(5, SECURITY, Class::Standard, &[])).is_empty(), "each queue has its own");
}

#[test]
fn edge_31_a_skill_nobody_has_is_an_exit_at_once() {
    let mut pool = Pool::of(&["101"]);
    let out = pool.join_queue(1, WALLET, Class::Standard, &["chinese"]);
    assert_eq!(out, [Action::Exit { seat: SeatId(1), exit: Exit::NoSuchSkill }]);
}

#[test]
fn a_skill_whose_only_bearer_is_away_is_nobody_signed_in() {
    let mut settings = settings(&["101", "102"]);
    settings.operators.get_mut("102").unwrap().skills = skills(&["english"]);
    let mut pool = Pool::with(settings);
    pool.does(Event::SignedOut { operator: id("102") });
    let out = pool.join_queue(1, WALLET, Class::Standard, &["english"]);
    assert_eq!(exits(&out), [(1, Exit::NobodySignedIn)]);
}

#[test]
fn a_queue_that_is_not_there_is_closed() {
    let mut pool = Pool::of(&["101"]);
    assert_eq!(exits(&pool.join_queue(1, "nowhere", Class::Standard, &[])), [(1, Exit::Closed)]);
}

#[test]
fn a_caller_taken_out_by_the_flow_is_no_hang_up() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.does(Event::Left { seat: SeatId(1), why: Leave::ByFlow });
    let tally = pool.measures(Class::Standard);
    assert_eq!((tally.left, tally.hung_up()), (1, 0));
    assert_eq!(tally.p10(0), Some(0.0), "a miss all the same");
}
