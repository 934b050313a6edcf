//! How an operator's time is divided, and his occupancy (Q12). The live page and the reports both reckon here.
use super::event::OperatorState;
use super::operator::is_delay;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Every state but `offline`.
    pub signed_in: Duration,
    /// Breaks, whoever ordered them. A delay after a call that was not taken is none: it ends by itself.
    pub breaks: Duration,
    pub ready: Duration,
    /// From the claim to the answer, or to the end of ringing.
    pub ring: Duration,
    /// Hold included.
    pub talk: Duration,
    pub wrap_up: Duration,
}

impl Spent {
    /// Books a stretch of time in one state.
    pub fn book(&mut self, state: &OperatorState, time: Duration) {
        match state {
            OperatorState::Offline => return,
            OperatorState::Paused { reason } if !is_delay(reason) => self.breaks += time,
            OperatorState::Claimed | OperatorState::Ringing => self.ring += time,
            OperatorState::Talking => self.talk += time,
            OperatorState::WrapUp => self.wrap_up += time,
            OperatorState::Ready => self.ready += time,
            OperatorState::Paused { .. } | OperatorState::Unreachable => {}
        }
        self.signed_in += time;
    }

    /// (ring + talk + hold + wrap-up) ÷ (signed in − breaks); `None` for who was not there.
    pub fn occupancy(&self) -> Option<f64> {
        let available = self.signed_in.saturating_sub(self.breaks);
        let busy = self.ring + self.talk + self.wrap_up;
        (!available.is_zero()).then(|| busy.as_secs_f64() / available.as_secs_f64())
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Spent) {
        self.signed_in += other.signed_in;
        self.breaks += other.breaks;
        self.ready += other.ready;
        self.ring += other.ring;
        self.talk += other.talk;
        self.wrap_up += other.wrap_up;
    }
}
