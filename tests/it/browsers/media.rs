//! A browser's media end: `str0m` as a full ICE agent on a real socket, a robot's mouth and ear behind it.
use crate::parties::SOON;
use hotline::digit::Digit;
use hotline::machine::Instant;
use hotline::media::codec::Codec;
use hotline::media::packet::Packet;
use hotline::robot::clock;
use hotline::robot::ear::Ear;
use hotline::robot::mouth::{KEY_LENGTH, Method, Mouth, PACKET_BYTES_MAX, PACKET_EVERY, Press, Sound};
use hotline::robot::stream::Heard;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec as Format, FormatParams};
use str0m::media::{Direction, Frequency, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::UdpSocket;

/// What Chromium gives telephone events in descriptions of its own.
const CHROMIUMS_EVENTS: u8 = 126;

pub struct Media {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    socket: UdpSocket,
    here: SocketAddr,
    state: Mutex<State>,
}

struct State {
    rtc: Rtc,
    mid: Option<Mid>,
    pending: Option<SdpPendingOffer>,
    reached: bool,
    connected: bool,
    due: std::time::Instant,
    sequence: u64,
    mouth: Mouth,
    ear: Ear,
    keys: Vec<Digit>,
}

impl Media {
    /// The answer to an offer, and the session behind it, with this tone.
    pub async fn answer(offer: &str, codec: Codec, hertz: u32) -> (Media, String) {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let here = socket.local_addr().unwrap();
        let mut config = Rtc::builder().set_rtp_mode(true).clear_codecs();
        config = match codec {
            Codec::Pcma => config.enable_pcma(true, false),
            Codec::Pcmu => config.enable_pcmu(true, false),
        };
        let format = FormatParams::default();
        let rate = Frequency::EIGHT_KHZ;
        config.codec_config().add_config(CHROMIUMS_EVENTS.into(), None, Format::Tele, rate, None, format);
        let now = clock().deadline(clock().mono());
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(here, "udp").unwrap());
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer).unwrap()).unwrap();
        let answer = answer.to_sdp_string();
        let events = answer.lines().find_map(|line| {
            line.strip_prefix("a=rtpmap:")?.strip_suffix(" telephone-event/8000")?.parse::<u8>().ok()
        });
        assert_eq!(events, Some(101), "{answer}");
        let mouth = Mouth::new(codec, events, Sound::Tone(hertz).clip(codec), u64::from(here.port()));
        let state = State {
            rtc,
            mid: None,
            pending: None,
            reached: false,
            connected: false,
            due: now,
            sequence: 1,
            mouth,
            ear: Ear::new(codec, events),
            keys: Vec::new(),
        };
        let shared = Arc::new(Shared { socket, here, state: Mutex::new(state) });
        let task = tokio::spawn(shared.clone().run());
        (Media { shared, task }, answer)
    }

    /// A new offer with this direction.
    pub fn offer(&self, direction: Direction) -> String {
        let mut state = self.shared.state.lock().unwrap();
        let mid = state.mid.expect("no media yet");
        let mut change = state.rtc.sdp_api();
        change.set_direction(mid, direction);
        let (offer, pending) = change.apply().expect("nothing to offer");
        state.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn accept(&self, answer: &str) {
        let mut state = self.shared.state.lock().unwrap();
        let pending = state.pending.take().unwrap();
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        state.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    pub fn press(&self, key: char) {
        let press =
            Press { digit: Digit::from_char(key).unwrap(), method: Method::Rfc4733, length: KEY_LENGTH };
        assert!(self.shared.state.lock().unwrap().mouth.press(press));
    }

    pub fn keys(&self) -> Vec<Digit> {
        self.shared.state.lock().unwrap().keys.clone()
    }

    /// Until what is heard is so.
    pub async fn hears(&self, what: &str, mut so: impl FnMut(&Ear, Instant) -> bool) {
        let looking = async {
            let mut looks = tokio::time::interval(PACKET_EVERY);
            loop {
                looks.tick().await;
                if so(&self.shared.state.lock().unwrap().ear, clock().mono()) {
                    return;
                }
            }
        };
        if tokio::time::timeout(SOON, looking).await.is_err() {
            let state = self.shared.state.lock().unwrap();
            panic!(
                "the browser never heard {what}; connected: {}, {:?}",
                state.connected,
                state.ear.report()
            );
        }
    }

    /// Until a tone is all that is heard over 200 ms.
    pub async fn hears_tone(&self, hertz: u32) {
        let window = Duration::from_millis(200);
        self.hears(&format!("{hertz} Hz"), |ear, now| {
            let (tone, all) = (ear.tone_dbm0(f64::from(hertz), window, now), ear.level_dbm0(window, now));
            ear.samples(window, now).len() >= 9 * 160 && all > -20.0 && tone > all - 1.0
        })
        .await;
    }

    /// Until ICE has found the way.
    pub async fn reached(&self) {
        self.until("a way", |state| state.reached).await;
    }

    /// Until the keys are agreed.
    pub async fn connected(&self) {
        self.until("keys", |state| state.connected).await;
    }

    async fn until(&self, what: &str, so: impl Fn(&State) -> bool) {
        crate::parties::until(what, async || so(&self.shared.state.lock().unwrap()).then_some(())).await;
    }

    pub async fn until_keys(&self, keys: &str) {
        let wanted: Vec<_> = keys.chars().filter_map(Digit::from_char).collect();
        crate::parties::until(keys, async || self.keys().ends_with(&wanted).then_some(())).await;
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn run(self: Arc<Shared>) {
        let mut datagram = [0; 2048];
        let mut frame = clock().mono() + PACKET_EVERY;
        loop {
            let due = self.state.lock().unwrap().due;
            tokio::select! {
                received = self.socket.recv_from(&mut datagram) => {
                    let Ok((length, from)) = received else { continue };
                    let Ok(received) = Receive::new(Protocol::Udp, from, self.here, &datagram[..length]) else { continue };
                    self.step(|rtc, now| rtc.handle_input(Input::Receive(now, received)).unwrap());
                }
                () = tokio::time::sleep_until(due.into()) => self.step(|_, _| {}),
                () = tokio::time::sleep_until(clock().deadline(frame).into()) => {
                    frame += PACKET_EVERY;
                    self.speak();
                    self.step(|_, _| {});
                }
            }
        }
    }

    fn speak(&self) {
        let now = clock().deadline(clock().mono());
        let mut state = self.state.lock().unwrap();
        let Some(mid) = state.mid.filter(|_| state.connected) else { return };
        let mut bytes = [0; PACKET_BYTES_MAX];
        let Some(filled) = state.mouth.fill(&mut bytes) else { return };
        let packet = Packet::parse(&bytes[..filled.bytes]).unwrap();
        state.sequence += 1;
        let sequence = SeqNo::from(state.sequence);
        let mut direct = state.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None).unwrap();
        let write =
            RtpWrite::new(packet.payload_type.into(), sequence, packet.timestamp, now, packet.payload);
        stream.write_rtp(write.marker(packet.marker));
    }

    fn step(&self, change: impl FnOnce(&mut Rtc, std::time::Instant)) {
        let now = clock().deadline(clock().mono());
        let mut state = self.state.lock().unwrap();
        change(&mut state.rtc, now);
        state.rtc.handle_input(Input::Timeout(now)).unwrap();
        loop {
            match state.rtc.poll_output().unwrap() {
                Output::Timeout(due) => {
                    state.due = due.max(now + Duration::from_millis(1));
                    return;
                }
                Output::Transmit(datagram) => {
                    let _ = self.socket.try_send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::Connected) => state.connected = true,
                Output::Event(Event::IceConnectionStateChange(ice)) => state.reached = ice.is_connected(),
                Output::Event(Event::MediaAdded(media)) => state.mid = Some(media.mid),
                Output::Event(Event::RtpPacket(packet)) => {
                    let bytes = Packet {
                        marker: packet.header.marker,
                        payload_type: *packet.header.payload_type,
                        sequence: packet.header.sequence_number,
                        timestamp: packet.header.timestamp,
                        ssrc: *packet.header.ssrc,
                        payload: &packet.payload,
                    }
                    .to_bytes();
                    if let Some(Heard::Key(digit)) = state.ear.receive(&bytes, clock().mono()) {
                        state.keys.push(digit);
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
