//! wander
