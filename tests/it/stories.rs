//! What is kept of a call and what is not: its SIP ladder without numbers, and a secret nowhere at all.
use crate::house::{House, Plan, WALLET_LINE};
use crate::parties::{Board, Caller, OPERATOR_HERTZ, SOON, has, take, talk, until};
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::Policy;
use hotline::store;
use std::path::Path;

/// The first key of each is typed over a prompt, before its step.
const SECRETS: [&str; 2] = ["73918465", "60248139"];

const BANK: &str = r#"flow: bank
entry: {number: "8-800-707-77-59", start: hello, answer: at_once}
language: ru
steps:
  hello:
    play: {say: [welcome], next: card}
  card:
    collect: {say: [enter_payment], save: card, digits: 8, secret: true, next: again, failed: wrong}
  again:
    play: {say: [welcome], next: code}
  code:
    collect: {say: [enter_payment], save: code, digits: 8, secret: true, next: notice, failed: wrong}
  wrong:
    hangup: {}
  notice:
    consent: {say: [{text: notice}], wait: 100ms, next: person}
  person:
    queue: {name: wallet}
"#;

fn plan(flows: Option<&Path>) -> Plan {
    Plan {
        operators: "  - {id: \"101\", name: \"O 101\", queues: [wallet], password: \"secret-101\"}\n".into(),
        extra: "queues: {wallet: {record: true, wrap_up: 0s}}\n".into(),
        flows: flows.map(Path::to_path_buf),
        log: Some("debug"),
        ..Plan::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digits_of_a_secret_step_are_nowhere() {
    let flows = tempfile::tempdir().unwrap();
    std::fs::write(flows.path().join("bank.yaml"), BANK).unwrap();
    let house = House::start(&plan(Some(flows.path())));
    let admin = house.token("admin");
    let phone = house.operator("101", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
    let mut said = Vec::new();
    // By tones and by events: a phone that has sent an event is not listened to for tones.
    for (number, method) in [("79150000420", Method::Inband), ("79150000421", Method::Rfc4733)] {
        let caller = Caller::dial(&house, number, WALLET_LINE).await;
        caller.at_step(&house, "hello").await;
        caller.press_by(SECRETS[0], method);
        caller.at_step(&house, "again").await;
        caller.press_by(SECRETS[1], method);
        // Only who typed both comes to a person.
        let operator = take(&phone).await;
        talk(&caller.call, &operator).await;
        let id = caller.story(&house, |story| has(story, "recording")).await.record.id;
        let of_call = ["", "/card", "/signalling"].map(|what| format!("calls/{id}{what}"));
        let others = ["view", "calls", "history/calls", "audit", "config", "reports/menu"].map(String::from);
        for path in of_call.iter().chain(&others) {
            let (status, body) = house.get(&format!("/api/v1/{path}"), &admin);
            assert!(status == 200, "{path}: {status} {body}");
            said.push((path.clone(), body));
        }
        said.push(("metrics".into(), house.get("/metrics", &admin).1));
        caller.hangup().await;
        caller.story(&house, |story| !story.recordings.is_empty()).await;
        let story = caller.ended(&house).await;
        said.push(("story".into(), format!("{story:?}")));
        let (code, replayed, fault) = house.hotline(&["replay", &id.to_string()]);
        assert_eq!(code, 0, "{fault}");
        said.push(("replay".into(), replayed));
        Board::of(&house).until_state("101", "ready").await;
    }
    let url = format!("sqlite:{}/hotline.db", house.data().display());
    let journal = store::connect(&url).await.unwrap().journal_from(0, 100_000).await.unwrap();
    let keys: Vec<&str> = journal.iter().map(|entry| entry.input.as_str()).collect();
    let hidden = keys.iter().filter(|input| input.contains("secret_digit")).count();
    assert_eq!(hidden, 32, "each key is in the journal as one that came");
    let shown: Vec<_> = keys.iter().filter(|input| input.contains("\"digit\":\"")).collect();
    assert!(shown.is_empty(), "{shown:?}");
    said.push(("log".into(), house.log()));
    let dir = house.kill();
    every_file(dir.path(), &mut |path, bytes| {
        said.push((path.display().to_string(), String::from_utf8_lossy(bytes).into_owned()));
    });
    assert!(said.iter().any(|(name, _)| name.ends_with("hotline.db")), "the database was looked at");
    assert!(said.iter().any(|(name, _)| name.ends_with(".wav")), "the recording was looked at");
    for (name, text) in &said {
        for secret in SECRETS {
            // Half of it is too much, too.
            assert!(!text.contains(&secret[2..7]), "{secret} in {name}");
        }
    }
}

fn every_file(dir: &Path, see: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => every_file(&entry.path(), see),
            kind if kind.is_file() => see(&entry.path(), &std::fs::read(entry.path()).unwrap()),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ladder_of_a_call_shows_every_message_and_no_number() {
    let house = House::start(&plan(None));
    let viewer = house.token("viewer");
    let phone = house.operator("101", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
    let caller = Caller::waiting(&house, "79150000421").await;
    let operator = take(&phone).await;
    talk(&caller.call, &operator).await;
    caller.hangup().await;
    let id = caller.ended(&house).await.record.id;
    let path = format!("/api/v1/calls/{id}/signalling");
    let expected = [
        ("caller", "hotline", "INVITE (SDP)"),
        ("hotline", "caller", "100 Trying"),
        ("hotline", "caller", "200 OK (SDP)"),
        ("caller", "hotline", "ACK"),
        ("hotline", "operator 101", "INVITE (SDP)"),
        ("operator 101", "hotline", "100 Trying"),
        ("operator 101", "hotline", "180 Ringing"),
        ("operator 101", "hotline", "200 OK (SDP)"),
        ("hotline", "operator 101", "ACK"),
        ("caller", "hotline", "BYE"),
        ("hotline", "caller", "200 OK"),
        ("hotline", "operator 101", "BYE"),
        ("operator 101", "hotline", "200 OK"),
    ];
    let ladder = until("the last message", async || {
        let ladder = house.json(&path, &viewer);
        (ladder.as_array()?.len() >= expected.len()).then_some(ladder)
    });
    let ladder = tokio::time::timeout(SOON, ladder).await.unwrap();
    let told = ladder.as_array().unwrap().iter().map(|line| {
        let text = |key: &str| line[key].as_str().unwrap();
        (text("from"), text("to"), text("text"))
    });
    let mut told: Vec<_> = told.collect();
    // Two machines answer at their own pace: the order is that of each of them.
    let of = |who: &str, lines: &[(&str, &str, &str)]| -> Vec<String> {
        lines
            .iter()
            .filter(|(from, to, _)| *from == who || *to == who)
            .map(|line| line.2.to_string())
            .collect()
    };
    told.dedup(); // a message that was sent twice is shown twice
    for who in ["caller", "operator 101"] {
        assert_eq!(of(who, &told), of(who, &expected), "{who}: {ladder:#}");
    }
    assert!(!ladder.to_string().contains("79150000421"), "{ladder:#}");
    let shown = house.json(&format!("/api/v1/calls/{id}"), &viewer);
    let kinds: Vec<_> =
        shown["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert!(!kinds.contains(&"sip".into()), "{kinds:?}");
    assert_eq!(house.get("/api/v1/calls/0000000000000/signalling", &viewer).0, 404);
}
