//! Room on the disk of recordings. When it is nearly full no new recording begins: the flow takes its `failed` edge, the
//! caller hears an answer, and calls go on. There is room again a little above the threshold, so that it does not flap.
//!
//! ```text
//!   roomy ── free < min_free ──▶ nearly full ── free ≥ 1.1 · min_free ──▶ roomy
//! ```
use crate::config::values::Room;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A hundred recordings write 1.6 MB a second: between two looks they take less than 4 MB.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Above the threshold by so much there is room again, in percent of it.
const BACK_AT_PERCENT: u64 = 110;

/// Of a file system, in bytes; `free` is what an ordinary user may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub free: u64,
    pub total: u64,
}

/// Asks the file system that a folder is on.
pub fn space(dir: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(dir)?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Ok(Space { free: bytes(stat.f_bavail), total: bytes(stat.f_blocks) })
}

/// What the control loop, the metrics and the board know of the disk. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    nearly_full: AtomicBool,
    free: AtomicU64,
    refused: AtomicU64,
}

impl Disk {
    pub fn is_nearly_full(&self) -> bool {
        self.inner.nearly_full.load(Ordering::Relaxed)
    }

    pub fn free(&self) -> u64 {
        self.inner.free.load(Ordering::Relaxed)
    }

    /// Recordings that did not begin, since the start.
    pub fn refused(&self) -> u64 {
        self.inner.refused.load(Ordering::Relaxed)
    }

    /// Whether a recording may begin now; one that may not is counted.
    pub fn takes_recording(&self) -> bool {
        let takes = !self.is_nearly_full();
        if !takes {
            self.inner.refused.fetch_add(1, Ordering::Relaxed);
        }
        takes
    }

    /// Takes in what the file system says; true when it went over the threshold, either way.
    fn look(&self, space: Space, min_free: Room) -> bool {
        let min = min_free.of(space.total);
        let before = self.is_nearly_full();
        let wanted = if before { min.saturating_mul(BACK_AT_PERCENT) / 100 } else { min };
        let now = space.free < wanted;
        self.inner.free.store(space.free, Ordering::Relaxed);
        self.inner.nearly_full.store(now, Ordering::Relaxed);
        before != now
    }
}

/// Looks now, and then again and again for as long as the runtime lives. A file system that cannot be asked changes
/// nothing: the recorder itself says what it cannot write.
pub fn start(min_free: Room, read: impl Fn() -> io::Result<Space> + Send + 'static) -> Disk {
    let disk = Disk::default();
    look(&disk, min_free, &read);
    let looking = disk.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            look(&looking, min_free, &read);
        }
    });
    disk
}

fn look(disk: &Disk, min_free: Room, read: &impl Fn() -> io::Result<Space>) {
    match read() {
        Ok(space) => {
            let free_mb = space.free >> 20;
            match (disk.look(space, min_free), disk.is_nearly_full()) {
                (false, _) => {}
                (true, true) => tracing::error!(
                    free_mb,
                    min_free = %min_free,
                    "the disk of recordings is nearly full: no new recording begins; remove old files or give it room"
                ),
                (true, false) => tracing::info!(free_mb, "the disk of recordings has room again"),
            }
        }
        Err(error) => tracing::warn!(%error, "the disk of recordings cannot be asked for its room"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const GIB: u64 = 1 << 30;

    fn space(free: u64) -> Space {
        Space { free, total: 100 * GIB }
    }

    #[test]
    fn below_the_threshold_nothing_is_recorded_and_a_little_above_it_there_is_room_again() {
        let (disk, min) = (Disk::default(), Room::Bytes(10 * GIB));
        assert!(!disk.look(space(10 * GIB), min) && disk.takes_recording());
        assert!(disk.look(space(10 * GIB - 1), min));
        assert!(!disk.takes_recording());
        assert!(!disk.look(space(10 * GIB + 5), min), "it does not flap");
        assert!(!disk.takes_recording());
        assert!(disk.look(space(11 * GIB), min));
        assert!(disk.takes_recording());
        assert_eq!((disk.refused(), disk.free()), (2, 11 * GIB));
    }

    #[test]
    fn a_share_is_one_of_the_whole_disk() {
        let (disk, min) = (Disk::default(), Room::Percent(5));
        assert!(!disk.look(space(5 * GIB), min));
        assert!(disk.look(space(5 * GIB - 1), min));
    }

    #[tokio::test]
    async fn the_first_look_is_before_the_first_call_and_a_silent_disk_changes_nothing() {
        let readings = Arc::new(Mutex::new(Some(space(GIB))));
        let read = readings.clone();
        let ask = move || read.lock().unwrap().ok_or_else(|| io::Error::other("it is gone"));
        let min = Room::Bytes(2 * GIB);
        let disk = start(min, ask.clone());
        assert!(disk.is_nearly_full());
        *readings.lock().unwrap() = None;
        look(&disk, min, &ask);
        assert!(disk.is_nearly_full());
        *readings.lock().unwrap() = Some(space(50 * GIB));
        look(&disk, min, &ask);
        assert!(!disk.is_nearly_full());
    }
}
