//! What pages cost the server: forty operators in browsers who talk, then fifty boards open while callers come and go.
//! Measured from outside, on the real program: its CPU time by the kernel's account. `cargo bench --bench browsers`.
#[allow(dead_code)]
#[path = "../tests/it/browsers/media.rs"]
mod media;
#[allow(dead_code)]
#[path = "../tests/it/browsers/page.rs"]
mod page;

#[allow(dead_code)]
#[path = "../tests/it/house.rs"]
mod house;
#[allow(dead_code)]
#[path = "../tests/it/parties.rs"]
mod parties;

use hotline::media::codec::Codec;
use hotline::sip::Command as Sip;
use house::{House, Plan};
use media::Media;
use page::Page;
use parties::{Caller, OPERATOR_HERTZ};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TALKS: usize = 40;
/// Aim: percent of a core for each talk.
const TALK_PERCENT_MAX: f64 = 0.3;
const BOARDS: usize = 50;
/// Aim: percent of a core for all boards together.
const BOARDS_PERCENT_MAX: f64 = 5.0;
const MEASURED: Duration = Duration::from_secs(15);
/// Until talks, or the stream of callers, are as they stay.
const SETTLES: Duration = Duration::from_secs(3);
/// Callers while boards are open: each goes through the menu, is announced to the boards four or five times, and goes.
const CALLS_PER_S: u32 = 4;
const CALLS: u32 = 200;
/// The kernel's unit of CPU time (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        return println!("browsers: measured by `cargo bench` only");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let within = runtime.block_on(measure());
    std::process::exit(i32::from(!within));
}

async fn measure() -> bool {
    let mut operators = String::new();
    for id in 101..101 + TALKS {
        operators += &format!(
            "  - {{id: \"{id}\", name: \"Operator {id}\", queues: [wallet], password: \"secret-{id}\"}}\n"
        );
    }
    let house = House::start(&Plan { operators, shards: Some(1), ports: Some(800), ..Plan::default() });
    let mut pages = Vec::new();
    for id in 101..101 + TALKS {
        let mut page = Page::of(&house, &id.to_string()).await;
        let (said, talks) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let call = page.rings().await;
            let (media, answer) =
                Media::answer(call.offer.as_ref().unwrap(), Codec::Pcma, OPERATOR_HERTZ).await;
            page.command(Sip::Answer { leg: call.leg, sdp: answer }).await;
            page.meanwhile(media.connected()).await;
            said.send(()).ok();
            page.meanwhile(std::future::pending::<()>()).await;
        });
        pages.push((task, talks));
    }
    let mut callers = Vec::new();
    for n in 0..TALKS {
        callers.push(Caller::waiting(&house, &format!("7915000{n:04}")).await);
    }
    for (_, talks) in &mut pages {
        talks.await.unwrap();
    }
    tokio::time::sleep(SETTLES).await;
    let talks = cpu_percent(house.pid()).await / TALKS as f64;
    println!("{TALKS} talks with browsers: {talks:.2} % of a core for each (aim {TALK_PERCENT_MAX})");
    for caller in &callers {
        caller.call.hangup().await;
    }
    for (task, _) in &pages {
        task.abort();
    }

    let mut load = Command::new(env!("CARGO_BIN_EXE_hotline"))
        .args(["load", &house.uri(house::WALLET_LINE), "--keys", "w1,2,w1,star,w1,1", "--hold", "5"])
        .args(["--rate", &CALLS_PER_S.to_string(), "--calls", &CALLS.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(SETTLES).await;
    let without = cpu_percent(house.pid()).await;
    let token = house.token("viewer");
    let bytes = Arc::new(AtomicU64::new(0));
    for _ in 0..BOARDS {
        let mut stream = TcpStream::connect(house.web).await.unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
            house.web
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let bytes = bytes.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 16_384];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                bytes.fetch_add(read as u64, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(SETTLES).await;
    let before = bytes.load(Ordering::Relaxed);
    let with = cpu_percent(house.pid()).await;
    let told =
        (bytes.load(Ordering::Relaxed) - before) as f64 / MEASURED.as_secs_f64() / 1000.0 / BOARDS as f64;
    let boards = with - without;
    println!(
        "{BOARDS} boards at {CALLS_PER_S} calls/s: {boards:.1} % of a core for all ({with:.1} with, {without:.1} without; \
         {told:.1} kB/s each; aim {BOARDS_PERCENT_MAX})"
    );
    load.kill().ok();
    load.wait().ok();
    assert!(told > 0.1, "the boards were told nothing");
    talks <= TALK_PERCENT_MAX && boards <= BOARDS_PERCENT_MAX
}

/// Of a process over [`MEASURED`].
async fn cpu_percent(pid: u32) -> f64 {
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        // utime and stime, the 14th and 15th of all; two stand before the bracket.
        let ticks: u32 = fields[11..13].iter().map(|field| field.parse::<u32>().unwrap()).sum();
        TICK * ticks
    };
    let before = used();
    tokio::time::sleep(MEASURED).await;
    100.0 * (used() - before).as_secs_f64() / MEASURED.as_secs_f64()
}
