//! The ledger of recordings, committed beside them: which text each was made from, and whether it was synthesised here
//! or came from a studio. A file whose bytes the ledger does not know is a studio's.
use crate::ids::PromptName;
use crate::say::Language;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Its name in the folder of prompts. One line a recording: `ru/welcome made TEXT FILE`, hashes in hexadecimal.
pub const LEDGER: &str = ".built";

/// Leading bytes of a SHA-256: enough to tell files apart, short enough to read in a diff.
const HASH_BYTES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Made,
    Studio,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub origin: Origin,
    /// Hash of the text that was synthesised, or that stood in prompts.yaml when the studio's file was first seen.
    pub text: String,
    /// Hash of the file's bytes.
    pub file: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    records: BTreeMap<String, Record>,
}

impl Ledger {
    /// A missing ledger is an empty one; a line that cannot be read is dropped, and its file then counts as a studio's.
    pub fn load(dir: &Path) -> io::Result<Ledger> {
        let text = match fs::read_to_string(dir.join(LEDGER)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let records = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let key = words.next()?.to_string();
            let origin = match words.next()? {
                "made" => Origin::Made,
                "studio" => Origin::Studio,
                _ => return None,
            };
            Some((key, Record { origin, text: words.next()?.to_string(), file: words.next()?.to_string() }))
        });
        Ok(Ledger { records: records.collect() })
    }

    pub fn save(&self, dir: &Path) -> io::Result<()> {
        let line = |(key, record): (&String, &Record)| {
            let origin = match record.origin {
                Origin::Made => "made",
                Origin::Studio => "studio",
            };
            format!("{key} {origin} {} {}\n", record.text, record.file)
        };
        fs::write(dir.join(LEDGER), self.records.iter().map(line).collect::<String>())
    }

    pub fn get(&self, key: &str) -> Option<&Record> {
        self.records.get(key)
    }

    pub fn put(&mut self, key: String, record: Record) {
        self.records.insert(key, record);
    }

    pub fn remove(&mut self, key: &str) {
        self.records.remove(key);
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.records.keys()
    }

    /// Is the file on disk a studio's work? `None` if there is no file.
    pub fn origin(&self, dir: &Path, key: &str) -> io::Result<Option<Origin>> {
        let Some(file) = file_hash(&dir.join(format!("{key}.wav")))? else { return Ok(None) };
        let made = self.get(key).is_some_and(|record| record.file == file && record.origin == Origin::Made);
        Ok(Some(if made { Origin::Made } else { Origin::Studio }))
    }
}

/// `ru/welcome`
pub fn key(language: Language, name: &PromptName) -> String {
    format!("{language}/{name}")
}

pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// `None` if there is no such file.
pub fn file_hash(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(hash(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_reads_back_and_knows_its_own_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ru")).unwrap();
        let mut ledger = Ledger::default();
        let record = Record { origin: Origin::Made, text: hash(b"text"), file: hash(b"made") };
        ledger.put("ru/a".into(), record);
        ledger.save(dir.path()).unwrap();
        assert_eq!(Ledger::load(dir.path()).unwrap(), ledger);

        assert_eq!(ledger.origin(dir.path(), "ru/a").unwrap(), None);
        fs::write(dir.path().join("ru/a.wav"), b"made").unwrap();
        assert_eq!(ledger.origin(dir.path(), "ru/a").unwrap(), Some(Origin::Made));
        fs::write(dir.path().join("ru/a.wav"), b"sung by a person").unwrap();
        assert_eq!(ledger.origin(dir.path(), "ru/a").unwrap(), Some(Origin::Studio));
    }

    #[test]
    fn a_damaged_line_makes_its_file_untouchable_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LEDGER), "ru/a made 1\nru/b made 1 2\n<<<<<<<\n").unwrap();
        let ledger = Ledger::load(dir.path()).unwrap();
        assert_eq!(ledger.keys().collect::<Vec<_>>(), ["ru/b"]);
    }
}
