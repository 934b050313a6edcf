//! Replaying the store's journal: one call with its story, or everything there is.
use crate::call::Keep;
use crate::ids::CallId;
use crate::machine::Now;
use crate::store::{self, Shared, Snapshot};
use crate::switchboard::replay::{Fault, Replay, Step};
use crate::switchboard::{Action, Happened};

/// Inputs read at once.
const PAGE: usize = 1000;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("no call {0} in the store")]
    NoSuchCall(CallId),
    #[error(
        "the journal before call {0} is gone: retention has forgotten the snapshot that it would start from"
    )]
    NoSnapshot(CallId),
}

/// One input that had to do with the call.
pub struct Moment {
    pub seq: u64,
    pub now: Now,
    pub step: Step,
}

/// What was re-run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub snapshots: usize,
    pub inputs: usize,
}

/// Re-runs the journal from the snapshot before the call to its end, and gives what had to do with it.
pub async fn call(store: &Shared, id: CallId) -> Result<(Vec<Moment>, Extent), Error> {
    let record = store.call(id).await?.ok_or(Error::NoSuchCall(id))?.record;
    let snapshot = store.snapshot_before(Some(record.started_at)).await?.ok_or(Error::NoSnapshot(id))?;
    let mut moments = Vec::new();
    let inputs = run(store, &snapshot, None, |moment| {
        let is_over = ends(&moment.step, id);
        if concerns(&moment.step, id) {
            moments.push(moment);
        }
        !is_over
    })
    .await?;
    Ok((moments, Extent { snapshots: 1, inputs }))
}

/// Re-runs every stretch of the journal, each from its own snapshot.
pub async fn everything(store: &Shared) -> Result<Extent, Error> {
    let mut extent = Extent::default();
    let mut next = store.snapshot_after(None).await?;
    while let Some(snapshot) = next {
        next = store.snapshot_after(Some(snapshot.seq)).await?;
        extent.snapshots += 1;
        extent.inputs += run(store, &snapshot, next.as_ref().map(|next| next.seq), |_| true).await?;
    }
    Ok(extent)
}

/// From a snapshot to the input `last`, or to the journal's end, or until `go_on` says no.
async fn run(
    store: &Shared,
    snapshot: &Snapshot,
    last: Option<u64>,
    mut go_on: impl FnMut(Moment) -> bool,
) -> Result<usize, Error> {
    let mut replay = Replay::new(snapshot.seq, &snapshot.state)?;
    let mut next = snapshot.seq + 1;
    let mut inputs = 0;
    loop {
        let page = store.journal_from(next, PAGE).await?;
        let is_end = page.len() < PAGE;
        for entry in page {
            if last.is_some_and(|last| entry.seq > last) {
                return Ok(inputs);
            }
            let step = replay.step(entry.seq, entry.now, &entry.input, entry.decisions)?;
            inputs += 1;
            next = entry.seq + 1;
            if !go_on(Moment { seq: entry.seq, now: entry.now, step }) {
                return Ok(inputs);
            }
        }
        if is_end {
            return Ok(inputs);
        }
    }
}

fn concerns(step: &Step, id: CallId) -> bool {
    step.call == Some(id)
        || step.actions.iter().any(|action| match action {
            Action::Keep(Keep::Call(record)) => record.id == id,
            Action::Keep(Keep::Event(event)) => event.call == id,
            Action::Happened(
                Happened::Offered { call, .. }
                | Happened::Connected { call, .. }
                | Happened::Enqueued { call, .. },
            ) => *call == id,
            _ => false,
        })
}

/// Its record was closed.
fn ends(step: &Step, id: CallId) -> bool {
    step.actions.iter().any(|action| {
        matches!(action, Action::Keep(Keep::Call(record)) if record.id == id && record.ended_at.is_some())
    })
}
