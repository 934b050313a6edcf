//! Steps that dial out where nothing can be dialled. A flow that serves installations of both kinds leads to such a step
//! only under a condition. One that reads settings, the caller's class and `queue.callback` alone is worked out here, and a
//! way that it always shuts is no way.
use super::sample;
use crate::class::Class;
use crate::flow::event::Facts;
use crate::flow::expression::{Expression, Scope};
use crate::flow::finding::Finding;
use crate::flow::model::{Flow, StepIx, Target};
use crate::flow::node::{Outline, no_vars, sample_facts};
use std::collections::BTreeSet;

pub fn check(flow: &Flow, outlines: &[Outline<'_>], text: &str, findings: &mut Vec<Finding>) {
    let mut reached = BTreeSet::from([flow.start]);
    let mut todo = vec![flow.start];
    while let Some(StepIx(ix)) = todo.pop() {
        let Some(outline) = outlines.get(usize::from(ix)) else { continue };
        if let Some(at) = outline.dials {
            let help =
                "set outbound: {trunk: …, allow: […]} in config.yaml, or lead here only `if: queue.callback`";
            let message = "a callback needs an outbound route, and there is none";
            findings.push(Finding::error("HF056", &flow.file, at, message, help).with_excerpt(text));
        }
        for (place, edge) in outline.edges.iter().enumerate() {
            let mut guards = outline.guards.iter().filter(|(guarded, _)| *guarded == place);
            let is_shut = guards.any(|(_, condition)| never(flow, condition));
            if let Target::Step(next) = edge.goto.to
                && !is_shut
                && reached.insert(next)
            {
                todo.push(next);
            }
        }
    }
}

/// Whether a condition is false in every call of this installation.
fn never(flow: &Flow, condition: &Expression) -> bool {
    let is_known = |name: &String| {
        name.starts_with("settings.") || ["queue.callback", "caller.class"].contains(&name.as_str())
    };
    let is_false = |class: Class| {
        let facts = Facts { class, ..sample_facts() };
        let scope = sample::scope(no_vars(), &flow.settings, &facts);
        let scope = Scope { callback: false, ..scope };
        matches!(condition.eval(&scope), Ok(value) if !value.is_true())
    };
    condition.reads().iter().all(is_known) && Class::ALL.into_iter().all(is_false)
}
