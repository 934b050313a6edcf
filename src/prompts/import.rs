//! `hotline prompts import`: a studio's files, of any rate and width, become recordings that a leg can play.
use super::build::level;
use super::{Catalogue, recording};
use crate::ids::PromptName;
use crate::media::wav::{self, WavError};
use crate::say::Language;
use std::path::{Path, PathBuf};
use std::{fs, io};

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(
        "{path}: expected the name of a prompt, like welcome.wav; `hotline prompts script` lists them all"
    )]
    Name { path: PathBuf },
    #[error("{path}: the recording is silent")]
    Silent { path: PathBuf },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Wav(#[from] WavError),
}

/// Trims, resamples and levels one file into its place, and answers with the place. The prompt is the one that the
/// file's name says; what was there is replaced.
pub fn import(
    dir: &Path,
    catalogue: &Catalogue,
    language: Language,
    file: &Path,
) -> Result<PathBuf, ImportError> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).filter(|stem| catalogue.contains(stem));
    let name = PromptName::from(stem.ok_or_else(|| ImportError::Name { path: file.into() })?);
    let (samples, rate) = wav::load_any(file)?;
    let samples = level(&samples, rate)?.ok_or_else(|| ImportError::Silent { path: file.into() })?;
    let place = recording(dir, language, &name);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|source| ImportError::Io { path: folder.into(), source })?;
    }
    wav::write_8k_mono(&place, &samples)?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_studio_file_is_put_in_its_place_and_passes_the_check() {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::only(Path::new("p.yaml"), "one: {ru: \"Раз\", en: \"One\"}\n");
        let file = dir.path().join("one.wav");
        let quiet: Vec<i16> = (0..16_000).map(|i| ((f64::from(i) * 0.5).sin() * 200.0) as i16).collect();
        wav::write_8k_mono(&file, &quiet).unwrap();
        for language in Language::ALL {
            let place = import(dir.path(), &catalogue, language, &file).unwrap();
            assert_eq!(place, recording(dir.path(), language, &"one".into()));
        }
        assert_eq!(super::super::check(dir.path(), &catalogue), []);
        fs::rename(&file, dir.path().join("oen.wav")).unwrap();
        let error = import(dir.path(), &catalogue, Language::Ru, &dir.path().join("oen.wav")).unwrap_err();
        assert!(error.to_string().contains("expected the name of a prompt"), "{error}");
    }
}
