//! The times that a report's lines stand for, cut along the local calendar.
use crate::clock::Zone;
use crate::machine::Wall;
use std::time::Duration;

pub(super) const DAY_MS: i64 = 24 * 3_600_000;

/// From a moment to another, which is not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub from: Wall,
    pub to: Wall,
}

impl Slot {
    pub fn holds(&self, at: Wall) -> bool {
        self.from <= at && at < self.to
    }

    /// The time that both share.
    pub fn overlap(&self, other: Slot) -> Duration {
        let ms = self.to.0.min(other.to.0) - self.from.0.max(other.from.0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    QuarterHour,
    HalfHour,
    Hour,
    Day,
}

impl Interval {
    pub fn parse(text: &str) -> Option<Interval> {
        match text {
            "15m" => Some(Interval::QuarterHour),
            "30m" => Some(Interval::HalfHour),
            "1h" | "60m" => Some(Interval::Hour),
            "1d" | "24h" => Some(Interval::Day),
            _ => None,
        }
    }

    fn step_ms(self) -> i64 {
        match self {
            Interval::QuarterHour => 15 * 60_000,
            Interval::HalfHour => 30 * 60_000,
            Interval::Hour => 3_600_000,
            Interval::Day => i64::MAX,
        }
    }
}

/// The local days that a time touches, the first and the last cut to it.
pub fn days(whole: Slot, zone: &Zone) -> Vec<Slot> {
    let mut days = Vec::new();
    let mut from = whole.from;
    while from < whole.to {
        let (_, next) = zone.day(from);
        days.push(Slot { from, to: next.min(whole.to) });
        from = next;
    }
    days
}

/// The intervals of one local day, from its midnight on: a quarter of an hour is always one, so a day on which the clocks
/// change has 92 or 100 of them. The first and the last are cut to `whole`.
pub(super) fn slots(whole: Slot, interval: Option<Interval>, zone: &Zone) -> Vec<Slot> {
    let Some(interval) = interval else { return vec![whole] };
    let step = interval.step_ms();
    let mut slots = Vec::new();
    for day in days(whole, zone) {
        let (midnight, next) = zone.day(day.from);
        let mut from = midnight;
        while from < day.to {
            let to = Wall(from.0.saturating_add(step)).min(next);
            if to > day.from {
                slots.push(Slot { from: from.max(day.from), to: to.min(day.to) });
            }
            from = to;
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse;

    #[test]
    fn a_day_on_which_the_clocks_change_has_its_own_number_of_quarters() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let quarters = |day: &str| {
            let (from, to) = zone.day(parse(day, &zone).unwrap());
            let slots = slots(Slot { from, to }, Some(Interval::QuarterHour), &zone);
            assert!(slots.windows(2).all(|pair| pair[0].to == pair[1].from));
            assert_eq!((slots[0].from, slots[slots.len() - 1].to), (from, to));
            slots.len()
        };
        assert_eq!(quarters("2026-03-29"), 92);
        assert_eq!(quarters("2026-10-25"), 100);
        assert_eq!(quarters("2026-11-22"), 96);
    }

    #[test]
    fn a_time_that_begins_inside_an_interval_cuts_it() {
        let zone = Zone::utc();
        let at = |text: &str| parse(text, &zone).unwrap();
        let whole = Slot { from: at("2026-11-22 10:10"), to: at("2026-11-22 10:40") };
        let slots = slots(whole, Some(Interval::QuarterHour), &zone);
        let minutes: Vec<_> = slots.iter().map(|slot| (slot.to.0 - slot.from.0) / 60_000).collect();
        assert_eq!(minutes, [5, 15, 10]);
    }
}
