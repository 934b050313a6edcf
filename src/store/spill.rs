//! The spill file: records that the store would not take, one JSON object per line, until it takes them.
//!
//! It holds callers' numbers, so it is 0600 like the database.
use super::writer::BATCH_MAX;
use super::{Audit, Entry, Error, Shared};
use crate::call::Keep;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A line of the spill file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spilt {
    Keep(Keep),
    Audit(Audit),
}

/// Appends the records among `entries`; the journal is left out, a snapshot replaces it at the next start.
pub(super) fn spill(path: &Path, entries: &[Entry]) -> std::io::Result<u64> {
    let mut text = Vec::new();
    let mut count = 0;
    for entry in entries {
        let spilt = match entry {
            Entry::Keep(keep) => Spilt::Keep(keep.clone()),
            Entry::Audit(audit) => Spilt::Audit(audit.clone()),
            Entry::Journal(_) | Entry::Snapshot(_) => continue,
        };
        serde_json::to_writer(&mut text, &spilt)?;
        text.push(b'\n');
        count += 1;
    }
    if count > 0 {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.write_all(&text)?;
        file.sync_data()?;
    }
    Ok(count)
}

/// Writes the spill file's records and removes it. The file is renamed first, so that records put aside meanwhile go to a
/// new one. A line that cannot be read (a process killed while writing it) is left out. A kill between writing and
/// removing repeats events, never calls: those are rewritten whole.
pub(super) async fn unspill(path: &Path, store: &Shared) -> Result<(), Error> {
    // More than once: a process that ended half-way left a renamed file, and put the rest into a new one.
    while unspill_one(path, store).await? {}
    Ok(())
}

async fn unspill_one(path: &Path, store: &Shared) -> Result<bool, Error> {
    let taken = path.with_extension("taken");
    let fault = |source| Error::File { path: taken.clone(), source };
    if !taken.exists() {
        match std::fs::rename(path, &taken) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(fault)?,
        }
    }
    let file = std::fs::File::open(&taken).map_err(fault)?;
    let mut lines = std::io::BufReader::new(file).lines();
    let mut written = 0;
    loop {
        let mut batch = Vec::new();
        let mut end = true;
        for line in lines.by_ref().take(BATCH_MAX) {
            end = false;
            match serde_json::from_str(&line.map_err(fault)?) {
                Ok(Spilt::Keep(keep)) => batch.push(Entry::Keep(keep)),
                Ok(Spilt::Audit(audit)) => batch.push(Entry::Audit(audit)),
                Err(error) => tracing::error!(%error, path = %path.display(), "a line is left out"),
            }
        }
        if end {
            break;
        }
        store.write(&batch).await?;
        written += batch.len();
    }
    std::fs::remove_file(&taken).map_err(fault)?;
    tracing::info!(written, "records put aside earlier are in the store now");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{begun, call_id, ended, event, keep};
    use crate::store::open;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn what_was_put_aside_is_written_once_the_store_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("unwritten.jsonl");
        // The end came first, as when a process puts aside what it had in flight last.
        assert_eq!(spill(&path, &[keep(ended(1)), event(1, "ended")]).unwrap(), 2);
        assert_eq!(spill(&path, &[keep(begun(1))]).unwrap(), 1);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        unspill(&path, &store).await.unwrap();
        let story = store.call(call_id(1)).await.unwrap().unwrap();
        assert_eq!((story.record, story.events.len()), (ended(1), 1));
        assert!(!path.exists() && !path.with_extension("taken").exists());
        unspill(&path, &store).await.unwrap();
    }

    #[tokio::test]
    async fn a_line_cut_off_by_a_kill_does_not_hold_up_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("unwritten.jsonl");
        spill(&path, &[keep(ended(1))]).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{}\n{whole}", &whole[..whole.len() / 2])).unwrap();
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        unspill(&path, &store).await.unwrap();
        assert!(store.call(call_id(1)).await.unwrap().is_some());
    }
}
