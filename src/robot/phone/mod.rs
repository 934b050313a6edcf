//! A telephone without a person: it registers, calls, rings, answers, talks, presses keys and notes when everything
//! happened. One SIP socket and one task per phone, one RTP socket and one task per call.
//!
//! ```no_run
//! # use hotline::robot::phone::{Dial, Options, Phone};
//! # use hotline::robot::mouth::Method;
//! # use std::time::Duration;
//! # async fn example(server: std::net::SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
//! let phone = Phone::bind(Options::default()).await?;
//! let call = phone.call(Dial::to("sip:88007077759@127.0.0.1", server).from("79161234567")).await?;
//! call.answered(Duration::from_secs(2)).await?;
//! call.press(hotline::digit::Digit::HASH, Method::Rfc4733);
//! call.wait_tone(440.0, Duration::from_secs(5)).await?;
//! call.hangup().await;
//! call.over(Duration::from_secs(2)).await?;
//! # Ok(()) }
//! ```
//! Times are on the robots' one clock ([`crate::robot::clock`]), so that those of two phones can be compared.
mod call;
mod driver;
mod log;
mod voice;

#[cfg(test)]
mod tests;

pub use call::{Call, CallEvent, Over};
pub use log::{Timed, TimedOut};

use super::agent::{self, Agent};
use super::description::{Direction, Local};
use super::mouth::Sound;
use super::register::Account;
use super::trace::Trace;
use crate::ids::LegId;
use crate::media::codec::Codec;
use crate::sip::{Command, Identity, Invite, Target};
use call::Line;
use driver::Driver;
use log::Log;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use voice::Voice;

/// Orders on their way to the phone's task; who gives more waits.
const ORDERS_MAX: usize = 256;
/// Incoming calls that nobody has asked for yet; further ones ring and are seen in the log only.
const CALLS_WAITING_MAX: usize = 256;
/// Calls of one phone at once.
const CALLS_MAX: usize = 2_000;

/// What a phone does with a call that comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: whoever takes it by [`Phone::incoming`] rings, answers or rejects.
    #[default]
    Manual,
    /// Rings at once and answers after this time.
    Answer {
        after: Duration,
    },
    Reject {
        status: u16,
    },
}

#[derive(Clone, Debug)]
pub struct Options {
    pub ip: IpAddr,
    pub user: String,
    pub display: String,
    pub domain: String,
    /// For [`Phone::register`].
    pub password: String,
    /// In order of preference.
    pub codecs: Vec<Codec>,
    pub telephone_event: bool,
    pub policy: Policy,
    /// What is said on a call from its beginning.
    pub sound: Sound,
    /// Keep every SIP message in the logs; without it a phone that makes thousands of calls is cheaper.
    pub traced: bool,
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            ip: Ipv4Addr::LOCALHOST.into(),
            user: "robot".into(),
            display: String::new(),
            domain: "localhost".into(),
            password: String::new(),
            codecs: Codec::ALL.into(),
            telephone_event: true,
            policy: Policy::Manual,
            sound: Sound::Silence,
            traced: true,
            seed: 1,
        }
    }
}

/// What happened to a phone, outside its calls.
#[derive(Clone, Debug)]
pub enum PhoneEvent {
    /// A message of no call: REGISTER and OPTIONS.
    Message(Box<Trace>),
    Registered {
        expires: Duration,
    },
    Unregistered,
    RegistrationRefused {
        status: u16,
    },
    Incoming(LegId),
}

/// Whom to call, and as whom.
#[derive(Clone, Debug)]
pub struct Dial {
    uri: String,
    server: SocketAddr,
    from: Option<String>,
    display: Option<String>,
    headers: Vec<(String, String)>,
    sound: Option<Sound>,
}

impl Dial {
    /// The INVITE for `uri` is sent to `server`.
    pub fn to(uri: impl Into<String>, server: SocketAddr) -> Dial {
        Dial { uri: uri.into(), server, from: None, display: None, headers: Vec::new(), sound: None }
    }

    /// The number in From, in place of the phone's user.
    pub fn from(mut self, number: impl Into<String>) -> Dial {
        self.from = Some(number.into());
        self
    }

    pub fn display(mut self, display: impl Into<String>) -> Dial {
        self.display = Some(display.into());
        self
    }

    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Dial {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn sound(mut self, sound: Sound) -> Dial {
        self.sound = Some(sound);
        self
    }
}

#[derive(Debug)]
enum Order {
    Command(Box<Command>),
    Invite { line: Arc<Line>, invite: Box<Invite> },
    Register { account: Account, server: SocketAddr },
    Unregister,
    Close,
}

#[derive(Clone, Debug)]
struct Orders(mpsc::Sender<Order>);

impl Orders {
    /// The phone may be gone: then nobody obeys.
    async fn send(&self, order: Order) {
        let _ = self.0.send(order).await;
    }
}

#[derive(Debug)]
struct Shared {
    options: Options,
    log: Log<PhoneEvent>,
    outgoing: AtomicU64,
    /// Stop at once and say nothing to anybody.
    vanished: CancellationToken,
    /// The task has ended.
    gone: CancellationToken,
}

impl Shared {
    /// A seed for the RTP session of a leg; odd steps spread it over all its bits.
    fn seed_of(&self, leg: LegId) -> u64 {
        (self.options.seed ^ (leg.0 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A phone. Dropped, it hangs up its calls, takes its registration back and goes, as far as the runtime lets it;
/// [`Phone::close`] waits for that.
#[derive(Debug)]
pub struct Phone {
    shared: Arc<Shared>,
    orders: Orders,
    calls: Mutex<mpsc::Receiver<Call>>,
    address: SocketAddr,
}

impl Phone {
    pub async fn bind(options: Options) -> io::Result<Phone> {
        let socket = UdpSocket::bind(SocketAddr::new(options.ip, 0)).await?;
        let address = socket.local_addr()?;
        let (orders, received) = mpsc::channel(ORDERS_MAX);
        let (calls, taken) = mpsc::channel(CALLS_WAITING_MAX);
        let orders = Orders(orders);
        let agent = Agent::new(agent::Options {
            me: address,
            domain: options.domain.clone(),
            traced: options.traced,
            legs_max: CALLS_MAX,
            seed: super::stack_seed(options.seed, address),
        });
        let shared = Arc::new(Shared {
            options,
            log: Log::default(),
            outgoing: AtomicU64::new(0),
            vanished: CancellationToken::new(),
            gone: CancellationToken::new(),
        });
        let driver = Driver {
            shared: shared.clone(),
            agent,
            socket,
            received,
            calls,
            orders: orders.clone(),
            lines: BTreeMap::new(),
            early: Vec::new(),
            registered: false,
        };
        tokio::spawn(driver.run());
        Ok(Phone { shared, orders, calls: Mutex::new(taken), address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `sip:user@address` of this phone, for calling it directly.
    pub fn uri(&self) -> String {
        format!("sip:{}@{}", self.shared.options.user, self.address)
    }

    /// Registers, and keeps the registration fresh. The time granted, or the status of the refusal.
    pub async fn register(&self, server: SocketAddr) -> Result<Duration, RegisterError> {
        let Options { user, domain, password, .. } = self.shared.options.clone();
        let mark = self.shared.log.mark();
        self.orders.send(Order::Register { account: Account { user, domain, password }, server }).await;
        let outcome = |event: &PhoneEvent| match event {
            PhoneEvent::Registered { expires } => Some(Ok(*expires)),
            PhoneEvent::RegistrationRefused { status } => {
                Some(Err(RegisterError::Refused { status: *status }))
            }
            _ => None,
        };
        self.shared.log.wait(mark, REGISTER_WITHIN, outcome).await?.what
    }

    pub async fn unregister(&self) -> Result<(), RegisterError> {
        let mark = self.shared.log.mark();
        self.orders.send(Order::Unregister).await;
        let outcome = |event: &PhoneEvent| match event {
            PhoneEvent::Unregistered => Some(Ok(())),
            PhoneEvent::RegistrationRefused { status } => {
                Some(Err(RegisterError::Refused { status: *status }))
            }
            _ => None,
        };
        self.shared.log.wait(mark, REGISTER_WITHIN, outcome).await?.what
    }

    /// Sends an INVITE. Fails only when no RTP socket can be opened.
    pub async fn call(&self, dial: Dial) -> io::Result<Call> {
        let options = &self.shared.options;
        let (socket, address) = driver::open_media(SocketAddr::new(options.ip, 0))?;
        let leg = LegId::outgoing(self.shared.outgoing.fetch_add(1, Ordering::Relaxed) + 1);
        let local = Local::new(address, &options.codecs, options.telephone_event);
        let sound = dial.sound.unwrap_or_else(|| options.sound.clone());
        let mut voice = Voice::new(local, sound, self.shared.seed_of(leg));
        let sdp = voice.local.offer(Direction::SendRecv);
        let line = Line::new(leg, voice, self.shared.vanished.child_token());
        tokio::spawn(voice::run(line.clone(), socket, line.over.clone()));
        let invite = Box::new(Invite {
            leg,
            to: Target::Uri { uri: dial.uri, via: Some(dial.server) },
            from: Identity {
                display: dial.display.unwrap_or_else(|| options.display.clone()),
                user: dial.from.unwrap_or_else(|| options.user.clone()),
                host: options.domain.clone(),
            },
            headers: dial.headers,
            sdp,
        });
        self.orders.send(Order::Invite { line: line.clone(), invite }).await;
        Ok(Call::new(line, self.orders.clone()))
    }

    /// The next call that came in, each once.
    pub async fn incoming(&self, within: Duration) -> Result<Call, TimedOut> {
        let mut calls = self.calls.lock().await;
        match tokio::time::timeout(within, calls.recv()).await {
            Ok(Some(call)) => Ok(call),
            Ok(None) | Err(_) => Err(self.shared.log.timed_out(within)),
        }
    }

    pub fn events(&self) -> Vec<Timed<PhoneEvent>> {
        self.shared.log.all()
    }

    /// The first event since the phone was bound that `wanted` likes; waits for it if it has not happened yet.
    pub async fn wait_for(
        &self,
        mut wanted: impl FnMut(&PhoneEvent) -> bool,
        within: Duration,
    ) -> Result<Timed<PhoneEvent>, TimedOut> {
        self.shared.log.wait(0, within, |event| wanted(event).then(|| event.clone())).await
    }

    /// Hangs up, takes the registration back, and is gone: within three seconds, answered or not.
    pub async fn close(self) {
        self.orders.send(Order::Close).await;
        self.shared.gone.cancelled().await;
    }

    /// Gone without a word, as a phone whose cable was pulled.
    pub async fn vanish(self) {
        self.shared.vanished.cancel();
        self.shared.gone.cancelled().await;
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // Full of orders, or already gone: then nobody is told, and the peers' timers find out.
        let _ = self.orders.0.try_send(Order::Close);
    }
}

/// RFC 3261's 32 s of a transaction, and the challenge before.
const REGISTER_WITHIN: Duration = Duration::from_secs(40);

#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("the registration was refused with {status}")]
    Refused { status: u16 },
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}
