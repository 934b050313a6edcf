//! The stack: every transaction, dialog and binding of a node behind five functions.
//!
//! ```text
//! bytes ─▶ receive ─▶ request.rs ─┬▶ uas.rs       a call that comes in
//!                │                ├▶ exchange.rs  offers, INFO, BYE inside a call
//!                │                ├▶ refer.rs     transfers, and how they go
//!                │                └▶ register.rs
//!                └─▶ response.rs ──▶ uac.rs       a call that goes out
//! commands ─▶ command ─▶ uas.rs, uac.rs, exchange.rs
//! time ─▶ handle_timeout
//! ```
mod exchange;
mod refer;
mod register;
mod request;
mod response;
mod uac;
mod uas;

use super::build::{Builder, clean};
use super::config::Config;
use super::digest::Authenticator;
use super::event::{Command, Ended, Event, Hop, Identity, Output, Reason};
use super::leg::{Exchange, Leg, Phase};
use super::message::Start;
use super::method::Method;
use super::parse::{ParseError, parse};
use super::registrar::{Change, Registrar};
use super::reply::stateless;
use super::route::{self, Local};
use super::session_timer::{MIN_SE_FLOOR, Refresher, Session};
use super::timers::{LegTimer, Timer, Timers};
use super::transaction::client::{Clients, Owner};
use super::transaction::server::Servers;
use super::uri::escape_user;
use crate::ids::{LegId, OperatorId};
use crate::machine::{Instant, Now};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stack {
    config: Config,
    rng: ChaCha8Rng,
    local: Local,
    timers: Timers,
    servers: Servers,
    clients: Clients,
    legs: BTreeMap<LegId, Leg>,
    /// Our tag of a dialog tells the leg.
    by_tag: BTreeMap<String, LegId>,
    last_incoming: u64,
    registrar: Registrar,
    authenticator: Authenticator,
    draining: bool,
}

/// How many of each the stack holds: for admission, metrics, and tests that nothing is left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub legs: usize,
    pub server_transactions: usize,
    pub client_transactions: usize,
}

impl Stack {
    pub fn new(mut config: Config, seed: u64) -> Stack {
        config.min_se = config.min_se.max(MIN_SE_FLOOR);
        config.session_expires = config.session_expires.max(config.min_se);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        let secret = rng.next_u64();
        Stack {
            local: Local::new(&config),
            authenticator: Authenticator::new(key, config.nonce_lifetime, config.nonces_max),
            config,
            rng,
            timers: Timers::default(),
            servers: Servers::new(secret),
            clients: Clients::new(secret),
            legs: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            last_incoming: 0,
            registrar: Registrar::default(),
            draining: false,
        }
    }

    /// One datagram, or one framed message of a stream.
    pub fn receive(&mut self, hop: Hop, bytes: &[u8], now: Now, out: &mut Vec<Output>) {
        self.local.learn(hop);
        match parse(bytes) {
            Ok(message) => match message.start {
                Start::Request { .. } => self.request(hop, &message, bytes, now, out),
                Start::Response { status, .. } => self.response(hop, &message, status, now, out),
            },
            Err(ParseError::KeepAlive) => {}
            Err(error) => {
                let warning = format!("399 {} \"{error}\"", self.config.domain);
                self.stateless(hop, bytes, error.status(), &[("Warning", warning)], out);
            }
        }
    }

    pub fn command(&mut self, command: Command, now: Now, out: &mut Vec<Output>) {
        match command {
            Command::Ring { leg, early } => self.ring(leg, early, now, out),
            Command::Answer { leg, sdp } => self.answer(leg, sdp, now, out),
            Command::Reject { leg, status, retry_after } => self.reject(leg, status, retry_after, now, out),
            Command::Invite(invite) => self.invite(*invite, now, out),
            Command::Hangup { leg, reason } => self.hangup(leg, reason, now, out),
            Command::AcceptOffer { leg, sdp } => self.accept_offer(leg, sdp, now, out),
            Command::RejectOffer { leg, status } => self.reject_offer(leg, status, now, out),
            Command::Reinvite { leg, sdp } => self.reinvite(leg, sdp, now, out),
            Command::AnswerRefer { leg, status } => self.answer_refer(leg, status, now, out),
            Command::TellReferrer { leg, status } => self.tell_referrer(leg, status, now, out),
            Command::Refer { leg, to } => self.refer(leg, &to, now, out),
            Command::Ping { request, to } => self.ping(request, &to, now, out),
            Command::SetSecret { user, ha1 } => {
                let change = self.registrar.set_secret(user.clone(), ha1);
                self.bindings_changed(user, change, now, out);
            }
            Command::AddPass { user, ha1, until } => self.registrar.add_pass(user, ha1, until, now.mono),
            Command::Drain => self.draining = true,
        }
    }

    /// The shell could not send to this hop: what waits for an answer from there fails at once, as if it had
    /// answered 503 (RFC 3261 §8.1.3.1).
    pub fn unsendable(&mut self, hop: Hop, now: Now, out: &mut Vec<Output>) {
        for id in self.clients.waiting_on(hop) {
            self.fail(id, 503, now, out);
        }
    }

    /// A stream's connection was closed.
    pub fn disconnected(&mut self, hop: Hop, now: Now, out: &mut Vec<Output>) {
        self.unsendable(hop, now, out);
        for (user, change) in self.registrar.disconnected(hop) {
            self.bindings_changed(user, change, now, out);
        }
        // Calls go on; their next request opens a connection to the Contact, if that is an address.
        for leg in self.legs.values_mut().filter(|leg| leg.dialog.flow == hop) {
            leg.flow_closed = true;
            // Nobody can call a browser back: whoever was in this page has no telephone now.
            if hop.transport.is_websocket() && leg.phase == Phase::Confirmed {
                out.push(Output::Event(Event::FlowLost { leg: leg.id }));
            }
        }
    }

    pub fn handle_timeout(&mut self, now: Now, out: &mut Vec<Output>) {
        while let Some(timer) = self.timers.pop(now.mono) {
            match timer {
                Timer::ClientRepeat(id) => {
                    if let Some(client) = self.clients.get_mut(id) {
                        client.repeat(&mut self.timers, now.mono, out);
                    }
                }
                Timer::ClientEnd(id) => match self.clients.get(id).is_some_and(|client| client.waiting()) {
                    true => self.fail(id, 408, now, out),
                    false => {
                        self.clients.remove(id, &mut self.timers);
                    }
                },
                Timer::ServerRepeat(id) => {
                    if let Some(server) = self.servers.get_mut(id) {
                        server.repeat(&mut self.timers, now.mono, out);
                    }
                }
                Timer::ServerEnd(id) => self.servers.remove(id, &mut self.timers),
                Timer::Leg(leg, which) => self.leg_timer(leg, which, now, out),
                Timer::Binding(user) => {
                    let change = self.registrar.expire(&user, now.mono);
                    self.bindings_changed(user, change, now, out);
                }
            }
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Legs alive: for admission and metrics.
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    pub fn size(&self) -> Size {
        Size {
            legs: self.legs.len(),
            server_transactions: self.servers.len(),
            client_transactions: self.clients.len(),
        }
    }

    fn leg_timer(&mut self, id: LegId, which: LegTimer, now: Now, out: &mut Vec<Output>) {
        match which {
            LegTimer::RepeatOk => self.repeat_ok(id, now, out),
            LegTimer::NoAck => self.no_ack(id, now, out),
            LegTimer::StillRinging => self.still_ringing(id, now, out),
            LegTimer::CancelIgnored => self.cancel_ignored(id, now, out),
            LegTimer::Refresh => self.refresh(id, now, out),
            LegTimer::Expire => self.end(id, Ended::SessionExpired, now, out),
            LegTimer::Glare => self.after_glare(id, now, out),
        }
    }

    /// Sends BYE and tells that the leg is gone.
    fn end(&mut self, id: LegId, how: Ended, now: Now, out: &mut Vec<Output>) {
        let cause = match how {
            Ended::NoAck => Some(Reason { cause: 408, text: "No ACK".into() }),
            Ended::SessionExpired => Some(Reason { cause: 408, text: "Session expired".into() }),
            _ => None,
        };
        self.bye(id, cause.as_ref(), now, out);
        if self.remove_leg(id, now, out).is_some() {
            out.push(Output::Event(Event::Ended { leg: id, how }));
        }
    }

    /// BYE over the leg's dialog; the leg stays.
    fn bye(&mut self, id: LegId, reason: Option<&Reason>, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let hop = leg.hop(&self.local);
        leg.dialog.local_seq = leg.dialog.local_seq.saturating_add(1);
        let branch = branch(&mut self.rng);
        let shown = self.local.shown(hop);
        let builder = leg.dialog.request(Method::Bye, leg.dialog.local_seq, &branch, hop, shown);
        self.send_bye(builder, &branch, hop, reason, now, out);
    }

    fn send_bye(
        &mut self,
        builder: Builder,
        branch: &str,
        hop: Hop,
        reason: Option<&Reason>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let builder =
            with_reason(builder, reason).header(super::header::Name::UserAgent, &self.config.user_agent);
        if let Ok(bytes) = builder.finish(None) {
            self.clients.start(
                Method::Bye,
                branch,
                hop,
                bytes,
                Owner::Nobody,
                &mut self.timers,
                now.mono,
                out,
            );
        }
    }

    /// Forgets a leg. A request of the peer's that still waits for an answer gets one (§15.1.2).
    fn remove_leg(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) -> Option<Leg> {
        let leg = self.legs.remove(&id)?;
        self.by_tag.remove(&leg.dialog.local_tag);
        self.timers.cancel_leg(id);
        let open = match (&leg.phase, &leg.exchange) {
            (Phase::Ringing { transaction, .. }, _) | (_, Exchange::Theirs { transaction, .. }) => {
                Some(*transaction)
            }
            _ => None,
        };
        if let Some(transaction) = open {
            self.respond(transaction, 487, |builder| builder, now, out);
        }
        Some(leg)
    }

    /// A response without a body through its transaction; a second final one does nothing.
    fn respond(
        &mut self,
        transaction: u64,
        status: u16,
        with: impl FnOnce(Builder) -> Builder,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(server) = self.servers.get_mut(transaction) else { return };
        let mut builder = with(server.reply.response(status));
        if status > 100 {
            builder = builder.header(super::header::Name::Server, &self.config.user_agent);
        }
        if let Ok(bytes) = builder.finish(None) {
            server.respond(status, bytes, &mut self.timers, now.mono, out);
        }
    }

    fn stateless(
        &self,
        hop: Hop,
        bytes: &[u8],
        status: u16,
        extra: &[(&str, String)],
        out: &mut Vec<Output>,
    ) {
        if let Some((peer, bytes)) = stateless(bytes, hop.transport, hop.peer, status, extra) {
            out.push(Output::Send { hop: Hop { peer, ..hop }, bytes });
        }
    }

    /// Starts the timers that an agreement asks for, or stops them.
    fn arm(&mut self, id: LegId, session: Option<Session>, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.session = session;
        let (refresh, expire) = (Timer::Leg(id, LegTimer::Refresh), Timer::Leg(id, LegTimer::Expire));
        match session {
            None => {
                self.timers.cancel(refresh);
                self.timers.cancel(expire);
            }
            Some(session) => {
                self.timers.set(expire, now.mono + session.give_up_after());
                match session.refresher {
                    Refresher::Us => self.timers.set(refresh, now.mono + session.refresh_after()),
                    Refresher::Them => self.timers.cancel(refresh),
                }
            }
        }
    }

    fn bindings_changed(&mut self, user: OperatorId, change: Change, now: Now, out: &mut Vec<Output>) {
        self.watch_bindings(&user);
        match change {
            Change::Bound(binding) => out.push(Output::Event(Event::Registered {
                user,
                contact: binding.contact,
                hop: binding.hop,
                expires: binding.expires_at.since(now.mono),
                user_agent: binding.user_agent,
            })),
            Change::Gone => out.push(Output::Event(Event::Unregistered { user })),
            Change::Nothing => {}
        }
    }

    fn watch_bindings(&mut self, user: &OperatorId) {
        let timer = Timer::Binding(user.clone());
        match self.registrar.next_expiry(user) {
            Some(at) => self.timers.set(timer, at),
            None => self.timers.cancel(timer),
        }
    }

    /// A pause within a range, for retries that must not meet again.
    fn pause(&mut self, from: Duration, to: Duration) -> Duration {
        let span_ms = u64::try_from(to.saturating_sub(from).as_millis()).unwrap_or(u64::MAX).max(1);
        from + Duration::from_millis(self.rng.next_u64().checked_rem(span_ms).unwrap_or(0))
    }
}

impl Leg {
    /// Where the next request of this dialog goes.
    fn hop(&self, local: &Local) -> Hop {
        let flow = self.dialog.flow;
        let hop = route::in_dialog(self.dialog.next(), flow, local);
        if hop == flow && self.flow_closed {
            // The old connection was the peer's; perhaps he listens where his Contact says.
            let uri = super::uri::Uri::parse(self.dialog.next()).ok();
            if let Some(peer) = uri.as_ref().and_then(route::address) {
                return Hop { peer, ..flow };
            }
        }
        hop
    }
}

/// Unguessable, and unique in space and time (§8.1.1.7): 64 random bits.
fn branch(rng: &mut ChaCha8Rng) -> String {
    format!("z9hG4bK{:016x}", rng.next_u64())
}

/// §19.3 wants 32 bits.
fn tag(rng: &mut ChaCha8Rng) -> String {
    format!("{:016x}", rng.next_u64())
}

/// RFC 3326. Control characters in the text are left out: a BYE has to go, whatever its reason says.
fn with_reason(builder: Builder, reason: Option<&Reason>) -> Builder {
    let Some(Reason { cause, text }) = reason else { return builder };
    let text: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    match text.is_empty() {
        true => builder.header(super::header::Name::Reason, format_args!("SIP;cause={cause}")),
        false => {
            builder.header(super::header::Name::Reason, format_args!("SIP;cause={cause};text=\"{text}\""))
        }
    }
}

/// From of ours; `None` when a part of it cannot stand in a header.
fn identity(identity: &Identity, domain: &str) -> Option<String> {
    let host = if identity.host.is_empty() { domain } else { &identity.host };
    let (name, port) = super::uri::host_port(host)?;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let at = if identity.user.is_empty() { "" } else { "@" };
    let uri = format!("sip:{}{at}{name}{port}", escape_user(&identity.user));
    clean(&identity.display).then(|| super::build::name_addr(&identity.display, &uri))
}

/// What a 2xx of ours says it can do.
const SUPPORTED: &str = "timer";
