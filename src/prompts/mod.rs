//! Prompts on disk: what callers hear, from a text in prompts.yaml to a recording that every leg can play.
//!
//! ```text
//!   prompts.yaml + speech::pieces ─▶ Catalogue ─▶ build:  text ─▶ synthesiser ─▶ trim, 8 kHz, −20 LUFS ─▶ <lang>/<id>.wav
//!                                        │        import: a studio's file ──────▶ the same
//!                                        ├──────▶ check:  is everything there, in shape and loud enough?
//!                                        └──────▶ script: the reading list for a studio
//! ```
//! The [`ledger`] remembers which recordings were synthesised here. Any other recording is a studio's, and is never
//! overwritten. Nothing of this runs during a call: a server needs the WAV files only.
mod build;
mod catalogue;
mod check;
mod import;
mod ledger;
pub mod music;
mod script;
mod synthesiser;

pub use build::{BuildError, BuildReport, build};
pub use catalogue::{Catalogue, Entry};
pub use check::{CODES, check};
pub use import::{ImportError, import};
pub use ledger::LEDGER;
pub use script::{State, script};
pub use synthesiser::{DEFAULT_TTS, SynthesisError, Tts};

use crate::ids::PromptName;
use crate::say::Language;
use std::path::{Path, PathBuf};

/// The texts, beside the folders of recordings.
pub const TEXTS: &str = "prompts.yaml";

/// Where a prompt's recording is: `<dir>/<language>/<id>.wav`.
pub fn recording(dir: &Path, language: Language, name: &PromptName) -> PathBuf {
    dir.join(language.as_str()).join(format!("{name}.wav"))
}

#[cfg(test)]
mod shipped {
    use super::*;
    use crate::media::codec::SAMPLE_RATE;
    use crate::media::{dtmf, wav};

    fn dir() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
    }

    #[test]
    fn every_prompt_and_every_piece_is_recorded_well() {
        let catalogue = Catalogue::load(&dir()).unwrap_or_else(|findings| panic!("{findings:?}"));
        let findings: String = check(&dir(), &catalogue).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "\n{findings}");
    }

    /// Callers' phones send our voice back as echo, and people record announcements from a loudspeaker.
    #[test]
    fn no_recording_sounds_like_a_key() {
        for folder in ["ru", "en", "music"] {
            for entry in std::fs::read_dir(dir().join(folder)).unwrap() {
                let file = entry.unwrap().path();
                let samples = wav::load_8k_mono(&file).unwrap();
                let keys = dtmf::detect_file(&samples, SAMPLE_RATE).unwrap();
                assert!(keys.is_empty(), "{}: {keys:?}", file.display());
            }
        }
    }
}
