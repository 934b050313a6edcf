//! How a leg's datagrams travel: plain RTP, or a browser's WebRTC (ICE-lite, DTLS-SRTP; docs/adr/0002). SRTP (SDES) gets its
//! variant here, with the same verbs, so that legs stay unaware of them.
pub mod plain;
pub mod webrtc;

use crate::media::packet::PACKET_BYTES_MAX;
use crate::media::sink::Channel;
use plain::Plain;
use std::io;
use std::net::SocketAddr;

/// Room for one datagram, and one byte by which a longer one than a packet may be is known.
pub type Buffer = [u8; PACKET_BYTES_MAX + 1];

pub enum Transport {
    /// With sockets of its own, which the shard watches.
    Plain(Plain),
    /// Behind the shard's one door for browsers.
    Browser(Box<webrtc::Peer>),
}

impl Transport {
    /// One datagram that has come, if any has. Never blocks.
    pub fn receive<'a>(
        &mut self,
        channel: Channel,
        buffer: &'a mut Buffer,
    ) -> Option<(&'a [u8], SocketAddr)> {
        match self {
            Transport::Plain(plain) => plain.receive(channel, buffer),
            Transport::Browser(peer) => peer.receive(buffer),
        }
    }

    pub fn send(&mut self, channel: Channel, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        match self {
            Transport::Plain(plain) => plain.send(channel, to, bytes),
            Transport::Browser(peer) => {
                peer.send(bytes);
                Ok(())
            }
        }
    }
}
