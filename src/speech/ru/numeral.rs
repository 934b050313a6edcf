//! Russian numerals: cardinals in three genders and six cases, ordinals, and which form a counted noun takes.
use crate::say::{Case, Gender};

/// Which form a counted noun takes (CLDR's plural categories): 1, 21 минута · 2, 3, 34 минуты · 0, 5, 11 минут.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plural {
    One,
    Few,
    Many,
}

impl Plural {
    pub fn of(n: u64) -> Plural {
        match (n % 10, n % 100) {
            (_, 11..=14) => Plural::Many,
            (1, _) => Plural::One,
            (2..=4, _) => Plural::Few,
            _ => Plural::Many,
        }
    }
}

/// In the words of a number up to [`SPOKEN_MAX`]. Only the last group takes the gender; thousands are feminine.
/// A leading «одна» before «тысяча» is left out, as people do: «тысяча пятьсот рублей».
pub fn cardinal(n: u64, gender: Gender, case: Case) -> Vec<String> {
    if n == 0 {
        return vec![pick(["ноль", "ноля", "нолю", "ноль", "нолём", "ноле"], case).to_string()];
    }
    let mut words = Vec::new();
    for (unit, forms, unit_gender) in
        [(1_000_000, &MILLION, Gender::Masculine), (1_000, &THOUSAND, Gender::Feminine)]
    {
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
        _ => words.push(
            unit(tens, gender, case)
                + pick(["десят", "десяти", "десяти", "десят", "десятью", "десяти"], case),
        ),
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
pub struct Stem(&'static str, Endings);

enum Endings {
    /// первый, первая
    Hard,
    /// второй, вторая: the stress on the ending
    Stressed,
    /// третий, третья
    Possessive,
}

impl Stem {
    pub fn nominative(&self, gender: Gender) -> String {
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

    pub fn genitive(&self) -> String {
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
pub fn ordinal(n: u64, inflect: impl Fn(&Stem) -> String) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use icu_plurals::{PluralCategory, PluralRuleType, PluralRules, PluralRulesOptions};

    fn said(n: u64, gender: Gender, case: Case) -> String {
        cardinal(n, gender, case).join(" ")
    }

    #[test]
    fn every_part_of_a_numeral_declines() {
        let masculine = |n, case| said(n, Gender::Masculine, case);
        assert_eq!(masculine(2_344, Case::Genitive), "двух тысяч трёхсот сорока четырёх");
        assert_eq!(masculine(5_298, Case::Instrumental), "пятью тысячами двумястами девяноста восемью");
        assert_eq!(masculine(1_871, Case::Dative), "тысяче восьмистам семидесяти одному");
        assert_eq!(masculine(2_000_650, Case::Prepositional), "двух миллионах шестистах пятидесяти");
        assert_eq!(said(21_001, Gender::Feminine, Case::Accusative), "двадцать одну тысячу одну");
        assert_eq!(said(1, Gender::Neuter, Case::Nominative), "одно");
        assert_eq!(masculine(0, Case::Genitive), "ноля");
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
}
