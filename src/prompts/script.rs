//! `hotline prompts script`: what a studio is to read, and what is still synthesised.
use super::ledger::{self, Ledger, Origin};
use super::{Catalogue, recording};
use crate::ids::PromptName;
use crate::say::Language;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Missing,
    Synthesised,
    Studio,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Missing => "missing",
            State::Synthesised => "synthesised",
            State::Studio => "studio",
        }
    }
}

/// Where each recording of the catalogue comes from.
pub fn states(dir: &Path, catalogue: &Catalogue) -> io::Result<BTreeMap<(Language, PromptName), State>> {
    let ledger = Ledger::load(dir)?;
    let mut states = BTreeMap::new();
    for (name, entry) in catalogue.entries() {
        for language in entry.texts.keys() {
            states.insert((*language, name.clone()), state(dir, &ledger, *language, name)?);
        }
    }
    Ok(states)
}

fn state(dir: &Path, ledger: &Ledger, language: Language, name: &PromptName) -> io::Result<State> {
    Ok(match ledger.origin(dir, &ledger::key(language, name))? {
        None => State::Missing,
        Some(Origin::Made) => State::Synthesised,
        Some(Origin::Studio) => State::Studio,
    })
}

/// The reading list as CSV: `language,id,text,file,state`, whole sentences before single words.
pub fn script(dir: &Path, catalogue: &Catalogue, into: impl io::Write) -> io::Result<()> {
    let ledger = Ledger::load(dir)?;
    let mut table = csv::Writer::from_writer(into);
    table.write_record(["language", "id", "text", "file", "state"])?;
    for language in Language::ALL {
        let of_language: Vec<_> = catalogue
            .entries()
            .filter_map(|(name, entry)| Some((name, entry.texts.get(&language)?)))
            .collect();
        let is_word = |text: &str| !text.contains(' ') && !text.ends_with(['.', '!', '?', ':']);
        for words in [false, true] {
            for (name, text) in of_language.iter().filter(|(_, text)| is_word(text) == words) {
                let state = state(dir, &ledger, language, name)?;
                let file = recording(Path::new(""), language, name);
                let file = file.to_string_lossy();
                table.write_record([language.as_str(), name.as_str(), text, &file, state.as_str()])?;
            }
        }
    }
    table.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_a_line_for_each_text_sentences_first() {
        let dir = tempfile::tempdir().unwrap();
        let text = "a: {ru: \"Вы\", en: \"You\"}\nb: {ru: \"Здравствуйте, это мы!\", en: \"Hello!\"}\n";
        let catalogue = Catalogue::only(Path::new("p.yaml"), text);
        std::fs::create_dir(dir.path().join("ru")).unwrap();
        std::fs::write(dir.path().join("ru/a.wav"), "a studio's").unwrap();
        let mut out = Vec::new();
        script(dir.path(), &catalogue, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "language,id,text,file,state\n\
             ru,b,\"Здравствуйте, это мы!\",ru/b.wav,missing\n\
             ru,a,Вы,ru/a.wav,studio\n\
             en,b,Hello!,en/b.wav,missing\n\
             en,a,You,en/a.wav,missing\n"
        );
    }
}
