//! Waiting for a person: seats, the sub-flow of the wait, exits, talks, and the message instead.
use super::*;

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
      say: [please_wait, {if: queue.position > 0, say: [you_are, {ordinal: queue.position}]}, {standing: wait}]
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
    // Where the seat stands is known a moment later.
    call.pass(Duration::ZERO);
    call
}

fn stands(position: u32, wait_s: u64) -> Standing {
    Standing { position, expected_wait: Some(Duration::from_secs(wait_s)), ..Standing::default() }
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
    call.tell(Event::QueueStanding(stands(3, 120)));
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
fn nothing_is_said_while_it_has_to_be_quiet_and_keys_act_nevertheless() {
    let mut call = Call::new(flows(&[("line.yaml", QUEUE), ("hold.yaml", HOLD)]));
    call.tell(Event::Started);
    call.tell(Event::QueueStanding(Standing { is_quiet: true, ..stands(1, 200) }));
    call.pass(Duration::from_secs(100));
    assert_eq!(call.says(), 0);
    call.tell(Event::QueueStanding(stands(1, 200)));
    call.pass(Duration::from_secs(1));
    assert_eq!(call.said()[..2], ["please_wait", "you_are"]);
    call.tell(Event::QueueStanding(Standing { is_quiet: true, ..stands(1, 200) }));
    call.press("2");
    assert_eq!(call.said(), ["news"]);
}

#[test]
fn the_queue_says_how_often_where_the_menu_does_not_and_zero_is_never() {
    let hold = HOLD.replace("      every: 60s\n", "");
    let mut call = Call::new(flows(&[("line.yaml", QUEUE), ("hold.yaml", &hold)]));
    call.tell(Event::Started);
    let every = |every| Event::QueueStanding(Standing { every: Some(every), ..stands(1, 200) });
    call.tell(every(Duration::from_secs(20)));
    call.pass(Duration::ZERO);
    call.heard();
    call.pass(Duration::from_secs(20));
    assert_eq!(call.says(), 2);
    call.tell(every(Duration::ZERO));
    call.heard();
    call.pass(Duration::from_secs(3600));
    assert_eq!(call.says(), 2);
    call.press("2");
    assert_eq!(call.said(), ["news"], "the menu of the wait is there without a word");
}

#[test]
fn the_wait_is_said_as_a_range_and_only_when_it_is_news() {
    let mut call = queued();
    let mut waits = |wait_s: u64| {
        call.heard();
        call.tell(Event::QueueStanding(stands(3, wait_s)));
        call.pass(Duration::from_secs(60));
        call.said()[3..].to_vec()
    };
    let range = |from: i64| format!("Range {{ from: {from}, to: {}, noun: Minute }}", from + 1);
    assert_eq!(waits(170), [prompt::EXPECTED_WAIT.to_string(), range(2)]);
    assert_eq!(waits(160), [""; 0]);
    assert_eq!(waits(290), [""; 0]);
    assert_eq!(waits(295), [prompt::WAIT_GREW.to_string(), range(4)]);
    assert_eq!(waits(50), [prompt::EXPECTED_WAIT_SHORT]);
    assert_eq!(waits(20), [""; 0]);
}

const CALLBACK: &str = r#"
flow: hold
steps:
  hold:
    menu: {say: [please_wait], keys: {"1": ask}, exhausted: stay}
  ask:
    switch: {when: [{if: queue.callback, go: call_me}], default: stay}
  call_me:
    callback: {next: thanks, failed: sorry}
  thanks:
    play: {say: [thanks], next: end}
  sorry:
    play: {say: [busy], next: stay}
  end:
    hangup: {}
"#;

fn may_be_called_back(caller: &str) -> Call {
    let flows = flows(&[("line.yaml", QUEUE), ("hold.yaml", CALLBACK)]);
    let line = flows.lines().next().unwrap().flow.clone();
    let facts = Facts { caller: caller.into(), ..facts() };
    let mut call = Call::new(flows);
    call.interpreter = Interpreter::new(&call.flows, &line, facts, 7).unwrap();
    call.interpreter.offer_callback(true);
    call.tell(Event::Started);
    call.pass(Duration::ZERO);
    call.press("1");
    call
}

fn wanted(call: &Call) -> Option<String> {
    call.effects.iter().find_map(|effect| match effect {
        Effect::Callback { number } => Some(number.as_str().to_string()),
        _ => None,
    })
}

#[test]
fn a_callback_reads_the_number_back_and_wants_a_key() {
    let mut call = may_be_called_back("79161234567");
    assert_eq!(call.said()[0], prompt::CALLBACK_NUMBER);
    assert_eq!(call.said()[1], r#"Digits("89161234567")"#, "as people say it");
    assert_eq!(wanted(&call), None);
    call.press("1");
    assert_eq!(wanted(&call).as_deref(), Some("79161234567"));
    call.tell(Event::CallbackKept);
    assert_eq!((call.step().as_str(), call.said()), ("thanks", vec!["thanks".to_string()]));
    assert!(!call.has(|effect| *effect == Effect::LeaveQueue), "the seat is kept");
    call.tell(Event::Connected);
    call.heard();
    assert_eq!(call.hangup(), Some(Cause::Normal), "nobody answers here any more");
}

#[test]
fn edge_23_an_anonymous_caller_is_asked_for_the_number() {
    let mut call = may_be_called_back("");
    assert_eq!(call.said(), [prompt::CALLBACK_ENTER_NUMBER]);
    call.press("12#");
    assert_eq!(call.said(), [prompt::WRONG_INPUT, prompt::CALLBACK_ENTER_NUMBER]);
    call.press("9161234567");
    call.pass(Duration::from_secs(3));
    assert_eq!(call.said()[1], r#"Digits("89161234567")"#);
    call.press("2");
    assert_eq!(call.said(), [prompt::CALLBACK_ENTER_NUMBER], "he corrects himself");
    call.press("84951234567#1");
    assert_eq!(wanted(&call).as_deref(), Some("74951234567"));
}

#[test]
fn a_refused_callback_takes_its_failure_edge_and_the_wait_goes_on() {
    let mut call = may_be_called_back("79161234567");
    call.press("1");
    call.tell(Event::CallbackRefused);
    assert_eq!(call.said(), ["busy"]);
    call.heard();
    assert_eq!(call.step(), "hold");
    call.tell(Event::Connected);
    call.tell(Event::TalkEnded);
    assert_eq!(call.said(), ["thanks"], "the seat was never given up");
}

#[test]
fn an_operator_who_answers_meanwhile_ends_the_asking() {
    let mut call = may_be_called_back("79161234567");
    call.tell(Event::Connected);
    call.press("1");
    assert_eq!(wanted(&call), None);
    call.tell(Event::TalkEnded);
    assert_eq!(call.said(), ["thanks"]);
}

#[test]
fn who_is_called_back_presses_one_and_goes_on_in_his_queue() {
    let flows = flows(&[("line.yaml", QUEUE), ("hold.yaml", CALLBACK)]);
    let back = |flows: &FlowSet, step: &str| {
        let (flow, step) = (FlowName::from("line"), step.into());
        Interpreter::called_back(flows, &flow, &step, Language::Ru, facts(), 7)
    };
    assert!(back(&flows, "thanks").is_none(), "not a queue");
    assert!(back(&flows, "gone").is_none());
    let interpreter = back(&flows, "wait").unwrap();
    let mut call = Call::new(flows);
    call.interpreter = interpreter;
    call.tell(Event::Started);
    assert_eq!(call.said(), [prompt::CALLBACK_GREETING]);
    call.press("5");
    call.pass(Duration::from_secs(6));
    call.press("1");
    assert!(call.has(|effect| *effect == Effect::CallbackConfirmed));
    assert!(!call.has(|effect| matches!(effect, Effect::Enqueue { .. })), "it is the same seat");
    call.tell(Event::Connected);
    call.tell(Event::TalkEnded);
    assert_eq!(call.said(), ["thanks"]);
}

#[test]
fn a_voicemail_hears_the_greeting_twice_and_is_hung_up() {
    let flows = flows(&[("line.yaml", QUEUE), ("hold.yaml", CALLBACK)]);
    let (flow, step) = (FlowName::from("line"), "wait".into());
    let interpreter = Interpreter::called_back(&flows, &flow, &step, Language::Ru, facts(), 7).unwrap();
    let mut call = Call::new(flows);
    call.interpreter = interpreter;
    call.tell(Event::Started);
    call.heard();
    call.pass(Duration::from_secs(7));
    assert_eq!(call.says(), 2);
    call.heard();
    call.pass(Duration::from_secs(7));
    assert_eq!(call.hangup(), Some(Cause::NotReached));
}

#[test]
fn a_callback_without_a_route_is_a_finding_unless_a_condition_keeps_callers_from_it() {
    let found = |hold: &str| -> Vec<&'static str> {
        let files = [("line.yaml", QUEUE), ("hold.yaml", hold)];
        let files = files.iter().map(|(name, text)| (PathBuf::from(name), text.to_string())).collect();
        let environment = Environment { outbound: false, ..environment() };
        FlowSet::parse(files, &environment).1.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(found(CALLBACK), [""; 0]);
    let priority =
        CALLBACK.replace("if: queue.callback", "if: caller.class == \"priority\" and queue.callback");
    assert_eq!(found(&priority), [""; 0]);
    let always = CALLBACK.replace("if: queue.callback", "if: caller.class == \"priority\"");
    assert_eq!(found(&always), ["HF056"]);
    let straight = CALLBACK.replace("\"1\": ask", "\"1\": ask, \"2\": call_me");
    assert_eq!(found(&straight), ["HF056"]);
}
