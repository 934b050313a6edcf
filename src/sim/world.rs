//! A world in virtual time: callers, phones, media, store, all of them events on one agenda.
//!
//! ```text
//! agenda ─▶ Switchboard.handle(event, now) ─▶ actions ─▶ answers on the agenda, things heard in the log
//! ```
//! Nothing waits: the world jumps to whatever happens next. `hotline walk`, `hotline sim` and the edge cases use it.
mod shells;

use super::faults::{Faults, STORE};
use crate::call::{Answer, Ask, CallRecord, Happened, Keep, OpenSeat};
use crate::digit::{Digit, DigitMethod};
use crate::flow::{HttpRequest, Lookup, Method};
use crate::ids::{CallId, LegId, OperatorId, PlayId, PromptName, RequestId};
use crate::machine::{Instant, Machine, Now, earlier};
use crate::media::event::RecordingName;
use crate::media::{LegCommand, LegEvent, Quality, RecordingEnd};
use crate::queue::Alert;
use crate::say::{Language, Piece};
use crate::sip::{self, Hop, Identity, Incoming, Target, Transport};
use crate::switchboard::{Action, Admin, Event, Switchboard};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A round trip to a phone on the same network.
const NETWORK: Duration = Duration::from_millis(2);
const SPEAKS: Duration = Duration::from_secs(4);
/// How the Call-ID of every caller begins; his number in the order of dialling follows.
const CALL_ID: &str = "world-";
/// Events that one `run` may take before the world is thought to spin.
const EVENTS_MAX: usize = 2_000_000;

/// How long a recording lasts.
pub type Lasts = Box<dyn Fn(Language, &PromptName) -> Duration + Send>;
/// What an operator's phone does when it is rung now.
pub type Behave = Box<dyn FnMut(&OperatorId) -> Behaviour + Send>;

/// A service that flows ask over HTTP. One that is not here cannot be reached.
#[derive(Clone, Debug)]
pub struct Service {
    pub method: Method,
    /// The address; `…` at its end stands for any rest.
    pub url: String,
    pub status: u16,
    pub body: serde_json::Value,
    pub after: Duration,
}

/// What the store would answer.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// number → columns
    pub subscribers: BTreeMap<String, BTreeMap<String, String>>,
    pub payments: BTreeMap<String, BTreeMap<String, String>>,
    pub agents: BTreeMap<String, BTreeMap<String, String>>,
    /// The store does not answer at all.
    pub away: bool,
}

/// How an operator's phone behaves when it is rung.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// From the INVITE to 180; `None`: the phone is not there.
    pub rings_after: Option<Duration>,
    /// From the INVITE to the final answer; `None`: nobody picks up.
    pub answers_after: Option<Duration>,
    /// 200, or the refusal.
    pub status: u16,
    /// The operator hangs up this long after the answer.
    pub talks: Option<Duration>,
    /// Whether his RTP ever comes.
    pub speaks: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            rings_after: Some(Duration::from_millis(50)),
            answers_after: Some(Duration::from_secs(2)),
            status: 200,
            talks: None,
            speaks: true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtPhone {
    Answer,
    Reject,
    HangUp,
}

/// What an onlooker hears and sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Refused {
        leg: LegId,
        status: u16,
    },
    Answered {
        leg: LegId,
    },
    Said {
        leg: LegId,
        language: Language,
        pieces: Vec<Piece>,
    },
    Music {
        leg: LegId,
    },
    Bridged {
        a: LegId,
        b: LegId,
    },
    Dialled {
        leg: LegId,
        operator: Option<OperatorId>,
        uri: String,
    },
    HungUp {
        leg: LegId,
    },
    Happened(Happened),
    Record(Box<CallRecord>),
    Ticket {
        topic: String,
        fields: BTreeMap<String, String>,
    },
    Step {
        flow: String,
        step: String,
    },
    /// Any other line of a call's story.
    Noted {
        call: CallId,
        kind: String,
    },
    Notified {
        to: String,
        body: String,
    },
    /// A service was asked.
    Http {
        method: Method,
        url: String,
        body: Option<String>,
    },
    Alert(Alert),
}

#[derive(Clone, Debug, Default)]
struct Leg {
    playing: Option<PlayId>,
    barge_in: bool,
    operator: Option<OperatorId>,
    phone: Option<Behaviour>,
    answered: bool,
    recording: Option<(RecordingName, Instant)>,
}

pub struct World {
    pub switchboard: Switchboard,
    pub now: Now,
    pub library: Library,
    pub phones: BTreeMap<OperatorId, Behaviour>,
    /// Asked before `phones`, once for every ring.
    pub behave: Option<Behave>,
    pub faults: Faults,
    pub services: Vec<Service>,
    /// How long a caller speaks into a recording, the silence that ends it included.
    pub speaks: Duration,
    pub log: Vec<(Instant, Heard)>,
    /// How long a piece lasts.
    pub lasts: Lasts,
    agenda: BTreeMap<(Instant, u64), Event>,
    sequence: u64,
    legs: BTreeMap<LegId, Leg>,
    callers: u64,
    tickets: u64,
    /// Open seats as the store has them.
    pub seats: BTreeMap<CallId, OpenSeat>,
    /// Kept between steps, for its room.
    actions: Vec<Action>,
}

impl World {
    pub fn new(switchboard: Switchboard, now: Now) -> World {
        World {
            switchboard,
            now,
            library: Library::default(),
            phones: BTreeMap::new(),
            behave: None,
            faults: Faults::none(0),
            services: Vec::new(),
            speaks: SPEAKS,
            log: Vec::new(),
            lasts: Box::new(|_, _| Duration::from_secs(2)),
            agenda: BTreeMap::new(),
            sequence: 0,
            legs: BTreeMap::new(),
            callers: 0,
            tickets: 0,
            seats: BTreeMap::new(),
            actions: Vec::new(),
        }
    }

    /// A caller dials; his leg's id comes back.
    pub fn dial(&mut self, from: &str, to: &str, peer: IpAddr) -> LegId {
        self.callers += 1;
        let leg = LegId::incoming(self.callers);
        let incoming = Incoming {
            leg,
            called: to.to_string(),
            from: Identity {
                display: String::new(),
                user: from.to_string(),
                host: "world.invalid".to_string(),
            },
            asserted: None,
            anonymous: from.is_empty(),
            call_id: format!("{CALL_ID}{}", self.callers),
            user_agent: None,
            test: false,
            user: None,
            offer: Some(String::new()),
            hop: hop(peer),
        };
        self.legs.insert(leg, Leg::default());
        self.soon(Duration::ZERO, Event::Sip(sip::Event::Incoming(Box::new(incoming))));
        leg
    }

    /// The caller's leg of a call that was dialled here.
    pub fn leg_of(record: &CallRecord) -> Option<LegId> {
        record.sip_call_id.strip_prefix(CALL_ID)?.parse().ok().map(LegId::incoming)
    }

    pub fn press(&mut self, leg: LegId, digit: Digit) {
        if let Some(state) = self.legs.get_mut(&leg).filter(|state| state.barge_in) {
            state.playing = None;
        }
        self.soon(Duration::ZERO, Event::Leg(LegEvent::Digit { leg, digit, method: DigitMethod::Rfc4733 }));
    }

    pub fn hang_up(&mut self, leg: LegId) {
        let how = match self.legs.get(&leg).is_some_and(|leg| leg.answered) {
            true => sip::Ended::Bye { reason: None },
            false => sip::Ended::Cancelled,
        };
        self.soon(Duration::ZERO, Event::Sip(sip::Event::Ended { leg, how }));
    }

    /// The operator's phone registers.
    pub fn register(&mut self, operator: &str, behaviour: Behaviour) {
        let user = OperatorId::from(operator);
        self.phones.insert(user.clone(), behaviour);
        let event = sip::Event::Registered {
            user,
            contact: format!("sip:{operator}@127.0.0.1:5070"),
            hop: hop(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            expires: Duration::from_secs(3600),
            user_agent: None,
        };
        self.soon(Duration::ZERO, Event::Sip(event));
    }

    pub fn unregister(&mut self, operator: &str) {
        self.soon(Duration::ZERO, Event::Sip(sip::Event::Unregistered { user: operator.into() }));
    }

    pub fn admin(&mut self, what: Admin) {
        self.soon(Duration::ZERO, Event::Admin { request: crate::ids::RequestId(0), what });
    }

    /// Anything else that is to happen after `wait`.
    pub fn soon(&mut self, wait: Duration, event: Event) {
        self.sequence += 1;
        self.agenda.insert((self.now.mono + wait, self.sequence), event);
    }

    /// When the next thing happens by itself.
    pub fn next(&self) -> Option<Instant> {
        earlier(self.agenda.keys().next().map(|(at, _)| *at), self.switchboard.next_timeout())
    }

    /// Whether nothing happens by itself but a deadline of the Switchboard: somebody may act now.
    pub fn is_idle(&self) -> bool {
        self.agenda.is_empty()
    }

    /// Lets one thing happen; false when nothing is left, or nothing before `until`.
    pub fn step(&mut self, until: Instant) -> bool {
        let Some(at) = self.next().filter(|at| *at <= until) else { return false };
        self.now = self.now.later(at.since(self.now.mono));
        let mut out = std::mem::take(&mut self.actions);
        if self.agenda.first_key_value().is_some_and(|((due, _), _)| *due <= self.now.mono)
            && let Some((_, event)) = self.agenda.pop_first()
        {
            if self.still_true(&event) {
                if let Event::Leg(LegEvent::Closed { leg, .. }) = &event {
                    self.legs.remove(leg);
                }
                self.switchboard.handle(event, self.now, &mut out);
            }
        } else {
            self.switchboard.handle_timeout(self.now, &mut out);
        }
        for action in out.drain(..) {
            self.carry_out(action);
        }
        self.actions = out;
        true
    }

    /// Lets `time` pass.
    pub fn run(&mut self, time: Duration) {
        let until = self.now.mono + time;
        let mut events = 0;
        while self.step(until) {
            events += 1;
            assert!(events < EVENTS_MAX, "the world spins at {:?}", self.now.mono);
        }
        self.now = self.now.later(until.since(self.now.mono));
    }

    /// Lets time pass until the log satisfies `done`, at most `within`; true when it did.
    pub fn run_until(&mut self, within: Duration, mut done: impl FnMut(&World) -> bool) -> bool {
        let until = self.now.mono + within;
        loop {
            if done(self) {
                return true;
            }
            if !self.step(until) {
                return done(self);
            }
        }
    }

    /// What an operator does by hand at his phone, which rings or is in a talk.
    pub fn at_phone(&mut self, operator: &str, does: AtPhone) -> bool {
        let is_his = |heard: &Heard| match heard {
            Heard::Dialled { leg, operator: Some(of), .. } if of.as_str() == operator => Some(*leg),
            _ => None,
        };
        let last = self.log.iter().rev().find_map(|(_, heard)| is_his(heard));
        let Some((leg, state)) = last.and_then(|leg| Some((leg, self.legs.get(&leg)?))) else { return false };
        let event = match (does, state.answered) {
            (AtPhone::Answer, false) => sip::Event::Answered { leg, sdp: String::new(), user_agent: None },
            (AtPhone::Reject, false) => sip::Event::Failed { leg, status: 486, redirect: Vec::new() },
            (AtPhone::HangUp, true) => sip::Event::Ended { leg, how: sip::Ended::Bye { reason: None } },
            _ => return false,
        };
        self.soon(Duration::ZERO, Event::Sip(event));
        true
    }

    /// The operators who were joined with this caller, in order.
    pub fn bridges_of(&self, caller: LegId) -> usize {
        self.log.iter().filter(|(_, heard)| matches!(heard, Heard::Bridged { a, .. } if *a == caller)).count()
    }

    pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.log.iter().filter_map(|(_, heard)| match heard {
            Heard::Record(record) if record.ended_at.is_some() => Some(&**record),
            _ => None,
        })
    }

    /// A prompt that was cut off does not end.
    fn still_true(&self, event: &Event) -> bool {
        match event {
            Event::Leg(LegEvent::PlayDone { leg, play }) => {
                self.legs.get(leg).is_some_and(|state| state.playing == Some(*play))
            }
            // One that was stopped has ended already.
            Event::Leg(LegEvent::Recorded { leg, name, why, .. }) if *why != RecordingEnd::Stopped => self
                .legs
                .get(leg)
                .is_some_and(|state| state.recording.as_ref().is_some_and(|(current, _)| current == name)),
            Event::Leg(event) => self.legs.contains_key(&event.leg()),
            Event::Sip(sip::Event::Progress { leg, .. } | sip::Event::Answered { leg, .. }) => {
                self.legs.contains_key(leg)
            }
            Event::Sip(sip::Event::Failed { leg, status, .. }) => {
                *status == 487 || self.legs.contains_key(leg)
            }
            _ => true,
        }
    }

    fn note(&mut self, heard: Heard) {
        self.log.push((self.now.mono, heard));
    }
}

fn hop(peer: IpAddr) -> Hop {
    Hop {
        transport: Transport::Udp,
        local: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060),
        peer: SocketAddr::new(peer, 5080),
    }
}
