//! Two stacks and a seeded link between them that loses, delays, doubles and overtakes. Virtual time jumps to whoever
//! wakes first, so no test waits.
use super::event::{Command, Event, Hop, Identity, Invite, Output, Target, Transport};
use super::{Config, Stack};
use crate::ids::LegId;
use crate::machine::{Instant, Now, Wall};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Which stack.
pub const A: usize = 0;
pub const B: usize = 1;

pub const OFFER: &str =
    "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
pub const ANSWER: &str =
    "v=0\r\no=b 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n";

/// Percentages and the range of the delay.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub loss: u64,
    pub duplication: u64,
    pub delay_ms: (u64, u64),
}

pub const PERFECT: Link = Link { loss: 0, duplication: 0, delay_ms: (5, 5) };
pub const BAD: Link = Link { loss: 20, duplication: 5, delay_ms: (1, 200) };

pub struct Pair {
    pub now: Now,
    pub stacks: [Stack; 2],
    pub events: [Vec<Event>; 2],
    pub link: Link,
    /// What each side does when something happens to it.
    pub react: [fn(&Event) -> Vec<Command>; 2],
    /// Everything that was sent, and from which side.
    pub sent: Vec<(usize, String)>,
    pub rng: ChaCha8Rng,
    flying: BTreeMap<(Instant, u64), (usize, Hop, Vec<u8>)>,
    launched: u64,
    transport: Transport,
}

pub fn address(side: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, side as u8 + 1], 5060))
}

pub fn config(side: usize, transport: Transport) -> Config {
    Config { domain: "example.org".into(), listeners: vec![(transport, address(side))], ..Config::default() }
}

pub fn nothing(_: &Event) -> Vec<Command> {
    Vec::new()
}

/// Rings and answers at once.
pub fn answering(event: &Event) -> Vec<Command> {
    match event {
        Event::Incoming(incoming) => {
            let leg = incoming.leg;
            vec![Command::Ring { leg, early: None }, Command::Answer { leg, sdp: ANSWER.into() }]
        }
        Event::Offered { leg, .. } => vec![Command::AcceptOffer { leg: *leg, sdp: ANSWER.into() }],
        _ => Vec::new(),
    }
}

pub fn ringing(event: &Event) -> Vec<Command> {
    match event {
        Event::Incoming(incoming) => vec![Command::Ring { leg: incoming.leg, early: None }],
        _ => Vec::new(),
    }
}

impl Pair {
    pub fn new(seed: u64, link: Link) -> Pair {
        Pair::over(Transport::Udp, seed, link, |_| {})
    }

    pub fn over(transport: Transport, seed: u64, link: Link, adjust: impl Fn(&mut Config)) -> Pair {
        let stack = |side: usize| {
            let mut config = config(side, transport);
            adjust(&mut config);
            Stack::new(config, seed * 2 + side as u64)
        };
        Pair {
            now: Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) },
            stacks: [stack(A), stack(B)],
            events: [Vec::new(), Vec::new()],
            link,
            react: [nothing, nothing],
            sent: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            flying: BTreeMap::new(),
            launched: 0,
            transport,
        }
    }

    pub fn command(&mut self, side: usize, command: Command) {
        let mut out = Vec::new();
        self.stacks[side].command(command, self.now, &mut out);
        self.carry(side, out);
    }

    /// A calls B.
    pub fn dial(&mut self) -> LegId {
        let leg = LegId::outgoing(self.launched + 1);
        self.command(A, Command::Invite(Box::new(invite(leg, self.transport))));
        leg
    }

    /// What this side has heard so far, and forgets.
    pub fn take(&mut self, side: usize) -> Vec<Event> {
        std::mem::take(&mut self.events[side])
    }

    /// The leg that came in at B.
    pub fn incoming(&self) -> LegId {
        self.events[B]
            .iter()
            .find_map(|event| match event {
                Event::Incoming(incoming) => Some(incoming.leg),
                _ => None,
            })
            .expect("no INVITE arrived")
    }

    /// Puts bytes on the link toward a side, past all chance.
    pub fn inject(&mut self, side: usize, text: &str) -> Vec<String> {
        let hop = Hop { transport: self.transport, local: address(side), peer: address(1 - side) };
        let mut out = Vec::new();
        self.stacks[side].receive(hop, text.as_bytes(), self.now, &mut out);
        let before = self.sent.len();
        self.carry(side, out);
        self.sent[before..].iter().map(|(_, text)| text.clone()).collect()
    }

    /// One packet arrives or one timer rings; `false` when nothing ever will.
    pub fn step(&mut self) -> bool {
        let packet = self.flying.keys().next().map(|(at, _)| *at);
        let timers = self.stacks.iter().filter_map(Stack::next_timeout).min();
        let Some(at) = crate::machine::earlier(packet, timers) else { return false };
        if at > self.now.mono {
            self.now = self.now.later(at.since(self.now.mono));
        }
        match packet.filter(|packet| *packet <= self.now.mono).and_then(|_| self.flying.pop_first()) {
            Some((_, (side, hop, bytes))) => {
                let mut out = Vec::new();
                self.stacks[side].receive(hop, &bytes, self.now, &mut out);
                self.carry(side, out);
            }
            None => {
                for side in [A, B] {
                    let mut out = Vec::new();
                    self.stacks[side].handle_timeout(self.now, &mut out);
                    self.carry(side, out);
                }
            }
        }
        true
    }

    pub fn run_for(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while self.next().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = self.now.later(end.since(self.now.mono));
    }

    /// Until nothing flies and no timer is set.
    pub fn run_out(&mut self) {
        for _ in 0..100_000 {
            if !self.step() {
                return;
            }
        }
        panic!("the pair does not come to rest: {:?} {:?}", self.stacks[A].size(), self.stacks[B].size());
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.rng.next_u64() % 100 < percent
    }

    fn next(&self) -> Option<Instant> {
        let packet = self.flying.keys().next().map(|(at, _)| *at);
        crate::machine::earlier(packet, self.stacks.iter().filter_map(Stack::next_timeout).min())
    }

    fn carry(&mut self, side: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Event(event) => {
                    let commands = (self.react[side])(&event);
                    self.events[side].push(event);
                    for command in commands {
                        self.command(side, command);
                    }
                }
                Output::Send { hop, bytes } => {
                    self.sent.push((side, String::from_utf8(bytes.clone()).expect("we write UTF-8")));
                    if hop.peer == address(1 - side) {
                        self.launch(1 - side, Hop { local: hop.peer, peer: hop.local, ..hop }, bytes);
                    }
                }
            }
        }
    }

    fn launch(&mut self, side: usize, hop: Hop, bytes: Vec<u8>) {
        let copies = 1 + usize::from(self.chance(self.link.duplication));
        for _ in 0..copies {
            if self.chance(self.link.loss) {
                continue;
            }
            let (from, to) = self.link.delay_ms;
            let delay = Duration::from_millis(from + self.rng.next_u64() % (to - from + 1));
            self.launched += 1;
            self.flying.insert((self.now.mono + delay, self.launched), (side, hop, bytes.clone()));
        }
    }
}

pub fn invite(leg: LegId, transport: Transport) -> Invite {
    let suffix = if transport == Transport::Tcp { ";transport=tcp" } else { "" };
    Invite {
        leg,
        to: Target::Uri { uri: format!("sip:78007077759@192.0.2.2{suffix}"), via: None },
        from: Identity {
            display: "Мария \"М\"".into(), user: "+79161234567".into(), host: String::new()
        },
        headers: vec![("X-Hotline-Call".into(), "abc".into())],
        sdp: OFFER.into(),
    }
}
