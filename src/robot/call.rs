//! `hotline call`: one real call with a script of keys, and a report of what happened, with times.
use super::ear;
use super::histogram::millis;
use super::keys::{Keys, Step};
use super::mouth::{Method, Sound};
use super::phone::{Call, CallEvent, Dial, Options as PhoneOptions, Over, Phone, Timed};
use super::target::{Target, TargetError};
use super::trace::Way;
use crate::machine::Instant;
use crate::media::wav::WavError;
use crate::sip::Ended;
use serde::Serialize;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// `hotline call` ends with this when the call was not answered.
pub const EXIT_FAILED: u8 = 5;
/// The key before, its pause, and a frame.
const PRESS_WITHIN: Duration = Duration::from_secs(10);
/// A CANCEL's 487.
const GIVE_UP_WITHIN: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub struct Options {
    /// `sip:88007077759@127.0.0.1:5060`
    pub uri: String,
    /// The number in From.
    pub from: String,
    pub keys: Keys,
    pub method: Method,
    /// What was heard, as a WAV file.
    pub record: Option<PathBuf>,
    /// How long to stay after the last key; the peer may end the call before.
    pub stay: Duration,
    /// How long to let it ring.
    pub ring: Duration,
    pub headers: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            uri: String::new(),
            from: "robot".into(),
            keys: Keys::default(),
            method: Method::Rfc4733,
            record: None,
            stay: Duration::from_secs(5),
            ring: Duration::from_secs(60),
            headers: Vec::new(),
        }
    }
}

#[derive(Debug, Error)]
pub enum CallError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("nobody listens at {server} (UDP); a running server says its address when it starts")]
    NobodyListens { server: SocketAddr },
    #[error("no socket could be opened: {0}")]
    Socket(#[from] io::Error),
    #[error(transparent)]
    Recording(#[from] WavError),
}

/// What became of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    /// The status of the final response; 408 when there was none.
    Refused {
        status: u16,
    },
    /// It rang, and we gave up.
    NotAnswered,
}

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub uri: String,
    pub outcome: Outcome,
    /// From our INVITE to their 200.
    pub set_up_ms: Option<f64>,
    /// From our ACK to the first packet that is more than silence.
    pub first_audio_ms: Option<f64>,
    /// From our ACK to the end.
    pub talk_ms: Option<f64>,
    /// `us`, or how the peer ended it.
    pub ended_by: &'static str,
    pub packets_sent: u64,
    pub heard: ear::Report,
    /// From each key's first packet to the first packet of new audio; none when nothing new was said.
    pub reactions_ms: Vec<Option<f64>>,
    pub events: Vec<Line>,
    pub recording: Option<PathBuf>,
}

/// One thing that happened, after the INVITE left.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub at_ms: f64,
    pub what: String,
}

impl Report {
    pub fn exit_code(&self) -> u8 {
        if self.outcome == Outcome::Answered { 0 } else { EXIT_FAILED }
    }
}

/// Calls, presses, listens and hangs up. `stop` ends the call early and in order.
pub async fn run(options: Options, stop: CancellationToken) -> Result<Report, CallError> {
    let target = Target::resolve(&options.uri)?;
    let phone = Phone::bind(PhoneOptions {
        ip: target.local,
        user: options.from.clone(),
        domain: target.local.to_string(),
        sound: Sound::Silence,
        ..PhoneOptions::default()
    })
    .await?;
    let dial = Dial::to(&target.uri, target.server);
    let dial = options.headers.iter().fold(dial, |dial, (name, value)| dial.header(name, value));
    let call = phone.call(dial).await?;
    if let Some(path) = &options.record {
        call.record(path)?;
    }
    let answered = tokio::select! {
        answered = call.answered(options.ring) => answered.is_ok(),
        () = unreachable(target.server) => {
            phone.vanish().await;
            return Err(CallError::NobodyListens { server: target.server });
        }
        () = stop.cancelled() => false,
    };
    if answered {
        tokio::select! {
            () = talk(&call, &options) => {}
            _ = call.over(FOREVER) => {}
            () = stop.cancelled() => {}
        }
    }
    if !call.is_over() {
        call.hangup().await;
    }
    // Without an answer even to the CANCEL the report says so.
    let _ = call.over(GIVE_UP_WITHIN).await;
    call.stop_recording()?;
    let report = report(&target, &call, options.record);
    phone.close().await;
    Ok(report)
}

/// Comes back when the host says that this port is closed: within a round trip, where the INVITE's timer would take 32 s.
/// Such an ICMP answer reaches connected sockets only, so this one asks, with a keep-alive (RFC 5626 §3.5.1).
async fn unreachable(server: SocketAddr) {
    let ask = async {
        let any: IpAddr =
            if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(server).await?;
        socket.send(b"\r\n\r\n").await?;
        // A pong says that somebody is there.
        socket.recv(&mut [0; 16]).await
    };
    match ask.await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Ok(_) | Err(_) => std::future::pending().await,
    }
}

/// Longer than any call.
const FOREVER: Duration = Duration::from_secs(100 * 24 * 3600);

async fn talk(call: &Call, options: &Options) {
    for step in options.keys.steps() {
        match step {
            Step::Wait(time) => tokio::time::sleep(*time).await,
            Step::Press(digit) => {
                // A peer without telephone events hears no key; the report's missing reaction shows it.
                let _ = call.pressed(*digit, options.method, PRESS_WITHIN).await;
            }
        }
    }
    tokio::time::sleep(options.stay).await;
}

fn report(target: &Target, call: &Call, recording: Option<PathBuf>) -> Report {
    let events = call.events();
    let at = |wanted: fn(&CallEvent) -> bool| events.iter().find(|e| wanted(&e.what)).map(|e| e.at);
    let begun = events.first().map_or(Instant::ZERO, |event| event.at);
    let answered = at(|e| matches!(e, CallEvent::Answered));
    let ended = at(|e| matches!(e, CallEvent::Ended(_) | CallEvent::Released));
    let heard = call.heard();
    let last = events.iter().rev().find_map(|event| match &event.what {
        CallEvent::Failed { status, .. } => Some(Over::Failed(*status)),
        CallEvent::Ended(how) => Some(Over::Ended(how.clone())),
        CallEvent::Released => Some(Over::Released),
        _ => None,
    });
    let (outcome, ended_by) = match (answered, &last) {
        (Some(_), Some(Over::Ended(how))) => (Outcome::Answered, by(how)),
        (Some(_), _) => (Outcome::Answered, "us"),
        // 487 answers our own CANCEL.
        (None, Some(Over::Failed(487)) | None) => (Outcome::NotAnswered, "us"),
        (None, Some(Over::Failed(status))) => (Outcome::Refused { status: *status }, "peer"),
        (None, Some(_)) => (Outcome::NotAnswered, "us"),
    };
    Report {
        uri: target.uri.clone(),
        outcome,
        set_up_ms: answered.map(|at| millis(at.since(begun))),
        first_audio_ms: answered.zip(heard.first_audible).map(|(from, at)| millis(at.since(from))),
        talk_ms: answered.zip(ended).map(|(from, at)| millis(at.since(from))),
        ended_by,
        packets_sent: call.packets_sent(),
        heard,
        reactions_ms: reactions(&events),
        events: events.iter().filter_map(|event| line(event, begun)).collect(),
        recording,
    }
}

fn by(how: &Ended) -> &'static str {
    match how {
        Ended::Bye { .. } => "peer",
        Ended::Cancelled => "us",
        Ended::NoAck => "no ACK came",
        Ended::SessionExpired => "the session timer",
        Ended::Lost => "the peer was lost",
    }
}

/// From each key to the talk spurt that follows it, if one comes before the next key.
fn reactions(events: &[Timed<CallEvent>]) -> Vec<Option<f64>> {
    let mut reactions = Vec::new();
    let mut pressed = None;
    for event in events {
        match event.what {
            CallEvent::KeySent(_) => {
                reactions.push(None);
                pressed = Some(event.at);
            }
            CallEvent::Spurt { .. } => {
                if let (Some(pressed), Some(last)) = (pressed.take(), reactions.last_mut()) {
                    *last = Some(millis(event.at.since(pressed)));
                }
            }
            _ => {}
        }
    }
    reactions
}

fn line(event: &Timed<CallEvent>, begun: Instant) -> Option<Line> {
    let what = match &event.what {
        CallEvent::Message(message) => {
            let way = if message.way == Way::Sent { "sent" } else { "received" };
            match message.status() {
                Some(status) => format!("{way} {status} to {}", message.method),
                None => format!("{way} {}", message.method),
            }
        }
        CallEvent::FirstPacket => "first packet heard".into(),
        CallEvent::FirstAudible => "first sound heard".into(),
        CallEvent::Spurt { missing: 0 } => "new audio begins".into(),
        CallEvent::Spurt { missing } => format!("new audio begins, {missing} packets missing before it"),
        CallEvent::KeySent(_) => "key pressed".into(),
        CallEvent::KeyHeard(..) => "key heard".into(),
        CallEvent::Offered { direction } => format!("peer changed the session: {}", direction.as_str()),
        CallEvent::ReferTold { status } => format!("transfer: {status}"),
        CallEvent::Failed { status, .. } => format!("failed with {status}"),
        CallEvent::Ended(how) => format!("ended by {}", by(how)),
        CallEvent::Released => "hung up".into(),
        // Each of them is a message above.
        CallEvent::Progress { .. }
        | CallEvent::Answered
        | CallEvent::Confirmed
        | CallEvent::Reanswered { .. } => return None,
    };
    Some(Line { at_ms: millis(event.at.since(begun)), what })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { at_ms, what } in &self.events {
            writeln!(f, "{at_ms:>10.1} ms  {what}")?;
        }
        let ms = |value: Option<f64>| value.map_or("–".to_string(), |value| format!("{value:.1} ms"));
        match self.outcome {
            Outcome::Answered => writeln!(f, "answered in {}", ms(self.set_up_ms))?,
            Outcome::Refused { status } => return writeln!(f, "refused with {status}"),
            Outcome::NotAnswered => return writeln!(f, "not answered"),
        }
        writeln!(f, "first sound {} after our ACK", ms(self.first_audio_ms))?;
        writeln!(f, "talked {}, ended by {}", ms(self.talk_ms), self.ended_by)?;
        let ear::Report { counts, jitter_ms, gap, .. } = &self.heard;
        writeln!(
            f,
            "heard {} of {} packets, {} lost; longest gap {:.1} ms, jitter {jitter_ms:.1} ms; sent {}",
            counts.received, counts.expected, counts.lost, gap.max_ms, self.packets_sent
        )?;
        for (at, reaction) in self.reactions_ms.iter().enumerate() {
            writeln!(f, "key {}: new audio after {}", at + 1, ms(*reaction))?;
        }
        match &self.recording {
            Some(path) => writeln!(f, "recorded in {}", path.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::phone::Policy;

    async fn callee(policy: Policy) -> Phone {
        let sound = Sound::Tone(440);
        Phone::bind(PhoneOptions { policy, sound, ..PhoneOptions::default() }).await.unwrap()
    }

    #[tokio::test]
    async fn an_answered_call_is_reported_with_its_times_and_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let record = Some(dir.path().join("heard.wav"));
        let peer = callee(Policy::Answer { after: Duration::from_millis(50) }).await;
        let keys = "1,w0.1,2".parse().unwrap();
        let stay = Duration::from_millis(200);
        let options = Options { uri: peer.uri(), keys, record, stay, ..Options::default() };
        let report = run(options, CancellationToken::new()).await.unwrap();
        assert_eq!((report.exit_code(), report.ended_by), (0, "us"));
        assert!(report.set_up_ms.unwrap() >= 50.0, "{report}");
        assert!(report.talk_ms.unwrap() >= 300.0, "{report}");
        assert_eq!(report.reactions_ms.len(), 2);
        let heard = peer.incoming(Duration::from_secs(1)).await.unwrap();
        heard.keys("12", Duration::from_secs(1)).await.unwrap();
        let samples = crate::media::wav::load_8k_mono(&report.recording.unwrap()).unwrap();
        assert!(samples.len() > 8 * 200);
    }

    #[tokio::test]
    async fn a_refused_call_ends_with_exit_code_5() {
        let peer = callee(Policy::Reject { status: 404 }).await;
        let options = Options { uri: peer.uri(), ..Options::default() };
        let report = run(options, CancellationToken::new()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Refused { status: 404 });
        assert_eq!(report.exit_code(), EXIT_FAILED);
        assert!(report.to_string().contains("refused with 404"));
    }

    #[tokio::test]
    async fn a_call_that_nobody_answers_is_given_up() {
        let peer = callee(Policy::Answer { after: Duration::from_secs(60) }).await;
        let ring = Duration::from_millis(100);
        let options = Options { uri: peer.uri(), ring, ..Options::default() };
        let report = run(options, CancellationToken::new()).await.unwrap();
        assert_eq!(report.outcome, Outcome::NotAnswered);
        assert!(report.events.iter().any(|line| line.what == "sent CANCEL"), "{report}");
    }
}
