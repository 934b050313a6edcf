//! What supervisors and admins do while calls are on: in virtual time on the production machines, and from outside on a
//! real server.
use crate::house::{House, Plan, WALLET_LINE};
use crate::parties::{Caller, OPERATOR_HERTZ, caller_of, take, talk};
use hotline::call::order::{Order, Ordered, RuleAction, closed_key};
use hotline::class::Class;
use hotline::cli::installation::Installation;
use hotline::config::Config;
use hotline::digit::Digit;
use hotline::ids::LegId;
use hotline::machine::{Instant, Machine, Now, Wall};
use hotline::robot::mouth::Sound;
use hotline::robot::phone::{Dial, Over, Policy};
use hotline::say::Piece;
use hotline::sim::world::{Behaviour, Heard, World};
use hotline::switchboard::view::CallView;
use hotline::switchboard::{Admin, Event, Switchboard};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;

const ANNA: &str = "79160000001";
const BORIS: &str = "79160000002";
const START: Now = Now { mono: Instant::from_nanos(1_000_000_000), wall: Wall(1_795_370_000_000) };
const SOON: Duration = Duration::from_secs(20);

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn switchboard() -> Switchboard {
    let config = r#"
operators:
  - {id: "101", name: One, queues: [wallet, terminals, security], password: secret}
"#;
    let (file, data) = (Path::new("config.yaml"), Path::new("data"));
    let mut config = Config::parse(file, config, data, &BTreeMap::new()).unwrap_or_else(|f| panic!("{f:?}"));
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    (config.flows.dir, config.prompts.dir) = (root.join("call-flows"), root.join("prompts"));
    let installation = Installation { config, data_dir: data.to_path_buf(), config_file: None };
    let flows = installation.flows(None).unwrap_or_else(|failure| panic!("{}", failure.message));
    Switchboard::new(installation.switchboard_settings(), Arc::new(flows), 7)
}

fn world() -> World {
    let mut world = World::new(switchboard(), START);
    // He is on duty and picks up nothing.
    world.register("101", Behaviour { answers_after: None, ..Behaviour::default() });
    world.run(seconds(1));
    world
}

fn calls(world: &mut World, from: &str) -> LegId {
    let leg = world.dial(from, WALLET_LINE, IpAddr::V4(Ipv4Addr::LOCALHOST));
    world.run(seconds(1));
    leg
}

fn waits(world: &mut World, from: &str) -> LegId {
    let leg = calls(world, from);
    world.press(leg, Digit::from_char('0').unwrap());
    world.run(seconds(1));
    leg
}

fn call(world: &World, from: &str) -> CallView {
    let view = world.switchboard.view(world.now);
    let ends = |call: &&CallView| call.caller.ends_with(&from[from.len() - 4..]);
    view.calls.iter().find(ends).unwrap_or_else(|| panic!("no call of {from}: {:?}", view.calls)).clone()
}

fn ordered(what: Ordered, until: Option<Wall>) -> Admin {
    Admin::Order { order: Box::new(Order { what, until, reason: "fire".into(), by: "boss".into() }) }
}

fn later(world: &World, s: u64) -> Option<Wall> {
    Some(world.now.later(seconds(s)).wall)
}

fn said(world: &World, leg: LegId) -> Vec<String> {
    let mut said = Vec::new();
    for heard in world.log.iter().map(|(_, heard)| heard) {
        if let Heard::Said { leg: to, pieces, .. } = heard
            && *to == leg
        {
            said.extend(pieces.iter().filter_map(|piece| match piece {
                Piece::Prompt(name) => Some(name.to_string()),
                _ => None,
            }));
        }
    }
    said
}

#[test]
fn a_caller_who_is_moved_keeps_his_age_and_one_who_is_raised_goes_before() {
    let mut world = world();
    waits(&mut world, ANNA);
    world.run(seconds(10));
    waits(&mut world, BORIS);
    let anna = call(&world, ANNA);
    world.admin(Admin::Move { call: anna.id, queue: "security".into() });
    world.run(seconds(1));
    let moved = call(&world, ANNA);
    assert_eq!(moved.queue.as_deref(), Some("security"));
    assert!(moved.since_ms > 11_000, "{moved:?}");
    let boris = call(&world, BORIS);
    world.admin(Admin::Raise { call: boris.id, class: Class::Priority });
    world.run(seconds(1));
    assert_eq!(call(&world, BORIS).class, Class::Priority);
    let seat = world.seats.values().find(|seat| seat.number.as_str() == BORIS).unwrap();
    assert_eq!(seat.class, Class::Priority, "what a restart would know");
}

#[test]
fn a_closed_queue_lets_everybody_out_and_opens_by_itself() {
    let mut world = world();
    let anna = waits(&mut world, ANNA);
    world.hang_up(anna);
    world.run(seconds(60));
    let boris = waits(&mut world, BORIS);
    let until = later(&world, 60);
    world.admin(ordered(Ordered::Closed { queue: "wallet".into() }, until));
    world.run(seconds(20));
    let wallet = |world: &World| {
        world.switchboard.view(world.now).queues.into_iter().find(|queue| queue.name == "wallet").unwrap()
    };
    let closed = wallet(&world).closed.unwrap();
    assert_eq!((closed.reason.as_str(), closed.by.as_str()), ("fire", "boss"));
    assert_eq!(wallet(&world).waiting.values().sum::<usize>(), 0, "the ring is over, and he is out");
    assert_ne!(call(&world, BORIS).stage, "waiting");
    world.hang_up(boris);
    let late = waits(&mut world, ANNA);
    assert_ne!(call(&world, ANNA).stage, "waiting", "nobody comes in");
    world.hang_up(late);
    world.run(seconds(60));
    assert_eq!(wallet(&world).closed, None);
    waits(&mut world, ANNA);
    assert!(matches!(call(&world, ANNA).stage, "waiting" | "ringing"));
}

#[test]
fn an_announcement_is_heard_before_the_first_step_and_by_those_who_wait() {
    let mut world = world();
    let anna = waits(&mut world, ANNA);
    world.run(seconds(20));
    let until = later(&world, 30);
    world.admin(ordered(Ordered::Announcement { say: vec!["queue_goodbye".into()] }, until));
    world.run(seconds(1));
    assert_eq!(said(&world, anna).last().map(String::as_str), Some("queue_goodbye"));
    let boris = calls(&mut world, BORIS);
    assert_eq!(said(&world, boris).first().map(String::as_str), Some("queue_goodbye"));
    world.run(seconds(20));
    assert!(
        said(&world, boris).iter().any(|name| name == "main_menu"),
        "then his flow: {:?}",
        said(&world, boris)
    );
    world.run(seconds(30));
    assert_eq!(world.switchboard.view(world.now).announcement, None, "it ends by itself");
    let third = calls(&mut world, "79160000003");
    assert!(said(&world, third).iter().all(|name| name != "queue_goodbye"));
}

#[test]
fn a_caller_rule_turns_away_from_the_next_call_on_until_its_end() {
    let mut world = world();
    let until = later(&world, 60);
    let what = Ordered::CallerRule { number: "7916*".into(), action: RuleAction::Reject };
    world.admin(ordered(what, until));
    calls(&mut world, ANNA);
    assert!(world.switchboard.view(world.now).calls.is_empty());
    world.run(seconds(60));
    calls(&mut world, ANNA);
    assert_eq!(world.switchboard.view(world.now).calls.len(), 1);
}

#[test]
fn orders_come_back_after_a_restart_and_in_a_snapshot() {
    let orders = vec![
        Order {
            what: Ordered::Closed { queue: "wallet".into() },
            until: None,
            reason: "fire".into(),
            by: "boss".into(),
        },
        Order {
            what: Ordered::Announcement { say: vec!["queue_goodbye".into()] },
            until: Some(START.later(seconds(5)).wall),
            reason: "fire".into(),
            by: "boss".into(),
        },
    ];
    let mut switchboard = switchboard();
    switchboard.restore_orders(orders, START);
    let text = serde_json::to_string(&switchboard).unwrap();
    let mut again: Switchboard = serde_json::from_str(&text).unwrap();
    let view = again.view(START);
    assert!(view.announcement.is_some() && view.queues.iter().any(|queue| queue.closed.is_some()));
    let mut out = Vec::new();
    assert!(again.next_timeout().is_some_and(|at| at <= START.later(seconds(5)).mono));
    again.handle(Event::Tick, START.later(seconds(5)), &mut out);
    let view = again.view(START.later(seconds(5)));
    assert!(view.announcement.is_none() && view.queues.iter().any(|queue| queue.closed.is_some()));
    let revoke = Admin::Revoke { key: closed_key(&"wallet".into()) };
    let now = START.later(seconds(6));
    again.handle(Event::Admin { request: Default::default(), what: revoke }, now, &mut out);
    assert!(again.view(now).queues.iter().all(|queue| queue.closed.is_none()));
}

const SMALL: &str = "flow: small\nentry: {number: \"8-800-000-00-01\", start: STEP}\nsteps:\n  STEP:\n    menu: {say: [main_menu], keys: {\"1\": end}, timeout: repeat, invalid: repeat, exhausted: end}\n  end:\n    hangup: {}\n";

fn flows(dir: &Path, step: &str) {
    std::fs::write(dir.join("small.yaml"), SMALL.replace("STEP", step)).unwrap();
}

fn asked(house: &House, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
    let (status, text) = house.request(method, path, token, &body.to_string());
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_taken_in_by_themselves_refused_with_their_place_and_rolled_back_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    flows(dir.path(), "first");
    let plan = Plan { flows: Some(dir.path().to_path_buf()), ..Plan::default() };
    let house = House::start(&plan);
    let admin = house.token("admin");
    let list = |house: &House| house.json("/api/v1/flows", &admin);
    let first = list(&house)["current"].clone();

    // Nobody says anything: the folder is watched.
    flows(dir.path(), "second");
    house.wait_log(|log| log.contains("flows reloaded"), SOON);
    let second = list(&house);
    assert_ne!(second["current"], first);
    assert_eq!(second["versions"][0]["by"], "watch");
    assert_eq!(second["versions"][0]["flows_changed"], json!(["small"]));
    let (status, diff) = house.get("/api/v1/flows/small/diff", &admin);
    assert!(status == 200 && diff.contains("\n-  first:\n") && diff.contains("\n+  second:\n"), "{diff}");
    let (status, svg) = house.get("/api/v1/flows/small/graph", &admin);
    assert!(status == 200 && svg.contains("<svg ") && svg.contains("second"), "{svg}");

    let broken = SMALL.replace("STEP", "third").replace("exhausted: end", "exhausted: nowhere");
    std::fs::write(dir.path().join("small.yaml"), broken).unwrap();
    let (status, refused) = asked(&house, "POST", "/api/v1/flows/reload", &admin, json!({}));
    assert_eq!(status, 422, "{refused}");
    assert_eq!(
        (&refused["findings"][0]["code"], &refused["findings"][0]["line"]),
        (&json!("HF022"), &json!(5))
    );
    assert_eq!(list(&house)["current"], second["current"]);
    assert!(list(&house)["failed"]["findings"][0]["fix"].is_string());
    // To a Russian, in Russian: the findings of the refusal, of the list and of the flow.
    let (_, told) = house.request_in("ru-RU,ru;q=0.9", "POST", "/api/v1/flows/reload", &admin, "{}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["title"], "Запрос понятен, но так не получится");
    assert_eq!(told["findings"][0]["message"], "в этом сценарии нет шага `nowhere`");
    assert!(told["detail"].as_str().unwrap().contains("нет шага `nowhere`"), "{told}");
    let (_, told) = house.request_in("ru", "GET", "/api/v1/flows", &admin, "");
    assert!(told.contains("нет шага `nowhere`"), "{told}");
    let (_, told) = house.request_in("ru", "GET", "/api/v1/flows/small", &admin, "");
    assert!(told.contains("нет шага `nowhere`"), "{told}");
    house.until("the alert", &admin, || {
        let alerts = house.json("/api/v1/alerts", &admin);
        (alerts["active"][0]["name"] == "flow_reload_failed").then_some(())
    });
    let (code, out, said) = house.hotline(&["flows", "list"]);
    assert!(code == 1 && out.contains("small.yaml:5:"), "{out}{said}");

    // Started over broken files: the last good set.
    let house = House::start_in(house.kill(), &plan);
    assert_eq!(list(&house)["current"], second["current"]);
    assert_eq!(house.metric("hotline_flow_reload_failed"), 1.0);

    // Good again, and back by one command; a start over the same files does not undo that.
    flows(dir.path(), "third");
    house.wait_log(|log| log.contains("flows reloaded"), SOON);
    let (status, wrong) = asked(&house, "POST", "/api/v1/flows/rollback", &admin, json!({}));
    assert!(status == 422 && wrong["detail"].as_str().unwrap().contains("reason"), "{wrong}");
    let (code, out, said) = house.hotline(&["flows", "rollback"]);
    assert_eq!(code, 0, "{out}{said}");
    assert_eq!(list(&house)["current"], second["current"]);
    let house = House::start_in(house.kill(), &plan);
    assert_eq!(list(&house)["current"], second["current"]);
    let (code, out, said) = house.hotline(&["flows", "reload"]);
    assert!(code == 0 && out.contains("small"), "{out}{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_close_announce_and_turn_away_with_a_reason_and_it_outlives_a_restart() {
    let plan = Plan { operators: House::operators(), ..Plan::default() };
    let house = House::start(&plan);
    let boss = house.token("supervisor");
    let desk = house.operator("101", Policy::Manual, Sound::Silence).await;
    house.operator_is("101", "ready", &boss);
    let close = json!({ "closed": true, "until": null, "reason": "fire alarm" });
    let (status, wrong) =
        asked(&house, "PUT", "/api/v1/queues/wallet", &boss, json!({ "closed": true, "reason": " " }));
    assert!(status == 422 && wrong["detail"].as_str().unwrap().contains("reason"), "{wrong}");
    let (status, queue) = asked(&house, "PUT", "/api/v1/queues/wallet", &boss, close);
    assert_eq!((status, &queue["closed"]["reason"]), (200, &json!("fire alarm")));
    let said = json!({ "say": ["no_such_prompt"], "until": "2099-01-01T00:00:00+03:00", "reason": "fire" });
    assert_eq!(asked(&house, "PUT", "/api/v1/announcement", &boss, said).0, 422);
    let said = json!({ "say": ["queue_goodbye"], "until": "2099-01-01T00:00:00+03:00", "reason": "fire" });
    let (status, announcement) = asked(&house, "PUT", "/api/v1/announcement", &boss, said);
    assert_eq!((status, &announcement["say"]), (200, &json!(["queue_goodbye"])));
    let rule = json!({ "action": "reject", "reason": "rude" });
    assert_eq!(asked(&house, "PUT", "/api/v1/caller-rules/7999*", &boss, rule).0, 204);

    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let dial = Dial::to(house.uri(WALLET_LINE), house.sip).from("79990000001");
    let rude = phone.call(dial).await.unwrap();
    let over = rude.over(SOON).await.unwrap().what;
    assert!(matches!(over, Over::Failed(603)), "{over:?}");
    let (code, out, error) = house.hotline(&["caller-rule", "list"]);
    assert!(code == 0 && out.contains("7999*") && out.contains("rude"), "{out}{error}");

    let mut house = house;
    house.signal("TERM");
    house.wait();
    let house = House::start_in(house.kill(), &plan);
    drop(desk);
    assert_eq!(house.json("/api/v1/queues/wallet", &boss)["closed"]["reason"], "fire alarm");
    assert_eq!(house.json("/api/v1/announcement", &boss)["reason"], "fire");
    assert_eq!(house.json("/api/v1/caller-rules", &boss)[0]["number"], "7999*");
    let open = json!({ "closed": false, "reason": "false alarm" });
    let (status, queue) = asked(&house, "PUT", "/api/v1/queues/wallet", &boss, open);
    assert_eq!((status, &queue["closed"]), (200, &Value::Null));
    assert_eq!(house.request("DELETE", "/api/v1/announcement", &boss, "").0, 204);
    assert_eq!(house.json("/api/v1/announcement", &boss), Value::Null);
    assert_eq!(house.request("DELETE", "/api/v1/caller-rules/7999*", &boss, "").0, 204);
    assert_eq!(house.request("DELETE", "/api/v1/caller-rules/7999*", &boss, "").0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_moved_and_raised_and_a_wrap_up_is_ended_by_the_api() {
    let operators = "  - {id: \"101\", queues: [wallet], password: \"secret-101\"}\n  \
                     - {id: \"102\", queues: [terminals], password: \"secret-102\"}\n";
    let extra = "queues: {wallet: {wrap_up: 600s}, terminals: {wrap_up: 600s}}\n";
    let plan = Plan { operators: operators.into(), extra: extra.into(), ..Plan::default() };
    let house = House::start(&plan);
    let boss = house.token("supervisor");
    let reason = json!({ "reason": "he called before" });
    let wallet = house.operator("101", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
    let terminals = house.operator("102", Policy::Manual, Sound::Tone(OPERATOR_HERTZ)).await;
    let sets = |id: &str, state: &str| {
        house.operator_is(id, if state == "ready" { "paused" } else { "ready" }, &boss);
        let body = json!({ "state": state, "reason": "lunch" });
        assert_eq!(asked(&house, "PUT", &format!("/api/v1/operators/{id}"), &boss, body).0, 200);
    };
    sets("101", "paused");
    sets("102", "paused");
    let first = Caller::waiting(&house, "79150000511").await;
    let second = Caller::waiting(&house, "79150000512").await;
    let of = |caller: &str| house.call_at(caller, "waiting", &boss)["id"].as_str().unwrap().to_string();
    let (first_id, second_id) = (of("0511"), of("0512"));

    let raise = json!({ "class": "priority", "reason": "he called before" });
    let nobody = "/api/v1/calls/0000000000000";
    assert_eq!(asked(&house, "POST", &format!("{nobody}/raise"), &boss, raise.clone()).0, 404);
    assert_eq!(asked(&house, "POST", &format!("/api/v1/calls/{second_id}/raise"), &boss, raise).0, 204);
    sets("101", "ready");
    let call = take(&wallet).await;
    assert!(caller_of(&call).ends_with("0512"), "who was raised goes before");

    let nowhere = json!({ "queue": "nowhere", "reason": "busy" });
    let (status, wrong) = asked(&house, "POST", &format!("/api/v1/calls/{first_id}/move"), &boss, nowhere);
    assert!(status == 422 && wrong["detail"].as_str().unwrap().contains("no queue"), "{status} {wrong}");
    let there = json!({ "queue": "terminals", "reason": "they are free" });
    assert_eq!(asked(&house, "POST", &format!("/api/v1/calls/{first_id}/move"), &boss, there).0, 204);
    sets("102", "ready");
    let moved = take(&terminals).await;
    assert!(caller_of(&moved).ends_with("0511"));
    talk(&first.call, &moved).await;

    first.hangup().await;
    house.operator_is("102", "wrap_up", &boss);
    let end = "/api/v1/operators/102/end-wrap-up";
    assert_eq!(asked(&house, "POST", end, &house.token("operator"), reason.clone()).0, 403);
    assert_eq!(asked(&house, "POST", end, &boss, reason.clone()).0, 204);
    house.operator_is("102", "ready", &boss);
    let audit = house.json("/api/v1/audit", &house.token("admin")).to_string();
    for what in ["call.raise", "call.move", "operator.end_wrap_up", "he called before", "they are free"] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_lasts_reaches_its_webhook() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/duty", listener.local_addr().unwrap());
    let extra = format!("alerts: {{webhook: \"{url}\"}}\noutbound: {{networks: [127.0.0.1/32]}}\n");
    let operators = "  - {id: \"101\", queues: [wallet], password: \"secret-101\"}\n".to_string();
    let house = House::start(&Plan { operators, extra, ..Plan::default() });
    let boss = house.token("supervisor");
    // Signed in and on a break: the queue is open, and nobody is ready.
    let _phone = house.operator("101", Policy::Manual, Sound::Silence).await;
    house.operator_is("101", "ready", &boss);
    let away = json!({ "state": "paused", "reason": "lunch" });
    assert_eq!(asked(&house, "PUT", "/api/v1/operators/101", &boss, away).0, 200);
    let _caller = Caller::waiting(&house, "79150000513").await;
    let told = tokio::time::timeout(SOON, async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = String::new();
        while !got.contains("nobody_ready") {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            assert!(read > 0, "the request ended: {got}");
            got += &String::from_utf8_lossy(&piece[..read]);
        }
        got
    });
    let told = told.await.unwrap();
    assert!(
        told.starts_with("POST /duty ") && told.contains("\"raised\"") && told.contains("wallet"),
        "{told}"
    );
    let alerts = house.json("/api/v1/alerts", &boss);
    assert_eq!(alerts["active"][0]["name"], "nobody_ready", "{alerts}");
}
