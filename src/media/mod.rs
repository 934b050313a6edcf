//! The media plane's pure machines: what one leg hears, says and measures.
pub mod event;

pub use event::*;
