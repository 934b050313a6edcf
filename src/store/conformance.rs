//! What every backend must do, as tests against the trait. A backend runs them with [`conformance!`], giving a way to open
//! a fresh, migrated store; the guard that it returns beside it keeps the place alive (a temporary directory).
use super::*;
use crate::call::order::{Order, Ordered};
use crate::call::{CallEvent, CallbackPlan, Keep, OpenCallback, TalkRecord};
use crate::cause::{CallResult, Cause, HangupBy};
use crate::class::Class;
use crate::ids::{OfferId, SeatId, Skill};
use crate::machine::{Instant, Now};
use crate::media::Quality;
use crate::queue::{Attempt, AttemptResult, Exit, OperatorSettings, OperatorState, Outcome, Stay, TalkEnd};
use crate::role::Scopes;
use crate::say::Language;
use crate::sip::Ha1;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

/// Makes one test per behaviour.
macro_rules! conformance {
    ($open:path: $($case:ident,)*) => {$(
        #[tokio::test]
        async fn $case() {
            let (store, _guard) = $open().await;
            $crate::store::conformance::$case(store.clone()).await;
            assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
            store.close().await;
        }
    )*};
    ($open:path) => {
        $crate::store::conformance::conformance!($open:
            an_import_is_taken_whole_or_not_at_all,
            an_import_replaces_what_is_there,
            a_payment_is_found_with_and_without_its_terminal,
            an_operator_reads_back_and_keeps_his_break,
            declared_operators_follow_the_configuration,
            ticket_numbers_are_short_and_differ,
            a_call_is_rewritten_whole_and_never_loses_its_end,
            a_story_is_told_in_order,
            a_later_order_takes_the_place_of_an_earlier_and_one_taken_back_is_gone,
            calls_are_found_by_what_a_report_asks,
            an_operators_line_is_judged_over_his_calls,
            a_dead_nodes_calls_are_closed_once,
            a_dead_nodes_seats_are_found_until_their_callers_are_back,
            a_stay_and_an_attempt_read_back_and_a_later_telling_replaces_an_earlier,
            a_dead_nodes_seats_are_lost_and_its_operators_signed_out,
            states_come_with_those_in_force_before,
            a_batch_with_a_bad_row_changes_nothing,
            the_journal_reads_back_from_any_number,
            what_is_old_is_forgotten_but_not_the_way_to_replay,
            users_tokens_and_sessions_read_back,
            failures_are_counted_even_at_the_same_time,
            migrating_twice_changes_nothing,
        );
    };
}
pub(crate) use conformance;

pub(crate) fn call_id(n: u64) -> CallId {
    CallId::new(1_795_370_000_000, n)
}

pub(crate) fn begun(n: u64) -> CallRecord {
    CallRecord {
        id: call_id(n),
        sip_call_id: format!("{n}@example.org"),
        line: "qiwi-hotline".into(),
        caller: "79161234567".into(),
        verified: true,
        class: Class::Priority,
        queue: None,
        started_at: Wall(1_000 * n as i64),
        enqueued_at: None,
        offered_at: None,
        answered_at: None,
        ended_at: None,
        wait_ms: None,
        operator: None,
        result: None,
        hangup_by: None,
        cause: None,
        path: String::new(),
        caller_quality: None,
        operator_quality: None,
    }
}

pub(crate) fn ended(n: u64) -> CallRecord {
    CallRecord {
        queue: Some("wallet".into()),
        enqueued_at: Some(Wall(1_000 * n as i64 + 100)),
        offered_at: Some(Wall(1_000 * n as i64 + 150)),
        answered_at: Some(Wall(1_000 * n as i64 + 200)),
        ended_at: Some(Wall(1_000 * n as i64 + 900)),
        wait_ms: Some(100),
        operator: Some("101".into()),
        result: Some(CallResult::Connected),
        hangup_by: Some(HangupBy::Caller),
        cause: Some(Cause::Normal),
        path: "qiwi-hotline/welcome qiwi-hotline/main".into(),
        caller_quality: Some(Quality { codec: "PCMA".into(), jitter_ms: 1.25, ..Quality::default() }),
        ..begun(n)
    }
}

pub(crate) fn keep(record: CallRecord) -> Entry {
    Entry::Keep(Keep::Call(Box::new(record)))
}

pub(crate) fn event(n: u64, kind: &str) -> Entry {
    Entry::Keep(Keep::Event(CallEvent {
        call: call_id(n),
        at: Wall(1_000 * n as i64),
        kind: kind.into(),
        detail: BTreeMap::from([("step".to_string(), "main".to_string())]),
    }))
}

pub(crate) fn journal(seq: u64) -> JournalEntry {
    let now = Now { mono: Instant::from_nanos(seq * 7), wall: Wall(seq as i64 * 1_000) };
    JournalEntry { seq, now, input: format!("{{\"n\":{seq}}}"), decisions: u64::MAX - seq }
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn subscriber(text: &str, class: Class) -> Subscriber {
    Subscriber { number: number(text), class, name: Some("Анна".into()), email: None }
}

fn payment(terminal: &str, paid_at: i64, status: PaymentStatus) -> Payment {
    Payment {
        number: "1000000001".into(),
        terminal: terminal.into(),
        paid_at: Wall(paid_at),
        kopecks: 150_000,
        status,
    }
}

pub(crate) async fn an_import_is_taken_whole_or_not_at_all(store: Shared) {
    let good = payment("1", 5, PaymentStatus::Done);
    let bad = Payment { number: "2".into(), kopecks: -1, ..good.clone() };
    assert!(store.import(Import::Payments(vec![good.clone(), bad])).await.is_err());
    assert_eq!(store.payment("1000000001", None).await.unwrap(), None);
    assert_eq!(store.import(Import::Payments(vec![good.clone()])).await.unwrap(), 1);
    assert_eq!(store.payment("1000000001", None).await.unwrap(), Some(good));
}

pub(crate) async fn an_import_replaces_what_is_there(store: Shared) {
    let caller = number("79161234567");
    for class in [Class::Standard, Class::Priority] {
        let rows = vec![subscriber("8-916-123-45-67", class)];
        store.import(Import::Subscribers(rows)).await.unwrap();
        assert_eq!(store.subscriber(&caller).await.unwrap(), Some(subscriber("79161234567", class)));
    }
    let agent = Agent { id: "100234".into(), name: None, active: false };
    store.import(Import::Agents(vec![agent.clone()])).await.unwrap();
    assert_eq!(store.agent("100234").await.unwrap(), Some(agent));
    assert_eq!(store.agent("100235").await.unwrap(), None);
    assert_eq!(store.status().await.unwrap().rows["subscribers"], 1);
}

pub(crate) async fn a_payment_is_found_with_and_without_its_terminal(store: Shared) {
    let old = payment("1", 5, PaymentStatus::Done);
    let new = payment("2", 9, PaymentStatus::Processing);
    store.import(Import::Payments(vec![new.clone(), old.clone()])).await.unwrap();
    assert_eq!(store.payment("1000000001", None).await.unwrap(), Some(new));
    assert_eq!(store.payment("1000000001", Some("1")).await.unwrap(), Some(old));
    assert_eq!(store.payment("1000000001", Some("3")).await.unwrap(), None);
}

pub(crate) fn operator(id: &str) -> Operator {
    let secret =
        Secret { realm: "hotline.local".into(), ha1: Ha1 { md5: "0f".repeat(16), sha256: "0f".repeat(32) } };
    Operator {
        id: id.into(),
        settings: OperatorSettings {
            name: format!("Оператор {id}"),
            queues: vec!["wallet".into(), "terminals".into()],
            skills: ["english".into()].into(),
            rings_within: Duration::from_millis(6000),
            contact: Some("sip:101@10.0.0.12:5060".into()),
            ..OperatorSettings::default()
        },
        secret: Some(secret),
        declared: false,
        paused: None,
    }
}

fn choice(id: &str, paused: Option<&str>, at: i64) -> Entry {
    Entry::Keep(Keep::OperatorChoice {
        operator: id.into(),
        paused: paused.map(str::to_string),
        at: Wall(at),
    })
}

pub(crate) async fn an_operator_reads_back_and_keeps_his_break(store: Shared) {
    store.put_operator(operator("101")).await.unwrap();
    assert_eq!(store.operators().await.unwrap(), [operator("101")]);
    store.write(&[choice("101", Some("lunch"), 10), choice("101", None, 5)]).await.unwrap();
    let without_secret = Operator { secret: None, ..operator("101") };
    store.put_operator(without_secret.clone()).await.unwrap();
    let expected = Operator { paused: Some("lunch".into()), ..without_secret };
    assert_eq!(store.operators().await.unwrap(), [expected], "the earlier choice came late");
    assert!(store.remove_operator(&"101".into()).await.unwrap());
    assert!(!store.remove_operator(&"101".into()).await.unwrap());
}

pub(crate) async fn declared_operators_follow_the_configuration(store: Shared) {
    store.put_operator(operator("300")).await.unwrap();
    store.declare_operators(vec![operator("101"), operator("102")]).await.unwrap();
    store.write(&[choice("102", Some("lunch"), 10)]).await.unwrap();
    store.declare_operators(vec![operator("102")]).await.unwrap();
    let operators = store.operators().await.unwrap();
    let seen: Vec<_> = operators.iter().map(|o| (o.id.as_str(), o.declared, o.paused.as_deref())).collect();
    assert_eq!(seen, [("102", true, Some("lunch")), ("300", false, None)]);
}

pub(crate) async fn ticket_numbers_are_short_and_differ(store: Shared) {
    let ticket = NewTicket {
        call: call_id(1),
        at: Wall(5),
        caller: "79161234567".into(),
        topic: "wrong_number".into(),
        fields: BTreeMap::from([("receipt".to_string(), "42".to_string())]),
    };
    let first = store.open_ticket(ticket.clone()).await.unwrap();
    let second = store.open_ticket(ticket.clone()).await.unwrap();
    assert_ne!(first, second);
    assert_eq!((first.len(), second.len()), (6, 6));
    let tickets = store.tickets(10).await.unwrap();
    let numbers: Vec<_> = tickets.iter().map(|t| t.number.as_str()).collect();
    assert_eq!(numbers, [&second, &first]);
    assert_eq!((&tickets[0].fields, &tickets[0].topic), (&ticket.fields, &ticket.topic));
}

pub(crate) async fn a_call_is_rewritten_whole_and_never_loses_its_end(store: Shared) {
    store.write(&[keep(begun(1)), keep(ended(1))]).await.unwrap();
    store.write(&[keep(begun(1))]).await.unwrap();
    assert_eq!(store.call(call_id(1)).await.unwrap().unwrap().record, ended(1));
    assert_eq!(store.call(call_id(2)).await.unwrap(), None);
}

pub(crate) async fn a_story_is_told_in_order(store: Shared) {
    let message = Message {
        call: call_id(1),
        at: Wall(7),
        name: "2026-11/0001-1".into(),
        duration_ms: 4_200,
        caller: "79161234567".into(),
        line: "qiwi-hotline".into(),
    };
    let talk = TalkRecord {
        name: "2026-11/talk-1".into(),
        call: call_id(1),
        started_at: Wall(1_000),
        duration_ms: 61_000,
        channels: 2,
        caller: "79161234567".into(),
        operator: Some("101".into()),
        queue: Some("wallet".into()),
    };
    let batch = [
        event(1, "step"),
        keep(begun(1)),
        event(2, "step"),
        event(1, "enqueued"),
        Entry::Keep(Keep::Message(message.clone())),
        Entry::Keep(Keep::Recording(talk.clone())),
        Entry::Keep(Keep::TicketCall { ticket: 12, call: call_id(1) }),
        Entry::Keep(Keep::TicketCall { ticket: 12, call: call_id(1) }),
        event(1, "ended"),
    ];
    store.write(&batch).await.unwrap();
    let story = store.call(call_id(1)).await.unwrap().unwrap();
    let kinds: Vec<_> = story.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["step", "enqueued", "ended"]);
    assert_eq!(story.events[0].detail["step"], "main");
    assert_eq!(story.messages, std::slice::from_ref(&message));
    assert_eq!(store.messages(10).await.unwrap(), [message]);
    assert_eq!(story.recordings, [talk]);
    assert_eq!(store.calls_of_ticket(12).await.unwrap(), [call_id(1)]);
    assert_eq!(store.calls_of_ticket(13).await.unwrap(), []);
}

pub(crate) async fn a_later_order_takes_the_place_of_an_earlier_and_one_taken_back_is_gone(store: Shared) {
    let order = |what: Ordered, reason: &str| Order {
        what,
        until: Some(Wall(9_000)),
        reason: reason.into(),
        by: "anna".into(),
    };
    let given = |order: &Order| {
        Entry::Keep(Keep::Order { key: order.what.key(), order: Some(Box::new(order.clone())) })
    };
    let closed = |reason| order(Ordered::Closed { queue: "wallet".into() }, reason);
    let said = order(Ordered::Announcement { say: vec!["outage".into()] }, "fire");
    store.write(&[given(&closed("fire")), given(&said), given(&closed("flood"))]).await.unwrap();
    assert_eq!(store.orders().await.unwrap(), [said.clone(), closed("flood")]);
    let taken_back = Entry::Keep(Keep::Order { key: said.what.key(), order: None });
    store.write(&[taken_back.clone(), taken_back]).await.unwrap();
    assert_eq!(store.orders().await.unwrap(), [closed("flood")]);
}

pub(crate) async fn calls_are_found_by_what_a_report_asks(store: Shared) {
    let other = CallRecord { caller: "79031112233".into(), line: "agent-line".into(), ..begun(3) };
    store.write(&[keep(ended(1)), keep(ended(2)), keep(other)]).await.unwrap();
    let ids = async |filter: CallFilter| -> Vec<u64> {
        store.calls(filter).await.unwrap().iter().map(|call| call.id.0 & 0xffff).collect()
    };
    let any = CallFilter::default;
    assert_eq!(ids(any()).await, [3, 2, 1]);
    assert_eq!(ids(CallFilter { from: Some(Wall(2_000)), to: Some(Wall(3_000)), ..any() }).await, [2]);
    assert_eq!(ids(CallFilter { line: Some("agent-line".into()), ..any() }).await, [3]);
    assert_eq!(
        ids(CallFilter { operator: Some("101".into()), limit: Some(1), offset: 1, ..any() }).await,
        [1]
    );
    assert_eq!(ids(CallFilter { caller: Some(number("89031112233")), ..any() }).await, [3]);
    assert_eq!(ids(CallFilter { queue: Some("security".into()), ..any() }).await, [0u64; 0]);
}

pub(crate) async fn an_operators_line_is_judged_over_his_calls(store: Shared) {
    let heard = |lost, jitter_ms| {
        let quality =
            Quality { packets_received: 100 - lost, packets_lost: lost, jitter_ms, ..Quality::default() };
        Some(quality)
    };
    let first = CallRecord { operator_quality: heard(10, 2.0), ..ended(1) };
    let second = CallRecord { operator_quality: heard(0, 4.0), ..ended(2) };
    let later = CallRecord { operator_quality: heard(100, 9.0), ..ended(3) };
    store.write(&[keep(first), keep(second), keep(later)]).await.unwrap();
    let lines = store.line_quality(Wall(0), Wall(3_000)).await.unwrap();
    let judged: Vec<_> =
        lines.iter().map(|line| (line.operator.as_str(), line.calls, line.loss, line.jitter_ms)).collect();
    assert_eq!(judged, [("101", 2, 0.05, 3.0)]);
    assert_eq!(lines[0].round_trip_ms, None);
}

pub(crate) async fn a_dead_nodes_calls_are_closed_once(store: Shared) {
    store.write(&[keep(begun(1)), keep(ended(2))]).await.unwrap();
    assert_eq!(store.close_open_calls(Wall(99_000)).await.unwrap(), 1);
    assert_eq!(store.close_open_calls(Wall(99_001)).await.unwrap(), 0);
    let closed = store.call(call_id(1)).await.unwrap().unwrap().record;
    let expected = CallRecord {
        ended_at: Some(Wall(99_000)),
        result: Some(CallResult::Failed),
        hangup_by: Some(HangupBy::System),
        cause: Some(Cause::NodeFailure),
        ..begun(1)
    };
    assert_eq!(closed, expected);
}

fn seat(n: u64, phone: &str) -> OpenSeat {
    OpenSeat {
        call: call_id(n),
        number: number(phone),
        queue: "wallet".into(),
        class: Class::Standard,
        since: Wall(1_000 + n as i64),
        talking_since: (n == 2).then_some(Wall(5_000)),
        callback: None,
        lost_at: None,
    }
}

fn open(seat: OpenSeat) -> Entry {
    Entry::Keep(Keep::SeatOpen(Box::new(seat)))
}

pub(crate) async fn a_dead_nodes_seats_are_found_until_their_callers_are_back(store: Shared) {
    let plan = CallbackPlan {
        line: "hotline".into(),
        called: "78007077759".into(),
        flow: "hotline".into(),
        step: "specialist".into(),
        language: Language::Ru,
    };
    let skills = BTreeSet::from([Skill::from("english")]);
    let callback = Some(OpenCallback { tries: 1, not_before: Some(Wall(9_000)), skills, plan });
    let called_back = OpenSeat { callback, ..seat(4, "79160000004") };
    let closed = Entry::Keep(Keep::SeatClosed { call: call_id(3) });
    let [first, second, third] = [1, 2, 3].map(|n| seat(n, &format!("7916000000{n}")));
    let batch = [open(second.clone()), open(first.clone()), open(third), open(called_back.clone()), closed];
    store.write(&batch).await.unwrap();
    let lost = |seat: &OpenSeat| OpenSeat { lost_at: Some(Wall(10_000)), ..seat.clone() };
    let found = store.lost_seats(Wall(10_000), Wall(0)).await.unwrap();
    assert_eq!(found, [lost(&called_back), lost(&first), lost(&second)]);

    // The first caller is back: his old seat is his new one now. The second is lost to the same moment as before.
    let back = OpenSeat { call: call_id(11), ..first };
    store.write(&[open(back.clone())]).await.unwrap();
    let again = |seat: &OpenSeat| OpenSeat { lost_at: Some(Wall(20_000)), ..seat.clone() };
    let found = store.lost_seats(Wall(20_000), Wall(0)).await.unwrap();
    assert_eq!(found, [lost(&called_back), again(&back), lost(&second)]);
    let found = store.lost_seats(Wall(30_000), Wall(15_000)).await.unwrap();
    assert_eq!(found, [lost(&called_back), again(&back)], "a callback is never forgotten");
}

fn stay(n: u64, outcome: Option<Outcome>) -> Stay {
    let at = Wall(1_000 * n as i64);
    Stay {
        call: call_id(n),
        seat: SeatId(n),
        moves: 0,
        queue: "wallet".into(),
        class: Class::Standard,
        test: false,
        in_total: true,
        opened_at: at,
        entered_at: at,
        outcome,
        ended_at: outcome.map(|_| Wall(at.0 + 10_000)),
        waited: Duration::from_nanos(10_000_000_001),
        operator: None,
        silent_operator: false,
    }
}

fn attempt(n: u64) -> Attempt {
    Attempt {
        call: call_id(n),
        offer: OfferId((1 << 48) + n),
        seat: SeatId(n),
        operator: "101".into(),
        queue: "wallet".into(),
        class: Class::Priority,
        test: false,
        opened_at: Wall(1_000 * n as i64),
        offered_at: Wall(1_000 * n as i64 + 500),
        rang: Duration::from_millis(4_200),
        result: AttemptResult::Answered,
        waited: Duration::from_millis(4_700),
        answered_at: Some(Wall(5_000)),
        ended_at: None,
        ended_by: None,
        talk: Duration::ZERO,
        hold: Duration::ZERO,
        wrap_up: Duration::ZERO,
    }
}

fn state(operator: &str, at: i64, state: OperatorState) -> Entry {
    Entry::Keep(Keep::OperatorState { operator: operator.into(), state, at: Wall(at) })
}

pub(crate) async fn a_stay_and_an_attempt_read_back_and_a_later_telling_replaces_an_earlier(store: Shared) {
    let ended = Stay { class: Class::Priority, ..stay(1, Some(Outcome::Exited(Exit::MaxWait))) };
    let talked = Attempt {
        ended_at: Some(Wall(65_000)),
        ended_by: Some(TalkEnd::Caller),
        talk: Duration::from_secs(60),
        ..attempt(1)
    };
    let wrapped_up = Attempt { wrap_up: Duration::from_secs(30), ..talked.clone() };
    let keep = |keep| Entry::Keep(keep);
    let told = [
        keep(Keep::Stay(stay(1, None))),
        keep(Keep::Stay(ended.clone())),
        keep(Keep::Stay(stay(1, None))),
        keep(Keep::Stay(stay(2, None))),
        keep(Keep::Attempt(attempt(1))),
        keep(Keep::Attempt(talked.clone())),
        keep(Keep::Attempt(wrapped_up.clone())),
        keep(Keep::Attempt(talked)),
        keep(Keep::Attempt(attempt(2))),
    ];
    store.write(&told).await.unwrap();
    assert_eq!(store.stays(Wall(0), Wall(2_001)).await.unwrap(), [ended.clone(), stay(2, None)]);
    assert_eq!(store.stays(Wall(1_000), Wall(2_000)).await.unwrap(), [ended]);
    assert_eq!(store.attempts(Wall(0), Wall(9_000)).await.unwrap(), [wrapped_up.clone(), attempt(2)]);
    // Rung in this time, for a seat opened before it.
    assert_eq!(store.attempts(Wall(1_500), Wall(1_501)).await.unwrap(), [wrapped_up]);
}

pub(crate) async fn a_dead_nodes_seats_are_lost_and_its_operators_signed_out(store: Shared) {
    let told = [
        Entry::Keep(Keep::Stay(stay(1, None))),
        Entry::Keep(Keep::Attempt(attempt(1))),
        state("101", 2_000, OperatorState::Talking),
        state("102", 2_000, OperatorState::Ready),
        state("102", 2_500, OperatorState::Offline),
        Entry::Journal(journal(3)),
    ];
    store.write(&told).await.unwrap();
    store.close_open_calls(Wall(99_000)).await.unwrap();
    store.close_open_calls(Wall(99_500)).await.unwrap();
    let stays = store.stays(Wall(0), Wall(9_000)).await.unwrap();
    assert_eq!((stays[0].outcome, stays[0].ended_at), (Some(Outcome::Lost), Some(Wall(99_000))));
    let attempts = store.attempts(Wall(0), Wall(9_000)).await.unwrap();
    assert_eq!((attempts[0].ended_at, attempts[0].ended_by), (Some(Wall(99_000)), None));
    let states = store.operator_states(Wall(2_600), Wall(99_999)).await.unwrap();
    let seen: Vec<_> = states.iter().map(|s| (s.operator.as_str(), s.at, s.state.as_str())).collect();
    // The last sign of life is the journal's.
    let gone = ("101", journal(3).now.wall, "offline");
    assert_eq!(seen, [("101", Wall(2_000), "talking"), ("102", Wall(2_500), "offline"), gone]);
}

pub(crate) async fn states_come_with_those_in_force_before(store: Shared) {
    let lunch = OperatorState::Paused { reason: "обед".into() };
    let told = [
        state("101", 1_000, OperatorState::Ready),
        state("101", 2_000, OperatorState::Claimed),
        state("101", 2_000, OperatorState::Ringing),
        state("102", 3_000, lunch.clone()),
        state("101", 4_000, OperatorState::Ready),
    ];
    store.write(&told).await.unwrap();
    let states = store.operator_states(Wall(2_500), Wall(4_000)).await.unwrap();
    let seen: Vec<_> = states.iter().map(|s| (s.operator.as_str(), s.state.clone())).collect();
    assert_eq!(seen, [("101", OperatorState::Ringing), ("102", lunch)]);
    let same_moment = store.operator_states(Wall(2_000), Wall(2_001)).await.unwrap();
    let seen: Vec<_> = same_moment.iter().map(|s| s.state.as_str()).collect();
    assert_eq!(seen, ["ready", "claimed", "ringing"]);
}

pub(crate) async fn a_batch_with_a_bad_row_changes_nothing(store: Shared) {
    // Times are whole numbers in every backend; a number that none of them can hold is the bad row.
    store.write(&[Entry::Journal(journal(1))]).await.unwrap();
    let bad = Import::Payments(vec![Payment { kopecks: -1, ..payment("1", 1, PaymentStatus::Done) }]);
    let error = store.import(bad).await.unwrap_err();
    assert!(!error.is_passing(), "{error}");
    assert_eq!(store.last_seq().await.unwrap(), 1);
}

pub(crate) async fn the_journal_reads_back_from_any_number(store: Shared) {
    assert_eq!(store.last_seq().await.unwrap(), 0);
    assert_eq!(store.snapshot_before(None).await.unwrap(), None);
    let snapshot =
        Snapshot { seq: 3, now: journal(3).now, flow_set: "00ff".into(), state: vec![0, 159, 146, 150] };
    let mut batch: Vec<Entry> = (1..=5).map(|seq| Entry::Journal(journal(seq))).collect();
    batch.push(Entry::Snapshot(snapshot.clone()));
    store.write(&batch).await.unwrap();
    store.write(&batch).await.unwrap();
    assert_eq!(store.journal_from(4, 10).await.unwrap(), [journal(4), journal(5)]);
    assert_eq!(store.journal_from(2, 1).await.unwrap(), [journal(2)]);
    assert_eq!(store.last_seq().await.unwrap(), 5);
    assert_eq!(store.snapshot_before(None).await.unwrap(), Some(snapshot.clone()));
    assert_eq!(store.snapshot_after(None).await.unwrap(), Some(snapshot.clone()));
    assert_eq!(store.snapshot_after(Some(2)).await.unwrap(), Some(snapshot.clone()));
    assert_eq!(store.snapshot_after(Some(3)).await.unwrap(), None);
    assert_eq!(store.snapshot_before(Some(Wall(3_000))).await.unwrap(), Some(snapshot));
    assert_eq!(store.snapshot_before(Some(Wall(2_999))).await.unwrap(), None);
}

pub(crate) async fn what_is_old_is_forgotten_but_not_the_way_to_replay(store: Shared) {
    let snapshot = |seq| {
        Entry::Snapshot(Snapshot { seq, now: journal(seq).now, flow_set: String::new(), state: Vec::new() })
    };
    let mut batch: Vec<Entry> = (1..=9).map(|seq| Entry::Journal(journal(seq))).collect();
    batch.extend([
        snapshot(2),
        snapshot(5),
        keep(ended(1)),
        event(1, "ended"),
        keep(begun(2)),
        keep(ended(90)),
        open(seat(1, "79160000001")),
        open(OpenSeat { since: Wall(50_000), ..seat(2, "79160000002") }),
    ]);
    store.write(&batch).await.unwrap();
    assert_eq!(store.forget_before(Wall(50_000)).await.unwrap(), 1);
    assert_eq!(store.status().await.unwrap().rows["open_seats"], 1);
    let left = store.calls(CallFilter::default()).await.unwrap();
    assert_eq!(left, [ended(90), begun(2)], "a call that has not ended is not old");
    assert_eq!(store.status().await.unwrap().rows["call_events"], 0);
    assert_eq!(store.snapshot_before(None).await.unwrap().unwrap().seq, 5);
    let seqs: Vec<_> = store.journal_from(0, 100).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [6, 7, 8, 9]);
    assert_eq!(store.last_seq().await.unwrap(), 9);
}

pub(crate) async fn users_tokens_and_sessions_read_back(store: Shared) {
    let user = User {
        name: "анна".into(),
        role: Role::Supervisor,
        password: "$argon2id$…".into(),
        must_change: true,
        void_at: Some(Wall(50)),
        failures: 0,
        locked_until: None,
        created_at: Wall(1),
    };
    store.put_user(user.clone()).await.unwrap();
    assert_eq!(store.user("анна").await.unwrap(), Some(user.clone()));
    assert_eq!(store.users().await.unwrap(), [user]);

    let token = Token {
        hash: TokenHash([7; 32]),
        name: "crm".into(),
        role: Role::Api,
        scopes: Scopes(Some(["calls:read".to_string()].into())),
        created_at: Wall(1),
        last_used_at: None,
    };
    store.put_token(token.clone()).await.unwrap();
    assert_eq!(store.use_token(TokenHash([8; 32]), Wall(60_001)).await.unwrap(), None);
    assert_eq!(store.use_token(token.hash, Wall(60_001)).await.unwrap(), Some(token.clone()));
    assert_eq!(store.tokens().await.unwrap(), [Token { last_used_at: Some(Wall(60_001)), ..token }]);
    assert_eq!(store.remove_tokens("crm").await.unwrap(), 1);

    let session =
        Session {
            hash: TokenHash([9; 32]), user: "анна".into(), created_at: Wall(1), expires_at: Wall(9)
        };
    store.put_session(session.clone()).await.unwrap();
    store.remove_expired_sessions(Wall(8)).await.unwrap();
    assert_eq!(store.session(session.hash).await.unwrap(), Some(session.clone()));
    store.remove_expired_sessions(Wall(9)).await.unwrap();
    assert_eq!(store.session(session.hash).await.unwrap(), None);
    store.put_session(session.clone()).await.unwrap();
    assert!(store.remove_user("анна").await.unwrap());
    assert_eq!(store.session(session.hash).await.unwrap(), None, "a removed user is signed out");
}

pub(crate) async fn failures_are_counted_even_at_the_same_time(store: Shared) {
    let user = User {
        name: "anna".into(),
        role: Role::Viewer,
        password: String::new(),
        must_change: false,
        void_at: None,
        failures: 0,
        locked_until: None,
        created_at: Wall(1),
    };
    store.put_user(user.clone()).await.unwrap();
    futures_util::future::join_all((0..5).map(|_| store.count_failure("anna", 5, Wall(77)))).await;
    let locked = store.user("anna").await.unwrap().unwrap();
    assert_eq!((locked.failures, locked.locked_until), (5, Some(Wall(77))));
    store.clear_failures("anna").await.unwrap();
    assert_eq!(store.user("anna").await.unwrap(), Some(user));
}

pub(crate) async fn migrating_twice_changes_nothing(store: Shared) {
    store.write(&[keep(ended(1))]).await.unwrap();
    store.migrate().await.unwrap();
    let status = store.status().await.unwrap();
    assert!(status.migrations.iter().all(|migration| migration.applied));
    assert_eq!(status.rows["calls"], 1);
    assert!(status.size_bytes > 0);
}

/// Waits for what another task brings about; a test never sleeps for a guessed time.
pub(crate) async fn until<F: Future<Output = bool>>(mut what: impl FnMut() -> F) {
    let wait = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it did not come about");
}
