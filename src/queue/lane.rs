//! A lane: the seats of one queue that ask for the same skills, and the ready operators who may serve them.
//!
//! Whoever may serve one seat of a lane may serve them all, so the next service start is decided among the heads of the
//! lanes, however many wait behind them. A lane's rows hold places that do not change with time (see
//! [`Place`]); a pool has about as many lanes as queues.
use super::operator::{Duty, Standing};
use super::seat::{Place, Row};
use super::settings::{OperatorSettings, QueueSettings};
use crate::class::Class;
use crate::ids::{QueueName, Skill};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
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

    returned: BTreeSet<Place>,
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

type Rows = BTreeMap<Class, BTreeSet<Place>>;

impl Lane {
    pub fn new(queue: QueueName, skills: BTreeSet<Skill>, level: usize, settings: &QueueSettings) -> Self {
        let (tiers, least) = tiers(&skills, level, settings);
        Lane {
            queue,
            skills,
            level,
            tiers,
            least,
            returned: BTreeSet::new(),
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
            set.remove(&place);
        }
    }

    pub fn callbacks(&self) -> impl Iterator<Item = (Place, Class)> {
        self.callbacks.iter().flat_map(|(class, row)| row.iter().map(|place| (*place, *class)))
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
            .map(|place| Turn { rank: 0, place: *place, class: Class::Standard, is_callback: false })
            .collect();
        for (rows, is_callback) in [(&self.waiting, false), (&self.callbacks, true)] {
            for (class, row) in rows {
                let first = *class == Class::Priority && !over_share;
                turns.extend(row.iter().take(most).map(|place| Turn {
                    rank: if first { 1 } else { 2 },
                    place: if first { *place } else { place.boosted(*class) },
                    class: *class,
                    is_callback,
                }));
            }
        }
        turns
    }

    /// The turn of a seat that stands in a row without a phone.
    pub fn turn_of(&self, row: Row, place: Place, over_share: bool) -> Option<Turn> {
        let (class, is_callback) = match row {
            Row::Returned => {
                return Some(Turn { rank: 0, place, class: Class::Standard, is_callback: false });
            }
            Row::Waiting(class) => (class, false),
            Row::Callback(class) => (class, true),
            Row::None | Row::More(_) => return None,
        };
        let first = class == Class::Priority && !over_share;
        let place = if first { place } else { place.boosted(class) };
        Some(Turn { rank: if first { 1 } else { 2 }, place, class, is_callback })
    }

    /// How many of this lane come before a turn.
    pub fn ahead_of(&self, turn: &Turn, over_share: bool) -> usize {
        let returned = match turn.rank {
            0 => self.returned.range(..turn.place).count(),
            _ => self.returned.len(),
        };
        let rows = self.waiting.iter().chain(&self.callbacks);
        let others = rows.map(|(class, row)| {
            let rank = if *class == Class::Priority && !over_share { 1 } else { 2 };
            match rank.cmp(&turn.rank) {
                Ordering::Less => row.len(),
                Ordering::Greater => 0,
                Ordering::Equal if rank == 1 => row.range(..turn.place).count(),
                Ordering::Equal => row.range(..turn.place.unboosted(*class)).count(),
            }
        });
        returned + others.sum::<usize>()
    }

    // The heads of the rows.

    pub fn returned(&self) -> Option<Place> {
        self.returned.first().copied()
    }

    pub fn priority(&self) -> Option<Place> {
        self.waiting.get(&Class::Priority)?.first().copied()
    }

    pub fn priority_more(&self) -> Option<Place> {
        self.more.get(&Class::Priority)?.first().copied()
    }

    /// By age and boost; with Priority among them when it is over its share.
    pub fn ordinary(&self, with_priority: bool) -> Option<Place> {
        self.waiting
            .iter()
            .filter(|(class, _)| with_priority || **class != Class::Priority)
            .filter_map(|(class, row)| row.first().map(|place| place.boosted(*class)))
            .min()
    }

    /// By age and boost: seats whose phones ring and who want another.
    pub fn any_more(&self) -> Option<Place> {
        self.more.iter().filter_map(|(class, row)| row.first().map(|place| place.boosted(*class))).min()
    }

    /// By age alone: the oldest without a phone that is not Priority.
    pub fn oldest_ordinary(&self) -> Option<Place> {
        self.waiting
            .iter()
            .filter(|(class, _)| **class != Class::Priority)
            .filter_map(|(_, row)| row.first().copied())
            .min()
    }
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
