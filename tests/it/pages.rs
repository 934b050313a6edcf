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

/// A third voice.
const COLLEAGUE_HERTZ: u32 = 880;
/// From the key to sound both ways.
const ANSWER_MS_MAX: f64 = 300.0;

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

/// Masked until the card has come, and in groups of digits then.
async fn is_the_caller(page: &mut Browser, ends: &str) {
    let number = page.text(".call .who .number").await;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    assert!(digits.ends_with(ends), "{number}");
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
    is_the_caller(&mut page, "0501").await;

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
    let board = Board::of(&house);
    let queue = || serde_json::from_str::<Value>(&board.get("/api/v1/queues/wallet").1).unwrap();
    let metric =
        |name: &str| board.metric(&format!("hotline_queue_{name}{{queue=\"wallet\",class=\"standard\"}}"));
    assert_eq!((queue()["waiting"]["standard"].as_f64(), metric("waiting")), (Some(1.0), 1.0));
    assert_eq!(page.text("[data-tile=waiting] .figure").await, "1");

    house.signal("STOP");
    page.see(".banner.stale").await;
    house.signal("CONT");
    page.gone(".banner.stale").await;
    page.see(".board .line.up").await;
    caller.hangup().await;
    page.see("[data-queue=wallet] [data-waiting='0']").await;
    // What became of him stands in the same row, and in the other two accounts.
    let cell = |name: &str| {
        let of = format!(
            "[...document.querySelectorAll('.queue-table thead th')].findIndex(th => th.textContent === '{name}')"
        );
        format!("document.querySelector('[data-queue=wallet] tr').children[{of}].textContent")
    };
    let ended = queue();
    assert_eq!(page.run(&cell("Gave up")).await, ended["counts"]["abandoned"].to_string());
    let people = &ended["operators"];
    let people = format!("{} / {} / {}", people["ready"], people["talking"], people["paused"]);
    assert_eq!(page.run(&cell("Operators")).await, people);
    assert_eq!(ended["counts"]["offered"].as_f64(), Some(metric("offered_total")));
    assert_eq!(metric("waiting"), 0.0);
}

/// What strangers and careless people write; none of it may become a part of a page.
const EVIL: &str = "<img src=x onerror=window.evil=1>";

/// Every word of it, and nothing of what it would do.
async fn is_harmless(page: &mut Browser, path: &str) {
    page.goto(path).await;
    page.see("#main").await;
    page.until("!document.querySelector('#main [role=status]')?.textContent.includes('One moment')").await;
    let done = page.run("[window.evil ?? null, document.querySelectorAll('img[src=x]').length]").await;
    assert_eq!(done, serde_json::json!([null, 0]), "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_into_names_is_shown_as_text_on_every_page() {
    let flows = tempfile::tempdir().unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("call-flows");
    let files = std::fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.is_file()) {
        std::fs::copy(&file, flows.path().join(file.file_name().unwrap())).unwrap();
    }
    let operators =
        format!("  - {{id: \"101\", name: \"{EVIL}\", queues: [wallet], password: \"secret-101\"}}\n");
    let house = House::start(&Plan { operators, flows: Some(flows.path().into()), ..Plan::default() });
    let Some(mut desk) = at_the_desk(&house, "101").await else { return };
    let subscribers = house.dir.path().join("subscribers.csv");
    std::fs::write(&subscribers, format!("number,class,name\n79150000503,priority,{EVIL}\n")).unwrap();
    let (code, _, err) = house.hotline(&["subscriber", "import", subscribers.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");

    let phone = Phone::bind(Options { user: "79150000503".into(), ..Options::default() }).await.unwrap();
    let dial = Dial::to(format!("sip:{WALLET_LINE}@127.0.0.1"), house.sip).display(EVIL);
    let call = phone.call(dial.header("User-Agent", EVIL).header("Subject", EVIL)).await.unwrap();
    call.answered(SOON).await.unwrap();
    assert!(
        call.press(hotline::digit::Digit::from_char('0').unwrap(), hotline::robot::mouth::Method::Rfc4733)
    );
    desk.see(".call.ringing").await;
    desk.press("a").await;
    desk.see(".call.talking").await;
    desk.until(&format!("document.querySelector('.call').textContent.includes('{EVIL}')")).await;
    desk.fill("#note", EVIL).await;
    desk.press("Control+Enter").await;
    desk.see("text=Saved").await;
    let done = desk.run("[window.evil ?? null, document.querySelectorAll('img[src=x]').length]").await;
    assert_eq!(done, serde_json::json!([null, 0]));

    // A caller who calls himself so, and a flow that does: the first stays on the line, the second is refused.
    let stranger = Phone::bind(Options { user: "stranger".into(), ..Options::default() }).await.unwrap();
    let dial = Dial::to(format!("sip:{WALLET_LINE}@127.0.0.1"), house.sip).from(EVIL).display(EVIL);
    let on_the_line = stranger.call(dial).await.unwrap();
    on_the_line.answered(SOON).await.unwrap();
    std::fs::write(
        flows.path().join("evil.yaml"),
        format!("flow: \"{EVIL}\"\nsteps:\n  \"{EVIL}\":\n    end: {{}}\n"),
    )
    .unwrap();
    let (code, _, _) = house.hotline(&["flows", "reload"]);
    assert_ne!(code, 0);

    let mut page = Browser::open(&house, OPERATOR_HERTZ).await.unwrap();
    page.sign_in(&house, "chief", "admin").await;
    page.see("[data-operator='101']").await;
    page.until(&format!("document.querySelector(\"[data-operator='101']\").textContent.includes('{EVIL}')"))
        .await;
    let id = page.run("document.querySelector('[data-call]').dataset.call").await;
    let call_page = format!("/calls/{}", id.as_str().unwrap());
    let sections = [
        "flows",
        "flows/qiwi-hotline",
        "prompts",
        "users",
        "tokens",
        "subscribers",
        "rules",
        "webhooks",
        "config",
        "audit",
    ];
    let admin = sections.map(|section| format!("/admin/{section}"));
    let pages = ["/board", "/board?wall", "/calls", "/tickets", "/live", "/desk"].map(str::to_string);
    for path in pages.iter().chain(&admin).chain([&call_page]) {
        is_harmless(&mut page, path).await;
    }
    call.hangup().await;
    on_the_line.hangup().await;
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
    is_the_caller(&mut page, "0505").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_is_asked_before_he_gets_the_caller() {
    let house = staffed();
    let Some(mut page) = at_the_desk(&house, "101").await else { return };
    let caller = Caller::waiting(&house, "79150000507").await;
    page.see(".call.ringing").await;
    page.press("a").await;
    page.see(".call.talking").await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    let colleague = house.operator("102", Policy::Manual, Sound::Tone(COLLEAGUE_HERTZ)).await;
    Board::of(&house).until_state("102", "ready").await;
    page.press("t").await;
    page.until("document.querySelector(\".handing option[value='102']\") !== null").await;
    page.click("text=Speak first").await;
    let call = colleague.incoming(SOON).await.unwrap();
    call.answer().await;
    page.see(".handing >> text=Operator 102").await;
    page.until_tone(COLLEAGUE_HERTZ).await;
    call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.click("text=Hand over now").await;
    page.see(".call.over").await;
    call.wait_tone(f64::from(CALLER_HERTZ), SOON).await.unwrap();
    caller.call.wait_tone(f64::from(COLLEAGUE_HERTZ), SOON).await.unwrap();
    caller.hangup().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_and_barges_in_from_the_board() {
    let house = staffed();
    let Some(mut page) = Browser::open(&house, OPERATOR_HERTZ).await else { return };
    // Silent: two tones at once are no tone.
    let operator = house.operator("101", Policy::Manual, Sound::Silence).await;
    Board::of(&house).until_state("101", "ready").await;
    page.sign_in(&house, "lead", "supervisor").await;
    let caller = Caller::waiting(&house, "79150000508").await;
    let talk = operator.incoming(SOON).await.unwrap();
    talk.answer().await;
    talk.wait_tone(f64::from(CALLER_HERTZ), SOON).await.unwrap();
    let supervisor = house.operator("102", Policy::Manual, Sound::Tone(COLLEAGUE_HERTZ)).await;
    page.see("[data-operator='102'] .chip.ready").await;
    page.see("[data-call] >> text=Talking").await;
    page.click("[data-call] .menu summary").await;
    page.click("text=Listen in…").await;
    page.choose("dialog select[name=phone]", "102").await;
    page.fill("dialog input[name=reason]", "a complaint").await;
    page.press("Enter").await;
    let ear = supervisor.incoming(SOON).await.unwrap();
    ear.answer().await;
    page.see("[data-call] .listened").await;
    ear.wait_tone(f64::from(CALLER_HERTZ), SOON).await.unwrap();
    // The same telephone takes another part: nobody is rung a second time, and no phone is asked for.
    for (part, shown) in [("Whisper to the operator…", "whispered to"), ("Join the talk…", "a third is in")]
    {
        page.click("[data-call] .menu summary").await;
        page.click(&format!("text={part}")).await;
        page.fill("dialog input[name=reason]", "help").await;
        page.gone("dialog select[name=phone]").await;
        page.press("Enter").await;
        page.see(&format!("[data-call] .listened >> text={shown}")).await;
        if part.starts_with("Join") {
            caller.call.wait_tone(f64::from(COLLEAGUE_HERTZ), SOON).await.unwrap();
        }
    }
    page.click("[data-call] .menu summary").await;
    page.click("text=Stop listening…").await;
    page.fill("dialog input[name=reason]", "heard enough").await;
    page.press("Enter").await;
    page.gone("[data-call] .listened").await;
    assert!(!caller.call.is_over());
    caller.hangup().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_gives_a_number_a_class_and_has_it_forgotten() {
    let house = staffed();
    let Some(mut page) = Browser::open(&house, OPERATOR_HERTZ).await else { return };
    let admin = house.token("admin");
    let known = || house.get("/api/v1/subscribers?number=79165550077", &admin).1.contains("79165550077");
    page.sign_in(&house, "boss", "admin").await;
    page.goto("/admin/subscribers").await;
    page.click("text=Set a class…").await;
    page.fill("dialog input[name=number]", "8 916 555-00-77").await;
    page.choose("dialog select[name=class]", "priority").await;
    page.click("dialog >> text=Save").await;
    page.see("tr >> text=+7 916 555-00-77").await;
    assert!(known());
    page.fill("input[name=number]", "79165550077").await;
    page.press("Enter").await;
    page.click("tr >> text=Delete…").await;
    page.click("dialog .button.bad").await;
    page.gone("tr >> text=+7 916 555-00-77").await;
    assert!(!known());
    assert_eq!(page.faults().await, serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_answer_to_sound_both_ways_it_takes_less_than_300_ms() {
    let house = staffed();
    let Some(mut page) = at_the_desk(&house, "101").await else { return };
    let mut best = f64::MAX;
    // Others use the machine: what it can do is what the best of a few calls shows.
    for number in ["79150000512", "79150000513", "79150000514", "79150000515"] {
        let caller = Caller::waiting(&house, number).await;
        page.see(".call.ringing").await;
        let (heard, spoke) = page.answer("a").await;
        eprintln!("from the answer: {heard:.0} ms until the caller is heard, {spoke:.0} ms until he hears");
        best = best.min(heard.max(spoke));
        page.see(".call.talking").await;
        page.until_tone(CALLER_HERTZ).await;
        assert_eq!(page.run("window.counted()").await["lost"], 0);
        caller.hangup().await;
        page.see(".state.wrap_up").await;
        page.press("r").await;
        page.see(".state.ready").await;
        if best < ANSWER_MS_MAX {
            return;
        }
    }
    panic!("{best:.0} ms at best");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_seconds_without_a_network_end_no_call_and_lose_no_packet() {
    let house = staffed();
    let Some(mut page) = at_the_desk(&house, "101").await else { return };
    let caller = Caller::waiting(&house, "79150000509").await;
    page.see(".call.ringing").await;
    page.press("a").await;
    page.see(".call.talking").await;
    page.until_tone(CALLER_HERTZ).await;

    page.network(false).await;
    page.until("new Promise((resolve) => setTimeout(resolve, 5000, true))").await;
    page.network(true).await;
    page.see(".line.up").await;
    page.see(".call.talking").await;
    page.until_tone(CALLER_HERTZ).await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    let counted = page.run("window.counted()").await;
    assert_eq!(counted["lost"], 0, "{counted}");
    // The telephone still has its line: it can end the call.
    page.press("x").await;
    caller.call.over(SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_setting_gives_an_operator_at_another_machine_his_microphone() {
    let plan = Plan { operators: House::operators(), web: ", tls: self_signed".into(), ..Plan::default() };
    let house = House::start(&plan);
    let address = format!("https://desk.hotline.test:{}", house.web.port());
    let Some(mut page) = Browser::open_at(&house, &address, OPERATOR_HERTZ).await else { return };
    assert_eq!(page.run("[isSecureContext, location.protocol]").await, serde_json::json!([true, "https:"]));
    page.sign_in(&house, "101", "operator").await;
    page.see(".line.up").await;
    page.see(".state.ready").await;
    let caller = Caller::waiting(&house, "79150000510").await;
    page.see(".call.ringing").await;
    page.press("a").await;
    page.see(".call.talking").await;
    caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON).await.unwrap();
    page.until_tone(CALLER_HERTZ).await;
    caller.hangup().await;
    page.see(".call.over").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_counts_at_the_menu_where_it_was_pressed() {
    let house = staffed();
    let _operator = house.operator("101", Policy::Manual, Sound::Silence).await;
    Board::of(&house).until_state("101", "ready").await;
    let caller = Caller::waiting(&house, "79150000511").await;
    let (_, report) = house.get("/api/v1/reports/menu", &house.token("admin"));
    let report: Value = serde_json::from_str(&report).unwrap();
    let keys = |step: &str| {
        let lines = report["lines"].as_array().unwrap();
        lines.iter().find(|line| line["step"] == step).map(|line| line["keys"].as_u64().unwrap())
    };
    assert_eq!((keys("main"), keys("specialist"), keys("hold")), (Some(1), Some(0), Some(0)), "{report}");
    caller.hangup().await;
}
