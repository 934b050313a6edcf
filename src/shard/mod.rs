//! Media shards: plain OS threads, one per media core, each with its own sockets, legs and clock. Nothing is shared, and
//! RTP never crosses a thread.
//!
//! ```text
//!   control ──commands (bounded ring)──▶ shard: [ sleep to the 5 ms grid ▸ commands ▸ sockets ▸ legs ▸ sockets ]
//!      ▲                                   │ │
//!      └──events and spent clips (rings)───┘ └──audio (bounded ring)──▶ recorder
//! ```
use crate::clock::Clock;
use crate::ids::ShardId;
use crate::media::prompt::PromptSet;
use crate::media::record::Chunk;
use crate::media::{LegCommand, LegEvent};
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Where a shard's recorded audio goes: one end of the recorder's ring, one for each shard.
pub type Tap = rtrb::Producer<Chunk>;

#[derive(Clone, Debug)]
pub struct Options {
    /// The address that media sockets are bound to.
    pub address: IpAddr,
    /// The address that descriptions name, where it differs (NAT, or `address` is unspecified).
    pub advertised: Option<IpAddr>,
    /// Even port for RTP, the next for RTCP; spread over the shards.
    pub ports: RangeInclusive<u16>,
    pub shards: usize,
    /// Ask for SCHED_FIFO.
    pub realtime: bool,
    /// No packet for so long, while the peer is expected to send: `RtpTimeout`.
    pub rtp_timeout: Duration,
    pub clock: Clock,
}

/// The command ring is full: the shard is far behind. The command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("media shard {0:?} does not take commands: its ring is full")]
pub struct Full(pub ShardId);
