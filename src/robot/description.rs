//! The session description of a robot (RFC 8866), offered or answered (RFC 3264): one audio stream of G.711 with or
//! without telephone events (RFC 4733).
use crate::media::codec::Codec;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// The dynamic payload type that we give telephone events in an offer of ours.
const EVENTS_PAYLOAD_TYPE: u8 = 101;
/// Lines of a peer's description that are looked at; the rest is ignored.
const LINES_MAX: usize = 500;

/// RFC 3264 §5.1: who sends, from the point of view of the one who wrote the description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    const ALL: [Direction; 4] =
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// What we answer to a peer's direction, when we would both send and receive (RFC 3264 §6.1).
    pub const fn mirrored(self) -> Direction {
        match self {
            Direction::SendRecv => Direction::SendRecv,
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            Direction::Inactive => Direction::Inactive,
        }
    }

    /// Whether the one who wrote it sends.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// The peer's side: where its audio goes and what it understands, in its order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub address: SocketAddr,
    pub codecs: Vec<Codec>,
    pub events: Option<u8>,
    pub direction: Direction,
}

impl Remote {
    /// The first audio stream of a description; `None` when there is none with an address and a port.
    pub fn read(sdp: &str) -> Option<Remote> {
        let mut session_ip = None;
        let mut session_direction = Direction::default();
        let mut audio: Option<Audio> = None;
        for line in sdp.lines().take(LINES_MAX) {
            let Some((kind, value)) = line.trim_end().split_once('=') else { continue };
            match (kind, &mut audio) {
                ("m", Some(_)) => break, // further streams
                ("m", None) => audio = Audio::read(value),
                ("c", Some(audio)) => audio.ip = connection(value).or(audio.ip),
                ("c", None) => session_ip = connection(value),
                ("a", Some(audio)) => audio.attribute(value),
                ("a", None) => {
                    if let Some(direction) = direction_of(value) {
                        session_direction = direction;
                    }
                }
                _ => {}
            }
        }
        let audio = audio?;
        let direction = audio.direction.unwrap_or(session_direction);
        let ip = audio.ip.or(session_ip)?;
        let codecs = audio.payload_types.iter().filter_map(|pt| Codec::from_payload_type(*pt)).collect();
        // RFC 2543's way to hold was the address 0.0.0.0.
        let direction = if ip.is_unspecified() { Direction::Inactive } else { direction };
        Some(Remote { address: SocketAddr::new(ip, audio.port), codecs, events: audio.events, direction })
    }
}

struct Audio {
    port: u16,
    payload_types: Vec<u8>,
    ip: Option<IpAddr>,
    events: Option<u8>,
    direction: Option<Direction>,
}

impl Audio {
    fn read(value: &str) -> Option<Audio> {
        let mut words = value.split_ascii_whitespace();
        if words.next()? != "audio" {
            return None;
        }
        let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
        let payload_types = words.skip(1).filter_map(|word| word.parse().ok()).collect();
        Some(Audio { port, payload_types, ip: None, events: None, direction: None })
    }

    fn attribute(&mut self, value: &str) {
        if let Some(map) = value.strip_prefix("rtpmap:") {
            if let Some((payload_type, encoding)) = map.split_once(' ')
                && encoding.trim().to_ascii_lowercase().starts_with("telephone-event/8000")
            {
                self.events = payload_type.parse().ok();
            }
        } else if let Some(direction) = direction_of(value) {
            self.direction = Some(direction);
        }
    }
}

fn direction_of(attribute: &str) -> Option<Direction> {
    Direction::ALL.into_iter().find(|direction| direction.as_str() == attribute)
}

fn connection(value: &str) -> Option<IpAddr> {
    value.split_ascii_whitespace().nth(2)?.split('/').next()?.parse().ok()
}

/// Our side of a session.
#[derive(Clone, Debug)]
pub struct Local {
    pub address: SocketAddr,
    pub codecs: Vec<Codec>,
    /// With telephone events; the number is ours in an offer and the peer's in an answer.
    pub events: Option<u8>,
    /// RFC 8866 §5.2: rises with each description of the session.
    pub version: u64,
}

impl Local {
    pub fn new(address: SocketAddr, codecs: &[Codec], telephone_event: bool) -> Local {
        let events = telephone_event.then_some(EVENTS_PAYLOAD_TYPE);
        Local { address, codecs: codecs.to_vec(), events, version: 0 }
    }

    /// The codec that both understand and telephone events as the peer numbers them: what an answer to `offer`, or the
    /// peer's answer to our offer, leaves. `None` without a codec in common.
    pub fn agreed(&self, remote: &Remote) -> Option<(Codec, Option<u8>)> {
        let codec = remote.codecs.iter().copied().find(|codec| self.codecs.contains(codec))?;
        Some((codec, self.events.and(remote.events)))
    }

    pub fn offer(&mut self, direction: Direction) -> String {
        let codecs = self.codecs.clone();
        self.write(&codecs, self.events, direction)
    }

    /// The answer to an offer, with one codec.
    pub fn answer(&mut self, offer: &Remote) -> Option<String> {
        let (codec, events) = self.agreed(offer)?;
        Some(self.write(&[codec], events, offer.direction.mirrored()))
    }

    fn write(&mut self, codecs: &[Codec], events: Option<u8>, direction: Direction) -> String {
        self.version += 1;
        let (ip, port) = (self.address.ip(), self.address.port());
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let types: String = codecs.iter().map(|codec| format!(" {}", codec.payload_type())).collect();
        let event_type = events.map(|pt| format!(" {pt}")).unwrap_or_default();
        let mut sdp = format!(
            "v=0\r\no=robot {port} {} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP{types}{event_type}\r\n",
            self.version
        );
        for codec in codecs {
            let _ = write!(sdp, "a=rtpmap:{} {}/8000\r\n", codec.payload_type(), codec.name());
        }
        if let Some(pt) = events {
            let _ = write!(sdp, "a=rtpmap:{pt} telephone-event/8000\r\na=fmtp:{pt} 0-15\r\n");
        }
        let _ = write!(sdp, "a=ptime:20\r\na={}\r\n", direction.as_str());
        sdp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(port: u16) -> Local {
        Local::new(SocketAddr::from(([127, 0, 0, 1], port)), &Codec::ALL, true)
    }

    #[test]
    fn an_offer_is_answered_with_its_first_codec_that_we_know() {
        let mut offer = Remote::read(&local(4000).offer(Direction::SendRecv)).unwrap();
        assert_eq!(offer.codecs, [Codec::Pcma, Codec::Pcmu]);
        offer.events = Some(96);
        let answer = Remote::read(&local(5000).answer(&offer).unwrap()).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 5000));
        let expected =
            Remote { address, codecs: vec![Codec::Pcma], events: Some(96), direction: Direction::SendRecv };
        assert_eq!(answer, expected);
    }

    #[test]
    fn hold_is_answered_with_its_mirror() {
        let offer = Remote::read(&local(4000).offer(Direction::SendOnly)).unwrap();
        let answer = local(5000).answer(&offer).unwrap();
        assert!(answer.contains("a=recvonly\r\n"), "{answer}");
    }

    #[test]
    fn a_phone_without_a_common_codec_has_no_answer() {
        let sdp = "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 9 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n";
        let offer = Remote::read(sdp).unwrap();
        assert_eq!(local(5000).answer(&offer), None);
    }

    #[test]
    fn the_streams_own_address_and_direction_win_over_the_sessions() {
        let sdp = "v=0\r\nc=IN IP4 10.0.0.1\r\na=sendonly\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 10.0.0.2\r\n\
                   a=inactive\r\nm=video 11 RTP/AVP 99\r\nc=IN IP4 10.0.0.3\r\n";
        let remote = Remote::read(sdp).unwrap();
        assert_eq!(remote.address.to_string(), "10.0.0.2:9");
        assert_eq!(remote.direction, Direction::Inactive);
        assert_eq!(Remote::read("v=0\r\nm=audio 0 RTP/AVP 0\r\nc=IN IP4 10.0.0.2\r\n"), None);
        assert_eq!(Remote::read("nonsense"), None);
    }
}
