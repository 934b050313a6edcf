//! Inside a call: re-INVITE and UPDATE both ways with their glare (RFC 3261 §14, RFC 3311), session refreshes
//! (RFC 4028) and INFO (RFC 6086).
use super::request::warning;
use super::uac::retry_after;
use super::uas::SDP;
use super::{SUPPORTED, Stack, branch};
use crate::digit::Digit;
use crate::ids::LegId;
use crate::machine::Now;
use crate::sip::build::Builder;
use crate::sip::event::{Ended, Event, Output, Sdp};
use crate::sip::header::Name;
use crate::sip::leg::{Exchange, Kind, Phase};
use crate::sip::message::Message;
use crate::sip::method::{ALLOW, Method};
use crate::sip::session_timer::{Session, seconds};
use crate::sip::timers::{LegTimer, Timer};
use crate::sip::transaction::client::Owner;
use crate::sip::uri::decimal;
use std::time::Duration;

/// How often a re-INVITE is sent again after 491, or after a refusal that invites to try again.
const TRIES_MAX: u8 = 4;
/// INFO without a length of the tone; what phones press at least (ITU-T Q.24 asks for 40 ms).
const DIGIT_DURATION: Duration = Duration::from_millis(160);
/// A longer tone than this is a slip of the pen.
const DIGIT_DURATION_MAX: Duration = Duration::from_secs(10);

impl Stack {
    pub(super) fn offered_by_invite(
        &mut self,
        id: u64,
        leg_id: LegId,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get(&leg_id) else { return };
        match (&leg.phase, &leg.exchange) {
            // §14.2: a second INVITE before our final response to the first
            (Phase::Ringing { .. }, _) | (_, Exchange::Theirs { .. }) => return self.later(id, now, out),
            (Phase::Dialling { .. }, _) | (_, Exchange::Ours { .. }) => {
                return self.respond(id, 491, |builder| builder, now, out);
            }
            // Our 200 to the last one has no ACK yet, so that one is not over (RFC 5407 §3.1.5).
            _ if leg.unacked.is_some() => return self.respond(id, 491, |builder| builder, now, out),
            _ => {}
        }
        let Some(offer) = self.description(id, message, now, out) else { return };
        let Some(session) = self.session_answer(id, message, now, out) else { return };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        leg.dialog.refresh_target(message);
        yield_to_theirs(&mut leg.exchange, &mut leg.queued);
        self.timers.cancel(Timer::Leg(leg_id, LegTimer::Glare));
        match (offer, leg.local_sdp.clone()) {
            // They want an offer: the session as it is (RFC 3261 §14.2, RFC 6337 §5.2.5).
            (None, Some(sdp)) => self.accept(leg_id, id, Some(&sdp), session, true, false, now, out),
            (None, None) => self.respond(id, 488, |builder| builder, now, out),
            // A refresh that changes nothing needs nobody's decision.
            (Some(offer), Some(sdp)) if leg.remote_sdp.as_ref() == Some(&offer) => {
                self.accept(leg_id, id, Some(&sdp), session, false, false, now, out);
            }
            (Some(offer), _) => {
                leg.exchange = Exchange::Theirs { transaction: id, sdp: offer.clone(), session };
                self.respond(id, 100, |builder| builder, now, out);
                out.push(Output::Event(Event::Offered { leg: leg_id, sdp: offer }));
            }
        }
    }

    /// RFC 3311 §5.2.
    pub(super) fn offered_by_update(
        &mut self,
        id: u64,
        leg_id: LegId,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(offer) = self.description(id, message, now, out) else { return };
        let Some(session) = self.session_answer(id, message, now, out) else { return };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        let Some(offer) = offer else {
            leg.dialog.refresh_target(message);
            // Before the first answer there is no session to be refreshed.
            let session =
                session.filter(|_| !matches!(leg.phase, Phase::Ringing { .. } | Phase::Dialling { .. }));
            return self.accept(leg_id, id, None, session, false, false, now, out);
        };
        match (&leg.phase, &leg.exchange) {
            // Their offer has no answer of ours yet.
            (Phase::Ringing { .. }, _) | (_, Exchange::Theirs { .. }) => return self.later(id, now, out),
            // Ours has none of theirs.
            (Phase::Dialling { .. }, _) | (_, Exchange::Ours { .. }) => {
                return self.respond(id, 491, |builder| builder, now, out);
            }
            _ if leg.unacked.as_ref().is_some_and(|unacked| unacked.offered) => {
                return self.respond(id, 491, |builder| builder, now, out);
            }
            (Phase::Answered { leaving: Some(_) }, _) => return self.later(id, now, out),
            _ => {}
        }
        leg.dialog.refresh_target(message);
        yield_to_theirs(&mut leg.exchange, &mut leg.queued);
        self.timers.cancel(Timer::Leg(leg_id, LegTimer::Glare));
        match leg.local_sdp.clone() {
            Some(sdp) if leg.remote_sdp.as_ref() == Some(&offer) => {
                self.accept(leg_id, id, Some(&sdp), session, false, false, now, out);
            }
            _ => {
                leg.exchange = Exchange::Theirs { transaction: id, sdp: offer.clone(), session };
                out.push(Output::Event(Event::Offered { leg: leg_id, sdp: offer }));
            }
        }
    }

    /// 500 with a Retry-After between 0 and 10 s (§14.2, RFC 3311 §5.2).
    fn later(&mut self, id: u64, now: Now, out: &mut Vec<Output>) {
        let pause = self.pause(Duration::ZERO, Duration::from_secs(10)).as_secs();
        self.respond(id, 500, |builder| builder.header(Name::RetryAfter, pause), now, out);
    }

    pub(super) fn accept_offer(&mut self, id: LegId, sdp: Sdp, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if !matches!(leg.exchange, Exchange::Theirs { .. }) {
            return; // they took it back, or it was answered
        }
        let exchange = std::mem::replace(&mut leg.exchange, Exchange::Idle);
        let Exchange::Theirs { transaction, sdp: offer, session } = exchange else { return };
        leg.local_sdp = Some(sdp.clone());
        leg.remote_sdp = Some(offer);
        self.accept(id, transaction, Some(&sdp), session, false, false, now, out);
        self.idle(id, now, out);
    }

    pub(super) fn reject_offer(&mut self, id: LegId, status: u16, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Exchange::Theirs { transaction, .. } = leg.exchange else { return };
        leg.exchange = Exchange::Idle;
        let status = if (300..700).contains(&status) { status } else { 488 };
        self.respond(transaction, status, |builder| builder, now, out);
        self.idle(id, now, out);
    }

    pub(super) fn reinvite(&mut self, id: LegId, sdp: Sdp, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.queued = Some(sdp);
        self.idle(id, now, out);
    }

    /// Sends what waits, if nothing is under way: §14.1 allows one INVITE at a time.
    pub(super) fn idle(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let idle = leg.phase == Phase::Confirmed && leg.exchange == Exchange::Idle && leg.unacked.is_none();
        if idle && let Some(sdp) = leg.queued.take() {
            self.exchange(id, Kind::Offer { sdp, tries: 0 }, now, out);
        }
    }

    /// Time for our session refresh.
    pub(super) fn refresh(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get(&id) else { return };
        if leg.phase == Phase::Confirmed && leg.exchange == Exchange::Idle && leg.unacked.is_none() {
            self.exchange(id, Kind::Refresh { tries: 0 }, now, out);
        } else {
            // Something is under way that may refresh the session by itself; if not, soon.
            self.timers.set(Timer::Leg(id, LegTimer::Refresh), now.mono + Duration::from_secs(5));
        }
    }

    fn exchange(&mut self, id: LegId, kind: Kind, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let (method, sdp) = match &kind {
            Kind::Offer { sdp, .. } => (Method::Invite, Some(sdp.clone())),
            Kind::Refresh { .. } if leg.updates => (Method::Update, None),
            Kind::Refresh { .. } => (Method::Invite, leg.local_sdp.clone()),
        };
        let hop = leg.hop(&self.local);
        let branch = branch(&mut self.rng);
        leg.dialog.local_seq = leg.dialog.local_seq.saturating_add(1);
        let mut builder = leg
            .dialog
            .request(method, leg.dialog.local_seq, &branch, hop, self.local.shown(hop))
            .header(Name::Contact, format_args!("<{}>", leg.dialog.contact))
            .header(Name::Allow, ALLOW)
            .header(Name::Supported, SUPPORTED)
            .header(Name::UserAgent, &self.config.user_agent);
        if let Some(session) = leg.session {
            builder = builder
                .header(Name::SessionExpires, session.in_request())
                .header(Name::MinSe, self.config.min_se.as_secs().min(session.expires.as_secs()));
        }
        let Ok(bytes) = builder.finish(sdp.as_deref().map(|sdp| (SDP, sdp))) else { return };
        let owner = Owner::Exchange(id);
        let transaction =
            self.clients.start(method, &branch, hop, bytes, owner, &mut self.timers, now.mono, out);
        leg.exchange = Exchange::Ours { transaction, kind };
    }

    /// A 2xx to our re-INVITE (its ACK is sent) or UPDATE.
    pub(super) fn reanswered(
        &mut self,
        id: LegId,
        client: u64,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(kind) = take_ours(&mut leg.exchange, client) else { return };
        leg.dialog.refresh_target(message);
        let answer = message.part(SDP).map(str::to_owned);
        match kind {
            Kind::Offer { sdp, .. } => {
                leg.local_sdp = Some(sdp);
                if answer.is_some() {
                    leg.remote_sdp.clone_from(&answer);
                }
                out.push(Output::Event(Event::Reanswered { leg: id, sdp: answer }));
            }
            Kind::Refresh { .. } => {
                if answer.is_some() && answer != leg.remote_sdp {
                    leg.remote_sdp.clone_from(&answer);
                    out.push(Output::Event(Event::Reanswered { leg: id, sdp: answer }));
                }
            }
        }
        self.arm(id, Session::agreed(message), now); // without Session-Expires they dropped it (RFC 4028 §7.2)
        self.idle(id, now, out);
    }

    /// Our re-INVITE or UPDATE was refused, or got no answer.
    pub(super) fn exchange_refused(
        &mut self,
        id: LegId,
        client: u64,
        status: u16,
        message: Option<&Message<'_>>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(kind) = take_ours(&mut leg.exchange, client) else { return };
        let tries = match &kind {
            Kind::Offer { tries, .. } | Kind::Refresh { tries } => *tries,
        };
        let retry = message.and_then(retry_after);
        let min_se = message.and_then(|m| seconds(m.header(Name::MinSe)));
        match (status, retry, min_se) {
            // §12.2.1.2: the dialog is gone for them, or they are.
            (408 | 481, ..) => return self.end(id, Ended::Lost, now, out),
            _ if tries >= TRIES_MAX => {}
            (491, ..) => {
                // §14.1: the owner of the Call-ID waits longer, so that they do not meet again.
                let ours = id.0 % 2 == 1;
                let (from, to) = if ours { (2100, 4000) } else { (0, 2000) };
                let pause = self.pause(Duration::from_millis(from), Duration::from_millis(to));
                return self.retry(id, kind, tries, pause, now);
            }
            (500, Some(pause), _) if pause <= Duration::from_secs(10) => {
                return self.retry(id, kind, tries, pause, now);
            }
            (422, _, Some(min)) => {
                if let Some(session) = &mut leg.session {
                    session.expires = session.expires.max(min);
                }
                return self.retry(id, kind, tries, Duration::ZERO, now);
            }
            (405 | 501, ..) if leg.updates && matches!(kind, Kind::Refresh { .. }) => {
                leg.updates = false;
                return self.retry(id, kind, tries, Duration::ZERO, now);
            }
            _ => {}
        }
        match kind {
            Kind::Offer { .. } => out.push(Output::Event(Event::Reanswered { leg: id, sdp: None })),
            // The session goes on until it expires (RFC 4028 §10); until then we ask again now and then.
            Kind::Refresh { .. } => {
                self.timers.set(Timer::Leg(id, LegTimer::Refresh), now.mono + Duration::from_secs(10));
            }
        }
        self.idle(id, now, out);
    }

    fn retry(&mut self, id: LegId, kind: Kind, tries: u8, pause: Duration, now: Now) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.exchange = Exchange::Glare { kind, tries: tries.saturating_add(1) };
        self.timers.set(Timer::Leg(id, LegTimer::Glare), now.mono + pause);
    }

    pub(super) fn after_glare(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if !matches!(leg.exchange, Exchange::Glare { .. }) {
            return;
        }
        let Exchange::Glare { kind, tries } = std::mem::replace(&mut leg.exchange, Exchange::Idle) else {
            return;
        };
        if leg.unacked.is_some() {
            return self.retry(id, kind, tries, Duration::from_millis(500), now);
        }
        // What was wanted meanwhile is newer.
        let kind = match (kind, leg.queued.take()) {
            (_, Some(sdp)) => Kind::Offer { sdp, tries },
            (Kind::Offer { sdp, .. }, None) => Kind::Offer { sdp, tries },
            (Kind::Refresh { .. }, None) => Kind::Refresh { tries },
        };
        self.exchange(id, kind, now, out);
    }

    /// RFC 2976 bodies that phones send for keys.
    pub(super) fn info(
        &mut self,
        id: u64,
        leg: LegId,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let digit = match message.content_type().as_deref() {
            None => None, // §RFC 6086 4.2.2: an empty INFO is legal and says nothing
            Some("application/dtmf-relay") => Some(relay(message.body)),
            Some("application/dtmf") => Some(plain(message.body)),
            Some(_) if super::uas::optional(message) => None,
            Some(_) => {
                let accept = "application/dtmf-relay, application/dtmf";
                return self.respond(id, 415, |builder| builder.named("Accept", accept), now, out);
            }
        };
        match digit {
            Some(None) => self.respond(id, 400, |builder| warning(builder, "no key in the body"), now, out),
            None => self.respond(id, 200, |builder| builder, now, out),
            Some(Some((digit, duration))) => {
                self.respond(id, 200, |builder: Builder| builder, now, out);
                let leaving = self
                    .legs
                    .get(&leg)
                    .is_none_or(|leg| matches!(leg.phase, Phase::Answered { leaving: Some(_) }));
                if !leaving {
                    out.push(Output::Event(Event::Digit { leg, digit, duration }));
                }
            }
        }
    }
}

/// Theirs came while ours waited for another try: theirs goes first, ours after it.
fn yield_to_theirs(exchange: &mut Exchange, queued: &mut Option<Sdp>) {
    if let Exchange::Glare { kind: Kind::Offer { sdp, .. }, .. } = std::mem::replace(exchange, Exchange::Idle)
    {
        queued.get_or_insert(sdp);
    }
}

fn take_ours(exchange: &mut Exchange, client: u64) -> Option<Kind> {
    match std::mem::replace(exchange, Exchange::Idle) {
        Exchange::Ours { transaction, kind } if transaction == client => Some(kind),
        other => {
            *exchange = other;
            None
        }
    }
}

/// `Signal=5\r\nDuration=160`
fn relay(body: &[u8]) -> Option<(Digit, Duration)> {
    let text = std::str::from_utf8(body).ok()?;
    let (mut digit, mut duration) = (None, DIGIT_DURATION);
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        match name.trim() {
            name if name.eq_ignore_ascii_case("Signal") => digit = key(value),
            name if name.eq_ignore_ascii_case("Duration") => {
                duration = decimal(value.trim()).map_or(DIGIT_DURATION, Duration::from_millis);
            }
            _ => {}
        }
    }
    Some((digit?, duration.min(DIGIT_DURATION_MAX)))
}

/// The key and nothing else.
fn plain(body: &[u8]) -> Option<(Digit, Duration)> {
    Some((key(std::str::from_utf8(body).ok()?)?, DIGIT_DURATION))
}

/// A key as phones write it: itself, or for star and hash the event codes of RFC 4733.
fn key(text: &str) -> Option<Digit> {
    match text.trim() {
        "10" => Some(Digit::STAR),
        "11" => Some(Digit::HASH),
        text => {
            let mut chars = text.chars();
            let digit = Digit::from_char(chars.next()?)?;
            chars.next().is_none().then_some(digit)
        }
    }
}
