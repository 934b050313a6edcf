//! Days of the whole Switchboard, as `hotline sim` runs them, with a store and a network that fail.
use super::seeds;
use crate::edges::shipped;
use hotline::class::Class;
use hotline::sim::dice::Dice;
use hotline::sim::population::Breaks;
use hotline::sim::{Faults, House, Ledger, Plan, bare, day};
use std::time::Duration;

/// Days on every push.
const DAYS: u64 = 12;
const WHISPER: Duration = Duration::from_millis(500);

fn house() -> House {
    let (installation, flows) = shipped();
    let lasts = Box::new(|_, _: &_| WHISPER);
    House { settings: installation.switchboard_settings(), flows: flows.clone(), lasts }
}

fn plan(seed: u64) -> Plan {
    let mut dice = Dice::new(seed);
    Plan {
        seed,
        operators: 1 + dice.below(8) as u32,
        load: 0.5 + dice.unit(),
        length: Duration::from_secs(1_800),
        warm_up: Duration::ZERO,
        priority_share: 0.5 * dice.unit(),
        no_answer: 0.3 * dice.unit(),
        patience: Some(Duration::from_secs(20 + dice.below(400))),
        redial: dice.unit(),
        breaks: dice
            .chance(0.5)
            .then_some(Breaks { every: Duration::from_secs(600), last: Duration::from_secs(120) }),
        ..Plan::default()
    }
}

fn outcomes(ledger: &Ledger) -> Vec<(Class, u64, u64, u64, u64)> {
    let figures = ledger.figures();
    figures.classes.iter().map(|of| (of.class, of.offered, of.connected, of.hung_up, of.exits)).collect()
}

#[test]
fn with_a_slow_forgetful_store_and_lost_or_late_answers_every_caller_has_one_outcome() {
    let mut connected = 0;
    for seed in seeds(DAYS) {
        let ledger = day::run(house(), &plan(seed), Faults::some(seed), |_| {});
        assert_eq!(ledger.open(), 0, "seed {seed}: callers without an outcome");
        for (class, offered, answered, hung_up, exits) in outcomes(&ledger) {
            assert_eq!(offered, answered + hung_up + exits, "seed {seed}: {class}");
            connected += answered;
        }
    }
    assert!(connected > 10 * (seeds(DAYS).end - seeds(DAYS).start), "days in which nothing happens");
}

#[test]
fn a_day_is_the_same_every_time() {
    let run = || {
        let ledger = day::run(house(), &plan(5), Faults::some(5), |_| {});
        (outcomes(&ledger), ledger.events)
    };
    assert_eq!(run(), run());
}

/// The dispatcher alone is what tables are made with: it must tell the same story as the whole machines.
#[test]
fn the_dispatcher_alone_agrees_with_the_whole_machines() {
    let plan = Plan {
        operators: 10,
        load: 0.9,
        length: Duration::from_secs(4 * 3600),
        warm_up: Duration::from_secs(900),
        ..Plan::default()
    };
    let whole = day::run(house(), &plan, Faults::none(1), |_| {}).figures();
    let pool = house().settings.pools.into_iter().find(|pool| pool.queues.contains_key(day::QUEUE)).unwrap();
    let alone = bare::run(pool, &plan, WHISPER).figures();
    assert!(whole.calls.abs_diff(alone.calls) <= 5, "{} {}", whole.calls, alone.calls);
    assert!((whole.occupancy - alone.occupancy).abs() < 0.03, "{} {}", whole.occupancy, alone.occupancy);
    let standard = |figures: &hotline::sim::Figures| figures.class(Class::Standard).unwrap().clone();
    let (whole, alone) = (standard(&whole), standard(&alone));
    let share = |of: &hotline::sim::ledger::ClassFigures| of.connected as f64 / of.offered as f64;
    assert!((share(&whole) - share(&alone)).abs() < 0.05, "{whole:?} {alone:?}");
}
