//! One call of a phone, incoming or outgoing: what may be done with it, and what happened on it.
use super::log::{Log, Timed, TimedOut};
use super::voice::Voice;
use super::{Order, Orders};
use crate::digit::{Digit, DigitMethod};
use crate::ids::LegId;
use crate::machine::Instant;
use crate::media::wav::WavError;
use crate::robot::clock;
use crate::robot::description::Direction;
use crate::robot::ear;
use crate::robot::mouth::{KEY_LENGTH, Method, Press, Sound};
use crate::robot::trace::Trace;
use crate::sip::{Command, Ended, Reason};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A peer in the same room answers a re-INVITE within this, or it never will.
const REINVITE_WITHIN: Duration = Duration::from_secs(5);

/// What happened on a call.
#[derive(Clone, Debug)]
pub enum CallEvent {
    /// A SIP message of this call passed, in or out.
    Message(Box<Trace>),
    Progress {
        status: u16,
    },
    /// The peer's 200 came, and our ACK left.
    Answered,
    /// The peer's ACK to our 200 came.
    Confirmed,
    /// The peer's re-INVITE came, with this direction as the peer sees it; we agreed.
    Offered {
        direction: Direction,
    },
    /// The peer's answer to our re-INVITE.
    Reanswered {
        accepted: bool,
    },
    /// The answer to our REFER, and what its NOTIFYs say.
    ReferTold {
        status: u16,
    },
    Failed {
        status: u16,
        redirect: Vec<String>,
    },
    /// The peer, a timer or a fault ended it.
    Ended(Ended),
    /// We hung up or refused it; nothing more will be said of it.
    Released,
    FirstPacket,
    /// The first packet with more than silence in it.
    FirstAudible,
    /// A talk spurt began; so many packets were missing before it.
    Spurt {
        missing: u32,
    },
    KeyHeard(Digit, DigitMethod),
    /// The first packet of a key press of ours left.
    KeySent(Digit),
}

/// How a call came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// It was never answered: the status of the refusal.
    Failed(u16),
    Ended(Ended),
    /// We hung up or refused it.
    Released,
}

/// What a call and its tasks share.
#[derive(Debug)]
pub struct Line {
    pub leg: LegId,
    pub log: Log<CallEvent>,
    pub heard: watch::Sender<()>,
    pub over: CancellationToken,
    pub invite: OnceLock<Trace>,
    voice: Mutex<Voice>,
}

impl Line {
    pub fn new(leg: LegId, voice: Voice, over: CancellationToken) -> Arc<Line> {
        let heard = watch::Sender::new(());
        let voice = Mutex::new(voice);
        Arc::new(Line { leg, log: Log::default(), heard, over, invite: OnceLock::new(), voice })
    }

    pub fn voice(&self) -> MutexGuard<'_, Voice> {
        self.voice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call. Clones are the same call; dropping them all does not hang up.
#[derive(Clone, Debug)]
pub struct Call {
    line: Arc<Line>,
    orders: Orders,
}

impl Call {
    pub(super) fn new(line: Arc<Line>, orders: Orders) -> Call {
        Call { line, orders }
    }

    pub fn leg(&self) -> LegId {
        self.line.leg
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    // What may be done

    /// 180 to an incoming call.
    pub async fn ring(&self) {
        self.command(Command::Ring { leg: self.leg(), early: None }).await;
    }

    /// 200 to an incoming call.
    pub async fn answer(&self) {
        let sdp = {
            let mut voice = self.line.voice();
            voice.open();
            match voice.remote().cloned() {
                Some(offer) => voice.local.answer(&offer),
                None => Some(voice.local.offer(Direction::SendRecv)),
            }
        };
        match sdp {
            Some(sdp) => self.command(Command::Answer { leg: self.leg(), sdp }).await,
            None => self.reject(488).await,
        }
    }

    pub async fn reject(&self, status: u16) {
        self.command(Command::Reject { leg: self.leg(), status, retry_after: None }).await;
    }

    /// CANCEL before the peer's answer, 480 or 487 before ours, BYE afterwards.
    pub async fn hangup(&self) {
        self.hangup_because(None).await;
    }

    pub async fn hangup_because(&self, reason: Option<Reason>) {
        self.command(Command::Hangup { leg: self.leg(), reason }).await;
    }

    /// A re-INVITE with `sendonly`; ends with the peer's answer to it. True if the peer agreed.
    pub async fn hold(&self) -> Result<bool, TimedOut> {
        self.redirect(Direction::SendOnly).await
    }

    pub async fn resume(&self) -> Result<bool, TimedOut> {
        self.redirect(Direction::SendRecv).await
    }

    /// A re-INVITE with any direction.
    pub async fn redirect(&self, direction: Direction) -> Result<bool, TimedOut> {
        let mark = self.mark();
        let sdp = {
            let mut voice = self.line.voice();
            voice.direction = direction;
            voice.local.offer(direction)
        };
        self.command(Command::Reinvite { leg: self.leg(), sdp }).await;
        let answer = |event: &CallEvent| match event {
            CallEvent::Reanswered { accepted } => Some(*accepted),
            _ => None,
        };
        self.line.log.wait(mark, REINVITE_WITHIN, answer).await.map(|event| event.what)
    }

    /// REFER: the peer is to pass its other party on to this URI.
    pub async fn refer(&self, to: impl Into<String>) {
        self.command(Command::Refer { leg: self.leg(), to: to.into() }).await;
    }

    /// Until the transfer that we asked for has come to this status.
    pub async fn refer_told(&self, status: u16, within: Duration) -> Result<Instant, TimedOut> {
        let told =
            |event: &CallEvent| matches!(event, CallEvent::ReferTold { status: told } if *told == status);
        self.wait_for(told, within).await.map(|event| event.at)
    }

    pub fn say(&self, sound: Sound) {
        self.line.voice().say(sound);
    }

    /// Presses a key for 100 ms. False when the peer has no telephone events or too many keys are waiting.
    pub fn press(&self, digit: Digit, method: Method) -> bool {
        self.press_for(digit, method, KEY_LENGTH)
    }

    /// Presses a key by RFC 4733 as soon as the keys before it are pressed, and waits until its first packet has left.
    pub async fn pressed(&self, digit: Digit, method: Method, within: Duration) -> Result<Instant, TimedOut> {
        let mark = self.mark();
        if !self.press(digit, method) {
            return Err(self.line.log.timed_out(Duration::ZERO));
        }
        let sent = |event: &CallEvent| matches!(event, CallEvent::KeySent(_)).then_some(());
        self.line.log.wait(mark, within, sent).await.map(|event| event.at)
    }

    pub fn press_for(&self, digit: Digit, method: Method, length: Duration) -> bool {
        self.line.voice().mouth.press(Press { digit, method, length })
    }

    /// From now on every `n`th packet of ours is lost on its way; 0 ends it.
    pub fn lose_every(&self, n: u64) {
        self.line.voice().lose_every = n;
    }

    /// Writes what is heard from now on to a WAV file, until the call is over or [`Call::stop_recording`].
    pub fn record(&self, path: &Path) -> Result<(), WavError> {
        self.line.voice().ear.record(path)
    }

    pub fn stop_recording(&self) -> Result<(), WavError> {
        self.line.voice().ear.stop_recording()
    }

    // What happened

    pub fn events(&self) -> Vec<Timed<CallEvent>> {
        self.line.log.all()
    }

    /// The end of what has happened so far, for [`Call::wait_from`].
    pub fn mark(&self) -> usize {
        self.line.log.mark()
    }

    /// The first event since the beginning of the call that `wanted` likes; waits for it if it has not happened yet.
    pub async fn wait_for(
        &self,
        wanted: impl FnMut(&CallEvent) -> bool,
        within: Duration,
    ) -> Result<Timed<CallEvent>, TimedOut> {
        self.wait_from(0, wanted, within).await
    }

    /// The same among what happened after `mark`.
    pub async fn wait_from(
        &self,
        mark: usize,
        mut wanted: impl FnMut(&CallEvent) -> bool,
        within: Duration,
    ) -> Result<Timed<CallEvent>, TimedOut> {
        self.line.log.wait(mark, within, |event| wanted(event).then(|| event.clone())).await
    }

    /// Waits for a SIP message.
    pub async fn message(
        &self,
        mut wanted: impl FnMut(&Trace) -> bool,
        within: Duration,
    ) -> Result<Timed<Trace>, TimedOut> {
        let message = |event: &CallEvent| match event {
            CallEvent::Message(trace) if wanted(trace) => Some(Trace::clone(trace)),
            _ => None,
        };
        self.line.log.wait(0, within, message).await
    }

    /// Until the call is answered, by whichever side, and when. A call that ended before is a timeout at once.
    pub async fn answered(&self, within: Duration) -> Result<Instant, TimedOut> {
        let answered = |event: &CallEvent| match event {
            CallEvent::Answered | CallEvent::Confirmed => Some(true),
            CallEvent::Failed { .. } | CallEvent::Ended(_) | CallEvent::Released => Some(false),
            _ => None,
        };
        let event = self.line.log.wait(0, within, answered).await?;
        if event.what { Ok(event.at) } else { Err(self.line.log.timed_out(within)) }
    }

    /// Until the call is over, and how.
    pub async fn over(&self, within: Duration) -> Result<Timed<Over>, TimedOut> {
        let over = |event: &CallEvent| match event {
            CallEvent::Failed { status, .. } => Some(Over::Failed(*status)),
            CallEvent::Ended(how) => Some(Over::Ended(how.clone())),
            CallEvent::Released => Some(Over::Released),
            _ => None,
        };
        self.line.log.wait(0, within, over).await
    }

    /// Whether the peer's 200, or his ACK to ours, has come.
    pub fn is_answered(&self) -> bool {
        let answered = |event: &CallEvent| matches!(event, CallEvent::Answered | CallEvent::Confirmed);
        self.events().iter().any(|event| answered(&event.what))
    }

    pub fn is_over(&self) -> bool {
        self.line.over.is_cancelled()
    }

    /// Until the peer has pressed these keys, in this order, and when the last one came.
    pub async fn keys(&self, keys: &str, within: Duration) -> Result<Instant, TimedOut> {
        let wanted: Vec<_> = keys.chars().filter_map(Digit::from_char).collect();
        let last = |events: &mut dyn Iterator<Item = &Timed<CallEvent>>| {
            let mut heard = Vec::new();
            for event in events {
                if let CallEvent::KeyHeard(digit, _) = event.what {
                    heard.push(digit);
                    if heard.ends_with(&wanted) {
                        return Some(event.at);
                    }
                }
            }
            None
        };
        self.line.log.wait_until(within, last).await
    }

    /// The keys of the peer so far.
    pub fn keys_heard(&self) -> Vec<(Instant, Digit, DigitMethod)> {
        let heard = |event: Timed<CallEvent>| match event.what {
            CallEvent::KeyHeard(digit, method) => Some((event.at, digit, method)),
            _ => None,
        };
        self.events().into_iter().filter_map(heard).collect()
    }

    /// The INVITE that came, with its headers (`X-Hotline-…`); `None` on an outgoing call.
    pub fn invite(&self) -> Option<&Trace> {
        self.line.invite.get()
    }

    // What is heard

    pub fn heard(&self) -> ear::Report {
        self.line.voice().ear.report()
    }

    pub fn packets_sent(&self) -> u64 {
        self.line.voice().mouth.sent()
    }

    /// The level of one frequency over the last `window` (at most 3 s), in dBm0.
    pub fn tone_dbm0(&self, hertz: f64, window: Duration) -> f64 {
        self.line.voice().ear.tone_dbm0(hertz, window, clock().mono())
    }

    pub fn level_dbm0(&self, window: Duration) -> f64 {
        self.line.voice().ear.level_dbm0(window, clock().mono())
    }

    /// Until what is heard is so; asked again at each packet.
    pub async fn wait_heard(
        &self,
        mut so: impl FnMut(&ear::Ear, Instant) -> bool,
        within: Duration,
    ) -> Result<Instant, TimedOut> {
        let mut heard = self.line.heard.subscribe();
        let waiting = async {
            loop {
                heard.borrow_and_update();
                let now = clock().mono();
                if so(&self.line.voice().ear, now) {
                    return now;
                }
                let _ = heard.changed().await;
            }
        };
        tokio::time::timeout(within, waiting).await.map_err(|_| self.line.log.timed_out(within))
    }

    /// Until a tone of this frequency is nearly all that is heard over 200 ms.
    pub async fn wait_tone(&self, hertz: f64, within: Duration) -> Result<Instant, TimedOut> {
        self.wait_heard(|ear, now| is_tone(ear, hertz, now), within).await
    }

    async fn command(&self, command: Command) {
        self.orders.send(Order::Command(Box::new(command))).await;
    }
}

const TONE_WINDOW: Duration = Duration::from_millis(200);
/// A weaker tone is none.
const TONE_DBM0_MIN: f64 = -30.0;
/// So much less than everything together may a tone be.
const TONE_SHARE_DB: f64 = 1.5;

fn is_tone(ear: &ear::Ear, hertz: f64, now: Instant) -> bool {
    let (tone, all) = (ear.tone_dbm0(hertz, TONE_WINDOW, now), ear.level_dbm0(TONE_WINDOW, now));
    tone > TONE_DBM0_MIN && tone > all - TONE_SHARE_DB
}
