//! Where a leg puts what it wants done: datagrams, events, recorded audio, and clips that are done with.
//!
//! One sink serves all legs of a shard in turn. Its buffers keep their room when they are emptied, so a tick in the
//! steady state allocates nothing (`tests/allocations.rs` counts).
use crate::media::event::LegEvent;
use crate::media::packet::{HEADER_BYTES, PACKET_BYTES_MAX};
use crate::media::playout::Spent;
use crate::media::record::Chunk;
use std::net::SocketAddr;

/// Room for what one leg says in one tick, many times over; beyond it a buffer grows once and keeps its size.
const DATAGRAMS_ROOM: usize = 32;
const EVENTS_ROOM: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Rtp,
    Rtcp,
}

#[derive(Clone, Copy, Debug)]
struct Datagram {
    channel: Channel,
    to: SocketAddr,
    from: usize,
    until: usize,
}

#[derive(Debug)]
pub struct Sink {
    bytes: Vec<u8>,
    datagrams: Vec<Datagram>,
    pub events: Vec<LegEvent>,
    pub chunks: Vec<Chunk>,
    pub spent: Vec<Spent>,
}

impl Default for Sink {
    fn default() -> Self {
        Sink {
            bytes: Vec::with_capacity(DATAGRAMS_ROOM * PACKET_BYTES_MAX),
            datagrams: Vec::with_capacity(DATAGRAMS_ROOM),
            events: Vec::with_capacity(EVENTS_ROOM),
            chunks: Vec::with_capacity(DATAGRAMS_ROOM),
            spent: Vec::with_capacity(EVENTS_ROOM),
        }
    }
}

impl Sink {
    /// An RTP packet: header, then the payload through `table` if it has to change its law.
    pub fn rtp(
        &mut self,
        to: SocketAddr,
        header: &[u8; HEADER_BYTES],
        payload: &[u8],
        table: Option<&[u8; 256]>,
    ) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(header);
        match table {
            None => self.bytes.extend_from_slice(payload),
            Some(table) => self.bytes.extend(payload.iter().map(|byte| table[usize::from(*byte)])),
        }
        self.datagrams.push(Datagram { channel: Channel::Rtp, to, from, until: self.bytes.len() });
    }

    /// An RTCP packet; on the RTP channel where the two share a port.
    pub fn report(&mut self, channel: Channel, to: SocketAddr, report: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(report);
        self.datagrams.push(Datagram { channel, to, from, until: self.bytes.len() });
    }

    /// What is to be sent, in order.
    pub fn datagrams(&self) -> impl Iterator<Item = (Channel, SocketAddr, &[u8])> {
        self.datagrams.iter().map(|d| (d.channel, d.to, &self.bytes[d.from..d.until]))
    }

    pub fn has_datagrams(&self) -> bool {
        !self.datagrams.is_empty()
    }

    /// The datagrams have been sent.
    pub fn clear_datagrams(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
    }
}
