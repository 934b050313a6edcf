//! What goes wrong between the engine and those around it, by chance, from a seed.
use super::dice::Dice;
use std::time::Duration;

/// Nothing is slow.
pub(super) const STORE: Duration = Duration::from_millis(1);

/// What goes wrong between us and the others. Nothing, by default.
#[derive(Clone, Debug)]
pub struct Faults {
    pub(super) dice: Dice,
    /// The store answers after a time between these two.
    pub store: (Duration, Duration),
    /// Share of the questions that the store never answers.
    pub store_lost: f64,
    /// Share of the phones' answers, 180 and final ones, that never come.
    pub answers_lost: f64,
    /// Share of the phones' final answers that come later by up to `late_by`.
    pub answers_late: f64,
    pub late_by: Duration,
}

impl Faults {
    pub fn none(seed: u64) -> Faults {
        Faults {
            dice: Dice::new(seed),
            store: (STORE, STORE),
            store_lost: 0.0,
            answers_lost: 0.0,
            answers_late: 0.0,
            late_by: Duration::ZERO,
        }
    }

    /// A slow store that forgets one question in fifty, and a network that loses or delays a phone's answer now and then.
    pub fn some(seed: u64) -> Faults {
        Faults {
            store: (Duration::from_millis(1), Duration::from_millis(1_500)),
            store_lost: 0.02,
            answers_lost: 0.02,
            answers_late: 0.05,
            late_by: Duration::from_secs(8),
            ..Faults::none(seed)
        }
    }

    pub(super) fn late(&mut self) -> Duration {
        match self.dice.chance(self.answers_late) {
            true => self.dice.between(Duration::ZERO, self.late_by),
            false => Duration::ZERO,
        }
    }
}
