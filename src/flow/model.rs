//! A set of flows as the interpreter walks them: every name is resolved, every value has its type, nothing can be
//! wrong any more. Made by `load.rs` from files that the checker found to be without error.
use super::calendar::Calendar;
use super::environment::Environment;
use super::finding::Span;
use super::node::Kind;
use super::node::split::Arm;
use super::vars::{Var, Vars};
use crate::clock::Zone;
use crate::ids::{FlowName, FlowSetHash, StepName};
use crate::number::Number;
use crate::say::Language;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// A flow's place in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowIx(pub(super) u16);

/// A step's place in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepIx(pub(super) u16);

/// Flows per set and steps per flow, so that an index always fits.
pub const FLOWS_MAX: usize = 1_000;
pub const STEPS_MAX: usize = 2_000;

/// How a line is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// 200 OK at once.
    #[default]
    AtOnce,
    /// 183 with media: no charge until a queue answers.
    Early,
}

/// A telephone number and the flow that answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub flow: FlowName,
    pub number: Number,
    pub start: StepName,
    pub answer: AnswerMode,
    pub language: Language,
    pub worst: Option<super::check::WayToPerson>,
}

/// Where a path goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Step(StepIx),
    /// The same step again.
    Repeat,
    /// Back to waiting, in a `while_waiting` flow.
    Stay,
    /// Back to the flow that ran this one.
    Return,
}

/// A target and where it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goto {
    pub to: Target,
    pub at: Span,
}

/// The type of a sub-flow's argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgType {
    Text,
    Number,
    Bool,
}

impl ArgType {
    pub fn as_str(self) -> &'static str {
        match self {
            ArgType::Text => "text",
            ArgType::Number => "number",
            ArgType::Bool => "bool",
        }
    }

    /// A value of this type, on which expressions are tried.
    pub fn sample(self) -> Var {
        match self {
            ArgType::Text => Var::Text("42".into()),
            ArgType::Number => Var::Int(42),
            ArgType::Bool => Var::Bool(true),
        }
    }

    pub fn fits(self, var: &Var) -> bool {
        match self {
            ArgType::Text => matches!(var, Var::Text(_) | Var::Secret(_)),
            ArgType::Number => matches!(var, Var::Int(_) | Var::Float(_)),
            ArgType::Bool => matches!(var, Var::Bool(_)),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Step {
    pub name: StepName,
    pub at: Span,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub struct Flow {
    pub name: FlowName,
    pub file: PathBuf,
    /// `None` in a sub-flow: that of the line goes on.
    pub language: Option<Language>,
    /// The file's defaults, overridden by config.yaml.
    pub settings: Vars,
    pub args: BTreeMap<String, ArgType>,
    pub(super) steps: Vec<Step>,
    pub(super) start: StepIx,
    pub is_line: bool,
}

impl Flow {
    pub fn start(&self) -> &StepName {
        &self.step(self.start).name
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter()
    }

    /// Every way out of every step, each once.
    pub fn ways(&self) -> BTreeSet<(&StepName, WayTo)> {
        let mut ways = BTreeSet::new();
        for step in &self.steps {
            let outline = step.kind.outline();
            let to = |target: Target| match target {
                Target::Step(next) => WayTo::Step(self.step(next).name.to_string()),
                Target::Repeat => WayTo::Step(step.name.to_string()),
                Target::Stay => WayTo::Stay,
                Target::Return => WayTo::Return,
            };
            let exits = outline.exits.iter().map(|exit| (&step.name, WayTo::Exit(exit.as_str().to_string())));
            ways.extend(exits);
            // A queue's exits stand for themselves; its only other way follows them.
            ways.extend(
                outline.edges[outline.exits.len()..].iter().map(|edge| (&step.name, to(edge.goto.to))),
            );
        }
        ways
    }

    /// Whether a `split` of this flow has this arm.
    pub fn has_arm(&self, arm: &Arm) -> bool {
        self.steps.iter().any(|step| match &step.kind {
            Kind::Split(split) => step.name == arm.step && split.has(&arm.arm),
            _ => false,
        })
    }

    pub(super) fn step(&self, ix: StepIx) -> &Step {
        &self.steps[usize::from(ix.0)]
    }
}

/// Where a step may lead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayTo {
    Step(String),
    /// An exit of a queue, by its name.
    Exit(String),
    Stay,
    Return,
}

/// All flows of an installation in one checked version. Calls keep the set they began with.
#[derive(Clone, Debug)]
pub struct FlowSet {
    pub(super) hash: FlowSetHash,
    pub(super) flows: Vec<Flow>,
    pub(super) names: BTreeMap<FlowName, FlowIx>,
    pub(super) lines: Vec<Line>,
    pub(super) calendars: BTreeMap<String, Calendar>,
    pub(super) zone: Zone,
    pub(super) language: Language,
    pub(super) source: Arc<Source>,
}

/// What a set was made of: enough to make it again, in another process or years later.
#[derive(Debug, Serialize, Deserialize)]
pub struct Source {
    pub(super) files: Vec<(PathBuf, String)>,
    pub(super) environment: Environment,
}

impl Source {
    /// The flow files, in the order of their names.
    pub fn files(&self) -> &[(PathBuf, String)] {
        &self.files
    }

    /// `None` if this version of the program finds an error in it.
    pub fn compile(self) -> Option<FlowSet> {
        FlowSet::parse(self.files, &self.environment).0
    }
}

impl FlowSet {
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Changes whenever a file, a setting or a calendar does.
    pub fn hash(&self) -> FlowSetHash {
        self.hash
    }

    /// The line that answers a dialled number.
    pub fn line(&self, number: &Number) -> Option<&Line> {
        self.lines.iter().find(|line| line.number == *number)
    }

    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter()
    }

    /// Changes whenever the flow's own file does.
    pub fn version_of(&self, name: &FlowName) -> Option<FlowSetHash> {
        let file = &self.flow_named(name)?.file;
        let (_, text) = self.source.files.iter().find(|(path, _)| path == file)?;
        Some(FlowSetHash(super::load::fnv1a([text.as_bytes()])))
    }

    pub fn flow_named(&self, name: &FlowName) -> Option<&Flow> {
        self.names.get(name).map(|ix| self.flow(*ix))
    }

    /// Every text of a `{text: …}` item that is the same in all calls: constant, or made of settings only. These are
    /// what `prompts build` records, under the names of [`crate::say::text_prompt`]. A sub-flow's texts are spoken in
    /// the language of its line, so they count for all languages.
    pub fn texts(&self) -> BTreeSet<(Language, String)> {
        let facts = super::node::sample_facts();
        let mut texts = BTreeSet::new();
        for flow in &self.flows {
            let scope = super::check::sample::scope(super::node::no_vars(), &flow.settings, &facts);
            for outline in flow.steps.iter().map(|step| step.kind.outline()) {
                for (reading, _) in &outline.reads.0 {
                    let super::node::Reading::Spoken(template) = reading else { continue };
                    let is_fixed = template.reads().iter().all(|name| name.starts_with("settings."));
                    let text =
                        template.render(&scope).ok().filter(|text| is_fixed && !text.trim().is_empty());
                    let languages = flow.language.map_or(Language::ALL.to_vec(), |language| vec![language]);
                    texts.extend(languages.into_iter().flat_map(|language| Some((language, text.clone()?))));
                }
            }
        }
        texts
    }

    /// The same files in an installation with other settings or another outbound route; `None` if they have an error there.
    pub fn elsewhere(
        &self,
        outbound: Option<bool>,
        settings: &BTreeMap<FlowName, BTreeMap<String, String>>,
    ) -> Option<FlowSet> {
        let mut environment = self.source.environment.clone();
        environment.outbound = outbound.unwrap_or(environment.outbound);
        for (flow, values) in settings {
            environment.settings.entry(flow.clone()).or_default().extend(values.clone());
        }
        Source { files: self.source.files.clone(), environment }.compile()
    }

    pub(super) fn flow(&self, ix: FlowIx) -> &Flow {
        &self.flows[usize::from(ix.0)]
    }
}
