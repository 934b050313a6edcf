//! The sound of one call: an RTP socket, an ear and a mouth, and the task that keeps their 20 ms.
use super::call::{CallEvent, Line};
use crate::digit::DigitMethod;
use crate::media::codec::Codec;
use crate::robot::description::{Direction, Local, Remote};
use crate::robot::ear::Ear;
use crate::robot::mouth::{Clip, Mouth, PACKET_BYTES_MAX, PACKET_EVERY, Sound};
use crate::robot::stream::Heard;
use crate::robot::{clock, description};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// Larger than any packet of audio that we could have agreed to.
const DATAGRAM_BYTES_MAX: usize = 2048;
/// A task that was held up longer than this leaves out the packets of that time.
const LATE_MAX: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct Voice {
    pub ear: Ear,
    pub mouth: Mouth,
    pub local: Local,
    pub sound: Sound,
    codec: Codec,
    remote: Option<Remote>,
    /// Our own side may send: after our 200 or theirs.
    open: bool,
    /// Only every nth packet is lost on its way out; 0 loses none.
    pub lose_every: u64,
    pub direction: Direction,
}

impl Voice {
    pub fn new(local: Local, sound: Sound, seed: u64) -> Voice {
        let codec = local.codecs.first().copied().unwrap_or(Codec::Pcma);
        let clip = sound.clip(codec);
        Voice {
            ear: Ear::new(codec, local.events),
            mouth: Mouth::new(codec, local.events, clip, seed),
            local,
            sound,
            codec,
            remote: None,
            open: false,
            lose_every: 0,
            direction: Direction::SendRecv,
        }
    }

    /// Takes the peer's offer or answer over. False without a codec in common.
    pub fn agree(&mut self, remote: Remote) -> bool {
        let Some((codec, events)) = self.local.agreed(&remote) else { return false };
        let clip = self.sound.clip(codec);
        self.codec = codec;
        self.ear.agree(codec, self.local.events.and(events));
        self.mouth.agree(codec, events, clip);
        self.remote = Some(remote);
        true
    }

    pub fn remote(&self) -> Option<&description::Remote> {
        self.remote.as_ref()
    }

    pub fn open(&mut self) {
        self.open = true;
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn say(&mut self, sound: Sound) {
        let clip: Option<Clip> = sound.clip(self.codec);
        self.sound = sound;
        self.mouth.say(clip);
    }

    /// Where audio goes now, if it goes anywhere.
    fn destination(&self) -> Option<SocketAddr> {
        let remote = self.remote.as_ref().filter(|_| self.open)?;
        (remote.direction.receives() && self.direction.sends()).then_some(remote.address)
    }
}

pub async fn run(line: Arc<Line>, socket: UdpSocket, over: CancellationToken) {
    let mut datagram = [0; DATAGRAM_BYTES_MAX];
    let mut next = clock().mono() + PACKET_EVERY;
    loop {
        tokio::select! {
            biased;
            () = over.cancelled() => break,
            () = tokio::time::sleep_until(clock().deadline(next).into()) => {
                speak(&line, &socket);
                next += PACKET_EVERY;
                let now = clock().mono();
                if now.since(next) > LATE_MAX {
                    next = now;
                }
            }
            received = socket.recv_from(&mut datagram) => {
                // An ICMP error of an earlier packet shows up here; the peer's port was closed before its BYE came.
                let Ok((bytes, _)) = received else { continue };
                if let Some(datagram) = datagram.get(..bytes) {
                    listen(&line, datagram);
                }
            }
        }
    }
    let _ = line.voice().ear.stop_recording();
}

fn speak(line: &Line, socket: &UdpSocket) {
    let mut packet = [0; PACKET_BYTES_MAX];
    let mut voice = line.voice();
    let Some(to) = voice.destination() else { return };
    let Some(filled) = voice.mouth.fill(&mut packet) else { return };
    let lost = voice.lose_every != 0 && voice.mouth.sent().is_multiple_of(voice.lose_every);
    drop(voice);
    if let Some(packet) = packet.get(..filled.bytes).filter(|_| !lost) {
        // A full socket buffer loses a packet, as a network may.
        let _ = socket.try_send_to(packet, to);
    }
    if let Some(digit) = filled.began {
        line.log.add(clock().mono(), CallEvent::KeySent(digit));
    }
}

fn listen(line: &Line, datagram: &[u8]) {
    let now = clock().mono();
    let mut voice = line.voice();
    let before = voice.ear.report();
    let heard = voice.ear.receive(datagram, now);
    drop(voice);
    let Some(heard) = heard else { return };
    if before.first_packet.is_none() {
        line.log.add(now, CallEvent::FirstPacket);
    }
    match heard {
        Heard::Audio { spurt, audible, missing, .. } => {
            if audible && before.first_audible.is_none() {
                line.log.add(now, CallEvent::FirstAudible);
            }
            if spurt {
                line.log.add(now, CallEvent::Spurt { missing });
            }
        }
        Heard::Key(digit) => line.log.add(now, CallEvent::KeyHeard(digit, DigitMethod::Rfc4733)),
        Heard::Nothing => {}
    }
    line.heard.send_replace(());
}
