//! The flows in force: read again while calls are on, checked as a whole, swapped in at once; the last good set stays
//! through broken files and restarts, and one command leads back to any version that was in force.
//!
//! ```text
//!   files changed (watch), SIGHUP, API, CLI ─▶ read all ─▶ check ─▶ good ─▶ Adopt, an input of the journal ─▶ shelf
//!                                                            └────▶ errors ─▶ nothing changes; View, log, metric, alert
//! ```
mod diff;
mod shelf;
mod watch;

use super::control::Order;
use crate::clock::{Clock, Zone};
use crate::flow::graph::{self, Graph};
use crate::flow::{Environment, Finding, FlowSet, Severity};
use crate::machine::Wall;
use crate::say::Language;
use crate::telemetry::Metrics;
use crate::web::{
    self, Failed, FlowList, FlowRow, FlowText, Found, GraphFormat, NoVersion, Reloaded, StepText, Version,
};
use futures_util::future::BoxFuture;
use shelf::{Files, Shelf, file_name};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch as channel};
use tokio_util::sync::CancellationToken;

/// Whose act a start is, in the list of versions.
const BY_START: &str = "start";
/// In place of a version's hash: the files on the disk, loaded or not.
const FILES: &str = "files";

/// Prompts and constant texts in a language.
pub type Texts = Box<dyn Fn(Language) -> BTreeMap<String, String> + Send + Sync>;

/// Where flows come from.
pub struct Setup {
    /// `flows.dir`
    pub dir: PathBuf,
    pub data_dir: PathBuf,
    /// `flows.watch`
    pub watch: bool,
    pub zone: Zone,
    /// What flows may refer to; asked at each load, for prompts may have been added.
    pub environment: Box<dyn Fn() -> Environment + Send + Sync>,
    /// For pictures and for what a step says.
    pub texts: Texts,
}

/// The set to start with.
pub struct Opened {
    pub set: Arc<FlowSet>,
    shelf: Shelf,
    findings: Vec<Finding>,
    failure: Option<Arc<Failure>>,
    /// The folder just before it was read: what changes from then on is news.
    seen: watch::Look,
    setup: Setup,
}

/// A reload that was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub at: Wall,
    pub findings: Vec<Finding>,
}

impl Failure {
    /// For those on duty: the first error with its place.
    pub fn text(&self) -> String {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let more = errors.clone().count().saturating_sub(1);
        let Some(first) = errors.clone().next() else { return "the flow files cannot be used".into() };
        let (file, line, column) = (file_name(&first.file), first.line, first.column);
        let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        format!("{file}:{line}:{column}: {}{more}", first.message)
    }
}

/// Reads the flows to start with: the files, or the set that was in force last when they have errors, or when somebody
/// went back from just these files. The findings, where there is neither.
pub fn open(setup: Setup, now: Wall) -> Result<Opened, Vec<Finding>> {
    let seen = watch::look(&setup.dir);
    let mut shelf = Shelf::open(setup.data_dir.join("flows"));
    let environment = (setup.environment)();
    let (set, findings) = FlowSet::load(&setup.dir, &environment);
    let was_left = shelf.ledger.left.is_some() && shelf::read(&setup.dir).ok() == shelf.ledger.left;
    let kept = |shelf: &Shelf| {
        let hash = &shelf.current()?.hash;
        compile(&setup.dir, shelf.texts(hash).ok()?, &environment).0
    };
    let (set, failure) = match set {
        Some(_) if was_left && let Some(kept) = kept(&shelf) => {
            tracing::warn!(
                "the flow files are those that somebody went back from: the version before them stays"
            );
            (kept, None)
        }
        Some(set) => (set, None),
        None => match kept(&shelf) {
            Some(kept) => (kept, Some(Arc::new(Failure { at: now, findings: findings.clone() }))),
            None => return Err(findings),
        },
    };
    if let Some(failure) = &failure {
        tracing::error!("flows not reloaded, the last good ones stay: {}", failure.text());
    }
    let is_known = shelf.current().is_some_and(|entry| entry.hash == set.hash().to_string());
    if !is_known {
        shelf.keep(&set, BY_START, now, None);
    }
    Ok(Opened { set: Arc::new(set), shelf, findings, failure, seen, setup })
}

/// A set from texts, as if they lay in the flows' folder.
fn compile(dir: &Path, texts: Files, environment: &Environment) -> (Option<FlowSet>, Vec<Finding>) {
    let folder = if dir.is_file() { dir.parent().unwrap_or(dir) } else { dir };
    FlowSet::parse(texts.into_iter().map(|(name, text)| (folder.join(name), text)).collect(), environment)
}

/// A handle on the flows in force. Cheap to clone.
#[derive(Clone)]
pub struct Flows(Arc<Inner>);

struct Inner {
    setup: Setup,
    state: Mutex<State>,
    /// One reload after another.
    turn: tokio::sync::Mutex<()>,
    failure: channel::Sender<Option<Arc<Failure>>>,
    orders: mpsc::Sender<Order>,
    metrics: Arc<Metrics>,
}

struct State {
    set: Arc<FlowSet>,
    shelf: Shelf,
    /// Of the last check.
    findings: Vec<Finding>,
    /// The folder at the start.
    seen: watch::Look,
}

impl Flows {
    pub(super) fn new(opened: Opened, orders: mpsc::Sender<Order>, metrics: Arc<Metrics>) -> Flows {
        let Opened { set, shelf, findings, failure, seen, setup } = opened;
        metrics.set_flow_reload_failed(failure.is_some());
        let state = Mutex::new(State { set, shelf, findings, seen });
        let (failure, turn) = (channel::Sender::new(failure), tokio::sync::Mutex::default());
        Flows(Arc::new(Inner { setup, state, turn, failure, orders, metrics }))
    }

    /// The last reload, if it was refused.
    pub(super) fn failure(&self) -> channel::Receiver<Option<Arc<Failure>>> {
        self.0.failure.subscribe()
    }

    /// Takes in changed files by itself, until `stop`.
    pub(super) fn follow(&self, clock: Clock, stop: CancellationToken) {
        if self.0.setup.watch {
            let seen = std::mem::take(&mut self.state().seen);
            tokio::spawn(watch::follow(self.clone(), self.0.setup.dir.clone(), seen, clock, stop));
        }
    }

    pub async fn reload(&self, by: &str) -> Reloaded {
        let _turn = self.0.turn.lock().await;
        let inner = self.0.clone();
        let read = move || FlowSet::load(&inner.setup.dir, &(inner.setup.environment)());
        let Ok((set, findings)) = tokio::task::spawn_blocking(read).await else { return Reloaded::NotTaken };
        match set {
            Some(set) => self.take(set, findings, by, None).await,
            None => self.refuse(findings),
        }
    }

    async fn roll_back(&self, to: Option<&str>, by: &str) -> Result<Reloaded, NoVersion> {
        let _turn = self.0.turn.lock().await;
        let (hash, texts) = {
            let state = self.state();
            let entry = state.shelf.find(to).ok_or_else(|| no_version(to))?;
            let texts = state.shelf.texts(&entry.hash).map_err(|error| {
                NoVersion(format!("the files of version {} cannot be read: {error}", entry.hash))
            })?;
            (entry.hash.clone(), texts)
        };
        let inner = self.0.clone();
        let read = move || {
            let left = shelf::read(&inner.setup.dir).ok();
            (compile(&inner.setup.dir, texts, &(inner.setup.environment)()), left)
        };
        let Ok(((set, findings), left)) = tokio::task::spawn_blocking(read).await else {
            return Ok(Reloaded::NotTaken);
        };
        tracing::info!(%hash, by, "going back to a version of the flows");
        Ok(match set {
            Some(set) => self.take(set, findings, by, left).await,
            // It was good once: a queue or a prompt that it names has gone since.
            None => Reloaded::Refused { findings: findings.iter().map(found).collect() },
        })
    }

    async fn take(&self, set: FlowSet, findings: Vec<Finding>, by: &str, left: Option<Files>) -> Reloaded {
        let set = Arc::new(set);
        let hash = set.hash();
        if self.state().set.hash() != hash {
            let (done, taken) = oneshot::channel();
            let ordered = self.0.orders.send(Order::Adopt(set.clone(), done)).await;
            if ordered.is_err() || taken.await.is_err() {
                return Reloaded::NotTaken;
            }
        }
        let mut state = self.state();
        let is_new = state.set.hash() != hash;
        let changed = match is_new {
            true => state.shelf.keep(&set, by, Clock::wall(), left),
            false => Vec::new(),
        };
        (state.set, state.findings) = (set, findings);
        drop(state);
        self.0.metrics.set_flow_reload_failed(false);
        self.0.failure.send_replace(None);
        tracing::info!(%hash, by, changed = changed.join(", "), "flows reloaded; running calls keep theirs");
        Reloaded::Taken { hash: hash.to_string(), changed }
    }

    fn refuse(&self, findings: Vec<Finding>) -> Reloaded {
        let failure = Failure { at: Clock::wall(), findings: findings.clone() };
        let texts: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(Finding::to_string)
            .collect();
        tracing::error!("flows not reloaded, the old ones stay:\n{}", texts.join("\n"));
        self.0.metrics.set_flow_reload_failed(true);
        let answer = Reloaded::Refused { findings: findings.iter().map(found).collect() };
        self.state().findings = findings;
        self.0.failure.send_replace(Some(Arc::new(failure)));
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A flow's text in a version, or in the files on the disk.
    fn text_in(&self, name: &str, version: &str) -> Result<String, NoVersion> {
        let state = self.state();
        let (texts, file) = if version == FILES {
            let file = file_of(&state.set, name).or_else(|| Some(format!("{name}.yaml")));
            (shelf::read(&self.0.setup.dir), file)
        } else {
            let entry = state.shelf.find(Some(version)).ok_or_else(|| no_version(Some(version)))?;
            (state.shelf.texts(&entry.hash), entry.files.get(name).cloned())
        };
        let texts = texts.map_err(|error| NoVersion(format!("version {version} cannot be read: {error}")))?;
        // A flow that was not there has no lines.
        Ok(file.and_then(|file| texts.get(&file).cloned()).unwrap_or_default())
    }
}

impl web::Flows for Flows {
    fn list(&self) -> FlowList {
        let state = self.state();
        let zone = &self.0.setup.zone;
        let failure = self.0.failure.borrow().clone();
        let versions = state.shelf.ledger.entries.iter().map(|entry| Version {
            hash: entry.hash.clone(),
            loaded_at: zone.rfc3339(entry.loaded_at),
            by: entry.by.clone(),
            flows_changed: entry.flows_changed.clone(),
        });
        FlowList {
            current: state.set.hash().to_string(),
            loaded_at: state.shelf.current().map(|entry| zone.rfc3339(entry.loaded_at)).unwrap_or_default(),
            failed: failure.map(|failure| Failed {
                at: zone.rfc3339(failure.at),
                findings: failure.findings.iter().map(found).collect(),
            }),
            flows: rows(&state.set),
            versions: versions.collect(),
            arms: Vec::new(),
        }
    }

    fn flow(&self, name: &str) -> Option<FlowText> {
        let state = self.state();
        let file = file_of(&state.set, name)?;
        let text = state.set.source().files().iter().find(|(path, _)| file_name(path) == file);
        let findings = state.findings.iter().filter(|finding| file_name(&finding.file) == file).map(found);
        let steps = steps(&state.set, name, &self.0.setup.texts);
        let (name, text) = (name.to_string(), text.map(|(_, text)| text.clone()).unwrap_or_default());
        Some(FlowText { name, text, findings: findings.collect(), file, steps })
    }

    fn graph(&self, name: &str, format: GraphFormat) -> Option<String> {
        let set = self.state().set.clone();
        let language = set.flow_named(&name.into())?.language.unwrap_or(Language::Ru);
        picture(&set, name, format, &(self.0.setup.texts)(language))
    }

    fn diff(&self, name: &str, from: Option<&str>, to: Option<&str>) -> Result<String, NoVersion> {
        let (from, to) = {
            let state = self.state();
            let before = state.shelf.find(None).map(|entry| entry.hash.clone());
            let current = state.set.hash().to_string();
            let from = from.map(str::to_string).or(before).unwrap_or_else(|| current.clone());
            (from, to.map_or(current, str::to_string))
        };
        let (old, new) = (self.text_in(name, &from)?, self.text_in(name, &to)?);
        if old.is_empty() && new.is_empty() {
            return Err(NoVersion(format!("neither {from} nor {to} has a flow `{name}`")));
        }
        let label = |version: &str| format!("{name} ({version})");
        Ok(diff::unified((&label(&from), &old), (&label(&to), &new)))
    }

    fn has_prompt(&self, name: &str) -> bool {
        let prompts = (self.0.setup.environment)().prompts;
        prompts.is_none_or(|prompts| prompts.values().all(|known| known.contains(name)))
    }

    fn reload<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Reloaded> {
        Box::pin(self.reload(by))
    }

    fn roll_back<'a>(
        &'a self,
        to: Option<&'a str>,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Reloaded, NoVersion>> {
        Box::pin(self.roll_back(to, by))
    }
}

/// A flow as a graph. `texts` are those of the prompts.
pub fn picture(
    set: &FlowSet,
    name: &str,
    format: GraphFormat,
    texts: &BTreeMap<String, String>,
) -> Option<String> {
    let graph = Graph::of(set, &name.into(), texts)?;
    Some(match format {
        GraphFormat::Svg => graph::svg(&graph),
        GraphFormat::Mermaid => graph::mermaid(&graph),
        GraphFormat::Dot => graph::dot(&graph),
    })
}

fn steps(set: &FlowSet, name: &str, texts: &Texts) -> Vec<StepText> {
    let mut steps: Vec<StepText> = Vec::new();
    for language in Language::ALL {
        let graph = Graph::of(set, &name.into(), &texts(language));
        for (at, step) in graph.into_iter().flat_map(|graph| graph.steps).enumerate() {
            if steps.len() == at {
                steps.push(StepText { name: step.name, kind: step.kind, says: BTreeMap::new() });
            }
            if step.is_said {
                steps[at].says.insert(language, step.text);
            }
        }
    }
    steps
}

fn no_version(hash: Option<&str>) -> NoVersion {
    NoVersion(match hash {
        Some(hash) => format!("no version {hash} is kept; GET /api/v1/flows lists them"),
        None => "there is no other version to go back to".to_string(),
    })
}

fn file_of(set: &FlowSet, name: &str) -> Option<String> {
    set.flow_named(&name.into()).map(|flow| file_name(&flow.file))
}

fn rows(set: &FlowSet) -> Vec<FlowRow> {
    let row = |flow: &crate::flow::Flow| {
        let line = set.lines().find(|line| line.flow == flow.name);
        FlowRow {
            name: flow.name.to_string(),
            file: file_name(&flow.file),
            number: line.map(|line| line.number.spelled()),
            steps: flow.steps().count(),
            worst_case: line.and_then(|line| line.worst.as_ref()).map(|way| web::WorstCase {
                seconds: way.time.as_secs(),
                keys: way.keys,
                via: way.via.to_string(),
            }),
        }
    };
    set.flows().map(row).collect()
}

fn found(finding: &Finding) -> Found {
    Found {
        code: finding.code,
        severity: finding.severity,
        file: file_name(&finding.file),
        line: finding.line,
        column: finding.column,
        message: finding.message.clone(),
        fix: finding.help.clone(),
        excerpt: finding.excerpt.clone(),
    }
}
