//! The queue: who waits, who serves, and who is served next.
pub mod dispatcher;
pub mod event;
pub mod measures;
pub mod settings;
pub mod status;

pub use dispatcher::Dispatcher;
pub use event::{Action, Alert, Choice, Event, Exit, Leave, OfferFailure, OperatorState, Withdrawal};
pub use measures::{Measures, Tally};
pub use settings::{OperatorSettings, PoolSettings, QueueSettings, SignIn, Strategy, Widening};
pub use status::{OperatorStatus, QueueStatus, Reason, Why};
