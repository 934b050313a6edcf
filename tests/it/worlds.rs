//! Random worlds: whatever people, phones, the store and the configuration do, what was promised holds. Each world is a
//! seed; `HOTLINE_SEEDS=10000` runs more of them. A world that breaks a rule is made smaller and printed with the command
//! that runs it again.
use hotline::queue::Dispatcher;
use mutants::{Fault, Mutant};
use scene::{Ended, Part, Recipe, run};
use std::collections::BTreeSet;

mod days;
mod mutants;
mod scene;

/// Worlds on every push.
const SEEDS: u64 = 300;
/// Lines of the trace that are printed of a broken world; others with `HOTLINE_TRACE`.
const TRACE_MAX: usize = 80;

pub fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("HOTLINE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("HOTLINE_SEEDS").unwrap_or(default),
    }
}

/// The recipe of a seed, less what the environment takes out of it.
fn recipe(seed: u64) -> Recipe {
    let mut recipe = Recipe::of(seed);
    if let Some(callers) = std::env::var("HOTLINE_CALLERS").ok().and_then(|text| text.parse().ok()) {
        recipe.callers = callers;
    }
    if let Ok(names) = std::env::var("HOTLINE_WITHOUT") {
        recipe.without =
            Part::ALL.into_iter().filter(|part| names.split(',').any(|n| n == part.name())).collect();
    }
    recipe
}

/// The smallest world that still breaks a rule: fewer callers first, then without whole kinds of events.
fn shrink(recipe: &Recipe, breaks: impl Fn(&Recipe) -> bool) -> Recipe {
    let mut least = recipe.clone();
    let (mut holds, mut fails) = (0, recipe.callers);
    while holds + 1 < fails {
        let middle = holds + (fails - holds) / 2;
        match breaks(&Recipe { callers: middle, ..recipe.clone() }) {
            true => fails = middle,
            false => holds = middle,
        }
    }
    least.callers = fails;
    for part in Part::ALL {
        let mut without = least.clone();
        without.without.insert(part);
        if breaks(&without) {
            least = without;
        }
    }
    least
}

fn command(recipe: &Recipe) -> String {
    let mut command = format!("HOTLINE_SEED={} HOTLINE_CALLERS={}", recipe.seed, recipe.callers);
    if !recipe.without.is_empty() {
        let names: Vec<String> = recipe.without.iter().map(|part| part.name()).collect();
        command += &format!(" HOTLINE_WITHOUT={}", names.join(","));
    }
    command + " cargo test --test it worlds::whatever_people_do -- --nocapture"
}

fn report(recipe: &Recipe, ended: &Ended) -> String {
    let lines = std::env::var("HOTLINE_TRACE").ok().and_then(|text| text.parse().ok()).unwrap_or(TRACE_MAX);
    let trace = ended.trace[ended.trace.len().saturating_sub(lines)..].join("\n");
    let broken: Vec<String> = ended.broken.iter().map(ToString::to_string).collect();
    format!("{trace}\n{}\nrun it again:\n  {}\n", broken.join("\n"), command(recipe))
}

#[test]
fn whatever_people_do_the_promises_hold() {
    let mut all = [0; 10];
    for seed in seeds(SEEDS) {
        let recipe = recipe(seed);
        let ended = run(&recipe, false, &[], Dispatcher::new);
        if !ended.broken.is_empty() {
            let least = shrink(&recipe, |recipe| !run(recipe, false, &[], Dispatcher::new).broken.is_empty());
            let ended = run(&least, true, &[], Dispatcher::new);
            panic!("\n{}", report(&least, &ended));
        }
        let seen = ended.seen;
        let people = [seen.connected, seen.exits, seen.hung_up, seen.returned, seen.yielded, seen.too_late];
        let called = [seen.converted, seen.confirmed, seen.not_reached, seen.came_back];
        let counts = people.into_iter().chain(called);
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    println!(
        "connected, exits, hung up, returned, yielded, too late, to be called, called, not reached, back: {all:?}"
    );
    if seeds(SEEDS).count() as u64 >= SEEDS {
        assert!(all.iter().all(|count| *count > SEEDS), "worlds in which nothing happens: {all:?}");
    }
}

/// Worlds that a broken dispatcher is let live in before it counts as not seen.
const WORLDS_PER_MUTANT: u64 = 60;

#[test]
fn every_broken_dispatcher_is_caught_by_the_rule_that_it_breaks() {
    for fault in Fault::ALL {
        let mutant = |settings, seed| Mutant::new(fault, settings, seed);
        let caught = (0..WORLDS_PER_MUTANT).find_map(|seed| {
            let ended = run(&Recipe::of(seed), false, fault.breaks(), mutant);
            ended.broken.first().map(|broken| (seed, broken.clone()))
        });
        let (seed, broken) =
            caught.unwrap_or_else(|| panic!("{fault:?} lived in {WORLDS_PER_MUTANT} worlds"));
        println!("{fault:?}: world {seed}: {broken}");
    }
}

/// Q9: "if every dial is confirmed in the predicted time, converting any subset of waiting callers does not change the order
/// of service".
#[test]
fn with_every_dial_confirmed_in_time_callbacks_never_change_the_order_of_service() {
    let mut converted = 0;
    for seed in seeds(SEEDS) {
        let with = Recipe { callers: recipe(seed).callers, ..Recipe::foreseen(seed) };
        let mut without = with.clone();
        without.without.insert(Part::Callbacks);
        let (called, plain) = (play(&with, false), play(&without, false));
        for ended in [&called, &plain] {
            assert!(ended.broken.is_empty(), "seed {seed}: {:?}", ended.broken);
        }
        if called.served != plain.served {
            let differs = |recipe: &Recipe| {
                let plain = Recipe { without: &recipe.without | &[Part::Callbacks].into(), ..recipe.clone() };
                play(recipe, false).served != play(&plain, false).served
            };
            let least = shrink(&with, differs);
            let called = play(&least, true);
            let trace = called.trace.join("\n");
            panic!("\n{trace}\nseed {seed}, {} callers: {:?}", least.callers, called.served);
        }
        converted += called.seen.confirmed;
    }
    println!("{converted} callers were called back");
    assert!(converted >= seeds(SEEDS).end - seeds(SEEDS).start, "worlds without callbacks: {converted}");
}

fn play(recipe: &Recipe, traced: bool) -> Ended {
    run(recipe, traced, &[], Dispatcher::new)
}

#[test]
fn a_world_is_the_same_every_time() {
    let play = |traced| run(&Recipe::of(3), traced, &[], Dispatcher::new);
    assert_eq!(play(false).seen, play(true).seen);
    assert_eq!(play(true).trace, play(true).trace);
}

#[test]
fn a_failing_world_is_made_smaller() {
    let fails = |recipe: &Recipe| recipe.callers >= 37 && !recipe.without.contains(&Part::Races);
    let least = shrink(&Recipe::of(1), fails);
    assert_eq!(least.callers, 37);
    let rest: BTreeSet<Part> = Part::ALL.into_iter().filter(|part| *part != Part::Races).collect();
    assert_eq!(least.without, rest);
    assert!(command(&least).contains("HOTLINE_SEED=1 HOTLINE_CALLERS=37 HOTLINE_WITHOUT=breaks,"));
}
