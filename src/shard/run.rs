//! One shard's thread: the 5 ms grid, the orders, and the legs with their sockets.
//!
//! All legs' sockets are read in each step, so a digit waits 5 ms at most; frames leave in the leg's own phase, one step in
//! four. One `epoll_wait` a step tells which sockets have something. Measured on 400 legs, µs of CPU per packet received or
//! sent, kernel included: reading by that list 3.4, reading each leg in turn 4.7, reading each in its own phase only 3.7
//! (two busy cores, so the proportions count).
//!
//! The grid is absolute: a late tick does not move the next. After a stall the missed ticks are made up at once, so that
//! prompts keep their length, unless it was too long.
use crate::clock::Clock;
use crate::ids::LegId;
use crate::machine::Now;
use crate::media::bridge::Passed;
use crate::media::leg::{Leg, Seed, Settings};
use crate::media::packet::PACKET_BYTES_MAX;
use crate::media::sdp::LocalMedia;
use crate::media::sink::{Channel, Sink};
use crate::media::{LegEvent, Negotiation, Refusal};
use crate::shard::bridges::{Place, Supervised};
use crate::shard::grid::{GRID, Grid};
use crate::shard::outbox::Outbox;
use crate::shard::ports::Ports;
use crate::shard::socket;
use crate::shard::stats::ShardStats;
use crate::shard::tape::Tape;
use crate::shard::transport::plain::Plain;
use crate::shard::transport::webrtc::{Certificate, Door, Peer};
use crate::shard::transport::{Buffer, Transport};
use crate::shard::wake::Wake;
use crate::shard::{Meter, Notice, Options, Order, Tap};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rtrb::{Consumer, Producer};
use rustix::event::epoll;
use rustix::time::Timespec;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A packet's 20 ms in steps of the grid: legs are spread over so many phases.
const PHASES: u32 = 4;
/// Datagrams of one leg in one step; a peer that floods gets no more of the shard than this, and the rest waits or is
/// dropped by the kernel.
const BURST_MAX: usize = 32;
/// How often all legs are asked for a gauge: each second.
const SURVEY_EVERY_TICKS: u64 = 200;
/// Orders in one tick: a burst of new calls is spread over several.
const ORDERS_PER_TICK: usize = 256;
/// Ready sockets told by one call, and calls in one tick: more legs than a shard can carry. Beyond them a socket waits for
/// the next tick, and the kernel's list goes round.
const READY_PER_CALL: usize = 256;
const READY_CALLS_MAX: usize = 32;
/// Datagrams of all browsers in one step; the rest waits for the next.
const BROWSERS_BURST_MAX: usize = 512;
/// What the kernel keeps for us with the browsers' port; no slot has this number.
const BROWSERS: u64 = u64::MAX;

/// The rings' shard side.
pub struct Link {
    pub orders: Consumer<Order>,
    pub notices: Producer<Notice>,
    pub wake: Arc<Wake>,
    pub stop: Arc<AtomicBool>,
    pub meter: Meter,
    pub tap: Option<Tap>,
}

pub(super) struct Slot {
    pub leg: Leg,
    transport: Transport,
    /// The other leg of the bridge.
    pub partner: Option<usize>,
    /// Its place in a supervised talk: then its packets are mixed.
    pub place: Option<Place>,
    /// The step in which the RTP socket last had something.
    read_at: u64,
}

pub struct Shard {
    pub(super) index: usize,
    realtime: bool,
    clock: Clock,
    settings: Settings,
    /// What descriptions name.
    address: IpAddr,
    rng: ChaCha8Rng,
    ports: Ports,
    browsers: Option<Door>,
    pub(super) slots: Vec<Option<Slot>>,
    vacant: Vec<usize>,
    pub(super) by_leg: BTreeMap<LegId, usize>,
    pub(super) supervised: Vec<Option<Supervised>>,
    opened: u32,
    /// All legs' sockets.
    poll: OwnedFd,
    tape: Tape,
    outbox: Outbox,
    stats: ShardStats,
    orders: Consumer<Order>,
    stop: Arc<AtomicBool>,
    meter: Meter,
}

impl Shard {
    pub fn new(
        index: usize,
        options: &Options,
        certificate: Option<Certificate>,
        link: Link,
    ) -> io::Result<Shard> {
        let ports = Ports::bind(options.address, &options.ports, index, options.shards.max(1))?;
        let seed = match options.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(io::Error::other)?,
        };
        let total = ports.total();
        let mut stats =
            ShardStats { ports_total: total as u64, ports_free: total as u64, ..ShardStats::default() };
        stats.legs = 0;
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let browsers = certificate.and_then(|certificate| open_door(index, options, certificate));
        if let Some(door) = &browsers {
            epoll::add(&poll, door, epoll::EventData::new_u64(BROWSERS), epoll::EventFlags::IN)?;
        }
        let shard = Shard {
            index,
            realtime: options.realtime,
            clock: options.clock,
            settings: Settings { rtp_timeout: options.rtp_timeout },
            address: options.advertised.unwrap_or(options.address),
            rng: ChaCha8Rng::seed_from_u64(seed.wrapping_add(index as u64)),
            ports,
            browsers,
            slots: Vec::with_capacity(total),
            vacant: Vec::with_capacity(total),
            by_leg: BTreeMap::new(),
            supervised: Vec::new(),
            opened: 0,
            poll,
            tape: Tape::new(link.tap),
            outbox: Outbox { ring: link.notices, waiting: VecDeque::new(), wake: link.wake },
            stats,
            orders: link.orders,
            stop: link.stop,
            meter: link.meter,
        };
        shard.publish();
        Ok(shard)
    }

    pub fn run(mut self) {
        if self.realtime {
            match socket::ask_for_realtime() {
                Ok(()) => self.stats.realtime = 1,
                Err(error) => tracing::warn!(
                    shard = self.index,
                    %error,
                    "real-time scheduling was refused: expected SCHED_FIFO, got the normal class; under load ticks come late. \
                     Grant CAP_SYS_NICE or LimitRTPRIO, or set media.realtime to false"
                ),
            }
        }
        let mut buffer = [0; PACKET_BYTES_MAX + 1];
        let mut sink = Sink::default();
        let mut grid = Grid::start(&self.clock);
        while !self.stop.load(Ordering::Acquire) {
            let lag = grid.wait();
            self.stats.lagged(lag.by);
            self.stats.skipped_ticks += lag.skipped;
            let now = Now { mono: grid.now(), wall: Clock::wall() };
            self.tick(now, &mut buffer, &mut sink);
        }
        let now = Now { mono: grid.now(), wall: Clock::wall() };
        let legs: Vec<LegId> = self.by_leg.keys().copied().collect();
        legs.into_iter().for_each(|leg| self.close(leg, now, &mut sink));
        self.tape.flush();
        self.outbox.flush();
        self.publish();
        // The rings go with `self`, and then the reader must look: it is told so by their being abandoned.
        let wake = self.outbox.wake.clone();
        drop(self);
        wake.wake();
    }

    fn tick(&mut self, now: Now, buffer: &mut Buffer, sink: &mut Sink) {
        self.stats.ticks += 1;
        for _ in 0..ORDERS_PER_TICK {
            let Ok(order) = self.orders.pop() else { break };
            self.obey(order, now, sink);
        }
        self.read_ready(now, buffer, sink);
        let at = self.clock.deadline(now.mono);
        for index in 0..self.slots.len() {
            if let Some(Slot { transport: Transport::Browser(peer), .. }) = &mut self.slots[index]
                && peer.is_due(at)
            {
                peer.handle_timeout();
                self.read(index, now, buffer, sink);
            }
            if let Some(slot) = &mut self.slots[index]
                && slot.leg.is_due(now.mono)
            {
                slot.leg.tick(now, sink);
                self.flush(index, sink);
            }
        }
        self.mix(now, sink);
        if self.stats.ticks.is_multiple_of(SURVEY_EVERY_TICKS) {
            let highest = self.slots.iter().flatten().map(|slot| slot.leg.jitter_ms()).fold(0.0, f64::max);
            self.stats.jitter_max_us = (highest * 1000.0) as u64;
        }
        self.tape.flush();
        self.outbox.flush();
        self.publish();
    }

    /// Reads the sockets that have something: the kernel keeps the list, so a quiet leg costs nothing.
    fn read_ready(&mut self, now: Now, buffer: &mut Buffer, sink: &mut Sink) {
        let mut ready =
            [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
                READY_PER_CALL];
        let immediately = Timespec { tv_sec: 0, tv_nsec: 0 };
        for _ in 0..READY_CALLS_MAX {
            let count = epoll::wait(&self.poll, &mut ready[..], Some(&immediately)).unwrap_or(0);
            for event in ready.iter().take(count) {
                if event.data.u64() == BROWSERS {
                    self.read_browsers(now, buffer, sink);
                    continue;
                }
                let (index, channel) = unpack(event.data.u64());
                match channel {
                    Channel::Rtp => self.read(index, now, buffer, sink),
                    Channel::Rtcp => self.read_report(index, now, buffer),
                }
            }
            if count < READY_PER_CALL {
                return;
            }
        }
    }

    /// What came for this leg; what it passes on leaves by its partner at once. A leg has one packet in four steps, so one is
    /// read, and the call that would find nothing is saved; if the socket is listed again in the next step, all is read.
    fn read(&mut self, index: usize, now: Now, buffer: &mut Buffer, sink: &mut Sink) {
        let step = self.stats.ticks;
        let Some(slot) = self.slots.get_mut(index).and_then(Option::as_mut) else { return };
        let all = slot.read_at + 1 >= step || matches!(slot.transport, Transport::Browser(_));
        let many = if all { BURST_MAX } else { 1 };
        slot.read_at = step;
        for _ in 0..many {
            let Some(slot) = &mut self.slots[index] else { return };
            let Some((bytes, from)) = slot.transport.receive(Channel::Rtp, buffer) else { break };
            self.stats.packets_in += u64::from(matches!(slot.transport, Transport::Plain(_)));
            let passed = slot.leg.receive(bytes, from, now, sink);
            match (passed, slot.partner, slot.place) {
                (Some(passed), _, Some(place)) => self.mix_in(place, &passed),
                (Some(passed), Some(partner), None) => self.pass(partner, &passed, now, sink),
                _ => {}
            }
        }
        if !sink.events.is_empty() || !sink.chunks.is_empty() || !sink.spent.is_empty() {
            self.flush(index, sink);
        }
    }

    /// What came to the browsers' port, each to its leg.
    fn read_browsers(&mut self, now: Now, buffer: &mut Buffer, sink: &mut Sink) {
        for _ in 0..BROWSERS_BURST_MAX {
            let Some(door) = &mut self.browsers else { return };
            let Some((bytes, from)) = door.receive(buffer) else { return };
            self.stats.packets_in += 1;
            let index = door.whose(bytes, from);
            let slot = index.and_then(|index| Some((index, self.slots.get_mut(index)?.as_mut()?)));
            let Some((index, Slot { transport: Transport::Browser(peer), .. })) = slot else {
                self.stats.rejected += 1;
                continue;
            };
            if !peer.take(bytes, from) {
                self.stats.rejected += 1;
                continue;
            }
            door.learn(from, index, peer);
            self.read(index, now, buffer, sink);
        }
    }

    fn read_report(&mut self, index: usize, now: Now, buffer: &mut Buffer) {
        let Some(slot) = self.slots.get_mut(index).and_then(Option::as_mut) else { return };
        for _ in 0..BURST_MAX {
            let Some((bytes, from)) = slot.transport.receive(Channel::Rtcp, buffer) else { return };
            self.stats.packets_in += 1;
            slot.leg.receive_report(bytes, from, now);
        }
    }

    fn pass(&mut self, partner: usize, passed: &Passed<'_>, now: Now, sink: &mut Sink) {
        if let Some(slot) = self.slots.get_mut(partner).and_then(Option::as_mut) {
            slot.leg.pass(passed, now, sink);
            send(slot, sink, &mut self.stats);
        }
    }

    /// A command for a leg that is gone does nothing: it crossed the leg's end.
    fn obey(&mut self, order: Order, now: Now, sink: &mut Sink) {
        let leg = match order {
            Order::Open { leg, how, peer, shown } => return self.open(leg, how, peer, shown, now),
            Order::Close { leg } => return self.close(leg, now, sink),
            Order::Bridge { a, b } => return self.bridge(a, b, now, sink),
            Order::Unbridge { leg } => return self.unbridge(leg, now, sink),
            Order::Coach { leg, caller, operator, mode } => {
                return self.coach(leg, caller, operator, mode, now, sink);
            }
            Order::Answer { leg, .. }
            | Order::Reoffer { leg, .. }
            | Order::Play { leg, .. }
            | Order::Hush { leg }
            | Order::Music { leg, .. }
            | Order::SendDigit { leg, .. }
            | Order::InfoDigit { leg, .. }
            | Order::Record { leg, .. }
            | Order::StopRecording { leg }
            | Order::RecordTalk { leg, .. }
            | Order::PauseTalk { leg, .. }
            | Order::StopTalk { leg } => leg,
        };
        let Some(index) = self.by_leg.get(&leg).copied() else {
            return self.outbox.spend(order);
        };
        let Some(slot) = &mut self.slots[index] else { return };
        let (subject, transport) = (&mut slot.leg, &mut slot.transport);
        match order {
            Order::Answer { sdp, .. } => {
                let agreed = subject.accept_answer(&sdp, now).and_then(|()| match transport {
                    Transport::Browser(peer) => peer.accept(&sdp),
                    Transport::Plain(_) => Ok(()),
                });
                if let Err(why) = agreed {
                    sink.events.push(LegEvent::Refused { leg, why });
                }
            }
            Order::Reoffer { sdp, .. } => match transport {
                Transport::Browser(peer) => {
                    subject.reoffer_by_transport(&sdp, || peer.answer(&sdp), now, sink);
                }
                Transport::Plain(_) => subject.reoffer(&sdp, now, sink),
            },
            Order::Play { play, script, barge_in, .. } => subject.play(play, script, barge_in, now, sink),
            Order::Hush { .. } => subject.hush(sink),
            Order::Music { clip, .. } => subject.music(clip, sink),
            Order::SendDigit { digit, .. } => subject.send_digit(digit),
            Order::InfoDigit { digit, .. } => subject.info_digit(digit, now, sink),
            Order::Record { name, max, silence, beep, .. } => {
                subject.record(name, max, silence, beep, now, sink);
            }
            Order::StopRecording { .. } => subject.stop_recording(sink),
            Order::RecordTalk { name, .. } => subject.record_talk(name, now.mono, sink),
            Order::PauseTalk { paused, .. } => subject.pause_talk(paused),
            Order::StopTalk { .. } => subject.stop_talk(sink),
            Order::Open { .. }
            | Order::Close { .. }
            | Order::Bridge { .. }
            | Order::Unbridge { .. }
            | Order::Coach { .. } => {}
        }
        self.flush(index, sink);
    }

    fn open(&mut self, id: LegId, how: Negotiation, peer: IpAddr, shown: Option<IpAddr>, now: Now) {
        if self.by_leg.contains_key(&id) {
            tracing::error!(leg = id.0, "opened twice: the first stays");
            return;
        }
        let opened = match how {
            Negotiation::OfferBrowser => self.open_to_browser(id, peer, shown, now),
            _ => self.open_plain(id, &how, peer, shown, now),
        };
        let notice = match opened {
            Ok((leg, transport, sdp)) => {
                self.enter(id, leg, transport);
                LegEvent::Opened { leg: id, sdp }
            }
            Err(why) => LegEvent::Refused { leg: id, why },
        };
        self.outbox.push(Notice::Event(notice));
    }

    fn open_plain(
        &mut self,
        id: LegId,
        how: &Negotiation,
        peer: IpAddr,
        shown: Option<IpAddr>,
        now: Now,
    ) -> Result<(Leg, Transport, String), Refusal> {
        let pair = self.ports.take(now.mono).ok_or(Refusal::NoPort)?;
        let ports = (pair.rtp_port, pair.rtcp_port);
        let mut leg = self.leg(id, shown.unwrap_or(self.address), ports, peer, now);
        let sdp = match how {
            Negotiation::Answer { offer } => leg.answer_offer(offer, now),
            Negotiation::Offer | Negotiation::OfferBrowser => Ok(leg.make_offer()),
        };
        match sdp {
            Ok(sdp) => Ok((leg, Transport::Plain(Plain::new(pair)), sdp)),
            Err(why) => {
                // Nobody has learnt of this port: it needs no rest.
                self.ports.give_back_unused(pair);
                Err(why)
            }
        }
    }

    fn open_to_browser(
        &mut self,
        id: LegId,
        peer: IpAddr,
        shown: Option<IpAddr>,
        now: Now,
    ) -> Result<(Leg, Transport, String), Refusal> {
        let shown = shown.unwrap_or(self.address);
        let door = self.browsers.as_ref().ok_or(Refusal::NoPort)?;
        let (browser, sdp) = Peer::offer(door, shown, peer, self.clock)?;
        let ports = (door.port, door.port);
        let mut leg = self.leg(id, shown, ports, peer, now);
        leg.offered_by_transport(browser.address());
        Ok((leg, Transport::Browser(Box::new(browser)), sdp))
    }

    fn leg(&mut self, id: LegId, address: IpAddr, ports: (u16, u16), peer: IpAddr, now: Now) -> Leg {
        let (rtp_port, rtcp_port) = ports;
        let local = LocalMedia { address, rtp_port, rtcp_port, session_id: 0, version: 1 };
        let seed = Seed(std::array::from_fn(|_| self.rng.next_u64()));
        let first_frame = now.mono + GRID * (self.opened % PHASES);
        Leg::new(id, local, peer, seed, self.settings, first_frame, now)
    }

    fn enter(&mut self, id: LegId, leg: Leg, transport: Transport) {
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        match (&transport, &mut self.browsers) {
            (Transport::Plain(plain), _) => {
                for channel in [Channel::Rtp, Channel::Rtcp] {
                    let data = epoll::EventData::new_u64(pack(index, channel));
                    if let Err(error) =
                        epoll::add(&self.poll, plain.watched(channel), data, epoll::EventFlags::IN)
                    {
                        tracing::error!(leg = id.0, ?channel, %error, "a media socket cannot be watched: the leg will be deaf");
                    }
                }
            }
            (Transport::Browser(peer), Some(door)) => door.enter(peer, index),
            (Transport::Browser(_), None) => {}
        }
        self.opened = self.opened.wrapping_add(1);
        self.slots[index] = Some(Slot { leg, transport, partner: None, place: None, read_at: 0 });
        self.by_leg.insert(id, index);
    }

    fn close(&mut self, id: LegId, now: Now, sink: &mut Sink) {
        self.unbridge(id, now, sink);
        let Some(index) = self.by_leg.remove(&id) else { return };
        let Some(mut slot) = self.slots[index].take() else { return };
        self.vacant.push(index);
        slot.leg.close(now, sink);
        send(&mut slot, sink, &mut self.stats);
        self.hand_over(sink);
        let quality = slot.leg.quality();
        self.stats.rejected += quality.packets_rejected;
        self.stats.lost += quality.packets_lost;
        match slot.transport {
            Transport::Plain(plain) => {
                for channel in [Channel::Rtp, Channel::Rtcp] {
                    // It fails only if it was never added.
                    let _ = epoll::delete(&self.poll, plain.watched(channel));
                }
                self.ports.give_back(plain.into_pair(), now.mono);
            }
            Transport::Browser(mut peer) => {
                peer.close();
                self.stats.rejected += peer.dropped;
                if let Some(door) = &mut self.browsers {
                    door.leave(&peer, index);
                }
            }
        }
    }

    /// Sends and hands over all that the leg has put into the sink.
    pub(super) fn flush(&mut self, index: usize, sink: &mut Sink) {
        if let Some(slot) = &mut self.slots[index] {
            send(slot, sink, &mut self.stats);
        }
        self.hand_over(sink);
    }

    pub(super) fn hand_over(&mut self, sink: &mut Sink) {
        let urgent = !sink.events.is_empty();
        for event in sink.events.drain(..) {
            if let LegEvent::Digit { method, .. } = &event {
                self.stats.digits[*method as usize] += 1;
            }
            self.outbox.push(Notice::Event(event));
        }
        sink.chunks.drain(..).for_each(|chunk| self.tape.push(chunk));
        sink.spent.drain(..).for_each(|spent| self.outbox.push(Notice::Spent(spent)));
        if urgent {
            // The rest of the tick is other legs' packets: who waits for a digit need not wait for them.
            self.outbox.wake.wake();
        }
    }

    fn publish(&self) {
        let mut stats = self.stats;
        stats.legs = self.by_leg.len() as u64;
        stats.ports_free = self.ports.free() as u64;
        stats.recorder_gap_samples = self.tape.gap_samples;
        if let Some(shared) = self.meter.shards.get(self.index) {
            shared.store(&stats);
        }
    }
}

/// Telephones go on without it, and whoever calls a browser is told that there is no port.
fn open_door(index: usize, options: &Options, certificate: Certificate) -> Option<Door> {
    let first = options.browsers?;
    let port = if first == 0 { 0 } else { first.checked_add(u16::try_from(index).ok()?)? };
    Door::open(options.address, port, certificate)
        .inspect_err(|error| {
            tracing::error!(
                port,
                %error,
                "operators in browsers cannot be called: their UDP port cannot be opened; set media.webrtc_port to a free one"
            );
        })
        .ok()
}

/// A slot and a channel as the kernel keeps them for us.
fn pack(index: usize, channel: Channel) -> u64 {
    (index as u64) << 1 | u64::from(channel == Channel::Rtcp)
}

fn unpack(data: u64) -> (usize, Channel) {
    ((data >> 1) as usize, if data & 1 == 1 { Channel::Rtcp } else { Channel::Rtp })
}

fn send(slot: &mut Slot, sink: &mut Sink, stats: &mut ShardStats) {
    for (channel, to, bytes) in sink.datagrams() {
        match slot.transport.send(channel, to, bytes) {
            Ok(()) => stats.packets_out += 1,
            // A full socket buffer or an unreachable peer: for RTP that is loss, which the peer's report will show.
            Err(_) => stats.send_errors += 1,
        }
    }
    sink.clear_datagrams();
}
