//! Operators' phones at the real program: registration, ringing, talks, keys, hold, the end of a talk, fairness of the
//! queue, and phones that answer together.
use crate::house::{House, PRIORITY_CALLER, Plan};
use crate::parties::{Board, Caller, caller_of, got_bye, has, milliseconds, operator, rings, take, talk};
use crate::parties::{CALLER_HERTZ, OPERATOR_HERTZ, SOON};
use hotline::cause::{CallResult, Cause, HangupBy};
use hotline::digit::{Digit, DigitMethod};
use hotline::ids::{CallId, OperatorId};
use hotline::robot::mouth::Method;
use hotline::robot::phone::{Options, Over, Phone, Policy, RegisterError};
use hotline::sip::Ended;
use std::time::Duration;

/// From the caller's BYE to the CANCEL at the phone that rings for him.
const CANCEL_MS_MAX: f64 = 50.0;
/// A Priority caller with a free operator; the promise is ten seconds.
const PRIORITY_WAIT_MS_MAX: u64 = 3_000;

fn staffed() -> House {
    House::start(&Plan { operators: House::operators(), ..Plan::default() })
}

/// One operator of the wallet's queue, who is ready again as soon as a talk is over.
fn quick() -> House {
    let operators = "  - {id: \"101\", name: One, queues: [wallet], password: secret-101}\n".to_string();
    let extra = "queues: {wallet: {wrap_up: 0s}}\n".to_string();
    House::start(&Plan { operators, extra, ..Plan::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_rings_with_the_calls_headers_talks_and_wraps_up_when_the_caller_leaves() {
    let house = staffed();
    let board = Board::of(&house);
    assert_eq!(board.state("101"), "offline");
    let phone = operator(&house, "101", Policy::Manual).await;
    board.until_state("101", "ready").await;
    let caller = Caller::waiting(&house, "79150000101").await;
    let call = phone.incoming(SOON).await.unwrap();
    call.ring().await;
    board.until_state("101", "ringing").await;
    let invite = call.invite().unwrap();
    let header = |name| invite.header(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(header("X-Hotline-Queue"), "wallet");
    assert_eq!(header("X-Hotline-Class"), "standard");
    assert_eq!(header("X-Hotline-Caller"), "79150000101");
    assert_eq!(header("X-Hotline-Wait"), "0");
    let id = CallId::parse(header("X-Hotline-Call")).unwrap();
    call.answer().await;
    talk(&caller.call, &call).await;
    board.until_state("101", "talking").await;
    caller.press("73#");
    call.keys("73#", SOON).await.unwrap();
    let keys: Vec<_> = call.keys_heard().into_iter().map(|(_, digit, method)| (digit, method)).collect();
    let pressed = ['7', '3', '#'].map(|key| (Digit::from_char(key).unwrap(), DigitMethod::Rfc4733));
    assert_eq!(keys, pressed);
    call.press(Digit::from_char('5').unwrap(), Method::Rfc4733);
    caller.call.keys("5", SOON).await.unwrap();
    caller.hangup().await;
    assert_eq!(call.over(SOON).await.unwrap().what, Over::Ended(Ended::Bye { reason: None }));
    board.until_state("101", "wrap_up").await;
    let story = caller.ended(&house).await;
    let record = &story.record;
    assert_eq!(record.id, id);
    assert_eq!(
        record.sip_call_id,
        caller.call.message(|m| m.sent("ACK"), SOON).await.unwrap().what.call_id().unwrap()
    );
    assert_eq!(record.operator, Some(OperatorId::from("101")));
    assert_eq!(record.result, Some(CallResult::Connected));
    assert_eq!((record.hangup_by, record.cause), (Some(HangupBy::Caller), Some(Cause::Normal)));
    let times =
        [Some(record.started_at), record.enqueued_at, record.offered_at, record.answered_at, record.ended_at];
    assert!(times.iter().all(Option::is_some) && times.is_sorted(), "{times:?}");
    assert!(record.wait_ms.is_some_and(|wait| wait < 20_000), "{:?}", record.wait_ms);
    let lost = record.caller_quality.as_ref().map(|quality| quality.packets_received > 50);
    assert_eq!((lost, record.operator_quality.is_some()), (Some(true), true));
    for kind in ["enqueued", "offered", "ringing", "connected", "ended"] {
        assert!(has(&story, kind), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_does_not_sign_an_operator_in() {
    let house = staffed();
    let board = Board::of(&house);
    let options = Options {
        user: "101".into(),
        domain: "hotline.test".into(),
        password: "secret-102".into(),
        ..Options::default()
    };
    let phone = Phone::bind(options).await.unwrap();
    let refused = phone.register(house.sip).await;
    assert!(matches!(refused, Err(RegisterError::Refused { status: 401 | 403 })), "{refused:?}");
    assert_eq!(board.state("101"), "offline");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_hears_goodbye_when_the_operator_hangs_up() {
    let house = staffed();
    let board = Board::of(&house);
    let phone = operator(&house, "101", Policy::Manual).await;
    let caller = Caller::waiting(&house, "79150000102").await;
    let call = take(&phone).await;
    talk(&caller.call, &call).await;
    call.hangup().await;
    let released = call.message(|message| message.sent("BYE"), SOON).await.unwrap().at;
    caller.at_step(&house, "bye").await;
    let ended = got_bye(&caller.call).await;
    println!("goodbye: {:.0} ms from the operator's BYE to the caller's", milliseconds(released, ended));
    assert!(milliseconds(released, ended) > 1_000.0, "the caller hears goodbye first");
    board.until_state("101", "wrap_up").await;
    let record = caller.ended(&house).await.record;
    assert_eq!(record.result, Some(CallResult::Connected));
    assert_eq!((record.hangup_by, record.cause), (Some(HangupBy::Operator), Some(Cause::Normal)));
    assert!(record.answered_at.is_some() && record.wait_ms.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_on_hold_hears_music_until_the_operator_is_back() {
    let house = staffed();
    let phone = operator(&house, "101", Policy::Manual).await;
    let caller = Caller::waiting(&house, "79150000103").await;
    let call = take(&phone).await;
    talk(&caller.call, &call).await;
    assert!(call.hold().await.unwrap());
    caller.story(&house, |story| has(story, "held")).await;
    // The operator's own tone, which his phone goes on sending, is not heard; something else is.
    let window = Duration::from_millis(500);
    let music = caller.call.wait_heard(
        |ear, now| {
            let level = ear.level_dbm0(window, now);
            level > -40.0 && ear.tone_dbm0(f64::from(OPERATOR_HERTZ), window, now) < level - 15.0
        },
        SOON,
    );
    if music.await.is_err() {
        let level = caller.call.level_dbm0(window);
        let tone = caller.call.tone_dbm0(f64::from(OPERATOR_HERTZ), window);
        panic!("on hold the caller hears {level:.1} dBm0, {tone:.1} of it the operator's tone");
    }
    caller.story(&house, |story| has(story, "held")).await;
    assert!(call.resume().await.unwrap());
    talk(&caller.call, &call).await;
    caller.story(&house, |story| has(story, "resumed")).await;
    assert!(!call.is_over() && !caller.call.is_over());
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_is_served_next_and_the_others_in_the_order_of_their_coming() {
    let house = quick();
    let phone = operator(&house, "101", Policy::Manual).await;
    let first = Caller::waiting(&house, "79150000110").await;
    let busy = take(&phone).await;
    talk(&first.call, &busy).await;
    let mut ordinary = Vec::new();
    for n in 1..=5 {
        ordinary.push(Caller::waiting(&house, &format!("7915000011{n}")).await);
    }
    let priority = Caller::waiting(&house, PRIORITY_CALLER).await;
    busy.hangup().await;
    let mut served = Vec::new();
    for _ in 0..6 {
        let call = take(&phone).await;
        call.wait_tone(f64::from(CALLER_HERTZ), SOON).await.unwrap();
        let class = call.invite().unwrap().header("X-Hotline-Class").unwrap().to_string();
        served.push((caller_of(&call), class));
        call.hangup().await;
    }
    let mut wanted = vec![(priority.number.clone(), "priority".to_string())];
    wanted.extend(ordinary.iter().map(|caller| (caller.number.clone(), "standard".to_string())));
    assert_eq!(served, wanted);
    assert_eq!(rings(&phone), 7, "nobody rang twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_explained_and_why_each_phone_rang_stays_in_the_story() {
    let house = quick();
    let board = Board::of(&house);
    let phone = operator(&house, "101", Policy::Manual).await;
    let first = Caller::waiting(&house, "79150000130").await;
    let busy = take(&phone).await;
    talk(&first.call, &busy).await;
    let ordinary = Caller::waiting(&house, "79150000131").await;
    let priority = Caller::waiting(&house, PRIORITY_CALLER).await;
    let id = ordinary.story(&house, |story| has(story, "enqueued")).await.record.id;
    let (status, why) = board.get(&format!("/api/v1/calls/{id}/why"));
    assert_eq!(status, 200, "{why}");
    let why: serde_json::Value = serde_json::from_str(&why).unwrap();
    let text = why["text"].as_str().unwrap();
    assert!(text.contains("1 before it: 1 Priority, 0 others") && text.contains("Nobody is ready"), "{text}");
    assert_eq!(why["explanation"]["standing"]["operators"][0]["operator"], "101", "{why}");

    busy.hangup().await;
    for (caller, rule) in [(&priority, "priority"), (&ordinary, "order")] {
        let call = take(&phone).await;
        let story = caller.story(&house, |story| has(story, "connected")).await;
        let chosen = &story.events.iter().find(|event| event.kind == "chosen").unwrap().detail;
        assert_eq!((chosen["operator"].as_str(), chosen["rule"].as_str()), ("101", rule), "{chosen:?}");
        assert!(chosen["ranked"].starts_with("1. 101: idle for "), "{chosen:?}");
        call.hangup().await;
    }
    ordinary.ended(&house).await;
    let (status, gone) = board.get(&format!("/api/v1/calls/{id}/why"));
    assert_eq!(status, 404, "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_caller_reaches_a_free_operator_well_within_ten_seconds() {
    let house = quick();
    let phone = operator(&house, "101", Policy::Answer { after: Duration::from_millis(300) }).await;
    let caller = Caller::waiting(&house, PRIORITY_CALLER).await;
    let call = phone.incoming(SOON).await.unwrap();
    talk(&caller.call, &call).await;
    let record = caller.story(&house, |story| has(story, "connected")).await;
    let connected = record.events.iter().find(|event| event.kind == "connected").unwrap();
    let waited: u64 = connected.detail["wait_ms"].parse().unwrap();
    println!("priority: connected after {waited} ms, of which the operator took 300");
    assert!(waited < PRIORITY_WAIT_MS_MAX, "{waited} ms");
    assert!(waited >= 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_stops_ringing_within_50_ms_of_the_callers_hanging_up() {
    let house = staffed();
    let phone = operator(&house, "101", Policy::Manual).await;
    for n in 0..3 {
        let caller = Caller::waiting(&house, &format!("7915000012{n}")).await;
        let call = phone.incoming(SOON).await.unwrap();
        call.ring().await;
        caller.story(&house, |story| has(story, "ringing")).await;
        let left = caller.hangup().await;
        let cancelled = call.message(|message| message.received("CANCEL"), SOON).await.unwrap().at;
        let took = milliseconds(left, cancelled);
        println!("caller's BYE to the phone's CANCEL: {took:.1} ms");
        assert!(took <= CANCEL_MS_MAX, "{took:.1} ms");
        assert_eq!(call.over(SOON).await.unwrap().what, Over::Ended(Ended::Cancelled));
        let record = caller.ended(&house).await.record;
        assert_eq!((record.result, record.cause), (Some(CallResult::Abandoned), Some(Cause::Abandoned)));
        assert_eq!((record.operator, record.answered_at), (None, None));
    }
}

/// Pairs of operators who race, each pair with a line and a queue of its own.
const PAIRS: usize = 4;
const ROUNDS: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_phones_that_answer_together_one_is_bridged_and_the_other_released() {
    let flows = tempfile::tempdir().unwrap();
    let (mut operators, mut queues) = (String::new(), String::new());
    for pair in 0..PAIRS {
        let flow = format!(
            "flow: race{pair}\nentry: {{number: \"8800100000{pair}\", start: q, answer: at_once}}\nlanguage: ru\n\
             steps:\n  q: {{queue: {{name: race{pair}, exits: {{max_wait: end, full: end, nobody_signed_in: end, \
             all_paused: end, closed: end}}, answered: end}}}}\n  end: {{hangup: {{}}}}\n"
        );
        std::fs::write(flows.path().join(format!("race{pair}.yaml")), flow).unwrap();
        queues += &format!("  race{pair}: {{strategy: ring_all, wrap_up: 0s}}\n");
        for id in racers(pair) {
            operators +=
                &format!("  - {{id: \"{id}\", name: Racer, queues: [race{pair}], password: secret-{id}}}\n");
        }
    }
    let extra = format!("queues:\n{queues}");
    let house = House::start(&Plan {
        operators,
        extra,
        flows: Some(flows.path().to_path_buf()),
        // A closed port rests for five seconds, and the races take little more, with three legs of two ports each.
        ports: Some(900),
        ..Plan::default()
    });
    let mut phones = Vec::new();
    for pair in 0..PAIRS {
        let [a, b] = racers(pair);
        phones.push([operator(&house, &a, Policy::Manual).await, operator(&house, &b, Policy::Manual).await]);
    }
    let pairs = phones.iter().enumerate().map(|(pair, phones)| race(&house, pair, phones));
    let outcomes = futures_util::future::join_all(pairs).await;
    let (won, crossed) = outcomes.iter().fold(([0, 0], 0), |(won, crossed), outcome| {
        ([won[0] + outcome.won[0], won[1] + outcome.won[1]], crossed + outcome.crossed)
    });
    println!("races: won {won:?}, in {crossed} of {} both phones had answered", PAIRS * ROUNDS);
    assert_eq!(won[0] + won[1], PAIRS * ROUNDS);
    assert!(crossed > 0, "the phones never answered together");
    let board = Board::of(&house);
    for pair in 0..PAIRS {
        for id in racers(pair) {
            board.until_state(&id, "ready").await;
        }
    }
}

/// The ids of a pair's operators.
fn racers(pair: usize) -> [String; 2] {
    [0, 1].map(|one| (500 + pair * 10 + one).to_string())
}

struct Outcome {
    won: [usize; 2],
    /// Rounds in which the phone that lost had sent its 200 too.
    crossed: usize,
}

async fn race(house: &House, pair: usize, phones: &[Phone; 2]) -> Outcome {
    let ids = racers(pair);
    let mut outcome = Outcome { won: [0, 0], crossed: 0 };
    for round in 0..ROUNDS {
        let number = format!("7916{pair}{round:06}");
        let caller = Caller::dial(house, &number, &format!("8800100000{pair}")).await;
        let calls = [phones[0].incoming(SOON).await.unwrap(), phones[1].incoming(SOON).await.unwrap()];
        tokio::join!(calls[0].ring(), calls[1].ring());
        tokio::join!(calls[0].answer(), calls[1].answer());
        let winner = tokio::select! {
            loser = calls[0].over(SOON) => { lost(loser.unwrap().what); 1 }
            loser = calls[1].over(SOON) => { lost(loser.unwrap().what); 0 }
        };
        talk(&caller.call, &calls[winner]).await;
        assert!(!calls[winner].is_over(), "round {round}: both were released");
        outcome.won[winner] += 1;
        outcome.crossed += usize::from(calls[1 - winner].is_answered());
        caller.hangup().await;
        assert_eq!(calls[winner].over(SOON).await.unwrap().what, Over::Ended(Ended::Bye { reason: None }));
        assert_eq!(connected(&caller, house).await, ids[winner], "round {round}");
    }
    outcome
}

/// How a phone may lose: its 200 and the CANCEL crossed, or the CANCEL came in time.
fn lost(how: Over) {
    assert!(matches!(how, Over::Ended(Ended::Bye { .. } | Ended::Cancelled)), "{how:?}");
}

async fn connected(caller: &Caller, house: &House) -> String {
    let record = caller.ended(house).await.record;
    assert_eq!(record.result, Some(CallResult::Connected));
    record.operator.unwrap().to_string()
}
