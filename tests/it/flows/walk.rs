//! Keys: menus, inputs of several digits, and what is typed ahead.
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
fn correcting_oneself_uses_up_no_attempt() {
    let mut call = Call::started(COLLECT);
    for _ in 0..5 {
        call.press("12*");
        assert_eq!((call.step().as_str(), call.said()), ("ask", vec!["enter".to_string()]));
    }
    call.press("1234#");
    assert_eq!(call.step(), "again");
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

const AHEAD: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: notice}
steps:
  notice:
    consent: {say: [notice], next: greet}
  greet:
    play: {say: [welcome], next: choose}
  choose:
    menu: {say: [main_menu], keys: {"1": pin, "2": bye}, invalid: repeat, timeout: repeat, exhausted: bye}
  pin:
    play: {say: [enter], next: code}
  code:
    collect: {say: [enter_pin], save: pin, digits: 4, secret: true, next: tell, failed: bye}
  tell:
    play: {say: [thanks], next: count}
  count:
    collect: {say: [enter_again], save: number, digits: 4, next: bye, failed: bye}
  bye:
    hangup: {}
"#;

#[test]
fn keys_typed_ahead_are_hidden_when_a_secret_step_may_take_them() {
    let mut call = Call::started(AHEAD);
    // During the notice keys are only kept. The first one is for the menu; behind it the secret may begin.
    assert!(!call.interpreter.hides_keys(&call.flows));
    call.press("1");
    assert!(call.interpreter.hides_keys(&call.flows));
    call.press("98");
    let kept = serde_json::to_string(&call.interpreter).unwrap();
    assert!(!kept.contains("\"9\"") && !kept.contains("\"8\""), "{kept}");
    let back: hotline::flow::Interpreter = serde_json::from_str(&kept).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), kept);

    let mut call = Call::started(AHEAD);
    call.heard();
    call.pass(Duration::from_secs(2));
    call.heard();
    assert_eq!(call.step(), "choose");
    call.press("1");
    assert_eq!(call.step(), "pin");
    assert!(call.interpreter.hides_keys(&call.flows), "a key over this prompt is the secret's first");
    call.press("9876");
    assert_eq!(call.step(), "tell");
    assert!(!call.interpreter.hides_keys(&call.flows), "what follows is no secret");
}
