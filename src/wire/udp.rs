//! SIP over UDP: one socket and one reader per listener.
use super::counters::Drop;
use super::limits::Verdict;
use super::{Inbound, Options, Shared};
use crate::sip::{Hop, Transport};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, recvmsg};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::error::TrySendError;

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// ICMP errors taken at once; the rest waits for the next.
const ERRORS_MAX: usize = 64;

#[derive(Clone)]
pub(crate) struct Listener {
    socket: Arc<UdpSocket>,
    pub(crate) local: SocketAddr,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr, options: &Options) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?; // IPv4 has a listener of its own
        }
        // Refused above the kernel's limit: what it gives is better than nothing.
        let _ = socket.set_recv_buffer_size(options.receive_buffer_bytes);
        if let Some(report) = options.report_icmp
            && let Err(error) = report(socket.as_fd())
        {
            tracing::warn!(%error, "phones that are gone will be noticed late: no ICMP errors on this socket");
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let local = socket.local_addr()?;
        Ok(Listener { socket, local })
    }

    /// Whether a hop's local side is this listener: its address, or any address at its port if it is bound to all.
    pub(crate) fn serves(&self, local: SocketAddr) -> bool {
        self.local == local
            || (self.local.port() == local.port()
                && self.local.ip().is_unspecified()
                && self.local.is_ipv4() == local.is_ipv4())
    }

    pub(crate) fn send(&self, hop: Hop, bytes: &[u8], shared: &Shared) {
        // Past tokio, which does not try before its first poll found the socket writable.
        let socket = SockRef::from(&self.socket);
        let peer = hop.peer.into();
        let mut sent = socket.send_to(bytes, &peer);
        if matches!(&sent, Err(error) if error.kind() != io::ErrorKind::WouldBlock) {
            // With ICMP reported, a call fails once for what an earlier datagram met; this one has not been sent.
            self.report_errors(shared);
            sent = socket.send_to(bytes, &peer);
        }
        match sent {
            Ok(_) => {}
            // The kernel's buffer is full: lost as any datagram may be, and repeated by its transaction.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => shared.tally.dropped(Drop::Unsendable),
            // No route, a firewall of ours, a message over 64 KB.
            Err(error) => {
                tracing::debug!(peer = %hop.peer, %error, "a SIP datagram could not be sent");
                shared.unsendable(hop);
            }
        }
    }

    /// Tells the owner of every peer whose ICMP error the kernel has kept.
    fn report_errors(&self, shared: &Shared) {
        for _ in 0..ERRORS_MAX {
            let (mut byte, mut control) = ([0; 1], []);
            let mut control = RecvAncillaryBuffer::new(&mut control);
            let flags = RecvFlags::ERRQUEUE | RecvFlags::DONTWAIT;
            let slices = &mut [io::IoSliceMut::new(&mut byte)];
            let Ok(message) = recvmsg(self.socket.as_fd(), slices, &mut control, flags) else { return };
            if let Some(Ok(peer)) = message.address.map(SocketAddr::try_from) {
                let local = shared.real(self.local, peer);
                shared.unsendable(Hop { transport: Transport::Udp, local, peer });
            }
        }
    }
}

pub(crate) async fn read(listener: Listener, shared: Arc<Shared>) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let (length, peer) = match listener.socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                // What the kernel reports here concerns one peer, not the listener.
                tracing::debug!(local = %listener.local, %error, "reading SIP datagrams");
                listener.report_errors(&shared);
                tokio::task::yield_now().await;
                continue;
            }
        };
        let Some(bytes) = buffer.get(..length) else { continue };
        let hop = Hop { transport: Transport::Udp, local: listener.local, peer };
        match shared.inspect(hop, bytes) {
            Verdict::Drop => {}
            Verdict::Refuse { to, bytes } => listener.send(Hop { peer: to, ..hop }, &bytes, &shared),
            Verdict::Pass => {
                // Only now: a flood is not worth the look into the routing table.
                let hop = Hop { local: shared.real(listener.local, peer), ..hop };
                match shared.inbound.try_send(Inbound::Message { hop, bytes: bytes.to_vec() }) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_)) => shared.tally.dropped(Drop::QueueFull),
                    Err(TrySendError::Closed(_)) => return,
                }
            }
        }
    }
}
