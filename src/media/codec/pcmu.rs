//! µ-law (ITU-T G.711 table 2): 14-bit samples in eight segments of sixteen steps, all bits inverted on the line.

/// 16-bit linear samples by line byte.
pub static DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = decode(byte as u8);
        byte += 1;
    }
    table
};

/// Added before the segment is found, so that each begins at a power of two (33 in the recommendation's 14 bits).
const BIAS: i32 = 0x84;
/// The largest magnitude that does not overflow the last segment.
const CLIP: i32 = 32635;
const SIGN: u8 = 0x80;

pub const fn decode(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 7;
    let magnitude = ((((code & 15) as i32) << 3) + BIAS) << segment;
    let magnitude = (magnitude - BIAS) as i16;
    if code & SIGN != 0 { -magnitude } else { magnitude }
}

pub const fn encode(sample: i16) -> u8 {
    let (sign, magnitude) = if sample >= 0 { (0, sample as i32) } else { (SIGN, -(sample as i32)) };
    let magnitude = (if magnitude > CLIP { CLIP } else { magnitude }) + BIAS;
    let segment = (31 - magnitude.leading_zeros()) as u8 - 7;
    let step = (magnitude >> (segment + 3)) as u8 & 15;
    !(sign | (segment << 4) | step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_from_its_sample_but_negative_zero() {
        for byte in 0..=255 {
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode(decode(byte)), expected);
        }
    }

    #[test]
    fn the_characteristic_follows_the_recommendations_formula() {
        // The continuous µ-law, µ = 255, of which the fifteen segments are chords: a chord leaves the curve by up to
        // 0.09 octave, which is 1.4 of 16 steps.
        for sample in (-32768i32..=32767).step_by(7) {
            let x = (f64::from(sample) / 32768.0).abs();
            let y = (1.0 + 255.0 * x).ln() / 256f64.ln();
            let code = !encode(sample as i16) & 0x7f;
            let expected = y * 128.0;
            assert!((f64::from(code) + 0.5 - expected).abs() < 2.1, "{sample}: {code} against {expected:.2}");
        }
    }

    #[test]
    fn the_digital_milliwatt_has_the_bytes_of_the_recommendation() {
        // G.711 table 6, µ-law: 1 kHz at 0 dBm0.
        let milliwatt = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9eu8];
        let power: f64 = milliwatt.iter().map(|byte| f64::from(decode(*byte)).powi(2)).sum::<f64>()
            / milliwatt.len() as f64;
        let dbm0 = 10.0 * (power / (32636f64.powi(2) / 2.0)).log10() + 3.17;
        assert!(dbm0.abs() < 0.05, "{dbm0:.3} dBm0");
    }
}
