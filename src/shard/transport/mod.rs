//! How a leg's datagrams travel. Plain RTP today; SRTP (SDES) and WebRTC (ICE-lite, DTLS-SRTP; docs/adr/0002) get their
//! variants here, with the same three verbs, so that legs stay unaware of them.
pub mod plain;

use crate::media::sink::Channel;
use crate::shard::socket::Batch;
use plain::Plain;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

#[derive(Debug)]
pub enum Transport {
    Plain(Plain),
}

impl Transport {
    pub fn receive(&self, channel: Channel, batch: &mut Batch) -> io::Result<usize> {
        match self {
            Transport::Plain(plain) => plain.receive(channel, batch),
        }
    }

    pub fn send(&self, channel: Channel, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        match self {
            Transport::Plain(plain) => plain.send(channel, to, bytes),
        }
    }

    /// Readable when something has come on this channel.
    pub fn watched(&self, channel: Channel) -> BorrowedFd<'_> {
        match self {
            Transport::Plain(plain) => plain.watched(channel),
        }
    }
}
