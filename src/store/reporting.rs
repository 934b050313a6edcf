//! Reading what a report needs, a day at a time.
use super::{CallFilter, Error, Store};
use crate::clock::Zone;
use crate::ids::{CallId, OperatorId, QueueName};
use crate::machine::Wall;
use crate::number::Number;
use crate::report::menu::{MenuLine, MenuReport};
use crate::report::queue_log::{self, Facts};
use crate::report::{Builder, Chunk, Query, Report, Slot, days};
use std::collections::BTreeMap;

/// No call waits, and nobody talks, for longer: so far back is looked for the beginnings of what a day's events end.
const CALL_MS_MAX: i64 = 24 * 3_600_000;
/// Calls read at once.
const PAGE: usize = 10_000;

/// What became of callers and operators in the time asked for. `now`: how far things have come.
pub async fn report(store: &dyn Store, query: Query, zone: &Zone, now: Wall) -> Result<Report, Error> {
    let mut builder = Builder::new(query, zone, now);
    for day in days(Slot { from: query.from, to: query.to }, zone) {
        builder.add(day, &chunk(store, day).await?);
    }
    let operators = store.operators().await?;
    let names = operators.into_iter().map(|operator| (operator.id, operator.settings.name)).collect();
    Ok(builder.finish(&names))
}

/// What callers did at each step, a day at a time; a call belongs to the day on which it began.
pub async fn menu(store: &dyn Store, query: Query, zone: &Zone) -> Result<Vec<MenuLine>, Error> {
    let mut report = MenuReport::default();
    for day in days(Slot { from: query.from, to: query.to }, zone) {
        report.add(&store.steps(day.from, day.to).await?);
    }
    Ok(report.finish())
}

pub async fn chunk(store: &dyn Store, time: Slot) -> Result<Chunk, Error> {
    Ok(Chunk {
        stays: store.stays(time.from, time.to).await?,
        attempts: store.attempts(time.from, time.to).await?,
        states: store.operator_states(time.from, time.to).await?,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    Masked,
    Whole,
}

/// Hands the log of the query's time to `write`, a day at a time, until that says that nobody reads any more.
pub async fn queue_log(
    store: &dyn Store,
    query: &Query,
    zone: &Zone,
    numbers: Numbers,
    mut write: impl FnMut(&str) -> bool,
) -> Result<(), Error> {
    let operators = store.operators().await?;
    let queues: BTreeMap<OperatorId, Vec<QueueName>> =
        operators.into_iter().map(|operator| (operator.id, operator.settings.queues)).collect();
    for day in days(Slot { from: query.from, to: query.to }, zone) {
        let seen = Slot { from: Wall(day.from.0 - CALL_MS_MAX), to: day.to };
        let chunk = chunk(store, seen).await?;
        let callers = callers(store, seen, numbers).await?;
        let facts = Facts { callers: &callers, queues: &queues, from: day.from, to: day.to };
        if !write(&queue_log::queue_log(&chunk, &facts)) {
            break;
        }
    }
    Ok(())
}

async fn callers(store: &dyn Store, time: Slot, numbers: Numbers) -> Result<BTreeMap<CallId, String>, Error> {
    let mut callers = BTreeMap::new();
    // A caller may have been in a menu for a while before he waited.
    let from = Some(Wall(time.from.0 - CALL_MS_MAX));
    for page in 0.. {
        let filter = CallFilter {
            from,
            to: Some(time.to),
            limit: Some(PAGE),
            offset: page * PAGE,
            ..CallFilter::default()
        };
        let calls = store.calls(filter).await?;
        let last = calls.len() < PAGE;
        callers.extend(calls.into_iter().map(|call| {
            let number = match numbers {
                Numbers::Whole => call.caller,
                Numbers::Masked => Number::parse(&call.caller).map(|n| n.masked()).unwrap_or_default(),
            };
            (call.id, number)
        }));
        if last {
            break;
        }
    }
    Ok(callers)
}
