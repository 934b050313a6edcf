//! Russian: numerals agree with their noun in gender and decline in six cases, nouns have three counted forms, dates
//! are ordinals in the genitive.
use super::{ORDINAL_MAX, SPOKEN_MAX, Token, digit_tokens};
use crate::say::{Case, Gender, Item, Noun};
use numeral::{Plural, Stem, cardinal, ordinal};

mod numeral;

pub(super) fn tokens(item: &Item) -> Vec<Token> {
    let words = match item {
        Item::Prompt(_) | Item::Text(_) | Item::Pause(_) => Vec::new(), // handled by the caller
        Item::Number { value, gender, case } => match signed(*value, |n| cardinal(n, *gender, *case)) {
            Some(words) => words,
            None => return by_digits(*value),
        },
        Item::Ordinal { value, gender } => match u64::try_from(*value) {
            Ok(n @ 1..=ORDINAL_MAX) => ordinal(n, |stem| stem.nominative(*gender)),
            _ => return numbered(*value),
        },
        Item::Count { value, noun } => match signed(*value, |n| counted(n, *noun)) {
            Some(words) => words,
            None => return with_noun(*value, *noun),
        },
        Item::Digits(text) => return digits(text),
        Item::Money { kopecks } => return money(*kopecks),
        Item::Date { month, day, .. } => date(*month, *day),
        Item::Time { hour, minute } => time(*hour, *minute),
        Item::Duration(duration) => return duration_tokens(duration.as_secs()),
        Item::Range { from, to, noun } => return range(*from, *to, *noun),
    };
    spoken(words)
}

/// The counted form of a noun in the nominative: [минута, минуты, минут].
pub(super) fn noun_form(noun: Noun, n: u64) -> &'static str {
    let (_, forms) = noun_of(noun);
    match Plural::of(n) {
        Plural::One => forms[0],
        Plural::Few => forms[1],
        Plural::Many => forms[2],
    }
}

pub(super) fn noun_of(noun: Noun) -> (Gender, [&'static str; 3]) {
    use Gender::{Feminine, Masculine};
    match noun {
        Noun::Second => (Feminine, ["секунда", "секунды", "секунд"]),
        Noun::Minute => (Feminine, ["минута", "минуты", "минут"]),
        Noun::Hour => (Masculine, ["час", "часа", "часов"]),
        Noun::Day => (Masculine, ["день", "дня", "дней"]),
        Noun::Rouble => (Masculine, ["рубль", "рубля", "рублей"]),
        Noun::Kopeck => (Feminine, ["копейка", "копейки", "копеек"]),
        Noun::Person => (Masculine, ["человек", "человека", "человек"]),
        Noun::Call => (Masculine, ["звонок", "звонка", "звонков"]),
    }
}

/// «номер двести пять»: for a place that has no spoken ordinal.
fn numbered(value: i64) -> Vec<Token> {
    let mut tokens = spoken(vec!["номер".to_string()]);
    match signed(value, |n| cardinal(n, Gender::Masculine, Case::Nominative)) {
        Some(words) => tokens.extend(spoken(words)),
        None => tokens.extend(by_digits(value)),
    }
    tokens
}

fn counted(n: u64, noun: Noun) -> Vec<String> {
    let (gender, _) = noun_of(noun);
    let mut words = cardinal(n, gender, Case::Nominative);
    words.push(noun_form(noun, n).to_string());
    words
}

/// A count too great for words: digits, then the noun.
fn with_noun(value: i64, noun: Noun) -> Vec<Token> {
    let mut tokens = by_digits(value);
    tokens.push(Token::Word(noun_form(noun, value.unsigned_abs()).to_string()));
    tokens
}

/// `None` when the number is too great for words.
fn signed(value: i64, say: impl Fn(u64) -> Vec<String>) -> Option<Vec<String>> {
    let n = Some(value.unsigned_abs()).filter(|n| *n <= SPOKEN_MAX)?;
    let mut words = if value < 0 { vec!["минус".to_string()] } else { Vec::new() };
    words.extend(say(n));
    Some(words)
}

/// Kopecks are named only when there are any, roubles unless there are none.
fn money(kopecks: i64) -> Vec<Token> {
    let (roubles, rest) = (kopecks.unsigned_abs() / 100, kopecks.unsigned_abs() % 100);
    let mut tokens = Vec::new();
    if kopecks < 0 {
        tokens.extend(spoken(vec!["минус".to_string()]));
    }
    if roubles > SPOKEN_MAX {
        tokens.extend(with_noun(i64::try_from(roubles).unwrap_or(i64::MAX), Noun::Rouble));
    } else if roubles > 0 || rest == 0 {
        tokens.extend(spoken(counted(roubles, Noun::Rouble)));
    }
    if rest > 0 {
        tokens.extend(spoken(counted(rest, Noun::Kopeck)));
    }
    tokens
}

const MONTHS: [&str; 12] = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];

/// «двадцать второго ноября»; a day or month that no calendar has is left out.
fn date(month: i8, day: i8) -> Vec<String> {
    let mut words = match u64::try_from(day) {
        Ok(day @ 1..=31) => ordinal(day, Stem::genitive),
        _ => Vec::new(),
    };
    let index = usize::try_from(month).ok().and_then(|month| month.checked_sub(1));
    words.extend(index.and_then(|index| MONTHS.get(index)).map(|month| month.to_string()));
    words
}

/// «девять часов пять минут»; a full hour has no minutes.
fn time(hour: i8, minute: i8) -> Vec<String> {
    let of = |value: i8| u64::from(value.unsigned_abs());
    let mut words = counted(of(hour), Noun::Hour);
    if minute != 0 {
        words.extend(counted(of(minute), Noun::Minute));
    }
    words
}

/// From an hour on seconds say nothing useful.
fn duration_tokens(seconds_total: u64) -> Vec<Token> {
    let (hours, minutes, seconds) = (seconds_total / 3600, seconds_total / 60 % 60, seconds_total % 60);
    let mut tokens = Vec::new();
    if hours > SPOKEN_MAX {
        return with_noun(i64::try_from(hours).unwrap_or(i64::MAX), Noun::Hour);
    }
    if hours > 0 {
        tokens.extend(spoken(counted(hours, Noun::Hour)));
    }
    if minutes > 0 {
        tokens.extend(spoken(counted(minutes, Noun::Minute)));
    }
    if (seconds > 0 && hours == 0) || tokens.is_empty() {
        tokens.extend(spoken(counted(seconds, Noun::Second)));
    }
    tokens
}

/// «две–три минуты»: the noun agrees with the second number.
fn range(from: i64, to: i64, noun: Noun) -> Vec<Token> {
    let (low, high) = (from.min(to), from.max(to));
    let (gender, _) = noun_of(noun);
    let mut words = Vec::new();
    for value in if low == high { vec![high] } else { vec![low, high] } {
        match signed(value, |n| cardinal(n, gender, Case::Nominative)) {
            Some(number) => words.extend(spoken(number)),
            None => words.extend(by_digits(value)),
        }
    }
    words.push(Token::Word(noun_form(noun, high.unsigned_abs()).to_string()));
    words
}

/// A number too great for words.
fn by_digits(value: i64) -> Vec<Token> {
    let mut tokens = if value < 0 { spoken(vec!["минус".to_string()]) } else { Vec::new() };
    tokens.extend(digits(&value.unsigned_abs().to_string()));
    tokens
}

fn digits(text: &str) -> Vec<Token> {
    const DIGITS: [&str; 10] =
        ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"];
    digit_tokens(text, |digit| DIGITS[usize::from(digit % 10)])
}

fn spoken(words: Vec<String>) -> Vec<Token> {
    words.into_iter().map(Token::Word).collect()
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;
    use crate::say::Language;
    use std::time::Duration;

    fn say(item: Item) -> String {
        words(Language::Ru, &[item])
    }

    #[test]
    fn sums_are_said_as_a_cashier_says_them() {
        let sum = |kopecks| say(Item::Money { kopecks });
        assert_eq!(sum(150_000), "тысяча пятьсот рублей");
        assert_eq!(sum(2_150), "двадцать один рубль пятьдесят копеек");
        assert_eq!(sum(30_000), "триста рублей");
        assert_eq!(sum(101), "один рубль одна копейка");
        assert_eq!(sum(42), "сорок две копейки");
        assert_eq!(sum(0), "ноль рублей");
        assert_eq!(sum(-200), "минус два рубля");
        assert_eq!(sum(220_000_002), "два миллиона двести тысяч рублей две копейки");
        assert_eq!(sum(100_100_000), "миллион одна тысяча рублей");
    }

    #[test]
    fn a_place_in_the_queue_is_an_ordinal_as_long_as_it_is_short() {
        let place = |value| say(Item::Ordinal { value, gender: Gender::Masculine });
        assert_eq!(
            [1, 3, 12, 20, 23, 40, 100, 101, 114, 150, 199].map(place),
            [
                "первый",
                "третий",
                "двенадцатый",
                "двадцатый",
                "двадцать третий",
                "сороковой",
                "сотый",
                "сто первый",
                "сто четырнадцатый",
                "сто пятидесятый",
                "сто девяносто девятый"
            ]
        );
        assert_eq!(place(205), "номер двести пять");
        assert_eq!(place(0), "номер ноль");
        assert_eq!(say(Item::Ordinal { value: 3, gender: Gender::Feminine }), "третья");
        assert_eq!(say(Item::Ordinal { value: 22, gender: Gender::Neuter }), "двадцать второе");
    }

    #[test]
    fn dates_times_and_durations() {
        assert_eq!(say(Item::Date { year: 2026, month: 11, day: 22 }), "двадцать второго ноября");
        assert_eq!(say(Item::Date { year: 2026, month: 5, day: 3 }), "третьего мая");
        assert_eq!(say(Item::Date { year: 2026, month: 12, day: 31 }), "тридцать первого декабря");
        assert_eq!(say(Item::Time { hour: 21, minute: 2 }), "двадцать один час две минуты");
        assert_eq!(say(Item::Time { hour: 0, minute: 0 }), "ноль часов");
        let last = |seconds| say(Item::Duration(Duration::from_secs(seconds)));
        assert_eq!(last(0), "ноль секунд");
        assert_eq!(last(61), "одна минута одна секунда");
        assert_eq!(last(300), "пять минут");
        assert_eq!(last(7_383), "два часа три минуты");
        assert_eq!(last(3_601), "один час");
    }

    #[test]
    fn a_number_below_zero_has_a_minus_and_a_very_long_one_is_read_by_digits() {
        let number = |value| say(Item::Number { value, gender: Gender::Feminine, case: Case::Nominative });
        assert_eq!(number(-2), "минус две");
        assert_eq!(number(2_000_000_001), say(Item::Digits("2000000001".into())));
        assert_eq!(number(-2_000_000_001), format!("минус {}", number(2_000_000_001)));
        let calls = say(Item::Count { value: 3_000_000_004, noun: Noun::Call });
        assert_eq!(calls, "три ноль ноль, ноль ноль ноль, ноль ноль, ноль четыре звонка");
    }

    #[test]
    fn the_noun_of_a_range_agrees_with_its_end() {
        let wait = |from, to| say(Item::Range { from, to, noun: Noun::Minute });
        assert_eq!(wait(2, 3), "две три минуты");
        assert_eq!(wait(1, 2), "одна две минуты");
        assert_eq!(wait(6, 5), "пять шесть минут", "in either order");
        assert_eq!(wait(1, 1), "одна минута");
    }

    /// A second spelling, written apart from the first: the words below a hundred from one literal list, the rest put
    /// together from the decimal digits, the noun chosen by the last word said.
    fn oracle(n: u64, feminine: bool, forms: [&'static str; 3]) -> String {
        const TO_TWENTY: &str = "- один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать \
            тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать";
        const TENS: &str = "- - двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто";
        const HUNDREDS: &str = "- сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот";
        let nth = |list: &'static str, n: u64| list.split_whitespace().nth(n as usize).unwrap_or("-");
        let triple = |n: u64, feminine: bool| {
            let low = if n % 100 < 20 { [0, n % 100] } else { [n / 10 % 10, n % 10] };
            let mut all = vec![nth(HUNDREDS, n / 100), nth(TENS, low[0]), nth(TO_TWENTY, low[1])];
            all.retain(|word| *word != "-");
            if let (true, Some(last)) = (feminine, all.last_mut()) {
                *last = match *last {
                    "один" => "одна",
                    "два" => "две",
                    other => other,
                };
            }
            all
        };
        let form = |last: Option<&str>, forms: [&'static str; 3]| match last {
            Some("один" | "одна") => forms[0],
            Some("два" | "две" | "три" | "четыре") => forms[1],
            _ => forms[2],
        };
        let mut said = Vec::new();
        let thousands = triple(n / 1000 % 1000, true);
        if n >= 1_000_000 {
            said.push("миллион"); // the oracle ends at one million
        }
        if !thousands.is_empty() {
            let noun = form(thousands.last().copied(), ["тысяча", "тысячи", "тысяч"]);
            said.extend(thousands.into_iter().filter(|_| n / 1000 != 1));
            said.push(noun);
        }
        let rest = triple(n % 1000, feminine);
        let last = rest.last().copied();
        said.extend(rest);
        if n == 0 {
            said.push("ноль");
        }
        said.push(form(last, forms));
        said.join(" ")
    }

    #[test]
    fn counts_to_a_million_agree_with_a_second_spelling() {
        let nouns = [
            (Noun::Minute, true, ["минута", "минуты", "минут"]),
            (Noun::Second, true, ["секунда", "секунды", "секунд"]),
            (Noun::Rouble, false, ["рубль", "рубля", "рублей"]),
            (Noun::Kopeck, true, ["копейка", "копейки", "копеек"]),
            (Noun::Person, false, ["человек", "человека", "человек"]),
            (Noun::Call, false, ["звонок", "звонка", "звонков"]),
        ];
        // The words of every number up to 2,000 and of a sample above with each noun, of all with HOTLINE_SEEDS; the noun's
        // form for all of them in any case.
        let step = if std::env::var_os("HOTLINE_SEEDS").is_some() { 1 } else { 31 };
        for (noun, feminine, forms) in nouns {
            for n in (0..2_000u64).chain((2_000..1_000_000).step_by(step)).chain([1_000_000]) {
                assert_eq!(say(Item::Count { value: n as i64, noun }), oracle(n, feminine, forms), "{n}");
            }
            for n in 0..=1_000_000u64 {
                let many = (5..=20).contains(&(n % 100)) || !(1..=4).contains(&(n % 10));
                let expected = if many { forms[2] } else { forms[usize::from(n % 10 > 1)] };
                assert_eq!(noun_form(noun, n), expected, "{n}");
            }
        }
    }

    /// What declines in a numeral, by the tables of a grammar: nominative, genitive, dative, instrumental, prepositional.
    const DECLINED: &[(u64, [&str; 5])] = &[
        (0, ["ноль", "ноля", "нолю", "нолём", "ноле"]),
        (1, ["один", "одного", "одному", "одним", "одном"]),
        (2, ["два", "двух", "двум", "двумя", "двух"]),
        (3, ["три", "трёх", "трём", "тремя", "трёх"]),
        (4, ["четыре", "четырёх", "четырём", "четырьмя", "четырёх"]),
        (5, ["пять", "пяти", "пяти", "пятью", "пяти"]),
        (6, ["шесть", "шести", "шести", "шестью", "шести"]),
        (7, ["семь", "семи", "семи", "семью", "семи"]),
        (8, ["восемь", "восьми", "восьми", "восемью", "восьми"]),
        (9, ["девять", "девяти", "девяти", "девятью", "девяти"]),
        (10, ["десять", "десяти", "десяти", "десятью", "десяти"]),
        (11, ["одиннадцать", "одиннадцати", "одиннадцати", "одиннадцатью", "одиннадцати"]),
        (19, ["девятнадцать", "девятнадцати", "девятнадцати", "девятнадцатью", "девятнадцати"]),
        (20, ["двадцать", "двадцати", "двадцати", "двадцатью", "двадцати"]),
        (40, ["сорок", "сорока", "сорока", "сорока", "сорока"]),
        (50, ["пятьдесят", "пятидесяти", "пятидесяти", "пятьюдесятью", "пятидесяти"]),
        (80, ["восемьдесят", "восьмидесяти", "восьмидесяти", "восемьюдесятью", "восьмидесяти"]),
        (90, ["девяносто", "девяноста", "девяноста", "девяноста", "девяноста"]),
        (100, ["сто", "ста", "ста", "ста", "ста"]),
        (200, ["двести", "двухсот", "двумстам", "двумястами", "двухстах"]),
        (300, ["триста", "трёхсот", "трёмстам", "тремястами", "трёхстах"]),
        (400, ["четыреста", "четырёхсот", "четырёмстам", "четырьмястами", "четырёхстах"]),
        (500, ["пятьсот", "пятисот", "пятистам", "пятьюстами", "пятистах"]),
        (900, ["девятьсот", "девятисот", "девятистам", "девятьюстами", "девятистах"]),
    ];

    #[test]
    fn numerals_decline_as_the_tables_of_a_grammar_say_alone_and_one_behind_the_other() {
        let cases = [Case::Nominative, Case::Genitive, Case::Dative, Case::Instrumental, Case::Prepositional];
        let said =
            |value: u64, case| say(Item::Number { value: value as i64, gender: Gender::Masculine, case });
        let (small, rest) = DECLINED.split_at(13);
        for (at, case) in cases.into_iter().enumerate() {
            for (n, forms) in DECLINED {
                assert_eq!(said(*n, case), forms[at], "{n}");
            }
            for (hundreds, of_hundreds) in rest.iter().filter(|(n, _)| *n >= 100) {
                for (tens, of_tens) in rest.iter().filter(|(n, _)| *n < 100) {
                    for (ones, of_ones) in &small[1..10] {
                        let n = hundreds + tens + ones;
                        let words = format!("{} {} {}", of_hundreds[at], of_tens[at], of_ones[at]);
                        assert_eq!(said(n, case), words, "{n}");
                    }
                }
            }
        }
        // The accusative of what is counted without life is the nominative.
        assert_eq!(said(342, Case::Accusative), said(342, Case::Nominative));
    }
}
