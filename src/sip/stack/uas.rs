//! Calls that come in (RFC 3261 §13.3): refusing, ringing, answering, and repeating the 200 until its ACK.
use super::{SUPPORTED, Stack, request::warning, tag};
use crate::ids::LegId;
use crate::machine::Now;
use crate::sip::build::Builder;
use crate::sip::dialog::Dialog;
use crate::sip::event::{Ended, Event, Hop, Identity, Incoming, Output, Reason, Sdp};
use crate::sip::header::{Name, NameAddr};
use crate::sip::leg::{Exchange, Leaving, Leg, Phase, Unacked};
use crate::sip::message::{Message, Start};
use crate::sip::method::{ALLOW, Method};
use crate::sip::route;
use crate::sip::session_timer::{Refresher, Session};
use crate::sip::timers::{LegTimer, T1, T1_64, T2, Timer};
use crate::sip::uri::{Scheme, Uri};
use std::time::Duration;

pub(super) const SDP: &str = "application/sdp";
/// §13.3.1.1.
const STILL_RINGING: Duration = Duration::from_secs(60);

impl Stack {
    pub(super) fn incoming(
        &mut self,
        id: u64,
        hop: Hop,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let retry = self.config.retry_after.as_secs();
        if self.full() {
            return self.respond(id, 503, |builder| builder.header(Name::RetryAfter, retry), now, out);
        }
        let Start::Request { uri, .. } = message.start else { return };
        let Ok(uri) = Uri::parse(uri) else { return };
        let called = uri.user_text();
        if called.is_empty() {
            return self.respond(id, 484, |builder| builder, now, out);
        }
        let contact = message.contact().filter(|c| c.parsed().is_ok_and(|uri| uri.scheme != Scheme::Tel));
        if contact.is_none() {
            // §8.1.1.8: an INVITE has exactly one; without it no BYE of ours would find its way.
            return self.respond(
                id,
                400,
                |builder| warning(builder, "Contact is missing or malformed"),
                now,
                out,
            );
        }
        let guarded = self.config.guarded.iter().any(|prefix| called.starts_with(prefix.as_str()));
        let user = match guarded {
            true => match self.identify(id, message, now, out) {
                Some(user) => Some(user),
                None => return,
            },
            false => None,
        };
        let Some(offer) = self.description(id, message, now, out) else { return };
        let Some(session) = self.session_answer(id, message, now, out) else { return };
        self.last_incoming = self.last_incoming.wrapping_add(1);
        let leg_id = LegId::incoming(self.last_incoming);
        let local_tag = tag(&mut self.rng);
        let contact = route::contact(&called, self.local.shown(hop), hop.transport);
        let dialog = Dialog::from_request(message, hop, &local_tag, contact);
        let Some(server) = self.servers.get_mut(id) else { return };
        server.leg = Some(leg_id);
        server.reply.set_tag(&local_tag);
        self.respond(id, 100, |builder| builder, now, out);
        self.by_tag.insert(local_tag, leg_id);
        self.legs.insert(
            leg_id,
            Leg {
                id: leg_id,
                dialog,
                phase: Phase::Ringing { transaction: id, session },
                exchange: Exchange::Idle,
                local_sdp: None,
                remote_sdp: offer.clone(),
                unacked: None,
                session: None,
                queued: None,
                updates: message.lists(Name::Allow, "UPDATE"),
                flow_closed: false,
                refer: None,
            },
        );
        let incoming = Incoming { user, ..introduce(leg_id, hop, message, called.into(), offer) };
        out.push(Output::Event(Event::Incoming(Box::new(incoming))));
    }

    /// The SDP of a request, or the answer to a body that is none: outer `None` after a refusal.
    pub(super) fn description(
        &mut self,
        id: u64,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Option<Option<Sdp>> {
        let Some(kind) = message.content_type() else { return Some(None) };
        let encoded =
            message.list(Name::ContentEncoding).any(|coding| !coding.eq_ignore_ascii_case("identity"));
        if encoded {
            // §8.2.3
            self.respond(id, 415, |builder| builder.named("Accept-Encoding", "identity"), now, out);
            return None;
        }
        if let Some(sdp) = message.part(SDP) {
            return Some(Some(sdp.to_owned()));
        }
        match kind.as_str() {
            // §23.2: an encrypted body that we have no key for
            "application/pkcs7-mime" => self.respond(id, 493, |builder| builder, now, out),
            SDP => self.respond(id, 400, |builder| warning(builder, "the SDP is not UTF-8"), now, out),
            _ if optional(message) => return Some(None),
            _ => self.respond(id, 415, |builder| builder.named("Accept", SDP), now, out),
        }
        None
    }

    /// The session timer that our 2xx will say; outer `None` after a 422.
    pub(super) fn session_answer(
        &mut self,
        id: u64,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Option<Option<Session>> {
        let min = self.config.min_se;
        match Session::answer(message, self.config.session_expires, min) {
            Ok(session) => Some(session),
            Err(_) => {
                self.respond(id, 422, |builder| builder.header(Name::MinSe, min.as_secs()), now, out);
                None
            }
        }
    }

    pub(super) fn ring(&mut self, id: LegId, early: Option<Sdp>, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get(&id) else { return };
        let Phase::Ringing { transaction, .. } = leg.phase else { return };
        let Some(server) = self.servers.get_mut(transaction) else { return };
        let status = if early.is_some() { 183 } else { 180 };
        let builder = server
            .reply
            .dialog_response(status)
            .header(Name::Contact, format_args!("<{}>", leg.dialog.contact))
            .header(Name::Allow, ALLOW)
            .header(Name::Server, &self.config.user_agent);
        if let Ok(bytes) = builder.finish(early.as_deref().map(|sdp| (SDP, sdp))) {
            server.respond(status, bytes, &mut self.timers, now.mono, out);
            self.timers.set(Timer::Leg(id, LegTimer::StillRinging), now.mono + STILL_RINGING);
        }
    }

    pub(super) fn still_ringing(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(Phase::Ringing { transaction, .. }) = self.legs.get(&id).map(|leg| &leg.phase) else {
            return;
        };
        if let Some(server) = self.servers.get(*transaction) {
            server.repeated(out);
            self.timers.set(Timer::Leg(id, LegTimer::StillRinging), now.mono + STILL_RINGING);
        }
    }

    pub(super) fn answer(&mut self, id: LegId, sdp: Sdp, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Phase::Ringing { transaction, session } = leg.phase else { return };
        let offered = leg.remote_sdp.is_none();
        leg.phase = Phase::Answered { leaving: None };
        leg.local_sdp = Some(sdp.clone());
        self.timers.cancel(Timer::Leg(id, LegTimer::StillRinging));
        self.accept(id, transaction, Some(&sdp), session, offered, true, now, out);
    }

    /// 2xx to an INVITE or UPDATE of theirs. That to an INVITE is repeated until its ACK.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn accept(
        &mut self,
        id: LegId,
        transaction: u64,
        sdp: Option<&str>,
        session: Option<Session>,
        offered: bool,
        first: bool,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(server) = self.servers.get_mut(transaction) else { return };
        let mut builder = server
            .reply
            .dialog_response(200)
            .header(Name::Contact, format_args!("<{}>", leg.dialog.contact))
            .header(Name::Allow, ALLOW)
            .header(Name::Supported, SUPPORTED)
            .header(Name::Server, &self.config.user_agent);
        if let Some(session) = session {
            builder = builder.header(Name::SessionExpires, session.in_response());
            if session.refresher == Refresher::Them {
                builder = builder.header(Name::Require, "timer"); // RFC 4028 §9
            }
        }
        let Ok(bytes) = builder.finish(sdp.map(|sdp| (SDP, sdp))) else { return };
        if server.method == Method::Invite {
            let seq = leg.dialog.remote_seq.unwrap_or_default();
            let (hop, interval) = (server.hop, T1);
            leg.unacked = Some(Unacked { seq, hop, bytes: bytes.clone(), interval, offered, first });
            self.timers.set(Timer::Leg(id, LegTimer::RepeatOk), now.mono + T1);
            self.timers.set(Timer::Leg(id, LegTimer::NoAck), now.mono + T1_64);
        }
        server.respond(200, bytes, &mut self.timers, now.mono, out);
        self.arm(id, session, now);
    }

    pub(super) fn repeat_ok(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(unacked) = self.legs.get_mut(&id).and_then(|leg| leg.unacked.as_mut()) else { return };
        unacked.interval = unacked.interval.saturating_mul(2).min(T2);
        out.push(Output::Send { hop: unacked.hop, bytes: unacked.bytes.clone() });
        self.timers.set(Timer::Leg(id, LegTimer::RepeatOk), now.mono + unacked.interval);
    }

    pub(super) fn no_ack(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match &mut leg.phase {
            // We had hung up already: now the BYE may go (§15).
            Phase::Answered { leaving: Some(leaving) } => {
                let reason = leaving.reason.take();
                self.bye(id, reason.as_ref(), now, out);
                self.remove_leg(id, now, out);
            }
            _ => self.end(id, Ended::NoAck, now, out),
        }
    }

    /// The ACK to a 200 of ours.
    pub(super) fn acknowledged(
        &mut self,
        id: LegId,
        hop: Hop,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(unacked) = leg.unacked.take_if(|unacked| unacked.seq == message.cseq.number) else { return };
        leg.dialog.flow = hop;
        self.timers.cancel(Timer::Leg(id, LegTimer::RepeatOk));
        self.timers.cancel(Timer::Leg(id, LegTimer::NoAck));
        if let Phase::Answered { leaving: Some(leaving) } = &mut leg.phase {
            let reason = leaving.reason.take();
            self.bye(id, reason.as_ref(), now, out);
            self.remove_leg(id, now, out);
            return;
        }
        let sdp = message.part(SDP).filter(|_| unacked.offered).map(str::to_owned);
        if sdp.is_some() {
            leg.remote_sdp.clone_from(&sdp);
        }
        if unacked.first {
            leg.phase = Phase::Confirmed;
            out.push(Output::Event(Event::Confirmed { leg: id, sdp }));
        } else if sdp.is_some() {
            out.push(Output::Event(Event::Reanswered { leg: id, sdp }));
        }
        self.idle(id, now, out);
    }

    pub(super) fn reject(
        &mut self,
        id: LegId,
        status: u16,
        retry_after: Option<Duration>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(Phase::Ringing { transaction, .. }) = self.legs.get(&id).map(|leg| &leg.phase) else {
            return;
        };
        let transaction = *transaction;
        let status = if (300..700).contains(&status) { status } else { 500 };
        let with =
            |builder: Builder| builder.maybe(Name::RetryAfter, retry_after.map(|after| after.as_secs()));
        self.respond(transaction, status, with, now, out);
        self.remove_leg(id, now, out);
    }

    /// Ends a leg in whatever way its state asks for.
    pub(super) fn hangup(&mut self, id: LegId, reason: Option<Reason>, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match &mut leg.phase {
            Phase::Ringing { .. } => {
                // The cause is the status, if it is one that ends a call.
                let status = reason.map(|reason| reason.cause).filter(|cause| (400..700).contains(cause));
                self.reject(id, status.unwrap_or(480), None, now, out);
            }
            Phase::Answered { leaving } => {
                // §15: no BYE before the ACK. The 200 goes on being repeated until then.
                leaving.get_or_insert(Leaving { reason });
            }
            Phase::Dialling { .. } => self.cancel(id, reason, now, out),
            Phase::Confirmed => {
                self.bye(id, reason.as_ref(), now, out);
                self.remove_leg(id, now, out);
            }
        }
    }
}

fn introduce(leg: LegId, hop: Hop, message: &Message<'_>, called: String, offer: Option<Sdp>) -> Incoming {
    let from = message.from.parsed().ok();
    let identity = Identity {
        display: message.from.display().into_owned(),
        user: from.map(|uri| uri.user_text().into_owned()).unwrap_or_default(),
        host: from.map(|uri| uri.host.to_owned()).unwrap_or_default(),
    };
    let asserted = message
        .list(Name::AssertedIdentity)
        .filter_map(NameAddr::parse)
        .filter_map(|value| value.parsed().ok())
        .map(|uri| uri.user_text().into_owned())
        .find(|user| !user.is_empty());
    let private = message
        .header(Name::Privacy)
        .is_some_and(|value| value.split(';').any(|p| matches!(p.trim(), "id" | "user" | "header")));
    let anonymous = private
        || identity.host.eq_ignore_ascii_case("anonymous.invalid")
        || identity.user.eq_ignore_ascii_case("anonymous");
    Incoming {
        leg,
        called,
        from: identity,
        asserted,
        anonymous,
        call_id: message.call_id.to_owned(),
        user_agent: message.user_agent(),
        test: message.header(Name::TestCall).is_some(),
        user: None,
        offer,
        hop,
    }
}

/// A body that the sender says we may ignore (§20.11).
pub(super) fn optional(message: &Message<'_>) -> bool {
    message
        .header(Name::ContentDisposition)
        .and_then(|value| value.split_once(';'))
        .and_then(|(_, params)| crate::sip::header::Params(params).get("handling"))
        .is_some_and(|handling| handling.eq_ignore_ascii_case("optional"))
}
