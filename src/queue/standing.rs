//! Where a seat stands (Q8): its place in its queue, and how long it will take, from the present state.
//!
//! The operators who can serve the seat are ready, or will be when their talks end; each of them is free again a usual talk
//! later, and again. The seats that come before it take these moments one after the other, and the next one is its own.
use super::dispatcher::Dispatcher;
use super::lane::Lane;
use super::operator::Duty;
use super::status::SeatStanding;
use crate::ids::SeatId;
use crate::machine::{Instant, Now};
use std::time::Duration;

impl Dispatcher {
    /// `None` for a seat that does not wait. One whose phones ring is the first, as soon as somebody picks up.
    pub fn standing(&self, id: SeatId, now: Now) -> Option<SeatStanding> {
        let seat = self.seats.get(&id)?;
        let over_share = self.share.is_over(self.settings.max_share)
            && self.lanes.iter().any(|lane| lane.oldest_ordinary().is_some());
        let own = &self.lanes[seat.lane];
        let Some(turn) = own.turn_of(seat.row, seat.place(), over_share) else {
            let rings = !seat.phones().is_empty();
            return rings.then_some(SeatStanding { position: 1, expected_wait: None });
        };
        let before = |lane: &Lane| lane.ahead_of(&turn, over_share);
        let in_queue: usize = self.lanes.iter().filter(|lane| lane.queue == seat.queue).map(before).sum();
        let in_pool: usize =
            self.lanes.iter().filter(|lane| self.share_operators(own, lane)).map(before).sum();
        Some(SeatStanding {
            position: u32::try_from(in_queue + 1).unwrap_or(u32::MAX),
            expected_wait: self.wait_behind(in_pool, own, now.mono),
        })
    }

    fn share_operators(&self, a: &Lane, b: &Lane) -> bool {
        a.queue == b.queue
            || self.operators.values().any(|operator| {
                a.could_be_served_by(&operator.settings) && b.could_be_served_by(&operator.settings)
            })
    }

    /// The wait of a seat with so many before it.
    fn wait_behind(&self, ahead: usize, lane: &Lane, now: Instant) -> Option<Duration> {
        let handling = self.usual_handling();
        let serves = |operator: &&super::operator::Operator| lane.could_be_served_by(&operator.settings);
        let on_duty = self.operators.values().filter(serves).filter(|operator| operator.duty == Duty::On);
        let mut free_in: Vec<Duration> = self
            .slots(now)
            .into_iter()
            .filter(|slot| lane.could_be_served_by(&slot.operator.settings))
            .map(|slot| slot.free_in)
            .collect();
        // Those with whom somebody is being connected: a whole talk is before them.
        let busy = on_duty.count().saturating_sub(free_in.len());
        free_in.extend(handling.into_iter().flat_map(|handling| std::iter::repeat_n(handling, busy)));
        free_in.sort_unstable();
        let round = ahead.checked_div(free_in.len())?;
        let first = free_in.get(ahead % free_in.len())?;
        match round {
            0 => Some(*first),
            round => Some(*first + handling? * u32::try_from(round).ok()?),
        }
    }
}
