//! REGISTER (RFC 3261 §10.3): who it is, whether he may, and what is bound now. Who it is, is asked of some INVITEs too.
use super::{Stack, request::warning};
use crate::ids::OperatorId;
use crate::machine::Now;
use crate::sip::digest::{Algorithm, Credentials, Verdict, same_resource};
use crate::sip::event::{Hop, Output};
use crate::sip::header::Name;
use crate::sip::message::{Message, Start};
use crate::sip::registrar::Refusal;
use rand_core::Rng;

/// Phones that give up at the sight of a challenge they do not know, instead of taking the next one as RFC 3261 §22.4
/// asks: baresip before 2.0 (its library answers SHA-256 with "Function not implemented").
const MD5_ONLY_AGENTS: [&str; 2] = ["baresip v0.", "baresip v1."];

impl Stack {
    pub(super) fn register(
        &mut self,
        id: u64,
        hop: Hop,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Ok(aor) = message.to.parsed() else {
            return self.respond(id, 400, |builder| warning(builder, "To is no SIP address"), now, out);
        };
        let aor = aor.user_text();
        let Some(user) = self.authenticate(id, message, now, out) else { return };
        if user != aor {
            return self.respond(id, 403, |builder| builder, now, out);
        }
        let user = OperatorId::from(user);
        match self.registrar.register(&user, message, hop, now.mono, &self.config) {
            Err(Refusal::Malformed) => {
                self.respond(id, 400, |builder| warning(builder, "Contact is malformed"), now, out);
            }
            Err(Refusal::OutOfOrder) => self.respond(id, 500, |builder| builder, now, out),
            Err(Refusal::TooBrief) => {
                let min = self.config.register_expires_min.as_secs();
                self.respond(id, 423, |builder| builder.named("Min-Expires", min), now, out);
            }
            Ok(change) => {
                let contacts: Vec<String> = self
                    .registrar
                    .all(&user)
                    .iter()
                    .map(|b| format!("<{}>;expires={}", b.contact, b.expires_at.since(now.mono).as_secs()))
                    .collect();
                let with = |builder| {
                    contacts.iter().fold(builder, |builder: crate::sip::build::Builder, contact| {
                        builder.header(Name::Contact, contact)
                    })
                };
                self.respond(id, 200, with, now, out);
                self.bindings_changed(user, change, now, out);
            }
        }
    }

    /// Who sent this request: the user of its From, by his digest. `None` when it was answered (401, 400, 403).
    pub(super) fn identify(
        &mut self,
        id: u64,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Option<OperatorId> {
        let user = self.authenticate(id, message, now, out)?;
        let from = message.from.parsed().ok().is_some_and(|from| from.user_text() == user);
        if !from {
            self.respond(id, 403, |builder| builder, now, out);
        }
        from.then(|| OperatorId::from(user))
    }

    /// The user whose password this request knows (RFC 3261 §22.1). `None` when it was answered.
    fn authenticate(
        &mut self,
        id: u64,
        message: &Message<'_>,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Option<String> {
        let Start::Request { uri, text, .. } = message.start else { return None };
        let credentials = message
            .headers
            .iter()
            .filter(|h| h.name == Name::Authorization)
            .filter_map(|h| Credentials::parse(h.value))
            .find(|credentials| credentials.realm == self.config.domain);
        let Some(credentials) = credentials else {
            self.challenge(id, message, false, now, out);
            return None;
        };
        let verdict = {
            // None that fits is an unknown user's case.
            let mut secrets = self.registrar.secrets(&credentials.user, now.mono);
            let secret = secrets.find(|secret| credentials.proves(text, secret));
            self.authenticator.check(&credentials, text, secret, now.wall)
        };
        match verdict {
            Verdict::Bad => self.challenge(id, message, false, now, out),
            Verdict::Stale => self.challenge(id, message, true, now, out),
            Verdict::Good if !same_resource(&credentials.uri, uri) => {
                self.respond(id, 400, |builder| warning(builder, "digest is for another URI"), now, out);
            }
            Verdict::Good => return Some(credentials.user),
        }
        None
    }

    fn challenge(&mut self, id: u64, message: &Message<'_>, stale: bool, now: Now, out: &mut Vec<Output>) {
        let agent = message.headers.iter().find(|h| h.name == Name::UserAgent).map_or("", |h| h.value);
        let both = self.config.digest.len() > 1;
        // The libraries of pages know MD5 only and take the first challenge; what they register with is random and
        // short-lived, and no dictionary has it.
        let page = matches!(message.via.transport.to_ascii_uppercase().as_str(), "WS" | "WSS");
        let md5_only = both && (page || MD5_ONLY_AGENTS.iter().any(|prefix| agent.starts_with(prefix)));
        let salt = self.rng.next_u64();
        let challenges = self.authenticator.challenges(&self.config.domain, stale, salt, now.wall);
        let with_algorithm = Algorithm::ALL.into_iter().zip(challenges);
        let offered: Vec<String> = with_algorithm
            .filter(|(algorithm, _)| self.config.digest.contains(algorithm))
            .filter(|(algorithm, _)| !md5_only || *algorithm == Algorithm::Md5)
            .map(|(_, challenge)| challenge)
            .collect();
        let with = |builder: crate::sip::build::Builder| {
            offered.iter().fold(builder, |builder: crate::sip::build::Builder, challenge| {
                builder.named("WWW-Authenticate", challenge)
            })
        };
        self.respond(id, 401, with, now, out);
    }
}
