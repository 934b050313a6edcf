//! The other kinds of steps, sub-flows, and the set as a whole.
use super::*;

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

const SPLIT: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: split}
settings: {office: "Большая, 1"}
steps:
  split: {split: {arms: {old: {share: 50, go: one}, new: {share: 50, go: two}}}}
  one: {play: {say: [one, {text: "Адрес: {{ settings.office }}"}], next: end}}
  two: {play: {say: [two, {text: "{{ caller.name }}"}, {text: "Constant"}], next: end}}
  end: {hangup: {}}
"#;

#[test]
fn a_set_knows_its_lines_and_its_hash_follows_its_files() {
    let set = flow(SPLIT);
    let number = hotline::number::Number::parse("+7 800 000-00-01").unwrap();
    let line = set.line(&number).expect("the line");
    assert_eq!((line.flow.as_str(), line.start.as_str(), line.language), ("line", "split", Language::Ru));
    assert_eq!(set.hash(), flow(SPLIT).hash());
    assert_ne!(set.hash(), flow(&SPLIT.replace("old", "older")).hash());
    assert!(set.flow_named(&FlowName::from("line")).is_some());
}

#[test]
fn a_split_is_the_same_for_the_same_caller() {
    let steps: BTreeSet<String> = (0..5).map(|_| Call::started(SPLIT).step()).collect();
    assert_eq!(steps.len(), 1);
    let texts = flow(SPLIT).texts();
    let texts: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["Constant", "Адрес: Большая, 1"], "what prompts build has to record");
}
