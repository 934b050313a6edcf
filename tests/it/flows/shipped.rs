//! The flows that are shipped load without a finding; what they say is checked with the prompts.
use super::*;

#[test]
fn the_shipped_flows_are_clean_and_no_caller_is_far_from_a_person() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("call-flows");
    let mut env = environment();
    env.queues = ["terminals", "wallet", "security", "agents"].into_iter().map(QueueName::from).collect();
    let (set, findings) = FlowSet::load(&dir, &env);
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "\n{}", shown.join("\n"));
    let set = set.expect("a set");
    assert_eq!(set.lines().count(), 2);
    for line in set.lines() {
        let way = line.worst.as_ref().expect("a way to a person");
        assert!(way.time < Duration::from_secs(180), "{}: {way:?}", line.flow);
    }
}
