//! The SIP machine (RFC 3261): bytes and commands in, bytes and events out, told the time.
pub mod config;
pub mod event;
pub mod stack;

pub use config::Config;
pub use event::*;
pub use stack::Stack;
