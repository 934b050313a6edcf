//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264), for one audio stream of G.711 with telephone
//! events. Pure functions: text in, text and what was agreed out.
//!
//! ```text
//!   theirs ──answer──▶ ours + agreed          ours ──offer──▶ ··· theirs ──accept──▶ agreed
//! ```
use crate::media::codec::Codec;
use crate::media::event::Refusal;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A description longer than this is not read: a hundred times what a phone writes.
pub const SDP_BYTES_MAX: usize = 32 * 1024;
/// And not with more streams than this.
const STREAMS_MAX: usize = 32;
/// The dynamic payload type that nearly every phone uses for telephone events; ours in offers.
pub const EVENT_PAYLOAD_TYPE: u8 = 101;
/// The keys of a telephone: RFC 4733 events 0–15.
pub const KEY_EVENTS: &str = "0-15";

/// Our end, as our descriptions tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    pub address: IpAddr,
    pub rtp_port: u16,
    pub rtcp_port: u16,
    /// `o=`: the same for the life of a leg.
    pub session_id: u64,
    /// `o=`: one more for each new description of ours (RFC 3264 §8).
    pub version: u64,
}

/// Their end, as their description tells it. What they said about addresses is a claim; `source` judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteMedia {
    /// None when the address is a name, unspecified or multicast: then it must be learnt.
    pub rtp: Option<SocketAddr>,
    pub rtcp: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    fn parse(name: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.as_str() == name)
    }

    fn reversed(self) -> Direction {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            same => same,
        }
    }
}

/// What both sides hold to from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Our description: the answer that is to be sent, or the offer that was accepted.
    pub sdp: String,
    pub remote: RemoteMedia,
    pub codec: Codec,
    /// The payload type that means `codec` in both directions.
    pub payload_type: u8,
    /// The payload type of telephone events, if the peer takes them.
    pub event_payload_type: Option<u8>,
    /// RTP and RTCP share a port (RFC 5761).
    pub mux: bool,
    /// From our side.
    pub direction: Direction,
}

impl Negotiated {
    pub fn sends(&self) -> bool {
        matches!(self.direction, Direction::SendRecv | Direction::SendOnly)
    }

    /// The peer is expected to send.
    pub fn receives(&self) -> bool {
        matches!(self.direction, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The peer hears nothing from us.
    pub fn held(&self) -> bool {
        !self.sends()
    }
}

/// Our offer: both laws, telephone events, one port for RTP and RTCP if they like.
pub fn offer(local: &LocalMedia) -> String {
    let mut text = head(local);
    let _ = write!(
        text,
        "m=audio {} RTP/AVP 8 0 {EVENT_PAYLOAD_TYPE}\r\n\
         a=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:{EVENT_PAYLOAD_TYPE} telephone-event/8000\r\n\
         a=fmtp:{EVENT_PAYLOAD_TYPE} {KEY_EVENTS}\r\n\
         a=ptime:20\r\n\
         a=rtcp:{}\r\n\
         a=rtcp-mux\r\n\
         a=sendrecv\r\n",
        local.rtp_port, local.rtcp_port
    );
    text
}

/// Our answer to their offer: the first audio stream that we can take, all others refused by port 0 in their places.
pub fn answer(offer: &str, local: &LocalMedia) -> Result<Negotiated, Refusal> {
    let session = parse(offer)?;
    let (chosen, stream) = choose(&session, Profile::Plain)?;
    let direction = stream.direction.reversed();
    let mut text = head(local);
    for (index, media) in session.medias.iter().enumerate() {
        if index == chosen {
            write_answer(&mut text, media, local, &stream, direction);
        } else {
            // RFC 3264 §6: a refused stream keeps its place and its formats.
            let _ = write!(text, "m={} 0 {} {}\r\n", media.media, media.proto, media.fmt);
        }
    }
    Ok(stream.negotiated(text, direction))
}

/// Their answer to our offer, which is `ours`.
pub fn accept(answer: &str, ours: &str) -> Result<Negotiated, Refusal> {
    let session = parse(answer)?;
    let (_, stream) = choose(&session, Profile::Plain)?;
    let direction = stream.direction.reversed();
    // Events come to us under the payload type that we offered (RFC 3264 §5.1), and answerers keep to it; should one
    // not, theirs is what it listens for.
    Ok(stream.negotiated(ours.to_string(), direction))
}

/// What a browser's description leaves, offer or answer: codec, events and direction. Addresses and keys are ICE's and DTLS's
/// matter, and so is our own text.
pub fn secured(theirs: &str) -> Result<Negotiated, Refusal> {
    let session = parse(theirs)?;
    let (_, stream) = choose(&session, Profile::Secured)?;
    let direction = stream.direction.reversed();
    Ok(stream.negotiated(String::new(), direction))
}

/// What carries a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    /// RTP/AVP: to an address that the description names.
    Plain,
    /// DTLS-SRTP (RFC 5764) over ICE: the address in the description is a placeholder (RFC 8839 §4.2.1.2).
    Secured,
}

impl Profile {
    fn is_of(self, proto: &str) -> bool {
        match self {
            Profile::Plain => matches!(proto, "RTP/AVP" | "RTP/AVPF"),
            Profile::Secured => matches!(proto, "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP"),
        }
    }
}

/// One audio stream of theirs that we can take.
struct Stream {
    remote: RemoteMedia,
    codec: Codec,
    payload_type: u8,
    event_payload_type: Option<u8>,
    mux: bool,
    direction: Direction,
}

impl Stream {
    fn negotiated(self, sdp: String, direction: Direction) -> Negotiated {
        let Stream { remote, codec, payload_type, event_payload_type, mux, .. } = self;
        Negotiated { sdp, remote, codec, payload_type, event_payload_type, mux, direction }
    }
}

fn parse(text: &str) -> Result<sdp_types::Session, Refusal> {
    if text.len() > SDP_BYTES_MAX {
        return Err(Refusal::BadDescription);
    }
    let session = sdp_types::Session::parse(text.as_bytes()).map_err(|_| Refusal::BadDescription)?;
    if session.medias.len() > STREAMS_MAX {
        return Err(Refusal::BadDescription);
    }
    Ok(session)
}

fn choose(session: &sdp_types::Session, profile: Profile) -> Result<(usize, Stream), Refusal> {
    session
        .medias
        .iter()
        .enumerate()
        .find_map(|(index, media)| Some((index, stream(session, media, profile)?)))
        .ok_or(Refusal::NoCommonCodec)
}

fn stream(session: &sdp_types::Session, media: &sdp_types::Media, profile: Profile) -> Option<Stream> {
    if media.media != "audio" || media.port == 0 || !profile.is_of(&media.proto) {
        return None;
    }
    let formats: Vec<u8> =
        media.fmt.split_ascii_whitespace().filter_map(|format| format.parse().ok()).collect();
    let (payload_type, codec) =
        formats.iter().find_map(|format| Some((*format, codec_of(media, *format)?)))?;
    let event_payload_type = formats.iter().copied().find(|format| {
        rtpmap(media, *format)
            .is_some_and(|(name, rate)| name.eq_ignore_ascii_case("telephone-event") && rate == 8000)
    });
    let address = media.connections.first().or(session.connection.as_ref());
    let ip = address
        .filter(|_| profile == Profile::Plain)
        .and_then(|connection| connection.connection_address.parse::<IpAddr>().ok());
    let mut direction = direction_of(&media.attributes)
        .or_else(|| direction_of(&session.attributes))
        .unwrap_or(Direction::SendRecv);
    if ip.is_some_and(|ip| ip.is_unspecified()) {
        // The hold of RFC 2543, still met: whoever gives no address cannot hear us.
        direction = match direction {
            Direction::SendRecv | Direction::SendOnly => Direction::SendOnly,
            _ => Direction::Inactive,
        };
    }
    let usable = |ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast() && *ip != Ipv4Addr::BROADCAST;
    let mux = attribute(media, "rtcp-mux").is_some();
    let rtp = ip.filter(usable).map(|ip| SocketAddr::new(ip, media.port));
    let rtcp = if mux { rtp } else { rtp.and_then(|rtp| rtcp_address(media, rtp)) };
    Some(Stream {
        remote: RemoteMedia { rtp, rtcp },
        codec,
        payload_type,
        event_payload_type,
        mux,
        direction,
    })
}

/// By `a=rtpmap` if there is one, else by RFC 3551's static table.
fn codec_of(media: &sdp_types::Media, format: u8) -> Option<Codec> {
    match rtpmap(media, format) {
        Some((name, rate)) => Codec::from_name(name).filter(|_| rate == 8000),
        None => Codec::from_payload_type(format),
    }
}

/// `a=rtpmap:101 telephone-event/8000` as name and rate.
fn rtpmap(media: &sdp_types::Media, format: u8) -> Option<(&str, u32)> {
    media.attributes.iter().filter(|attribute| attribute.attribute == "rtpmap").find_map(|attribute| {
        let (number, encoding) = attribute.value.as_deref()?.trim().split_once(' ')?;
        if number.parse() != Ok(format) {
            return None;
        }
        let mut fields = encoding.trim().split('/');
        Some((fields.next()?, fields.next()?.parse().ok()?))
    })
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 126.16.64.4` (RFC 3605), else the next port. An address other than the
/// media's is not taken: reports go where the voice goes.
fn rtcp_address(media: &sdp_types::Media, rtp: SocketAddr) -> Option<SocketAddr> {
    let named =
        attribute(media, "rtcp").flatten().and_then(|value| value.split(' ').next()?.parse::<u16>().ok());
    let port = named.filter(|port| *port != 0).or_else(|| rtp.port().checked_add(1))?;
    Some(SocketAddr::new(rtp.ip(), port))
}

fn attribute<'a>(media: &'a sdp_types::Media, name: &str) -> Option<Option<&'a str>> {
    media
        .attributes
        .iter()
        .find(|attribute| attribute.attribute == name)
        .map(|attribute| attribute.value.as_deref())
}

fn direction_of(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| Direction::parse(&attribute.attribute))
}

fn head(local: &LocalMedia) -> String {
    let family = if local.address.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=- {} {} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n",
        local.session_id,
        local.version,
        address = local.address
    )
}

fn write_answer(
    text: &mut String,
    media: &sdp_types::Media,
    local: &LocalMedia,
    stream: &Stream,
    direction: Direction,
) {
    let (format, codec) = (stream.payload_type, stream.codec);
    let _ = write!(text, "m=audio {} {} {format}", local.rtp_port, media.proto);
    if let Some(event) = stream.event_payload_type {
        let _ = write!(text, " {event}");
    }
    let _ = write!(text, "\r\na=rtpmap:{format} {codec}/8000\r\n");
    if let Some(event) = stream.event_payload_type {
        let _ = write!(text, "a=rtpmap:{event} telephone-event/8000\r\na=fmtp:{event} {KEY_EVENTS}\r\n");
    }
    text.push_str("a=ptime:20\r\n");
    if stream.mux {
        text.push_str("a=rtcp-mux\r\n");
    } else {
        let _ = write!(text, "a=rtcp:{}\r\n", local.rtcp_port);
    }
    let _ = write!(text, "a={}\r\n", direction.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> LocalMedia {
        LocalMedia {
            address: [192, 0, 2, 1].into(),
            rtp_port: 20000,
            rtcp_port: 20001,
            session_id: 42,
            version: 1,
        }
    }

    fn description(streams: &str) -> String {
        format!(
            "v=0\r\no=alice 1 1 IN IP4 198.51.100.7\r\ns=call\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n{streams}"
        )
    }

    #[test]
    fn the_first_codec_they_like_and_we_know_is_taken() {
        let theirs = description(
            "m=audio 4000 RTP/AVP 96 0 8 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-16\r\n",
        );
        let agreed = answer(&theirs, &local()).unwrap();
        assert_eq!(
            (agreed.codec, agreed.payload_type, agreed.event_payload_type),
            (Codec::Pcmu, 0, Some(97))
        );
        assert_eq!(agreed.remote.rtp, Some("198.51.100.7:4000".parse().unwrap()));
        assert_eq!(agreed.remote.rtcp, Some("198.51.100.7:4001".parse().unwrap()));
        assert!(agreed.sdp.contains("m=audio 20000 RTP/AVP 0 97\r\n"), "{}", agreed.sdp);
        assert!(agreed.sdp.contains("a=fmtp:97 0-15\r\n") && agreed.sdp.contains("a=rtcp:20001\r\n"));
        assert!(agreed.sdp.starts_with("v=0\r\no=- 42 1 IN IP4 192.0.2.1\r\n"));
    }

    #[test]
    fn other_streams_keep_their_places_and_are_refused() {
        let theirs = description(
            "m=video 5000 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/SAVP 8\r\nm=audio 4002 RTP/AVP 8\r\na=rtcp-mux\r\nm=image 4100 udptl t38\r\n",
        );
        let agreed = answer(&theirs, &local()).unwrap();
        let streams: Vec<&str> = agreed.sdp.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(
            streams,
            [
                "m=video 0 RTP/AVP 31",
                "m=audio 0 RTP/AVP 0",
                "m=audio 0 RTP/SAVP 8",
                "m=audio 20000 RTP/AVP 8",
                "m=image 0 udptl t38"
            ]
        );
        assert!(agreed.mux && agreed.sdp.contains("a=rtcp-mux\r\n"));
        assert_eq!(agreed.remote.rtcp, agreed.remote.rtp);
        assert_eq!(agreed.event_payload_type, None);
    }

    #[test]
    fn every_kind_of_hold_is_answered_with_its_reverse() {
        for (line, ours, held) in [
            ("a=sendrecv", "a=sendrecv", false),
            ("a=sendonly", "a=recvonly", true),
            ("a=recvonly", "a=sendonly", false),
            ("a=inactive", "a=inactive", true),
            ("c=IN IP4 0.0.0.0", "a=recvonly", true),
        ] {
            let agreed =
                answer(&description(&format!("m=audio 4000 RTP/AVP 8\r\n{line}\r\n")), &local()).unwrap();
            assert!(agreed.sdp.contains(ours), "{line}: {}", agreed.sdp);
            assert_eq!(agreed.held(), held, "{line}");
        }
        let session_wide =
            description("m=audio 4000 RTP/AVP 8\r\n").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n");
        assert!(answer(&session_wide, &local()).unwrap().held());
    }

    #[test]
    fn a_browsers_placeholder_address_is_no_hold() {
        let answer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 8 101\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
            a=setup:active\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:8 PCMA/8000\r\n\
            a=rtpmap:101 telephone-event/8000\r\n";
        let agreed = secured(answer).unwrap();
        assert_eq!((agreed.codec, agreed.event_payload_type, agreed.mux), (Codec::Pcma, Some(101), true));
        assert_eq!((agreed.direction, agreed.remote.rtp), (Direction::SendRecv, None));
        let held = secured(&answer.replace("a=sendrecv", "a=sendonly")).unwrap();
        assert!(held.held());
        // A telephone's description is none of a browser's, and the other way round.
        assert_eq!(secured(&description("m=audio 4000 RTP/AVP 8\r\n")).unwrap_err(), Refusal::NoCommonCodec);
        assert_eq!(accept(answer, "").unwrap_err(), Refusal::NoCommonCodec);
    }

    #[test]
    fn what_cannot_be_agreed_or_read_is_refused_by_kind() {
        let g729 = description("m=audio 4000 RTP/AVP 18\r\n");
        assert_eq!(answer(&g729, &local()).unwrap_err(), Refusal::NoCommonCodec);
        let wide = description("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMA/16000\r\n");
        assert_eq!(answer(&wide, &local()).unwrap_err(), Refusal::NoCommonCodec);
        assert_eq!(answer(&description(""), &local()).unwrap_err(), Refusal::NoCommonCodec);
        assert_eq!(answer("hello", &local()).unwrap_err(), Refusal::BadDescription);
        assert_eq!(answer("", &local()).unwrap_err(), Refusal::BadDescription);
        let long = description(&"a=x\r\n".repeat(10_000));
        assert_eq!(answer(&long, &local()).unwrap_err(), Refusal::BadDescription);
    }

    #[test]
    fn our_offer_is_answered_by_ourselves_and_accepted() {
        let caller = LocalMedia { address: "2001:db8::1".parse().unwrap(), ..local() };
        let ours = offer(&caller);
        let theirs = answer(&ours, &LocalMedia { rtp_port: 30000, ..local() }).unwrap();
        assert_eq!(theirs.remote.rtp, Some("[2001:db8::1]:20000".parse().unwrap()));
        let agreed = accept(&theirs.sdp, &ours).unwrap();
        assert_eq!((agreed.codec, agreed.event_payload_type, agreed.mux), (Codec::Pcma, Some(101), true));
        assert_eq!(agreed.remote.rtp, Some("192.0.2.1:30000".parse().unwrap()));
        assert!(ours.contains("c=IN IP6 2001:db8::1"));
    }

    #[test]
    fn a_dynamic_number_a_name_for_an_address_and_bare_newlines_are_understood() {
        let theirs = "v=0\no=- 1 1 IN IP4 phone.example\ns=-\nc=IN IP4 phone.example\nt=0 0\nm=audio 4000 RTP/AVP 97\na=rtpmap:97 pcma/8000/1\na=rtcp:4500 IN IP4 203.0.113.9\n";
        let agreed = answer(theirs, &local()).unwrap();
        assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcma, 97));
        assert_eq!(agreed.remote.rtp, None, "names are not resolved here: the address is learnt");
        let multicast = description("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127\r\n");
        assert_eq!(answer(&multicast, &local()).unwrap().remote.rtp, None);
        let port = description("m=audio 4000 RTP/AVP 8\r\na=rtcp:4500\r\n");
        assert_eq!(answer(&port, &local()).unwrap().remote.rtcp.map(|a| a.port()), Some(4500));
    }
}
