//! The integration tests, as one binary: behaviour seen from outside.
mod exchange;
mod floors;
mod house;
mod races;
mod web;
mod wire;
