//! The versions of the flows that were in force, on the disk: `DATA/flows/<hash>/*.yaml` and a ledger. The last good set
//! outlives a restart over files that were broken meanwhile, and a rollback takes its files from here.
use crate::flow::FlowSet;
use crate::machine::Wall;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

const LEDGER: &str = "versions.json";
/// Entries of the ledger; the oldest go first, and folders that no entry names with them.
const VERSIONS_MAX: usize = 50;

/// One time that a set came into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub hash: String,
    pub loaded_at: Wall,
    pub by: String,
    pub flows_changed: Vec<String>,
    /// The file of each flow.
    pub files: BTreeMap<String, String>,
}

/// Newest first; the first one is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub entries: Vec<Entry>,
    /// The files of the flows' folder from which somebody went back: not loaded again by a start while they stay so.
    pub left: Option<Files>,
}

/// File names and their texts.
pub type Files = BTreeMap<String, String>;

pub struct Shelf {
    dir: PathBuf,
    pub ledger: Ledger,
}

impl Shelf {
    /// An unreadable ledger is an empty one: it is history, and a start must not fail for it.
    pub fn open(dir: PathBuf) -> Shelf {
        let ledger = std::fs::read(dir.join(LEDGER)).ok();
        let ledger = ledger.and_then(|bytes| match serde_json::from_slice(&bytes) {
            Ok(ledger) => Some(ledger),
            Err(error) => {
                tracing::warn!(%error, dir = %dir.display(), "the versions of the flows cannot be read");
                None
            }
        });
        Shelf { dir, ledger: ledger.unwrap_or_default() }
    }

    /// Puts a set that comes into force on the shelf; `left` is what it leaves behind when somebody went back to it.
    ///
    /// A disk that does not take it is a matter for the log: the set is in force, and this process knows its versions.
    pub fn keep(&mut self, set: &FlowSet, by: &str, at: Wall, left: Option<Files>) -> Vec<String> {
        let hash = set.hash().to_string();
        let files = files_of(set);
        let written = self.put(&hash, &files);
        let file_of = set.flows().map(|flow| (flow.name.to_string(), file_name(&flow.file))).collect();
        let changed = self.changed(&files, &file_of);
        let entry =
            Entry { hash, loaded_at: at, by: by.to_string(), flows_changed: changed.clone(), files: file_of };
        self.ledger.left = left;
        self.ledger.entries.insert(0, entry);
        let dropped = self.ledger.entries.split_off(self.ledger.entries.len().min(VERSIONS_MAX));
        if let Err(error) = written.and_then(|()| self.write()) {
            let dir = self.dir.display();
            tracing::error!(%error, %dir, "the flows in force could not be kept for a restart");
        }
        let named: BTreeSet<&str> = self.ledger.entries.iter().map(|entry| entry.hash.as_str()).collect();
        for entry in dropped.iter().filter(|entry| !named.contains(entry.hash.as_str())) {
            let _ = std::fs::remove_dir_all(self.dir.join(&entry.hash));
        }
        changed
    }

    /// Whole or not at all.
    fn put(&self, hash: &str, files: &Files) -> io::Result<()> {
        let folder = self.dir.join(hash);
        if folder.is_dir() {
            return Ok(());
        }
        let part = self.dir.join(format!("{hash}.part"));
        std::fs::create_dir_all(&part)?;
        for (name, text) in files {
            std::fs::write(part.join(name), text)?;
        }
        std::fs::rename(&part, &folder)
    }

    pub fn current(&self) -> Option<&Entry> {
        self.ledger.entries.first()
    }

    /// The version of this hash, or the newest one that differs from the current.
    pub fn find(&self, hash: Option<&str>) -> Option<&Entry> {
        let current = self.current().map(|entry| entry.hash.as_str());
        match hash {
            Some(hash) => self.ledger.entries.iter().find(|entry| entry.hash == hash),
            None => self.ledger.entries.iter().find(|entry| Some(entry.hash.as_str()) != current),
        }
    }

    /// The texts of a version.
    pub fn texts(&self, hash: &str) -> io::Result<Files> {
        // Only what the ledger names: a hash comes from outside.
        if self.find(Some(hash)).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        read(&self.dir.join(hash))
    }

    /// Flows that are new, gone, or written otherwise than in the version in force.
    fn changed(&self, files: &Files, file_of: &BTreeMap<String, String>) -> Vec<String> {
        let Some(before) = self.current() else { return file_of.keys().cloned().collect() };
        let old = self.texts(&before.hash).unwrap_or_default();
        let names: BTreeSet<&String> = before.files.keys().chain(file_of.keys()).collect();
        let text = |texts: &Files, file: Option<&String>| file.and_then(|file| texts.get(file).cloned());
        let differs = |name: &&String| text(&old, before.files.get(*name)) != text(files, file_of.get(*name));
        names.into_iter().filter(differs).cloned().collect()
    }

    fn write(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let part = self.dir.join(format!("{LEDGER}.part"));
        std::fs::write(&part, serde_json::to_vec_pretty(&self.ledger)?)?;
        std::fs::rename(part, self.dir.join(LEDGER))
    }
}

/// The flow files of a folder as they are now.
pub fn read(dir: &Path) -> io::Result<Files> {
    let read = |path: PathBuf| Ok((file_name(&path), std::fs::read_to_string(&path)?));
    crate::flow::files_of(dir)?.into_iter().map(read).collect()
}

fn files_of(set: &FlowSet) -> Files {
    set.source().files().iter().map(|(path, text)| (file_name(path), text.clone())).collect()
}

pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Environment;

    fn set(word: &str) -> FlowSet {
        let flow = |name: &str, step: &str| {
            format!(
                "flow: {name}\nentry: {{number: \"{}\", start: {step}}}\nsteps:\n  {step}:\n    hangup: {{}}\n",
                name.len()
            )
        };
        let files = vec![
            (PathBuf::from("x/a.yaml"), flow("alpha", word)),
            (PathBuf::from("x/bb.yaml"), flow("be", "same")),
        ];
        let (set, findings) = FlowSet::parse(files, &Environment::default());
        set.unwrap_or_else(|| panic!("{findings:?}"))
    }

    #[test]
    fn what_was_in_force_is_there_after_a_restart_and_says_what_changed() {
        let dir = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(dir.path().join("flows"));
        assert_eq!(shelf.keep(&set("one"), "start", Wall(1), None), ["alpha", "be"]);
        assert_eq!(shelf.keep(&set("two"), "watch", Wall(2), None), ["alpha"]);
        let shelf = Shelf::open(dir.path().join("flows"));
        let current = shelf.current().unwrap();
        assert_eq!((current.by.as_str(), current.loaded_at), ("watch", Wall(2)));
        assert!(shelf.texts(&current.hash).unwrap()["a.yaml"].contains("two"));
        let before = shelf.find(None).unwrap();
        assert_eq!(before.hash, set("one").hash().to_string());
        assert!(shelf.texts("../../etc").is_err());
    }

    #[test]
    fn only_so_many_versions_are_kept_and_their_folders_with_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(dir.path().to_path_buf());
        for n in 0..VERSIONS_MAX as i64 + 3 {
            shelf.keep(&set(&format!("step{n}")), "watch", Wall(n), None);
        }
        assert_eq!(shelf.ledger.entries.len(), VERSIONS_MAX);
        let folders = std::fs::read_dir(dir.path()).unwrap().flatten().filter(|e| e.path().is_dir()).count();
        assert_eq!(folders, VERSIONS_MAX);
    }

    #[test]
    fn a_ledger_that_cannot_be_read_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(LEDGER), "{").unwrap();
        assert_eq!(Shelf::open(dir.path().to_path_buf()).ledger, Ledger::default());
    }
}
