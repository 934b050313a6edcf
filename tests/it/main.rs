//! The integration tests, as one binary: behaviour seen from outside.
mod exchange;
mod floors;
mod flows;
mod house;
mod media;
mod peers;
mod races;
mod web;
mod wire;
