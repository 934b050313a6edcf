//! A finding: one thing that is wrong in a file, in the shape `file:line:column: what; what to do`.
//!
//! Findings have stable codes (`HF…`); [`explain`] has a paragraph for each. Flow files, config.yaml and
//! prompts.yaml share them.
use crate::say::Language;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

pub use super::codes::{CODES, explain, explain_in};

/// A place in a file: line and column in characters, both from 1, and how many characters to underline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub line: u32,
    pub column: u32,
    pub len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A set with an error never replaces a good one.
    Error,
    Warning,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    pub file: PathBuf,
    pub line: u32,
    pub column: u32,
    /// Characters to underline in `excerpt`.
    pub len: u32,
    /// What was expected and what came.
    pub message: String,
    /// The way out.
    pub help: String,
    /// The line itself, as it stands in the file.
    pub excerpt: Option<String>,
}

impl Finding {
    pub fn error(
        code: &'static str,
        file: &Path,
        at: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        Finding {
            code,
            severity: Severity::Error,
            file: file.to_path_buf(),
            line: at.line.max(1),
            column: at.column.max(1),
            len: at.len.max(1),
            message: message.into(),
            help: help.into(),
            excerpt: None,
        }
    }

    pub fn warning(self) -> Finding {
        Finding { severity: Severity::Warning, ..self }
    }

    /// Adds the source line, which the text rendering shows with a caret.
    pub fn with_excerpt(mut self, text: &str) -> Finding {
        self.excerpt = text.lines().nth(self.line as usize - 1).map(str::to_string);
        self
    }
}

/// Columns of a very long line that the text rendering shows around the place.
const EXCERPT_WIDTH: usize = 110;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "warning", "help")
    }
}

impl Finding {
    /// As `Display`, in a language.
    pub fn text(&self, language: Language) -> String {
        struct Russian(Finding);
        impl fmt::Display for Russian {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f, "предупреждение", "подсказка")
            }
        }
        match language {
            Language::En => self.to_string(),
            Language::Ru => Russian(super::russian::finding(self)).to_string(),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, warning: &str, help: &str) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => String::new(),
            Severity::Warning => format!("{warning}: "),
        };
        let file = self.file.display();
        writeln!(f, "{file}:{}:{}: {severity}{} [{}]", self.line, self.column, self.message, self.code)?;
        if let Some(excerpt) = &self.excerpt {
            let column = self.column as usize - 1;
            // A flow-style step can be one long line: show a window that begins before the place.
            let skip = if excerpt.chars().count() > EXCERPT_WIDTH { column.saturating_sub(30) } else { 0 };
            let shown: String = excerpt
                .chars()
                .skip(skip)
                .take(EXCERPT_WIDTH)
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let indent = " ".repeat(column - skip);
            let width = (self.len as usize).min(shown.chars().count().saturating_sub(column - skip)).max(1);
            writeln!(f, " {number} | {}", shown.trim_end())?;
            writeln!(f, " {margin} | {indent}{}", "^".repeat(width))?;
        }
        writeln!(f, "  = {help}: {}", self.help)
    }
}

/// `welcome`, or nothing that comes close.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Similarity below which a suggestion misleads more than it helps.
    const CLOSE: f64 = 0.7;
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= CLOSE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// "did you mean `welcome`?" or "known here: a, b, c".
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    /// Names listed when nothing comes close.
    const LISTED_MAX: usize = 12;
    if let Some(close) = did_you_mean(word, known.clone()) {
        return format!("did you mean `{close}`?");
    }
    let names: Vec<&str> = known.into_iter().collect();
    match names.len() {
        0 => "nothing of the kind is defined here".to_string(),
        n if n > LISTED_MAX => {
            format!("known here: {}, and {} more", names[..LISTED_MAX].join(", "), n - LISTED_MAX)
        }
        _ => format!("known here: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_shows_place_line_caret_and_way_out() {
        let at = Span { line: 2, column: 3, len: 4 };
        let finding =
            Finding::error("HF009", Path::new("a.yaml"), at, "unknown key `nxet`", "did you mean `next`?")
                .with_excerpt("play:\n  nxet: end\n");
        assert_eq!(
            finding.to_string(),
            "a.yaml:2:3: unknown key `nxet` [HF009]\n 2 |   nxet: end\n   |   ^^^^\n  = help: did you mean `next`?\n"
        );
    }

    #[test]
    fn a_near_miss_is_suggested_and_a_stranger_is_not() {
        assert_eq!(did_you_mean("exausted", ["invalid", "exhausted"]), Some("exhausted"));
        assert_eq!(did_you_mean("qqq", ["invalid", "exhausted"]), None);
        assert_eq!(suggest("qqq", ["a", "b"]), "known here: a, b");
    }

    #[test]
    fn every_code_has_an_explanation() {
        for (code, english, russian) in CODES {
            assert_eq!(explain(code, Language::En), Some(*english));
            assert_eq!(explain(code, Language::Ru), Some(*russian));
            for text in [english, russian] {
                assert!(text.chars().count() > 40, "{code} deserves a paragraph");
            }
            assert!(russian.chars().any(|letter| ('а'..='я').contains(&letter)), "{code} is not in Russian");
        }
        assert_eq!(explain("HF999", Language::En), None);
    }
}
