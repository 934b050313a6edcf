//! What people see of a call.
use super::dial::{Dial, DialState, Purpose};
use super::machine::{Call, millis};
use super::record::{CallView, SupervisedView, TransferView};
use crate::ids::OperatorId;
use crate::machine::{Instant, Now};
use crate::number::Number;

impl Call {
    /// The operator who talks with the caller, or comes back to him.
    pub fn operator(&self) -> Option<&OperatorId> {
        let lost = || self.lost.as_ref().map(|lost| &lost.operator);
        self.talking().and_then(Dial::operator).or_else(lost)
    }

    /// Every operator who has a telephone in this call.
    pub fn operators(&self) -> impl Iterator<Item = &OperatorId> {
        let phones = self.dials.values().filter_map(|dial| match &dial.purpose {
            Purpose::Supervise { operator, .. } => Some(operator),
            _ => dial.operator(),
        });
        phones.chain(self.lost.iter().map(|lost| &lost.operator))
    }

    /// What people see of the call: its stage, and since when.
    pub fn stage(&self) -> (&'static str, Instant) {
        let stage = if self.talking().is_some() || self.lost.is_some() {
            "talking"
        } else if self.dials.values().any(|dial| dial.state == DialState::Ringing) {
            "ringing"
        } else if self.seat.is_some() {
            "waiting"
        } else {
            "menu"
        };
        let since = match &self.seat {
            Some(seat) if stage != "talking" => seat.enqueued,
            _ => self.stage_since,
        };
        (stage, since)
    }

    /// The row of `GET /calls`.
    pub fn view(&self, now: Now) -> CallView {
        let (stage, since) = self.stage();
        CallView {
            id: self.id,
            line: self.record.line.clone(),
            caller: Number::parse(&self.record.caller).map(|n| n.masked()).unwrap_or_default(),
            class: self.seat.as_ref().map_or(self.class, |seat| seat.class),
            stage,
            queue: self.record.queue.as_ref().filter(|_| stage != "menu").map(|queue| queue.to_string()),
            step: self.step.clone(),
            since_ms: millis(now.mono.since(since)),
            operator: self.operator().cloned(),
            supervised: self
                .supervisor()
                .map(|(by, mode)| SupervisedView { by: by.clone(), mode: mode.as_str() }),
            recording: self.recording_stage(),
            transfer: self
                .transfer_operator()
                .map(|(transfer, to)| TransferView { to: to.cloned(), stage: transfer.stage() }),
        }
    }
}
