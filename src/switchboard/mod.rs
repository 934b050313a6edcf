//! The Switchboard: the whole control plane of a node as one pure machine.
pub mod event;
pub mod view;

pub use crate::call::Happened;
pub use event::{Action, Admin, Event, Outcome};
pub use view::View;
