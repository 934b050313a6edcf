//! REFER and what is told of it (RFC 3515).
use crate::ids::LegId;
use crate::sip::event::{Command, Event, Transport};
use crate::sip::stack::Size;
use crate::sip::testing::*;
use std::time::Duration;

const TO: &str = "sip:102@example.org";

fn connected(seed: u64, link: Link) -> (Pair, LegId, LegId) {
    let mut pair = Pair::over(Transport::Udp, seed, link, |_| {});
    pair.react = [answering, answering];
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(60));
    let incoming = pair.incoming();
    pair.take(A);
    pair.take(B);
    (pair, leg, incoming)
}

fn told(pair: &mut Pair) -> Vec<u16> {
    let told = |event: Event| match event {
        Event::ReferTold { status, .. } => Some(status),
        _ => None,
    };
    pair.take(A).into_iter().filter_map(told).collect()
}

#[test]
fn who_refers_is_told_how_it_goes_to_the_end() {
    let (mut pair, leg, incoming) = connected(1, PERFECT);
    pair.command(A, Command::Refer { leg, to: TO.into() });
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.take(B), [Event::Referred { leg: incoming, to: "102".into(), replaces: false }]);
    assert!(told(&mut pair).is_empty());
    pair.command(B, Command::AnswerRefer { leg: incoming, status: 202 });
    pair.run_for(Duration::from_secs(1));
    assert_eq!(told(&mut pair), [202, 100]);
    pair.command(A, Command::Refer { leg, to: TO.into() });
    pair.run_for(Duration::from_secs(1));
    assert_eq!(told(&mut pair), [491], "one at a time");
    for status in [180, 200, 200] {
        pair.command(B, Command::TellReferrer { leg: incoming, status });
        pair.run_for(Duration::from_secs(1));
    }
    assert_eq!(told(&mut pair), [180, 200], "nothing after the end");
    let notify = pair.sent.iter().rfind(|(_, text)| text.starts_with("NOTIFY ")).unwrap();
    assert!(notify.1.contains("Subscription-State: terminated;reason=noresource\r\n"), "{}", notify.1);
    assert!(notify.1.ends_with("\r\n\r\nSIP/2.0 200 OK\r\n"), "{}", notify.1);
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.run_out();
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_refusal_ends_it_and_another_may_follow() {
    let (mut pair, leg, incoming) = connected(1, PERFECT);
    for status in [603, 404] {
        pair.command(A, Command::Refer { leg, to: TO.into() });
        pair.run_for(Duration::from_secs(1));
        pair.command(B, Command::AnswerRefer { leg: incoming, status });
        pair.run_for(Duration::from_secs(1));
        assert_eq!(told(&mut pair), [status]);
    }
    pair.command(A, Command::Refer { leg, to: format!("{TO}?Replaces=1%40h%3Bto-tag%3D1") });
    pair.run_for(Duration::from_secs(1));
    assert!(pair.take(B).iter().any(|event| matches!(event, Event::Referred { replaces: true, .. })));
}

#[test]
fn over_a_bad_link_it_comes_to_its_end_too() {
    for seed in 0..100 {
        let (mut pair, leg, incoming) = connected(seed, BAD);
        pair.command(A, Command::Refer { leg, to: TO.into() });
        pair.run_for(Duration::from_secs(40));
        pair.command(B, Command::AnswerRefer { leg: incoming, status: 202 });
        pair.run_for(Duration::from_secs(40));
        pair.command(B, Command::TellReferrer { leg: incoming, status: 200 });
        pair.run_for(Duration::from_secs(40));
        let told = told(&mut pair);
        assert!(told.contains(&202) || told.contains(&408), "seed {seed}: {told:?}");
        pair.command(A, Command::Hangup { leg, reason: None });
        pair.run_out();
        assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2], "seed {seed}");
    }
}
