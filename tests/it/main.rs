//! The integration tests, as one binary: behaviour seen from outside.
mod calls;
mod commands;
mod exchange;
mod faults;
mod floors;
mod flows;
mod house;
mod media;
mod operators;
mod parties;
mod peers;
mod races;
mod reports;
mod strangers;
mod web;
mod wire;
mod worlds;
