//! The packet path allocates nothing: counted by an allocator of our own, which is why this is a test binary of its own.
use hotline::digit::Digit;
use hotline::ids::{LegId, PlayId};
use hotline::machine::Now;
use hotline::media::Supervision;
use hotline::media::bridge::Kind;
use hotline::media::codec::{Codec, FRAME_SAMPLES};
use hotline::media::dtmf::telephone_event::Payload;
use hotline::media::leg::{Leg, Seed, Settings};
use hotline::media::mix::{Mixer, Party};
use hotline::media::packet::Packet;
use hotline::media::playout::Script;
use hotline::media::prompt::Clip;
use hotline::media::sdp::LocalMedia;
use hotline::media::sink::Sink;
use hotline::media::tone;
use hotline::robot::load;
use hotline::robot::mouth::Sound;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // It fails only while the thread ends.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: each call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count();
        unsafe { System.dealloc(memory, layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

fn leg(id: u64, codec: u8, now: Now) -> Leg {
    let local = LocalMedia { address: PEER, rtp_port: 20000, rtcp_port: 20001, session_id: 0, version: 1 };
    let settings = Settings { rtp_timeout: Duration::from_secs(30) };
    let mut leg = Leg::new(LegId(id), local, PEER, Seed([id; 4]), settings, now.mono, now);
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 {PEER}\r\ns=-\r\nc=IN IP4 {PEER}\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP {codec} 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    );
    leg.answer_offer(&offer, now).unwrap();
    leg
}

#[test]
fn the_packet_path_allocates_nothing() {
    let mut now = Now::default().later(Duration::from_secs(1));
    let (mut a, mut b) = (leg(2, 8, now), leg(3, 0, now));
    let mut sink = Sink::default();
    let clip = Arc::new(Clip::new(&tone::sine(500.0, -10.0, Duration::from_secs(1))));
    let limits = (Duration::from_secs(600), Duration::from_secs(600));
    let voice = Codec::Pcma.encode_all(&tone::dtmf(Digit::HASH, -10.0, Duration::from_millis(60)));
    let press = Payload { event: 5, end: true, duration: 800 }.to_bytes();
    let from = SocketAddr::new(PEER, 4000);
    let (mut sequence, mut timestamp) = (1u16, 1u32);
    let mut packets: Vec<Vec<u8>> = Vec::with_capacity(4);
    let (mut calls, mut heard, mut sent) = (0, 0, 0);
    for round in 0..600u32 {
        // Commands: they may allocate, for they are not the packet path.
        match round % 200 {
            0 => a.play(PlayId(1), Script::clip(clip.clone()), true, now, &mut sink),
            60 => a.music(Some(clip.clone()), &mut sink),
            100 => a.record("x".into(), limits.0, limits.1, clip.clone(), now, &mut sink),
            150 => {
                a.join(&mut sink);
                b.join(&mut sink);
            }
            199 => {
                a.part(now, &mut sink);
                b.part(now, &mut sink);
            }
            _ => {}
        }
        sink.chunks.clear();
        packets.clear();
        // Tones until the first event proves that they need not be listened for; now and then a packet is lost.
        sequence = sequence.wrapping_add(if round % 37 == 0 { 2 } else { 1 });
        let event = round > 100 && round % 50 == 49;
        let (payload_type, payload) =
            if event { (101, &press[..]) } else { (8, &voice[round as usize % 3 * 160..][..160]) };
        packets
            .push(Packet { marker: event, payload_type, sequence, timestamp, ssrc: 9, payload }.to_bytes());
        timestamp = timestamp.wrapping_add(160);

        let warm = round >= 10;
        let before = CALLS.get();
        for _ in 0..4 {
            for packet in &packets {
                if let Some(passed) = a.receive(packet, from, now, &mut sink) {
                    b.pass(&passed, now, &mut sink);
                }
            }
            a.tick(now, &mut sink);
            b.tick(now, &mut sink);
            sent += sink.datagrams().count();
            sink.clear_datagrams();
            sink.chunks.clear();
            now = now.later(Duration::from_millis(5));
        }
        if warm {
            calls += CALLS.get() - before;
        }
        heard += sink.events.len();
        // The control side drops these.
        sink.events.clear();
        sink.spent.clear();
    }
    assert!(sent > 600 && heard > 10, "the legs were at work: {sent} packets, {heard} events");
    assert_eq!(calls, 0, "allocations and releases on the packet path");
}

#[test]
fn a_talk_that_is_mixed_and_recorded_allocates_nothing_per_packet() {
    let mut now = Now::default().later(Duration::from_secs(1));
    let mut legs = [leg(2, 8, now), leg(3, 0, now), leg(5, 8, now)];
    let mut sink = Sink::default();
    let mut mixer = Mixer::new(Supervision::Barge);
    legs.iter_mut().for_each(|leg| leg.join(&mut sink));
    legs[0].record_talk("x".into(), now.mono, &mut sink);
    let voice = tone::sine(500.0, -10.0, Duration::from_millis(20));
    let from = SocketAddr::new(PEER, 4000);
    let mut packets: Vec<Vec<u8>> = Vec::with_capacity(4);
    let (mut calls, mut sent, mut recorded) = (0, 0, 0);
    for round in 0..300u32 {
        packets.clear();
        for (payload_type, codec) in [(8, Codec::Pcma), (0, Codec::Pcmu), (8, Codec::Pcma)] {
            let (sequence, timestamp, payload) =
                (round as u16 + 1, round * 160, &codec.encode_all(&voice)[..]);
            let packet = Packet { marker: false, payload_type, sequence, timestamp, ssrc: 9, payload };
            packets.push(packet.to_bytes());
        }
        let before = CALLS.get();
        for (index, party) in Party::ALL.into_iter().enumerate() {
            let Some(passed) = legs[index].receive(&packets[index], from, now, &mut sink) else { continue };
            if let Kind::Voice(codec) = passed.kind {
                mixer.put(party, codec, passed.timestamp, passed.payload);
            }
            if party == Party::Operator {
                legs[0].overhear(&passed);
            }
        }
        mixer.advance();
        for (leg, party) in legs.iter_mut().zip(Party::ALL) {
            let mut frame = [0; FRAME_SAMPLES];
            mixer.heard_by(party, &mut frame);
            leg.say_mixed(&frame, now, &mut sink);
            leg.tick(now, &mut sink);
        }
        sent += sink.datagrams().count();
        recorded += sink.chunks.len();
        sink.clear_datagrams();
        sink.chunks.clear();
        now = now.later(Duration::from_millis(20));
        if round >= 10 {
            calls += CALLS.get() - before;
        }
        sink.events.clear();
    }
    assert!(sent > 800 && recorded > 500, "they were at work: {sent} packets, {recorded} chunks");
    assert_eq!(calls, 0, "allocations and releases on the packet path");
}

#[test]
fn a_call_of_the_load_generator_allocates_nothing_per_packet() {
    let options = load::Options { keys: "1,w0.1,2,w0.1,3".parse().unwrap(), ..load::Options::default() };
    let clip = Sound::Tone(440).clip(Codec::Pcma);
    let mut measured = load::report::Measured::default();
    let mut now = Now::default().later(Duration::from_secs(1)).mono;
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut line = load::line::Line::open(LegId(1), local, &options, clip.clone(), now).unwrap();
    let peer = std::net::UdpSocket::bind((local, 0)).unwrap();
    let port = peer.local_addr().unwrap().port();
    let answer = format!(
        "v=0\r\nc=IN IP4 {local}\r\nm=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    );
    assert!(line.answered(&answer, |_| clip.clone(), now, &mut measured));
    let heard = [0x20; 160];
    let packets: Vec<Vec<u8>> = (0..200u16)
        .map(|n| Packet {
            marker: n % 50 == 0,
            payload_type: 8,
            sequence: n,
            timestamp: u32::from(n) * 160,
            ssrc: 1,
            payload: &heard,
        })
        .map(|packet| packet.to_bytes())
        .collect();
    let before = CALLS.get();
    for packet in &packets {
        now += Duration::from_millis(20);
        line.receive(packet, now, &mut measured);
        assert_eq!(line.turn(&options, now, &mut measured), load::line::Turn::GoOn);
    }
    assert_eq!(CALLS.get() - before, 0);
    line.close(&mut measured);
    let report = measured.finish(Duration::from_secs(4));
    assert_eq!((report.packets.sent, report.packets.received, report.keys), (200, 200, 3));
}
