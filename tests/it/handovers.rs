//! What operators and supervisors do with a talk, at the real program with two shards: transfers by the API and by REFER,
//! listening in, a page that is reloaded, recordings, calls out. What is heard is proven by tones.
use crate::browsers::media::Media;
use crate::browsers::page::Page;
use crate::house::{House, Plan};
use crate::parties::{Board, CALLER_HERTZ, Caller, OPERATOR_HERTZ, SOON, got_bye, has, take, talk};
use hotline::media::codec::Codec;
use hotline::media::{tone, wav};
use hotline::robot::clock;
use hotline::robot::ear::Ear;
use hotline::robot::mouth::Sound;
use hotline::robot::phone::{Call, Options, Phone, Policy};
use hotline::sip::{Command, Event};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// A colleague's, a supervisor's and an outside party's voice: far from the others' and from their harmonics.
const COLLEAGUE_HERTZ: u32 = 830;
const SUPERVISOR_HERTZ: u32 = 1070;
const OUTSIDE_HERTZ: u32 = 1310;

/// Over so long it is judged what somebody hears and does not hear.
const HEARD_FOR: Duration = Duration::from_millis(400);
/// A voice that is there, in dBm0: the robots' tones lie at −10.
const AUDIBLE_DBM0: f64 = -20.0;
/// And one that is not.
const INAUDIBLE_DBM0: f64 = -45.0;

const CONSENT_FLOW: &str = r#"flow: recorded
entry: {number: "8-800-707-77-59", start: notice, answer: at_once}
language: ru
steps:
  notice:
    consent: {say: [{text: notice}], wait: 100ms, next: person}
  person:
    queue: {name: wallet}
"#;

fn operators() -> String {
    let mut text = String::new();
    for (id, queues) in
        [("101", "[wallet]"), ("102", "[terminals]"), ("103", "[security]"), ("104", "[security]")]
    {
        text +=
            &format!("  - {{id: \"{id}\", name: \"O {id}\", queues: {queues}, password: \"secret-{id}\"}}\n");
    }
    text
}

fn house() -> House {
    house_with("")
}

fn house_with(extra: &str) -> House {
    House::start(&Plan { operators: operators(), extra: extra.into(), shards: Some(2), ..Plan::default() })
}

/// One operator in each queue, so that it is known who rings; and a caller who talks with the first.
struct Talk {
    house: House,
    admin: String,
    caller: Caller,
    operator: Call,
    _phone: Phone,
    id: String,
}

impl Talk {
    async fn in_house(house: House, number: &str) -> Talk {
        let phone = house.operator("101", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
        let caller = Caller::waiting(&house, number).await;
        let operator = take(&phone).await;
        talk(&caller.call, &operator).await;
        let story = caller.story(&house, |story| has(story, "connected")).await;
        let (admin, id) = (house.token("admin"), story.record.id.to_string());
        Talk { house, admin, caller, operator, _phone: phone, id }
    }

    fn post(&self, path: &str, body: Value) -> (u16, String) {
        self.house.request(
            "POST",
            &format!("/api/v1/calls/{}/{path}", self.id),
            &self.admin,
            &body.to_string(),
        )
    }

    fn delete(&self, path: &str) -> u16 {
        self.house.request("DELETE", &format!("/api/v1/calls/{}/{path}", self.id), &self.admin, "").0
    }

    /// Until the call is shown so: the view follows within a moment.
    async fn shows(&self, key: &str, wanted: Value) {
        crate::parties::until(&format!("{key}: {wanted}"), async || {
            let shown = self.house.json(&format!("/api/v1/calls/{}", self.id), &self.admin);
            (shown[key] == wanted).then_some(())
        })
        .await;
    }

    async fn told(&self, kind: &str) {
        self.caller.story(&self.house, |story| has(story, kind)).await;
    }
}

async fn phone(house: &House, id: &str, hertz: u32) -> Phone {
    let phone = house.operator(id, Policy::Manual, Sound::Tone(hertz)).await;
    Board::of(house).until_state(id, "ready").await;
    phone
}

fn level(ear: &Ear, hertz: u32, now: hotline::machine::Instant) -> f64 {
    ear.tone_dbm0(f64::from(hertz), HEARD_FOR, now)
}

fn judged(ear: &Ear, now: hotline::machine::Instant, heard: &[u32], not_heard: &[u32]) -> bool {
    ear.samples(HEARD_FOR, now).len() >= 15 * 160
        && heard.iter().all(|hertz| level(ear, *hertz, now) > AUDIBLE_DBM0)
        && not_heard.iter().all(|hertz| level(ear, *hertz, now) < INAUDIBLE_DBM0)
}

/// Until these voices are heard, all of them, and none of those.
async fn hears(call: &Call, heard: &[u32], not_heard: &[u32]) {
    let begun = clock().mono();
    let fresh = |now: hotline::machine::Instant| now.since(begun) > HEARD_FOR;
    let judged = call.wait_heard(|ear, now| fresh(now) && judged(ear, now, heard, not_heard), SOON).await;
    assert!(
        judged.is_ok(),
        "expected {heard:?} and not {not_heard:?}; got {:?}",
        [CALLER_HERTZ, OPERATOR_HERTZ, COLLEAGUE_HERTZ, SUPERVISOR_HERTZ, OUTSIDE_HERTZ]
            .map(|hertz| (hertz, call.tone_dbm0(f64::from(hertz), HEARD_FOR) as i32))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blind_transfer_to_a_colleague_joins_him_with_the_caller_and_frees_the_operator() {
    let talk = Talk::in_house(house(), "79150000401").await;
    let colleague = phone(&talk.house, "102", COLLEAGUE_HERTZ).await;
    let (status, body) = talk.post("transfer", json!({ "to": { "operator": "102" }, "mode": "blind" }));
    assert_eq!(status, 202, "{body}");
    let incoming = colleague.incoming(SOON).await.unwrap();
    let invite = incoming.invite().unwrap();
    assert_eq!(invite.header("X-Hotline-Transfer"), Some("blind"));
    assert_eq!(
        (invite.header("X-Hotline-From"), invite.header("X-Hotline-Call")),
        (Some("101"), Some(&*talk.id))
    );
    incoming.ring().await;
    hears(&talk.caller.call, &[], &[OPERATOR_HERTZ, COLLEAGUE_HERTZ]).await;
    talk.shows("transfer", json!({ "to": "102", "stage": "ringing" })).await;
    let (status, body) = talk.post("transfer", json!({ "to": { "queue": "wallet" }, "mode": "blind" }));
    assert_eq!(status, 409, "one transfer at a time: {body}");
    incoming.answer().await;
    hears(&talk.caller.call, &[COLLEAGUE_HERTZ], &[OPERATOR_HERTZ]).await;
    hears(&incoming, &[CALLER_HERTZ], &[OPERATOR_HERTZ]).await;
    got_bye(&talk.operator).await;
    let board = Board::of(&talk.house);
    board.until_state("101", "wrap_up").await;
    board.until_state("102", "talking").await;
    talk.caller.hangup().await;
    board.until_state("102", "wrap_up").await;
    let record = talk.caller.ended(&talk.house).await.record;
    assert_eq!(record.operator.map(|operator| operator.to_string()).as_deref(), Some("102"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_attended_transfer_the_two_speak_first_while_the_caller_hears_music() {
    let talk = Talk::in_house(house(), "79150000402").await;
    let colleague = phone(&talk.house, "102", COLLEAGUE_HERTZ).await;
    let (status, body) = talk.post("transfer", json!({ "to": { "operator": "102" }, "mode": "attended" }));
    assert_eq!(status, 202, "{body}");
    let consulted = take(&colleague).await;
    hears(&talk.operator, &[COLLEAGUE_HERTZ], &[CALLER_HERTZ]).await;
    hears(&consulted, &[OPERATOR_HERTZ], &[CALLER_HERTZ]).await;
    hears(&talk.caller.call, &[], &[OPERATOR_HERTZ, COLLEAGUE_HERTZ]).await;
    let music = |ear: &Ear, now| ear.level_dbm0(HEARD_FOR, now) > -40.0;
    talk.caller.call.wait_heard(music, SOON).await.expect("no music during the consultation");
    talk.shows("transfer", json!({ "to": "102", "stage": "consulting" })).await;

    assert_eq!(talk.delete("transfer"), 204);
    hears(&talk.operator, &[CALLER_HERTZ], &[COLLEAGUE_HERTZ]).await;
    hears(&talk.caller.call, &[OPERATOR_HERTZ], &[COLLEAGUE_HERTZ]).await;
    got_bye(&consulted).await;

    Board::of(&talk.house).until_state("102", "ready").await;
    assert_eq!(talk.post("transfer", json!({ "to": { "operator": "102" }, "mode": "attended" })).0, 202);
    let consulted = take(&colleague).await;
    hears(&talk.operator, &[COLLEAGUE_HERTZ], &[CALLER_HERTZ]).await;
    assert_eq!(talk.post("transfer/complete", json!({})).0, 202);
    hears(&talk.caller.call, &[COLLEAGUE_HERTZ], &[OPERATOR_HERTZ]).await;
    hears(&consulted, &[CALLER_HERTZ], &[OPERATOR_HERTZ]).await;
    got_bye(&talk.operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_who_refuses_gives_the_caller_back_to_the_operator() {
    let talk = Talk::in_house(house(), "79150000403").await;
    let colleague = phone(&talk.house, "102", COLLEAGUE_HERTZ).await;
    assert_eq!(talk.post("transfer", json!({ "to": { "operator": "102" }, "mode": "blind" })).0, 202);
    colleague.incoming(SOON).await.unwrap().reject(486).await;
    talk.told("transfer_failed").await;
    crate::parties::talk(&talk.caller.call, &talk.operator).await;
    Board::of(&talk.house).until_state("102", "ready").await;
    let (status, body) = talk.post("transfer", json!({ "to": { "operator": "999" }, "mode": "blind" }));
    assert_eq!(status, 404, "{body}");
    let (status, body) =
        talk.post("transfer", json!({ "to": { "number": "+79161112233" }, "mode": "blind" }));
    assert_eq!(status, 422, "{body}");
    let (status, body) = talk.post("transfer", json!({ "to": { "operator": "103" }, "mode": "blind" }));
    assert_eq!(status, 409, "he has no phone: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_hung_up_during_a_transfer_that_fails_leaves_the_caller_in_the_queue_with_his_age() {
    let talk = Talk::in_house(house_with("queues: {wallet: {wrap_up: 0s}}\n"), "79150000404").await;
    let colleague = phone(&talk.house, "102", COLLEAGUE_HERTZ).await;
    assert_eq!(talk.post("transfer", json!({ "to": { "operator": "102" }, "mode": "blind" })).0, 202);
    let incoming = colleague.incoming(SOON).await.unwrap();
    incoming.ring().await;
    talk.operator.hangup().await;
    talk.told("operator_left").await;
    incoming.reject(603).await;
    // He is ready again at once, and the caller is the only one who waits.
    let again = take(&talk._phone).await;
    crate::parties::talk(&talk.caller.call, &again).await;
    let wait: u64 = again.invite().unwrap().header("X-Hotline-Wait").unwrap().parse().unwrap();
    assert!(wait < 60, "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_passed_to_a_queue_is_rung_for_there() {
    let talk = Talk::in_house(house(), "79150000405").await;
    let security = phone(&talk.house, "103", COLLEAGUE_HERTZ).await;
    assert_eq!(talk.post("transfer", json!({ "to": { "queue": "security" }, "mode": "blind" })).0, 202);
    got_bye(&talk.operator).await;
    let taken = take(&security).await;
    assert_eq!(taken.invite().unwrap().header("X-Hotline-Queue"), Some("security"));
    hears(&talk.caller.call, &[COLLEAGUE_HERTZ], &[OPERATOR_HERTZ]).await;
    Board::of(&talk.house).until_state("101", "wrap_up").await;
    talk.caller.hangup().await;
    let story = talk.caller.ended(&talk.house).await;
    assert_eq!(story.record.queue.map(|queue| queue.to_string()).as_deref(), Some("security"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_passes_its_caller_on_by_refer_and_is_told_how_it_goes() {
    let talk = Talk::in_house(house(), "79150000406").await;
    talk.operator.refer("sip:79990001122@hotline.test").await;
    talk.operator.refer_told(403, SOON).await.unwrap();
    talk.operator.refer("sip:nobody@hotline.test").await;
    talk.operator.refer_told(404, SOON).await.unwrap();
    let colleague = phone(&talk.house, "102", COLLEAGUE_HERTZ).await;
    talk.operator.refer("sip:102@hotline.test").await;
    talk.operator.refer_told(202, SOON).await.unwrap();
    talk.operator.refer_told(100, SOON).await.unwrap();
    let taken = take(&colleague).await;
    talk.operator.refer_told(200, SOON).await.unwrap();
    got_bye(&talk.operator).await;
    hears(&talk.caller.call, &[COLLEAGUE_HERTZ], &[OPERATOR_HERTZ]).await;
    hears(&taken, &[CALLER_HERTZ], &[OPERATOR_HERTZ]).await;
    talk.caller.call.refer("sip:101@hotline.test").await;
    talk.caller.call.refer_told(603, SOON).await.expect("a caller passes nobody on");
}

/// A phone beyond the trunk, and a house that may dial it.
async fn with_trunk() -> (Phone, House) {
    let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let sound = Sound::Tone(OUTSIDE_HERTZ);
    let outside = Phone::bind(Options { ip, sound, ..Options::default() }).await.unwrap();
    let extra = format!(
        "trunks: [{{name: provider, peers: [\"127.0.0.9/32\"], proxy: \"{}\"}}]\noutbound: {{trunk: provider, allow: [\"7916*\"]}}\n",
        outside.address()
    );
    (outside, house_with(&extra))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_passed_on_to_a_number_that_may_be_dialled() {
    let (outside, house) = with_trunk().await;
    let talk = Talk::in_house(house, "79150000407").await;
    assert_eq!(talk.post("transfer", json!({ "to": { "number": "+74951112233" }, "mode": "blind" })).0, 422);
    assert_eq!(talk.post("transfer", json!({ "to": { "number": "+79161112233" }, "mode": "blind" })).0, 202);
    let taken = take(&outside).await;
    assert_eq!(
        taken.invite().unwrap().header("X-Hotline-Caller"),
        None,
        "nothing of ours goes to the network"
    );
    hears(&talk.caller.call, &[OUTSIDE_HERTZ], &[OPERATOR_HERTZ]).await;
    hears(&taken, &[CALLER_HERTZ], &[]).await;
    got_bye(&talk.operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_calls_a_number_for_a_ticket_and_the_promise_knows_nothing_of_it() {
    let (outside, house) = with_trunk().await;
    let board = Board::of(&house);
    let own = phone(&house, "101", OPERATOR_HERTZ).await;
    let admin = house.token("admin");
    let call_out =
        |body: Value| house.request("POST", "/api/v1/operators/101/calls", &admin, &body.to_string());
    assert_eq!(call_out(json!({ "to": "+74951112233" })).0, 422);
    let (status, body) = call_out(json!({ "to": "+79161112233", "ticket": 12 }));
    assert_eq!(status, 202, "{body}");
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_string();
    let mine = own.incoming(SOON).await.unwrap();
    let invite = mine.invite().unwrap();
    assert_eq!((invite.header("X-Hotline-Out"), invite.header("X-Hotline-Ticket")), (Some("1"), Some("12")));
    mine.answer().await;
    let theirs = take(&outside).await;
    hears(&mine, &[OUTSIDE_HERTZ], &[]).await;
    hears(&theirs, &[OPERATOR_HERTZ], &[]).await;
    board.until_state("101", "talking").await;
    let shown = house.json(&format!("/api/v1/calls/{id}"), &admin);
    assert_eq!(
        (&shown["stage"], &shown["operator"], &shown["queue"]),
        (&json!("talking"), &json!("101"), &Value::Null)
    );
    assert_eq!(call_out(json!({ "to": "+79161112233" })).0, 409, "he is in a call");
    theirs.hangup().await;
    got_bye(&mine).await;
    board.until_state("101", "ready").await;
    let url = format!("sqlite:{}", house.data().join("hotline.db").display());
    let store = hotline::store::connect(&url).await.unwrap();
    let story = crate::parties::until("the record of the call out", async || {
        let story = store.call(hotline::ids::CallId::parse(&id)?).await.unwrap()?;
        story.record.ended_at.is_some().then_some(story)
    })
    .await;
    assert_eq!((story.record.line.as_str(), story.record.wait_ms), ("outgoing", None));
    assert_eq!(store.calls_of_ticket(12).await.unwrap(), [story.record.id]);
    store.close().await;
    assert_eq!(house.metric("hotline_queue_offered_total{queue=\"wallet\",class=\"standard\"}"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_and_barges_in_and_the_caller_never_hears_a_whisper() {
    let talk = Talk::in_house(house(), "79150000408").await;
    let desk = phone(&talk.house, "102", SUPERVISOR_HERTZ).await;
    let (status, body) = talk.post("listen", json!({ "phone": "102", "reason": " " }));
    assert!(status == 422 && body.contains("reason"), "{status} {body}");
    let (status, body) = talk.post("listen", json!({ "phone": "102", "reason": "a new colleague" }));
    assert_eq!(status, 202, "{body}");
    let heard = tempfile::tempdir().unwrap();
    let by_caller = heard.path().join("caller.wav");
    talk.caller.call.record(&by_caller).unwrap();
    let supervisor = take(&desk).await;
    assert_eq!(supervisor.invite().unwrap().header("X-Hotline-Supervise"), Some("listen"));
    hears(&supervisor, &[CALLER_HERTZ, OPERATOR_HERTZ], &[]).await;
    hears(&talk.caller.call, &[OPERATOR_HERTZ], &[SUPERVISOR_HERTZ, CALLER_HERTZ]).await;
    hears(&talk.operator, &[CALLER_HERTZ], &[SUPERVISOR_HERTZ, OPERATOR_HERTZ]).await;
    talk.shows("supervised", json!({ "by": "102", "mode": "listen" })).await;
    Board::of(&talk.house).until_state("102", "talking").await;

    assert_eq!(talk.post("whisper", json!({ "phone": "102", "reason": "help" })).0, 202);
    hears(&talk.operator, &[CALLER_HERTZ, SUPERVISOR_HERTZ], &[]).await;
    hears(&talk.caller.call, &[OPERATOR_HERTZ], &[SUPERVISOR_HERTZ]).await;
    talk.caller.call.stop_recording().unwrap();
    let whole = wav::load_8k_mono(&by_caller).unwrap();
    assert!(whole.len() > 8000, "{} samples", whole.len());
    for piece in whole.chunks_exact(800) {
        let level = tone::level_dbm0(piece, f64::from(SUPERVISOR_HERTZ));
        assert!(level < -30.0, "the caller heard the supervisor at {level:.0} dBm0");
    }

    assert_eq!(talk.post("barge", json!({ "phone": "102", "reason": "help" })).0, 202);
    hears(&talk.caller.call, &[OPERATOR_HERTZ, SUPERVISOR_HERTZ], &[CALLER_HERTZ]).await;
    hears(&talk.operator, &[CALLER_HERTZ, SUPERVISOR_HERTZ], &[OPERATOR_HERTZ]).await;
    hears(&supervisor, &[CALLER_HERTZ, OPERATOR_HERTZ], &[SUPERVISOR_HERTZ]).await;

    talk.caller.press("5");
    talk.operator.keys("5", SOON).await.expect("a key crosses a supervised talk");
    assert_eq!(talk.operator.keys_heard().len(), 1);

    assert_eq!(talk.delete("listen"), 204);
    got_bye(&supervisor).await;
    crate::parties::talk(&talk.caller.call, &talk.operator).await;
    talk.shows("supervised", Value::Null).await;
    assert_eq!(talk.delete("listen"), 409);
    Board::of(&talk.house).until_state("102", "ready").await;
    let url = format!("sqlite:{}", talk.house.data().join("hotline.db").display());
    let store = hotline::store::connect(&url).await.unwrap();
    let audit: Vec<_> = store.audit(20).await.unwrap().into_iter().map(|line| line.what).collect();
    store.close().await;
    let acts = ["call.listen", "call.whisper", "call.barge", "call.listen_end"];
    assert!(acts.iter().all(|what| audit.iter().any(|line| line == what)), "{audit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_stays_through_a_hold_and_leaves_with_the_talk() {
    let talk = Talk::in_house(house(), "79150000409").await;
    let desk = phone(&talk.house, "102", SUPERVISOR_HERTZ).await;
    assert_eq!(talk.post("barge", json!({ "phone": "102", "reason": "help" })).0, 202);
    let supervisor = take(&desk).await;
    hears(&talk.caller.call, &[SUPERVISOR_HERTZ], &[]).await;
    assert!(talk.operator.hold().await.unwrap());
    hears(&talk.caller.call, &[], &[OPERATOR_HERTZ, SUPERVISOR_HERTZ]).await;
    assert!(talk.operator.resume().await.unwrap());
    hears(&talk.caller.call, &[OPERATOR_HERTZ, SUPERVISOR_HERTZ], &[]).await;
    talk.caller.hangup().await;
    got_bye(&supervisor).await;
    got_bye(&talk.operator).await;
}

/// A page of an operator, in a talk with a caller.
async fn page_talks(house: &House, number: &str) -> (Page, Caller, Media) {
    let mut page = Page::of(house, "101").await;
    let caller = Caller::waiting(house, number).await;
    let media = page_answers(&mut page, None).await;
    page.meanwhile(hears(&caller.call, &[OPERATOR_HERTZ], &[])).await;
    caller.story(house, |story| has(story, "connected")).await;
    (page, caller, media)
}

async fn page_answers(page: &mut Page, resume: Option<&str>) -> Media {
    let call = page.rings().await;
    let invite = page.received.iter().rev().find(|message| message.received("INVITE")).unwrap();
    assert_eq!(invite.header("X-Hotline-Resume"), resume);
    let (media, answer) = Media::answer(call.offer.as_ref().unwrap(), Codec::Pcma, OPERATOR_HERTZ).await;
    page.command(Command::Answer { leg: call.leg, sdp: answer }).await;
    page.event(|event| matches!(event, Event::Confirmed { .. }).then_some(())).await;
    media
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_reloaded_during_its_call_gets_it_back() {
    let house = house();
    let (page, caller, media) = page_talks(&house, "79150000410").await;
    drop((page, media));
    caller.story(&house, |story| has(story, "page_lost")).await;
    hears(&caller.call, &[], &[OPERATOR_HERTZ]).await;
    let music = |ear: &Ear, now| ear.level_dbm0(HEARD_FOR, now) > -40.0;
    caller.call.wait_heard(music, SOON).await.expect("no music while the page is away");
    let board = Board::of(&house);
    assert_eq!(board.state("101"), "talking", "the caller is still his");
    let mut page = Page::of(&house, "101").await;
    let media = page_answers(&mut page, Some("1")).await;
    page.meanwhile(hears(&caller.call, &[OPERATOR_HERTZ], &[])).await;
    page.meanwhile(media.hears_tone(CALLER_HERTZ)).await;
    caller.hangup().await;
    page.event(|event| matches!(event, Event::Ended { .. }).then_some(())).await;
    board.until_state("101", "wrap_up").await;
    let story = caller.ended(&house).await;
    assert_eq!(story.events.iter().filter(|event| event.kind == "offered").count(), 1, "one offer, one talk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_refuses_its_own_call_gives_the_caller_to_the_queue_again() {
    let house = house_with("queues: {wallet: {wrap_up: 0s}}\n");
    let (page, caller, media) = page_talks(&house, "79150000411").await;
    drop((page, media));
    caller.story(&house, |story| has(story, "page_lost")).await;
    let mut page = Page::of(&house, "101").await;
    let call = page.rings().await;
    page.command(Command::Reject { leg: call.leg, status: 603, retry_after: None }).await;
    caller.story(&house, |story| has(story, "page_not_back")).await;
    let media = page_answers(&mut page, None).await;
    page.meanwhile(hears(&caller.call, &[OPERATOR_HERTZ], &[])).await;
    page.meanwhile(media.hears_tone(CALLER_HERTZ)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_is_recorded_in_stereo_after_the_notice_and_not_while_it_is_paused() {
    let flows = tempfile::tempdir().unwrap();
    std::fs::write(flows.path().join("recorded.yaml"), CONSENT_FLOW).unwrap();
    let plan = Plan {
        operators: operators(),
        extra: "queues: {wallet: {record: true}}\n".into(),
        flows: Some(flows.path().to_path_buf()),
        ..Plan::default()
    };
    let house = House::start(&plan);
    let phone = house.operator("101", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
    let caller = Caller::dial(&house, "79150000412", crate::house::WALLET_LINE).await;
    let operator = take(&phone).await;
    talk(&caller.call, &operator).await;
    let story = caller.story(&house, |story| has(story, "recording")).await;
    let (admin, id) = (house.token("admin"), story.record.id);
    let talk = Talk { house, admin, caller, operator, _phone: phone, id: id.to_string() };
    talk.shows("recording", json!("on")).await;
    let begun = clock().mono();
    talk.caller.call.wait_heard(|_, now| now.since(begun) > Duration::from_secs(1), SOON).await.unwrap();
    assert_eq!(talk.post("recording", json!({ "paused": true })).0, 204);
    talk.shows("recording", json!("paused")).await;
    // A secret is said meanwhile: nothing of it may be in the file.
    talk.caller.call.say(Sound::Tone(SUPERVISOR_HERTZ));
    hears(&talk.operator, &[SUPERVISOR_HERTZ], &[CALLER_HERTZ]).await;
    talk.caller.call.say(Sound::Tone(CALLER_HERTZ));
    hears(&talk.operator, &[CALLER_HERTZ], &[SUPERVISOR_HERTZ]).await;
    assert_eq!(talk.post("recording", json!({ "paused": false })).0, 204);
    hears(&talk.operator, &[CALLER_HERTZ], &[]).await;
    talk.caller.hangup().await;
    let story = talk.caller.story(&talk.house, |story| !story.recordings.is_empty()).await;
    let recording = &story.recordings[0];
    assert_eq!((recording.channels, recording.operator.as_ref().map(|o| o.as_str())), (2, Some("101")));
    let path = talk.house.data().join("recordings").join(format!("{}.wav", recording.name));
    let both = crate::parties::until("the file", async || {
        let (left, right) = wav::load_stereo(&path).ok()?;
        (left.len() as u64 >= recording.duration_ms * 8).then_some((left, right))
    });
    let (left, right) = both.await;
    assert!(recording.duration_ms > 1000 && left.len() == right.len());
    let level = |samples: &[i16], hertz: u32| tone::level_dbm0(samples, f64::from(hertz));
    assert!(level(&left, CALLER_HERTZ) > AUDIBLE_DBM0, "the caller is left");
    assert!(level(&right, OPERATOR_HERTZ) > AUDIBLE_DBM0, "the operator is right");
    assert!(level(&left, OPERATOR_HERTZ) < INAUDIBLE_DBM0 && level(&right, CALLER_HERTZ) < INAUDIBLE_DBM0);
    for piece in left.chunks(800) {
        assert!(level(piece, SUPERVISOR_HERTZ) < -25.0, "what was said during the pause is in the recording");
    }
}
