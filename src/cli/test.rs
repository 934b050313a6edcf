//! `hotline test`: the flow tests of an installation, in virtual time on the production machines.
use super::{Common, Done, Exit, Failure, installation};
use crate::flow::finding::{Finding, Span};
use crate::media::durations::Durations;
use crate::sim::trial::{self, Coverage, Script, Stage, Verdict};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub struct TestArgs {
    /// `*.test.yaml` files or folders; by default those beside the flows
    paths: Vec<PathBuf>,
    /// Write the results as JUnit XML into this file
    #[arg(long, value_name = "F")]
    junit: Option<PathBuf>,
    /// Results and coverage as JSON
    #[arg(long)]
    json: bool,
    /// Show what happened in every call
    #[arg(long, short)]
    verbose: bool,
}

pub fn test(common: &Common, args: TestArgs) -> Done {
    let installation = installation::load(common)?;
    let flows = Arc::new(installation.flows(None)?);
    let catalogue = installation.catalogue_with_flows()?;
    let durations = Durations::load(&installation.config.prompts.dir);
    let stage = Stage {
        flows: flows.clone(),
        settings: installation.switchboard_settings(),
        text: &|language, prompt| catalogue.text(language, prompt.as_str()).map(str::to_string),
        lasts: Arc::new(move |language, prompt| durations.of(language, prompt)),
    };
    let mut files = Vec::new();
    let usage = |path: &Path, error| Failure::new(Exit::Usage, format!("{}: {error}", path.display()));
    match args.paths.as_slice() {
        [] => {
            let dir = &installation.config.flows.dir;
            collect(dir, &mut files).map_err(|error| usage(dir, error))?;
        }
        paths => {
            for path in paths {
                collect(path, &mut files).map_err(|error| usage(path, error))?;
            }
        }
    }
    let mut coverage = Coverage::default();
    let mut verdicts = Vec::new();
    for file in &files {
        let played = std::fs::read_to_string(file)
            .map_err(|error| {
                let help = "the user who runs this needs the right to read it";
                vec![Finding::error("HF000", file, Span::default(), format!("cannot be read: {error}"), help)]
            })
            .and_then(|text| Script::parse(file, &text));
        match played {
            Ok(script) => verdicts.push(stage.play(&script, &mut coverage)),
            Err(findings) => verdicts.extend(findings.into_iter().map(|finding| unread(file, finding))),
        }
    }
    if args.verbose && !args.json {
        for verdict in &verdicts {
            println!("{}\n{}", verdict.name, verdict.story);
        }
    }
    let of_flows = coverage.of(&flows);
    match args.json {
        true => print!("{}", trial::json(&verdicts, &of_flows)),
        false => print!("{}", trial::text(&verdicts, &of_flows)),
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, trial::junit(&verdicts)).map_err(|error| usage(path, error))?;
    }
    if verdicts.is_empty() {
        return Err(Failure::new(Exit::Usage, "there are no *.test.yaml files here"));
    }
    let all_pass = verdicts.iter().all(|verdict| verdict.failure.is_none());
    Ok(if all_pass { Exit::Ok } else { Exit::Findings })
}

/// A file that is no test fails like one.
fn unread(file: &Path, finding: Finding) -> Verdict {
    Verdict {
        name: "the file can be read".into(),
        file: file.display().to_string(),
        failure: Some(finding),
        lasted: Duration::ZERO,
        story: String::new(),
    }
}

fn collect(path: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        std::fs::metadata(path)?;
        into.push(path.to_path_buf());
        return Ok(());
    }
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(path)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    found.sort();
    for path in found {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            collect(&path, into)?;
        } else if path.to_string_lossy().ends_with(".test.yaml") {
            into.push(path);
        }
    }
    Ok(())
}
