//! What both sides of a dialog must agree on (RFC 3261 §12), and the requests that are sent inside it.
use super::build::Builder;
use super::event::Hop;
use super::header::{Name, NameAddr, unfold};
use super::message::Message;
use super::method::Method;
use super::route::via_name;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A longer Record-Route is cut: no path through a network has so many proxies.
pub const ROUTES_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    pub call_id: String,
    pub local_tag: String,
    /// Empty until the peer has chosen it.
    pub remote_tag: String,
    /// From of our requests: whole value, with the tag.
    local: String,
    /// To of our requests: whole value, with the tag.
    remote: String,
    /// The peer's Contact: the remote target.
    pub target: String,
    routes: Vec<String>,
    /// The number of our last request.
    pub local_seq: u32,
    /// The number of the peer's last request.
    pub remote_seq: Option<u32>,
    /// Our Contact URI.
    pub contact: String,
    /// The way that messages of this dialog took last.
    pub flow: Hop,
}

impl Dialog {
    /// §12.1.1: the server's side, from their INVITE.
    pub fn from_request(message: &Message<'_>, flow: Hop, local_tag: &str, contact: String) -> Dialog {
        let to = unfold(message.header(Name::To).unwrap_or_default());
        Dialog {
            call_id: message.call_id.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: message.from.tag().unwrap_or_default().to_owned(),
            local: format!("{to};tag={local_tag}"),
            remote: unfold(message.header(Name::From).unwrap_or_default()).into_owned(),
            target: message.contact().map(|contact| contact.uri.to_owned()).unwrap_or_default(),
            routes: message
                .list(Name::RecordRoute)
                .take(ROUTES_MAX)
                .map(|r| unfold(r).into_owned())
                .collect(),
            local_seq: 0,
            remote_seq: Some(message.cseq.number),
            contact,
            flow,
        }
    }

    /// §12.1.2: the client's side, from the response to our INVITE. `flow` is the way the response came.
    pub fn from_response(message: &Message<'_>, flow: Hop, contact: String) -> Dialog {
        let mut routes: Vec<String> =
            message.list(Name::RecordRoute).take(ROUTES_MAX).map(|r| unfold(r).into_owned()).collect();
        routes.reverse();
        Dialog {
            call_id: message.call_id.to_owned(),
            local_tag: message.from.tag().unwrap_or_default().to_owned(),
            remote_tag: message.to.tag().unwrap_or_default().to_owned(),
            local: unfold(message.header(Name::From).unwrap_or_default()).into_owned(),
            remote: unfold(message.header(Name::To).unwrap_or_default()).into_owned(),
            target: message
                .contact()
                .map_or_else(|| message.to.uri.to_owned(), |contact| contact.uri.to_owned()),
            routes,
            local_seq: message.cseq.number,
            remote_seq: None,
            contact,
            flow,
        }
    }

    /// A request of ours that is no dialog yet: its From and To are as given, and `target` is its request URI.
    pub fn to_be(
        call_id: String,
        local_tag: String,
        from: String,
        to: String,
        target: String,
        contact: String,
        flow: Hop,
    ) -> Dialog {
        Dialog {
            local: format!("{from};tag={local_tag}"),
            call_id,
            local_tag,
            remote_tag: String::new(),
            remote: to,
            target,
            routes: Vec::new(),
            local_seq: 0,
            remote_seq: None,
            contact,
            flow,
        }
    }

    /// Whether a message with this Call-ID and tag of the peer's belongs here (ours has been looked up).
    pub fn matches(&self, call_id: &str, remote_tag: &str) -> bool {
        self.call_id == call_id && self.remote_tag == remote_tag
    }

    /// The URI that decides where the next request goes: the first route or the peer's Contact.
    pub fn next(&self) -> &str {
        match self.routes.first().and_then(|route| NameAddr::parse(route)) {
            Some(route) => route.uri,
            None => &self.target,
        }
        .trim()
    }

    /// §12.2.1.1. Max-Forwards, From, To, Call-ID, CSeq, Via and Route are written; Contact is the caller's affair.
    pub fn request(&self, method: Method, seq: u32, branch: &str, hop: Hop, shown: SocketAddr) -> Builder {
        let first = self.routes.first().and_then(|route| NameAddr::parse(route));
        // §12.2.1.1: a first proxy without `lr` is a strict router and wants to be the request URI.
        let strict = first.filter(|route| route.parsed().is_ok_and(|uri| uri.param("lr").is_none()));
        let builder = Builder::request(method, strict.map_or(self.target.as_str(), |route| route.uri));
        let mut builder = builder
            .header(
                Name::Via,
                format_args!("SIP/2.0/{} {shown};branch={branch};rport", via_name(hop.transport)),
            )
            .header(Name::MaxForwards, MAX_FORWARDS);
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            builder = builder.header(Name::Route, route);
        }
        if strict.is_some() {
            builder = builder.header(Name::Route, format_args!("<{}>", self.target));
        }
        builder
            .header(Name::From, &self.local)
            .header(Name::To, &self.remote)
            .header(Name::CallId, &self.call_id)
            .header(Name::CSeq, format_args!("{seq} {}", method.as_str()))
    }

    /// A target refresh (§12.2.2): the peer's Contact may move with INVITE and UPDATE.
    pub fn refresh_target(&mut self, message: &Message<'_>) {
        if let Some(contact) = message.contact() {
            self.target = contact.uri.to_owned();
        }
    }
}

/// §8.1.1.6.
pub const MAX_FORWARDS: u8 = 70;

/// The ACK to a refusal (§17.1.1.3) and the CANCEL (§9.1) of an INVITE of ours go the same way as it did, with the
/// same topmost Via. `to` is the refusal's To, tag included; a CANCEL takes the INVITE's.
pub fn companion(invite: &Message<'_>, method: Method, to: Option<&str>) -> Option<Builder> {
    let super::message::Start::Request { uri, .. } = invite.start else { return None };
    let mut builder = Builder::request(method, uri)
        .header(Name::Via, invite.header(Name::Via)?)
        .header(Name::MaxForwards, MAX_FORWARDS);
    for route in invite.headers.iter().filter(|header| header.name == Name::Route) {
        builder = builder.header(Name::Route, route.value);
    }
    let to = unfold(to.or_else(|| invite.header(Name::To))?);
    let builder = builder
        .header(Name::From, invite.header(Name::From)?)
        .header(Name::To, to)
        .header(Name::CallId, invite.call_id)
        .header(Name::CSeq, format_args!("{} {}", invite.cseq.number, method.as_str()));
    Some(builder)
}

#[cfg(test)]
mod tests {
    use super::super::event::Transport;
    use super::super::parse::parse;
    use super::*;

    fn hop() -> Hop {
        Hop {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            peer: "192.0.2.9:5060".parse().unwrap(),
        }
    }

    fn dialog(record_route: &str) -> Dialog {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{record_route}From: <sip:a@h>;tag=1\r\n\
             To: <sip:b@h>;tag=2\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\nContact: <sip:b@192.0.2.50>\r\n\r\n"
        );
        Dialog::from_response(&parse(text.as_bytes()).unwrap(), hop(), "sip:a@192.0.2.1".into())
    }

    fn head(dialog: &Dialog) -> String {
        let builder = dialog.request(Method::Ack, 7, "z9hG4bKx", hop(), hop().local);
        String::from_utf8(builder.finish(None).unwrap()).unwrap()
    }

    #[test]
    fn without_proxies_the_ack_goes_to_the_contact() {
        let dialog = dialog("");
        assert_eq!(dialog.next(), "sip:b@192.0.2.50");
        assert!(head(&dialog).starts_with("ACK sip:b@192.0.2.50 SIP/2.0\r\n"));
        assert!(head(&dialog).contains("To: <sip:b@h>;tag=2\r\n"));
    }

    #[test]
    fn loose_routes_are_walked_from_the_last_record_route() {
        let dialog = dialog("Record-Route: <sip:p2@10.0.0.2;lr>, <sip:p1@10.0.0.1;lr>\r\n");
        assert_eq!(dialog.next(), "sip:p1@10.0.0.1;lr");
        let head = head(&dialog);
        assert!(head.starts_with("ACK sip:b@192.0.2.50 SIP/2.0\r\n"));
        assert!(head.contains("Route: <sip:p1@10.0.0.1;lr>\r\nRoute: <sip:p2@10.0.0.2;lr>\r\n"));
    }

    #[test]
    fn a_strict_router_becomes_the_request_uri() {
        let head = head(&dialog("Record-Route: <sip:p2@10.0.0.2;lr>\r\nRecord-Route: <sip:p1@10.0.0.1>\r\n"));
        assert!(head.starts_with("ACK sip:p1@10.0.0.1 SIP/2.0\r\n"));
        assert!(head.contains("Route: <sip:p2@10.0.0.2;lr>\r\nRoute: <sip:b@192.0.2.50>\r\n"));
    }
}
