//! What a leg costs without its sockets, and what a shard costs with them.
use criterion::{Criterion, criterion_group, criterion_main};
use hotline::clock::Clock;
use hotline::ids::{LegId, PlayId, ShardId};
use hotline::machine::Now;
use hotline::media::codec::Codec;
use hotline::media::leg::{Leg, Seed, Settings};
use hotline::media::packet::Packet;
use hotline::media::playout::Script;
use hotline::media::prompt::{Clip, PromptSet};
use hotline::media::sdp::{self, LocalMedia};
use hotline::media::sink::Sink;
use hotline::media::{LegCommand, LegEvent, Negotiation, tone};
use hotline::say::{Language, Piece};
use hotline::shard::{Options, Shards, raise_file_limit};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn leg(now: Now) -> Leg {
    let local =
        LocalMedia { address: LOOPBACK, rtp_port: 20000, rtcp_port: 20001, session_id: 0, version: 1 };
    let settings = Settings { rtp_timeout: Duration::from_secs(3600) };
    let mut leg = Leg::new(LegId(2), local, LOOPBACK, Seed([7; 4]), settings, now.mono, now);
    let offer = sdp::offer(&LocalMedia { rtp_port: 4000, rtcp_port: 4001, ..local });
    leg.answer_offer(&offer, now).unwrap();
    leg
}

/// One packet received and one frame sent, listening for tones.
fn one_leg(c: &mut Criterion) {
    let mut now = Now::default().later(Duration::from_secs(1));
    let mut leg = leg(now);
    let mut sink = Sink::default();
    let clip = Arc::new(Clip::new(&tone::sine(500.0, -10.0, Duration::from_secs(3600))));
    leg.play(PlayId(1), Script::clip(clip), true, now, &mut sink);
    let from = SocketAddr::new(LOOPBACK, 4000);
    let voice = Codec::Pcma.encode_all(&tone::sine(310.0, -18.0, Duration::from_millis(20)));
    let mut packet =
        Packet { marker: false, payload_type: 8, sequence: 0, timestamp: 0, ssrc: 9, payload: &voice };
    let mut bytes = packet.to_bytes();
    c.bench_function("leg/receive and tick", |b| {
        b.iter(|| {
            packet.sequence = packet.sequence.wrapping_add(1);
            packet.timestamp = packet.timestamp.wrapping_add(160);
            bytes[..12].copy_from_slice(&packet.header());
            black_box(leg.receive(&bytes, from, now, &mut sink));
            leg.tick(now, &mut sink);
            black_box(sink.has_datagrams());
            sink.clear_datagrams();
            sink.events.clear();
            now = now.later(Duration::from_millis(20));
        });
    });
}

/// CPU time of the shard's thread, in microseconds, from the kernel's accounting.
fn thread_cpu_us(name: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    for task in tasks {
        let path = task.path();
        if std::fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name) {
            let schedstat = std::fs::read_to_string(path.join("schedstat")).unwrap();
            return schedstat.split(' ').next().unwrap().parse::<u64>().unwrap() / 1000;
        }
    }
    0
}

/// Not a criterion measurement but one number: the mean CPU of a shard's thread per packet, kernel included.
fn shard_per_packet(_: &mut Criterion) {
    raise_file_limit();
    let legs = 400u64;
    let clock = Clock::start();
    let mut prompts = PromptSet::empty();
    prompts.insert(Language::En, "minute".into(), &tone::sine(500.0, -10.0, Duration::from_secs(60)));
    prompts.insert_music("calm", &tone::sine(300.0, -20.0, Duration::from_secs(2)));
    let prompts = Arc::new(prompts);
    for (name, prompt) in [("prompts", true), ("music", false)] {
        let options = Options::new(LOOPBACK, 30000..=30000 + 2 * legs as u16, clock);
        let (mut shards, mut events) = Shards::start(options, prompts.clone(), Vec::new()).unwrap();
        let sockets: Vec<UdpSocket> = (0..legs).map(|_| UdpSocket::bind((LOOPBACK, 0)).unwrap()).collect();
        let mut heard = Vec::new();
        for (i, socket) in sockets.iter().enumerate() {
            let leg = LegId(i as u64 * 2);
            let port = socket.local_addr().unwrap().port();
            let local =
                LocalMedia { address: LOOPBACK, rtp_port: port, rtcp_port: port, session_id: 1, version: 1 };
            let how = Negotiation::Answer { offer: sdp::offer(&local) };
            shards.send(ShardId(0), LegCommand::Open { leg, how, peer: LOOPBACK }).unwrap();
            let command = match prompt {
                true => LegCommand::Play {
                    leg,
                    play: PlayId(1),
                    language: Language::En,
                    pieces: vec![Piece::Prompt("minute".into())],
                    barge_in: true,
                },
                false => LegCommand::Music { leg, music: "calm".into() },
            };
            shards.send(ShardId(0), command).unwrap();
        }
        while heard.iter().filter(|event| matches!(event, LegEvent::Opened { .. })).count() < legs as usize {
            events.recv_timeout(&mut heard, Duration::from_secs(5)).unwrap();
        }
        let ports: Vec<u16> = heard
            .iter()
            .filter_map(|event| match event {
                LegEvent::Opened { sdp, .. } => {
                    let line = sdp.lines().find(|line| line.starts_with("m=audio"))?;
                    line.split(' ').nth(1)?.parse().ok()
                }
                _ => None,
            })
            .collect();
        let voice = Codec::Pcma.encode_all(&tone::sine(310.0, -18.0, Duration::from_millis(20)));
        let (before, cpu) = (shards.stats()[0], thread_cpu_us("media-0"));
        let begun = clock.mono();
        for round in 0..150u32 {
            for (socket, port) in sockets.iter().zip(&ports) {
                let packet = Packet {
                    marker: false,
                    payload_type: 8,
                    sequence: round as u16,
                    timestamp: round * 160,
                    ssrc: 9,
                    payload: &voice,
                };
                socket.send_to(&packet.to_bytes(), (LOOPBACK, *port)).unwrap();
            }
            let next = begun + Duration::from_millis(20) * (round + 1);
            std::thread::park_timeout(next.since(clock.mono()));
        }
        let (after, cpu) = (shards.stats()[0], thread_cpu_us("media-0") - cpu);
        let packets = after.packets_in + after.packets_out - before.packets_in - before.packets_out;
        println!(
            "shard/{name}: {legs} legs, {packets} packets, {:.2} µs of CPU each; lag {:?}, worst {} µs",
            cpu as f64 / packets as f64,
            after.lag,
            after.lag_max_us
        );
    }
}

/// What the kernel alone takes for the same packets on this machine, the floor of the number above: as many sockets, one
/// datagram out and one in for each, and nothing else. Over loopback sending includes the delivery to the other socket.
fn kernel_per_packet(_: &mut Criterion) {
    let pairs = 400;
    let bind = || UdpSocket::bind((LOOPBACK, 0)).unwrap();
    let sockets: Vec<(UdpSocket, UdpSocket)> = (0..pairs).map(|_| (bind(), bind())).collect();
    let peers: Vec<SocketAddr> = sockets.iter().map(|(_, peer)| peer.local_addr().unwrap()).collect();
    let packet = [0x80; 172];
    let mut buffer = [0; 1500];
    let (mut out, mut inward) = (Duration::ZERO, Duration::ZERO);
    let cpu = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let rounds = 150;
    for _ in 0..rounds {
        let begun = cpu();
        for ((own, _), to) in sockets.iter().zip(&peers) {
            own.send_to(&packet, *to).unwrap();
        }
        out += cpu() - begun;
        for (own, peer) in &sockets {
            peer.recv_from(&mut buffer).unwrap();
            peer.send_to(&packet, own.local_addr().unwrap()).unwrap();
        }
        let begun = cpu();
        for (own, _) in &sockets {
            own.recv_from(&mut buffer).unwrap();
        }
        inward += cpu() - begun;
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(rounds * pairs);
    println!(
        "kernel alone: {:.2} µs to send, {:.2} µs to receive, {:.2} µs in the mean",
        each(out),
        each(inward),
        (each(out) + each(inward)) / 2.0
    );
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = one_leg, kernel_per_packet, shard_per_packet
}
criterion_main!(benches);
