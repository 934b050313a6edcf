//! Webhooks: who outside is told of what happened, and what became of each telling.
use crate::machine::Wall;

/// What may be told. A webhook names these words, or `*` for all of them.
pub const EVENTS: [&str; 6] =
    ["call.started", "call.answered", "call.ended", "ticket.created", "alert.raised", "alert.cleared"];

/// Whether this word may stand in a webhook's list.
pub fn knows(event: &str) -> bool {
    event == "*" || EVENTS.contains(&event)
}

/// A subscription. The secret is for signing and is shown once, to the one who made it.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: u64,
    pub url: String,
    pub events: Vec<String>,
    pub active: bool,
    /// Why it was switched off by itself.
    pub off_because: Option<String>,
    pub created_at: Wall,
    /// Tellings that wait for their next attempt.
    pub pending: u64,
}

impl std::fmt::Debug for Webhook {
    /// The path of a URL may be a secret of the receiver's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({}, {:?}, active: {})", self.id, self.events, self.active)
    }
}

/// What a person changes; absent stays as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WebhookChange {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub active: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// Given up: too many attempts, too many waiting, or the webhook was switched off.
    Dropped,
}

impl DeliveryState {
    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dropped => "dropped",
        }
    }

    pub fn parse(text: &str) -> Option<DeliveryState> {
        [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Dropped]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One telling of one event to one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: u64,
    /// `webhook-id`: the same in every attempt, so that a receiver knows a repetition.
    pub message: String,
    pub event: String,
    pub at: Wall,
    pub state: DeliveryState,
    pub attempts: u32,
    pub next_at: Option<Wall>,
    pub settled_at: Option<Wall>,
    /// The last answer's status; absent when there was none.
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// A telling whose time has come, with what it takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Due {
    pub id: u64,
    pub webhook: u64,
    pub url: String,
    pub secret: String,
    pub message: String,
    pub body: String,
    /// Attempts before this one.
    pub attempts: u32,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    Delivered {
        status: u16,
    },
    Again {
        status: Option<u16>,
        error: String,
        next_at: Wall,
    },
    GivenUp {
        status: Option<u16>,
        error: String,
    },
    /// 410: the receiver wants no more of them (Standard Webhooks, "Disabling endpoints").
    Gone,
}
