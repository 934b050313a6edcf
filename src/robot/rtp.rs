//! RTP as a robot needs it (RFC 3550 §5.1, RFC 4733 §2.3): read on the received bytes, written into a given buffer.
//!
//! A reader of its own, so that a fault in the engine's reader and writer does not cancel out in a test.

/// The header without contributing sources and extension.
pub const HEADER_BYTES: usize = 12;
const VERSION: u8 = 2;
/// RFC 4733 §2.3.5: a larger duration needs a new segment.
pub const EVENT_DURATION_MAX: u16 = u16::MAX;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Header {
    /// The header and the payload of a datagram; `None` when it is not RTP.
    pub fn read(datagram: &[u8]) -> Option<(Header, &[u8])> {
        let (fixed, rest) = datagram.split_first_chunk::<HEADER_BYTES>()?;
        let [first, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = *fixed;
        // 192–223 in the second byte is RTCP on the same port (RFC 5761 §4).
        if first >> 6 != VERSION || (192..=223).contains(&second) {
            return None;
        }
        let rest = rest.get(usize::from(first & 15) * 4..)?;
        let rest = match first & 0x10 {
            0 => rest,
            _ => {
                let (&[_, _, high, low], rest) = rest.split_first_chunk::<4>()?;
                rest.get(usize::from(u16::from_be_bytes([high, low])) * 4..)?
            }
        };
        let payload = match first & 0x20 {
            0 => rest,
            _ => rest.get(..rest.len().checked_sub(usize::from(*rest.last()?))?)?,
        };
        let header = Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
        };
        Some((header, payload))
    }

    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [r0, r1, r2, r3] = self.ssrc.to_be_bytes();
        let second = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        [VERSION << 6, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
    }
}

/// The payload of a telephone event (RFC 4733 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    pub event: u8,
    pub end: bool,
    /// −dBm0, 0–63.
    pub volume: u8,
    /// In timestamp units.
    pub duration: u16,
}

impl TelephoneEvent {
    pub fn read(payload: &[u8]) -> Option<TelephoneEvent> {
        let &[event, flags, high, low] = payload.first_chunk::<4>()?;
        Some(TelephoneEvent {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    pub fn write(&self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (u8::from(self.end) << 7) | (self.volume & 0x3f), high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        let header = Header { marker: true, payload_type: 101, sequence: 0xfffe, timestamp: 7, ssrc: 9 };
        let mut packet = header.write().to_vec();
        let event = TelephoneEvent { event: 11, end: true, volume: 10, duration: 800 };
        packet.extend(event.write());
        let (read, payload) = Header::read(&packet).unwrap();
        assert_eq!(read, header);
        assert_eq!(TelephoneEvent::read(payload), Some(event));
    }

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let mut packet = Header::default().write().to_vec();
        packet[0] |= 0x10 | 0x20 | 1;
        packet.extend([0; 4]); // one contributing source
        packet.extend([0xbe, 0xde, 0, 1, 0, 0, 0, 0]); // an extension of one word
        packet.extend([1, 2, 3, 0, 2]); // three bytes and two of padding
        assert_eq!(Header::read(&packet).unwrap().1, [1, 2, 3]);
    }

    #[test]
    fn what_is_not_rtp_is_not_read() {
        let whole = Header::default().write();
        for bytes in [&whole[..11], &[], &[0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], &[0xff; 12], &[0x40; 20]]
        {
            assert!(Header::read(bytes).is_none(), "{bytes:?}");
        }
    }
}
