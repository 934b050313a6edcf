//! Robots: phones without people. Real SIP and RTP endpoints for `hotline call`, `load`, `demo` and the tests.
//!
//! ```text
//!   call  load  demo      what the commands do
//!   phone                 a phone on tokio: one SIP socket, one RTP socket and one task per call
//!   agent  register       SIP without sockets: the engine's own stack, and the client side of REGISTER
//!   stream mouth          RTP without sockets: what is heard and measured, what is said and pressed
//!   rtp description       the words of RTP and SDP
//!   keys histogram        a script of keys; a distribution in fixed memory
//! ```
//! A robot speaks through the production SIP stack and the production codecs, and measures with its own reader of RTP.
pub mod description;
pub mod histogram;
pub mod keys;
pub mod mouth;
pub mod rtp;
pub mod stream;
pub mod agent;
pub mod register;
pub mod trace;
