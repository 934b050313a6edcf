//! Two phones that call each other, on the production stack, over real sockets.
use super::*;
use crate::digit::Digit;
use crate::robot::mouth::Method;
use crate::sip::Ended;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

async fn phone(user: &str, sound: Sound) -> Phone {
    Phone::bind(Options { user: user.into(), sound, ..Options::default() }).await.unwrap()
}

/// A call from the first phone to the second, answered.
async fn talking(a: &Phone, b: &Phone) -> (Call, Call) {
    let out = a.call(Dial::to(b.uri(), b.address())).await.unwrap();
    let inn = b.incoming(SOON).await.unwrap();
    inn.ring().await;
    inn.answer().await;
    out.answered(SOON).await.unwrap();
    inn.answered(SOON).await.unwrap();
    (out, inn)
}

#[tokio::test]
async fn two_phones_hear_each_others_tones_and_hang_up() {
    let (a, b) = (phone("a", Sound::Tone(440)).await, phone("b", Sound::Tone(620)).await);
    let (out, inn) = talking(&a, &b).await;
    out.wait_tone(620.0, SOON).await.unwrap();
    inn.wait_tone(440.0, SOON).await.unwrap();
    out.message(|m| m.answered("INVITE", 100), SOON).await.unwrap();
    let ringing = out.message(|m| m.answered("INVITE", 180), SOON).await.unwrap();
    let answered = out.message(|m| m.answered("INVITE", 200), SOON).await.unwrap();
    let acknowledged = inn.message(|m| m.received("ACK"), SOON).await.unwrap();
    assert!(ringing.at <= answered.at && answered.at <= acknowledged.at);
    out.hangup().await;
    assert_eq!(inn.over(SOON).await.unwrap().what, Over::Ended(Ended::Bye { reason: None }));
    assert_eq!(out.over(SOON).await.unwrap().what, Over::Released);
    inn.message(|m| m.received("BYE"), SOON).await.unwrap();
    let heard = inn.heard();
    assert_eq!((heard.counts.lost, heard.counts.doubled, heard.counts.restarts), (0, 0, 0));
}

#[tokio::test]
async fn keys_arrive_once_each_and_in_order() {
    let (a, b) = (phone("a", Sound::Silence).await, phone("b", Sound::Silence).await);
    let (out, inn) = talking(&a, &b).await;
    for key in "12#".chars() {
        assert!(out.press_for(Digit::from_char(key).unwrap(), Method::Rfc4733, Duration::from_millis(60)));
    }
    let last = inn.keys("12#", SOON).await.unwrap();
    assert_eq!(inn.keys_heard().len(), 3);
    let sent = out.wait_for(|event| matches!(event, CallEvent::KeySent(Digit::HASH)), SOON).await.unwrap();
    assert!(sent.at <= last);
}

#[tokio::test]
async fn a_phone_without_telephone_events_sends_none_and_is_sent_none() {
    let options = Options { user: "b".into(), telephone_event: false, ..Options::default() };
    let (a, b) = (phone("a", Sound::Silence).await, Phone::bind(options).await.unwrap());
    let (out, inn) = talking(&a, &b).await;
    assert!(!out.press(Digit::HASH, Method::Rfc4733));
    assert!(out.press(Digit::HASH, Method::Inband));
    inn.wait_heard(|ear, now| ear.tone_dbm0(941.0, Duration::from_millis(60), now) > -15.0, SOON)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_call_given_up_while_ringing_is_cancelled() {
    let (a, b) = (phone("a", Sound::Silence).await, phone("b", Sound::Silence).await);
    let out = a.call(Dial::to(b.uri(), b.address()).header("X-Hotline-Queue", "wallet")).await.unwrap();
    let inn = b.incoming(SOON).await.unwrap();
    assert_eq!(inn.invite().unwrap().header("X-Hotline-Queue"), Some("wallet"));
    inn.ring().await;
    out.message(|m| m.answered("INVITE", 180), SOON).await.unwrap();
    out.hangup().await;
    assert_eq!(inn.over(SOON).await.unwrap().what, Over::Ended(Ended::Cancelled));
    inn.message(|m| m.received("CANCEL"), SOON).await.unwrap();
    assert_eq!(out.over(SOON).await.unwrap().what, Over::Failed(487));
}

#[tokio::test]
async fn a_refused_call_fails_with_its_status() {
    let a = phone("a", Sound::Silence).await;
    let policy = Policy::Reject { status: 486 };
    let b = Phone::bind(Options { user: "b".into(), policy, ..Options::default() }).await.unwrap();
    let out = a.call(Dial::to(b.uri(), b.address())).await.unwrap();
    assert_eq!(out.over(SOON).await.unwrap().what, Over::Failed(486));
    assert!(out.answered(SOON).await.is_err());
}

#[tokio::test]
async fn a_held_call_is_silent_one_way_until_it_is_resumed() {
    let (a, b) = (phone("a", Sound::Tone(440)).await, phone("b", Sound::Tone(620)).await);
    let (out, inn) = talking(&a, &b).await;
    out.wait_tone(620.0, SOON).await.unwrap();
    assert!(out.hold().await.unwrap());
    inn.wait_for(|event| matches!(event, CallEvent::Offered { direction: Direction::SendOnly }), SOON)
        .await
        .unwrap();
    // b falls silent, a goes on
    let sent = inn.packets_sent();
    let packets = inn.heard().counts.received;
    inn.wait_heard(|ear, _| ear.report().counts.received > packets + 5, SOON).await.unwrap();
    assert!(inn.packets_sent() <= sent + 1);
    assert!(out.resume().await.unwrap());
    out.wait_heard(
        |ear, now| ear.report().last_packet.is_some_and(|at| now.since(at) < Duration::from_millis(5)),
        SOON,
    )
    .await
    .unwrap();
    out.wait_tone(620.0, SOON).await.unwrap();
}

#[tokio::test]
async fn a_phone_that_is_closed_hangs_up_and_one_that_vanishes_does_not() {
    let (a, b) = (phone("a", Sound::Silence).await, phone("b", Sound::Silence).await);
    let (_out, inn) = talking(&a, &b).await;
    a.close().await;
    inn.over(SOON).await.unwrap();
    let c = phone("c", Sound::Silence).await;
    let (_out, inn) = talking(&c, &b).await;
    c.vanish().await;
    assert!(!inn.is_over());
}

#[tokio::test]
async fn a_phone_registers_at_a_registrar_of_the_production_stack() {
    // Register a phone at a bare stack: what the server's shell does, in a few lines.
    use crate::ids::OperatorId;
    use crate::robot::clock;
    use crate::sip;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    let config = sip::Config {
        domain: "example.org".into(),
        listeners: vec![(sip::Transport::Udp, server)],
        ..sip::Config::default()
    };
    let registrar = async move {
        let mut stack = sip::Stack::new(config, 7);
        let mut out = Vec::new();
        let user = OperatorId::from("101");
        let ha1 = Some(sip::Ha1::new("101", "example.org", "secret"));
        stack.command(Command::SetSecret { user, ha1 }, clock().now(), &mut out);
        let mut bytes = [0; 4096];
        loop {
            let (len, peer) = socket.recv_from(&mut bytes).await.unwrap();
            let hop = sip::Hop { transport: sip::Transport::Udp, local: server, peer };
            stack.receive(hop, &bytes[..len], clock().now(), &mut out);
            for output in out.drain(..) {
                if let sip::Output::Send { hop, bytes } = output {
                    socket.send_to(&bytes, hop.peer).await.unwrap();
                }
            }
        }
    };
    let registrar = tokio::spawn(registrar);
    let options = |password: &str| Options {
        user: "101".into(),
        domain: "example.org".into(),
        password: password.into(),
        ..Options::default()
    };
    let good = Phone::bind(options("secret")).await.unwrap();
    assert!(good.register(server).await.unwrap() >= Duration::from_secs(60));
    good.unregister().await.unwrap();
    let bad = Phone::bind(options("guess")).await.unwrap();
    assert!(matches!(bad.register(server).await, Err(RegisterError::Refused { status: 401 | 403 })));
    registrar.abort();
}
