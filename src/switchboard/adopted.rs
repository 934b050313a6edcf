//! Flows that are read again while calls are on: a call keeps the set that it began with, and a set that no call walks
//! any more is forgotten.
//!
//! ```text
//!   Adopt(B) ─▶ current: B ─▶ new calls walk B          last call of A ends ─▶ A is forgotten
//! ```
use super::{Action, Switchboard};
use crate::call::Call;
use crate::flow::{FlowSet, Source};
use crate::ids::FlowSetHash;
use crate::machine::Now;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// A checked set on its way to the calls that are to begin with it. Written down it is its texts, so that a replay makes
/// the same set again; two are the same when their hashes are.
#[derive(Clone, Debug)]
pub struct Adopted(pub Arc<FlowSet>);

impl PartialEq for Adopted {
    fn eq(&self, other: &Adopted) -> bool {
        self.0.hash() == other.0.hash()
    }
}

impl Serialize for Adopted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.source().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Adopted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Adopted, D::Error> {
        let set = Source::deserialize(deserializer)?.compile();
        let unread = || serde::de::Error::custom("these flows are no longer read without an error");
        set.map(|set| Adopted(Arc::new(set))).ok_or_else(unread)
    }
}

impl Switchboard {
    pub(super) fn adopt(&mut self, flows: Arc<FlowSet>, now: Now, out: &mut Vec<Action>) {
        let before = std::mem::replace(&mut self.current, flows.hash());
        self.flows.insert(self.current, flows);
        if let Some(old) = self.flows.get(&before).cloned() {
            self.renew_arms(&old, now, out);
        }
        self.retire(before);
    }

    /// Forgets a set that nobody walks.
    pub(super) fn retire(&mut self, set: FlowSetHash) {
        if set != self.current && !self.calls.values().map(Call::flows).any(|walked| walked == set) {
            self.flows.remove(&set);
        }
    }

    /// Sets in memory: the current one, and those of calls that began earlier.
    pub fn flow_sets(&self) -> usize {
        self.flows.len()
    }
}
