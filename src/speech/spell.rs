//! Digits in a running text become words, since a synthesiser says «два минуты» for "2 минуты".
use super::{SPOKEN_MAX, en, ru, words};
use crate::say::{Case, Gender, Item, Language, Noun};

/// The text with every run of digits spelled out, in the gender of the noun that follows if it is one we count.
/// Long runs and those with a leading zero are codes and are read digit by digit.
pub fn spell(language: Language, text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, tail) = rest.split_at(start);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, after) = tail.split_at(end);
        spelled.push_str(before);
        if spelled.ends_with(char::is_alphanumeric) {
            spelled.push(' ');
        }
        spelled.push_str(&words(language, &[item(language, digits, after)]));
        if after.starts_with(char::is_alphanumeric) {
            spelled.push(' ');
        }
        rest = after;
    }
    spelled.push_str(rest);
    spelled
}

fn item(language: Language, digits: &str, after: &str) -> Item {
    let value = digits.parse::<u64>().ok().filter(|n| *n <= SPOKEN_MAX);
    let code = digits.len() > 1 && digits.starts_with('0');
    match value.and_then(|value| i64::try_from(value).ok()).filter(|_| !code) {
        Some(value) => {
            let next = after.split_whitespace().next().unwrap_or("");
            let word = next.trim_matches(|c: char| !c.is_alphabetic());
            Item::Number { value, gender: gender(language, word), case: Case::Nominative }
        }
        None => Item::Digits(digits.to_string()),
    }
}

fn gender(language: Language, word: &str) -> Gender {
    let is_form = |noun: &Noun| match language {
        Language::Ru => ru::noun_of(*noun).1.contains(&word),
        Language::En => [true, false].iter().any(|one| en::noun_form(*noun, *one) == word),
    };
    match Noun::ALL.into_iter().find(is_form) {
        Some(noun) => ru::noun_of(noun).0,
        None => Gender::Masculine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_the_gender_of_its_noun() {
        let spell = |text| spell(Language::Ru, text);
        assert_eq!(spell("Ждать 2 минуты."), "Ждать две минуты.");
        assert_eq!(spell("21 рубль, 1 копейка"), "двадцать один рубль, одна копейка");
        assert_eq!(spell("Дом 5"), "Дом пять");
        assert_eq!(spell("без цифр"), "без цифр");
    }

    #[test]
    fn a_code_is_read_digit_by_digit() {
        assert_eq!(spell(Language::Ru, "код 007"), "код ноль ноль семь");
        assert_eq!(
            spell(Language::En, "call 88007077759"),
            "call eight, eight zero zero, seven zero seven, seven seven, five nine"
        );
        assert_eq!(spell(Language::En, "room B12a"), "room B twelve a");
    }
}
