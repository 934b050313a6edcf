//! The Switchboard: the whole control plane of a node as one pure machine.
pub mod event;
pub mod view;

pub use event::{Action, Admin, Event, Happened, Outcome};
pub use view::View;
