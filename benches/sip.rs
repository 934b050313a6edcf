//! What a SIP message and a whole call cost in CPU, without the kernel.
use criterion::{Criterion, criterion_group, criterion_main};
use hotline::ids::LegId;
use hotline::machine::{Instant, Now, Wall};
use hotline::sip::parse::parse;
use hotline::sip::{Command, Config, Event, Hop, Identity, Invite, Output, Stack, Target, Transport};
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 9 101\r\n\
                   a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
                   a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

fn address(side: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, side + 1], 5060))
}

fn stack(side: u8) -> Stack {
    let listeners = vec![(Transport::Udp, address(side))];
    Stack::new(Config { listeners, ..Config::default() }, u64::from(side))
}

fn invite(leg: LegId) -> Command {
    Command::Invite(Box::new(Invite {
        leg,
        to: Target::Uri { uri: "sip:78007077759@192.0.2.2".into(), via: None },
        from: Identity { display: "Caller".into(), user: "+79161234567".into(), host: "example.org".into() },
        headers: vec![],
        sdp: SDP.into(),
    }))
}

/// Carries messages between the two until neither has anything to say; the callee rings and answers.
fn carry(stacks: &mut [Stack; 2], side: usize, out: Vec<Output>, now: Now) {
    let mut work: Vec<(usize, Output)> = out.into_iter().map(|output| (side, output)).collect();
    let mut out = Vec::new();
    while let Some((from, output)) = (!work.is_empty()).then(|| work.remove(0)) {
        let to = match output {
            Output::Send { hop, bytes } => {
                let to = 1 - from;
                let hop = Hop { local: hop.peer, peer: hop.local, ..hop };
                stacks[to].receive(hop, &bytes, now, &mut out);
                to
            }
            Output::Event(Event::Incoming(call)) => {
                stacks[from].command(Command::Ring { leg: call.leg, early: None }, now, &mut out);
                stacks[from].command(Command::Answer { leg: call.leg, sdp: SDP.into() }, now, &mut out);
                from
            }
            Output::Event(_) => continue,
        };
        work.extend(out.drain(..).map(|output| (to, output)));
    }
}

/// INVITE 100 180 200 ACK, BYE 200: both stacks' work, and the end of the timers.
fn call(stacks: &mut [Stack; 2], now: &mut Now, n: u64) {
    let leg = LegId::outgoing(n);
    let mut out = Vec::new();
    stacks[0].command(invite(leg), *now, &mut out);
    carry(stacks, 0, std::mem::take(&mut out), *now);
    stacks[0].command(Command::Hangup { leg, reason: None }, *now, &mut out);
    carry(stacks, 0, out, *now);
    // 100 calls a second, so that 3,200 calls' transactions are remembered: the look-ups are those of a busy node.
    *now = now.later(Duration::from_millis(10));
    let mut out = Vec::new();
    for stack in stacks {
        stack.handle_timeout(*now, &mut out);
    }
}

fn benchmark(c: &mut Criterion) {
    let mut out = Vec::new();
    let mut now = Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) };
    stack(0).command(invite(LegId::outgoing(1)), now, &mut out);
    let Some(Output::Send { bytes, .. }) = out.pop() else { panic!("no INVITE") };
    c.bench_function("parse an INVITE", |b| b.iter(|| black_box(parse(black_box(&bytes)).is_ok())));

    let mut stacks = [stack(0), stack(1)];
    let mut n = 0;
    for _ in 0..4000 {
        n += 1;
        call(&mut stacks, &mut now, n);
    }
    c.bench_function("a call through two stacks", |b| {
        b.iter(|| {
            n += 1;
            call(&mut stacks, &mut now, n);
        });
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
