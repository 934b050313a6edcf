//! What happened, in order and with its times: nothing is lost by looking late, and waiting ends as soon as it comes.
use crate::machine::Instant;
use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// A log keeps no more than this, the newest. A call has a dozen messages and a talk spurt per prompt.
const EVENTS_MAX: usize = 10_000;
/// Events shown when a wait was in vain.
const SHOWN_MAX: usize = 60;

/// Something, and when it happened on the robots' clock.
#[derive(Clone, Debug)]
pub struct Timed<T> {
    pub at: Instant,
    pub what: T,
}

/// What was waited for did not come.
#[derive(Clone, Debug)]
pub struct TimedOut {
    pub within: Duration,
    /// What came instead.
    pub log: String,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what was waited for did not come within {:?}; this did:\n{}", self.within, self.log)
    }
}

impl std::error::Error for TimedOut {}

#[derive(Debug)]
pub struct Log<T> {
    events: Mutex<Events<T>>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Events<T> {
    kept: VecDeque<Timed<T>>,
    /// How many are no longer kept.
    dropped: usize,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        let events = Mutex::new(Events { kept: VecDeque::new(), dropped: 0 });
        Log { events, changed: watch::Sender::new(()) }
    }
}

impl<T: Clone + fmt::Debug> Log<T> {
    pub fn add(&self, at: Instant, what: T) {
        let mut events = self.lock();
        events.kept.push_back(Timed { at, what });
        if events.kept.len() > EVENTS_MAX {
            events.kept.pop_front();
            events.dropped += 1;
        }
        drop(events);
        self.changed.send_replace(());
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<Timed<T>> {
        self.lock().kept.iter().cloned().collect()
    }

    /// A place in the log: the end of what is there now.
    pub fn mark(&self) -> usize {
        let events = self.lock();
        events.dropped + events.kept.len()
    }

    fn lock(&self) -> MutexGuard<'_, Events<T>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first event from `mark` on that `found` makes something of; waits for it if it has not happened yet.
    pub async fn wait<R>(
        &self,
        mark: usize,
        within: Duration,
        mut found: impl FnMut(&T) -> Option<R>,
    ) -> Result<Timed<R>, TimedOut> {
        self.wait_so(within, |events| {
            let new = events.kept.iter().skip(mark.saturating_sub(events.dropped));
            let mut new = new.filter_map(|event| found(&event.what).map(|what| Timed { at: event.at, what }));
            new.next()
        })
        .await
    }

    /// Until `found` makes something of everything so far.
    pub async fn wait_until<R>(
        &self,
        within: Duration,
        mut found: impl FnMut(&mut dyn Iterator<Item = &Timed<T>>) -> Option<R>,
    ) -> Result<R, TimedOut> {
        self.wait_so(within, |events| found(&mut events.kept.iter())).await
    }

    async fn wait_so<R>(
        &self,
        within: Duration,
        mut found: impl FnMut(&Events<T>) -> Option<R>,
    ) -> Result<R, TimedOut> {
        let mut changed = self.changed.subscribe();
        let waiting = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = found(&self.lock()) {
                    return found;
                }
                // The sender lives as long as `self`.
                let _ = changed.changed().await;
            }
        };
        tokio::time::timeout(within, waiting).await.map_err(|_| self.timed_out(within))
    }

    pub fn timed_out(&self, within: Duration) -> TimedOut {
        TimedOut { within, log: self.shown() }
    }

    fn shown(&self) -> String {
        let events = self.all();
        let mut text = String::new();
        for Timed { at, what } in events.iter().skip(events.len().saturating_sub(SHOWN_MAX)) {
            let _ = writeln!(text, "{:>9.3} s  {what:?}", at.as_nanos() as f64 / 1e9);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_happened_before_the_wait_is_found_and_what_comes_is_waited_for() {
        let log = Log::default();
        log.add(Instant::from_nanos(1), 'a');
        let is = |wanted: char| move |c: &char| (*c == wanted).then_some(wanted);
        assert_eq!(log.wait(0, Duration::ZERO, is('a')).await.unwrap().what, 'a');
        let mark = log.mark();
        assert!(log.wait(mark, Duration::ZERO, is('a')).await.is_err());
        let later = async { log.add(Instant::from_nanos(2), 'b') };
        let (found, ()) = tokio::join!(log.wait(mark, Duration::from_secs(5), is('b')), later);
        assert_eq!(found.unwrap().at, Instant::from_nanos(2));
    }
}
