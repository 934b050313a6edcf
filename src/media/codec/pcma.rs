//! A-law (ITU-T G.711 table 1): 13-bit samples in eight segments of sixteen steps, the even bits inverted on the line.

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

/// Bit inversion on the line; the sign bit is 1 for positive samples.
const LINE: u8 = 0x55;
const SIGN: u8 = 0x80;

pub const fn decode(byte: u8) -> i16 {
    let code = byte ^ LINE;
    let segment = (code >> 4) & 7;
    let step = (code & 15) as i16;
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & SIGN != 0 { magnitude } else { -magnitude }
}

pub const fn encode(sample: i16) -> u8 {
    // One's complement keeps −32768 in range and puts the decision levels symmetrically around zero.
    let (sign, magnitude) = if sample >= 0 { (SIGN, sample) } else { (0, !sample) };
    let magnitude = (magnitude >> 4) as u16;
    let code = if magnitude < 32 {
        magnitude as u8 // the first two segments are one straight line
    } else {
        let segment = (15 - magnitude.leading_zeros()) as u8 - 3;
        (segment << 4) | ((magnitude >> (segment - 1)) as u8 & 15)
    };
    (code | sign) ^ LINE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_from_its_sample() {
        for byte in 0..=255 {
            assert_eq!(encode(decode(byte)), byte);
        }
    }

    #[test]
    fn the_characteristic_follows_the_recommendations_formula() {
        // The continuous A-law, A = 87.6, of which the thirteen segments are chords: a chord leaves the curve by up to
        // 0.09 octave (1.4 of 16 steps), and an octave of the curve has 16.2 steps where a segment has 16.
        let a: f64 = 87.6;
        for sample in (-32768i32..=32767).step_by(7) {
            let x = (f64::from(sample) / 32768.0).abs();
            let y = if x < 1.0 / a { a * x } else { 1.0 + (a * x).ln() } / (1.0 + a.ln());
            let code = (encode(sample as i16) ^ LINE) & 0x7f;
            let expected = y * 128.0;
            assert!((f64::from(code) + 0.5 - expected).abs() < 3.0, "{sample}: {code} against {expected:.2}");
        }
    }

    #[test]
    fn the_digital_milliwatt_has_the_bytes_of_the_recommendation() {
        // G.711 table 5, A-law: 1 kHz at 0 dBm0.
        let milliwatt = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4u8];
        let power: f64 = milliwatt.iter().map(|byte| f64::from(decode(*byte)).powi(2)).sum::<f64>()
            / milliwatt.len() as f64;
        let dbm0 = 10.0 * (power / (32768f64.powi(2) / 2.0)).log10() + crate::media::tone::FULL_SCALE_DBM0;
        assert!(dbm0.abs() < 0.05, "{dbm0:.3} dBm0");
    }
}
