//! CANCEL, 200 and BYE meeting on the way, as seeds and one by one.
use super::calls::response_to;
use crate::sip::event::{Command, Ended, Event, Reason};
use crate::sip::stack::Size;
use crate::sip::testing::*;
use std::time::Duration;

#[test]
fn a_cancel_goes_out_in_the_same_step_when_the_phone_rang() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = ringing;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    let incoming = pair.incoming();
    let reason = Reason { cause: 200, text: "Call completed elsewhere".into() };
    pair.command(A, Command::Hangup { leg, reason: Some(reason) });
    let cancel = &pair.sent.last().unwrap().1;
    assert!(cancel.starts_with("CANCEL sip:78007077759@192.0.2.2 SIP/2.0\r\n"), "{cancel}");
    assert!(cancel.contains("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"), "{cancel}");
    let invite = &pair.sent[0].1;
    let via = |text: &str| text.split("\r\n").find(|line| line.starts_with("Via")).unwrap().to_owned();
    assert_eq!(via(cancel), via(invite), "RFC 3261 §9.1");
    pair.run_out();
    let finals: Vec<&str> = pair.sent.iter().filter(|s| s.0 == B).map(|s| s.1.as_str()).collect();
    let to = |start: &str| {
        let response = finals.iter().find(|text| text.starts_with(start)).unwrap();
        response.split("\r\n").find(|line| line.starts_with("To:")).unwrap()
    };
    assert_eq!(to("SIP/2.0 200 "), to("SIP/2.0 487 "), "RFC 3261 §9.2: one tag for both");
    assert_eq!(pair.events[A].last(), Some(&Event::Failed { leg, status: 487, redirect: vec![] }));
    assert_eq!(pair.events[B].last(), Some(&Event::Ended { leg: incoming, how: Ended::Cancelled }));
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut pair = Pair::new(1, PERFECT);
    let leg = pair.dial();
    pair.command(A, Command::Hangup { leg, reason: None });
    assert_eq!(pair.sent.len(), 1, "only the INVITE");
    pair.run_out();
    let methods: Vec<&str> =
        pair.sent.iter().filter(|s| s.0 == A).map(|s| s.1.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["INVITE", "CANCEL", "ACK"]);
    assert_eq!(pair.events[A], [Event::Failed { leg, status: 487, redirect: vec![] }]);
}

#[test]
fn a_cancel_that_crosses_the_200_ends_with_bye() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = ringing;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    let incoming = pair.incoming();
    pair.command(B, Command::Answer { leg: incoming, sdp: ANSWER.into() });
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.run_out();
    let methods: Vec<&str> =
        pair.sent.iter().filter(|s| s.0 == A).map(|s| s.1.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["INVITE", "CANCEL", "ACK", "BYE"]);
    assert_eq!(pair.events[A].last(), Some(&Event::Ended { leg, how: Ended::Cancelled }));
    assert_eq!(
        pair.events[B].last(),
        Some(&Event::Ended { leg: incoming, how: Ended::Bye { reason: None } })
    );
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_peer_that_ignores_the_cancel_is_given_up_after_32_seconds() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = ringing;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    pair.link.loss = 100;
    let begun = pair.now.mono;
    pair.command(A, Command::Hangup { leg, reason: None });
    while pair.stacks[A].legs() > 0 {
        pair.step();
    }
    assert_eq!(pair.events[A].last(), Some(&Event::Failed { leg, status: 487, redirect: vec![] }));
    assert_eq!(pair.now.mono.since(begun), Duration::from_secs(32));
}

#[test]
fn every_race_of_cancel_200_and_bye_ends_on_both_sides() {
    for seed in 0..2000u64 {
        let link = Link { loss: seed % 4 * 10, duplication: 10, delay_ms: (1, 60) };
        let mut pair = Pair::new(seed, link);
        pair.react[B] = ringing;
        let leg = pair.dial();
        // Both sides act within the same quarter of a second, in every order.
        let (answer_ms, hangup_ms, bye_ms) = (seed * 7 % 250, seed * 13 % 250, seed * 29 % 400);
        let begun = pair.now.mono;
        let mut acts = [(answer_ms, 0), (hangup_ms, 1), (bye_ms, 2)];
        acts.sort_unstable();
        for (at_ms, act) in acts {
            let passed = u64::try_from(pair.now.mono.since(begun).as_millis()).unwrap();
            pair.run_for(Duration::from_millis(at_ms.saturating_sub(passed)));
            let incoming = pair.events[B].iter().find_map(|e| match e {
                Event::Incoming(incoming) => Some(incoming.leg),
                _ => None,
            });
            match (act, incoming) {
                (0, Some(leg)) => pair.command(B, Command::Answer { leg, sdp: ANSWER.into() }),
                (1, _) => pair.command(A, Command::Hangup { leg, reason: None }),
                (2, Some(leg)) if seed % 2 == 0 => pair.command(B, Command::Hangup { leg, reason: None }),
                _ => {}
            }
        }
        pair.run_for(Duration::from_secs(200));
        // Whoever was never told anything (all of the others' messages were lost) is hung up by its owner.
        if let Some(Event::Incoming(call)) = pair.events[B].first() {
            let leg = call.leg;
            pair.command(B, Command::Hangup { leg, reason: None });
        }
        pair.run_out();
        let sizes = pair.stacks.each_ref().map(|stack| stack.size());
        assert_eq!(sizes, [Size::default(); 2], "seed {seed}");
        let ends =
            pair.events[A].iter().filter(|e| matches!(e, Event::Ended { .. } | Event::Failed { .. })).count();
        let answered = pair.events[A].iter().any(|e| matches!(e, Event::Answered { .. }));
        assert!(ends == 1 || (answered && ends == 0), "seed {seed}: {ends} ends, answered {answered}");
    }
}

#[test]
fn a_second_callees_200_gets_ack_and_bye_inside() {
    let mut pair = Pair::new(1, Link { loss: 100, ..PERFECT });
    let leg = pair.dial();
    let request = pair.sent[0].1.clone();
    let ok = |tag: &str, host: &str| {
        let head = response_to(&request, 200, tag);
        let head = head.trim_end().to_owned();
        format!("{head}\r\nContact: <sip:b@{host}>\r\nContent-Type: application/sdp\r\n\r\n{ANSWER}")
    };
    let first = pair.inject(A, &ok("one", "192.0.2.2"));
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with("ACK sip:b@192.0.2.2 SIP/2.0"));
    let second = pair.inject(A, &ok("two", "192.0.2.3"));
    assert_eq!(second.len(), 2);
    assert!(second[0].starts_with("ACK sip:b@192.0.2.3 SIP/2.0") && second[0].contains(";tag=two"));
    assert!(second[1].starts_with("BYE sip:b@192.0.2.3 SIP/2.0") && second[1].contains(";tag=two"));
    let again = pair.inject(A, &ok("two", "192.0.2.3"));
    assert_eq!(again, second[..1], "a repeated 200 gets the same ACK and no second BYE");
    assert_eq!(pair.inject(A, &ok("one", "192.0.2.2")), first);
    assert_eq!(pair.events[A].len(), 1);
    assert!(matches!(&pair.events[A][0], Event::Answered { leg: answered, .. } if *answered == leg));
    // The ACK was lost and we hung up meanwhile: a late 200 still gets it.
    pair.command(A, Command::Hangup { leg, reason: None });
    assert_eq!(pair.inject(A, &ok("one", "192.0.2.2")), first);
}

#[test]
fn a_cancel_for_nothing_is_481() {
    let mut pair = Pair::new(1, PERFECT);
    let replies = pair.inject(
        B,
        "CANCEL sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:1@h>\r\n\
         Call-ID: 1\r\nCSeq: 1 CANCEL\r\n\r\n",
    );
    assert!(replies[0].starts_with("SIP/2.0 481 "), "{replies:?}");
}

#[test]
fn byes_that_cross_end_both_sides_in_silence() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = answering;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    let incoming = pair.incoming();
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.command(B, Command::Hangup { leg: incoming, reason: None });
    pair.run_out();
    assert!(!pair.events.iter().flatten().any(|e| matches!(e, Event::Ended { .. })));
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}
