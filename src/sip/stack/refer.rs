//! REFER inside a call (RFC 3515): the peer asks that its other party be passed on, and is told how that goes by NOTIFY
//! with a fragment of a response (RFC 3420).
//!
//! ```text
//!   REFER ─▶ Asked ──AnswerRefer 202──▶ Told ◀─ TellReferrer 1xx: NOTIFY active
//!              └ 4xx ▶ (gone)             └ TellReferrer 2xx–6xx: NOTIFY terminated ▶ (gone)
//! ```
//! One at a time in a dialog. The implicit subscription ends with the final NOTIFY; nobody can renew it.
use super::request::warning;
use super::{Stack, branch};
use crate::ids::LegId;
use crate::machine::Now;
use crate::sip::event::{Event, Output};
use crate::sip::header::{Name, NameAddr};
use crate::sip::leg::{Phase, Refer};
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::status;
use crate::sip::transaction::client::Owner;

/// RFC 3420. The version is what phones of every make expect to see.
const SIPFRAG: &str = "message/sipfrag;version=2.0";
const SIPFRAG_TYPE: &str = "message/sipfrag";
/// A transfer rings twenty seconds; a minute covers its consultation's beginning, and each NOTIFY says it anew.
const SUBSCRIPTION_S: u32 = 60;

impl Stack {
    pub(super) fn refer_request(
        &mut self,
        id: u64,
        leg_id: LegId,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let target = message.header(Name::ReferTo).and_then(NameAddr::parse);
        let parsed = target.as_ref().and_then(|target| target.parsed().ok());
        let Some(uri) = parsed else {
            // §2.4.2: exactly one Refer-To that can be read.
            return self.respond(
                id,
                400,
                |builder| warning(builder, "Refer-To is missing or malformed"),
                now,
                out,
            );
        };
        let Some(leg) = self.legs.get_mut(&leg_id) else { return };
        if leg.phase != Phase::Confirmed {
            return self.respond(id, 481, |builder| builder, now, out);
        }
        if leg.refer.is_some() {
            return self.respond(id, 491, |builder| builder, now, out);
        }
        leg.refer = Some(Refer::Asked { transaction: id });
        let to = uri.user_text().into_owned();
        // RFC 3891 asks for another dialog to be replaced: it rides in the URI's headers.
        let replaces = target.is_some_and(|target| {
            target.uri.split_once('?').is_some_and(|(_, headers)| {
                headers.split('&').any(|header| {
                    header.split_once('=').is_some_and(|(name, _)| name.eq_ignore_ascii_case("Replaces"))
                })
            })
        });
        out.push(Output::Event(Event::Referred { leg: leg_id, to, replaces }));
    }

    pub(super) fn answer_refer(&mut self, id: LegId, status: u16, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(Refer::Asked { transaction }) = leg.refer else { return };
        leg.refer = (status < 300).then_some(Refer::Told);
        let contact = leg.dialog.contact.clone();
        let with = |builder: crate::sip::build::Builder| match status {
            200..300 => builder.header(Name::Contact, format_args!("<{contact}>")),
            _ => builder,
        };
        self.respond(transaction, status, with, now, out);
        if status < 300 {
            // §2.4.4: a first NOTIFY at once.
            self.tell_referrer(id, 100, now, out);
        }
    }

    pub(super) fn tell_referrer(&mut self, id: LegId, status: u16, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.refer != Some(Refer::Told) {
            return;
        }
        let state = match status {
            0..200 => format!("active;expires={SUBSCRIPTION_S}"),
            _ => {
                leg.refer = None;
                "terminated;reason=noresource".to_string()
            }
        };
        let hop = leg.hop(&self.local);
        let branch = branch(&mut self.rng);
        leg.dialog.local_seq = leg.dialog.local_seq.saturating_add(1);
        let builder = leg
            .dialog
            .request(Method::Notify, leg.dialog.local_seq, &branch, hop, self.local.shown(hop))
            .header(Name::Contact, format_args!("<{}>", leg.dialog.contact))
            .named("Event", "refer")
            .named("Subscription-State", state)
            .header(Name::UserAgent, &self.config.user_agent);
        let body = format!("SIP/2.0 {status} {}\r\n", status::phrase(status));
        let Ok(bytes) = builder.finish(Some((SIPFRAG, &body))) else { return };
        let owner = Owner::Nobody;
        self.clients.start(Method::Notify, &branch, hop, bytes, owner, &mut self.timers, now.mono, out);
    }

    /// A REFER of ours.
    pub(super) fn refer(&mut self, id: LegId, to: &str, now: Now, out: &mut Vec<Output>) {
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.phase == Phase::Confirmed) else { return };
        let hop = leg.hop(&self.local);
        let branch = branch(&mut self.rng);
        leg.dialog.local_seq = leg.dialog.local_seq.saturating_add(1);
        let builder = leg
            .dialog
            .request(Method::Refer, leg.dialog.local_seq, &branch, hop, self.local.shown(hop))
            .header(Name::Contact, format_args!("<{}>", leg.dialog.contact))
            .header(Name::ReferTo, format_args!("<{to}>"))
            .header(Name::UserAgent, &self.config.user_agent);
        let Ok(bytes) = builder.finish(None) else { return };
        let owner = Owner::Refer(id);
        self.clients.start(Method::Refer, &branch, hop, bytes, owner, &mut self.timers, now.mono, out);
    }

    /// How a REFER of ours was taken, or how it goes.
    pub(super) fn refer_told(&mut self, id: LegId, status: u16, out: &mut Vec<Output>) {
        if self.legs.contains_key(&id) {
            out.push(Output::Event(Event::ReferTold { leg: id, status }));
        }
    }

    pub(super) fn notify_request(
        &mut self,
        id: u64,
        leg: LegId,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let is_refer = message.header(Name::Event).is_some_and(|event| {
            event.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("refer")
        });
        if !is_refer {
            // RFC 6665 §4.1.3: nothing else was subscribed to.
            return self.respond(id, 489, |builder| builder, now, out);
        }
        let told = message.part(SIPFRAG_TYPE).and_then(fragment);
        self.respond(id, 200, |builder| builder, now, out);
        if let Some(status) = told {
            self.refer_told(leg, status, out);
        }
    }
}

/// The status of `SIP/2.0 180 Ringing`.
fn fragment(body: &str) -> Option<u16> {
    let status = body.trim_start().strip_prefix("SIP/2.0 ")?.get(..3)?;
    status.parse().ok().filter(|status| (100..700).contains(status))
}
