//! Waking the control side without waiting for it: an eventfd, written once however many shards have news.
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug)]
pub struct Wake {
    fd: OwnedFd,
    /// Written and not yet taken: further wakes need no system call.
    pending: AtomicBool,
}

impl Wake {
    pub fn new() -> io::Result<Wake> {
        let fd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Wake { fd, pending: AtomicBool::new(false) })
    }

    pub fn wake(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) {
            // It fails only when the counter is at its end, and then the reader is awake anyway.
            let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
        }
    }

    /// To be called before the rings are emptied: what comes after wakes again.
    pub fn take(&self) {
        let mut counter = [0; 8];
        let _ = rustix::io::read(&self.fd, &mut counter);
        self.pending.store(false, Ordering::Release);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Wake {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
