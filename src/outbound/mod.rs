//! What the server asks of other servers: a flow's `http` step, and webhooks of `notify` and alerts. Nothing here is
//! awaited by a call: an answer is an event, and what finds no room is refused at once and counted.
//!
//! A flow is written by people of the house, but a URL may carry what a caller keyed in, and a service may redirect.
//! So addresses that only this machine or its network can reach are refused after resolving and at every redirect
//! (server-side request forgery), unless the installation lists them.
mod address;
mod breaker;
mod http;
mod mail;
mod signed;
mod webhook;

pub use http::{BODY_BYTES_MAX, Failure, Reply};
pub use mail::{MailFailure, MailOptions, MailTls, Mailer};
pub use signed::{Telling, new_secret};

use crate::clock::Clock;
use ipnet::IpNet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Requests of flows in flight. Full: the step takes its `on_error`.
const REQUESTS_MAX: usize = 256;
/// Webhooks in flight. Full: the webhook is dropped, logged and counted.
const WEBHOOKS_MAX: usize = 64;

/// What an installation decides about asking others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Private networks that flows may ask nevertheless.
    pub allow: Vec<IpNet>,
}

/// Cheap to clone; all clones share connections and limits.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    guard: address::Guard,
    breaker: Arc<Mutex<breaker::Breaker>>,
    clock: Clock,
    requests: Arc<Semaphore>,
    webhooks: Arc<Semaphore>,
    tasks: TaskTracker,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: {0}")]
pub struct SetupError(String);

impl Outbound {
    pub fn new(options: Options) -> Result<Outbound, SetupError> {
        let guard = address::Guard::new(options.allow);
        let client = http::client(&guard).map_err(|error| SetupError(http::chain(&error)))?;
        Ok(Outbound {
            client,
            guard,
            breaker: Arc::default(),
            clock: Clock::start(),
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
            webhooks: Arc::new(Semaphore::new(WEBHOOKS_MAX)),
            tasks: TaskTracker::new(),
            dropped: Arc::default(),
        })
    }

    /// Webhooks that found no room or were not taken, since the start.
    pub fn webhooks_lost(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Lets webhooks in flight end. Bound it in time.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
