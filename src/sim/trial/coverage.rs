//! Which steps were entered and which ways taken, from the steps of many calls. A way is a step and where it leads; the exits
//! of a queue count one by one, though several may lead to the same place.
use crate::flow::{FlowSet, WayTo};
use std::collections::{BTreeMap, BTreeSet};

/// What a run of tests has walked.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    steps: BTreeSet<(String, String)>,
    ways: BTreeSet<(String, String, WayTo)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FlowCoverage {
    pub flow: String,
    pub steps: (usize, usize),
    pub ways: (usize, usize),
    /// What was not walked: `step`, `step → target`, `step: exit`.
    pub missing: Vec<String>,
}

/// A call's way through its flows.
pub(super) struct Walk<'a> {
    coverage: &'a mut Coverage,
    ways: BTreeMap<(&'a str, &'a str), Vec<WayTo>>,
    /// The line's flow and the sub-flows within each other, with the step on which each stands.
    stack: Vec<(String, String)>,
}

impl Coverage {
    pub(super) fn walk<'a>(&'a mut self, flows: &'a FlowSet) -> Walk<'a> {
        let mut ways: BTreeMap<_, Vec<WayTo>> = BTreeMap::new();
        for flow in flows.flows() {
            for (step, to) in flow.ways() {
                ways.entry((flow.name.as_str(), step.as_str())).or_default().push(to);
            }
        }
        Walk { coverage: self, ways, stack: Vec::new() }
    }

    pub fn of(&self, flows: &FlowSet) -> Vec<FlowCoverage> {
        let mut all: Vec<FlowCoverage> = flows
            .flows()
            .map(|flow| {
                let name = flow.name.to_string();
                let mut covered =
                    FlowCoverage { flow: name.clone(), steps: (0, 0), ways: (0, 0), missing: Vec::new() };
                for step in flow.steps() {
                    covered.steps.1 += 1;
                    match self.steps.contains(&(name.clone(), step.name.to_string())) {
                        true => covered.steps.0 += 1,
                        false => covered.missing.push(step.name.to_string()),
                    }
                }
                for (step, to) in flow.ways() {
                    covered.ways.1 += 1;
                    let was_entered = self.steps.contains(&(name.clone(), step.to_string()));
                    match self.ways.contains(&(name.clone(), step.to_string(), to.clone())) {
                        true => covered.ways.0 += 1,
                        // Of a step that nobody entered, its name says enough.
                        false if was_entered => covered.missing.push(match &to {
                            WayTo::Step(target) => format!("{step} → {target}"),
                            WayTo::Exit(exit) => format!("{step}: {exit}"),
                            WayTo::Stay => format!("{step} → stay"),
                            WayTo::Return => format!("{step} → return"),
                        }),
                        false => {}
                    }
                }
                covered
            })
            .collect();
        all.sort_by(|a, b| a.flow.cmp(&b.flow));
        all
    }
}

impl Walk<'_> {
    pub fn entered(&mut self, flow: &str, step: &str) {
        self.coverage.steps.insert((flow.to_string(), step.to_string()));
        match self.stack.iter().rposition(|(known, _)| known == flow) {
            None => {
                self.stack.push((flow.to_string(), step.to_string()));
                return;
            }
            Some(at) => {
                while self.stack.len() > at + 1 {
                    if let Some((flow, step)) = self.stack.pop() {
                        self.take(&flow, &step, WayTo::Return);
                        self.take(&flow, &step, WayTo::Stay);
                    }
                }
            }
        }
        let Some((flow, from)) = self.stack.last().cloned() else { return };
        let to = WayTo::Step(step.to_string());
        let known = self.ways.get(&(flow.as_str(), from.as_str()));
        // Nothing is told when a call goes back to waiting: what follows comes from the menu of the wait.
        let to = if known.is_some_and(|ways| ways.contains(&to)) { to } else { WayTo::Stay };
        self.take(&flow, &from, to);
        if let Some(top) = self.stack.last_mut() {
            top.1 = step.to_string();
        }
    }

    pub fn exited(&mut self, exit: &str) {
        let exit = WayTo::Exit(exit.to_string());
        let of = self.stack.iter().rev().find(|(flow, step)| {
            self.ways.get(&(flow.as_str(), step.as_str())).is_some_and(|ways| ways.contains(&exit))
        });
        if let Some((flow, step)) = of.cloned() {
            self.take(&flow, &step, exit);
        }
    }

    pub fn ended(&mut self) {
        if let Some((flow, step)) = self.stack.last().cloned() {
            self.take(&flow, &step, WayTo::Stay);
        }
    }

    fn take(&mut self, flow: &str, step: &str, to: WayTo) {
        if self.ways.get(&(flow, step)).is_some_and(|ways| ways.contains(&to)) {
            self.coverage.ways.insert((flow.to_string(), step.to_string(), to));
        }
    }
}
