//! What a [`Stack`](super::Stack) is told once, at its construction.
use super::digest::Algorithm;
use super::event::Transport;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The realm of digest challenges and the host of our own address when a caller's identity has none.
    pub domain: String,
    /// Where the shell listens. An outgoing request leaves from the first listener that fits its transport and family.
    pub listeners: Vec<(Transport, SocketAddr)>,
    /// Shown in Via and Contact in place of a listener's address: the public address of a one-to-one NAT.
    pub external_address: Option<IpAddr>,
    /// Shown for a listener on 0.0.0.0 or [::] until a received message has told the real local address.
    pub local_address: Option<IpAddr>,
    pub user_agent: String,
    /// Session-Expires that we ask for (RFC 4028).
    pub session_expires: Duration,
    /// The shortest session timer that we accept; RFC 4028 §4 allows no less than 90 s.
    pub min_se: Duration,
    /// Algorithms that a 401 offers, one challenge each; empty: nobody can register.
    pub digest: Vec<Algorithm>,
    /// Numbers that begin so are for registered users only: an INVITE for one is challenged like a REGISTER.
    pub guarded: Vec<String>,
    pub register_expires_min: Duration,
    /// For a REGISTER that does not ask for a time.
    pub register_expires_default: Duration,
    pub register_expires_max: Duration,
    /// How long a digest nonce is good; after that the challenge says `stale=true`.
    pub nonce_lifetime: Duration,
    /// Quoted in our 503.
    pub retry_after: Duration,
    /// Legs alive at once. A new INVITE beyond it gets 503 with Retry-After.
    pub legs_max: usize,
    /// Server transactions alive at once. A new request beyond it gets 503 without a transaction.
    pub transactions_max: usize,
    /// Bindings of one user. A REGISTER beyond it takes the place of the oldest.
    pub bindings_per_user_max: usize,
    /// Nonces whose count is remembered. Beyond it the oldest become stale.
    pub nonces_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            domain: "localhost".into(),
            listeners: Vec::new(),
            external_address: None,
            local_address: None,
            user_agent: concat!("Hotline/", env!("CARGO_PKG_VERSION")).into(),
            session_expires: Duration::from_secs(1800),
            min_se: Duration::from_secs(90),
            digest: Algorithm::ALL.to_vec(),
            guarded: Vec::new(),
            register_expires_min: Duration::from_secs(60),
            register_expires_default: Duration::from_secs(300),
            register_expires_max: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(300),
            retry_after: Duration::from_secs(5),
            legs_max: 10_000,
            transactions_max: 100_000,
            bindings_per_user_max: 8,
            nonces_max: 10_000,
        }
    }
}
