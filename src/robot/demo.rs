//! The robots of `hotline demo`: people who call the two shipped lines, and operators who answer them.
//!
//! ```text
//!   caller    pause ─▶ call ─▶ keys of his reason ─▶ waits for a person ─▶ talks ─▶ hangs up
//!                                   └▶ has his answer, hangs up   └▶ loses patience, hangs up
//!   operator  registered ─▶ rings ─▶ answers ─▶ talks ─▶ hangs up, unless the caller did
//! ```
//! What everybody does follows from the seed; what becomes of it is counted here, apart from the server's own figures.
//! A caller knows that he was connected by the operators' tone: nothing else on the lines sounds like it.
use super::keys::{Keys, Step};
use super::mouth::{Method, Sound};
use super::phone::{Call, Dial, Options as PhoneOptions, Phone, RegisterError};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Each caller and each operator is a task or a phone of its own.
pub const CALLERS_MAX: usize = 500;
pub const OPERATORS_MAX: usize = 100;

/// The voice of an operator and of a caller, in hertz. Neither is a note or a key.
const OPERATOR_HERTZ: u32 = 613;
const CALLER_HERTZ: u32 = 347;
/// The Priority subscriber of the demo data.
const PRIORITY: &str = "79161234567";
/// Of a hundred calls, so many come from him.
const PRIORITY_PERCENT: u64 = 10;
/// All other callers: this and five digits.
const NUMBERS: &str = "791655";
const HOTLINE: &str = "88007077759";
const AGENTS: &str = "88003336900";
/// A server on this machine answers within this, or it refuses.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const PRESS_WITHIN: Duration = Duration::from_secs(5);
/// Longer than any call.
const FOREVER: Duration = Duration::from_secs(100 * 24 * 3600);

/// Why people call: how often, compared with the others; the line; the keys with their waits; and whether they want a
/// person in the end.
struct Reason {
    weight: u64,
    line: &'static str,
    keys: &'static str,
    person: bool,
}

const REASONS: &[Reason] = &[
    // wallet
    Reason { weight: 4, line: HOTLINE, keys: "w3,0", person: true },
    Reason { weight: 2, line: HOTLINE, keys: "w2,2,w2,1", person: true },
    Reason { weight: 1, line: HOTLINE, keys: "w2,2,w3,4,w3,1", person: true },
    // terminals
    Reason { weight: 2, line: HOTLINE, keys: "w2,1,w2,0", person: true },
    Reason { weight: 1, line: HOTLINE, keys: "w2,1,w1,5", person: true },
    // security
    Reason { weight: 2, line: HOTLINE, keys: "w2,3,w2,1", person: true },
    // the status of a payment: done, processing
    Reason { weight: 2, line: HOTLINE, keys: "w2,1,w2,1,w2,1000000001,hash,w5,1,w8", person: false },
    Reason { weight: 1, line: HOTLINE, keys: "w2,1,w2,1,w2,1000000002,hash,w5,1,w8", person: false },
    // ready answers, contacts, and somebody who thinks better of it
    Reason { weight: 1, line: HOTLINE, keys: "w2,4,w2,4,w6", person: false },
    Reason { weight: 1, line: HOTLINE, keys: "w2,5,w6", person: false },
    Reason { weight: 1, line: HOTLINE, keys: "w2", person: false },
    // agents of the system
    Reason { weight: 2, line: AGENTS, keys: "w2,100234,hash,w3,1", person: true },
    Reason { weight: 1, line: AGENTS, keys: "w2,100235,hash,w3,0", person: true },
];

impl Reason {
    fn any(rng: &mut ChaCha8Rng) -> &'static Reason {
        let all: u64 = REASONS.iter().map(|reason| reason.weight).sum();
        let mut at = rng.next_u64() % all;
        for reason in REASONS {
            match at.checked_sub(reason.weight) {
                Some(rest) => at = rest,
                None => return reason,
            }
        }
        &REASONS[0]
    }
}

#[derive(Clone, Debug)]
pub struct Options {
    /// The server's SIP address over UDP.
    pub server: SocketAddr,
    pub domain: String,
    /// On the line or between two calls, at the same time.
    pub callers: usize,
    /// Ends after so many calls; without it only when the future is dropped.
    pub calls: Option<usize>,
    /// Ids and passwords.
    pub operators: Vec<(String, String)>,
    pub seed: u64,
}

/// How long people take for what they do. Where there is a mean, times are distributed exponentially around it.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    pub pause_mean: Duration,
    pub patience_mean: Duration,
    pub patience_min: Duration,
    pub talk_mean: Duration,
    pub talk_min: Duration,
    pub ring_min: Duration,
    pub ring_max: Duration,
    /// Waits in front of keys are so many times shorter.
    pub haste: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Manners {
            pause_mean: Duration::from_secs(8),
            patience_mean: Duration::from_secs(60),
            patience_min: Duration::from_secs(6),
            talk_mean: Duration::from_secs(18),
            talk_min: Duration::from_secs(4),
            ring_min: Duration::from_secs(1),
            ring_max: Duration::from_secs(4),
            haste: 1,
        }
    }
}

#[derive(Debug, Error)]
pub enum DemoError {
    #[error(
        "expected at most {CALLERS_MAX} callers and {OPERATORS_MAX} operators, got {callers} and {operators}"
    )]
    TooMany { callers: usize, operators: usize },
    #[error("no socket could be opened: {0}")]
    Socket(#[from] std::io::Error),
    #[error("operator {id}: {source}")]
    Operator { id: String, source: RegisterError },
}

/// What the robots did and met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub placed: u64,
    pub answered: u64,
    pub refused: u64,
    /// Callers who heard an operator.
    pub connected: u64,
    /// Callers who hung up while they waited for one.
    pub abandoned: u64,
    /// Callers who had what they wanted without one.
    pub self_service: u64,
    /// Callers whom the server hung up on before they heard an operator.
    pub ended_by_server: u64,
    pub operators: u64,
    pub rung: u64,
    pub operator_answered: u64,
    /// Rung, and taken back before the operator answered.
    pub taken_back: u64,
}

#[derive(Debug, Default)]
struct Tally {
    placed: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
    connected: AtomicU64,
    abandoned: AtomicU64,
    self_service: AtomicU64,
    ended_by_server: AtomicU64,
    rung: AtomicU64,
    operator_answered: AtomicU64,
    taken_back: AtomicU64,
    /// Calls begun, against the limit.
    begun: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Tally {
    fn counts(&self, operators: usize) -> Counts {
        Counts {
            placed: self.placed.load(Relaxed),
            answered: self.answered.load(Relaxed),
            refused: self.refused.load(Relaxed),
            connected: self.connected.load(Relaxed),
            abandoned: self.abandoned.load(Relaxed),
            self_service: self.self_service.load(Relaxed),
            ended_by_server: self.ended_by_server.load(Relaxed),
            operators: operators as u64,
            rung: self.rung.load(Relaxed),
            operator_answered: self.operator_answered.load(Relaxed),
            taken_back: self.taken_back.load(Relaxed),
        }
    }
}

/// Registers the operators and calls. Dropped, all robots hang up and sign out.
pub async fn run(options: Options) -> Result<Counts, DemoError> {
    run_with(options, Manners::default(), CancellationToken::new()).await
}

/// `stop` ends it early: all hang up and sign out, and what was counted so far is told. A caller who was on the line
/// then is counted as placed and answered only.
pub async fn run_with(
    options: Options,
    manners: Manners,
    stop: CancellationToken,
) -> Result<Counts, DemoError> {
    let (callers, operators) = (options.callers, options.operators.len());
    if callers > CALLERS_MAX || operators > OPERATORS_MAX {
        return Err(DemoError::TooMany { callers, operators });
    }
    let tally = Arc::new(Tally::default());
    let mut working = JoinSet::new();
    for (index, (id, password)) in options.operators.iter().enumerate() {
        let phone = sign_in(&options, id, password).await?;
        let rng = rng_of(&options, index as u64);
        working.spawn(operator(phone, rng, manners, tally.clone()));
    }
    let phone = Arc::new(
        Phone::bind(PhoneOptions {
            ip: towards(options.server),
            user: "demo".into(),
            domain: options.domain.clone(),
            sound: Sound::Tone(CALLER_HERTZ),
            traced: false,
            seed: options.seed,
            ..PhoneOptions::default()
        })
        .await?,
    );
    let mut calling = JoinSet::new();
    for index in 0..callers {
        let rng = rng_of(&options, (OPERATORS_MAX + index) as u64);
        calling.spawn(caller(phone.clone(), options.clone(), rng, manners, tally.clone()));
    }
    tokio::select! {
        () = async { while calling.join_next().await.is_some() {} } => {}
        () = stop.cancelled() => calling.shutdown().await,
    }
    if let Ok(phone) = Arc::try_unwrap(phone) {
        phone.close().await;
    }
    working.shutdown().await;
    Ok(tally.counts(operators))
}

/// The demo runs beside its server.
fn towards(server: SocketAddr) -> IpAddr {
    if server.ip().is_loopback() { server.ip() } else { Ipv4Addr::LOCALHOST.into() }
}

fn rng_of(options: &Options, who: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(who);
    rng
}

async fn sign_in(options: &Options, id: &str, password: &str) -> Result<Phone, DemoError> {
    let phone = Phone::bind(PhoneOptions {
        ip: towards(options.server),
        user: id.into(),
        domain: options.domain.clone(),
        password: password.into(),
        sound: Sound::Tone(OPERATOR_HERTZ),
        seed: options.seed,
        ..PhoneOptions::default()
    })
    .await?;
    match phone.register(options.server).await {
        Ok(_) => Ok(phone),
        Err(source) => Err(DemoError::Operator { id: id.into(), source }),
    }
}

async fn operator(phone: Phone, mut rng: ChaCha8Rng, manners: Manners, tally: Arc<Tally>) {
    loop {
        let Ok(call) = phone.incoming(FOREVER).await else { continue };
        count(&tally.rung);
        call.ring().await;
        let spread = manners.ring_max.saturating_sub(manners.ring_min);
        let ring = if answers_itself(&call) {
            Duration::ZERO
        } else {
            manners.ring_min + spread.mul_f64(unit(&mut rng))
        };
        tokio::select! {
            () = tokio::time::sleep(ring) => {}
            _ = call.over(FOREVER) => {
                count(&tally.taken_back);
                continue;
            }
        }
        call.answer().await;
        if call.answered(ANSWER_WITHIN).await.is_err() {
            continue;
        }
        count(&tally.operator_answered);
        let talk = around(manners.talk_mean, manners.talk_min, &mut rng);
        tokio::select! {
            () = tokio::time::sleep(talk) => call.hangup().await,
            _ = call.over(FOREVER) => {}
        }
    }
}

/// The usual ways to ask a phone to answer at once.
fn answers_itself(call: &Call) -> bool {
    let asks = |name| call.invite().and_then(|invite| invite.header(name)).map(str::to_ascii_lowercase);
    asks("Call-Info").is_some_and(|value| value.contains("answer-after=0"))
        || asks("Alert-Info")
            .is_some_and(|value| value.contains("auto") || value.contains("alert-autoanswer"))
}

async fn caller(
    phone: Arc<Phone>,
    options: Options,
    mut rng: ChaCha8Rng,
    manners: Manners,
    tally: Arc<Tally>,
) {
    loop {
        tokio::time::sleep(around(manners.pause_mean, Duration::ZERO, &mut rng)).await;
        let limit = options.calls.map_or(u64::MAX, |calls| calls as u64);
        if tally.begun.fetch_add(1, Relaxed) >= limit {
            return;
        }
        let reason = Reason::any(&mut rng);
        let from = match rng.next_u64() % 100 {
            0..PRIORITY_PERCENT => PRIORITY.to_string(),
            _ => format!("{NUMBERS}{:05}", rng.next_u64() % 100_000),
        };
        let dial = Dial::to(format!("sip:{}@{}", reason.line, options.server), options.server).from(from);
        // No socket is free at the moment: the next call may find one.
        let Ok(call) = phone.call(dial).await else { continue };
        count(&tally.placed);
        if call.answered(ANSWER_WITHIN).await.is_err() {
            count(&tally.refused);
            call.hangup().await;
            continue;
        }
        count(&tally.answered);
        let patience = around(manners.patience_mean, manners.patience_min, &mut rng);
        let talk = around(manners.talk_mean * 2, manners.talk_min, &mut rng);
        let connected = AtomicBool::new(false);
        let left = tokio::select! {
            () = errand(&call, reason, manners, (patience, talk), &connected) => true,
            _ = call.over(FOREVER) => false,
        };
        count(match (connected.into_inner(), left) {
            (true, _) => &tally.connected,
            (false, false) => &tally.ended_by_server,
            (false, true) if reason.person => &tally.abandoned,
            (false, true) => &tally.self_service,
        });
        call.hangup().await;
        let _ = call.over(ANSWER_WITHIN).await;
    }
}

/// What a caller does once he is answered; ends when he wants to hang up.
async fn errand(
    call: &Call,
    reason: &Reason,
    manners: Manners,
    (patience, talk): (Duration, Duration),
    connected: &AtomicBool,
) {
    // The table's keys are good, as its test says.
    let keys: Keys = reason.keys.parse().unwrap_or_default();
    for step in keys.steps() {
        match step {
            Step::Wait(time) => tokio::time::sleep(*time / manners.haste.max(1)).await,
            Step::Press(digit) => {
                let _ = call.pressed(*digit, Method::Rfc4733, PRESS_WITHIN).await;
            }
        }
    }
    if reason.person && call.wait_tone(f64::from(OPERATOR_HERTZ), patience).await.is_ok() {
        connected.store(true, Relaxed);
        tokio::time::sleep(talk).await;
    }
}

/// 0 to 1.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn around(mean: Duration, min: Duration, rng: &mut ChaCha8Rng) -> Duration {
    // Nobody takes more than five times the mean: a demo shall not hang on one caller.
    let factor = -(1.0 - unit(rng)).ln();
    mean.mul_f64(factor.min(5.0)).max(min)
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { placed, answered, refused, connected, abandoned, self_service, ended_by_server, .. } =
            self;
        writeln!(f, "callers:   {placed} calls placed, {answered} answered, {refused} refused")?;
        writeln!(
            f,
            "           {connected} connected, {abandoned} abandoned, {self_service} helped by the flow, {ended_by_server} ended by the server"
        )?;
        let Counts { operators, rung, operator_answered, taken_back, .. } = self;
        write!(
            f,
            "operators: {operators} signed in, rung {rung} times, answered {operator_answered}, taken back {taken_back}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::phone::Policy;

    #[test]
    fn every_reason_to_call_has_good_keys() {
        for reason in REASONS {
            assert!(!reason.keys.parse::<Keys>().unwrap().is_empty(), "{}", reason.keys);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let persons = (0..1000).filter(|_| Reason::any(&mut rng).person).count();
        assert!((600..900).contains(&persons), "{persons}");
    }

    #[tokio::test]
    async fn every_call_of_the_robots_is_counted_once() {
        let policy = Policy::Answer { after: Duration::ZERO };
        let sound = Sound::Tone(OPERATOR_HERTZ);
        let everybody = Phone::bind(PhoneOptions { policy, sound, ..PhoneOptions::default() }).await.unwrap();
        let options = Options {
            server: everybody.address(),
            domain: "localhost".into(),
            callers: 6,
            calls: Some(12),
            operators: Vec::new(),
            seed: 7,
        };
        let ms = Duration::from_millis;
        let manners = Manners {
            pause_mean: ms(20),
            patience_mean: ms(5000),
            patience_min: ms(5000),
            talk_mean: ms(50),
            talk_min: ms(20),
            haste: 40,
            ..Manners::default()
        };
        let counts = run_with(options, manners, CancellationToken::new()).await.unwrap();
        assert_eq!((counts.placed, counts.answered, counts.refused), (12, 12, 0), "{counts}");
        assert_eq!(counts.connected + counts.self_service, 12, "{counts}");
        assert!(counts.connected > 0 && counts.self_service > 0, "{counts}");
        assert_eq!((counts.abandoned, counts.ended_by_server), (0, 0), "{counts}");
    }

    #[tokio::test]
    async fn a_demo_that_is_stopped_hangs_up_and_tells_what_it_counted() {
        let policy = Policy::Answer { after: Duration::ZERO };
        let everybody = Phone::bind(PhoneOptions { policy, ..PhoneOptions::default() }).await.unwrap();
        let options = Options {
            server: everybody.address(),
            domain: "localhost".into(),
            callers: 3,
            calls: None,
            operators: Vec::new(),
            seed: 7,
        };
        let manners = Manners { pause_mean: Duration::from_millis(20), ..Manners::default() };
        let stop = CancellationToken::new();
        let demo = tokio::spawn(run_with(options, manners, stop.clone()));
        let call = everybody.incoming(Duration::from_secs(5)).await.unwrap();
        call.answered(Duration::from_secs(5)).await.unwrap();
        stop.cancel();
        let counts = demo.await.unwrap().unwrap();
        assert!(counts.placed >= 1, "{counts}");
        call.over(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn an_operator_answers_after_ringing_and_is_counted() {
        let phone = |user: &str| PhoneOptions { user: user.into(), ..PhoneOptions::default() };
        let desk = Phone::bind(phone("101")).await.unwrap();
        let server = Phone::bind(phone("server")).await.unwrap();
        let (uri, address) = (desk.uri(), desk.address());
        let ms = Duration::from_millis;
        let manners = Manners {
            ring_min: ms(50),
            ring_max: ms(60),
            talk_mean: ms(50),
            talk_min: ms(20),
            ..Manners::default()
        };
        let tally = Arc::new(Tally::default());
        let working = tokio::spawn(operator(desk, ChaCha8Rng::seed_from_u64(1), manners, tally.clone()));
        let call = server.call(Dial::to(&uri, address)).await.unwrap();
        call.answered(ms(5000)).await.unwrap();
        call.over(ms(5000)).await.unwrap();
        let taken_back = server.call(Dial::to(&uri, address)).await.unwrap();
        taken_back.message(|m| m.answered("INVITE", 180), ms(5000)).await.unwrap();
        taken_back.hangup().await;
        taken_back.over(ms(5000)).await.unwrap();
        let third = server.call(Dial::to(&uri, address)).await.unwrap();
        third.answered(ms(5000)).await.unwrap();
        let counts = tally.counts(1);
        assert_eq!((counts.rung, counts.taken_back), (3, 1), "{counts}");
        working.abort();
    }
}
