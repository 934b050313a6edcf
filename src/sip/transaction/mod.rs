//! Transactions (RFC 3261 §17 with RFC 6026): a request and its responses, made reliable over UDP.
pub mod client;
pub mod server;

use super::event::Transport;

/// Streams repeat by themselves; only UDP needs timers A, E and G.
pub fn reliable(transport: Transport) -> bool {
    transport != Transport::Udp
}

/// FNV-1a 64 over parts, begun at a secret: the name of a transaction in our tables. Who does not know the secret cannot
/// make a request that takes another's place, and 100,000 transactions meet by chance once in 10⁹ tables.
fn fingerprint<'a>(secret: u64, parts: impl IntoIterator<Item = &'a str>) -> u64 {
    parts
        .into_iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(secret ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}
