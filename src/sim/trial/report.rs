//! What a run of flow tests came to, for people, for programs (JSON) and for build servers (JUnit XML).
use super::coverage::FlowCoverage;
use super::stage::Verdict;
use serde_json::json;
use std::fmt::Write;

/// Steps and ways that are named as not walked, per flow.
const MISSING_SHOWN: usize = 12;

pub fn text(verdicts: &[Verdict], coverage: &[FlowCoverage]) -> String {
    let mut out = String::new();
    for verdict in verdicts {
        let word = if verdict.failure.is_some() { "FAILED" } else { "ok" };
        let _ = writeln!(
            out,
            "{word:6} {} ({}; {} s of a call)",
            verdict.name,
            verdict.file,
            verdict.lasted.as_secs()
        );
        if let Some(failure) = &verdict.failure {
            let _ = writeln!(out, "{failure}");
        }
    }
    let failed = verdicts.iter().filter(|verdict| verdict.failure.is_some()).count();
    let _ = writeln!(out, "{} passed, {failed} failed", verdicts.len() - failed);
    for flow in coverage {
        let (steps, ways) = (flow.steps, flow.ways);
        let _ =
            write!(out, "{}: {} of {} steps, {} of {} ways out", flow.flow, steps.0, steps.1, ways.0, ways.1);
        let shown = flow.missing.iter().take(MISSING_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = flow.missing.len().saturating_sub(MISSING_SHOWN);
        let _ = match (flow.missing.len(), more) {
            (0, _) => writeln!(out),
            (_, 0) => writeln!(out, "; not walked: {shown}"),
            _ => writeln!(out, "; not walked: {shown}, and {more} more"),
        };
    }
    out
}

pub fn json(verdicts: &[Verdict], coverage: &[FlowCoverage]) -> String {
    let tests: Vec<_> = verdicts
        .iter()
        .map(|verdict| {
            json!({
                "test": verdict.name,
                "file": verdict.file,
                "passed": verdict.failure.is_none(),
                "call_ms": u64::try_from(verdict.lasted.as_millis()).unwrap_or(u64::MAX),
                "failure": verdict.failure,
            })
        })
        .collect();
    let flows: Vec<_> = coverage
        .iter()
        .map(|flow| {
            json!({
                "flow": flow.flow,
                "steps": {"walked": flow.steps.0, "all": flow.steps.1},
                "ways": {"walked": flow.ways.0, "all": flow.ways.1},
                "missing": flow.missing,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "tests": tests, "coverage": flows }))
}

/// The XML that build servers read (`testsuite`, `testcase`, `failure`). Times are those of the calls.
pub fn junit(verdicts: &[Verdict]) -> String {
    let failed = verdicts.iter().filter(|verdict| verdict.failure.is_some()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ =
        writeln!(out, "<testsuite name=\"call-flows\" tests=\"{}\" failures=\"{failed}\">", verdicts.len());
    for verdict in verdicts {
        let (name, file) = (escaped(&verdict.name), escaped(&verdict.file));
        let _ = write!(
            out,
            "  <testcase classname=\"{file}\" name=\"{name}\" time=\"{:.3}\"",
            verdict.lasted.as_secs_f64()
        );
        let _ = match &verdict.failure {
            None => writeln!(out, "/>"),
            Some(failure) => writeln!(
                out,
                ">\n    <failure message=\"{}\">{}</failure>\n  </testcase>",
                escaped(&failure.message),
                escaped(&failure.to_string())
            ),
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// For XML 1.0, which has no control characters but tab and line ends.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Finding;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn a_failure_in_junit_is_escaped_and_counted() {
        let at = crate::flow::finding::Span { line: 3, column: 1, len: 1 };
        let failure = Finding::error("HF070", Path::new("a.test.yaml"), at, "expected <a> & \"b\"", "x");
        let verdict = Verdict {
            name: "a".into(),
            file: "a.test.yaml".into(),
            failure: Some(failure),
            lasted: Duration::from_millis(1500),
            story: String::new(),
        };
        let xml = junit(&[verdict]);
        assert!(xml.contains("tests=\"1\" failures=\"1\"") && xml.contains("time=\"1.500\""), "{xml}");
        assert!(xml.contains("expected &lt;a&gt; &amp; &quot;b&quot;"), "{xml}");
    }
}
