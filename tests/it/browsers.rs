//! Operators in a browser: SIP over WebSocket with a credential of the API.
#[path = "browsers/page.rs"]
mod page;

use crate::house::{House, Plan};
use crate::parties::{Board, Caller, SOON};
use futures_util::{SinkExt, StreamExt};
use hotline::sip::{Command, Event};
use page::{Page, credential, open, origin};
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
    let phone = house
        .operator("101", hotline::robot::phone::Policy::Manual, hotline::robot::mouth::Sound::Silence)
        .await;
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
