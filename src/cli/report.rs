//! `hotline report`: the figures of the past, read from the store, with or without a running server.
use super::{Common, Done, Exit, Failure, installation, queue_log};
use crate::clock::Clock;
use crate::report::{self, Asked, Kind};
use crate::say::Language;
use crate::store::reporting;
use clap::{Args, Subcommand};
use std::io::Write;

#[derive(Subcommand)]
pub enum ReportCommand {
    /// All queues together, a line a day; without --from, the last seven days
    Daily(ReportArgs),
    /// Each queue, and all together; without --from, today
    Queue(ReportArgs),
    /// Each operator: calls, times, breaks, occupancy; without --from, today
    Operator(ReportArgs),
    /// What callers did at each step: heard, cut in, pressed wrongly, left; without --from, today
    Menu(ReportArgs),
    /// The events in the format of queue_log, for wallboards and report programs
    QueueLog(queue_log::QueueLogArgs),
}

#[derive(Args)]
pub struct ReportArgs {
    /// First day (2026-11-22) or moment (2026-11-22T18:30), in the installation's time zone
    #[arg(long)]
    from: Option<String>,
    /// Last day, included, or a moment, not included
    #[arg(long)]
    to: Option<String>,
    /// A line for each: 15m, 30m, 1h or 1d
    #[arg(long)]
    interval: Option<String>,
    /// Every figure, for a spreadsheet; durations in milliseconds
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[arg(long)]
    json: bool,
    /// ru or en, instead of the installation's
    #[arg(long)]
    language: Option<String>,
}

pub fn report(common: &Common, command: ReportCommand) -> Done {
    match command {
        ReportCommand::Daily(args) => figures(common, Kind::Daily, args),
        ReportCommand::Queue(args) => figures(common, Kind::Queue, args),
        ReportCommand::Operator(args) => figures(common, Kind::Operator, args),
        ReportCommand::Menu(args) => menu(common, args),
        ReportCommand::QueueLog(args) => queue_log::queue_log(common, args),
    }
}

fn menu(common: &Common, args: ReportArgs) -> Done {
    let installation = installation::load(common)?;
    let language = language(&args, &installation)?;
    let (zone, now) = (installation.zone(), Clock::wall());
    let asked = Asked { from: args.from, to: args.to, interval: args.interval };
    let query = asked
        .query(Kind::Queue, &zone, now)
        .map_err(|wrong| Failure::new(Exit::Usage, format!("--{wrong}")))?;
    let lines = super::runtime()?.block_on(async {
        let store = installation.existing_store().await?;
        let lines = reporting::menu(&*store, query, &zone).await;
        store.close().await;
        lines.map_err(|error| Failure::new(Exit::CannotConnect, error))
    })?;
    let text = if args.json {
        format!("{:#}\n", serde_json::json!({ "report": "menu", "lines": lines }))
    } else if args.csv {
        report::menu::csv(&lines).map_err(|error| Failure::new(Exit::Findings, error))?
    } else {
        report::menu::text(&lines, language)
    };
    // Nobody may read to the end (`| head`).
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(Exit::Ok)
}

fn language(args: &ReportArgs, installation: &installation::Installation) -> Result<Language, Failure> {
    match &args.language {
        Some(text) => Language::parse(text)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("--language {text}: expected ru or en"))),
        None => Ok(installation.config.language),
    }
}

fn figures(common: &Common, kind: Kind, args: ReportArgs) -> Done {
    let installation = installation::load(common)?;
    let language = language(&args, &installation)?;
    let (zone, now) = (installation.zone(), Clock::wall());
    let asked = Asked { from: args.from, to: args.to, interval: args.interval };
    let query =
        asked.query(kind, &zone, now).map_err(|wrong| Failure::new(Exit::Usage, format!("--{wrong}")))?;
    let report = super::runtime()?.block_on(async {
        let store = installation.existing_store().await?;
        let report = reporting::report(&*store, query, &zone, now).await;
        store.close().await;
        report.map_err(|error| Failure::new(Exit::CannotConnect, error))
    })?;
    let text = if args.json {
        format!("{:#}\n", report.json())
    } else if args.csv {
        report.csv().map_err(|error| Failure::new(Exit::Findings, error))?
    } else {
        report.text(language)
    };
    // Nobody may read to the end (`| head`).
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(Exit::Ok)
}
