//! Where a request goes, and which address of ours it shows (RFC 3261 §8.1.2, §18.1.1; RFC 3263 only for addresses:
//! names are resolved by the shell before).
use super::config::Config;
use super::event::{Hop, Transport};
use super::reply::unmapped;
use super::uri::{Scheme, Uri};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Our listeners and what is known of the addresses behind them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Local {
    listeners: Vec<(Transport, SocketAddr)>,
    external: Option<IpAddr>,
    fallback: Option<IpAddr>,
    /// By listener: the local address that the last message came to. Only for those bound to no certain address.
    learnt: BTreeMap<usize, IpAddr>,
}

impl Local {
    pub fn new(config: &Config) -> Local {
        Local {
            listeners: config.listeners.clone(),
            external: config.external_address,
            fallback: config.local_address,
            learnt: BTreeMap::new(),
        }
    }

    /// A message came in over this hop, whose local address the shell knows.
    pub fn learn(&mut self, hop: Hop) {
        if hop.local.ip().is_unspecified() {
            return;
        }
        let listener = self.listeners.iter().position(|(transport, address)| {
            *transport == hop.transport
                && address.ip().is_unspecified()
                && address.port() == hop.local.port()
                && address.is_ipv4() == hop.local.is_ipv4()
        });
        if let Some(index) = listener {
            self.learnt.insert(index, hop.local.ip());
        }
    }

    /// The hop of a first request to this peer; `None` when no listener of ours fits.
    pub fn toward(&self, transport: Transport, peer: SocketAddr) -> Option<Hop> {
        let (index, (_, listener)) = self
            .listeners
            .iter()
            .enumerate()
            .find(|(_, (t, address))| *t == transport && address.is_ipv4() == peer.is_ipv4())?;
        let mut local = *listener;
        if local.ip().is_unspecified()
            && let Some(ip) =
                self.learnt.get(&index).copied().or(self.fallback.filter(|ip| ip.is_ipv4() == peer.is_ipv4()))
        {
            local.set_ip(ip);
        }
        Some(Hop { transport, local, peer })
    }

    /// What Via and Contact show on this hop.
    pub fn shown(&self, hop: Hop) -> SocketAddr {
        let mut local = hop.local;
        match (self.external, self.fallback) {
            (Some(external), _) if external.is_ipv4() == local.is_ipv4() => local.set_ip(external),
            (_, Some(fallback)) if local.ip().is_unspecified() => local.set_ip(fallback),
            _ => {}
        }
        local
    }
}

pub fn via_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
        Transport::Ws => "WS",
        Transport::Wss => "WSS",
    }
}

/// `sip:user@address:port` and the transport where it is not UDP.
pub fn contact(user: &str, shown: SocketAddr, transport: Transport) -> String {
    let at = if user.is_empty() { "" } else { "@" };
    let user = super::uri::escape_user(user);
    match transport {
        Transport::Udp => format!("sip:{user}{at}{shown}"),
        other => format!("sip:{user}{at}{shown};transport={}", via_name(other).to_ascii_lowercase()),
    }
}

/// The transport that a URI asks for; UDP unless it says otherwise (RFC 3263 §4.1).
pub fn transport(uri: &Uri<'_>) -> Transport {
    match uri.param("transport") {
        Some(name) if name.eq_ignore_ascii_case("tcp") => Transport::Tcp,
        Some(name) if name.eq_ignore_ascii_case("tls") => Transport::Tls,
        Some(name) if name.eq_ignore_ascii_case("ws") => Transport::Ws,
        Some(name) if name.eq_ignore_ascii_case("wss") => Transport::Wss,
        _ if uri.scheme == Scheme::Sips => Transport::Tls,
        _ => Transport::Udp,
    }
}

/// The address in a URI, if it is one and not a name. `maddr` goes first (§16.6 no. 7).
pub fn address(uri: &Uri<'_>) -> Option<SocketAddr> {
    let ip = uri.param("maddr").and_then(super::uri::address).or_else(|| uri.address())?;
    let default = if transport(uri) == Transport::Tls { 5061 } else { 5060 };
    Some(SocketAddr::new(ip, uri.port.filter(|port| *port != 0).unwrap_or(default)))
}

/// The next hop of a request inside a dialog whose messages came over `flow`: the address in `uri` (the first Route,
/// or the peer's Contact), unless that address cannot be reached from here or the flow leads to the same host anyway.
///
/// A Contact with a private address that came from a public one stands behind a NAT, which lets us in only on the
/// flow; a name (`x.invalid` of a browser, RFC 7118) is no address at all.
pub fn in_dialog(uri: &str, flow: Hop, local: &Local) -> Hop {
    if flow.transport.is_websocket() {
        return flow; // RFC 7118 §5: whatever a browser writes into its Contact, it takes no connections
    }
    let Ok(uri) = Uri::parse(uri) else { return flow };
    let Some(address) = address(&uri) else { return flow };
    let transport = transport(&uri);
    let same_host = unmapped(flow.peer.ip()) == unmapped(address.ip());
    let stream = flow.transport != Transport::Udp;
    if (stream && same_host) || private(address.ip()) && !private(flow.peer.ip()) {
        return flow;
    }
    if transport == flow.transport && address.is_ipv4() == flow.peer.is_ipv4() {
        return Hop { peer: address, ..flow };
    }
    local.toward(transport, address).unwrap_or(flow)
}

/// Addresses that mean nothing outside of their own network: RFC 1918, RFC 6598, loopback, link-local, RFC 4193.
fn private(ip: IpAddr) -> bool {
    match unmapped(ip) {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(transport: Transport, local: &str, peer: &str) -> Hop {
        Hop { transport, local: local.parse().unwrap(), peer: peer.parse().unwrap() }
    }

    #[test]
    fn a_contact_behind_a_nat_is_reached_where_it_was_seen() {
        let flow = hop(Transport::Udp, "198.51.100.1:5060", "203.0.113.7:41000");
        let local = Local::default();
        assert_eq!(in_dialog("sip:a@192.168.1.5:5060", flow, &local), flow);
        assert_eq!(in_dialog("sip:a@df7jal23ls0d.invalid;transport=ws", flow, &local), flow);
        let page = hop(Transport::Ws, "198.51.100.1:8080", "203.0.113.7:41000");
        assert_eq!(in_dialog("sip:a@203.0.113.9;transport=ws", page, &local), page);
        assert_eq!(in_dialog("sip:a@203.0.113.9", flow, &local).peer, "203.0.113.9:5060".parse().unwrap());
    }

    #[test]
    fn a_stream_is_kept_for_the_same_host() {
        let flow = hop(Transport::Tcp, "198.51.100.1:5060", "203.0.113.7:41000");
        assert_eq!(in_dialog("sip:a@203.0.113.7:5060;transport=tcp", flow, &Local::default()), flow);
        let other = in_dialog("sip:a@203.0.113.8:5060;transport=tcp", flow, &Local::default());
        assert_eq!(other.peer, "203.0.113.8:5060".parse().unwrap());
    }

    #[test]
    fn the_external_address_is_shown_and_a_learnt_one_fills_the_unspecified() {
        let listeners = vec![(Transport::Udp, "0.0.0.0:5060".parse().unwrap())];
        let mut local = Local::new(&Config { listeners: listeners.clone(), ..Config::default() });
        let peer = "192.0.2.9:5060".parse().unwrap();
        local.learn(hop(Transport::Udp, "192.0.2.1:5060", "192.0.2.9:5060"));
        assert_eq!(local.toward(Transport::Udp, peer).unwrap().local, "192.0.2.1:5060".parse().unwrap());
        let external_address = Some("198.51.100.1".parse().unwrap());
        let local = Local::new(&Config { listeners, external_address, ..Config::default() });
        let hop = local.toward(Transport::Udp, peer).unwrap();
        assert_eq!(local.shown(hop), "198.51.100.1:5060".parse().unwrap());
        assert_eq!(local.toward(Transport::Tcp, peer), None);
    }

    #[test]
    fn a_contact_names_its_transport() {
        let shown = "[2001:db8::1]:5060".parse().unwrap();
        assert_eq!(contact("a b", shown, Transport::Tcp), "sip:a%20b@[2001:db8::1]:5060;transport=tcp");
    }
}
