//! The office of the web: lists, cards, papers, people and webhooks, over real sockets and the real store.
use super::world::{self, CALL, World, now};
use hotline::call::{CallEvent, Keep, NewTicket};
use hotline::clock::Clock;
use hotline::ids::CallId;
use hotline::machine::Wall;
use hotline::number::Number;
use hotline::outbound::{MailOptions, MailTls, Mailer};
use hotline::queue::{Outcome as StayOutcome, Stay};
use hotline::store::{Entry, Import, Subscriber};
use hotline::web::Role;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const CALLER: &str = "79161234567";

async fn get(world: &World, role: Role, route: &str) -> (u16, Value) {
    let token = world.token(role).await;
    let answer = world.ask("GET", route, &[("authorization", &token)], None).await;
    (answer.status, answer.json())
}

async fn send(world: &World, role: Role, method: &str, route: &str, body: Value) -> (u16, Value) {
    let token = world.token(role).await;
    let answer = world.ask(method, route, &[("authorization", &token)], Some(&body)).await;
    (answer.status, if answer.status == 204 { Value::Null } else { answer.json() })
}

async fn tell(world: &World, call: CallId, kind: &str, detail: &[(&str, &str)]) {
    let detail: BTreeMap<_, _> = detail.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let event = CallEvent { call, at: now(), kind: kind.into(), detail };
    world.store.write(&[Entry::Keep(Keep::Event(event))]).await.unwrap();
}

async fn keep_calls(world: &World, count: u64) -> Vec<CallId> {
    let first = world.keep_ended_call(CALLER).await;
    let record = world.store.call(first).await.unwrap().unwrap().record;
    let mut ids = vec![first];
    for n in 1..count {
        // Two by two in one millisecond: a cursor has to tell them apart.
        let at = Wall(record.started_at.0 - 1000 * (n as i64 / 2 + 1));
        let id = CallId::new(at.0, count - n);
        let record = hotline::call::CallRecord { id, started_at: at, ..record.clone() };
        world.store.write(&[Entry::Keep(Keep::Call(Box::new(record)))]).await.unwrap();
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn the_history_is_read_by_pages_and_nothing_is_shown_twice() {
    let world = World::start().await;
    let ids = keep_calls(&world, 7).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let route = format!("/api/v1/history/calls?limit=2{cursor}");
        let (status, page) = get(&world, Role::Supervisor, &route).await;
        assert_eq!(status, 200, "{page}");
        let calls = page["calls"].as_array().unwrap();
        assert!(calls.len() <= 2);
        seen.extend(calls.iter().map(|call| call["id"].as_str().unwrap().to_string()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut wanted: Vec<_> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(seen.len(), 7);
    seen.sort();
    wanted.sort();
    assert_eq!(seen, wanted);
    for (query, found) in [
        ("caller=8-916-123-45-67", 7),
        ("caller=4567", 7),
        ("q=4567", 7),
        ("q=wallet", 7),
        ("queue=terminals", 0),
        ("result=abandoned&to=2020-01-01", 0),
        ("result=abandoned", 7),
    ] {
        let (_, page) = get(&world, Role::Supervisor, &format!("/api/v1/history/calls?{query}")).await;
        assert_eq!(page["calls"].as_array().unwrap().len(), found, "{query}");
    }
    for wrong in ["cursor=x", "limit=0", "limit=501", "from=soon", "caller=12", "nonsense=1", "format=xml"] {
        let (status, problem) =
            get(&world, Role::Supervisor, &format!("/api/v1/history/calls?{wrong}")).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad-request")), "{wrong}");
    }
}

#[tokio::test]
async fn a_viewer_sees_masked_numbers_and_an_operator_his_own_calls() {
    let world = World::start().await;
    world.keep_ended_call(CALLER).await;
    let (_, page) = get(&world, Role::Viewer, "/api/v1/history/calls").await;
    assert_eq!(page["calls"][0]["caller"], "+7916***4567");
    assert_eq!(page["calls"][0]["number"], Value::Null);
    assert!(!page.to_string().contains(CALLER));
    assert_eq!(get(&world, Role::Viewer, "/api/v1/history/calls?caller=4567").await.0, 403);
    let (_, page) = get(&world, Role::Viewer, "/api/v1/history/calls?q=1234567").await;
    assert_eq!(page["calls"], json!([]), "a search box finds no number for him");
    let (_, page) = get(&world, Role::Operator, "/api/v1/history/calls").await;
    assert_eq!(page["calls"], json!([]), "another one's call");
    let (_, page) = get(&world, Role::Supervisor, "/api/v1/history/calls").await;
    assert_eq!(page["calls"][0]["number"], CALLER);
}

#[tokio::test]
async fn a_table_of_calls_holds_no_formula() {
    let world = World::start().await;
    let id = world.keep_ended_call(CALLER).await;
    let route = format!("/api/v1/calls/{id}/note");
    let note = json!({ "disposition": "solved", "note": "=HYPERLINK(\"http://evil.example\")" });
    assert_eq!(send(&world, Role::Supervisor, "PUT", &route, note).await.0, 200);
    let token = world.token(Role::Supervisor).await;
    let answer =
        world.ask("GET", "/api/v1/history/calls?format=csv", &[("authorization", &token)], None).await;
    assert!(answer.header("content-type").starts_with("text/csv"));
    let text = answer.text();
    assert!(text.starts_with("id,line,caller,"), "{text}");
    assert!(text.contains("\"'=HYPERLINK("), "{text}");
}

#[tokio::test]
async fn a_table_of_calls_is_as_long_as_there_are_calls() {
    let world = World::start().await;
    // More than the store gives at once.
    keep_calls(&world, 1_100).await;
    let token = world.token(Role::Supervisor).await;
    let answer =
        world.ask("GET", "/api/v1/history/calls?format=csv", &[("authorization", &token)], None).await;
    let text = answer.text();
    let ids: std::collections::BTreeSet<&str> =
        text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!((text.lines().count(), ids.len()), (1_101, 1_100));
}

#[tokio::test]
async fn a_card_says_who_calls_what_he_typed_and_what_was_before_and_holds_no_secret() {
    let world = World::start().await;
    let number = Number::parse(CALLER).unwrap();
    let class = hotline::class::Class::Priority;
    let subscriber =
        Subscriber { number, class, name: Some("Анна".into()), email: Some("anna@example.org".into()) };
    world.store.import(Import::Subscribers(vec![subscriber])).await.unwrap();
    let ids = keep_calls(&world, 3).await;
    tell(&world, ids[0], "step", &[("flow", "hotline"), ("step", "ask_terminal")]).await;
    tell(&world, ids[0], "typed", &[("name", "terminal"), ("digits", "1000000001")]).await;
    tell(&world, ids[0], "secret", &[("digits", "4")]).await;
    let ticket = NewTicket {
        call: ids[1],
        at: now(),
        caller: CALLER.into(),
        topic: "terminal".into(),
        fields: BTreeMap::new(),
    };
    let ticket = world.store.open_ticket(ticket).await.unwrap();
    let route = format!("/api/v1/calls/{}/card", ids[0]);
    let (status, card) = get(&world, Role::Supervisor, &route).await;
    assert_eq!(status, 200, "{card}");
    assert_eq!((&card["number"], &card["name"]), (&json!(CALLER), &json!("Анна")));
    assert_eq!(
        card["path"],
        json!([{ "step": "hotline/ask_terminal", "label": "ask terminal", "says": {} }])
    );
    assert_eq!(card["answers"], json!({ "terminal": "1000000001" }));
    assert_eq!(card["earlier"].as_array().unwrap().len(), 2, "{card}");
    assert_eq!(card["tickets"][0]["id"], json!(ticket));
    assert_eq!(card["note"], Value::Null);
    assert_eq!(get(&world, Role::Operator, &route).await.0, 403, "not his call");
    // He has it on the line now: the card is his.
    world.change(|view| view.calls[0].operator = Some("operator".into()));
    assert_eq!(get(&world, Role::Operator, &format!("/api/v1/calls/{CALL}/card")).await.0, 200);
}

#[tokio::test]
async fn a_note_is_kept_with_the_call_and_found_again() {
    let world = World::start().await;
    let id = world.keep_ended_call(CALLER).await;
    let route = format!("/api/v1/calls/{id}/note");
    assert_eq!(get(&world, Role::Operator, "/api/v1/dispositions").await.1, json!(["solved", "call back"]));
    let note = json!({ "disposition": "solved", "note": " терминал без чека " });
    let (status, kept) = send(&world, Role::Supervisor, "PUT", &route, note).await;
    assert_eq!(status, 200, "{kept}");
    assert_eq!((&kept["note"], &kept["who"]), (&json!("терминал без чека"), &json!("supervisor")));
    let (_, page) = get(&world, Role::Supervisor, "/api/v1/history/calls?q=%D1%87%D0%B5%D0%BA%D0%B0").await;
    assert_eq!(page["calls"][0]["disposition"], "solved");
    for wrong in [json!({ "disposition": "magic" }), json!({ "note": "x".repeat(2001) }), json!({ "x": 1 })] {
        assert_eq!(send(&world, Role::Supervisor, "PUT", &route, wrong).await.0, 422);
    }
    let unknown = format!("/api/v1/calls/{}/note", CallId(7));
    assert_eq!(send(&world, Role::Supervisor, "PUT", &unknown, json!({ "note": "x" })).await.0, 404);
}

#[tokio::test]
async fn the_trail_of_changes_is_searched_by_who_what_and_when() {
    let world = World::start().await;
    let token = world.token(Role::Admin).await;
    for level in ["info", "debug", "warn"] {
        let body = json!({ "filter": level });
        world.ask("PUT", "/api/v1/log-level", &[("authorization", &token)], Some(&body)).await;
    }
    let (_, page) = get(&world, Role::Supervisor, "/api/v1/audit?what=log&who=admin&limit=2").await;
    assert_eq!(page["audit"].as_array().unwrap().len(), 2, "{page}");
    assert_eq!(page["audit"][0]["detail"], json!({ "filter": "warn" }));
    let next = page["next"].as_str().unwrap();
    let (_, page) = get(&world, Role::Supervisor, &format!("/api/v1/audit?what=log&cursor={next}")).await;
    assert_eq!(page["audit"][0]["detail"], json!({ "filter": "info" }));
    assert_eq!(page["next"], Value::Null);
    for none in ["who=nobody", "what=lo", "to=2020-01-01"] {
        let (_, page) = get(&world, Role::Supervisor, &format!("/api/v1/audit?{none}")).await;
        assert_eq!(page["audit"], json!([]), "{none}");
    }
}

#[tokio::test]
async fn the_charts_show_the_figures_of_the_report() {
    let world = World::start().await;
    let stay = |call: u64, waited_s: u64| Stay {
        call: CallId::new(now().0, call),
        seat: hotline::ids::SeatId(call),
        moves: 0,
        queue: "wallet".into(),
        class: hotline::class::Class::Standard,
        test: false,
        in_total: true,
        opened_at: now(),
        entered_at: now(),
        outcome: Some(StayOutcome::Connected),
        ended_at: Some(now()),
        waited: std::time::Duration::from_secs(waited_s),
        operator: None,
        silent_operator: false,
    };
    let entries: Vec<_> =
        [(1, 4), (2, 8), (3, 60)].map(|(call, waited)| Entry::Keep(Keep::Stay(stay(call, waited)))).into();
    world.store.write(&entries).await.unwrap();
    let (status, history) = get(&world, Role::Viewer, "/api/v1/history/queues?step=15m&queue=wallet").await;
    assert_eq!(status, 200, "{history}");
    let (_, report) = get(&world, Role::Viewer, "/api/v1/reports/queue?interval=15m").await;
    let lines = report["lines"].as_array().unwrap().iter().filter(|line| line["queue"] == "wallet");
    assert_eq!(history["rows"], json!(lines.collect::<Vec<_>>()));
    assert!(history["rows"].as_array().unwrap().iter().any(|row| row["connected"] == 3), "{history}");
    assert_eq!(get(&world, Role::Viewer, "/api/v1/history/queues?step=7m").await.0, 400);
}

#[tokio::test]
async fn prompts_are_listed_with_their_texts_and_can_be_heard_in_parts() {
    let world = World::start().await;
    let (status, prompts) = get(&world, Role::Viewer, "/api/v1/prompts").await;
    assert_eq!(status, 200);
    let prompts = prompts.as_array().unwrap();
    let heard = prompts.iter().find(|prompt| !prompt["files"]["ru"]["duration_ms"].is_null()).unwrap();
    let id = heard["id"].as_str().unwrap();
    let token = world.token(Role::Viewer).await;
    let route = format!("/api/v1/prompts/ru/{id}");
    let ranged = [("authorization", token.as_str()), ("range", "bytes=0-3")];
    let answer = world.ask("GET", &route, &ranged, None).await;
    assert_eq!((answer.status, answer.text().as_str()), (206, "RIFF"));
    assert!(answer.header("content-range").starts_with("bytes 0-3/"));
    for nothing in
        ["/api/v1/prompts/ru/..%2F..%2FCargo.toml", "/api/v1/prompts/de/welcome", "/api/v1/prompts/ru/no"]
    {
        assert_eq!(get(&world, Role::Viewer, nothing).await.0, 404, "{nothing}");
    }
}

#[tokio::test]
async fn a_message_is_heard_by_the_name_that_the_store_knows() {
    let world = World::start().await;
    let dir = world.dir.path().join("recordings/2026-11");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("a-1.wav"), b"RIFFsound").unwrap();
    let message = hotline::call::Message {
        call: CallId(1),
        at: now(),
        name: "2026-11/a-1".into(),
        duration_ms: 1,
        caller: CALLER.into(),
        line: "qiwi-hotline".into(),
    };
    world.store.write(&[Entry::Keep(Keep::Message(message))]).await.unwrap();
    let (_, page) = get(&world, Role::Operator, "/api/v1/messages").await;
    assert_eq!(page["messages"][0]["name"], "2026-11/a-1");
    let token = world.token(Role::Operator).await;
    let headers = [("authorization", token.as_str())];
    let answer = world.ask("GET", "/api/v1/messages/2026-11%2Fa-1/audio", &headers, None).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "RIFFsound"));
    let outside = world.ask("GET", "/api/v1/messages/..%2F..%2Fhotline.db/audio", &headers, None).await;
    assert_eq!(outside.status, 404);
}

#[tokio::test]
async fn a_subscriber_is_found_and_taken_out() {
    let world = World::start().await;
    for number in ["79161234567", "79161234568", "79250000000"] {
        let route = format!("/api/v1/subscribers/{number}");
        assert_eq!(send(&world, Role::Admin, "PUT", &route, json!({ "class": "priority" })).await.0, 200);
    }
    let (_, page) = get(&world, Role::Supervisor, "/api/v1/subscribers?number=7916&limit=1").await;
    assert_eq!(page["subscribers"][0]["number"], "79161234567");
    let next = page["next"].as_str().unwrap();
    let route = format!("/api/v1/subscribers?number=7916&cursor={next}");
    let (_, page) = get(&world, Role::Supervisor, &route).await;
    assert_eq!((&page["subscribers"][0]["number"], &page["next"]), (&json!("79161234568"), &Value::Null));
    let token = world.token(Role::Api).await;
    for status in [204, 404] {
        let answer =
            world.ask("DELETE", "/api/v1/subscribers/79161234567", &[("authorization", &token)], None).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_user_gets_a_password_that_is_shown_once_and_the_last_administrator_stays() {
    let world = World::start().await;
    let body = json!({ "name": "vera", "role": "viewer" });
    let (status, made) = send(&world, Role::Admin, "POST", "/api/v1/users", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let password = made["password"].as_str().unwrap();
    assert_eq!(send(&world, Role::Admin, "POST", "/api/v1/users", body).await.0, 409);
    let (_, users) = get(&world, Role::Admin, "/api/v1/users").await;
    assert!(!users.to_string().contains(password) && !users.to_string().contains("argon2"), "{users}");
    let login = json!({ "user": "vera", "password": password });
    let answer = world.ask("POST", "/api/v1/login", &[], Some(&login)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("password-change-required")));
    let demote = json!({ "role": "viewer" });
    let (status, problem) = send(&world, Role::Admin, "PUT", "/api/v1/users/boss", demote).await;
    assert_eq!((status, &problem["code"]), (409, &json!("not-now")));
    let raise = json!({ "role": "admin" });
    assert_eq!(send(&world, Role::Admin, "PUT", "/api/v1/users/vera", raise).await.0, 200);
    let token = world.token(Role::Admin).await;
    for (name, status) in [("boss", 204), ("boss", 404), ("vera", 409)] {
        let route = format!("/api/v1/users/{name}");
        let answer = world.ask("DELETE", &route, &[("authorization", &token)], None).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    let audit = world.store.audit(50).await.unwrap();
    assert!(audit.iter().any(|line| line.what == "user.add"));
    assert!(audit.iter().all(|line| !line.detail.values().any(|value| value == password)));
}

#[tokio::test]
async fn after_wrong_passwords_a_user_is_locked_until_somebody_unlocks_him() {
    let world = World::start().await;
    let wrong = json!({ "user": "101", "password": "not this one" });
    let right = json!({ "user": "101", "password": world::PASSWORD });
    for _ in 0..5 {
        assert_eq!(world.ask("POST", "/api/v1/login", &[], Some(&wrong)).await.status, 401);
    }
    assert_eq!(world.ask("POST", "/api/v1/login", &[], Some(&right)).await.status, 429, "even the right one");
    let (_, users) = get(&world, Role::Admin, "/api/v1/users").await;
    let locked = users.as_array().unwrap().iter().find(|user| user["name"] == "101").unwrap();
    assert!(locked["locked_until"].is_string(), "{users}");
    let unlock = json!({ "unlock": true });
    assert_eq!(send(&world, Role::Admin, "PUT", "/api/v1/users/101", unlock).await.0, 200);
    assert_eq!(world.ask("POST", "/api/v1/login", &[], Some(&right)).await.status, 200);
}

#[tokio::test]
async fn a_token_is_shown_once_and_does_no_more_than_its_scopes() {
    let world = World::start().await;
    let body =
        json!({ "name": "crm", "role": "admin", "scopes": ["tickets:write", "tokens:write", "calls:read"] });
    let (status, made) = send(&world, Role::Admin, "POST", "/api/v1/tokens", body).await;
    assert_eq!(status, 201, "{made}");
    let secret = format!("Bearer {}", made["token"].as_str().unwrap());
    let headers = [("authorization", secret.as_str())];
    for (method, route, status) in [
        ("GET", "/api/v1/calls", 200),
        ("GET", "/api/v1/tickets", 200),
        ("GET", "/api/v1/users", 403),
        ("GET", "/api/v1/queues", 403),
        ("DELETE", &*format!("/api/v1/calls/{CALL}"), 403),
        ("POST", "/api/v1/drain", 403),
    ] {
        let answer = world.ask(method, route, &headers, None).await;
        assert_eq!(answer.status, status, "{method} {route}: {}", answer.text());
    }
    for (scopes, status) in [
        (json!(["tickets:read"]), 201),
        (json!(["queues:read"]), 403),
        (json!(["calls:write"]), 403),
        (Value::Null, 403),
    ] {
        let body = json!({ "name": "more", "role": "admin", "scopes": scopes });
        let answer = world.ask("POST", "/api/v1/tokens", &headers, Some(&body)).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let strange = json!({ "name": "x", "role": "api", "scopes": ["moon:read"] });
    assert_eq!(send(&world, Role::Admin, "POST", "/api/v1/tokens", strange).await.0, 422);
    let (_, tokens) = get(&world, Role::Admin, "/api/v1/tokens").await;
    assert!(!tokens.to_string().contains(made["token"].as_str().unwrap()));
    let (admin, route) =
        (world.token(Role::Admin).await, format!("/api/v1/tokens/{}", made["id"].as_str().unwrap()));
    assert_eq!(world.ask("DELETE", &route, &[("authorization", &admin)], None).await.status, 204);
    assert_eq!(world.ask("GET", "/api/v1/calls", &headers, None).await.status, 401, "it is dead at once");
}

/// A mail server of a few lines: takes one letter after another and hands them out.
async fn mail_server() -> (Mailer, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (letters_in, letters) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test\r\n").await.unwrap();
            let (mut letter, mut in_data) = (String::new(), false);
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match (in_data, line.as_str()) {
                    (true, ".") => {
                        in_data = false;
                        letters_in.send(std::mem::take(&mut letter)).await.unwrap();
                        "250 taken\r\n"
                    }
                    (true, _) => {
                        letter.push_str(&line);
                        letter.push('\n');
                        continue;
                    }
                    (false, "DATA") => {
                        in_data = true;
                        "354 go on\r\n"
                    }
                    (false, line) if line.contains("refused@") => "550 nobody here\r\n",
                    (false, "QUIT") => "221 bye\r\n",
                    (false, _) => "250 ok\r\n",
                };
                if write.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    let from = "hotline@example.org".to_string();
    let options = MailOptions { host: "127.0.0.1".into(), port, tls: MailTls::Off, credentials: None, from };
    (Mailer::new(&options).unwrap(), letters)
}

async fn ticket(world: &World, fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let ticket =
        NewTicket { call: CallId(5), at: now(), caller: CALLER.into(), topic: "terminal".into(), fields };
    world.store.open_ticket(ticket).await.unwrap()
}

#[tokio::test]
async fn a_letter_goes_to_the_applicant_and_the_ticket_waits_for_him() {
    let (mailer, mut letters) = mail_server().await;
    let world = World::start_with(|papers| papers.mailer = Some(mailer)).await;
    let id = ticket(&world, &[("email", "anna@example.org")]).await;
    let route = format!("/api/v1/tickets/{id}/reply");
    let letter = json!({ "subject": "Your terminal", "text": "Please send the receipt." });
    let (status, view) = send(&world, Role::Operator, "POST", &route, letter).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(view["status"], "waiting");
    assert_eq!(
        (&view["events"][0]["kind"], &view["events"][0]["who"]),
        (&json!("reply"), &json!("operator"))
    );
    let letter = letters.recv().await.unwrap();
    assert!(letter.contains("To: anna@example.org"), "{letter}");
    assert!(letter.contains(&format!("Subject: Your terminal [{id}]")), "{letter}");
    assert!(letter.contains("Please send the receipt.") && letter.contains(&format!("-- {id}")), "{letter}");
    for wrong in [
        json!({ "subject": "a\nBcc: all@example.org", "text": "x" }),
        json!({ "subject": "", "text": "x" }),
        json!({ "subject": "x", "text": " " }),
    ] {
        assert_eq!(send(&world, Role::Operator, "POST", &route, wrong).await.0, 422);
    }
    let refused = ticket(&world, &[("email", "refused@example.org")]).await;
    let letter = json!({ "subject": "x", "text": "y" });
    let route = format!("/api/v1/tickets/{refused}/reply");
    let (status, problem) = send(&world, Role::Operator, "POST", &route, letter).await;
    assert_eq!((status, &problem["code"]), (502, &json!("mail-away")));
    assert_eq!(get(&world, Role::Operator, &format!("/api/v1/tickets/{refused}")).await.1["status"], "open");
}

#[tokio::test]
async fn a_ticket_is_worked_on_and_its_history_says_by_whom() {
    let world = World::start().await;
    let (one, other) = (ticket(&world, &[]).await, ticket(&world, &[]).await);
    let route = format!("/api/v1/tickets/{one}");
    let change = json!({ "status": "done", "note": "the money came" });
    let (status, view) = send(&world, Role::Operator, "PUT", &route, change).await;
    assert_eq!((status, &view["status"]), (200, &json!("done")), "{view}");
    let kinds: Vec<_> =
        view["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["status", "note"]);
    let (_, page) = get(&world, Role::Api, "/api/v1/tickets?status=open").await;
    assert_eq!(page["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(page["tickets"][0]["id"], json!(other));
    assert_eq!(get(&world, Role::Api, "/api/v1/tickets?status=lost").await.0, 400);
    assert_eq!(get(&world, Role::Api, "/api/v1/tickets/999").await.0, 404);
    assert_eq!(send(&world, Role::Api, "PUT", &route, json!({})).await.0, 422);
    let letter = json!({ "subject": "x", "text": "y" });
    let (status, _) = send(&world, Role::Api, "POST", &format!("{route}/reply"), letter).await;
    assert_eq!(status, 409, "nobody knows his address");
    world.store.forget_before(Wall(Clock::wall().0 + 1)).await.unwrap();
    assert_eq!(get(&world, Role::Api, &route).await.0, 404, "forgotten in time, with its history");
}

/// Takes requests and answers each with the next of these statuses; hands out head and body.
async fn receiver(statuses: &'static [u16]) -> (String, tokio::sync::mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (got_in, got) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        for status in statuses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap();
                bytes.extend_from_slice(&piece[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.to_lowercase();
                let length = length.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
                if body.len() >= length.parse::<usize>().unwrap() {
                    break (head.to_string(), body.to_string());
                }
            };
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            got_in.send((head, body)).await.unwrap();
        }
    });
    (url, got)
}

#[tokio::test]
async fn a_webhook_is_told_signed_and_what_became_of_it_is_shown() {
    let world = World::start().await;
    let (url, mut got) = receiver(&[204]).await;
    let body = json!({ "url": url, "events": ["call.ended"] });
    let (status, made) = send(&world, Role::Admin, "POST", "/api/v1/webhooks", body).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().unwrap();
    let call = world.keep_ended_call(CALLER).await;
    // The same record once more is no second event.
    let record = world.store.call(call).await.unwrap().unwrap().record;
    world.store.write(&[Entry::Keep(Keep::Call(Box::new(record)))]).await.unwrap();
    ticket(&world, &[]).await;
    hotline::server::deliver(world.store.clone(), world.outbound.clone());
    let (head, body) = got.recv().await.unwrap();
    let header = |name: &str| {
        let found = head.lines().find(|line| line.to_lowercase().starts_with(name));
        found.unwrap().split_once(": ").unwrap().1.to_string()
    };
    assert_eq!(header("webhook-id"), format!("call.ended.{call}"));
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    assert_eq!(header("webhook-signature"), format!("v1,{}", hmac_of(secret, &signed)));
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["type"], &told["data"]["result"]), (&json!("call.ended"), &json!("abandoned")));
    assert!(!body.contains(CALLER), "{body}");
    let route = format!("/api/v1/webhooks/{}/deliveries", made["id"]);
    let deliveries = loop {
        let (_, page) = get(&world, Role::Admin, &route).await;
        if page["deliveries"][0]["state"] == "delivered" {
            break page;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(deliveries["deliveries"].as_array().unwrap().len(), 1, "{deliveries}");
    assert_eq!(deliveries["deliveries"][0]["status"], 204);
    let (_, list) = get(&world, Role::Admin, "/api/v1/webhooks").await;
    assert!(!list.to_string().contains(secret), "{list}");
}

fn hmac_of(secret: &str, text: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{KeyInit, Mac};
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_receiver_that_fails_is_told_again_later_and_one_that_is_gone_never() {
    let world = World::start().await;
    let (failing, mut failed) = receiver(&[500]).await;
    let (gone, mut went) = receiver(&[410]).await;
    let mut ids = Vec::new();
    for url in [failing, gone] {
        let body = json!({ "url": url, "events": ["*"] });
        ids.push(send(&world, Role::Admin, "POST", "/api/v1/webhooks", body).await.1["id"].clone());
    }
    ticket(&world, &[]).await;
    hotline::server::deliver(world.store.clone(), world.outbound.clone());
    failed.recv().await.unwrap();
    went.recv().await.unwrap();
    let state = async |id: &Value, wanted: &str| loop {
        let (_, page) = get(&world, Role::Admin, &format!("/api/v1/webhooks/{id}/deliveries")).await;
        let delivery = page["deliveries"][0].clone();
        if delivery["attempts"] == 1 {
            assert_eq!(delivery["state"], wanted, "{delivery}");
            return delivery;
        }
        tokio::task::yield_now().await;
    };
    let again = state(&ids[0], "pending").await;
    assert_eq!((&again["status"], &again["error"]), (&json!(500), &json!("status 500")));
    assert!(again["next_at"].is_string());
    state(&ids[1], "dropped").await;
    let (_, list) = get(&world, Role::Admin, "/api/v1/webhooks").await;
    assert_eq!((&list[0]["active"], &list[0]["pending"]), (&json!(true), &json!(1)));
    assert_eq!(
        (&list[1]["active"], &list[1]["off_because"]),
        (&json!(false), &json!("the receiver answered 410"))
    );
}

#[tokio::test]
async fn a_webhook_into_the_house_is_refused() {
    let outbound = hotline::outbound::Outbound::new(hotline::outbound::Options::default()).unwrap();
    let world = World::start_with(|papers| papers.outbound = Some(outbound)).await;
    for url in
        ["http://127.0.0.1/x", "http://[::1]/", "http://169.254.169.254/latest", "ftp://example.org/", "x"]
    {
        let body = json!({ "url": url, "events": ["*"] });
        let (status, problem) = send(&world, Role::Admin, "POST", "/api/v1/webhooks", body).await;
        assert_eq!(status, 422, "{url}: {problem}");
    }
    let body = json!({ "url": "https://example.org/", "events": ["moon.rises"] });
    assert_eq!(send(&world, Role::Admin, "POST", "/api/v1/webhooks", body).await.0, 422);
}

#[tokio::test]
async fn the_document_of_the_api_tells_every_route_of_the_table() {
    let world = World::start().await;
    assert_eq!(hotline::web::openapi::gaps(&world.state), Vec::<String>::new());
    let (status, document) = get(&world, Role::Viewer, "/api/v1/openapi.json").await;
    assert_eq!(status, 200);
    let mut told = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            told.insert((method.to_uppercase(), path.clone()));
            assert!(operation["summary"].is_string(), "{method} {path}");
            let in_path = path.matches('{').count();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(named, in_path, "{method} {path}");
        }
    }
    let table: std::collections::BTreeSet<_> = hotline::web::routes(&world.state)
        .into_iter()
        .filter(|(_, path, _)| path.starts_with("/api/"))
        .map(|(method, path, _)| (method.to_string(), path.to_string()))
        .collect();
    assert_eq!(told, table);
    // Every reference leads to a schema.
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn a_callers_recordings_are_heard_and_removed_at_his_request() {
    let world = World::start().await;
    let dir = world.dir.path().join("recordings/2026-11");
    std::fs::create_dir_all(&dir).unwrap();
    for (n, caller) in [(1, CALLER), (2, CALLER), (3, "79250000000")] {
        std::fs::write(dir.join(format!("t-{n}.wav")), b"RIFFtalk").unwrap();
        let talk = hotline::call::TalkRecord {
            name: format!("2026-11/t-{n}"),
            call: CallId(n),
            started_at: now(),
            duration_ms: 1000,
            channels: 2,
            caller: caller.into(),
            operator: Some("101".into()),
            queue: Some("wallet".into()),
        };
        world.store.write(&[Entry::Keep(Keep::Recording(talk))]).await.unwrap();
    }
    let (_, page) = get(&world, Role::Supervisor, "/api/v1/recordings?number=89161234567").await;
    assert_eq!(page["recordings"].as_array().unwrap().len(), 2, "{page}");
    let token = world.token(Role::Supervisor).await;
    let headers = [("authorization", token.as_str()), ("range", "bytes=4-")];
    let answer = world.ask("GET", "/api/v1/recordings/2026-11%2Ft-1/audio", &headers, None).await;
    assert_eq!((answer.status, answer.text().as_str()), (206, "talk"));
    let token = world.token(Role::Admin).await;
    let headers = [("authorization", token.as_str())];
    for wrong in ["number=89161234567", "reason=x", "number=89161234567&reason=%20", "number=a&reason=x"] {
        let answer = world.ask("DELETE", &format!("/api/v1/recordings?{wrong}"), &headers, None).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
    let route = "/api/v1/recordings?number=89161234567&reason=he%20asked";
    let answer = world.ask("DELETE", route, &headers, None).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "removed": 2 })));
    assert!(!dir.join("t-1.wav").exists() && !dir.join("t-2.wav").exists() && dir.join("t-3.wav").exists());
    let (_, page) = get(&world, Role::Supervisor, "/api/v1/recordings").await;
    assert_eq!(page["recordings"].as_array().unwrap().len(), 1);
    let (_, trail) = get(&world, Role::Supervisor, "/api/v1/audit?what=recording.remove").await;
    let detail = &trail["audit"][0]["detail"];
    assert_eq!((&detail["removed"], &detail["reason"]), (&json!("2"), &json!("he asked")));
    assert_eq!(detail["number"], "+7916***4567");
}
