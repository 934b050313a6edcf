//! What a response repeats of its request (RFC 3261 §8.2.6), and the answer to a request that gets no transaction.
use super::build::{Builder, Lines, Refused};
use super::event::Transport;
use super::header::{Name, Via, commas, unfold};
use super::message::Message;
use super::parse::{HEAD_BYTES_MAX, split_head};
use super::uri::address;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// The lines of a request that its responses quote.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reply {
    /// Via, From, Call-ID and CSeq.
    lines: Lines,
    /// Without a tag of ours.
    to: String,
    /// The tag that is added to it; empty when the request had one.
    tag: String,
    /// For responses that make a dialog (§12.1.1).
    record_route: Lines,
    timestamp: Option<String>,
}

impl Reply {
    /// `tag` is used if the request has no To tag.
    pub fn new(message: &Message<'_>, peer: SocketAddr, tag: String) -> Reply {
        let mut reply = Reply::default();
        let mut top = true;
        for header in &message.headers {
            match header.name {
                Name::Via if std::mem::take(&mut top) => {
                    reply.lines.push(Name::Via, &received(header.value, &message.via, peer));
                }
                Name::Via | Name::From | Name::CallId | Name::CSeq => {
                    reply.lines.push(header.name, &unfold(header.value));
                }
                Name::To => reply.to = unfold(header.value).into_owned(),
                Name::RecordRoute => reply.record_route.push(header.name, &unfold(header.value)),
                Name::Timestamp => reply.timestamp = Some(unfold(header.value).into_owned()),
                _ => {}
            }
        }
        if message.to.tag().is_none() {
            reply.tag = tag;
        }
        reply
    }

    /// Our tag takes the place of the one given at the beginning.
    pub fn set_tag(&mut self, tag: &str) {
        if !self.tag.is_empty() {
            self.tag = tag.to_owned();
        }
    }

    /// Ours; empty when the request had one already.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    pub fn response(&self, status: u16) -> Builder {
        let builder = Builder::response(status).lines(&self.lines);
        match status {
            // §8.2.6.1: a 100 repeats the Timestamp; it needs no tag
            100 => builder.header(Name::To, &self.to).maybe(Name::Timestamp, self.timestamp.as_deref()),
            _ if self.tag.is_empty() => builder.header(Name::To, &self.to),
            _ => builder.header(Name::To, format_args!("{};tag={}", self.to, self.tag)),
        }
    }

    /// With Record-Route.
    pub fn dialog_response(&self, status: u16) -> Builder {
        self.response(status).lines(&self.record_route)
    }
}

/// The topmost Via with what we know better than its sender (§18.2.1, RFC 3581 §4).
fn received(value: &str, via: &Via<'_>, peer: SocketAddr) -> String {
    let first = commas(value).next().unwrap_or(value);
    let rest = value.get(first.len()..).unwrap_or("");
    let mut text = String::with_capacity(value.len() + 48);
    let _ = write!(text, "SIP/2.0/{} {}", via.transport, via.host);
    if let Some(port) = via.port {
        let _ = write!(text, ":{port}");
    }
    let mut rport = false;
    for (name, param) in via.params.iter() {
        match name {
            n if n.eq_ignore_ascii_case("received") => {}
            n if n.eq_ignore_ascii_case("rport") => rport = true,
            n if param.is_empty() => {
                let _ = write!(text, ";{n}");
            }
            n => {
                let _ = write!(text, ";{n}={param}");
            }
        }
    }
    let source = unmapped(peer.ip());
    if rport || address(via.host) != Some(source) {
        let _ = write!(text, ";received={source}");
    }
    if rport {
        let _ = write!(text, ";rport={}", peer.port());
    }
    text.push_str(rest);
    unfold(&text).into_owned()
}

/// Where the responses to a request go (§18.2.2, RFC 3581 §4): for streams, the same connection.
pub fn response_peer(via: &Via<'_>, transport: Transport, peer: SocketAddr) -> SocketAddr {
    match transport {
        Transport::Udp if via.params.get("rport").is_none() => {
            SocketAddr::new(peer.ip(), via.port.filter(|port| *port != 0).unwrap_or(5060))
        }
        _ => peer,
    }
}

/// An IPv4 peer on an IPv6 socket is an IPv4 peer.
pub fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// A response without a transaction: to what cannot be parsed, and to what is refused for lack of room.
///
/// Reads only what a response must quote, and that as leniently as possible. `None` when there is nothing to answer:
/// a response, an ACK, or no readable Via. The To tag depends on the request alone, so that a repeated request gets
/// the same answer (§8.2.7).
pub fn stateless(
    bytes: &[u8],
    transport: Transport,
    peer: SocketAddr,
    status: u16,
    extra: &[(&str, String)],
) -> Option<(SocketAddr, Vec<u8>)> {
    let bytes = super::parse::skip_line_ends(bytes);
    let bytes = bytes.get(..bytes.len().min(HEAD_BYTES_MAX))?;
    let head = split_head(bytes).map_or(bytes, |(head, _)| head);
    let text = String::from_utf8_lossy(head);
    let mut fields: Vec<(Name, String)> = Vec::new();
    let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let start = lines.next()?;
    if start.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("SIP/")) || start.starts_with("ACK ") {
        return None;
    }
    for line in lines.take(super::parse::HEADERS_MAX) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((Name::parse(name.trim()), value.trim().to_owned()));
        }
    }
    for (_, value) in &mut fields {
        value.retain(|c| !c.is_control() || c == '\t');
    }
    let first = |name: Name| fields.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
    let value = first(Name::Via)?;
    let via = Via::parse(commas(value).next()?)?;
    let mut builder = Builder::response(status);
    let mut top = true;
    for (_, value) in fields.iter().filter(|(name, _)| *name == Name::Via) {
        builder = match std::mem::take(&mut top) {
            true => builder.header(Name::Via, received(value, &via, peer)),
            false => builder.header(Name::Via, value),
        };
    }
    let to = first(Name::To).unwrap_or("<sip:invalid.invalid>");
    builder = builder.maybe(Name::From, first(Name::From));
    builder = match to.contains("tag") {
        true => builder.header(Name::To, to),
        false => builder
            .header(Name::To, format_args!("{to};tag={:016x}", fingerprint(value, first(Name::CallId)))),
    };
    builder = builder.maybe(Name::CallId, first(Name::CallId)).maybe(Name::CSeq, first(Name::CSeq));
    for (name, value) in extra {
        builder = builder.named(name, value);
    }
    let bytes: Result<Vec<u8>, Refused> = builder.finish(None);
    Some((response_peer(&via, transport, peer), bytes.ok()?))
}

/// FNV-1a 64 of the Via and the Call-ID.
fn fingerprint(via: &str, call_id: Option<&str>) -> u64 {
    via.bytes().chain(call_id.unwrap_or("").bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    const REQUEST: &str = "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport, SIP/2.0/UDP b\r\n\
                           v: SIP/2.0/UDP c\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\
                           Timestamp: 54\r\n\r\n";

    fn peer() -> SocketAddr {
        "192.0.2.9:40000".parse().unwrap()
    }

    #[test]
    fn the_topmost_via_tells_where_the_request_came_from() {
        let message = parse(REQUEST.as_bytes()).unwrap();
        let reply = Reply::new(&message, peer(), "t".into());
        let text = String::from_utf8(reply.response(200).finish(None).unwrap()).unwrap();
        assert!(
            text.contains(
                "Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;received=192.0.2.9;rport=40000, SIP/2.0/UDP b\r\n\
                 Via: SIP/2.0/UDP c\r\n"
            ),
            "{text}"
        );
        assert!(text.contains("To: <sip:b@h>;tag=t\r\n"));
        assert_eq!(response_peer(&message.via, Transport::Udp, peer()), peer());
        let trying = String::from_utf8(reply.response(100).finish(None).unwrap()).unwrap();
        assert!(trying.contains("Timestamp: 54\r\n") && !trying.contains("tag=t"));
    }

    #[test]
    fn without_rport_the_answer_goes_to_the_port_in_the_via() {
        let text = REQUEST.replace(";rport", "");
        let message = parse(text.as_bytes()).unwrap();
        assert_eq!(response_peer(&message.via, Transport::Udp, peer()), "192.0.2.9:5070".parse().unwrap());
        assert_eq!(response_peer(&message.via, Transport::Tcp, peer()), peer());
    }

    #[test]
    fn what_cannot_be_parsed_is_answered_when_a_via_can_be_read() {
        let broken = REQUEST.replace("CSeq: 1 OPTIONS", "CSeq: one");
        assert!(parse(broken.as_bytes()).is_err());
        let (to, bytes) = stateless(broken.as_bytes(), Transport::Udp, peer(), 400, &[]).unwrap();
        assert_eq!(to, peer());
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .starts_with("SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 10.0.0.1")
        );
        assert_eq!(stateless(b"nonsense", Transport::Udp, peer(), 400, &[]), None);
        assert_eq!(
            stateless(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\n\r\n", Transport::Udp, peer(), 400, &[]),
            None
        );
    }
}
