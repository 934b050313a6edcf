//! The integration tests, as one binary: behaviour seen from outside.
mod calls;
mod exchange;
mod floors;
mod flows;
mod house;
mod media;
mod operators;
mod parties;
mod races;
mod web;
mod wire;
