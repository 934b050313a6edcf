//! Calls in virtual time through small flows, one situation each.
use super::*;

const MENU: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: welcome}
steps:
  welcome:
    play: {say: [welcome], next: main}
  main:
    menu:
      say: [main_menu]
      short: [main_menu_short]
      keys: {"1": one, "2": two, star: repeat, "0": main}
      invalid: {say: [no_such_item], go: repeat}
      timeout: {say: [nothing_pressed], go: repeat}
      exhausted: two
  one:
    menu: {say: [one_menu], keys: {"5": bye}, invalid: repeat, timeout: repeat, exhausted: bye}
  two:
    play: {say: [second], barge_in: false, next: three}
  three:
    menu: {say: [three_menu], keys: {"5": bye}, invalid: repeat, timeout: {say: [sorry], go: bye}, exhausted: bye}
  bye:
    hangup: {}
"#;

#[test]
fn a_menu_is_heard_and_a_key_chooses() {
    let mut call = Call::started(MENU);
    assert_eq!(call.said(), ["welcome"]);
    call.heard();
    assert_eq!((call.step().as_str(), call.said()), ("main", vec!["main_menu".to_string()]));
    call.press("1");
    assert_eq!((call.step().as_str(), call.said()), ("one", vec!["one_menu".to_string()]));
    call.heard();
    call.press("5");
    assert_eq!(call.hangup(), Some(Cause::Normal));
    assert!(call.interpreter.has_ended());
}

#[test]
fn keys_typed_ahead_skip_what_they_answer() {
    let mut call = Call::started(MENU);
    call.press("1");
    assert_eq!(
        (call.step().as_str(), call.said()),
        ("one", vec!["one_menu".to_string()]),
        "no main menu was heard"
    );
    call.press("5");
    assert_eq!(call.hangup(), Some(Cause::Normal));
}

#[test]
fn keys_typed_ahead_end_at_a_text_that_must_be_heard() {
    let mut call = Call::started(MENU);
    call.press("25");
    assert_eq!((call.step().as_str(), call.said()), ("two", vec!["second".to_string()]));
    call.press("5");
    assert_eq!(call.step(), "two", "the text is heard to its end");
    call.heard();
    assert_eq!((call.step().as_str(), call.said()), ("three", vec!["three_menu".to_string()]));
}

#[test]
fn keys_typed_behind_a_wrong_one_are_dropped() {
    let text = r#"
flow: line
entry: {number: "8-800-000-00-01", start: look}
steps:
  look: {lookup: {agent: {id: "'1'"}, next: main, not_found: main, on_error: main}}
  main: {menu: {say: [main_menu], keys: {"1": one}, invalid: {say: [no_such_item], go: repeat}, timeout: repeat, exhausted: end}}
  one: {menu: {say: [one_menu], keys: {"5": end}, invalid: repeat, timeout: repeat, exhausted: end}}
  end: {hangup: {}}
"#;
    for (keys, step, said) in [("1", "one", "one_menu"), ("91", "main", "no_such_item"), ("15", "end", "")] {
        let mut call = Call::started(text);
        call.press(keys);
        assert_eq!(call.step(), "look", "kept for the next input");
        let request = call.last_request();
        call.tell(Event::NotFound { request });
        assert_eq!((call.step().as_str(), call.said().concat().as_str()), (step, said), "{keys}");
    }
}

#[test]
fn the_short_text_is_for_the_second_hearing() {
    let mut call = Call::started(MENU);
    call.heard();
    call.press("*");
    assert_eq!(call.said(), ["main_menu_short"]);
    call.press("0");
    assert_eq!(call.said(), ["main_menu_short"]);
}

#[test]
fn the_first_key_is_waited_for_from_the_end_of_the_text() {
    let mut call = Call::started(MENU);
    call.heard();
    call.pass(Duration::from_secs(60));
    assert_eq!(call.says(), 2, "nothing happens while the menu is still being said");
    call.heard();
    call.pass(Duration::from_millis(6_999));
    assert_eq!(call.says(), 2);
    call.pass(Duration::from_millis(1));
    assert_eq!(call.said(), ["nothing_pressed"]);
}

#[test]
fn repeat_bounds_the_attempts_of_a_silent_caller() {
    let mut call = Call::started(MENU);
    call.heard();
    for _ in 0..2 {
        call.heard();
        call.pass(Duration::from_secs(7));
        assert_eq!(call.said(), ["nothing_pressed"]);
        call.heard();
        assert_eq!(call.step(), "main");
    }
    call.heard();
    call.pass(Duration::from_secs(7));
    assert_eq!((call.step().as_str(), call.said()), ("two", vec!["second".to_string()]));
}

#[test]
fn a_fault_may_lead_elsewhere() {
    let mut call = Call::started(MENU);
    call.press("2");
    call.heard();
    call.heard();
    call.pass(Duration::from_secs(7));
    assert_eq!(call.said(), ["sorry"]);
    assert_eq!(call.hangup(), None);
    call.heard();
    assert_eq!(call.hangup(), Some(Cause::Normal));
}

const COLLECT: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: ask}
settings: {digits: 4..6}
steps:
  ask:
    collect: {say: [enter], save: code, digits: settings.digits, check: vars.code != "0000", next: again, failed: sorry}
  again:
    collect: {say: [enter_again], save: number, digits: 4, confirm: true, next: pin, failed: sorry}
  pin:
    collect: {say: [enter_pin], save: pin, digits: 4, secret: true, next: tell, failed: sorry}
  tell:
    play: {say: [thanks, {digits: vars.number}], next: bye}
  sorry:
    play: {say: [sorry], next: bye}
  bye:
    hangup: {}
"#;

#[test]
fn digits_end_by_key_by_number_or_by_a_pause() {
    let mut call = Call::started(COLLECT);
    call.press("1234#");
    assert_eq!(call.step(), "again", "by the end key");

    let mut call = Call::started(COLLECT);
    call.press("123456");
    assert_eq!(call.step(), "again", "by their number");

    let mut call = Call::started(COLLECT);
    call.press("12345");
    call.pass(Duration::from_millis(2_999));
    assert_eq!(call.step(), "ask");
    call.pass(Duration::from_millis(1));
    assert_eq!(call.step(), "again", "by a pause");
}

#[test]
fn an_end_key_from_habit_does_not_answer_the_next_question() {
    let mut call = Call::started(COLLECT);
    call.press("123456#");
    assert_eq!((call.step().as_str(), call.said()), ("again", vec!["enter_again".to_string()]));
    call.press("1234#");
    let said = call.said();
    assert_eq!((said[0].as_str(), said[2].as_str()), (prompt::YOU_ENTERED, prompt::CONFIRM_KEYS));
    call.press("1");
    assert_eq!(call.step(), "pin");
    // Later the same key is a key again.
    call.pass(Duration::from_secs(4));
    call.press("#");
    assert_eq!(call.step(), "pin");
}

#[test]
fn what_is_read_back_may_be_typed_anew() {
    let mut call = Call::started(COLLECT);
    call.press("1234#");
    call.press("5678");
    call.press("2");
    assert_eq!(call.said(), ["enter_again"]);
    call.press("4321");
    call.heard();
    call.press("1");
    assert_eq!(call.step(), "pin");
    assert_eq!(call.interpreter.var("number").map(hotline::flow::Var::text).as_deref(), Some("4321"));
}

#[test]
fn wrong_inputs_lead_to_the_failure_edge() {
    let mut call = Call::started(COLLECT);
    call.press("12#");
    assert_eq!(call.said(), [prompt::WRONG_INPUT, "enter"], "too short");
    call.press("0000#");
    assert_eq!(call.said(), [prompt::WRONG_INPUT, "enter"], "refused by its check");
    call.press("#");
    assert_eq!((call.step().as_str(), call.said()), ("sorry", vec!["sorry".to_string()]));
}

#[test]
fn a_secret_leaves_only_its_length() {
    let mut call = Call::started(COLLECT);
    call.press("1234#");
    call.press("1234");
    call.press("1");
    call.press("98");
    let half = serde_json::to_string(&call.interpreter).unwrap();
    call.press("76");
    assert!(call.has(|effect| matches!(effect, Effect::SecretTaken { count: 4 })));
    assert_eq!(call.step(), "tell");
    let kept = serde_json::to_string(&call.interpreter).unwrap();
    assert!(!kept.contains("9876") && !half.contains("98"), "{half}");
    assert!(!format!("{:?} {:?}", call.interpreter, call.effects).contains("9876"));
}

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
        Effect::Http { url, body, retries: 1, .. }
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

const QUEUE: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: wait}
steps:
  wait:
    queue: {name: wallet, skills: [english], while_waiting: hold, whisper: wallet, exits: {max_wait: voicemail, full: busy}, answered: thanks}
  voicemail:
    record: {say: [leave_message], save: message, next: kept, failed: busy}
  kept:
    ticket: {topic: message, fields: {message: vars.message}, next: busy, on_error: busy}
  busy:
    play: {say: [busy], next: end}
  thanks:
    play: {say: [thanks], next: end}
  end:
    hangup: {}
"#;
const HOLD: &str = r#"
flow: hold
steps:
  hold:
    menu:
      say: [please_wait, {if: queue.position > 0, say: [you_are, {ordinal: queue.position}]}]
      keys: {"1": leave, "2": news}
      every: 60s
      exhausted: stay
  news:
    play: {say: [news], next: stay}
  leave:
    record: {say: [leave_message], next: thanks, failed: thanks}
  thanks:
    play: {say: [thanks], next: end}
  end:
    hangup: {}
"#;

fn queued() -> Call {
    let mut call = Call::new(flows(&[("line.yaml", QUEUE), ("hold.yaml", HOLD)]));
    call.tell(Event::Started);
    call
}

#[test]
fn a_seat_is_taken_with_all_that_the_step_says() {
    let call = queued();
    assert!(call.has(|effect| matches!(
        effect,
        Effect::Enqueue { queue, class: Class::Standard, skills, exits, whisper }
            if queue.as_str() == "wallet" && skills.len() == 1 && whisper.is_some()
                && *exits == BTreeSet::from([QueueExit::MaxWait, QueueExit::Full])
    )));
    assert_eq!(call.said(), ["please_wait"]);
}

#[test]
fn the_wait_speaks_again_after_its_time_and_says_the_place_when_it_is_known() {
    let mut call = queued();
    call.heard();
    call.tell(Event::QueueStanding { position: 3, expected_wait: Some(Duration::from_secs(120)) });
    call.pass(Duration::from_millis(59_999));
    assert_eq!(call.says(), 1);
    call.pass(Duration::from_millis(1));
    assert_eq!(call.says(), 2);
    assert_eq!(call.said()[..2], ["please_wait", "you_are"]);
    for _ in 0..20 {
        call.heard();
        call.pass(Duration::from_secs(60));
    }
    assert_eq!(call.says(), 22, "for as long as the wait takes");
}

#[test]
fn an_operator_ends_the_talk_of_the_flow() {
    let mut call = queued();
    call.tell(Event::Connected);
    assert_eq!(call.effects.last(), Some(&Effect::Hush));
    let before = call.effects.len();
    call.press("12");
    call.pass(Duration::from_secs(600));
    assert_eq!(call.effects.len(), before, "silent while they talk");
    call.tell(Event::TalkEnded);
    assert_eq!((call.step().as_str(), call.said()), ("thanks", vec!["thanks".to_string()]));
}

#[test]
fn keys_of_the_wait_act_and_the_seat_is_kept() {
    let mut call = queued();
    call.press("2");
    assert_eq!(call.said(), ["news"]);
    call.heard();
    assert_eq!(call.step(), "hold");
    assert!(!call.has(|effect| *effect == Effect::LeaveQueue));
    call.pass(Duration::from_secs(60));
    assert_eq!(call.said(), ["please_wait"]);
}

#[test]
fn leaving_the_queue_gives_up_the_seat() {
    let mut call = queued();
    call.press("1");
    assert!(call.has(|effect| *effect == Effect::LeaveQueue));
    call.tell(Event::Connected);
    call.tell(Event::QueueExited { exit: QueueExit::MaxWait });
    assert_eq!(call.step(), "leave", "too late for both");
}

#[test]
fn an_exit_that_is_set_is_taken_and_another_says_goodbye() {
    let mut call = queued();
    call.press("9");
    call.tell(Event::QueueExited { exit: QueueExit::MaxWait });
    assert_eq!((call.step().as_str(), call.said()), ("voicemail", vec!["leave_message".to_string()]));

    let mut call = queued();
    call.tell(Event::QueueExited { exit: QueueExit::AllPaused });
    assert_eq!(call.said(), [prompt::QUEUE_GOODBYE]);
    assert_eq!(call.hangup(), None, "it is heard first");
    call.heard();
    assert_eq!(call.hangup(), Some(Cause::QueueExit));
}

#[test]
fn a_class_known_late_counts_from_then_on() {
    let mut call = Call::new(flows(&[("line.yaml", QUEUE), ("hold.yaml", HOLD)]));
    call.tell(Event::ClassKnown { class: Class::Priority, name: Some("A".into()) });
    call.tell(Event::Started);
    assert!(call.has(|effect| matches!(effect, Effect::Enqueue { class: Class::Priority, .. })));
}

#[test]
fn a_message_is_recorded_reviewed_and_kept() {
    let mut call = queued();
    call.tell(Event::QueueExited { exit: QueueExit::MaxWait });
    call.heard();
    let request = call.last_request();
    call.press("#");
    assert!(call.has(|effect| *effect == Effect::StopRecording));
    call.tell(Event::Recorded { request, name: "m1".into(), duration: Duration::from_secs(9) });
    assert_eq!(call.said(), [prompt::RECORD_REVIEW]);
    call.press("2");
    let again = call.last_request();
    assert_ne!(again, request, "recorded anew");
    call.tell(Event::Recorded { request: again, name: "m2".into(), duration: Duration::from_secs(8) });
    call.heard();
    call.pass(Duration::from_secs(7));
    assert!(call.has(|effect| matches!(effect, Effect::KeepMessage { name, .. } if name == "m2")));
    assert!(!call.has(|effect| matches!(effect, Effect::KeepMessage { name, .. } if name == "m1")));
    assert_eq!(call.step(), "kept");
}

#[test]
fn an_empty_recording_is_no_message() {
    let mut call = queued();
    call.tell(Event::QueueExited { exit: QueueExit::MaxWait });
    call.heard();
    let request = call.last_request();
    call.tell(Event::Recorded { request, name: "m1".into(), duration: Duration::from_millis(300) });
    assert_eq!(call.step(), "busy");
}

#[test]
fn a_sub_flow_gets_its_arguments_and_comes_back() {
    let line = r#"
flow: line
entry: {number: "8-800-000-00-01", start: count}
steps:
  count: {set: {n: "2", who: "'agents'", next: sub}}
  sub: {run: {flow: sub, with: {n: vars.n + 1, who: vars.who}, next: other}}
  other: {language: {to: en, next: route}}
  route: {switch: {when: [{if: vars.n > 5, go: end}], default: transfer}}
  transfer: {transfer: {to: "74950000000", failed: told}}
  told: {notify: {to: "https://hook.example", body: "failed for {{ caller.class }}", next: last}}
  last: {play: {say: [bye, {text: "{{ vars.who }}"}], next: end}}
  end: {hangup: {cause: normal}}
"#;
    let sub = r#"
flow: sub
args: {n: number, who: text}
steps:
  say: {play: {say: [{number: vars.n, gender: feminine}, {text: "{{ vars.who }}"}], next: note}}
  note: {consent: {say: [notice], next: back}}
  back: {return: {}}
"#;
    let mut call = Call::new(flows(&[("line.yaml", line), ("sub.yaml", sub)]));
    call.tell(Event::Started);
    assert!(call.has(|effect| matches!(
        effect,
        Effect::Say { items, language: Language::Ru, .. }
            if matches!(items.as_slice(), [Item::Number { value: 3, .. }, Item::Text(text)] if text == "agents")
    )));
    call.press("1");
    assert_eq!(call.said(), ["notice"], "a notice is heard in full");
    call.press("#");
    assert!(call.has(|effect| *effect == Effect::RefuseRecording));
    assert!(call.has(|effect| matches!(effect, Effect::Transfer { to, .. } if to == "74950000000")));
    call.tell(Event::TransferFailed);
    assert!(
        call.has(|effect| matches!(effect, Effect::Notify { body, .. } if body == "failed for standard"))
    );
    assert!(call.has(|effect| matches!(effect, Effect::Say { language: Language::En, .. })));
    call.heard();
    assert_eq!(call.hangup(), Some(Cause::Normal));
}

#[test]
fn an_expression_that_fails_takes_the_failure_edge() {
    let text = r#"
flow: line
entry: {number: "8-800-000-00-01", start: ask}
steps:
  ask: {http: {get: "https://a.example", save: {x: /x}, next: by, on_error: end}}
  by: {switch: {value: vars.x / 2, cases: {"1": end}, default: sorry}}
  sorry: {play: {say: [sorry, {count: vars.x, noun: minute}], next: look}}
  look: {lookup: {agent: {id: vars.x / 2}, next: end, not_found: end, on_error: last}}
  last: {play: {say: [last], next: end}}
  end: {hangup: {}}
"#;
    let mut call = Call::started(text);
    let request = call.last_request();
    call.tell(Event::HttpReply { request, status: 200, body: serde_json::json!({"x": "text"}) });
    assert_eq!(call.said(), ["sorry"], "what cannot be counted is left out");
    call.heard();
    assert_eq!(call.said(), ["last"]);
}

#[test]
fn opening_hours_branch() {
    let text = r#"
flow: line
entry: {number: "8-800-000-00-01", start: hours}
steps:
  hours: {hours: {calendar: office, open: end, closed: sorry}}
  sorry: {play: {say: [sorry], next: end}}
  end: {hangup: {}}
"#;
    let call = Call::started(text);
    assert_eq!(call.hangup(), Some(Cause::Normal), "this office is always open");
}

#[test]
fn a_call_survives_being_written_and_read() {
    let mut call = queued();
    call.heard();
    let kept = serde_json::to_string(&call.interpreter).unwrap();
    call.interpreter = serde_json::from_str(&kept).unwrap();
    call.pass(Duration::from_secs(60));
    assert_eq!(call.says(), 2);
    call.tell(Event::Connected);
    call.tell(Event::TalkEnded);
    assert_eq!(call.step(), "thanks");
}

#[test]
fn a_set_knows_its_lines_and_its_hash_follows_its_files() {
    let set = flow(MENU);
    let number = hotline::number::Number::parse("+7 800 000-00-01").unwrap();
    let line = set.line(&number).expect("the line");
    assert_eq!((line.flow.as_str(), line.start.as_str(), line.language), ("line", "welcome", Language::Ru));
    assert_eq!(set.hash(), flow(MENU).hash());
    assert_ne!(set.hash(), flow(&MENU.replace("second", "other")).hash());
    assert!(set.flow_named(&FlowName::from("line")).is_some());
}

#[test]
fn a_split_is_the_same_for_the_same_caller() {
    let text = r#"
flow: line
entry: {number: "8-800-000-00-01", start: split}
settings: {office: "Большая, 1"}
steps:
  split: {split: {arms: {old: {share: 50, go: one}, new: {share: 50, go: two}}}}
  one: {play: {say: [one, {text: "Адрес: {{ settings.office }}"}], next: end}}
  two: {play: {say: [two, {text: "{{ caller.name }}"}, {text: "Constant"}], next: end}}
  end: {hangup: {}}
"#;
    let steps: BTreeSet<String> = (0..5).map(|_| Call::started(text).step()).collect();
    assert_eq!(steps.len(), 1);
    let texts = flow(text).texts();
    let texts: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["Constant", "Адрес: Большая, 1"], "what prompts build has to record");
}
