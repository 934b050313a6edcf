//! SIPp as the caller. Each scenario file says what it plays; here stands what the server must have made of it.
use super::{calls_of, count, installed, steps};
use crate::house::{House, Plan, WALLET_LINE, media_ports};
use hotline::cause::Cause;
use hotline::robot::phone::{Options, Phone};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// A scenario takes three seconds; a busy machine may need much longer.
const WITHIN_S: &str = "60";

/// Plays one call. `transport` as SIPp names it: `u1` UDP, `t1` TCP.
fn play(scenario: &str, number: &str, house: &House, transport: &str) {
    let errors = tempfile::NamedTempFile::new().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp").join(scenario).with_extension("xml");
    let server: SocketAddr = if transport == "t1" { house.sip_tcp } else { house.sip };
    let output = Command::new("sipp")
        .arg(server.to_string())
        .arg("-sf")
        .arg(&file)
        .args(["-s", number, "-key", "caller", "79990000001", "-t", transport, "-i", "127.0.0.1", "-m", "1"])
        .args(["-mp", &media_ports(4).0.to_string(), "-nostdin", "-timeout", WITHIN_S, "-timeout_error"])
        .args(["-trace_err", "-error_file"])
        .arg(errors.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{scenario} to {number} over {transport}: {}\n{}\n--- the server's log ---\n{}",
        output.status,
        std::fs::read_to_string(errors.path()).unwrap_or_default(),
        house.log()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_is_reached_by_each_spelling_of_its_number_over_udp_and_tcp() {
    if !installed("sipp") {
        return;
    }
    let house = House::start(&Plan::default());
    let spellings = ["88007077759", "+78007077759", "78007077759", "8-800-707-77-59"];
    let scenario = "welcome_is_heard_and_bye_ends_the_call";
    for spelling in spellings {
        play(scenario, spelling, &house, "u1");
        play(scenario, spelling, &house, "t1");
    }
    let calls = calls_of(house).await;
    assert_eq!(calls.len(), 2 * spellings.len());
    for call in &calls {
        assert_eq!((call.record.line.as_str(), call.record.cause), ("qiwi-hotline", Some(Cause::CallerLeft)));
        assert_eq!(call.record.caller, "79990000001");
        // a second of welcome, 20 ms a packet
        let sent = call.record.caller_quality.as_ref().unwrap().packets_sent;
        assert!((40..200).contains(&sent), "{sent} packets");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_counts_once_by_info_and_by_telephone_event() {
    if !installed("sipp") {
        return;
    }
    let house = House::start(&Plan::default());
    play("keys_by_info_walk_the_menu", WALLET_LINE, &house, "u1");
    play("keys_by_info_walk_the_menu", WALLET_LINE, &house, "t1");
    play("keys_by_telephone_event_walk_the_menu", WALLET_LINE, &house, "u1");
    let calls = calls_of(house).await;
    assert_eq!(calls.len(), 3);
    for call in &calls[..2] {
        // A key too many would have chosen again; "7" and "#" are a number too short, so the question stays.
        assert_eq!(steps(call), ["welcome", "main", "terminals", "pay_number"], "{:?}", call.events);
    }
    assert_eq!(steps(&calls[2]), ["welcome", "main", "terminals", "mistaken"], "{:?}", calls[2].events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_served_is_refused_by_its_own_status() {
    if !installed("sipp") {
        return;
    }
    let house = House::start(&Plan::default());
    for transport in ["u1", "t1"] {
        for scenario in [
            "an_unknown_number_is_not_found",
            "no_common_codec_is_not_acceptable",
            "a_session_timer_that_is_too_small_is_422",
            "a_required_extension_that_is_unknown_is_420",
            "a_max_forwards_that_is_no_number_is_400",
            "bye_to_an_unknown_dialog_is_481",
            "options_are_answered",
        ] {
            play(scenario, WALLET_LINE, &house, transport);
        }
    }
    let calls = calls_of(house).await;
    let causes: Vec<_> = calls.iter().map(|call| call.record.cause).collect();
    assert_eq!(causes, [Some(Cause::NoCodec); 2], "only those who reached a line are calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_invite_is_one_call_and_a_late_cancel_ends_none() {
    if !installed("sipp") {
        return;
    }
    let house = House::start(&Plan::default());
    for transport in ["u1", "t1"] {
        play("a_retransmitted_invite_is_one_call", WALLET_LINE, &house, transport);
        play("a_cancel_after_the_200_changes_nothing", WALLET_LINE, &house, transport);
    }
    let calls = calls_of(house).await;
    assert_eq!(calls.len(), 4);
    for call in &calls {
        assert_eq!(call.record.cause, Some(Cause::CallerLeft), "{:?}", call.events);
        assert_eq!(steps(call)[0], "welcome");
    }
}

/// The operator is signed in and on a break, so the caller waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_holds_while_waiting_keeps_his_place() {
    if !installed("sipp") {
        return;
    }
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    let token = house.token("supervisor");
    let operator = Phone::bind(Options {
        user: "101".into(),
        password: "secret-101".into(),
        domain: "hotline.test".into(),
        ..Options::default()
    });
    let operator = operator.await.unwrap();
    operator.register(house.sip).await.unwrap();
    let body = r#"{"state": "paused", "reason": "tea"}"#;
    let (status, answer) = house.request("PUT", "/api/v1/operators/101", &token, body);
    assert_eq!(status, 200, "{answer}");
    play("hold_in_the_queue_keeps_the_place", WALLET_LINE, &house, "u1");
    operator.close().await;
    let calls = calls_of(house).await;
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!((count(call, "enqueued"), count(call, "exit")), (1, 0), "{:?}", call.events);
    assert_eq!(call.record.cause, Some(Cause::Abandoned));
    let waited = call.record.wait_ms.unwrap();
    assert!(waited >= 2_700, "the clock ran on while the call was on hold: {waited} ms");
    // Spoken to before and after; on hold nothing is sent (RFC 3264 section 8.4).
    let sent = call.record.caller_quality.as_ref().unwrap().packets_sent;
    let whole = waited / 20;
    assert!(sent > whole / 3 && sent < whole + 60, "{sent} packets in a wait of {waited} ms");
}
