//! Calls from INVITE to BYE over good and bad links.
use crate::ids::LegId;
use crate::sip::event::{Command, Ended, Event, Hop, Reason, Target, Transport};
use crate::sip::stack::Size;
use crate::sip::testing::*;
use std::time::Duration;

#[test]
fn a_call_is_set_up_and_torn_down() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut pair = Pair::over(transport, 1, PERFECT, |_| {});
        pair.react[B] = answering;
        let leg = pair.dial();
        pair.run_for(Duration::from_secs(1));
        let [
            Event::Progress { status: 100, .. },
            Event::Progress { status: 180, .. },
            Event::Answered { sdp, .. },
        ] = &pair.take(A)[..]
        else {
            panic!("{:?}", pair.events[A]);
        };
        assert_eq!(sdp, ANSWER);
        let incoming = pair.incoming();
        let Event::Incoming(call) = &pair.events[B][0] else { panic!() };
        assert_eq!(call.called, "78007077759");
        assert_eq!((call.from.user.as_str(), call.from.display.as_str()), ("+79161234567", "Мария \"М\""));
        assert_eq!(call.offer.as_deref(), Some(OFFER));
        assert_eq!(pair.events[B][1], Event::Confirmed { leg: incoming, sdp: None });
        let reason = Reason { cause: 200, text: "Call completed elsewhere".into() };
        pair.command(A, Command::Hangup { leg, reason: Some(reason.clone()) });
        pair.run_out();
        let how = Ended::Bye { reason: Some(reason) };
        assert_eq!(pair.events[B].last(), Some(&Event::Ended { leg: incoming, how }));
        assert_eq!(pair.take(A), [], "nothing is said of a leg that we hung up");
        assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
        let messages = pair.sent.len();
        assert_eq!(messages, 7, "INVITE 100 180 200 ACK BYE 200");
    }
}

#[test]
fn the_callee_hangs_up() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = answering;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    let incoming = pair.incoming();
    pair.command(B, Command::Hangup { leg: incoming, reason: None });
    pair.run_out();
    let how = Ended::Bye { reason: None };
    assert_eq!(pair.events[A].last(), Some(&Event::Ended { leg, how }));
    assert_eq!(pair.stacks[A].size(), Size::default());
}

#[test]
fn a_thousand_calls_over_a_bad_link_leave_nothing_behind() {
    for seed in 0..1000 {
        let mut pair = Pair::new(seed, BAD);
        pair.react[B] = answering;
        let leg = pair.dial();
        let wait = Duration::from_millis(seed * 37 % 20_000);
        pair.run_for(wait);
        match seed % 3 {
            0 => pair.command(A, Command::Hangup { leg, reason: None }),
            1 => {
                let incoming: Vec<LegId> = pair.events[B]
                    .iter()
                    .filter_map(|event| if let Event::Incoming(i) = event { Some(i.leg) } else { None })
                    .collect();
                for leg in incoming {
                    pair.command(B, Command::Hangup { leg, reason: None });
                }
                pair.run_for(Duration::from_secs(100));
                pair.command(A, Command::Hangup { leg, reason: None });
            }
            _ => {
                pair.run_for(Duration::from_secs(40));
                pair.command(A, Command::Hangup { leg, reason: None });
            }
        }
        // A call that only one side believes in ends by its session timer at last.
        pair.run_out();
        let sizes = pair.stacks.each_ref().map(|stack| stack.size());
        assert_eq!(sizes, [Size::default(); 2], "seed {seed}");
        let told = |side: usize, is: fn(&Event) -> bool| pair.events[side].iter().filter(|e| is(e)).count();
        for side in [A, B] {
            let ends = told(side, |e| matches!(e, Event::Ended { .. } | Event::Failed { .. }));
            assert!(ends <= 1, "seed {seed}: side {side} heard {ends} ends");
        }
        assert!(told(A, |e| matches!(e, Event::Answered { .. })) <= 1, "seed {seed}");
        assert!(told(B, |e| matches!(e, Event::Incoming(_))) <= 1, "seed {seed}: a ghost call");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = || {
        let mut pair = Pair::new(7, BAD);
        pair.react[B] = answering;
        let leg = pair.dial();
        pair.run_for(Duration::from_secs(5));
        pair.command(A, Command::Hangup { leg, reason: None });
        pair.run_out();
        pair.sent
    };
    assert_eq!(trace(), trace());
}

#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    let mut pair = Pair::new(3, PERFECT);
    pair.react[B] = answering;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    for side in [A, B] {
        let json = serde_json::to_string(&pair.stacks[side]).unwrap();
        pair.stacks[side] = serde_json::from_str(&json).unwrap();
    }
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.run_out();
    assert!(matches!(pair.events[B].last(), Some(Event::Ended { how: Ended::Bye { .. }, .. })));
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_phone_whose_host_is_gone_is_408_after_32_seconds() {
    let mut pair = Pair::new(1, Link { loss: 100, ..PERFECT });
    let leg = pair.dial();
    let begun = pair.now.mono;
    pair.run_out();
    assert_eq!(pair.events[A], [Event::Failed { leg, status: 408, redirect: vec![] }]);
    assert_eq!(pair.now.mono.since(begun), Duration::from_secs(32));
    assert_eq!(pair.sent.len(), 7, "timer A doubles: 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s");
}

#[test]
fn a_hop_that_cannot_be_sent_to_fails_the_call_at_once() {
    let mut pair = Pair::new(1, Link { loss: 100, ..PERFECT });
    let leg = pair.dial();
    let hop = Hop { transport: Transport::Udp, local: address(A), peer: address(B) };
    let mut out = Vec::new();
    pair.stacks[A].unsendable(hop, pair.now, &mut out);
    let failed = Event::Failed { leg, status: 503, redirect: vec![] };
    assert_eq!(out, [crate::sip::event::Output::Event(failed)]);
    assert_eq!(pair.stacks[A].size(), Size::default());
}

#[test]
fn an_offer_may_come_in_the_200() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = answering;
    let text = INVITE_WITHOUT_OFFER;
    pair.inject(B, text);
    let ok = pair.sent.iter().rfind(|(_, text)| text.starts_with("SIP/2.0 200")).unwrap().1.clone();
    assert!(ok.ends_with(ANSWER));
    let tag = ok.split("\r\nTo: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    let ack = text
        .replace("INVITE", "ACK")
        .replace("z9hG4bKoff", "z9hG4bKack")
        .replace("To: <sip:1@h>", &format!("To: {tag}"))
        .replace("\r\n\r\n", &format!("\r\nContent-Type: application/sdp\r\n\r\n{OFFER}"));
    pair.inject(B, &ack);
    let leg = pair.incoming();
    assert_eq!(pair.events[B].last(), Some(&Event::Confirmed { leg, sdp: Some(OFFER.into()) }));
}

const INVITE_WITHOUT_OFFER: &str = "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKoff\r\nFrom: <sip:a@h>;tag=1\r\n\
     To: <sip:1@h>\r\nCall-ID: offerless\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1>\r\n\r\n";

#[test]
fn without_an_ack_the_200_is_repeated_and_then_bye_is_sent() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = answering;
    pair.inject(B, &INVITE_WITHOUT_OFFER.replace("192.0.2.1", "192.0.2.77"));
    let leg = pair.incoming();
    let begun = pair.now.mono;
    while !matches!(pair.events[B].last(), Some(Event::Ended { .. })) {
        assert!(pair.step());
    }
    assert_eq!(pair.events[B].last(), Some(&Event::Ended { leg, how: Ended::NoAck }));
    assert_eq!(pair.now.mono.since(begun), Duration::from_secs(32));
    let oks = pair.sent.iter().filter(|(_, text)| text.starts_with("SIP/2.0 200")).count();
    assert_eq!(oks, 11, "0, 0.5, 1.5, 3.5, 7.5, then each 4 s");
    assert!(pair.sent.last().unwrap().1.starts_with("BYE sip:a@192.0.2.77 SIP/2.0\r\n"));
}

#[test]
fn a_hang_up_between_200_and_ack_sends_its_bye_after_the_ack() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = answering;
    pair.dial();
    while pair.events[B].is_empty() {
        pair.step();
    }
    let leg = pair.incoming();
    pair.command(B, Command::Hangup { leg, reason: None });
    assert!(!pair.sent.iter().any(|(_, text)| text.starts_with("BYE")), "RFC 3261 §15");
    pair.run_out();
    let order: Vec<&str> = pair
        .sent
        .iter()
        .map(|(_, text)| text.split(' ').next().unwrap())
        .filter(|m| !m.starts_with("SIP"))
        .collect();
    assert_eq!(order, ["INVITE", "ACK", "BYE"]);
    assert!(matches!(pair.events[A].last(), Some(Event::Ended { how: Ended::Bye { .. }, .. })));
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_refusal_and_a_redirection_are_reported() {
    let mut pair = Pair::new(1, PERFECT);
    let leg = pair.dial();
    while pair.events[B].is_empty() {
        pair.step();
    }
    let incoming = pair.incoming();
    let retry_after = Some(Duration::from_secs(30));
    pair.command(B, Command::Reject { leg: incoming, status: 486, retry_after });
    pair.run_out();
    assert_eq!(pair.events[A].last(), Some(&Event::Failed { leg, status: 486, redirect: vec![] }));
    assert!(pair.sent.iter().any(|(_, text)| text.contains("Retry-After: 30\r\n")));
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);

    let leg = pair.dial();
    let request = pair.sent.last().unwrap().1.clone();
    let reply = response_to(&request, 302, "9")
        .replace("\r\n\r\n", "\r\nContact: <sip:x@192.0.2.3>, <sip:y@h>\r\n\r\n");
    pair.inject(A, &reply);
    let redirect = vec!["sip:x@192.0.2.3".to_owned(), "sip:y@h".to_owned()];
    assert_eq!(pair.events[A].last(), Some(&Event::Failed { leg, status: 302, redirect }));
    let ack = &pair.sent.last().unwrap().1;
    assert!(
        ack.starts_with("ACK sip:78007077759@192.0.2.2 SIP/2.0\r\n") && ack.contains(";tag=9\r\n"),
        "{ack}"
    );
}

/// A peer's response to a request of ours.
pub fn response_to(request: &str, status: u16, tag: &str) -> String {
    let mut text = format!("SIP/2.0 {status} X\r\n");
    for line in request.split("\r\n").skip(1).take_while(|line| !line.is_empty()) {
        match line.split(':').next().unwrap() {
            "To" if !line.contains("tag=") => text += &format!("{line};tag={tag}\r\n"),
            "Via" | "From" | "To" | "Call-ID" | "CSeq" => text += &format!("{line}\r\n"),
            _ => {}
        }
    }
    text + "\r\n"
}

#[test]
fn a_line_break_in_a_header_of_ours_fails_the_call_and_not_the_peer() {
    for (name, value) in [("X-A", "b\r\nVia: evil"), ("X\r\nA", "b"), ("Via", "x"), ("Route", "<sip:x>")] {
        let mut pair = Pair::new(1, PERFECT);
        let leg = LegId::outgoing(1);
        let mut invite = invite(leg, Transport::Udp);
        invite.headers = vec![(name.into(), value.into())];
        pair.command(A, Command::Invite(Box::new(invite)));
        assert_eq!(pair.events[A], [Event::Failed { leg, status: 400, redirect: vec![] }]);
        assert!(pair.sent.is_empty());
    }
    let mut pair = Pair::new(1, PERFECT);
    let leg = LegId::outgoing(1);
    let mut invite = invite(leg, Transport::Udp);
    invite.to = Target::Uri { uri: "sip:a@192.0.2.2\r\nX: y".into(), via: None };
    pair.command(A, Command::Invite(Box::new(invite)));
    assert_eq!(pair.events[A], [Event::Failed { leg, status: 400, redirect: vec![] }]);
}

#[test]
fn a_name_that_nobody_resolved_and_an_operator_who_is_not_there_fail_at_once() {
    for (to, expected) in [
        (Target::Uri { uri: "sip:a@example.org".into(), via: None }, 503),
        (Target::Registered("101".into()), 480),
    ] {
        let mut pair = Pair::new(1, PERFECT);
        let leg = LegId::outgoing(1);
        let mut invite = invite(leg, Transport::Udp);
        invite.to = to;
        pair.command(A, Command::Invite(Box::new(invite)));
        assert_eq!(pair.events[A], [Event::Failed { leg, status: expected, redirect: vec![] }]);
        assert_eq!(pair.stacks[A].size(), Size::default());
    }
}

#[test]
fn early_media_rings_with_183_and_each_minute_again() {
    let mut pair = Pair::new(1, PERFECT);
    pair.dial();
    while pair.events[B].is_empty() {
        pair.step();
    }
    let leg = pair.incoming();
    pair.command(B, Command::Ring { leg, early: Some(ANSWER.into()) });
    pair.run_for(Duration::from_secs(125));
    let progress =
        |e: &&Event| matches!(e, Event::Progress { status: 183, sdp: Some(sdp), .. } if sdp == ANSWER);
    assert_eq!(pair.events[A].iter().filter(progress).count(), 3);
}

#[test]
fn a_drained_or_full_stack_says_503_with_retry_after() {
    let mut pair = Pair::over(Transport::Udp, 1, PERFECT, |config| config.legs_max = 1);
    pair.react[B] = ringing;
    let first = pair.dial();
    pair.run_for(Duration::from_secs(1));
    let mut refused = invite(LegId::outgoing(99), Transport::Udp);
    pair.stacks[A] = crate::sip::Stack::new(config(A, Transport::Udp), 77);
    pair.command(A, Command::Invite(Box::new(refused.clone())));
    pair.run_for(Duration::from_secs(1));
    let failed = |leg| Event::Failed { leg, status: 503, redirect: vec![] };
    assert_eq!(pair.events[A].last(), Some(&failed(refused.leg)));
    assert!(pair.sent.iter().any(|(_, text)| text.contains("503") && text.contains("Retry-After: 5\r\n")));
    let leg = pair.incoming();
    pair.command(B, Command::Hangup { leg, reason: None });
    pair.command(B, Command::Drain);
    refused.leg = first;
    pair.command(A, Command::Invite(Box::new(refused)));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.events[A].last(), Some(&failed(first)));
}

#[test]
fn a_ping_is_answered_or_not() {
    let mut pair = Pair::new(1, PERFECT);
    let to = Target::Uri { uri: "sip:192.0.2.2".into(), via: None };
    pair.command(A, Command::Ping { request: crate::ids::RequestId(5), to: to.clone() });
    pair.run_out();
    pair.link.loss = 100;
    pair.command(A, Command::Ping { request: crate::ids::RequestId(6), to });
    pair.run_out();
    let pong = |request, alive| Event::Pong { request: crate::ids::RequestId(request), alive };
    assert_eq!(pair.events[A], [pong(5, true), pong(6, false)]);
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}
