//! Telling webhooks what happened: the outbox is read, each telling is tried, and tried again for a day and a half.
//!
//! ```text
//!   due ─ POST ─┬ 2xx ────────────▶ delivered
//!               ├ 410 ────────────▶ dropped, the webhook is switched off
//!               └ anything else ──▶ again after AGAIN_AFTER[n]; after the last: dropped
//! ```
//! At least once: a process killed between the answer and its note tells again, with the same `webhook-id`.
use crate::clock::Clock;
use crate::machine::Wall;
use crate::office::{Due, Tried};
use crate::outbound::{Outbound, Telling};
use crate::store::Shared;
use std::time::Duration;
use tokio::task::JoinSet;

/// The schedule that Standard Webhooks recommend.
const AGAIN_AFTER: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
];
/// How soon an event is told at the latest, when nothing is in the way.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Webhooks told at once; each has one telling on its way at most, so its events arrive in order as long as it answers.
const AT_ONCE: usize = 16;
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// What was settled is shown for a week.
const SHOWN_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Runs for as long as the runtime lives.
pub fn start(store: Shared, outbound: Outbound) {
    tokio::spawn(async move {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut forget = tokio::time::interval(FORGET_EVERY);
        loop {
            tokio::select! {
                _ = look.tick() => {
                    // One that answers at once gets the next at once.
                    while round(&store, &outbound).await {}
                }
                _ = forget.tick() => {
                    let before = Wall(Clock::wall().0 - SHOWN_FOR.as_millis() as i64);
                    if let Err(error) = store.forget_deliveries(before).await {
                        tracing::warn!(%error, "old deliveries of webhooks could not be forgotten");
                    }
                }
            }
        }
    });
}

/// Tells what is due, one telling to each webhook; whether anything was.
async fn round(store: &Shared, outbound: &Outbound) -> bool {
    let due = match store.due(Clock::wall(), AT_ONCE).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "the outbox of webhooks could not be read");
            return false;
        }
    };
    let any = !due.is_empty();
    let mut tellings = JoinSet::new();
    for telling in due {
        let (store, outbound) = (store.clone(), outbound.clone());
        tellings.spawn(async move {
            let tried = tell(&outbound, &telling).await;
            store.tried(telling.id, tried, Clock::wall()).await
        });
    }
    let mut noted = true;
    while let Some(done) = tellings.join_next().await {
        if !matches!(done, Ok(Ok(()))) {
            tracing::warn!("what became of a webhook's delivery could not be noted");
            noted = false;
        }
    }
    any && noted
}

async fn tell(outbound: &Outbound, due: &Due) -> Tried {
    let Due { webhook, url, secret, message, body, attempts, .. } = due;
    let at = Clock::wall();
    let (status, error) = match outbound.tell(Telling { url, secret, message, body, at }).await {
        Ok(status @ 200..=299) => return Tried::Delivered { status },
        Ok(410) => {
            tracing::warn!(webhook, "a webhook answered 410 and was switched off");
            return Tried::Gone;
        }
        Ok(status) => (Some(status), format!("status {status}")),
        Err(failure) => (None, failure.to_string()),
    };
    match AGAIN_AFTER.get(*attempts as usize) {
        Some(after) => {
            Tried::Again { status, error, next_at: Wall(Clock::wall().0 + after.as_millis() as i64) }
        }
        None => {
            tracing::warn!(webhook, event = message, "a webhook was not taken in {} attempts", attempts + 1);
            Tried::GivenUp { status, error }
        }
    }
}
