//! What others see of a call.
use super::dial::{Dial, DialState, Purpose};
use super::machine::{Call, millis};
use super::record::{CallView, SupervisedView, TransferView};
use crate::flow::{self, FlowSet};
use crate::ids::{CallId, FlowSetHash, LegId, OperatorId, QueueName, SeatId, ShardId};
use crate::machine::{Instant, Now, Wall};
use crate::number::Number;

impl Call {
    /// The seat in which the caller waits.
    pub fn waits_in(&self) -> Option<(SeatId, &QueueName)> {
        self.seat.as_ref().filter(|_| self.ended.is_none()).map(|seat| (seat.id, &seat.queue))
    }

    pub fn id(&self) -> CallId {
        self.id
    }

    /// Who is at this leg's other end, for people who read the ladder: an operator by his id, and no number.
    pub fn party(&self, leg: LegId) -> String {
        match self.dials.get(&leg).map(|dial| &dial.purpose) {
            Some(Purpose::Offer { operator, .. } | Purpose::Consult { operator: Some(operator), .. }) => {
                format!("operator {operator}")
            }
            Some(Purpose::Supervise { operator, .. }) => format!("supervisor {operator}"),
            Some(Purpose::Transfer { .. } | Purpose::Consult { operator: None, .. }) => "party".into(),
            None => "caller".into(),
        }
    }

    pub fn shard(&self) -> ShardId {
        self.shard
    }

    pub fn flows(&self) -> FlowSetHash {
        self.flows
    }

    /// Whether this call's number is this one, and believed.
    pub fn is_verified_caller(&self, number: &Number) -> bool {
        self.record.verified && self.record.caller == number.as_str()
    }

    /// The caller's number, believed or not.
    pub fn number(&self) -> Option<Number> {
        Number::parse(&self.record.caller)
    }

    pub fn is_from_test_source(&self) -> bool {
        self.test_source
    }

    /// A test call: counted nowhere (Q12).
    pub fn is_test(&self) -> bool {
        self.test
    }

    /// Whether the call is over and only its record is awaited.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Every leg that may still be spoken of.
    pub fn legs(&self) -> impl Iterator<Item = LegId> {
        self.closing.keys().chain(self.dials.keys()).copied().chain([self.leg])
    }

    /// Whether a digit that comes now is, or may be, one of a secret step and must be written down nowhere.
    pub fn hides_keys(&self, flows: &FlowSet) -> bool {
        self.interpreter.hides_keys(flows)
    }

    /// When this caller was last asked by a `survey`.
    pub fn surveyed(&mut self, at: Option<Wall>) {
        self.interpreter.surveyed(at);
    }

    pub fn caller(&self) -> &str {
        &self.record.caller
    }

    /// A variable of the running flow.
    pub fn flow_var(&self, name: &str) -> Option<&flow::Var> {
        self.interpreter.var(name)
    }

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
