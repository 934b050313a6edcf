//! One call of the load generator.
use super::Options;
use super::report::{GAP_AIM, Measured};
use crate::ids::LegId;
use crate::machine::Instant;
use crate::media::codec::Codec;
use crate::media::packet::{Packet, is_rtcp};
use crate::robot::description::{Direction, Local, Remote};
use crate::robot::keys::Step;
use crate::robot::mouth::{Clip, KEY_LENGTH, Method, Mouth, PACKET_BYTES_MAX, Press};
use crate::robot::stream::{Heard, Stream};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

#[derive(Clone, Copy, Debug)]
enum Phase {
    Inviting {
        at: Instant,
        given_up: bool,
    },
    Talking {
        answered_at: Instant,
        next_step: usize,
        step_due: Instant,
        sound_heard: bool,
        key: Option<Instant>,
    },
}

#[derive(Debug)]
pub struct Line {
    pub leg: LegId,
    pub socket: UdpSocket,
    local: Local,
    stream: Stream,
    mouth: Mouth,
    phase: Phase,
}

/// What a call wants at its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    GoOn,
    HangUp,
}

impl Line {
    pub fn open(
        leg: LegId,
        ip: IpAddr,
        options: &Options,
        clip: Option<Clip>,
        now: Instant,
    ) -> io::Result<Line> {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        socket.set_nonblocking(true)?;
        let local = Local::new(socket.local_addr()?, &options.codecs, true);
        let codec = options.codecs.first().copied().unwrap_or(Codec::Pcma);
        let seed = (options.seed ^ leg.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Ok(Line {
            leg,
            socket,
            stream: Stream::new(codec, local.events),
            mouth: Mouth::new(codec, local.events, clip, seed),
            local,
            phase: Phase::Inviting { at: now, given_up: false },
        })
    }

    pub fn offer(&mut self) -> String {
        self.local.offer(Direction::SendRecv)
    }

    /// The peer's 200. False when nothing can be sent to what it describes.
    pub fn answered(
        &mut self,
        sdp: &str,
        clip_of: impl Fn(Codec) -> Option<Clip>,
        now: Instant,
        measured: &mut Measured,
    ) -> bool {
        if let Phase::Inviting { at, .. } = self.phase {
            measured.report.answered += 1;
            measured.set_up.record(now.since(at));
            self.phase = Phase::Talking {
                answered_at: now,
                next_step: 0,
                step_due: now,
                sound_heard: false,
                key: None,
            };
        }
        self.agree(sdp, clip_of)
    }

    /// The answer to the peer's new offer; `None` when it shares no codec.
    pub fn reoffered(&mut self, sdp: &str, clip_of: impl Fn(Codec) -> Option<Clip>) -> Option<String> {
        let answer = self.local.answer(&Remote::read(sdp)?)?;
        self.agree(sdp, clip_of).then_some(answer)
    }

    fn agree(&mut self, sdp: &str, clip_of: impl Fn(Codec) -> Option<Clip>) -> bool {
        let Some(remote) = Remote::read(sdp) else { return false };
        let Some((codec, events)) = self.local.agreed(&remote) else { return false };
        self.stream.agree(codec, self.local.events.and(events));
        self.mouth.agree(codec, events, clip_of(codec));
        self.socket.connect(remote.address).is_ok()
    }

    pub fn is_talking(&self) -> bool {
        matches!(self.phase, Phase::Talking { .. })
    }

    pub fn given_up(&self) -> bool {
        matches!(self.phase, Phase::Inviting { given_up: true, .. })
    }

    /// A datagram came. Allocates nothing.
    pub fn receive(&mut self, datagram: &[u8], now: Instant, measured: &mut Measured) {
        let Some(packet) = Packet::parse(datagram).filter(|_| !is_rtcp(datagram)) else { return };
        let Heard::Audio { spurt, audible, missing, gap } = self.stream.receive(&packet, now) else {
            return;
        };
        let Phase::Talking { answered_at, sound_heard, key, .. } = &mut self.phase else { return };
        if let Some(gap) = gap {
            measured.gap.record(gap);
            measured.report.gaps_long += u64::from(gap > GAP_AIM);
        }
        if audible && !*sound_heard {
            *sound_heard = true;
            measured.first_audio.record(now.since(*answered_at));
        }
        if spurt && let Some(pressed) = key.take() {
            measured.reaction.record(now.since(pressed));
            measured.report.lost_at_keys += u64::from(missing);
        }
    }

    /// This call's turn, every 20 ms: the script, and a packet. Allocates nothing.
    pub fn turn(&mut self, options: &Options, now: Instant, measured: &mut Measured) -> Turn {
        let (answered_at, next_step, step_due, key) = match &mut self.phase {
            Phase::Inviting { at, given_up } => {
                if !*given_up && now.since(*at) >= options.ring {
                    *given_up = true;
                    return Turn::HangUp;
                }
                return Turn::GoOn;
            }
            Phase::Talking { answered_at, next_step, step_due, key, .. } => {
                (*answered_at, next_step, step_due, key)
            }
        };
        if now.since(answered_at) >= options.hold {
            return Turn::HangUp;
        }
        while *step_due <= now && self.mouth.at_rest() {
            match options.keys.steps().get(*next_step) {
                None => break,
                Some(Step::Wait(time)) => *step_due = now + *time,
                Some(Step::Press(digit)) => {
                    let press = Press { digit: *digit, method: Method::Rfc4733, length: KEY_LENGTH };
                    measured.report.keys += 1;
                    // A peer without telephone events does not react to keys, and that is what the report says.
                    if !self.mouth.press(press) {
                        measured.report.no_reaction += 1;
                    }
                }
            }
            *next_step += 1;
        }
        let mut packet = [0; PACKET_BYTES_MAX];
        let Some(filled) = self.mouth.fill(&mut packet) else { return Turn::GoOn };
        let sent = packet.get(..filled.bytes).is_some_and(|packet| self.socket.send(packet).is_ok());
        measured.report.packets.not_sent += u64::from(!sent);
        if filled.began.is_some() && key.replace(now).is_some() {
            measured.report.no_reaction += 1;
        }
        Turn::GoOn
    }

    /// The call is over: its counts go into the report.
    pub fn close(self, measured: &mut Measured) {
        measured.add(self.stream.counts(), self.mouth.sent());
        if let Phase::Talking { sound_heard, key, .. } = self.phase {
            measured.report.no_audio += u64::from(!sound_heard);
            measured.report.no_reaction += u64::from(key.is_some());
        }
    }
}
