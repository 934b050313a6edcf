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
//! - `admission`: callers come, leave, move, and take exits (Q11). `credit`: who was cut off and comes back
//!   (Q10). `callback`: who hangs up and is called (Q9).
//! - `ranking`: who is next, and who serves him (Q1, Q2, Q4).
//! - `reserve`: operators held back for Priority (Q3), by `predict` from what `estimates` and `pick_up` have learnt.
//! - `expect`: how long a caller will wait (Q8). `explain`, `decisions`: why he did.
//! - `ringing`: an offer's life (Q5, Q6). `presence`: an operator's day (Q6, Q7).
//! - `seat`, `lane`, `ranked`, `overlap`, `operator`, `offer`, `starts`, `timers`, `last_spoke`: the nouns.
//! - [`measures`], `booking`, `occupancy`: what is counted (Q12). [`status`]: what is seen.
mod admission;
mod booking;
mod callback;
mod credit;
mod decisions;
pub mod dispatcher;
mod estimates;
pub mod event;
mod expect;
mod explain;
mod lane;
mod last_spoke;
pub mod measures;
mod occupancy;
mod offer;
mod operator;
mod overlap;
mod pick_up;
mod predict;
mod presence;
mod ranked;
mod ranking;
mod reserve;
mod ringing;
mod seat;
pub mod settings;
mod standing;
mod starts;
pub mod status;
mod timers;
mod view;

#[cfg(test)]
mod tests;

pub use booking::{Attempt, AttemptResult, Booking, Outcome, Stay, TalkEnd};
pub use callback::CallbackStatus;
pub use decisions::Decision;
pub use dispatcher::Dispatcher;
pub use event::{Action, Age, Alert, Choice, Event, Exit, Leave, OfferFailure, OperatorState, Withdrawal};
pub use expect::WaitRange;
pub use explain::{Before, Explanation, SeatNow, SeatStage};
pub use lane::Ahead;
pub use measures::{Measures, Tally};
pub use occupancy::Spent;
pub use operator::SIGNED_OUT;
pub use reserve::ReserveStatus;
pub use settings::{OperatorSettings, PoolSettings, QueueSettings, SignIn, Strategy, Widening};
pub use status::{OperatorStatus, QueueStatus, Reason, Rule, SeatOutlook, SeatStatus, Why};
