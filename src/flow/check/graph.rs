//! The paths of a flow: all steps can be reached, every path can end, nothing goes round by itself.
use crate::flow::finding::Finding;
use crate::flow::model::{Flow, FlowIx, StepIx, Target};
use crate::flow::node::Outline;
use std::collections::BTreeSet;

/// What a flow means to one that runs it.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// Some path comes back.
    pub returns: bool,
    /// Some path comes back without an act of the caller.
    pub returns_by_itself: bool,
    /// Some path ends the call, or in a person or a message.
    pub ends: bool,
}

/// Of a flow that could not be read: nothing is held against those who run it.
const UNKNOWN: Traits = Traits { returns: true, returns_by_itself: false, ends: true };

pub fn traits(
    flows: &[Option<Flow>],
    outlines: &[Option<Vec<Outline<'_>>>],
    texts: &[&str],
    findings: &mut Vec<Finding>,
) -> Vec<Traits> {
    let mut known: Vec<Option<Traits>> = vec![None; flows.len()];
    let mut order = Order { flows, outlines, texts, findings, stack: Vec::new() };
    for ix in 0..flows.len() {
        order.visit(ix, &mut known);
    }
    known.into_iter().map(|traits| traits.unwrap_or(UNKNOWN)).collect()
}

struct Order<'a, 'o> {
    flows: &'a [Option<Flow>],
    outlines: &'a [Option<Vec<Outline<'o>>>],
    texts: &'a [&'a str],
    findings: &'a mut Vec<Finding>,
    stack: Vec<usize>,
}

impl Order<'_, '_> {
    /// Sub-flows before those that run them.
    fn visit(&mut self, ix: usize, known: &mut Vec<Option<Traits>>) {
        let (Some(Some(flow)), Some(Some(outlines))) = (self.flows.get(ix), self.outlines.get(ix)) else {
            return;
        };
        if known[ix].is_some() {
            return;
        }
        self.stack.push(ix);
        for (step, outline) in outlines.iter().enumerate() {
            for FlowIx(sub) in [outline.runs, outline.waits_in].into_iter().flatten() {
                let sub = usize::from(sub);
                if let Some(from) = self.stack.iter().position(|flow| *flow == sub) {
                    let names: Vec<&str> = self.stack[from..]
                        .iter()
                        .chain([&sub])
                        .filter_map(|ix| self.flows[*ix].as_ref())
                        .map(|flow| flow.name.as_str())
                        .collect();
                    let message = format!("flows run each other in a circle: {}", names.join(" → "));
                    let help = "a sub-flow may run others, but not itself; lead back with `return`";
                    let step = &flow.steps[step];
                    self.findings.push(
                        Finding::error("HF029", &flow.file, step.at, message, help)
                            .with_excerpt(self.texts.get(ix).copied().unwrap_or("")),
                    );
                } else {
                    self.visit(sub, known);
                }
            }
        }
        self.stack.pop();
        let subs: Vec<Traits> = known.iter().map(|traits| traits.unwrap_or(UNKNOWN)).collect();
        let graph = Graph { flow, outlines, traits: &subs };
        let all = graph.reach(flow.start, |_| true);
        let passive = graph.reach(flow.start, |act| !act);
        let returns_from = |steps: &BTreeSet<StepIx>, passive_only: bool| {
            steps
                .iter()
                .any(|step| graph.ways(*step).any(|(to, act)| to == Target::Return && !(passive_only && act)))
        };
        known[ix] = Some(Traits {
            returns: returns_from(&all, false),
            returns_by_itself: returns_from(&passive, true),
            ends: all.iter().any(|step| graph.is_end(*step)),
        });
    }
}

struct Graph<'a, 'o> {
    flow: &'a Flow,
    outlines: &'a [Outline<'o>],
    traits: &'a [Traits],
}

impl<'a> Graph<'a, '_> {
    fn outline(&self, step: StepIx) -> &Outline<'_> {
        &self.outlines[usize::from(step.0)]
    }

    fn sub(&self, step: StepIx) -> Option<Traits> {
        let FlowIx(ix) = self.outline(step).runs?;
        Some(self.traits.get(usize::from(ix)).copied().unwrap_or(UNKNOWN))
    }

    /// Targets of a step and whether the caller acts on the way; `repeat` is the step itself.
    fn ways(&self, step: StepIx) -> impl Iterator<Item = (Target, bool)> + '_ {
        let sub = self.sub(step);
        self.outline(step).edges.iter().filter(move |_| sub.is_none_or(|sub| sub.returns)).map(move |edge| {
            let to = if edge.goto.to == Target::Repeat { Target::Step(step) } else { edge.goto.to };
            (to, edge.act || sub.is_some_and(|sub| !sub.returns_by_itself))
        })
    }

    fn is_end(&self, step: StepIx) -> bool {
        self.outline(step).is_end || self.sub(step).is_some_and(|sub| sub.ends)
    }

    fn reach(&self, start: StepIx, takes: impl Fn(bool) -> bool) -> BTreeSet<StepIx> {
        let mut reached = BTreeSet::from([start]);
        let mut todo = vec![start];
        while let Some(step) = todo.pop() {
            for (to, act) in self.ways(step) {
                if let Target::Step(next) = to
                    && takes(act)
                    && reached.insert(next)
                {
                    todo.push(next);
                }
            }
        }
        reached
    }

    fn name(&self, step: StepIx) -> &'a str {
        self.flow.step(step).name.as_str()
    }
}

/// Finds what is wrong with one flow's paths and gives the steps that can be reached.
pub fn check(
    flow: &Flow,
    outlines: &[Outline<'_>],
    traits: &[Traits],
    text: &str,
    findings: &mut Vec<Finding>,
) -> BTreeSet<StepIx> {
    let graph = Graph { flow, outlines, traits };
    let mut error = |code, at, message: String, help: &str| {
        findings.push(Finding::error(code, &flow.file, at, message, help).with_excerpt(text));
    };
    let reachable = graph.reach(flow.start, |_| true);
    let all = (0..flow.steps.len()).map(|ix| StepIx(u16::try_from(ix).unwrap_or(u16::MAX)));
    for step in all.filter(|step| !reachable.contains(step)) {
        let message = format!("no path leads to the step `{}`", graph.name(step));
        error("HF033", flow.step(step).at, message, "lead some step to it, or delete it");
    }
    let mut in_loop = BTreeSet::new();
    for step in &reachable {
        if in_loop.contains(step) {
            continue;
        }
        if let Some(circle) = circle_through(*step, &graph) {
            let names: Vec<&str> = circle.iter().chain([step]).map(|step| graph.name(*step)).collect();
            // The place is the edge that closes the circle.
            let last = circle.last().copied().unwrap_or(*step);
            let at = graph
                .outline(last)
                .edges
                .iter()
                .find(|edge| {
                    !edge.act
                        && matches!(edge.goto.to, Target::Repeat) | (edge.goto.to == Target::Step(*step))
                })
                .map_or(flow.step(last).at, |edge| edge.goto.at);
            let message = format!("the call would go round for ever: {}", names.join(" → "));
            error(
                "HF032",
                at,
                message,
                "lead one of these ways to a person or an end, or to a step where the caller acts",
            );
            in_loop.extend(circle);
        }
    }
    let mut ending: BTreeSet<StepIx> = reachable
        .iter()
        .copied()
        .filter(|step| {
            graph.is_end(*step)
                || graph.ways(*step).any(|(to, _)| matches!(to, Target::Return | Target::Stay))
        })
        .collect();
    loop {
        let more: Vec<StepIx> = reachable
            .iter()
            .copied()
            .filter(|step| !ending.contains(step))
            .filter(|step| {
                graph.ways(*step).any(|(to, _)| matches!(to, Target::Step(next) if ending.contains(&next)))
            })
            .collect();
        if more.is_empty() {
            break;
        }
        ending.extend(more);
    }
    if let Some(step) = reachable.iter().find(|step| !ending.contains(step) && !in_loop.contains(step)) {
        let message =
            format!("from `{}` no path leads to a person, a message or a hang-up", graph.name(*step));
        error(
            "HF034",
            flow.step(*step).at,
            message,
            "give the caller a way to a queue, a recording or a hang-up",
        );
    }
    reachable
}

/// The shortest circle of passive edges through `start`.
fn circle_through(start: StepIx, graph: &Graph<'_, '_>) -> Option<Vec<StepIx>> {
    let mut paths: Vec<Vec<StepIx>> = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !paths.is_empty() {
        let mut longer = Vec::new();
        for path in paths {
            let last = path.last().copied()?;
            for (to, act) in graph.ways(last) {
                let Target::Step(next) = to else { continue };
                if act {
                    continue;
                }
                if next == start {
                    return Some(path);
                }
                if seen.insert(next) {
                    let mut path = path.clone();
                    path.push(next);
                    longer.push(path);
                }
            }
        }
        paths = longer;
    }
    None
}
