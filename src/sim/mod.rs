//! The simulator: it replaces every shell by virtual time, and drives the production machines.
//!
//! - [`world`]: callers, phones, media and store as events on one agenda, around a whole Switchboard.
//! - [`population`]: who calls, how long people wait and talk. [`dice`]: chance, from a seed.
//! - [`day`]: a population in a world. [`bare`]: the same population at a dispatcher alone, for tables of many runs.
//! - [`faults`]: what goes wrong around the engine.
//! - [`trial`]: flow tests, one caller in a world of his own.
//! - [`ledger`]: what became of every seat, and the figures over it.
pub mod bare;
pub mod day;
pub mod dice;
pub mod erlang;
pub mod faults;
pub mod grid;
pub mod invariants;
pub mod ledger;
pub mod plot;
pub mod population;
pub mod report;
pub mod trial;
pub mod world;

pub use day::House;
pub use faults::Faults;
pub use ledger::{Figures, Ledger};
pub use population::Plan;
pub use world::{Behaviour, Heard, Library, World};
