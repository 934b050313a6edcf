//! Answers from outside: the store, services, tickets; quick ones, slow ones and none.
use super::*;

const ASK: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: look}
steps:
  look:
    lookup: {payment: {number: "'1000000001'"}, save: {status: status, amount: amount}, filler: [checking], next: known, not_found: missing, on_error: failed}
  known:
    switch: {value: vars.status, cases: {done: done, processing: failed}, default: failed}
  done:
    play: {say: [status_done, {money: vars.amount}], next: web}
  web:
    http:
      post: "https://crm.example/{{ caller.number }}"
      headers: {Content-Type: application/json}
      body: '{"class": "{{ caller.class }}"}'
      save: {mood: /customer/mood}
      on_status: {404: missing}
      next: case
      on_error: failed
  case:
    ticket: {topic: payment, fields: {mood: vars.mood}, save: ticket, next: said, on_error: failed}
  said:
    play: {say: [ticket_opened, {digits: vars.ticket}], next: end}
  missing:
    play: {say: [missing], next: end}
  failed:
    play: {say: [failed], next: end}
  end:
    hangup: {}
"#;

fn row(status: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("status".into(), status.into()), ("amount".into(), "1500.00".into())])
}

#[test]
fn a_quick_answer_needs_no_filler() {
    let mut call = Call::started(ASK);
    assert!(call.has(|effect| matches!(
        effect,
        Effect::Lookup { what: Lookup::Payment { number, .. }, timeout, .. }
            if number == "1000000001" && *timeout == Duration::from_secs(2)
    )));
    call.pass(Duration::from_millis(500));
    let request = call.last_request();
    call.tell(Event::Found { request, row: row("done") });
    assert_eq!(call.step(), "done");
    assert_eq!(call.says(), 1);
    assert!(call.has(|effect| matches!(
        effect, Effect::Say { items, .. } if items.contains(&Item::Money { kopecks: 150_000 })
    )));
}

#[test]
fn a_slow_answer_is_covered_within_a_second() {
    let mut call = Call::started(ASK);
    call.pass(Duration::from_millis(999));
    assert_eq!(call.said(), ["checking"]);
    let request = call.last_request();
    call.tell(Event::NotFound { request });
    assert_eq!(call.said(), ["missing"]);
}

#[test]
fn no_answer_is_a_failure_and_a_late_one_is_ignored() {
    let mut call = Call::started(ASK);
    let request = call.last_request();
    call.pass(Duration::from_secs(3));
    assert_eq!((call.step().as_str(), call.said()), ("failed", vec!["failed".to_string()]));
    call.tell(Event::Found { request, row: row("done") });
    assert_eq!(call.step(), "failed");
}

#[test]
fn a_service_is_asked_and_its_answer_kept() {
    let mut call = Call::started(ASK);
    let request = call.last_request();
    call.tell(Event::Found { request, row: row("done") });
    call.heard();
    assert!(call.has(|effect| matches!(
        effect,
        Effect::Http { ask: HttpRequest { url, body, retries: 1, .. }, .. }
            if url == "https://crm.example/79161234567" && body.as_deref() == Some(r#"{"class": "standard"}"#)
    )));
    let request = call.last_request();
    call.tell(Event::HttpReply {
        request,
        status: 200,
        body: serde_json::json!({"customer": {"mood": "good"}}),
    });
    assert!(call.has(|effect| matches!(
        effect, Effect::OpenTicket { topic, fields, .. } if topic == "payment" && fields["mood"] == "good"
    )));
    let request = call.last_request();
    call.tell(Event::TicketOpened { request, number: "1042".into() });
    assert!(call.has(|effect| matches!(
        effect, Effect::Say { items, .. } if items.contains(&Item::Digits("1042".into()))
    )));
}

#[test]
fn every_other_answer_of_a_service_has_its_edge() {
    for (status, body, step) in [
        (404, serde_json::json!({}), "missing"),
        (500, serde_json::json!({}), "failed"),
        (200, serde_json::json!({"customer": {}}), "failed"),
        (200, serde_json::json!({"customer": {"mood": ["list"]}}), "failed"),
    ] {
        let mut call = Call::started(ASK);
        let request = call.last_request();
        call.tell(Event::Found { request, row: row("done") });
        call.heard();
        let request = call.last_request();
        call.tell(Event::HttpReply { request, status, body: body.clone() });
        assert_eq!(call.step(), step, "{status} {body}");
    }
}

#[test]
fn without_a_filler_silence_is_bounded_too() {
    let mut call = Call::started(ASK);
    let request = call.last_request();
    call.tell(Event::Found { request, row: row("done") });
    call.heard();
    call.pass(Duration::from_secs(3));
    assert_eq!(call.said(), [prompt::PLEASE_WAIT]);
}
