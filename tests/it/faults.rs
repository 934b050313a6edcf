//! What must survive: the process killed with callers on the line, too many callers, a stop in the middle of a call, and
//! a broken flow file.
use crate::house::{House, Plan, WALLET_LINE, media_ports};
use hotline::cause::Cause;
use hotline::digit::Digit;
use hotline::robot::clock;
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::{Call, Dial, Over, Phone, Policy};
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

async fn call(house: &House, phone: &Phone, from: &str) -> Call {
    phone.call(Dial::to(house.uri(WALLET_LINE), house.sip).from(from)).await.unwrap()
}

/// A call that stands in the main menu.
async fn in_the_menu(house: &House, phone: &Phone, from: &str, token: &str) -> Call {
    let call = call(house, phone, from).await;
    call.answered(SOON).await.unwrap();
    house.call_at_step(&from[from.len() - 4..], "main", token);
    call
}

/// A call that asked for a specialist.
async fn at_the_queue(house: &House, phone: &Phone, from: &str, stage: &str, token: &str) -> Call {
    let call = in_the_menu(house, phone, from, token).await;
    assert!(call.press(Digit::from_char('0').unwrap(), Method::Rfc4733));
    house.call_at(&from[from.len() - 4..], stage, token);
    call
}

fn answers() -> Policy {
    Policy::Answer { after: Duration::from_millis(200) }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_callers_waiting_it_is_back_with_every_record_and_no_ghost() {
    let plan = Plan { operators: House::operators(), ..Plan::default() };
    let house = House::start(&plan);
    let (viewer, admin) = (house.token("viewer"), house.token("admin"));
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let lunch = house.operator("101", Policy::Manual, Sound::Silence).await;
    let (status, said) =
        house.request("PUT", "/api/v1/operators/101", &admin, r#"{"state":"paused","reason":"lunch"}"#);
    assert_eq!(status, 200, "{said}");
    let desk = house.operator("102", answers(), Sound::Silence).await;
    house.operator_is("102", "ready", &viewer);

    let left = in_the_menu(&house, &phone, "79990000001", &viewer).await;
    left.hangup().await;
    left.over(SOON).await.unwrap();
    house.until("the first call's record", &viewer, || {
        house.json("/api/v1/calls", &viewer).as_array().unwrap().is_empty().then_some(())
    });
    let _talk = at_the_queue(&house, &phone, "79990000002", "talking", &viewer).await;
    let _wait = at_the_queue(&house, &phone, "79990000003", "waiting", &viewer).await;
    let _wait_too = at_the_queue(&house, &phone, "79990000004", "waiting", &viewer).await;
    let dir = house.kill();
    desk.vanish().await;
    lunch.vanish().await;

    let house = House::start_in(dir, &plan);
    println!("back after kill -9 in {:?}", house.started_in);
    assert!(house.started_in < Duration::from_secs(30), "{:?}", house.started_in);
    assert_eq!(house.get("/readyz", "").0, 200);
    let (code, said, talk) = house.hotline(&["db", "status"]);
    assert_eq!(code, 0, "{said}{talk}");
    assert!(!said.contains("damaged"), "{said}");

    let records = house.records().await;
    let ends: Vec<_> = records.iter().map(|record| (record.caller.as_str(), record.cause)).collect();
    let expected = [
        ("79990000001", Some(Cause::CallerLeft)),
        ("79990000002", Some(Cause::NodeFailure)),
        ("79990000003", Some(Cause::NodeFailure)),
        ("79990000004", Some(Cause::NodeFailure)),
    ];
    assert_eq!(ends, expected);
    assert!(records.iter().all(|record| record.ended_at.is_some()));

    assert_eq!(house.json("/api/v1/calls", &viewer).as_array().unwrap().len(), 0);
    for operator in house.json("/api/v1/operators", &viewer).as_array().unwrap() {
        assert!(operator["call"].is_null() && operator["state"] == "offline", "{operator}");
    }
    let _lunch = house.operator("101", Policy::Manual, Sound::Silence).await;
    let paused = house.operator_is("101", "paused", &viewer);
    assert_eq!(paused["reason"], "lunch", "{paused}");
    let _desk = house.operator("102", answers(), Sound::Silence).await;
    house.operator_is("102", "ready", &viewer);
    let again = at_the_queue(&house, &phone, "79990000005", "talking", &viewer).await;
    again.hangup().await;
    again.over(SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_over_capacity_is_told_to_come_back_and_finds_a_place_later() {
    let house = House::start(&Plan { sip: ", max_calls: 3".into(), ..Plan::default() });
    let viewer = house.token("viewer");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let mut held = Vec::new();
    for from in ["79990000001", "79990000002", "79990000003"] {
        held.push(in_the_menu(&house, &phone, from, &viewer).await);
    }
    let fourth = call(&house, &phone, "79990000004").await;
    assert_eq!(fourth.over(SOON).await.unwrap().what, Over::Failed(503));
    let refusal = fourth.message(|m| m.answered("INVITE", 503), SOON).await.unwrap().what;
    assert!(refusal.header("Retry-After").is_some_and(|after| after.parse::<u32>().is_ok()));
    assert!(held.iter().all(|call| !call.is_over()), "the refusal cost nobody the call");

    held.remove(0).hangup().await;
    house.until("two calls", &viewer, || {
        (house.json("/api/v1/calls", &viewer).as_array().unwrap().len() == 2).then_some(())
    });
    call(&house, &phone, "79990000005").await.answered(SOON).await.unwrap();
}

/// From the first call to its end and the end of the process; `drain` begins it.
async fn drains(drain: impl FnOnce(&House)) {
    let mut house = House::start(&Plan::default());
    let viewer = house.token("viewer");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let running = in_the_menu(&house, &phone, "79990000001", &viewer).await;
    assert_eq!(house.get("/readyz", "").0, 200);
    drain(&house);
    house.until("not ready while draining", &viewer, || (house.get("/readyz", "").0 == 503).then_some(()));
    let late = call(&house, &phone, "79990000002").await;
    assert_eq!(late.over(SOON).await.unwrap().what, Over::Failed(503));
    let refusal = late.message(|m| m.answered("INVITE", 503), SOON).await.unwrap().what;
    assert!(refusal.header("Retry-After").is_some());
    // The running call is served as before: a key leads on.
    assert!(running.press(Digit::from_char('1').unwrap(), Method::Rfc4733));
    house.call_at_step("0001", "terminals", &viewer);
    assert!(!running.is_over() && house.is_running());
    running.hangup().await;
    running.over(SOON).await.unwrap();
    let ended = house.wait();
    assert_eq!(ended.code(), Some(0), "{ended}\n{}", house.log());
    let records = house.records().await;
    assert_eq!(records.iter().map(|record| record.cause).collect::<Vec<_>>(), [Some(Cause::CallerLeft)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_by_command_lets_the_call_end_and_then_the_process() {
    drains(|house| {
        let (code, _, talk) = house.hotline(&["drain"]);
        assert_eq!(code, 0, "{talk}");
        assert!(talk.contains("draining"), "{talk}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_by_signal_lets_the_call_end_and_then_the_process() {
    drains(|house| house.signal("TERM")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_stops_at_once_and_the_caller_is_told() {
    let mut house = House::start(&Plan::default());
    let viewer = house.token("viewer");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let running = in_the_menu(&house, &phone, "79990000001", &viewer).await;
    house.signal("TERM");
    house.until("draining", &viewer, || (house.get("/readyz", "").0 == 503).then_some(()));
    let at = clock().mono();
    house.signal("TERM");
    let ended = house.wait();
    let took = clock().mono().since(at);
    println!("stopped by the second signal in {took:?}");
    assert_eq!(ended.code(), Some(0), "{ended}\n{}", house.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    // Whoever was on the line hears no dead line: a BYE came, and the record is closed.
    assert!(matches!(running.over(SOON).await.unwrap().what, Over::Ended(_)));
    let records = house.records().await;
    assert!(records.iter().all(|record| record.ended_at.is_some()), "{records:?}");
}

const SMALL: &str = "flow: small\n\
    entry: {number: \"88007077759\", start: one, answer: at_once}\n\
    language: ru\n\
    steps:\n\
    \x20 one:\n\
    \x20   play: {say: [welcome], next: STEP}\n\
    \x20 STEP:\n\
    \x20   menu: {say: [main_menu], keys: {\"1\": one}, invalid: {say: [no_such_item], go: repeat}, timeout: repeat, exhausted: end}\n\
    \x20 end:\n\
    \x20   hangup: {}\n";

fn small(dir: &Path, step: &str) {
    std::fs::write(dir.join("small.yaml"), SMALL.replace("STEP", step)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_flow_file_changes_nothing_and_a_good_one_is_taken_in() {
    let flows = tempfile::tempdir().unwrap();
    small(flows.path(), "first");
    let house = House::start(&Plan { flows: Some(flows.path().to_path_buf()), ..Plan::default() });
    let viewer = house.token("viewer");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let at = async |from: &str, step: &str| {
        let call = call(&house, &phone, from).await;
        call.answered(SOON).await.unwrap();
        house.call_at_step(&from[from.len() - 4..], step, &viewer);
        call
    };
    let old = at("79990000001", "first").await;

    let broken = SMALL.replace("STEP", "second").replace("exhausted: end", "exhausted: nowhere");
    std::fs::write(flows.path().join("small.yaml"), broken).unwrap();
    house.signal("HUP");
    house.wait_log(|log| log.contains("flows not reloaded"), SOON);
    let log = house.log();
    assert!(log.contains("small.yaml:8:"), "file, line and column are named:\n{log}");
    assert!(log.contains("nowhere"), "{log}");
    house.until("the metric of it", &viewer, || {
        (house.metric("hotline_flow_reload_failed") == 1.0).then_some(())
    });
    at("79990000002", "first").await.hangup().await;

    small(flows.path(), "second");
    house.signal("HUP");
    house.wait_log(|log| log.contains("flows reloaded"), SOON);
    house.until("the metric of it", &viewer, || {
        (house.metric("hotline_flow_reload_failed") == 0.0).then_some(())
    });
    at("79990000003", "second").await;
    assert!(!old.is_over(), "a running call keeps its flow");
    house.call_at_step("0001", "first", &viewer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_with_the_setting_that_changes_it() {
    let house = House::start(&Plan::default());
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let config = std::fs::read_to_string(house.dir.path().join("config.yaml")).unwrap();
    let config = config.replacen("udp: [\"127.0.0.1:0\"]", &format!("udp: [\"127.0.0.1:{port}\"]"), 1);
    let (first, last) = media_ports(20);
    let ports = config.split("ports: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let config = config.replacen(ports, &format!("{first}-{last}"), 1);
    std::fs::write(dir.path().join("config.yaml"), config).unwrap();
    let (code, _, said) = house.hotline_in(dir.path(), &["serve"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains(&format!("127.0.0.1:{port}")) && said.contains("sip.udp"), "{said}");
}
