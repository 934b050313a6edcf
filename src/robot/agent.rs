//! A user agent without sockets: the engine's own SIP stack, the registration of an account, and a look at every message
//! that passes.
use super::register::{self, Account, Registration};
use super::trace::{Start, Trace, Way};
use crate::ids::LegId;
use crate::machine::{Instant, Now, earlier};
use crate::sip::{self, Command, Event, Hop, Stack, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// Calls whose messages are told apart by Call-ID. Beyond it the oldest are forgotten: their late messages belong to
/// no call.
const CALLS_TRACED_MAX: usize = 1024;

#[derive(Clone, Debug)]
pub struct Options {
    pub me: SocketAddr,
    pub domain: String,
    /// Tell every message as [`Output::Trace`].
    pub traced: bool,
    pub legs_max: usize,
    pub seed: u64,
}

#[derive(Clone, Debug)]
pub enum Output {
    Send { to: SocketAddr, bytes: Vec<u8> },
    Event(Event),
    Trace { leg: Option<LegId>, trace: Box<Trace> },
    Registered { expires: Duration },
    Unregistered,
    RegistrationRefused { status: u16 },
}

#[derive(Clone, Debug)]
pub struct Agent {
    options: Options,
    stack: Stack,
    registration: Option<Registration>,
    /// The legs by Call-ID, and their Call-IDs in the order in which they came.
    legs: BTreeMap<String, LegId>,
    call_ids: VecDeque<String>,
    outgoing: u64,
    scratch: Vec<sip::Output>,
}

impl Agent {
    pub fn new(options: Options) -> Agent {
        let config = sip::Config {
            domain: options.domain.clone(),
            listeners: vec![(Transport::Udp, options.me)],
            user_agent: concat!("Hotline robot/", env!("CARGO_PKG_VERSION")).into(),
            legs_max: options.legs_max,
            ..sip::Config::default()
        };
        Agent {
            stack: Stack::new(config, options.seed),
            options,
            registration: None,
            legs: BTreeMap::new(),
            call_ids: VecDeque::new(),
            outgoing: 0,
            scratch: Vec::new(),
        }
    }

    /// The id for a new outgoing leg.
    pub fn new_leg(&mut self) -> LegId {
        self.outgoing += 1;
        LegId::outgoing(self.outgoing)
    }

    pub fn legs(&self) -> usize {
        self.stack.legs()
    }

    pub fn register(&mut self, account: Account, server: SocketAddr, now: Now, out: &mut Vec<Output>) {
        let (me, seed) = (self.options.me, self.options.seed);
        let registration =
            self.registration.get_or_insert_with(|| Registration::new(account, server, me, seed));
        let mut did = Vec::new();
        registration.register(now.mono, &mut did);
        self.registration_did(did, out);
    }

    pub fn unregister(&mut self, now: Now, out: &mut Vec<Output>) {
        let Some(registration) = &mut self.registration else {
            out.push(Output::Unregistered);
            return;
        };
        let mut did = Vec::new();
        registration.unregister(now.mono, &mut did);
        self.registration_did(did, out);
    }

    pub fn receive(&mut self, from: SocketAddr, bytes: &[u8], now: Now, out: &mut Vec<Output>) {
        let ours = self.registration.as_ref().is_some_and(|r| contains(bytes, r.call_id().as_bytes()));
        let trace = if ours || self.options.traced { Trace::read(Way::Received, bytes) } else { None };
        if let (true, Some(trace), Some(registration)) = (ours, &trace, &mut self.registration) {
            let mut did = Vec::new();
            registration.receive(trace, now.mono, &mut did);
            self.tell(trace.clone(), out);
            self.registration_did(did, out);
            return;
        }
        let hop = Hop { transport: Transport::Udp, local: self.options.me, peer: from };
        let mut did = std::mem::take(&mut self.scratch);
        self.stack.receive(hop, bytes, now, &mut did);
        // The leg of a new INVITE is known from the stack's event; its message is told before.
        for output in &did {
            if let sip::Output::Event(Event::Incoming(incoming)) = output {
                self.learn(incoming.call_id.clone(), incoming.leg);
            }
        }
        if let Some(trace) = trace {
            self.tell(trace, out);
        }
        self.stack_did(did, None, out);
    }

    pub fn command(&mut self, command: Command, now: Now, out: &mut Vec<Output>) {
        let inviting = match &command {
            Command::Invite(invite) => Some(invite.leg),
            _ => None,
        };
        let mut did = std::mem::take(&mut self.scratch);
        self.stack.command(command, now, &mut did);
        self.stack_did(did, inviting, out);
    }

    pub fn handle_timeout(&mut self, now: Now, out: &mut Vec<Output>) {
        if let Some(registration) = &mut self.registration {
            let mut did = Vec::new();
            registration.handle_timeout(now.mono, &mut did);
            self.registration_did(did, out);
        }
        let mut did = std::mem::take(&mut self.scratch);
        self.stack.handle_timeout(now, &mut did);
        self.stack_did(did, None, out);
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        earlier(self.stack.next_timeout(), self.registration.as_ref().and_then(Registration::next_timeout))
    }

    fn stack_did(&mut self, mut did: Vec<sip::Output>, inviting: Option<LegId>, out: &mut Vec<Output>) {
        for output in did.drain(..) {
            match output {
                sip::Output::Event(event) => out.push(Output::Event(event)),
                sip::Output::Send { hop, bytes } => {
                    if self.options.traced
                        && let Some(trace) = Trace::read(Way::Sent, &bytes)
                    {
                        let new = matches!(&trace.start, Start::Request { method, .. } if method == "INVITE");
                        if let (true, Some(leg), Some(call_id)) = (new, inviting, trace.call_id()) {
                            self.learn(call_id.to_string(), leg);
                        }
                        self.tell(trace, out);
                    }
                    out.push(Output::Send { to: hop.peer, bytes });
                }
            }
        }
        self.scratch = did;
    }

    fn registration_did(&mut self, did: Vec<register::Output>, out: &mut Vec<Output>) {
        let Some(to) = self.registration.as_ref().map(Registration::server) else { return };
        for output in did {
            match output {
                register::Output::Send(bytes) => {
                    if let Some(trace) = Trace::read(Way::Sent, &bytes) {
                        self.tell(trace, out);
                    }
                    out.push(Output::Send { to, bytes });
                }
                register::Output::Registered { expires } => out.push(Output::Registered { expires }),
                register::Output::Unregistered => out.push(Output::Unregistered),
                register::Output::Refused { status } => out.push(Output::RegistrationRefused { status }),
            }
        }
    }

    fn tell(&mut self, trace: Trace, out: &mut Vec<Output>) {
        if self.options.traced {
            let leg = trace.call_id().and_then(|call_id| self.legs.get(call_id)).copied();
            out.push(Output::Trace { leg, trace: Box::new(trace) });
        }
    }

    fn learn(&mut self, call_id: String, leg: LegId) {
        if !self.options.traced || self.legs.insert(call_id.clone(), leg).is_some() {
            return;
        }
        self.call_ids.push_back(call_id);
        if self.call_ids.len() > CALLS_TRACED_MAX
            && let Some(oldest) = self.call_ids.pop_front()
        {
            self.legs.remove(&oldest);
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
