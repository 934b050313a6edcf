//! The thread of the load generator: it waits in one place, for packets, messages and the next millisecond.
use super::line::{Line, Turn};
use super::report::{Measured, Report};
use super::{LoadError, Options};
use crate::ids::LegId;
use crate::machine::{Instant, earlier};
use crate::media::codec::Codec;
use crate::robot::agent::{self, Agent, Output};
use crate::robot::clock;
use crate::robot::mouth::Clip;
use crate::robot::target::Target;
use crate::sip::{self, Command, Event, Identity, Invite};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The grid on which packets leave; each call has one of [`PHASES`] places in its 20 ms.
const GRID: Duration = Duration::from_millis(1);
const PHASES: usize = 20;
/// The grid is left and taken up anew when the thread was held up for longer.
const LATE_MAX: Duration = Duration::from_millis(500);
/// Ready sockets told by one wait.
const READY_MAX: usize = 1024;
const DATAGRAM_BYTES_MAX: usize = 65_536;
/// SIP of many calls comes in bursts.
const SIP_BUFFER_BYTES: usize = 4 << 20;
/// Names the SIP socket among the ready ones.
const SIP: u64 = u64::MAX;
/// How long the answers to our last BYEs are waited for.
const LINGER: Duration = Duration::from_millis(200);
/// How long the ends of cancelled calls are waited for after a stop.
const STOP_MAX: Duration = Duration::from_secs(3);
/// At least so often does the thread look whether it shall stop.
const WAIT_MAX: Duration = Duration::from_millis(50);

pub struct Engine<'a> {
    options: &'a Options,
    target: &'a Target,
    agent: Agent,
    sip: UdpSocket,
    epoll: OwnedFd,
    lines: Vec<Option<Line>>,
    free: Vec<usize>,
    by_leg: BTreeMap<LegId, usize>,
    clips: [(Codec, Option<Clip>); 2],
    measured: Measured,
    out: Vec<Output>,
    datagram: Box<[u8]>,
}

impl<'a> Engine<'a> {
    pub fn new(options: &'a Options, target: &'a Target, at_once: usize) -> Result<Engine<'a>, LoadError> {
        let sip = UdpSocket::bind(SocketAddr::new(target.local, 0))?;
        sip.set_nonblocking(true)?;
        // Refused: then the system's own size has to do, and the stack repeats what was lost.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&sip, SIP_BUFFER_BYTES);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?;
        let data = epoll::EventData::new_u64(SIP);
        epoll::add(&epoll, &sip, data, epoll::EventFlags::IN).map_err(io::Error::from)?;
        let me = sip.local_addr()?;
        let agent = Agent::new(agent::Options {
            me,
            domain: target.local.to_string(),
            traced: false,
            legs_max: at_once + PHASES,
            seed: crate::robot::stack_seed(options.seed, me),
        });
        Ok(Engine {
            options,
            target,
            agent,
            sip,
            epoll,
            lines: (0..at_once).map(|_| None).collect(),
            // From the back: the first calls get the first places, and with them all phases in turn.
            free: (0..at_once).rev().collect(),
            by_leg: BTreeMap::new(),
            clips: Codec::ALL.map(|codec| (codec, options.sound.clip(codec))),
            measured: Measured::default(),
            out: Vec::new(),
            datagram: vec![0; DATAGRAM_BYTES_MAX].into(),
        })
    }

    pub fn run(mut self, stop: &AtomicBool) -> Result<Report, LoadError> {
        let begun = clock().mono();
        let spacing = Duration::from_secs_f64(1.0 / self.options.rate);
        let mut ready = Vec::with_capacity(READY_MAX);
        let (mut grid, mut phase) = (begun + GRID, 0);
        let (mut due, mut numbers) = (begun, 0..self.options.calls);
        let mut ending: Option<Instant> = None;
        loop {
            let mut now = clock().mono();
            if stop.load(Ordering::Relaxed) && !self.measured.report.stopped {
                self.measured.report.stopped = true;
                numbers = 0..0;
                self.hang_up_all();
                ending = Some(now + STOP_MAX);
            }
            while due <= now && !self.free.is_empty() {
                let Some(number) = numbers.next() else { break };
                self.place(number, now);
                due += spacing;
            }
            // A generator at its limit of calls takes up its rate again, not what it could not place.
            due = if self.free.is_empty() { due.max(now) } else { due };
            if self.by_leg.is_empty() && numbers.is_empty() {
                ending = earlier(ending, Some(now + LINGER));
            }
            if ending.is_some_and(|ending| ending <= now) {
                break;
            }
            let next_call = (!numbers.is_empty() && !self.free.is_empty()).then_some(due);
            let next_grid = (!self.by_leg.is_empty()).then_some(grid);
            let wake = earlier(earlier(next_call, next_grid), earlier(self.agent.next_timeout(), ending));
            self.wait(wake, now, &mut ready)?;
            for event in ready.drain(..) {
                match event.data.u64() {
                    SIP => self.receive_sip(),
                    index => self.receive_rtp(index),
                }
            }
            now = clock().mono();
            if self.agent.next_timeout().is_some_and(|at| at <= now) {
                self.agent.handle_timeout(clock().now(), &mut self.out);
                self.flush();
            }
            if self.by_leg.is_empty() || now.since(grid) > LATE_MAX {
                if !self.by_leg.is_empty() {
                    self.measured.own_lag.record(now.since(grid));
                }
                grid = now;
            }
            while grid <= now && !self.by_leg.is_empty() {
                self.measured.own_lag.record(now.since(grid));
                self.turns(phase, now);
                phase = (phase + 1) % PHASES;
                grid += GRID;
            }
        }
        for index in 0..self.lines.len() {
            self.close(index);
        }
        Ok(self.measured.finish(clock().mono().since(begun)))
    }

    fn wait(&self, wake: Option<Instant>, now: Instant, ready: &mut Vec<epoll::Event>) -> io::Result<()> {
        let wait = wake.map_or(WAIT_MAX, |wake| wake.since(now).min(WAIT_MAX));
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        match epoll::wait(&self.epoll, spare_capacity(ready), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn place(&mut self, number: u64, now: Instant) {
        let leg = self.agent.new_leg();
        let clip = self.options.codecs.first().and_then(|codec| clip_of(&self.clips, *codec));
        let Some(index) = self.free.pop() else { return };
        let opened = Line::open(leg, self.target.local, self.options, clip, now);
        let opened = opened.and_then(|line| {
            let data = epoll::EventData::new_u64(index as u64);
            epoll::add(&self.epoll, &line.socket, data, epoll::EventFlags::IN)?;
            Ok(line)
        });
        let Ok(mut line) = opened else {
            self.measured.report.not_placed += 1;
            self.free.push(index);
            return;
        };
        let invite = Invite {
            leg,
            to: sip::Target::Uri { uri: self.target.uri.clone(), via: Some(self.target.server) },
            from: Identity {
                display: String::new(),
                user: number_after(&self.options.from_base, number),
                host: self.target.local.to_string(),
            },
            headers: Vec::new(),
            sdp: line.offer(),
        };
        self.by_leg.insert(leg, index);
        if let Some(place) = self.lines.get_mut(index) {
            *place = Some(line);
        }
        self.measured.report.placed += 1;
        self.measured.report.at_once_max = self.measured.report.at_once_max.max(self.by_leg.len());
        self.command(Command::Invite(Box::new(invite)));
    }

    /// All messages that are there: a burst of them must not wait for the grid one by one.
    fn receive_sip(&mut self) {
        let mut datagram = std::mem::take(&mut self.datagram);
        // Anything else than a datagram is "no more" or an ICMP error, which the stack's timers deal with.
        while let Ok((bytes, from)) = self.sip.recv_from(&mut datagram) {
            if let Some(message) = datagram.get(..bytes) {
                self.agent.receive(from, message, clock().now(), &mut self.out);
                self.flush();
            }
        }
        self.datagram = datagram;
    }

    fn receive_rtp(&mut self, index: u64) {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        // A call that ended in this very round.
        let Some(Some(line)) = self.lines.get_mut(index) else { return };
        if let Ok(bytes) = line.socket.recv(&mut self.datagram)
            && let Some(datagram) = self.datagram.get(..bytes)
        {
            line.receive(datagram, clock().mono(), &mut self.measured);
        }
    }

    fn turns(&mut self, phase: usize, now: Instant) {
        for index in (phase..self.lines.len()).step_by(PHASES) {
            let Some(Some(line)) = self.lines.get_mut(index) else { continue };
            if line.turn(self.options, now, &mut self.measured) == Turn::HangUp {
                let (leg, talking) = (line.leg, line.is_talking());
                self.command(Command::Hangup { leg, reason: None });
                if talking {
                    self.close(index);
                }
            }
        }
    }

    fn hang_up_all(&mut self) {
        for (leg, index) in self.by_leg.clone() {
            let talking = matches!(self.lines.get(index), Some(Some(line)) if line.is_talking());
            self.command(Command::Hangup { leg, reason: None });
            if talking {
                self.close(index);
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.agent.command(command, clock().now(), &mut self.out);
        self.flush();
    }

    fn flush(&mut self) {
        while !self.out.is_empty() {
            for output in std::mem::take(&mut self.out) {
                match output {
                    // What the system refuses is lost, and repeated by the stack.
                    Output::Send { to, bytes } => {
                        let _ = self.sip.send_to(&bytes, to);
                    }
                    Output::Event(event) => self.event(event),
                    Output::Trace { .. }
                    | Output::Registered { .. }
                    | Output::Unregistered
                    | Output::RegistrationRefused { .. } => {}
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        let now = clock();
        let index = |leg: &LegId, by_leg: &BTreeMap<LegId, usize>| by_leg.get(leg).copied();
        match event {
            Event::Answered { leg, sdp, .. } => {
                let Some(index) = index(&leg, &self.by_leg) else { return };
                let Some(Some(line)) = self.lines.get_mut(index) else { return };
                let clips = &self.clips;
                if !line.answered(&sdp, |codec| clip_of(clips, codec), now.mono(), &mut self.measured) {
                    self.agent.command(Command::Hangup { leg, reason: None }, now.now(), &mut self.out);
                    self.close(index);
                }
            }
            Event::Offered { leg, sdp } => {
                let Some(index) = index(&leg, &self.by_leg) else { return };
                let Some(Some(line)) = self.lines.get_mut(index) else { return };
                let clips = &self.clips;
                let command = match line.reoffered(&sdp, |codec| clip_of(clips, codec)) {
                    Some(sdp) => Command::AcceptOffer { leg, sdp },
                    None => Command::RejectOffer { leg, status: 488 },
                };
                self.agent.command(command, now.now(), &mut self.out);
            }
            Event::Failed { leg, status, .. } => {
                let Some(index) = index(&leg, &self.by_leg) else { return };
                let given_up = matches!(self.lines.get(index), Some(Some(line)) if line.given_up());
                if given_up || (self.measured.report.stopped && status == 487) {
                    self.measured.report.not_answered += 1;
                } else {
                    *self.measured.report.failed.entry(status).or_default() += 1;
                }
                self.close(index);
            }
            Event::Ended { leg, .. } => {
                let Some(index) = index(&leg, &self.by_leg) else { return };
                match self.lines.get(index) {
                    Some(Some(line)) if line.is_talking() => self.measured.report.ended_by_peer += 1,
                    _ => self.measured.report.not_answered += 1,
                }
                self.close(index);
            }
            // A stranger's call; whoever loads answers nobody.
            Event::Incoming(incoming) => {
                let reject = Command::Reject { leg: incoming.leg, status: 480, retry_after: None };
                self.agent.command(reject, now.now(), &mut self.out);
            }
            Event::Confirmed { .. }
            | Event::Progress { .. }
            | Event::Reanswered { .. }
            | Event::Digit { .. }
            | Event::Referred { .. }
            | Event::ReferTold { .. }
            | Event::FlowLost { .. }
            | Event::Registered { .. }
            | Event::Unregistered { .. }
            | Event::Pong { .. } => {}
        }
    }

    /// Takes a call out of its place; its socket is closed, and with that leaves epoll.
    fn close(&mut self, index: usize) {
        let Some(line) = self.lines.get_mut(index).and_then(Option::take) else { return };
        self.by_leg.remove(&line.leg);
        line.close(&mut self.measured);
        self.free.push(index);
    }
}

fn clip_of(clips: &[(Codec, Option<Clip>)], codec: Codec) -> Option<Clip> {
    clips.iter().find(|(of, _)| *of == codec).and_then(|(_, clip)| clip.clone())
}

/// The `n`th number after `base`, with as many digits.
fn number_after(base: &str, n: u64) -> String {
    let digits = base.len();
    let value =
        base.parse::<u64>().unwrap_or(0).wrapping_add(n) % 10u64.pow(u32::try_from(digits).unwrap_or(15));
    format!("{value:0digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_one_another_and_keep_their_length() {
        assert_eq!(number_after("79160000000", 0), "79160000000");
        assert_eq!(number_after("79160000000", 42), "79160000042");
        assert_eq!(number_after("0099", 1), "0100");
        assert_eq!(number_after("99", 2), "01");
    }
}
