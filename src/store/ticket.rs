//! Ticket numbers: short enough to be read out and noted down, and never given twice.
//!
//! Tickets are counted from 1; the number is the count, scattered over all six-digit numbers (later over the seven-digit
//! ones), so that a digit misheard is very likely no ticket at all instead of the neighbour's.

/// Six digits: 100 000–999 999.
const SIX: u64 = 900_000;
/// Seven digits: 1 000 000–9 999 999.
const SEVEN: u64 = 9_000_000;
/// Shares no factor with either range (2, 3 and 5 are theirs), so `count × STEP mod range` meets every number once. Near
/// the golden ratio of the six-digit range, which spreads neighbours best.
const STEP: u64 = 556_231;

/// The number of the `count`th ticket.
pub fn number(count: u64) -> String {
    let scattered = match count {
        0..SIX => SIX / 9 + count * STEP % SIX,
        _ if count - SIX < SEVEN => SEVEN / 9 + (count - SIX) * STEP % SEVEN,
        // Ten million tickets later: longer, plain, still unique.
        _ => 10_000_000 + (count - SIX - SEVEN),
    };
    scattered.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_six_digit_number_is_given_once_before_the_first_of_seven() {
        let mut seen = BTreeSet::new();
        for count in 0..SIX {
            let number = number(count);
            assert_eq!(number.len(), 6);
            assert!(seen.insert(number));
        }
        assert_eq!(number(SIX).len(), 7);
        assert_eq!(number(SIX + SEVEN - 1).len(), 7);
        assert_eq!(number(SIX + SEVEN), "10000000");
    }

    #[test]
    fn neighbours_do_not_look_alike() {
        let (a, b) = (number(1), number(2));
        let same = a.chars().zip(b.chars()).filter(|(a, b)| a == b).count();
        assert!(same <= 3, "{a} {b}");
    }
}
