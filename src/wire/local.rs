//! Which of our addresses a peer sees, when a listener is bound to all of them: the kernel's routing table knows, and a
//! connected UDP socket that sends nothing asks it.
use super::lock;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::Mutex;

/// Peers remembered. Full: all are forgotten, which costs one system call each when they come again.
const PEERS_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Toward {
    known: Mutex<BTreeMap<IpAddr, IpAddr>>,
}

impl Toward {
    pub(crate) fn local(&self, peer: IpAddr) -> Option<IpAddr> {
        let mut known = lock(&self.known);
        if let Some(local) = known.get(&peer) {
            return Some(*local);
        }
        let local = ask(peer)?;
        if known.len() >= PEERS_MAX {
            known.clear();
        }
        known.insert(peer, local);
        Some(local)
    }
}

fn ask(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((peer, 5060)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_reached_from_loopback() {
        let toward = Toward::default();
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(toward.local(loopback), Some(loopback));
        assert_eq!(toward.local(loopback), Some(loopback), "from memory");
    }
}
