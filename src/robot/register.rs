//! The client side of REGISTER (RFC 3261 §10.2) with digest authentication (RFC 8760): one account at one server.
//!
//! ```text
//!            register           200                     refresh
//!   Absent ──────────▶ Asking ───────▶ Registered ─────────────────▶ Asking
//!      ▲                │  ▲  401, once or stale                     unregister ─▶ Asking with 0 s ─▶ Absent
//!      └── refused, ────┘  └──────────┘
//!          no answer
//! ```
use super::trace::Trace;
use crate::machine::{Instant, earlier};
use crate::sip::digest;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// RFC 3261 §17.1.2.2: T1, T2 and 64·T1.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVE_UP: Duration = Duration::from_secs(32);
/// What we ask for.
pub const EXPIRES: Duration = Duration::from_secs(300);
/// The part of the granted time after which we register again.
const REFRESH_PERCENT: u32 = 80;

#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub domain: String,
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}@{})", self.user, self.domain)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    Send(Vec<u8>),
    Registered {
        expires: Duration,
    },
    Unregistered,
    /// A final refusal, or 408 without any answer. A wrong password is 401.
    Refused {
        status: u16,
    },
}

#[derive(Clone, Debug)]
enum State {
    Absent,
    Asking {
        request: Vec<u8>,
        expires: Duration,
        authorised: bool,
        resend_at: Instant,
        interval: Duration,
        give_up_at: Instant,
    },
    Registered {
        refresh_at: Instant,
    },
}

#[derive(Clone, Debug)]
pub struct Registration {
    account: Account,
    server: SocketAddr,
    me: SocketAddr,
    rng: ChaCha8Rng,
    call_id: String,
    tag: String,
    cseq: u32,
    challenge: Option<Challenge>,
    state: State,
}

/// The value of WWW-Authenticate, and how often we have used its nonce.
#[derive(Clone, Debug)]
struct Challenge {
    value: String,
    used: u32,
}

impl Registration {
    pub fn new(account: Account, server: SocketAddr, me: SocketAddr, seed: u64) -> Registration {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (call_id, tag) = (token(&mut rng), token(&mut rng));
        Registration {
            account,
            server,
            me,
            rng,
            call_id,
            tag,
            cseq: 0,
            challenge: None,
            state: State::Absent,
        }
    }

    pub fn server(&self) -> SocketAddr {
        self.server
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    pub fn register(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.ask(EXPIRES, false, now, out);
    }

    pub fn unregister(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.ask(Duration::ZERO, false, now, out);
    }

    /// A response with our Call-ID.
    pub fn receive(&mut self, response: &Trace, now: Instant, out: &mut Vec<Output>) {
        let State::Asking { expires, authorised, .. } = self.state else { return };
        let number = response.header("CSeq").and_then(|cseq| cseq.split(' ').next()?.parse::<u32>().ok());
        let Some(status) = response.status().filter(|_| number == Some(self.cseq)) else { return };
        match status {
            100..=199 => {}
            200..=299 if expires.is_zero() => {
                self.state = State::Absent;
                out.push(Output::Unregistered);
            }
            200..=299 => {
                let expires = granted(response).unwrap_or(expires);
                self.state = State::Registered { refresh_at: now + expires * REFRESH_PERCENT / 100 };
                out.push(Output::Registered { expires });
            }
            401 => match response.all("WWW-Authenticate").find(|value| understood(value)) {
                Some(value) if !authorised || value.contains("stale=true") => {
                    self.challenge = Some(Challenge { value: value.into(), used: 0 });
                    self.ask(expires, true, now, out);
                }
                _ => self.refused(status, out),
            },
            _ => self.refused(status, out),
        }
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Output>) {
        match &mut self.state {
            State::Asking { give_up_at, .. } if *give_up_at <= now => self.refused(408, out),
            State::Asking { request, resend_at, interval, .. } if *resend_at <= now => {
                *interval = (*interval * 2).min(T2);
                *resend_at = now + *interval;
                out.push(Output::Send(request.clone()));
            }
            State::Registered { refresh_at } if *refresh_at <= now => self.register(now, out),
            _ => {}
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Absent => None,
            State::Asking { resend_at, give_up_at, .. } => earlier(Some(resend_at), Some(give_up_at)),
            State::Registered { refresh_at } => Some(refresh_at),
        }
    }

    fn refused(&mut self, status: u16, out: &mut Vec<Output>) {
        self.state = State::Absent;
        self.challenge = None;
        out.push(Output::Refused { status });
    }

    fn ask(&mut self, expires: Duration, authorised: bool, now: Instant, out: &mut Vec<Output>) {
        self.cseq += 1;
        let request = self.request(expires);
        out.push(Output::Send(request.clone()));
        self.state = State::Asking {
            request,
            expires,
            authorised,
            resend_at: now + T1,
            interval: T1,
            give_up_at: now + GIVE_UP,
        };
    }

    fn request(&mut self, expires: Duration) -> Vec<u8> {
        let Account { user, domain, .. } = self.account.clone();
        let (me, cseq) = (self.me, self.cseq);
        let branch = token(&mut self.rng);
        let mut text = format!(
            "REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{domain}>;tag={}\r\nTo: <sip:{user}@{domain}>\r\n\
             Call-ID: {}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{me}>\r\nExpires: {}\r\n",
            self.tag,
            self.call_id,
            expires.as_secs()
        );
        if let Some(authorization) = self.authorization() {
            let _ = write!(text, "Authorization: {authorization}\r\n");
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        text.into_bytes()
    }

    fn authorization(&mut self) -> Option<String> {
        let Account { user, domain, password } = &self.account;
        let challenge = self.challenge.as_mut()?;
        challenge.used += 1;
        let uri = format!("sip:{domain}");
        digest::authorize(&challenge.value, user, password, "REGISTER", &uri, challenge.used)
    }
}

fn token(rng: &mut ChaCha8Rng) -> String {
    format!("{:016x}", rng.next_u64())
}

/// The time granted to our contact: its own parameter, or the header for all.
fn granted(response: &Trace) -> Option<Duration> {
    let contact = response.header("Contact").and_then(|contact| {
        contact.split(';').find_map(|part| part.trim().strip_prefix("expires=")?.parse().ok())
    });
    let header = || response.header("Expires")?.parse().ok();
    contact.or_else(header).map(Duration::from_secs)
}

/// Servers offer the algorithms in the order of their preference (RFC 8760 §2.4); we take the first that we know.
fn understood(challenge: &str) -> bool {
    digest::authorize(challenge, "", "", "", "", 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::trace::Way;
    use super::*;
    use crate::machine::Wall;
    use crate::sip::Ha1;

    const SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 5060);

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn registration() -> Registration {
        let account = Account { user: "101".into(), domain: "example.org".into(), password: "secret".into() };
        Registration::new(account, SERVER.into(), ([127, 0, 0, 1], 5070).into(), 1)
    }

    fn sent(out: &[Output]) -> Trace {
        let Some(Output::Send(bytes)) = out.last() else { panic!("nothing was sent: {out:?}") };
        Trace::read(Way::Sent, bytes).unwrap()
    }

    fn response(request: &Trace, status: u16, headers: &str) -> Trace {
        let cseq = request.header("CSeq").unwrap();
        let text = format!("SIP/2.0 {status} X\r\nCSeq: {cseq}\r\n{headers}\r\n");
        Trace::read(Way::Received, text.as_bytes()).unwrap()
    }

    fn challenges(stale: bool) -> String {
        let authenticator = digest::Authenticator::new([7; 32], Duration::from_secs(300), 4);
        let values = authenticator.challenges("example.org", stale, 1, Wall(0));
        values.map(|value| format!("WWW-Authenticate: {value}\r\n")).concat()
    }

    #[test]
    fn a_challenge_is_answered_and_the_registration_refreshed_in_time() {
        let (mut registration, mut out) = (registration(), Vec::new());
        registration.register(at(0), &mut out);
        let first = sent(&out);
        assert!(first.header("Authorization").is_none());
        registration.receive(&response(&first, 401, &challenges(false)), at(10), &mut out);
        let second = sent(&out);
        let credentials = digest::Credentials::parse(second.header("Authorization").unwrap()).unwrap();
        let mut authenticator = digest::Authenticator::new([7; 32], Duration::from_secs(300), 4);
        let ha1 = Ha1::new("101", "example.org", "secret");
        let verdict = authenticator.check(&credentials, "REGISTER", Some(&ha1), Wall(0));
        assert_eq!(verdict, digest::Verdict::Good);
        let granted = "Contact: <sip:101@127.0.0.1:5070>;expires=100\r\n";
        registration.receive(&response(&second, 200, granted), at(20), &mut out);
        assert_eq!(out.last(), Some(&Output::Registered { expires: Duration::from_secs(100) }));
        assert_eq!(registration.next_timeout(), Some(at(80_020)));
        registration.handle_timeout(at(80_020), &mut out);
        let third = sent(&out);
        assert!(third.header("Authorization").unwrap().contains("nc=00000002"));
    }

    #[test]
    fn a_wrong_password_is_refused_and_a_stale_nonce_is_not() {
        let (mut registration, mut out) = (registration(), Vec::new());
        registration.register(at(0), &mut out);
        registration.receive(&response(&sent(&out), 401, &challenges(false)), at(10), &mut out);
        registration.receive(&response(&sent(&out), 401, &challenges(true)), at(20), &mut out);
        registration.receive(&response(&sent(&out), 401, &challenges(false)), at(30), &mut out);
        assert_eq!(out.last(), Some(&Output::Refused { status: 401 }));
        assert_eq!(registration.next_timeout(), None);
    }

    #[test]
    fn an_unanswered_request_is_sent_again_and_given_up_after_32_seconds() {
        let (mut registration, mut out) = (registration(), Vec::new());
        registration.register(at(0), &mut out);
        while let Some(next) = registration.next_timeout() {
            registration.handle_timeout(next, &mut out);
        }
        assert_eq!(out.iter().filter(|output| matches!(output, Output::Send(_))).count(), 11);
        assert_eq!(out.last(), Some(&Output::Refused { status: 408 }));
    }

    #[test]
    fn unregistering_asks_for_no_time_and_ends_absent() {
        let (mut registration, mut out) = (registration(), Vec::new());
        registration.unregister(at(0), &mut out);
        let request = sent(&out);
        assert_eq!(request.header("Expires"), Some("0"));
        registration.receive(&response(&request, 200, ""), at(10), &mut out);
        assert_eq!(out.last(), Some(&Output::Unregistered));
    }
}
