//! The disk of recordings fills up under a running server: no new recording begins, the caller hears an answer, calls go
//! on; and when there is room again everything is as before. The disk is a small one in memory, which needs root.
use crate::house::{House, Plan};
use crate::parties::{Caller, SOON, has, steps};
use hotline::robot::mouth::Method;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of 64 MiB of its own; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a word about it, where this user may not mount.
    fn mount(at: &Path) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(at.to_path_buf())),
            other => {
                crate::skipped(&format!("a disk of its own could not be mounted ({other:?}); run as root"));
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

const FLOW: &str = "flow: voice\nentry: {number: \"88001000000\", start: ask, answer: at_once}\nlanguage: ru\nsteps:\n  \
     ask: {record: {say: [leave_message], max: 3s, save: message, next: kept, failed: sorry}}\n  \
     kept: {play: {say: [goodbye], next: end}}\n  sorry: {play: {say: [apology], next: end}}\n  end: {hangup: {}}\n";

/// Calls, presses hash if asked to speak, and returns the steps.
async fn leaves_a_message(house: &House, number: &str) -> Vec<String> {
    let caller = Caller::dial(house, number, "88001000000").await;
    caller.at_step(house, "ask").await;
    caller.press_by("#", Method::Rfc4733);
    let story = caller.ended(house).await;
    if !has(&story, "message") {
        assert!(story.messages.is_empty());
    }
    steps(&story).into_iter().map(str::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_recordings_not_calls_and_room_brings_them_back() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&dir.path().join("small")) else { return };
    let flows = tempfile::tempdir().unwrap();
    std::fs::write(flows.path().join("voice.yaml"), FLOW).unwrap();
    let extra = format!("recording: {{dir: {}, min_free: 16MiB}}\n", disk.0.display());
    let house = House::start(&Plan { extra, flows: Some(flows.path().to_path_buf()), ..Plan::default() });
    let token = house.token("viewer");
    assert_eq!(house.metric("hotline_disk_nearly_full"), 0.0);
    assert!(leaves_a_message(&house, "79150000001").await.contains(&"kept".to_string()));

    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![1; 56 << 20]).unwrap();
    house.wait_log(|log| log.contains("nearly full") && log.contains("disk_nearly_full"), SOON);
    house.until("the metrics say so", &token, || {
        (house.metric("hotline_disk_nearly_full") == 1.0).then_some(())
    });
    let walked = leaves_a_message(&house, "79150000002").await;
    assert_eq!(walked, ["ask", "sorry", "end"], "the caller hears an answer");
    assert_eq!(house.metric("hotline_recordings_refused_total"), 1.0);
    assert!(house.metric("hotline_disk_free_bytes") < f64::from(16 << 20));
    assert!(banner(&house, &token), "the board says so");

    // A little room is not enough; a little more is.
    std::fs::write(&ballast, vec![1; 47 << 20]).unwrap();
    house.until("the little room is seen", &token, || {
        (house.metric("hotline_disk_free_bytes") > f64::from(16 << 20)).then_some(())
    });
    assert_eq!(leaves_a_message(&house, "79150000003").await, ["ask", "sorry", "end"], "it does not flap");
    std::fs::remove_file(&ballast).unwrap();
    house.until("there is room again", &token, || {
        (house.metric("hotline_disk_nearly_full") == 0.0).then_some(())
    });
    assert!(leaves_a_message(&house, "79150000004").await.contains(&"kept".to_string()));
    assert!(!banner(&house, &token));
    assert!(house.log().contains("cleared"));
}

/// What the board is told first.
fn banner(house: &House, token: &str) -> bool {
    use std::io::{BufRead, BufReader, Write};
    let stream = std::net::TcpStream::connect(house.web).unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
        house.web
    );
    (&stream).write_all(head.as_bytes()).unwrap();
    let data = BufReader::new(stream).lines().map_while(Result::ok).find_map(|line| {
        line.strip_prefix("data:").and_then(|data| serde_json::from_str::<Value>(data.trim()).ok())
    });
    data.unwrap()["disk_nearly_full"].as_bool().unwrap()
}
