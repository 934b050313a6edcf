//! `hotline db status`: what the store holds, in words.
use crate::store::Status;

/// Migrations first, then rows by table, then what to do.
pub fn status(status: &Status, findings: &[String]) -> String {
    let mut text = format!("{}\t{:.1} MB\n", status.url, status.size_bytes as f64 / 1e6);
    for migration in &status.migrations {
        let state = if migration.applied { "applied" } else { "to be applied: hotline db migrate" };
        text.push_str(&format!("migration {} {}\t{state}\n", migration.version, migration.description));
    }
    for (table, rows) in &status.rows {
        text.push_str(&format!("{table}\t{rows}\n"));
    }
    for finding in findings {
        text.push_str(&format!("damaged: {finding}\n"));
    }
    if !findings.is_empty() {
        text.push_str(
            "stop the server, keep a copy of the file, and restore the last backup: hotline restore F\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connect;

    #[tokio::test]
    async fn it_says_what_is_to_be_done() {
        let dir = tempfile::tempdir().unwrap();
        let store = connect(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        let before = status(&store.status().await.unwrap(), &[]);
        assert!(before.contains("migration 1 tables\tto be applied: hotline db migrate\n"), "{before}");
        store.migrate().await.unwrap();
        let after = status(&store.status().await.unwrap(), &store.integrity().await.unwrap());
        assert!(after.contains("migration 1 tables\tapplied\n") && after.contains("calls\t0\n"), "{after}");
        assert!(status(&store.status().await.unwrap(), &["page 3".into()]).contains("damaged: page 3"));
    }
}
