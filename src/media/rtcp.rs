//! RTCP (RFC 3550 §6): sender and receiver reports with the canonical name every five seconds or so, a BYE at the end,
//! and the peer's view of our stream out of its reports.
//!
//! Written and read in place, without allocating; docs/adr/0004 says why this is not the RTCP crate, which is the oracle
//! of the tests below.
use crate::machine::{Instant, Now};
use crate::media::codec::SAMPLES_PER_MS;
use crate::media::rtp_session::{Receiver, Reception, Sender};
use std::time::Duration;

/// §6.2: the least interval between two reports of one side, halved for the first.
const INTERVAL: Duration = Duration::from_secs(5);
/// §6.3.1: drawn between half and one and a half of the interval.
const SPREAD_PER_MILLE: (u64, u64) = (500, 1500);
/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_EPOCH_SECS: u64 = 2_208_988_800;
/// A report of ours, BYE included, is 100 bytes.
pub const REPORT_BYTES_MAX: usize = 128;
/// Reports in one compound packet of theirs that are looked at.
const PARTS_MAX: usize = 16;
/// A round trip longer than this is a broken clock of the peer's, not a network.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(30);

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;

/// §6.5.1, RFC 7022: a name that says nothing about the machine: 16 hexadecimal digits.
pub type CanonicalName = [u8; 16];

#[derive(Clone, Debug)]
pub struct Reporter {
    cname: CanonicalName,
    /// A generator for the spread of the intervals; its quality does not matter, its seed does (same seed, same trace).
    dice: u64,
    next: Instant,
    packets_reported: u64,
    /// The middle of their last sender report's NTP time, and when it came.
    their_report: Option<(u32, Instant)>,
    /// Wall time in NTP's 64 bits at a moment of the monotonic clock: steps of the wall clock must not look like delay.
    ntp_base: Option<(u64, Instant)>,
    pub remote_lost: Option<u64>,
    pub round_trip: Option<Duration>,
}

impl Reporter {
    pub fn new(cname: CanonicalName, seed: u64, now: Now) -> Reporter {
        let mut reporter = Reporter {
            cname,
            dice: seed | 1,
            next: now.mono,
            packets_reported: 0,
            their_report: None,
            ntp_base: None,
            remote_lost: None,
            round_trip: None,
        };
        reporter.next = now.mono + reporter.interval() / 2;
        reporter
    }

    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// Writes the report that is due; how many bytes it has.
    pub fn report(
        &mut self,
        tx: &Sender,
        rx: &mut Receiver,
        now: Now,
        into: &mut [u8; REPORT_BYTES_MAX],
    ) -> usize {
        self.next = now.mono + self.interval();
        self.compound(tx, rx, now, into).length
    }

    /// Writes the last report and the BYE.
    pub fn bye(
        &mut self,
        tx: &Sender,
        rx: &mut Receiver,
        now: Now,
        into: &mut [u8; REPORT_BYTES_MAX],
    ) -> usize {
        let mut writer = self.compound(tx, rx, now, into);
        writer.head(BYE, 1, 1);
        writer.word(tx.ssrc);
        writer.length
    }

    fn compound<'a>(
        &mut self,
        tx: &Sender,
        rx: &mut Receiver,
        now: Now,
        into: &'a mut [u8; REPORT_BYTES_MAX],
    ) -> Writer<'a> {
        let mut writer = Writer { bytes: into, length: 0 };
        let reception = rx.report();
        let blocks = u8::from(reception.is_some());
        // §6.4: who has sent since the last report makes a sender report.
        if tx.packets > self.packets_reported {
            self.packets_reported = tx.packets;
            let ntp = self.ntp(now);
            writer.head(SENDER_REPORT, blocks, 6 + 6 * u16::from(blocks));
            writer.word(tx.ssrc);
            writer.word((ntp >> 32) as u32);
            writer.word(ntp as u32);
            writer.word(tx.timestamp(now.mono));
            writer.word(tx.packets as u32);
            writer.word(tx.octets as u32);
        } else {
            writer.head(RECEIVER_REPORT, blocks, 1 + 6 * u16::from(blocks));
            writer.word(tx.ssrc);
        }
        if let Some(reception) = reception {
            self.block(&mut writer, &reception, now.mono);
        }
        // One chunk: SSRC, CNAME item (2 + 16 bytes), and two zero bytes to the end of the word.
        writer.head(SOURCE_DESCRIPTION, 1, 6);
        writer.word(tx.ssrc);
        writer.put(&[CNAME, self.cname.len() as u8]);
        writer.put(&self.cname);
        writer.put(&[0, 0]);
        writer
    }

    fn block(&self, writer: &mut Writer<'_>, reception: &Reception, now: Instant) {
        writer.word(reception.ssrc);
        writer.word(u32::from(reception.fraction_lost) << 24 | reception.lost);
        writer.word(reception.highest_sequence);
        writer.word(reception.jitter);
        let (report, delay) = self.their_report.map_or((0, 0), |(report, at)| {
            (report, (now.since(at).as_micros() as u64 * 65536 / 1_000_000) as u32)
        });
        writer.word(report);
        writer.word(delay);
    }

    /// Reads a compound packet of the peer's; `ssrc` is ours, for its view of our stream. True if it says BYE.
    pub fn receive(&mut self, bytes: &[u8], ssrc: u32, now: Now) -> bool {
        let mut rest = bytes;
        let mut bye = false;
        for _ in 0..PARTS_MAX {
            let Some((head, _)) = rest.split_first_chunk::<4>() else { break };
            let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
            let Some(part) = rest.get(..length) else { break };
            if head[0] >> 6 != 2 {
                break;
            }
            rest = &rest[length..];
            let blocks_at = match head[1] {
                SENDER_REPORT => {
                    if let (Some(high), Some(low)) = (word(part, 8), word(part, 12)) {
                        self.their_report = Some((high << 16 | low >> 16, now.mono));
                    }
                    28
                }
                RECEIVER_REPORT => 8,
                BYE => {
                    bye = true;
                    continue;
                }
                _ => continue,
            };
            for block in 0..usize::from(head[0] & 31) {
                self.judge_block(part.get(blocks_at + 24 * block..).unwrap_or_default(), ssrc, now);
            }
        }
        bye
    }

    fn judge_block(&mut self, block: &[u8], ssrc: u32, now: Now) {
        let (Some(of), Some(lost), Some(report), Some(delay)) =
            (word(block, 0), word(block, 4), word(block, 16), word(block, 20))
        else {
            return;
        };
        if of != ssrc {
            return;
        }
        // 24 bits, signed: duplicates make it negative.
        let lost = ((lost << 8) as i32) >> 8;
        self.remote_lost = Some(lost.max(0) as u64);
        if report != 0 {
            let arrived = (self.ntp(now) >> 16) as u32;
            let units = arrived.wrapping_sub(report).wrapping_sub(delay);
            let round_trip = Duration::from_micros(u64::from(units) * 1_000_000 / 65536);
            if round_trip < ROUND_TRIP_MAX {
                self.round_trip = Some(round_trip);
            }
        }
    }

    fn ntp(&mut self, now: Now) -> u64 {
        let (base, at) = *self.ntp_base.get_or_insert_with(|| {
            let ms = now.wall.as_millis().max(0) as u64;
            (((ms / 1000 + NTP_EPOCH_SECS) << 32) | (((ms % 1000) << 32) / 1000), now.mono)
        });
        base.wrapping_add(((u128::from(now.mono.since(at).as_nanos() as u64) << 32) / 1_000_000_000) as u64)
    }

    fn interval(&mut self) -> Duration {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let (low, high) = SPREAD_PER_MILLE;
        INTERVAL * (low + self.dice % (high - low)) as u32 / 1000
    }
}

struct Writer<'a> {
    bytes: &'a mut [u8; REPORT_BYTES_MAX],
    length: usize,
}

impl Writer<'_> {
    /// The common header: version 2, a count, a type, and the words that follow.
    fn head(&mut self, kind: u8, count: u8, words: u16) {
        let [high, low] = words.to_be_bytes();
        self.put(&[0x80 | count, kind, high, low]);
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// Our timestamps count 8 a millisecond in reports too.
const _: () = assert!(SAMPLES_PER_MS == 8);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::packet::Packet;
    use proptest::prelude::*;
    use rtc_shared::marshal::Unmarshal;
    use rtcp::goodbye::Goodbye;
    use rtcp::sender_report::SenderReport;
    use rtcp::source_description::SourceDescription;

    fn now(ms: u64) -> Now {
        Now::default().later(Duration::from_millis(ms))
    }

    fn reporter() -> Reporter {
        Reporter::new(*b"0123456789abcdef", 7, now(0))
    }

    fn heard(sequences: &[u16]) -> Receiver {
        let mut rx = Receiver::default();
        for sequence in sequences {
            let timestamp = u32::from(*sequence) * 160;
            let packet = Packet {
                marker: false,
                payload_type: 8,
                sequence: *sequence,
                timestamp,
                ssrc: 9,
                payload: &[],
            };
            rx.arrive(&packet, now(u64::from(*sequence) * 20).mono);
        }
        rx
    }

    #[test]
    fn a_report_and_a_bye_are_read_by_the_rtcp_crate() {
        let mut tx = Sender::new(5, 1, 1000);
        tx.sent(1, 1000, 160, now(80).mono);
        let mut bytes = [0; REPORT_BYTES_MAX];
        let length = reporter().bye(&tx, &mut heard(&[1, 2, 4]), now(100), &mut bytes);
        let packets = rtcp::packet::unmarshal(&mut &bytes[..length]).unwrap();
        let report = packets[0].as_any().downcast_ref::<SenderReport>().unwrap();
        assert_eq!(
            (report.ssrc, report.packet_count, report.octet_count, report.rtp_time),
            (5, 1, 160, 1160)
        );
        assert_eq!(
            (report.reports[0].ssrc, report.reports[0].total_lost, report.reports[0].last_sequence_number),
            (9, 1, 4)
        );
        assert_eq!(report.reports[0].fraction_lost, 64);
        let description = packets[1].as_any().downcast_ref::<SourceDescription>().unwrap();
        assert_eq!(&description.chunks[0].items[0].text[..], b"0123456789abcdef");
        assert_eq!(packets[2].as_any().downcast_ref::<Goodbye>().unwrap().sources, [5]);
    }

    #[test]
    fn who_has_not_sent_makes_a_receiver_report() {
        let mut bytes = [0; REPORT_BYTES_MAX];
        let length = reporter().report(&Sender::new(5, 1, 1), &mut Receiver::default(), now(100), &mut bytes);
        let mut raw = &bytes[..length];
        let report = rtcp::receiver_report::ReceiverReport::unmarshal(&mut raw).unwrap();
        assert_eq!((report.ssrc, report.reports.len()), (5, 0));
    }

    #[test]
    fn two_reporters_measure_the_way_there_and_back() {
        let (mut a, mut b) = (reporter(), reporter());
        let mut tx_a = Sender::new(5, 1, 1000);
        tx_a.sent(1, 1000, 160, now(0).mono);
        let mut bytes = [0; REPORT_BYTES_MAX];
        let length = a.report(&tx_a, &mut Receiver::default(), now(1000), &mut bytes);
        b.receive(&bytes[..length], 6, now(1040));
        // b heard two packets of a's and missed one; it answers 700 ms later, and its words travel 60 ms.
        let mut rx = Receiver::default();
        for sequence in [1, 3] {
            let packet =
                Packet { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc: 5, payload: &[] };
            rx.arrive(&packet, now(1000).mono);
        }
        let length = b.report(&Sender::new(6, 1, 1), &mut rx, now(1740), &mut bytes);
        a.receive(&bytes[..length], 5, now(1800));
        let round_trip = a.round_trip.unwrap().as_micros();
        assert!(round_trip.abs_diff(100_000) < 100, "{round_trip} µs");
        assert_eq!(a.remote_lost, Some(1));
    }

    #[test]
    fn reports_come_every_five_seconds_or_so_and_never_together() {
        let mut reporter = reporter();
        let (mut at, mut count) = (now(0), 0);
        let mut bytes = [0; REPORT_BYTES_MAX];
        while at.mono < now(600_000).mono {
            at = at.later(Duration::from_millis(20));
            if reporter.is_due(at.mono) {
                reporter.report(&Sender::new(5, 1, 1), &mut Receiver::default(), at, &mut bytes);
                count += 1;
            }
        }
        assert!((100..140).contains(&count), "{count} reports in ten minutes");
    }

    proptest! {
        #[test]
        fn no_bytes_hurt(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 198u8..206) {
            let mut bytes = bytes;
            if bytes.len() > 4 {
                (bytes[0], bytes[1], bytes[2], bytes[3]) = (bytes[0] | 0x80 & 0xbf, kind, 0, bytes[3] % 30);
            }
            reporter().receive(&bytes, 5, now(50));
        }
    }
}
