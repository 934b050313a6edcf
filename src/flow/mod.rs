//! Call flows: the language that admins write, its checker, and the interpreter that walks a call through it.
pub mod event;

pub use event::{Effect, Event, Facts, Lookup, Method, QueueExit};
