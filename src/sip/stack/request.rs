//! What happens to a request until it is clear whose it is (RFC 3261 §8.2, §12.2.2, §17.2.3).
use super::{SUPPORTED, Stack, tag};
use crate::ids::LegId;
use crate::machine::Now;
use crate::sip::build::Builder;
use crate::sip::event::{Ended, Event, Hop, Output, Transport};
use crate::sip::header::Name;
use crate::sip::leg::{Exchange, Phase};
use crate::sip::message::{Message, Start};
use crate::sip::method::{ALLOW, Method};
use crate::sip::reply::{Reply, response_peer};
use crate::sip::transaction::server::State;
use crate::sip::uri::{Scheme, Uri, UriError};

/// Extensions that a Require may name. 100rel is none of them yet: such an INVITE gets 420 and the caller tries
/// without; when reliable provisional responses come, `rel100.rs` stands beside `exchange.rs` and is named here.
const UNDERSTOOD: [&str; 1] = ["timer"];

impl Stack {
    pub(super) fn request(
        &mut self,
        hop: Hop,
        message: &Message<'_>,
        bytes: &[u8],
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Start::Request { method, text, uri } = message.start else { return };
        if method == Method::Ack {
            return self.ack(hop, message, now, out);
        }
        let key = self.servers.key(message, text);
        if let Some(server) = self.servers.find(key) {
            return server.repeated(out);
        }
        if self.servers.len() >= self.config.transactions_max {
            let retry = self.config.retry_after.as_secs().to_string();
            return self.stateless(hop, bytes, 503, &[("Retry-After", retry)], out);
        }
        let back = Hop { peer: response_peer(&message.via, hop.transport, hop.peer), ..hop };
        let reply = Reply::new(message, hop.peer, tag(&mut self.rng));
        let id = self.servers.open(key, message, back, reply);
        if method == Method::Cancel {
            return self.cancel_request(id, message, now, out);
        }
        if message.from.tag().is_none() && method == Method::Invite {
            // A dialog cannot be named without it (§12.1.1); RFC 2543 phones without tags are gone.
            return self.respond(id, 400, |builder| warning(builder, "From has no tag"), now, out);
        }
        match Uri::parse(uri) {
            Err(UriError::Scheme) => return self.respond(id, 416, |builder| builder, now, out),
            Err(UriError::Malformed) => return self.respond(id, 400, |builder| builder, now, out),
            // RFC 5630 §3.1: sips means TLS on every hop.
            Ok(uri)
                if uri.scheme == Scheme::Sips
                    && !matches!(hop.transport, Transport::Tls | Transport::Wss) =>
            {
                return self.respond(id, 416, |builder| builder, now, out);
            }
            Ok(_) => {}
        }
        // A Max-Forwards of 0 has arrived all the same: 483 is a proxy's word (§16.3).
        let alien: Vec<&str> = message.list(Name::Require).filter(|tag| !understood(tag)).collect();
        if !alien.is_empty() {
            let list = alien.join(", ");
            return self.respond(id, 420, |builder| builder.named("Unsupported", list), now, out);
        }
        match message.to.tag() {
            Some(tag) => self.in_dialog(id, hop, message, tag, now, out),
            None if self.servers.merged(message, id) => self.respond(id, 482, |builder| builder, now, out),
            None => self.out_of_dialog(id, hop, message, now, out),
        }
    }

    fn out_of_dialog(&mut self, id: u64, hop: Hop, message: &Message<'_>, now: Now, out: &mut Vec<Output>) {
        match message.method() {
            Method::Invite => self.incoming(id, hop, message, now, out),
            Method::Register => self.register(id, hop, message, now, out),
            Method::Options => self.options(id, now, out),
            // Served inside a call only, and a stranger's belongs to none. REFER and NOTIFY are in Allow: 405 would deny it.
            Method::Bye | Method::Info | Method::Update | Method::Prack | Method::Refer | Method::Notify => {
                self.respond(id, 481, |builder| builder, now, out)
            }
            _ => self.not_ours(id, message, now, out),
        }
    }

    /// §21.4.6 and §21.5.2: a method that we know but do not serve, and one that we never heard of.
    fn not_ours(&mut self, id: u64, message: &Message<'_>, now: Now, out: &mut Vec<Output>) {
        let status = if message.method() == Method::Unknown { 501 } else { 405 };
        self.respond(id, status, |builder| builder.header(Name::Allow, ALLOW), now, out);
    }

    /// §11.2: answered as an INVITE would be.
    fn options(&mut self, id: u64, now: Now, out: &mut Vec<Output>) {
        let status = if self.full() { 503 } else { 200 };
        let retry = self.config.retry_after.as_secs();
        let with = |builder: Builder| match status {
            200 => builder
                .header(Name::Allow, ALLOW)
                .named("Accept", "application/sdp")
                .named("Accept-Encoding", "identity")
                .header(Name::Supported, SUPPORTED),
            _ => builder.header(Name::RetryAfter, retry),
        };
        self.respond(id, status, with, now, out);
    }

    /// Whether a new INVITE has to be refused with 503.
    pub(super) fn full(&self) -> bool {
        self.draining || self.legs.len() >= self.config.legs_max
    }

    fn in_dialog(
        &mut self,
        id: u64,
        hop: Hop,
        message: &Message<'_>,
        tag: &str,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg_id) = self.leg_of(message, tag) else {
            // §12.2.2. An OPTIONS may ask after a dialog that is gone; it learns so.
            return self.respond(id, 481, |builder| builder, now, out);
        };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        if leg.dialog.remote_seq.is_some_and(|last| message.cseq.number <= last) {
            // §12.2.2: a lower number is out of order.
            return self.respond(id, 500, |builder| builder, now, out);
        }
        leg.dialog.remote_seq = Some(message.cseq.number);
        leg.dialog.flow = hop;
        leg.flow_closed = false;
        if let Some(server) = self.servers.get_mut(id) {
            server.leg = Some(leg_id);
        }
        match message.method() {
            Method::Invite => self.offered_by_invite(id, leg_id, message, now, out),
            Method::Update => self.offered_by_update(id, leg_id, message, now, out),
            Method::Bye => self.bye_request(id, leg_id, message, now, out),
            Method::Info => self.info(id, leg_id, message, now, out),
            Method::Refer => self.refer_request(id, leg_id, message, now, out),
            Method::Notify => self.notify_request(id, leg_id, message, now, out),
            Method::Options => self.options(id, now, out),
            _ => self.not_ours(id, message, now, out),
        }
    }

    /// The leg that a request with our tag belongs to.
    fn leg_of(&self, message: &Message<'_>, local_tag: &str) -> Option<LegId> {
        let id = self.by_tag.get(local_tag)?;
        let leg = self.legs.get(id)?;
        let remote_tag = message.from.tag().unwrap_or_default();
        let matches = match &leg.phase {
            Phase::Dialling { early, .. } => {
                leg.dialog.call_id == message.call_id && early.iter().any(|tag| tag == remote_tag)
            }
            // Somebody whose call ended for us, but whose ACK we still want before our BYE, is not spoken to.
            _ => leg.dialog.matches(message.call_id, remote_tag),
        };
        matches.then_some(*id)
    }

    fn ack(&mut self, hop: Hop, message: &Message<'_>, now: Now, out: &mut Vec<Output>) {
        let key = self.servers.key(message, Method::Invite.as_str());
        if let Some(server) = self.servers.find(key)
            && server.state != State::Accepted
        {
            return server.acknowledged(&mut self.timers, now.mono);
        }
        let leg = message.to.tag().and_then(|tag| self.leg_of(message, tag));
        if let Some(leg) = leg {
            self.acknowledged(leg, hop, message, now, out);
        }
    }

    /// §9.2.
    fn cancel_request(&mut self, id: u64, message: &Message<'_>, now: Now, out: &mut Vec<Output>) {
        let key = self.servers.key(message, Method::Invite.as_str());
        let Some(invite) = self.servers.find(key) else {
            return self.respond(id, 481, |builder| builder, now, out);
        };
        let (invite, leg_id, tag) = (invite.id, invite.leg, invite.reply.tag().to_owned());
        if let Some(server) = self.servers.get_mut(id) {
            // "SHOULD be the same" (§9.2), and SIPp takes the tag of its ACK from the last response that it saw.
            server.reply.set_tag(&tag);
        }
        self.respond(id, 200, |builder| builder, now, out);
        let Some(leg) = leg_id.and_then(|leg| self.legs.get_mut(&leg)) else { return };
        let leg_id = leg.id;
        match (&leg.phase, &leg.exchange) {
            (Phase::Ringing { transaction, .. }, _) if *transaction == invite => {
                self.remove_leg(leg_id, now, out); // with 487
                out.push(Output::Event(Event::Ended { leg: leg_id, how: Ended::Cancelled }));
            }
            (_, Exchange::Theirs { transaction, .. }) if *transaction == invite => {
                leg.exchange = Exchange::Idle;
                self.respond(invite, 487, |builder| builder, now, out);
                self.idle(leg_id, now, out);
            }
            _ => {} // too late: the final response stands
        }
    }

    fn bye_request(&mut self, id: u64, leg: LegId, message: &Message<'_>, now: Now, out: &mut Vec<Output>) {
        if matches!(self.legs.get(&leg).map(|leg| &leg.phase), Some(Phase::Dialling { .. })) {
            // §15: the callee may not end an early dialog with BYE.
            return self.respond(id, 481, |builder| builder, now, out);
        }
        self.respond(id, 200, |builder| builder, now, out);
        let reason = message.header(Name::Reason).and_then(crate::sip::header::reason);
        let Some(leg) = self.remove_leg(leg, now, out) else { return };
        // After our own hang-up nobody waits for news of this leg.
        if !matches!(leg.phase, Phase::Answered { leaving: Some(_) }) {
            out.push(Output::Event(Event::Ended { leg: leg.id, how: Ended::Bye { reason } }));
        }
    }
}

fn understood(tag: &str) -> bool {
    UNDERSTOOD.iter().any(|known| tag.eq_ignore_ascii_case(known))
}

pub(super) fn warning(builder: Builder, text: &str) -> Builder {
    builder.named("Warning", format_args!("399 hotline \"{text}\""))
}
