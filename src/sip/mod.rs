//! The SIP machine (RFC 3261): bytes and commands in, bytes and events out, told the time.
//!
//! ```text
//! bytes ─▶ parse ─▶ message ─▶ stack ─▶ transaction, leg (dialog, session_timer), registrar ─▶ build ─▶ bytes
//!          header, uri, method            └ timers: one ordered table                  └ reply
//! ```
//! It is driven like every machine here (see [`crate::machine`]); the shell is `wire`, and `server.rs` owns the
//! [`Stack`]. Of the RFCs: 3261 with 6026, 3262 (refused), 3264 (the order of offers; the descriptions are not read),
//! 3311, 3326, 3581, 4028, 5626 §4.4.1, 6086, 8760.
pub mod build;
pub mod config;
pub mod dialog;
pub mod digest;
pub mod event;
pub mod frame;
pub mod header;
mod leg;
pub mod message;
pub mod method;
pub mod parse;
mod registrar;
pub mod reply;
mod route;
mod session_timer;
pub mod stack;
pub mod status;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod timers;
mod transaction;
pub mod uri;

pub use config::Config;
pub use event::*;
pub use route::via_name;
pub use stack::Stack;
