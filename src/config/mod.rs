//! config.yaml: what an installation decides. An absent file, section or key means its default, so an empty installation
//! answers both shipped lines.
//!
//! ```text
//!   file ─▶ tree ─▶ HOTLINE__… laid over ─▶ ${ENV} replaced ─▶ decoded ─▶ checked as a whole ─▶ Config
//! ```
//! The parser and the error style are those of flows: everything wrong is found in one run, with file, line, column and
//! the way out. The shells have options of their own; the server fills them from the sections here.
mod check;
mod overlay;
mod render;
pub mod sections;
pub mod values;
mod written;

pub use render::{init, show, show_json};
pub use sections::*;
pub use values::{Auto, Listen, Peer, Ports, Secret, ZoneName};

use crate::clock::Zone;
use crate::flow::Finding;
use crate::flow::yaml::{self, Node, Value};
use crate::flow::{Calendar, Environment};
use crate::ids::{FlowName, OperatorId, PoolName, QueueName};
use crate::queue::{OperatorSettings, PoolSettings, QueueSettings};
use crate::say::Language;
use crate::sip::Ha1;
use crate::store::{Operator, Secret as OperatorSecret};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

pub const FILE_NAME: &str = "config.yaml";
/// What a call came to, in a wrap-up: Russian and English, when config.yaml names none.
const DISPOSITIONS: [[&str; 6]; 2] = [
    ["решено", "дана консультация", "передано специалистам", "нужно перезвонить", "жалоба", "ошибся номером"],
    ["solved", "advised", "passed on to specialists", "call back", "complaint", "wrong number"],
];
/// More words than a list shows at once are not chosen from any more.
const DISPOSITIONS_MAX: usize = 40;
const DISPOSITION_CHARS_MAX: usize = 60;
/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;

/// The environment, told and not read: tests have their own.
pub type Variables = BTreeMap<String, String>;

/// A whole, checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub sip: SipSection,
    pub media: MediaSection,
    pub web: WebSection,
    pub metrics: MetricsSection,
    pub storage: StorageSection,
    pub flows: FlowsSection,
    pub prompts: PromptsSection,
    pub lines: BTreeMap<String, LineSection>,
    pub trunks: Vec<Trunk>,
    pub outbound: OutboundSection,
    pub pools: BTreeMap<PoolName, PoolSection>,
    pub queues: BTreeMap<QueueName, Queue>,
    pub operators: Vec<DeclaredOperator>,
    pub calendars: BTreeMap<String, Calendar>,
    pub caller_rules: Vec<CallerRule>,
    pub caller_limits: CallerLimitsSection,
    pub feature_codes: FeatureCodesSection,
    pub recording: RecordingSection,
    pub retention: RetentionSection,
    pub smtp: Option<SmtpSection>,
    pub alerts: AlertsSection,
    /// The words from which an operator chooses in his wrap-up.
    pub dispositions: Vec<String>,
    pub language: Language,
    pub timezone: ZoneName,
    /// The text of `calendars`, for showing: a calendar itself is a table of minutes.
    calendar_texts: BTreeMap<String, Node>,
}

/// A queue and the pool that serves it.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    pub pool: PoolName,
    pub settings: QueueSettings,
}

impl Config {
    /// Reads the file, or nothing for `None`, and the process's environment. Either a configuration, or everything that
    /// is wrong. `data_dir` is what `DATA` stands for where a secret lies in a file.
    pub fn load(file: Option<&Path>, data_dir: &Path) -> Result<Config, Vec<Finding>> {
        // Variables that are no Unicode are none of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        match file {
            None => Config::parse(Path::new(FILE_NAME), "", data_dir, &variables),
            Some(file) => Config::parse(file, &read_text(file)?, data_dir, &variables),
        }
    }

    /// Checks a text that stands for the file.
    pub fn parse(
        file: &Path,
        text: &str,
        data_dir: &Path,
        variables: &Variables,
    ) -> Result<Config, Vec<Finding>> {
        let finish = |mut findings: Vec<Finding>| -> Vec<Finding> {
            findings.sort_by_key(|finding| (finding.line, finding.column));
            let placed = findings.into_iter().map(|finding| {
                let finding = if finding.excerpt.is_none() { finding.with_excerpt(text) } else { finding };
                overlay::trace(finding, variables)
            });
            placed.collect()
        };
        // `config init` writes a file of comments only: that is no error here.
        let bare = text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#')));
        let mut tree = if bare {
            Node { id: 0, at: Default::default(), value: Value::Map(Vec::new()) }
        } else {
            yaml::read(file, text).map_err(finish)?
        };
        let mut findings = overlay::lay_over(&mut tree, variables);
        findings.extend(overlay::substitute(&mut tree, file, variables));
        if !findings.is_empty() {
            return Err(finish(findings));
        }
        let off = check::take_out_queues(&mut tree);
        let written = yaml::decode_node(file, text, &mut tree).map_err(finish)?;
        check::check(file, data_dir, written, &off).map_err(finish)
    }

    /// The settings of every pool that has a queue, for its dispatcher.
    pub fn pools(&self) -> Vec<PoolSettings> {
        let names: BTreeSet<&PoolName> = self.queues.values().map(|queue| &queue.pool).collect();
        names.into_iter().map(|name| self.pool(name)).collect()
    }

    fn pool(&self, name: &PoolName) -> PoolSettings {
        let section = self.pools.get(name).cloned().unwrap_or_default();
        let of_pool = self.queues.iter().filter(|(_, queue)| queue.pool == *name);
        let queues: BTreeMap<QueueName, QueueSettings> =
            of_pool.map(|(queue, of)| (queue.clone(), of.settings.clone())).collect();
        let serves =
            |operator: &&DeclaredOperator| operator.queues.iter().any(|queue| queues.contains_key(queue));
        let operators = self
            .operators
            .iter()
            .filter(serves)
            .map(|operator| (OperatorId::from(operator.id.as_str()), operator.settings()))
            .collect();
        PoolSettings {
            name: name.clone(),
            max_share: section.max_share,
            starvation_limit: section.starvation_limit,
            reserve_max: match section.reserve_max {
                Auto::Auto => None,
                Auto::Is(most) => Some(most),
            },
            queues,
            operators,
        }
    }

    /// The trunks' networks. Host names are looked up here, which may take a moment; one that is not found is logged and
    /// trusts nobody.
    pub fn trusted_networks(&self) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for peer in self.trunks.iter().flat_map(|trunk| &trunk.peers) {
            match peer {
                Peer::Net(network) => networks.push(*network),
                Peer::Host(host) => match (host.as_str(), SIP_PORT).to_socket_addrs() {
                    Ok(found) => networks.extend(found.map(|address| IpNet::from(address.ip()))),
                    Err(error) => {
                        tracing::warn!(host, %error, "a trunk's host is not found; its calls are strangers'")
                    }
                },
            }
        }
        networks
    }

    pub fn test_sources(&self) -> Vec<IpNet> {
        self.sip.test_sources.iter().map(|network| network.0).collect()
    }

    /// Where calls to the outside go: the trunk's host as written into request URIs, its address, and the numbers allowed.
    /// `None` when nothing may be dialled, or the host is not found (which is logged).
    pub fn outbound_route(&self) -> Option<(String, SocketAddr, Vec<String>)> {
        let name = self.outbound.trunk.as_ref()?;
        let host = self.trunks.iter().find(|trunk| trunk.name == *name)?.host()?;
        let found = match host.contains("]:") || (host.contains(':') && !host.starts_with('[')) {
            true => host.to_socket_addrs(),
            false => (host.trim_matches(['[', ']']), SIP_PORT).to_socket_addrs(),
        };
        match found.map(|mut addresses| addresses.next()) {
            Ok(Some(address)) => Some((host, address, self.outbound.allow.clone())),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(host, %error, "the outbound trunk is not found; nothing can be dialled out");
                None
            }
        }
    }

    /// The declared operators as rows, for [`crate::store::Directory::declare_operators`].
    pub fn declared_operators(&self) -> Vec<Operator> {
        let realm = &self.sip.domain;
        let secret = |operator: &DeclaredOperator| {
            operator.password.as_ref().map(|password| OperatorSecret {
                realm: realm.clone(),
                ha1: Ha1::new(&operator.id, realm, password.reveal()),
            })
        };
        self.operators
            .iter()
            .map(|operator| Operator {
                id: operator.id.as_str().into(),
                settings: operator.settings(),
                secret: secret(operator),
                declared: true,
                paused: None,
            })
            .collect()
    }

    /// What flows may refer to. Prompts and their lengths are added by whoever has read them.
    pub fn environment(&self) -> Environment {
        let settings = |line: &LineSection| line.settings.clone();
        Environment {
            queues: self.queues.keys().cloned().collect(),
            skills: self.operators.iter().flat_map(|operator| operator.skills.iter().cloned()).collect(),
            calendars: self.calendars.clone(),
            settings: self
                .lines
                .iter()
                .map(|(flow, line)| (FlowName::from(flow.as_str()), settings(line)))
                .collect(),
            outbound: self.outbound.trunk.is_some() && !self.outbound.allow.is_empty(),
            zone: self.zone(),
            language: self.language,
            ..Environment::default()
        }
    }

    /// What is allowed and yet worth a word at every start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.sip.allow_anonymous == Anonymous::True {
            warnings.push(
                "sip.allow_anonymous is true: anybody on the Internet can call the lines; name your provider under trunks instead"
                    .to_string(),
            );
        }
        let dialable =
            |name: &String| self.trunks.iter().any(|trunk| trunk.name == *name && trunk.host().is_some());
        if self.outbound.trunk.as_ref().is_some_and(|name| !dialable(name)) {
            warnings.push("outbound.trunk has no address to dial: set `proxy: host` in it".to_string());
        }
        if self.web.tls == WebTls::Off && !self.web.listen.0.ip().is_loopback() {
            warnings.push(format!(
                "web.listen {} without TLS: passwords travel in clear; set web.tls, or put a proxy with TLS in front",
                self.web.listen.0
            ));
        }
        warnings
    }

    /// `sqlite:PATH` with `DATA` replaced, or a server's address.
    pub fn storage_url(&self, data_dir: &Path) -> String {
        let url = self.storage.url.reveal();
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                format!("sqlite:{}", in_data_dir(Path::new(path), data_dir).display())
            }
            None => url.to_string(),
        }
    }

    pub fn recording_dir(&self, data_dir: &Path) -> PathBuf {
        in_data_dir(&self.recording.dir, data_dir)
    }

    /// The zone of records, of `now.*` and of moments without one.
    pub fn zone(&self) -> Zone {
        self.timezone.zone.clone()
    }

    /// For the demo: every listener and the voice on loopback, on the same ports.
    pub fn bind_to_loopback(&mut self) {
        let listeners = [&mut self.sip.udp, &mut self.sip.tcp, &mut self.sip.tls, &mut self.sip.ws];
        let listeners =
            listeners.into_iter().flatten().chain([&mut self.web.listen]).chain(&mut self.metrics.listen);
        for Listen(address) in listeners {
            let loopback: IpAddr =
                if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            address.set_ip(loopback);
        }
        self.media.address = Auto::Is(Ipv4Addr::LOCALHOST.into());
        self.sip.external_address = None;
    }
}

/// `DATA/…` lies in the data directory.
pub fn in_data_dir(path: &Path, data_dir: &Path) -> PathBuf {
    match path.strip_prefix("DATA") {
        Ok(rest) => data_dir.join(rest),
        Err(_) => path.to_path_buf(),
    }
}

impl Trunk {
    /// Host and port to dial: `proxy`, else the registrar, else the only address among the peers.
    pub fn host(&self) -> Option<String> {
        let registrar = self.register.as_ref().map(|register| {
            let server = register.server.split(':').skip(1).collect::<Vec<_>>().join(":");
            server.split([';', '?']).next().unwrap_or("").rsplit('@').next().unwrap_or("").to_string()
        });
        let peer = match self.peers.as_slice() {
            [Peer::Host(host)] => Some(host.clone()),
            [Peer::Net(net)] if net.prefix_len() == net.max_prefix_len() => Some(match net.addr() {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            }),
            _ => None,
        };
        self.proxy.clone().or(registrar).or(peer)
    }
}

impl DeclaredOperator {
    pub fn settings(&self) -> OperatorSettings {
        OperatorSettings {
            name: self.name.clone(),
            queues: self.queues.clone(),
            skills: self.skills.iter().cloned().collect(),
            sign_in: self.sign_in,
            rings_within: self.rings_within,
            auto_answer: self.auto_answer,
            contact: self.contact.clone(),
        }
    }
}

fn read_text(path: &Path) -> Result<String, Vec<Finding>> {
    let fault = |message: String| {
        vec![Finding::error("HF000", path, Default::default(), message, "check the path and who may read it")]
    };
    let size = std::fs::metadata(path).map_err(|error| fault(format!("cannot be read: {error}")))?.len();
    // The parser would refuse it too, but only after it was in memory.
    if size > yaml::FILE_BYTES_MAX as u64 {
        return Err(fault(format!("the file has {size} bytes; expected at most {}", yaml::FILE_BYTES_MAX)));
    }
    std::fs::read_to_string(path).map_err(|error| fault(format!("cannot be read: {error}")))
}

#[cfg(test)]
mod tests;
