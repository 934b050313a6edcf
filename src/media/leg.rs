//! A leg: one party of a call as the media plane sees it. Packets, commands and time go in; packets, events and recorded
//! audio come out. No socket, no clock, no thread: the shard has those, and tests have none.
//!
//! ```text
//!   new ──answer_offer──▶ open ◀──accept_answer── new ──make_offer──▶ offering
//!          every 5 ms: receive* ▸ tick                        close ─▶ (Closed)
//! ```
//! What leaves is one RTP stream without a seam. What is in it, first match wins: a key press of ours; a prompt or music;
//! the other leg of a bridge; silence. It starts with the first command that says something, so that a ringing caller
//! gets no early media; from then on silence is sent too, for NATs, jitter buffers and watchdogs on the peer's side.
use crate::digit::{Digit, DigitMethod};
use crate::ids::{LegId, PlayId};
use crate::machine::{Instant, Now};
use crate::media::bridge::{Kind, Passed, Relay};
use crate::media::codec::{FRAME_MS, FRAME_SAMPLES};
use crate::media::dtmf::Ears;
use crate::media::event::{LegEvent, Quality, RecordingEnd, RecordingName, Refusal};
use crate::media::keys::{Frame, Keys};
use crate::media::packet::{self, Packet};
use crate::media::playout::{Playout, Script};
use crate::media::prompt::Clip;
use crate::media::record::Recording;
use crate::media::rtcp::{REPORT_BYTES_MAX, Reporter};
use crate::media::rtp_session::{Arrival, Receiver, Sender};
use crate::media::sdp::{self, LocalMedia, Negotiated};
use crate::media::sink::{Channel, Sink};
use crate::media::source::Source;
use crate::media::talk::{Side, Talk};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// What must be unguessable or unique in a leg: SSRC, the starts of sequence and timestamp, the names. From a seeded
/// generator, so that the same seed gives the same packets.
#[derive(Clone, Copy, Debug)]
pub struct Seed(pub [u64; 4]);

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub rtp_timeout: Duration,
}

pub struct Leg {
    id: LegId,
    settings: Settings,
    local: LocalMedia,
    session: Option<Negotiated>,
    /// The one address of a peer whom the transport itself proves, a browser: no description names it.
    secured: Option<SocketAddr>,
    source: Source,
    /// Where the peer's reports come from, on their own port.
    reports_from: Option<SocketAddr>,
    tx: Sender,
    rx: Receiver,
    ears: Ears,
    playout: Playout,
    keys: Keys,
    bridged: bool,
    relay: Relay,
    recording: Option<Recording>,
    /// Talks are recorded on the caller's leg.
    talk: Option<Box<Talk>>,
    reporter: Reporter,
    /// Something was to be said once; from then on a frame leaves every 20 ms.
    speaking: bool,
    next_frame: Instant,
    /// The next frame begins a talk spurt and carries the marker.
    spurt: bool,
    flowing: bool,
    /// When the peer was last heard, or should have begun to be.
    heard: Instant,
    timed_out: bool,
    rejected: u64,
}

impl Leg {
    /// `first_frame` is the leg's place among the four phases of a packet. `peer` is the signalling host.
    pub fn new(
        id: LegId,
        mut local: LocalMedia,
        peer: IpAddr,
        Seed(seed): Seed,
        settings: Settings,
        first_frame: Instant,
        now: Now,
    ) -> Leg {
        // RFC 8866 §5.2: a number; 53 bits, for the readers that use floating point.
        local.session_id = seed[0] >> 11;
        local.version = 1;
        let mut cname = [0; 16];
        for (i, byte) in cname.iter_mut().enumerate() {
            *byte = b"0123456789abcdef"[(seed[1] >> (i * 4)) as usize & 15];
        }
        Leg {
            id,
            settings,
            local,
            session: None,
            secured: None,
            source: Source::new(peer),
            reports_from: None,
            tx: Sender::new((seed[2] >> 32) as u32, seed[2] as u16, seed[3] as u32),
            rx: Receiver::default(),
            ears: Ears::default(),
            playout: Playout::Silent,
            keys: Keys::default(),
            bridged: false,
            relay: Relay::default(),
            recording: None,
            talk: None,
            reporter: Reporter::new(cname, seed[3], now),
            speaking: false,
            next_frame: first_frame,
            spurt: true,
            flowing: false,
            heard: now.mono,
            timed_out: false,
            rejected: 0,
        }
    }

    pub fn id(&self) -> LegId {
        self.id
    }

    /// A frame or a timer is due. Packets should be received first, so that a digit silences this very frame.
    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.next_frame
    }

    pub fn is_bridged(&self) -> bool {
        self.bridged
    }

    // ---- descriptions -------------------------------------------------------------------------------------------

    /// Our answer to the offer that opened this leg.
    pub fn answer_offer(&mut self, offer: &str, now: Now) -> Result<String, Refusal> {
        let agreed = sdp::answer(offer, &self.local)?;
        let text = agreed.sdp.clone();
        self.settle(agreed, now);
        Ok(text)
    }

    pub fn make_offer(&mut self) -> String {
        sdp::offer(&self.local)
    }

    /// The transport has made the offer, and proves whose a packet is: it is from here, and ours go there.
    pub fn offered_by_transport(&mut self, peer: SocketAddr) {
        self.secured = Some(peer);
    }

    /// The peer's answer to our offer. It may come twice: with a 183, and with the 200.
    pub fn accept_answer(&mut self, answer: &str, now: Now) -> Result<(), Refusal> {
        let agreed = match self.secured {
            Some(_) => sdp::secured(answer)?,
            None => sdp::accept(answer, &sdp::offer(&self.local))?,
        };
        self.settle(agreed, now);
        Ok(())
    }

    /// The peer's new offer. A description that shares no codec, or cannot be read, changes nothing.
    pub fn reoffer(&mut self, offer: &str, now: Now, out: &mut Sink) {
        self.local.version += 1;
        let answer = match sdp::answer(offer, &self.local) {
            Ok(agreed) => {
                let text = agreed.sdp.clone();
                self.settle(agreed, now);
                Some(text)
            }
            Err(_) => {
                self.local.version -= 1;
                None
            }
        };
        let held = self.session.as_ref().is_some_and(Negotiated::held);
        out.events.push(LegEvent::Reanswer { leg: self.id, sdp: answer, held });
    }

    /// The same where the transport writes the answer, if it can: it is asked only when the leg agrees.
    pub fn reoffer_by_transport(
        &mut self,
        offer: &str,
        answer: impl FnOnce() -> Option<String>,
        now: Now,
        out: &mut Sink,
    ) {
        let agreed = sdp::secured(offer).ok();
        let answer = agreed.and_then(|agreed| Some((agreed, answer()?)));
        let sdp = answer.map(|(agreed, text)| {
            self.settle(agreed, now);
            text
        });
        let held = self.session.as_ref().is_some_and(Negotiated::held);
        out.events.push(LegEvent::Reanswer { leg: self.id, sdp, held });
    }

    fn settle(&mut self, agreed: Negotiated, now: Now) {
        self.source.signal(self.secured.or(agreed.remote.rtp));
        let was_held = self.session.as_ref().is_some_and(Negotiated::held);
        self.spurt |= was_held && agreed.sends();
        self.heard = now.mono;
        self.timed_out = false;
        self.session = Some(agreed);
    }

    // ---- commands -----------------------------------------------------------------------------------------------

    /// The first frame leaves at the next tick, whatever the phase was.
    pub fn play(&mut self, play: PlayId, script: Script, barge_in: bool, now: Now, out: &mut Sink) {
        self.say(Playout::sentence(Some(play), script, barge_in), out);
        self.next_frame = now.mono;
    }

    pub fn hush(&mut self, out: &mut Sink) {
        self.say(Playout::Silent, out);
    }

    /// `None`: there is no such music; the leg hears silence.
    pub fn music(&mut self, clip: Option<Arc<Clip>>, out: &mut Sink) {
        self.say(clip.map_or(Playout::Silent, |clip| Playout::Music { clip }), out);
    }

    fn say(&mut self, playout: Playout, out: &mut Sink) {
        self.spurt |= !playout.is_silent();
        out.spent.extend(self.playout.replace(playout));
        self.relay.interrupt();
        self.speaking = true;
    }

    /// From now on this leg hears what is passed to it.
    pub fn join(&mut self, out: &mut Sink) {
        self.say(Playout::Silent, out);
        self.bridged = true;
    }

    pub fn part(&mut self, now: Now, out: &mut Sink) {
        if self.bridged {
            self.say(Playout::Silent, out);
            self.bridged = false;
            self.spurt = true;
            // The relay kept time; our own frames go on from now.
            self.next_frame = self.next_frame.max(now.mono);
        }
    }

    pub fn send_digit(&mut self, digit: Digit) {
        self.speaking = true;
        self.keys.press(digit);
    }

    pub fn info_digit(&mut self, digit: Digit, now: Now, out: &mut Sink) {
        if let Some(digit) = self.ears.info(digit, now.mono) {
            self.pressed(digit, DigitMethod::Info, out);
        }
    }

    pub fn record(
        &mut self,
        name: RecordingName,
        max: Duration,
        silence: Duration,
        beep: Arc<Clip>,
        now: Now,
        out: &mut Sink,
    ) {
        self.stop_recording(out);
        let duration = beep.duration();
        let limits = (max, silence);
        self.recording = Some(Recording::begin(self.id, name, duration, limits, now.mono, &mut out.chunks));
        self.say(Playout::sentence(None, Script::clip(beep), false), out);
        self.next_frame = now.mono;
    }

    pub fn stop_recording(&mut self, out: &mut Sink) {
        self.end_recording(RecordingEnd::Stopped, out);
    }

    /// Records the talks of this leg from now on, in stereo.
    pub fn record_talk(&mut self, name: RecordingName, now: Instant, out: &mut Sink) {
        self.stop_talk(out);
        self.talk = Some(Box::new(Talk::begin(self.id, name, now, &mut out.chunks)));
    }

    pub fn pause_talk(&mut self, paused: bool) {
        if let Some(talk) = &mut self.talk {
            talk.pause(paused);
        }
    }

    pub fn stop_talk(&mut self, out: &mut Sink) {
        if let Some(talk) = self.talk.take() {
            let event = talk.end(self.id, &mut out.chunks);
            out.events.push(event);
        }
    }

    /// What the other one of the talk says, for the recording.
    pub fn overhear(&mut self, passed: &Passed<'_>) {
        if let (Kind::Voice(codec), Some(talk)) = (passed.kind, &mut self.talk) {
            talk.put(Side::Right, codec, passed.timestamp, passed.payload);
        }
    }

    /// Says goodbye to the peer's RTCP and tells how the session was. The leg is to be dropped after this.
    pub fn close(&mut self, now: Now, out: &mut Sink) {
        self.stop_recording(out);
        self.stop_talk(out);
        out.spent.extend(self.playout.replace(Playout::Silent));
        if self.tx.packets > 0
            && let Some((channel, to)) = self.reports_to()
        {
            let mut bytes = [0; REPORT_BYTES_MAX];
            let length = self.reporter.bye(&self.tx, &mut self.rx, now, &mut bytes);
            out.report(channel, to, &bytes[..length]);
        }
        out.events.push(LegEvent::Closed { leg: self.id, quality: self.quality() });
    }

    pub fn quality(&self) -> Quality {
        Quality {
            codec: self.session.as_ref().map_or(String::new(), |session| session.codec.name().to_string()),
            packets_sent: self.tx.packets,
            packets_received: self.rx.received(),
            packets_lost: self.rx.lost(),
            packets_rejected: self.rejected,
            jitter_ms: self.rx.jitter_ms(),
            remote_lost: self.reporter.remote_lost,
            round_trip_ms: self.reporter.round_trip.map(|time| time.as_secs_f64() * 1000.0),
        }
    }

    pub fn jitter_ms(&self) -> f64 {
        self.rx.jitter_ms()
    }

    // ---- packets ------------------------------------------------------------------------------------------------

    /// A datagram on the RTP port. What the other leg of a bridge should hear of it is returned.
    pub fn receive<'a>(
        &mut self,
        bytes: &'a [u8],
        from: SocketAddr,
        now: Now,
        out: &mut Sink,
    ) -> Option<Passed<'a>> {
        if packet::is_rtcp(bytes) {
            self.receive_report(bytes, from, now);
            return None;
        }
        let (codec, payload_type, event_payload_type) = match &self.session {
            Some(session) => (session.codec, session.payload_type, session.event_payload_type),
            None => return None, // before the answer: whose it is cannot be told yet
        };
        let Some(packet) = Packet::parse(bytes).filter(|_| self.source.accept(from, now.mono)) else {
            self.rejected += 1;
            return None;
        };
        let arrival = self.rx.arrive(&packet, now.mono);
        self.heard = now.mono;
        self.timed_out = false;
        if !self.flowing {
            self.flowing = true;
            out.events.push(LegEvent::Flowing { leg: self.id });
        }
        let (missing, restart) = match arrival {
            Arrival::Next { missing } => (missing > 0, false),
            Arrival::Synchronised => (true, true),
            Arrival::Late => (false, false),
            Arrival::Duplicate | Arrival::Suspicious => return None,
        };
        if restart {
            self.ears.restart();
        }
        let mut pressed = None;
        let kind = if Some(packet.payload_type) == event_payload_type {
            pressed = self.ears.event(packet.payload, packet.marker, packet.timestamp, now.mono);
            if let Some(digit) = pressed {
                self.pressed(digit, DigitMethod::Rfc4733, out);
            }
            Kind::Event
        } else if packet.payload_type == payload_type {
            if arrival != Arrival::Late
                && let Some(digit) = self.ears.voice(codec, packet.payload, missing, now.mono)
            {
                self.pressed(digit, DigitMethod::Inband, out);
            }
            if let Some(recording) = &mut self.recording {
                let (timestamp, payload) = (packet.timestamp, packet.payload);
                recording.hear(self.id, codec, timestamp, payload, now.mono, &mut out.chunks);
            }
            if let Some(talk) = self.talk.as_mut().filter(|_| self.bridged) {
                talk.put(Side::Left, codec, packet.timestamp, packet.payload);
            }
            Kind::Voice(codec)
        } else {
            return None; // comfort noise (13) and what was not agreed
        };
        let Packet { marker, sequence, timestamp, payload, .. } = packet;
        self.bridged.then_some(Passed { kind, marker, sequence, timestamp, restart, pressed, payload })
    }

    /// A datagram on the RTCP port, or RTCP on a shared one.
    pub fn receive_report(&mut self, bytes: &[u8], from: SocketAddr, now: Now) {
        if !self.source.may_be(from) {
            self.rejected += 1;
            return;
        }
        if self.session.as_ref().is_some_and(|session| !session.mux) {
            self.reports_from = Some(from);
        }
        self.reporter.receive(bytes, self.tx.ssrc, now);
    }

    /// A packet of the bridge's other leg, to this leg's peer.
    pub fn pass(&mut self, passed: &Passed<'_>, now: Now, out: &mut Sink) {
        self.overhear(passed);
        let Some(session) = &self.session else { return };
        if !self.bridged || !self.playout.is_silent() || self.keys.are_busy() || !session.sends() {
            return; // something of our own goes first
        }
        let (payload_type, table) = match passed.kind {
            Kind::Voice(codec) => (session.payload_type, codec.transcoded(session.codec)),
            Kind::Event => match (session.event_payload_type, passed.pressed) {
                (Some(payload_type), _) => (payload_type, None),
                // A peer that takes no events hears the key as a tone.
                (None, Some(digit)) => return self.keys.press(digit),
                (None, None) => return,
            },
        };
        let Some(to) = self.source.destination() else { return };
        let Some(placed) = self.relay.place(passed, &self.tx, now.mono) else { return };
        let header = Packet {
            marker: placed.marker,
            payload_type,
            sequence: placed.sequence,
            timestamp: placed.timestamp,
            ssrc: self.tx.ssrc,
            payload: &[],
        }
        .header();
        out.rtp(to, &header, passed.payload, table);
        self.tx.sent(placed.sequence, placed.timestamp, passed.payload.len(), now.mono);
        self.spurt = false;
    }

    /// 20 ms of a mix, to this leg's peer.
    pub fn say_mixed(&mut self, samples: &[i16; FRAME_SAMPLES], now: Now, out: &mut Sink) {
        let Some(session) = &self.session else { return };
        if !self.bridged || !self.playout.is_silent() || self.keys.are_busy() || !session.sends() {
            return; // something of our own goes first
        }
        let Some(to) = self.source.destination() else { return };
        let codec = session.codec;
        let payload: [u8; FRAME_SAMPLES] = std::array::from_fn(|n| codec.encode(samples[n]));
        self.relay.interrupt();
        let (sequence, timestamp) = (self.tx.sequence(), self.tx.timestamp(now.mono));
        let marker = std::mem::take(&mut self.spurt);
        let (payload_type, ssrc) = (session.payload_type, self.tx.ssrc);
        let header = Packet { marker, payload_type, sequence, timestamp, ssrc, payload: &[] }.header();
        out.rtp(to, &header, &payload, None);
        self.tx.sent(sequence, timestamp, payload.len(), now.mono);
    }

    /// Called every 5 ms, after the packets; does something every 20.
    pub fn tick(&mut self, now: Now, out: &mut Sink) {
        if !self.is_due(now.mono) {
            return;
        }
        // On its grid; but after a stall the missed frames are skipped, not sent in a burst.
        self.next_frame += FRAME;
        if self.next_frame <= now.mono {
            self.next_frame = now.mono + FRAME;
        }
        self.watch(now, out);
        if let Some(talk) = &mut self.talk {
            talk.tick(self.id, now.mono, &mut out.chunks);
        }
        if let Some(why) = self.recording.as_ref().and_then(|recording| recording.due(now.mono)) {
            self.end_recording(why, out);
        }
        if self.reporter.is_due(now.mono)
            && let Some((channel, to)) = self.reports_to()
        {
            let mut bytes = [0; REPORT_BYTES_MAX];
            let length = self.reporter.report(&self.tx, &mut self.rx, now, &mut bytes);
            out.report(channel, to, &bytes[..length]);
        }
        if self.speaking {
            self.speak(now, out);
        }
    }

    /// One frame of ours. Held or without an address nothing is sent, but a prompt keeps its time, so that a flow goes on.
    fn speak(&mut self, now: Now, out: &mut Sink) {
        let Some(session) = &self.session else { return };
        let (codec, event_payload_type) = (session.codec, session.event_payload_type);
        let mut frame = [0; FRAME_SAMPLES];
        let timestamp = self.tx.timestamp(now.mono);
        let (payload_type, payload, timestamp, marker) =
            match self.keys.next_frame(event_payload_type.is_some(), codec, timestamp, &mut frame) {
                Some(Frame::Event { bytes, timestamp, first }) => {
                    frame[..4].copy_from_slice(&bytes);
                    let payload_type = event_payload_type.unwrap_or(sdp::EVENT_PAYLOAD_TYPE);
                    (payload_type, &frame[..4], timestamp, first)
                }
                Some(Frame::Tone) => (session.payload_type, &frame[..], timestamp, false),
                None if self.bridged && self.playout.is_silent() => return, // the relay speaks
                None => {
                    let done = self.playout.fill(codec, now.mono, &mut frame);
                    let marker = std::mem::take(&mut self.spurt);
                    if done {
                        self.finish_sentence(out);
                    }
                    let Some(session) = &self.session else { return };
                    (session.payload_type, &frame[..], timestamp, marker)
                }
            };
        self.relay.interrupt();
        let Some(to) =
            self.source.destination().filter(|_| self.session.as_ref().is_some_and(Negotiated::sends))
        else {
            return;
        };
        let (sequence, ssrc) = (self.tx.sequence(), self.tx.ssrc);
        let header = Packet { marker, payload_type, sequence, timestamp, ssrc, payload: &[] }.header();
        out.rtp(to, &header, payload, None);
        self.tx.sent(sequence, timestamp, payload.len(), now.mono);
    }

    fn finish_sentence(&mut self, out: &mut Sink) {
        if let Playout::Sentence { play: Some(play), .. } = self.playout {
            out.events.push(LegEvent::PlayDone { leg: self.id, play });
        }
        out.spent.extend(self.playout.replace(Playout::Silent));
    }

    fn pressed(&mut self, digit: Digit, method: DigitMethod, out: &mut Sink) {
        out.events.push(LegEvent::Digit { leg: self.id, digit, method });
        if self.playout.stops_at_digit() {
            out.spent.extend(self.playout.replace(Playout::Silent));
        }
        self.end_recording(RecordingEnd::Digit, out);
    }

    fn end_recording(&mut self, why: RecordingEnd, out: &mut Sink) {
        if let Some(recording) = self.recording.take() {
            let event = recording.end(self.id, why, &mut out.chunks);
            out.events.push(event);
        }
    }

    fn watch(&mut self, now: Now, out: &mut Sink) {
        let expected = self.session.as_ref().is_some_and(Negotiated::receives);
        if expected && !self.timed_out && now.mono.since(self.heard) >= self.settings.rtp_timeout {
            self.timed_out = true;
            out.events.push(LegEvent::RtpTimeout { leg: self.id });
        }
    }

    fn reports_to(&self) -> Option<(Channel, SocketAddr)> {
        let session = self.session.as_ref()?;
        let rtp = self.source.destination()?;
        if session.mux {
            return Some((Channel::Rtp, rtp));
        }
        let named = session.remote.rtcp.filter(|_| Some(rtp) == session.remote.rtp);
        let next_port = || Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
        self.reports_from.or(named).or_else(next_port).map(|to| (Channel::Rtcp, to))
    }
}

#[cfg(test)]
mod tests;
