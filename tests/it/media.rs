//! The media plane over real sockets: shards with their threads, and plain UDP sockets as peers.
use hotline::clock::Clock;
use hotline::digit::{Digit, DigitMethod};
use hotline::ids::{LegId, PlayId, ShardId};
use hotline::media::codec::Codec;
use hotline::media::dtmf::telephone_event::Payload;
use hotline::media::packet::Packet;
use hotline::media::prompt::PromptSet;
use hotline::media::sdp::{self, LocalMedia, Negotiated};
use hotline::media::{LegCommand, LegEvent, Negotiation, Refusal, tone};
use hotline::say::{Language, Piece};
use hotline::shard::{Events, Options, Shards};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(10);

struct Bench {
    clock: Clock,
    shards: Shards,
    events: Events,
    backlog: Vec<LegEvent>,
}

impl Bench {
    fn new(shards: usize, pairs: u16) -> Bench {
        let clock = Clock::start();
        let mut prompts = PromptSet::empty();
        let second = |level| tone::sine(500.0, level, Duration::from_secs(1));
        prompts.insert(Language::En, "second".into(), &second(-10.0));
        prompts.insert_music("calm", &tone::sine(300.0, -20.0, Duration::from_secs(2)));
        let prompts = Arc::new(prompts);
        // Ports that were free a moment ago; another range is tried when somebody was quicker.
        for _ in 0..20 {
            let probe = UdpSocket::bind((LOOPBACK, 0)).unwrap().local_addr().unwrap().port();
            let first = probe.clamp(2000, 60000) & !1;
            let options = Options { shards, ..Options::new(LOOPBACK, first..=first + 2 * pairs - 1, clock) };
            if let Ok((shards, events)) = Shards::start(options, prompts.clone(), Vec::new())
                && shards.capacity() == usize::from(pairs)
            {
                return Bench { clock, shards, events, backlog: Vec::new() };
            }
        }
        panic!("no free range of {pairs} port pairs was found");
    }

    /// Waits for an event that `wanted` takes; the others are kept.
    fn wait<T>(&mut self, what: &str, mut wanted: impl FnMut(&LegEvent) -> Option<T>) -> T {
        let until = self.clock.mono() + PATIENCE;
        loop {
            if let Some(index) = self.backlog.iter().position(|event| wanted(event).is_some()) {
                return wanted(&self.backlog.remove(index)).unwrap();
            }
            let left = until.since(self.clock.mono());
            assert!(!left.is_zero(), "{what}: not within {PATIENCE:?}; there were {:?}", self.backlog);
            self.events.recv_timeout(&mut self.backlog, left).unwrap();
        }
    }

    fn send(&mut self, shard: u16, command: LegCommand) {
        self.shards.send(ShardId(shard), command).unwrap();
    }

    fn play(&mut self, shard: u16, leg: LegId, play: u64, seconds: usize) {
        let pieces = vec![Piece::Prompt("second".into()); seconds];
        let (play, language) = (PlayId(play), Language::En);
        self.send(shard, LegCommand::Play { leg, play, language, pieces, barge_in: true });
    }
}

/// A phone: a socket and what it knows of the call.
struct Phone {
    leg: LegId,
    socket: UdpSocket,
    session: Option<Negotiated>,
    sequence: u16,
    timestamp: u32,
}

impl Phone {
    fn new(leg: u64) -> Phone {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Phone { leg: LegId(leg), socket, session: None, sequence: leg as u16, timestamp: 0 }
    }

    fn local(&self) -> LocalMedia {
        let port = self.socket.local_addr().unwrap().port();
        LocalMedia { address: LOOPBACK, rtp_port: port, rtcp_port: port, session_id: 1, version: 1 }
    }

    fn open(&mut self, bench: &mut Bench, shard: u16) {
        let offer = sdp::offer(&self.local());
        let leg = self.leg;
        let how = Negotiation::Answer { offer: offer.clone() };
        bench.send(shard, LegCommand::Open { leg, how, peer: LOOPBACK });
        let answer = bench.wait("Opened", |event| match event {
            LegEvent::Opened { leg: opened, sdp } if *opened == leg => Some(sdp.clone()),
            _ => None,
        });
        self.session = Some(sdp::accept(&answer, &offer).unwrap());
    }

    fn send(&mut self, payload_type: u8, marker: bool, payload: &[u8]) {
        let packet = Packet {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.leg.0 as u32,
            payload,
        };
        let to = self.session.as_ref().unwrap().remote.rtp.unwrap();
        self.socket.send_to(&packet.to_bytes(), to).unwrap();
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn voice(&mut self, byte: u8) {
        self.send(8, false, &[byte; 160]);
        self.timestamp = self.timestamp.wrapping_add(160);
    }

    fn press(&mut self, key: char) {
        let event = Digit::from_char(key).unwrap().event();
        for (duration, end) in [(160, false), (320, true), (320, true), (320, true)] {
            let payload = Payload { event, end, duration }.to_bytes();
            self.send(101, duration == 160, &payload);
        }
        self.timestamp = self.timestamp.wrapping_add(320);
    }

    /// The next RTP packet.
    fn hear(&self, into: &mut [u8; 1500]) -> usize {
        loop {
            let count = self.socket.recv(into).expect("a packet within ten seconds");
            if !hotline::media::packet::is_rtcp(&into[..count]) {
                return count;
            }
        }
    }
}

fn is_speech(payload: &[u8]) -> bool {
    payload.iter().any(|byte| *byte != Codec::Pcma.silence())
}

#[test]
fn twenty_calls_on_two_shards_hear_every_packet_of_a_prompt() {
    let mut bench = Bench::new(2, 24);
    let clock = bench.clock;
    let mut phones: Vec<Phone> = (1..=20).map(|n| Phone::new(n * 2)).collect();
    for (i, phone) in phones.iter_mut().enumerate() {
        phone.open(&mut bench, i as u16 % 2);
    }
    for (i, phone) in phones.iter_mut().enumerate() {
        phone.voice(0xd5);
        bench.play(i as u16 % 2, phone.leg, 1, 3);
    }
    let listeners: Vec<_> = phones
        .into_iter()
        .map(|phone| {
            std::thread::spawn(move || {
                let mut bytes = [0; 1500];
                let (mut packets, mut last, mut worst) = (0u16, None::<(u16, u32)>, Duration::ZERO);
                let mut at = None;
                let expected = Codec::Pcma.encode_all(&tone::sine(500.0, -10.0, Duration::from_secs(1)));
                while packets < 150 {
                    let count = phone.hear(&mut bytes);
                    let now = clock.mono();
                    if let Some(before) = at.replace(now) {
                        worst = worst.max(now.since(before));
                    }
                    let packet = Packet::parse(&bytes[..count]).unwrap();
                    if let Some((sequence, timestamp)) = last {
                        assert_eq!(
                            packet.sequence,
                            sequence.wrapping_add(1),
                            "every packet arrives, in order"
                        );
                        assert_eq!(packet.timestamp, timestamp.wrapping_add(160));
                    } else {
                        assert!(packet.marker, "the first one begins a talk spurt");
                    }
                    let from = usize::from(packets) * 160 % 8000;
                    assert_eq!(packet.payload, &expected[from..from + 160], "frame {packets}");
                    last = Some((packet.sequence, packet.timestamp));
                    packets += 1;
                }
                (phone.leg, worst)
            })
        })
        .collect();
    let mut worst = Duration::ZERO;
    let mut legs = Vec::new();
    for listener in listeners {
        let (leg, gap) = listener.join().unwrap();
        worst = worst.max(gap);
        legs.push(leg);
    }
    for leg in &legs {
        bench.wait("PlayDone", |event| {
            matches!(event, LegEvent::PlayDone { leg: done, play: PlayId(1) } if done == leg).then_some(())
        });
    }
    for (i, leg) in legs.iter().enumerate() {
        bench.send(i as u16 % 2, LegCommand::Close { leg: *leg });
        let quality = bench.wait("Closed", |event| match event {
            LegEvent::Closed { leg: closed, quality } if closed == leg => Some(quality.clone()),
            _ => None,
        });
        assert_eq!((quality.codec.as_str(), quality.packets_received, quality.packets_lost), ("PCMA", 1, 0));
        assert!(quality.packets_sent >= 150);
    }
    // Counters are shown at the end of a tick: after the threads have ended they are complete.
    let meter = bench.shards.meter();
    drop(bench);
    let stats = meter.stats();
    assert!(stats.iter().all(|shard| shard.legs == 0 && shard.packets_out >= 1500));
    println!(
        "worst gap between two packets {worst:?}; lag {:?}, worst {:?} µs",
        stats[0].lag, stats[0].lag_max_us
    );
}

#[test]
fn a_digit_silences_the_prompt_and_the_next_one_follows_without_a_seam() {
    let mut bench = Bench::new(1, 2);
    let mut phone = Phone::new(2);
    phone.open(&mut bench, 0);
    phone.voice(0xd5);
    bench.wait("Flowing", |event| matches!(event, LegEvent::Flowing { .. }).then_some(()));
    let mut bytes = [0; 1500];
    let mut last: Option<(u16, u32)> = None;
    let mut latencies = Vec::new();
    let mut hear = |phone: &Phone, last: &mut Option<(u16, u32)>| {
        let count = phone.hear(&mut bytes);
        let packet = Packet::parse(&bytes[..count]).unwrap();
        if let Some((sequence, timestamp)) = *last {
            assert_eq!(packet.sequence, sequence.wrapping_add(1));
            let advance = packet.timestamp.wrapping_sub(timestamp);
            assert!((40..=480).contains(&advance) && advance % 40 == 0, "advanced by {advance}");
        }
        *last = Some((packet.sequence, packet.timestamp));
        (packet.marker, is_speech(packet.payload))
    };
    bench.play(0, phone.leg, 1, 3);
    for round in 2..12 {
        for _ in 0..5 {
            assert!(hear(&phone, &mut last).1);
        }
        let pressed = bench.clock.mono();
        phone.press('5');
        let method = bench.wait("Digit", |event| match event {
            LegEvent::Digit { digit, method, .. } => {
                assert_eq!(digit.as_char(), '5');
                Some(*method)
            }
            _ => None,
        });
        assert_eq!(method, DigitMethod::Rfc4733);
        bench.play(0, phone.leg, round, 1);
        // What was on the way, then perhaps a frame of silence, then the new prompt with its marker.
        while !hear(&phone, &mut last).0 {}
        latencies.push(bench.clock.mono().since(pressed));
    }
    latencies.sort();
    println!("digit to new audio: median {:?}, worst {:?}", latencies[latencies.len() / 2], latencies[9]);
    let stray =
        bench.backlog.iter().any(|event| matches!(event, LegEvent::Digit { .. } | LegEvent::PlayDone { .. }));
    assert!(!stray, "one digit for each press, no PlayDone for what was interrupted: {:?}", bench.backlog);
}

#[test]
fn two_bridged_calls_hear_each_other_and_strangers_are_counted() {
    let mut bench = Bench::new(2, 4);
    let (mut a, mut b) = (Phone::new(2), Phone::new(3));
    a.open(&mut bench, 1);
    b.open(&mut bench, 1);
    bench.send(1, LegCommand::Bridge { a: a.leg, b: b.leg });
    let mut bytes = [0; 1500];
    for i in 0..10u8 {
        a.voice(i);
        let count = b.hear(&mut bytes);
        assert_eq!(Packet::parse(&bytes[..count]).unwrap().payload, [i; 160]);
        b.voice(100 + i);
        let count = a.hear(&mut bytes);
        assert_eq!(Packet::parse(&bytes[..count]).unwrap().payload, [100 + i; 160]);
    }
    let stranger = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    let to = a.session.as_ref().unwrap().remote.rtp.unwrap();
    let packet =
        Packet { marker: false, payload_type: 8, sequence: 1, timestamp: 1, ssrc: 66, payload: &[66; 160] };
    stranger.send_to(&packet.to_bytes(), to).unwrap();
    a.voice(42);
    let count = b.hear(&mut bytes);
    assert_eq!(Packet::parse(&bytes[..count]).unwrap().payload, [42; 160]);
    bench.send(1, LegCommand::Close { leg: a.leg });
    let rejected = bench.wait("Closed", |event| match event {
        LegEvent::Closed { quality, .. } => Some(quality.packets_rejected),
        _ => None,
    });
    assert_eq!(rejected, 1);
    // The other leg lives on, falls silent, and can be spoken to.
    bench.play(1, b.leg, 9, 1);
    loop {
        let count = b.hear(&mut bytes);
        if is_speech(Packet::parse(&bytes[..count]).unwrap().payload) {
            break;
        }
    }
}

#[test]
fn a_used_up_port_range_and_a_strange_offer_are_refused() {
    let mut bench = Bench::new(1, 1);
    let mut phone = Phone::new(2);
    phone.open(&mut bench, 0);
    let offer = sdp::offer(&phone.local());
    for (leg, offer, expected) in
        [(4, offer.clone(), Refusal::NoPort), (6, offer.replace("PCM", "XYZ"), Refusal::NoPort)]
    {
        let leg = LegId(leg);
        bench.send(0, LegCommand::Open { leg, how: Negotiation::Answer { offer }, peer: LOOPBACK });
        let why = bench.wait("Refused", |event| match event {
            LegEvent::Refused { leg: refused, why } if *refused == leg => Some(*why),
            _ => None,
        });
        assert_eq!(why, expected);
    }
    let mut bench = Bench::new(1, 1);
    for _ in 0..2 {
        // A refused offer uses up no port.
        let how = Negotiation::Answer { offer: offer.replace("PCM", "XYZ") };
        bench.send(0, LegCommand::Open { leg: LegId(8), how, peer: LOOPBACK });
        let why = bench.wait("Refused", |event| match event {
            LegEvent::Refused { why, .. } => Some(*why),
            _ => None,
        });
        assert_eq!(why, Refusal::NoCommonCodec);
    }
}

#[tokio::test]
async fn events_wake_a_runtime_and_end_when_the_shards_do() {
    let Bench { mut shards, mut events, .. } = Bench::new(2, 2);
    let mut heard = Vec::new();
    for (shard, leg) in [(0, LegId(3)), (1, LegId(5))] {
        shards
            .send(ShardId(shard), LegCommand::Open { leg, how: Negotiation::Offer, peer: LOOPBACK })
            .unwrap();
    }
    while heard.len() < 2 {
        assert!(events.recv(&mut heard).await.unwrap() > 0);
    }
    assert!(heard.iter().all(|event| matches!(event, LegEvent::Opened { .. })));
    let ending = std::thread::spawn(move || drop(shards));
    heard.clear();
    while events.recv(&mut heard).await.unwrap() > 0 {}
    ending.join().unwrap();
    let closed = heard.iter().filter(|event| matches!(event, LegEvent::Closed { .. })).count();
    assert_eq!(closed, 2, "each leg's quality is told at the end, too");
}
