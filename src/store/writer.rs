//! The writer: takes what calls leave behind and writes it in batches, so that no call ever waits for a disk.
//!
//! ```text
//!   keep, append, snapshot, audit ─▶ backlog ─ every ≤ 50 ms ─▶ Store::write   (one transaction per 1,000 entries)
//!                                       │ store away: tried again after 0.1 … 5 s, the backlog grows
//!                                       └ over a limit: see below
//! ```
//! The backlog has three lanes with a limit each, because the lanes differ in what a loss means:
//! - **events** (a call's story): the oldest are dropped and counted. The call's row does not depend on them.
//! - **journal**: the oldest are dropped and counted; [`Writer::take_journal_gap`] then tells the driver to take a
//!   snapshot, from which replay can start again.
//! - **records** (calls, messages, choices, audit): never dropped. Over the limit, and when the process stops while the
//!   store is away, they go to the spill file, one JSON object per line, and are written when the store is back.
//!
//! A process killed at any moment loses at most what came within the last batch's time.
use super::spill::{spill, unspill};
use super::{Audit, Entry, Error, JournalEntry, Shared, Snapshot};
use crate::call::Keep;
use serde::Serialize;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// How long an entry may wait for company.
pub const BATCH_FOR: Duration = Duration::from_millis(50);
/// Measured: 25 ms a transaction in a debug build, so readers of the last commit are not behind for long.
pub(super) const BATCH_MAX: usize = 1_000;
/// About 25 MB. Half a minute of 500 calls that all press keys.
pub const EVENTS_MAX: usize = 100_000;
/// Journal entries differ in size, so their text is counted.
pub const JOURNAL_BYTES_MAX: usize = 64 << 20;
/// About 60 MB: an hour of 25 calls a second. Beyond it, the spill file.
pub const RECORDS_MAX: usize = 100_000;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The handle that shells hold. Cheap to clone; every method returns at once unless it is `async`.
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Inner>,
}

/// What the metrics and the health page say of the writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WriterHealth {
    pub pending: usize,
    /// Since the start.
    pub dropped_events: u64,
    pub dropped_journal: u64,
    /// Records that went to the spill file since the start.
    pub spilled: u64,
    /// Rows that the database refused for good.
    pub refused: u64,
    /// The store did not take the last batch.
    pub failing: bool,
}

impl Writer {
    /// Starts the writing task on the current runtime. Records that an earlier process spilt to `spill` are written first.
    pub fn start(store: Shared, spill: PathBuf) -> Writer {
        Self::with_limits(store, spill, Limits::default())
    }

    fn with_limits(store: Shared, spill: PathBuf, limits: Limits) -> Writer {
        let shared = Arc::new(Inner {
            backlog: Mutex::new(Backlog::default()),
            wake: Notify::new(),
            urgent: Notify::new(),
            task: Mutex::new(None),
            spill,
            limits,
        });
        let task = tokio::spawn(run(shared.clone(), store));
        *lock(&shared.task) = Some(task);
        Writer { shared }
    }

    pub fn keep(&self, keep: Keep) {
        self.push(Entry::Keep(keep));
    }

    /// Appends to the journal. The input must hold no digit of a secret step.
    pub fn append(&self, entry: JournalEntry) {
        self.push(Entry::Journal(entry));
    }

    pub fn snapshot(&self, snapshot: Snapshot) {
        self.push(Entry::Snapshot(snapshot));
    }

    pub fn audit(&self, audit: Audit) {
        self.push(Entry::Audit(audit));
    }

    /// Whether entries of the journal were dropped since the last question: take a snapshot now.
    pub fn take_journal_gap(&self) -> bool {
        std::mem::take(&mut lock(&self.shared.backlog).journal_gap)
    }

    pub fn health(&self) -> WriterHealth {
        let backlog = lock(&self.shared.backlog);
        WriterHealth { pending: backlog.len() + backlog.in_flight, ..backlog.health }
    }

    /// Waits until everything pushed so far is written. False when that takes longer than `within`.
    pub async fn flush(&self, within: Duration) -> bool {
        let (done, wait) = oneshot::channel();
        {
            let mut backlog = lock(&self.shared.backlog);
            if backlog.ended {
                return backlog.len() == 0;
            }
            backlog.flushes.push(done);
        }
        self.shared.wake.notify_one();
        self.shared.urgent.notify_one();
        matches!(tokio::time::timeout(within, wait).await, Ok(Ok(())))
    }

    /// Writes what is left and stops; what the store does not take goes to the spill file. What is pushed afterwards is
    /// dropped. False when the store was still busy after `within`.
    pub async fn close(&self, within: Duration) -> bool {
        lock(&self.shared.backlog).closing = true;
        self.shared.wake.notify_one();
        self.shared.urgent.notify_one();
        let task = lock(&self.shared.task).take();
        match task {
            Some(task) => tokio::time::timeout(within, task).await.is_ok(),
            None => true,
        }
    }

    fn push(&self, entry: Entry) {
        let mut backlog = lock(&self.shared.backlog);
        if backlog.ended {
            return;
        }
        backlog.push(entry, &self.shared.limits);
        let spill = backlog.records.len() > self.shared.limits.records;
        if spill {
            // Rare and slow on purpose: the store has been away for an hour.
            let records: Vec<Entry> = backlog.records.drain(..).collect();
            backlog.spill(&self.shared.spill, &records);
        }
        drop(backlog);
        self.shared.wake.notify_one();
    }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    events: usize,
    journal_bytes: usize,
    records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { events: EVENTS_MAX, journal_bytes: JOURNAL_BYTES_MAX, records: RECORDS_MAX }
    }
}

struct Inner {
    backlog: Mutex<Backlog>,
    /// Something came.
    wake: Notify,
    /// Somebody waits: do not wait for company.
    urgent: Notify,
    task: Mutex<Option<JoinHandle<()>>>,
    spill: PathBuf,
    limits: Limits,
}

#[derive(Default)]
struct Backlog {
    records: VecDeque<Entry>,
    events: VecDeque<Entry>,
    journal: VecDeque<JournalEntry>,
    journal_bytes: usize,
    /// A newer one replaces it.
    snapshot: Option<Snapshot>,
    /// Taken by the task and not yet written.
    in_flight: usize,
    journal_gap: bool,
    flushes: Vec<oneshot::Sender<()>>,
    closing: bool,
    ended: bool,
    health: WriterHealth,
}

impl Backlog {
    fn len(&self) -> usize {
        self.records.len() + self.events.len() + self.journal.len() + usize::from(self.snapshot.is_some())
    }

    fn push(&mut self, entry: Entry, limits: &Limits) {
        match entry {
            Entry::Keep(Keep::Event(_)) => {
                self.events.push_back(entry);
                if self.events.len() > limits.events {
                    self.events.pop_front();
                    self.health.dropped_events += 1;
                }
            }
            Entry::Keep(_) | Entry::Audit(_) => self.records.push_back(entry),
            Entry::Snapshot(snapshot) => self.snapshot = Some(snapshot),
            Entry::Journal(entry) => {
                self.journal_bytes += entry.input.len();
                self.journal.push_back(entry);
                while self.journal_bytes > limits.journal_bytes {
                    let Some(dropped) = self.journal.pop_front() else { break };
                    self.journal_bytes -= dropped.input.len();
                    self.health.dropped_journal += 1;
                    self.journal_gap = true;
                }
            }
        }
    }

    /// Everything, in the order of lanes; inside a lane the order is kept.
    fn take(&mut self) -> Vec<Entry> {
        // The snapshot first: inputs of the journal without the one before them could not be replayed.
        let mut entries: Vec<Entry> = self.snapshot.take().map(Entry::Snapshot).into_iter().collect();
        entries.extend(self.records.drain(..).chain(self.events.drain(..)));
        entries.extend(self.journal.drain(..).map(Entry::Journal));
        self.journal_bytes = 0;
        self.in_flight = entries.len();
        entries
    }

    fn spill(&mut self, path: &Path, entries: &[Entry]) {
        match spill(path, entries) {
            Ok(count) => {
                self.health.spilled += count;
                tracing::warn!(count, path = %path.display(), "the store is away: records were put aside in a file");
            }
            Err(error) => {
                tracing::error!(lost = entries.len(), path = %path.display(), %error, "records are lost: neither the store nor the disk takes them");
            }
        }
    }
}

async fn run(shared: Arc<Inner>, store: Shared) {
    loop {
        if let Err(error) = unspill(&shared.spill, &store).await {
            tracing::warn!(%error, "records put aside earlier are not written yet");
        }
        shared.wake.notified().await;
        tokio::select! {
            () = tokio::time::sleep(BATCH_FOR) => {}
            () = shared.urgent.notified() => {}
        }
        let (entries, flushes, closing) = {
            let mut backlog = lock(&shared.backlog);
            (backlog.take(), std::mem::take(&mut backlog.flushes), backlog.closing)
        };
        write_all(&shared, &store, entries).await;
        for flush in flushes {
            let _ = flush.send(()); // whoever asked may have stopped waiting
        }
        if closing {
            let mut backlog = lock(&shared.backlog);
            let late = backlog.take();
            backlog.ended = true;
            if !late.is_empty() {
                backlog.spill(&shared.spill, &late);
            }
            backlog.in_flight = 0;
            return;
        }
    }
}

/// Writes in transactions of [`BATCH_MAX`], as often as it takes; while closing, what fails is put aside.
async fn write_all(shared: &Inner, store: &Shared, entries: Vec<Entry>) {
    let mut rest = &entries[..];
    let mut pause = RETRY_FIRST;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(rest.len().min(BATCH_MAX));
        let settled = match store.write(batch).await {
            Ok(()) => Ok(after),
            Err(error) if error.is_passing() => Err(error),
            // One row of the batch is refused for good: it must not hold up the others.
            Err(_) => match write_singly(store, batch).await {
                (_, Singly::All) => Ok(after),
                (written, Singly::Refused) => {
                    lock(&shared.backlog).health.refused += 1;
                    Ok(&rest[written + 1..])
                }
                (written, Singly::Away(error)) => {
                    rest = &rest[written..];
                    Err(error)
                }
            },
        };
        match settled {
            Ok(after) => {
                rest = after;
                pause = RETRY_FIRST;
                let mut backlog = lock(&shared.backlog);
                backlog.in_flight = rest.len();
                if std::mem::take(&mut backlog.health.failing) {
                    tracing::info!(waiting = rest.len(), "the store is back");
                }
            }
            Err(error) => {
                if shared.put_aside_if_closing(rest, &error) {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shared.urgent.notified() => {}
                }
                pause = (pause * 2).min(RETRY_MAX);
            }
        }
    }
}

impl Inner {
    /// Notes that the store is away. True when the process is stopping and `rest` went to the spill file.
    fn put_aside_if_closing(&self, rest: &[Entry], error: &Error) -> bool {
        let mut backlog = lock(&self.backlog);
        if !std::mem::replace(&mut backlog.health.failing, true) {
            tracing::error!(%error, waiting = rest.len(), "the store does not take records; calls go on");
        }
        if backlog.closing {
            backlog.spill(&self.spill, rest);
            backlog.in_flight = 0;
        }
        backlog.closing
    }
}

enum Singly {
    All,
    /// The entry after those written is refused for good.
    Refused,
    Away(Error),
}

/// Writes entry by entry, up to the first that is not taken; how many were written, and why it ended.
async fn write_singly(store: &Shared, entries: &[Entry]) -> (usize, Singly) {
    for (i, entry) in entries.iter().enumerate() {
        match store.write(std::slice::from_ref(entry)).await {
            Ok(()) => {}
            Err(error) if error.is_passing() => return (i, Singly::Away(error)),
            Err(error) => {
                tracing::error!(%error, "the store refuses a row; it is left out");
                return (i, Singly::Refused);
            }
        }
    }
    (entries.len(), Singly::All)
}

/// No code under these locks can panic half-way through a change, so a poisoned lock still holds good data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallRecord;
    use crate::ids::CallId;
    use crate::machine::{Instant, Now, Wall};
    use crate::store::conformance::{begun, call_id, ended, event, until};
    use crate::store::{CallFilter, open};
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    const SOON: Duration = Duration::from_secs(20);
    /// Tells this test binary that it is the child to be killed, and where to write.
    const CHILD: &str = "HOTLINE_TEST_WRITER_CHILD";

    struct Place {
        dir: tempfile::TempDir,
        store: Shared,
    }

    impl Place {
        async fn new() -> Place {
            let dir = tempfile::tempdir().unwrap();
            let store = open(&url(dir.path())).await.unwrap();
            Place { dir, store }
        }

        fn spill(&self) -> PathBuf {
            self.dir.path().join("unwritten.jsonl")
        }

        fn writer(&self, limits: Limits) -> Writer {
            Writer::with_limits(self.store.clone(), self.spill(), limits)
        }

        /// A second connection holds the write lock: for the writer, the store is away.
        async fn hold(&self) -> Shared {
            let other = open(&url(self.dir.path())).await.unwrap();
            other.close().await;
            self.store.close().await;
            self.store.clone()
        }
    }

    fn url(dir: &Path) -> String {
        format!("sqlite:{}/hotline.db", dir.display())
    }

    fn call(record: CallRecord) -> Keep {
        Keep::Call(Box::new(record))
    }

    fn story(n: u64) -> Keep {
        match event(n, "step") {
            Entry::Keep(keep) => keep,
            other => panic!("{other:?}"),
        }
    }

    fn entry(n: u64) -> JournalEntry {
        let now = Now { mono: Instant::from_nanos(n), wall: Wall(n as i64) };
        JournalEntry { seq: n, now, input: n.to_string(), decisions: n }
    }

    async fn calls(store: &Shared) -> Vec<CallId> {
        let mut ids: Vec<CallId> =
            store.calls(CallFilter::default()).await.unwrap().iter().map(|call| call.id).collect();
        ids.sort();
        ids
    }

    #[tokio::test]
    async fn what_is_kept_is_in_the_store_after_a_flush() {
        let place = Place::new().await;
        let writer = place.writer(Limits::default());
        for n in 1..=2_500 {
            writer.keep(call(ended(n)));
            writer.append(entry(n));
        }
        assert!(writer.flush(SOON).await);
        assert_eq!(calls(&place.store).await.len(), 2_500);
        assert_eq!(place.store.last_seq().await.unwrap(), 2_500);
        assert_eq!(writer.health(), WriterHealth::default());
        assert!(writer.close(SOON).await);
    }

    #[tokio::test]
    async fn nobody_has_to_flush() {
        let place = Place::new().await;
        let writer = place.writer(Limits::default());
        writer.keep(call(begun(1)));
        until(async || calls(&place.store).await == [call_id(1)]).await;
    }

    #[tokio::test]
    async fn records_put_aside_while_the_store_is_away_are_written_at_the_next_start() {
        let place = Place::new().await;
        let away = place.hold().await;
        let writer = Writer::with_limits(away, place.spill(), Limits { records: 2, ..Limits::default() });
        for n in 1..=7 {
            writer.keep(call(ended(n)));
            writer.keep(story(n));
        }
        until(async || writer.health().failing).await;
        writer.keep(call(begun(7)));
        assert!(writer.close(SOON).await);
        assert!(place.spill().exists());

        let store = open(&url(place.dir.path())).await.unwrap();
        let writer = Writer::start(store.clone(), place.spill());
        assert!(writer.flush(SOON).await);
        assert_eq!(calls(&store).await, (1..=7).map(call_id).collect::<Vec<_>>());
        let last = store.call(call_id(7)).await.unwrap().unwrap();
        assert_eq!((last.record, last.events.len()), (ended(7), 1));
        assert!(!place.spill().exists());
    }

    #[tokio::test]
    async fn over_its_limit_the_oldest_of_a_story_and_of_the_journal_go_first() {
        let place = Place::new().await;
        let limits = Limits { events: 3, journal_bytes: 3, records: 100 };
        let writer = place.writer(limits);
        // The task has not run yet on this single-threaded runtime: all of this is one backlog.
        for n in 1..=5 {
            writer.keep(call(ended(n)));
            writer.keep(story(n));
            writer.append(entry(n));
        }
        let health = writer.health();
        assert_eq!((health.dropped_events, health.dropped_journal, health.spilled), (2, 2, 0));
        assert!(writer.take_journal_gap());
        assert!(!writer.take_journal_gap());
        assert!(writer.flush(SOON).await);
        assert_eq!(calls(&place.store).await.len(), 5);
        let seqs: Vec<u64> =
            place.store.journal_from(0, 10).await.unwrap().iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [3, 4, 5]);
        assert_eq!(place.store.status().await.unwrap().rows["call_events"], 3);
    }

    /// Not a test of its own: the process that `a_killed_process_loses_no_more_than_its_last_batch` kills.
    #[tokio::test]
    async fn child_that_writes_until_it_is_killed() {
        let Ok(dir) = std::env::var(CHILD) else { return };
        let store = open(&url(Path::new(&dir))).await.unwrap();
        let writer = Writer::start(store, Path::new(&dir).join("unwritten.jsonl"));
        for n in 1.. {
            writer.keep(call(begun(2 * n)));
            writer.keep(call(ended(2 * n + 1)));
            writer.append(entry(n));
            if n % 100 == 0 {
                assert!(writer.flush(SOON).await);
                println!("written {n}"); // the harness adds its own lines; the parent looks for this word
            }
        }
    }

    #[tokio::test]
    async fn a_killed_process_loses_no_more_than_its_last_batch() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::writer::tests::child_that_writes_until_it_is_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut written = 0;
        for line in lines {
            if let Some((_, n)) = line.split_once("written ") {
                written = n.trim().parse().unwrap();
                if written >= 1_000 {
                    child.kill().unwrap(); // SIGKILL, in the middle of whatever it does
                    break;
                }
            }
        }
        child.wait().unwrap();
        assert!(written >= 1_000, "the child ended by itself");

        let store = open(&url(dir.path())).await.unwrap();
        assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
        let last = store.last_seq().await.unwrap();
        assert!(last >= written, "{written} were confirmed, {last} are there");
        let seqs = store.journal_from(1, usize::MAX >> 1).await.unwrap();
        assert!(seqs.iter().map(|entry| entry.seq).eq(1..=last), "no gap");
        let open_calls = store.close_open_calls(Wall(1)).await.unwrap();
        assert!(open_calls >= written, "the calls that had begun are there and are closed now");
    }
}
