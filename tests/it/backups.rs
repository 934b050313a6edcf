//! Backup and restore with the real program: under a load of writes, into another folder, over an old database.
use crate::house::{House, Plan};
use hotline::call::{CallEvent, CallRecord, Keep};
use hotline::class::Class;
use hotline::ids::CallId;
use hotline::machine::Wall;
use hotline::store::{self, CallFilter, Writer};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

fn url(data: &Path) -> String {
    format!("sqlite:{}", data.join("hotline.db").display())
}

fn record(n: u64) -> CallRecord {
    CallRecord {
        id: CallId::new(1_795_370_000_000 + n as i64, n),
        sip_call_id: format!("{n}@load"),
        line: "qiwi-hotline".into(),
        caller: "79161234567".into(),
        verified: true,
        class: Class::Standard,
        queue: None,
        started_at: Wall(1_795_370_000_000 + n as i64),
        enqueued_at: None,
        offered_at: None,
        answered_at: None,
        ended_at: Some(Wall(1_795_370_001_000)),
        wait_ms: None,
        operator: None,
        result: None,
        hangup_by: None,
        cause: None,
        path: "hotline/main ".repeat(20),
        caller_quality: None,
        operator_quality: None,
    }
}

/// Writes calls with a story of three events each, as fast as the store takes them, until told to stop.
async fn load(data: &Path, stop: Arc<AtomicBool>, written: Arc<AtomicU64>) {
    let store = store::connect(&url(data)).await.unwrap();
    let writer = Writer::start(store.clone(), data.join("load.jsonl"));
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..50 {
            n += 1;
            let record = record(n);
            let (call, at) = (record.id, record.started_at);
            for kind in ["step", "said", "ended"] {
                let event = CallEvent { call, at, kind: kind.into(), detail: BTreeMap::new() };
                writer.keep(Keep::Event(event));
            }
            writer.keep(Keep::Call(Box::new(record)));
        }
        assert!(writer.flush(Duration::from_secs(20)).await);
        written.store(n, Ordering::Relaxed);
    }
    writer.close(Duration::from_secs(20)).await;
    store.close().await;
}

/// `table\trows` of what a command printed.
fn rows(printed: &str) -> BTreeMap<String, u64> {
    let pairs = printed.lines().filter_map(|line| line.split_once('\t'));
    pairs.filter_map(|(table, rows)| Some((table.to_string(), rows.parse().ok()?))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_one_moment_of_the_database_and_restores_elsewhere() {
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    std::fs::create_dir_all(house.data().join("recordings/2026-11")).unwrap();
    std::fs::write(house.data().join("recordings/2026-11/a-1.wav"), b"RIFF of a kind").unwrap();
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let loading = tokio::spawn({
        let (data, stop, written) = (house.data(), stop.clone(), written.clone());
        async move { load(&data, stop, written).await }
    });
    while written.load(Ordering::Relaxed) < 500 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let file = house.dir.path().join("b.hotline");
    let before = written.load(Ordering::Relaxed);
    let args = ["backup", file.to_str().unwrap(), "--recordings"];
    let (code, said, err) = tokio::task::block_in_place(|| house.hotline(&args));
    let after = written.load(Ordering::Relaxed);
    assert_eq!(code, 0, "{said}{err}");
    let taken = rows(&said);
    assert!(before <= taken["calls"] && taken["calls"] <= after + 50, "{before} {after}: {said}");
    assert!(after > before, "writing went on meanwhile: {before}, {after}");
    stop.store(true, Ordering::Relaxed);
    loading.await.unwrap();

    // Elsewhere.
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(house.dir.path().join("config.yaml"), other.path().join("config.yaml")).unwrap();
    let (code, said, err) = house.hotline_in(other.path(), &["restore", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}{err}");
    assert!(err.contains("1 recordings restored"), "{err}");
    let (code, status, err) = house.hotline_in(other.path(), &["db", "status"]);
    assert_eq!(code, 0, "the database's own check: {status}{err}");
    let restored = rows(&status);
    for (table, count) in taken.iter().filter(|(name, _)| *name != "bytes") {
        assert_eq!(restored.get(table), Some(count), "{table}");
    }
    let wav = other.path().join("data/recordings/2026-11/a-1.wav");
    assert_eq!(std::fs::read(wav).unwrap(), b"RIFF of a kind");
    // Each call that is there has its whole row.
    let store = store::connect(&url(&other.path().join("data"))).await.unwrap();
    let calls = store.calls(CallFilter::default()).await.unwrap();
    let ours: Vec<_> = calls.iter().filter(|call| call.sip_call_id.ends_with("@load")).collect();
    assert!(ours.len() as u64 >= before && ours.iter().all(|call| **call == record(call.id.0 & 0xffff)));
    store.close().await;
}

#[test]
fn a_restore_refuses_what_could_destroy_something() {
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    let file = house.dir.path().join("b.hotline");
    let path = file.to_str().unwrap();
    assert_eq!(house.hotline(&["backup", path]).0, 0);
    let (code, _, said) = house.hotline(&["restore", path, "--force"]);
    assert_eq!(code, 1);
    assert!(said.contains("a server is running"), "{said}");
    assert_eq!(house.hotline(&["restore", path, "--verify"]).0, 0, "looking is always allowed");

    // Stopped, with a database there.
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(house.dir.path().join("config.yaml"), other.path().join("config.yaml")).unwrap();
    let run = |args: &[&str]| house.hotline_in(other.path(), args);
    assert_eq!(run(&["user", "add", "old", "--role", "viewer"]).0, 0);
    let (code, _, said) = run(&["restore", path]);
    assert_eq!(code, 1);
    assert!(said.contains("--force") && said.contains("moved aside"), "{said}");
    assert!(run(&["user", "list"]).1.contains("user\told"));

    // Damaged: refused before anything is touched.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    let bad = other.path().join("bad.hotline");
    std::fs::write(&bad, bytes).unwrap();
    let (code, _, said) = run(&["restore", bad.to_str().unwrap(), "--force"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("its checksum is wrong; nothing") || said.contains("nothing was changed"),
        "{said}"
    );
    assert!(run(&["user", "list"]).1.contains("user\told"));

    // By force: the new one is in place, the old one beside it and whole.
    let (code, _, said) = run(&["restore", path, "--force"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the old database is"), "{said}");
    assert!(!run(&["user", "list"]).1.contains("user\told"));
    let data = other.path().join("data");
    let names: Vec<String> = std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let aside = names.iter().find(|name| name.starts_with("hotline.db.before-") && !name.contains("-wal"));
    let aside = aside.unwrap_or_else(|| panic!("{names:?}"));
    assert!(!names.iter().any(|name| name.contains("restoring")), "{names:?}");
    let old = tempfile::tempdir().unwrap();
    std::fs::create_dir(old.path().join("data")).unwrap();
    std::fs::copy(data.join(aside), old.path().join("data/hotline.db")).unwrap();
    std::fs::copy(other.path().join("config.yaml"), old.path().join("config.yaml")).unwrap();
    assert!(house.hotline_in(old.path(), &["user", "list"]).1.contains("user\told"));
}
