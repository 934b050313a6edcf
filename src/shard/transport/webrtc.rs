//! A browser's media (RFC 8825): ICE-lite (RFC 8445 §2.5), DTLS-SRTP (RFC 5764) and RTP with RTCP on one port, all of it in
//! `str0m`, which is told the bytes and the time and has no socket (docs/adr/0002).
//!
//! ```text
//!   offered ──their answer──▶ agreed ──ICE, DTLS──▶ connected ⇄ RTP
//! ```
//! All browsers of a shard share one UDP port ([`Door`]). Whose a datagram is, tells the user name in the first STUN request,
//! and from then on the address that it came from. The peer is heard as soon as the offer is made, for it begins with ICE and
//! DTLS before its answer has come by SIP: its STUN is answered, which needs our password only, and its ClientHello is kept for
//! the answer's fingerprint. Measured with Chromium 156, from its answer to the keys: 1.1 s without that, for it goes over to slow
//! checks and repeats a lost ClientHello after a second.
//!
//! To the leg, what came is plain RTP from one address ([`Peer::address`]), and what it sends is plain RTP; keys, ROC and
//! RTCP are this side's. `str0m` allocates for each packet: the exception to the rule of the packet path, for browsers only.
use crate::clock::Clock;
use crate::media::Refusal;
use crate::media::codec::Codec;
use crate::media::packet::{self, PACKET_BYTES_MAX, Packet};
use crate::media::sdp::{EVENT_PAYLOAD_TYPE, KEY_EVENTS};
use crate::shard::ports;
use crate::shard::transport::Buffer;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{CodecConfig, CodecSpec, FormatParams, PayloadParams};
use str0m::ice::{IceCreds, StunMessage};
use str0m::media::{Direction, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError};

/// Packets of one browser that wait for their leg, which takes them in the same step. Full: dropped, as by a network.
const INBOX_MAX: usize = 64;
/// Addresses that one browser may be known by: its candidates, and where a NAT has moved it. More: the oldest goes.
const ADDRESSES_MAX: usize = 8;
/// Rounds of output and time-outs after one input; the rest waits for the next step.
const ROUNDS_MAX: usize = 8;
/// The id of the `mid` header extension (RFC 9143 §15.1), by which an SSRC that no description named is known.
const MID_EXTENSION: u8 = 1;
/// DTLS datagrams that are kept until the answer comes: a first flight, and its repetition. More are dropped.
const EARLY_MAX: usize = 4;
/// What a description writes where no port is meant (RFC 8840 §4.1.1).
const DISCARD_PORT: u16 = 9;

/// The certificate of the process, whose fingerprint is in every offer (RFC 8122): made at the start, known to nobody else.
#[derive(Clone)]
pub struct Certificate {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl Certificate {
    pub fn make() -> io::Result<Certificate> {
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = provider.dtls_provider.generate_certificate();
        let certificate = certificate
            .ok_or_else(|| io::Error::other("no certificate for browsers' media could be made"))?;
        Ok(Certificate { provider, certificate })
    }
}

/// The port of a shard for all its browsers, and who is behind which address.
pub struct Door {
    socket: Arc<UdpSocket>,
    pub port: u16,
    certificate: Certificate,
    by_ufrag: BTreeMap<String, usize>,
    by_address: BTreeMap<SocketAddr, usize>,
}

impl Door {
    pub fn open(address: IpAddr, port: u16, certificate: Certificate) -> io::Result<Door> {
        let socket = Arc::new(ports::bind_one(address, port)?);
        let port = socket.local_addr()?.port();
        Ok(Door { socket, port, certificate, by_ufrag: BTreeMap::new(), by_address: BTreeMap::new() })
    }

    /// One datagram that has come, if any has. Never blocks.
    pub fn receive<'a>(&self, buffer: &'a mut Buffer) -> Option<(&'a [u8], SocketAddr)> {
        let (length, from) = self.socket.recv_from(buffer).ok()?;
        Some((buffer.get(..length)?, from))
    }

    /// The slot of the leg that a datagram is for. STUN says it itself, so that a browser may move.
    pub fn whose(&self, bytes: &[u8], from: SocketAddr) -> Option<usize> {
        let by_address = || self.by_address.get(&from).copied();
        if !matches!(bytes, [0..=3, ..]) {
            return by_address(); // RFC 7983 §7: no STUN
        }
        let named = guarded(|| {
            let message = StunMessage::parse(bytes).ok()?;
            let (ufrag, _) = message.split_username()?;
            self.by_ufrag.get(ufrag).copied()
        });
        named.flatten().or_else(by_address)
    }

    pub fn enter(&mut self, peer: &Peer, slot: usize) {
        self.by_ufrag.insert(peer.ufrag.clone(), slot);
    }

    /// A peer took a datagram from here for its own.
    pub fn learn(&mut self, from: SocketAddr, slot: usize, peer: &mut Peer) {
        if self.by_address.get(&from) == Some(&slot) {
            return;
        }
        if peer.seen_at.len() >= ADDRESSES_MAX
            && let Some(oldest) = peer.seen_at.pop_front()
        {
            self.by_address.remove(&oldest);
        }
        peer.seen_at.push_back(from);
        self.by_address.insert(from, slot);
    }

    pub fn leave(&mut self, peer: &Peer, slot: usize) {
        self.by_ufrag.remove(&peer.ufrag);
        for address in &peer.seen_at {
            if self.by_address.get(address) == Some(&slot) {
                self.by_address.remove(address);
            }
        }
    }
}

impl AsFd for Door {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// One browser.
pub struct Peer {
    rtc: Rtc,
    clock: Clock,
    socket: Arc<UdpSocket>,
    /// Our candidate: what every datagram to us counts as sent to.
    here: SocketAddr,
    /// What the leg knows it by.
    address: SocketAddr,
    ufrag: String,
    seen_at: VecDeque<SocketAddr>,
    offered: Option<SdpPendingOffer>,
    /// The peer's STUN has told its user name before its answer did.
    named: bool,
    /// What came of its handshake before its answer.
    early: Vec<(SocketAddr, Vec<u8>)>,
    mid: Mid,
    /// Known when the offer was accepted.
    ssrc: Option<Ssrc>,
    connected: bool,
    lost: bool,
    /// The extended sequence number of the newest packet sent.
    newest: Option<u64>,
    /// When it wants to be told the time.
    due: Option<Instant>,
    inbox: VecDeque<RtpPacket>,
    /// Packets that found the inbox full.
    pub dropped: u64,
}

impl Peer {
    /// Our offer. `shown` is the address that the browser reaches this shard at, `signalled_from` where its SIP comes from.
    pub fn offer(
        door: &Door,
        shown: IpAddr,
        signalled_from: IpAddr,
        clock: Clock,
    ) -> Result<(Peer, String), Refusal> {
        let here = SocketAddr::new(shown, door.port);
        let mut config = Rtc::builder()
            .set_crypto_provider(door.certificate.provider.clone())
            .set_dtls_cert(door.certificate.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            // No transport-wide congestion control: for one voice it only costs packets.
            .clear_extension_map()
            .set_extension(MID_EXTENSION, Extension::RtpMid);
        *config.codec_config() = codecs();
        let mut rtc = config.build(clock.deadline(clock.mono()));
        let candidate = Candidate::host(here, "udp").map_err(|error| {
            tracing::error!(%here, %error, "no address that a browser could reach: set media.address");
            Refusal::NoPort
        })?;
        rtc.add_local_candidate(candidate);
        let mut change = rtc.sdp_api();
        let mid = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, offered) = change.apply().ok_or(Refusal::BadDescription)?;
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let mut peer = Peer {
            rtc,
            clock,
            socket: door.socket.clone(),
            here,
            address: SocketAddr::new(signalled_from, DISCARD_PORT),
            ufrag,
            seen_at: VecDeque::with_capacity(ADDRESSES_MAX),
            offered: Some(offered),
            named: false,
            early: Vec::new(),
            mid,
            ssrc: None,
            connected: false,
            lost: false,
            newest: None,
            due: None,
            inbox: VecDeque::with_capacity(INBOX_MAX),
            dropped: 0,
        };
        peer.settle();
        Ok((peer, offer.to_sdp_string()))
    }

    /// The browser's answer. It may come twice, with a 183 and with the 200; the second changes nothing.
    pub fn accept(&mut self, text: &str) -> Result<(), Refusal> {
        let answer = SdpAnswer::from_sdp_string(text).map_err(|_| Refusal::BadDescription)?;
        let Some(offered) = self.offered.take() else { return Ok(()) };
        let credentials = self.named.then(|| credentials(text)).flatten();
        let mid = self.mid;
        let accepted = self.ask(|rtc| {
            if let Some(credentials) = credentials {
                // Others than it has been told count as a restart of ICE.
                rtc.direct_api().set_remote_ice_credentials(credentials);
            }
            rtc.sdp_api().accept_answer(offered, answer)?;
            Ok(rtc.direct_api().stream_tx_by_mid(mid, None).map(|stream| stream.ssrc()))
        });
        self.ssrc = accepted.ok_or(Refusal::BadDescription)?;
        self.settle();
        for (from, datagram) in std::mem::take(&mut self.early) {
            self.take(&datagram, from);
        }
        Ok(())
    }

    /// Our answer to the browser's new offer (hold and its end); `None` if it cannot be used.
    pub fn answer(&mut self, offer: &str) -> Option<String> {
        let offer = SdpOffer::from_sdp_string(offer).ok()?;
        let answer = self.rtc.sdp_api().accept_offer(offer);
        let answer =
            answer.inspect_err(|error| tracing::warn!(%error, "a browser's offer cannot be used")).ok();
        self.settle();
        answer.map(|answer| answer.to_sdp_string())
    }

    /// The one address that the leg hears and speaks to. It is none of the network's: whose a packet is, is proved by its
    /// key.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A datagram from the door. False if it is not this browser's: its STUN password or its address does not fit.
    pub fn take(&mut self, bytes: &[u8], from: SocketAddr) -> bool {
        if self.offered.is_some() && matches!(bytes, [20..=63, ..]) {
            // From where STUN with our password has come; a stranger's handshake is none.
            let known = self.seen_at.contains(&from);
            if known && self.early.len() < EARLY_MAX {
                self.early.push((from, bytes.to_vec()));
            }
            return known;
        }
        let (here, now, unnamed) = (self.here, self.now(), self.offered.is_some() && !self.named);
        let mut named = false;
        let taken = self.ask(|rtc| {
            let Ok(received) = Receive::new(Protocol::Udp, from, here, bytes) else { return Ok(false) };
            let input = Input::Receive(now, received);
            if !rtc.accepts(&input) {
                return Ok(false);
            }
            // Without a remote user name the library lets requests wait. The password behind it is for checks of ours,
            // which ICE-lite does not make.
            if unnamed && let Some(ufrag) = remote_ufrag(bytes) {
                rtc.direct_api().set_remote_ice_credentials(IceCreds { ufrag, pass: String::new() });
                named = true;
            }
            rtc.handle_input(input).map(|()| true)
        });
        self.named |= named;
        let taken = taken == Some(true);
        if taken {
            self.settle();
        }
        taken
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// A time that it asked for has come.
    pub fn handle_timeout(&mut self) {
        let now = self.now();
        if self.ask(|rtc| rtc.handle_input(Input::Timeout(now))).is_some() {
            self.settle();
        }
    }

    /// The next packet that came, as plain RTP.
    pub fn receive<'a>(&mut self, buffer: &'a mut Buffer) -> Option<(&'a [u8], SocketAddr)> {
        let packet = self.inbox.pop_front()?;
        let header = Packet {
            marker: packet.header.marker,
            payload_type: *packet.header.payload_type,
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            ssrc: *packet.header.ssrc,
            payload: &[],
        }
        .header();
        let length = header.len() + packet.payload.len();
        if length > PACKET_BYTES_MAX {
            return None;
        }
        let (start, rest) = buffer.split_at_mut(header.len());
        start.copy_from_slice(&header);
        rest.get_mut(..packet.payload.len())?.copy_from_slice(&packet.payload);
        Some((buffer.get(..length)?, self.address))
    }

    /// One packet of the leg's. Before the keys are agreed it has no way to go, and its reports are made here.
    pub fn send(&mut self, bytes: &[u8]) {
        if !self.connected || self.lost || packet::is_rtcp(bytes) {
            return;
        }
        // An empty payload must not reach the library.
        let Some(packet) = Packet::parse(bytes).filter(|packet| !packet.payload.is_empty()) else { return };
        let (now, sequence) = (self.now(), self.extended(packet.sequence));
        let Some(ssrc) = self.ssrc else { return };
        let payload_type = packet.payload_type.into();
        let write = RtpWrite::new(payload_type, sequence.into(), packet.timestamp, now, packet.payload);
        let written = self.ask(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_tx(&ssrc) {
                stream.write_rtp(write.marker(packet.marker));
            }
            rtc.handle_input(Input::Timeout(now))
        });
        if written.is_some() {
            self.settle();
        }
    }

    /// Tells the browser that this was all.
    pub fn close(&mut self) {
        if self.ask(Rtc::close).is_some() {
            self.settle();
        }
    }

    fn now(&self) -> Instant {
        self.clock.deadline(self.clock.mono())
    }

    /// Has the library do something. After a fault of its own or of the peer's the session is lost.
    fn ask<T>(&mut self, act: impl FnOnce(&mut Rtc) -> Result<T, RtcError>) -> Option<T> {
        if self.lost {
            return None;
        }
        match guarded(|| act(&mut self.rtc)) {
            Some(Ok(done)) => return Some(done),
            // A wrong fingerprint, a handshake that failed.
            Some(Err(error)) => {
                tracing::warn!(address = %self.address, %error, "a browser's media session failed");
            }
            None => {
                tracing::error!(address = %self.address, "the WebRTC library panicked: this session is lost")
            }
        }
        // The leg misses its packets, and its call ends by the time-out for that.
        self.lost = true;
        self.connected = false;
        self.due = None;
        None
    }

    /// Does all that the library wants done, until it waits for time or bytes.
    fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let due = loop {
                match self.ask(Rtc::poll_output) {
                    None => return,
                    Some(Output::Timeout(due)) => break due,
                    Some(Output::Transmit(datagram)) => {
                        // A full socket buffer loses a packet, as a network may.
                        let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                    }
                    Some(Output::Event(event)) => self.happened(event),
                }
            };
            self.due = Some(due);
            let now = self.now();
            if due > now || self.ask(|rtc| rtc.handle_input(Input::Timeout(now))).is_none() {
                return;
            }
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::RtpPacket(packet) if packet.payload.is_empty() => {}
            Event::RtpPacket(packet) if self.inbox.len() < INBOX_MAX => self.inbox.push_back(packet),
            Event::RtpPacket(_) => self.dropped += 1,
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                // It may come back, from another address even. If it does not, the leg misses its packets.
                tracing::debug!(address = %self.address, "a browser's media is silent");
            }
            _ => {}
        }
    }

    /// The 48-bit index of a packet of ours (RFC 3711 §3.3.1): the one nearest to the newest.
    fn extended(&mut self, sequence: u16) -> u64 {
        let index = match self.newest {
            None => u64::from(sequence),
            Some(newest) => {
                let step = i64::from(sequence.wrapping_sub(newest as u16) as i16);
                newest.saturating_add_signed(step)
            }
        };
        self.newest = Some(self.newest.map_or(index, |newest| newest.max(index)));
        index
    }
}

/// The other side's half of the user name in a STUN request (RFC 8445 §7.2.2).
fn remote_ufrag(bytes: &[u8]) -> Option<String> {
    let message = StunMessage::parse(bytes).ok()?;
    Some(message.split_username()?.1.to_string())
}

/// The first user name and password of a description (RFC 8839 §5.4): there is one stream.
fn credentials(sdp: &str) -> Option<IceCreds> {
    let value = |name: &str| sdp.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_string()));
    Some(IceCreds { ufrag: value("a=ice-ufrag:")?, pass: value("a=ice-pwd:")? })
}

/// Datagrams of strangers reach the library before any key does, on the thread of everybody's calls: a panic in it shall cost
/// one browser its session, and nobody else anything.
fn guarded<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// What our offers have: both laws, in the order of our preference, and telephone events.
fn codecs() -> CodecConfig {
    let params = |payload_type: u8, codec, format: &str| {
        let (clock_rate, format) = (Frequency::EIGHT_KHZ, FormatParams::parse_line(format));
        let spec = CodecSpec { codec, clock_rate, channels: None, format };
        let mut params = PayloadParams::new(payload_type.into(), None, spec);
        params.set_fb_transport_cc(false);
        params
    };
    CodecConfig::new_from_payload_params(vec![
        params(Codec::Pcma.payload_type(), str0m::format::Codec::PCMA, ""),
        params(Codec::Pcmu.payload_type(), str0m::format::Codec::PCMU, ""),
        params(EVENT_PAYLOAD_TYPE, str0m::format::Codec::Tele, KEY_EVENTS),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn offered() -> (Door, Peer, String) {
        let mut door = Door::open(LOOPBACK, 0, Certificate::make().unwrap()).unwrap();
        let (peer, offer) = Peer::offer(&door, LOOPBACK, LOOPBACK, Clock::start()).unwrap();
        door.enter(&peer, 7);
        (door, peer, offer)
    }

    #[test]
    fn an_offer_has_what_a_browser_needs_and_nothing_of_video() {
        let (door, _, offer) = offered();
        for line in [
            "a=ice-lite\r\n",
            "a=fingerprint:sha-256 ",
            "a=setup:actpass\r\n",
            "a=rtcp-mux\r\n",
            "UDP/TLS/RTP/SAVPF 8 0 101\r\n",
            "a=rtpmap:101 telephone-event/8000\r\n",
            "a=fmtp:101 0-15\r\n",
            "a=sendrecv\r\n",
            &format!(" 127.0.0.1 {} typ host", door.port),
        ] {
            assert!(offer.contains(line), "no {line} in {offer}");
        }
        assert!(!offer.contains("transport-cc") && !offer.contains("opus"), "{offer}");
    }

    #[test]
    fn strangers_reach_nobody_whatever_they_send() {
        let (door, mut peer, _) = offered();
        let mut dice = ChaCha8Rng::seed_from_u64(1);
        let stranger = SocketAddr::new(LOOPBACK, 40_000);
        // A binding request for our user name, without the password behind it.
        let user = format!("{}:xxxx", peer.ufrag);
        let mut request =
            vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6];
        request.extend(u16::try_from(user.len()).unwrap().to_be_bytes());
        request.extend(user.bytes());
        request.resize(request.len().next_multiple_of(4), 0);
        request.extend([0, 0x24, 0, 4, 0, 0, 0, 1]); // PRIORITY
        request.extend([0, 8, 0, 20]); // MESSAGE-INTEGRITY
        request.extend([0; 20]);
        let length = u16::try_from(request.len() - 20).unwrap().to_be_bytes();
        request[2..4].copy_from_slice(&length);
        assert_eq!(door.whose(&request, stranger), Some(7), "the name is known");
        assert!(!peer.take(&request, stranger), "but the password is not");
        for n in 0..20_000 {
            let mut bytes = match n % 2 {
                0 => request.clone(),
                _ => {
                    let mut bytes = vec![0; dice.next_u32() as usize % 200];
                    dice.fill_bytes(&mut bytes);
                    bytes
                }
            };
            for _ in 0..dice.next_u32() % 4 {
                let at = dice.next_u32() as usize;
                if let Some(at) = at.checked_rem(bytes.len()) {
                    bytes[at] = dice.next_u32() as u8;
                }
            }
            let _ = door.whose(&bytes, stranger);
            assert!(!peer.take(&bytes, stranger));
        }
        assert!(!peer.lost && peer.seen_at.is_empty());
    }

    #[test]
    fn the_index_of_a_packet_goes_on_over_the_wrap_and_back_for_a_late_one() {
        let (_, mut peer, _) = offered();
        let indices: Vec<u64> = [65_534, 65_535, 1, 0, 2].map(|sequence| peer.extended(sequence)).to_vec();
        assert_eq!(indices, [65_534, 65_535, 65_537, 65_536, 65_538]);
    }
}
