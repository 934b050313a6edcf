//! `hotline load`: many real calls with RTP and keys from one plain thread, and how the server took them.
//!
//! ```text
//!            ┌── a call falls due ── INVITE ──┐
//!   epoll ───┼── SIP socket ── agent ── answered, refused, ended
//!            ├── RTP sockets ── stream: losses, gaps, talk spurts
//!            └── every millisecond ── the twentieth of all calls whose packet is due
//! ```
//! One RTP socket per call. A packet in or out allocates nothing: its buffers, its stream and its mouth were made with
//! the call. What the generator itself is late is measured and reported, so that its own limits are not taken for the
//! server's.
mod engine;
pub mod line;
pub mod report;

pub use report::Report;

use super::keys::Keys;
use super::mouth::Sound;
use super::target::{Target, TargetError};
use crate::media::codec::Codec;
use std::io;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use thiserror::Error;

/// Calls per second; a stack on one core does about this.
pub const RATE_MAX: f64 = 1000.0;
pub const CALLS_MAX: u64 = 1_000_000;
pub const HOLD_MAX: Duration = Duration::from_secs(3600);
/// What the process needs beside one file per call.
const FILES_BESIDE: u64 = 64;
/// Digits of a generated From number.
const NUMBER_DIGITS_MAX: usize = 15;

#[derive(Clone, Debug)]
pub struct Options {
    /// `sip:88007077759@127.0.0.1:5060`
    pub uri: String,
    /// Calls per second.
    pub rate: f64,
    pub calls: u64,
    /// From the answer to our BYE; the keys are pressed within it.
    pub hold: Duration,
    pub keys: Keys,
    /// The From number of the first call; each further call has the next one.
    pub from_base: String,
    /// Let it ring no longer.
    pub ring: Duration,
    /// In order of preference.
    pub codecs: Vec<Codec>,
    pub sound: Sound,
    /// Somebody has said that he may load a machine that is not this one.
    pub yes_remote: bool,
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            uri: String::new(),
            rate: 10.0,
            calls: 100,
            hold: Duration::from_secs(10),
            keys: Keys::default(),
            from_base: "79160000000".into(),
            ring: Duration::from_secs(30),
            codecs: Codec::ALL.into(),
            sound: Sound::Silence,
            yes_remote: false,
            seed: 1,
        }
    }
}

#[derive(Debug, Error)]
pub enum LoadError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("{0} is not this machine: a load test of somebody else's needs --yes-remote")]
    Remote(String),
    #[error("expected {name} {expected}, got {got}")]
    Limit { name: &'static str, expected: String, got: String },
    #[error("the limit of open files is {files}: it leaves no room for calls; raise it (ulimit -n)")]
    Files { files: u64 },
    #[error("no socket could be opened: {0}")]
    Socket(#[from] io::Error),
}

/// Places the calls, on the caller's thread, until the last one has ended. `stop` ends them early and in order.
pub fn run(options: &Options, stop: &AtomicBool) -> Result<Report, LoadError> {
    check(options)?;
    let target = Target::resolve(&options.uri)?;
    if !target.is_loopback() && !options.yes_remote {
        return Err(LoadError::Remote(target.server.to_string()));
    }
    let at_once = calls_at_once(options)?;
    engine::Engine::new(options, &target, at_once)?.run(stop)
}

fn check(options: &Options) -> Result<(), LoadError> {
    let limit = |name, expected: String, got: String| Err(LoadError::Limit { name, expected, got });
    if !(options.rate > 0.0 && options.rate <= RATE_MAX) {
        let expected = format!("above 0 and up to {RATE_MAX} calls a second");
        return limit("--rate", expected, options.rate.to_string());
    }
    if !(1..=CALLS_MAX).contains(&options.calls) {
        return limit("--calls", format!("from 1 to {CALLS_MAX}"), options.calls.to_string());
    }
    if options.hold > HOLD_MAX {
        return limit("--hold", format!("up to {} s", HOLD_MAX.as_secs()), format!("{:?}", options.hold));
    }
    let digits = options.from_base.len();
    if !(1..=NUMBER_DIGITS_MAX).contains(&digits) || !options.from_base.bytes().all(|b| b.is_ascii_digit()) {
        return limit(
            "--from-base",
            format!("1 to {NUMBER_DIGITS_MAX} digits"),
            format!("{digits} characters"),
        );
    }
    if options.codecs.is_empty() {
        return limit("--codec", "at least one codec".into(), "none".into());
    }
    Ok(())
}

/// How many calls may be up at once: what rate and hold come to, with half as much again and ten seconds for slow
/// answers, as far as the limit of open files can be raised.
fn calls_at_once(options: &Options) -> Result<usize, LoadError> {
    let expected = options.rate * (options.hold.as_secs_f64() * 1.5 + 10.0);
    let wanted = (expected.ceil() as u64).min(options.calls);
    let files = raise_file_limit(wanted + FILES_BESIDE);
    match files.saturating_sub(FILES_BESIDE).min(wanted) {
        0 => Err(LoadError::Files { files }),
        calls => Ok(usize::try_from(calls).unwrap_or(usize::MAX)),
    }
}

/// Raises the limit of open files as far as `wanted` and the system allow; the limit then.
fn raise_file_limit(wanted: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let current = now.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return current;
    }
    // Root may raise the hard limit too; anybody else goes up to it.
    let hard = now.maximum.unwrap_or(u64::MAX);
    let tries = [(wanted, wanted.max(hard)), (wanted.min(hard), hard)];
    let raised = tries.into_iter().find(|(soft, hard)| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(*soft), maximum: Some(*hard) }).is_ok()
    });
    raised.map_or(current, |(soft, _)| soft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::phone::{Options as PhoneOptions, Phone, Policy};

    fn options(uri: &str) -> Options {
        Options { uri: uri.into(), ..Options::default() }
    }

    #[test]
    fn another_machine_is_not_loaded_without_a_word() {
        let stop = AtomicBool::new(true);
        let remote = run(&options("sip:1@192.0.2.1"), &stop);
        assert!(matches!(remote, Err(LoadError::Remote(_) | LoadError::Target(TargetError::NoRoute { .. }))));
        for wrong in [
            Options { rate: 0.0, ..options("sip:1@127.0.0.1") },
            Options { rate: f64::NAN, ..options("sip:1@127.0.0.1") },
            Options { calls: 0, ..options("sip:1@127.0.0.1") },
            Options { from_base: "+7".into(), ..options("sip:1@127.0.0.1") },
        ] {
            assert!(matches!(run(&wrong, &stop), Err(LoadError::Limit { .. })));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn calls_to_a_phone_are_answered_measured_and_ended() {
        let policy = Policy::Answer { after: Duration::ZERO };
        let sound = Sound::Tone(440);
        let phone = Phone::bind(PhoneOptions { policy, sound, ..PhoneOptions::default() }).await.unwrap();
        let keys = "w0.1,1,w0.1,2".parse().unwrap();
        let options = Options {
            rate: 100.0,
            calls: 20,
            hold: Duration::from_millis(800),
            keys,
            ..options(&phone.uri())
        };
        let load = tokio::task::spawn_blocking(move || run(&options, &AtomicBool::new(false)));
        let report = load.await.unwrap().unwrap();
        assert_eq!((report.placed, report.answered), (20, 20), "{report}");
        assert!(report.failed.is_empty() && report.ended_by_peer == 0, "{report}");
        assert_eq!((report.set_up.count, report.first_audio.count, report.no_audio), (20, 20, 0), "{report}");
        assert_eq!(report.packets.lost, 0, "{report}");
        assert!(report.packets.received >= 20 * 30 && report.packets.sent >= 20 * 30, "{report}");
        assert!(report.gap.count >= 20 * 25, "{report}");
        // the phone's tone goes on through a key: nothing new begins
        assert_eq!((report.keys, report.no_reaction), (40, 40), "{report}");
        for _ in 0..20 {
            let call = phone.incoming(Duration::from_secs(1)).await.unwrap();
            assert!(call.invite().unwrap().header("From").unwrap().contains("sip:791600000"));
            call.keys("12", Duration::from_secs(1)).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn refusals_are_counted_by_their_status_and_a_stopped_load_ends_its_calls() {
        let busy = Policy::Reject { status: 503 };
        let phone = Phone::bind(PhoneOptions { policy: busy, ..PhoneOptions::default() }).await.unwrap();
        let refused = Options { rate: 200.0, calls: 5, ..options(&phone.uri()) };
        let load = tokio::task::spawn_blocking(move || run(&refused, &AtomicBool::new(false)));
        let report = load.await.unwrap().unwrap();
        assert_eq!(report.failed.get(&503), Some(&5), "{report}");
        let policy = Policy::Answer { after: Duration::ZERO };
        let phone = Phone::bind(PhoneOptions { policy, ..PhoneOptions::default() }).await.unwrap();
        let long =
            Options { rate: 100.0, calls: 1000, hold: Duration::from_secs(60), ..options(&phone.uri()) };
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let load = tokio::task::spawn_blocking(move || run(&long, &flag));
        let call = phone.incoming(Duration::from_secs(5)).await.unwrap();
        call.answered(Duration::from_secs(5)).await.unwrap();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let report = load.await.unwrap().unwrap();
        assert!(report.stopped && report.placed < 1000, "{report}");
        call.over(Duration::from_secs(5)).await.unwrap();
    }
}
