//! SIP's sockets: read, hand to the stack's owner, write.
use crate::sip::Hop;
use ipnet::IpNet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// What the shell heard.
#[derive(Clone, Debug)]
pub enum Inbound {
    /// One datagram, or one framed message of a stream.
    Message { hop: Hop, bytes: Vec<u8> },
    /// Bytes for this hop could not be sent.
    Unsendable(Hop),
    /// The stream with this peer was closed.
    Disconnected(Hop),
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub udp: Vec<SocketAddr>,
    pub tcp: Vec<SocketAddr>,
    pub trusted: Vec<IpNet>,
}

/// Calls now and at most, shared with whoever counts calls.
#[derive(Clone, Debug)]
pub struct Capacity {
    active: Arc<AtomicUsize>,
    max: Arc<AtomicUsize>,
}

impl Capacity {
    pub fn new(max: usize) -> Capacity {
        Capacity { active: Arc::default(), max: Arc::new(AtomicUsize::new(max)) }
    }
    pub fn set_active(&self, calls: usize) {
        self.active.store(calls, Ordering::Relaxed);
    }
    pub fn full(&self) -> bool {
        self.active.load(Ordering::Relaxed) >= self.max.load(Ordering::Relaxed)
    }
}

/// A handle on the sockets; cheap to clone.
#[derive(Clone, Debug)]
pub struct Wire {}

impl Wire {
    /// Never blocks. What cannot be sent comes back as [`Inbound::Unsendable`].
    pub fn send(&self, _hop: Hop, _bytes: Vec<u8>) {}

    /// The local address that packets to this peer leave from.
    pub fn local_toward(&self, _peer: IpAddr) -> Option<IpAddr> {
        None
    }
}

pub async fn start(_options: Options, _capacity: Capacity) -> io::Result<(Wire, mpsc::Receiver<Inbound>)> {
    let (_tx, rx) = mpsc::channel(1);
    Ok((Wire {}, rx))
}
