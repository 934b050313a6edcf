//! Values of config.yaml that are not plain words and numbers, each read from the one text in which people write it.
use crate::clock::Zone;
use crate::flow::yaml::{Dur, Scalar, fault};
use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A text that is never shown: in `config show` and in logs it is `(hidden)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        Ok(Secret(Scalar::deserialize(deserializer)?.text))
    }
}

/// `auto`, or a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auto<T> {
    #[default]
    Auto,
    Is(T),
}

impl<T> Auto<T> {
    pub fn or(self, worked_out: T) -> T {
        match self {
            Auto::Auto => worked_out,
            Auto::Is(value) => value,
        }
    }
}

impl<T: Serialize> Serialize for Auto<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Auto::Auto => serializer.serialize_str("auto"),
            Auto::Is(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: AutoText> Deserialize<'de> for Auto<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Auto<T>, D::Error> {
        text(deserializer, T::EXPECTED, T::HELP, |text| match text {
            "auto" => Some(Auto::Auto),
            other => T::read(other).map(Auto::Is),
        })
    }
}

/// What may stand in the place of `auto`.
pub trait AutoText: Sized {
    const EXPECTED: &str;
    const HELP: &str;
    fn read(text: &str) -> Option<Self>;
}

impl AutoText for u32 {
    const EXPECTED: &str = "`auto` or a whole number";
    const HELP: &str = "write auto, or a number";
    fn read(text: &str) -> Option<u32> {
        text.parse().ok()
    }
}

impl AutoText for IpAddr {
    const EXPECTED: &str = "`auto` or an IP address";
    const HELP: &str = "write auto, or the address of one of this machine's interfaces";
    fn read(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }
}

/// `20000-29999`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub first: u16,
    pub last: u16,
}

/// Below are the system's ports (RFC 6335 §6), for which a server needs rights.
const PORT_MIN: u16 = 1024;

impl Ports {
    pub fn range(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }

    fn parse(text: &str) -> Option<Ports> {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        // A leg needs a pair: RTP and RTCP.
        (PORT_MIN <= first && first < last).then_some(Ports { first, last })
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}-{}", self.first, self.last))
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ports, D::Error> {
        let help = "write first-last like 20000-29999, both from 1024 to 65535, the smaller first";
        text(deserializer, "a range of ports", help, Ports::parse)
    }
}

/// Whom a trunk's calls come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    Net(IpNet),
    /// Looked up at start and at each reload.
    Host(String),
}

impl Peer {
    fn parse(text: &str) -> Option<Peer> {
        if let Ok(net) = text.parse::<IpNet>() {
            return Some(Peer::Net(net.trunc()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Peer::Net(IpNet::from(address)));
        }
        // RFC 1123 §2.1; a dotted number that is no address is a slip, not a host.
        let labels_fit = text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
        let number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        (labels_fit && !number && text.len() <= 253).then(|| Peer::Host(text.to_ascii_lowercase()))
    }
}

impl Serialize for Peer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Peer::Net(net) => serializer.collect_str(net),
            Peer::Host(host) => serializer.serialize_str(host),
        }
    }
}

impl<'de> Deserialize<'de> for Peer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Peer, D::Error> {
        let help = "write it like 203.0.113.0/24, 203.0.113.7 or sip.example.org";
        text(deserializer, "a network, an address or a host name", help, Peer::parse)
    }
}

/// `192.168.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl Network {
    pub(super) fn loopback() -> Vec<Network> {
        let v4 = IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8);
        vec![Network(v4), Network(IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)))]
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Network, D::Error> {
        let help = "write it like 192.168.0.0/16 or 192.168.0.7";
        text(deserializer, "a network or an address", help, |text| match Peer::parse(text) {
            Some(Peer::Net(net)) => Some(Network(net)),
            _ => None,
        })
    }
}

/// An IANA time zone, with its name for showing.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneName {
    pub name: String,
    pub zone: Zone,
}

impl Default for ZoneName {
    /// The zone of the two shipped lines; without zone data, universal time.
    fn default() -> Self {
        let name = "Europe/Moscow";
        let zone = Zone::named(name);
        ZoneName {
            name: zone.as_ref().map_or("UTC", |_| name).to_string(),
            zone: zone.unwrap_or_else(Zone::utc),
        }
    }
}

impl Serialize for ZoneName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ZoneName, D::Error> {
        text(deserializer, "a time zone", "write an IANA name such as Europe/Moscow", |name| {
            Zone::named(name).map(|zone| ZoneName { name: name.to_string(), zone })
        })
    }
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Listen, D::Error> {
        let help = "write address:port like 0.0.0.0:5060 or [::]:5060; a host name is not accepted here";
        text(deserializer, "an address with a port", help, |text| text.parse().ok().map(Listen))
    }
}

/// Room on a disk: `1GiB`, `500MiB`, or `5%` of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Bytes(u64),
    Percent(u8),
}

impl Room {
    pub fn parse(text: &str) -> Option<Room> {
        if let Some(percent) = text.strip_suffix('%') {
            return percent.trim().parse().ok().filter(|percent| *percent <= 100).map(Room::Percent);
        }
        let unit = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
        let (number, shift) =
            unit.into_iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)))?;
        let count: u64 = number.trim().parse().ok()?;
        count.checked_mul(1 << shift).map(Room::Bytes)
    }

    /// In bytes, on a disk of this size.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Room::Bytes(bytes) => bytes,
            Room::Percent(percent) => total / 100 * u64::from(percent),
        }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Room::Percent(percent) => write!(f, "{percent}%"),
            Room::Bytes(bytes) => {
                let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
                let whole = units.into_iter().find(|(_, shift)| *bytes > 0 && bytes % (1 << shift) == 0);
                let (unit, shift) = whole.unwrap_or(("KiB", 10));
                write!(f, "{}{unit}", bytes >> shift)
            }
        }
    }
}

impl Serialize for Room {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Room, D::Error> {
        let help = "write it like 1GiB, 500MiB or 5%";
        text(deserializer, "room on a disk", help, Room::parse)
    }
}

/// For `deserialize_with`: empty text is `None`.
pub(super) fn listen_or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Listen>, D::Error> {
    let help = "write address:port like 127.0.0.1:9100, or \"\" for none";
    text(deserializer, "an address with a port, or nothing", help, |text| match text {
        "" => Some(None),
        text => text.parse().ok().map(|address| Some(Listen(address))),
    })
}

pub(super) fn address_or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<IpAddr>, D::Error> {
    let help = "write an address like 203.0.113.7, or \"\" for none";
    text(deserializer, "an IP address, or nothing", help, |text| match text {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    })
}

/// Durations are written with their unit.
pub(super) mod duration {
    use super::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Dur::deserialize(deserializer).map(|dur| dur.0)
    }

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Dur(*duration))
    }
}

/// A share from 0 to 1.
pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    text(deserializer, "a share from 0 to 1", "write it like 0.5", |text| {
        text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
    })
}

pub(super) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    /// A century: more is a slip.
    const DAYS_MAX: u32 = 36_500;
    text(deserializer, "a number of days", "write a whole number from 1 to 36500", |text| {
        text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days))
    })
}

pub(super) fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    help: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = Scalar::deserialize(deserializer)?.text;
    read(text.trim())
        .ok_or_else(|| D::Error::custom(fault("HF015", format!("expected {expected}, got `{text}`"), help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_network_an_address_or_a_host() {
        assert_eq!(Peer::parse("10.1.2.3/8"), Some(Peer::Net("10.0.0.0/8".parse().unwrap())));
        assert_eq!(Peer::parse("::1"), Some(Peer::Net("::1/128".parse().unwrap())));
        assert_eq!(Peer::parse("SIP.example.org"), Some(Peer::Host("sip.example.org".into())));
        for text in ["10.0.0.0/33", "10.0.0.256", "", "a b", "-x.org", "host:5060"] {
            assert_eq!(Peer::parse(text), None, "{text}");
        }
    }

    #[test]
    fn room_is_written_with_its_unit() {
        assert_eq!(Room::parse("1GiB"), Some(Room::Bytes(1 << 30)));
        assert_eq!(Room::parse("5%"), Some(Room::Percent(5)));
        assert_eq!(Room::Percent(5).of(1_000), 50);
        for text in ["1GiB", "512MiB", "5%", "3TiB", "7KiB"] {
            assert_eq!(Room::parse(text).unwrap().to_string(), text);
        }
        for text in ["1", "1GB", "101%", "-1%", "99999999999TiB", "%"] {
            assert_eq!(Room::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_of_ports_goes_upwards_and_holds_a_pair() {
        assert_eq!(Ports::parse("20000-29999"), Some(Ports { first: 20_000, last: 29_999 }));
        for text in ["20000", "5-4", "29999-20000", "20000-20000", "80-90", "20000-70000"] {
            assert_eq!(Ports::parse(text), None, "{text}");
        }
    }
}
