//! A text-to-speech command: any program that turns a text into a WAV file.
use crate::media::wav::{self, WavError};
use crate::say::Language;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Slower and a little lower than the default voice: menus are understood at the first hearing.
pub const DEFAULT_TTS: [&str; 11] =
    ["espeak-ng", "-v", "{voice}", "-s", "150", "-p", "42", "-w", "{file}", "--", "{text}"];

/// What is kept of a failed command's complaint.
const COMPLAINT_BYTES_MAX: usize = 400;

/// The command and its arguments; `{text}`, `{file}`, `{voice}` and `{language}` are filled in. Without `{text}` the
/// text goes to the standard input. No shell is involved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tts {
    pub argv: Vec<String>,
    pub voices: BTreeMap<Language, String>,
}

impl Default for Tts {
    fn default() -> Tts {
        Tts::new(DEFAULT_TTS.map(String::from).to_vec())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SynthesisError {
    #[error("prompts.tts: expected a command with a {{file}} argument, got {argv:?}")]
    NoFile { argv: Vec<String> },
    #[error(
        "`{program}` could not be run: {source}; install it, or set another command as `prompts.tts` in config.yaml"
    )]
    NotRun { program: String, source: io::Error },
    #[error("`{program}` failed ({status}) on {text:?}: {complaint}")]
    Failed { program: String, status: std::process::ExitStatus, text: String, complaint: String },
    #[error(transparent)]
    Wav(#[from] WavError),
}

impl Tts {
    pub fn new(argv: Vec<String>) -> Tts {
        let voices = [(Language::Ru, "ru"), (Language::En, "en-gb")];
        Tts { argv, voices: voices.into_iter().map(|(language, voice)| (language, voice.into())).collect() }
    }

    /// The text as samples in −1…1, and their rate in hertz. `scratch` is a file name that may be overwritten.
    pub fn speak(
        &self,
        language: Language,
        text: &str,
        scratch: &Path,
    ) -> Result<(Vec<f32>, u32), SynthesisError> {
        let no_file = || SynthesisError::NoFile { argv: self.argv.clone() };
        let (program, arguments) = self.argv.split_first().ok_or_else(no_file)?;
        if !arguments.iter().any(|argument| argument.contains("{file}")) {
            return Err(no_file());
        }
        let voice = self.voices.get(&language).map_or(language.as_str(), String::as_str);
        let by_argument = arguments.iter().any(|argument| argument.contains("{text}"));
        let not_run = |source| SynthesisError::NotRun { program: program.clone(), source };
        let mut child = Command::new(program)
            .args(arguments.iter().map(|argument| {
                // The text last, so that braces inside it stay what they are.
                let argument =
                    argument.replace("{file}", &scratch.to_string_lossy()).replace("{voice}", voice);
                argument.replace("{language}", language.as_str()).replace("{text}", text)
            }))
            .stdin(if by_argument { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_run)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input says why by its exit status.
            let _ = stdin.write_all(text.as_bytes());
        }
        let output = child.wait_with_output().map_err(not_run)?;
        if !output.status.success() {
            let said = &output.stderr[..output.stderr.len().min(COMPLAINT_BYTES_MAX)];
            let complaint = String::from_utf8_lossy(said).trim().to_string();
            let (program, text) = (program.clone(), text.to_string());
            return Err(SynthesisError::Failed { program, status: output.status, text, complaint });
        }
        Ok(wav::load_any(scratch)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, rest: &[&str]) -> Tts {
        let argv = ["sh", "-c", script].iter().chain(rest).map(|s| s.to_string()).collect();
        Tts::new(argv)
    }

    #[test]
    fn the_text_reaches_the_command_by_argument_or_by_standard_input() {
        let dir = tempfile::tempdir().unwrap();
        let (ready, scratch) = (dir.path().join("ready.wav"), dir.path().join("out.wav"));
        wav::write_8k_mono(&ready, &[1000; 80]).unwrap();
        let ready = ready.to_string_lossy().into_owned();
        let text = "два {file}; x";
        let expected = dir.path().join("text");
        std::fs::write(&expected, text).unwrap();
        let expected = expected.to_string_lossy();
        let script = "test \"$1\" = \"$(cat \"$2\")\" && cp \"$3\" \"$4\"";
        let by_argument = shell(script, &["-", "{text}", &expected, &ready, "{file}"]);
        let (samples, rate) = by_argument.speak(Language::Ru, text, &scratch).unwrap();
        assert_eq!((samples.len(), rate), (80, 8000));
        let by_input = shell("test \"$(cat)\" = два && cp \"$1\" \"$2\"", &["-", &ready, "{file}"]);
        assert!(by_input.speak(Language::Ru, "два", &scratch).is_ok());
        assert!(by_input.speak(Language::Ru, "три", &scratch).is_err());
    }

    #[test]
    fn a_command_that_fails_is_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = dir.path().join("out.wav");
        let error =
            shell("echo no such voice >&2; exit 3 # {file}", &[]).speak(Language::Ru, "раз", &scratch);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no such voice") && error.contains("раз"), "{error}");
        let nobody = Tts::new(vec!["/nonexistent/tts".into(), "{file}".into()]);
        let error = nobody.speak(Language::Ru, "раз", &scratch).unwrap_err().to_string();
        assert!(error.contains("`prompts.tts` in config.yaml"), "{error}");
        assert!(Tts::new(vec!["say".into()]).speak(Language::Ru, "раз", &scratch).is_err());
    }
}
