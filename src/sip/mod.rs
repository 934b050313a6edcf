//! The SIP machine (RFC 3261): bytes and commands in, bytes and events out, told the time.
pub mod event;

pub use event::*;
