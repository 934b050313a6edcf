//! SIP over WebSocket (RFC 7118): the connections of browsers, which the web listener has upgraded and checked. A message of
//! theirs is one message of SIP; they come and go over two bounded channels, and this side knows no HTTP.
//!
//! A connection is known by its hop, and is the only way to that browser: there is none to open. Each has a bounded queue
//! of outgoing messages: a browser that does not read is cut off when it is full.
use super::counters::Drop;
use super::limits::Verdict;
use super::{Inbound, Shared, lock};
use crate::sip::Hop;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// Messages that wait to be written to one browser. A channel of this size is to be given to [`Connections::run`].
pub const OUTGOING_MAX: usize = 64;
/// Messages of one browser that wait for the inspector. Full: its connection is not read.
pub const INCOMING_MAX: usize = 8;
/// Connections of one peer address: an office behind one. The listener in front refuses more.
const PER_SOURCE_MAX: usize = 512;

#[derive(Clone)]
pub(crate) struct Connections {
    shared: Arc<Shared>,
    open: Arc<Mutex<BTreeMap<Hop, Connection>>>,
}

struct Connection {
    /// Closed by whoever takes this out of the table: then the web closes the connection.
    queue: mpsc::Sender<Vec<u8>>,
    task: tokio::task::AbortHandle,
}

impl Connections {
    pub(crate) fn new(shared: Arc<Shared>) -> Connections {
        Connections { shared, open: Arc::default() }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.open).len()
    }

    /// Takes a connection over, from now until one side closes its channel. False: there are too many.
    pub(crate) fn run(
        &self,
        hop: Hop,
        incoming: mpsc::Receiver<Vec<u8>>,
        outgoing: mpsc::Sender<Vec<u8>>,
    ) -> bool {
        let mut open = lock(&self.open);
        let same = open.keys().filter(|other| other.peer.ip() == hop.peer.ip()).count();
        if open.len() >= self.shared.options.connections_max || same >= PER_SOURCE_MAX {
            self.shared.tally.dropped(Drop::Connection);
            return false;
        }
        let connections = self.clone();
        let replies = outgoing.downgrade();
        // The table is locked until the entry is in it, so the task cannot end before it was entered. The hop is new: the
        // kernel gives no address and port to two connections at once.
        let task = tokio::spawn(async move {
            connections.read(hop, incoming, replies).await;
            if lock(&connections.open).remove(&hop).is_some() {
                let _ = connections.shared.inbound.send(Inbound::Disconnected(hop)).await;
            }
        });
        open.insert(hop, Connection { queue: outgoing, task: task.abort_handle() });
        true
    }

    /// Never blocks.
    pub(crate) fn send(&self, hop: Hop, bytes: Vec<u8>) {
        let mut open = lock(&self.open);
        let Some(connection) = open.get(&hop) else {
            drop(open);
            return self.shared.unsendable(hop);
        };
        if connection.queue.try_send(bytes).is_ok() {
            return;
        }
        // A browser that does not read is as good as gone.
        if let Some(connection) = open.remove(&hop) {
            connection.task.abort();
        }
        drop(open);
        self.shared.tally.dropped(Drop::Unsendable);
        if self.shared.inbound.try_send(Inbound::Disconnected(hop)).is_err() {
            self.shared.tally.dropped(Drop::QueueFull);
        }
    }

    pub(crate) fn close_all(&self) {
        for (_, connection) in std::mem::take(&mut *lock(&self.open)) {
            connection.task.abort();
        }
    }

    /// `replies` is weak: once the table has let the connection go, the web must see that nothing more comes.
    async fn read(
        &self,
        hop: Hop,
        mut incoming: mpsc::Receiver<Vec<u8>>,
        replies: mpsc::WeakSender<Vec<u8>>,
    ) {
        while let Some(bytes) = incoming.recv().await {
            match self.shared.inspect(hop, &bytes) {
                Verdict::Drop => {}
                Verdict::Refuse { bytes, .. } => {
                    if let Some(replies) = replies.upgrade() {
                        let _ = replies.try_send(bytes); // full: it does not read, and the next message finds out
                    }
                }
                // A full queue makes this wait, and so the browser.
                Verdict::Pass => {
                    if self.shared.inbound.send(Inbound::Message { hop, bytes }).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
