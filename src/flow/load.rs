//! From files to a checked set: read, resolve, check the graph. Everything wrong in all files is found in one run, and
//! a set with an error is none.
use super::allow::Allowed;
use super::check;
use super::compile::{Cx, Header, setting};
use super::environment::{Environment, prompt};
use super::finding::{Finding, Severity, Span, suggest};
use super::model::{
    AnswerMode, ArgType, FLOWS_MAX, Flow, FlowIx, FlowSet, Line, STEPS_MAX, Source, Step, StepIx, Target,
};
use super::node::Kind;
use super::vars::{Var, Vars};
use super::yaml::{self, Node, Scalar, Spanned, Value};
use crate::ids::{FlowName, FlowSetHash, StepName};
use crate::number::Number;
use crate::say::Language;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowText {
    flow: Spanned<String>,
    #[serde(default)]
    entry: Option<EntryText>,
    #[serde(default)]
    language: Option<Spanned<String>>,
    #[serde(default)]
    settings: BTreeMap<String, Spanned<Scalar>>,
    #[serde(default)]
    args: BTreeMap<String, ArgType>,
    steps: Node,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryText {
    number: Spanned<String>,
    start: Spanned<String>,
    #[serde(default)]
    answer: AnswerMode,
}

/// The keys of a flow file, and those of its `entry`.
pub fn fields() -> &'static [&'static str] {
    super::schema::fields::<FlowText>()
}

pub fn entry_fields() -> &'static [&'static str] {
    super::schema::fields::<EntryText>()
}

/// A file between reading and resolving.
struct File {
    path: PathBuf,
    text: String,
    /// `None` when its outline could not be read at all.
    flow: Option<FlowText>,
}

impl FlowSet {
    /// Reads every flow file of a folder: `*.yaml`, without the tests (`*.test.yaml`).
    pub fn load(dir: &Path, env: &Environment) -> (Option<FlowSet>, Vec<Finding>) {
        let mut files = Vec::new();
        let mut findings = Vec::new();
        match files_of(dir) {
            Ok(paths) => {
                for path in paths {
                    match std::fs::read_to_string(&path) {
                        Ok(text) => files.push((path, text)),
                        Err(error) => findings.push(unreadable(&path, &error)),
                    }
                }
            }
            Err(error) => findings.push(unreadable(dir, &error)),
        }
        let (set, found) = FlowSet::parse(files, env);
        findings.extend(found);
        let is_clean = findings.iter().all(|finding| finding.severity != Severity::Error);
        (set.filter(|_| is_clean), findings)
    }

    /// The same from texts that have been read already.
    pub fn parse(files: Vec<(PathBuf, String)>, env: &Environment) -> (Option<FlowSet>, Vec<Finding>) {
        let mut findings = Vec::new();
        let hash = hash(&files, env);
        let environment = Environment { prompts: None, durations: BTreeMap::new(), ..env.clone() };
        let source = Source { files: files.clone(), environment };
        let mut files: Vec<File> =
            files.into_iter().map(|(path, text)| outline(path, text, &mut findings)).collect();
        if files.len() > FLOWS_MAX {
            let path = files[FLOWS_MAX].path.clone();
            let message = format!("{} flow files; expected at most {FLOWS_MAX}", files.len());
            findings.push(Finding::error("HF007", &path, Span::default(), message, "split the installation"));
            files.truncate(FLOWS_MAX);
        }
        let headers = headers(&files, &mut findings);
        let mut allowed: Vec<Allowed> = files.iter().map(|file| Allowed::read(&file.text)).collect();
        let mut flows = Vec::new();
        let mut lines = Vec::new();
        for (ix, file) in files.iter_mut().enumerate() {
            let before = findings.len();
            let flow = resolve(ix, file, env, &headers, &mut lines, &mut findings);
            let found = findings.split_off(before);
            findings.extend(found.into_iter().filter(|finding| !allowed[ix].covers(finding)));
            // A flow with faults of its own is not walked: every fault would show twice.
            let is_clean = findings[before..].iter().all(|finding| finding.severity != Severity::Error);
            flows.push(flow.filter(|_| is_clean));
        }
        let texts: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
        check::graph(&flows, &texts, env, &mut findings);
        for (file, allowed) in files.iter().zip(&mut allowed) {
            findings.retain(|finding| finding.file != file.path || !allowed.covers(finding));
            findings.extend(allowed.faults(&file.path, &file.text));
        }
        built_in_prompts(env, &mut findings);
        strange_settings(env, &headers, &mut findings);
        findings
            .sort_by(|a, b| (&a.file, a.line, a.column, a.code).cmp(&(&b.file, b.line, b.column, b.code)));
        findings.dedup();
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return (None, findings);
        }
        let flows: Vec<Flow> = flows.into_iter().flatten().collect();
        for line in &mut lines {
            let ix = headers.get(line.flow.as_str()).map(|header| header.ix);
            line.worst = ix.and_then(|ix| check::way_to_person(&flows, ix, env));
        }
        let names = headers.iter().map(|(name, header)| (FlowName::from(name.as_str()), header.ix)).collect();
        let set = FlowSet {
            hash,
            flows,
            names,
            lines,
            calendars: env.calendars.clone(),
            zone: env.zone.clone(),
            language: env.language,
            source: Arc::new(source),
        };
        (Some(set), findings)
    }
}

/// The flow files of a folder, sorted by name; a file stands for itself.
pub fn files_of(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    if dir.is_file() {
        return Ok(vec![dir.to_path_buf()]);
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_flow = name.ends_with(".yaml") && !name.ends_with(".test.yaml") && !name.starts_with('.');
        if is_flow && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Finding {
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => "`flows.dir` in config.yaml says where the flow files are",
        _ => "the user who runs this needs the right to read it",
    };
    Finding::error("HF000", path, Span::default(), format!("cannot be read: {error}"), help)
}

fn outline(path: PathBuf, text: String, findings: &mut Vec<Finding>) -> File {
    let flow = match yaml::read(&path, &text) {
        Ok(mut node) => {
            let (flow, faults) = yaml::decode_rest(&path, &text, &mut node);
            findings.extend(faults);
            flow
        }
        Err(faults) => {
            findings.extend(faults);
            None
        }
    };
    File { path, text, flow }
}

/// Names, arguments and uses of all flows; two of the same name are a finding.
fn headers(files: &[File], findings: &mut Vec<Finding>) -> BTreeMap<String, Header> {
    let mut waiting = BTreeSet::new();
    for steps in files.iter().filter_map(|file| file.flow.as_ref()).map(|flow| &flow.steps) {
        let contents = steps.entries().unwrap_or(&[]).iter().filter_map(|(_, step)| step.entries());
        let queues = contents.flatten().filter(|(kind, _)| kind.as_text() == Some("queue"));
        let fields = queues.filter_map(|(_, content)| content.entries()).flatten();
        waiting.extend(
            fields.filter(|(key, _)| key.as_text() == Some("while_waiting")).filter_map(|(_, v)| v.as_text()),
        );
    }
    let mut headers: BTreeMap<String, Header> = BTreeMap::new();
    for (ix, file) in files.iter().enumerate() {
        let Some(flow) = &file.flow else { continue };
        let header = Header {
            ix: FlowIx(u16::try_from(ix).unwrap_or(u16::MAX)),
            args: flow.args.clone(),
            is_line: flow.entry.is_some(),
            waits: waiting.contains(flow.flow.as_str()),
        };
        if let Some(first) = headers.get(flow.flow.as_str()) {
            let first = files[usize::from(first.ix.0)].path.display();
            let message = format!("the flow name `{}` is used twice; first in {first}", flow.flow.value);
            findings.push(
                Finding::error(
                    "HF024",
                    &file.path,
                    flow.flow.at,
                    message,
                    "give one of the two another name",
                )
                .with_excerpt(&file.text),
            );
            continue;
        }
        headers.insert(flow.flow.value.clone(), header);
    }
    headers
}

fn resolve(
    ix: usize,
    file: &mut File,
    env: &Environment,
    headers: &BTreeMap<String, Header>,
    lines: &mut Vec<Line>,
    findings: &mut Vec<Finding>,
) -> Option<Flow> {
    let text = file.flow.take()?;
    let header = headers.get(text.flow.as_str()).filter(|header| usize::from(header.ix.0) == ix)?.clone();
    let mut cx = Cx {
        file: &file.path,
        text: &file.text,
        env,
        headers,
        steps: BTreeMap::new(),
        settings: Vars::new(),
        header,
        findings: Vec::new(),
    };
    let flow = cx.flow_of(text, lines);
    findings.extend(cx.findings);
    flow
}

impl Cx<'_> {
    fn flow_of(&mut self, text: FlowText, lines: &mut Vec<Line>) -> Option<Flow> {
        self.name(&text.flow, "the name of a flow");
        let name = FlowName::from(text.flow.as_str());
        self.settings = self.settings_of(&name, &text);
        let Value::Map(nodes) = text.steps.value else {
            self.error(
                "HF006",
                text.steps.at,
                format!("expected steps, got {}", text.steps.describe()),
                "write `steps:` and below it `name: {kind: {…}}`",
            );
            return None;
        };
        if nodes.is_empty() || nodes.len() > STEPS_MAX {
            let message = format!("expected 1 to {STEPS_MAX} steps, got {}", nodes.len());
            self.error(
                "HF015",
                text.steps.at,
                message,
                "a flow needs at least one step; run sub-flows for the rest",
            );
            return None;
        }
        for (ix, (key, _)) in nodes.iter().enumerate() {
            let key_name = key.as_text().unwrap_or("").to_string();
            if matches!(key_name.as_str(), "repeat" | "stay" | "return") {
                self.error(
                    "HF026",
                    key.at,
                    format!("`{key_name}` is a reserved target"),
                    "choose another name for the step",
                );
            }
            self.name(&Spanned::new(key_name.clone(), key.at), "the name of a step");
            self.steps.insert(key_name, StepIx(u16::try_from(ix).unwrap_or(u16::MAX)));
        }
        let mut steps = Vec::new();
        let expected = nodes.len();
        for (key, node) in nodes {
            let name = StepName::from(key.as_text().unwrap_or(""));
            let Some(kind) = Kind::from_node(node, self) else { continue };
            for (reading, _) in &kind.outline().reads.0 {
                self.check_names(reading.names(), reading.at());
            }
            steps.push(Step { name, at: key.at, kind });
        }
        let language = text.language.map(|language| self.language(&language));
        let mut start = StepIx(0);
        if let Some(entry) = &text.entry {
            if let Target::Step(ix) = self.target(&entry.start).to {
                start = ix;
            }
            match Number::parse(&entry.number) {
                None => {
                    let message = format!("expected a telephone number, got `{}`", entry.number.value);
                    self.error("HF015", entry.number.at, message, "write it like \"8-800-707-77-59\"");
                }
                Some(number) => {
                    if let Some(other) = lines.iter().find(|line| line.number == number) {
                        let message = format!(
                            "the number {} belongs to the line `{}` already",
                            entry.number.value, other.flow
                        );
                        self.error("HF025", entry.number.at, message, "give each line a number of its own");
                    }
                    lines.push(Line {
                        flow: name.clone(),
                        number,
                        start: StepName::from(entry.start.as_str()),
                        answer: entry.answer,
                        language: language.unwrap_or(self.env.language),
                        worst: None,
                    });
                }
            }
        }
        (steps.len() == expected).then(|| Flow {
            name,
            file: self.file.to_path_buf(),
            language: language.or_else(|| text.entry.as_ref().map(|_| self.env.language)),
            settings: std::mem::take(&mut self.settings),
            args: text.args,
            steps,
            start,
            is_line: text.entry.is_some(),
        })
    }

    /// The defaults of the file, overridden by the installation.
    fn settings_of(&mut self, flow: &FlowName, text: &FlowText) -> Vars {
        let mut settings: Vars =
            text.settings.iter().map(|(key, value)| (key.clone(), setting(value))).collect();
        for (key, value) in self.env.settings.get(flow).into_iter().flatten() {
            let Some(default) = settings.get(key) else {
                let message = format!("config.yaml sets `{key}`, which this flow does not have");
                let help = super::finding::suggest(key, settings.keys().map(String::as_str));
                self.error("HF045", text.flow.at, message, help);
                continue;
            };
            let scalar = Scalar { text: value.clone(), quoted: matches!(default, Var::Text(_)) };
            let value = setting(&scalar);
            if std::mem::discriminant(default) != std::mem::discriminant(&value) {
                let at = text.settings.get(key).map_or(text.flow.at, |spanned| spanned.at);
                let message =
                    format!("config.yaml sets `{key}` to a value of another type: `{}`", scalar.text);
                self.error("HF045", at, message, format!("its default here is `{}`", default.text()));
                continue;
            }
            settings.insert(key.clone(), value);
        }
        settings
    }
}

/// A warning only: when some of the files are checked alone, the others' settings are there all the same.
fn strange_settings(env: &Environment, headers: &BTreeMap<String, Header>, findings: &mut Vec<Finding>) {
    for flow in env.settings.keys().filter(|flow| !headers.contains_key(flow.as_str())) {
        let message = format!("`lines` has settings for `{flow}`, and no flow has this name");
        let help = suggest(flow.as_str(), headers.keys().map(String::as_str));
        let finding = Finding::error("HF045", Path::new("config.yaml"), Span::default(), message, help);
        findings.push(finding.warning());
    }
}

/// The prompts that the engine says by itself must exist too.
fn built_in_prompts(env: &Environment, findings: &mut Vec<Finding>) {
    let Some(prompts) = &env.prompts else { return };
    for name in prompt::ALL {
        let missing: Vec<&str> = Language::ALL
            .into_iter()
            .filter(|language| prompts.get(language).is_none_or(|known| !known.contains(*name)))
            .map(Language::as_str)
            .collect();
        if !missing.is_empty() {
            let message = format!("the engine needs the prompt `{name}` in {}", missing.join(", "));
            let help = "add its text to prompts.yaml and run `hotline prompts build`";
            findings.push(Finding::error("HF055", Path::new("prompts.yaml"), Span::default(), message, help));
        }
    }
}

/// Over everything that decides how a call goes.
fn hash(files: &[(PathBuf, String)], env: &Environment) -> FlowSetHash {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let files = files.iter().flat_map(|(path, text)| [name(path).unwrap_or_default(), text.clone()]);
    let around = format!("{:?} {:?} {:?} {}", env.settings, env.calendars, env.zone, env.language);
    FlowSetHash(fnv1a(files.chain([around])))
}

/// FNV-1a 64 over these texts, each with an end.
pub(super) fn fnv1a(texts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for text in texts {
        for byte in text.as_ref().iter().chain(&[0]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}
