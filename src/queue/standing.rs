//! Where a seat stands, for its caller's ear (Q8): its place in its own queue, and how long it will take.
use super::dispatcher::Dispatcher;
use super::lane::Ahead;
use super::seat::Stage;
use super::status::SeatOutlook;
use crate::ids::SeatId;
use crate::machine::Now;

impl Dispatcher {
    /// `None` for a seat that does not wait on the line. One whose phones ring is the first, as soon as somebody picks up.
    pub fn outlook(&self, id: SeatId, now: Now) -> Option<SeatOutlook> {
        let seat = self.seats.get(&id)?;
        let Stage::Waiting { phones } = &seat.stage else { return None };
        if !phones.is_empty() {
            return Some(SeatOutlook { position: 1, expected_wait: None });
        }
        let over_share = self.priority_over_share();
        let own = self.lanes.iter().filter(|lane| lane.queue == seat.queue);
        let before = own.map(|lane| lane.ahead(seat.class, seat.place(), over_share));
        let before = match seat.returned {
            true => 0,
            false => before.map(Ahead::all).sum(),
        };
        Some(SeatOutlook {
            position: u32::try_from(before + 1).unwrap_or(u32::MAX),
            expected_wait: self.expected_wait(id, now).map(|wait| wait.mean),
        })
    }
}
