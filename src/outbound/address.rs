//! Which addresses may be asked. Checked on what the name resolved to, in the resolver that the connection uses: a name
//! that answers differently the second time (DNS rebinding) gains nothing.
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "{host} is {address}, an address inside: add its network to the outbound allow-list if it is meant"
    )]
    Inside { host: String, address: IpAddr },
    #[error("expected http:// or https://, got {0}://")]
    Scheme(String),
    #[error("the URL has no host")]
    NoHost,
    #[error("a URL must not carry a user or password")]
    Credentials,
    #[error("this is no URL: {0}")]
    Unreadable(String),
}

#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow: Arc<[IpNet]>,
}

impl Guard {
    pub fn new(allow: Vec<IpNet>) -> Guard {
        Guard { allow: allow.into() }
    }

    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allow.iter().any(|net| net.contains(&address)) || is_outside(address)
    }

    /// The part of the check that needs no resolving. An address written as such never meets the resolver.
    pub fn check(&self, url: &reqwest::Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Scheme(url.scheme().to_string()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(Refused::NoHost)?;
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(Refused::Inside { host: host.to_string(), address }),
            _ => Ok(()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_string();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let inside = found.iter().find(|address| !guard.allows(address.ip()));
            // One address inside refuses the name: a mixed answer is an attack or a mistake.
            if let Some(address) = inside {
                return Err(Refused::Inside { host, address: address.ip() }.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Globally reachable, by the IANA registries of special-purpose addresses (RFC 6890).
fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => is_outside_v6(address),
    }
}

fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let inside = a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || (a == 100 && b & 0xc0 == 64) // shared, RFC 6598
        || (a == 192 && b == 0 && c == 0) // protocol assignments, RFC 6890
        || address.is_documentation()
        || (a == 198 && b & 0xfe == 18) // benchmarking, RFC 2544
        || address.is_multicast()
        || a >= 240; // reserved and broadcast
    !inside
}

fn is_outside_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = match segments {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => Some(v4(a, b)),
        [0x2002, a, b, ..] => Some(v4(a, b)),
        _ => None,
    };
    if let Some(embedded) = embedded {
        return is_outside_v4(embedded);
    }
    // Only 2000::/3 is given out as global unicast; documentation and Teredo are cut out of it.
    segments[0] & 0xe000 == 0x2000
        && !(segments[0] == 0x2001 && segments[1] == 0xdb8)
        && !(segments[0] == 0x2001 && segments[1] < 0x200)
        && !(segments[0] == 0x3fff && segments[1] < 0x1000)
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_refused_in_every_spelling() {
        let guard = Guard::default();
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!guard.allows(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(guard.allows(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn a_listed_network_is_allowed() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap()]);
        assert!(guard.allows("10.1.2.3".parse().unwrap()));
        assert!(guard.allows("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!guard.allows("10.2.2.3".parse().unwrap()));
    }

    #[test]
    fn an_address_in_a_url_never_meets_the_resolver_and_is_checked_before() {
        let guard = Guard::default();
        for bad in [
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "file:///etc/passwd",
            "gopher://example.org/",
            "http://user:word@example.org/",
        ] {
            assert!(guard.check(&bad.parse().unwrap()).is_err(), "{bad}");
        }
        assert_eq!(guard.check(&"https://crm.example/x".parse().unwrap()), Ok(()));
    }

    #[tokio::test]
    async fn a_name_that_points_inside_is_refused_by_the_resolver() {
        let name: Name = "localhost".parse().unwrap();
        assert!(Guard::default().resolve(name).await.is_err());
    }
}
