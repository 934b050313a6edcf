//! The texts of all prompts: prompts.yaml, the word forms of `speech`, and the constant texts of flows.
use super::TEXTS;
use crate::flow::finding::{Finding, Span};
use crate::flow::yaml::{self, Spanned};
use crate::ids::PromptName;
use crate::say::{Item, Language, text_prompt};
use crate::speech;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// File names stay short and plain, on any disk and in any archive.
const NAME_BYTES_MAX: usize = 64;

/// One prompt: what is read aloud in each language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub texts: BTreeMap<Language, String>,
    /// For a synthesiser, where it would misread the text.
    pub tts: BTreeMap<Language, String>,
}

/// All prompts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    entries: BTreeMap<PromptName, Entry>,
}

/// As written in prompts.yaml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    ru: Option<String>,
    #[serde(default)]
    en: Option<String>,
    #[serde(default)]
    tts: Override,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    #[serde(default)]
    ru: Option<String>,
    #[serde(default)]
    en: Option<String>,
}

fn by_language(ru: Option<String>, en: Option<String>) -> BTreeMap<Language, String> {
    [(Language::Ru, ru), (Language::En, en)].into_iter().filter_map(|(l, text)| Some((l, text?))).collect()
}

impl Catalogue {
    /// Reads `<dir>/prompts.yaml` and adds the word forms.
    pub fn load(dir: &Path) -> Result<Catalogue, Vec<Finding>> {
        let file = dir.join(TEXTS);
        let text = fs::read_to_string(&file).map_err(|error| {
            let help = "it holds the texts of all prompts; `prompts.dir` in config.yaml says where it is";
            vec![Finding::error("HF000", &file, Span::default(), format!("cannot be read: {error}"), help)]
        })?;
        Catalogue::read(&file, &text)
    }

    /// The same from a text; `file` is only named in findings.
    pub fn read(file: &Path, text: &str) -> Result<Catalogue, Vec<Finding>> {
        Catalogue::of_words().and(file, text)
    }

    fn and(mut self, file: &Path, text: &str) -> Result<Catalogue, Vec<Finding>> {
        let written: BTreeMap<String, Spanned<Written>> = yaml::parse(file, text)?;
        let mut findings = Vec::new();
        for (name, written) in written {
            let fault = self.add(&name, written.value).err();
            findings.extend(fault.map(|(message, help)| {
                Finding::error("HF015", file, written.at, message, help).with_excerpt(text)
            }));
        }
        if findings.is_empty() { Ok(self) } else { Err(findings) }
    }

    /// Only what `speech` may say.
    pub fn of_words() -> Catalogue {
        let mut catalogue = Catalogue::default();
        for language in Language::ALL {
            for piece in speech::pieces(language) {
                catalogue.entries.entry(piece.name).or_default().texts.insert(language, piece.text);
            }
        }
        catalogue
    }

    /// Adds the constant texts of flows: `{text: "…"}` items, with the settings of the installation filled in.
    pub fn with_texts<'a>(mut self, texts: impl IntoIterator<Item = (Language, &'a str)>) -> Catalogue {
        for (language, text) in texts.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
            self.entries.entry(text_prompt(text)).or_default().texts.insert(language, text.to_string());
        }
        self
    }

    /// Without the word forms, for tests that build a prompt or two.
    #[cfg(test)]
    pub(super) fn only(file: &Path, text: &str) -> Catalogue {
        Catalogue::default().and(file, text).unwrap()
    }

    fn add(&mut self, name: &str, written: Written) -> Result<(), (String, &'static str)> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
            let message = format!("`{name}` cannot be a recording's file name");
            return Err((message, "use a–z, 0–9, _ and -, at most 64 characters"));
        }
        let texts = by_language(written.ru, written.en);
        let tts = by_language(written.tts.ru, written.tts.en);
        if let Some(empty) = texts.values().chain(tts.values()).find(|text| text.trim().is_empty()) {
            return Err((
                format!("prompt `{name}` has the empty text {empty:?}"),
                "write what is to be heard",
            ));
        }
        // The text of a word form is its own; only the way it is read can be overridden.
        if let Some(entry) = self.entries.get_mut(name) {
            if !texts.is_empty() {
                let message = format!("`{name}` is a word of spoken numbers and has its text already");
                return Err((message, "give only `tts`, if the synthesiser misreads it"));
            }
            entry.tts = tts;
            return Ok(());
        }
        if let Some(missing) = Language::ALL.into_iter().find(|language| !texts.contains_key(language)) {
            let message = format!("prompt `{name}` has no text for `{missing}`");
            return Err((message, "every prompt has a text in every language"));
        }
        self.entries.insert(name.into(), Entry { texts, tts });
        Ok(())
    }

    pub fn entries(&self) -> impl Iterator<Item = (&PromptName, &Entry)> {
        self.entries.iter()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// What this prompt says, in this language or else in the other one.
    pub fn text(&self, language: Language, name: &str) -> Option<&str> {
        let texts = &self.entries.get(name)?.texts;
        [language, language.fallback()].iter().find_map(|language| texts.get(language)).map(String::as_str)
    }

    /// What a synthesiser is given: the override if there is one; digits are spelled out.
    pub fn spoken(&self, language: Language, name: &str) -> Option<String> {
        let entry = self.entries.get(name)?;
        if let Some(written) = entry.tts.get(&language) {
            return Some(written.clone());
        }
        entry.texts.get(&language).map(|text| speech::spell(language, text))
    }

    /// All that is said as text: prompts by their texts, numbers in words. A prompt that begins a new sentence after a
    /// number ends the one before.
    pub fn words(&self, language: Language, items: &[Item]) -> String {
        let mut said = String::new();
        for item in items {
            let part = match item {
                Item::Prompt(name) => match self.text(language, name.as_str()) {
                    Some(text) => text.to_string(),
                    None => format!("[{name}]"),
                },
                other => speech::words(language, std::slice::from_ref(other)),
            };
            if !said.is_empty() && !part.is_empty() {
                if said.ends_with(char::is_alphabetic) && part.starts_with(char::is_uppercase) {
                    said.push('.');
                }
                said.push(' ');
            }
            said.push_str(&part);
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::say::Gender;

    const TEXT: &str = "you_are: {ru: \"Вы\", en: \"You are\"}\n\
        wait: {ru: \"Ждать 2 минуты.\", en: \"2 minutes.\", tts: {en: \"Two minutes!\"}}\n\
        word-soroka: {tts: {ru: \"[[sVrVk'A]]\"}}\n";

    fn findings(text: &str) -> String {
        let findings = Catalogue::read(Path::new("prompts.yaml"), text).unwrap_err();
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_synthesiser_gets_words_for_digits_unless_told_what_to_read() {
        let catalogue = Catalogue::read(Path::new("prompts.yaml"), TEXT).unwrap();
        assert_eq!(catalogue.spoken(Language::Ru, "wait").unwrap(), "Ждать две минуты.");
        assert_eq!(catalogue.spoken(Language::En, "wait").unwrap(), "Two minutes!");
        assert_eq!(catalogue.spoken(Language::Ru, "word-soroka").unwrap(), "[[sVrVk'A]]");
        assert_eq!(catalogue.text(Language::Ru, "word-soroka"), Some("сорока"));
        assert_eq!(catalogue.spoken(Language::Ru, "nobody"), None);
    }

    #[test]
    fn a_sentence_reads_as_it_sounds() {
        let catalogue = Catalogue::read(Path::new("prompts.yaml"), TEXT).unwrap();
        let items = [Item::Prompt("you_are".into()), Item::Ordinal { value: 3, gender: Gender::Masculine }];
        assert_eq!(catalogue.words(Language::Ru, &items), "Вы третий");
        assert_eq!(catalogue.words(Language::En, &items), "You are third");
        assert_eq!(catalogue.words(Language::En, &[Item::Prompt("nobody".into())]), "[nobody]");
    }

    #[test]
    fn what_is_wrong_in_a_text_is_named_with_its_place() {
        assert!(findings("a: {ru: \"да\"}\n").contains("prompts.yaml:1:4: prompt `a` has no text for `en`"));
        assert!(findings("../a: {ru: \"да\", en: \"yes\"}\n").contains("cannot be a recording's file name"));
        assert!(findings("a: {ru: \"\", en: \"yes\"}\n").contains("empty text"));
        assert!(findings("word-dve: {ru: \"двое\", en: \"two\"}\n").contains("has its text already"));
        assert!(findings("a: {ru: \"да\", en: \"yes\", de: \"ja\"}\n").contains("`de`"));
    }

    #[test]
    fn a_constant_text_is_recorded_under_its_own_name() {
        let catalogue = Catalogue::of_words().with_texts([(Language::Ru, "Дом 5"), (Language::Ru, " ")]);
        let name = text_prompt("Дом 5");
        assert_eq!(catalogue.spoken(Language::Ru, name.as_str()).unwrap(), "Дом пять");
    }
}
