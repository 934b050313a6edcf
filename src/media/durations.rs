//! How long each recording sounds, by its header alone: for whoever simulates playing it. Decoding thousands of prompts
//! takes a tenth of a second, which is a good part of a simulated day.
use super::codec::SAMPLES_PER_MS;
use super::prompt::{Fault, MISSING_TONE, files};
use super::wav;
use crate::ids::PromptName;
use crate::say::Language;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Durations {
    by_name: BTreeMap<Language, BTreeMap<PromptName, Duration>>,
}

impl Durations {
    /// Of `<dir>/<language>/<id>.wav`. A file that a leg could not play is left out, as there.
    pub fn load(dir: &Path) -> Durations {
        let mut durations = Durations::default();
        let mut faults: Vec<Fault> = Vec::new();
        for language in Language::ALL {
            let of_language = durations.by_name.entry(language).or_default();
            for (name, path) in files(&dir.join(language.as_str()), &mut faults) {
                if let Ok(samples) = wav::length_8k_mono(&path)
                    && samples > 0
                {
                    let lasts = Duration::from_millis(samples / SAMPLES_PER_MS);
                    of_language.insert(PromptName::from(name), lasts);
                }
            }
        }
        durations
    }

    /// Of the recording itself; `None` when there is none that a leg could play.
    pub fn own(&self, language: Language, name: &PromptName) -> Option<Duration> {
        self.by_name.get(&language).and_then(|of| of.get(name)).copied()
    }

    /// The recording; or the other language's; or the neutral tone: what a leg would play.
    pub fn of(&self, language: Language, name: &PromptName) -> Duration {
        let found = |language| self.own(language, name);
        found(language).or_else(|| found(language.fallback())).unwrap_or(MISSING_TONE.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::prompt::PromptSet;

    #[test]
    fn every_recording_that_is_shipped_lasts_as_long_as_a_leg_plays_it() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        let (durations, (prompts, _)) = (Durations::load(&dir), PromptSet::load(&dir));
        let names: Vec<_> = durations.by_name[&Language::Ru].keys().cloned().collect();
        assert!(names.iter().all(|name| prompts.contains(Language::Ru, name)));
        for language in Language::ALL {
            for name in names.iter().cloned().chain([PromptName::from("not there")]) {
                let played = prompts.clip(language, &name).duration();
                assert_eq!(durations.of(language, &name), played, "{name:?}");
            }
        }
    }
}
