//! System calls that have no safe door: real-time scheduling, ICMP reports, a descriptor of ours in the runtime. The only
//! `unsafe` of this program is here.
#![allow(unsafe_code)]
use crate::shard::wake::Wake;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Above every time-sharing thread, below the kernel's own (50): a media shard needs little time, but at once.
const PRIORITY: libc::c_int = 10;

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
