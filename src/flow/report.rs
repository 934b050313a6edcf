//! Findings as text, JSON and SARIF, and the verdict of `hotline check`.
use super::finding::{Finding, Severity, explain};
use super::model::FlowSet;
use crate::say::Language;
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
pub fn report(
    findings: &[Finding],
    set: Option<&FlowSet>,
    format: Format,
    language: Language,
) -> (String, u8) {
    let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    let translated: Vec<Finding>;
    let findings = match (language, format) {
        (Language::Ru, Format::Json | Format::Sarif) => {
            translated = findings.iter().map(super::russian::finding).collect();
            &translated
        }
        _ => findings,
    };
    let text = match format {
        Format::Text => text(findings, set, language),
        Format::Json => pretty(&json_report(findings, set)),
        Format::Sarif => pretty(&sarif(findings, language)),
    };
    (text, u8::from(has_error))
}

/// What `hotline check --explain CODE` prints.
pub fn explanation(code: &str, language: Language) -> Option<String> {
    explain(code, language).map(|text| format!("{}: {text}\n", code.to_ascii_uppercase()))
}

fn text(findings: &[Finding], set: Option<&FlowSet>, language: Language) -> String {
    let is_russian = language == Language::Ru;
    let mut out = String::new();
    for finding in findings {
        let _ = writeln!(out, "{}", finding.text(language));
    }
    if let Some(set) = set {
        for line in set.lines() {
            let way = match &line.worst {
                Some(way) if is_russian => format!(
                    "до человека в худшем случае {} с и {} нажатий (от шага {})",
                    way.time.as_secs(),
                    way.keys,
                    way.via
                ),
                None if is_russian => "пути к человеку нет".to_string(),
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
        (0, 0) if is_russian => writeln!(out, "замечаний нет"),
        _ if is_russian => writeln!(
            out,
            "ошибок: {errors}, предупреждений: {warnings}, файлов: {files}; подробнее: `hotline check --explain КОД`"
        ),
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

fn sarif(findings: &[Finding], language: Language) -> serde_json::Value {
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.code).collect();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| {
            let text = explain(code, language).unwrap_or_default();
            json!({ "id": code, "fullDescription": { "text": text } })
        })
        .collect();
    let results: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code,
                "level": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "message": { "text": format!("{}. {}", finding.message, finding.help) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": uri(&finding.file.to_string_lossy()) },
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
            // Ours are characters; without it a reader counts UTF-16 units.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A path as a URI reference (RFC 3986): what is neither unreserved nor a slash is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte as char)
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
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
        assert_eq!(report(&[], None, Format::Text, Language::En), ("no findings\n".to_string(), 0));
        assert_eq!(report(&[finding()], None, Format::Text, Language::En).1, 1);
        assert_eq!(report(&[finding().warning()], None, Format::Text, Language::En).1, 0);
    }

    #[test]
    fn machine_formats_carry_place_code_and_way_out() {
        let (text, _) = report(&[finding()], None, Format::Json, Language::En);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["findings"][0]["line"], 3);
        assert_eq!(value["findings"][0]["help"], "did you mean `y`?");
        let (text, _) = report(&[finding()], None, Format::Sarif, Language::En);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let result = &value["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "HF022");
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 5);
        assert_eq!(value["runs"][0]["tool"]["driver"]["rules"][0]["id"], "HF022");
    }

    #[test]
    fn sarif_names_files_by_uri_and_counts_columns_in_characters() {
        let at = Span { line: 1, column: 1, len: 1 };
        let finding = Finding::error("HF022", Path::new("линия 1/a.yaml"), at, "x", "y");
        let (text, _) = report(&[finding], None, Format::Sarif, Language::Ru);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let run = &value["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let rule = run["tool"]["driver"]["rules"][0]["fullDescription"]["text"].as_str().unwrap();
        assert!(rule.starts_with("Переход"), "{rule}");
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "%D0%BB%D0%B8%D0%BD%D0%B8%D1%8F%201/a.yaml");
    }

    #[test]
    fn a_code_is_explained_whatever_its_case() {
        assert!(explanation("hf022", Language::En).unwrap().starts_with("HF022: A target"));
        assert!(explanation("hf022", Language::Ru).unwrap().starts_with("HF022: Переход"));
        assert_eq!(explanation("XY1", Language::En), None);
    }
}
