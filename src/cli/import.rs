//! `hotline subscriber|payment|agent import FILE.csv`.
use super::audit::local_audit;
use crate::clock::Zone;
use crate::store::import::{self, FILE_BYTES_MAX, ImportError, Kind};
use crate::store::{Error, Store};
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ImportFailed {
    #[error("cannot read {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} has {size} bytes; expected at most {FILE_BYTES_MAX}")]
    TooLarge { path: PathBuf, size: u64 },
    /// `payments.csv: line 3: amount: expected …`
    #[error("{path}: {error}; nothing of the file was loaded")]
    Row { path: PathBuf, error: ImportError },
    #[error("nothing of the file was loaded: {0}")]
    Store(#[from] Error),
}

/// Loads a file whole or not at all; says how many rows it had. Rows that are there already are replaced.
pub async fn import(store: &dyn Store, kind: Kind, path: &Path, zone: &Zone) -> Result<u64, ImportFailed> {
    let fault = |source| ImportFailed::File { path: path.to_path_buf(), source };
    let size = std::fs::metadata(path).map_err(fault)?.len();
    if size > FILE_BYTES_MAX {
        return Err(ImportFailed::TooLarge { path: path.to_path_buf(), size });
    }
    let bytes = std::fs::read(path).map_err(fault)?;
    let rows = import::parse(kind, &bytes, zone)
        .map_err(|error| ImportFailed::Row { path: path.to_path_buf(), error })?;
    let count = store.import(rows).await?;
    let what = format!("{}.import", kind.as_str());
    local_audit(store, &what, [("file", path.display().to_string()), ("rows", count.to_string())]).await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open;

    #[tokio::test]
    async fn a_file_is_loaded_whole_or_the_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        let path = dir.path().join("agents.csv");
        let zone = Zone::utc();
        let run = |text: &'static str| {
            std::fs::write(&path, text).unwrap();
            import(&*store, Kind::Agents, &path, &zone)
        };
        let failed = run("id\n100234\nx\n").await.unwrap_err().to_string();
        assert!(
            failed.ends_with(
                "agents.csv: line 3: id: expected 1 to 32 digits, got `x`; nothing of the file was loaded"
            ),
            "{failed}"
        );
        assert_eq!(store.agent("100234").await.unwrap(), None);
        assert_eq!(run("id\n100234\n100235\n").await.unwrap(), 2);
        assert!(store.agent("100235").await.unwrap().is_some());
        let audit = store.audit(1).await.unwrap();
        assert_eq!((audit[0].what.as_str(), audit[0].detail["rows"].as_str()), ("agent.import", "2"));
    }
}
