//! An RTP packet (RFC 3550 §5.1): a view of received bytes, and the twelve bytes that are put before ours.
//!
//! The view copies nothing and allocates nothing, whatever the peer puts into its packet; docs/adr/0004 says why this is
//! not the RTP crate, which is the oracle of the tests below.

pub const HEADER_BYTES: usize = 12;
/// An Ethernet frame's worth. A longer datagram is cut by the socket and refused.
pub const PACKET_BYTES_MAX: usize = 1500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The first packet of a talk spurt, or of a key press (RFC 3551 §4.1, RFC 4733 §2.2.1).
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` if this is no RTP version 2 packet, or its lengths contradict each other.
    pub fn parse(bytes: &'a [u8]) -> Option<Packet<'a>> {
        let (header, _) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        if header[0] >> 6 != 2 {
            return None;
        }
        let csrc_count = usize::from(header[0] & 0x0f);
        let mut rest = bytes.get(HEADER_BYTES + csrc_count * 4..)?;
        if header[0] & 0x10 != 0 {
            let (profile, after) = rest.split_first_chunk::<4>()?;
            let words = usize::from(u16::from_be_bytes([profile[2], profile[3]]));
            rest = after.get(words * 4..)?;
        }
        if header[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            if padding == 0 {
                return None;
            }
            rest = rest.get(..rest.len().checked_sub(padding)?)?;
        }
        Some(Packet {
            marker: header[1] & 0x80 != 0,
            payload_type: header[1] & 0x7f,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload: rest,
        })
    }

    /// Our header for this packet; the payload follows it.
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let second = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        [0x80, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]
    }

    /// For robots and tests; the packet path writes header and payload where they are sent from.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.header(), self.payload].concat()
    }
}

/// RFC 5761 §4: on a shared port, these second bytes are RTCP packet types, not RTP payload types.
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [_, 192..=223, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rtc_shared::marshal::Unmarshal;

    #[test]
    fn our_header_reads_back_in_both_parsers() {
        let packet = Packet {
            marker: true,
            payload_type: 101,
            sequence: 65535,
            timestamp: 7,
            ssrc: 0xfeed_beef,
            payload: &[1, 2, 3],
        };
        let bytes = packet.to_bytes();
        assert_eq!(Packet::parse(&bytes), Some(packet));
        let oracle = rtp::Packet::unmarshal(&mut &bytes[..]).unwrap();
        assert_eq!(
            (oracle.header.marker, oracle.header.payload_type, oracle.header.sequence_number),
            (true, 101, 65535)
        );
        assert_eq!(
            (oracle.header.timestamp, oracle.header.ssrc, &oracle.payload[..]),
            (7, 0xfeed_beef, &[1, 2, 3][..])
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_the_rtp_crate_reads_them(mut bytes in proptest::collection::vec(any::<u8>(), 0..80), valid: bool) {
            if valid && !bytes.is_empty() {
                bytes[0] = 0x80 | (bytes[0] & 0x3f);
            }
            let ours = Packet::parse(&bytes);
            if let Ok(oracle) = rtp::Packet::unmarshal(&mut &bytes[..]) {
                // The crate takes any version, and reads the elements of an extension, which we skip as a whole.
                if let Some(ours) = ours {
                    prop_assert_eq!(ours.sequence, oracle.header.sequence_number);
                    prop_assert_eq!(ours.timestamp, oracle.header.timestamp);
                    prop_assert_eq!(ours.ssrc, oracle.header.ssrc);
                    prop_assert_eq!(ours.marker, oracle.header.marker);
                    prop_assert_eq!(ours.payload_type, oracle.header.payload_type);
                    if !oracle.header.extension {
                        prop_assert_eq!(ours.payload, &oracle.payload[..]);
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_that_contradict_each_other_are_refused() {
        let mut bytes =
            Packet { marker: false, payload_type: 8, sequence: 1, timestamp: 1, ssrc: 1, payload: &[0; 4] }
                .to_bytes();
        bytes[0] |= 0x20;
        assert_eq!(Packet::parse(&bytes), None, "zero bytes of padding");
        bytes[15] = 200;
        assert_eq!(Packet::parse(&bytes), None, "more padding than packet");
        bytes[15] = 3;
        assert_eq!(Packet::parse(&bytes).map(|p| p.payload.len()), Some(1));
        bytes[0] = 0x8f;
        assert_eq!(Packet::parse(&bytes), None, "fifteen sources do not fit");
        assert_eq!(Packet::parse(&[0x80; 11]), None);
        assert!(is_rtcp(&[0x80, 200]) && !is_rtcp(&[0x80, 0x80 | 101]));
    }
}
