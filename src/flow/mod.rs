//! Call flows: the language that admins write, its checker, and the interpreter that walks a call through it.
mod codes;
pub mod event;
pub mod finding;
pub mod yaml;

pub use event::{Effect, Event, Facts, Lookup, Method, QueueExit};
pub use finding::{Finding, Severity, Span};
