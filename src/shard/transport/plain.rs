//! Plain RTP and RTCP over a pair of UDP sockets. They stay unconnected: a connected one sends a little cheaper, but hides
//! strangers' packets from the count and cannot follow a peer whose NAT moves it.
use crate::media::sink::Channel;
use crate::shard::ports::Pair;
use crate::shard::transport::Buffer;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

#[derive(Debug)]
pub struct Plain {
    pair: Pair,
}

impl Plain {
    pub fn new(pair: Pair) -> Plain {
        Plain { pair }
    }

    pub fn into_pair(self) -> Pair {
        self.pair
    }

    /// Nothing either if it is too long for a packet: nobody sends such audio.
    pub fn receive<'a>(&self, channel: Channel, buffer: &'a mut Buffer) -> Option<(&'a [u8], SocketAddr)> {
        let (length, from) = self.socket(channel).recv_from(buffer).ok()?;
        (length < buffer.len()).then(|| (&buffer[..length], from))
    }

    pub fn send(&self, channel: Channel, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        // A shared port (RTP and RTCP multiplexed) is the RTP one: then both go to the same address.
        self.socket(channel).send_to(bytes, to).map(drop)
    }

    pub fn watched(&self, channel: Channel) -> BorrowedFd<'_> {
        self.socket(channel).as_fd()
    }

    fn socket(&self, channel: Channel) -> &UdpSocket {
        match channel {
            Channel::Rtp => &self.pair.rtp,
            Channel::Rtcp => &self.pair.rtcp,
        }
    }
}
