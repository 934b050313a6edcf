//! A pool at one moment, for people: pages, the API, the metrics.
use super::dispatcher::Dispatcher;
use super::event::Choice;
use super::measures::{PROMISE, Tally};
use super::operator::{Operator, Work};
use super::seat::Seat;
use super::status::{OperatorStatus, QueueStatus};
use crate::class::Class;
use crate::ids::QueueName;
use crate::machine::Now;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl Dispatcher {
    pub fn queues(&self, now: Now) -> Vec<QueueStatus> {
        let mut open: BTreeMap<&QueueName, Vec<&Seat>> = BTreeMap::new();
        for seat in self.seats.values().filter(|seat| !seat.has_talked()) {
            open.entry(&seat.queue).or_default().push(seat);
        }
        let open_in = |name| open.get(name).map_or(&[][..], Vec::as_slice);
        self.settings.queues.keys().map(|name| self.queue(name, open_in(name), now)).collect()
    }

    fn queue(&self, name: &QueueName, open: &[&Seat], now: Now) -> QueueStatus {
        let mut waiting = BTreeMap::new();
        let mut longest_by_class: BTreeMap<Class, Duration> = BTreeMap::new();
        let mut undecided: BTreeMap<Class, [u64; 2]> = BTreeMap::new();
        for seat in open {
            let waited = seat.waited(now.mono);
            *waiting.entry(seat.class).or_default() += 1;
            let longest = longest_by_class.entry(seat.class).or_default();
            *longest = waited.max(*longest);
            if seat.test {
                continue;
            }
            let [promise, target] = undecided.entry(seat.class).or_default();
            *promise += u64::from(waited <= PROMISE);
            *target += u64::from(waited <= seat.class.target());
        }
        let mut all = Tally::default();
        for class in Class::ALL {
            all.add(&self.measures.of(name, class));
        }
        let priority_undecided = undecided.get(&Class::Priority).map_or(0, |[promise, _]| *promise);
        let mut operators: BTreeMap<&'static str, usize> = BTreeMap::new();
        for operator in self.operators.values().filter(|operator| operator.settings.queues.contains(name)) {
            *operators.entry(operator.shown.as_str()).or_default() += 1;
        }
        let expected = self.expected_wait_of_newcomer(name, Class::Standard, &BTreeSet::new(), now);
        let reserve = self.reserve_status();
        QueueStatus {
            name: name.clone(),
            waiting,
            longest_wait: longest_by_class.values().max().copied().unwrap_or_default(),
            longest_by_class,
            p10: self.measures.of(name, Class::Priority).p10(priority_undecided),
            service_level: all.service_level(undecided.values().map(|[_, target]| target).sum()),
            tally: all,
            expected_wait: expected.map(|wait| wait.mean),
            reserve: reserve.reserve,
            missing: reserve.missing,
            reserve_cost: reserve.cost_to_others,
            operators,
        }
    }

    pub fn operators(&self, now: Now) -> Vec<OperatorStatus> {
        let status = |operator: &Operator| {
            let offer = match operator.work {
                Work::Offered { offer, .. } | Work::Talking { offer } => Some(offer),
                Work::Free | Work::Releasing { .. } | Work::WrapUp { .. } => None,
            };
            let seat = offer.and_then(|offer| self.offers.get(&offer)).map(|offer| offer.seat);
            OperatorStatus {
                id: operator.id.clone(),
                name: operator.settings.name.clone(),
                state: operator.shown.clone(),
                since: now.mono.since(operator.shown_since),
                left: operator.wrap_up_until().map(|until| until.since(now.mono)),
                queues: operator.settings.queues.clone(),
                seat,
                offer,
                queued: operator.queued.clone(),
                paused: match &operator.choice {
                    Choice::Ready => None,
                    Choice::Paused { reason } => Some(reason.clone()),
                },
                calls: operator.calls,
                occupancy: operator.occupancy(now.mono),
            }
        };
        self.operators.values().map(status).collect()
    }
}
