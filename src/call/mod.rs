//! One call: its caller's leg, its flow, its seat, its operators' legs, and what is kept of it.
pub mod event;
pub mod record;

pub use event::{Action, Endpoint, Event, Happened};
pub use record::{Answer, Ask, CallEvent, CallRecord, Keep, Message, NewTicket};
