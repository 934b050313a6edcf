//! One call: its caller's leg, its flow, its seat, its operators' legs, and what is kept of it.
//!
//! `machine` holds the call's state and its life; `effects` carries out what the flow wants; `ending` ends it; `operators` rings, bridges
//! and releases phones; `called_back` dials the caller himself, who wanted it so; `dial` is one such phone; `record` is what is kept.
//! `transfer` passes the caller on, `lost` awaits a page that was reloaded, `supervise` lets a supervisor in, and `talk_recording`
//! records the talk where it may. `out` is a call that an operator makes.
mod announcement;
mod begin;
mod called_back;
mod context;
mod dial;
mod effects;
mod ending;
pub mod event;
mod lost;
mod machine;
mod moved;
mod operators;
pub mod order;
pub mod out;
pub mod record;
mod supervise;
mod talk_recording;
mod transfer;
mod view;

pub use begin::Admitted;
pub use called_back::Recall;
pub use context::{Context, Ids, Outbound, Rules};
pub use event::{Action, Endpoint, Event, Happened};
pub use machine::Call;
pub use record::{
    Answer, Ask, CallEvent, CallRecord, CallView, CallbackPlan, Keep, Message, NewTicket, OpenCallback,
    OpenSeat, SupervisedView, TalkRecord, TransferView,
};
pub use transfer::{TransferMode, TransferTo};
