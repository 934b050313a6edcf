//! New settings while callers wait, and snapshots.
use super::*;

#[test]
fn edge_13_callers_in_a_removed_queue_finish_under_the_old_version() {
    let mut pool = Pool::of(&["101"]);
    pool.join_queue(1, SECURITY, Class::Standard, &[]);
    pool.answers("101");
    pool.join_queue(2, SECURITY, Class::Standard, &[]);
    let mut new = settings(&["101"]);
    new.queues.remove(SECURITY);
    new.operators.insert(id("101"), serves(&[WALLET]));
    assert!(exits(&pool.does(Event::Configured(Box::new(new)))).is_empty());
    assert_eq!(offers(&pool.is_free_again("101")), [(2, "101".into())]);
    pool.answers("101");
    pool.talk_ends("101");
    assert_eq!(pool.dispatcher.queues(pool.now).len(), 1, "the queue goes with its last caller");
    assert_eq!(exits(&pool.join_queue(3, SECURITY, Class::Standard, &[])), [(3, Exit::Closed)]);
}

#[test]
fn an_operator_whose_caller_moved_on_wraps_up_by_the_rules_of_a_queue_removed_meanwhile() {
    let mut pool = Pool::of(&["101"]);
    pool.join_queue(1, SECURITY, Class::Standard, &[]);
    pool.answers("101");
    pool.does(Event::Moved {
        seat: SeatId(1),
        queue: WALLET.into(),
        skills: BTreeSet::new(),
        exits: BTreeSet::new(),
    });
    let mut new = settings(&["101"]);
    new.queues.remove(SECURITY);
    new.operators.insert(id("101"), serves(&[WALLET]));
    pool.does(Event::Configured(Box::new(new)));
    let offer = pool.offer("101");
    assert!(offers(&pool.does(Event::OperatorGone { offer })).is_empty());
    assert_eq!(pool.state("101"), OperatorState::WrapUp);
    assert_eq!(exits(&pool.join_queue(2, SECURITY, Class::Standard, &[])), [(2, Exit::Closed)]);
}

#[test]
fn edge_14_a_changed_strategy_holds_from_the_next_offer_on() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.rings("101");
    let mut new = settings(&["101", "102"]);
    new.queues.get_mut(WALLET).unwrap().strategy = Strategy::RingAll;
    let out = pool.does(Event::Configured(Box::new(new)));
    assert!(withdrawals(&out).is_empty(), "the phone that rings goes on ringing");
    assert_eq!(offers(&out), [(1, "102".into())]);
}

#[test]
fn an_operator_who_is_no_longer_declared_finishes_his_call_and_goes() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.does(Event::Configured(Box::new(settings(&["102"]))));
    assert_eq!(pool.state("101"), OperatorState::Talking);
    pool.talk_ends("101");
    assert_eq!(pool.dispatcher.operators(pool.now).len(), 1);
}

#[test]
fn new_operators_serve_at_once() {
    let mut pool = Pool::of(&["101"]);
    pool.join(1, Class::Standard);
    pool.join(2, Class::Standard);
    let out = pool.does(Event::Configured(Box::new(settings(&["101", "102"]))));
    assert_eq!(offers(&out), [(2, "102".into())]);
}

#[test]
fn a_snapshot_goes_on_where_the_original_does() {
    let mut pool = Pool::of(&["101", "102"]);
    for seat in 1..6 {
        pool.join_as(seat, &format!("7916123456{seat}"));
        pool.pass(millis(200));
    }
    pool.rings("101");
    let json = serde_json::to_string(&pool.dispatcher).unwrap();
    let mut restored: Dispatcher = serde_json::from_str(&json).unwrap();
    let accepted = Event::Accepted { offer: pool.offer("101") };
    let (mut expected, mut got) = (Vec::new(), Vec::new());
    for (dispatcher, out) in [(&mut pool.dispatcher, &mut expected), (&mut restored, &mut got)] {
        dispatcher.handle(accepted.clone(), pool.now, out);
        for _ in 0..50 {
            let Some(at) = dispatcher.next_timeout() else { break };
            dispatcher.handle_timeout(Now { mono: at, ..pool.now }, out);
        }
    }
    assert!(!expected.is_empty());
    assert_eq!(expected, got);
}

#[test]
fn the_status_shows_who_waits_and_who_serves() {
    let mut pool = Pool::of(&["101", "102"]);
    pool.join(1, Class::Standard);
    pool.answers("101");
    pool.join(2, Class::Priority);
    pool.answers("102");
    pool.join(3, Class::Standard);
    pool.pass(seconds(2));
    pool.join(4, Class::Priority);
    pool.pass(seconds(3));
    let status = pool.dispatcher.queues(pool.now).into_iter().find(|q| q.name.as_str() == WALLET).unwrap();
    assert_eq!(status.waiting.into_iter().collect::<Vec<_>>(), [(Class::Priority, 1), (Class::Standard, 1)]);
    assert_eq!(status.longest_wait, seconds(5));
    assert_eq!(status.longest_by_class[&Class::Priority], seconds(3));
    assert_eq!(status.p10, Some(1.0), "the one who waits may still be met");
    assert_eq!(status.service_level, Some(1.0));
    assert_eq!(status.operators["talking"], 2);
    let expected = status.expected_wait.unwrap();
    assert!((seconds(200)..seconds(600)).contains(&expected), "the third in line of two talks: {expected:?}");
    pool.talk_ends("101");
    let status = pool.dispatcher.queues(pool.now).remove(1);
    assert!(status.expected_wait.is_some());
}
