//! An operator's telephone in his page: SIP over WebSocket (RFC 7118) at `/ws/sip`, and the credential that he registers with.
//!
//! ```text
//!   page ─ POST …/credential ─▶ user, password, an hour          page ═ /ws/sip ═ [ origin, size, silence ] ═ wire
//! ```
//! The web upgrades, checks and keeps the connection; what the messages say is the SIP stack's matter, and so is who may
//! register: the page proves by digest that it has the credential. A connection is a pair of bounded channels to the SIP
//! side ([`Line`]); a full one toward us stops the reading, and the SIP side cuts off a page that does not read.
use super::App;
use super::desk::Role;
use super::guard::{self, Caller};
use super::listen::{Local, Peer};
use super::problem::Problem;
use crate::sip::parse::{BODY_BYTES_MAX, HEAD_BYTES_MAX};
use crate::sip::{Ha1, Hop, Transport};
use axum::Json;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The path of the WebSocket, and its subprotocol (RFC 7118 §4.1).
pub const PATH: &str = "/ws/sip";
const SUBPROTOCOL: &str = "sip";
/// A larger one would be refused by the parser; the connection ends with 1009 (RFC 6455 §7.4.1).
const MESSAGE_BYTES_MAX: usize = HEAD_BYTES_MAX + BODY_BYTES_MAX;
/// Pages send nothing by themselves while nobody calls, and proxies close what is silent for a minute. A browser answers
/// the ping of its own accord, so whoever is silent for [`SILENCE_MAX`] is gone.
const PING_EVERY: Duration = Duration::from_secs(20);
const SILENCE_MAX: Duration = Duration::from_secs(50);
/// A page that takes no byte for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A page renews its credential before this; one that leaked is of use no longer.
const CREDENTIAL_LASTS: Duration = Duration::from_secs(3600);
/// 128 bits: no dictionary has it.
const PASSWORD_BYTES: usize = 16;

/// A page's connection, as the SIP side takes it over. Either ends it by dropping its channels.
#[derive(Debug)]
pub struct Line {
    pub hop: Hop,
    pub incoming: mpsc::Receiver<Vec<u8>>,
    pub outgoing: mpsc::Sender<Vec<u8>>,
}

/// Where connections go. `room` is for this side: how many messages wait each way.
#[derive(Clone)]
pub struct Phones {
    /// The realm of the digest: the SIP domain.
    pub domain: String,
    pub incoming_max: usize,
    pub outgoing_max: usize,
    /// False: there are too many.
    pub take: Arc<dyn Fn(Line) -> bool + Send + Sync>,
}

/// A password for one operator's page, for an hour.
pub async fn credential(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    if caller.role != Role::Admin && caller.name != id {
        return Err(Problem::not_allowed("an operator gets a credential for his own page only"));
    }
    let view = super::api::now(&app);
    let operator = super::api::find_operator(&view, &id).ok_or_else(super::api::no_such_operator)?;
    let operator = operator.id.clone();
    let domain = &app.phones.domain;
    let password = password()?;
    let ha1 = Ha1::new(operator.as_str(), domain, &password);
    app.admin.pass(operator.clone(), ha1, CREDENTIAL_LASTS).await?;
    super::api::audit(&app, &caller, "operator.credential", &[("operator", &id)]).await;
    Ok(Json(json!({
        "user": operator,
        "password": password,
        "expires_s": CREDENTIAL_LASTS.as_secs(),
        "uri": format!("sip:{operator}@{domain}"),
        "ws": PATH,
    })))
}

fn password() -> Result<String, Problem> {
    let mut bytes = [0; PASSWORD_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Problem::busy("the machine has no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `GET /ws/sip`. Programs name no origin, and prove themselves by digest like everybody; a browser on a foreign page names
/// that page's.
pub async fn connect(
    State(app): State<App>,
    peer: Peer,
    local: Local,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    guard::refuse_foreign(&headers, &app.options, guard::Strict::WhenNamed)?;
    let Peer::Tcp(peer) = peer else {
        return Err(Problem::bad_request("telephones connect over TCP, not over the control socket"));
    };
    let upgrade = upgrade
        .map_err(|why| Problem::bad_request(format!("expected a WebSocket handshake: {}", why.body_text())))?
        .protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(Problem::bad_request("expected `Sec-WebSocket-Protocol: sip` (RFC 7118)"));
    }
    let transport = if app.options.tls { Transport::Wss } else { Transport::Ws };
    let hop = Hop { transport, local: local.0, peer };
    let (incoming, from_page) = mpsc::channel(app.phones.incoming_max.max(1));
    let (to_page, outgoing) = mpsc::channel(app.phones.outgoing_max.max(1));
    if !(app.phones.take)(Line { hop, incoming: from_page, outgoing: to_page }) {
        return Err(Problem::busy("too many telephones are connected"));
    }
    Ok(upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| serve(socket, incoming, outgoing)))
}

/// Why a connection ends, for the browser's `CloseEvent`.
enum End {
    /// The page went, or the line broke.
    Gone,
    Says(u16, &'static str),
}

async fn serve(
    mut socket: WebSocket,
    incoming: mpsc::Sender<Vec<u8>>,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
) {
    if let End::Says(code, reason) = converse(&mut socket, incoming, &mut outgoing).await {
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let _ = timeout(WRITE_TIMEOUT, socket.send(close)).await;
    }
}

async fn converse(
    socket: &mut WebSocket,
    incoming: mpsc::Sender<Vec<u8>>,
    outgoing: &mut mpsc::Receiver<Vec<u8>>,
) -> End {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = Duration::ZERO;
    loop {
        let reply = tokio::select! {
            message = outgoing.recv() => match message {
                Some(bytes) => text(bytes),
                None => return End::Says(close_code::AWAY, "the telephone side has closed"),
            },
            _ = pings.tick() => {
                if silent > SILENCE_MAX {
                    return End::Gone;
                }
                silent += PING_EVERY;
                Message::Ping(Default::default())
            },
            message = socket.recv() => {
                silent = Duration::ZERO;
                let bytes = match message {
                    Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                    Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_))) | None => return End::Gone,
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a telephone's WebSocket ends");
                        return End::Says(close_code::SIZE, "a message is too large or malformed");
                    }
                };
                match bytes.as_slice() {
                    // RFC 7118 §6, RFC 5626 §4.4.1: a ping of the SIP level.
                    b"\r\n\r\n" => text(b"\r\n".to_vec()),
                    b"\r\n" | b"" => continue,
                    _ => {
                        if incoming.send(bytes).await.is_err() {
                            return End::Says(close_code::AWAY, "the telephone side has closed");
                        }
                        continue;
                    }
                }
            }
        };
        if !matches!(timeout(WRITE_TIMEOUT, socket.send(reply)).await, Ok(Ok(()))) {
            return End::Gone;
        }
    }
}

/// SIP is UTF-8 text; a message that quotes a phone's broken bytes goes as binary (RFC 7118 §4.2 allows both).
fn text(bytes: Vec<u8>) -> Message {
    match String::from_utf8(bytes) {
        Ok(text) => Message::Text(text.into()),
        Err(bytes) => Message::Binary(bytes.into_bytes().into()),
    }
}
