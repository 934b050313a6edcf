//! Identifiers as types of their own, so that a seat is never taken for a leg.
//!
//! Numbers that one machine hands out are counters; names that people write in files are shared strings.
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
        impl $name {
            /// The id in this counter, which then moves on by one.
            pub fn take(&mut self) -> Self {
                self.0 += 1;
                *self
            }
        }
    )*};
}

counters! {
    /// One party of a call: one SIP dialog and one RTP session. Even ids are incoming (given by `sip::Stack`), odd
    /// ids are outgoing (given by the Switchboard); see [`LegId::incoming`] and [`LegId::outgoing`].
    LegId;
    /// A place in a queue (queue rules, "Seat").
    SeatId;
    /// Ringing one operator for one seat.
    OfferId;
    /// One `Play` on a leg; its `PlayDone` quotes it.
    PlayId;
    /// A question put to a shell (store, HTTP); the reply quotes it.
    RequestId;
}

impl LegId {
    pub fn incoming(n: u64) -> LegId {
        LegId(n * 2)
    }
    pub fn outgoing(n: u64) -> LegId {
        LegId(n * 2 + 1)
    }
}

/// A media shard: one plain thread with its sockets and legs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(pub u16);

/// A call, from its INVITE to its record. Unique over restarts and sorted by time: 48 bits of milliseconds since the
/// epoch, 16 bits of a counter. Written as 13 characters of Crockford's base 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl CallId {
    pub fn new(wall_ms: i64, counter: u64) -> CallId {
        CallId(((wall_ms.max(0) as u64) << 16) | (counter & 0xffff))
    }

    pub fn parse(text: &str) -> Option<CallId> {
        if text.len() != 13 {
            return None;
        }
        text.bytes()
            .try_fold(0u64, |value, byte| {
                let digit = CROCKFORD.iter().position(|c| *c == byte.to_ascii_lowercase())? as u64;
                value.checked_mul(32)?.checked_add(digit)
            })
            .map(CallId)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for i in (0..13).rev() {
            write!(f, "{}", CROCKFORD[(self.0 >> (i * 5)) as usize & 31] as char)?;
        }
        Ok(())
    }
}

impl Serialize for CallId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        CallId::parse(&text).ok_or_else(|| serde::de::Error::custom("a call id has 13 characters of base 32"))
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                $name(name.into())
            }
        }
        impl From<String> for $name {
            fn from(name: String) -> Self {
                $name(name.into())
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A queue, as named in config.yaml and in a flow's `queue` step.
    QueueName;
    /// Operators that share queues.
    PoolName;
    /// An operator's id, which is also the user part of his SIP address: `101`.
    OperatorId;
    /// A flow, as named by its file's `flow:` key.
    FlowName;
    /// A step of a flow.
    StepName;
    /// A prompt, as named in prompts.yaml; its recording is `prompts/<language>/<id>.wav`.
    PromptName;
    /// A skill that a queue step may ask for.
    Skill;
}

/// The hash of a whole set of flow files: which version a call runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowSetHash(pub u64);

impl fmt::Display for FlowSetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_reads_back_as_it_was_written() {
        let id = CallId::new(1_795_370_000_123, 70_001);
        assert_eq!(id.to_string().len(), 13);
        assert_eq!(CallId::parse(&id.to_string()), Some(id));
        assert_eq!(CallId::parse("too short"), None);
        assert_eq!(CallId::parse("zzzzzzzzzzzzz"), None, "more than 64 bits");
    }

    #[test]
    fn call_ids_sort_by_time() {
        assert!(CallId::new(1000, 9).to_string() < CallId::new(1001, 0).to_string());
    }
}
