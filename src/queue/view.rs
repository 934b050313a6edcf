//! A pool at one moment, for people: pages, the API, the metrics.
use super::dispatcher::Dispatcher;
use super::event::Choice;
use super::measures::{PROMISE, Tally};
use super::operator::{Operator, Work};
use super::reserve::reserve;
use super::seat::{Seat, Stage};
use super::status::{OperatorStatus, QueueStatus};
use crate::class::Class;
use crate::ids::QueueName;
use crate::machine::{Instant, Now};
use std::collections::BTreeMap;
use std::time::Duration;

impl Dispatcher {
    pub fn queues(&self, now: Now) -> Vec<QueueStatus> {
        self.settings.queues.keys().map(|name| self.queue(name, now.mono)).collect()
    }

    fn queue(&self, name: &QueueName, now: Instant) -> QueueStatus {
        let mut waiting = BTreeMap::new();
        let mut longest_by_class: BTreeMap<Class, Duration> = BTreeMap::new();
        let mut undecided: BTreeMap<Class, [u64; 2]> = BTreeMap::new();
        for seat in self.waiting_in(name).filter(|seat| !seat.test) {
            let waited = seat.waited(now);
            *waiting.entry(seat.class).or_default() += 1;
            let longest = longest_by_class.entry(seat.class).or_default();
            *longest = waited.max(*longest);
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
        QueueStatus {
            name: name.clone(),
            waiting,
            longest_wait: longest_by_class.values().max().copied().unwrap_or_default(),
            longest_by_class,
            p10: self.measures.of(name, Class::Priority).p10(priority_undecided),
            service_level: all.service_level(undecided.values().map(|[_, target]| target).sum()),
            expected_wait: self.expected_wait(name),
            reserve: reserve(),
            tally: all,
            operators,
        }
    }

    fn waiting_in<'a>(&'a self, queue: &'a QueueName) -> impl Iterator<Item = &'a Seat> {
        let waits = |seat: &&Seat| !matches!(seat.stage, Stage::Talking { .. });
        self.seats.values().filter(move |seat| seat.queue == *queue).filter(waits)
    }

    /// From the present state: with n operators on duty for the queue, one of them is free every AHT ÷ n, and the next
    /// caller needs as many of these as there are seats before him, and one more. Zero while somebody is ready.
    fn expected_wait(&self, queue: &QueueName) -> Option<Duration> {
        let lane = self.lanes.iter().find(|lane| lane.queue == *queue && lane.skills.is_empty())?;
        if !lane.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let mut all = Tally::default();
        for class in Class::ALL {
            all.add(&self.measures.total(class));
        }
        let turns = u32::try_from(self.waiting_in(queue).count() + 1).ok()?;
        let on_duty = u32::try_from(lane.on_duty).ok().filter(|count| *count > 0)?;
        Some(all.average_handling()? * turns / on_duty)
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
