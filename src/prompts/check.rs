//! `hotline prompts check`: is every prompt there, in the right format, loud enough, neither clipped nor silent?
use super::{Catalogue, TEXTS, recording};
use crate::flow::finding::{Finding, Span, explain_in};
use crate::ids::PromptName;
use crate::media::codec::SAMPLE_RATE;
use crate::media::wav::{self, PROMPT_LUFS, PROMPT_PEAK_DBTP, WavError};
use crate::say::Language;
use std::fs;
use std::path::Path;

/// The tolerance around [`PROMPT_LUFS`].
const LOUDNESS_TOLERANCE_LU: f64 = 1.5;
/// What the two measures of a true peak may differ by: it is estimated by oversampling.
const PEAK_TOLERANCE_DB: f64 = 0.1;
/// So many samples in a row at full scale are a clipped peak; one or two may be a lucky crest.
const CLIPPED_SAMPLES: usize = 3;
/// Below this a recording is silence.
const SILENT_LUFS: f64 = -60.0;

/// The codes of this module's findings, with what `--explain` says in English and in Russian.
const CODES: [(&str, &str, &str); 6] = [
    (
        "HF060",
        "A prompt has no recording in one language. Run `hotline prompts build`, or drop a studio's file in place.",
        "На одном из языков у фразы нет записи. Выполните `hotline prompts build` или положите на её место файл из студии.",
    ),
    (
        "HF061",
        "A recording is not a WAV file of 8000 Hz, 16 bits, one channel. `hotline prompts import` converts any WAV.",
        "Запись — не WAV с частотой 8000 Гц, 16 битами и одним каналом. Любой WAV переделает `hotline prompts import`.",
    ),
    (
        "HF062",
        "A recording is clipped: several samples in a row stand at full scale. Record it again with less gain.",
        "Запись перегружена: несколько отсчётов подряд упираются в предел. Запишите её заново с меньшим усилением.",
    ),
    (
        "HF063",
        "A recording is silent. Callers would think that the line is dead.",
        "В записи тишина. Звонящий решит, что связь пропала.",
    ),
    (
        "HF064",
        "A recording is not as loud as the others: −20 LUFS ±1.5, true peak at most −3 dBTP. `hotline prompts import` levels it.",
        "Запись звучит не с той громкостью, что остальные: −20 LUFS ±1,5, истинный пик не выше −3 dBTP. Её выровняет `hotline prompts import`.",
    ),
    (
        "HF065",
        "A recording belongs to no prompt: its name is misspelt or its text is gone from prompts.yaml.",
        "Запись не относится ни к одной фразе: в имени опечатка или текста больше нет в prompts.yaml.",
    ),
];

/// What a code of this module means and what to do about it.
pub fn explain(code: &str, language: Language) -> Option<&'static str> {
    explain_in(&CODES, code, language)
}

/// Everything that is wrong with the recordings in `dir`, by language and name.
pub fn check(dir: &Path, catalogue: &Catalogue) -> Vec<Finding> {
    let mut findings = Vec::new();
    for language in Language::ALL {
        for (name, entry) in catalogue.entries().filter(|(_, entry)| entry.texts.contains_key(&language)) {
            let file = recording(dir, language, name);
            if file.exists() {
                findings.extend(check_file(&file));
            } else {
                let text = entry.texts.get(&language).map_or("", String::as_str);
                let message = format!("prompt `{name}` has no recording in `{language}`: {text:?}");
                findings.push(finding("HF060", &file, message, "run `hotline prompts build`"));
            }
        }
        findings.extend(strangers(dir, language, catalogue));
    }
    findings
}

/// Whether a leg can play it and it is as loud as the others.
pub(super) fn is_in_shape(file: &Path) -> bool {
    check_file(file).is_empty()
}

fn check_file(file: &Path) -> Vec<Finding> {
    let samples = match wav::load_8k_mono(file) {
        Ok(samples) => samples,
        Err(error) => {
            let help = "convert it with `hotline prompts import`";
            // The finding names the file itself.
            let message = match error {
                WavError::Shape { expected, got, .. } => format!("expected {expected}, got {got}"),
                WavError::Format { why, .. } => format!("not a WAV file that can be read: {why}"),
                other => other.to_string(),
            };
            return vec![finding("HF061", file, message, help)];
        }
    };
    let mut findings = Vec::new();
    let full = |sample: &i16| *sample == i16::MAX || *sample <= -i16::MAX;
    if samples.windows(CLIPPED_SAMPLES).any(|run| run.iter().all(full)) {
        findings.push(finding("HF062", file, "the recording is clipped", "record it again with less gain"));
    }
    let floats = wav::to_f32(&samples);
    let measured = wav::loudness_lufs(&floats, SAMPLE_RATE)
        .and_then(|loudness| Ok((loudness, wav::true_peak_dbtp(&floats, SAMPLE_RATE)?)));
    match measured {
        Err(error) => findings.push(finding("HF061", file, error.to_string(), "record it again")),
        Ok((loudness, _)) if loudness.is_nan() || loudness < SILENT_LUFS => {
            findings.push(finding("HF063", file, "the recording is silent", "record it again"));
        }
        Ok((loudness, peak)) => {
            let level = (loudness - PROMPT_LUFS).abs() > LOUDNESS_TOLERANCE_LU;
            if level || peak > PROMPT_PEAK_DBTP + PEAK_TOLERANCE_DB {
                let message = format!(
                    "expected {PROMPT_LUFS} LUFS ±{LOUDNESS_TOLERANCE_LU} and a peak of at most {PROMPT_PEAK_DBTP} dBTP, \
                     got {loudness:.1} LUFS and {peak:.1} dBTP"
                );
                findings.push(
                    finding("HF064", file, message, "level it with `hotline prompts import`").warning(),
                );
            }
        }
    }
    findings
}

/// Recordings that no prompt asks for.
fn strangers(dir: &Path, language: Language, catalogue: &Catalogue) -> Vec<Finding> {
    let Ok(folder) = fs::read_dir(dir.join(language.as_str())) else { return Vec::new() };
    let mut names: Vec<String> = folder
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".wav")?.to_string()))
        .filter(|name| !catalogue.contains(name))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let file = recording(dir, language, &PromptName::from(name.as_str()));
            let help = format!("remove it, or give `{name}` a text in {TEXTS}");
            finding("HF065", &file, format!("no prompt is called `{name}`"), &help).warning()
        })
        .collect()
}

fn finding(code: &'static str, file: &Path, message: impl Into<String>, help: &str) -> Finding {
    Finding::error(code, file, Span::default(), message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(amplitude: f64) -> Vec<i16> {
        (0..8000).map(|i| ((f64::from(i) * 0.7).sin() * amplitude).clamp(-32767.0, 32767.0) as i16).collect()
    }

    fn codes(samples: Option<&[i16]>) -> Vec<&'static str> {
        let dir = tempfile::tempdir().unwrap();
        let text = "one: {ru: \"Раз\", en: \"One\"}\n";
        let catalogue = Catalogue::only(Path::new("prompts.yaml"), text);
        for language in Language::ALL {
            fs::create_dir(dir.path().join(language.as_str())).unwrap();
        }
        let good = super::super::build::level(&wav::to_f32(&sine(5000.0)), 8000).unwrap().unwrap();
        wav::write_8k_mono(&recording(dir.path(), Language::En, &"one".into()), &good).unwrap();
        if let Some(samples) = samples {
            wav::write_8k_mono(&recording(dir.path(), Language::Ru, &"one".into()), samples).unwrap();
        }
        check(dir.path(), &catalogue).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_recording_is_judged_by_what_a_caller_would_hear() {
        assert_eq!(codes(None), ["HF060"]);
        assert_eq!(codes(Some(&[0; 8000])), ["HF063"]);
        assert_eq!(codes(Some(&[])), ["HF063"]);
        assert_eq!(codes(Some(&sine(60_000.0))), ["HF062", "HF064"]);
        assert_eq!(codes(Some(&sine(300.0))), ["HF064"]);
    }

    #[test]
    fn a_file_of_another_kind_and_a_stranger_are_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ru")).unwrap();
        fs::write(dir.path().join("ru/one.wav"), "not sound").unwrap();
        fs::write(dir.path().join("ru/wellcome.wav"), "").unwrap();
        let catalogue = Catalogue::only(Path::new("p.yaml"), "one: {ru: \"Раз\", en: \"One\"}\n");
        let codes: Vec<_> = check(dir.path(), &catalogue).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["HF061", "HF065", "HF060"]);
    }
}
