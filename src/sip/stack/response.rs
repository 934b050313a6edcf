//! What happens to a response (RFC 3261 §17.1.3, §18.1.2), and to a request that gets none.
use super::Stack;
use crate::machine::Now;
use crate::sip::dialog::companion;
use crate::sip::event::{Event, Hop, Output};
use crate::sip::header::Name;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::parse::parse;
use crate::sip::transaction::client::{Client, Heard, Owner};

impl Stack {
    pub(super) fn response(
        &mut self,
        hop: Hop,
        message: &Message<'_>,
        status: u16,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        // One Via exactly: with another below it, it was not for us (§8.1.3.3).
        if message.list(Name::Via).nth(1).is_some() {
            return;
        }
        let Some(branch) = message.via.branch() else { return };
        let Some(client) = self.clients.find(branch, message.cseq.method) else { return };
        let ack = |client: &Client| {
            let invite = parse(&client.request).ok()?;
            companion(&invite, Method::Ack, message.header(Name::To))?.finish(None).ok()
        };
        let (id, owner) = (client.id, client.owner);
        let heard = client.hear(status, ack, &mut self.timers, now.mono, out);
        match (heard, owner) {
            (Heard::Repeated, _) => {}
            (Heard::Success, _) => self.success(id, hop, message, now, out),
            (Heard::Provisional, Owner::Invite(leg)) => self.progress(leg, status, message, now, out),
            (Heard::Provisional, _) => {}
            (Heard::Final, Owner::Invite(leg)) => self.refusal(leg, status, message, now, out),
            (Heard::Final, Owner::Exchange(leg)) if status < 300 => {
                self.reanswered(leg, id, message, now, out)
            }
            (Heard::Final, Owner::Exchange(leg)) => {
                self.exchange_refused(leg, id, status, Some(message), now, out)
            }
            // Any answer shows that somebody is there, but one who says 503 does not want work.
            (Heard::Final, Owner::Ping(request)) => {
                out.push(Output::Event(Event::Pong { request, alive: status != 503 && status != 408 }));
            }
            (Heard::Final, Owner::Refer(leg)) => self.refer_told(leg, status, out),
            (Heard::Final, Owner::Nobody) => {}
        }
    }

    /// No answer (408), or it could not be sent (503).
    pub(super) fn fail(&mut self, id: u64, status: u16, now: Now, out: &mut Vec<Output>) {
        let Some(client) = self.clients.remove(id, &mut self.timers) else { return };
        match client.owner {
            Owner::Invite(leg) => self.refused(leg, status, Vec::new(), now, out),
            Owner::Exchange(leg) => self.exchange_refused(leg, id, status, None, now, out),
            Owner::Ping(request) => out.push(Output::Event(Event::Pong { request, alive: false })),
            Owner::Refer(leg) => self.refer_told(leg, status, out),
            Owner::Nobody => {}
        }
    }
}
