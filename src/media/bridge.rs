//! A bridge of two legs: what one peer sends goes to the other. `Relay` patches the header and passes the payload on.
//! A talk that a supervisor hears is mixed instead ([`super::mix`]), with the same seam towards the leg.
//!
//! The stream that leaves is ours: our SSRC, and sequence and timestamp that go on from what the leg said before. Within
//! the relay both move as the peer's do, so that loss and reordering on the way to us stay visible to the other side.
use crate::digit::Digit;
use crate::machine::Instant;
use crate::media::codec::Codec;
use crate::media::rtp_session::Sender;

/// A mapped timestamp this far from the clock (1 s) means that the peer's timestamps jumped: map anew.
const DRIFT_SAMPLES_MAX: u32 = 8000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Voice(Codec),
    /// A telephone event (RFC 4733).
    Event,
}

/// A packet that a leg accepted from its peer, on its way to the other leg of the bridge.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    pub kind: Kind,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    /// The first of a stream: SSRC or counting are new.
    pub restart: bool,
    /// The key press that this packet is the first to tell of: for a leg whose peer takes no events.
    pub pressed: Option<Digit>,
    pub payload: &'a [u8],
}

/// The mapping of one peer's stream onto ours; none while the leg has something of its own to say.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    mapping: Option<Mapping>,
}

#[derive(Clone, Copy, Debug)]
struct Mapping {
    sequence_offset: u16,
    timestamp_offset: u32,
    /// The first sequence number of ours in this mapping: what would come before it is too late.
    first: u16,
}

/// Place and marker of a relayed packet in our stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
}

impl Relay {
    /// The leg says something of its own, or has a new partner: the next packet is mapped anew.
    pub fn interrupt(&mut self) {
        self.mapping = None;
    }

    /// `None` for a straggler from before the relay began.
    pub fn place(&mut self, passed: &Passed<'_>, tx: &Sender, now: Instant) -> Option<Placed> {
        let kept = self.mapping.filter(|mapping| {
            let timestamp = passed.timestamp.wrapping_add(mapping.timestamp_offset);
            let drift = (timestamp.wrapping_sub(tx.timestamp(now)) as i32).unsigned_abs();
            // An event's timestamp is its beginning, which may lie seconds back while the key is held.
            !passed.restart && (passed.kind == Kind::Event || drift < DRIFT_SAMPLES_MAX)
        });
        let mapping = kept.unwrap_or_else(|| Mapping {
            sequence_offset: tx.sequence().wrapping_sub(passed.sequence),
            timestamp_offset: tx.timestamp(now).wrapping_sub(passed.timestamp),
            first: tx.sequence(),
        });
        self.mapping = Some(mapping);
        let sequence = passed.sequence.wrapping_add(mapping.sequence_offset);
        if (sequence.wrapping_sub(mapping.first) as i16) < 0 {
            return None;
        }
        let timestamp = passed.timestamp.wrapping_add(mapping.timestamp_offset);
        Some(Placed { sequence, timestamp, marker: passed.marker || kept.is_none() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn voice(sequence: u16, timestamp: u32) -> Passed<'static> {
        Passed {
            kind: Kind::Voice(Codec::Pcma),
            marker: false,
            sequence,
            timestamp,
            restart: false,
            pressed: None,
            payload: &[],
        }
    }

    fn relayed(relay: &mut Relay, tx: &mut Sender, passed: Passed<'_>, ms: u64) -> Option<Placed> {
        let placed = relay.place(&passed, tx, at(ms))?;
        tx.sent(placed.sequence, placed.timestamp, 160, at(ms));
        Some(placed)
    }

    #[test]
    fn our_stream_goes_on_and_the_peers_loss_stays_visible() {
        let mut tx = Sender::new(1, 500, 80_000);
        tx.sent(500, 80_000, 160, at(0));
        let mut relay = Relay::default();
        let first = relayed(&mut relay, &mut tx, voice(9, 1_000_000), 20).unwrap();
        assert_eq!(first, Placed { sequence: 501, timestamp: 80_160, marker: true });
        let lost_two = relayed(&mut relay, &mut tx, voice(12, 1_000_480), 80).unwrap();
        assert_eq!(lost_two, Placed { sequence: 504, timestamp: 80_640, marker: false });
        let late = relayed(&mut relay, &mut tx, voice(11, 1_000_320), 81).unwrap();
        assert_eq!(late.sequence, 503);
        assert_eq!(relayed(&mut relay, &mut tx, voice(8, 999_840), 82), None, "from before the bridge");
        assert_eq!(tx.sequence(), 505, "our own words would go on after the newest");
    }

    #[test]
    fn after_words_of_our_own_the_relay_goes_on_behind_them() {
        let mut tx = Sender::new(1, 0, 0);
        let mut relay = Relay::default();
        relayed(&mut relay, &mut tx, voice(100, 5000), 0).unwrap();
        relay.interrupt();
        tx.sent(tx.sequence(), tx.timestamp(at(20)), 160, at(20));
        let next = relayed(&mut relay, &mut tx, voice(150, 13_000), 40).unwrap();
        assert_eq!(next, Placed { sequence: 2, timestamp: 320, marker: true });
    }

    #[test]
    fn a_peer_whose_counting_jumps_is_mapped_anew() {
        let mut tx = Sender::new(1, 0, 0);
        let mut relay = Relay::default();
        relayed(&mut relay, &mut tx, voice(100, 5000), 0).unwrap();
        let jumped = relayed(&mut relay, &mut tx, voice(101, 3_000_000), 20).unwrap();
        assert_eq!(jumped, Placed { sequence: 1, timestamp: 160, marker: true });
        let restarted = relayed(&mut relay, &mut tx, Passed { restart: true, ..voice(7, 0) }, 40).unwrap();
        assert_eq!(restarted, Placed { sequence: 2, timestamp: 320, marker: true });
        let held = Passed { kind: Kind::Event, ..voice(8, 0) };
        assert_eq!(
            relayed(&mut relay, &mut tx, held, 5000).unwrap().timestamp,
            320,
            "a key held for five seconds"
        );
    }
}
