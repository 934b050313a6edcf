//! The registrar (RFC 3261 §10.3): which contact each operator's phone gave last, for how long, and the way back to it.
//!
//! A binding remembers the hop its REGISTER came on. Behind a NAT, or in a browser, that flow is the only way in, so
//! requests go there and not to the address that the contact names (RFC 5626 without its outbound option).
use super::config::Config;
use super::digest::delta_seconds;
use super::event::{Ha1, Hop};
use super::header::{Name, NameAddr};
use super::message::Message;
use super::uri::{Scheme, Uri};
use crate::ids::OperatorId;
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The contact's URI.
    pub contact: String,
    pub hop: Hop,
    pub expires_at: Instant,
    pub user_agent: Option<String>,
    call_id: String,
    seq: u32,
    /// Grows with each new binding; a refresh keeps it.
    order: u64,
}

/// A secret for a while, beside the user's own: what the page of somebody who is signed in registers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    ha1: Ha1,
    until: Instant,
}

/// Passes of one user that are good at once: as many pages and reloads within a pass's life. The oldest goes first.
const PASSES_PER_USER_MAX: usize = 16;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Registrar {
    secrets: BTreeMap<OperatorId, Ha1>,
    /// By user, oldest first.
    passes: BTreeMap<OperatorId, Vec<Pass>>,
    bindings: BTreeMap<OperatorId, Vec<Binding>>,
    order: u64,
}

/// Why a REGISTER is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `*` with something else, or a contact that cannot be read: 400.
    Malformed,
    /// 423 with Min-Expires.
    TooBrief,
    /// An older request overtook a newer one: 500 (§10.3 no. 7).
    OutOfOrder,
}

/// What a REGISTER or the time changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    /// Something was bound or refreshed, or the newest binding went: this is the newest now, where requests go.
    Bound(Binding),
    /// The last binding is gone.
    Gone,
}

impl Registrar {
    /// A user without a secret cannot register, and loses what bindings he has.
    pub fn set_secret(&mut self, user: OperatorId, ha1: Option<Ha1>) -> Change {
        match ha1 {
            Some(ha1) => {
                self.secrets.insert(user, ha1);
                Change::Nothing
            }
            None => {
                self.secrets.remove(&user);
                self.passes.remove(&user);
                if self.bindings.remove(&user).is_some() { Change::Gone } else { Change::Nothing }
            }
        }
    }

    pub fn add_pass(&mut self, user: OperatorId, ha1: Ha1, until: Instant, now: Instant) {
        let passes = self.passes.entry(user).or_default();
        passes.retain(|pass| pass.until > now);
        if passes.len() >= PASSES_PER_USER_MAX {
            passes.remove(0);
        }
        passes.push(Pass { ha1, until });
    }

    /// The user's own secret, and his passes that are still good.
    pub fn secrets(&self, user: &str, now: Instant) -> impl Iterator<Item = &Ha1> {
        let passes = self.passes.get(user).into_iter().flatten().filter(move |pass| pass.until > now);
        self.secrets.get(user).into_iter().chain(passes.map(|pass| &pass.ha1))
    }

    /// The newest binding that has not expired.
    pub fn newest(&self, user: &OperatorId, now: Instant) -> Option<&Binding> {
        let bindings = self.bindings.get(user)?;
        bindings.iter().filter(|b| b.expires_at > now).max_by_key(|b| b.order)
    }

    pub fn all(&self, user: &OperatorId) -> &[Binding] {
        self.bindings.get(user).map_or(&[], Vec::as_slice)
    }

    pub fn next_expiry(&self, user: &OperatorId) -> Option<Instant> {
        self.all(user).iter().map(|b| b.expires_at).min()
    }

    /// Applies an authenticated REGISTER: all of its contacts or none (§10.3 no. 7).
    pub fn register(
        &mut self,
        user: &OperatorId,
        message: &Message<'_>,
        hop: Hop,
        now: Instant,
        config: &Config,
    ) -> Result<Change, Refusal> {
        let contacts: Vec<&str> = message.list(Name::Contact).collect();
        let header = message.header(Name::Expires).and_then(delta_seconds);
        let before = self.all(user).to_vec();
        if contacts.contains(&"*") {
            // §10.3 no. 6: alone, and only to take everything back
            if contacts.len() != 1 || header != Some(Duration::ZERO) {
                return Err(Refusal::Malformed);
            }
            if before.iter().any(|b| b.call_id == message.call_id && message.cseq.number <= b.seq) {
                return Err(Refusal::OutOfOrder);
            }
            self.bindings.remove(user);
            return Ok(if before.is_empty() { Change::Nothing } else { Change::Gone });
        }
        let mut after = before.clone();
        let mut bound = false;
        for contact in contacts {
            let contact = NameAddr::parse(contact).ok_or(Refusal::Malformed)?;
            let uri = contact.parsed().map_err(|_| Refusal::Malformed)?;
            if uri.scheme == Scheme::Tel {
                return Err(Refusal::Malformed);
            }
            let expires = contact.params.get("expires").and_then(delta_seconds).or(header);
            let expires = expires.unwrap_or(config.register_expires_default);
            if !expires.is_zero() && expires < config.register_expires_min {
                return Err(Refusal::TooBrief);
            }
            let known = after.iter().position(|b| Uri::parse(&b.contact).is_ok_and(|u| u.same_contact(&uri)));
            let old = known.map(|at| after.remove(at));
            if old.as_ref().is_some_and(|o| o.call_id == message.call_id && message.cseq.number <= o.seq) {
                return Err(Refusal::OutOfOrder);
            }
            if expires.is_zero() {
                continue;
            }
            // A phone that began anew (another Call-ID) counts as newly registered.
            let order = match old.filter(|o| o.call_id == message.call_id) {
                Some(old) => old.order,
                None => {
                    self.order = self.order.saturating_add(1);
                    self.order
                }
            };
            let binding = Binding {
                contact: contact.uri.to_owned(),
                hop,
                expires_at: now + expires.min(config.register_expires_max),
                user_agent: message.user_agent(),
                call_id: message.call_id.to_owned(),
                seq: message.cseq.number,
                order,
            };
            while after.len() >= config.bindings_per_user_max.max(1) {
                let oldest = after.iter().enumerate().min_by_key(|(_, b)| b.order).map(|(at, _)| at);
                after.remove(oldest.unwrap_or(0));
            }
            bound = true;
            after.push(binding);
        }
        Ok(self.replace(user, after, &before, bound))
    }

    /// Takes out what has expired.
    pub fn expire(&mut self, user: &OperatorId, now: Instant) -> Change {
        self.retain(user, |binding| binding.expires_at > now)
    }

    /// A stream was closed: bindings that came over it lead nowhere now. Returns whom that concerned.
    pub fn disconnected(&mut self, hop: Hop) -> Vec<(OperatorId, Change)> {
        let users: Vec<OperatorId> = self
            .bindings
            .iter()
            .filter(|(_, list)| list.iter().any(|b| b.hop == hop))
            .map(|(u, _)| u.clone())
            .collect();
        let change = |user: OperatorId| {
            let change = self.retain(&user, |b| b.hop != hop);
            (user, change)
        };
        users.into_iter().map(change).collect()
    }

    fn retain(&mut self, user: &OperatorId, keep: impl Fn(&Binding) -> bool) -> Change {
        let before = self.all(user).to_vec();
        let after = before.iter().filter(|b| keep(b)).cloned().collect();
        self.replace(user, after, &before, false)
    }

    fn replace(&mut self, user: &OperatorId, after: Vec<Binding>, before: &[Binding], bound: bool) -> Change {
        let newest = |bindings: &[Binding]| bindings.iter().max_by_key(|b| b.order).cloned();
        let change = match (newest(before), newest(&after)) {
            (Some(_), None) => Change::Gone,
            (_, Some(now)) if bound => Change::Bound(now),
            (Some(was), Some(now)) if was.order != now.order => Change::Bound(now),
            _ => Change::Nothing,
        };
        if after.is_empty() {
            self.bindings.remove(user);
        } else {
            self.bindings.insert(user.clone(), after);
        }
        change
    }
}
