//! How far it is to a person: the longest of the shortest ways. A caller may go anywhere first, by the shortest way,
//! and from there to a person; the place from which that takes longest is the worst case of the line.
use crate::flow::environment::Environment;
use crate::flow::model::{Flow, FlowIx, StepIx, Target};
use crate::flow::node::Outline;
use crate::flow::say::SayItem;
use crate::ids::StepName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A prompt whose length is not known.
const PROMPT: Duration = Duration::from_secs(3);
/// A number, a sum or a date spoken from pieces.
const SPOKEN: Duration = Duration::from_secs(2);
const KEY: Duration = Duration::from_secs(1);

/// Every text heard in full, every key pressed within a second, nothing mistyped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayToPerson {
    pub time: Duration,
    pub keys: u32,
    /// The farthest step.
    pub via: StepName,
}

type Cost = (Duration, u32);

fn plus(a: Cost, b: Cost) -> Cost {
    (a.0 + b.0, a.1 + b.1)
}

pub fn longest(flows: &[Flow], line: FlowIx, env: &Environment) -> Option<WayToPerson> {
    let mut ways = Ways { flows, env, subs: BTreeMap::new() };
    let flow = flows.get(usize::from(line.0))?;
    let graph = ways.graph(flow, 0);
    let there = shortest(flow.start, &graph.forward());
    let back = graph.to_person();
    let worst = there.iter().filter_map(|(step, cost)| Some((plus(*cost, *back.get(step)?), *step))).max()?;
    let ((time, keys), step) = worst;
    Some(WayToPerson { time, keys, via: flow.step(step).name.clone() })
}

struct Ways<'a> {
    flows: &'a [Flow],
    env: &'a Environment,
    /// Per sub-flow: cost to come back, cost to a person.
    subs: BTreeMap<FlowIx, (Option<Cost>, Option<Cost>)>,
}

/// Deeper chains of sub-flows are not followed; the checker refused circles before.
const DEPTH_MAX: usize = 32;

struct Costs {
    edges: BTreeMap<StepIx, Vec<(StepIx, Cost)>>,
    /// From a step directly to a person.
    persons: BTreeMap<StepIx, Cost>,
    returns: BTreeMap<StepIx, Cost>,
}

impl Ways<'_> {
    fn graph(&mut self, flow: &Flow, depth: usize) -> Costs {
        let mut costs = Costs { edges: BTreeMap::new(), persons: BTreeMap::new(), returns: BTreeMap::new() };
        for (ix, step) in flow.steps.iter().enumerate() {
            let from = StepIx(u16::try_from(ix).unwrap_or(u16::MAX));
            let outline = step.kind.outline();
            let mut cost = (self.heard(&outline), outline.keys);
            cost.0 += KEY * outline.keys;
            if outline.is_person {
                costs.persons.insert(from, (Duration::ZERO, 0));
            }
            if let Some(sub) = outline.runs {
                let (back, person) = self.sub(sub, depth + 1);
                if let Some(person) = person {
                    costs.persons.insert(from, plus(cost, person));
                }
                match back {
                    Some(back) => cost = plus(cost, back),
                    None => continue,
                }
            }
            for edge in &outline.edges {
                match edge.goto.to {
                    Target::Step(to) => costs.edges.entry(from).or_default().push((to, cost)),
                    Target::Return => {
                        costs.returns.insert(from, cost);
                    }
                    Target::Repeat | Target::Stay => {}
                }
            }
        }
        costs
    }

    fn sub(&mut self, ix: FlowIx, depth: usize) -> (Option<Cost>, Option<Cost>) {
        if let Some(known) = self.subs.get(&ix) {
            return *known;
        }
        let flows = self.flows;
        let Some(flow) = flows.get(usize::from(ix.0)).filter(|_| depth < DEPTH_MAX) else {
            return (None, None);
        };
        let graph = self.graph(flow, depth);
        let there = shortest(flow.start, &graph.forward());
        let back = there
            .iter()
            .filter_map(|(step, cost)| graph.returns.get(step).map(|more| plus(*cost, *more)))
            .min();
        let person = graph.to_person().get(&flow.start).copied();
        self.subs.insert(ix, (back, person));
        (back, person)
    }

    fn heard(&self, outline: &Outline<'_>) -> Duration {
        outline.says.iter().flat_map(|items| items.iter()).map(|item| self.length(item)).sum()
    }

    fn length(&self, item: &SayItem) -> Duration {
        match item {
            SayItem::Prompt(name) => self.env.durations.get(name).copied().unwrap_or(PROMPT),
            SayItem::If { say, .. } => say.iter().map(|item| self.length(item)).sum(),
            _ => SPOKEN,
        }
    }
}

impl Costs {
    fn forward(&self) -> BTreeMap<StepIx, Vec<(StepIx, Cost)>> {
        self.edges.clone()
    }

    /// From every step that has one, the shortest way to a person.
    fn to_person(&self) -> BTreeMap<StepIx, Cost> {
        let mut known = self.persons.clone();
        // Bellman-Ford: flows have some hundred steps, and this runs once per load.
        for _ in 0..self.edges.len() + 1 {
            let mut changed = false;
            for (from, edges) in &self.edges {
                for (to, cost) in edges {
                    let Some(rest) = known.get(to).copied() else { continue };
                    let way = plus(*cost, rest);
                    if known.get(from).is_none_or(|best| way < *best) {
                        known.insert(*from, way);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        known
    }
}

/// Dijkstra from `start`.
fn shortest(start: StepIx, edges: &BTreeMap<StepIx, Vec<(StepIx, Cost)>>) -> BTreeMap<StepIx, Cost> {
    let mut best = BTreeMap::from([(start, (Duration::ZERO, 0))]);
    let mut todo = BTreeSet::from([((Duration::ZERO, 0u32), start)]);
    while let Some((cost, step)) = todo.pop_first() {
        for (next, more) in edges.get(&step).into_iter().flatten() {
            let way = plus(cost, *more);
            if best.get(next).is_none_or(|known| way < *known) {
                best.insert(*next, way);
                todo.insert((way, *next));
            }
        }
    }
    best
}
