//! Which lanes compete for the same operators: for every two lanes, how many who are on duty could serve both. A seat in
//! another lane stands before a caller only as far as their operators are the same.
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Overlap {
    /// Square and symmetric; on the diagonal, a lane's operators on duty.
    shared: Vec<Vec<u32>>,
}

impl Overlap {
    /// A lane more, with nobody yet.
    pub fn add_lane(&mut self) {
        for row in &mut self.shared {
            row.push(0);
        }
        self.shared.push(vec![0; self.shared.len() + 1]);
    }

    /// An operator who could serve these lanes comes on duty, or goes off it.
    pub fn count(&mut self, lanes: &[usize], comes: bool) {
        for a in lanes {
            for b in lanes {
                self.change(*a, *b, comes);
            }
        }
    }

    /// An operator on duty could also serve this lane, which is new.
    pub fn joins(&mut self, lane: usize, others: &[usize]) {
        for other in others.iter().filter(|other| **other != lane) {
            self.change(lane, *other, true);
            self.change(*other, lane, true);
        }
        self.change(lane, lane, true);
    }

    fn change(&mut self, a: usize, b: usize, up: bool) {
        if let Some(count) = self.shared.get_mut(a).and_then(|row| row.get_mut(b)) {
            *count = if up { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    /// Of the operators who are on duty for `other`, the share who could serve `lane` as well.
    pub fn share(&self, lane: usize, other: usize) -> f64 {
        let count = |a: usize, b: usize| self.shared.get(a).and_then(|row| row.get(b)).copied().unwrap_or(0);
        match count(other, other) {
            0 => 0.0,
            all => f64::from(count(lane, other)) / f64::from(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_other_lanes_operators() {
        let mut overlap = Overlap::default();
        overlap.add_lane();
        overlap.add_lane();
        overlap.count(&[0, 1], true);
        overlap.count(&[1], true);
        assert_eq!((overlap.share(0, 1), overlap.share(1, 0)), (0.5, 1.0));
        overlap.add_lane();
        overlap.joins(2, &[0, 1]);
        assert_eq!((overlap.share(2, 1), overlap.share(0, 2)), (0.5, 1.0));
        overlap.count(&[1], false);
        assert_eq!(overlap.share(0, 1), 1.0);
    }
}
