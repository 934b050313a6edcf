//! System calls that have no safe door: reading many datagrams at once, and asking for real-time scheduling. The only
//! `unsafe` of this program is here.
#![allow(unsafe_code)]
use crate::media::packet::PACKET_BYTES_MAX;
use crate::shard::wake::Wake;
use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Datagrams read by one call. A leg has one or none waiting in a tick; a peer that bursts gets a second call.
pub const BATCH: usize = 8;
/// Above every time-sharing thread, below the kernel's own (50): a media shard needs little time, but at once.
const PRIORITY: libc::c_int = 10;

/// Room for one batch, used again and again. Its pointers point into its own boxes, so it stays on its thread.
pub struct Batch {
    buffers: Box<[[u8; PACKET_BYTES_MAX]; BATCH]>,
    addresses: Box<[libc::sockaddr_storage; BATCH]>,
    /// Pointed to by `messages`.
    _slices: Box<[libc::iovec; BATCH]>,
    messages: Box<[libc::mmsghdr; BATCH]>,
}

impl Default for Batch {
    fn default() -> Self {
        let mut buffers = Box::new([[0; PACKET_BYTES_MAX]; BATCH]);
        // SAFETY: these are C structs of integers and pointers, for which all zero bytes are a value.
        let (mut addresses, mut slices, mut messages) = unsafe {
            (
                Box::new(mem::zeroed::<[libc::sockaddr_storage; BATCH]>()),
                Box::new(mem::zeroed::<[libc::iovec; BATCH]>()),
                Box::new(mem::zeroed::<[libc::mmsghdr; BATCH]>()),
            )
        };
        for i in 0..BATCH {
            slices[i].iov_base = buffers[i].as_mut_ptr().cast();
            slices[i].iov_len = PACKET_BYTES_MAX;
            messages[i].msg_hdr.msg_name = (&raw mut addresses[i]).cast();
            messages[i].msg_hdr.msg_iov = &raw mut slices[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        Batch { buffers, addresses, _slices: slices, messages }
    }
}

impl Batch {
    /// Reads what is waiting, up to [`BATCH`] datagrams; 0 if nothing is. Never blocks.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        for message in self.messages.iter_mut() {
            message.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        }
        // SAFETY: the descriptor is open, for `socket` is borrowed; `messages` has BATCH headers, and each points to an
        // address and to one slice over a buffer, all of them boxed in `self`, so alive and not moved; the kernel writes
        // no more than the lengths given there. A null timeout is allowed.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.messages.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        if count >= 0 {
            return Ok(count as usize);
        }
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::WouldBlock { Ok(0) } else { Err(error) }
    }

    /// A datagram of the last batch and its sender; `None` if it was longer than a packet may be.
    pub fn datagram(&self, index: usize) -> Option<(&[u8], SocketAddr)> {
        let message = self.messages.get(index)?;
        if message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let bytes = self.buffers[index].get(..message.msg_len as usize)?;
        Some((bytes, address(&self.addresses[index])?))
    }
}

fn address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the kernel wrote a sockaddr_in, as the family says; a sockaddr_storage is larger and aligned for
            // every kind of address.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for a sockaddr_in6.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Puts the calling thread under SCHED_FIFO. Refused without CAP_SYS_NICE or an RLIMIT_RTPRIO.
pub fn ask_for_realtime() -> io::Result<()> {
    // SAFETY: a C struct of integers, for which all zero bytes are a value; then a call that only reads it.
    let refused = unsafe {
        let mut parameters = mem::zeroed::<libc::sched_param>();
        parameters.sched_priority = PRIORITY;
        libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &parameters)
    };
    if refused == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has ICMP errors reported on a UDP socket that is not connected: the next call on it fails once, and the error queue
/// tells whose datagram it was. For SIP, where a phone that is gone should be known before its transaction runs out.
pub fn report_icmp(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    let set = |level, option| {
        let length = mem::size_of_val(&on) as libc::socklen_t;
        // SAFETY: the descriptor is borrowed for the call, and the option is an integer that lives as long.
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), length) }
    };
    // One of the two does not fit the socket's family.
    let v4 = set(libc::SOL_IP, libc::IP_RECVERR) == 0;
    let v6 = set(libc::SOL_IPV6, libc::IPV6_RECVERR) == 0;
    if v4 || v6 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Registers the wake's descriptor with the runtime of the calling task.
pub fn watch(wake: Arc<Wake>) -> io::Result<AsyncFd<Arc<Wake>>> {
    // SAFETY: the descriptor must stay open and the same while it is registered. `Wake` owns its eventfd, hands out only
    // borrows of it, and lives as long as the `Arc` that the registration holds.
    Ok(unsafe { AsyncFd::register_with_interest(wake, Interest::READABLE) }?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_brings_datagrams_in_order_with_their_senders() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(any) else { continue };
            let sender = UdpSocket::bind(any).unwrap();
            let to = socket.local_addr().unwrap();
            let mut batch = Batch::default();
            assert_eq!(batch.receive(&socket).unwrap(), 0, "nothing is waiting");
            for i in 0..BATCH as u8 + 2 {
                sender.send_to(&vec![i; 20 + usize::from(i)], to).unwrap();
            }
            sender.send_to(&[0; PACKET_BYTES_MAX + 1], to).unwrap();
            let mut seen = Vec::new();
            for expected in [BATCH, 3, 0] {
                let count = batch.receive(&socket).unwrap();
                assert_eq!(count, expected);
                for i in 0..count {
                    seen.push(batch.datagram(i).map(|(bytes, from)| {
                        assert_eq!(from, sender.local_addr().unwrap());
                        (bytes[0], bytes.len())
                    }));
                }
            }
            let mut expected: Vec<_> = (0..BATCH as u8 + 2).map(|i| Some((i, 20 + usize::from(i)))).collect();
            expected.push(None);
            assert_eq!(seen, expected, "the long one is refused");
        }
    }
}
