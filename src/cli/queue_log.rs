//! `hotline queue-log`: the queues' events for programs that read the field's common format.
use super::{Common, Done, Exit, Failure, installation};
use crate::clock::Clock;
use crate::report::{Asked, Kind};
use crate::store::reporting::{self, Numbers};
use clap::Args;
use std::io::Write;

#[derive(Args)]
pub struct QueueLogArgs {
    /// First day (2026-11-22) or moment (2026-11-22T18:30); without it, today
    #[arg(long)]
    from: Option<String>,
    /// Last day, included, or a moment, not included
    #[arg(long)]
    to: Option<String>,
    /// Write callers' numbers whole; without it they are masked
    #[arg(long)]
    full_numbers: bool,
}

pub fn queue_log(common: &Common, args: QueueLogArgs) -> Done {
    let installation = installation::load(common)?;
    let (zone, now) = (installation.zone(), Clock::wall());
    let asked = Asked { from: args.from, to: args.to, interval: None };
    let query = asked
        .query(Kind::Queue, &zone, now)
        .map_err(|wrong| Failure::new(Exit::Usage, format!("--{wrong}")))?;
    let numbers = if args.full_numbers { Numbers::Whole } else { Numbers::Masked };
    super::runtime()?.block_on(async {
        let store = installation.existing_store().await?;
        let mut out = std::io::stdout().lock();
        let done = reporting::queue_log(&*store, &query, &zone, numbers, |text| {
            // Nobody may read to the end (`| head`).
            out.write_all(text.as_bytes()).is_ok()
        })
        .await;
        store.close().await;
        done.map_err(|error| Failure::new(Exit::CannotConnect, error))
    })?;
    Ok(Exit::Ok)
}
