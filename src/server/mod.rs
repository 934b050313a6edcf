//! The server: joins the machines with the shells, and is told to stop.
//!
//! ```text
//! main runtime:    store, writer, web, control socket, HTTP requests of flows
//! control thread:  SIP's sockets, the stack, the Switchboard          (control.rs)
//! shard threads:   media                                              (shard/)
//! recorder thread: WAV files                                          (recorder.rs)
//! ```
mod alerts;
mod control;
mod deliver;
mod disk;
pub mod flows;
pub mod holder;
mod ladder;
pub mod replay;
mod retention;
mod start;

pub use control::Order;
pub use deliver::start as deliver;
pub use start::{Options, Running, StartError, socket_path, start};
