//! Replay: the journal's inputs once more through the same machine, and whether they come to the same.
//!
//! ```text
//!   snapshot ─▶ Switchboard ◀─ inputs of the journal, with their times
//!                   └─▶ actions ─▶ digest ═?═ the digest journalled with the input
//! ```
//! The journal holds each input and a digest of what the Switchboard did with it. A replay that comes to another digest has
//! diverged: the program is another, or something that is no input had a hand in it, which is an error of ours.
use super::{Action, Event, Switchboard};
use crate::digit::{Digit, DigitMethod};
use crate::flow::{FlowSet, Source};
use crate::ids::{CallId, FlowSetHash, LegId, RequestId};
use crate::machine::{Machine, Now};
use crate::media::{LegCommand, LegEvent};
use crate::sip;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A digit of a secret step: that it came, not what it was. A replay takes [`Digit::ANY`] for it: what follows from the real one
/// comes back as an answer, which is an input of its own; a flow that chooses its way by the secret itself cannot be replayed
/// beyond it.
#[derive(Serialize, Deserialize)]
struct Masked {
    secret_digit: SecretDigit,
}

#[derive(Serialize, Deserialize)]
struct SecretDigit {
    leg: LegId,
    /// How the leg heard it; `None`: an INFO request brings it, and the leg will hear it.
    heard: Option<DigitMethod>,
    duration: Duration,
}

const MASKED: &str = "{\"secret_digit\":";

/// An input in the journal's form.
pub fn write(switchboard: &Switchboard, event: &Event) -> serde_json::Result<String> {
    let secret_digit = match event {
        Event::Leg(LegEvent::Digit { leg, digit, method }) if !digit.is_sign() => {
            SecretDigit { leg: *leg, heard: Some(*method), duration: Duration::ZERO }
        }
        Event::Sip(sip::Event::Digit { leg, digit, duration }) if !digit.is_sign() => {
            SecretDigit { leg: *leg, heard: None, duration: *duration }
        }
        event => return serde_json::to_string(event),
    };
    match switchboard.hides_keys(secret_digit.leg) {
        true => serde_json::to_string(&Masked { secret_digit }),
        false => serde_json::to_string(event),
    }
}

fn read(input: &str) -> serde_json::Result<Event> {
    if !input.starts_with(MASKED) {
        return serde_json::from_str(input);
    }
    let Masked { secret_digit: SecretDigit { leg, heard, duration } } = serde_json::from_str(input)?;
    let digit = Digit::ANY;
    Ok(match heard {
        Some(method) => Event::Leg(LegEvent::Digit { leg, digit, method }),
        None => Event::Sip(sip::Event::Digit { leg, digit, duration }),
    })
}

/// A number that stands for these actions and their order. Questions count by their number only: they may hold what was
/// typed in secret.
pub fn digest(actions: &[Action]) -> u64 {
    let mut fnv = Fnv(0xcbf2_9ce4_8422_2325);
    for action in actions {
        // Writing into a number does not fail, and every action can be written.
        let _ = match action {
            Action::Ask(ask) => serde_json::to_writer(&mut fnv, &("ask", ask.request())),
            Action::Http { request, .. } => serde_json::to_writer(&mut fnv, &("http", request)),
            Action::Leg { command: LegCommand::InfoDigit { leg, .. }, .. } => {
                serde_json::to_writer(&mut fnv, &("info", leg))
            }
            Action::Notify { .. } => serde_json::to_writer(&mut fnv, &("notify", RequestId(0))),
            action => serde_json::to_writer(&mut fnv, action),
        };
    }
    fnv.0
}

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a replay cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the snapshot cannot be read by this version of the program: {0}")]
    Snapshot(serde_json::Error),
    #[error("input {seq} of the journal cannot be read: {error}")]
    Input { seq: u64, error: serde_json::Error },
    #[error("input {got} follows input {after} in the journal: those between are missing")]
    Gap { after: u64, got: u64 },
    #[error(
        "input {seq} came to something else than when it was first handled: expected {expected:016x}, got {got:016x}"
    )]
    Diverged { seq: u64, expected: u64, got: u64 },
}

/// One input, re-run.
pub struct Step {
    pub event: Event,
    pub actions: Vec<Action>,
    /// The call that it was about, if it was about one.
    pub call: Option<CallId>,
}

pub struct Replay {
    pub switchboard: Switchboard,
    seq: u64,
}

impl Replay {
    /// From the state after the input `seq`.
    pub fn new(seq: u64, state: &[u8]) -> Result<Replay, Fault> {
        Ok(Replay { switchboard: serde_json::from_slice(state).map_err(Fault::Snapshot)?, seq })
    }

    /// The next input of the journal. After a divergence nothing that follows means anything.
    pub fn step(&mut self, seq: u64, now: Now, input: &str, decisions: u64) -> Result<Step, Fault> {
        if seq != self.seq + 1 {
            return Err(Fault::Gap { after: self.seq, got: seq });
        }
        self.seq = seq;
        let event = read(input).map_err(|error| Fault::Input { seq, error })?;
        let mut actions = Vec::new();
        let call = self.switchboard.subject(&event);
        self.switchboard.handle(event.clone(), now, &mut actions);
        let call = call.or_else(|| self.switchboard.subject(&event));
        let got = digest(&actions);
        if got != decisions {
            return Err(Fault::Diverged { seq, expected: decisions, got });
        }
        Ok(Step { event, actions, call })
    }
}

impl Switchboard {
    /// The call that an input is about.
    fn subject(&self, event: &Event) -> Option<CallId> {
        match event {
            Event::Sip(event) => self.legs.get(&event.leg()?).copied(),
            Event::Leg(event) => self.legs.get(&event.leg()).copied(),
            Event::Store(answer) => self.requests.get(&answer.request()).copied(),
            Event::HttpReply { request, .. } | Event::HttpFailed { request } => {
                self.requests.get(request).copied()
            }
            Event::Admin { .. } | Event::Tick => None,
        }
    }
}

pub(super) fn write_flows<S: Serializer>(
    flows: &BTreeMap<FlowSetHash, Arc<FlowSet>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(flows.len()))?;
    for (hash, set) in flows {
        map.serialize_entry(hash, set.source())?;
    }
    map.end()
}

pub(super) fn read_flows<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<FlowSetHash, Arc<FlowSet>>, D::Error> {
    let sources = BTreeMap::<FlowSetHash, Source>::deserialize(deserializer)?;
    let mut flows = BTreeMap::new();
    for (hash, source) in sources {
        let set = source.compile().filter(|set| set.hash() == hash).ok_or_else(|| {
            serde::de::Error::custom(format!("flow set {hash} is no longer read as it was"))
        })?;
        flows.insert(hash, Arc::new(set));
    }
    Ok(flows)
}
