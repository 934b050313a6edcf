//! Media shards: plain OS threads, one per media core, each with its own sockets, legs and clock. Nothing is shared, and
//! RTP never crosses a thread.
//!
//! ```text
//!   control ──orders (bounded ring)──▶ shard: [ sleep to the 5 ms grid ▸ orders ▸ read what came ▸ tick, send ]
//!      ▲                                 │ │
//!      └──notices: events, spent clips───┘ └──audio (bounded ring)──▶ recorder
//! ```
//! [`Shards`] is the control side's end: it turns a prompt's name into the clip before the command crosses, so that a
//! shard neither looks up nor frees one.
mod bridges;
mod grid;
mod outbox;
mod ports;
mod run;
mod socket;
mod stats;
mod tape;
mod transport;
mod wake;

pub use socket::{ask_for_realtime, report_icmp};
pub use stats::{LAG_BOUNDS_US, LAG_BUCKETS, ShardStats};

use crate::clock::Clock;
use crate::digit::Digit;
use crate::ids::{LegId, PlayId, ShardId};
use crate::media::playout::{Script, Spent};
use crate::media::prompt::{Clip, PromptSet};
use crate::media::record::Chunk;
use crate::media::{LegCommand, LegEvent, Negotiation, RecordingName, Sdp, Supervision};
use rtrb::{Consumer, Producer, RingBuffer};
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use transport::webrtc::Certificate;
use wake::Wake;

/// Commands on their way to one shard. A call makes a few a second, so this is thousands of calls' worth of a stall of
/// many seconds; a full ring is told to the caller, who keeps the command.
const ORDERS_MAX: usize = 8192;
/// Events on their way back. What finds the ring full waits in the shard: nothing is lost.
const NOTICES_MAX: usize = 8192;

/// Where a shard's recorded audio goes: one end of the recorder's ring, one for each shard.
pub type Tap = Producer<Chunk>;

#[derive(Clone, Debug)]
pub struct Options {
    /// The address that media sockets are bound to.
    pub address: IpAddr,
    /// The address that descriptions name, where it differs (NAT, or `address` is unspecified).
    pub advertised: Option<IpAddr>,
    /// Even port for RTP, the next for RTCP; spread over the shards and bound at the start.
    pub ports: RangeInclusive<u16>,
    pub shards: usize,
    /// The UDP port of the first shard for all its browsers, the next shard's is the next; 0: any free ones. Without it no
    /// leg of a browser can be opened.
    pub browsers: Option<u16>,
    /// Ask for SCHED_FIFO; a refusal is logged and shown by [`ShardStats::realtime`].
    pub realtime: bool,
    /// No packet for so long, while the peer is expected to send: `RtpTimeout`.
    pub rtp_timeout: Duration,
    pub clock: Clock,
    /// For SSRCs and the like; `None` takes one from the operating system.
    pub seed: Option<u64>,
}

impl Options {
    pub fn new(address: IpAddr, ports: RangeInclusive<u16>, clock: Clock) -> Options {
        Options {
            address,
            advertised: None,
            ports,
            shards: 1,
            browsers: None,
            realtime: false,
            rtp_timeout: Duration::from_secs(30),
            clock,
            seed: None,
        }
    }
}

/// The command ring is full: the shard is far behind. The command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("media shard {} does not take commands: its ring is full or its thread has ended", .0.0)]
pub struct Full(pub ShardId);

/// A command with its names looked up.
#[derive(Debug)]
enum Order {
    /// `shown`: the address that the description names, where it depends on the peer.
    Open {
        leg: LegId,
        how: Negotiation,
        peer: IpAddr,
        shown: Option<IpAddr>,
    },
    Answer {
        leg: LegId,
        sdp: Sdp,
    },
    Reoffer {
        leg: LegId,
        sdp: Sdp,
    },
    Play {
        leg: LegId,
        play: PlayId,
        script: Script,
        barge_in: bool,
    },
    Hush {
        leg: LegId,
    },
    Music {
        leg: LegId,
        clip: Option<Arc<Clip>>,
    },
    Bridge {
        a: LegId,
        b: LegId,
    },
    Unbridge {
        leg: LegId,
    },
    SendDigit {
        leg: LegId,
        digit: Digit,
    },
    InfoDigit {
        leg: LegId,
        digit: Digit,
    },
    Record {
        leg: LegId,
        name: RecordingName,
        max: Duration,
        silence: Duration,
        beep: Arc<Clip>,
    },
    StopRecording {
        leg: LegId,
    },
    Coach {
        leg: LegId,
        caller: LegId,
        operator: LegId,
        mode: Supervision,
    },
    RecordTalk {
        leg: LegId,
        name: RecordingName,
    },
    PauseTalk {
        leg: LegId,
        paused: bool,
    },
    StopTalk {
        leg: LegId,
    },
    Close {
        leg: LegId,
    },
}

/// What a shard hands back.
#[derive(Debug)]
enum Notice {
    Event(LegEvent),
    /// To be dropped here, where freeing it makes no packet late.
    Spent(#[allow(dead_code)] Spent),
}

/// The control side's handle on all shards. Dropping it closes all legs and ends the threads.
pub struct Shards {
    orders: Vec<Producer<Order>>,
    prompts: Arc<PromptSet>,
    meter: Meter,
    /// Asked when the sockets are bound to all addresses and no other is to be shown.
    toward: Option<Toward>,
    unspecified: bool,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Which of our addresses a peer reaches us at.
pub type Toward = Box<dyn Fn(IpAddr) -> Option<IpAddr> + Send>;

/// A handle on the counters, for whoever shows them.
#[derive(Clone, Debug)]
pub struct Meter {
    shards: Arc<[stats::Shared]>,
}

impl Meter {
    pub fn stats(&self) -> Vec<ShardStats> {
        self.shards.iter().map(stats::Shared::load).collect()
    }
}

impl Shards {
    /// Binds the ports and starts the threads. `taps` are the recorder's, one for each shard; without them recordings are
    /// all gap.
    pub fn start(options: Options, prompts: Arc<PromptSet>, taps: Vec<Tap>) -> io::Result<(Shards, Events)> {
        let count = options.shards.max(1);
        let wake = Arc::new(Wake::new()?);
        let stop = Arc::new(AtomicBool::new(false));
        let meter = Meter { shards: (0..count).map(|_| stats::Shared::default()).collect() };
        let mut taps = taps.into_iter();
        let certificate = options.browsers.map(|_| Certificate::make()).transpose()?;
        let (mut orders, mut notices, mut shards) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..count {
            let (order_in, order_out) = RingBuffer::new(ORDERS_MAX);
            let (notice_in, notice_out) = RingBuffer::new(NOTICES_MAX);
            orders.push(order_in);
            notices.push(notice_out);
            let link = run::Link {
                orders: order_out,
                notices: notice_in,
                wake: wake.clone(),
                stop: stop.clone(),
                meter: meter.clone(),
                tap: taps.next(),
            };
            // All ports are bound before the first thread runs: a fault here leaves nothing behind.
            shards.push(run::Shard::new(index, &options, certificate.clone(), link)?);
        }
        let mut threads = Vec::new();
        for (index, shard) in shards.into_iter().enumerate() {
            let name = format!("media-{index}");
            threads.push(std::thread::Builder::new().name(name).spawn(move || shard.run())?);
        }
        let events = Events { notices, wake, readable: None };
        let unspecified = options.advertised.unwrap_or(options.address).is_unspecified();
        Ok((Shards { orders, prompts, meter, toward: None, unspecified, stop, threads }, events))
    }

    pub fn count(&self) -> usize {
        self.orders.len()
    }

    /// Sockets that are bound to all addresses have none to write into a description (0.0.0.0 would mean hold, RFC 3264
    /// §8.4): this tells which one a peer reaches us at. Without effect when a real address is bound or advertised.
    pub fn show(&mut self, toward: Toward) {
        self.toward = self.unspecified.then_some(toward);
    }

    /// Hands a command to a shard. Prompts and music are looked up here.
    pub fn send(&mut self, shard: ShardId, command: LegCommand) -> Result<(), Full> {
        let orders = self.orders.get_mut(usize::from(shard.0)).ok_or(Full(shard))?;
        if orders.is_full() || orders.is_abandoned() {
            return Err(Full(shard));
        }
        let order =
            resolve(&self.prompts, |peer| self.toward.as_ref().and_then(|toward| toward(peer)), command);
        orders.push(order).map_err(|_| Full(shard))
    }

    /// Takes effect with the next command; what is being played is played to its end.
    pub fn set_prompts(&mut self, prompts: Arc<PromptSet>) {
        self.prompts = prompts;
    }

    pub fn prompts(&self) -> &Arc<PromptSet> {
        &self.prompts
    }

    pub fn stats(&self) -> Vec<ShardStats> {
        self.meter.stats()
    }

    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// How many legs can be open at once: the port pairs that could be bound.
    pub fn capacity(&self) -> usize {
        self.stats().iter().map(|stats| stats.ports_total as usize).sum()
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // A panic there was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

fn resolve(prompts: &PromptSet, toward: impl Fn(IpAddr) -> Option<IpAddr>, command: LegCommand) -> Order {
    match command {
        LegCommand::Open { leg, how, peer } => Order::Open { leg, how, peer, shown: toward(peer) },
        LegCommand::Answer { leg, sdp } => Order::Answer { leg, sdp },
        LegCommand::Reoffer { leg, sdp } => Order::Reoffer { leg, sdp },
        LegCommand::Play { leg, play, language, pieces, barge_in } => {
            Order::Play { leg, play, script: prompts.script(language, &pieces), barge_in }
        }
        LegCommand::Hush { leg } => Order::Hush { leg },
        LegCommand::Music { leg, music } => Order::Music { leg, clip: prompts.music(&music) },
        LegCommand::Bridge { a, b } => Order::Bridge { a, b },
        LegCommand::Unbridge { leg } => Order::Unbridge { leg },
        LegCommand::SendDigit { leg, digit } => Order::SendDigit { leg, digit },
        LegCommand::InfoDigit { leg, digit } => Order::InfoDigit { leg, digit },
        LegCommand::Record { leg, name, max, silence } => {
            Order::Record { leg, name, max, silence, beep: prompts.beep() }
        }
        LegCommand::StopRecording { leg } => Order::StopRecording { leg },
        LegCommand::Coach { leg, caller, operator, mode } => Order::Coach { leg, caller, operator, mode },
        LegCommand::RecordTalk { leg, name } => Order::RecordTalk { leg, name },
        LegCommand::PauseTalk { leg, paused } => Order::PauseTalk { leg, paused },
        LegCommand::StopTalk { leg } => Order::StopTalk { leg },
        LegCommand::Close { leg } => Order::Close { leg },
    }
}

/// The events of all shards, in order within each shard.
pub struct Events {
    notices: Vec<Consumer<Notice>>,
    wake: Arc<Wake>,
    /// Made at the first `recv`, for it needs a runtime.
    readable: Option<AsyncFd<Arc<Wake>>>,
}

impl Events {
    /// Waits for events and adds all that are there to `into`. Zero: the shards have ended. Cancel-safe.
    pub async fn recv(&mut self, into: &mut Vec<LegEvent>) -> io::Result<usize> {
        loop {
            let ended = self.ended();
            let count = self.try_recv(into);
            if count > 0 || ended {
                return Ok(count);
            }
            let readable = match &mut self.readable {
                Some(readable) => readable,
                none => none.insert(socket::watch(self.wake.clone())?),
            };
            readable.readable().await?.clear_ready();
        }
    }

    /// What is there now.
    pub fn try_recv(&mut self, into: &mut Vec<LegEvent>) -> usize {
        self.wake.take();
        let before = into.len();
        for notices in &mut self.notices {
            while let Ok(notice) = notices.pop() {
                if let Notice::Event(event) = notice {
                    into.push(event);
                }
            }
        }
        into.len() - before
    }

    /// Blocks the calling thread, for programs without a runtime. Zero: nothing came in time.
    pub fn recv_timeout(&mut self, into: &mut Vec<LegEvent>, timeout: Duration) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let count = self.try_recv(into);
        if count > 0 {
            return Ok(count);
        }
        let timeout = Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        poll(&mut [PollFd::new(&self.wake, PollFlags::IN)], Some(&timeout))?;
        Ok(self.try_recv(into))
    }

    fn ended(&self) -> bool {
        self.notices.iter().all(Consumer::is_abandoned)
    }
}

/// Would a shard that asks for real-time scheduling get it? Tried on a thread that ends at once.
pub fn may_be_realtime() -> bool {
    std::thread::spawn(|| socket::ask_for_realtime().is_ok()).join().unwrap_or(false)
}

/// Raises the soft limit of open files to the hard one, and says what it is now. A leg takes two.
pub fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    now.unwrap_or(u64::MAX)
}
