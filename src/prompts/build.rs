//! `hotline prompts build`: makes the recordings that are missing or whose text has changed.
//!
//! ```text
//!   no file ─▶ made ─▶ text changed ─▶ made again
//!                └───▶ file replaced ─▶ studio ─▶ text changed ─▶ stale: reported, kept as it is
//! ```
use super::ledger::{self, Ledger, Origin, Record};
use super::synthesiser::{SynthesisError, Tts};
use super::{Catalogue, music};
use crate::media::codec::SAMPLE_RATE;
use crate::media::wav::{self, WavError};
use crate::say::Language;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What was done, by `language/id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildReport {
    pub made: Vec<String>,
    /// Studio recordings, left as they are.
    pub studio: Vec<String>,
    /// Studio recordings of a text that has changed since: to be recorded again.
    pub stale: Vec<String>,
    /// Synthesised recordings of prompts that are no more.
    pub removed: Vec<String>,
    pub unchanged: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{key}: {source}")]
    Synthesis { key: String, source: SynthesisError },
    #[error("{key}: {source}")]
    Wav { key: String, source: WavError },
    #[error(
        "{key}: the synthesiser gave silence for {text:?}; write what it is to read under `tts` in prompts.yaml"
    )]
    Silent { key: String, text: String },
}

/// Builds into `dir`. `progress` is told each recording that is made. What was made before an error stays made.
pub fn build(
    dir: &Path,
    catalogue: &Catalogue,
    tts: &Tts,
    progress: &mut dyn FnMut(&str),
) -> Result<BuildReport, BuildError> {
    let ledger = Ledger::load(dir).map_err(io_at(dir))?;
    let mut build = Build { dir, ledger, report: BuildReport::default(), progress };
    let mut known = BTreeSet::from([music::KEY.to_string()]);
    build.make(music::KEY, &music::version(), || Ok(music::compose()))?;
    let scratch = dir.join(".spoken.wav");
    for language in Language::ALL {
        for (name, _) in catalogue.entries().filter(|(_, entry)| entry.texts.contains_key(&language)) {
            let key = ledger::key(language, name);
            let text = catalogue.spoken(language, name.as_str()).unwrap_or_default();
            build.make(&key, &text, || synthesise(tts, language, &key, &text, &scratch))?;
            known.insert(key);
        }
    }
    if scratch.exists() {
        fs::remove_file(&scratch).map_err(io_at(&scratch))?;
    }
    build.remove_unknown(&known)?;
    build.ledger.save(dir).map_err(io_at(dir))?;
    Ok(build.report)
}

struct Build<'a> {
    dir: &'a Path,
    ledger: Ledger,
    report: BuildReport,
    progress: &'a mut dyn FnMut(&str),
}

/// What is to be done about one recording.
enum Due {
    Make,
    Keep,
    /// A studio's, and of this text as far as we know.
    Studio,
    Stale,
}

impl Build<'_> {
    /// Makes one recording, if it is due.
    fn make(
        &mut self,
        key: &str,
        text: &str,
        samples: impl FnOnce() -> Result<Vec<i16>, BuildError>,
    ) -> Result<(), BuildError> {
        let path = self.path(key);
        let text = ledger::hash(text.as_bytes());
        let file = ledger::file_hash(&path).map_err(io_at(&path))?;
        match self.due(key, &text, file.as_deref()) {
            Due::Keep => self.report.unchanged += 1,
            Due::Stale => self.report.stale.push(key.into()),
            Due::Studio => {
                let file = file.unwrap_or_default();
                self.ledger.put(key.into(), Record { origin: Origin::Studio, text, file });
                self.report.studio.push(key.into());
            }
            Due::Make => {
                (self.progress)(key);
                let samples = samples()?;
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(io_at(folder))?;
                }
                let wav = |source| BuildError::Wav { key: key.into(), source };
                // The ledger follows each file at once: an interrupted build must not take its own work for a studio's.
                let half = self.dir.join(".half.wav");
                wav::write_8k_mono(&half, &samples).map_err(wav)?;
                let file = ledger::file_hash(&half).map_err(io_at(&half))?.unwrap_or_default();
                fs::rename(&half, &path).map_err(io_at(&path))?;
                self.ledger.put(key.into(), Record { origin: Origin::Made, text, file });
                self.ledger.save(self.dir).map_err(io_at(self.dir))?;
                self.report.made.push(key.into());
            }
        }
        Ok(())
    }

    fn due(&self, key: &str, text: &str, file: Option<&str>) -> Due {
        let Some(file) = file else { return Due::Make };
        match self.ledger.get(key).filter(|record| record.file == file) {
            Some(Record { origin: Origin::Made, text: old, .. }) if old == text => Due::Keep,
            Some(Record { origin: Origin::Made, .. }) => Due::Make,
            Some(Record { origin: Origin::Studio, text: old, .. }) if old != text => Due::Stale,
            Some(_) | None => Due::Studio,
        }
    }

    /// Takes away what was made here for prompts that are no more. A studio's recording stays.
    fn remove_unknown(&mut self, known: &BTreeSet<String>) -> Result<(), BuildError> {
        let unknown: Vec<String> = self.ledger.keys().filter(|key| !known.contains(*key)).cloned().collect();
        for key in unknown {
            let path = self.path(&key);
            if self.ledger.origin(self.dir, &key).map_err(io_at(&path))? == Some(Origin::Made) {
                fs::remove_file(&path).map_err(io_at(&path))?;
                self.report.removed.push(key.clone());
            }
            self.ledger.remove(&key);
        }
        Ok(())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.join(format!("{key}.wav"))
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BuildError + use<> {
    let path = path.to_path_buf();
    move |source| BuildError::Io { path, source }
}

fn synthesise(
    tts: &Tts,
    language: Language,
    key: &str,
    text: &str,
    scratch: &Path,
) -> Result<Vec<i16>, BuildError> {
    let (samples, rate) = tts
        .speak(language, text, scratch)
        .map_err(|source| BuildError::Synthesis { key: key.into(), source })?;
    let levelled = level(&samples, rate).map_err(|source| BuildError::Wav { key: key.into(), source })?;
    levelled.ok_or_else(|| BuildError::Silent { key: key.into(), text: text.into() })
}

/// Trimmed, at 8 kHz and at the loudness of a prompt; `None` for silence.
pub(super) fn level(samples: &[f32], rate: u32) -> Result<Option<Vec<i16>>, WavError> {
    let mut samples = wav::resample_to_8k(samples, rate)?;
    wav::normalise(&mut samples, SAMPLE_RATE)?;
    let mut trimmed = wav::trim_silence(&samples, SAMPLE_RATE).to_vec();
    if trimmed.is_empty() {
        return Ok(None);
    }
    wav::normalise(&mut trimmed, SAMPLE_RATE)?;
    Ok(Some(wav::to_i16(&trimmed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A folder with a "synthesiser" that answers each text with a tone, and logs it.
    struct Bench {
        dir: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Bench {
            let bench = Bench { dir: tempfile::tempdir().unwrap() };
            let tone: Vec<i16> = (0..8000).map(|i| ((f64::from(i) * 0.7).sin() * 3000.0) as i16).collect();
            wav::write_8k_mono(&bench.path("tone"), &tone).unwrap();
            bench
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// Builds and answers with the report and the texts that were synthesised.
        fn build(&self, texts: &str) -> (BuildReport, String) {
            let catalogue = Catalogue::only(Path::new("prompts.yaml"), texts);
            let (tone, log) = (self.path("tone"), self.path("log"));
            fs::write(&log, "").unwrap();
            let script = "echo \"$1\" >> \"$2\"; cp \"$3\" \"$4\"";
            let argv = [
                "sh",
                "-c",
                script,
                "-",
                "{text}",
                &log.to_string_lossy(),
                &tone.to_string_lossy(),
                "{file}",
            ];
            let tts = Tts::new(argv.map(String::from).to_vec());
            let report = build(&self.path("prompts"), &catalogue, &tts, &mut |_| {}).unwrap();
            (report, fs::read_to_string(log).unwrap())
        }
    }

    const ONE: &str = "one: {ru: \"Раз\", en: \"One\"}\n";

    #[test]
    fn only_what_is_missing_or_changed_is_synthesised() {
        let bench = Bench::new();
        let (report, spoken) = bench.build(ONE);
        assert_eq!(report.made, ["music/default", "ru/one", "en/one"]);
        assert_eq!(spoken, "Раз\nOne\n");
        let (report, spoken) = bench.build(ONE);
        assert_eq!((report.made.len(), report.unchanged, spoken.as_str()), (0, 3, ""));
        let (report, spoken) = bench.build("one: {ru: \"Два\", en: \"One\"}\n");
        assert_eq!((report.made, spoken.as_str()), (vec!["ru/one".to_string()], "Два\n"));
        fs::remove_file(bench.path("prompts/en/one.wav")).unwrap();
        assert_eq!(bench.build("one: {ru: \"Два\", en: \"One\"}\n").0.made, ["en/one"]);
    }

    #[test]
    fn a_studio_recording_is_never_overwritten() {
        let bench = Bench::new();
        bench.build(ONE);
        let file = bench.path("prompts/ru/one.wav");
        wav::write_8k_mono(&file, &[500; 4000]).unwrap();
        assert_eq!(bench.build(ONE).0.studio, ["ru/one"]);
        let (report, spoken) = bench.build("one: {ru: \"Раз-раз\", en: \"One\"}\n");
        assert_eq!((report.stale, spoken.as_str()), (vec!["ru/one".to_string()], ""), "its text is older");
        let (report, _) = bench.build("two: {ru: \"Два\", en: \"Two\"}\n");
        assert_eq!(report.removed, ["en/one"], "what was made here goes, the studio's stays");
        assert_eq!(wav::load_8k_mono(&file).unwrap(), [500; 4000]);
    }

    #[test]
    fn a_build_that_was_interrupted_goes_on_where_it_stopped() {
        let bench = Bench::new();
        let catalogue = Catalogue::only(Path::new("prompts.yaml"), ONE);
        let tone = bench.path("tone").to_string_lossy().into_owned();
        let argv = ["sh", "-c", "test \"$1\" = Раз && cp \"$2\" \"$3\"", "-", "{text}", &tone, "{file}"];
        let english_fails = Tts::new(argv.map(String::from).to_vec());
        let error = build(&bench.path("prompts"), &catalogue, &english_fails, &mut |_| {}).unwrap_err();
        assert!(error.to_string().starts_with("en/one: `sh` failed"), "{error}");
        assert_eq!(bench.build(ONE).0.made, ["en/one"]);
    }

    #[test]
    fn a_prompt_comes_out_at_the_agreed_loudness_without_silence_at_its_ends() {
        let tone = (0..16_000).map(|i| (i as f32 * 0.3).sin() * 0.01);
        let quiet: Vec<f32> = std::iter::repeat_n(0.0, 16_000).chain(tone).chain([0.0; 16_000]).collect();
        let samples = level(&quiet, 16_000).unwrap().unwrap();
        assert!((7_900..9_000).contains(&samples.len()), "{} samples", samples.len());
        let loudness = wav::loudness_lufs(&wav::to_f32(&samples), SAMPLE_RATE).unwrap();
        assert!((loudness - wav::PROMPT_LUFS).abs() < 1.5, "{loudness:.1} LUFS");
        assert_eq!(level(&[0.0; 1000], 8000).unwrap(), None);
    }
}
