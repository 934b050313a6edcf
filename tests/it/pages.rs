//! The pages in a real browser, in front of a real server, with callers who are robots.
#[path = "pages/browser.rs"]
mod browser;

use crate::house::{House, Plan, WALLET_LINE};
use crate::parties::{Board, CALLER_HERTZ, Caller, OPERATOR_HERTZ, SOON, has, milliseconds};
use browser::Browser;
use hotline::robot::clock;
use hotline::robot::mouth::Sound;
use hotline::robot::phone::{Dial, Options, Phone, Policy};
use serde_json::Value;

fn staffed() -> House {
    House::start(&Plan { operators: House::operators(), ..Plan::default() })
}

/// The page is in front of the operator, and his telephone on the line.
async fn at_the_desk(house: &House, id: &str) -> Option<Browser> {
    let mut page = Browser::open(house, OPERATOR_HERTZ).await?;
    page.sign_in(house, id, "operator").await;
    page.see(".line.up").await;
    page.see(".state.ready").await;
    Some(page)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_with_nothing_but_a_browser_answers_talks_presses_holds_and_wraps_up() {
    let house = staffed();
    let Some(mut page) = at_the_desk(&house, "101").await else { return };
    let board = Board::of(&house);
    let caller = Caller::waiting(&house, "79150000501").await;
    page.see(".call.ringing").await;
    page.press("a").await;
    page.see(".call.talking").await;
    let talking = page.text(".call .who .number").await;
    assert!(talking.ends_with("0501"), "{talking}");

    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.until_tone(CALLER_HERTZ).await;
    page.press("5").await;
    caller.call.keys("5", SOON).await.unwrap();

    page.press("h").await;
    page.see(".call.held").await;
    page.press("h").await;
    page.see(".call.talking").await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.until_tone(CALLER_HERTZ).await;

    let counted = page.run("window.counted()").await;
    let packets = |name: &str| counted[name].as_i64().unwrap();
    assert!(packets("received") > 50 && packets("sent") > 50, "{counted}");
    assert_eq!(packets("lost"), 0, "{counted}");

    page.press("x").await;
    page.see(".call.over").await;
    page.see(".state.wrap_up").await;
    caller.call.over(SOON).await.unwrap();
    board.until_state("101", "wrap_up").await;
    page.press("r").await;
    page.see(".state.ready").await;
    assert_eq!(page.faults().await, serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_shows_a_caller_within_a_second_with_the_figures_of_the_api_and_says_when_it_is_stale() {
    let house = staffed();
    let Some(mut page) = Browser::open(&house, OPERATOR_HERTZ).await else { return };
    // Somebody has to be there, or nobody may wait; on a break, or nobody would.
    let _phone = house.operator("101", Policy::Manual, Sound::Silence).await;
    let pause = r#"{"state": "paused", "reason": "lunch"}"#;
    let (status, body) = house.request("PUT", "/api/v1/operators/101", &house.token("admin"), pause);
    assert_eq!(status, 200, "{body}");
    page.sign_in(&house, "lead", "supervisor").await;
    page.see(".board .line.up").await;
    page.see("[data-queue=wallet] [data-waiting='0']").await;
    let caller = Caller::waiting(&house, "79150000502").await;
    let joined = clock().mono();
    page.see("[data-queue=wallet] [data-waiting='1']").await;
    let took = milliseconds(joined, clock().mono());
    assert!(took < 1000.0, "the board took {took:.0} ms");
    let (_, body) = Board::of(&house).get("/api/v1/queues/wallet");
    let queue: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(queue["waiting"]["standard"], 1);
    assert_eq!(page.text("[data-tile=waiting] .figure").await, "1");

    house.signal("STOP");
    page.see(".banner.stale").await;
    house.signal("CONT");
    page.gone(".banner.stale").await;
    page.see(".board .line.up").await;
    caller.hangup().await;
    page.see("[data-queue=wallet] [data-waiting='0']").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_writes_into_his_name_is_shown_as_text() {
    const EVIL: &str = "<img src=x onerror=window.evil=1>";
    let house = staffed();
    let Some(mut page) = Browser::open(&house, OPERATOR_HERTZ).await else { return };
    page.sign_in(&house, "lead", "supervisor").await;
    let phone = Phone::bind(Options { user: "79150000503".into(), ..Options::default() }).await.unwrap();
    let dial = Dial::to(format!("sip:{WALLET_LINE}@127.0.0.1"), house.sip).from(EVIL).display(EVIL);
    let dial = dial.header("User-Agent", EVIL).header("Subject", EVIL);
    let call = phone.call(dial).await.unwrap();
    call.answered(SOON).await.unwrap();
    page.see("[data-call]").await;
    let id = page.run("document.querySelector('[data-call]').dataset.call").await;
    page.goto(&format!("/calls/{}", id.as_str().unwrap())).await;
    page.see("#main").await;
    assert_eq!(
        page.run("[window.evil ?? null, document.querySelectorAll('img[src=x]').length]").await,
        serde_json::json!([null, 0])
    );
    call.hangup().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_library_in_a_page_of_somebody_else_registers_and_takes_a_call() {
    let house = staffed();
    let Some(mut page) = Browser::open(&house, OPERATOR_HERTZ).await else { return };
    let token = house.token("admin");
    let (status, body) = house.request("POST", "/api/v1/operators/102/credential", &token, "");
    assert_eq!(status, 200, "{body}");
    page.goto("/live/icon.svg").await;
    page.goto("/desk").await; // any address of the house: its origin counts
    page.jssip().await;
    page.run(&format!(
        "(() => {{
            const {{ uri, password }} = {body};
            const ua = new JsSIP.UA({{ sockets: [new JsSIP.WebSocketInterface(`ws://${{location.host}}/ws/sip`)], uri, password }});
            ua.on('registered', () => {{ window.registered = true; }});
            ua.on('newRTCSession', ({{ session }}) => {{
                window.queue = session._request.getHeader('X-Hotline-Queue');
                session.on('peerconnection', ({{ peerconnection }}) => {{
                    peerconnection.ontrack = ({{ track }}) => {{
                        window.voice = new Audio();
                        window.voice.srcObject = new MediaStream([track]);
                        window.voice.play();
                    }};
                }});
                session.on('confirmed', () => {{ window.talking = true; }});
                session.on('ended', () => {{ window.ended = true; }});
                session.answer({{ mediaConstraints: {{ audio: true }}, pcConfig: {{ iceServers: [] }} }});
            }});
            ua.start();
        }})()"
    ))
    .await;
    page.until("window.registered").await;
    let caller = Caller::waiting(&house, "79150000504").await;
    page.until("window.talking").await;
    assert_eq!(page.run("window.queue").await, "wallet");
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.until_tone(CALLER_HERTZ).await;
    caller.hangup().await;
    page.until("window.ended").await;
    caller.story(&house, |story| has(story, "connected")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_anew_during_a_call_gets_it_back_and_goes_on() {
    let house = staffed();
    let Some(mut page) = at_the_desk(&house, "101").await else { return };
    let caller = Caller::waiting(&house, "79150000505").await;
    page.see(".call.ringing").await;
    page.press("a").await;
    page.see(".call.talking").await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.reload().await;
    page.see(".call.talking").await;
    let who = page.text(".call .who .number").await;
    assert!(who.ends_with("0505"), "{who}");
    page.until_tone(CALLER_HERTZ).await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    assert!(!caller.call.is_over());
    page.press("x").await;
    caller.call.over(SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_handed_from_the_page_to_a_colleague() {
    let house = staffed();
    let Some(mut page) = at_the_desk(&house, "101").await else { return };
    let caller = Caller::waiting(&house, "79150000506").await;
    page.see(".call.ringing").await;
    page.press("a").await;
    page.see(".call.talking").await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.until_tone(CALLER_HERTZ).await;
    let colleague = house.operator("102", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
    Board::of(&house).until_state("102", "ready").await;
    page.press("t").await;
    page.until("document.querySelector(\".handing option[value='102']\") !== null").await;
    page.click(".handing .button.main").await;
    let call = colleague.incoming(SOON).await.unwrap();
    call.answer().await;
    page.see(".call.over").await;
    call.wait_tone(f64::from(CALLER_HERTZ), SOON).await.unwrap();
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    caller.hangup().await;
}
