//! The two voices of the telephone network: G.711 in its A-law and µ-law (ITU-T G.711), one byte a sample at 8 kHz.
//!
//! Tables are worked out at compile time from the recommendation's segments; the hot loops only look up.
pub mod pcma;
pub mod pcmu;

use serde::{Deserialize, Serialize};
use std::fmt;

pub const SAMPLE_RATE: u32 = 8000;
pub const SAMPLES_PER_MS: u64 = 8;
/// The packet that we send: 20 ms (RFC 3551 §4.2, the default packetization).
pub const FRAME_SAMPLES: usize = 160;
pub const FRAME_MS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    Pcma,
    Pcmu,
}

impl Codec {
    pub const ALL: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

    /// The encoding name of RFC 3551 §6, as SDP writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
        }
    }

    /// The static payload type of RFC 3551 §6.
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
        }
    }

    pub fn from_payload_type(payload_type: u8) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// The byte of a zero sample.
    pub const fn silence(self) -> u8 {
        match self {
            Codec::Pcma => pcma::encode(0),
            Codec::Pcmu => pcmu::encode(0),
        }
    }

    /// 16-bit linear samples by byte.
    pub const fn decoded(self) -> &'static [i16; 256] {
        match self {
            Codec::Pcma => &pcma::DECODED,
            Codec::Pcmu => &pcmu::DECODED,
        }
    }

    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Codec::Pcma => pcma::encode(sample),
            Codec::Pcmu => pcmu::encode(sample),
        }
    }

    /// The bytes of `to` by the bytes of `self`; `None` when they are the same.
    pub const fn transcoded(self, to: Codec) -> Option<&'static [u8; 256]> {
        match (self, to) {
            (Codec::Pcma, Codec::Pcmu) => Some(&PCMA_TO_PCMU),
            (Codec::Pcmu, Codec::Pcma) => Some(&PCMU_TO_PCMA),
            _ => None,
        }
    }

    /// For prompts, robots and tests; the packet path never comes here.
    pub fn encode_all(self, samples: &[i16]) -> Vec<u8> {
        samples.iter().map(|sample| self.encode(*sample)).collect()
    }

    pub fn decode_all(self, bytes: &[u8]) -> Vec<i16> {
        let table = self.decoded();
        bytes.iter().map(|byte| table[usize::from(*byte)]).collect()
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

static PCMA_TO_PCMU: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = pcmu::encode(pcma::DECODED[byte]);
        byte += 1;
    }
    table
};

static PCMU_TO_PCMA: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = pcma::encode(pcmu::DECODED[byte]);
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_has_the_bytes_every_phone_sends() {
        assert_eq!(Codec::Pcma.silence(), 0xd5);
        assert_eq!(Codec::Pcmu.silence(), 0xff);
    }

    #[test]
    fn a_transcoded_byte_is_the_nearest_one_of_the_other_law() {
        for (from, to) in [(Codec::Pcma, Codec::Pcmu), (Codec::Pcmu, Codec::Pcma)] {
            let table = from.transcoded(to).unwrap();
            for (before, byte) in from.decoded().iter().zip(table) {
                let (before, after) = (i32::from(*before), i32::from(to.decoded()[usize::from(*byte)]));
                let step = (before.abs() / 16).max(16);
                assert!((before - after).abs() <= step, "{from}: {before} became {after}");
            }
        }
        assert!(Codec::Pcma.transcoded(Codec::Pcma).is_none());
    }
}
