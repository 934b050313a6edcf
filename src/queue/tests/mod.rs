//! The rules of the queue as situations.
