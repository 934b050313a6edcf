//! The media plane's pure machines: what one leg hears, says and measures.
//!
//! [`leg`] is the centre: one party's RTP session with its ears ([`dtmf`]), its voice ([`playout`]), its recording
//! ([`record`]) and its reports ([`rtcp`]). Packets and time go in, packets and events come out; sockets live in `shard`.
pub mod codec;
pub mod event;
pub mod playout;
pub mod prompt;
pub mod tone;
pub mod wav;

pub use event::*;
