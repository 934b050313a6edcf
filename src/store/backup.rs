//! A backup as one file: what is in it first, then the files one after the other, and a checksum over all of it last.
//!
//! ```text
//!   HOTLINE-BACKUP 1\n
//!   {contents as JSON, on one line}\n
//!   bytes of the first file, of the second …
//!   64 hexadecimal digits of SHA-256 over everything before\n
//! ```
//! No part is read into memory whole, and nothing is unpacked before the checksum has been seen to be right.
use crate::machine::Wall;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

const MAGIC: &str = "HOTLINE-BACKUP 1\n";
/// The list of a million recordings has room in it.
const CONTENTS_BYTES_MAX: u64 = 256 << 20;
const CHECKSUM_BYTES: u64 = 64 + 1;
const COPY_BYTES: usize = 1 << 20;

/// Names of the parts.
pub const DATABASE: &str = "hotline.db";
pub const CONFIG: &str = "config.yaml";
/// A recording is `recordings/2026-11/….wav`.
pub const RECORDINGS: &str = "recordings/";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    pub made_at: Wall,
    /// The program's version.
    pub version: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    pub parts: Vec<Part>,
    /// Recordings that were there, whether or not they are parts.
    pub recordings: Vec<Recording>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Below the folder of recordings.
    pub name: String,
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: this is no backup of Hotline", .0.display())]
    Foreign(PathBuf),
    #[error("{}: the backup is damaged ({why}); nothing was changed", path.display())]
    Damaged { path: PathBuf, why: String },
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_path_buf();
    move |source| BackupError::File { path, source }
}

/// Writes a backup; `parts` are names and where their bytes are. What stands at `to` is replaced once the new one is whole.
pub fn write(
    to: &Path,
    mut contents: Contents,
    parts: &[(String, PathBuf)],
) -> Result<Contents, BackupError> {
    // Sizes are those of the open files: a recording may still be growing, and only so much of it is taken.
    let mut files = Vec::new();
    for (name, path) in parts {
        let file = File::open(path).map_err(of(path))?;
        let bytes = file.metadata().map_err(of(path))?.len();
        contents.parts.push(Part { name: name.clone(), bytes });
        files.push((file, bytes, path));
    }
    let beside = with_suffix(to, ".part");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(of(&beside))?;
    let mut out = Hashing { inner: BufWriter::new(file), hash: Sha256::new() };
    let list = serde_json::to_vec(&contents).map_err(io::Error::from).map_err(of(&beside))?;
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(of(&beside));
    write(MAGIC.as_bytes())?;
    write(&list)?;
    write(b"\n")?;
    for (file, bytes, path) in files {
        let copied = io::copy(&mut file.take(bytes), &mut out).map_err(of(path))?;
        if copied < bytes {
            let source = io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile");
            return Err(BackupError::File { path: path.clone(), source });
        }
    }
    let checksum = hex(&out.hash.clone().finalize());
    let mut file = out.inner;
    let ended = file.write_all(format!("{checksum}\n").as_bytes()).and_then(|()| file.flush());
    ended.and_then(|()| file.get_ref().sync_all()).map_err(of(&beside))?;
    std::fs::rename(&beside, to).map_err(of(to))?;
    Ok(contents)
}

/// A backup whose checksum is right.
#[derive(Debug)]
pub struct Verified {
    path: PathBuf,
    file: File,
    pub contents: Contents,
}

/// Reads a whole backup and holds it against its checksum.
pub fn verify(path: &Path) -> Result<Verified, BackupError> {
    let damaged = |why: &str| BackupError::Damaged { path: path.to_path_buf(), why: why.to_string() };
    let file = File::open(path).map_err(of(path))?;
    let size = file.metadata().map_err(of(path))?.len();
    let mut reader = BufReader::with_capacity(COPY_BYTES, &file);
    let mut magic = [0; MAGIC.len()];
    if size < MAGIC.len() as u64 || reader.read_exact(&mut magic).is_err() || magic != *MAGIC.as_bytes() {
        return Err(BackupError::Foreign(path.to_path_buf()));
    }
    let mut list = Vec::new();
    (&mut reader).take(CONTENTS_BYTES_MAX).read_until(b'\n', &mut list).map_err(of(path))?;
    let contents: Contents = serde_json::from_slice(&list).map_err(|_| damaged("its list cannot be read"))?;
    let begins = (MAGIC.len() + list.len()) as u64;
    let whole = contents.parts.iter().try_fold(begins, |sum, part| sum.checked_add(part.bytes));
    if whole.and_then(|whole| whole.checked_add(CHECKSUM_BYTES)) != Some(size) {
        return Err(damaged("it is not as long as its list says"));
    }
    let mut hash = Sha256::new();
    hash.update(magic);
    hash.update(&list);
    let mut left = size - begins - CHECKSUM_BYTES;
    let mut buffer = vec![0; COPY_BYTES];
    while left > 0 {
        let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let got = reader.read(&mut buffer[..want]).map_err(of(path))?;
        if got == 0 {
            return Err(damaged("it ends too early"));
        }
        hash.update(&buffer[..got]);
        left -= got as u64;
    }
    let mut checksum = String::new();
    reader.read_to_string(&mut checksum).map_err(|_| damaged("its checksum cannot be read"))?;
    if checksum.trim_end() != hex(&hash.finalize()) {
        return Err(damaged("its checksum is wrong"));
    }
    if contents.parts.iter().any(|part| !is_plain(&part.name)) {
        return Err(damaged("a part has a name that leads outside"));
    }
    drop(reader);
    Ok(Verified { path: path.to_path_buf(), file, contents })
}

impl Verified {
    /// Copies one part to a new file that only its owner reads.
    pub fn unpack(&self, name: &str, to: &Path) -> Result<(), BackupError> {
        use std::os::unix::fs::FileExt;
        let list = serde_json::to_vec(&self.contents).map_err(io::Error::from).map_err(of(&self.path))?;
        let mut at = (MAGIC.len() + list.len() + 1) as u64;
        let missing = || BackupError::Damaged { path: self.path.clone(), why: format!("it has no {name}") };
        let index = self.contents.parts.iter().position(|part| part.name == name).ok_or_else(missing)?;
        at += self.contents.parts[..index].iter().map(|part| part.bytes).sum::<u64>();
        let end = at + self.contents.parts[index].bytes;
        let mut out = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(to)
            .map_err(of(to))?;
        let mut buffer = vec![0; COPY_BYTES];
        while at < end {
            let want = buffer.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            self.file.read_exact_at(&mut buffer[..want], at).map_err(of(&self.path))?;
            out.write_all(&buffer[..want]).map_err(of(to))?;
            at += want as u64;
        }
        out.sync_all().map_err(of(to))
    }

    pub fn has(&self, name: &str) -> bool {
        self.contents.parts.iter().any(|part| part.name == name)
    }
}

/// The recordings below a folder, by name.
pub fn recordings(dir: &Path) -> io::Result<Vec<Recording>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(dir.join(&folder)) {
            Ok(entries) => entries,
            // Nobody has recorded anything yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries.flatten() {
            let (kind, name) = (entry.file_type()?, folder.join(entry.file_name()));
            if kind.is_dir() {
                folders.push(name);
            } else if kind.is_file() && name.extension().is_some_and(|extension| extension == "wav") {
                let bytes = entry.metadata()?.len();
                found.push(Recording { name: name.to_string_lossy().into_owned(), bytes });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// `hotline.db` → `hotline.db.part`
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether a name stays below the folder that it is unpacked into.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn contents() -> Contents {
        Contents {
            made_at: Wall(1),
            version: "0.1.0".into(),
            rows: BTreeMap::from([("calls".into(), 3)]),
            parts: Vec::new(),
            recordings: vec![Recording { name: "2026-11/a.wav".into(), bytes: 44 }],
        }
    }

    fn made(dir: &Path) -> PathBuf {
        let (db, config) = (dir.join("db"), dir.join("config"));
        std::fs::write(&db, vec![7; 3_000_000]).unwrap();
        std::fs::write(&config, "language: ru\n").unwrap();
        let to = dir.join("backup");
        let parts = [(DATABASE.to_string(), db), (CONFIG.to_string(), config)];
        let written = write(&to, contents(), &parts).unwrap();
        assert_eq!(written.parts[0].bytes, 3_000_000);
        to
    }

    #[test]
    fn what_was_put_in_comes_out_and_nobody_else_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let backup = verify(&path).unwrap();
        assert_eq!(backup.contents.rows["calls"], 3);
        assert!(backup.has(CONFIG) && !backup.has("other"));
        let out = dir.path().join("out");
        backup.unpack(CONFIG, &out).unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "language: ru\n");
        backup.unpack(DATABASE, &out).unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), vec![7; 3_000_000]);
        assert!(backup.unpack("other", &out).is_err());
    }

    #[test]
    fn a_changed_a_cut_and_a_foreign_file_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let good = std::fs::read(&path).unwrap();
        let said = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            verify(&path).unwrap_err().to_string()
        };
        let mut flipped = good.clone();
        flipped[1_000_000] ^= 1;
        assert!(said(&flipped).contains("its checksum is wrong"));
        assert!(said(&good[..good.len() - 5]).contains("not as long as its list says"));
        assert!(said(&good[..200]).contains("damaged"));
        assert!(said(b"SQLite format 3\0").contains("no backup of Hotline"));
        assert!(said(b"").contains("no backup of Hotline"));
        std::fs::write(&path, good).unwrap();
        verify(&path).unwrap();
    }

    #[test]
    fn a_name_that_leads_outside_is_refused() {
        for name in ["../x", "/etc/passwd", "a/../../x", ""] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(is_plain("recordings/2026-11/a.wav"));
    }
}
