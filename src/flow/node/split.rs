//! `split`: by percent, the same way for the same caller each time.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::finding::Span;
use crate::flow::interpreter::Next;
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::Spanned;
use serde::Deserialize;
use std::collections::BTreeMap;

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
    /// In the order of their names; the last takes what the others leave.
    arms: Vec<(u8, Goto)>,
    /// The arms' names, so that a caller's arm does not follow from that of another split.
    salt: String,
}

impl StepKind for Split {
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
        Split { arms: text.arms.values().map(|arm| (arm.share, cx.target(&arm.go))).collect(), salt }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        self.arms.iter().for_each(|(_, goto)| outline.edge(*goto, false));
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        // Without a number there is nothing to recognise the caller by: chance decides.
        let who = match turn.call.facts.caller.as_str() {
            "" => turn.call.seed.to_string(),
            number => number.to_string(),
        };
        let mut left = percent(&format!("{} {who}", self.salt));
        for (share, goto) in &self.arms {
            match left.checked_sub(*share) {
                Some(rest) => left = rest,
                None => return Next::Go(goto.to),
            }
        }
        match self.arms.last() {
            Some((_, goto)) => Next::Go(goto.to),
            None => turn.hang_up(crate::cause::Cause::Internal),
        }
    }
}

/// 0–99 from a text, evenly: FNV-1a 64, its halves folded, since the low bits alone follow the last characters.
fn percent(text: &str) -> u8 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ((hash ^ (hash >> 32)) % 100) as u8
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn callers_are_spread_evenly() {
        let mut count = [0u32; 100];
        for number in 0..100_000 {
            count[usize::from(percent(&format!("a b 7916{number:07}")))] += 1;
        }
        // 1,000 expected in each; five standard deviations are 157.
        assert!(count.iter().all(|n| (840..=1160).contains(n)), "{count:?}");
    }
}
