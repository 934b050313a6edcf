//! `hotline backup` and `hotline restore`. A backup is taken from a running installation, at one moment of its database;
//! a restore wants a stopped one, believes nothing before it has been verified, and moves the old database aside.
use super::installation::{self, Installation};
use super::{Common, Done, Exit, Failure};
use crate::clock::Clock;
use crate::store::backup::{self, BackupError, CONFIG, Contents, DATABASE, RECORDINGS, Verified};
use crate::store::{self, SqliteStore, Store};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct BackupArgs {
    /// The file to write; one that is there is replaced when the new one is whole
    file: PathBuf,
    /// Take the recordings themselves, not only their list
    #[arg(long)]
    recordings: bool,
}

#[derive(Args)]
pub struct RestoreArgs {
    /// A file that `hotline backup` wrote
    file: PathBuf,
    /// Restore although there is a database; it is moved aside, not removed
    #[arg(long)]
    force: bool,
    /// Only say whether the backup is whole, and what is in it
    #[arg(long)]
    verify: bool,
}

pub fn backup(common: &Common, args: BackupArgs) -> Done {
    let installation = installation::load(common)?;
    // Beside the result, for it is as large: the folder that was chosen for it has the room.
    let copy = backup::with_suffix(&args.file, ".database");
    let done = super::runtime()?.block_on(take(&installation, &args, &copy));
    let _ = std::fs::remove_file(&copy);
    let contents = done?;
    println!("{}", summary(&contents));
    eprintln!("{}: keep it safe, it holds numbers, names and password hashes", args.file.display());
    Ok(Exit::Ok)
}

async fn take(installation: &Installation, args: &BackupArgs, copy: &Path) -> Result<Contents, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Findings, error);
    let store = installation.existing_store().await?;
    let _ = std::fs::remove_file(copy);
    let copied = store.copy_to(copy).await;
    store.close().await;
    copied.map_err(|error| Failure::new(Exit::CannotConnect, error))?;
    let rows = sound(copy).await?;
    let dir = installation.config.recording_dir(&installation.data_dir);
    let recordings = backup::recordings(&dir).map_err(|error| failed(&error))?;
    let mut parts = vec![(DATABASE.to_string(), copy.to_path_buf())];
    if let Some(config) = &installation.config_file {
        parts.push((CONFIG.to_string(), config.clone()));
    }
    if args.recordings {
        let part = |name: &String| (format!("{RECORDINGS}{name}"), dir.join(name));
        parts.extend(recordings.iter().map(|recording| part(&recording.name)));
    }
    let version = env!("CARGO_PKG_VERSION").to_string();
    let contents = Contents { made_at: Clock::wall(), version, rows, parts: Vec::new(), recordings };
    backup::write(&args.file, contents, &parts).map_err(|error| failed(&error))
}

/// The rows by table of a database file that has nothing wrong with it.
async fn sound(path: &Path) -> Result<std::collections::BTreeMap<String, u64>, Failure> {
    let failed = |error: store::Error| Failure::new(Exit::Findings, error);
    let store = SqliteStore::open(path).await.map_err(failed)?;
    let findings = store.integrity().await.map_err(failed)?;
    // A backup of an older program gets its new tables here; one of a newer program is refused.
    store.migrate().await.map_err(failed)?;
    let status = store.status().await.map_err(failed)?;
    store.close().await;
    match findings.as_slice() {
        [] => Ok(status.rows),
        found => Err(Failure::new(
            Exit::Findings,
            format!("the database is damaged: {}; nothing was changed", found.join("; ")),
        )),
    }
}

pub fn restore(common: &Common, args: RestoreArgs) -> Done {
    let installation = installation::load(common)?;
    let backup = backup::verify(&args.file).map_err(|error| match error {
        BackupError::File { .. } => Failure::new(Exit::Usage, error),
        _ => Failure::new(Exit::Findings, error),
    })?;
    println!("{}", summary(&backup.contents));
    if args.verify {
        return Ok(Exit::Ok);
    }
    let url = installation.config.storage_url(&installation.data_dir);
    let database = store::sqlite_path(&url)
        .ok_or_else(|| {
            let message = "a backup is restored into SQLite; for another storage.url use its own tools";
            Failure::new(Exit::Usage, message)
        })?
        .to_path_buf();
    let refuse = |message: String| Err(Failure::new(Exit::Findings, message));
    if std::os::unix::net::UnixStream::connect(installation.socket_path()).is_ok() {
        return refuse(format!(
            "a server is running on {}: stop it first (hotline drain)",
            installation.data_dir.display()
        ));
    }
    if database.exists() && !args.force {
        return refuse(format!(
            "there is a database at {}; with --force it is moved aside and this one takes its place",
            database.display()
        ));
    }
    super::runtime()?.block_on(put_back(&installation, &backup, &database))?;
    Ok(Exit::Ok)
}

async fn put_back(installation: &Installation, backup: &Verified, database: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Findings, error);
    let at = |path: &Path, error: std::io::Error| failed(&format!("{}: {error}", path.display()));
    if let Some(parent) = database.parent() {
        std::fs::create_dir_all(parent).map_err(|error| at(parent, error))?;
    }
    std::fs::create_dir_all(&installation.data_dir).map_err(|error| at(&installation.data_dir, error))?;
    let new = backup::with_suffix(database, ".restoring");
    for leftover in side_files(&new) {
        let _ = std::fs::remove_file(leftover);
    }
    backup.unpack(DATABASE, &new).map_err(|error| failed(&error))?;
    let rows = match sound(&new).await {
        Ok(rows) => rows,
        Err(failure) => {
            for leftover in side_files(&new) {
                let _ = std::fs::remove_file(leftover);
            }
            return Err(failure);
        }
    };
    // Closing wrote the log back into the file, so it stands alone.
    let aside = move_aside(installation, database)?;
    std::fs::rename(&new, database).map_err(|error| at(database, error))?;
    if let Some(aside) = aside {
        eprintln!("the old database is {}", aside.display());
    }
    let calls = rows.get("calls").copied().unwrap_or(0);
    eprintln!("restored: {} ({calls} calls)", database.display());
    configuration(installation, backup)?;
    recordings(installation, backup)
}

/// A database with its log and its shared memory.
fn side_files(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| backup::with_suffix(database, suffix))
}

/// Gives the old database, and the records that were still to be written into it, names of their own.
fn move_aside(installation: &Installation, database: &Path) -> Result<Option<PathBuf>, Failure> {
    if !database.exists() {
        return Ok(None);
    }
    let at = installation.zone().civil(Clock::wall());
    let stamp =
        format!("{:04}{:02}{:02}-{:02}{:02}{:02}", at.year, at.month, at.day, at.hour, at.minute, at.second);
    let mut aside = backup::with_suffix(database, &format!(".before-{stamp}"));
    for n in 2.. {
        if !aside.exists() {
            break;
        }
        aside = backup::with_suffix(database, &format!(".before-{stamp}-{n}"));
    }
    let spill = installation.data_dir.join("unwritten.jsonl");
    let pairs = side_files(database).into_iter().zip(side_files(&aside));
    for (from, to) in pairs.chain([(spill, backup::with_suffix(&aside, ".unwritten.jsonl"))]) {
        if from.exists() {
            std::fs::rename(&from, &to)
                .map_err(|error| Failure::new(Exit::Findings, format!("{}: {error}", from.display())))?;
        }
    }
    Ok(Some(aside))
}

/// The configuration of then is laid beside the one of now, unless there is none or they are the same.
fn configuration(installation: &Installation, backup: &Verified) -> Result<(), Failure> {
    if !backup.has(CONFIG) {
        return Ok(());
    }
    let failed = |error: BackupError| Failure::new(Exit::Findings, error);
    let there = installation.config_file.clone();
    let to = match &there {
        Some(now) => backup::with_suffix(now, ".restored"),
        None => installation.data_dir.join("config.yaml.restored"),
    };
    backup.unpack(CONFIG, &to).map_err(failed)?;
    let same = there.is_some_and(|now| std::fs::read(now).ok() == std::fs::read(&to).ok());
    if same {
        let _ = std::fs::remove_file(&to);
    } else {
        eprintln!("the configuration of the backup is {}; the one in force was left alone", to.display());
    }
    Ok(())
}

/// Recordings in the backup that are missing here; those that are nowhere are counted.
fn recordings(installation: &Installation, backup: &Verified) -> Result<(), Failure> {
    let dir = installation.config.recording_dir(&installation.data_dir);
    let (mut unpacked, mut missing) = (0_usize, 0_usize);
    for recording in &backup.contents.recordings {
        let to = dir.join(&recording.name);
        let part = format!("{RECORDINGS}{}", recording.name);
        if to.exists() {
            continue;
        }
        if !backup.has(&part) {
            missing += 1;
            continue;
        }
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| Failure::new(Exit::Findings, format!("{}: {error}", parent.display())))?;
        }
        backup.unpack(&part, &to).map_err(|error| Failure::new(Exit::Findings, error))?;
        unpacked += 1;
    }
    if unpacked > 0 {
        eprintln!("{unpacked} recordings restored into {}", dir.display());
    }
    if missing > 0 {
        eprintln!("{missing} recordings of the list are not in {}: copy them there", dir.display());
    }
    Ok(())
}

fn summary(contents: &Contents) -> String {
    let at = crate::clock::Zone::utc().rfc3339(contents.made_at);
    let bytes: u64 = contents.parts.iter().map(|part| part.bytes).sum();
    let rows: Vec<String> = contents.rows.iter().map(|(table, rows)| format!("{table}\t{rows}")).collect();
    format!(
        "made\t{at}\nversion\t{}\nbytes\t{bytes}\nrecordings\t{} listed, {} inside\n{}",
        contents.version,
        contents.recordings.len(),
        contents.parts.iter().filter(|part| part.name.starts_with(RECORDINGS)).count(),
        rows.join("\n"),
    )
}
