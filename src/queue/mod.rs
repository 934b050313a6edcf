//! The queue: who waits, who serves, and who is served next.
//!
//! A *pool* is operators that share queues; its [`Dispatcher`] is one pure machine that owns both. Callers take *seats*;
//! the dispatcher rings operators for them by *offers*. docs/queues.md tells the rules to those who live by them.
//!
//! ```text
//!   Joined ─▶ seat ─▶ lane ─┐                     ┌─▶ Offer, Withdraw ─▶ the phones
//!                           ├─ dispatch: ranking ─┤
//!   SignedIn ─▶ operator ───┘                     └─▶ Connect, Connected, Exit ─▶ the calls
//! ```
//! - [`dispatcher`]: the machine: one event, then one pass of dispatch, then what has changed is told.
//! - `admission`: callers come, leave, move, and take exits (Q11).
//! - `ranking`: who is next, and who serves him (Q1, Q2, Q4).
//! - `ringing`: an offer's life (Q5, Q6). `presence`: an operator's day (Q6, Q7).
//! - `seat`, `lane`, `operator`, `offer`, `starts`, `timers`, `last_spoke`: the nouns.
//! - [`measures`], `booking`, `occupancy`: what is counted (Q12). [`status`]: what is seen.
mod admission;
mod booking;
pub mod dispatcher;
pub mod event;
mod lane;
mod last_spoke;
pub mod measures;
mod occupancy;
mod offer;
mod operator;
mod presence;
mod ranking;
mod reserve;
mod ringing;
mod seat;
pub mod settings;
mod starts;
pub mod status;
mod timers;
mod view;

#[cfg(test)]
mod tests;

pub use booking::{Attempt, AttemptResult, Booking, Outcome, Stay, TalkEnd};
pub use dispatcher::Dispatcher;
pub use event::{Action, Alert, Choice, Event, Exit, Leave, OfferFailure, OperatorState, Withdrawal};
pub use measures::{Measures, Tally};
pub use occupancy::Spent;
pub use settings::{OperatorSettings, PoolSettings, QueueSettings, SignIn, Strategy, Widening};
pub use status::{OperatorStatus, QueueStatus, Reason, Why};
