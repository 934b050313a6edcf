//! Services that a flow asks and that fail in every way there is, as the caller hears it: words within a second, the error
//! branch in time, and never three seconds of silence.
use crate::house::{House, Plan};
use crate::parties::{Caller, SOON};
use hotline::media::wav;
use hotline::store::CallStory;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// From the caller's ACK to the first word, where the first step is the one that asks.
const FIRST_WORD_MAX: Duration = Duration::from_millis(1000);
/// Callers believe after it that the line is dead.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// What a busy machine adds to either.
const SLACK: Duration = Duration::from_millis(400);
const HUNDRED_MEGABYTES: usize = 100 << 20;
const FRAME: usize = 160;
const FRAME_MS: u64 = 20;
/// Quieter than this is silence to a caller.
const SILENT: i16 = 60;

#[derive(Clone, Copy, Debug)]
enum Fault {
    Status500,
    TenSecondsLate,
    NeverAnswers,
    HundredMegabytes,
    Trickles,
    Junk,
    NoHttp,
    RedirectLoop,
    PrivateAddress,
    NobodyListens,
}

struct Case {
    fault: Fault,
    timeout: Duration,
    retries: u32,
    /// The error branch is due within this time, from the step's entry.
    within: Duration,
}

/// Answered at once, if wrongly.
const AT_ONCE: Duration = Duration::from_secs(1);

fn cases() -> Vec<Case> {
    let of = |fault, within| Case { fault, timeout: Duration::from_secs(2), retries: 1, within };
    let late = Duration::from_secs(4);
    vec![
        of(Fault::Status500, AT_ONCE),
        of(Fault::TenSecondsLate, late),
        of(Fault::HundredMegabytes, late),
        of(Fault::Trickles, late),
        of(Fault::Junk, AT_ONCE),
        of(Fault::NoHttp, AT_ONCE),
        of(Fault::RedirectLoop, AT_ONCE),
        of(Fault::PrivateAddress, AT_ONCE),
        of(Fault::NobodyListens, AT_ONCE),
        // The filler ends long before the step gives up.
        Case {
            fault: Fault::NeverAnswers,
            timeout: Duration::from_secs(12),
            retries: 0,
            within: Duration::from_secs(12),
        },
    ]
}

/// The address of a service with this fault.
async fn service(fault: Fault) -> String {
    if let Fault::PrivateAddress = fault {
        return "http://192.168.77.7/".into();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    if let Fault::NobodyListens = fault {
        return url;
    }
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(fault, stream));
        }
    });
    url
}

/// A caller of the service who goes away in the middle is no fault of the test.
async fn answer(fault: Fault, mut stream: TcpStream) -> Option<()> {
    let mut head = [0; 4096];
    // A request of this length comes in one piece over loopback.
    let _bytes = stream.read(&mut head).await.ok()?;
    let said = |status: &str, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
    };
    match fault {
        Fault::Status500 => {
            stream.write_all(said("500 Internal Server Error", "", "{}").as_bytes()).await.ok()?;
        }
        Fault::TenSecondsLate => {
            tokio::time::sleep(Duration::from_secs(10)).await;
            stream.write_all(said("200 OK", "", r#"{"mood":"good"}"#).as_bytes()).await.ok()?;
        }
        Fault::NeverAnswers => std::future::pending().await,
        Fault::HundredMegabytes => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await.ok()?;
            let part = vec![b' '; 64 * 1024];
            for _ in 0..HUNDRED_MEGABYTES / part.len() {
                stream.write_all(&part).await.ok()?;
            }
        }
        Fault::Trickles => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await.ok()?;
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                stream.write_all(b" ").await.ok()?;
            }
        }
        Fault::Junk => stream.write_all(said("200 OK", "", "<html>mood</html>").as_bytes()).await.ok()?,
        Fault::NoHttp => stream.write_all(b"+OK POP3 ready\r\n").await.ok()?,
        Fault::RedirectLoop => {
            stream.write_all(said("302 Found", "Location: /\r\n", "").as_bytes()).await.ok()?;
        }
        Fault::PrivateAddress | Fault::NobodyListens => {}
    }
    Some(())
}

fn number(of: usize) -> String {
    format!("880000000{of:02}")
}

async fn flows(dir: &Path, cases: &[Case]) {
    for (n, Case { fault, timeout, retries, .. }) in cases.iter().enumerate() {
        let (number, url, timeout) = (number(n), service(*fault).await, timeout.as_millis());
        let flow = format!(
            "flow: fault-{n}\n\
             entry: {{number: \"{number}\", start: ask}}\n\
             steps:\n  \
               ask:\n    \
                 http: {{get: \"{url}\", timeout: {timeout}ms, retries: {retries}, filler: [checking], save: {{mood: /mood}}, next: fine, on_error: failed}}\n  \
               fine: {{play: {{say: [goodbye], next: end}}}}\n  \
               failed: {{play: {{say: [apology], next: more}}}}\n  \
               more: {{menu: {{say: [anything_else], keys: {{\"1\": end}}, invalid: end, timeout: end, exhausted: end}}}}\n  \
               end: {{hangup: {{}}}}\n"
        );
        std::fs::write(dir.join(format!("fault-{n}.yaml")), &flow).unwrap();
    }
}

/// Between the entries of two steps, by the engine's own clock.
fn between(story: &CallStory, from: &str, to: &str) -> Duration {
    let at = |step: &str| {
        let is_it = |event: &&hotline::call::CallEvent| {
            event.kind == "step" && event.detail.get("step").is_some_and(|entered| entered == step)
        };
        story.events.iter().find(is_it).unwrap_or_else(|| panic!("no step {step}: {story:#?}")).at.0
    };
    Duration::from_millis(u64::try_from(at(to) - at(from)).unwrap())
}

/// The longest time in which a caller heard nothing at all.
fn longest_silence(sound: &[i16]) -> Duration {
    let is_silent = |frame: &[i16]| frame.iter().all(|sample| sample.abs() <= SILENT);
    let (mut longest, mut now) = (0, 0);
    for frame in sound.chunks(FRAME) {
        now = if is_silent(frame) { now + 1 } else { 0 };
        longest = longest.max(now);
    }
    Duration::from_millis(longest * FRAME_MS)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_service_does_the_caller_hears_words_within_a_second_and_the_error_branch_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let cases = cases();
    flows(dir.path(), &cases).await;
    let extra = "outbound: {networks: [\"127.0.0.0/8\"]}\n".to_string();
    let house = House::start(&Plan { flows: Some(dir.path().to_path_buf()), extra, ..Plan::default() });
    let house = &house;
    let heard = cases.iter().enumerate().map(async |(n, case)| {
        let caller = Caller::dial(house, &format!("791500005{n:02}"), &number(n)).await;
        let wav = dir.path().join(format!("{n}.wav"));
        caller.call.record(&wav).unwrap();
        let ack = caller.call.message(|message| message.sent("ACK"), SOON).await.unwrap().at;
        let first = crate::parties::first_sound(&caller.call).await.since(ack);
        let story = caller.at_step(house, "more").await;
        caller.call.stop_recording().unwrap();
        caller.hangup().await;
        let silence = longest_silence(&wav::load_8k_mono(&wav).unwrap());
        (case, first, between(&story, "ask", "failed"), silence)
    });
    for (case, first, error, silence) in futures_util::future::join_all(heard).await {
        let Case { fault, within, .. } = case;
        println!("{fault:?}: first word {first:?}, error branch {error:?}, longest silence {silence:?}");
        assert!(first <= FIRST_WORD_MAX + SLACK, "{fault:?}: the first word came after {first:?}");
        assert!(error <= *within + SLACK, "{fault:?}: the error branch came after {error:?}");
        assert!(silence <= SILENCE_MAX, "{fault:?}: silence for {silence:?}");
    }
}
