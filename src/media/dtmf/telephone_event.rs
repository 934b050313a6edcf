//! Key presses as named telephone events (RFC 4733), in both directions.
//!
//! A press is a train of packets with one RTP timestamp: the event so far every 20 ms, and its end three times.
//! ```text
//!   ts 800:  5 d160 ▸ 5 d320 ▸ 5 d480 ▸ 5 d640 E ▸ 5 d640 E ▸ 5 d640 E      one press of "5"
//! ```
//! Any packet of the train is enough to hear the press, so a lost start or a lost end costs nothing.
use crate::digit::Digit;
use crate::machine::Instant;
use crate::media::codec::{FRAME_SAMPLES, SAMPLES_PER_MS};
use std::time::Duration;

/// §2.5.1.3: a longer press goes on in a new segment, whose timestamp is later by this.
const SEGMENT_SAMPLES: u16 = 0xffff;
/// A press goes on if its next packet comes within this time, even when a phone moves the timestamp wrongly with each.
const SAME_PRESS: Duration = Duration::from_millis(120);
/// A press heard this long after the last one is new, whatever its timestamp: a phone may restart its counting.
const ORDER_FORGOTTEN: Duration = Duration::from_secs(2);
/// A press that we send: 100 ms, its end three times (§2.5.1.4).
const PRESS_SAMPLES: u16 = 800;
const END_PACKETS: u8 = 3;
/// The tone's power as a receiver may render it: −10 dBm0.
const VOLUME: u8 = 10;

/// The payload of §2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    pub event: u8,
    pub end: bool,
    /// In timestamp units, since the timestamp.
    pub duration: u16,
}

impl Payload {
    pub fn parse(bytes: &[u8]) -> Option<Payload> {
        let [event, flags, high, low, ..] = *bytes else { return None };
        Some(Payload { event, end: flags & 0x80 != 0, duration: u16::from_be_bytes([high, low]) })
    }

    pub fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (u8::from(self.end) << 7) | VOLUME, high, low]
    }
}

/// What an event packet means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Press(Digit),
    /// More of the press that was heard already.
    More,
    /// No key (codes above 15: flash hook, fax tones, …), or too late to matter.
    Nothing,
}

#[derive(Clone, Debug, Default)]
pub struct Receiver {
    press: Option<Press>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    timestamp: u32,
    duration: u16,
    ended: bool,
    heard: Instant,
}

impl Receiver {
    /// After a new SSRC the timestamps say nothing about what came before.
    pub fn restart(&mut self) {
        self.press = None;
    }

    pub fn receive(&mut self, bytes: &[u8], marker: bool, timestamp: u32, now: Instant) -> Heard {
        let Some(payload) = Payload::parse(bytes) else { return Heard::Nothing };
        let Some(digit) = Digit::from_event(payload.event) else { return Heard::Nothing };
        let next = Press { digit, timestamp, duration: payload.duration, ended: payload.end, heard: now };
        let Some(press) = &mut self.press else {
            self.press = Some(next);
            return Heard::Press(digit);
        };
        if timestamp == press.timestamp {
            // An end once heard is not taken back by an earlier packet that comes late.
            press.ended |= payload.end;
            press.duration = press.duration.max(payload.duration);
            press.heard = now;
            return Heard::More;
        }
        let later = timestamp.wrapping_sub(press.timestamp);
        if later > u32::MAX / 2 && now.since(press.heard) < ORDER_FORGOTTEN {
            return Heard::Nothing;
        }
        let goes_on = digit == press.digit && !press.ended && !marker && {
            let next_segment = later == u32::from(SEGMENT_SAMPLES);
            // Some phones move the timestamp with each packet, as for voice; the growing duration gives them away.
            let moved = payload.duration > press.duration && now.since(press.heard) < SAME_PRESS;
            next_segment || moved
        };
        *press = next;
        if goes_on { Heard::More } else { Heard::Press(digit) }
    }
}

/// One press on its way out.
#[derive(Clone, Debug)]
pub struct Sending {
    digit: Digit,
    pub timestamp: u32,
    duration: u16,
    ends_sent: u8,
}

impl Sending {
    pub fn new(digit: Digit, timestamp: u32) -> Sending {
        Sending { digit, timestamp, duration: 0, ends_sent: 0 }
    }

    /// The next payload and whether it is the first (which carries the marker); `None` when the press was sent.
    pub fn next_payload(&mut self) -> Option<(Payload, bool)> {
        if self.ends_sent == END_PACKETS {
            return None;
        }
        let first = self.duration == 0;
        self.duration = (self.duration + FRAME_SAMPLES as u16).min(PRESS_SAMPLES);
        let end = self.duration == PRESS_SAMPLES;
        self.ends_sent += u8::from(end);
        Some((Payload { event: self.digit.event(), end, duration: self.duration }, first))
    }
}

/// How long a press of ours takes, with its ends.
pub const PRESS: Duration =
    Duration::from_millis(PRESS_SAMPLES as u64 / SAMPLES_PER_MS + (END_PACKETS as u64 - 1) * 20);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    /// (event, end, duration, marker, timestamp, ms) to the presses heard.
    fn presses(train: &[(u8, bool, u16, bool, u32, u64)]) -> String {
        let mut receiver = Receiver::default();
        let mut heard = String::new();
        for (event, end, duration, marker, timestamp, ms) in train {
            let bytes = Payload { event: *event, end: *end, duration: *duration }.to_bytes();
            if let Heard::Press(digit) = receiver.receive(&bytes, *marker, *timestamp, at(*ms)) {
                heard.push(digit.as_char());
            }
        }
        heard
    }

    #[test]
    fn a_train_with_its_repeated_ends_is_one_press() {
        let train = [
            (5, false, 160, true, 800, 0),
            (5, false, 320, false, 800, 20),
            (5, true, 480, false, 800, 40),
            (5, true, 480, false, 800, 60),
            (5, true, 480, false, 800, 80),
        ];
        assert_eq!(presses(&train), "5");
        assert_eq!(presses(&train[1..3]), "5", "the start was lost");
        assert_eq!(presses(&train[4..]), "5", "all but the last end were lost");
        assert_eq!(presses(&[train[2], train[1], train[0]]), "5", "in any order");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_though_the_first_end_was_lost() {
        let train = [
            (5, false, 160, true, 800, 0),
            (5, false, 320, false, 800, 20),
            (5, false, 160, false, 3200, 300),
        ];
        assert_eq!(presses(&train), "55");
        let quick =
            [(5, true, 480, true, 800, 0), (5, false, 160, true, 1600, 100), (5, true, 480, false, 800, 105)];
        assert_eq!(presses(&quick), "55", "a straggler of the first press is none");
    }

    #[test]
    fn a_press_of_ten_seconds_in_segments_is_one() {
        let train = [
            (9, false, 160, true, 1000, 0),
            (9, false, 65535, false, 1000, 8191),
            (9, false, 160, false, 1000 + 65535, 8211),
            (9, true, 14625, false, 1000 + 65535, 10_000),
        ];
        assert_eq!(presses(&train), "9");
    }

    #[test]
    fn a_phone_that_moves_the_timestamp_in_a_press_is_heard_once() {
        let train = [
            (1, false, 160, true, 800, 0),
            (1, false, 320, false, 960, 20),
            (1, false, 480, false, 1120, 40),
            (1, true, 640, false, 1280, 60),
            (1, true, 640, false, 1280, 80),
        ];
        assert_eq!(presses(&train), "1");
    }

    #[test]
    fn codes_above_fifteen_and_short_payloads_are_ignored() {
        assert_eq!(presses(&[(16, false, 160, true, 800, 0), (66, true, 160, false, 800, 20)]), "");
        assert_eq!(Receiver::default().receive(&[5, 0, 0], true, 1, at(0)), Heard::Nothing);
        let mut receiver = Receiver::default();
        receiver.receive(&Payload { event: 5, end: false, duration: 160 }.to_bytes(), true, 800, at(0));
        receiver.receive(&Payload { event: 16, end: true, duration: 160 }.to_bytes(), true, 900, at(10));
        let more =
            receiver.receive(&Payload { event: 5, end: true, duration: 480 }.to_bytes(), false, 800, at(20));
        assert_eq!(more, Heard::More, "a flash in between does not split the press");
    }

    #[test]
    fn what_we_send_is_heard_as_one_press_of_a_hundred_milliseconds() {
        let mut sending = Sending::new(Digit::HASH, 4000);
        let mut receiver = Receiver::default();
        let mut heard = 0;
        let mut payloads = Vec::new();
        while let Some((payload, first)) = sending.next_payload() {
            let now = at(payloads.len() as u64 * 20);
            heard += usize::from(
                receiver.receive(&payload.to_bytes(), first, 4000, now) == Heard::Press(Digit::HASH),
            );
            payloads.push(payload);
        }
        assert_eq!(heard, 1);
        assert_eq!(
            payloads.iter().map(|p| p.duration).collect::<Vec<_>>(),
            [160, 320, 480, 640, 800, 800, 800]
        );
        assert_eq!(payloads.iter().filter(|p| p.end).count(), 3);
        assert_eq!(PRESS, Duration::from_millis(140));
    }
}
