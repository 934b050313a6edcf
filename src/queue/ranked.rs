//! An ordered set that knows how many come before: a caller's position among ten thousand without counting them.
//!
//! Places lie in runs of at most [`RUN_MAX`], the runs in order. Finding, adding and taking out are two binary searches and
//! the shift of part of a run; the number before a place is the sum of the lengths of the runs before its own.
use super::seat::Place;
use serde::{Deserialize, Serialize};

/// A run that grows beyond this is split: ten thousand places are some forty runs of 6 to 12 KB.
const RUN_MAX: usize = 512;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ranked {
    /// None is empty.
    runs: Vec<Vec<Place>>,
    len: usize,
}

impl Ranked {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn first(&self) -> Option<Place> {
        self.runs.first()?.first().copied()
    }

    pub fn insert(&mut self, place: Place) {
        let run = self.run_of(place);
        let Some(places) = self.runs.get_mut(run) else {
            self.runs.push(vec![place]);
            self.len = 1;
            return;
        };
        let Err(at) = places.binary_search(&place) else { return };
        places.insert(at, place);
        self.len += 1;
        if places.len() > RUN_MAX {
            let upper = places.split_off(RUN_MAX / 2);
            self.runs.insert(run + 1, upper);
        }
    }

    pub fn remove(&mut self, place: Place) {
        let run = self.run_of(place);
        let Some(places) = self.runs.get_mut(run) else { return };
        let Ok(at) = places.binary_search(&place) else { return };
        places.remove(at);
        self.len -= 1;
        if places.is_empty() {
            self.runs.remove(run);
        }
    }

    /// How many come before this place, whether or not it is one of them.
    pub fn before(&self, place: Place) -> usize {
        let run = self.run_of(place);
        let Some(places) = self.runs.get(run) else { return 0 };
        let inside = places.partition_point(|other| *other < place);
        self.runs[..run].iter().map(Vec::len).sum::<usize>() + inside
    }

    pub fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.runs.iter().flatten().copied()
    }

    /// The last run that begins at or before this place, else the first.
    fn run_of(&self, place: Place) -> usize {
        self.runs.partition_point(|run| run.first().is_some_and(|first| *first <= place)).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeatId;
    use crate::machine::Instant;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};
    use std::collections::BTreeSet;

    #[test]
    fn it_is_an_ordered_set_that_counts() {
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        let (mut ranked, mut set) = (Ranked::default(), BTreeSet::new());
        for _ in 0..20_000 {
            let n = dice.next_u64() % 4000;
            let place = Place::at(Instant::from_nanos(n), n, SeatId(n));
            if dice.next_u64().is_multiple_of(3) {
                ranked.remove(place);
                set.remove(&place);
            } else {
                ranked.insert(place);
                set.insert(place);
            }
            assert_eq!((ranked.len(), ranked.first()), (set.len(), set.first().copied()));
        }
        assert!(ranked.iter().eq(set.iter().copied()));
        for n in 0..4000 {
            let place = Place::at(Instant::from_nanos(n), n, SeatId(n));
            assert_eq!(ranked.before(place), set.range(..place).count());
        }
        for place in set {
            ranked.remove(place);
        }
        assert!(ranked.is_empty() && ranked.first().is_none());
    }
}
