//! Server transactions (RFC 3261 §17.2, RFC 6026 §7.1).
//!
//! ```text
//! INVITE      Proceeding ─2xx▶ Accepted ─L▶ gone                        others  Proceeding ─final▶ Completed ─J▶ gone
//!                └─3xx–6xx▶ Completed ─ACK▶ Confirmed ─I▶ gone                    (a repeated request gets the last
//!                             │ G: again                                          response again, in every state)
//!                             └ H: gone
//! ```
use super::{fingerprint, reliable};
use crate::ids::LegId;
use crate::machine::Instant;
use crate::sip::event::{Hop, Output};
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::reply::Reply;
use crate::sip::timers::{T1, T1_64, T2, T4, Timer, Timers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Proceeding,
    Completed {
        interval: Duration,
    },
    /// 2xx to INVITE; its repetition until the ACK is the leg's affair (§13.3.1.4).
    Accepted,
    Confirmed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Server {
    pub id: u64,
    key: u64,
    merge: Option<u64>,
    pub method: Method,
    /// Where responses go.
    pub hop: Hop,
    pub reply: Reply,
    /// The leg that an INVITE or a request inside a dialog belongs to.
    pub leg: Option<LegId>,
    pub state: State,
    last: Option<Vec<u8>>,
}

impl Server {
    pub fn respond(
        &mut self,
        status: u16,
        bytes: Vec<u8>,
        timers: &mut Timers,
        now: Instant,
        out: &mut Vec<Output>,
    ) {
        if self.state != State::Proceeding {
            return; // one final answer per request
        }
        out.push(Output::Send { hop: self.hop, bytes: bytes.clone() });
        self.last = Some(bytes);
        let unreliable = !reliable(self.hop.transport);
        let wait = match (status, self.method) {
            (..200, _) => return,
            (200..300, Method::Invite) => {
                self.state = State::Accepted;
                self.last = None; // the leg has it
                T1_64 // timer L
            }
            (_, Method::Invite) => {
                self.state = State::Completed { interval: T1 };
                if unreliable {
                    timers.set(Timer::ServerRepeat(self.id), now + T1); // timer G
                }
                T1_64 // timer H
            }
            _ => {
                self.state = State::Completed { interval: T1 };
                if unreliable { T1_64 } else { Duration::ZERO } // timer J
            }
        };
        timers.set(Timer::ServerEnd(self.id), now + wait);
    }

    /// The request came again: so does the last response.
    pub fn repeated(&self, out: &mut Vec<Output>) {
        if let (Some(bytes), State::Proceeding | State::Completed { .. }) = (&self.last, self.state) {
            out.push(Output::Send { hop: self.hop, bytes: bytes.clone() });
        }
    }

    /// The ACK to our refusal of an INVITE.
    pub fn acknowledged(&mut self, timers: &mut Timers, now: Instant) {
        if matches!(self.state, State::Completed { .. }) && self.method == Method::Invite {
            self.state = State::Confirmed;
            timers.cancel(Timer::ServerRepeat(self.id));
            let wait = if reliable(self.hop.transport) { Duration::ZERO } else { T4 };
            timers.set(Timer::ServerEnd(self.id), now + wait); // timer I
        }
    }

    /// Timer G.
    pub fn repeat(&mut self, timers: &mut Timers, now: Instant, out: &mut Vec<Output>) {
        if let State::Completed { interval } = &mut self.state {
            *interval = interval.saturating_mul(2).min(T2);
            timers.set(Timer::ServerRepeat(self.id), now + *interval);
            self.repeated(out);
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Servers {
    secret: u64,
    last: u64,
    by_id: BTreeMap<u64, Server>,
    by_key: BTreeMap<u64, u64>,
    merges: BTreeMap<u64, u64>,
}

/// RFC 3261's branches begin with this.
const COOKIE: &str = "z9hG4bK";

impl Servers {
    pub fn new(secret: u64) -> Servers {
        Servers { secret, ..Servers::default() }
    }

    /// §17.2.3. A CANCEL and the ACK to a refusal have the key of their INVITE when `method` says `INVITE`.
    pub fn key(&self, message: &Message<'_>, method: &str) -> u64 {
        let via = &message.via;
        let branch = via.branch().unwrap_or("");
        let port = via.port.unwrap_or(5060).to_string();
        let common = [branch, via.host, &port, method];
        if branch.starts_with(COOKIE) {
            return fingerprint(self.secret, common);
        }
        // RFC 2543 had no such branches; everything that a repetition repeats makes the key.
        let number = message.cseq.number.to_string();
        let from = message.from.tag().unwrap_or("");
        let more = [message.call_id, &number, message.from.uri, from];
        fingerprint(self.secret, common.into_iter().chain(more))
    }

    /// §8.2.2.2: the same request on another way has the same From tag, Call-ID and CSeq.
    fn merge_key(&self, message: &Message<'_>) -> u64 {
        let (tag, number) = (message.from.tag().unwrap_or(""), message.cseq.number.to_string());
        fingerprint(self.secret, [message.call_id, tag, &number, message.cseq.method])
    }

    /// Whether this request, which is outside of dialogs, came already on another way.
    pub fn merged(&self, message: &Message<'_>, id: u64) -> bool {
        self.merges.get(&self.merge_key(message)).is_some_and(|other| *other != id)
    }

    pub fn open(&mut self, key: u64, message: &Message<'_>, hop: Hop, reply: Reply) -> u64 {
        self.last = self.last.wrapping_add(1);
        let id = self.last;
        let merge = match message.to.tag() {
            None if message.method() != Method::Cancel => {
                let merge = self.merge_key(message);
                self.merges.entry(merge).or_insert(id);
                Some(merge)
            }
            _ => None,
        };
        self.by_key.insert(key, id);
        let method = message.method();
        let state = State::Proceeding;
        let server = Server { id, key, merge, method, hop, reply, leg: None, state, last: None };
        self.by_id.insert(id, server);
        id
    }

    pub fn find(&mut self, key: u64) -> Option<&mut Server> {
        let id = self.by_key.get(&key)?;
        self.by_id.get_mut(id)
    }

    pub fn get(&self, id: u64) -> Option<&Server> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Server> {
        self.by_id.get_mut(&id)
    }

    pub fn remove(&mut self, id: u64, timers: &mut Timers) {
        let Some(server) = self.by_id.remove(&id) else { return };
        self.by_key.remove(&server.key);
        if let Some(merge) = server.merge
            && self.merges.get(&merge) == Some(&id)
        {
            self.merges.remove(&merge);
        }
        timers.cancel(Timer::ServerRepeat(id));
        timers.cancel(Timer::ServerEnd(id));
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }
}
