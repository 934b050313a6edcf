//! Sentences that the program makes in English, in another language: a table turns the sentence into the other one and
//! carries its values over. A sentence that no table knows stays as it is.

/// Where a value stands in a sentence of a table.
pub const HOLE: char = '§';

/// English and the other language, the most exact first: a later pattern may fit what an earlier one does.
pub type Sentences = &'static [(&'static str, &'static str)];

/// The sentence in the other language. `word` turns those values that are words of ours, and not of a file or a person.
pub fn translate(text: &str, sentences: Sentences, word: impl Fn(&str) -> String) -> Option<String> {
    let (values, other) =
        sentences.iter().find_map(|(english, other)| Some((values(text, english)?, other)))?;
    let mut out = String::new();
    let mut values = values.into_iter();
    for part in other.split_inclusive(HOLE) {
        match part.strip_suffix(HOLE) {
            Some(before) => {
                out.push_str(before);
                out.push_str(&values.next().map(&word).unwrap_or_default());
            }
            None => out.push_str(part),
        }
    }
    Some(out)
}

/// What stands in the holes of a pattern; `None` when the text is another sentence.
fn values<'a>(text: &'a str, pattern: &str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split(HOLE);
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            // The last part ends the sentence.
            None => rest.len().checked_sub(part.len()).filter(|at| rest.get(*at..) == Some(part))?,
            Some(_) => rest.find(part)?,
        };
        values.push(rest.get(..at)?);
        rest = rest.get(at + part.len()..)?;
    }
    rest.is_empty().then_some(values)
}

/// What is wrong with a table: values lost on the way, a sentence hidden behind a wider one.
#[cfg(test)]
pub fn faults(sentences: Sentences) -> Vec<String> {
    let holes = |text: &str| text.matches(HOLE).count();
    let mut faults = Vec::new();
    for (at, (english, other)) in sentences.iter().enumerate() {
        if holes(english) != holes(other) {
            faults.push(format!("`{english}` and `{other}` have not the same number of values"));
        }
        if sentences.iter().position(|(pattern, _)| values(english, pattern).is_some()) != Some(at) {
            faults.push(format!("`{english}` comes behind a wider one"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_turned_with_its_values_and_a_strange_one_is_not() {
        const TABLE: Sentences =
            &[("no step `§` in `§`", "в «§» есть всё, но нет «§»"), ("no §", "нет: §"), ("gone", "ушёл")];
        let said = |text| translate(text, TABLE, str::to_uppercase);
        assert_eq!(said("no step `a` in `b`").as_deref(), Some("в «A» есть всё, но нет «B»"));
        assert_eq!(said("no bread").as_deref(), Some("нет: BREAD"));
        assert_eq!(said("gone").as_deref(), Some("ушёл"));
        assert_eq!(said("gone away"), None);
        assert_eq!(said("§"), None);
    }
}
