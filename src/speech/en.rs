//! English: no genders and no cases, two counted forms, «and» after the hundreds, a clock of twelve hours.
use super::{ORDINAL_MAX, SPOKEN_MAX, Token, digit_tokens};
use crate::say::{Item, Noun};

const TO_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) fn tokens(item: &Item) -> Vec<Token> {
    match item {
        Item::Prompt(_) | Item::Text(_) | Item::Pause(_) => Vec::new(), // handled by the caller
        Item::Number { value, .. } => number(*value),
        Item::Ordinal { value, .. } => match u64::try_from(*value) {
            Ok(n @ 1..=ORDINAL_MAX) => spoken(ordinal(n)),
            _ => [word("number"), number(*value)].concat(),
        },
        Item::Count { value, noun } => counted(*value, *noun),
        Item::Digits(text) => digits(text),
        Item::Money { kopecks } => money(*kopecks),
        Item::Date { month, day, .. } => date(*month, *day),
        Item::Time { hour, minute } => time(*hour, *minute),
        Item::Duration(duration) => duration_tokens(duration.as_secs()),
        Item::Range { from, to, noun } => range(*from, *to, *noun),
    }
}

pub(super) fn noun_form(noun: Noun, one: bool) -> &'static str {
    let [singular, plural] = match noun {
        Noun::Second => ["second", "seconds"],
        Noun::Minute => ["minute", "minutes"],
        Noun::Hour => ["hour", "hours"],
        Noun::Day => ["day", "days"],
        Noun::Rouble => ["rouble", "roubles"],
        Noun::Kopeck => ["kopeck", "kopecks"],
        Noun::Person => ["person", "people"],
        Noun::Call => ["call", "calls"],
    };
    if one { singular } else { plural }
}

fn number(value: i64) -> Vec<Token> {
    let n = value.unsigned_abs();
    let said = if n > SPOKEN_MAX { digits(&n.to_string()) } else { spoken(cardinal(n)) };
    if value < 0 { [word("minus"), said].concat() } else { said }
}

fn cardinal(n: u64) -> Vec<&'static str> {
    if n == 0 {
        return vec![TO_TWENTY[0]];
    }
    let mut words = Vec::new();
    for (unit, name) in [(1_000_000, "million"), (1_000, "thousand")] {
        let group = n / unit % 1_000;
        if group > 0 {
            words.extend(below_thousand(group, false));
            words.push(name);
        }
    }
    words.extend(below_thousand(n % 1_000, n >= 1_000));
    words
}

/// "and" stands before the last two digits if anything stands before them: one hundred and five, one thousand and five.
fn below_thousand(n: u64, follows: bool) -> Vec<&'static str> {
    let (hundreds, rest) = (n / 100, n % 100);
    let mut words = Vec::new();
    if hundreds > 0 {
        words.extend([TO_TWENTY[hundreds as usize % 20], "hundred"]);
    }
    if rest > 0 && (hundreds > 0 || follows) {
        words.push("and");
    }
    match rest {
        0 => {}
        1..20 => words.push(TO_TWENTY[rest as usize]),
        _ => {
            words.push(TENS[rest as usize / 10]);
            if !rest.is_multiple_of(10) {
                words.push(TO_TWENTY[rest as usize % 10]);
            }
        }
    }
    words
}

/// Only the last word changes: one hundred and twenty-third.
fn ordinal(n: u64) -> Vec<&'static str> {
    let mut words = cardinal(n);
    if n.is_multiple_of(100) && words.first() == Some(&"one") {
        words.remove(0); // "hundredth", not "one hundredth", which is a fraction
    }
    if let Some(last) = words.last_mut() {
        *last = match *last {
            "one" => "first",
            "two" => "second",
            "three" => "third",
            "four" => "fourth",
            "five" => "fifth",
            "six" => "sixth",
            "seven" => "seventh",
            "eight" => "eighth",
            "nine" => "ninth",
            "ten" => "tenth",
            "eleven" => "eleventh",
            "twelve" => "twelfth",
            "thirteen" => "thirteenth",
            "fourteen" => "fourteenth",
            "fifteen" => "fifteenth",
            "sixteen" => "sixteenth",
            "seventeen" => "seventeenth",
            "eighteen" => "eighteenth",
            "nineteen" => "nineteenth",
            "twenty" => "twentieth",
            "thirty" => "thirtieth",
            "forty" => "fortieth",
            "fifty" => "fiftieth",
            "sixty" => "sixtieth",
            "seventy" => "seventieth",
            "eighty" => "eightieth",
            "ninety" => "ninetieth",
            "hundred" => "hundredth",
            other => other,
        };
    }
    words
}

fn counted(value: i64, noun: Noun) -> Vec<Token> {
    [number(value), word(noun_form(noun, value == 1))].concat()
}

fn money(kopecks: i64) -> Vec<Token> {
    let (roubles, rest) = (kopecks / 100, (kopecks % 100).abs());
    let mut tokens = Vec::new();
    if roubles != 0 || rest == 0 {
        tokens.extend(counted(roubles, Noun::Rouble));
    } else if kopecks < 0 {
        tokens.extend(word("minus"));
    }
    if rest > 0 {
        tokens.extend(counted(rest, Noun::Kopeck));
    }
    tokens
}

/// The twenty-second of November; a day or month that no calendar has is left out.
fn date(month: i8, day: i8) -> Vec<Token> {
    let month = usize::try_from(month).ok().and_then(|m| m.checked_sub(1)).and_then(|m| MONTHS.get(m));
    let mut words = Vec::new();
    if let Ok(day @ 1..=31) = u64::try_from(day) {
        words.push("the");
        words.extend(ordinal(day));
        words.extend(month.map(|_| "of"));
    }
    words.extend(month);
    spoken(words)
}

/// nine thirty a.m. · nine oh five p.m. · noon · midnight
fn time(hour: i8, minute: i8) -> Vec<Token> {
    let (hour, minute) = (u64::from(hour.unsigned_abs()) % 24, u64::from(minute.unsigned_abs()) % 60);
    match (hour, minute) {
        (0, 0) => return word("midnight"),
        (12, 0) => return word("noon"),
        _ => {}
    }
    let mut words = cardinal(if hour % 12 == 0 { 12 } else { hour % 12 });
    match minute {
        0 => {}
        1..10 => words.extend(std::iter::once("oh").chain(cardinal(minute))),
        _ => words.extend(cardinal(minute)),
    }
    words.push(if hour < 12 { "a.m." } else { "p.m." });
    spoken(words)
}

/// From an hour on seconds say nothing useful.
fn duration_tokens(seconds_total: u64) -> Vec<Token> {
    let counted = |n: u64, noun| counted(i64::try_from(n).unwrap_or(i64::MAX), noun);
    let (hours, minutes, seconds) = (seconds_total / 3600, seconds_total / 60 % 60, seconds_total % 60);
    let mut tokens = Vec::new();
    if hours > 0 {
        tokens.extend(counted(hours, Noun::Hour));
    }
    if minutes > 0 {
        tokens.extend(counted(minutes, Noun::Minute));
    }
    if (seconds > 0 && hours == 0) || tokens.is_empty() {
        tokens.extend(counted(seconds, Noun::Second));
    }
    tokens
}

fn range(from: i64, to: i64, noun: Noun) -> Vec<Token> {
    let (low, high) = (from.min(to), from.max(to));
    if low == high {
        return counted(high, noun);
    }
    [number(low), word("to"), counted(high, noun)].concat()
}

fn digits(text: &str) -> Vec<Token> {
    digit_tokens(text, |digit| TO_TWENTY[usize::from(digit % 10)])
}

fn word(word: &str) -> Vec<Token> {
    vec![Token::Word(word.to_string())]
}

fn spoken(words: Vec<&str>) -> Vec<Token> {
    words.into_iter().map(|word| Token::Word(word.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;
    use crate::say::{Case, Gender, Language};

    fn say(item: Item) -> String {
        words(Language::En, &[item])
    }

    #[test]
    fn numbers_and_counts() {
        let number = |value| say(Item::Number { value, gender: Gender::Feminine, case: Case::Dative });
        assert_eq!(number(0), "zero");
        assert_eq!(number(105), "one hundred and five");
        assert_eq!(number(1_005), "one thousand and five");
        assert_eq!(number(-342_017), "minus three hundred and forty two thousand and seventeen");
        assert_eq!(number(2_000_000), "two million");
        assert_eq!(say(Item::Count { value: 1, noun: Noun::Person }), "one person");
        assert_eq!(say(Item::Count { value: 21, noun: Noun::Person }), "twenty one people");
        assert_eq!(say(Item::Range { from: 2, to: 3, noun: Noun::Minute }), "two to three minutes");
    }

    #[test]
    fn sums_dates_and_times() {
        assert_eq!(say(Item::Money { kopecks: 2_150 }), "twenty one roubles fifty kopecks");
        assert_eq!(say(Item::Money { kopecks: 100 }), "one rouble");
        assert_eq!(say(Item::Money { kopecks: -5 }), "minus five kopecks");
        assert_eq!(say(Item::Date { year: 2026, month: 11, day: 22 }), "the twenty second of November");
        let at = |hour, minute| say(Item::Time { hour, minute });
        assert_eq!(at(0, 5), "twelve oh five a.m.");
        assert_eq!(at(21, 30), "nine thirty p.m.");
        assert_eq!(at(12, 0), "noon");
    }

    #[test]
    fn ordinals() {
        let place = |value| say(Item::Ordinal { value, gender: Gender::Masculine });
        assert_eq!(place(3), "third");
        assert_eq!(place(100), "hundredth");
        assert_eq!(place(112), "one hundred and twelfth");
        assert_eq!(place(140), "one hundred and fortieth");
        assert_eq!(place(300), "number three hundred");
    }
}
