//! A whole exchange in virtual time: the production SIP stack and Switchboard, and phones that are production stacks too,
//! over a seeded network that delays and loses datagrams. Media is the only thing imagined: legs open at once.
use hotline::call::{Answer, Ask};
use hotline::cli::installation::Installation;
use hotline::config::Config;
use hotline::digit::{Digit, DigitMethod};
use hotline::flow::FlowSet;
use hotline::ids::{LegId, OperatorId};
use hotline::machine::{Instant, Machine, Now, Wall, earlier};
use hotline::media::{LegCommand, LegEvent, Quality};
use hotline::queue::OperatorSettings;
use hotline::sip::{self, Command, Hop, Identity, Invite, Output, Stack, Target, Transport};
use hotline::switchboard::{Action, Event, Switchboard};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n";

/// The shipped flows, read once for all seeds.
fn shipped() -> &'static (Installation, Arc<FlowSet>) {
    static SHIPPED: OnceLock<(Installation, Arc<FlowSet>)> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let mut config = Config::load(None, std::path::Path::new("data")).unwrap();
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        config.flows.dir = root.join("call-flows");
        config.prompts.dir = root.join("prompts");
        let installation = Installation { config, config_file: None, data_dir: PathBuf::from("data") };
        let flows = installation.flows(None).unwrap_or_else(|failure| panic!("{}", failure.message));
        (installation, Arc::new(flows))
    })
}

/// A phone: a stack of its own, and what its owner does.
pub struct Phone {
    pub address: SocketAddr,
    stack: Stack,
    /// From the INVITE to picking up; `None`: it rings on.
    pub picks_up: Option<Duration>,
    pub events: Vec<(Instant, sip::Event)>,
    /// Legs that stand.
    pub talking: Vec<LegId>,
    agenda: BTreeMap<(Instant, u64), Command>,
}

pub struct Network {
    pub delay_ms: (u64, u64),
    pub loss_percent: u64,
}

pub struct Exchange {
    pub now: Now,
    pub switchboard: Switchboard,
    stack: Stack,
    address: SocketAddr,
    pub phones: Vec<Phone>,
    pub bridges: Vec<(Instant, LegId, LegId)>,
    pub network: Network,
    subscribers: BTreeMap<String, String>,
    air: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    media: BTreeMap<(Instant, u64), LegEvent>,
    answers: BTreeMap<(Instant, u64), Event>,
    pub caller_legs: Vec<LegId>,
    random: ChaCha8Rng,
    sequence: u64,
}

impl Exchange {
    /// Operators 101, 102, … have static phones at 10.0.0.11, 10.0.0.12, …; phone 0 belongs to the caller.
    pub fn new(seed: u64, operators: u8, network: Network) -> Exchange {
        let (installation, flows) = shipped();
        let mut settings = installation.switchboard_settings();
        settings.trunks = vec!["10.0.0.0/24".parse().unwrap()];
        let pool = settings.pools.iter_mut().find(|pool| pool.name.as_str() == "main").unwrap();
        for n in 1..=operators {
            let id = OperatorId::from(format!("10{n}"));
            let operator = OperatorSettings {
                name: format!("Operator {n}"),
                queues: pool.queues.keys().cloned().collect(),
                contact: Some(format!("sip:10{n}@10.0.0.1{n}:5060")),
                ..OperatorSettings::default()
            };
            pool.operators.insert(id, operator);
        }
        let address: SocketAddr = "10.0.0.1:5060".parse().unwrap();
        let stack = |address: SocketAddr, seed: u64| {
            let config = sip::Config { listeners: vec![(Transport::Udp, address)], ..sip::Config::default() };
            Stack::new(config, seed)
        };
        let phone = |address: SocketAddr, seed: u64| Phone {
            address,
            stack: stack(address, seed),
            picks_up: None,
            events: Vec::new(),
            talking: Vec::new(),
            agenda: BTreeMap::new(),
        };
        let mut phones = vec![phone("10.0.0.9:5060".parse().unwrap(), seed ^ 9)];
        for n in 1..=operators {
            phones.push(phone(format!("10.0.0.1{n}:5060").parse().unwrap(), seed ^ (100 + u64::from(n))));
        }
        Exchange {
            now: Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) },
            switchboard: Switchboard::new(settings, flows.clone(), seed),
            stack: stack(address, seed),
            address,
            phones,
            bridges: Vec::new(),
            network,
            subscribers: BTreeMap::new(),
            air: BTreeMap::new(),
            media: BTreeMap::new(),
            answers: BTreeMap::new(),
            caller_legs: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            sequence: 0,
        }
    }

    pub fn subscriber(&mut self, number: &str, class: &str) {
        self.subscribers.insert(number.to_string(), class.to_string());
    }

    /// A number between two bounds, from this exchange's own dice.
    pub fn dice(&mut self, from: u64, to: u64) -> u64 {
        from + self.random.next_u64() % (to - from + 1)
    }

    /// The caller's phone dials a line.
    pub fn dial(&mut self, from: &str, number: &str) -> LegId {
        self.sequence += 1;
        let leg = LegId::outgoing(self.sequence);
        let invite = Invite {
            leg,
            to: Target::Uri { uri: format!("sip:{number}@{}", self.address), via: None },
            from: Identity { display: String::new(), user: from.to_string(), host: "10.0.0.9".to_string() },
            headers: Vec::new(),
            sdp: SDP.to_string(),
        };
        self.phone_command(0, Command::Invite(Box::new(invite)));
        leg
    }

    pub fn phone_command(&mut self, phone: usize, command: Command) {
        let mut out = Vec::new();
        if let Command::Hangup { leg, .. } = &command {
            self.phones[phone].talking.retain(|talking| talking != leg);
        }
        self.phones[phone].stack.command(command, self.now, &mut out);
        self.phone_outputs(phone, out);
    }

    /// The newest caller presses a key.
    pub fn press(&mut self, key: char) {
        let leg = *self.caller_legs.last().unwrap();
        let digit = Digit::from_char(key).unwrap();
        self.input(Event::Leg(LegEvent::Digit { leg, digit, method: DigitMethod::Rfc4733 }));
    }

    pub fn run(&mut self, time: Duration) {
        let until = self.now.mono + time;
        while self.step(until) {}
        self.now = self.now.later(until.since(self.now.mono));
    }

    pub fn run_until(&mut self, within: Duration, mut done: impl FnMut(&Exchange) -> bool) -> bool {
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

    fn step(&mut self, until: Instant) -> bool {
        let first = |at: Option<&(Instant, u64)>| at.map(|(at, _)| *at);
        let mut next = [
            first(self.air.keys().next()),
            first(self.media.keys().next()),
            first(self.answers.keys().next()),
            self.stack.next_timeout(),
            self.switchboard.next_timeout(),
        ]
        .into_iter()
        .fold(None, earlier);
        for phone in &self.phones {
            next = earlier(next, phone.stack.next_timeout());
            next = earlier(next, first(phone.agenda.keys().next()));
        }
        let Some(at) = next.filter(|at| *at <= until) else { return false };
        self.now = self.now.later(at.since(self.now.mono));
        let due = |key: Option<&(Instant, u64)>| key.copied().filter(|(at, _)| *at <= self.now.mono);
        if let Some(key) = due(self.air.keys().next()) {
            let (from, to, bytes) = self.air.remove(&key).unwrap();
            self.deliver(from, to, &bytes);
        } else if let Some(key) = due(self.media.keys().next()) {
            let event = self.media.remove(&key).unwrap();
            self.input(Event::Leg(event));
        } else if let Some(key) = due(self.answers.keys().next()) {
            let event = self.answers.remove(&key).unwrap();
            self.input(event);
        } else if self.stack.next_timeout().is_some_and(|at| at <= self.now.mono) {
            let mut out = Vec::new();
            self.stack.handle_timeout(self.now, &mut out);
            self.outputs(out);
        } else if self.switchboard.next_timeout().is_some_and(|at| at <= self.now.mono) {
            self.input(Event::Tick);
        } else {
            for phone in 0..self.phones.len() {
                let now = self.now;
                if let Some(key) =
                    self.phones[phone].agenda.keys().next().copied().filter(|(at, _)| *at <= now.mono)
                {
                    let command = self.phones[phone].agenda.remove(&key).unwrap();
                    self.phone_command(phone, command);
                    break;
                }
                if self.phones[phone].stack.next_timeout().is_some_and(|at| at <= now.mono) {
                    let mut out = Vec::new();
                    self.phones[phone].stack.handle_timeout(now, &mut out);
                    self.phone_outputs(phone, out);
                    break;
                }
            }
        }
        true
    }

    fn key(&mut self, after: Duration) -> (Instant, u64) {
        self.sequence += 1;
        (self.now.mono + after, self.sequence)
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if self.random.next_u64() % 100 < self.network.loss_percent {
            return;
        }
        let (least, most) = self.network.delay_ms;
        let delay = Duration::from_micros(self.dice(least * 1000, most * 1000));
        let key = self.key(delay);
        self.air.insert(key, (from, to, bytes));
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let hop = Hop { transport: Transport::Udp, local: to, peer: from };
        let mut out = Vec::new();
        if to == self.address {
            self.stack.receive(hop, bytes, self.now, &mut out);
            self.outputs(out);
        } else if let Some(phone) = self.phones.iter().position(|phone| phone.address == to) {
            self.phones[phone].stack.receive(hop, bytes, self.now, &mut out);
            self.phone_outputs(phone, out);
        }
    }

    fn outputs(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Send { hop, bytes } => self.send(self.address, hop.peer, bytes),
                Output::Event(event) => {
                    if let sip::Event::Incoming(invite) = &event {
                        self.caller_legs.push(invite.leg);
                    }
                    self.input(Event::Sip(event));
                }
            }
        }
    }

    fn phone_outputs(&mut self, phone: usize, out: Vec<Output>) {
        let address = self.phones[phone].address;
        for output in out {
            match output {
                Output::Send { hop, bytes } => self.send(address, hop.peer, bytes),
                Output::Event(event) => {
                    let now = self.now.mono;
                    match &event {
                        sip::Event::Incoming(invite) => {
                            let leg = invite.leg;
                            let key = self.key(Duration::from_millis(5));
                            self.phones[phone].agenda.insert(key, Command::Ring { leg, early: None });
                            if let Some(after) = self.phones[phone].picks_up {
                                let key = self.key(after);
                                let answer = Command::Answer { leg, sdp: SDP.to_string() };
                                self.phones[phone].agenda.insert(key, answer);
                            }
                        }
                        sip::Event::Confirmed { leg, .. } | sip::Event::Answered { leg, .. } => {
                            self.phones[phone].talking.push(*leg);
                        }
                        sip::Event::Ended { leg, .. } | sip::Event::Failed { leg, .. } => {
                            self.phones[phone].talking.retain(|talking| talking != leg);
                        }
                        _ => {}
                    }
                    self.phones[phone].events.push((now, event));
                }
            }
        }
    }

    pub fn input(&mut self, event: Event) {
        let mut out = Vec::new();
        self.switchboard.handle(event, self.now, &mut out);
        for action in out {
            match action {
                Action::Sip(command) => {
                    let mut out = Vec::new();
                    self.stack.command(command, self.now, &mut out);
                    self.outputs(out);
                }
                Action::Leg { command, .. } => self.leg(command),
                Action::Ask(ask) => self.ask(ask),
                _ => {}
            }
        }
    }

    fn leg(&mut self, command: LegCommand) {
        let (after, event) = match command {
            LegCommand::Open { leg, .. } => {
                (Duration::from_micros(300), LegEvent::Opened { leg, sdp: SDP.to_string() })
            }
            LegCommand::Answer { leg, .. } => (Duration::from_millis(20), LegEvent::Flowing { leg }),
            LegCommand::Play { leg, play, .. } => (Duration::from_secs(2), LegEvent::PlayDone { leg, play }),
            LegCommand::Close { leg } => {
                (Duration::from_millis(5), LegEvent::Closed { leg, quality: Quality::default() })
            }
            LegCommand::Bridge { a, b } => {
                self.bridges.push((self.now.mono, a, b));
                return;
            }
            _ => return,
        };
        let key = self.key(after);
        self.media.insert(key, event);
    }

    fn ask(&mut self, ask: Ask) {
        let request = ask.request();
        let answer = match ask {
            Ask::Lookup { what: hotline::flow::Lookup::Subscriber { number }, .. } => {
                match self.subscribers.get(&number) {
                    Some(class) => {
                        let row = [("number", number.clone()), ("class", class.clone())];
                        let row = row.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
                        Answer::Found { request, row }
                    }
                    None => Answer::NotFound { request },
                }
            }
            _ => Answer::Failed { request },
        };
        let key = self.key(Duration::from_millis(1));
        self.answers.insert(key, Event::Store(answer));
    }
}
