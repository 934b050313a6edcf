//! What a signalled call costs the control side, INVITE to BYE: parsing, transactions, the flow up to its first prompt, the
//! record, the journal's text, and the system calls of the socket. CPU time of the thread while it does the server's part;
//! the caller's part is not counted, and neither is being woken (`make bench` shows that in the running server).
use criterion::{Criterion, criterion_group, criterion_main};
use hotline::call::{Answer, Ask};
use hotline::cli::installation::Installation;
use hotline::config::Config;
use hotline::ids::LegId;
use hotline::machine::{Instant, Machine, Now, Wall};
use hotline::media::{LegCommand, LegEvent, Quality};
use hotline::sip::{self, Command, Hop, Identity, Invite, Output, Stack, Target, Transport};
use hotline::switchboard::{Action, Event, Switchboard};
use rustix::time::{ClockId, clock_gettime};
use std::collections::VecDeque;
use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n\
                   a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n";

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

struct Server {
    socket: UdpSocket,
    address: SocketAddr,
    stack: Stack,
    switchboard: Switchboard,
    outputs: Vec<Output>,
    actions: Vec<Action>,
    inputs: VecDeque<Event>,
    buffer: Vec<u8>,
    journal_bytes: usize,
}

struct Caller {
    socket: UdpSocket,
    address: SocketAddr,
    stack: Stack,
    outputs: Vec<Output>,
    buffer: Vec<u8>,
    answered: u64,
}

fn bind() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn stack(address: SocketAddr, seed: u64) -> Stack {
    Stack::new(sip::Config { listeners: vec![(Transport::Udp, address)], ..sip::Config::default() }, seed)
}

impl Server {
    fn new() -> Server {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config::load(None, Path::new("data")).unwrap();
        config.flows.dir = root.join("call-flows");
        config.prompts.dir = root.join("prompts");
        let installation = Installation { config, config_file: None, data_dir: PathBuf::from("data") };
        let flows = installation.flows(None).unwrap_or_else(|failure| panic!("{}", failure.message));
        let (socket, address) = bind();
        Server {
            socket,
            address,
            stack: stack(address, 1),
            switchboard: Switchboard::new(installation.switchboard_settings(), Arc::new(flows), 1),
            outputs: Vec::new(),
            actions: Vec::new(),
            inputs: VecDeque::new(),
            buffer: vec![0; 65_535],
            journal_bytes: 0,
        }
    }

    /// All that has come, and what follows from it.
    fn turn(&mut self, now: Now) {
        while let Ok((length, peer)) = self.socket.recv_from(&mut self.buffer) {
            let hop = Hop { transport: Transport::Udp, local: self.address, peer };
            self.stack.receive(hop, &self.buffer[..length], now, &mut self.outputs);
            self.send();
            while let Some(event) = self.inputs.pop_front() {
                self.journal_bytes += serde_json::to_string(&event).unwrap().len();
                self.switchboard.handle(event, now, &mut self.actions);
                for action in std::mem::take(&mut self.actions) {
                    self.carry_out(action, now);
                }
            }
        }
        if self.stack.next_timeout().is_some_and(|at| at <= now.mono) {
            self.stack.handle_timeout(now, &mut self.outputs);
            self.send();
        }
    }

    fn carry_out(&mut self, action: Action, now: Now) {
        match action {
            Action::Sip(command) => {
                self.stack.command(command, now, &mut self.outputs);
                self.send();
            }
            Action::Leg { command: LegCommand::Open { leg, .. }, .. } => {
                self.inputs.push_back(Event::Leg(LegEvent::Opened { leg, sdp: SDP.into() }));
            }
            Action::Leg { command: LegCommand::Close { leg }, .. } => {
                self.inputs.push_back(Event::Leg(LegEvent::Closed { leg, quality: Quality::default() }));
            }
            Action::Ask(Ask::Lookup { request, .. }) => {
                self.inputs.push_back(Event::Store(Answer::NotFound { request }));
            }
            action => drop(black_box(action)),
        }
    }

    fn send(&mut self) {
        for output in std::mem::take(&mut self.outputs) {
            match output {
                Output::Send { hop, bytes } => drop(self.socket.send_to(&bytes, hop.peer)),
                Output::Event(event) => self.inputs.push_back(Event::Sip(event)),
            }
        }
    }
}

impl Caller {
    fn new() -> Caller {
        let (socket, address) = bind();
        Caller {
            socket,
            address,
            stack: stack(address, 2),
            outputs: Vec::new(),
            buffer: vec![0; 65_535],
            answered: 0,
        }
    }

    fn command(&mut self, command: Command, now: Now) {
        self.stack.command(command, now, &mut self.outputs);
        self.send();
    }

    /// How many messages there were.
    fn turn(&mut self, now: Now) -> usize {
        let mut messages = 0;
        while let Ok((length, peer)) = self.socket.recv_from(&mut self.buffer) {
            messages += 1;
            let hop = Hop { transport: Transport::Udp, local: self.address, peer };
            self.stack.receive(hop, &self.buffer[..length], now, &mut self.outputs);
            self.send();
        }
        self.stack.handle_timeout(now, &mut self.outputs);
        self.send();
        messages
    }

    fn send(&mut self) {
        for output in self.outputs.drain(..) {
            match output {
                Output::Send { hop, bytes } => drop(self.socket.send_to(&bytes, hop.peer).unwrap()),
                Output::Event(sip::Event::Answered { .. }) => self.answered += 1,
                Output::Event(_) => {}
            }
        }
    }
}

/// INVITE 100 200 ACK, the first prompt, BYE 200, the record: the server's CPU time.
fn call(server: &mut Server, caller: &mut Caller, now: &mut Now, n: u64) -> Duration {
    let leg = LegId::outgoing(n);
    let invite = Invite {
        leg,
        to: Target::Uri { uri: format!("sip:88007077759@{}", server.address), via: None },
        from: Identity { display: "".into(), user: "+79161234567".into(), host: "example.org".into() },
        headers: vec![],
        sdp: SDP.into(),
    };
    let mut spent = Duration::ZERO;
    for command in [Command::Invite(Box::new(invite)), Command::Hangup { leg, reason: None }] {
        caller.command(command, *now);
        loop {
            let begun = cpu();
            server.turn(*now);
            spent += cpu() - begun;
            if caller.turn(*now) == 0 {
                break;
            }
        }
        *now = now.later(Duration::from_millis(5));
    }
    spent
}

fn benchmark(c: &mut Criterion) {
    let (mut server, mut caller) = (Server::new(), Caller::new());
    let mut now = Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) };
    let mut n = 0;
    // 100 calls a second: transactions of 3,200 calls are remembered, as in a busy node.
    for _ in 0..4000 {
        n += 1;
        call(&mut server, &mut caller, &mut now, n);
    }
    assert_eq!(caller.answered, 4000, "every call is answered");
    assert_eq!(server.switchboard.calls(), 0, "every call is over");
    assert!(server.journal_bytes > 4000 * 500, "every call was journalled");
    c.bench_function("a signalled call, INVITE to BYE", |b| {
        b.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                n += 1;
                spent += call(&mut server, &mut caller, &mut now, n);
            }
            spent
        });
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
