//! Findings as text, JSON and SARIF, and the verdict of `hotline check`.
use super::finding::{Finding, Severity, explain};
use super::model::FlowSet;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// Static Analysis Results Interchange Format 2.1.0 (OASIS), for code hosts.
    Sarif,
}

impl Format {
    pub fn parse(text: &str) -> Option<Format> {
        match text {
            "text" => Some(Format::Text),
            "json" => Some(Format::Json),
            "sarif" => Some(Format::Sarif),
            _ => None,
        }
    }
}

/// What `hotline check` prints, and its exit code: 0 clean, 1 findings. Warnings alone are clean.
pub fn report(findings: &[Finding], set: Option<&FlowSet>, format: Format) -> (String, u8) {
    let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    let text = match format {
        Format::Text => text(findings, set),
        Format::Json => pretty(&json_report(findings, set)),
        Format::Sarif => pretty(&sarif(findings)),
    };
    (text, u8::from(has_error))
}

/// What `hotline check --explain CODE` prints.
pub fn explanation(code: &str) -> Option<String> {
    explain(code).map(|text| format!("{}: {text}\n", code.to_ascii_uppercase()))
}

fn text(findings: &[Finding], set: Option<&FlowSet>) -> String {
    let mut out = String::new();
    for finding in findings {
        let _ = writeln!(out, "{finding}");
    }
    if let Some(set) = set {
        for line in set.lines() {
            let way = match &line.worst {
                Some(way) => {
                    format!(
                        "a person within {} s and {} keys at worst (from {})",
                        way.time.as_secs(),
                        way.keys,
                        way.via
                    )
                }
                None => "no way to a person".to_string(),
            };
            let _ = writeln!(out, "{} ({}): {way}", line.flow, line.number);
        }
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let files = findings.iter().map(|finding| &finding.file).collect::<BTreeSet<_>>().len();
    let _ = match (errors, warnings) {
        (0, 0) => writeln!(out, "no findings"),
        _ => writeln!(
            out,
            "{errors} errors, {warnings} warnings in {files} files; `hotline check --explain CODE` says more"
        ),
    };
    out
}

fn json_report(findings: &[Finding], set: Option<&FlowSet>) -> serde_json::Value {
    let lines: Vec<_> = set
        .into_iter()
        .flat_map(FlowSet::lines)
        .map(|line| {
            json!({
                "flow": line.flow,
                "number": line.number,
                "worst_seconds": line.worst.as_ref().map(|way| way.time.as_secs()),
                "worst_keys": line.worst.as_ref().map(|way| way.keys),
                "worst_step": line.worst.as_ref().map(|way| &way.via),
            })
        })
        .collect();
    json!({ "findings": findings, "lines": lines, "hash": set.map(|set| set.hash().to_string()) })
}

fn sarif(findings: &[Finding]) -> serde_json::Value {
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.code).collect();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| json!({ "id": code, "fullDescription": { "text": explain(code).unwrap_or_default() } }))
        .collect();
    let results: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code,
                "level": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "message": { "text": format!("{}. {}", finding.message, finding.help) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": finding.file.to_string_lossy() },
                    "region": {
                        "startLine": finding.line,
                        "startColumn": finding.column,
                        "endColumn": finding.column + finding.len,
                    },
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "hotline check", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Span;
    use super::*;
    use std::path::Path;

    fn finding() -> Finding {
        let at = Span { line: 3, column: 5, len: 4 };
        Finding::error("HF022", Path::new("a.yaml"), at, "no step `x` in this flow", "did you mean `y`?")
    }

    #[test]
    fn errors_decide_the_exit_code_and_warnings_do_not() {
        assert_eq!(report(&[], None, Format::Text), ("no findings\n".to_string(), 0));
        assert_eq!(report(&[finding()], None, Format::Text).1, 1);
        assert_eq!(report(&[finding().warning()], None, Format::Text).1, 0);
    }

    #[test]
    fn machine_formats_carry_place_code_and_way_out() {
        let (text, _) = report(&[finding()], None, Format::Json);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["findings"][0]["line"], 3);
        assert_eq!(value["findings"][0]["help"], "did you mean `y`?");
        let (text, _) = report(&[finding()], None, Format::Sarif);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let result = &value["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "HF022");
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 5);
        assert_eq!(value["runs"][0]["tool"]["driver"]["rules"][0]["id"], "HF022");
    }

    #[test]
    fn a_code_is_explained_whatever_its_case() {
        assert!(explanation("hf022").unwrap().starts_with("HF022: "));
        assert_eq!(explanation("XY1"), None);
    }
}
