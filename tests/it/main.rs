//! The integration tests, as one binary: behaviour seen from outside.
mod acts;
mod admins;
mod arms;
mod backups;
mod browsers;
mod calls;
mod commands;
mod counts;
mod disk;
mod edges;
mod exchange;
mod faults;
mod features;
mod floors;
mod flows;
mod handover_races;
mod handovers;
mod house;
mod media;
mod operators;
mod pages;
mod parties;
mod peers;
mod races;
mod reloads;
mod reports;
mod seats;
mod services;
mod spoken;
mod stories;
mod strangers;
mod waits;
mod web;
mod wire;
mod worlds;

/// Says aloud that a test, or a part of it, was not run. Past the capture of a test's output: a skip that only a failure
/// would show is none that anybody hears.
fn skipped(why: &str) {
    use std::io::Write;
    let test = std::thread::current().name().unwrap_or("a test").to_string();
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}
