//! The recorder: one thread that writes what shards hear into WAV files.
//!
//! ```text
//!   shard 0 ──ring──┐
//!   shard 1 ──ring──┼─▶ recorder: Begin ▸ Audio, Gap … ▸ End, and a sync each second
//! ```
//! A recording is `<dir>/<name>.wav`. Its header is made true each second, so that a crash costs no more than that, and
//! [`repair`] gives a file that was cut off all that reached the disk. The disk being slow fills the ring, which shards
//! count as gaps; the disk being full fails the recordings that are open, and is told once for each.
use crate::ids::LegId;
use crate::media::record::Chunk;
use crate::media::wav;
use rtrb::{Consumer, Producer, RingBuffer};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Chunks between a shard and the recorder: 20 ms each, so two seconds of a hundred recordings. 2.7 MB a shard.
const CHUNKS_MAX: usize = 8192;
/// How often the rings are looked at; a hundred recordings bring a hundred chunks in this time.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Looks between two updates of the headers: one second.
const SYNC_EVERY_LOOKS: u32 = 50;
/// A gap is written as silence, in pieces of this many samples.
const SILENCE: [i16; 800] = [0; 800];

/// One end of a shard's ring, for `Shards::start`.
pub type Tap = Producer<Chunk>;

/// Owns the thread. Dropping it finishes the files that are open.
pub struct Recorder {
    stop: Arc<AtomicBool>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecorderStats {
    pub open: u64,
    pub finished: u64,
    /// Recordings that could not be written.
    pub failed: u64,
    /// Samples written as silence because they never came.
    pub gap_samples: u64,
}

#[derive(Debug, Default)]
struct Counters {
    open: AtomicU64,
    finished: AtomicU64,
    failed: AtomicU64,
    gap_samples: AtomicU64,
}

impl Recorder {
    /// Repairs what an earlier process left, then starts the thread. One tap for each shard.
    pub fn start(dir: &Path, shards: usize) -> io::Result<(Recorder, Vec<Tap>)> {
        fs::create_dir_all(dir).map_err(|error| {
            io::Error::new(error.kind(), format!("recordings: {}: {error}", dir.display()))
        })?;
        for path in repair(dir)? {
            tracing::info!(path = %path.display(), "a recording that was cut off has been repaired");
        }
        let (taps, rings) = (0..shards.max(1)).map(|_| RingBuffer::new(CHUNKS_MAX)).unzip();
        let (stop, counters) = (Arc::new(AtomicBool::new(false)), Arc::new(Counters::default()));
        let files = (0..shards.max(1)).map(|_| BTreeMap::new()).collect();
        let mut writer = Writer { dir: dir.into(), rings, files, counters: counters.clone() };
        let stopped = stop.clone();
        let thread =
            std::thread::Builder::new().name("recorder".into()).spawn(move || writer.run(&stopped))?;
        Ok((Recorder { stop, counters, thread: Some(thread) }, taps))
    }

    /// Writes what has been handed over, finishes the files that are open, and waits until all is done.
    pub fn stop(self) {
        drop(self);
    }

    pub fn stats(&self) -> RecorderStats {
        let Counters { open, finished, failed, gap_samples } = &*self.counters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RecorderStats {
            open: load(open),
            finished: load(finished),
            failed: load(failed),
            gap_samples: load(gap_samples),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

/// Makes the headers of all recordings under `dir` agree with their lengths; the files that needed it.
pub fn repair(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut repaired = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder)?.flatten().collect();
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wav") {
                match wav::repair(&path) {
                    Ok(true) => repaired.push(path),
                    Ok(false) => {}
                    // Not ours, or cut off inside its header: there is nothing to hear in it.
                    Err(error) => tracing::warn!(%error, "a recording cannot be repaired"),
                }
            }
        }
    }
    Ok(repaired)
}

/// Mono or stereo.
type Open = fn(&Path) -> Result<wav::Writer, wav::WavError>;

struct Writer {
    dir: PathBuf,
    rings: Vec<Consumer<Chunk>>,
    /// For each shard. A leg without a file here had none that could be opened.
    files: Vec<BTreeMap<LegId, wav::Writer>>,
    counters: Arc<Counters>,
}

impl Writer {
    fn run(&mut self, stop: &AtomicBool) {
        let mut looks = 0;
        loop {
            // Read before the rings: what was in them when we were told to stop is still written.
            let stopping = stop.load(Ordering::Acquire);
            self.look();
            looks += 1;
            if looks % SYNC_EVERY_LOOKS == 0 {
                self.sync();
            }
            if stopping {
                break;
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
        for files in &mut self.files {
            for (leg, file) in std::mem::take(files) {
                finish(&self.counters, leg, file);
            }
        }
        self.count_open();
    }

    fn look(&mut self) {
        for shard in 0..self.rings.len() {
            while let Ok(chunk) = self.rings[shard].pop() {
                self.write(shard, chunk);
            }
        }
        self.count_open();
    }

    fn write(&mut self, shard: usize, chunk: Chunk) {
        let files = &mut self.files[shard];
        match chunk {
            Chunk::Begin { leg, name } => self.begin(shard, leg, &name, wav::Writer::create),
            Chunk::BeginStereo { leg, name } => {
                self.begin(shard, leg, &name, wav::Writer::create_stereo);
            }
            Chunk::Audio { leg, samples, count } => {
                let samples = samples.get(..usize::from(count)).unwrap_or(&samples);
                append(&self.counters, files, leg, samples);
            }
            Chunk::Gap { leg, samples } => {
                self.counters.gap_samples.fetch_add(u64::from(samples), Ordering::Relaxed);
                let mut left = samples as usize;
                while left > 0 {
                    let count = left.min(SILENCE.len());
                    append(&self.counters, files, leg, &SILENCE[..count]);
                    left -= count;
                }
            }
            Chunk::End { leg, discard } => {
                if let Some(file) = files.remove(&leg) {
                    let path = file.path().to_path_buf();
                    finish(&self.counters, leg, file);
                    if discard && let Err(error) = fs::remove_file(&path) {
                        tracing::warn!(path = %path.display(), %error, "an empty recording cannot be removed");
                    }
                }
            }
        }
    }

    fn begin(&mut self, shard: usize, leg: LegId, name: &str, open: Open) {
        match create(&self.dir, name, open) {
            Ok(file) => {
                if let Some(earlier) = self.files[shard].insert(leg, file) {
                    finish(&self.counters, leg, earlier);
                }
            }
            Err(error) => fail(&self.counters, leg, &error),
        }
    }

    fn sync(&mut self) {
        for files in &mut self.files {
            files.retain(|leg, file| match file.sync() {
                Ok(()) => true,
                Err(error) => {
                    fail(&self.counters, *leg, &error);
                    false
                }
            });
        }
    }

    fn count_open(&self) {
        let open: usize = self.files.iter().map(BTreeMap::len).sum();
        self.counters.open.store(open as u64, Ordering::Relaxed);
    }
}

/// A recording's name comes from us, but a path that leaves the folder would be the worst of mistakes.
fn create(dir: &Path, name: &str, open: Open) -> Result<wav::Writer, wav::WavError> {
    let relative = Path::new(name);
    let path = dir.join(relative).with_extension("wav");
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    let io = |source| wav::WavError::Io { path: path.clone(), source };
    if !plain || name.is_empty() {
        return Err(io(io::Error::new(io::ErrorKind::InvalidInput, "expected a name like 2026-11/call-1")));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    open(&path)
}

fn append(counters: &Counters, files: &mut BTreeMap<LegId, wav::Writer>, leg: LegId, samples: &[i16]) {
    if let Some(file) = files.get_mut(&leg)
        && let Err(error) = file.write(samples)
    {
        fail(counters, leg, &error);
        // Told once: the rest of this recording finds no file.
        files.remove(&leg);
    }
}

fn finish(counters: &Counters, leg: LegId, file: wav::Writer) {
    match file.finish() {
        Ok(()) => {
            counters.finished.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => fail(counters, leg, &error),
    }
}

fn fail(counters: &Counters, leg: LegId, error: &wav::WavError) {
    counters.failed.fetch_add(1, Ordering::Relaxed);
    tracing::error!(leg = leg.0, %error, "a recording cannot be written: is the disk full?");
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(2);

    fn audio(value: i16) -> Chunk {
        Chunk::Audio { leg: LEG, samples: [value; 160], count: 160 }
    }

    fn begin(name: &str) -> Chunk {
        Chunk::Begin { leg: LEG, name: name.into() }
    }

    /// Runs a recorder over these chunks to its end.
    fn record(dir: &Path, chunks: Vec<Chunk>) -> RecorderStats {
        let (recorder, mut taps) = Recorder::start(dir, 2).unwrap();
        for chunk in chunks {
            taps[1].push(chunk).unwrap();
        }
        let counters = recorder.counters.clone();
        drop(recorder);
        let stats = Recorder { stop: Arc::default(), counters, thread: None }.stats();
        assert_eq!(stats.open, 0);
        stats
    }

    #[test]
    fn a_recording_is_in_its_months_folder_and_a_gap_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let gap = Chunk::Gap { leg: LEG, samples: 1000 };
        let end = Chunk::End { leg: LEG, discard: false };
        let stats = record(dir.path(), vec![begin("2026-11/abc-1"), audio(5), gap, audio(7), end]);
        assert_eq!((stats.finished, stats.failed, stats.gap_samples), (1, 0, 1000));
        let samples = wav::load_8k_mono(&dir.path().join("2026-11/abc-1.wav")).unwrap();
        assert_eq!((samples.len(), samples[159], samples[160], samples[1160]), (1320, 5, 0, 7));
    }

    #[test]
    fn what_is_not_worth_keeping_and_what_leaves_the_folder_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let end = |discard| Chunk::End { leg: LEG, discard };
        record(dir.path(), vec![begin("empty"), audio(0), end(true)]);
        assert!(!dir.path().join("empty.wav").exists());
        for name in ["../outside", "/etc/outside", "", "a/../../b"] {
            let stats = record(dir.path(), vec![begin(name), audio(1), end(false)]);
            assert_eq!((stats.failed, stats.finished), (1, 0), "{name:?}");
        }
    }

    #[test]
    fn a_stop_finishes_what_is_open_and_a_start_repairs_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        record(dir.path(), vec![begin("talk"), audio(1), audio(2)]);
        let path = dir.path().join("talk.wav");
        assert_eq!(wav::load_8k_mono(&path).unwrap().len(), 320);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend([9, 0, 9, 0]);
        fs::write(&path, bytes).unwrap();
        assert_eq!(repair(dir.path()).unwrap(), std::slice::from_ref(&path));
        assert_eq!(wav::load_8k_mono(&path).unwrap().len(), 322);
        assert!(repair(dir.path()).unwrap().is_empty());
    }
}
