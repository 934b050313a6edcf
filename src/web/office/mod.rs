//! The office of the web: what was, who may, and the papers. Each file is one drawer with its routes and their handlers;
//! [`routes`] hands all of them to the table.
mod audio;
mod calls_csv;
pub(super) mod card;
mod config;
pub mod desk;
pub(super) mod history;
pub(super) mod messages;
pub(super) mod people;
mod prompts;
mod query;
pub(super) mod recordings;
pub(super) mod subscribers;
pub(super) mod tickets;
pub(super) mod webhooks;

use super::routes::{Route, Table};

pub(super) fn routes(route: &Table) -> Vec<Route> {
    let drawers = [
        history::routes(route),
        card::routes(route),
        tickets::routes(route),
        messages::routes(route),
        recordings::routes(route),
        people::routes(route),
        subscribers::routes(route),
        prompts::routes(route),
        webhooks::routes(route),
        config::routes(route),
    ];
    drawers.into_iter().flatten().collect()
}
