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
mod normalize;
mod script;
#[cfg(test)]
mod shipped;
mod synthesiser;

pub use build::{BuildError, BuildReport, build};
pub use catalogue::{Catalogue, Entry};
pub use check::{check, explain};
pub use import::{ImportError, import};
pub use ledger::LEDGER;
pub use normalize::normalize;
pub use script::{State, script, states};
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
