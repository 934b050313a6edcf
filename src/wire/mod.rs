//! SIP's sockets: read, hand to the owner of [`crate::sip::Stack`], write.
//!
//! ```text
//! UDP listener ─▶ reader ─┐                                            ┌▶ try_send, or dropped and counted
//! TCP listener ─▶ accept ─┼▶ inspector ─▶ one bounded queue ─▶ owner ─▶ Wire::send
//! connection ───▶ reader ─┤      └▶ 503 written at once                └▶ a bounded queue per connection
//! browser ──────▶ web ────┘
//! ```
//! One task per listener and per connection. When the queue to the owner is full, datagrams are dropped and counted
//! (SIP repeats them) and streams are not read until there is room.
pub mod counters;
pub mod limits;
mod local;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
pub mod websocket;

pub use counters::Counters;
pub use limits::{Capacity, Inspector, Limits};

use crate::clock::Clock;
use crate::sip::frame::FrameError;
use crate::sip::{Hop, Transport};
use counters::{Direction, Drop, Tally};
use limits::Verdict;
use local::Toward;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// What the shell heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// One datagram, or one framed message of a stream.
    Message { hop: Hop, bytes: Vec<u8> },
    /// Bytes for this hop could not be sent.
    Unsendable(Hop),
    /// The stream with this peer was closed.
    Disconnected(Hop),
}

#[derive(Clone, Debug)]
pub struct Options {
    pub udp: Vec<SocketAddr>,
    pub tcp: Vec<SocketAddr>,
    /// Messages that wait for the owner. Full: see the module's text.
    pub inbound_max: usize,
    /// Asked for with SO_RCVBUF; the kernel's `net.core.rmem_max` may give less. At 700 bytes a message, 4 MB hold
    /// what 1,000 calls a second bring in two seconds, because the kernel counts about 1.3 KB for each.
    pub receive_buffer_bytes: usize,
    /// Streams at once. More are closed as soon as they come.
    pub connections_max: usize,
    /// Streams of one peer address. More are closed as soon as they come.
    pub connections_per_source_max: usize,
    /// Asks the kernel to report ICMP errors on a UDP socket (IP_RECVERR), so that a phone that is gone fails in
    /// milliseconds and not after 32 s. A hook, because it needs a system call without a safe door.
    pub report_icmp: Option<fn(BorrowedFd<'_>) -> io::Result<()>>,
    /// A stream that has sent nothing for so long, not even a keep-alive, is closed.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            udp: Vec::new(),
            tcp: Vec::new(),
            inbound_max: 4096,
            receive_buffer_bytes: 4 * 1024 * 1024,
            connections_max: 4096,
            connections_per_source_max: 64,
            report_icmp: None,
            idle_timeout: Duration::from_secs(600),
        }
    }
}

/// A handle on the sockets; cheap to clone. The sockets close when the last one is dropped.
#[derive(Clone)]
pub struct Wire {
    udp: Arc<Vec<udp::Listener>>,
    tcp: tcp::Connections,
    browsers: websocket::Connections,
    listeners: Arc<Vec<(Transport, SocketAddr)>>,
    shared: Arc<Shared>,
    /// Ends every task when the last handle goes.
    _tasks: Arc<Tasks>,
}

/// What every reader needs.
pub(crate) struct Shared {
    inspector: Mutex<Inspector>,
    tally: Tally,
    toward: Toward,
    clock: Clock,
    inbound: mpsc::Sender<Inbound>,
    options: Options,
}

struct Tasks {
    listeners: Vec<tokio::task::AbortHandle>,
    connections: tcp::Connections,
    browsers: websocket::Connections,
}

impl std::ops::Drop for Tasks {
    fn drop(&mut self) {
        self.listeners.iter().for_each(tokio::task::AbortHandle::abort);
        self.connections.close_all();
        self.browsers.close_all();
    }
}

/// Opens the listeners and starts their readers. Fails if an address cannot be bound.
pub async fn start(
    options: Options,
    inspector: Inspector,
    clock: Clock,
) -> io::Result<(Wire, mpsc::Receiver<Inbound>)> {
    let (inbound, receiver) = mpsc::channel(options.inbound_max.max(1));
    let shared = Arc::new(Shared {
        inspector: Mutex::new(inspector),
        tally: Tally::default(),
        toward: Toward::default(),
        clock,
        inbound,
        options: options.clone(),
    });
    let mut listeners = Vec::new();
    let mut udp = Vec::new();
    let mut tasks = Vec::new();
    for address in &options.udp {
        let listener = udp::Listener::bind(*address, &options)?;
        listeners.push((Transport::Udp, listener.local));
        tasks.push(tokio::spawn(udp::read(listener.clone(), shared.clone())).abort_handle());
        udp.push(listener);
    }
    let tcp = tcp::Connections::new(shared.clone());
    for address in &options.tcp {
        let listener = tcp::bind(*address)?;
        listeners.push((Transport::Tcp, listener.local_addr()?));
        tasks.push(tokio::spawn(tcp::accept(listener, tcp.clone())).abort_handle());
    }
    let (udp, listeners) = (Arc::new(udp), Arc::new(listeners));
    let browsers = websocket::Connections::new(shared.clone());
    let _tasks = Arc::new(Tasks { listeners: tasks, connections: tcp.clone(), browsers: browsers.clone() });
    let wire = Wire { udp, tcp, browsers, listeners, shared, _tasks };
    Ok((wire, receiver))
}

impl Wire {
    /// Never blocks. What cannot be sent comes back as [`Inbound::Unsendable`].
    pub fn send(&self, hop: Hop, bytes: Vec<u8>) {
        self.shared.tally.message(Direction::Out, &bytes);
        match hop.transport {
            Transport::Udp => match self.udp.iter().find(|listener| listener.serves(hop.local)) {
                Some(listener) => listener.send(hop, &bytes, &self.shared),
                None => self.shared.unsendable(hop),
            },
            Transport::Tcp => self.tcp.send(hop, bytes),
            Transport::Ws | Transport::Wss => self.browsers.send(hop, bytes),
            // TLS has its place beside tcp.rs.
            Transport::Tls => self.shared.unsendable(hop),
        }
    }

    /// Takes a browser's connection over (RFC 7118), each message of which is one of SIP, until one side closes its
    /// channel. False: there are too many, and the connection is to be closed.
    pub fn browser(
        &self,
        hop: Hop,
        incoming: mpsc::Receiver<Vec<u8>>,
        outgoing: mpsc::Sender<Vec<u8>>,
    ) -> bool {
        self.browsers.run(hop, incoming, outgoing)
    }

    /// Browsers' connections end when what waits for them is written.
    pub fn close_browsers(&self) {
        self.browsers.close_all();
    }

    /// The addresses really bound (a port of 0 has become one), for [`crate::sip::Config::listeners`].
    pub fn listeners(&self) -> &[(Transport, SocketAddr)] {
        &self.listeners
    }

    /// The local address that packets to this peer leave from; for [`crate::sip::Config::local_address`], ask with the
    /// address of a trunk or any public one. Nothing is sent.
    pub fn local_toward(&self, peer: IpAddr) -> Option<IpAddr> {
        self.shared.toward.local(peer)
    }

    pub fn counters(&self) -> Counters {
        let mut counters = self.shared.tally.snapshot();
        counters.connections = self.tcp.len() + self.browsers.len();
        counters
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

impl Shared {
    fn inspect(&self, hop: Hop, bytes: &[u8]) -> Verdict {
        let verdict = lock(&self.inspector).inspect(hop, bytes, self.clock.mono());
        match &verdict {
            Verdict::Drop => self.tally.dropped(Drop::Flood),
            Verdict::Refuse { bytes: reply, .. } => {
                self.tally.message(Direction::In, bytes);
                self.tally.message(Direction::Out, reply);
                self.tally.dropped(Drop::Refused);
            }
            Verdict::Pass => self.tally.message(Direction::In, bytes),
        }
        verdict
    }

    /// The owner learns it if there is room; else his transaction's own time-out tells him later.
    fn unsendable(&self, hop: Hop) {
        self.tally.dropped(Drop::Unsendable);
        if self.inbound.try_send(Inbound::Unsendable(hop)).is_err() {
            self.tally.dropped(Drop::QueueFull);
        }
    }

    /// The hop's local side with a real address where the listener has none.
    fn real(&self, local: SocketAddr, peer: SocketAddr) -> SocketAddr {
        match local.ip().is_unspecified() {
            true => self.toward.local(peer.ip()).map_or(local, |ip| SocketAddr::new(ip, local.port())),
            false => local,
        }
    }

    fn frame_error(&self, hop: Hop, error: FrameError) {
        self.tally.dropped(Drop::Malformed);
        tracing::debug!(peer = %hop.peer, %error, "a SIP stream cannot be cut into messages; closing it");
    }
}

/// A panic in another task does not make these tables wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
