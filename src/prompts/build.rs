//! `hotline prompts build`: makes the recordings that are missing or whose text has changed.
//!
//! ```text
//!   no file ─▶ made ─▶ text changed ─▶ made again
//!                └───▶ file replaced ─▶ studio ─▶ text changed ─▶ stale: reported, kept as it is
//! ```
use super::ledger::{self, Ledger, Origin, Record};
use super::synthesiser::{SynthesisError, Tts};
use super::{Catalogue, music};
use crate::ids::PromptName;
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
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| BuildError::Io { path, source }
    };
    let mut ledger = Ledger::load(dir).map_err(io(dir))?;
    let mut report = BuildReport::default();
    let result = make_all(dir, catalogue, tts, &mut ledger, &mut report, progress);
    ledger.save(dir).map_err(io(dir))?;
    result.map(|()| report)
}

fn make_all(
    dir: &Path,
    catalogue: &Catalogue,
    tts: &Tts,
    ledger: &mut Ledger,
    report: &mut BuildReport,
    progress: &mut dyn FnMut(&str),
) -> Result<(), BuildError> {
    let scratch = dir.join(".scratch.wav");
    let mut known = BTreeSet::from([music::KEY.to_string()]);
    make(dir, ledger, report, music::KEY.into(), &music::version(), progress, || Ok(music::compose()))?;
    for language in Language::ALL {
        let names: Vec<&PromptName> = catalogue
            .entries()
            .filter(|(_, entry)| entry.texts.contains_key(&language))
            .map(|(n, _)| n)
            .collect();
        for name in names {
            let key = ledger::key(language, name);
            known.insert(key.clone());
            let text = catalogue.spoken(language, name.as_str()).unwrap_or_default();
            make(dir, ledger, report, key.clone(), &text, progress, || {
                synthesise(tts, language, &key, &text, &scratch)
            })?;
        }
    }
    if scratch.exists() {
        fs::remove_file(&scratch).map_err(|source| BuildError::Io { path: scratch, source })?;
    }
    remove_unknown(dir, &known, ledger, report)
}

/// Makes one recording, if it is due.
fn make(
    dir: &Path,
    ledger: &mut Ledger,
    report: &mut BuildReport,
    key: String,
    text: &str,
    progress: &mut dyn FnMut(&str),
    samples: impl FnOnce() -> Result<Vec<i16>, BuildError>,
) -> Result<(), BuildError> {
    let path = dir.join(format!("{key}.wav"));
    let io = |source| BuildError::Io { path: path.clone(), source };
    let text = ledger::hash(text.as_bytes());
    let file = ledger::file_hash(&path).map_err(io)?;
    let record = ledger.get(&key);
    match (&file, record) {
        (Some(file), Some(record)) if *file == record.file && record.text == text => {
            match record.origin {
                Origin::Made => report.unchanged += 1,
                Origin::Studio => report.studio.push(key),
            }
            return Ok(());
        }
        (Some(file), Some(record)) if *file == record.file && record.origin == Origin::Studio => {
            report.stale.push(key);
            return Ok(());
        }
        // Made here of another text: due. With other bytes it is a studio's.
        (Some(file), Some(record)) if *file == record.file => {}
        (Some(file), _) => {
            ledger.put(key.clone(), Record { origin: Origin::Studio, text, file: file.clone() });
            report.studio.push(key);
            return Ok(());
        }
        (None, _) => {}
    }
    progress(&key);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    wav::write_8k_mono(&path, &samples()?).map_err(|source| BuildError::Wav { key: key.clone(), source })?;
    let file = ledger::file_hash(&path).map_err(io)?.unwrap_or_default();
    ledger.put(key.clone(), Record { origin: Origin::Made, text, file });
    report.made.push(key);
    Ok(())
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

/// Takes away what was made here for prompts that are no more. A studio's recording stays.
fn remove_unknown(
    dir: &Path,
    known: &BTreeSet<String>,
    ledger: &mut Ledger,
    report: &mut BuildReport,
) -> Result<(), BuildError> {
    let unknown: Vec<String> = ledger.keys().filter(|key| !known.contains(*key)).cloned().collect();
    for key in unknown {
        let path = dir.join(format!("{key}.wav"));
        let io = |source| BuildError::Io { path: path.clone(), source };
        if ledger.origin(dir, &key).map_err(io)? == Some(Origin::Made) {
            fs::remove_file(&path).map_err(io)?;
            report.removed.push(key.clone());
        }
        ledger.remove(&key);
    }
    Ok(())
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
