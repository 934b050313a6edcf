//! What the command line changes in the store leaves a line in the audit, like what the pages change.
use crate::clock::Clock;
use crate::store::{Audit, Entry, Error, Store};

/// The socket and the file are open to the local admin only: that is who it was.
const WHO: &str = "local";

pub async fn local_audit<const N: usize>(
    store: &dyn Store,
    what: &str,
    detail: [(&str, String); N],
) -> Result<(), Error> {
    let detail = detail.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    let line = Audit { at: Clock::wall(), who: WHO.to_string(), what: what.to_string(), detail };
    store.write(&[Entry::Audit(line)]).await
}
