//! `hotline check`: flows and prompts, before any caller meets them.
use super::{Common, Done, Exit, Failure, installation};
use crate::flow::report::{self, Format};
use crate::prompts;
use crate::say::Language;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
pub struct CheckArgs {
    /// Flow files or folders; by default those of the configuration, and the prompts
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
    /// The language of the findings and explanations: en or ru; by default Russian where LANG is
    #[arg(long, value_parser = language)]
    lang: Option<Language>,
    /// Explain a finding's code, like HF012
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    Text,
    Json,
    Sarif,
}

pub fn check(common: &Common, args: CheckArgs) -> Done {
    let language = args.lang.unwrap_or_else(of_terminal);
    if let Some(code) = args.explain {
        let of_prompt = |text: &str| format!("{}: {text}\n", code.to_ascii_uppercase());
        let text = report::explanation(&code, language)
            .or_else(|| prompts::explain(&code, language).map(of_prompt))
            .ok_or_else(|| Failure::new(Exit::Usage, format!("there is no finding with the code {code}")))?;
        print!("{text}");
        return Ok(Exit::Ok);
    }
    let installation = installation::load(common)?;
    let (flows, mut findings) = installation.check_flows(&args.paths)?;
    if args.paths.is_empty() {
        findings.extend(installation.check_prompts());
    }
    let format = match args.format {
        Shape::Text => Format::Text,
        Shape::Json => Format::Json,
        Shape::Sarif => Format::Sarif,
    };
    let (text, code) = report::report(&findings, flows.as_ref(), format, language);
    print!("{text}");
    Ok(if code == 0 { Exit::Ok } else { Exit::Findings })
}

fn language(text: &str) -> Result<Language, String> {
    Language::parse(text).ok_or_else(|| "expected en or ru".to_string())
}

/// What the terminal speaks, by the variables of POSIX in their order.
pub fn of_terminal() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    match set.into_iter().find(|value| !value.is_empty()) {
        Some(value) if value.starts_with("ru") => Language::Ru,
        _ => Language::En,
    }
}
