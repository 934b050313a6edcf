//! What is proved of a set of flows before any call walks it: see `graph` (paths), `values` (variables and
//! expressions), `outbound` (who dials out without a route) and `way` (how far it is to a person). The codes are explained in `codes.rs`.
use super::environment::Environment;
use super::finding::Finding;
use super::model::{Flow, FlowIx};
use super::node::Outline;

mod graph;
mod outbound;
pub mod sample;
mod values;
mod way;

pub use way::WayToPerson;

/// Checks every flow that could be resolved; `None` is one with faults of its own.
pub fn graph(flows: &[Option<Flow>], texts: &[&str], env: &Environment, findings: &mut Vec<Finding>) {
    let outlines: Vec<Option<Vec<Outline<'_>>>> = flows
        .iter()
        .map(|flow| flow.as_ref().map(|flow| flow.steps.iter().map(|step| step.kind.outline()).collect()))
        .collect();
    let traits = graph::traits(flows, &outlines, texts, findings);
    for (ix, (flow, outlines)) in flows.iter().zip(&outlines).enumerate() {
        let (Some(flow), Some(outlines)) = (flow, outlines) else { continue };
        let text = texts.get(ix).copied().unwrap_or("");
        let reachable = graph::check(flow, outlines, &traits, text, findings);
        if !env.outbound {
            outbound::check(flow, outlines, text, findings);
        }
        values::check(flow, outlines, &reachable, text, findings);
    }
}

pub fn way_to_person(flows: &[Flow], line: FlowIx, env: &Environment) -> Option<WayToPerson> {
    way::longest(flows, line, env)
}
