//! `hotline check`: flows and prompts, before any caller meets them.
use super::{Common, Done, Exit, Failure, installation};
use crate::flow::finding::{self, Finding, Severity};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
pub struct CheckArgs {
    /// Flow files or folders; by default those of the configuration
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Explain a finding's code, like HF012
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Sarif,
}

pub fn check(common: &Common, args: CheckArgs) -> Done {
    if let Some(code) = args.explain {
        let text = finding::explain(&code)
            .or_else(|| crate::prompts::CODES.iter().find(|(known, _)| *known == code).map(|(_, text)| *text))
            .ok_or_else(|| Failure::new(Exit::Usage, format!("there is no finding with the code {code}")))?;
        println!("{code}: {text}");
        return Ok(Exit::Ok);
    }
    let installation = installation::load(common)?;
    let (flows, mut findings) = installation.check_flows(&args.paths)?;
    if args.paths.is_empty() {
        findings.extend(installation.check_prompts());
    }
    match args.format {
        Format::Text => {
            for finding in &findings {
                println!("{finding}\n");
            }
            if let Some(flows) = flows.filter(|_| findings.iter().all(|finding| finding.severity != Severity::Error)) {
                for line in flows.lines() {
                    if let Some(worst) = &line.worst {
                        println!("{}: {worst}", line.flow);
                    }
                }
            }
            eprintln!("{}", summary(&findings));
        }
        Format::Json => println!("{}", finding::json(&findings)),
        Format::Sarif => println!("{}", finding::sarif(&findings)),
    }
    Ok(if findings.is_empty() { Exit::Ok } else { Exit::Findings })
}

fn summary(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match (errors, findings.len() - errors) {
        (0, 0) => "clean".to_string(),
        (errors, 0) => format!("{errors} error{}", plural(errors)),
        (0, warnings) => format!("{warnings} warning{}", plural(warnings)),
        (errors, warnings) => format!("{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings)),
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
