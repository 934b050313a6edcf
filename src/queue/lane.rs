//! A lane: the seats of one queue that ask for the same skills, and the ready operators who may serve them.
//!
//! Whoever may serve one seat of a lane may serve them all, so the next service start is decided among the heads of the
//! lanes, however many wait behind them. A lane's rows hold places that do not change with time (see
//! [`Place`]); a pool has about as many lanes as queues.
use super::operator::{Duty, Standing};
use super::ranked::Ranked;
use super::seat::{Place, Row};
use super::settings::{OperatorSettings, QueueSettings};
use crate::class::Class;
use crate::ids::{QueueName, Skill};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lane {
    pub queue: QueueName,
    pub skills: BTreeSet<Skill>,
    /// How far the queue's timeline has widened for these seats.
    pub level: usize,
    /// The skills needed in each tier, `level + 1` of them, and in the end.
    tiers: Vec<BTreeSet<Skill>>,
    least: BTreeSet<Skill>,

    returned: Ranked,
    waiting: Rows,
    more: Rows,
    callbacks: Rows,

    /// Candidates, the best first.
    pub ready: BTreeSet<Standing>,
    /// Of those who could serve it in the end: signed in, and neither paused nor unreachable.
    pub signed_in: usize,
    pub on_duty: usize,
    /// Somebody is signed in and nobody is on duty since then.
    pub all_paused_since: Option<Instant>,
    /// Who is signed in or on duty has changed, or a seat came that has to be told.
    pub review: bool,
    /// Those on duty know that nobody is signed in.
    pub alerted: bool,
}

/// A seat's turn in the order of Q1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// 0: returned; 1: Priority; 2: by age and boost.
    pub rank: u8,
    pub place: Place,
    pub class: Class,
    pub is_callback: bool,
}

type Rows = BTreeMap<Class, Ranked>;

impl Lane {
    pub fn new(queue: QueueName, skills: BTreeSet<Skill>, level: usize, settings: &QueueSettings) -> Self {
        let (tiers, least) = tiers(&skills, level, settings);
        Lane {
            queue,
            skills,
            level,
            tiers,
            least,
            returned: Ranked::default(),
            waiting: Rows::new(),
            more: Rows::new(),
            callbacks: Rows::new(),
            ready: BTreeSet::new(),
            signed_in: 0,
            on_duty: 0,
            all_paused_since: None,
            review: false,
            alerted: false,
        }
    }

    /// The first tier that this operator belongs to.
    pub fn tier_of(&self, operator: &OperatorSettings) -> Option<usize> {
        if !operator.queues.contains(&self.queue) {
            return None;
        }
        self.tiers.iter().position(|needed| needed.is_subset(&operator.skills))
    }

    /// Whether this operator could serve these seats, now or when the timeline has widened.
    pub fn could_be_served_by(&self, operator: &OperatorSettings) -> bool {
        operator.queues.contains(&self.queue) && self.least.is_subset(&operator.skills)
    }

    /// The skills that keep this operator out now.
    pub fn lacks(&self, operator: &OperatorSettings) -> BTreeSet<Skill> {
        let needed = self.tiers.last().unwrap_or(&self.skills);
        needed.difference(&operator.skills).cloned().collect()
    }

    pub fn count(&mut self, before: Duty, after: Duty) {
        for (duty, sign) in [(before, -1), (after, 1)] {
            self.signed_in =
                self.signed_in.saturating_add_signed(if duty == Duty::SignedOut { 0 } else { sign });
            self.on_duty = self.on_duty.saturating_add_signed(if duty == Duty::On { sign } else { 0 });
        }
        self.review = true;
    }

    pub fn insert(&mut self, row: Row, place: Place) {
        match row {
            Row::None => {}
            Row::Returned => {
                self.returned.insert(place);
            }
            Row::Waiting(class) => {
                self.waiting.entry(class).or_default().insert(place);
            }
            Row::More(class) => {
                self.more.entry(class).or_default().insert(place);
            }
            Row::Callback(class) => {
                self.callbacks.entry(class).or_default().insert(place);
            }
        }
    }

    pub fn remove(&mut self, row: Row, place: Place) {
        let set = match row {
            Row::None => None,
            Row::Returned => Some(&mut self.returned),
            Row::Waiting(class) => self.waiting.get_mut(&class),
            Row::More(class) => self.more.get_mut(&class),
            Row::Callback(class) => self.callbacks.get_mut(&class),
        };
        if let Some(set) = set {
            set.remove(place);
        }
    }

    pub fn callbacks(&self) -> impl Iterator<Item = (Place, Class)> {
        self.callbacks.iter().flat_map(|(class, row)| row.iter().map(|place| (place, *class)))
    }

    pub fn has_callbacks(&self) -> bool {
        self.callbacks.values().any(|row| !row.is_empty())
    }

    /// The first `most` of every row, those to be called among those on the line.
    pub fn turns(&self, over_share: bool, most: usize) -> Vec<Turn> {
        let mut turns: Vec<Turn> = self
            .returned
            .iter()
            .take(most)
            .map(|place| Turn { rank: 0, place, class: Class::Standard, is_callback: false })
            .collect();
        for (rows, is_callback) in [(&self.waiting, false), (&self.callbacks, true)] {
            for (class, row) in rows {
                let first = *class == Class::Priority && !over_share;
                turns.extend(row.iter().take(most).map(|place| Turn {
                    rank: if first { 1 } else { 2 },
                    place: if first { place } else { place.boosted(*class) },
                    class: *class,
                    is_callback,
                }));
            }
        }
        turns
    }

    // The heads of the rows.

    pub fn returned(&self) -> Option<Place> {
        self.returned.first()
    }

    pub fn priority(&self) -> Option<Place> {
        self.waiting.get(&Class::Priority)?.first()
    }

    pub fn priority_more(&self) -> Option<Place> {
        self.more.get(&Class::Priority)?.first()
    }

    /// By age and boost, among the classes that may be served now.
    pub fn ordinary(&self, may: impl Fn(Class) -> bool) -> Option<Place> {
        first_of(&self.waiting, may)
    }

    /// By age and boost: seats whose phones ring and who want another.
    pub fn any_more(&self, may: impl Fn(Class) -> bool) -> Option<Place> {
        first_of(&self.more, may)
    }

    /// By age alone: the oldest without a phone that is not Priority.
    pub fn oldest_ordinary(&self) -> Option<Place> {
        self.waiting
            .iter()
            .filter(|(class, _)| **class != Class::Priority)
            .filter_map(|(_, row)| row.first())
            .min()
    }

    // Counts.

    /// Seats without a phone that are not Priority.
    pub fn others_waiting(&self) -> usize {
        let others = self.waiting.iter().filter(|(class, _)| **class != Class::Priority);
        others.map(|(_, row)| row.len()).sum()
    }

    /// A seat waits for a first phone, or for another.
    pub fn somebody_waits(&self) -> bool {
        let mut rows = self
            .waiting
            .values()
            .chain(self.more.values())
            .chain(self.callbacks.values())
            .chain([&self.returned]);
        rows.any(|row| !row.is_empty())
    }

    /// Seats without a phone.
    pub fn waiting(&self) -> impl Iterator<Item = (Class, &Ranked)> {
        self.waiting.iter().map(|(class, row)| (*class, row))
    }

    /// Of the seats without a phone, those to be called among them, those before a seat of this class and place; with Priority in front of everybody, or
    /// among them when it is over its share.
    pub fn ahead(&self, class: Class, place: Place, over_share: bool) -> Ahead {
        let mut ahead = Ahead { returned: self.returned.len(), ..Ahead::default() };
        for (other, row) in self.waiting.iter().chain(&self.callbacks) {
            let first = |class| class == Class::Priority && !over_share;
            let before = match (first(*other), first(class)) {
                (true, false) => row.len(),
                (false, true) => 0,
                (true, true) => row.before(place),
                (false, false) => row.before(place.among(*other, class)),
            };
            *(if *other == Class::Priority { &mut ahead.priority } else { &mut ahead.others }) += before;
        }
        ahead
    }
}

/// Seats that come before another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    pub returned: usize,
    pub priority: usize,
    pub others: usize,
}

impl Ahead {
    pub fn all(self) -> usize {
        self.returned + self.priority + self.others
    }
}

fn first_of(rows: &Rows, may: impl Fn(Class) -> bool) -> Option<Place> {
    let open = rows.iter().filter(|(_, row)| !row.is_empty()).filter(|(class, _)| may(**class));
    open.filter_map(|(class, row)| row.first().map(|place| place.boosted(*class))).min()
}

fn tiers(
    skills: &BTreeSet<Skill>,
    level: usize,
    settings: &QueueSettings,
) -> (Vec<BTreeSet<Skill>>, BTreeSet<Skill>) {
    let mut needed = skills.clone();
    let mut tiers = vec![needed.clone()];
    for (n, widening) in settings.widen.iter().enumerate() {
        needed.retain(|skill| !widening.forgo.contains(skill));
        if n < level {
            tiers.push(needed.clone());
        }
    }
    (tiers, needed)
}
