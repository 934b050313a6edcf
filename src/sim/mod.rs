//! The simulator: it replaces every shell by virtual time, and drives the production Switchboard.
pub mod world;

pub use world::{Behaviour, Heard, Library, World};
