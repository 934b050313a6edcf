//! The only place that reads the operating system's clock, and the only one that knows time zones.
use crate::machine::{Instant, Now, Wall};
use jiff::{Timestamp, tz::TimeZone};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The process's clock. Made once in `main` and handed to the shells; machines are told [`Now`].
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    #[allow(clippy::disallowed_methods)] // this is the one place
    pub fn start() -> Self {
        Clock { start: std::time::Instant::now() }
    }

    pub fn mono(&self) -> Instant {
        let nanos = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Zero is kept for "the beginning" in tests; a running process is always past it.
        Instant::from_nanos(nanos.max(1))
    }

    #[allow(clippy::disallowed_methods)]
    pub fn wall() -> Wall {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Wall(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    pub fn now(&self) -> Now {
        Now { mono: self.mono(), wall: Self::wall() }
    }

    /// The standard library's instant for a deadline, for `tokio::time::sleep_until` and condition variables.
    pub fn deadline(&self, at: Instant) -> std::time::Instant {
        self.start + std::time::Duration::from_nanos(at.as_nanos())
    }
}

/// A moment on a wall clock in some time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i16,
    pub month: i8,
    pub day: i8,
    /// Monday is 1, Sunday is 7.
    pub weekday: i8,
    pub hour: i8,
    pub minute: i8,
    pub second: i8,
}

/// A time zone by its IANA name, checked when it was read. The zone data is compiled in where the system has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iana_name().unwrap_or("UTC").serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let name = String::deserialize(deserializer)?;
        Zone::named(&name).ok_or_else(|| Error::custom(format!("expected an IANA time zone, got `{name}`")))
    }
}

impl Zone {
    pub fn named(name: &str) -> Option<Zone> {
        TimeZone::get(name).ok().map(Zone)
    }

    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// `Europe/Moscow`
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub fn civil(&self, wall: Wall) -> Civil {
        let zoned =
            Timestamp::from_millisecond(wall.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.0.clone());
        Civil {
            year: zoned.year(),
            month: zoned.month(),
            day: zoned.day(),
            weekday: zoned.weekday().to_monday_one_offset(),
            hour: zoned.hour(),
            minute: zoned.minute(),
            second: zoned.second(),
        }
    }

    /// The local day that holds this moment: its first millisecond and the next day's. 23 or 25 hours where the clocks
    /// change.
    pub fn day(&self, wall: Wall) -> (Wall, Wall) {
        let at =
            Timestamp::from_millisecond(wall.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.0.clone());
        let start = |day: Result<jiff::Zoned, jiff::Error>| {
            day.and_then(|day| day.start_of_day()).map(|day| Wall(day.timestamp().as_millisecond()))
        };
        let first = start(Ok(at.clone())).unwrap_or(wall);
        // Only the last day of the calendar has no next one.
        (first, start(at.tomorrow()).unwrap_or(Wall(i64::MAX)))
    }

    /// `2026-11-22T23:10:05+03:00`
    pub fn rfc3339(&self, wall: Wall) -> String {
        let at = Timestamp::from_millisecond(wall.0).unwrap_or(Timestamp::UNIX_EPOCH);
        at.display_with_offset(self.0.to_offset(at)).to_string()
    }
}

/// Reads `2026-11-22T23:10+03:00`, `2026-11-22T20:10:00Z` or, in `zone`, `2026-11-22 23:10` and `2026-11-22`.
pub fn parse(text: &str, zone: &Zone) -> Option<Wall> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Wall(at.as_millisecond()));
    }
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| {
            text.parse::<jiff::civil::Date>().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
        })
        .ok()?;
    civil.to_zoned(zone.0.clone()).ok().map(|zoned| Wall(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moscow_is_three_hours_ahead() {
        let zone = Zone::named("Europe/Moscow").unwrap();
        let at = parse("2026-11-22T20:10:00Z", &zone).unwrap();
        assert_eq!(
            zone.civil(at),
            Civil { year: 2026, month: 11, day: 22, weekday: 7, hour: 23, minute: 10, second: 0 }
        );
        assert_eq!(parse("2026-11-22 23:10", &zone), Some(at));
        assert_eq!(parse("2026-11-22T23:10+03:00", &zone), Some(at));
        assert_eq!(zone.rfc3339(at), "2026-11-22T23:10:00+03:00");
        assert_eq!(parse("soon", &zone), None);
    }

    #[test]
    fn a_day_has_23_or_25_hours_where_the_clocks_change() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let hours = |day: &str| {
            let (first, next) = zone.day(parse(day, &zone).unwrap());
            (next.0 - first.0) / 3_600_000
        };
        assert_eq!(hours("2026-03-29 12:00"), 23);
        assert_eq!(hours("2026-10-25 12:00"), 25);
        assert_eq!(hours("2026-11-22 00:00"), 24);
    }
}
