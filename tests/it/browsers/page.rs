//! A browser's end of SIP over WebSocket: a real WebSocket, the engine's own SIP stack for calls, and REGISTER by hand, written
//! as the libraries of pages write it (RFC 7118).
use crate::house::House;
use crate::parties::SOON;
use futures_util::{SinkExt, StreamExt};
use hotline::ids::LegId;
use hotline::machine::Instant;
use hotline::robot::clock;
use hotline::robot::trace::{Trace, Way};
use hotline::sip::{self, Command, Config, Event, Hop, Output, Stack, Transport, digest};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub type Socket = WebSocketStream<TcpStream>;

/// Opens the WebSocket of a house as a page of this origin would.
pub async fn open(house: &House, origin: &str, protocol: &str) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/ws/sip", house.web).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", HeaderValue::from_str(origin).unwrap());
    if !protocol.is_empty() {
        headers.insert("sec-websocket-protocol", HeaderValue::from_str(protocol).unwrap());
    }
    let stream = TcpStream::connect(house.web).await.unwrap();
    client_async(request, stream).await.map(|(socket, _)| socket)
}

pub fn origin(house: &House) -> String {
    format!("http://{}", house.web)
}

/// What the API gives to an operator's page.
pub fn credential(house: &House, id: &str) -> (String, String) {
    let token = house.token("admin");
    let (status, body) = house.request("POST", &format!("/api/v1/operators/{id}/credential"), &token, "");
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((body["ws"].as_str(), body["user"].as_str()), (Some("/ws/sip"), Some(id)));
    assert_eq!(body["uri"], format!("sip:{id}@hotline.test"));
    assert!(body["expires_s"].as_u64().unwrap() >= 300);
    (id.to_string(), body["password"].as_str().unwrap().to_string())
}

/// A page with its telephone.
pub struct Page {
    socket: Socket,
    stack: Stack,
    hop: Hop,
    user: String,
    host: String,
    seq: u32,
    /// What the stack told and nobody has asked for yet.
    events: VecDeque<Event>,
    /// Every message that came.
    pub received: Vec<Trace>,
}

static PAGES: AtomicU64 = AtomicU64::new(1);

impl Page {
    pub async fn open(house: &House, user: &str) -> Page {
        let socket = open(house, &origin(house), "sip").await.unwrap();
        // What a browser writes where others write their address (RFC 7118 §5).
        let number = PAGES.fetch_add(1, Ordering::Relaxed);
        let host = format!("page{number}x{}.invalid", std::process::id());
        let local: SocketAddr = ([127, 0, 0, 1], 9).into();
        let config = Config {
            domain: "hotline.test".into(),
            listeners: vec![(Transport::Ws, local)],
            ..Config::default()
        };
        let hop = Hop { transport: Transport::Ws, local, peer: house.web };
        let stack = Stack::new(config, number ^ (u64::from(std::process::id()) << 20));
        let (user, events) = (user.to_string(), VecDeque::new());
        Page { socket, stack, hop, user, host, seq: 0, events, received: Vec::new() }
    }

    /// A page of an operator, registered with a credential of the API.
    pub async fn of(house: &House, id: &str) -> Page {
        let (_, password) = credential(house, id);
        let mut page = Page::open(house, id).await;
        assert_eq!(page.register(&password, 300).await, 200);
        page
    }

    /// The status of the answer to the answer to the challenge.
    pub async fn register(&mut self, password: &str, expires: u32) -> u16 {
        let request = self.request("REGISTER", expires, "");
        self.send(request).await;
        let refused = self.response("REGISTER").await;
        assert_eq!(refused.status(), Some(401));
        let challenges: Vec<_> = refused.all("WWW-Authenticate").collect();
        // JsSIP reads the first challenge only, and knows no other algorithm.
        assert!(challenges[0].contains("algorithm=MD5"), "{challenges:?}");
        let uri = "sip:hotline.test";
        let value = digest::authorize(challenges[0], &self.user, password, "REGISTER", uri, 1).unwrap();
        let request = self.request("REGISTER", expires, &format!("Authorization: {value}\r\n"));
        self.send(request).await;
        self.response("REGISTER").await.status().unwrap()
    }

    pub async fn options(&mut self) -> u16 {
        let request = self.request("OPTIONS", 0, "");
        self.send(request).await;
        self.response("OPTIONS").await.status().unwrap()
    }

    fn request(&mut self, method: &str, expires: u32, extra: &str) -> String {
        self.seq += 1;
        let Page { user, host, seq, .. } = self;
        format!(
            "{method} sip:hotline.test SIP/2.0\r\nVia: SIP/2.0/WS {host};branch=z9hG4bK{host}{method}{seq}\r\nMax-Forwards: 69\r\n\
             To: <sip:{user}@hotline.test>\r\nFrom: <sip:{user}@hotline.test>;tag={host}\r\nCall-ID: {method}{host}\r\n\
             CSeq: {seq} {method}\r\n{extra}\
             Contact: <sip:{user}@{host};transport=ws>;+sip.ice;reg-id=1;expires={expires}\r\nExpires: {expires}\r\n\
             Supported: path,gruu,outbound\r\nUser-Agent: page\r\nContent-Length: 0\r\n\r\n"
        )
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// The final response to a request of ours.
    async fn response(&mut self, method: &str) -> Trace {
        let from = self.received.len();
        let late = clock().mono() + SOON;
        loop {
            assert!(clock().mono() < late, "no response to {method}: {:#?}", self.received);
            self.step().await;
            let so = |m: &&Trace| {
                m.status().is_some_and(|status| status >= 200)
                    && m.header("CSeq").is_some_and(|cseq| cseq.ends_with(method))
            };
            if let Some(found) = self.received[from..].iter().find(so) {
                return found.clone();
            }
        }
    }

    pub async fn command(&mut self, command: Command) {
        let mut out = Vec::new();
        self.stack.command(command, clock().now(), &mut out);
        self.put_out(out).await;
    }

    /// The next event of the stack that is wanted; the others are passed over.
    pub async fn event<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let late = clock().mono() + SOON;
        loop {
            assert!(clock().mono() < late, "it never came; what did: {:#?}", self.received);
            while let Some(event) = self.events.pop_front() {
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
            self.step().await;
        }
    }

    /// One message, or one time-out of the stack.
    pub async fn step(&mut self) {
        let wake = self.stack.next_timeout().unwrap_or(Instant::from_nanos(u64::MAX / 4));
        let wake = wake.min(clock().mono() + SOON / 4);
        let mut out = Vec::new();
        tokio::select! {
            message = tokio::time::timeout(SOON, self.socket.next()) => {
                let message = message.expect("the house says nothing").expect("the house hung up").unwrap();
                let Message::Text(text) = message else { return };
                if let Some(trace) = Trace::read(Way::Received, text.as_bytes()) {
                    self.received.push(trace);
                }
                self.stack.receive(self.hop, text.as_bytes(), clock().now(), &mut out);
            }
            () = tokio::time::sleep_until(clock().deadline(wake).into()) => {
                self.stack.handle_timeout(clock().now(), &mut out);
            }
        }
        self.put_out(out).await;
    }

    async fn put_out(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Event(event) => self.events.push_back(event),
                Output::Send { bytes, .. } => {
                    // A browser's Contact names no address.
                    let text = String::from_utf8(bytes).unwrap().replace("127.0.0.1:9", &self.host);
                    self.send(text).await;
                }
            }
        }
    }

    /// Waits for something, while the page goes on.
    pub async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            tokio::select! {
                done = &mut something => return done,
                () = self.step() => {}
            }
        }
    }

    /// A re-INVITE, and the answer to it; `None` if it was refused.
    pub async fn reinvite(&mut self, leg: LegId, sdp: String) -> Option<String> {
        self.command(Command::Reinvite { leg, sdp }).await;
        self.event(|event| match event {
            Event::Reanswered { sdp, .. } => Some(sdp.clone()),
            _ => None,
        })
        .await
    }

    /// The next call, ringing.
    pub async fn rings(&mut self) -> Box<sip::Incoming> {
        let incoming = self
            .event(|event| match event {
                Event::Incoming(incoming) => Some(incoming.clone()),
                _ => None,
            })
            .await;
        self.command(Command::Ring { leg: incoming.leg, early: None }).await;
        incoming
    }
}
