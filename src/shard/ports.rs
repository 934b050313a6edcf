//! The media ports of a shard: pairs of RTP and RTCP sockets, bound before any call needs them.
//!
//! ```text
//!   free ──take──▶ (a leg's) ──give back──▶ resting ──5 s──▶ free
//! ```
use crate::machine::Instant;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A closed port rests, so that the last packets of one call do not reach the next.
const REST: Duration = Duration::from_secs(5);
/// DSCP "expedited forwarding" (RFC 3246, RFC 4594 §4.1: telephony), in the upper six bits.
const EXPEDITED: u32 = 46 << 2;
/// What is read off a socket before it is used again, at most; the kernel's buffer holds fewer.
const STALE_MAX: usize = 512;

#[derive(Debug)]
pub struct Pair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub rtp_port: u16,
    pub rtcp_port: u16,
}

#[derive(Debug)]
pub struct Ports {
    /// In the order in which they become free.
    free: VecDeque<(Instant, Pair)>,
    total: usize,
}

impl Ports {
    /// Binds this shard's share of the range: every `shards`-th pair. Pairs that others hold are left out.
    pub fn bind(
        address: IpAddr,
        range: &RangeInclusive<u16>,
        shard: usize,
        shards: usize,
    ) -> io::Result<Ports> {
        let even = range.start().saturating_add(range.start() % 2);
        let mut free = VecDeque::new();
        let mut refused = io::Error::other("the range holds no even port with an odd one after it");
        for port in (even..*range.end()).step_by(2).skip(shard).step_by(shards.max(1)) {
            match bind_pair(address, port) {
                Ok(pair) => free.push_back((Instant::ZERO, pair)),
                // Out of file descriptors: the rest would fail alike.
                Err(error) if out_of_files(&error) => {
                    refused = error;
                    break;
                }
                Err(error) => refused = error,
            }
        }
        if free.is_empty() {
            let (first, last) = (range.start(), range.end());
            let why = format!(
                "media ports {first}-{last} on {address}: expected at least one free pair for shard {shard}, got none: {refused}; choose another media.ports"
            );
            return Err(io::Error::new(refused.kind(), why));
        }
        Ok(Ports { total: free.len(), free })
    }

    /// A pair that has rested, with nothing waiting in it.
    pub fn take(&mut self, now: Instant) -> Option<Pair> {
        if self.free.front()?.0 > now {
            return None;
        }
        let (_, pair) = self.free.pop_front()?;
        for socket in [&pair.rtp, &pair.rtcp] {
            for _ in 0..STALE_MAX {
                if socket.recv_from(&mut [0]).is_err() {
                    break;
                }
            }
        }
        Some(pair)
    }

    pub fn give_back(&mut self, pair: Pair, now: Instant) {
        self.free.push_back((now + REST, pair));
    }

    /// Of a leg that never opened: nobody has learnt of this port.
    pub fn give_back_unused(&mut self, pair: Pair) {
        self.free.push_front((Instant::ZERO, pair));
    }

    pub fn total(&self) -> usize {
        self.total
    }

    pub fn free(&self) -> usize {
        self.free.len()
    }
}

fn out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    errno == Some(Errno::MFILE) || errno == Some(Errno::NFILE)
}

fn bind_pair(address: IpAddr, port: u16) -> io::Result<Pair> {
    let rtp = bind_one(address, port)?;
    let rtcp = bind_one(address, port + 1)?;
    Ok(Pair { rtp, rtcp, rtp_port: port, rtcp_port: port + 1 })
}

/// A socket for media: never blocks, and asks the network for the class of telephony.
pub fn bind_one(address: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket =
        Socket::new(Domain::for_address(SocketAddr::new(address, port)), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A wish to the network, which may refuse it; calls go on without.
    let _ = match address {
        IpAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
        IpAddr::V6(_) => socket.set_tclass_v6(EXPEDITED),
    };
    socket.bind(&SocketAddr::new(address, port).into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// A range that was free a moment ago: the neighbourhood of a port that the system chose.
    fn some_range() -> RangeInclusive<u16> {
        let probe = UdpSocket::bind((LOOPBACK, 0)).unwrap().local_addr().unwrap().port();
        let first = probe.clamp(1024, 65000) & !1;
        first..=first + 15
    }

    #[test]
    fn shards_share_a_range_without_overlap_and_a_taken_port_is_left_out() {
        let range = some_range();
        let _taken = UdpSocket::bind((LOOPBACK, *range.start() + 4));
        let mut ports: Vec<u16> = Vec::new();
        for shard in 0..2 {
            let mut pool = Ports::bind(LOOPBACK, &range, shard, 2).unwrap();
            while let Some(pair) = pool.take(Instant::ZERO) {
                assert_eq!(pair.rtp_port % 2, 0);
                assert_eq!(pair.rtcp_port, pair.rtp_port + 1);
                ports.push(pair.rtp_port);
                std::mem::forget(pair); // keeps it bound, so that the other shard could not bind it
            }
        }
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), count);
        assert!((5..=7).contains(&count), "{count} of 8 pairs");
        assert!(!ports.contains(&(range.start() + 4)));
    }

    #[test]
    fn a_port_rests_before_the_next_call_and_forgets_late_packets() {
        let range = some_range();
        let mut pool = Ports::bind(LOOPBACK, &(*range.start()..=range.start() + 1), 0, 1).unwrap();
        let pair = pool.take(Instant::ZERO).unwrap();
        let to = pair.rtp.local_addr().unwrap();
        pool.give_back(pair, Instant::ZERO);
        assert!(pool.take(Instant::ZERO + REST / 2).is_none());
        UdpSocket::bind((LOOPBACK, 0)).unwrap().send_to(b"late", to).unwrap();
        let pair = pool.take(Instant::ZERO + REST).unwrap();
        assert!(pair.rtp.recv_from(&mut [0; 8]).is_err(), "the late packet is gone");
    }

    #[test]
    fn an_empty_range_says_what_to_change() {
        let error = Ports::bind(LOOPBACK, &(20001..=20001), 0, 1).unwrap_err().to_string();
        assert!(error.contains("media ports 20001-20001") && error.contains("media.ports"), "{error}");
    }
}
