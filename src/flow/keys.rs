//! Keys that were pressed and not yet taken by a step, and whether they may be those of a secret step.
//!
//! A caller who knows the menu types ahead: over a prompt, while a service is asked, during a notice. What he types then
//! may belong to a secret step that comes next, so it is hidden like what is typed in that step.
use super::interpreter::Frame;
use super::model::{FlowIx, FlowSet, StepIx, Target};
use super::node::Kind;
use crate::digit::Digit;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// A snapshot keeps of secret keys only how many there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Digit>", into = "Vec<Digit>")]
pub struct Keys {
    typed: VecDeque<Digit>,
    secret: bool,
}

impl Keys {
    pub fn push(&mut self, digit: Digit, secret: bool) {
        self.secret |= secret;
        self.typed.push_back(digit);
    }

    pub fn pop_front(&mut self) -> Option<Digit> {
        let digit = self.typed.pop_front();
        self.secret &= !self.typed.is_empty();
        digit
    }

    pub fn front(&self) -> Option<&Digit> {
        self.typed.front()
    }

    pub fn clear(&mut self) {
        *self = Keys::default();
    }

    pub fn len(&self) -> usize {
        self.typed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.typed.is_empty()
    }
}

impl From<Vec<Digit>> for Keys {
    fn from(typed: Vec<Digit>) -> Keys {
        Keys { typed: typed.into(), secret: false }
    }
}

impl From<Keys> for Vec<Digit> {
    fn from(keys: Keys) -> Vec<Digit> {
        let shown = |digit: &Digit| if keys.secret && !digit.is_sign() { Digit::ANY } else { *digit };
        keys.typed.iter().map(shown).collect()
    }
}

/// Whether a key typed ahead may be taken by a secret step: one is among the inputs that come next, `waiting` keys each being
/// enough for one input.
pub fn secret_ahead(flows: &FlowSet, frames: &[Frame], waiting: usize) -> bool {
    let mut ahead = Ahead { flows, best: BTreeMap::new(), open: Vec::new() };
    // A sub-flow comes back behind the step that ran it.
    for frame in frames {
        ahead.follow(frame.flow, frame.step, waiting);
    }
    ahead.meets_secret()
}

struct Ahead<'a> {
    flows: &'a FlowSet,
    /// Steps seen, each with the most inputs that could still be passed.
    best: BTreeMap<(FlowIx, StepIx), usize>,
    open: Vec<(FlowIx, StepIx, usize)>,
}

impl Ahead<'_> {
    fn follow(&mut self, flow: FlowIx, step: StepIx, left: usize) {
        let outline = self.flows.flow(flow).step(step).kind.outline();
        for edge in &outline.edges {
            if let Target::Step(to) = edge.goto.to {
                self.open.push((flow, to, left));
            }
        }
        if let Some(sub) = outline.runs {
            self.open.push((sub, self.flows.flow(sub).start, left));
        }
    }

    fn meets_secret(&mut self) -> bool {
        while let Some((flow, step, left)) = self.open.pop() {
            let known = self.best.get(&(flow, step));
            if known.is_some_and(|best| *best >= left) {
                continue;
            }
            self.best.insert((flow, step), left);
            let kind = &self.flows.flow(flow).step(step).kind;
            let is_input = match kind {
                Kind::Collect(collect) if collect.is_secret() => return true,
                Kind::Collect(_) | Kind::Menu(_) | Kind::Record(_) | Kind::Survey(_) => true,
                Kind::Callback(_) => true,
                _ => false,
            };
            match (is_input, left) {
                (true, 0) => {}
                (true, left) => self.follow(flow, step, left - 1),
                (false, left) => self.follow(flow, step, left),
            }
        }
        false
    }
}
