//! Source learning: where the peer's packets may come from, and so where ours go.
//!
//! ```text
//!   Signalled ──first packet by the rule──▶ Latched ──1 s without a packet, then one by the rule──▶ Latched (new)
//!       ▲                                     │
//!       └──────── new description ────────────┘
//! ```
//! The rule: the exact address of the description; or any port of the description's host or of the signalling host, for
//! a peer behind NAT writes an address into its description that nobody sees. All else is a stranger: dropped, counted,
//! and never sent to. While latched, other addresses of the same peer are strangers too, so that nobody on the peer's
//! host can take a talk over; but after [`RELATCH_AFTER`] of silence a NAT may have moved the peer to a new port, and
//! the exact address of the description is always believed.
use crate::machine::Instant;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Silence after which another address of the same peer is believed. Longer than any talk-spurt gap of a phone that
/// sends comfort noise, shorter than a caller's patience with a NAT that rebinds.
pub const RELATCH_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Source {
    /// The signalling host.
    peer: IpAddr,
    signalled: Option<SocketAddr>,
    latched: Option<Latched>,
}

#[derive(Clone, Copy, Debug)]
struct Latched {
    address: SocketAddr,
    heard: Instant,
}

impl Source {
    pub fn new(peer: IpAddr) -> Source {
        Source { peer: peer.to_canonical(), signalled: None, latched: None }
    }

    /// A new description. What was learnt stays only if it is the same address again.
    pub fn signal(&mut self, address: Option<SocketAddr>) {
        if self.signalled != address {
            self.signalled = address;
            self.latched = None;
        }
    }

    /// Is a packet from here the peer's? Learns and moves by the rule.
    pub fn accept(&mut self, from: SocketAddr, now: Instant) -> bool {
        let from = canonical(from);
        match &mut self.latched {
            Some(latched) if latched.address == from => {
                latched.heard = now;
                true
            }
            Some(latched) => {
                let quiet = now.since(latched.heard) >= RELATCH_AFTER;
                if self.signalled != Some(from) && !(quiet && self.may_be(from)) {
                    return false;
                }
                self.latched = Some(Latched { address: from, heard: now });
                true
            }
            None => {
                let ours = self.may_be(from);
                if ours {
                    self.latched = Some(Latched { address: from, heard: now });
                }
                ours
            }
        }
    }

    /// The same rule without learning, for reports on their own port.
    pub fn may_be(&self, from: SocketAddr) -> bool {
        let ip = from.ip().to_canonical();
        ip == self.peer || self.signalled.is_some_and(|signalled| signalled.ip() == ip)
    }

    /// Where to send: what was learnt, else what was signalled if it can be meant.
    pub fn destination(&self) -> Option<SocketAddr> {
        match self.latched {
            Some(latched) => Some(latched.address),
            None => self.signalled.filter(|signalled| self.plausible(signalled.ip())),
        }
    }

    pub fn is_latched(&self) -> bool {
        self.latched.is_some()
    }

    /// A peer on the public network that signals a private or loopback address means its own network, not ours: sending
    /// there would be noise at best and a way into our machines at worst. Such a peer is learnt from its packets.
    fn plausible(&self, ip: IpAddr) -> bool {
        ip == self.peer || (!ip.is_loopback() && (!is_private(ip) || is_private(self.peer)))
    }
}

/// A dual-stack socket reports IPv4 peers as mapped IPv6 addresses.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn source(peer: &str, signalled: &str) -> Source {
        let mut source = Source::new(peer.parse().unwrap());
        source.signal(Some(address(signalled)));
        source
    }

    #[test]
    fn a_stranger_moves_nothing_before_or_after_the_first_packet() {
        let mut source = source("198.51.100.7", "198.51.100.7:4000");
        assert!(!source.accept(address("203.0.113.66:4000"), at(0)));
        assert_eq!(source.destination(), Some(address("198.51.100.7:4000")));
        assert!(source.accept(address("198.51.100.7:4000"), at(20)));
        assert!(!source.accept(address("203.0.113.66:4000"), at(60_000)), "however long the peer is silent");
        assert_eq!(source.destination(), Some(address("198.51.100.7:4000")));
    }

    #[test]
    fn a_peer_behind_nat_is_learnt_by_its_signalling_host() {
        let mut source = source("198.51.100.7", "192.168.1.5:4000");
        assert_eq!(source.destination(), None, "nothing is sent into a private network of somebody's");
        assert!(source.accept(address("198.51.100.7:61234"), at(0)));
        assert_eq!(source.destination(), Some(address("198.51.100.7:61234")));
    }

    #[test]
    fn another_port_of_the_peer_is_believed_after_a_second_of_silence_only() {
        let mut source = source("198.51.100.7", "192.168.1.5:4000");
        source.accept(address("198.51.100.7:61234"), at(0));
        assert!(!source.accept(address("198.51.100.7:61235"), at(500)));
        assert!(source.accept(address("198.51.100.7:61235"), at(1000)));
        assert!(!source.accept(address("198.51.100.7:61234"), at(1020)), "the old one is the stranger now");
    }

    #[test]
    fn the_exact_signalled_address_is_always_believed() {
        let mut source = source("198.51.100.7", "198.51.100.7:4000");
        assert!(source.accept(address("198.51.100.7:4002"), at(0)), "an asymmetric peer");
        assert!(source.accept(address("198.51.100.7:4000"), at(20)));
        assert_eq!(source.destination(), Some(address("198.51.100.7:4000")));
    }

    #[test]
    fn a_new_description_is_learnt_anew_and_the_same_one_is_not() {
        let mut source = source("198.51.100.7", "198.51.100.7:4000");
        source.accept(address("198.51.100.7:4002"), at(0));
        source.signal(Some(address("198.51.100.7:4000")));
        assert_eq!(source.destination(), Some(address("198.51.100.7:4002")));
        source.signal(Some(address("198.51.100.9:5000")));
        assert_eq!(source.destination(), Some(address("198.51.100.9:5000")));
        assert!(source.accept(address("198.51.100.9:5000"), at(20)));
    }

    #[test]
    fn a_public_peer_cannot_point_us_at_our_own_machine() {
        assert_eq!(source("198.51.100.7", "127.0.0.1:6379").destination(), None);
        assert_eq!(source("127.0.0.1", "127.0.0.1:6379").destination(), Some(address("127.0.0.1:6379")));
        assert_eq!(source("10.0.0.5", "10.0.0.9:4000").destination(), Some(address("10.0.0.9:4000")));
        let mut mapped = source("198.51.100.7", "198.51.100.7:4000");
        assert!(mapped.accept(address("[::ffff:198.51.100.7]:4000"), at(0)));
    }
}
