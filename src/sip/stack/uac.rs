//! Calls that go out (RFC 3261 §13.2, §9.1), and OPTIONS.
use super::uas::SDP;
use super::{SUPPORTED, Stack, branch, identity, tag, with_reason};
use crate::ids::{LegId, RequestId};
use crate::machine::Now;
use crate::sip::build::clean;
use crate::sip::dialog::{Dialog, companion};
use crate::sip::event::{Ended, Event, Hop, Identity, Invite, Output, Reason, Sdp, Target};
use crate::sip::header::{Name, NameAddr, commas, token};
use crate::sip::leg::{Cancel, Dialled, EARLY_MAX, Exchange, Leg, Phase};
use crate::sip::message::Message;
use crate::sip::method::{ALLOW, Method};
use crate::sip::parse::parse;
use crate::sip::route;
use crate::sip::session_timer::{Session, seconds};
use crate::sip::timers::{LegTimer, T1_64, Timer};
use crate::sip::transaction::client::{FORKS_MAX, Fork, Owner, State};
use crate::sip::uri::Uri;
use std::time::Duration;

/// Contacts of a 3xx that are reported.
const REDIRECTS_MAX: usize = 8;

/// Header fields that the stack writes itself and `Invite::headers` must not.
const OURS: [Name; 13] = [
    Name::Via,
    Name::From,
    Name::To,
    Name::CallId,
    Name::CSeq,
    Name::Contact,
    Name::MaxForwards,
    Name::ContentLength,
    Name::ContentType,
    Name::Route,
    Name::RecordRoute,
    Name::SessionExpires,
    Name::MinSe,
];

impl Stack {
    /// The request URI and the hop of a target, or the status that says why there is none.
    fn locate(&self, target: &Target, now: Now) -> Result<(String, Hop), u16> {
        match target {
            Target::Registered(user) => {
                let binding = self.registrar.newest(user, now.mono).ok_or(480u16)?;
                Ok((binding.contact.clone(), binding.hop))
            }
            Target::Uri { uri, via } => {
                let parsed = Uri::parse(uri).map_err(|_| 400u16)?;
                let peer = (*via).or_else(|| route::address(&parsed)).ok_or(503u16)?;
                let hop = self.local.toward(route::transport(&parsed), peer).ok_or(503u16)?;
                Ok((uri.clone(), hop))
            }
        }
    }

    pub(super) fn invite(&mut self, invite: Invite, now: Now, out: &mut Vec<Output>) {
        let Invite { leg: id, to, from, headers, sdp } = invite;
        let failed = |status| Output::Event(Event::Failed { leg: id, status, redirect: Vec::new() });
        if self.legs.contains_key(&id) {
            return; // the same command twice
        }
        let (target, hop) = match self.locate(&to, now) {
            Ok(located) => located,
            Err(status) => return out.push(failed(status)),
        };
        let legal = headers
            .iter()
            .all(|(name, value)| token(name) && clean(value) && !OURS.contains(&Name::parse(name)));
        let Some(local) = identity(&from, &self.config.domain).filter(|_| legal && clean(&target)) else {
            return out.push(failed(400));
        };
        let local_tag = tag(&mut self.rng);
        let call_id = format!("{}{}", tag(&mut self.rng), tag(&mut self.rng));
        let contact = route::contact(&from.user, self.local.shown(hop), hop.transport);
        let remote = format!("<{target}>");
        let dialog = Dialog::to_be(call_id, local_tag.clone(), local, remote, target, contact, hop);
        let (expires, min_se) = (self.config.session_expires, self.config.min_se);
        let dialled = Dialled { headers, sdp: sdp.clone(), hop, expires, min_se, raised: false };
        let leg = Leg {
            id,
            dialog,
            phase: Phase::Dialling {
                transaction: 0,
                rang: false,
                cancel: Cancel::No,
                early: Vec::new(),
                invite: Box::new(dialled),
            },
            exchange: Exchange::Idle,
            local_sdp: Some(sdp),
            remote_sdp: None,
            unacked: None,
            session: None,
            queued: None,
            updates: false,
            flow_closed: false,
            refer: None,
        };
        self.by_tag.insert(local_tag, id);
        self.legs.insert(id, leg);
        if self.send_invite(id, now, out).is_none() {
            self.remove_leg(id, now, out);
            out.push(failed(400));
        }
    }

    /// The first INVITE of a leg, or the one after a 422.
    fn send_invite(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) -> Option<()> {
        let leg = self.legs.get_mut(&id)?;
        let Phase::Dialling { transaction, invite, .. } = &mut leg.phase else { return None };
        leg.dialog.local_seq = leg.dialog.local_seq.saturating_add(1);
        let (hop, branch) = (invite.hop, branch(&mut self.rng));
        let shown = self.local.shown(hop);
        let mut builder = leg
            .dialog
            .request(Method::Invite, leg.dialog.local_seq, &branch, hop, shown)
            .header(Name::Contact, format_args!("<{}>", leg.dialog.contact))
            .header(Name::Allow, ALLOW)
            .header(Name::Supported, SUPPORTED)
            .header(Name::SessionExpires, invite.expires.as_secs())
            .header(Name::MinSe, invite.min_se.as_secs())
            .header(Name::UserAgent, &self.config.user_agent);
        for (name, value) in &invite.headers {
            builder = builder.named(name, value);
        }
        let bytes = builder.finish(Some((SDP, &invite.sdp))).ok()?;
        let owner = Owner::Invite(id);
        *transaction =
            self.clients.start(Method::Invite, &branch, hop, bytes, owner, &mut self.timers, now.mono, out);
        Some(())
    }

    pub(super) fn ping(&mut self, request: RequestId, to: &Target, now: Now, out: &mut Vec<Output>) {
        let dead = Output::Event(Event::Pong { request, alive: false });
        let Ok((target, hop)) = self.locate(to, now) else { return out.push(dead) };
        let Some(local) = identity(&Identity::default(), &self.config.domain) else { return out.push(dead) };
        let shown = self.local.shown(hop);
        let contact = route::contact("", shown, hop.transport);
        let call_id = format!("{}{}", tag(&mut self.rng), tag(&mut self.rng));
        let remote = format!("<{target}>");
        let dialog = Dialog::to_be(call_id, tag(&mut self.rng), local, remote, target, contact, hop);
        let branch = branch(&mut self.rng);
        let builder = dialog
            .request(Method::Options, 1, &branch, hop, shown)
            .header(Name::Contact, format_args!("<{}>", dialog.contact))
            .named("Accept", SDP)
            .header(Name::UserAgent, &self.config.user_agent);
        let Ok(bytes) = builder.finish(None) else { return out.push(dead) };
        let owner = Owner::Ping(request);
        self.clients.start(Method::Options, &branch, hop, bytes, owner, &mut self.timers, now.mono, out);
    }

    pub(super) fn progress(
        &mut self,
        id: LegId,
        status: u16,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Phase::Dialling { rang, cancel, early, .. } = &mut leg.phase else { return };
        *rang = true;
        if let Some(tag) = message.to.tag()
            && !early.iter().any(|known| known == tag)
            && early.len() < EARLY_MAX
        {
            early.push(tag.to_owned());
        }
        match cancel {
            Cancel::Wanted { reason } => {
                let reason = reason.take();
                self.send_cancel(id, reason.as_ref(), now, out);
            }
            Cancel::Sent => {}
            Cancel::No => {
                let sdp = message.part(SDP).map(str::to_owned);
                if sdp.is_some() {
                    leg.remote_sdp.clone_from(&sdp);
                }
                out.push(Output::Event(Event::Progress { leg: id, status, sdp }));
            }
        }
    }

    /// Hang-up before the answer.
    pub(super) fn cancel(&mut self, id: LegId, reason: Option<Reason>, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Phase::Dialling { rang, cancel, .. } = &mut leg.phase else { return };
        match (&cancel, *rang) {
            (Cancel::No, true) => self.send_cancel(id, reason.as_ref(), now, out),
            (Cancel::No, false) => *cancel = Cancel::Wanted { reason },
            _ => {}
        }
    }

    fn send_cancel(&mut self, id: LegId, reason: Option<&Reason>, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Phase::Dialling { transaction, cancel, .. } = &mut leg.phase else { return };
        let Some(client) = self.clients.get(*transaction) else { return };
        *cancel = Cancel::Sent;
        self.timers.set(Timer::Leg(id, LegTimer::CancelIgnored), now.mono + T1_64);
        let Ok(invite) = parse(&client.request) else { return };
        let Some(builder) = companion(&invite, Method::Cancel, None) else { return };
        let branch = invite.via.branch().unwrap_or_default().to_owned();
        let builder = with_reason(builder, reason).header(Name::UserAgent, &self.config.user_agent);
        let Ok(bytes) = builder.finish(None) else { return };
        let (hop, owner) = (client.hop, Owner::Nobody);
        self.clients.start(Method::Cancel, &branch, hop, bytes, owner, &mut self.timers, now.mono, out);
    }

    /// §9.1: after 64·T1 the INVITE counts as cancelled although nobody said so.
    pub(super) fn cancel_ignored(&mut self, id: LegId, now: Now, out: &mut Vec<Output>) {
        let Some(Phase::Dialling { transaction, .. }) = self.legs.get(&id).map(|leg| &leg.phase) else {
            return;
        };
        let transaction = *transaction;
        self.clients.remove(transaction, &mut self.timers);
        self.refused(id, 487, Vec::new(), now, out);
    }

    /// The leg's INVITE came to nothing.
    pub(super) fn refused(
        &mut self,
        id: LegId,
        status: u16,
        redirect: Vec<String>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        if !matches!(self.legs.get(&id).map(|leg| &leg.phase), Some(Phase::Dialling { .. })) {
            return;
        }
        self.remove_leg(id, now, out);
        out.push(Output::Event(Event::Failed { leg: id, status, redirect }));
    }

    /// A 3xx–6xx to the leg's INVITE.
    pub(super) fn refusal(
        &mut self,
        id: LegId,
        status: u16,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        if status == 422
            && let Some(leg) = self.legs.get_mut(&id)
            && let Phase::Dialling { cancel: Cancel::No, invite, rang, early, .. } = &mut leg.phase
            && !invite.raised
            && let Some(min) = seconds(message.header(Name::MinSe))
        {
            // RFC 4028 §7.3
            invite.raised = true;
            invite.min_se = invite.min_se.max(min);
            invite.expires = invite.expires.max(min);
            *rang = false;
            early.clear();
            if self.send_invite(id, now, out).is_some() {
                return;
            }
        }
        let contacts = message.list(Name::Contact).filter_map(NameAddr::parse);
        let redirect = match status {
            300..400 => contacts.map(|contact| contact.uri.to_owned()).take(REDIRECTS_MAX).collect(),
            _ => Vec::new(),
        };
        self.refused(id, status, redirect, now, out);
    }

    /// A 2xx to an INVITE of ours: the first, the same again, or another callee's (§13.2.2.4).
    pub(super) fn success(
        &mut self,
        client: u64,
        hop: Hop,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(transaction) = self.clients.get(client) else { return };
        let State::Accepted { forks } = &transaction.state else { return };
        let tag = message.to.tag().unwrap_or_default();
        if let Some(fork) = forks.iter().find(|fork| fork.tag == tag) {
            return out.push(Output::Send { hop: fork.hop, bytes: fork.ack.clone() });
        }
        if forks.len() >= FORKS_MAX {
            return;
        }
        let (first, owner) = (forks.is_empty(), transaction.owner);
        let contact =
            parse(&transaction.request).ok().and_then(|invite| Some(invite.contact()?.uri.to_owned()));
        match owner {
            Owner::Invite(id) if first => self.answered(id, client, hop, message, now, out),
            Owner::Exchange(id) => {
                let Some(leg) = self.legs.get_mut(&id) else {
                    // We hung up meanwhile: the BYE is on its way, and this 2xx still wants its ACK.
                    let dialog = Dialog::from_response(message, hop, contact.unwrap_or_default());
                    return self.send_ack(client, &dialog, message, out);
                };
                leg.dialog.refresh_target(message);
                leg.dialog.flow = hop;
                let dialog = leg.dialog.clone();
                self.send_ack(client, &dialog, message, out);
                self.reanswered(id, client, message, now, out);
            }
            _ => self.release(client, hop, message, contact, None, now, out),
        }
    }

    fn answered(
        &mut self,
        id: LegId,
        client: u64,
        hop: Hop,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return self.release(client, hop, message, None, None, now, out);
        };
        let Phase::Dialling { transaction, cancel, .. } = &leg.phase else { return };
        if *transaction != client {
            return;
        }
        let contact = leg.dialog.contact.clone();
        // An answer may have come before, in a provisional response that was not reliable; then the 2xx repeats it.
        let sdp: Option<Sdp> = message.part(SDP).map(str::to_owned).or_else(|| leg.remote_sdp.clone());
        let (event, reason) = match (cancel, &sdp) {
            (Cancel::No, Some(_)) => (None, None),
            // RFC 3261 §13.2.1: without an answer there is no session.
            (Cancel::No, None) => {
                let reason = Reason { cause: 488, text: "No answer to the offer".into() };
                (Some(Event::Failed { leg: id, status: 488, redirect: Vec::new() }), Some(reason))
            }
            // The 200 crossed our CANCEL (RFC 3261 §9.1, RFC 5407 §3.1.2).
            (Cancel::Wanted { reason }, _) => {
                (Some(Event::Ended { leg: id, how: Ended::Cancelled }), reason.clone())
            }
            (Cancel::Sent, _) => (Some(Event::Ended { leg: id, how: Ended::Cancelled }), None),
        };
        if let Some(event) = event {
            self.release(client, hop, message, Some(contact), reason.as_ref(), now, out);
            self.remove_leg(id, now, out);
            return out.push(Output::Event(event));
        }
        leg.dialog = Dialog::from_response(message, hop, contact);
        leg.phase = Phase::Confirmed;
        leg.updates = message.lists(Name::Allow, "UPDATE");
        leg.remote_sdp.clone_from(&sdp);
        let dialog = leg.dialog.clone();
        self.send_ack(client, &dialog, message, out);
        self.arm(id, Session::agreed(message), now);
        let user_agent = message.user_agent();
        out.push(Output::Event(Event::Answered { leg: id, sdp: sdp.unwrap_or_default(), user_agent }));
        self.idle(id, now, out);
    }

    /// The ACK to a 2xx goes where the dialog goes, and again whenever the 2xx comes again (§13.2.2.4).
    fn send_ack(&mut self, client: u64, dialog: &Dialog, message: &Message<'_>, out: &mut Vec<Output>) {
        let hop = route::in_dialog(dialog.next(), dialog.flow, &self.local);
        let branch = branch(&mut self.rng);
        let builder = dialog
            .request(Method::Ack, message.cseq.number, &branch, hop, self.local.shown(hop))
            .header(Name::UserAgent, &self.config.user_agent);
        let Ok(ack) = builder.finish(None) else { return };
        out.push(Output::Send { hop, bytes: ack.clone() });
        if let Some(State::Accepted { forks }) = self.clients.get_mut(client).map(|client| &mut client.state)
        {
            forks.push(Fork { tag: message.to.tag().unwrap_or_default().to_owned(), ack, hop });
        }
    }

    /// ACK and BYE to a callee who is one too many, or too late.
    #[allow(clippy::too_many_arguments)]
    fn release(
        &mut self,
        client: u64,
        hop: Hop,
        message: &Message<'_>,
        contact: Option<String>,
        reason: Option<&Reason>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let dialog = Dialog::from_response(message, hop, contact.unwrap_or_default());
        self.send_ack(client, &dialog, message, out);
        let hop = route::in_dialog(dialog.next(), hop, &self.local);
        let branch = branch(&mut self.rng);
        let seq = dialog.local_seq.saturating_add(1);
        let builder = dialog.request(Method::Bye, seq, &branch, hop, self.local.shown(hop));
        self.send_bye(builder, &branch, hop, reason, now, out);
    }
}

/// Retry-After of a refusal; comments and parameters are passed over (§20.33).
pub(super) fn retry_after(message: &Message<'_>) -> Option<Duration> {
    let value = commas(message.header(Name::RetryAfter)?).next()?;
    seconds(value.split('(').next())
}
