//! Client transactions (RFC 3261 §17.1, RFC 6026 §7.2).
//!
//! ```text
//! INVITE      Calling ─1xx▶ Proceeding ─2xx▶ Accepted ─M▶ gone      others  Trying ─1xx▶ Proceeding
//!                │ A: again    └─3xx–6xx▶ Completed ─D▶ gone                  │ E: again   │
//!                └ B: 408                   └ ACK each time                   └ F: 408     └ final ▶ Completed ─K▶ gone
//! ```
use super::{fingerprint, reliable};
use crate::ids::{LegId, RequestId};
use crate::machine::Instant;
use crate::sip::event::{Hop, Output};
use crate::sip::method::Method;
use crate::sip::timers::{T1, T1_64, T2, T4, Timer, Timers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whom the result concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// The first INVITE of a leg.
    Invite(LegId),
    /// A re-INVITE or UPDATE.
    Exchange(LegId),
    Ping(RequestId),
    /// A REFER inside a call.
    Refer(LegId),
    /// BYE and CANCEL: sent, repeated, and whatever comes back is good enough.
    Nobody,
}

/// A 2xx of one callee and our ACK to it, sent again whenever the 2xx is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    pub tag: String,
    pub ack: Vec<u8>,
    pub hop: Hop,
}

/// More callees of one INVITE than this are not acknowledged: no ring group answers eight times within a second.
pub const FORKS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// No answer yet: Calling, or Trying for others than INVITE.
    Calling {
        interval: Duration,
    },
    Proceeding {
        interval: Duration,
    },
    /// A final answer; `ack` is ours to an INVITE's 3xx–6xx.
    Completed {
        ack: Option<Vec<u8>>,
    },
    /// 2xx to INVITE.
    Accepted {
        forks: Vec<Fork>,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    pub id: u64,
    key: u64,
    pub method: Method,
    pub hop: Hop,
    pub owner: Owner,
    pub request: Vec<u8>,
    pub state: State,
}

/// What a response means to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Provisional,
    Final,
    /// 2xx to an INVITE: the owner acknowledges it; it may be the second callee's.
    Success,
    Repeated,
}

impl Client {
    /// A response of this status has come. `ack` makes the ACK to an INVITE's refusal.
    pub fn hear(
        &mut self,
        status: u16,
        ack: impl FnOnce(&Client) -> Option<Vec<u8>>,
        timers: &mut Timers,
        now: Instant,
        out: &mut Vec<Output>,
    ) -> Heard {
        let invite = self.method == Method::Invite;
        if invite && (200..300).contains(&status) {
            if !matches!(self.state, State::Accepted { .. }) {
                self.state = State::Accepted { forks: Vec::new() };
                timers.cancel(Timer::ClientRepeat(self.id));
                timers.set(Timer::ClientEnd(self.id), now + T1_64); // timer M
            }
            return Heard::Success;
        }
        match &self.state {
            State::Calling { .. } | State::Proceeding { .. } if status < 200 => {
                if invite {
                    timers.cancel(Timer::ClientRepeat(self.id));
                    timers.cancel(Timer::ClientEnd(self.id));
                    self.state = State::Proceeding { interval: T2 };
                } else {
                    // §17.1.2.2: repetitions go on, at T2
                    self.state = State::Proceeding { interval: T2 };
                }
                Heard::Provisional
            }
            State::Calling { .. } | State::Proceeding { .. } => {
                timers.cancel(Timer::ClientRepeat(self.id));
                let ack = if invite { ack(self) } else { None };
                let wait = match (reliable(self.hop.transport), invite) {
                    (true, _) => Duration::ZERO,
                    (false, true) => T1_64, // timer D
                    (false, false) => T4,   // timer K
                };
                timers.set(Timer::ClientEnd(self.id), now + wait);
                if let Some(bytes) = ack.clone() {
                    out.push(Output::Send { hop: self.hop, bytes });
                }
                self.state = State::Completed { ack };
                Heard::Final
            }
            State::Completed { ack: Some(ack) } if status >= 300 => {
                out.push(Output::Send { hop: self.hop, bytes: ack.clone() });
                Heard::Repeated
            }
            State::Completed { .. } | State::Accepted { .. } => Heard::Repeated,
        }
    }

    /// Timer A or E: the request goes out again.
    pub fn repeat(&mut self, timers: &mut Timers, now: Instant, out: &mut Vec<Output>) {
        let invite = self.method == Method::Invite;
        let next = match &mut self.state {
            State::Calling { interval } => {
                *interval = match invite {
                    true => interval.saturating_mul(2),
                    false => interval.saturating_mul(2).min(T2),
                };
                *interval
            }
            State::Proceeding { interval } if !invite => *interval,
            _ => return,
        };
        out.push(Output::Send { hop: self.hop, bytes: self.request.clone() });
        timers.set(Timer::ClientRepeat(self.id), now + next);
    }

    /// Whether the owner still waits for a final answer.
    pub fn waiting(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Clients {
    secret: u64,
    last: u64,
    by_id: BTreeMap<u64, Client>,
    by_key: BTreeMap<u64, u64>,
}

impl Clients {
    pub fn new(secret: u64) -> Clients {
        Clients { secret, ..Clients::default() }
    }

    /// Sends a request and starts its timers (A/B or E/F). `branch` is the one in its Via.
    #[allow(clippy::too_many_arguments)]
    pub fn start(
        &mut self,
        method: Method,
        branch: &str,
        hop: Hop,
        request: Vec<u8>,
        owner: Owner,
        timers: &mut Timers,
        now: Instant,
        out: &mut Vec<Output>,
    ) -> u64 {
        self.last = self.last.wrapping_add(1);
        let id = self.last;
        out.push(Output::Send { hop, bytes: request.clone() });
        if !reliable(hop.transport) {
            timers.set(Timer::ClientRepeat(id), now + T1);
        }
        timers.set(Timer::ClientEnd(id), now + T1_64);
        let key = fingerprint(self.secret, [branch, method.as_str()]);
        let state = State::Calling { interval: T1 };
        self.by_key.insert(key, id);
        self.by_id.insert(id, Client { id, key, method, hop, owner, request, state });
        id
    }

    /// §17.1.3: by the branch of the topmost Via and the method in CSeq.
    pub fn find(&mut self, branch: &str, method: &str) -> Option<&mut Client> {
        let id = self.by_key.get(&fingerprint(self.secret, [branch, method]))?;
        self.by_id.get_mut(id)
    }

    pub fn get(&self, id: u64) -> Option<&Client> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Client> {
        self.by_id.get_mut(&id)
    }

    pub fn remove(&mut self, id: u64, timers: &mut Timers) -> Option<Client> {
        let client = self.by_id.remove(&id)?;
        self.by_key.remove(&client.key);
        timers.cancel(Timer::ClientRepeat(id));
        timers.cancel(Timer::ClientEnd(id));
        Some(client)
    }

    /// The transactions over this hop that wait for an answer. Our own address in it may have been told apart from
    /// the listener's since they began.
    pub fn waiting_on(&self, hop: Hop) -> Vec<u64> {
        let same = |other: &Hop| {
            (other.transport, other.peer, other.local.port()) == (hop.transport, hop.peer, hop.local.port())
        };
        self.by_id
            .values()
            .filter(|client| same(&client.hop) && client.waiting())
            .map(|client| client.id)
            .collect()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }
}
