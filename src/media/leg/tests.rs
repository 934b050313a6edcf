//! A leg in virtual time: no socket, no clock, no thread.
use super::*;
use crate::media::codec::Codec;
use crate::media::dtmf::telephone_event::Payload;
use crate::media::record::Chunk;
use crate::media::tone;
use proptest::prelude::*;

const GRID: Duration = Duration::from_millis(5);
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

/// A packet that the leg sent.
#[derive(Clone, Debug)]
struct Said {
    ms: u64,
    to: SocketAddr,
    channel: Channel,
    bytes: Vec<u8>,
}

impl Said {
    fn rtp(&self) -> Packet<'_> {
        Packet::parse(&self.bytes).unwrap()
    }

    fn is_rtp(&self) -> bool {
        !packet::is_rtcp(&self.bytes)
    }
}

/// A leg, its peer and the time.
struct World {
    leg: Leg,
    now: Now,
    sink: Sink,
    said: Vec<Said>,
    events: Vec<LegEvent>,
    chunks: Vec<Chunk>,
    sequence: u16,
    timestamp: u32,
}

fn local() -> LocalMedia {
    LocalMedia {
        address: [192, 0, 2, 1].into(),
        rtp_port: 20000,
        rtcp_port: 20001,
        session_id: 0,
        version: 1,
    }
}

fn peer_address() -> SocketAddr {
    SocketAddr::new(PEER, 4000)
}

fn description(lines: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 {PEER}\r\ns=-\r\nc=IN IP4 {PEER}\r\nt=0 0\r\n{lines}")
}

const PCMA: &str = "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
const PCMU: &str = "m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";
const NO_EVENTS: &str = "m=audio 4000 RTP/AVP 8\r\n";

impl World {
    fn new(streams: &str) -> World {
        let now = Now::default().later(Duration::from_secs(100));
        let settings = Settings { rtp_timeout: Duration::from_secs(10) };
        let mut leg =
            Leg::new(LegId(2), local(), PEER, Seed([1, 2, 3, 0xffff_ff00]), settings, now.mono, now);
        leg.answer_offer(&description(streams), now).unwrap();
        World {
            leg,
            now,
            sink: Sink::default(),
            said: Vec::new(),
            events: Vec::new(),
            chunks: Vec::new(),
            sequence: 100,
            timestamp: 5000,
        }
    }

    fn ms(&self) -> u64 {
        self.now.mono.as_millis() - 100_000
    }

    fn collect(&mut self) {
        let ms = self.ms();
        let said =
            self.sink.datagrams().map(|(channel, to, bytes)| Said { ms, to, channel, bytes: bytes.to_vec() });
        self.said.extend(said);
        self.sink.clear_datagrams();
        self.events.append(&mut self.sink.events);
        self.chunks.append(&mut self.sink.chunks);
        self.sink.spent.clear();
    }

    /// Ticks for so long; the tick at the end of it is included.
    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 5 {
            self.now = self.now.later(GRID);
            self.leg.tick(self.now, &mut self.sink);
            self.collect();
        }
    }

    /// Commands are taken before the tick of the same moment.
    fn play(&mut self, play: u64, script: Script, barge_in: bool) {
        self.leg.play(PlayId(play), script, barge_in, self.now, &mut self.sink);
        self.leg.tick(self.now, &mut self.sink);
        self.collect();
    }

    fn hear_from(&mut self, from: SocketAddr, payload_type: u8, marker: bool, payload: &[u8]) {
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        let bytes = Packet { marker, payload_type, sequence, timestamp, ssrc: 9, payload }.to_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        self.leg.receive(&bytes, from, self.now, &mut self.sink);
        self.collect();
    }

    fn hear(&mut self, payload_type: u8, payload: &[u8]) {
        self.hear_from(peer_address(), payload_type, false, payload);
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
    }

    /// One press of a key as three event packets.
    fn press(&mut self, payload_type: u8, key: char) {
        let event = Digit::from_char(key).unwrap().event();
        for (duration, end) in [(160, false), (320, true), (320, true)] {
            let payload = Payload { event, end, duration }.to_bytes();
            self.hear_from(peer_address(), payload_type, duration == 160, &payload);
        }
        self.timestamp = self.timestamp.wrapping_add(320);
    }

    fn take_rtp(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said).into_iter().filter(Said::is_rtp).collect()
    }

    fn digits(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                LegEvent::Digit { digit, .. } => Some(digit.as_char()),
                _ => None,
            })
            .collect()
    }

    fn done(&self) -> Vec<u64> {
        self.events
            .iter()
            .filter_map(|event| match event {
                LegEvent::PlayDone { play, .. } => Some(play.0),
                _ => None,
            })
            .collect()
    }
}

fn sound(ms: u64) -> Script {
    Script::clip(Arc::new(Clip::new(&tone::sine(500.0, -10.0, Duration::from_millis(ms)))))
}

fn is_silence(said: &Said, codec: Codec) -> bool {
    said.rtp().payload.iter().all(|byte| *byte == codec.silence())
}

/// Sequence goes up by one, timestamps by the time elapsed, one SSRC.
fn assert_seamless(said: &[Said]) {
    for pair in said.windows(2) {
        let (before, after) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(after.ssrc, before.ssrc);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        let elapsed = (pair[1].ms - pair[0].ms) as u32 * 8;
        assert_eq!(after.timestamp.wrapping_sub(before.timestamp), elapsed, "at {} ms", pair[1].ms);
    }
}

#[test]
fn a_ringing_caller_hears_nothing_until_something_is_said() {
    let mut world = World::new(PCMA);
    world.run(1000);
    assert!(world.said.is_empty());
    world.play(1, sound(100), true);
    world.run(980);
    let said = world.take_rtp();
    assert_eq!(said.len(), 50, "silence follows the prompt");
    assert!(said[0].rtp().marker && !said[1].rtp().marker);
    assert!(!is_silence(&said[4], Codec::Pcma) && is_silence(&said[5], Codec::Pcma));
    assert_eq!(said[0].to, peer_address());
    assert_eq!(world.done(), [1]);
    assert_seamless(&said);
}

#[test]
fn a_new_prompt_leaves_in_the_tick_of_its_command_whatever_the_phase() {
    for wait in [5, 10, 15, 20] {
        let mut world = World::new(PCMA);
        world.play(1, sound(10_000), true);
        world.run(200 + wait);
        let before = world.ms();
        world.play(2, sound(100), true);
        world.run(200);
        let said = world.take_rtp();
        let first = said.iter().rfind(|said| said.rtp().marker).unwrap();
        assert_eq!(first.ms, before);
        // In step with the old phase the old prompt's frame of this tick was already sent.
        assert_seamless(&said[..if wait == 20 { 11 } else { said.len() }]);
        assert_eq!(world.done(), [2], "what was replaced is not done");
    }
}

#[test]
fn a_digit_silences_the_prompt_in_the_same_tick() {
    let mut world = World::new(PCMA);
    world.play(1, sound(10_000), true);
    world.run(500);
    world.press(101, '5');
    world.said.clear();
    world.run(500);
    assert!(world.take_rtp().iter().all(|said| is_silence(said, Codec::Pcma)));
    assert_eq!((world.digits().as_str(), world.done().len()), ("5", 0));
}

#[test]
fn without_barge_in_the_prompt_goes_on_and_the_digit_is_told() {
    let mut world = World::new(PCMA);
    world.play(1, sound(1000), false);
    world.run(500);
    world.press(101, '5');
    world.run(600);
    assert_eq!((world.digits().as_str(), world.done()), ("5", vec![1]));
}

#[test]
fn a_tone_over_the_echo_of_our_prompt_is_a_digit_and_its_event_is_not_another() {
    let mut world = World::new(PCMA);
    world.play(1, sound(10_000), true);
    let tone = tone::dtmf(Digit::from_char('8').unwrap(), -10.0, Duration::from_millis(100));
    let echo = tone::sine(500.0, -24.0, Duration::from_millis(100));
    let mixed: Vec<i16> = tone.iter().zip(echo).map(|(a, b)| a + b).collect();
    for frame in Codec::Pcma.encode_all(&mixed).chunks(160) {
        world.run(20);
        world.hear(8, frame);
    }
    assert_eq!(world.digits(), "8");
    world.press(101, '8');
    world.leg.info_digit(Digit::from_char('8').unwrap(), world.now, &mut world.sink);
    world.collect();
    assert_eq!(world.digits(), "8", "one press, heard in three ways");
    world.said.clear();
    world.run(100);
    assert!(world.take_rtp().iter().all(|said| is_silence(said, Codec::Pcma)));
}

#[test]
fn a_held_peer_is_sent_nothing_and_the_prompt_keeps_its_time() {
    let mut world = World::new(PCMA);
    world.play(1, sound(1000), true);
    world.run(500);
    let hold = description(&format!("{PCMA}a=sendonly\r\n"));
    world.leg.reoffer(&hold, world.now, &mut world.sink);
    world.collect();
    assert!(
        matches!(world.events.last(), Some(LegEvent::Reanswer { sdp: Some(sdp), held: true, .. }) if sdp.contains("a=recvonly"))
    );
    let until = world.ms();
    world.run(1000);
    assert_eq!(world.done(), [1], "the flow goes on");
    world.leg.reoffer(&description(PCMA), world.now, &mut world.sink);
    world.collect();
    world.run(100);
    let said = world.take_rtp();
    assert!(!said.iter().any(|said| said.ms > until && said.ms <= until + 1000));
    let first = said.iter().find(|said| said.ms > until + 1000).unwrap();
    assert!(first.rtp().marker);
    assert_seamless(&said);
}

#[test]
fn an_offer_that_cannot_be_taken_changes_nothing_and_versions_count_descriptions() {
    let mut world = World::new(PCMA);
    let versions = |world: &World| -> Vec<String> {
        let answers = world.events.iter().filter_map(|event| match event {
            LegEvent::Reanswer { sdp, .. } => sdp.as_ref(),
            _ => None,
        });
        answers.map(|sdp| sdp.lines().nth(1).unwrap().split(' ').nth(2).unwrap().to_string()).collect()
    };
    for offer in
        [description("m=audio 4000 RTP/AVP 18\r\n"), description(PCMU), "x".into(), description(PCMA)]
    {
        world.leg.reoffer(&offer, world.now, &mut world.sink);
        world.collect();
    }
    assert_eq!(versions(&world), ["2", "3"]);
    world.play(1, sound(100), true);
    world.run(20);
    assert_eq!(world.take_rtp()[0].rtp().payload_type, 8);
}

/// Two legs of one shard, joined.
fn joined(a: &str, b: &str) -> (World, World) {
    let (mut a, mut b) = (World::new(a), World::new(b));
    for world in [&mut a, &mut b] {
        world.leg.join(&mut world.sink);
    }
    (a, b)
}

/// One packet from `a`'s peer through both legs.
fn through(a: &mut World, b: &mut World, payload_type: u8, marker: bool, payload: &[u8]) {
    let (sequence, timestamp) = (a.sequence, a.timestamp);
    let bytes = Packet { marker, payload_type, sequence, timestamp, ssrc: 9, payload }.to_bytes();
    a.sequence = a.sequence.wrapping_add(1);
    if let Some(passed) = a.leg.receive(&bytes, peer_address(), a.now, &mut a.sink) {
        b.leg.pass(&passed, b.now, &mut b.sink);
    }
    a.collect();
    b.collect();
}

#[test]
fn a_bridge_changes_the_law_and_the_event_number_and_keeps_our_stream_whole() {
    let (mut a, mut b) = joined(PCMA, PCMU);
    b.leg.part(b.now, &mut b.sink);
    b.play(1, sound(100), true);
    for world in [&mut a, &mut b] {
        world.run(200);
    }
    b.leg.join(&mut b.sink);
    for i in 0..10u8 {
        a.run(20);
        b.run(20);
        through(&mut a, &mut b, 8, false, &[i; 160]);
        a.timestamp += 160;
    }
    let event = Payload { event: 5, end: true, duration: 800 }.to_bytes();
    through(&mut a, &mut b, 101, true, &event);
    b.leg.part(b.now, &mut b.sink);
    b.run(100);
    let said = b.take_rtp();
    let relayed = &said[11..21];
    for (i, said) in relayed.iter().enumerate() {
        let expected = Codec::Pcma.transcoded(Codec::Pcmu).unwrap()[i];
        assert_eq!((said.rtp().payload_type, said.rtp().payload[0]), (0, expected));
    }
    assert!(relayed[0].rtp().marker && !relayed[1].rtp().marker);
    let key = said[21].rtp();
    assert_eq!((key.payload_type, key.marker, key.payload), (96, true, &event[..]));
    assert_eq!(a.digits(), "5", "the flow hears the key as well");
    assert_seamless(&said[..21]);
    for pair in said.windows(2) {
        assert_eq!(pair[1].rtp().sequence, pair[0].rtp().sequence.wrapping_add(1));
        assert!((pair[1].rtp().timestamp.wrapping_sub(pair[0].rtp().timestamp) as i32) > 0);
    }
}

#[test]
fn a_key_for_a_peer_that_takes_no_events_becomes_a_tone() {
    let (mut a, mut b) = joined(PCMA, NO_EVENTS);
    for (duration, end) in [(160, false), (320, true), (320, true)] {
        let payload = Payload { event: 7, end, duration }.to_bytes();
        through(&mut a, &mut b, 101, duration == 160, &payload);
    }
    b.run(300);
    let heard: Vec<i16> =
        b.take_rtp().iter().flat_map(|said| Codec::Pcma.decode_all(said.rtp().payload)).collect();
    let keys = crate::media::dtmf::detect_file(&heard, 8000).unwrap();
    assert_eq!(keys.iter().map(|key| key.digit.as_char()).collect::<String>(), "7");
}

#[test]
fn keys_of_ours_are_events_in_the_same_stream() {
    let mut world = World::new(PCMA);
    world.leg.send_digit(Digit::from_char('3').unwrap());
    world.run(400);
    let said = world.take_rtp();
    let events: Vec<Packet<'_>> =
        said.iter().map(Said::rtp).filter(|packet| packet.payload_type == 101).collect();
    assert_eq!(events.len(), 7);
    assert!(events[0].marker && events.iter().all(|event| event.timestamp == events[0].timestamp));
    for pair in said.windows(2) {
        assert_eq!(pair[1].rtp().sequence, pair[0].rtp().sequence.wrapping_add(1));
    }
}

#[test]
fn a_silent_peer_is_told_of_once_and_again_after_it_was_heard() {
    let mut world = World::new(PCMA);
    let timeouts =
        |world: &World| world.events.iter().filter(|e| matches!(e, LegEvent::RtpTimeout { .. })).count();
    world.run(9_900);
    assert_eq!(timeouts(&world), 0);
    world.run(20_000);
    assert_eq!(timeouts(&world), 1);
    world.hear(8, &[0xd5; 160]);
    world.run(20_000);
    assert_eq!(timeouts(&world), 2);
    let mut world = World::new(&format!("{PCMA}a=recvonly\r\n"));
    world.run(30_000);
    assert_eq!(timeouts(&world), 0, "a peer that only listens is not expected to send");
}

#[test]
fn reports_go_to_their_own_port_or_share_one_and_a_bye_ends_them() {
    for (streams, channel, port) in [
        (PCMA.to_string(), Channel::Rtcp, 4001),
        (format!("{PCMA}a=rtcp-mux\r\n"), Channel::Rtp, 4000),
        (format!("{PCMA}a=rtcp:4242\r\n"), Channel::Rtcp, 4242),
    ] {
        let mut world = World::new(&streams);
        world.play(1, sound(100), true);
        world.run(30_000);
        world.leg.close(world.now, &mut world.sink);
        world.collect();
        let reports: Vec<&Said> = world.said.iter().filter(|said| !said.is_rtp()).collect();
        assert!((4..10).contains(&reports.len()), "{} reports in half a minute", reports.len());
        assert!(
            reports
                .iter()
                .all(|report| report.channel == channel && report.to == SocketAddr::new(PEER, port))
        );
        assert!(reports.last().unwrap().bytes.windows(2).any(|bytes| bytes == [0x81, 203]), "a BYE");
        assert!(
            matches!(world.events.last(), Some(LegEvent::Closed { quality, .. }) if quality.codec == "PCMA")
        );
    }
}

#[test]
fn a_recording_begins_with_a_beep_and_ends_by_a_digit() {
    let mut world = World::new(PCMA);
    let beep = Arc::new(Clip::new(&tone::beep(1000.0, -13.0, Duration::from_millis(200))));
    let limits = (Duration::from_secs(60), Duration::from_secs(5));
    world.leg.record("2026-11/a-1".into(), limits.0, limits.1, beep, world.now, &mut world.sink);
    let voice = Codec::Pcma.encode_all(&tone::sine(700.0, -15.0, Duration::from_millis(20)));
    for _ in 0..100 {
        world.run(20);
        world.hear(8, &voice);
    }
    world.press(101, '#');
    let said = world.take_rtp();
    assert!(!is_silence(&said[0], Codec::Pcma) && is_silence(&said[10], Codec::Pcma));
    let (duration, why) = world
        .events
        .iter()
        .find_map(|event| match event {
            LegEvent::Recorded { duration, why, .. } => Some((*duration, *why)),
            _ => None,
        })
        .unwrap();
    assert_eq!(why, RecordingEnd::Digit);
    assert!(
        duration.as_millis().abs_diff(1740) <= 40,
        "{duration:?}: two seconds without the beep and its echo"
    );
    let samples: u64 = world
        .chunks
        .iter()
        .map(|c| if let Chunk::Audio { count, .. } = c { u64::from(*count) } else { 0 })
        .sum();
    assert_eq!(samples / 8, duration.as_millis() as u64);
}

#[test]
fn strangers_are_counted_and_change_nothing() {
    let mut world = World::new(PCMA);
    world.play(1, sound(10_000), true);
    world.run(100);
    let stranger: SocketAddr = "203.0.113.66:9999".parse().unwrap();
    for _ in 0..5 {
        let payload = Payload { event: 1, end: true, duration: 800 }.to_bytes();
        world.hear_from(stranger, 101, true, &payload);
    }
    world.run(100);
    assert!(world.said.iter().all(|said| said.to == peer_address()));
    assert_eq!((world.digits().as_str(), world.leg.quality().packets_rejected), ("", 5));
    assert!(!world.events.iter().any(|event| matches!(event, LegEvent::Flowing { .. })));
}

#[test]
fn after_a_stall_the_missed_frames_are_skipped() {
    let mut world = World::new(PCMA);
    world.play(1, sound(10_000), true);
    world.run(100);
    world.now = world.now.later(Duration::from_secs(3));
    world.run(100);
    let said = world.take_rtp();
    assert_eq!(said.len(), 6 + 5);
    assert_seamless(&said);
}

#[test]
fn our_offer_is_answered_and_carries_sound() {
    let now = Now::default().later(Duration::from_secs(1));
    let settings = Settings { rtp_timeout: Duration::from_secs(10) };
    let mut leg = Leg::new(LegId(3), local(), PEER, Seed([5; 4]), settings, now.mono, now);
    let offer = leg.make_offer();
    assert!(offer.contains("m=audio 20000 RTP/AVP 8 0 101"));
    assert_eq!(leg.accept_answer("x", now), Err(Refusal::BadDescription));
    leg.accept_answer(&description(PCMU), now).unwrap();
    assert_eq!(leg.quality().codec, "PCMU");
}

proptest! {
    #[test]
    fn no_packet_hurts_and_none_of_a_strangers_is_answered(
        packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..64), any::<bool>(), 0u64..60), 1..60),
    ) {
        let mut world = World::new(PCMA);
        world.leg.join(&mut world.sink);
        for (mut bytes, ours, wait) in packets {
            if let Some(first) = bytes.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            let from = if ours { peer_address() } else { "203.0.113.66:1".parse().unwrap() };
            world.run(wait);
            let passed = world.leg.receive(&bytes, from, world.now, &mut world.sink);
            prop_assert!(ours || passed.is_none());
            world.leg.receive_report(&bytes, from, world.now);
            world.collect();
        }
        prop_assert!(world.said.iter().all(|said| said.to.ip() == PEER));
    }
}
