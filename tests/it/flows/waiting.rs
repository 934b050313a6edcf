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
