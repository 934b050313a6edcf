//! `GET /events`: Server-Sent Events. A snapshot of the view, then its changes; a heartbeat each 2 s, so that a page
//! knows within 5 s that it shows the past.
//!
//! ```text
//!   connect ──▶ snapshot ──▶ change* ──▶ …          lost the line ─ Last-Event-ID ─▶ the changes missed
//!                  ▲                                      │
//!                  └───── too far behind, or another run ─┘
//! ```
//! Changes are worked out once and shared: the first reader that sees a new view does it, the others take the bytes.
use super::change;
use super::guard;
use super::listen::Peer;
use super::problem::Problem;
use super::{Access, App};
use crate::clock::Clock;
use crate::machine::Instant;
use crate::switchboard::View;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The page calls itself stale after 5 s without a message.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Changes are gathered for this long: nobody reads a board faster.
const GATHER: Duration = Duration::from_millis(200);
/// A session that ended or a role that was taken away closes the stream within this many heartbeats.
const HEARTBEATS_PER_CHECK: u32 = 10;
/// Open streams. Full: 503.
const STREAMS_MAX: usize = 200;
/// Changes kept for those who lost the line, in number and bytes. Older: they get a snapshot.
const KEPT_MAX: usize = 256;
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// The changes of the view since this process began to show them.
pub struct Live {
    /// Sets this run's events apart from those of the run before.
    run: String,
    streams: Arc<Semaphore>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    last: Option<(Arc<View>, Instant)>,
    /// Number of the last change; the first one is 1.
    seq: u64,
    /// Change `seq − len + 1` to `seq`, ready to send.
    kept: VecDeque<Bytes>,
    kept_bytes: usize,
}

impl Default for Live {
    fn default() -> Self {
        let mut run = [0u8; 4];
        // Without random bytes two runs share a name, and a reader of the first takes a change of the second for his
        // next: his figures are right again after a reload.
        let _ = getrandom::fill(&mut run);
        Live {
            run: format!("{:08x}", u32::from_be_bytes(run)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            inner: Mutex::default(),
        }
    }
}

impl Live {
    /// What a reader who has seen everything up to `seq` is missing: the changes, or a snapshot; and where he is then.
    fn after(&self, seq: Option<u64>, view: &Arc<View>, now: Instant) -> (Vec<Bytes>, u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.advance(view, now, &self.run);
        let at = inner.seq;
        let oldest = at - inner.kept.len() as u64;
        if let Some(seq) = seq.filter(|seq| (oldest..=at).contains(seq)) {
            let frames = inner.kept.iter().skip((seq - oldest) as usize).cloned().collect();
            return (frames, at);
        }
        let view = inner.last.as_ref().map_or_else(|| view.clone(), |(view, _)| view.clone());
        drop(inner); // writing 10,000 calls takes milliseconds
        (frame(&self.run, at, "snapshot", &*view).into_iter().collect(), at)
    }

    /// The number in a `Last-Event-ID` of this run.
    fn resume(&self, headers: &HeaderMap) -> Option<u64> {
        let (run, seq) = headers.get("last-event-id")?.to_str().ok()?.split_once('-')?;
        (run == self.run).then(|| seq.parse().ok())?
    }
}

impl Inner {
    fn advance(&mut self, view: &Arc<View>, now: Instant, run: &str) {
        let Some((last, at)) = self.last.replace((view.clone(), now)) else { return };
        if Arc::ptr_eq(&last, view) {
            self.last = Some((last, at)); // its times are those of then
            return;
        }
        let Some(change) = change::between(&last, at, view, now) else { return };
        let Some(frame) = frame(run, self.seq + 1, "change", &change) else { return };
        self.seq += 1;
        self.kept_bytes += frame.len();
        self.kept.push_back(frame);
        while self.kept.len() > KEPT_MAX || self.kept_bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.len();
        }
    }
}

/// One event on the wire. JSON has no line breaks of its own, so `data` is one line.
fn frame(run: &str, seq: u64, event: &str, data: &impl serde::Serialize) -> Option<Bytes> {
    match serde_json::to_string(data) {
        Ok(json) => Some(Bytes::from(format!("id: {run}-{seq}\nevent: {event}\ndata: {json}\n\n"))),
        Err(error) => {
            tracing::error!(%error, event, "an event could not be written as JSON");
            None
        }
    }
}

/// One reader.
struct Reader {
    app: App,
    peer: Peer,
    headers: HeaderMap,
    access: Access,
    shutdown: CancellationToken,
    seq: Option<u64>,
    frames: VecDeque<Bytes>,
    heartbeat: Interval,
    heartbeats: u32,
    quiet_until: Instant,
    started: bool,
    _slot: OwnedSemaphorePermit,
}

pub fn events(
    app: App,
    peer: Peer,
    headers: HeaderMap,
    access: Access,
    shutdown: CancellationToken,
) -> Result<Response, Problem> {
    let live = &app.shared.live;
    let slot = live.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::busy(format!("{STREAMS_MAX} boards are open already: close one"))
            .retry_after(Duration::from_secs(5))
    })?;
    let seq = live.resume(&headers);
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reader = Reader {
        app,
        peer,
        headers,
        access,
        shutdown,
        seq,
        frames: VecDeque::new(),
        heartbeat,
        heartbeats: 0,
        quiet_until: Instant::ZERO,
        started: false,
        _slot: slot,
    };
    let stream = stream::unfold(reader, |mut reader| async move {
        let frame = reader.next().await?;
        Some((Ok::<_, Infallible>(frame), reader))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            if !self.started {
                self.started = true;
                self.heartbeat.reset();
                self.catch_up();
                continue;
            }
            // The first change goes at once, those that follow within GATHER go together.
            let quiet = self.quiet_until.since(self.app.clock.mono());
            let view = &mut self.app.view;
            let changed = async {
                tokio::time::sleep(quiet).await;
                view.changed().await
            };
            tokio::select! {
                () = self.shutdown.cancelled() => return None,
                _ = self.heartbeat.tick() => return self.beat().await,
                changed = changed => {
                    changed.ok()?;
                    self.catch_up();
                }
            }
        }
    }

    fn catch_up(&mut self) {
        let view = self.app.view.borrow_and_update().clone();
        let (frames, seq) = self.app.shared.live.after(self.seq, &view, self.app.clock.mono());
        self.frames = frames.into();
        self.seq = Some(seq);
        self.quiet_until = self.app.clock.mono() + GATHER;
    }

    async fn beat(&mut self) -> Option<Bytes> {
        self.heartbeats += 1;
        if self.heartbeats.is_multiple_of(HEARTBEATS_PER_CHECK) && !self.still_allowed().await {
            return None;
        }
        let at_ms = Clock::wall().as_millis();
        Some(Bytes::from(format!("event: heartbeat\ndata: {{\"at_ms\":{at_ms}}}\n\n")))
    }

    /// A store that is away does not close a board.
    async fn still_allowed(&self) -> bool {
        let Access::Roles(roles) = self.access else { return true };
        match guard::who(&self.app, Some(self.peer), &self.headers).await {
            Ok(caller) => roles.contains(&caller.role),
            Err(problem) => problem.is_passing(),
        }
    }
}
