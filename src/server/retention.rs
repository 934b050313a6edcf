//! Forgetting in time: calls, stories, tickets and the journal after `retention.days`, recordings after `recording.days`.
use crate::clock::Clock;
use crate::config::Config;
use crate::machine::Wall;
use crate::store::Shared;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A day's worth is forgotten within this time of its due moment.
const LOOK_EVERY: Duration = Duration::from_secs(6 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Looks at the start, and then every few hours, for as long as the runtime lives.
pub fn start(config: &Config, store: Shared, recordings: PathBuf) {
    let (rows, files) = (config.retention.days, config.recording.days);
    tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let now = Clock::wall();
            match store.forget_before(before(now, rows)).await {
                Ok(0) => {}
                Ok(calls) => tracing::info!(calls, days = rows, "old calls were forgotten"),
                Err(error) => tracing::error!(%error, "old calls could not be forgotten"),
            }
            let (dir, oldest) = (recordings.clone(), before(now, files));
            let removed = tokio::task::spawn_blocking(move || remove_older(&dir, oldest)).await.unwrap_or(0);
            if let Err(error) = store.forget_recordings(oldest).await {
                tracing::error!(%error, "old recordings could not be forgotten");
            }
            if removed > 0 {
                tracing::info!(recordings = removed, days = files, "old recordings were removed");
            }
        }
    });
}

fn before(now: Wall, days: u32) -> Wall {
    Wall(now.as_millis() - i64::from(days) * DAY.as_millis() as i64)
}

/// Removes WAV files last written before a moment, two folders deep (`2026-11/…`), and says how many.
fn remove_older(dir: &Path, oldest: Wall) -> u64 {
    let oldest = SystemTime::UNIX_EPOCH + Duration::from_millis(oldest.as_millis().max(0) as u64);
    let entries =
        |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries(dir).flat_map(|path| match path.is_dir() {
        true => entries(&path).collect::<Vec<_>>(),
        false => vec![path],
    });
    let old = files.filter(|path| {
        let is_wav = path.extension().is_some_and(|extension| extension == "wav");
        let written = std::fs::metadata(path).and_then(|meta| meta.modified());
        is_wav && written.is_ok_and(|written| written < oldest)
    });
    old.filter(|path| std::fs::remove_file(path).is_ok()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_recordings_go_and_young_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let month = dir.path().join("2026-01");
        std::fs::create_dir(&month).unwrap();
        for name in ["old.wav", "young.wav", "note.txt"] {
            std::fs::write(month.join(name), b"x").unwrap();
        }
        let old = std::fs::File::options().write(true).open(month.join("old.wav")).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        assert_eq!(remove_older(dir.path(), Wall(10_000)), 1);
        assert!(month.join("young.wav").exists() && month.join("note.txt").exists());
    }
}
