//! Call flows: the language that admins write, its checker, and the interpreter that walks a call through it.
//!
//! ```text
//!  *.yaml ─▶ yaml (tree, places) ─▶ node/* (kinds, resolved in compile) ─▶ check ─▶ FlowSet ─▶ Interpreter
//! ```
//! A [`FlowSet`] exists only without errors; the [`Interpreter`] therefore has no error path, only failure edges.
//! Everything about one kind of step, from its fields to its behaviour, is in one file under `node/`.
mod allow;
mod calendar;
mod called_back;
mod check;
mod codes;
mod compile;
mod environment;
pub mod event;
pub mod expression;
pub mod finding;
pub mod graph;
mod interpreter;
mod keys;
mod load;
mod model;
mod node;
pub mod report;
pub mod russian;
mod say;
pub mod schema;
mod standing;
mod turn;
mod vars;
pub mod yaml;

pub use calendar::Calendar;
pub use check::WayToPerson;
pub use environment::{Environment, prompt};
pub use event::{Effect, Event, Facts, HttpRequest, Lookup, Method, QueueExit};
pub use finding::{Finding, Severity, Span};
pub use interpreter::Interpreter;
pub use load::files_of;
pub use model::{AnswerMode, ArgType, Flow, FlowSet, Line, Source, Step, WayTo};
pub use node::split::Arm;
pub use standing::Standing;
pub use vars::{Var, Vars};
