//! Flow tests: a caller written down in `*.test.yaml`, played in virtual time on the production machines.
//!
//! ```text
//!  *.test.yaml ─▶ script (verbs with places) ─▶ stage (a World of its own) ─▶ verdict, coverage, transcript
//! ```
//! Nothing waits and nothing is random: the same files give the same transcript, byte by byte.
mod coverage;
mod report;
mod script;
mod stage;

pub use coverage::{Coverage, FlowCoverage};
pub use report::{json, junit, text};
pub use script::Script;
pub use stage::{Stage, Verdict};
