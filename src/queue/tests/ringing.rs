//! Q5, Q6 and the edge cases of ringing.
use super::*;

#[test]
fn a_call_from_joining_to_wrap_up() {
    let mut pool = Pool::of(&["101"]);
    assert_eq!(offers(&pool.join(1, Class::Standard)), [(1, "101".into())]);
    assert_eq!(pool.state("101"), OperatorState::Claimed);
    pool.rings("101");
    assert_eq!(pool.state("101"), OperatorState::Ringing);
    pool.pass(seconds(4));
    assert_eq!(connects(&pool.accepts("101")), [1]);
    assert_eq!(pool.state("101"), OperatorState::Talking);
    pool.pass(millis(200));
    let offer = pool.offer("101");
    assert_eq!(
        pool.does(Event::Flowing { offer }),
        [Action::Connected {
            offer,
            seat: SeatId(1),
            operator: id("101"),
            waited: millis(4200),
            silent_operator: false
        }]
    );
    pool.pass(seconds(60));
    pool.talk_ends("101");
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    pool.pass(seconds(30));
    assert_eq!(pool.state("101"), OperatorState::Ready);
    let tally = pool.measures(Class::Standard);
    assert_eq!((tally.offered, tally.connected, tally.talks), (1, 1, 1));
    assert_eq!((tally.talk, tally.wrap_up), (seconds(60), seconds(30)));
}

#[test]
fn edge_1_a_caller_who_hangs_up_while_a_phone_rings_costs_the_operator_nothing() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    pool.rings("101");
    pool.pass(seconds(12));
    let out = pool.hangs_up(1);
    assert_eq!(withdrawals(&out), [(offer, Withdrawal::CallerGone)], "in the same step");
    pool.does(Event::OperatorGone { offer });
    assert_eq!(pool.state("101"), OperatorState::Ready);
    assert_eq!(offers(&pool.join(2, Class::Standard)), [(2, "101".into())]);
    assert_eq!(pool.measures(Class::Standard).hung_up_later, 1);
}

#[test]
fn edge_2_a_caller_gone_in_the_instant_of_the_200_frees_the_operator_within_a_second() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    pool.rings("101");
    assert_eq!(connects(&pool.accepts("101")), [1]);
    let out = pool.does(Event::CallerGone { offer });
    assert_eq!(withdrawals(&out), [(offer, Withdrawal::CallerGone)]);
    assert!(out.contains(&Action::Closed { seat: SeatId(1), why: Leave::HungUp, waited: Duration::ZERO }));
    pool.pass(seconds(1));
    assert_eq!(pool.state("101"), OperatorState::Ready, "without a word from his phone, and without wrap-up");
    assert_eq!(pool.status("101").calls, 0);
    let tally = pool.measures(Class::Standard);
    assert_eq!((tally.connected, tally.talks, tally.hung_up_at_once), (0, 0, 1));
}

#[test]
fn edge_2_also_when_the_caller_left_before_the_200_was_seen() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    pool.hangs_up(1);
    let out = pool.does(Event::Accepted { offer });
    assert_eq!(withdrawals(&out), [(offer, Withdrawal::CallerGone)], "again: there is a dialog to end now");
    assert!(connects(&out).is_empty());
    pool.pass(seconds(1));
    assert_eq!(pool.state("101"), OperatorState::Ready);
}

#[test]
fn edge_3_an_operator_who_drops_before_the_bridge_leaves_his_caller_at_the_head() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.join(2, Class::Standard);
    pool.join(3, Class::Priority);
    pool.join(4, Class::Standard);
    let dropped = pool.offer("101");
    pool.does(Event::Accepted { offer: dropped });
    let out = pool.does(Event::OperatorGone { offer: dropped });
    assert!(out.contains(&Action::Return { offer: dropped, seat: SeatId(1) }));
    assert_eq!(pool.measures(Class::Standard).failed_connects, 1);
    pool.answers("102");
    let out = pool.is_free_again("102");
    assert_eq!(offers(&out), [(1, "102".into())], "before the Priority caller: he was promised one already");
}

#[test]
fn edge_3_the_phones_of_others_ring_for_him_in_the_same_step() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Priority);
    pool.rings("101");
    pool.pass(seconds(4));
    pool.rings("102");
    let (first, second) = (pool.offer("101"), pool.offer("102"));
    let out = pool.does(Event::Accepted { offer: first });
    assert_eq!(withdrawals(&out), [(second, Withdrawal::AnsweredElsewhere)]);
    pool.does(Event::OperatorGone { offer: second });
    let out = pool.does(Event::OperatorGone { offer: first });
    assert_eq!(offers(&out), [(1, "102".into())]);
}

#[test]
fn an_operator_who_always_drops_is_not_tried_for_ever() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    for _ in 0..3 {
        let offer = pool.offer("101");
        pool.does(Event::Accepted { offer });
        pool.does(Event::OperatorGone { offer });
        pool.pass(seconds(10));
    }
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "rejected".into() });
}

#[test]
fn edge_4_of_two_200s_one_is_bridged_and_the_other_released() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Priority);
    pool.rings("101");
    pool.pass(seconds(4));
    pool.rings("102");
    pool.pass(seconds(9));
    let (first, second) = (pool.offer("101"), pool.offer("102"));
    assert_eq!(connects(&pool.does(Event::Accepted { offer: first })), [1]);
    let late = pool.does(Event::Accepted { offer: second });
    assert_eq!(withdrawals(&late), [(second, Withdrawal::AnsweredElsewhere)]);
    assert!(connects(&late).is_empty());
    pool.does(Event::OperatorGone { offer: second });
    assert_eq!(pool.state("102"), OperatorState::Ready, "nobody's fault");
}

#[test]
fn two_phones_that_answer_together_make_one_connection() {
    for seed in 0..1000u64 {
        let mut pool = Pool::of(&["101", "102", "103"]);
        pool.join(1, Class::Priority);
        pool.rings("101");
        pool.pass(seconds(4));
        pool.rings("102");
        pool.pass(seconds(2));
        pool.rings("103");
        let mut order = [pool.offer("101"), pool.offer("102"), pool.offer("103")];
        order.rotate_left((seed % 3) as usize);
        if seed % 2 == 1 {
            order.swap(1, 2);
        }
        for (n, offer) in order.into_iter().enumerate() {
            pool.pass(millis((seed >> (2 + n)) % 4));
            pool.does(Event::Accepted { offer });
            if (seed >> (n + 5)) % 2 == 1 {
                pool.does(Event::Flowing { offer });
            }
        }
        let all: Vec<Action> = pool.trace.iter().map(|(_, action)| action.clone()).collect();
        assert_eq!(connects(&all), [1], "seed {seed}");
        let talking =
            ["101", "102", "103"].iter().filter(|o| pool.state(o) == OperatorState::Talking).count();
        assert_eq!(talking, 1, "seed {seed}");
    }
}

#[test]
fn edge_5_an_only_operator_who_rejects_is_left_alone_for_ten_seconds() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    assert!(offers(&pool.fails("101", OfferFailure::Rejected)).is_empty());
    assert!(offers(&pool.pass(millis(9_999))).is_empty());
    assert_eq!(offers(&pool.pass(millis(1))).len(), 1);
    pool.fails("101", OfferFailure::Rejected);
    pool.pass(seconds(10));
    let out = pool.fails("101", OfferFailure::Rejected);
    assert_eq!(alerts(&out), [paused_for("101", "rejected")]);
    assert!(offers(&pool.pass(seconds(120))).is_empty());
}

#[test]
fn edge_6_a_break_chosen_while_ringing_lets_the_ring_finish() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    assert!(withdrawals(&pool.chooses("101", break_for("lunch"))).is_empty());
    assert_eq!(pool.status("101").queued, Some(break_for("lunch")), "visible");
    pool.answers("101");
    assert_eq!(pool.state("101"), OperatorState::Talking);
    pool.talk_ends("101");
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "lunch".into() });
}

#[test]
fn edge_6_a_break_chosen_during_a_call_can_be_cancelled() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.chooses("101", break_for("lunch"));
    pool.chooses("101", Choice::Ready);
    assert_eq!(pool.status("101").queued, None);
    pool.talk_ends("101");
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
}

#[test]
fn edge_7_a_phone_that_is_not_there_is_skipped_within_a_second_and_a_half() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    let out = pool.pass(millis(1500));
    assert_eq!(withdrawals(&out), [(offer, Withdrawal::TimedOut)]);
    assert_eq!(offers(&out), [(1, "102".into())], "next at once");
    assert_eq!(pool.state("101"), OperatorState::Unreachable);
}

#[test]
fn edge_7_a_final_answer_that_says_so_skips_it_at_once() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    assert_eq!(offers(&pool.fails("101", OfferFailure::Unreachable)), [(1, "102".into())]);
}

#[test]
fn edge_8_any_provisional_answer_counts_as_ringing() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.pass(millis(1400));
    pool.rings("101");
    let out = pool.pass(millis(13_599));
    assert!(withdrawals(&out).is_empty(), "until ring_timeout, counted from the offer");
    assert_eq!(withdrawals(&pool.pass(millis(1))).len(), 1);
}

#[test]
fn edge_25_an_operator_who_talks_is_not_rung() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    assert!(offers(&pool.join(2, Class::Priority)).is_empty());
    pool.does(Event::SignedIn { operator: id("101") });
    assert!(offers(&pool.chooses("101", Choice::Ready)).is_empty());
}

#[test]
fn edge_27_without_rtp_for_five_seconds_the_caller_is_back_at_the_head() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.join(2, Class::Standard);
    pool.pass(millis(300));
    let offer = pool.offer("101");
    pool.accepts("101");
    let out = pool.pass(seconds(1));
    assert!(out.contains(&Action::Connected {
        offer,
        seat: SeatId(1),
        operator: id("101"),
        waited: millis(1300),
        silent_operator: true
    }));
    let out = pool.pass(seconds(4));
    assert!(out.contains(&Action::Return { offer, seat: SeatId(1) }));
    assert_eq!(pool.state("101"), OperatorState::Unreachable);
    let tally = pool.measures(Class::Standard);
    assert_eq!((tally.connected, tally.failed_connects, tally.open), (0, 1, 2));
    let Some(Action::Ping { request, operator }) =
        pool.pass(seconds(5)).into_iter().find(|a| matches!(a, Action::Ping { .. }))
    else {
        panic!("no ping")
    };
    let out = pool.does(Event::Pong { request, operator, alive: true });
    assert_eq!(offers(&out), [(1, "101".into())]);
    pool.answers("101");
    assert_eq!(
        pool.measures(Class::Standard).connected_wait,
        millis(10_300),
        "one clock from the enqueue on"
    );
}

#[test]
fn a_silent_operator_who_speaks_in_time_stays_connected() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    pool.accepts("101");
    pool.pass(seconds(4));
    pool.does(Event::Flowing { offer });
    pool.pass(seconds(60));
    assert_eq!(pool.state("101"), OperatorState::Talking);
}

#[test]
fn rtp_that_overtakes_the_200_is_not_forgotten() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    pool.does(Event::Flowing { offer });
    let out = pool.accepts("101");
    assert!(out.iter().any(|action| matches!(action, Action::Connected { silent_operator: false, .. })));
}

#[test]
fn a_whisper_before_the_bridge_is_part_of_the_wait_and_no_silence() {
    for speaks_early in [true, false] {
        let mut pool = Pool::of(&["101"]);
        pool.join(1, Class::Standard);
        let offer = pool.offer("101");
        pool.accepts("101");
        pool.does(Event::BridgeDue { offer, at: pool.now.mono + seconds(8) });
        if speaks_early {
            pool.does(Event::Flowing { offer });
        }
        pool.pass(seconds(3));
        assert_eq!(pool.measures(Class::Standard).connected, 0);
        pool.does(Event::BridgeDue { offer, at: pool.now.mono });
        if !speaks_early {
            pool.does(Event::Flowing { offer });
        }
        pool.pass(Duration::ZERO);
        let tally = pool.measures(Class::Standard);
        assert_eq!((tally.connected_wait, tally.silent_operators), (seconds(3), 0));
    }
}

#[test]
fn edge_28_the_operators_own_leg_frees_him_while_the_caller_is_in_the_survey() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    let offer = pool.offer("101");
    pool.does(Event::OperatorGone { offer });
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    pool.pass(seconds(30));
    assert_eq!(pool.state("101"), OperatorState::Ready);
    assert!(pool.does(Event::CallerGone { offer }).is_empty(), "the end of the survey");
}

#[test]
fn edge_29_ten_seconds_is_met_and_a_millisecond_more_is_missed() {
    for (ms, met) in [(10_000, 1), (10_001, 0)] {
        let mut pool = Pool::of(&["101"]);
        pool.join(1, Class::Priority);
        pool.rings("101");
        pool.pass(millis(9_500));
        pool.accepts("101");
        pool.pass(millis(ms - 9_500));
        let offer = pool.offer("101");
        pool.does(Event::Flowing { offer });
        assert_eq!(pool.measures(Class::Priority).connected_in_promise, met, "{ms} ms");
    }
}

#[test]
fn edge_35_the_heads_failed_offer_does_not_block_those_behind() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.join(2, Class::Standard);
    pool.fails("101", OfferFailure::Rejected);
    assert_eq!(pool.seat("102"), Some(2), "still rings for the one behind");
    pool.answers("102");
    let out = pool.is_free_again("102");
    assert_eq!(offers(&out), [(1, "102".into())]);
}

#[test]
fn a_priority_seat_gets_a_second_phone_at_four_seconds_and_a_third_at_six() {
    let mut pool = Pool::of(&["101", "102", "103", "104"]);
    pool.join(1, Class::Priority);
    pool.rings("101");
    assert!(offers(&pool.pass(millis(3_999))).is_empty());
    assert_eq!(offers(&pool.pass(millis(1))), [(1, "102".into())]);
    pool.rings("102");
    assert_eq!(offers(&pool.pass(seconds(2))), [(1, "103".into())]);
    pool.rings("103");
    let out = pool.pass(seconds(9));
    assert_eq!(withdrawals(&out).len(), 1, "the first ends at its own ring_timeout");
    assert_eq!(offers(&out), [(1, "104".into())], "and another takes its place");
}

#[test]
fn a_standard_seat_rings_one_phone() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    assert!(offers(&pool.pass(seconds(14))).is_empty());
}

#[test]
fn a_second_phone_waits_for_those_who_have_none() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(9, Class::Standard);
    pool.answers("101");
    pool.join(1, Class::Priority);
    pool.rings("102");
    pool.pass(seconds(5));
    pool.join(2, Class::Priority);
    assert_eq!(offers(&pool.is_free_again("101")), [(2, "101".into())]);
}

#[test]
fn ring_all_rings_every_ready_phone_and_the_first_wins() {
    let mut settings = settings(&["101", "102", "103"]);
    settings.queues.get_mut(WALLET).unwrap().strategy = Strategy::RingAll;
    let mut pool = Pool::with(settings);
    assert_eq!(offers(&pool.join(1, Class::Standard)).len(), 3);
    assert_eq!(withdrawals(&pool.accepts("102")).len(), 2);
}

#[test]
fn a_class_known_late_brings_more_phones_by_the_same_clock() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    pool.pass(seconds(5));
    let out = pool.does(Event::ClassChanged { seat: SeatId(1), class: Class::Priority });
    assert_eq!(offers(&out), [(1, "102".into())]);
    let tally = pool.measures(Class::Priority);
    assert_eq!((tally.offered, pool.measures(Class::Standard).offered), (1, 0));
}

#[test]
fn late_and_unknown_events_change_nothing() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    pool.answers("101");
    for event in [
        Event::Accepted { offer },
        Event::Ringing { offer },
        Event::Flowing { offer },
        Event::Left { seat: SeatId(99), why: Leave::HungUp },
        Event::OperatorGone { offer: OfferId(1) },
        Event::SignedIn { operator: id("nobody") },
        Event::ClassChanged { seat: SeatId(99), class: Class::Priority },
    ] {
        assert!(pool.does(event.clone()).is_empty(), "{event:?}");
    }
    let unknown = OfferId(12345);
    assert_eq!(
        pool.does(Event::Accepted { offer: unknown }),
        [Action::Withdraw { offer: unknown, why: Withdrawal::AnsweredElsewhere }],
        "nobody is left on a dead line"
    );
}
