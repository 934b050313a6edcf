//! Watching the folder of flows: a change is taken in when the folder has been quiet for a moment, so that a set which
//! is being copied or saved file by file is read once, and whole.
//!
//! ```text
//!   same ── other ──▶ changing ── quiet for 1 s ──▶ same, and the flows are read again
//!                        ▲  │ other again
//!                        └──┘
//! ```
//! The folder is looked at twice a second instead of asking the kernel for events: that works the same on network
//! drives and in containers, and sees an editor that replaces the file as well as one that writes into it.
use super::Flows;
use crate::clock::Clock;
use crate::machine::Instant;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const QUIET: Duration = Duration::from_secs(1);

/// What a folder looks like from outside: its flow files with their sizes, times of change and places on the disk.
pub type Look = Vec<(PathBuf, u64, i64, u64)>;

#[derive(Debug, Default)]
pub struct Debounce {
    known: Look,
    changing: Option<(Look, Instant)>,
}

impl Debounce {
    pub fn new(known: Look) -> Debounce {
        Debounce { known, changing: None }
    }

    /// True when the flows should be read now.
    pub fn saw(&mut self, look: Look, now: Instant) -> bool {
        match &self.changing {
            Some((seen, since)) if *seen == look => {
                let is_quiet = now.since(*since) >= QUIET;
                if is_quiet {
                    self.changing = None;
                    // Written and put back: nothing to read.
                    return std::mem::replace(&mut self.known, look) != self.known;
                }
            }
            None if self.known == look => {}
            _ => self.changing = Some((look, now)),
        }
        false
    }
}

/// The flow files that a load would read. A folder that cannot be read looks empty; the load says why.
pub fn look(dir: &Path) -> Look {
    let mut files: Look = crate::flow::files_of(dir)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|path| {
            let about = std::fs::metadata(&path).ok()?;
            let changed = about.mtime().saturating_mul(1_000_000_000).saturating_add(about.mtime_nsec());
            Some((path, about.len(), changed, about.ino()))
        })
        .collect();
    files.sort();
    files
}

/// Runs until `stop`. `known` is the folder as it was when the flows in force were read.
pub async fn follow(flows: Flows, dir: PathBuf, known: Look, clock: Clock, stop: CancellationToken) {
    let seen = |dir: PathBuf| async move { tokio::task::spawn_blocking(move || look(&dir)).await };
    let mut debounce = Debounce::new(known);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let Ok(look) = seen(dir.clone()).await else { continue };
        if debounce.saw(look, clock.mono()) {
            flows.reload("watch").await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn state(changed: i64) -> Look {
        vec![("a.yaml".into(), 10, changed, 1)]
    }

    #[test]
    fn a_change_is_taken_in_once_the_folder_is_quiet() {
        let mut debounce = Debounce::new(state(0));
        assert!(!debounce.saw(state(0), at(0)));
        assert!(!debounce.saw(state(1), at(500)));
        assert!(!debounce.saw(state(1), at(1000)));
        assert!(debounce.saw(state(1), at(1500)));
        assert!(!debounce.saw(state(1), at(2000)), "once");
    }

    #[test]
    fn files_that_come_one_after_another_are_one_change() {
        let mut debounce = Debounce::new(state(0));
        for step in 1..=10 {
            assert!(!debounce.saw(state(step), at(step as u64 * 500)));
        }
        assert!(!debounce.saw(state(10), at(5500)));
        assert!(debounce.saw(state(10), at(6000)));
    }

    #[test]
    fn what_was_put_back_is_no_change() {
        let mut debounce = Debounce::new(state(0));
        debounce.saw(state(1), at(0));
        debounce.saw(state(0), at(500));
        assert!(!debounce.saw(state(0), at(1500)));
        assert!(!debounce.saw(state(0), at(3000)));
    }

    #[test]
    fn tests_and_other_files_are_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.yaml", "a.test.yaml", "flow.schema.json", ".b.yaml.swp"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let seen = look(dir.path());
        assert_eq!(seen.len(), 1);
        assert!(seen[0].0.ends_with("a.yaml"));
        assert_eq!(look(&dir.path().join("nowhere")), Look::new());
    }
}
