//! SIP over TCP (RFC 3261 §18): connections that peers open, and those that we open when there is something to send.
//!
//! A connection is known by its hop. Requests to a phone that registered over TCP go back on its own connection (flow
//! affinity); a hop without a connection gets one opened. Each has a bounded queue of outgoing messages: a peer that
//! does not read is cut off when it is full.
use super::counters::Drop;
use super::limits::Verdict;
use super::{Inbound, Shared, lock};
use crate::sip::frame::{Frame, Framer};
use crate::sip::{Hop, Transport};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Messages that wait to be written to one peer.
const OUTGOING_MAX: usize = 64;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A message that has begun must end within this.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(20);
const READ_BYTES: usize = 8 * 1024;
/// How long the listener rests when the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(crate) struct Connections {
    shared: Arc<Shared>,
    open: Arc<Mutex<BTreeMap<Hop, Connection>>>,
}

struct Connection {
    /// Tells this connection from an earlier one of the same hop.
    serial: u64,
    queue: mpsc::Sender<Vec<u8>>,
    task: tokio::task::AbortHandle,
}

pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

pub(crate) async fn accept(listener: TcpListener, connections: Connections) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Ok(local) = stream.local_addr() else { continue };
                let hop = Hop { transport: Transport::Tcp, local, peer };
                if connections.room_for(peer) {
                    connections.run(hop, async move { Ok(stream) }, None);
                } else {
                    connections.shared.tally.dropped(Drop::Connection);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "accepting SIP connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Connections {
    pub(crate) fn new(shared: Arc<Shared>) -> Connections {
        Connections { shared, open: Arc::default() }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.open).len()
    }

    pub(crate) fn send(&self, hop: Hop, bytes: Vec<u8>) {
        let queue = lock(&self.open).get(&hop).map(|connection| connection.queue.clone());
        let Some(queue) = queue else {
            return match self.len() < self.shared.options.connections_max {
                true => self.run(hop, connect(hop), Some(bytes)),
                false => self.shared.unsendable(hop),
            };
        };
        if queue.try_send(bytes).is_err() {
            // A peer that does not read is as good as gone.
            if let Some(connection) = lock(&self.open).remove(&hop) {
                connection.task.abort();
            }
            self.shared.tally.dropped(Drop::Unsendable);
            if self.shared.inbound.try_send(Inbound::Disconnected(hop)).is_err() {
                self.shared.tally.dropped(Drop::QueueFull);
            }
        }
    }

    pub(crate) fn close_all(&self) {
        for (_, connection) in std::mem::take(&mut *lock(&self.open)) {
            connection.task.abort();
        }
    }

    fn room_for(&self, peer: SocketAddr) -> bool {
        let open = lock(&self.open);
        let same = open.keys().filter(|hop| hop.peer.ip() == peer.ip()).count();
        open.len() < self.shared.options.connections_max
            && same < self.shared.options.connections_per_source_max
    }

    /// The life of a connection in a task of its own: from the stream, once it is there, to its end.
    fn run<F>(&self, hop: Hop, stream: F, first: Option<Vec<u8>>)
    where
        F: Future<Output = io::Result<TcpStream>> + Send + 'static,
    {
        let (queue, outgoing) = mpsc::channel(OUTGOING_MAX);
        if let Some(bytes) = first {
            let _ = queue.try_send(bytes); // a new queue has room
        }
        let mut open = lock(&self.open);
        let serial = open.get(&hop).map_or(0, |old| old.serial.wrapping_add(1));
        let connections = self.clone();
        let pongs = queue.clone();
        // The table is locked until the entry is in it, so the task cannot end before it was entered.
        let task = tokio::spawn(async move {
            let end = match stream.await {
                Ok(stream) => {
                    connections.live(hop, stream, outgoing, pongs).await;
                    Inbound::Disconnected(hop)
                }
                Err(error) => {
                    tracing::debug!(peer = %hop.peer, %error, "no SIP connection");
                    connections.shared.tally.dropped(Drop::Unsendable);
                    Inbound::Unsendable(hop)
                }
            };
            let mine = {
                let mut open = lock(&connections.open);
                let mine = open.get(&hop).is_some_and(|connection| connection.serial == serial);
                if mine {
                    open.remove(&hop);
                }
                mine
            };
            if mine {
                let _ = connections.shared.inbound.send(end).await;
            }
        });
        let connection = Connection { serial, queue, task: task.abort_handle() };
        if let Some(old) = open.insert(hop, connection) {
            old.task.abort();
        }
    }

    async fn live(
        &self,
        hop: Hop,
        stream: TcpStream,
        outgoing: mpsc::Receiver<Vec<u8>>,
        pongs: mpsc::Sender<Vec<u8>>,
    ) {
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        tokio::select! {
            () = self.reader(hop, read, pongs) => {}
            () = writer(write, outgoing) => {}
        }
    }

    async fn reader(&self, hop: Hop, mut read: OwnedReadHalf, pongs: mpsc::Sender<Vec<u8>>) {
        let mut framer = Framer::default();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let patience = if framer.partial() { MESSAGE_TIMEOUT } else { self.shared.options.idle_timeout };
            let length = match timeout(patience, read.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => length,
                _ => return, // closed, broken or idle
            };
            framer.push(buffer.get(..length).unwrap_or_default());
            loop {
                match framer.next_frame() {
                    Ok(None) => break,
                    // RFC 5626 §4.4.1. If the queue is full the peer does not read, and the next message finds out.
                    Ok(Some(Frame::Ping)) => {
                        let _ = pongs.try_send(b"\r\n".to_vec());
                    }
                    Ok(Some(Frame::Message(bytes))) => match self.shared.inspect(hop, &bytes) {
                        Verdict::Drop => {}
                        Verdict::Refuse { bytes, .. } => {
                            let _ = pongs.try_send(bytes);
                        }
                        // A full queue makes this wait, and so the peer.
                        Verdict::Pass => {
                            if self.shared.inbound.send(Inbound::Message { hop, bytes }).await.is_err() {
                                return;
                            }
                        }
                    },
                    Err(error) => return self.shared.frame_error(hop, error),
                }
            }
        }
    }
}

async fn connect(hop: Hop) -> io::Result<TcpStream> {
    let socket = if hop.peer.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !hop.local.ip().is_unspecified() {
        socket.bind(SocketAddr::new(hop.local.ip(), 0))?;
    }
    timeout(CONNECT_TIMEOUT, socket.connect(hop.peer))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

async fn writer(mut write: OwnedWriteHalf, mut outgoing: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = outgoing.recv().await {
        match timeout(WRITE_TIMEOUT, write.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
}
