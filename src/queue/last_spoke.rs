//! Who spoke with a caller last (Q4): he comes first for this caller for a day. Verified numbers only.
use crate::ids::OperatorId;
use crate::machine::Instant;
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// The longest-kept caller is forgotten first; that is a day of one connected call a second.
const CALLERS_MAX: usize = 86_400;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LastSpoke {
    by_caller: BTreeMap<Number, (OperatorId, Instant)>,
    by_time: BTreeSet<(Instant, Number)>,
}

impl LastSpoke {
    pub fn spoke(&mut self, caller: &Number, operator: &OperatorId, now: Instant) {
        if let Some((_, before)) = self.by_caller.insert(caller.clone(), (operator.clone(), now)) {
            self.by_time.remove(&(before, caller.clone()));
        }
        self.by_time.insert((now, caller.clone()));
        while let Some((at, oldest)) = self.by_time.first() {
            if now.since(*at) <= KEPT_FOR && self.by_time.len() <= CALLERS_MAX {
                break;
            }
            self.by_caller.remove(oldest);
            self.by_time.pop_first();
        }
    }

    pub fn with(&self, caller: &Number, now: Instant) -> Option<&OperatorId> {
        let (operator, at) = self.by_caller.get(caller)?;
        (now.since(*at) <= KEPT_FOR).then_some(operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_remembered_for_a_day() {
        let mut memory = LastSpoke::default();
        let caller = Number::parse("+79161234567").unwrap();
        let operator = OperatorId::from("101");
        memory.spoke(&caller, &operator, Instant::ZERO);
        assert_eq!(memory.with(&caller, Instant::ZERO + KEPT_FOR), Some(&operator));
        assert_eq!(memory.with(&caller, Instant::ZERO + KEPT_FOR + Duration::from_nanos(1)), None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut memory = LastSpoke::default();
        let operator = OperatorId::from("101");
        let caller = |n: usize| Number::parse(&format!("7916{n:07}")).unwrap();
        for n in 0..=CALLERS_MAX {
            memory.spoke(&caller(n), &operator, Instant::from_nanos(n as u64));
        }
        let now = Instant::from_nanos(CALLERS_MAX as u64);
        assert_eq!(memory.by_caller.len(), CALLERS_MAX);
        assert_eq!(memory.with(&caller(0), now), None);
        assert_eq!(memory.with(&caller(1), now), Some(&operator));
    }
}
