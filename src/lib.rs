//! Hotline: an IVR hotline engine.
//!
//! The whole control plane of a node is one pure machine, the [`switchboard`]. The media plane is many pure machines,
//! the legs in [`media`]. Everything that touches a socket, a clock, a disk or a database is a thin shell around them.
//!
//! A module imports from the floors below it, never upward, and siblings on floors 1 and 4 do not know each other
//! (`tests/it/floors.rs` reads the `use` lines and fails with the offending path):
//!
//! ```text
//! 5 program      cli config desk prompts server telemetry
//! 4 shells       wire shard store recorder outbound web robot sim
//! 3 switchboard  switchboard
//! 2 call         call office report
//! 1 machines     flow speech queue media sip
//! 0 words        clock machine ids class digit number cause role say phrasebook
//! ```
//! Start reading at [`machine`] (the contract), then [`switchboard`] (the centre), then `server.rs` (the driver).

// 0 words
pub mod cause;
pub mod class;
pub mod clock;
pub mod digit;
pub mod ids;
pub mod machine;
pub mod number;
pub mod phrasebook;
pub mod role;
pub mod say;

// 1 machines
pub mod flow;
pub mod media;
pub mod queue;
pub mod sip;
pub mod speech;

// 2 call
pub mod call;
pub mod office;
pub mod report;

// 3 switchboard
pub mod switchboard;

// 4 shells
pub mod outbound;
pub mod recorder;
pub mod robot;
pub mod shard;
pub mod sim;
pub mod store;
pub mod web;
pub mod wire;

// 5 program
pub mod cli;
pub mod config;
pub mod desk;
pub mod prompts;
pub mod server;
pub mod telemetry;
