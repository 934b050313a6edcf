//! What happens inside a call: hold, glare, session timers, keys.
use crate::ids::LegId;
use crate::sip::event::{Command, Ended, Event, Transport};
use crate::sip::stack::Size;
use crate::sip::testing::*;
use std::time::Duration;

fn connected(link: Link, adjust: impl Fn(&mut crate::sip::Config)) -> (Pair, LegId, LegId) {
    let mut pair = Pair::over(Transport::Udp, 1, link, adjust);
    pair.react = [answering, answering];
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    let incoming = pair.incoming();
    pair.take(A);
    pair.take(B);
    (pair, leg, incoming)
}

fn hold() -> String {
    format!("{OFFER}a=sendonly\r\n")
}

#[test]
fn a_call_is_put_on_hold_and_taken_back() {
    let (mut pair, leg, incoming) = connected(PERFECT, |_| {});
    for sdp in [hold(), OFFER.to_owned()] {
        pair.command(A, Command::Reinvite { leg, sdp: sdp.clone() });
        pair.run_for(Duration::from_secs(1));
        assert_eq!(pair.take(B), [Event::Offered { leg: incoming, sdp }]);
        assert_eq!(pair.take(A), [Event::Reanswered { leg, sdp: Some(ANSWER.into()) }]);
    }
    pair.command(B, Command::Hangup { leg: incoming, reason: None });
    pair.run_out();
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    let (mut pair, leg, incoming) = connected(PERFECT, |_| {});
    pair.react[B] = |event| match event {
        Event::Offered { leg, .. } => vec![Command::RejectOffer { leg: *leg, status: 488 }],
        _ => vec![],
    };
    pair.command(A, Command::Reinvite { leg, sdp: hold() });
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.take(A), [Event::Reanswered { leg, sdp: None }]);
    pair.take(B);
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.run_out();
    assert_eq!(pair.take(B), [Event::Ended { leg: incoming, how: Ended::Bye { reason: None } }]);
}

#[test]
fn re_invites_that_meet_are_both_carried_out_one_after_the_other() {
    let (mut pair, leg, incoming) = connected(PERFECT, |_| {});
    pair.command(A, Command::Reinvite { leg, sdp: hold() });
    pair.command(B, Command::Reinvite { leg: incoming, sdp: format!("{ANSWER}a=inactive\r\n") });
    pair.run_for(Duration::from_secs(10));
    assert!(pair.sent.iter().filter(|(_, text)| text.starts_with("SIP/2.0 491")).count() >= 2);
    for side in [A, B] {
        let reanswered =
            pair.events[side].iter().filter(|e| matches!(e, Event::Reanswered { sdp: Some(_), .. }));
        assert_eq!(reanswered.count(), 1);
        assert_eq!(pair.events[side].iter().filter(|e| matches!(e, Event::Offered { .. })).count(), 1);
    }
}

#[test]
fn hold_over_a_bad_link_always_ends_in_an_answer_or_the_calls_end() {
    for seed in 0..200 {
        let mut pair = Pair::new(seed, BAD);
        pair.react = [answering, answering];
        let leg = pair.dial();
        pair.run_for(Duration::from_secs(60));
        pair.command(A, Command::Reinvite { leg, sdp: hold() });
        pair.run_for(Duration::from_secs(90));
        let told = pair.events[A]
            .iter()
            .any(|e| matches!(e, Event::Reanswered { .. } | Event::Ended { .. } | Event::Failed { .. }));
        assert!(told, "seed {seed}: {:?}", pair.events[A]);
        pair.command(A, Command::Hangup { leg, reason: None });
        pair.run_out();
        assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2], "seed {seed}");
    }
}

#[test]
fn the_caller_refreshes_the_session_by_update_and_nobody_is_bothered() {
    let (mut pair, leg, _) = connected(PERFECT, |config| config.session_expires = Duration::from_secs(180));
    pair.run_for(Duration::from_secs(1000));
    let updates = pair.sent.iter().filter(|(_, text)| text.starts_with("UPDATE ")).count();
    assert_eq!(updates, 11, "each 90 s");
    assert!(
        pair.sent.iter().filter(|(side, text)| *side == A && text.starts_with("UPDATE ")).count() == updates
    );
    assert_eq!((pair.take(A), pair.take(B)), (vec![], vec![]));
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.run_out();
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_session_that_nobody_refreshes_expires_on_both_sides() {
    let (mut pair, leg, incoming) =
        connected(PERFECT, |config| config.session_expires = Duration::from_secs(180));
    pair.link.loss = 100;
    let begun = pair.now.mono;
    pair.run_out();
    assert_eq!(pair.take(A), [Event::Ended { leg, how: Ended::Lost }], "its UPDATE got no answer");
    assert_eq!(pair.take(B), [Event::Ended { leg: incoming, how: Ended::SessionExpired }]);
    assert!(pair.now.mono.since(begun) < Duration::from_secs(200));
    assert_eq!(pair.stacks.each_ref().map(|stack| stack.size()), [Size::default(); 2]);
}

#[test]
fn a_session_interval_that_is_too_small_is_asked_for_again() {
    let mut pair = Pair::new(1, PERFECT);
    let mut strict = config(B, Transport::Udp);
    strict.min_se = Duration::from_secs(3600);
    pair.stacks[B] = crate::sip::Stack::new(strict, 9);
    pair.react[B] = answering;
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    assert!(
        pair.sent
            .iter()
            .any(|(_, text)| text.starts_with("SIP/2.0 422") && text.contains("Min-SE: 3600\r\n"))
    );
    let ok = pair.sent.iter().find(|(_, text)| text.starts_with("SIP/2.0 200")).unwrap();
    assert!(ok.1.contains("Session-Expires: 3600;refresher=uac\r\nRequire: timer\r\n"), "{}", ok.1);
    assert!(matches!(pair.events[A].last(), Some(Event::Answered { leg: answered, .. }) if *answered == leg));
    assert_eq!(pair.events[B].iter().filter(|e| matches!(e, Event::Incoming(_))).count(), 1);
}

#[test]
fn keys_come_by_info_in_both_bodies() {
    let (mut pair, _, incoming) = connected(PERFECT, |_| {});
    let dialog = pair.sent.iter().find(|(_, text)| text.starts_with("ACK")).unwrap().1.clone();
    let info = |seq: u32, kind: &str, body: &str| {
        let head = dialog.split("\r\n\r\n").next().unwrap().replace("ACK sip", "INFO sip");
        let head = head
            .replace("CSeq: 1 ACK", &format!("CSeq: {seq} INFO"))
            .replace("branch=", &format!("branch=z9hG4bK{seq}"));
        let head = head
            .replace("Content-Length: 0", &format!("Content-Type: {kind}\r\nContent-Length: {}", body.len()));
        format!("{head}\r\n\r\n{body}")
    };
    for (seq, kind, body, status) in [
        (2, "application/dtmf-relay", "Signal=5\r\nDuration=250\r\n", "200"),
        (3, "application/dtmf", "#", "200"),
        (4, "application/dtmf-relay", "Signal = *\nDuration = 99999999999999999999", "200"),
        (5, "application/dtmf-relay", "Duration=1", "400"),
        (6, "text/plain", "5", "415"),
    ] {
        let replies = pair.inject(B, &info(seq, kind, body));
        assert!(replies[0].starts_with(&format!("SIP/2.0 {status} ")), "{seq}: {replies:?}");
    }
    let keys: Vec<(char, u64)> = pair
        .take(B)
        .iter()
        .map(|event| match event {
            Event::Digit { leg, digit, duration } if *leg == incoming => {
                (digit.as_char(), u64::try_from(duration.as_millis()).unwrap())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(keys, [('5', 250), ('#', 160), ('*', 160)]);
    let replies = pair.inject(B, &info(2, "application/dtmf", "1").replace("branch=", "branch=z9hG4bKother"));
    assert!(replies[0].starts_with("SIP/2.0 500 "), "a lower CSeq: {replies:?}");
}

#[test]
fn a_re_invite_without_an_offer_is_offered_the_session_as_it_is() {
    let (mut pair, _, incoming) = connected(PERFECT, |_| {});
    let dialog = pair.sent.iter().find(|(_, text)| text.starts_with("ACK")).unwrap().1.clone();
    let invite = dialog
        .replace("ACK sip", "INVITE sip")
        .replace("CSeq: 1 ACK", "CSeq: 2 INVITE")
        .replace("branch=", "branch=z9hG4bKre")
        .replace("Max-Forwards", "Contact: <sip:a@192.0.2.1>\r\nMax-Forwards");
    let replies = pair.inject(B, &invite);
    assert!(replies[0].starts_with("SIP/2.0 200 ") && replies[0].ends_with(ANSWER), "{replies:?}");
    let ack = invite
        .replace("INVITE", "ACK")
        .replace("branch=z9hG4bKre", "branch=z9hG4bKack")
        .replace("Content-Length: 0\r\n\r\n", &format!("Content-Type: application/sdp\r\n\r\n{}", hold()));
    pair.inject(B, &ack);
    assert_eq!(pair.take(B), [Event::Reanswered { leg: incoming, sdp: Some(hold()) }]);
}
