//! Opening times: weekly hours, holidays, and overrides that win over both until they end.
use super::yaml::{Spanned, fault};
use crate::clock::{self, Zone};
use crate::machine::Wall;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_PER_DAY: u16 = 24 * 60;

/// As in config.yaml: `{zone: Europe/Moscow, weekly: {mon-fri: "09:00-18:00"}, holidays: ["2027-01-01"], overrides:
/// [{from: "2026-12-31 15:00", until: "2027-01-01 00:00", open: false}]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calendar {
    zone: Zone,
    /// Open stretches per weekday from Monday, in minutes since midnight; the end is not included.
    weekly: [Vec<(u16, u16)>; 7],
    /// Year, month, day: closed all day.
    holidays: BTreeSet<(i16, i8, i8)>,
    overrides: Vec<Override>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Override {
    from: Wall,
    until: Wall,
    open: bool,
}

/// A calendar as it was understood, for the image of a flow set; config.yaml has its own, kinder form.
#[derive(Deserialize)]
struct Image {
    zone: Zone,
    weekly: [Vec<(u16, u16)>; 7],
    holidays: BTreeSet<(i16, i8, i8)>,
    overrides: Vec<Override>,
}

/// Reads calendars that were written by their `Serialize`.
pub(super) fn from_images<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Calendar>, D::Error> {
    let images = BTreeMap::<String, Image>::deserialize(deserializer)?;
    Ok(images
        .into_iter()
        .map(|(name, Image { zone, weekly, holidays, overrides })| {
            (name, Calendar { zone, weekly, holidays, overrides })
        })
        .collect())
}

impl Calendar {
    /// Never closed.
    pub fn always_open(zone: Zone) -> Calendar {
        let weekly = std::array::from_fn(|_| vec![(0, MINUTES_PER_DAY)]);
        Calendar { zone, weekly, holidays: BTreeSet::new(), overrides: Vec::new() }
    }

    pub fn is_open(&self, at: Wall) -> bool {
        // The last override that covers the moment was added last, so it is what its author meant.
        if let Some(hit) = self.overrides.iter().rev().find(|o| (o.from..o.until).contains(&at)) {
            return hit.open;
        }
        let civil = self.zone.civil(at);
        if self.holidays.contains(&(civil.year, civil.month, civil.day)) {
            return false;
        }
        let minute = u16::from(civil.hour.unsigned_abs()) * 60 + u16::from(civil.minute.unsigned_abs());
        let day = usize::from((civil.weekday - 1).clamp(0, 6).unsigned_abs());
        self.weekly[day].iter().any(|(from, to)| (*from..*to).contains(&minute))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarText {
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    weekly: BTreeMap<String, Hours>,
    #[serde(default)]
    holidays: Vec<Day>,
    #[serde(default)]
    overrides: Vec<OverrideText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideText {
    #[serde(default)]
    from: Option<String>,
    until: Spanned<String>,
    open: bool,
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Calendar, D::Error> {
        let text = CalendarText::deserialize(deserializer)?;
        let wrong = |message: String, help: &str| D::Error::custom(fault("HF015", message, help));
        let zone = match &text.zone {
            None => Zone::utc(),
            Some(name) => Zone::named(name).ok_or_else(|| {
                wrong(
                    format!("expected a time zone, got `{name}`"),
                    "write an IANA name such as Europe/Moscow",
                )
            })?,
        };
        let mut weekly: [Vec<(u16, u16)>; 7] = Default::default();
        for (days, Hours(stretches)) in text.weekly {
            let days = weekdays(&days).ok_or_else(|| {
                wrong(
                    format!("expected days of the week, got `{days}`"),
                    "write mon, sat, mon-fri or \"sat,sun\"",
                )
            })?;
            for day in days {
                weekly[day].extend(&stretches);
            }
        }
        let mut overrides = Vec::new();
        for text in text.overrides {
            let moment = |text: &str| {
                clock::parse(text, &zone).ok_or_else(|| {
                    wrong(format!("expected a moment, got `{text}`"), "write it like \"2026-12-31 15:00\"")
                })
            };
            let from = text.from.as_deref().map(moment).transpose()?.unwrap_or(Wall(i64::MIN));
            let until = moment(&text.until)?;
            if from >= until {
                return Err(wrong("an override ends before it begins".into(), "put `from` before `until`"));
            }
            overrides.push(Override { from, until, open: text.open });
        }
        Ok(Calendar {
            zone,
            weekly,
            holidays: text.holidays.into_iter().map(|Day(day)| day).collect(),
            overrides,
        })
    }
}

/// `mon`, `mon-fri`, `sat,sun`, also over the week's end: `fri-mon`.
fn weekdays(text: &str) -> Option<Vec<usize>> {
    let day = |name: &str| DAYS.iter().position(|day| name.trim().eq_ignore_ascii_case(day));
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => days.push(day(part)?),
            Some((from, to)) => {
                let (from, to) = (day(from)?, day(to)?);
                days.extend((0..=(to + 7 - from) % 7).map(|n| (from + n) % 7));
            }
        }
    }
    Some(days)
}

/// `09:00-18:00`, several with commas; `closed`.
struct Hours(Vec<(u16, u16)>);

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hours, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hours = |text: &str| -> Option<Vec<(u16, u16)>> {
            if text == "closed" {
                return Some(Vec::new());
            }
            text.split(',')
                .map(|part| {
                    let (from, to) = part.split_once('-')?;
                    let (from, to) = (minute(from)?, minute(to)?);
                    (from < to).then_some((from, to))
                })
                .collect()
        };
        hours(&text).map(Hours).ok_or_else(|| {
            let message = format!("expected opening hours, got `{text}`");
            D::Error::custom(fault(
                "HF015",
                message,
                "write \"09:00-18:00\", \"09:00-13:00,14:00-18:00\" or closed",
            ))
        })
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (hour <= 24 && minute < 60 && at <= MINUTES_PER_DAY).then_some(at)
}

/// `2027-01-01`
struct Day((i16, i8, i8));

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        let utc = Zone::utc();
        match clock::parse(&text, &utc) {
            Some(at) if text.len() == 10 => {
                let civil = utc.civil(at);
                Ok(Day((civil.year, civil.month, civil.day)))
            }
            _ => {
                let message = format!("expected a date, got `{text}`");
                Err(D::Error::custom(fault("HF015", message, "write it as year-month-day: \"2027-01-01\"")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::yaml;
    use std::path::Path;

    fn office() -> Calendar {
        let text = r#"{zone: Europe/Moscow, weekly: {mon-fri: "09:00-18:00", sat: "10:00-13:00,14:00-16:00"},
            holidays: ["2027-01-01"],
            overrides: [{from: "2026-12-31 15:00", until: "2027-01-01 00:00", open: false}, {from: "2026-11-22 12:00", until: "2026-11-22 13:00", open: true}]}"#;
        yaml::parse(Path::new("config.yaml"), text).unwrap()
    }

    fn open(at: &str) -> bool {
        office().is_open(clock::parse(at, &Zone::named("Europe/Moscow").unwrap()).unwrap())
    }

    #[test]
    fn opening_hours_include_their_start_and_not_their_end() {
        assert!(!open("2026-11-23 08:59"));
        assert!(open("2026-11-23 09:00"));
        assert!(open("2026-11-23 17:59"));
        assert!(!open("2026-11-23 18:00"));
        assert!(!open("2026-11-28 13:30"), "a break on Saturday");
    }

    #[test]
    fn overrides_win_over_holidays_and_holidays_over_the_week() {
        assert!(!open("2027-01-01 12:00"), "a Friday, but a holiday");
        assert!(open("2026-11-22 12:30"), "a Sunday, but opened");
        assert!(!open("2026-12-31 15:00"), "a Thursday, but closed early");
        assert!(open("2026-12-31 14:59"));
    }

    #[test]
    fn what_is_no_calendar_is_refused_with_its_place() {
        for (text, code) in [
            ("{zone: Mars/Base}", "HF015"),
            ("{weekly: {mon-fry: \"09:00-18:00\"}}", "HF015"),
            ("{weekly: {mon: \"18:00-09:00\"}}", "HF015"),
            ("{weekly: {mon: \"9-18\"}}", "HF015"),
            ("{holidays: [2027-13-01]}", "HF015"),
            ("{holliday: []}", "HF009"),
            ("{overrides: [{until: soon, open: true}]}", "HF015"),
        ] {
            let findings = yaml::parse::<Calendar>(Path::new("config.yaml"), text).unwrap_err();
            assert_eq!(findings[0].code, code, "{text}");
        }
    }
}
