//! Robots: phones without people. Real SIP and RTP endpoints for `hotline call`, `load`, `demo` and the tests.
//!
//! ```text
//!   call  load  demo      what the commands do
//!   phone                 a phone on tokio: one SIP socket, one RTP socket and one task per call
//!   agent  register       SIP without sockets: the engine's own stack, and the client side of REGISTER
//!   stream mouth          RTP without sockets: what is heard and measured, what is said and pressed
//!   description           the words of SDP
//!   keys histogram        a script of keys; a distribution in fixed memory
//! ```
//! A robot speaks through the production SIP stack, codecs and packets; its session descriptions and its measurements are
//! its own, so that a test can offer what the engine would not.
pub mod agent;
pub mod call;
pub mod demo;
pub mod description;
pub mod ear;
pub mod histogram;
pub mod keys;
pub mod load;
pub mod mouth;
pub mod phone;
pub mod register;
pub mod stream;
pub mod target;
pub mod trace;

pub use phone::{Call, CallEvent, Dial, Phone};

use crate::clock::Clock;
use std::net::SocketAddr;
use std::sync::OnceLock;

/// The robots' clock, one for all of them, so that the times that two phones note can be compared.
pub fn clock() -> Clock {
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    *CLOCK.get_or_init(Clock::start)
}

/// The seed of a robot's SIP stack. What a robot says and presses may follow from a seed alone, but its Call-IDs and
/// branches must be new: the kernel gives a port that was closed a moment ago to the next robot, and an INVITE with a
/// branch that the server still remembers is a repetition to it, which it does not answer twice.
fn stack_seed(seed: u64, me: SocketAddr) -> u64 {
    let now_ms = clock().now().wall.as_millis().unsigned_abs();
    seed ^ now_ms ^ (u64::from(me.port()) << 48)
}
