//! Open seats outlive the node: what is kept of them is written behind, and read at the next start (Q10).
use super::{Action, Switchboard};
use crate::call::{Keep, OpenSeat};
use crate::ids::SeatId;
use crate::machine::{Now, Wall};
use std::time::Duration;

impl Switchboard {
    /// The seats that were open when the last process ended. Their callers have a while to come back, counted from the
    /// start that found them gone.
    ///
    /// A wall clock that was set back meanwhile must not make all of them equally young: the youngest of them was taken
    /// before the end, so it is never later than that.
    pub fn restore_seats(&mut self, seats: Vec<OpenSeat>, now: Now) {
        let youngest = seats.iter().map(|seat| seat.since).max().unwrap_or(now.wall);
        let start = now.wall.max(youngest);
        for seat in seats {
            let Some(pool) = self.pool_of_queue.get(&seat.queue).copied() else { continue };
            let Some(settings) = self.settings.pools[pool].queues.get(&seat.queue) else { continue };
            let lost_for = seat.lost_at.map_or(Duration::ZERO, |lost| between(lost, now.wall));
            let age = between(seat.since, seat.talking_since.unwrap_or(start));
            let age = if seat.talking_since.is_some() { age + lost_for } else { age };
            if let Some(within) = settings.credit_within.checked_sub(lost_for) {
                self.pools[pool].restore_seat(&seat.number, &seat.queue, age, within, now.mono);
            }
        }
    }

    /// Something about a seat has changed: what the store has of it is brought up to date.
    pub(super) fn note_seat(&mut self, pool: usize, id: SeatId, now: Now, out: &mut Vec<Action>) {
        let Some(seat) = self.pools[pool].seat(id, now.mono) else { return };
        let (Some(number), Some(call)) = (seat.caller, self.seats.get(&id).copied()) else { return };
        let age = i64::try_from(seat.age.as_millis()).unwrap_or(i64::MAX);
        let talking_since = seat
            .talking_for
            .map(|talk| Wall(now.wall.0.saturating_sub(i64::try_from(talk.as_millis()).unwrap_or(i64::MAX))));
        let since = Wall(talking_since.unwrap_or(now.wall).0.saturating_sub(age));
        let (queue, class) = (seat.queue, seat.class);
        let open =
            OpenSeat { call, number, queue, class, since, talking_since, callback: None, lost_at: None };
        self.kept.insert(id, call);
        out.push(Action::Keep(Keep::SeatOpen(Box::new(open))));
    }

    /// The seat is closed. When the node is being stopped its callers are cut off and may come back to the next one.
    pub(super) fn forget_seat(&mut self, id: SeatId, out: &mut Vec<Action>) {
        self.seats.remove(&id);
        if let Some(call) = self.kept.remove(&id).filter(|_| !self.stopping) {
            out.push(Action::Keep(Keep::SeatClosed { call }));
        }
    }
}

fn between(from: Wall, to: Wall) -> Duration {
    Duration::from_millis(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}
