//! Seats that outlive the process: the order of those who wait after it was killed and started again (edge case 12).
use crate::house::{House, Plan, WALLET_LINE};
use hotline::cause::Cause;
use hotline::digit::Digit;
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::{Call, Dial, Phone, Policy};
use hotline::store;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const WAITING: usize = 30;
const RINGING: usize = 5;
const TALKING: usize = 10;

fn number(n: usize) -> String {
    format!("7999000{n:04}")
}

/// Presses 0 as soon as the flow runs, and is back when the call has this stage.
async fn waits(house: &House, phone: &Phone, n: usize, stage: &str, token: &str) -> Call {
    let call = phone.call(Dial::to(house.uri(WALLET_LINE), house.sip).from(number(n))).await.unwrap();
    call.answered(SOON).await.unwrap();
    house.call_at_step(&number(n)[7..], "welcome", token);
    assert!(call.press(Digit::from_char('0').unwrap(), Method::Rfc4733));
    house.call_at(&number(n)[7..], stage, token);
    call
}

/// Until the wait is booked: who hangs up before it has refused the call.
fn connected(house: &House, call: &str, token: &str) {
    house.until("the connection", token, || {
        let story = house.json(&format!("/api/v1/calls/{call}"), token);
        story["events"].as_array()?.iter().any(|event| event["kind"] == "connected").then_some(())
    });
}

/// Until the store has the operator's break: records are written in order, so it has the seats too.
async fn written(house: &House) {
    let url = format!("sqlite:{}", house.data().join("hotline.db").display());
    let store = store::connect(&url).await.unwrap();
    while store.operators().await.unwrap().iter().all(|operator| operator.paused.is_none()) {
        tokio::task::yield_now().await;
    }
    store.close().await;
}

fn operators() -> Vec<String> {
    (301..=300 + TALKING + RINGING).map(|id| id.to_string()).collect()
}

fn plan() -> Plan {
    let operators = operators()
        .iter()
        .map(|id| format!("  - {{id: \"{id}\", name: Op, queues: [wallet], password: \"secret-{id}\"}}\n"))
        .collect();
    let extra = "queues: {wallet: {wrap_up: 0s, ring_timeout: 300s, all_paused_grace: 300s}}\n".to_string();
    Plan { operators, extra, ports: Some(400), ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_12_killed_with_thirty_waiting_they_are_back_in_their_old_order() {
    let house = House::start(&plan());
    let viewer = house.token("viewer");
    let admin = house.token("admin");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let mut desks = Vec::new();
    let mut calls = Vec::new();
    let mut n = 0;
    for (count, stage, after) in [(TALKING, "talking", 50), (RINGING, "ringing", 600_000)] {
        for _ in 0..count {
            let id = &operators()[n];
            let policy = Policy::Answer { after: Duration::from_millis(after) };
            desks.push(house.operator(id, policy, Sound::Silence).await);
            house.operator_is(id, "ready", &viewer);
            n += 1;
            calls.push(waits(&house, &phone, n, stage, &viewer).await);
        }
    }
    for _ in 0..WAITING {
        n += 1;
        calls.push(waits(&house, &phone, n, "waiting", &viewer).await);
    }
    let (status, said) =
        house.request("PUT", "/api/v1/operators/301", &admin, r#"{"state":"paused","reason":"lunch"}"#);
    assert_eq!(status, 200, "{said}");
    written(&house).await;
    let dir = house.kill();
    for desk in desks {
        desk.vanish().await;
    }
    drop(calls);

    let house = House::start_in(dir, &plan());
    let records = house.records().await;
    assert_eq!(records.len(), n);
    assert!(records.iter().all(|record| record.cause == Some(Cause::NodeFailure)), "{records:?}");
    assert_eq!(house.json("/api/v1/calls", &viewer).as_array().unwrap().len(), 0);
    for operator in house.json("/api/v1/operators", &viewer).as_array().unwrap() {
        assert!(operator["call"].is_null() && operator["state"] == "offline", "{operator}");
    }

    // One operator is there, on his break; everybody calls again, in another order, with newcomers among them.
    let desk = house.operator("301", Policy::Manual, Sound::Tone(620)).await;
    house.operator_is("301", "paused", &viewer);
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let back: Vec<usize> = (TALKING + RINGING + 1..=n).collect();
    let mut calls = Vec::new();
    let newcomer = 900;
    calls.push(waits(&house, &phone, newcomer, "waiting", &viewer).await);
    for step in 0..WAITING {
        // Seven and thirty have no common divisor: each once, well mixed.
        calls.push(waits(&house, &phone, back[(step * 7) % WAITING], "waiting", &viewer).await);
    }
    for rang in [TALKING + 2, TALKING + 1] {
        calls.push(waits(&house, &phone, rang, "waiting", &viewer).await);
    }
    // He was cut off in the middle of his talk, before which he had waited as well.
    calls.push(waits(&house, &phone, 1, "waiting", &viewer).await);
    let (status, said) = house.request("PUT", "/api/v1/operators/301", &admin, r#"{"state":"ready"}"#);
    assert_eq!(status, 200, "{said}");
    let mut order = Vec::new();
    for _ in 0..calls.len() {
        let talk = desk.incoming(SOON).await.unwrap();
        let caller = talk.invite().unwrap().header("X-Hotline-Caller").unwrap().to_string();
        order.push(caller[7..].parse::<usize>().unwrap());
        talk.answer().await;
        talk.answered(SOON).await.unwrap();
        connected(&house, talk.invite().unwrap().header("X-Hotline-Call").unwrap(), &viewer);
        talk.hangup().await;
        talk.over(SOON).await.unwrap();
    }
    let expected: Vec<usize> = [TALKING + 1, TALKING + 2].into_iter().chain(back).collect();
    assert_eq!(order.pop(), Some(newcomer), "though he called first");
    order.retain(|n| *n != 1);
    assert_eq!(order, expected);
}
