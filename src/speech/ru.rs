//! Russian: numerals agree with their noun in gender and decline in six cases, nouns have three counted forms, dates
//! are ordinals in the genitive.
use super::{ORDINAL_MAX, SPOKEN_MAX, Token, digit_tokens};
use crate::say::{Case, Gender, Item, Noun};

/// Which form a counted noun takes (CLDR's plural categories): 1, 21 минута · 2, 3, 34 минуты · 0, 5, 11 минут.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plural {
    One,
    Few,
    Many,
}

impl Plural {
    pub(super) fn of(n: u64) -> Plural {
        match (n % 10, n % 100) {
            (_, 11..=14) => Plural::Many,
            (1, _) => Plural::One,
            (2..=4, _) => Plural::Few,
            _ => Plural::Many,
        }
    }
}

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

/// In the words of a number up to [`SPOKEN_MAX`]. Only the last group takes the gender; thousands are feminine.
/// A leading «одна» before «тысяча» is left out, as people do: «тысяча пятьсот рублей».
pub(super) fn cardinal(n: u64, gender: Gender, case: Case) -> Vec<String> {
    if n == 0 {
        return vec![pick(["ноль", "ноля", "нолю", "ноль", "нолём", "ноле"], case).to_string()];
    }
    let mut words = Vec::new();
    for (unit, forms, unit_gender) in [
        (1_000_000, &MILLION, Gender::Masculine),
        (1_000, &THOUSAND, Gender::Feminine),
    ] {
        let group = n / unit % 1_000;
        if group == 0 {
            continue;
        }
        if group > 1 || !words.is_empty() {
            words.extend(below_thousand(group, unit_gender, case));
        }
        words.push(forms.counted(group, case).to_string());
    }
    words.extend(below_thousand(n % 1_000, gender, case));
    words
}

fn below_thousand(n: u64, gender: Gender, case: Case) -> Vec<String> {
    let (hundreds, tens, units) = (n / 100, n / 10 % 10, n % 10);
    let mut words = Vec::new();
    match hundreds {
        0 => {}
        1 => words.push(pick(["сто", "ста", "ста", "сто", "ста", "ста"], case).to_string()),
        _ => words.push(hundred(hundreds, case)),
    }
    match tens {
        0 => {}
        1 => words.push(soft(TEENS[units as usize], case)),
        2 => words.push(soft("двадцать", case)),
        3 => words.push(soft("тридцать", case)),
        4 => words.push(pick(["сорок", "сорока", "сорока", "сорок", "сорока", "сорока"], case).to_string()),
        9 => {
            let forms = ["девяносто", "девяноста", "девяноста", "девяносто", "девяноста", "девяноста"];
            words.push(pick(forms, case).to_string());
        }
        _ => words.push(unit(tens, gender, case) + pick(["десят", "десяти", "десяти", "десят", "десятью", "десяти"], case)),
    }
    if tens != 1 && units > 0 {
        words.push(unit(units, gender, case));
    }
    words
}

const TEENS: [&str; 10] = [
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
    "шестнадцать",
    "семнадцать",
    "восемнадцать",
    "девятнадцать",
];

/// 1–9. «Один» and «два» have genders; the accusative is that of things, not of beings.
fn unit(n: u64, gender: Gender, case: Case) -> String {
    let forms = match (n, gender) {
        (1, Gender::Masculine) => ["один", "одного", "одному", "один", "одним", "одном"],
        (1, Gender::Feminine) => ["одна", "одной", "одной", "одну", "одной", "одной"],
        (1, Gender::Neuter) => ["одно", "одного", "одному", "одно", "одним", "одном"],
        (2, Gender::Feminine) => ["две", "двух", "двум", "две", "двумя", "двух"],
        (2, _) => ["два", "двух", "двум", "два", "двумя", "двух"],
        (3, _) => ["три", "трёх", "трём", "три", "тремя", "трёх"],
        (4, _) => ["четыре", "четырёх", "четырём", "четыре", "четырьмя", "четырёх"],
        (8, _) => ["восемь", "восьми", "восьми", "восемь", "восемью", "восьми"],
        (5, _) => return soft("пять", case),
        (6, _) => return soft("шесть", case),
        (7, _) => return soft("семь", case),
        _ => return soft("девять", case),
    };
    pick(forms, case).to_string()
}

/// Numerals in a soft sign: пять, пяти, пятью.
fn soft(nominative: &str, case: Case) -> String {
    let stem = nominative.strip_suffix('ь').unwrap_or(nominative);
    match case {
        Case::Nominative | Case::Accusative => nominative.to_string(),
        Case::Genitive | Case::Dative | Case::Prepositional => format!("{stem}и"),
        Case::Instrumental => format!("{nominative}ю"),
    }
}

/// 200–900: both halves decline, «двухсот, двумстам, двумястами».
fn hundred(n: u64, case: Case) -> String {
    let half = pick(["сот", "сот", "стам", "сот", "стами", "стах"], case);
    match (n, case) {
        (2, Case::Nominative | Case::Accusative) => "двести".to_string(),
        (3 | 4, Case::Nominative | Case::Accusative) => unit(n, Gender::Masculine, case) + "ста",
        _ => unit(n, Gender::Masculine, case) + half,
    }
}

/// «тысяча» and «миллион», which are nouns.
struct Power {
    singular: [&'static str; 6],
    /// Genitive, dative, instrumental and prepositional: the cases that numerals ask for.
    plural: [&'static str; 4],
}

const THOUSAND: Power = Power {
    singular: ["тысяча", "тысячи", "тысяче", "тысячу", "тысячей", "тысяче"],
    plural: ["тысяч", "тысячам", "тысячами", "тысячах"],
};
const MILLION: Power = Power {
    singular: ["миллион", "миллиона", "миллиону", "миллион", "миллионом", "миллионе"],
    plural: ["миллионов", "миллионам", "миллионами", "миллионах"],
};

impl Power {
    fn counted(&self, n: u64, case: Case) -> &'static str {
        match (Plural::of(n), case) {
            (Plural::One, _) => pick(self.singular, case),
            (Plural::Few, Case::Nominative | Case::Accusative) => pick(self.singular, Case::Genitive),
            (Plural::Many, Case::Nominative | Case::Accusative) | (_, Case::Genitive) => self.plural[0],
            (_, Case::Dative) => self.plural[1],
            (_, Case::Instrumental) => self.plural[2],
            (_, Case::Prepositional) => self.plural[3],
        }
    }
}

fn pick(forms: [&'static str; 6], case: Case) -> &'static str {
    forms[case as usize]
}

/// An ordinal without its ending, and the pattern of its endings.
struct Stem(&'static str, Endings);

enum Endings {
    /// первый, первая
    Hard,
    /// второй, вторая: the stress on the ending
    Stressed,
    /// третий, третья
    Possessive,
}

impl Stem {
    fn nominative(&self, gender: Gender) -> String {
        let ending = match (&self.1, gender) {
            (Endings::Hard, Gender::Masculine) => "ый",
            (Endings::Stressed, Gender::Masculine) => "ой",
            (Endings::Possessive, Gender::Masculine) => "ий",
            (Endings::Possessive, Gender::Feminine) => "ья",
            (Endings::Possessive, Gender::Neuter) => "ье",
            (_, Gender::Feminine) => "ая",
            (_, Gender::Neuter) => "ое",
        };
        format!("{}{ending}", self.0)
    }

    fn genitive(&self) -> String {
        let ending = if matches!(self.1, Endings::Possessive) { "ьего" } else { "ого" };
        format!("{}{ending}", self.0)
    }

    /// Of 1–20 and of the round tens up to 100; of other numbers there is none.
    fn of(n: u64) -> Option<Stem> {
        use Endings::{Hard, Possessive, Stressed};
        Some(match n {
            1 => Stem("перв", Hard),
            2 => Stem("втор", Stressed),
            3 => Stem("трет", Possessive),
            4 => Stem("четвёрт", Hard),
            5 => Stem("пят", Hard),
            6 => Stem("шест", Stressed),
            7 => Stem("седьм", Stressed),
            8 => Stem("восьм", Stressed),
            9 => Stem("девят", Hard),
            10 => Stem("десят", Hard),
            11 => Stem("одиннадцат", Hard),
            12 => Stem("двенадцат", Hard),
            13 => Stem("тринадцат", Hard),
            14 => Stem("четырнадцат", Hard),
            15 => Stem("пятнадцат", Hard),
            16 => Stem("шестнадцат", Hard),
            17 => Stem("семнадцат", Hard),
            18 => Stem("восемнадцат", Hard),
            19 => Stem("девятнадцат", Hard),
            20 => Stem("двадцат", Hard),
            30 => Stem("тридцат", Hard),
            40 => Stem("сороков", Stressed),
            50 => Stem("пятидесят", Hard),
            60 => Stem("шестидесят", Hard),
            70 => Stem("семидесят", Hard),
            80 => Stem("восьмидесят", Hard),
            90 => Stem("девяност", Hard),
            100 => Stem("сот", Hard),
            _ => return None,
        })
    }
}

/// Only the last word is an ordinal: «сто двадцать третий».
fn ordinal(n: u64, inflect: impl Fn(&Stem) -> String) -> Vec<String> {
    for tail in [n, n % 100, n % 10] {
        if let Some(stem) = Stem::of(tail) {
            let before = n - tail;
            let mut words =
                if before > 0 { cardinal(before, Gender::Masculine, Case::Nominative) } else { Vec::new() };
            words.push(inflect(&stem));
            return words;
        }
    }
    cardinal(n, Gender::Masculine, Case::Nominative)
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
    const DIGITS: [&str; 10] = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"];
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
    use icu_plurals::{PluralCategory, PluralRuleType, PluralRules, PluralRulesOptions};
    use std::time::Duration;

    fn say(item: Item) -> String {
        words(Language::Ru, &[item])
    }

    fn number(value: i64, gender: Gender, case: Case) -> String {
        say(Item::Number { value, gender, case })
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
    fn the_noun_of_a_range_agrees_with_its_end() {
        let wait = |from, to| say(Item::Range { from, to, noun: Noun::Minute });
        assert_eq!(wait(2, 3), "две три минуты");
        assert_eq!(wait(1, 2), "одна две минуты");
        assert_eq!(wait(6, 5), "пять шесть минут", "in either order");
        assert_eq!(wait(1, 1), "одна минута");
    }

    #[test]
    fn every_part_of_a_numeral_declines() {
        let masculine = |n, case| number(n, Gender::Masculine, case);
        assert_eq!(masculine(2_344, Case::Genitive), "двух тысяч трёхсот сорока четырёх");
        assert_eq!(masculine(5_298, Case::Instrumental), "пятью тысячами двумястами девяноста восемью");
        assert_eq!(masculine(1_871, Case::Dative), "тысяче восьмистам семидесяти одному");
        assert_eq!(masculine(2_000_650, Case::Prepositional), "двух миллионах шестистах пятидесяти");
        assert_eq!(number(21_001, Gender::Feminine, Case::Accusative), "двадцать одну тысячу одну");
        assert_eq!(number(1, Gender::Neuter, Case::Nominative), "одно");
        assert_eq!(masculine(0, Case::Genitive), "ноля");
        assert_eq!(masculine(-7, Case::Nominative), "минус семь");
        assert_eq!(masculine(2_000_000_001, Case::Dative), say(Item::Digits("2000000001".into())), "too long for words");
    }

    #[test]
    fn the_counted_form_is_the_one_that_cldr_names() {
        let cardinal = PluralRulesOptions::default().with_type(PluralRuleType::Cardinal);
        let rules = PluralRules::try_new(icu_locale_core::locale!("ru").into(), cardinal).unwrap();
        for n in 0..=1_000_000u64 {
            let ours = Plural::of(n);
            let theirs = match rules.category_for(n) {
                PluralCategory::One => Plural::One,
                PluralCategory::Few => Plural::Few,
                _ => Plural::Many,
            };
            assert_eq!(ours, theirs, "{n}");
        }
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
        // The words of every number up to 2,000 and of a sample above with each noun; the noun's form for all of them.
        for (noun, feminine, forms) in nouns {
            for n in (0..2_000u64).chain((2_000..1_000_000).step_by(97)).chain([1_000_000]) {
                assert_eq!(say(Item::Count { value: n as i64, noun }), oracle(n, feminine, forms), "{n}");
            }
            for n in 0..=1_000_000u64 {
                let many = (5..=20).contains(&(n % 100)) || !(1..=4).contains(&(n % 10));
                let expected = if many { forms[2] } else { forms[usize::from(n % 10 > 1)] };
                assert_eq!(noun_form(noun, n), expected, "{n}");
            }
        }
    }
}
