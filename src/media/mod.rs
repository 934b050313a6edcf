//! The media plane's pure machines: what one leg hears, says and measures.
//!
//! [`leg`] is the centre: one party's RTP session with its ears ([`dtmf`]), its voice ([`playout`]), its recording
//! ([`record`], [`talk`]) and its reports ([`rtcp`]); [`bridge`] joins two, [`mix`] lets a third in. Packets and time go in, packets and events come out; sockets live in `shard`.
pub mod bridge;
pub mod codec;
pub mod dtmf;
pub mod durations;
pub mod event;
pub mod keys;
pub mod leg;
pub mod mix;
pub mod packet;
pub mod playout;
pub mod prompt;
pub mod record;
pub mod rtcp;
pub mod rtp_session;
pub mod sdp;
pub mod sink;
pub mod source;
pub mod talk;
pub mod tone;
pub mod track;
pub mod wav;

pub use event::*;
