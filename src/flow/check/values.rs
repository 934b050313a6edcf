//! The values of a flow: every variable is set on every path that reads it, and every expression works on a sample.
use crate::flow::finding::{Finding, suggest};
use crate::flow::model::{Flow, StepIx, Target};
use crate::flow::node::{Outline, Reading, sample_facts};
use crate::flow::vars::{Var, Vars};
use std::collections::{BTreeMap, BTreeSet};

pub fn check(
    flow: &Flow,
    outlines: &[Outline<'_>],
    reachable: &BTreeSet<StepIx>,
    text: &str,
    findings: &mut Vec<Finding>,
) {
    let mut error = |code, at, message: String, help: String| {
        findings.push(Finding::error(code, &flow.file, at, message, help).with_excerpt(text));
    };
    let args: BTreeSet<&str> = flow.args.keys().map(String::as_str).collect();
    let defined = defined_before(flow, outlines, &args);
    let mut samples = Samples::default();
    flow.args.iter().for_each(|(name, kind)| samples.add(name, Some(&kind.sample())));
    outlines.iter().flat_map(|outline| &outline.edges).flat_map(|edge| &edge.sets).for_each(
        |(name, sample)| {
            samples.add(name, sample.as_ref());
        },
    );
    for step in reachable {
        let outline = &outlines[usize::from(step.0)];
        let empty = BTreeSet::new();
        let here = defined.get(step).unwrap_or(&empty);
        for (reading, own) in &outline.reads.0 {
            let vars = reading.names().iter().filter_map(|name| name.strip_prefix("vars."));
            let vars: Vec<&str> = vars.map(|name| name.split('.').next().unwrap_or(name)).collect();
            let is_own = |name: &str| own.iter().any(|(known, _)| known == name);
            let mut is_whole = true;
            for name in vars.iter().copied().filter(|name| !here.contains(name) && !is_own(name)) {
                is_whole = false;
                let known = samples.0.keys().map(String::as_str);
                if !samples.0.contains_key(name) {
                    let message = format!("no step sets the variable `{name}`");
                    error("HF040", reading.at(), message, suggest(name, known));
                    continue;
                }
                let path = path_without(name, *step, flow, outlines);
                let message = format!("`vars.{name}` is not set on the path {path}");
                let help = format!(
                    "set it on every path to `{}`, or lead that path elsewhere",
                    flow.step(*step).name
                );
                error("HF040", reading.at(), message, help);
            }
            if !is_whole {
                continue;
            }
            let mut values = Vars::new();
            for name in vars {
                let own = own.iter().find(|(known, _)| known == name).map(|(_, sample)| sample.as_ref());
                if let Some(sample) = own.unwrap_or_else(|| samples.0.get(name).and_then(Option::as_ref)) {
                    values.insert(name.to_string(), sample.clone());
                }
            }
            // A variable of unknown type (an answer of a service) cannot be tried.
            let names = reading.names().iter().filter_map(|name| name.strip_prefix("vars."));
            if names.map(|name| name.split('.').next().unwrap_or(name)).any(|name| !values.contains_key(name))
            {
                continue;
            }
            let facts = sample_facts();
            let scope = super::sample::scope(&values, &flow.settings, &facts);
            let failure = match reading {
                Reading::Expression(expression) => match expression.eval(&scope) {
                    Err(failure) => Some(failure),
                    Ok(value) => {
                        let wanted =
                            outline.types.iter().find(|(typed, _)| std::ptr::eq(*typed, *expression));
                        if let Some((_, kind)) = wanted.filter(|(_, kind)| !kind.fits(&value)) {
                            let kind = kind.as_str();
                            let message =
                                format!("the argument is a {kind}, but tried, this gives `{}`", value.text());
                            error(
                                "HF054",
                                reading.at(),
                                message,
                                format!("give it a {kind}; a text is quoted once more: \"'text'\""),
                            );
                        }
                        None
                    }
                },
                Reading::Template(template) | Reading::Spoken(template) => template.render(&scope).err(),
            };
            if let Some(failure) = failure {
                let shown: Vec<String> =
                    values.iter().map(|(name, var)| format!("vars.{name} = `{}`", var.text())).collect();
                let with =
                    if shown.is_empty() { String::new() } else { format!(" with {}", shown.join(", ")) };
                let message = format!("tried{with}, this fails: {}", failure.reason);
                error(
                    "HF044",
                    reading.at(),
                    message,
                    "correct the expression; texts need a filter such as `| int` to be counted with".into(),
                );
            }
        }
    }
}

/// The first sample that is known for each variable.
#[derive(Default)]
struct Samples(BTreeMap<String, Option<Var>>);

impl Samples {
    fn add(&mut self, name: &str, sample: Option<&Var>) {
        let entry = self.0.entry(name.to_string()).or_default();
        if entry.is_none() {
            *entry = sample.cloned();
        }
    }
}

/// The variables that are set on every path to a step; only steps that can be reached are in the result.
fn defined_before<'a>(
    flow: &Flow,
    outlines: &'a [Outline<'_>],
    args: &BTreeSet<&'a str>,
) -> BTreeMap<StepIx, BTreeSet<&'a str>> {
    let mut defined = BTreeMap::from([(flow.start, args.clone())]);
    let mut todo = vec![flow.start];
    while let Some(step) = todo.pop() {
        let here = defined.get(&step).cloned().unwrap_or_default();
        for edge in &outlines[usize::from(step.0)].edges {
            let next = match edge.goto.to {
                Target::Step(next) => next,
                Target::Repeat => step,
                Target::Stay | Target::Return => continue,
            };
            let mut after = here.clone();
            after.extend(edge.sets.iter().map(|(name, _)| name.as_str()));
            match defined.get_mut(&next) {
                None => {
                    defined.insert(next, after);
                    todo.push(next);
                }
                Some(known) => {
                    let common: BTreeSet<&str> = known.intersection(&after).copied().collect();
                    if common.len() < known.len() {
                        *known = common;
                        todo.push(next);
                    }
                }
            }
        }
    }
    defined
}

/// A shortest path to `goal` on which no edge sets `name`: `a → b → c`.
fn path_without(name: &str, goal: StepIx, flow: &Flow, outlines: &[Outline<'_>]) -> String {
    let mut from: BTreeMap<StepIx, StepIx> = BTreeMap::new();
    let mut todo = std::collections::VecDeque::from([flow.start]);
    while let Some(step) = todo.pop_front() {
        if step == goal {
            break;
        }
        for edge in &outlines[usize::from(step.0)].edges {
            let Target::Step(next) = edge.goto.to else { continue };
            if edge.sets.iter().all(|(set, _)| set != name) && next != flow.start && !from.contains_key(&next)
            {
                from.insert(next, step);
                todo.push_back(next);
            }
        }
    }
    let mut path = vec![goal];
    while let Some(before) = path.last().and_then(|step| from.get(step)) {
        path.push(*before);
    }
    let names: Vec<&str> = path.iter().rev().map(|step| flow.step(*step).name.as_str()).collect();
    names.join(" → ")
}
