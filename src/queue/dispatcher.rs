//! The dispatcher of one pool.
use super::event::{Action, Event};
use super::measures::Measures;
use super::settings::PoolSettings;
use super::status::{OperatorStatus, QueueStatus, Reason};
use crate::ids::{OperatorId, SeatId};
use crate::machine::{Instant, Machine, Now};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dispatcher {
    settings: PoolSettings,
    measures: Measures,
}

impl Dispatcher {
    /// Operators with a static contact are ready at the start.
    pub fn new(settings: PoolSettings, _seed: u64) -> Self {
        Dispatcher { settings, measures: Measures::default() }
    }

    /// Where this pool's [`OfferId`](crate::ids::OfferId)s and [`RequestId`](crate::ids::RequestId)s begin: the pool's
    /// number, plus one, in the upper 16 bits. A node with several pools gives each its own.
    pub fn numbered(self, _pool: u16) -> Self {
        self
    }

    /// After a restart, before anything else (Q7).
    pub fn restore_choice(&mut self, _operator: &OperatorId, _paused: Option<String>) {}

    pub fn queues(&self, _now: Now) -> Vec<QueueStatus> {
        Vec::new()
    }

    pub fn operators(&self, _now: Now) -> Vec<OperatorStatus> {
        Vec::new()
    }

    /// Q4: every operator of the pool, the candidates first and in their order, each with a reason.
    pub fn explain(&self, _seat: SeatId, _now: Now) -> Vec<Reason> {
        Vec::new()
    }

    /// Q12.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    pub fn settings(&self) -> &PoolSettings {
        &self.settings
    }
}

impl Machine for Dispatcher {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, _event: Event, _now: Now, _out: &mut Vec<Action>) {}

    fn handle_timeout(&mut self, _now: Now, _out: &mut Vec<Action>) {}

    fn next_timeout(&self) -> Option<Instant> {
        None
    }
}
