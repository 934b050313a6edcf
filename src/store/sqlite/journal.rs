//! Reading the journal and its snapshots.
use super::{SqliteStore, signed, unsigned};
use crate::machine::{Instant, Now, Wall};
use crate::store::{Error, Journal, JournalEntry, Reply, Snapshot};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A snapshot's number counts too: what came before it may have been forgotten.
const LAST_SEQ: &str = "SELECT max(coalesce((SELECT max(seq) FROM journal), 0),
    coalesce((SELECT max(seq) FROM snapshots), 0))";
const FROM: &str =
    "SELECT seq, at, mono_ns, input, decisions FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?";
const SNAPSHOT_BEFORE: &str =
    "SELECT seq, at, mono_ns, flow_set, state FROM snapshots WHERE at <= ? ORDER BY seq DESC LIMIT 1";

const SNAPSHOT_AFTER: &str =
    "SELECT seq, at, mono_ns, flow_set, state FROM snapshots WHERE seq > ? ORDER BY seq LIMIT 1";

impl Journal for SqliteStore {
    fn last_seq(&self) -> Reply<'_, u64> {
        Box::pin(async move {
            Ok(unsigned(sqlx::query_scalar::<_, i64>(LAST_SEQ).fetch_one(&self.reader).await?))
        })
    }

    fn journal_from(&self, seq: u64, limit: usize) -> Reply<'_, Vec<JournalEntry>> {
        Box::pin(async move {
            let rows = sqlx::query(FROM)
                .bind(signed(seq))
                .bind(signed(limit as u64))
                .fetch_all(&self.reader)
                .await?;
            rows.iter()
                .map(|row| {
                    Ok(JournalEntry {
                        seq: unsigned(row.try_get("seq")?),
                        now: now(row)?,
                        input: row.try_get("input")?,
                        decisions: row.try_get::<i64, _>("decisions")?.cast_unsigned(),
                    })
                })
                .collect()
        })
    }

    fn snapshot_before(&self, at: Option<Wall>) -> Reply<'_, Option<Snapshot>> {
        Box::pin(async move {
            let at = at.map_or(i64::MAX, |at| at.0);
            let row = sqlx::query(SNAPSHOT_BEFORE).bind(at).fetch_optional(&self.reader).await?;
            row.as_ref().map(snapshot).transpose()
        })
    }

    fn snapshot_after(&self, seq: Option<u64>) -> Reply<'_, Option<Snapshot>> {
        Box::pin(async move {
            let after = seq.map_or(-1, signed);
            let row = sqlx::query(SNAPSHOT_AFTER).bind(after).fetch_optional(&self.reader).await?;
            row.as_ref().map(snapshot).transpose()
        })
    }
}

fn snapshot(row: &SqliteRow) -> Result<Snapshot, Error> {
    Ok(Snapshot {
        seq: unsigned(row.try_get("seq")?),
        now: now(row)?,
        flow_set: row.try_get("flow_set")?,
        state: row.try_get("state")?,
    })
}

fn now(row: &SqliteRow) -> Result<Now, Error> {
    let mono = Instant::from_nanos(unsigned(row.try_get("mono_ns")?));
    Ok(Now { mono, wall: Wall(row.try_get("at")?) })
}
