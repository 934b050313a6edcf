//! `hotline prompts normalize`: recordings that were dropped in place, of any rate, width and loudness, are brought to the shape
//! and level of the others. What is right already is not touched, so running it twice changes nothing.
use super::build::level;
use super::check::is_in_shape;
use super::{Catalogue, ImportError, recording};
use crate::media::wav;
use crate::say::Language;
use std::path::{Path, PathBuf};

/// Answers with the files that were changed.
pub fn normalize(dir: &Path, catalogue: &Catalogue) -> Result<Vec<PathBuf>, ImportError> {
    let mut changed = Vec::new();
    for language in Language::ALL {
        for (name, _) in catalogue.entries() {
            let file = recording(dir, language, name);
            if !file.exists() || is_in_shape(&file) {
                continue;
            }
            let (samples, rate) = wav::load_any(&file)?;
            let samples = level(&samples, rate)?.ok_or_else(|| ImportError::Silent { path: file.clone() })?;
            wav::write_8k_mono(&file, &samples)?;
            changed.push(file);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_recording_is_levelled_once_and_a_good_one_never() {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::only(Path::new("p.yaml"), "one: {ru: \"Раз\", en: \"One\"}\n");
        let file = recording(dir.path(), Language::Ru, &"one".into());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let quiet: Vec<i16> = (0..16_000).map(|i| ((f64::from(i) * 0.5).sin() * 200.0) as i16).collect();
        wav::write_8k_mono(&file, &quiet).unwrap();
        assert_eq!(normalize(dir.path(), &catalogue).unwrap(), std::slice::from_ref(&file));
        let levelled = std::fs::read(&file).unwrap();
        assert_eq!(normalize(dir.path(), &catalogue).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(std::fs::read(&file).unwrap(), levelled);
    }
}
