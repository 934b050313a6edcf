//! Findings that somebody has looked at and allows, by a comment with a reason on the same line or alone on the line above:
//!
//! ```text
//!   night:                # allow HF033: the night shift begins in March
//! ```
//! Only what cannot harm a call may be allowed: an expression that fails takes the step's failure edge, a missing recording is
//! replaced by a tone, a refused callback goes on. Everything else would leave a flow that cannot be walked.
use super::finding::{Finding, Span};
use std::path::Path;

const ALLOWABLE: &[&str] = &["HF033", "HF034", "HF040", "HF044", "HF055", "HF056"];

/// The comments of one file.
pub struct Allowed {
    comments: Vec<Comment>,
}

struct Comment {
    line: u32,
    column: u32,
    /// The line that it speaks of.
    about: u32,
    code: String,
    reason: String,
    used: bool,
}

impl Allowed {
    pub fn read(text: &str) -> Allowed {
        let comment = |(at, line): (usize, &str)| {
            let (before, rest) = line.split_once("# allow ")?;
            let (code, reason) = rest.split_once(':').unwrap_or((rest, ""));
            let code = code.trim();
            let is_code = code.len() == 5 && code.starts_with("HF");
            let line = at as u32 + 1;
            let about = if before.trim().is_empty() { line + 1 } else { line };
            let column = before.chars().count() as u32 + 1;
            let (code, reason) = (code.to_string(), reason.trim().to_string());
            is_code.then_some(Comment { line, column, about, code, reason, used: false })
        };
        Allowed { comments: text.lines().enumerate().filter_map(comment).collect() }
    }

    /// Whether a finding of this file is allowed.
    pub fn covers(&mut self, finding: &Finding) -> bool {
        let covers = |comment: &&mut Comment| {
            comment.about == finding.line
                && comment.code == finding.code
                && !comment.reason.is_empty()
                && ALLOWABLE.contains(&finding.code)
        };
        self.comments.iter_mut().find(covers).map(|comment| comment.used = true).is_some()
    }

    /// Comments that say nothing, or that nothing needs any more.
    pub fn faults(&self, file: &Path, text: &str) -> Vec<Finding> {
        let fault = |comment: &Comment| {
            let len = "# allow HF000".len() as u32;
            let at = Span { line: comment.line, column: comment.column, len };
            let code = &comment.code;
            let finding = if !ALLOWABLE.contains(&code.as_str()) {
                let help = format!("these can be allowed: {}", ALLOWABLE.join(", "));
                Finding::error("HF071", file, at, format!("{code} cannot be allowed"), help)
            } else if comment.reason.is_empty() {
                let help = format!("write `# allow {code}: why`");
                Finding::error("HF071", file, at, format!("{code} is allowed without a reason"), help)
            } else if !comment.used {
                let help = "delete the comment";
                Finding::error("HF072", file, at, format!("nothing here needs {code} to be allowed"), help)
                    .warning()
            } else {
                return None;
            };
            Some(finding.with_excerpt(text))
        };
        self.comments.iter().filter_map(fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::{Environment, FlowSet};

    fn codes(text: &str) -> (bool, Vec<(u32, &'static str)>) {
        let (set, findings) = FlowSet::parse(vec![("a.yaml".into(), text.into())], &Environment::default());
        (set.is_some(), findings.iter().map(|finding| (finding.line, finding.code)).collect())
    }

    #[test]
    fn a_reason_allows_a_finding_and_nothing_else_does() {
        let flow = |comment: &str, above: &str| {
            format!(
                "flow: a\nentry: {{number: \"8-800-1\", start: x}}\nsteps:\n  x: {{hangup: {{}}}}\n{above}  y: {{hangup: {{}}}}{comment}\n"
            )
        };
        assert_eq!(codes(&flow("", "")), (false, vec![(5, "HF033")]));
        assert_eq!(codes(&flow("  # allow HF033: begins in March", "")), (true, vec![]));
        assert_eq!(codes(&flow("", "  # allow HF033: begins in March\n")), (true, vec![]));
        assert_eq!(codes(&flow("  # allow HF033", "")), (false, vec![(5, "HF033"), (5, "HF071")]));
        assert_eq!(codes(&flow("  # allow HF022: because", "")), (false, vec![(5, "HF033"), (5, "HF071")]));
        let kept =
            "flow: a\nentry: {number: \"8-800-1\", start: x}\nsteps:\n  x: {hangup: {}} # allow HF033: old\n";
        assert_eq!(codes(kept), (true, vec![(4, "HF072")]));
    }
}
