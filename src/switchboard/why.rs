//! "Why did this caller wait, and why did that phone ring?" Each decision of the queue becomes a line in the call's story;
//! a caller who waits is explained on demand.
use super::{Action, Switchboard};
use crate::call::{CallEvent, Keep};
use crate::ids::CallId;
use crate::machine::Now;
use crate::queue::{Decision, Explanation};
use std::collections::BTreeMap;

impl Switchboard {
    /// Of a call that is in a queue. `None`: it is not, or it is not on.
    pub fn why(&self, call: CallId, now: Now) -> Option<Explanation> {
        let (seat, _) = self.seats.iter().rfind(|(_, of)| **of == call)?;
        self.pools.iter().find_map(|pool| pool.explain(*seat, now))
    }

    /// A phone rings: by which rule it was this caller's turn, and the ranked list with a reason for everyone (Q4).
    pub(super) fn tell_why(&self, decision: &Decision, now: Now, out: &mut Vec<Action>) {
        let seat = decision.seat;
        let Some(call) = self.seats.get(&seat).or_else(|| self.kept.get(&seat)).copied() else { return };
        let ranked: Vec<String> = decision.ranked.iter().map(ToString::to_string).collect();
        let mut detail = BTreeMap::from([
            ("operator".to_string(), decision.operator.to_string()),
            ("rule".to_string(), decision.rule.as_str().to_string()),
            ("why".to_string(), decision.to_string()),
            ("ranked".to_string(), ranked.join("; ")),
            ("ready".to_string(), decision.ready.to_string()),
            ("reserve".to_string(), decision.reserve.to_string()),
        ]);
        if !decision.withheld.is_zero() {
            detail.insert("withheld_ms".to_string(), decision.withheld.as_millis().to_string());
        }
        let event = CallEvent { call, at: now.wall, kind: "chosen".to_string(), detail };
        out.push(Action::Keep(Keep::Event(event)));
    }
}
