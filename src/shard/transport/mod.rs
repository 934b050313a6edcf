//! How a leg's datagrams travel. Plain RTP today; SRTP (SDES) and WebRTC (ICE-lite, DTLS-SRTP; docs/adr/0002) get their
//! variants here, with the same three verbs, so that legs stay unaware of them.
pub mod plain;

use crate::media::packet::PACKET_BYTES_MAX;
use crate::media::sink::Channel;
use plain::Plain;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

/// Room for one datagram, and one byte by which a longer one than a packet may be is known.
pub type Buffer = [u8; PACKET_BYTES_MAX + 1];

#[derive(Debug)]
pub enum Transport {
    Plain(Plain),
}

impl Transport {
    /// One datagram that has come, if any has. Never blocks.
    pub fn receive<'a>(&self, channel: Channel, buffer: &'a mut Buffer) -> Option<(&'a [u8], SocketAddr)> {
        match self {
            Transport::Plain(plain) => plain.receive(channel, buffer),
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
