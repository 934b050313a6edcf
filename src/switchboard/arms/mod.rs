//! The retreat of a `split`: every call's story counts for the arm that it took, and an arm whose callers give up, press
//! wrong keys or come to a person significantly worse than those of the others takes nobody any more.
//!
//! ```text
//!  story of a call: arm … menu_key … connected … ended ─▶ Tally ── every LOOK_EVERY calls ──▶ worse? ─▶ Withdrawn, an order
//!                                                                   the flow's file is another, or an admin's act ─▶ gone
//! ```
//! All of it follows from inputs of the journal, so a replay comes to the same. The last arm is never withdrawn.
mod tally;

use super::view::{ArmView, View, WithdrawnView};
use super::{Action, Outcome, Switchboard};
use crate::call::order::{Order, Ordered, arm_key};
use crate::call::{CallEvent, Happened};
use crate::flow::{Arm, FlowSet};
use crate::ids::{CallId, FlowName, FlowSetHash, StepName};
use crate::machine::{Now, Wall};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tally::{Tally, worse};

/// Calls of a split between two looks: fewer looks, fewer false alarms.
const LOOK_EVERY: u64 = 50;
/// Whose act a withdrawal is when nobody ordered it.
pub const BY: &str = "hotline";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Arms {
    /// What was counted since the flow's file is as it is.
    counts: BTreeMap<FlowName, BTreeMap<StepName, BTreeMap<String, Tally>>>,
    /// Calls that are on and have passed a split.
    trips: BTreeMap<CallId, Trip>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Trip {
    /// With the moment of each; the first time counts.
    taken: BTreeMap<String, (Arm, Wall)>,
    mistaken: bool,
    /// He has chosen or typed something since.
    acted: bool,
    connected: Option<Wall>,
}

impl Arms {
    /// What happened on a call; `Some`: it has ended, and these arms have one call more.
    fn note(&mut self, event: &CallEvent) -> Option<Vec<Arm>> {
        let of = |name: &str| event.detail.get(name).map(String::as_str).unwrap_or_default();
        if event.kind == "arm" {
            let arm = Arm { flow: of("flow").into(), step: of("step").into(), arm: of("arm").to_string() };
            let split = format!("{}/{}", arm.flow, arm.step);
            let trip = self.trips.entry(event.call).or_default();
            trip.taken.entry(split).or_insert((arm, event.at));
            return None;
        }
        let trip = self.trips.get_mut(&event.call)?;
        match event.kind.as_str() {
            "menu_key" if of("key") == "wrong" => trip.mistaken = true,
            "menu_key" | "typed" | "secret" => trip.acted = true,
            "connected" => {
                trip.connected.get_or_insert(event.at);
            }
            "ended" => {
                let trip = self.trips.remove(&event.call)?;
                let hung_up = of("by") == "caller" && trip.connected.is_none();
                // Who chose something and hung up outside a queue has heard what he wanted to know.
                let gave_up =
                    hung_up && (of("cause") == "abandoned" || (!trip.acted && of("cause") != "callback"));
                let arms: Vec<_> = trip.taken.into_values().collect();
                for (arm, at) in &arms {
                    let to_person = trip.connected.map(|then| {
                        Duration::from_millis(u64::try_from(then.0.saturating_sub(at.0)).unwrap_or(0))
                    });
                    let split = self.counts.entry(arm.flow.clone()).or_default().entry(arm.step.clone());
                    let tally = split.or_default().entry(arm.arm.clone()).or_default();
                    tally.add(gave_up, trip.mistaken, to_person);
                }
                return Some(arms.into_iter().map(|(arm, _)| arm).collect());
            }
            _ => {}
        }
        None
    }

    /// The arm of this split that is to go, and why.
    fn verdict(&self, flow: &FlowName, step: &StepName, withdrawn: &BTreeSet<Arm>) -> Option<(Arm, String)> {
        let split = self.counts.get(flow)?.get(step)?;
        if split.values().map(|tally| tally.calls).sum::<u64>() % LOOK_EVERY != 0 {
            return None;
        }
        let of = |arm: &String| Arm { flow: flow.clone(), step: step.clone(), arm: arm.clone() };
        let left: Vec<(Arm, Tally)> = split
            .iter()
            .map(|(arm, tally)| (of(arm), *tally))
            .filter(|(arm, _)| !withdrawn.contains(arm))
            .collect();
        let found = left.iter().filter_map(|(arm, tally)| {
            let others = left.iter().filter(|(other, _)| other != arm).map(|(_, tally)| *tally);
            Some((arm, worse(*tally, others.fold(Tally::default(), Tally::and))?))
        });
        found.max_by(|(_, a), (_, b)| a.z.total_cmp(&b.z)).map(|(arm, worse)| (arm.clone(), worse.why))
    }

    fn forget(&mut self, flow: &FlowName) {
        self.counts.remove(flow);
        self.trips.values_mut().for_each(|trip| trip.taken.retain(|_, (arm, _)| arm.flow != *flow));
    }
}

impl Switchboard {
    /// Counts what belongs to a call's story, and withdraws an arm if that shows it to be worse.
    pub(super) fn count_arms(&mut self, id: CallId, event: &CallEvent, now: Now, out: &mut Vec<Action>) {
        if event.kind == "arm" && !self.counts_for_arms(id, event) {
            return;
        }
        for Arm { flow, step, .. } in self.arms.note(event).unwrap_or_default() {
            let Some((arm, why)) = self.arms.verdict(&flow, &step, &self.settings.rules.withdrawn) else {
                continue;
            };
            let Some(version) = self.flow_version(&flow) else { continue };
            out.push(Action::Happened(Happened::ArmWithdrawn { arm: arm.clone(), why: why.clone() }));
            let what = Ordered::Withdrawn { arm, version };
            self.give_order(Order { what, until: None, reason: why, by: BY.to_string() }, now, out);
        }
    }

    /// Neither a test nor a call that walks the flow as it was before.
    fn counts_for_arms(&self, id: CallId, event: &CallEvent) -> bool {
        let flow = FlowName::from(event.detail.get("flow").map(String::as_str).unwrap_or_default());
        let Some(call) = self.calls.get(&id).filter(|call| !call.is_test()) else { return false };
        let walked = self.flows.get(&call.flows()).and_then(|flows| flows.version_of(&flow));
        walked.is_some() && walked == self.flow_version(&flow)
    }

    pub(super) fn flow_version(&self, flow: &FlowName) -> Option<FlowSetHash> {
        self.flows.get(&self.current)?.version_of(flow)
    }

    /// Flows whose file has changed begin anew: what was counted of them is forgotten, and so is what was withdrawn.
    pub(super) fn renew_arms(&mut self, before: &FlowSet, now: Now, out: &mut Vec<Action>) {
        let changed = |flow: &FlowName| before.version_of(flow) != self.flow_version(flow);
        let counted: Vec<FlowName> = self.arms.counts.keys().filter(|flow| changed(flow)).cloned().collect();
        let withdrawn: Vec<Arm> =
            self.settings.rules.withdrawn.iter().filter(|arm| changed(&arm.flow)).cloned().collect();
        counted.iter().for_each(|flow| self.arms.forget(flow));
        for arm in withdrawn {
            self.revoke_order(&arm_key(&arm), now, out);
        }
    }

    /// An order about an arm begins or ends. Back in, it is counted anew, with its split.
    pub(super) fn apply_withdrawal(&mut self, arm: &Arm, version: FlowSetHash, holds: bool) {
        if holds && self.flow_version(&arm.flow) == Some(version) {
            self.settings.rules.withdrawn.insert(arm.clone());
        } else if self.settings.rules.withdrawn.remove(arm)
            && let Some(splits) = self.arms.counts.get_mut(&arm.flow)
        {
            splits.remove(&arm.step);
        }
    }

    /// An admin takes an arm out, or puts it back.
    pub(super) fn set_arm(
        &mut self,
        arm: Arm,
        withdrawn: bool,
        reason: String,
        by: String,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        if !withdrawn {
            return self.revoke_order(&arm_key(&arm), now, out);
        }
        let flows = self.flows.get(&self.current);
        let is_there =
            flows.and_then(|flows| flows.flow_named(&arm.flow)).is_some_and(|flow| flow.has_arm(&arm));
        match self.flow_version(&arm.flow).filter(|_| is_there) {
            Some(version) => {
                let what = Ordered::Withdrawn { arm, version };
                self.give_order(Order { what, until: None, reason, by }, now, out)
            }
            None => Outcome::NoSuchArm,
        }
    }

    pub(super) fn show_arms(&self, view: &mut View) {
        let mut shown: BTreeMap<Arm, Tally> =
            self.settings.rules.withdrawn.iter().map(|arm| (arm.clone(), Tally::default())).collect();
        for (flow, steps) in &self.arms.counts {
            for (step, arms) in steps {
                shown.extend(arms.iter().map(|(arm, tally)| {
                    (Arm { flow: flow.clone(), step: step.clone(), arm: arm.clone() }, *tally)
                }));
            }
        }
        let orders: BTreeMap<&String, &Order> = self.orders().collect();
        let part = |of: u64, calls: u64| (calls > 0).then(|| of as f64 / calls as f64);
        view.arms = shown
            .into_iter()
            .map(|(arm, tally)| ArmView {
                withdrawn: orders
                    .get(&arm_key(&arm))
                    .map(|order| WithdrawnView { reason: order.reason.clone(), by: order.by.clone() }),
                calls: tally.calls,
                gave_up: part(tally.gave_up, tally.calls),
                wrong_keys: part(tally.mistaken, tally.calls),
                to_person_s: tally.to_person().map(|time| time.as_secs_f64()),
                flow: arm.flow,
                step: arm.step,
                arm: arm.arm,
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    fn event(call: u64, at: i64, kind: &str, detail: &[(&str, &str)]) -> CallEvent {
        let detail = detail.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        CallEvent { call: CallId(call), at: Wall(at), kind: kind.to_string(), detail }
    }

    /// Calls by two arms in turn; each gives up with its arm's chance, in thousandths. The arm that went, and after how many.
    fn trial(seed: u64, calls: u64, a: u32, b: u32) -> Option<(String, u64)> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut arms, none) = (Arms::default(), BTreeSet::new());
        for call in 0..calls {
            let (arm, chance) = if random.next_u32() % 2 == 0 { ("a", a) } else { ("b", b) };
            let gives_up = random.next_u32() % 1000 < chance;
            arms.note(&event(call, 0, "arm", &[("flow", "line"), ("step", "choose"), ("arm", arm)]));
            let person = 10_000 + i64::from(random.next_u32() % 60_000);
            match gives_up {
                true => arms.note(&event(call, 9, "ended", &[("by", "caller"), ("cause", "caller-left")])),
                false => {
                    arms.note(&event(call, person, "connected", &[]));
                    arms.note(&event(call, person, "ended", &[("by", "caller"), ("cause", "normal")]))
                }
            };
            if let Some((arm, _)) = arms.verdict(&"line".into(), &"choose".into(), &none) {
                return Some((arm.arm, call));
            }
        }
        None
    }

    #[test]
    fn of_two_arms_that_are_as_good_hardly_one_in_a_hundred_is_withdrawn() {
        let withdrawn = (0..300).filter(|seed| trial(*seed, 3_000, 150, 150).is_some()).count();
        println!("{withdrawn} of 300 equal splits lost an arm");
        assert!(withdrawn <= 4, "{withdrawn} of 300");
    }

    #[test]
    fn an_arm_from_which_twice_as_many_hang_up_is_found_and_never_the_other() {
        let found: Vec<_> = (0..50).map(|seed| trial(seed, 3_000, 150, 300)).collect();
        assert!(found.iter().all(|found| found.as_ref().is_some_and(|(arm, _)| arm == "b")), "{found:?}");
    }

    #[test]
    fn who_chose_something_and_hung_up_outside_a_queue_was_served() {
        let mut arms = Arms::default();
        let ends = [
            ("menu_key", "caller-left", 0),
            ("menu_key", "abandoned", 1),
            ("step", "caller-left", 1),
            ("typed", "callback", 0),
        ];
        for (call, (kind, cause, gave_up)) in ends.into_iter().enumerate() {
            let call = call as u64;
            let before = arms.clone();
            arms.note(&event(call, 0, "arm", &[("flow", "line"), ("step", "choose"), ("arm", "a")]));
            arms.note(&event(call, 1, kind, &[("key", "known")]));
            arms.note(&event(call, 2, "ended", &[("by", "caller"), ("cause", cause)]));
            let of = |arms: &Arms| {
                arms.counts.values().flat_map(BTreeMap::values).map(|split| split["a"].gave_up).sum::<u64>()
            };
            assert_eq!(of(&arms) - of(&before), gave_up, "{kind} {cause}");
            assert!(arms.trips.is_empty());
        }
    }
}
