//! The task of one phone: it owns the SIP socket and the agent, and hands events to the calls that they belong to.
use super::call::{Call, CallEvent, Line};
use super::log::Timed;
use super::voice::{self, Voice};
use super::{Order, Orders, PhoneEvent, Policy, Shared};
use crate::digit::DigitMethod;
use crate::ids::LegId;
use crate::robot::agent::{Agent, Output};
use crate::robot::clock;
use crate::robot::description::{Local, Remote};
use crate::robot::trace::Trace;
use crate::sip::{Command, Event, Incoming};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// A datagram cannot be larger.
const DATAGRAM_BYTES_MAX: usize = 65_536;
/// Ended calls that still get their late messages. Beyond it all ended calls are forgotten.
const LINES_KEPT_MAX: usize = 256;
/// How long a phone that is closed waits for its BYEs and its un-REGISTER to be answered.
const CLOSING_MAX: Duration = Duration::from_secs(3);

pub struct Driver {
    pub shared: Arc<Shared>,
    pub agent: Agent,
    pub socket: UdpSocket,
    pub received: mpsc::Receiver<Order>,
    pub calls: mpsc::Sender<Call>,
    pub orders: Orders,
    pub lines: BTreeMap<LegId, Arc<Line>>,
    /// Messages of legs whose INVITE has not been told yet.
    pub early: Vec<(LegId, Timed<Box<Trace>>)>,
    pub registered: bool,
}

impl Driver {
    pub async fn run(mut self) {
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        let mut out = Vec::new();
        let mut closing = None;
        loop {
            let wake = crate::machine::earlier(self.agent.next_timeout(), closing);
            let wake = wake.map(|at| clock().deadline(at));
            tokio::select! {
                () = self.shared.vanished.cancelled() => break,
                received = self.socket.recv_from(&mut datagram) => {
                    // An ICMP error of an earlier datagram; the stack's timers deal with silence.
                    let Ok((bytes, from)) = received else { continue };
                    if let Some(datagram) = datagram.get(..bytes) {
                        self.agent.receive(from, datagram, clock().now(), &mut out);
                    }
                }
                order = self.received.recv() => match order {
                    Some(Order::Close) | None if closing.is_none() => {
                        closing = Some(clock().mono() + CLOSING_MAX);
                        self.close(&mut out);
                    }
                    Some(order) => self.obey(order, &mut out),
                    None => {}
                },
                () = sleep_until(wake) => self.agent.handle_timeout(clock().now(), &mut out),
            }
            self.flush(&mut out).await;
            let done = self.agent.legs() == 0 && !self.registered;
            if closing.is_some_and(|until| done || clock().mono() >= until) {
                break;
            }
        }
        for line in self.lines.values() {
            line.over.cancel();
        }
        self.shared.gone.cancel();
    }

    fn obey(&mut self, order: Order, out: &mut Vec<Output>) {
        let now = clock().now();
        match order {
            Order::Command(command) => {
                let leaving = match &*command {
                    Command::Hangup { leg, .. } | Command::Reject { leg, .. } => self.lines.get(leg).cloned(),
                    _ => None,
                };
                self.agent.command(*command, now, out);
                if let Some(line) = leaving {
                    release(&line);
                }
            }
            Order::Invite { line, invite } => {
                self.forget_ended();
                self.lines.insert(line.leg, line);
                self.agent.command(Command::Invite(invite), now, out);
            }
            Order::Register { account, server } => self.agent.register(account, server, now, out),
            Order::Unregister => self.agent.unregister(now, out),
            Order::Close => {}
        }
    }

    fn close(&mut self, out: &mut Vec<Output>) {
        let now = clock().now();
        let live: Vec<_> = self.lines.values().filter(|line| !line.over.is_cancelled()).cloned().collect();
        for line in live {
            self.agent.command(Command::Hangup { leg: line.leg, reason: None }, now, out);
            release(&line);
        }
        if self.registered {
            self.agent.unregister(now, out);
        }
    }

    /// Sends and tells what the agent put out; what that leads to is put out in turn.
    async fn flush(&mut self, out: &mut Vec<Output>) {
        while !out.is_empty() {
            for output in std::mem::take(out) {
                match output {
                    // A datagram that cannot be sent is a lost one: the timers deal with it.
                    Output::Send { to, bytes } => {
                        let _ = self.socket.send_to(&bytes, to).await;
                    }
                    Output::Trace { leg, trace } => self.trace(leg, trace),
                    Output::Event(event) => self.event(event, out),
                    Output::Registered { expires } => {
                        self.registered = true;
                        self.shared.log.add(clock().mono(), PhoneEvent::Registered { expires });
                    }
                    Output::Unregistered => {
                        self.registered = false;
                        self.shared.log.add(clock().mono(), PhoneEvent::Unregistered);
                    }
                    Output::RegistrationRefused { status } => {
                        self.registered = false;
                        self.shared.log.add(clock().mono(), PhoneEvent::RegistrationRefused { status });
                    }
                }
            }
        }
    }

    fn trace(&mut self, leg: Option<LegId>, trace: Box<Trace>) {
        let at = clock().mono();
        match leg {
            None => self.shared.log.add(at, PhoneEvent::Message(trace)),
            Some(leg) => match self.lines.get(&leg) {
                Some(line) => line.log.add(at, CallEvent::Message(trace)),
                None => self.early.push((leg, Timed { at, what: trace })),
            },
        }
    }

    fn event(&mut self, event: Event, out: &mut Vec<Output>) {
        let at = clock().mono();
        let now = clock().now();
        let leg = match &event {
            Event::Incoming(incoming) => return self.incoming(incoming, out),
            Event::Confirmed { leg, .. }
            | Event::Ended { leg, .. }
            | Event::Progress { leg, .. }
            | Event::Answered { leg, .. }
            | Event::Failed { leg, .. }
            | Event::Offered { leg, .. }
            | Event::Reanswered { leg, .. }
            | Event::ReferTold { leg, .. }
            | Event::Digit { leg, .. } => *leg,
            // A phone passes nobody on.
            Event::Referred { leg, .. } => {
                self.agent.command(Command::AnswerRefer { leg: *leg, status: 603 }, now, out);
                return;
            }
            Event::FlowLost { .. } => return,
            // A phone is no registrar and asks nobody whether he is there.
            Event::Registered { .. } | Event::Unregistered { .. } | Event::Pong { .. } => return,
        };
        let Some(line) = self.lines.get(&leg).cloned() else { return };
        let told = match event {
            Event::Progress { status, sdp, .. } => {
                if let Some(remote) = sdp.as_deref().and_then(Remote::read) {
                    line.voice().agree(remote);
                }
                CallEvent::Progress { status }
            }
            Event::Answered { sdp, .. } => {
                let agreed = Remote::read(&sdp).is_some_and(|remote| line.voice().agree(remote));
                line.voice().open();
                line.log.add(at, CallEvent::Answered);
                if !agreed {
                    self.agent.command(Command::Hangup { leg, reason: None }, now, out);
                    release(&line);
                }
                return;
            }
            Event::Confirmed { sdp, .. } => {
                if let Some(remote) = sdp.as_deref().and_then(Remote::read) {
                    line.voice().agree(remote);
                }
                CallEvent::Confirmed
            }
            Event::Offered { sdp, .. } => {
                let Some(answer) = reanswer(&line, &sdp) else {
                    self.agent.command(Command::RejectOffer { leg, status: 488 }, now, out);
                    return;
                };
                self.agent.command(Command::AcceptOffer { leg, sdp: answer.1 }, now, out);
                CallEvent::Offered { direction: answer.0 }
            }
            Event::Reanswered { sdp, .. } => {
                let remote = sdp.as_deref().and_then(Remote::read);
                CallEvent::Reanswered { accepted: remote.is_some_and(|remote| line.voice().agree(remote)) }
            }
            Event::Digit { digit, .. } => CallEvent::KeyHeard(digit, DigitMethod::Info),
            Event::ReferTold { status, .. } => CallEvent::ReferTold { status },
            Event::Failed { status, redirect, .. } => CallEvent::Failed { status, redirect },
            Event::Ended { how, .. } => CallEvent::Ended(how),
            Event::Incoming(_)
            | Event::Referred { .. }
            | Event::FlowLost { .. }
            | Event::Registered { .. }
            | Event::Unregistered { .. }
            | Event::Pong { .. } => return,
        };
        if matches!(told, CallEvent::Failed { .. } | CallEvent::Ended(_)) {
            line.over.cancel();
        }
        line.log.add(at, told);
    }

    fn incoming(&mut self, incoming: &Incoming, out: &mut Vec<Output>) {
        let leg = incoming.leg;
        let shared = self.shared.clone();
        let options = &shared.options;
        let early = std::mem::take(&mut self.early);
        let remote = incoming.offer.as_deref().and_then(Remote::read);
        let media = open_media(SocketAddr::new(options.ip, 0));
        let (Ok((socket, address)), true) = (media, remote.is_some() || incoming.offer.is_none()) else {
            self.agent.command(Command::Reject { leg, status: 488, retry_after: None }, clock().now(), out);
            return;
        };
        let local = Local::new(address, &options.codecs, options.telephone_event);
        let mut voice = Voice::new(local, options.sound.clone(), self.shared.seed_of(leg));
        if remote.is_some_and(|remote| !voice.agree(remote)) {
            self.agent.command(Command::Reject { leg, status: 488, retry_after: None }, clock().now(), out);
            return;
        }
        let line = Line::new(leg, voice, self.shared.vanished.child_token());
        for (_, Timed { at, what }) in early.into_iter().filter(|(of, _)| *of == leg) {
            if what.received("INVITE") {
                let _ = line.invite.set(Trace::clone(&what));
            }
            line.log.add(at, CallEvent::Message(what));
        }
        self.forget_ended();
        self.lines.insert(leg, line.clone());
        tokio::spawn(voice::run(line.clone(), socket, line.over.clone()));
        let call = Call::new(line, self.orders.clone());
        match options.policy {
            Policy::Manual => {}
            Policy::Answer { after } => {
                tokio::spawn(ring_and_answer(call.clone(), after));
            }
            Policy::Reject { status } => {
                self.agent.command(Command::Reject { leg, status, retry_after: None }, clock().now(), out);
                release(call.line());
            }
        }
        self.shared.log.add(clock().mono(), PhoneEvent::Incoming(leg));
        // Nobody has taken the last calls from the queue: this one rings, and is seen in the log only.
        let _ = self.calls.try_send(call);
    }

    fn forget_ended(&mut self) {
        if self.lines.len() >= LINES_KEPT_MAX {
            self.lines.retain(|_, line| !line.over.is_cancelled());
        }
    }
}

/// Notes our own hang-up. The stack says no more of such a leg, unless it had an INVITE of ours to cancel: then the
/// answer to that is the end.
fn release(line: &Line) {
    let dialling = line.leg == LegId(line.leg.0 | 1) && !line.voice().is_open();
    if !dialling && !line.over.is_cancelled() {
        line.over.cancel();
        line.log.add(clock().mono(), CallEvent::Released);
    }
}

/// A bound socket and its address.
pub fn open_media(at: SocketAddr) -> std::io::Result<(UdpSocket, SocketAddr)> {
    let socket = std::net::UdpSocket::bind(at)?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((UdpSocket::from_std(socket)?, address))
}

/// Agrees to a new offer: the peer's direction, and our answer.
fn reanswer(line: &Line, sdp: &str) -> Option<(crate::robot::description::Direction, String)> {
    let remote = Remote::read(sdp)?;
    let mut voice = line.voice();
    let answer = voice.local.answer(&remote)?;
    let direction = remote.direction;
    voice.direction = direction.mirrored();
    voice.agree(remote).then_some((direction, answer))
}

async fn ring_and_answer(call: Call, after: Duration) {
    call.ring().await;
    tokio::time::sleep(after).await;
    if !call.is_over() {
        call.answer().await;
    }
}

async fn sleep_until(wake: Option<std::time::Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
