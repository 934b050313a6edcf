//! The sections of config.yaml as plain structs, with their defaults. The program's shells have options of their own; the
//! server fills those from here.
use super::values::{self, Auto, Listen, Network, Peer, Ports, Room, Secret};
use crate::ids::{QueueName, Skill};
use crate::machine::Wall;
use crate::queue::SignIn;
use crate::switchboard::FeatureCodes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipSection {
    pub udp: Vec<Listen>,
    pub tcp: Vec<Listen>,
    pub tls: Vec<Listen>,
    /// SIP over WebSocket on a port of its own; browsers use `/ws/sip` of the web listener.
    pub ws: Vec<Listen>,
    pub tls_cert: PathBuf,
    pub tls_key: PathBuf,
    /// The public address of a one-to-one NAT, shown in Via, Contact and SDP.
    #[serde(deserialize_with = "values::address_or_empty", serialize_with = "none_is_empty")]
    pub external_address: Option<IpAddr>,
    /// The realm of digest challenges. Digest secrets are worthless after a change.
    pub domain: String,
    pub digest: DigestOffer,
    pub allow_anonymous: Anonymous,
    /// Local sources whose callers' numbers are believed like a trunk's (rule Q14), for a first call and for tests.
    pub test_sources: Vec<Network>,
    /// Calls at once; beyond it 503. `auto`: derived from the file limit and the ports.
    pub max_calls: Auto<u32>,
}

impl Default for SipSection {
    fn default() -> Self {
        let sip_port = vec![Listen(SocketAddr::new(ANY, 5060))];
        SipSection {
            udp: sip_port.clone(),
            tcp: sip_port,
            tls: Vec::new(),
            ws: Vec::new(),
            tls_cert: PathBuf::new(),
            tls_key: PathBuf::new(),
            external_address: None,
            domain: "hotline.local".into(),
            digest: DigestOffer::Both,
            allow_anonymous: Anonymous::Local,
            test_sources: Network::loopback(),
            max_calls: Auto::Auto,
        }
    }
}

/// What operators' phones are asked for. Some phones cannot pass over a challenge that they do not know (RFC 8760 says
/// they shall): those of libre before 2.0 give up at the sight of SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestOffer {
    /// SHA-256 first, then MD5.
    #[default]
    Both,
    Sha256,
    Md5,
}

/// From whom a call is taken that comes from no trunk and no registered operator. In any case it reaches the lines'
/// numbers only, never an operator or the outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// From loopback and private ranges (RFC 1918, RFC 4193, link-local).
    #[default]
    Local,
    /// From anybody; warned about at every start.
    True,
    /// From nobody.
    False,
}

impl Serialize for Anonymous {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Anonymous::Local => serializer.serialize_str("local"),
            Anonymous::True => serializer.serialize_bool(true),
            Anonymous::False => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for Anonymous {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Anonymous, D::Error> {
        values::text(deserializer, "local, true or false", "write local, true or false", |text| match text {
            "local" => Some(Anonymous::Local),
            "true" => Some(Anonymous::True),
            "false" => Some(Anonymous::False),
            _ => None,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaSection {
    /// The address in our SDP; `auto`: the one from which packets to the peer leave.
    pub address: Auto<IpAddr>,
    pub ports: Ports,
    /// `auto`: one less than cores, at least one.
    pub shards: Auto<u32>,
    pub realtime: Realtime,
    /// Shard n's browsers use this port + n.
    pub webrtc_port: u16,
    /// A call without RTP for that long is ended.
    #[serde(with = "values::duration")]
    pub rtp_timeout: Duration,
}

impl Default for MediaSection {
    fn default() -> Self {
        MediaSection {
            address: Auto::Auto,
            ports: Ports { first: 20_000, last: 29_999 },
            shards: Auto::Auto,
            realtime: Realtime::Try,
            webrtc_port: 19_000,
            rtp_timeout: Duration::from_secs(60),
        }
    }
}

/// Whether media threads ask for `SCHED_FIFO`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Realtime {
    /// Say so when refused, and go on.
    #[default]
    Try,
    /// Do not start when refused.
    Require,
    Off,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSection {
    pub listen: Listen,
    pub tls: WebTls,
    /// Public addresses (`https://board.example`) when a proxy changes the Host header.
    pub origins: Vec<String>,
}

impl Default for WebSection {
    fn default() -> Self {
        let listen = Listen(SocketAddr::new(LOOPBACK, 8080));
        WebSection { listen, tls: WebTls::Off, origins: Vec::new() }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebTls {
    #[default]
    Off,
    SelfSigned,
    #[serde(untagged)]
    Files {
        cert: PathBuf,
        key: PathBuf,
    },
}

impl<'de> Deserialize<'de> for WebTls {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<WebTls, D::Error> {
        use crate::flow::yaml::{Node, fault};
        use serde::de::Error;
        let node = Node::deserialize(deserializer)?;
        let path = |key: &str| {
            let entry = node.entries()?.iter().find(|(name, _)| name.as_text() == Some(key))?;
            entry.1.as_text().map(PathBuf::from)
        };
        match (node.as_text(), path("cert"), path("key"), node.entries().map(<[_]>::len)) {
            (Some("off"), ..) => Ok(WebTls::Off),
            (Some("self_signed"), ..) => Ok(WebTls::SelfSigned),
            (None, Some(cert), Some(key), Some(2)) => Ok(WebTls::Files { cert, key }),
            _ => {
                let message = format!("expected off, self_signed or {{cert, key}}, got {}", node.describe());
                Err(D::Error::custom(fault("HF006", message, "write `tls: {cert: a.pem, key: b.pem}`")))
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSection {
    /// `None`: on the web listener.
    #[serde(deserialize_with = "values::listen_or_empty", serialize_with = "none_is_empty")]
    pub listen: Option<Listen>,
}

fn none_is_empty<T: Serialize, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(serializer),
        None => serializer.serialize_str(""),
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StorageSection {
    /// `sqlite:PATH` or `postgres://…`; may hold a password.
    pub url: Secret,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowsSection {
    pub dir: PathBuf,
    /// Files that change are taken in by themselves.
    pub watch: bool,
}

impl Default for FlowsSection {
    fn default() -> Self {
        FlowsSection { dir: "call-flows".into(), watch: true }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptsSection {
    pub dir: PathBuf,
    /// The synthesiser's command, argument by argument: no shell reads it.
    pub tts: Vec<String>,
}

impl Default for PromptsSection {
    fn default() -> Self {
        PromptsSection { dir: "prompts".into(), tts: crate::prompts::DEFAULT_TTS.map(String::from).to_vec() }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LineSection {
    /// As written; the flow's own `settings` have the types.
    pub settings: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trunk {
    pub name: String,
    pub peers: Vec<Peer>,
    /// Where calls to the outside are sent, `host` or `host:port`; else the registrar, else the only peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<Register>,
}

/// Registering at a provider (RFC 3261 §10.2).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Register {
    /// `sip:provider.example`
    pub server: String,
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    #[serde(with = "values::duration")]
    pub expires: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OutboundSection {
    /// `None`: nothing is dialled out.
    #[serde(serialize_with = "none_is_none")]
    pub trunk: Option<String>,
    /// Numbers, or prefixes ending in `*`.
    pub allow: Vec<String>,
    /// Networks inside the house that flows and webhooks may ask; every other private address is refused.
    pub networks: Vec<Network>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoolSection {
    /// Rule Q1.
    #[serde(deserialize_with = "values::share")]
    pub max_share: f64,
    /// Rule Q2.
    #[serde(with = "values::duration")]
    pub starvation_limit: Duration,
    /// Rule Q3.
    pub reserve_max: Auto<u32>,
}

impl Default for PoolSection {
    fn default() -> Self {
        PoolSection { max_share: 0.5, starvation_limit: Duration::from_secs(600), reserve_max: Auto::Auto }
    }
}

/// An operator that config.yaml declares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeclaredOperator {
    pub id: String,
    pub name: String,
    pub queues: Vec<QueueName>,
    pub skills: Vec<Skill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    pub sign_in: SignIn,
    #[serde(with = "values::duration")]
    pub rings_within: Duration,
    pub auto_answer: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallerRule {
    /// A number, or a prefix ending in `*`.
    pub number: String,
    pub action: RuleAction,
    /// The rule ends there.
    pub until: Option<Wall>,
}

/// Rule Q14.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    Reject,
    /// Never more than the standard class.
    Standard,
    /// Another flow than the number's.
    Flow(String),
}

/// Rule Q14.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallerLimitsSection {
    /// At once, from one address that is no trunk.
    pub calls_per_source: u32,
    pub calls_per_hour: u32,
    pub recordings_per_hour: u32,
    /// Whether they hold for `sip.test_sources` too.
    pub test_sources: bool,
}

impl Default for CallerLimitsSection {
    fn default() -> Self {
        CallerLimitsSection {
            calls_per_source: 10,
            calls_per_hour: 20,
            recordings_per_hour: 3,
            test_sources: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingSection {
    pub dir: PathBuf,
    #[serde(deserialize_with = "values::days")]
    pub days: u32,
    /// With less room on their disk no new recording begins.
    pub min_free: Room,
}

impl Default for RecordingSection {
    fn default() -> Self {
        RecordingSection { dir: "DATA/recordings".into(), days: 90, min_free: Room::Bytes(1 << 30) }
    }
}

/// What operators may dial from their own phones; an empty code is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureCodesSection {
    pub ready: String,
    #[serde(rename = "break")]
    pub pause: String,
    pub end_wrap_up: String,
    pub sign_out: String,
    pub state: String,
    /// The digits after `break`, and the reason that they stand for.
    pub reasons: BTreeMap<String, String>,
}

impl Default for FeatureCodesSection {
    fn default() -> Self {
        let FeatureCodes { ready, pause, end_wrap_up, sign_out, state, reasons, .. } =
            FeatureCodes::default();
        FeatureCodesSection { ready, pause, end_wrap_up, sign_out, state, reasons }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSection {
    /// Calls, stories, tickets and the journal.
    #[serde(deserialize_with = "values::days")]
    pub days: u32,
}

impl Default for RetentionSection {
    fn default() -> Self {
        RetentionSection { days: 365 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SmtpSection {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    pub from: String,
    /// What a letter to an applicant looks like: `{text}`, `{ticket}` and `{topic}` are filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// RFC 3207; mail is not sent without it.
    #[default]
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
    Off,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AlertsSection {
    #[serde(serialize_with = "none_is_empty")]
    pub webhook: Option<Secret>,
    #[serde(serialize_with = "none_is_empty")]
    pub email: Option<String>,
}

/// As an admin writes it: `trunk: none`.
fn none_is_none<S: serde::Serializer>(name: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name.as_deref().unwrap_or("none"))
}
