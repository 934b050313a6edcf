//! `hotline sim`: how many operators are needed? The production machines in virtual time, with people drawn by chance.
use super::{Common, Done, Exit, Failure, installation};
use crate::media::durations::Durations;
use crate::queue::PoolSettings;
use crate::say::Language;
use crate::sim::population::{Breaks, Profile, Shape};
use crate::sim::{Faults, Figures, House, Ledger, Plan, bare, day, grid, plot, report};
use crate::switchboard;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Nobody simulates longer or larger than this by intent.
const DAYS_MAX: f64 = 366.0;
const OPERATORS_MAX: u32 = 2_000;
const SEEDS_MAX: u64 = 10_000;

const LONG: &str = "\
Runs the production Switchboard (dispatcher, calls, the shipped flow) in virtual time with a population of callers and
operators, and prints what each class of callers got. The same seed gives the same day.

LOAD. --load is first calls per second × (--handling + the mean of --pick-up) ÷ operators. --handling is talk and wrap-up
together, of which --wrap-up is always that long. Not in it, and so on top of it: rings that nobody answers, second phones
for Priority, breaks, redials; callers who hang up take load away. \"operators busy\" shows what it came to.
Callers wait from the end of the menu until the operator can be heard: pick-up and the whisper to the operator count.";

const EXAMPLES: &str = "\
Examples:
  hotline sim                                    a day of 20 operators at load 0.95
  hotline sim --load 1.05 --compare              beside the same day without holding operators back
  hotline sim --operators 42 --profile day --plot day.svg
  hotline sim --erlang --hours 8 --seeds 10      with Erlang C and Erlang A for the same load
  hotline sim --grid                             the table of docs/capacity.md";

#[derive(Args)]
#[command(long_about = LONG, after_help = EXAMPLES)]
pub struct SimArgs {
    /// Days to simulate, after half an hour that is not counted
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    days: f64,
    /// Hours to simulate, instead of days
    #[arg(long, value_name = "H", conflicts_with = "days")]
    hours: Option<f64>,
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Runs with the seeds S, S+1, …, added up
    #[arg(long, default_value_t = 1, value_name = "K")]
    seeds: u64,
    /// Operators on duty, all of whom serve all queues of the pool
    #[arg(long, default_value_t = 20, value_name = "N")]
    operators: u32,
    /// First calls per second × (handling + mean pick-up) ÷ operators, in the busiest hour
    #[arg(long, default_value_t = 0.95, value_name = "X")]
    load: f64,
    /// Load by hour: flat, day (a round-the-clock hotline), or up to 24 shares of the busiest hour: 0.2,0.5,1
    #[arg(long, default_value = "flat", value_name = "P", value_parser = profile)]
    profile: Profile,
    /// Share of Priority callers: 0.1 or 10%
    #[arg(long, default_value = "10%", value_name = "P", value_parser = share)]
    priority_share: f64,
    /// Share of callers who go to the security queue
    #[arg(long, default_value = "5%", value_name = "P", value_parser = share)]
    security_share: f64,
    /// Mean of talk and wrap-up together
    #[arg(long, default_value = "240s", value_name = "T", value_parser = duration)]
    handling: Duration,
    /// Talks are spread like this around their mean
    #[arg(long, value_enum, default_value_t = Spread::Exponential)]
    spread: Spread,
    /// Of --handling: how long every wrap-up lasts
    #[arg(long, default_value = "30s", value_name = "T", value_parser = duration)]
    wrap_up: Duration,
    /// From the first ring to picking up, evenly spread
    #[arg(long, default_value = "2s-6s", value_name = "T-T", value_parser = range)]
    pick_up: (Duration, Duration),
    /// Share of the rings that nobody answers
    #[arg(long, default_value = "0.05", value_name = "P", value_parser = share)]
    no_answer: f64,
    /// Mean time until a waiting caller hangs up (exponential), or never
    #[arg(long, default_value = "300s", value_name = "T", value_parser = patience)]
    patience: Patience,
    /// Share of those who hung up who call again within two minutes
    #[arg(long, default_value = "0", value_name = "P", value_parser = share)]
    redial: f64,
    /// Breaks of each operator: every 2h for 10m is 2h/10m
    #[arg(long, value_name = "T/T", value_parser = breaks)]
    breaks: Option<Breaks>,
    /// Most operators held back for Priority: auto (the pool's reserve_max, or 15 % of those on duty), 0 or a number
    #[arg(long, default_value = "auto", value_name = "N", value_parser = reserve)]
    reserve: Reserve,
    /// A slow store and a network that loses and delays phones' answers
    #[arg(long)]
    faults: bool,
    /// The dispatcher alone, without calls and flows: ten times as fast, nearly the same figures
    #[arg(long, conflicts_with = "faults")]
    bare: bool,
    /// Beside it the same callers without holding operators back
    #[arg(long)]
    compare: bool,
    /// Beside it what Erlang C and Erlang A say of the same load
    #[arg(long)]
    erlang: bool,
    /// A table: 5, 20, 100 operators × 5, 10, 30 % Priority × loads 0.85, 0.95, 1.05
    #[arg(long, conflicts_with_all = ["plot", "compare", "faults"])]
    grid: bool,
    /// Draw how many waited, and how long, over the day
    #[arg(long, value_name = "F.svg")]
    plot: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Spread {
    Exponential,
    Lognormal,
}

#[derive(Clone, Copy)]
enum Patience {
    Mean(Duration),
    Endless,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reserve {
    Auto,
    AtMost(u32),
}

pub fn sim(common: &Common, args: SimArgs) -> Done {
    let plan = args.plan()?;
    let stage = Stage::load(common)?;
    if args.grid {
        let rows = stage.grid(&plan);
        match args.json {
            true => println!("{:#}", serde_json::json!({ "plan": plan, "rows": rows })),
            false => print!("{}", grid::table(&rows)),
        }
        return Ok(Exit::Ok);
    }
    let with = stage.run_all(&plan, &args, "");
    let without = args
        .compare
        .then(|| stage.run_all(&Plan { reserve: Some(0), ..plan.clone() }, &args, "without holding back, "));
    if let Some(path) = &args.plot {
        let title: Vec<String> = report::heading(&plan, args.seeds).lines().map(str::to_string).collect();
        let drawing = plot::svg(&title, &with.curves(), without.as_ref().map(Ledger::curves).as_ref());
        std::fs::write(path, drawing)
            .map_err(|error| Failure::new(Exit::Usage, format!("--plot {}: {error}", path.display())))?;
    }
    let figures = with.figures();
    let compared = without.as_ref().map(Ledger::figures);
    if args.json {
        let value = serde_json::json!({ "plan": plan, "figures": figures, "without_reserve": compared });
        println!("{value:#}");
    } else {
        print!("{}", text(&plan, args.seeds, &figures, compared.as_ref(), args.erlang));
    }
    Ok(Exit::Ok)
}

fn text(plan: &Plan, seeds: u64, with: &Figures, without: Option<&Figures>, erlang: bool) -> String {
    let mut text = report::heading(plan, seeds);
    text.push('\n');
    text.push_str(&report::table(with));
    if let Some(without) = without {
        text.push_str("\nwithout holding anybody back:\n");
        text.push_str(&report::table(without));
        text.push('\n');
        text.push_str(&report::price(with, without));
    }
    if erlang {
        text.push('\n');
        text.push_str(&report::formulas(plan));
    }
    text
}

/// What every run needs of the installation.
struct Stage {
    settings: switchboard::Settings,
    flows: Arc<crate::flow::FlowSet>,
    prompts: Arc<Durations>,
    /// The wallet's queue's pool.
    pool: PoolSettings,
    whisper: Duration,
}

impl Stage {
    fn load(common: &Common) -> Result<Stage, Failure> {
        let installation = installation::load(common)?;
        let flows = installation.flows(None)?;
        let settings = installation.switchboard_settings();
        let pool = settings.pools.iter().find(|pool| pool.queues.contains_key(day::QUEUE)).cloned();
        let pool = pool.ok_or_else(|| {
            let missing =
                format!("expected a queue `{}`, to which the shipped line leads; there is none", day::QUEUE);
            Failure::new(Exit::BadConfiguration, missing)
        })?;
        let prompts = Durations::load(&installation.config.prompts.dir);
        let whisper = prompts.of(Language::Ru, &"whisper_wallet".into());
        Ok(Stage { settings, flows: Arc::new(flows), prompts: Arc::new(prompts), pool, whisper })
    }

    fn house(&self) -> House {
        let prompts = self.prompts.clone();
        House {
            settings: self.settings.clone(),
            flows: self.flows.clone(),
            lasts: Box::new(move |language, prompt| prompts.of(language, prompt)),
        }
    }

    /// All seeds of a plan, added up.
    fn run_all(&self, plan: &Plan, args: &SimArgs, what: &str) -> Ledger {
        let runs = spread(args.seeds, |n| {
            let plan = Plan { seed: plan.seed + n, ..plan.clone() };
            if args.bare {
                return bare::run(self.pool.clone(), &plan, self.whisper);
            }
            let faults = if args.faults { Faults::some(plan.seed) } else { Faults::none(plan.seed) };
            day::run(self.house(), &plan, faults, progress(format!("{what}seed {}", plan.seed)))
        });
        let mut all = Ledger::default();
        for run in runs {
            all.add(run);
        }
        all
    }

    fn grid(&self, base: &Plan) -> Vec<grid::Row> {
        let situations = grid::situations(base);
        let done = AtomicU64::new(0);
        spread(situations.len() as u64, |n| {
            let row = grid::run(&situations[n as usize], &self.pool, self.whisper);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            say_progress(&format!("{done} of {}", situations.len()), done == situations.len() as u64);
            row
        })
    }
}

/// Does something for 0, 1, … `count` − 1 on all cores; what came of it, in that order.
fn spread<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let results = Mutex::new(BTreeMap::new());
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    let result = work(n);
                    results.lock().unwrap_or_else(PoisonError::into_inner).insert(n, result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn progress(what: String) -> impl FnMut(f64) {
    move |done| say_progress(&format!("{what}: {:.0} %", done * 100.0), done >= 1.0)
}

/// A line on a terminal's stderr, overwritten until it is the last.
fn say_progress(what: &str, last: bool) {
    if std::io::stderr().is_terminal() {
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\r\x1b[K{}", if last { "" } else { what });
        let _ = stderr.flush();
    }
}

impl SimArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let usage = |message: String| Failure::new(Exit::Usage, message);
        let days = self.hours.map_or(self.days, |hours| hours / 24.0);
        if !(days > 0.0 && days <= DAYS_MAX) {
            return Err(usage(format!("--days {days}: expected more than 0 and at most {DAYS_MAX}")));
        }
        if !(1..=OPERATORS_MAX).contains(&self.operators) {
            return Err(usage(format!("--operators {}: expected 1 to {OPERATORS_MAX}", self.operators)));
        }
        if !(1..=SEEDS_MAX).contains(&self.seeds) {
            return Err(usage(format!("--seeds {}: expected 1 to {SEEDS_MAX}", self.seeds)));
        }
        if !(self.load > 0.0 && self.load <= 10.0) {
            return Err(usage(format!("--load {}: expected more than 0 and at most 10", self.load)));
        }
        if self.priority_share + self.security_share > 1.0 {
            return Err(usage("--priority-share and --security-share: together at most 100 %".to_string()));
        }
        if self.wrap_up >= self.handling {
            let (wrap_up, handling) = (self.wrap_up, self.handling);
            return Err(usage(format!(
                "--wrap-up {wrap_up:?} is a part of --handling {handling:?} and must be shorter"
            )));
        }
        let patience = match self.patience {
            Patience::Mean(mean) => Some(mean),
            Patience::Endless => None,
        };
        Ok(Plan {
            seed: self.seed,
            operators: self.operators,
            load: self.load,
            profile: self.profile.clone(),
            length: Duration::from_secs_f64(days * 86_400.0),
            priority_share: self.priority_share,
            security_share: self.security_share,
            handling: self.handling,
            shape: match self.spread {
                Spread::Exponential => Shape::Exponential,
                Spread::Lognormal => Shape::Lognormal,
            },
            wrap_up: self.wrap_up,
            pick_up: self.pick_up,
            no_answer: self.no_answer,
            patience,
            redial: self.redial,
            breaks: self.breaks,
            reserve: match self.reserve {
                Reserve::Auto => None,
                Reserve::AtMost(most) => Some(most),
            },
            ..Plan::default()
        })
    }
}

// What people write after the options.

fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map(|number| number * unit).unwrap_or(f64::NAN);
    match (0.0..=1.0).contains(&share) {
        true => Ok(share),
        false => Err("expected a share, like 0.1 or 10%".to_string()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let seconds = units.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?.parse::<f64>().ok()?;
        Some(number * seconds)
    });
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a time with its unit, like 240s, 1500ms or 4m".to_string())
}

fn range(text: &str) -> Result<(Duration, Duration), String> {
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    let (least, most) = (duration(least)?, duration(most)?);
    match least <= most {
        true => Ok((least, most)),
        false => Err("expected the shorter time first, like 2s-6s".to_string()),
    }
}

fn patience(text: &str) -> Result<Patience, String> {
    match text {
        "never" => Ok(Patience::Endless),
        text => match duration(text)? {
            Duration::ZERO => Err("expected more than 0, or never".to_string()),
            mean => Ok(Patience::Mean(mean)),
        },
    }
}

fn breaks(text: &str) -> Result<Breaks, String> {
    let expected = || "expected how often and how long, like 2h/10m".to_string();
    let (every, last) = text.split_once('/').ok_or_else(expected)?;
    let (every, last) = (duration(every)?, duration(last)?);
    if every.is_zero() || last.is_zero() {
        return Err(expected());
    }
    Ok(Breaks { every, last })
}

fn profile(text: &str) -> Result<Profile, String> {
    match text {
        "flat" => return Ok(Profile::flat()),
        "day" => return Ok(Profile::day()),
        _ => {}
    }
    let shares: Result<Vec<f64>, _> = text.split(',').map(|share| f64::from_str(share.trim())).collect();
    match shares {
        Ok(shares) if shares.len() <= 24 && shares.iter().all(|share| (0.0..=1.0).contains(share)) => {
            Ok(Profile(shares))
        }
        _ => Err("expected flat, day, or up to 24 numbers from 0 to 1, like 0.2,0.5,1".to_string()),
    }
}

fn reserve(text: &str) -> Result<Reserve, String> {
    match text {
        "auto" => Ok(Reserve::Auto),
        text => text.parse().map(Reserve::AtMost).map_err(|_| "expected auto, 0 or a number".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        assert_eq!(share("10%"), Ok(0.1));
        assert_eq!(share("0.05"), Ok(0.05));
        assert!(share("10").is_err());
        assert_eq!(duration("240s"), Ok(Duration::from_secs(240)));
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        assert!(duration("240").is_err());
        assert_eq!(range("2s-6s"), Ok((Duration::from_secs(2), Duration::from_secs(6))));
        assert!(range("6s-2s").is_err());
        assert_eq!(reserve("auto"), Ok(Reserve::Auto));
        assert_eq!(reserve("2"), Ok(Reserve::AtMost(2)));
        assert!(profile("1,2").is_err());
        assert_eq!(profile("0.5,1"), Ok(Profile(vec![0.5, 1.0])));
    }
}
