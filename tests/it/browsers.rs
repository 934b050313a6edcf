//! Operators in a browser: SIP over WebSocket with a credential of the API, and media by WebRTC.
#[path = "browsers/media.rs"]
pub mod media;
#[path = "browsers/page.rs"]
pub mod page;

use crate::house::{House, Plan};
use crate::parties::{Board, CALLER_HERTZ, Caller, OPERATOR_HERTZ, SOON, has, milliseconds};
use futures_util::{SinkExt, StreamExt};
use hotline::digit::Digit;
use hotline::ids::LegId;
use hotline::media::codec::Codec;
use hotline::robot::clock;
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::{Options, Over, Policy};
use hotline::sip::{Command, Ended, Event};
use media::Media;
use page::{Page, credential, open, origin};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

fn staffed() -> House {
    House::start(&Plan { operators: House::operators(), ..Plan::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_registers_with_its_credential_and_is_ready_until_it_is_closed() {
    let house = staffed();
    let board = Board::of(&house);
    let mut page = Page::open(&house, "101").await;
    assert_eq!(page.register("no password at all", 300).await, 401);
    assert_eq!(page.options().await, 200);
    assert_eq!(board.state("101"), "offline");
    let (_, password) = credential(&house, "101");
    assert_eq!(page.register(&password, 300).await, 200);
    board.until_state("101", "ready").await;
    assert_eq!(page.register(&password, 300).await, 200, "the credential is good more than once");
    let (_, of_another) = credential(&house, "102");
    assert_eq!(page.register(&of_another, 300).await, 401, "and for nobody else");
    drop(page);
    board.until_state("101", "offline").await;
    assert!(!house.log().contains(&password), "the credential is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_offered_to_the_page_that_registered_last_and_to_the_phone_when_the_page_has_gone() {
    let house = staffed();
    let board = Board::of(&house);
    let phone = house.operator("101", Policy::Manual, Sound::Silence).await;
    let mut page = Page::of(&house, "101").await;
    board.until_state("101", "ready").await;
    let caller = Caller::waiting(&house, "79150000301").await;
    let call = page.rings().await;
    let invite = page.received.iter().find(|m| m.received("INVITE")).unwrap();
    assert!(invite.header("Via").unwrap().starts_with("SIP/2.0/WS "), "{:?}", invite.header("Via"));
    assert!(invite.header("Contact").unwrap().contains("transport=ws"));
    assert_eq!(invite.header("X-Hotline-Queue"), Some("wallet"));
    board.until_state("101", "ringing").await;
    page.command(Command::Reject { leg: call.leg, status: 486, retry_after: None }).await;
    drop(page);
    phone.incoming(SOON).await.unwrap().ring().await;
    caller.hangup().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_of_the_sip_level_and_one_of_the_websocket_are_answered() {
    let house = staffed();
    let mut socket = open(&house, &origin(&house), "sip").await.unwrap();
    socket.send(Message::text("\r\n\r\n")).await.unwrap();
    assert_eq!(next(&mut socket).await, Message::text("\r\n"));
    socket.send(Message::Ping("x".into())).await.unwrap();
    assert_eq!(next(&mut socket).await, Message::Pong("x".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_another_protocol_and_too_large_a_message_are_refused() {
    let house = staffed();
    for (origin, protocol, status) in
        [("http://evil.example", "sip", 403), (&origin(&house), "", 400), (&origin(&house), "chat", 400)]
    {
        let refused = open(&house, origin, protocol).await;
        let Err(Error::Http(answer)) = refused else { panic!("{origin} {protocol}: {refused:?}") };
        assert_eq!(answer.status(), status, "{origin} {protocol}");
    }
    let mut socket = open(&house, &origin(&house), "sip").await.unwrap();
    let large = format!("OPTIONS sip:h SIP/2.0\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    socket.send(Message::text(large)).await.unwrap();
    let Message::Close(Some(close)) = next(&mut socket).await else { panic!("it was not closed") };
    assert_eq!(close.code, CloseCode::Size);
    let (status, body) = house.get("/ws/sip", "");
    assert_eq!(status, 400, "{body}");
}

async fn next(socket: &mut page::Socket) -> Message {
    loop {
        let message = tokio::time::timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap();
        // The house's own pings come when they like.
        if !matches!(message, Message::Ping(_)) {
            return message;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_vanishes_while_it_rings_gives_the_call_back() {
    let house = staffed();
    let board = Board::of(&house);
    let mut page = Page::of(&house, "101").await;
    let caller = Caller::waiting(&house, "79150000302").await;
    page.rings().await;
    board.until_state("101", "ringing").await;
    let mut second = Page::of(&house, "102").await;
    drop(page);
    board.until_state("101", "offline").await;
    let call = second.rings().await;
    caller.hangup().await;
    let leg = call.leg;
    second
        .event(|event| matches!(event, Event::Ended { leg: ended, .. } if *ended == leg).then_some(()))
        .await;
}

/// The next call at a page, taken: its leg and its media.
async fn take(page: &mut Page, codec: Codec) -> (LegId, Media) {
    let call = page.rings().await;
    let offer = call.offer.clone().unwrap();
    for line in
        ["m=audio 9 UDP/TLS/RTP/SAVPF 8 0 101", "a=ice-lite", "a=setup:actpass", "a=rtcp-mux", " typ host"]
    {
        assert!(
            offer.contains(line) || offer.contains(&line.replace("audio 9", "audio ")),
            "no {line} in {offer}"
        );
    }
    assert!(offer.contains("a=fingerprint:sha-256 "), "{offer}");
    let (media, answer) = Media::answer(&offer, codec, OPERATOR_HERTZ).await;
    page.command(Command::Answer { leg: call.leg, sdp: answer }).await;
    (call.leg, media)
}

/// A handshake that lost its first flight would take a second and more.
const KEYS_MS_MAX: f64 = 600.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_begins_before_its_answer_has_come_is_connected_at_once() {
    let house = staffed();
    let mut page = Page::of(&house, "101").await;
    let caller = Caller::waiting(&house, "79150000313").await;
    let call = page.rings().await;
    let (media, answer) = Media::answer(call.offer.as_ref().unwrap(), Codec::Pcma, OPERATOR_HERTZ).await;
    page.meanwhile(media.reached()).await;
    let begun = clock().mono();
    page.command(Command::Answer { leg: call.leg, sdp: answer }).await;
    page.meanwhile(media.connected()).await;
    let took = milliseconds(begun, clock().mono());
    println!("from the answer to the keys: {took:.0} ms");
    assert!(took < KEYS_MS_MAX, "{took:.0} ms");
    talk(&mut page, &caller, &media).await;
}

async fn talk(page: &mut Page, caller: &Caller, media: &Media) {
    let both = async {
        tokio::join!(caller.call.wait_tone(f64::from(OPERATOR_HERTZ), SOON), media.hears_tone(CALLER_HERTZ))
    };
    let heard = page.meanwhile(both).await;
    heard.0.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_in_a_page_talks_presses_keys_holds_and_hangs_up() {
    let house = staffed();
    let board = Board::of(&house);
    let mut page = Page::of(&house, "101").await;
    let caller = Caller::waiting(&house, "79150000311").await;
    let (leg, media) = take(&mut page, Codec::Pcma).await;
    talk(&mut page, &caller, &media).await;
    board.until_state("101", "talking").await;

    caller.press("73#");
    media.until_keys("73#").await;
    let pressed: Vec<_> = "73#".chars().filter_map(Digit::from_char).collect();
    assert_eq!(media.keys(), pressed, "each key once");
    media.press('5');
    caller.call.keys("5", SOON).await.unwrap();
    assert_eq!(caller.call.keys_heard().len(), 1);

    let hold = media.offer(str0m::media::Direction::SendOnly);
    let answer = page.reinvite(leg, hold).await.expect("hold was refused");
    assert!(answer.contains("a=recvonly"), "{answer}");
    media.accept(&answer);
    caller.story(&house, |story| has(story, "held")).await;
    let music = caller.call.wait_heard(
        |ear, now| {
            let window = std::time::Duration::from_millis(500);
            let level = ear.level_dbm0(window, now);
            level > -40.0 && ear.tone_dbm0(f64::from(OPERATOR_HERTZ), window, now) < level - 15.0
        },
        SOON,
    );
    music.await.expect("no music on hold");
    let resume = media.offer(str0m::media::Direction::SendRecv);
    let answer = page.reinvite(leg, resume).await.expect("the end of hold was refused");
    media.accept(&answer);
    talk(&mut page, &caller, &media).await;

    page.command(Command::Hangup { leg, reason: None }).await;
    let over = page.meanwhile(caller.call.over(SOON)).await.unwrap();
    assert_eq!(over.what, Over::Ended(Ended::Bye { reason: None }));
    let record = caller.ended(&house).await.record;
    let quality = record.operator_quality.unwrap();
    assert_eq!((quality.codec.as_str(), quality.packets_rejected), ("PCMA", 0));
    assert!(quality.packets_received > 50 && quality.packets_lost == 0, "{quality:?}");
    board.until_state("101", "wrap_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_a_phone_of_the_other_law_hear_each_other_and_the_callers_bye_reaches_the_page() {
    let house = staffed();
    let mut page = Page::of(&house, "101").await;
    let options = Options { codecs: vec![Codec::Pcma], ..Options::default() };
    let caller = Caller::dial_with(&house, "79150000312", crate::house::WALLET_LINE, options).await;
    caller.press_by("0", Method::Rfc4733);
    let (leg, media) = take(&mut page, Codec::Pcmu).await;
    talk(&mut page, &caller, &media).await;
    caller.hangup().await;
    page.event(|event| matches!(event, Event::Ended { leg: ended, .. } if *ended == leg).then_some(())).await;
    let record = caller.ended(&house).await.record;
    assert_eq!(record.operator_quality.unwrap().codec, "PCMU");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_telephones_are_reached_over_tls_with_a_certificate_of_our_own() {
    let house = House::start(&Plan { web: ", tls: self_signed".into(), ..Plan::default() });
    let host = format!("localhost:{}", house.web.port());
    let mut roots = RootCertStore::empty();
    let own = CertificateDer::from_pem_file(house.data().join("web-certificate.pem")).unwrap();
    roots.add(own).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let connect = async || {
        let stream = TcpStream::connect(house.web).await.unwrap();
        TlsConnector::from(config.clone()).connect("localhost".try_into().unwrap(), stream).await.unwrap()
    };

    let mut stream = connect().await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("strict-transport-security"), "{answer}");

    let handshake = |origin: &str| {
        let mut request = format!("wss://{host}/ws/sip").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", "sip".parse().unwrap());
        request
    };
    let refused = client_async(handshake(&format!("http://{host}")), connect().await).await;
    assert!(
        matches!(refused, Err(Error::Http(answer)) if answer.status() == 403),
        "another scheme is another origin"
    );
    let (mut socket, _) = client_async(handshake(&format!("https://{host}")), connect().await).await.unwrap();
    let options = "OPTIONS sips:hotline.test SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKa\r\n\
        From: <sip:a@x.invalid>;tag=1\r\nTo: <sip:hotline.test>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    socket.send(Message::text(options)).await.unwrap();
    let reply = tokio::time::timeout(SOON, async {
        loop {
            if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                return text;
            }
        }
    });
    let reply = reply.await.unwrap();
    assert!(reply.starts_with("SIP/2.0 200 ") && reply.contains("Via: SIP/2.0/WSS x.invalid;"), "{reply}");
}
