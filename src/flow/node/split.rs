//! `split`: by percent, the same way for the same caller each time. An arm that was withdrawn takes nobody: those who would
//! have gone there are spread over the others by their shares, and the callers of the others stay where they were.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::event::Effect;
use crate::flow::finding::Span;
use crate::flow::interpreter::Next;
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::Spanned;
use crate::ids::{FlowName, StepName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One way out of a `split`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Arm {
    pub flow: FlowName,
    pub step: StepName,
    pub arm: String,
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.flow, self.step, self.arm)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitText {
    arms: BTreeMap<String, ArmText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArmText {
    /// Percent.
    share: u8,
    go: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct Split {
    /// In the order of their names.
    arms: Vec<Way>,
    /// The arms' names, so that a caller's arm does not follow from that of another split.
    salt: String,
}

#[derive(Clone, Debug)]
struct Way {
    name: String,
    share: u32,
    go: Goto,
}

impl StepKind for Split {
    const REFERENCE: &'static str = r#"`arms: {name: {share: percent, go: target}}`; shares add up to 100. The same caller always takes the same arm.

An arm that is significantly worse than the others is **withdrawn**: it takes nobody any more, its callers are shared out among the
others, and theirs stay where they were. Worse means that more of its callers give up (hang up in a queue, or before they have chosen
or typed anything), that more of them press a wrong key, or that it takes them longer to a person; from a hundred calls on either side,
at 3.5 standard deviations, looked at every 50 calls. Test calls do not count, a restart begins to count anew, and the last arm stays.

It is an alert (`arm_withdrawn`), stands in the log and in `hotline flows list` with its reason, and holds over restarts until the
flow's file is changed or somebody puts the arm back: `hotline flows restore FLOW/STEP/ARM`; `hotline flows withdraw …` takes one out
by hand. `hotline report menu` has a line for each arm."#;

    type Text = SplitText;

    fn compile(text: SplitText, at: Span, cx: &mut Cx<'_>) -> Split {
        let sum: u32 = text.arms.values().map(|arm| u32::from(arm.share)).sum();
        if sum != 100 {
            cx.error(
                "HF015",
                at,
                format!("the shares add up to {sum} %, expected 100 %"),
                "change the shares of the arms",
            );
        }
        let salt = text.arms.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        let way = |(name, arm): (String, ArmText)| Way {
            name,
            share: u32::from(arm.share),
            go: cx.target(&arm.go),
        };
        Split { arms: text.arms.into_iter().map(way).collect(), salt }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        self.arms.iter().for_each(|way| outline.edge(way.go, false));
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        // Without a number there is nothing to recognise the caller by: chance decides.
        let who = match turn.call.facts.caller.as_str() {
            "" => turn.call.seed.to_string(),
            number => number.to_string(),
        };
        let (flow, step) = turn.call.here.clone();
        let of = |way: &&Way| Arm { flow: flow.clone(), step: step.clone(), arm: way.name.clone() };
        let all: Vec<&Way> = self.arms.iter().collect();
        let left: Vec<&Way> =
            all.iter().copied().filter(|way| !turn.call.withdrawn.contains(&of(way))).collect();
        let own = drawn(&all, &format!("{} {who}", self.salt));
        // Drawn anew, so that those who have to move do not all go to the next arm; with all of them withdrawn, each
        // caller keeps his own.
        let way = match own.filter(|own| left.is_empty() || left.iter().any(|way| way.name == own.name)) {
            Some(own) => Some(own),
            None => drawn(&left, &format!("{} moved {who}", self.salt)),
        };
        match way {
            Some(way) => {
                let arm = way.name.clone();
                turn.out.push(Effect::TookArm { flow, step, arm });
                Next::Go(way.go.to)
            }
            None => turn.hang_up(crate::cause::Cause::Internal),
        }
    }
}

impl Split {
    pub fn has(&self, arm: &str) -> bool {
        self.arms.iter().any(|way| way.name == arm)
    }
}

/// By the shares of these ways; the last takes what the others leave.
fn drawn<'a>(ways: &[&'a Way], who: &str) -> Option<&'a Way> {
    let all = ways.iter().map(|way| way.share).sum::<u32>().max(1);
    let mut left = place(who, all);
    for way in ways {
        match left.checked_sub(way.share) {
            Some(rest) => left = rest,
            None => return Some(way),
        }
    }
    ways.last().copied()
}

/// A number below `of` from a text, evenly: FNV-1a 64, its halves folded, since the low bits alone follow the last
/// characters.
fn place(text: &str, of: u32) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ((hash ^ (hash >> 32)) % u64::from(of)) as u32
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn callers_are_spread_evenly() {
        let mut count = [0u32; 100];
        for number in 0..100_000 {
            count[place(&format!("a b 7916{number:07}"), 100) as usize] += 1;
        }
        // 1,000 expected in each; five standard deviations are 157.
        assert!(count.iter().all(|n| (840..=1160).contains(n)), "{count:?}");
    }
}
