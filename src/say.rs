//! What is to be said to a caller, before `speech` turns it into recorded pieces.
use crate::ids::PromptName;
use crate::machine::Wall;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    Ru,
    En,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Ru, Language::En];

    pub const fn as_str(self) -> &'static str {
        match self {
            Language::Ru => "ru",
            Language::En => "en",
        }
    }

    pub fn parse(text: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.as_str() == text)
    }

    /// Where to look for a recording that this language lacks.
    pub const fn fallback(self) -> Language {
        match self {
            Language::Ru => Language::En,
            Language::En => Language::Ru,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    #[default]
    Masculine,
    Feminine,
    Neuter,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    #[default]
    Nominative,
    Genitive,
    Dative,
    Accusative,
    Instrumental,
    Prepositional,
}

/// A thing that can be counted aloud: «одна минута», «две минуты», «пять минут».
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    Second,
    Minute,
    Hour,
    Day,
    Rouble,
    Kopeck,
    Person,
    Call,
}

impl Noun {
    pub const ALL: [Noun; 8] = [
        Noun::Second,
        Noun::Minute,
        Noun::Hour,
        Noun::Day,
        Noun::Rouble,
        Noun::Kopeck,
        Noun::Person,
        Noun::Call,
    ];

    /// As written in a flow: `{count: vars.n, noun: minute}`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Noun::Second => "second",
            Noun::Minute => "minute",
            Noun::Hour => "hour",
            Noun::Day => "day",
            Noun::Rouble => "rouble",
            Noun::Kopeck => "kopeck",
            Noun::Person => "person",
            Noun::Call => "call",
        }
    }
}

/// One item of a `say` list, with its values worked out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Prompt(PromptName),
    /// A constant text of a flow; its recording is made by `prompts build` under [`text_prompt`]'s name.
    Text(String),
    Number {
        value: i64,
        gender: Gender,
        case: Case,
    },
    Ordinal {
        value: i64,
        gender: Gender,
    },
    Count {
        value: i64,
        noun: Noun,
    },
    /// Digit by digit, in groups. Characters that are no digits are spoken as a short pause.
    Digits(String),
    /// A sum in kopecks.
    Money {
        kopecks: i64,
    },
    /// Day and month of a moment in the line's time zone: year, month 1–12, day 1–31.
    Date {
        year: i16,
        month: i8,
        day: i8,
    },
    Time {
        hour: i8,
        minute: i8,
    },
    Duration(Duration),
    /// «две–три минуты»
    Range {
        from: i64,
        to: i64,
        noun: Noun,
    },
    Pause(Duration),
}

/// The prompt name under which a constant text is recorded: `text-` and 16 hexadecimal digits of FNV-1a 64.
pub fn text_prompt(text: &str) -> PromptName {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    PromptName::from(format!("text-{hash:016x}"))
}

/// A recorded piece of a sentence, in the order of playing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    Prompt(PromptName),
    Pause(Duration),
}

/// A moment for `Item::Date` and `Item::Time` comes from here, so that flows need not know time zones.
impl Item {
    pub fn date(zone: &crate::clock::Zone, wall: Wall) -> Item {
        let civil = zone.civil(wall);
        Item::Date { year: civil.year, month: civil.month, day: civil.day }
    }

    pub fn time(zone: &crate::clock::Zone, wall: Wall) -> Item {
        let civil = zone.civil(wall);
        Item::Time { hour: civil.hour, minute: civil.minute }
    }
}
