//! Q6, Q7: what an operator does and what goes wrong with him.
use super::*;

fn registers() -> PoolSettings {
    let mut settings = settings(&["101"]);
    settings.operators.get_mut("101").unwrap().contact = None;
    settings
}

#[test]
fn a_static_contact_is_ready_at_start() {
    assert_eq!(Pool::of(&["101"]).state("101"), OperatorState::Ready);
}

#[test]
fn a_registration_is_ready_and_its_end_is_offline() {
    let mut pool = Pool::with(registers());
    assert_eq!(pool.state("101"), OperatorState::Offline);
    pool.does(Event::SignedIn { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Ready);
    pool.does(Event::SignedOut { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Offline);
}

#[test]
fn a_pause_survives_registering_again() {
    let mut pool = Pool::with(registers());
    pool.does(Event::SignedIn { operator: id("101") });
    pool.chooses("101", break_for("lunch"));
    pool.does(Event::SignedOut { operator: id("101") });
    pool.does(Event::SignedIn { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "lunch".into() });
}

#[test]
fn signing_in_by_hand_takes_more_than_a_phone() {
    let mut settings = registers();
    settings.operators.get_mut("101").unwrap().sign_in = SignIn::Manual;
    let mut pool = Pool::with(settings);
    pool.does(Event::SignedIn { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Offline);
    pool.chooses("101", Choice::Ready);
    assert_eq!(pool.state("101"), OperatorState::Ready);
    pool.does(Event::SignedOut { operator: id("101") });
    pool.does(Event::SignedIn { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Offline, "the next day he signs in again");
}

#[test]
fn who_signs_in_by_hand_may_do_so_in_a_talk_through_which_his_phone_was_away() {
    let mut settings = registers();
    settings.operators.get_mut("101").unwrap().sign_in = SignIn::Manual;
    let mut pool = Pool::with(settings);
    pool.does(Event::SignedIn { operator: id("101") });
    pool.chooses("101", Choice::Ready);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.does(Event::SignedOut { operator: id("101") });
    pool.does(Event::SignedIn { operator: id("101") });
    pool.chooses("101", Choice::Ready);
    pool.is_free_again("101");
    assert_eq!(pool.state("101"), OperatorState::Ready);
}

#[test]
fn choices_survive_a_restart() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.dispatcher.restore_choice(&id("101"), Some("lunch".into()));
    pool.dispatcher.restore_choice(&id("102"), None);
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "lunch".into() });
    assert_eq!(offers(&pool.join(1, Class::Standard)), [(1, "102".into())]);
}

#[test]
fn a_delay_does_not_outlive_a_restart() {
    let mut pool = Pool::of(&["101"]);
    pool.dispatcher.restore_choice(&id("101"), Some("no_answer_delay".into()));
    assert_eq!(pool.state("101"), OperatorState::Ready);
}

#[test]
fn signing_out_during_a_call_lets_it_finish() {
    let mut pool = Pool::with(registers());
    pool.does(Event::SignedIn { operator: id("101") });
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.does(Event::SignedOut { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Talking);
    pool.talk_ends("101");
    assert_eq!(pool.state("101"), OperatorState::Offline);
}

#[test]
fn signing_out_while_ringing_passes_the_caller_on_at_once() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    let offer = pool.offer("101");
    let out = pool.does(Event::SignedOut { operator: id("101") });
    assert_eq!(withdrawals(&out), [(offer, Withdrawal::OperatorLeft)]);
    assert_eq!(offers(&out), [(1, "102".into())]);
}

#[test]
fn no_answer_is_a_delay_and_two_in_a_row_a_pause_with_an_alert() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    pool.pass(seconds(15));
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "no_answer_delay".into() });
    assert_eq!(pool.status("101").paused, None, "nobody chose that");
    assert!(offers(&pool.pass(millis(29_999))).is_empty());
    assert_eq!(offers(&pool.pass(millis(1))).len(), 1);
    let out = pool.fails("101", OfferFailure::NoAnswer);
    assert_eq!(alerts(&out), [paused_for("101", "no_answer")]);
    assert_eq!(pool.status("101").paused, Some("no_answer".into()));
}

#[test]
fn an_answer_resets_the_counters() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.fails("101", OfferFailure::NoAnswer);
    pool.pass(seconds(30));
    pool.answers("101");
    pool.is_free_again("101");
    pool.join(2, Class::Standard);
    assert!(alerts(&pool.fails("101", OfferFailure::NoAnswer)).is_empty());
}

#[test]
fn his_own_change_of_state_resets_counters_and_delay() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.fails("101", OfferFailure::NoAnswer);
    assert_eq!(offers(&pool.chooses("101", Choice::Ready)).len(), 1, "he is back at his desk");
    assert!(alerts(&pool.fails("101", OfferFailure::NoAnswer)).is_empty());
}

#[test]
fn an_unreachable_phone_is_pinged_every_five_seconds_and_comes_back_by_itself() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.fails("101", OfferFailure::Unreachable);
    let pings = |out: Vec<Action>| -> Vec<_> {
        out.into_iter()
            .filter_map(|action| if let Action::Ping { request, .. } = action { Some(request) } else { None })
            .collect()
    };
    assert_eq!(pings(pool.pass(millis(4_999))).len(), 0);
    let first = pings(pool.pass(millis(5_001)));
    assert_eq!(first.len(), 2, "at 5 s and at 10 s");
    let out = pool.does(Event::Pong { request: first[1], operator: id("101"), alive: false });
    assert!(out.is_empty());
    let third = pings(pool.pass(seconds(5)));
    let out = pool.does(Event::Pong { request: first[0], operator: id("101"), alive: true });
    assert!(out.is_empty(), "an answer from long ago");
    let out = pool.does(Event::Pong { request: third[0], operator: id("101"), alive: true });
    assert_eq!(offers(&out), [(1, "101".into())]);
}

#[test]
fn three_times_unreachable_in_ten_minutes_is_a_pause_with_an_alert() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    for n in 1..=3 {
        let out = pool.fails("101", OfferFailure::Unreachable);
        assert_eq!(alerts(&out).len(), usize::from(n == 3));
        pool.does(Event::SignedIn { operator: id("101") });
    }
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "unreachable".into() });
}

#[test]
fn wrap_up_is_one_clock_across_all_queues() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.join_queue(2, SECURITY, Class::Standard, &[]);
    pool.talk_ends("101");
    assert!(offers(&pool.pass(millis(29_999))).is_empty());
    assert_eq!(offers(&pool.pass(millis(1))), [(2, "101".into())]);
}

#[test]
fn wrap_up_can_be_ended_early_and_extended_once() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.talk_ends("101");
    for _ in 0..2 {
        pool.does(Event::ExtendWrapUp { operator: id("101") });
    }
    pool.pass(millis(89_999));
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    pool.pass(millis(1));
    assert_eq!(pool.state("101"), OperatorState::Ready);
    assert_eq!(pool.measures(Class::Standard).wrap_up, seconds(90));

    pool.join(2, Class::Standard);
    pool.answers("101");
    pool.talk_ends("101");
    pool.does(Event::EndWrapUp { operator: id("101") });
    assert_eq!(pool.state("101"), OperatorState::Ready);
}

#[test]
fn wrap_up_begins_at_the_latest_a_second_after_the_caller_left() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    let offer = pool.offer("101");
    pool.does(Event::CallerGone { offer });
    assert_eq!(pool.state("101"), OperatorState::Talking);
    pool.pass(seconds(1));
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
}

#[test]
fn an_operator_in_another_call_is_not_rung() {
    let mut pool = Pool::of(&["101"]);
    pool.does(Event::Occupied { operator: id("101"), busy: true });
    assert!(offers(&pool.join(1, Class::Standard)).is_empty());
    let out = pool.does(Event::Occupied { operator: id("101"), busy: false });
    assert_eq!(offers(&out).len(), 1, "without wrap-up");
    let offer = pool.offer("101");
    let out = pool.does(Event::Occupied { operator: id("101"), busy: true });
    assert_eq!(withdrawals(&out), [(offer, Withdrawal::OperatorLeft)]);
}

#[test]
fn whoever_takes_over_a_caller_from_a_colleague_wraps_up_after_him() {
    let mut pool = Pool::of(&["101"]);
    let occupied = |busy| Event::Occupied { operator: id("101"), busy };
    let took_over = || Event::TookOver { operator: id("101"), queue: "wallet".into() };
    pool.does(took_over());
    pool.does(occupied(true));
    pool.does(took_over());
    assert_eq!(pool.state("101"), OperatorState::Talking);
    assert!(offers(&pool.join(1, Class::Standard)).is_empty());
    assert!(offers(&pool.does(occupied(false))).is_empty());
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    pool.does(Event::ExtendWrapUp { operator: id("101") });
    assert_eq!(offers(&pool.does(Event::EndWrapUp { operator: id("101") })).len(), 1);
    // Chosen meanwhile: the break comes first. And the next call of another kind is nobody's talk.
    let mut pool = Pool::of(&["101"]);
    pool.does(occupied(true));
    pool.does(took_over());
    pool.chooses("101", break_for("lunch"));
    pool.does(occupied(false));
    assert_eq!(pool.state("101"), OperatorState::Paused { reason: "lunch".into() });
    pool.chooses("101", Choice::Ready);
    pool.does(occupied(true));
    pool.does(occupied(false));
    assert_eq!(pool.state("101"), OperatorState::Ready);
}

#[test]
fn occupancy_is_work_by_time_signed_in_without_breaks() {
    let mut pool = Pool::of(&["101"]);
    pool.now = Now::default();
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.pass(seconds(30));
    pool.is_free_again("101");
    pool.pass(seconds(30));
    pool.chooses("101", break_for("lunch"));
    pool.pass(seconds(600));
    assert_eq!(pool.status("101").occupancy, Some(0.5));
}

#[test]
fn ids_of_two_pools_never_meet() {
    let mut other = Pool::of(&["101"]);
    other.dispatcher = other.dispatcher.numbered(1);
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    other.join(1, Class::Standard);
    assert_ne!(pool.offer("101"), other.offer("101"));
}
