//! Where a robot calls: from what a person wrote to an address and to our own address on that network.
use crate::sip::uri::{Scheme, Uri};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use thiserror::Error;

/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub uri: String,
    pub server: SocketAddr,
    /// Our own address towards the server.
    pub local: IpAddr,
}

#[derive(Debug, Error)]
pub enum TargetError {
    #[error("expected a URI like sip:88007077759@127.0.0.1:5060, got {0:?}")]
    NotSip(String),
    #[error("the host {host} has no address: {source}")]
    NoAddress { host: String, source: io::Error },
    #[error("there is no way to {server}: {source}")]
    NoRoute { server: SocketAddr, source: io::Error },
}

impl Target {
    /// Reads `sip:user@host[:port]`; `sip:` may be missing. Asks the resolver when the host is a name.
    pub fn resolve(text: &str) -> Result<Target, TargetError> {
        let uri = if text.starts_with("sip:") { text.to_string() } else { format!("sip:{text}") };
        let not_sip = || TargetError::NotSip(text.to_string());
        let parsed = Uri::parse(&uri).ok().filter(|uri| uri.scheme == Scheme::Sip).ok_or_else(not_sip)?;
        let port = parsed.port.unwrap_or(SIP_PORT);
        let server = match parsed.address() {
            Some(ip) => SocketAddr::new(ip, port),
            None => {
                let host = parsed.host.to_string();
                let none = || io::Error::new(io::ErrorKind::NotFound, "the resolver found none");
                let found =
                    (parsed.host, port).to_socket_addrs().and_then(|mut all| all.next().ok_or_else(none));
                found.map_err(|source| TargetError::NoAddress { host, source })?
            }
        };
        let local = local_towards(server).map_err(|source| TargetError::NoRoute { server, source })?;
        Ok(Target { uri, server, local })
    }

    pub fn is_loopback(&self) -> bool {
        self.server.ip().to_canonical().is_loopback()
    }
}

/// The address that the system would send from; connecting a UDP socket sends nothing.
fn local_towards(server: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_address_and_our_own_beside_it() {
        let target = Target::resolve("88007077759@127.0.0.1").unwrap();
        assert_eq!(target.uri, "sip:88007077759@127.0.0.1");
        assert_eq!(target.server, SocketAddr::from(([127, 0, 0, 1], 5060)));
        assert!(target.local.is_loopback() && target.is_loopback());
        assert_eq!(Target::resolve("sip:1@[::1]:5070").map(|t| t.server.port()).ok(), Some(5070));
        assert!(matches!(Target::resolve("http://x"), Err(TargetError::NotSip(_))));
        assert!(matches!(Target::resolve("sip:"), Err(TargetError::NotSip(_))));
    }
}
