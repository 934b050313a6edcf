//! Transactions (RFC 3261 §17 with RFC 6026): a request and its responses, made reliable over UDP.
pub mod client;
pub mod server;

use super::event::Transport;

/// Streams repeat by themselves; only UDP needs timers A, E and G.
pub fn reliable(transport: Transport) -> bool {
    transport != Transport::Udp
}
