//! The stack: every transaction, dialog and binding of a node behind five functions.
use super::config::Config;
use super::event::{Command, Hop, Output};
use crate::machine::{Instant, Now};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

#[derive(Clone, Debug)]
pub struct Stack {
    config: Config,
    rng: ChaCha8Rng,
}

impl Stack {
    pub fn new(config: Config, seed: u64) -> Stack {
        Stack { config, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// One datagram, or one framed message of a stream.
    pub fn receive(&mut self, _hop: Hop, _bytes: &[u8], _now: Now, _out: &mut Vec<Output>) {}

    pub fn command(&mut self, _command: Command, _now: Now, _out: &mut Vec<Output>) {}

    /// The shell could not send to this hop: what waits for an answer from there fails at once.
    pub fn unsendable(&mut self, _hop: Hop, _now: Now, _out: &mut Vec<Output>) {}

    /// A stream's connection was closed.
    pub fn disconnected(&mut self, _hop: Hop, _now: Now, _out: &mut Vec<Output>) {}

    pub fn handle_timeout(&mut self, _now: Now, _out: &mut Vec<Output>) {}

    pub fn next_timeout(&self) -> Option<Instant> {
        None
    }

    /// Legs alive: for admission and metrics.
    pub fn legs(&self) -> usize {
        0
    }
}
