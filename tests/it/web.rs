//! The web from outside: real sockets, the real store, a view that changes.
#[path = "web/office.rs"]
mod office;
#[path = "web/world.rs"]
mod world;

use hotline::ids::{CallId, OperatorId};
use hotline::queue::Choice;
use hotline::switchboard::Admin;
use hotline::web::{Access, Role, client, routes};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use world::{CALL, World};

const ALL: [Role; 5] = [Role::Viewer, Role::Operator, Role::Supervisor, Role::Admin, Role::Api];
const LEADERS: [Role; 4] = [Role::Viewer, Role::Supervisor, Role::Admin, Role::Api];
const TICKETS: [Role; 4] = [Role::Operator, Role::Supervisor, Role::Admin, Role::Api];
const PEOPLE: [Role; 4] = [Role::Viewer, Role::Operator, Role::Supervisor, Role::Admin];
const SUPERVISORS: [Role; 2] = [Role::Supervisor, Role::Admin];
const OPERATORS: [Role; 3] = [Role::Operator, Role::Supervisor, Role::Admin];

/// Written out on purpose: the table in the code is what this one is held against.
/// (method, route, a body, who may)
fn matrix() -> Vec<(&'static str, &'static str, Option<Value>, &'static [Role])> {
    vec![
        ("POST", "/api/v1/logout", None, &ALL),
        ("GET", "/api/v1/session", None, &ALL),
        ("GET", "/api/v1/view", None, &ALL),
        ("GET", "/api/v1/reports/daily", None, &LEADERS),
        ("GET", "/api/v1/reports/queue", None, &LEADERS),
        ("GET", "/api/v1/reports/menu", None, &LEADERS),
        ("GET", "/api/v1/reports/operator", None, &[Role::Supervisor, Role::Admin, Role::Api]),
        ("GET", "/api/v1/queues", None, &ALL),
        ("GET", "/api/v1/queues/{name}", None, &ALL),
        ("GET", "/api/v1/calls", None, &ALL),
        ("GET", "/api/v1/calls/{id}", None, &ALL),
        ("GET", "/api/v1/calls/{id}/why", None, &ALL),
        ("GET", "/api/v1/calls/{id}/signalling", None, &ALL),
        ("DELETE", "/api/v1/calls/{id}", None, &[Role::Supervisor, Role::Admin]),
        ("GET", "/api/v1/operators", None, &ALL),
        ("GET", "/api/v1/operators/{id}", None, &ALL),
        ("PUT", "/api/v1/operators/{id}", Some(json!({ "state": "ready" })), &OPERATORS),
        ("POST", "/api/v1/operators/{id}/credential", None, &[Role::Operator, Role::Admin]),
        (
            "PUT",
            "/api/v1/subscribers/{number}",
            Some(json!({ "class": "priority" })),
            &[Role::Admin, Role::Api],
        ),
        ("GET", "/api/v1/events", None, &ALL),
        (
            "POST",
            "/api/v1/calls/{id}/transfer",
            Some(json!({ "to": { "queue": "wallet" }, "mode": "blind" })),
            &OPERATORS,
        ),
        ("POST", "/api/v1/calls/{id}/transfer/complete", None, &OPERATORS),
        ("DELETE", "/api/v1/calls/{id}/transfer", None, &OPERATORS),
        ("POST", "/api/v1/calls/{id}/listen", Some(supervise()), &[Role::Supervisor, Role::Admin]),
        ("DELETE", "/api/v1/calls/{id}/listen", None, &[Role::Supervisor, Role::Admin]),
        ("POST", "/api/v1/calls/{id}/whisper", Some(supervise()), &[Role::Supervisor, Role::Admin]),
        ("POST", "/api/v1/calls/{id}/barge", Some(supervise()), &[Role::Supervisor, Role::Admin]),
        ("POST", "/api/v1/calls/{id}/recording", Some(json!({ "paused": true })), &OPERATORS),
        ("POST", "/api/v1/operators/{id}/calls", Some(json!({ "to": "79161234567" })), &OPERATORS),
        ("GET", "/api/v1/flows", None, &ALL),
        ("POST", "/api/v1/flows/reload", None, &[Role::Supervisor, Role::Admin]),
        (
            "POST",
            "/api/v1/flows/rollback",
            Some(json!({ "to": null, "reason": "x" })),
            &[Role::Supervisor, Role::Admin],
        ),
        (
            "PUT",
            "/api/v1/flows/{name}/arms/{step}/{arm}",
            Some(json!({ "withdrawn": false, "reason": "x" })),
            &[Role::Supervisor, Role::Admin],
        ),
        ("GET", "/api/v1/flows/{name}", None, &[Role::Supervisor, Role::Admin]),
        ("GET", "/api/v1/flows/{name}/graph", None, &ALL),
        ("GET", "/api/v1/flows/{name}/diff", None, &[Role::Supervisor, Role::Admin]),
        ("GET", "/api/v1/history/calls", None, &ALL),
        ("GET", "/api/v1/history/queues", None, &LEADERS),
        ("GET", "/api/v1/history/quality", None, &[Role::Supervisor, Role::Admin, Role::Api]),
        ("GET", "/api/v1/audit", None, &[Role::Supervisor, Role::Admin]),
        ("GET", "/api/v1/calls/{id}/card", None, &OPERATORS),
        ("PUT", "/api/v1/calls/{id}/note", Some(json!({ "note": "x" })), &OPERATORS),
        ("GET", "/api/v1/dispositions", None, &OPERATORS),
        ("GET", "/api/v1/tickets", None, &TICKETS),
        ("GET", "/api/v1/tickets/{id}", None, &TICKETS),
        ("PUT", "/api/v1/tickets/{id}", Some(json!({ "status": "done" })), &TICKETS),
        ("POST", "/api/v1/tickets/{id}/reply", Some(json!({ "subject": "x", "text": "y" })), &TICKETS),
        ("GET", "/api/v1/messages", None, &OPERATORS),
        ("GET", "/api/v1/messages/{name}/audio", None, &OPERATORS),
        ("GET", "/api/v1/openapi.json", None, &ALL),
        ("GET", "/api/v1/recordings", None, &[Role::Supervisor, Role::Admin]),
        ("GET", "/api/v1/recordings/{name}/audio", None, &[Role::Supervisor, Role::Admin]),
        ("DELETE", "/api/v1/recordings", None, &[Role::Admin]),
        ("GET", "/api/v1/users", None, &[Role::Admin]),
        ("POST", "/api/v1/users", Some(json!({ "name": "x", "role": "viewer" })), &[Role::Admin]),
        ("PUT", "/api/v1/users/{name}", Some(json!({ "unlock": true })), &[Role::Admin]),
        ("DELETE", "/api/v1/users/{name}", None, &[Role::Admin]),
        ("GET", "/api/v1/tokens", None, &[Role::Admin]),
        ("POST", "/api/v1/tokens", Some(json!({ "name": "x", "role": "api" })), &[Role::Admin]),
        ("DELETE", "/api/v1/tokens/{id}", None, &[Role::Admin]),
        ("GET", "/api/v1/subscribers", None, &[Role::Supervisor, Role::Admin, Role::Api]),
        ("DELETE", "/api/v1/subscribers/{number}", None, &[Role::Admin, Role::Api]),
        ("GET", "/api/v1/prompts", None, &PEOPLE),
        ("GET", "/api/v1/prompts/{lang}/{id}", None, &PEOPLE),
        ("GET", "/api/v1/webhooks", None, &[Role::Admin]),
        (
            "POST",
            "/api/v1/webhooks",
            Some(json!({ "url": "https://example.org/", "events": ["*"] })),
            &[Role::Admin],
        ),
        ("PUT", "/api/v1/webhooks/{id}", Some(json!({ "active": false })), &[Role::Admin]),
        ("DELETE", "/api/v1/webhooks/{id}", None, &[Role::Admin]),
        ("GET", "/api/v1/webhooks/{id}/deliveries", None, &[Role::Admin]),
        ("GET", "/api/v1/config", None, &[Role::Admin]),
        ("POST", "/api/v1/calls/{id}/move", None, &SUPERVISORS),
        ("POST", "/api/v1/calls/{id}/raise", None, &SUPERVISORS),
        ("POST", "/api/v1/operators/{id}/end-wrap-up", None, &SUPERVISORS),
        ("PUT", "/api/v1/queues/{name}", None, &SUPERVISORS),
        ("GET", "/api/v1/announcement", None, &ALL),
        ("PUT", "/api/v1/announcement", None, &SUPERVISORS),
        ("DELETE", "/api/v1/announcement", None, &SUPERVISORS),
        ("GET", "/api/v1/caller-rules", None, &SUPERVISORS),
        ("PUT", "/api/v1/caller-rules/{number}", None, &SUPERVISORS),
        ("DELETE", "/api/v1/caller-rules/{number}", None, &SUPERVISORS),
        ("GET", "/api/v1/alerts", None, &ALL),
        ("POST", "/api/v1/drain", None, &[Role::Admin]),
        ("PUT", "/api/v1/log-level", Some(json!({ "filter": "info" })), &[Role::Admin]),
    ]
}

fn supervise() -> Value {
    json!({ "phone": "101", "reason": "training" })
}

fn filled(route: &str) -> String {
    route
        .replace("{name}", "wallet")
        .replace("{id}", if route.contains("operators") { "101" } else { CALL })
        .replace("{number}", "79161234567")
        .replace("{lang}", "ru")
}

#[tokio::test]
async fn every_route_that_is_not_open_stands_in_the_matrix() {
    let world = World::start().await;
    let listed: BTreeSet<_> =
        matrix().into_iter().map(|(method, path, ..)| (method.to_string(), path)).collect();
    let guarded: BTreeSet<_> = routes(&world.state)
        .into_iter()
        .filter(|(_, _, access)| matches!(access, Access::Roles(_)))
        .map(|(method, path, _)| (method.to_string(), path))
        .collect();
    assert_eq!(guarded, listed);
}

#[tokio::test]
async fn without_credentials_nothing_is_answered() {
    let world = World::start().await;
    for (method, route, body, _) in matrix() {
        let route = filled(route);
        let answer = world.ask(method, &route, &[], body.as_ref()).await;
        assert_eq!(answer.status, 401, "{method} {route}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {route}");
        assert_eq!(answer.json()["code"], "not-signed-in");
        let answer = world.ask(method, &route, &[("authorization", "Bearer 0000")], body.as_ref()).await;
        assert_eq!(answer.status, 401, "{method} {route} with a token that nobody has");
    }
    assert_eq!(world.asked().await, [], "nothing reached the switchboard");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_language_that_is_asked_for() {
    let world = World::start().await;
    let token = world.token(Role::Supervisor).await;
    let told = async |language: &str| {
        let headers = [("authorization", &*token), ("accept-language", language)];
        world.send("GET", "/api/v1/calls/nobody", &headers, String::new()).await
    };
    let (english, russian) = (told("de, en;q=0.5").await, told("ru-RU,ru;q=0.9,en;q=0.8").await);
    assert_eq!((english.status, russian.status), (404, 404));
    assert_eq!((english.header("content-language"), russian.header("content-language")), ("", "ru"));
    assert_eq!(russian.header("content-type"), "application/problem+json");
    assert_eq!(english.json()["title"], "There is no such thing");
    assert_eq!(russian.json()["title"], "Такого здесь нет");
    assert_eq!(english.json()["code"], russian.json()["code"]);
    assert_ne!(english.json()["detail"], russian.json()["detail"]);
    // A wrong body: the thing itself, without the words of a library.
    let body = serde_json::json!({ "say": ["emergency"], "until": "2026-12-01T00:00:00Z", "reason": " " })
        .to_string();
    let headers =
        [("authorization", &*token), ("accept-language", "ru"), ("content-type", "application/json")];
    let answer = world.send("PUT", "/api/v1/announcement", &headers, body).await;
    let detail = answer.json()["detail"].as_str().unwrap().to_string();
    assert!(detail.starts_with("поле reason: нужно от 1 до 200 знаков"), "{detail}");
    world.stop().await;
}

#[tokio::test]
async fn each_role_may_what_the_matrix_says() {
    let world = World::start().await;
    for (method, route, body, allowed) in matrix() {
        let route = filled(route);
        for role in ALL {
            let token = world.token(role).await;
            let answer = world.ask(method, &route, &[("authorization", &token)], body.as_ref()).await;
            let expected = allowed.contains(&role);
            // A token named like nobody's operator id may neither change operator 101's state nor telephone as him, and
            // sees no card of a call that is not his.
            let his = route.contains("/operators/") && method != "GET"
                || route.contains("/transfer")
                || route.ends_with("/recording")
                || route.ends_with("/card")
                || route.ends_with("/note");
            let expected = expected && !(role == Role::Operator && his);
            assert_eq!(answer.status != 403, expected, "{method} {route} as {role:?}: {}", answer.status);
            assert!(answer.status < 500, "{method} {route} as {role:?}: {} {}", answer.status, answer.text());
        }
    }
}

#[tokio::test]
async fn an_operator_changes_his_own_state_and_no_other() {
    let world = World::start().await;
    let cookie = world.sign_in("101").await;
    let body = json!({ "state": "paused", "reason": "lunch" });
    let origin = world.origin();
    let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str())];
    let answer = world.ask("PUT", "/api/v1/operators/102", &headers, Some(&body)).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    let answer = world.ask("PUT", "/api/v1/operators/101", &headers, Some(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["state"], "paused");
    assert_eq!(answer.json()["reason"], "lunch");
    let operator = OperatorId::from("101");
    let choice = Choice::Paused { reason: "lunch".into() };
    assert_eq!(world.asked().await, [Admin::SetOperator { operator, choice }]);
}

#[tokio::test]
async fn a_foreign_page_cannot_ride_on_a_cookie() {
    let world = World::start().await;
    let cookie = world.sign_in("boss").await;
    for (method, route, body, _) in matrix().into_iter().filter(|(method, ..)| *method != "GET") {
        let route = filled(route);
        for origin in [Some("http://evil.example"), Some("null"), None] {
            let mut headers = vec![("cookie", cookie.as_str())];
            headers.extend(origin.map(|origin| ("origin", origin)));
            let answer = world.ask(method, &route, &headers, body.as_ref()).await;
            assert_eq!(answer.status, 403, "{method} {route} from {origin:?}");
            assert_eq!(answer.json()["code"], "foreign-origin");
        }
    }
    let login = json!({ "user": "boss", "password": world::PASSWORD });
    let answer = world.ask("POST", "/api/v1/login", &[("origin", "http://evil.example")], Some(&login)).await;
    assert_eq!(answer.status, 403, "signing a victim in as somebody else");
    assert_eq!(world.asked().await, []);
}

#[tokio::test]
async fn a_session_lives_in_a_cookie_that_scripts_cannot_read_and_ends_with_sign_out() {
    let world = World::start().await;
    let login = json!({ "user": "boss", "password": world::PASSWORD });
    let answer = world.ask("POST", "/api/v1/login", &[], Some(&login)).await;
    assert_eq!(answer.json(), json!({ "user": "boss", "role": "admin" }));
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(world.ask("GET", "/api/v1/session", &[("cookie", cookie)], None).await.status, 200);
    let headers = [("cookie", cookie), ("origin", &world.origin())];
    assert_eq!(world.ask("POST", "/api/v1/logout", &headers, None).await.status, 204);
    assert_eq!(world.ask("GET", "/api/v1/session", &[("cookie", cookie)], None).await.status, 401);
}

#[tokio::test]
async fn the_first_admin_chooses_a_new_password_before_anything_else() {
    let world = World::start().await;
    let first = world.accounts.first_admin(world.dir.path(), world::now()).await.unwrap();
    assert_eq!(first, None, "there is an admin already");
    world
        .accounts
        .add_user("new", hotline::store::Role::Admin, "given password", true, world::now())
        .await
        .unwrap();
    let login = json!({ "user": "new", "password": "given password" });
    let answer = world.ask("POST", "/api/v1/login", &[], Some(&login)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("password-change-required")));
    assert_eq!(answer.header("set-cookie"), "");
    let mut change = json!({ "user": "new", "password": "given password", "new_password": "short" });
    assert_eq!(world.ask("POST", "/api/v1/password", &[], Some(&change)).await.status, 422);
    change["new_password"] = json!("four words make it");
    let answer = world.ask("POST", "/api/v1/password", &[], Some(&change)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("set-cookie").starts_with("hotline_session="));
    assert_eq!(
        world.ask("POST", "/api/v1/login", &[], Some(&login)).await.status,
        401,
        "the old one is dead"
    );
}

#[tokio::test]
async fn an_address_that_guesses_passwords_is_slowed_down() {
    let world = World::start().await;
    let mut statuses = Vec::new();
    for guess in 0..12 {
        let login = json!({ "user": format!("user{guess}"), "password": "guess" });
        let answer = world.ask("POST", "/api/v1/login", &[], Some(&login)).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10..], [429; 2]);
}

#[tokio::test]
async fn the_shapes_are_those_that_programs_rely_on() {
    let world = World::start().await;
    let token = world.token(Role::Api).await;
    let get = async |route: &str| {
        let answer = world.ask("GET", route, &[("authorization", &token)], None).await;
        assert_eq!(answer.status, 200, "{route}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/json");
        answer.json()
    };
    let queue = get("/api/v1/queues/wallet").await;
    assert_eq!(queue, get("/api/v1/queues").await[0]);
    for (key, value) in [
        ("name", json!("wallet")),
        ("pool", json!("main")),
        ("waiting", json!({ "priority": 0, "standard": 1 })),
        ("longest_wait_s", json!(41.2)),
        ("p10", json!(0.97)),
        ("service_level", json!(0.88)),
        ("expected_wait_s", json!(120.0)),
        ("reserve", json!(1)),
    ] {
        assert_eq!(queue[key], value, "{key}");
    }
    assert_eq!((&queue["operators"]["ready"], &queue["operators"]["talking"]), (&json!(2), &json!(5)));
    let call = json!({
        "id": CALL, "line": "qiwi-hotline", "caller": "+7916***4567", "class": "standard", "stage": "waiting",
        "queue": "wallet", "step": "specialist", "since_ms": 41200, "operator": null,
        "recording": null, "supervised": null, "transfer": null,
    });
    assert_eq!(get("/api/v1/calls").await, json!([call]));
    let operator = get("/api/v1/operators/101").await;
    for (key, value) in [
        ("id", json!("101")),
        ("name", json!("Оператор 101")),
        ("state", json!("ready")),
        ("reason", json!(null)),
        ("since_ms", json!(5000)),
        ("queues", json!(["wallet"])),
        ("call", json!(null)),
    ] {
        assert_eq!(operator[key], value, "{key}");
    }
    assert_eq!(get("/api/v1/operators").await[0], operator);
}

#[tokio::test]
async fn a_call_that_has_ended_is_told_from_its_record_and_masks_its_number() {
    let world = World::start().await;
    let id = world.keep_ended_call("79161234567").await;
    let token = world.token(Role::Viewer).await;
    let answer = world.ask("GET", &format!("/api/v1/calls/{id}"), &[("authorization", &token)], None).await;
    let call = answer.json();
    assert_eq!(call["stage"], "ended");
    assert_eq!(call["caller"], "+7916***4567");
    assert_eq!(call["record"]["caller"], "+7916***4567");
    assert_eq!(call["events"][0]["kind"], "enqueued");
    assert!(!answer.text().contains("79161234567"), "{}", answer.text());
    let unknown = CallId(1).to_string();
    let answer =
        world.ask("GET", &format!("/api/v1/calls/{unknown}"), &[("authorization", &token)], None).await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not-found")));
}

#[tokio::test]
async fn a_hang_up_reaches_the_switchboard_and_the_audit_trail() {
    let world = World::start().await;
    let token = world.token(Role::Supervisor).await;
    let answer =
        world.ask("DELETE", &format!("/api/v1/calls/{CALL}"), &[("authorization", &token)], None).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let other = CallId(5).to_string();
    let answer =
        world.ask("DELETE", &format!("/api/v1/calls/{other}"), &[("authorization", &token)], None).await;
    assert_eq!(answer.status, 404);
    let calls = [CallId::parse(CALL).unwrap(), CallId(5)];
    assert_eq!(world.asked().await, calls.map(|call| Admin::HangUp { call }));
    let audit = world.store.audit(10).await.unwrap();
    assert_eq!(audit.len(), 1);
    assert_eq!((audit[0].who.as_str(), audit[0].what.as_str()), ("supervisor", "call.hang_up"));
}

#[tokio::test]
async fn a_subscriber_is_raised_in_the_store_and_in_the_running_calls() {
    let world = World::start().await;
    let token = world.token(Role::Api).await;
    let headers = [("authorization", token.as_str())];
    let body = json!({ "class": "priority" });
    let answer = world.ask("PUT", "/api/v1/subscribers/8-916-123-45-67", &headers, Some(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({ "number": "+7916***4567", "class": "priority" }));
    let number = hotline::number::Number::parse("79161234567").unwrap();
    let kept = world.store.subscriber(&number).await.unwrap().unwrap();
    assert_eq!(kept.class, hotline::class::Class::Priority);
    assert_eq!(world.asked().await, [Admin::SetClass { number, class: kept.class }]);
    for (route, body, status) in [
        ("/api/v1/subscribers/79161234567", json!({ "class": "security" }), 422),
        ("/api/v1/subscribers/79161234567", json!({ "class": "gold" }), 422),
        ("/api/v1/subscribers/79161234567", json!({ "class": "priority", "x": 1 }), 422),
        ("/api/v1/subscribers/alice", json!({ "class": "priority" }), 422),
    ] {
        assert_eq!(world.ask("PUT", route, &headers, Some(&body)).await.status, status, "{route} {body}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_a_problem() {
    let world = World::start().await;
    let token = world.token(Role::Admin).await;
    let auth = ("authorization", token.as_str());
    let json_type = ("content-type", "application/json");
    let operator = "/api/v1/operators/101";
    for (method, route, headers, body, status, code) in [
        ("GET", "/api/v1/nothing", vec![auth], "", 404, "not-found"),
        ("POST", "/api/v1/queues", vec![auth], "", 405, "method-not-allowed"),
        ("PUT", operator, vec![auth, json_type], "{", 400, "bad-request"),
        ("PUT", operator, vec![auth], "{}", 415, "not-json"),
        ("PUT", operator, vec![auth, json_type], r#"{"state":"asleep"}"#, 422, "unusable"),
        ("PUT", "/api/v1/operators/999", vec![auth, json_type], r#"{"state":"ready"}"#, 404, "not-found"),
        ("GET", "/api/v1/queues/nobody", vec![auth], "", 404, "not-found"),
        ("GET", "/api/v1/calls/..%2F..", vec![auth], "", 404, "not-found"),
        ("GET", "/api/v1/flows/x/graph?format=", vec![auth], "", 400, "bad-request"),
        ("GET", "/api/v1/reports/menu?day=1", vec![auth], "", 400, "bad-request"),
        ("PUT", "/api/v1/log-level", vec![auth, json_type], r#"{"filter":"hotline=loud"}"#, 422, "unusable"),
    ] {
        let answer = world.send(method, route, &headers, body.to_string()).await;
        assert_eq!(answer.status, status, "{method} {route} {body}: {}", answer.text());
        assert_eq!(answer.json()["code"], code, "{method} {route} {body}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let large = format!(r#"{{"state":"paused","reason":"{}"}}"#, "x".repeat(20_000));
    let answer = world.send("PUT", operator, &[auth, json_type], large).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("too-large")));
    assert_eq!(world.asked().await, []);
}

#[tokio::test]
async fn a_board_gets_a_snapshot_then_what_changes_and_after_a_break_what_it_missed() {
    let world = World::start().await;
    let token = world.token(Role::Viewer).await;
    let mut events = world.events(&token, None).await;
    let snapshot = events.next("snapshot").await;
    assert_eq!(snapshot.data["calls"][0]["id"], CALL);
    assert_eq!(snapshot.data["queues"][0]["name"], "wallet");
    world.change(|view| view.calls[0].stage = "talking");
    let change = events.next("change").await;
    assert_eq!(change.data["calls"][0]["stage"], "talking");
    assert!(change.data.get("queues").is_none(), "only what is different: {}", change.data);
    drop(events);

    world.change(|view| view.calls.clear());
    // Somebody else's board sees the change first; the one that lost the line is still told.
    let mut other = world.events(&token, Some(&change.id)).await;
    assert_eq!(other.next("change").await.data, json!({ "calls_gone": [CALL] }));
    let mut events = world.events(&token, Some(&change.id)).await;
    assert_eq!(events.next("change").await.data, json!({ "calls_gone": [CALL] }));

    let mut events = world.events(&token, Some("another-run-7")).await;
    assert_eq!(events.next("snapshot").await.data["calls"], json!([]));
    events.next("heartbeat").await;
}

#[tokio::test]
async fn what_a_caller_is_named_reaches_the_page_as_text_and_is_never_markup() {
    const EVIL: &str = "</script><img src=x onerror=alert(1)>\n\ndata: {}\u{2028}";
    let world = World::start().await;
    world.change(|view| {
        view.calls[0].caller = EVIL.into();
        view.calls[0].step = EVIL.into();
        view.operators[0].name = EVIL.into();
    });
    let token = world.token(Role::Viewer).await;
    let answer = world.ask("GET", "/api/v1/calls", &[("authorization", &token)], None).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.json()[0]["caller"], EVIL);
    let snapshot = world.events(&token, None).await.next("snapshot").await;
    assert_eq!(snapshot.data["calls"][0]["step"], EVIL, "a line break in a value does not break the event");

    // The built pages hold a library that could; their sources never ask it to.
    for (_, path, _) in routes(&world.state).iter().filter(|(_, path, _)| is_hand_written(path)) {
        no_markup(path, &world.ask("GET", path, &[], None).await.text());
    }
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    for page in ["shared", "home", "desk", "board", "calls", "tickets", "admin"] {
        no_markup_in(&web.join(page));
    }
}

fn is_hand_written(path: &str) -> bool {
    path.starts_with("/live/") && path.ends_with(".js")
}

fn no_markup_in(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_markup_in(&path);
        } else if path.extension().is_some_and(|kind| kind == "ts" || kind == "tsx") {
            no_markup(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn no_markup(file: &str, code: &str) {
    let ways = [
        "innerHTML",
        "InnerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
    ];
    for way in ways {
        assert!(!code.contains(way), "{file} uses {way}");
    }
}

#[tokio::test]
async fn the_page_may_load_nothing_but_its_own_files() {
    let world = World::start().await;
    let page = world.ask("GET", "/live", &[], None).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = page.text();
    for inline in ["<style", "style=", "onclick", "onload", "javascript:", "http://", "https://"] {
        assert!(!html.contains(inline), "{inline}");
    }
    for file in html.split('"').filter(|part| part.starts_with("/live/")) {
        let answer = world.ask("GET", file, &[], None).await;
        assert_eq!(answer.status, 200, "{file}");
        let known = world.ask("GET", file, &[("if-none-match", answer.header("etag"))], None).await;
        assert_eq!(known.status, 304, "{file}");
    }
}

#[tokio::test]
async fn both_languages_of_the_page_have_the_same_words() {
    let world = World::start().await;
    let code = world.ask("GET", "/live/words.js", &[], None).await.text();
    let (_, rest) = code.split_once("\n  en: {").unwrap();
    let (english, rest) = rest.split_once("\n  ru: {").unwrap();
    let (russian, _) = rest.split_once("\n};").unwrap();
    let (english, russian) = (keys(english), keys(russian));
    let missing: Vec<_> = english.symmetric_difference(&russian).collect();
    assert!(english.len() > 60 && missing.is_empty(), "{missing:?}");
    let html = world.ask("GET", "/live", &[], None).await.text();
    for part in html.split("data-word").skip(1) {
        let word = part.split('"').nth(1).unwrap();
        assert!(english.contains(word), "the page wants the word {word}");
    }
}

/// The keys of an object literal, at any depth: what stands before a colon, with or without quotes.
fn keys(literal: &str) -> BTreeSet<String> {
    let (mut keys, mut last, mut quote) = (BTreeSet::new(), String::new(), None);
    for c in literal.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => last.push(c),
            None if matches!(c, '\'' | '`') => {
                quote = Some(c);
                last.clear();
            }
            None if c.is_alphanumeric() || c == '_' => last.push(c),
            None if c == ':' => {
                keys.insert(std::mem::take(&mut last));
            }
            None => last.clear(),
        }
    }
    keys
}

#[tokio::test]
async fn the_control_socket_is_a_local_admin_and_nobody_elses() {
    let world = World::start().await;
    let socket = world.serve_unix();
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let queues = client::get(&socket, "/api/v1/queues").await.unwrap();
    assert_eq!(queues[0]["name"], "wallet");
    let session = client::get(&socket, "/api/v1/session").await.unwrap();
    assert_eq!(session, json!({ "user": "local", "role": "admin" }));
    let done = client::post(&socket, "/api/v1/drain", &json!({})).await.unwrap();
    assert_eq!(done["draining"], true);
    client::put(&socket, "/api/v1/log-level", &json!({ "filter": "debug" })).await.unwrap();
    client::delete(&socket, &format!("/api/v1/calls/{CALL}")).await.unwrap();
    let metrics = client::get(&socket, "/metrics").await.unwrap();
    assert!(metrics.as_str().unwrap().contains("hotline_build_info"), "{metrics}");
    let refused = client::get(&socket, "/api/v1/queues/nobody").await.unwrap_err();
    assert!(matches!(&refused, client::ClientError::Refused { status: 404, .. }), "{refused}");
    assert!(refused.to_string().contains("wallet"), "it says which there are: {refused}");
    assert!(
        hotline::web::serve_unix(&socket, world.state.clone(), Default::default()).is_err(),
        "it is taken"
    );

    world.stop().await;
    assert!(!socket.exists());
    let gone = client::get(&socket, "/healthz").await.unwrap_err();
    assert!(matches!(gone, client::ClientError::NoServer { .. }), "{gone}");
}

#[tokio::test]
async fn a_report_comes_as_json_csv_or_a_table_and_a_wrong_question_is_told_why() {
    let world = World::start().await;
    let token = world.token(Role::Api).await;
    let bearer = ("authorization", token.as_str());
    let ask = async |path: &str| world.ask("GET", path, &[bearer], None).await;
    let json = ask("/api/v1/reports/queue?from=2026-11-01&to=2026-11-30").await;
    assert_eq!((json.status, &json.json()["report"]), (200, &json!("queue")));
    assert_eq!(json.json()["lines"][0]["offered"], 0);
    let csv = ask("/api/v1/reports/daily?format=csv").await;
    assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
    assert!(csv.text().starts_with("from,to,queue,class,offered,"), "{}", csv.text());
    let table = ask("/api/v1/reports/operator?format=text&language=en").await;
    assert!(table.text().starts_with("Report by operator: "), "{}", table.text());
    for (wrong, why) in [
        ("from=yesterday", "expected a day"),
        ("interval=7m", "expected 15m, 30m, 1h or 1d"),
        ("format=pdf", "format"),
        ("form=csv", "form"),
        ("from=2020-01-01", "731 days"),
    ] {
        let refused = ask(&format!("/api/v1/reports/daily?{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.text().contains(why), "{wrong}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_socket_left_by_a_server_that_died_is_replaced() {
    let world = World::start().await;
    let path = world.dir.path().join("hotline.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let socket = world.serve_unix();
    assert_eq!(client::get(&socket, "/healthz").await.unwrap(), "ok\n");
}

#[tokio::test]
async fn readiness_follows_serving_and_draining() {
    let world = World::start().await;
    let status = async || world.ask("GET", "/readyz", &[], None).await.status;
    assert_eq!(status().await, 200);
    world.ready.send_replace(false);
    assert_eq!(status().await, 503);
    world.ready.send_replace(true);
    world.change(|view| view.draining = true);
    assert_eq!(status().await, 503);
    assert_eq!(world.ask("GET", "/healthz", &[], None).await.status, 200);
}

#[tokio::test]
async fn metrics_are_free_on_this_machine_but_not_through_a_proxy() {
    let world = World::start().await;
    let answer = world.ask("GET", "/metrics", &[], None).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let forwarded = ("x-forwarded-for", "203.0.113.9");
    assert_eq!(world.ask("GET", "/metrics", &[forwarded], None).await.status, 401);
    let token = world.token(Role::Api).await;
    let answer = world.ask("GET", "/metrics", &[forwarded, ("authorization", &token)], None).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_stop_ends_open_boards_at_once() {
    let world = World::start().await;
    let token = world.token(Role::Viewer).await;
    let mut events = world.events(&token, None).await;
    events.next("snapshot").await;
    world.stop().await;
    assert!(events.ended().await);
}
