//! The integration tests, as one binary: behaviour seen from outside.
mod floors;
mod media;
