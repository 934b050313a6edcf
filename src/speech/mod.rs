//! Spoken numbers: turns what is to be said into recorded pieces, in the grammar of the language.
//!
//! ```text
//!   Item::Count{2, Minute} ─▶ ru: две · минуты ─▶ word-dve.wav  word-minuty.wav
//!                             en: two · minutes ─▶ word-two.wav word-minutes.wav
//! ```
//! A piece is one word form, recorded once and named by its own spelling in Latin letters, so that forms which sound the
//! same share a recording. A language module turns an item into words; this module turns words into pieces and back.
//! [`pieces`] is the list of all that may ever be said: the prompt builder records exactly that.
mod en;
mod ru;
mod spell;

pub use spell::spell;

use crate::ids::PromptName;
use crate::say::{Item, Language, Piece, text_prompt};
use std::collections::BTreeSet;
use std::time::Duration;

/// Greater numbers are read digit by digit: nobody follows a spoken milliard on the phone.
pub const SPOKEN_MAX: u64 = 999_999_999;
/// Greater ordinals become «номер двести»; a queue is rarely longer.
pub const ORDINAL_MAX: u64 = 199;
/// Between groups of digits, and in place of a character that is no digit.
pub const GROUP_PAUSE: Duration = Duration::from_millis(250);

/// What a language module answers with.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Pause,
}

/// The recordings to play for these items, in order.
pub fn render(language: Language, items: &[Item]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for item in items {
        match item {
            Item::Prompt(name) => pieces.push(Piece::Prompt(name.clone())),
            Item::Text(text) => pieces.push(Piece::Prompt(text_prompt(text))),
            Item::Pause(duration) => pieces.push(Piece::Pause(*duration)),
            spoken => pieces.extend(tokens(language, spoken).into_iter().map(|token| match token {
                Token::Word(word) => Piece::Prompt(name(&word)),
                Token::Pause => Piece::Pause(GROUP_PAUSE),
            })),
        }
    }
    pieces
}

/// The same as text, for reading and for a synthesiser. A prompt stands as its name in brackets, a pause as a comma.
pub fn words(language: Language, items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        match item {
            Item::Prompt(name) => push_word(&mut text, &format!("[{name}]")),
            Item::Text(constant) => push_word(&mut text, constant),
            Item::Pause(_) => push_pause(&mut text),
            spoken => tokens(language, spoken).iter().for_each(|token| match token {
                Token::Word(word) => push_word(&mut text, word),
                Token::Pause => push_pause(&mut text),
            }),
        }
    }
    text
}

/// A recorded word form: its prompt name and what is to be read aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordPiece {
    pub name: PromptName,
    pub text: String,
}

/// Every piece that [`render`] may answer with, besides prompts and constant texts; in the order of the grammar, which
/// is the order a speaker likes to read in.
pub fn pieces(language: Language) -> Vec<WordPiece> {
    let mut seen = BTreeSet::new();
    every_form(language)
        .iter()
        .flat_map(|item| tokens(language, item))
        .filter_map(|token| match token {
            Token::Word(word) if seen.insert(word.clone()) => {
                Some(WordPiece { name: name(&word), text: word })
            }
            Token::Word(_) | Token::Pause => None,
        })
        .collect()
}

fn tokens(language: Language, item: &Item) -> Vec<Token> {
    match language {
        Language::Ru => ru::tokens(item),
        Language::En => en::tokens(item),
    }
}

/// A set of items in which every word form occurs: each number that has a name of its own, in every gender and case,
/// and everything that can be counted or dated.
fn every_form(language: Language) -> Vec<Item> {
    use crate::say::{Case, Gender, Noun};
    const GENDERS: [Gender; 3] = [Gender::Masculine, Gender::Feminine, Gender::Neuter];
    const CASES: [Case; 6] = [
        Case::Nominative,
        Case::Genitive,
        Case::Dative,
        Case::Accusative,
        Case::Instrumental,
        Case::Prepositional,
    ];
    let named = || (0..=20).chain((30..=90).step_by(10)).chain((100..=900).step_by(100));
    let mut items = Vec::new();
    for case in CASES {
        for value in named().chain([-1, 101, 1000, 2000, 5000, 21_000, 1_000_000, 2_000_000, 5_000_000]) {
            items.extend(GENDERS.map(|gender| Item::Number { value, gender, case }));
        }
    }
    for gender in GENDERS {
        items.extend(named().filter(|n| *n <= 100).map(|value| Item::Ordinal { value, gender }));
    }
    items.push(Item::Ordinal { value: 1000, gender: Gender::Masculine });
    for noun in Noun::ALL {
        items.extend([1, 2, 5].map(|value| Item::Count { value, noun }));
    }
    items.push(Item::Range { from: 2, to: 3, noun: Noun::Minute });
    items.extend((1..=31).map(|day| Item::Date { year: 2026, month: 1, day }));
    items.extend((1..=12).map(|month| Item::Date { year: 2026, month, day: 1 }));
    if language == Language::En {
        for hour in 0..24 {
            items.extend([0, 5].map(|minute| Item::Time { hour, minute }));
        }
    }
    items
}

/// `word-` and the word in Latin letters; plain ASCII, since it becomes a file's name.
fn name(word: &str) -> PromptName {
    let mut name = String::from("word-");
    for letter in word.chars() {
        name.push_str(latin(letter));
    }
    PromptName::from(name)
}

fn latin(letter: char) -> &'static str {
    const ASCII: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
        "u", "v", "w", "x", "y", "z",
    ];
    const CYRILLIC: [&str; 32] = [
        "a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u",
        "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
    ];
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    let offset = |first: char| (lower as usize).wrapping_sub(first as usize);
    match lower {
        'a'..='z' => ASCII.get(offset('a')),
        'а'..='я' => CYRILLIC.get(offset('а')),
        'ё' => Some(&"yo"),
        '.' => Some(&""),
        _ => Some(&"-"),
    }
    .copied()
    .unwrap_or("-")
}

fn push_word(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

fn push_pause(text: &mut String) {
    if !text.is_empty() && !text.ends_with(',') {
        text.push(',');
    }
}

/// Digits in the groups people read them in, with pauses between; what is no digit separates groups too.
/// A phone number is 3-3-2-2 with an optional first digit apart; anything else goes by threes, never leaving one alone.
fn digit_tokens(text: &str, word_of: impl Fn(u8) -> &'static str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for run in text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()) {
        let mut left = run.as_bytes();
        for size in groups(left) {
            let (group, rest) = left.split_at(size.min(left.len()));
            left = rest;
            if !tokens.is_empty() {
                tokens.push(Token::Pause);
            }
            tokens.extend(group.iter().map(|byte| Token::Word(word_of(byte - b'0').to_string())));
        }
    }
    tokens
}

fn groups(run: &[u8]) -> Vec<usize> {
    match (run.len(), run.first()) {
        (11, Some(b'7' | b'8')) => vec![1, 3, 3, 2, 2],
        (10, _) => vec![3, 3, 2, 2],
        (n @ 0..=4, _) => vec![n],
        (n, _) => match n % 3 {
            0 => vec![3; n / 3],
            1 => [vec![3; n / 3 - 1], vec![2, 2]].concat(),
            _ => [vec![3; n / 3], vec![2]].concat(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::say::{Case, Gender, Noun};
    use proptest::prelude::*;

    #[test]
    fn two_words_never_share_a_name_and_every_name_is_a_plain_file_name() {
        for language in Language::ALL {
            let all = pieces(language);
            let names: BTreeSet<_> = all.iter().map(|piece| piece.name.clone()).collect();
            assert_eq!(names.len(), all.len(), "{language}");
            assert!(names.iter().all(|n| n.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        }
    }

    #[test]
    fn prompts_and_constant_texts_keep_their_place_among_the_words() {
        let items = [
            Item::Prompt("you_are".into()),
            Item::Ordinal { value: 3, gender: Gender::Masculine },
            Item::Prompt("in_the_queue".into()),
            Item::Text("Москва".into()),
        ];
        let names: Vec<_> = render(Language::Ru, &items)
            .into_iter()
            .map(|piece| match piece {
                Piece::Prompt(name) => name.to_string(),
                Piece::Pause(_) => "pause".to_string(),
            })
            .collect();
        let constant = text_prompt("Москва").to_string();
        assert_eq!(names, ["you_are", "word-tretiy", "in_the_queue", constant.as_str()]);
    }

    #[test]
    fn a_phone_number_is_read_in_its_usual_groups() {
        let read = |digits: &str| words(Language::Ru, &[Item::Digits(digits.into())]);
        assert_eq!(read("88007077759"), "восемь, восемь ноль ноль, семь ноль семь, семь семь, пять девять");
        assert_eq!(read("12345"), "один два три, четыре пять");
        assert_eq!(read("1234567"), "один два три, четыре пять, шесть семь");
        assert_eq!(read("A-12/7"), "один два, семь");
        assert_eq!(read(""), "");
    }

    fn any_item() -> impl Strategy<Value = Item> {
        let value = prop_oneof![0..1000i64, -1_000_000_000_000..1_000_000_000_000i64, any::<i64>()];
        let gender = prop::sample::select(vec![Gender::Masculine, Gender::Feminine, Gender::Neuter]);
        let case = prop::sample::select(vec![
            Case::Nominative,
            Case::Genitive,
            Case::Dative,
            Case::Accusative,
            Case::Instrumental,
            Case::Prepositional,
        ]);
        let noun = prop::sample::select(Noun::ALL.to_vec());
        (value.clone(), value, gender, case, noun, 0..9u8, any::<(i8, i8)>()).prop_map(
            |(value, other, gender, case, noun, kind, (a, b))| match kind {
                0 => Item::Number { value, gender, case },
                1 => Item::Ordinal { value, gender },
                2 => Item::Count { value, noun },
                3 => Item::Money { kopecks: value },
                4 => Item::Date { year: 2026, month: a, day: b },
                5 => Item::Time { hour: a, minute: b },
                6 => Item::Duration(Duration::from_millis(value.unsigned_abs())),
                7 => Item::Range { from: value, to: other, noun },
                _ => Item::Digits(value.to_string()),
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_is_said_was_recorded(item in any_item()) {
            for language in Language::ALL {
                let known: BTreeSet<_> = pieces(language).into_iter().map(|piece| piece.name).collect();
                for piece in render(language, std::slice::from_ref(&item)) {
                    if let Piece::Prompt(name) = piece {
                        prop_assert!(known.contains(&name), "{language}: {name} of {item:?}");
                    }
                }
            }
        }
    }
}
