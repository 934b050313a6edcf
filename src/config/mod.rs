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
use std::fmt;
use std::path::{Path, PathBuf};

pub const FILE_NAME: &str = "config.yaml";
pub const DATA_DIR: &str = "data";

/// Where a configuration comes from. The environment is told, not read: tests have their own.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// `None`: defaults and the environment.
    pub file: Option<PathBuf>,
    /// What `DATA` stands for in paths.
    pub data_dir: PathBuf,
    pub environment: BTreeMap<String, String>,
}

impl Source {
    /// The process's own: `--config` if given (it must exist), else `config.yaml` if there is one; `--data-dir`, else
    /// `./data`.
    pub fn of_process(file: Option<PathBuf>, data_dir: Option<PathBuf>) -> Source {
        let usual = PathBuf::from(FILE_NAME);
        let file = file.or_else(|| usual.exists().then_some(usual));
        let data_dir = data_dir.unwrap_or_else(|| DATA_DIR.into());
        // Variables that are no Unicode are none of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Source { file, data_dir, environment }
    }
}

/// A whole, checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub data_dir: PathBuf,
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
    pub recording: RecordingSection,
    pub retention: RetentionSection,
    pub smtp: Option<SmtpSection>,
    pub alerts: AlertsSection,
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

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| write!(f, "{finding}"))
    }
}

impl std::error::Error for Findings {}

impl Config {
    /// Reads and checks. Either a configuration, or everything that is wrong.
    pub fn load(source: &Source) -> Result<Config, Findings> {
        let unnamed = PathBuf::from(FILE_NAME);
        let file = source.file.as_deref().unwrap_or(&unnamed);
        let text = match &source.file {
            None => String::new(),
            Some(path) => read_text(path)?,
        };
        Config::parse(file, &text, source)
    }

    /// Checks a text that stands for the file.
    pub fn parse(file: &Path, text: &str, source: &Source) -> Result<Config, Findings> {
        let environment = &source.environment;
        let finish = |mut findings: Vec<Finding>| {
            findings.sort_by_key(|finding| (finding.line, finding.column));
            let placed = findings.into_iter().map(|finding| {
                let finding = if finding.excerpt.is_none() { finding.with_excerpt(text) } else { finding };
                overlay::trace(finding, environment)
            });
            Findings(placed.collect())
        };
        // `config init` writes a file of comments only: that is no error here.
        let bare = text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#')));
        let mut tree = if bare {
            Node { id: 0, at: Default::default(), value: Value::Map(Vec::new()) }
        } else {
            yaml::read(file, text).map_err(finish)?
        };
        let mut findings = overlay::lay_over(&mut tree, environment);
        findings.extend(overlay::substitute(&mut tree, file, environment));
        if !findings.is_empty() {
            return Err(finish(findings));
        }
        let off = check::take_out_queues(&mut tree);
        let written = yaml::decode_node(file, text, &mut tree).map_err(finish)?;
        check::check(file, source, written, &off).map_err(finish)
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
            queues,
            operators,
        }
    }

    /// Networks of the trunks; hosts are for whoever can look them up.
    pub fn trusted(&self) -> Vec<IpNet> {
        let peers = self.trunks.iter().flat_map(|trunk| &trunk.peers);
        peers.filter_map(|peer| if let Peer::Net(net) = peer { Some(*net) } else { None }).collect()
    }

    pub fn trusted_hosts(&self) -> Vec<&str> {
        let peers = self.trunks.iter().flat_map(|trunk| &trunk.peers);
        peers
            .filter_map(|peer| if let Peer::Host(host) = peer { Some(host.as_str()) } else { None })
            .collect()
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
            zone: self.timezone.zone.clone(),
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
        if self.web.tls == WebTls::Off && !self.web.listen.0.ip().is_loopback() {
            warnings.push(format!(
                "web.listen {} without TLS: passwords travel in clear; set web.tls, or put a proxy with TLS in front",
                self.web.listen.0
            ));
        }
        warnings
    }

    pub fn socket_path(&self) -> PathBuf {
        self.data_dir.join("hotline.sock")
    }

    /// Where records go while the store is away; see [`crate::store::Writer`].
    pub fn spill_path(&self) -> PathBuf {
        self.data_dir.join("unwritten.jsonl")
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

fn read_text(path: &Path) -> Result<String, Findings> {
    let fault = |message: String| {
        Findings(vec![Finding::error(
            "HF000",
            path,
            Default::default(),
            message,
            "check the path and who may read it",
        )])
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
