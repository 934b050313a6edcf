//! The queue: who waits, who serves, and who is served next.
pub mod event;
pub mod settings;

pub use event::{Action, Alert, Choice, Event, Exit, Leave, OfferFailure, OperatorState, Withdrawal};
pub use settings::{OperatorSettings, PoolSettings, QueueSettings, SignIn, Strategy};
