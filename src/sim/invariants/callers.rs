//! Who waits, as the checkers see it.
use crate::class::Class;
use crate::ids::{OfferId, OperatorId, QueueName, SeatId, Skill};
use crate::machine::Instant;
use crate::number::Number;
use crate::queue::{PoolSettings, QueueSettings};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Waits,
    /// To be called back.
    Away(Away),
    /// An operator answered; the promise clock still runs.
    Bridges {
        offer: OfferId,
    },
    Talks {
        offer: OfferId,
        since: Instant,
    },
}

/// Q9: where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Away {
    /// In the call in which he asked for it.
    OnTheLine,
    Pending,
    Dialled,
    /// Nobody was reached; not to be dialled before this time.
    Rests {
        until: Instant,
    },
    /// Nobody was dialled: when the next try is made, no rule says.
    Postponed,
    /// The last try reached nobody: the seat is to be closed in this step.
    GivenUp,
}

#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub queue: QueueName,
    pub class: Class,
    pub skills: BTreeSet<Skill>,
    pub sequence: u64,
    pub joined_at: Instant,
    /// Into this queue.
    pub entered_at: Instant,
    /// `max_wait` begins here.
    pub on_the_line_since: Instant,
    pub absence: Duration,
    pub credit: Duration,
    pub number: Option<Number>,
    /// A connection failed: before everybody else.
    pub returned: bool,
    pub stage: Stage,
    pub phones: BTreeSet<OfferId>,
    pub first_rung_at: Option<Instant>,
    /// Where he is to be called, and the tries that reached nobody.
    pub callback_to: Option<Number>,
    pub tries: usize,
    /// Once chosen, his connection counts as a callback.
    pub called_back: bool,
}

impl Caller {
    pub fn waited(&self, now: Instant) -> Duration {
        now.since(self.joined_at + self.absence)
    }

    pub fn age(&self, now: Instant) -> Duration {
        self.waited(now) + self.credit
    }

    pub fn waits_unrung(&self) -> bool {
        self.stage == Stage::Waits && self.phones.is_empty()
    }

    pub fn away(&self) -> Option<Away> {
        match self.stage {
            Stage::Away(away) => Some(away),
            Stage::Waits | Stage::Bridges { .. } | Stage::Talks { .. } => None,
        }
    }

    /// No phone rings for him and nobody has answered.
    pub fn is_unrung(&self) -> bool {
        self.waits_unrung() || self.away().is_some()
    }
}

/// A queue that the settings no longer name, kept for those who wait in it (edge case 13).
#[derive(Clone, Debug)]
struct Retired {
    settings: QueueSettings,
    operators: BTreeSet<OperatorId>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Callers {
    pub seats: BTreeMap<SeatId, Caller>,
    sequence: u64,
    retired: BTreeMap<QueueName, Retired>,
    /// Q10: those who hung up, with their age and when.
    cut_off: BTreeMap<(Number, QueueName), (Duration, Instant)>,
}

impl Callers {
    /// Q10: his age is kept for him; of two the older one.
    pub fn cut_off(&mut self, caller: &Caller, within: Duration, now: Instant) {
        let Some(number) = caller.number.clone() else { return };
        let key = (number, caller.queue.clone());
        let before = self.cut_off.get(&key).filter(|(_, at)| now.since(*at) <= within);
        let age = before.map_or(Duration::ZERO, |(age, _)| *age).max(caller.age(now));
        self.cut_off.insert(key, (age, now));
    }

    #[allow(clippy::too_many_arguments)] // what an event says, and what is owed
    pub fn join(
        &mut self,
        seat: SeatId,
        queue: QueueName,
        class: Class,
        skills: BTreeSet<Skill>,
        number: Option<Number>,
        within: Duration,
        now: Instant,
    ) {
        self.sequence += 1;
        let key = number.clone().map(|number| (number, queue.clone()));
        let owed = key.and_then(|key| self.cut_off.remove(&key)).filter(|(_, at)| now.since(*at) <= within);
        let caller = Caller {
            queue,
            class,
            skills,
            sequence: self.sequence,
            joined_at: now,
            entered_at: now,
            on_the_line_since: now,
            absence: Duration::ZERO,
            credit: owed.map_or(Duration::ZERO, |(age, _)| age),
            number,
            returned: false,
            stage: Stage::Waits,
            phones: BTreeSet::new(),
            first_rung_at: None,
            callback_to: None,
            tries: 0,
            called_back: false,
        };
        self.seats.insert(seat, caller);
    }

    pub fn stage(&self, seat: SeatId) -> Option<Stage> {
        self.seats.get(&seat).map(|caller| caller.stage)
    }

    pub fn rings_no_more(&mut self, seat: SeatId, offer: OfferId) {
        if let Some(caller) = self.seats.get_mut(&seat) {
            caller.phones.remove(&offer);
        }
    }

    pub fn queue<'a>(&'a self, settings: &'a PoolSettings, queue: &QueueName) -> Option<&'a QueueSettings> {
        settings.queues.get(queue).or_else(|| self.retired.get(queue).map(|retired| &retired.settings))
    }

    pub fn class_in(&self, settings: &PoolSettings, queue: &QueueName, class: Class) -> Class {
        match (class, self.queue(settings, queue).and_then(|queue| queue.class)) {
            (Class::Priority, _) | (_, None) => class,
            (_, Some(of_queue)) => of_queue,
        }
    }

    pub fn wrap_up(&self, settings: &PoolSettings, seat: SeatId) -> Duration {
        let queue = self.seats.get(&seat).and_then(|caller| self.queue(settings, &caller.queue));
        queue.map_or(Duration::ZERO, |queue| queue.wrap_up)
    }

    pub fn ring_timeout(&self, settings: &PoolSettings, seat: SeatId) -> Option<Duration> {
        let caller = self.seats.get(&seat)?;
        self.queue(settings, &caller.queue).map(|queue| queue.ring_timeout)
    }

    /// Q4: the skills that a caller needs after so much of his queue's timeline.
    fn needs(&self, settings: &PoolSettings, caller: &Caller, waited: Duration) -> BTreeSet<Skill> {
        let mut needed = caller.skills.clone();
        for widening in self.queue(settings, &caller.queue).map_or(&[][..], |queue| &queue.widen) {
            if widening.after <= waited {
                needed.retain(|skill| !widening.forgo.contains(skill));
            }
        }
        needed
    }

    pub fn may_serve(
        &self,
        settings: &PoolSettings,
        operator: &OperatorId,
        caller: &Caller,
        now: Instant,
    ) -> bool {
        self.fits(settings, operator, caller, now.since(caller.entered_at))
    }

    /// Whether two callers stand in the same row: whoever may serve one may serve the other.
    pub fn stand_together(&self, settings: &PoolSettings, a: &Caller, b: &Caller, now: Instant) -> bool {
        let needs = |caller: &Caller| self.needs(settings, caller, now.since(caller.entered_at));
        (&a.queue, a.class) == (&b.queue, b.class) && needs(a) == needs(b)
    }

    pub fn serves_any(&self, settings: &PoolSettings, operator: &OperatorId) -> bool {
        settings.operators.get(operator).is_some_and(|known| !known.queues.is_empty())
            || self.retired.values().any(|retired| retired.operators.contains(operator))
    }

    /// At the end of the queue's timeline.
    pub fn could_serve(&self, settings: &PoolSettings, operator: &OperatorId, caller: &Caller) -> bool {
        self.fits(settings, operator, caller, Duration::MAX)
    }

    fn fits(
        &self,
        settings: &PoolSettings,
        operator: &OperatorId,
        caller: &Caller,
        waited: Duration,
    ) -> bool {
        let Some(known) = settings.operators.get(operator) else { return false };
        let serves = known.queues.contains(&caller.queue)
            || self.retired.get(&caller.queue).is_some_and(|retired| retired.operators.contains(operator));
        serves && self.needs(settings, caller, waited).is_subset(&known.skills)
    }

    /// Before new settings apply: queues that they leave out and in which somebody waits.
    pub fn keep_retired(&mut self, before: &PoolSettings, after: &PoolSettings) {
        let in_use: BTreeSet<QueueName> = self.seats.values().map(|caller| caller.queue.clone()).collect();
        self.retired.retain(|queue, _| in_use.contains(queue) && !after.queues.contains_key(queue));
        for queue in in_use {
            if let Some(settings) = before.queues.get(&queue)
                && !after.queues.contains_key(&queue)
            {
                let serves = before.operators.iter().filter(|(_, operator)| operator.queues.contains(&queue));
                let operators = serves.map(|(id, _)| id.clone()).collect();
                self.retired.insert(queue, Retired { settings: settings.clone(), operators });
            }
        }
    }
}
