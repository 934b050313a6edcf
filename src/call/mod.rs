//! One call: its caller's leg, its flow, its seat, its operators' legs, and what is kept of it.
//!
//! `machine` holds the call's state and its life; `effects` carries out what the flow wants; `ending` ends it; `operators` rings, bridges
//! and releases phones; `called_back` dials the caller himself, who wanted it so; `dial` is one such phone; `record` is what is kept.
mod called_back;
mod context;
mod dial;
mod effects;
mod ending;
pub mod event;
mod machine;
mod operators;
pub mod record;

pub use called_back::Recall;
pub use context::{Context, Ids, Outbound, Rules};
pub use event::{Action, Endpoint, Event, Happened};
pub use machine::{Admitted, Call};
pub use record::{
    Answer, Ask, CallEvent, CallRecord, CallView, CallbackPlan, Keep, Message, NewTicket, OpenCallback,
    OpenSeat,
};
