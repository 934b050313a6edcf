//! `hotline walk`: a call in the terminal. Texts are shown instead of heard, keys are typed, time is skipped; what runs is
//! the production Switchboard in a world of virtual time.
use super::{Common, Done, Exit, Failure, installation};
use crate::clock::{self, Clock};
use crate::digit::Digit;
use crate::ids::LegId;
use crate::machine::{Instant, Now};
use crate::media::durations::Durations;
use crate::prompts::Catalogue;
use crate::queue::{Exit as QueueExit, OperatorSettings};
use crate::say::{Language, Piece};
use crate::sim::{Behaviour, Heard, World};
use crate::switchboard::Switchboard;
use clap::Args;
use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// A walk ends by itself after this much virtual time.
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Args)]
pub struct WalkArgs {
    /// The flow's name (`qiwi-hotline`) or its number
    flow: String,
    /// The caller's number
    #[arg(long, value_name = "NUMBER", default_value = "79991112233")]
    from: String,
    /// When the call comes, `2026-11-22T23:10`; now by default
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Keys in their order, `1,2,hash`; `w3` waits three seconds. Without it keys are asked for
    #[arg(long, value_name = "KEYS")]
    keys: Option<String>,
    /// Operators of each pool who are signed in and answer after two seconds
    #[arg(long, default_value_t = 1)]
    operators: usize,
    /// The caller's class: priority or standard
    #[arg(long, default_value = "standard")]
    class: String,
}

enum Move {
    Press(Digit),
    Wait(Duration),
    HangUp,
}

pub fn walk(common: &Common, args: WalkArgs) -> Done {
    let installation = installation::load(common)?;
    let flows = installation.flows(None)?;
    let line = flows
        .lines()
        .find(|line| line.flow.as_str() == args.flow)
        .or_else(|| crate::number::Number::parse(&args.flow).and_then(|number| flows.line(&number)))
        .ok_or_else(|| {
            let known: Vec<&str> = flows.lines().map(|line| line.flow.as_str()).collect();
            Failure::new(
                Exit::Usage,
                format!("no line is called `{}`; there are: {}", args.flow, known.join(", ")),
            )
        })?;
    let number = line.number.to_string();
    let zone = installation.zone();
    let wall = match &args.at {
        Some(text) => clock::parse(text, &zone).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("--at {text}: expected a time like 2026-11-22T23:10"))
        })?,
        None => Clock::wall(),
    };
    let mut keys = match &args.keys {
        Some(text) => Some(parse_keys(text).map_err(|error| Failure::new(Exit::Usage, error))?),
        None => None,
    };
    let mut settings = installation.switchboard_settings();
    // An installation without operators has somebody to meet in a walk nevertheless.
    for pool in settings.pools.iter_mut().filter(|pool| pool.operators.is_empty()) {
        let queues = pool.queues.keys().cloned().collect();
        let operator = OperatorSettings { name: "somebody".into(), queues, ..OperatorSettings::default() };
        pool.operators.insert(format!("{}-1", pool.name).as_str().into(), operator);
    }
    let operators: Vec<String> = settings
        .pools
        .iter()
        .flat_map(|pool| pool.operators.keys().take(args.operators).map(|operator| operator.to_string()))
        .collect();
    let switchboard = Switchboard::new(settings, Arc::new(flows), 1);
    let mut world = World::new(switchboard, Now { mono: Instant::from_nanos(1), wall });
    let prompts = Durations::load(&installation.config.prompts.dir);
    world.lasts = Box::new(move |language, prompt| prompts.of(language, prompt));
    world.library = installation.library(&args.from, &args.class)?;
    for operator in operators {
        world.register(&operator, Behaviour { talks: Some(Duration::from_secs(20)), ..Behaviour::default() });
    }
    let catalogue = installation.catalogue()?;
    let leg = world.dial(&args.from, &number, IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut typed = VecDeque::new();
    let mut walk = Walk { catalogue, leg, shown: 0, from: world.now.mono, ended: false };
    let until = world.now.mono + LONGEST;
    while !walk.ended && world.now.mono < until {
        let busy = !world.is_idle();
        if busy && world.step(until) {
            walk.show(&world);
            continue;
        }
        walk.show(&world);
        if walk.ended {
            break;
        }
        match typed.pop_front().or_else(|| next_move(&mut keys, &mut typed)) {
            Some(Move::Press(digit)) => {
                walk.line(world.now.mono, &format!("key {digit}"));
                world.press(leg, digit);
            }
            Some(Move::Wait(time)) => world.run(time),
            Some(Move::HangUp) => {
                walk.line(world.now.mono, "you hang up");
                world.hang_up(leg);
                world.run(Duration::from_secs(1));
            }
            None => {
                if !world.step(until) {
                    break;
                }
            }
        }
        walk.show(&world);
    }
    Ok(Exit::Ok)
}

struct Walk {
    catalogue: Catalogue,
    leg: LegId,
    shown: usize,
    from: Instant,
    ended: bool,
}

impl Walk {
    fn line(&self, at: Instant, text: &str) {
        let _ = writeln!(io::stdout(), "{:>8.1} s  {text}", at.since(self.from).as_secs_f64());
    }

    fn show(&mut self, world: &World) {
        let from = self.shown;
        self.shown = world.log.len();
        for (at, heard) in &world.log[from..] {
            match heard {
                Heard::Step { flow, step } => self.line(*at, &format!("── {flow} / {step}")),
                Heard::Said { leg, language, pieces } if *leg == self.leg => {
                    self.line(*at, &format!("   «{}»", self.text(*language, pieces)));
                }
                Heard::Music { leg } if *leg == self.leg => self.line(*at, "   ♪ music"),
                Heard::Refused { status, .. } => {
                    self.line(*at, &format!("the call is refused: {status}"));
                    self.ended = true;
                }
                Heard::Dialled { operator: Some(operator), .. } => {
                    self.line(*at, &format!("   operator {operator} is called"));
                }
                Heard::Bridged { .. } => self.line(*at, "   you talk with the operator"),
                Heard::Ticket { topic, .. } => self.line(*at, &format!("   a ticket is opened: {topic}")),
                Heard::Notified { to, .. } => self.line(*at, &format!("   a notice is sent to {to}")),
                Heard::Record(record) if record.ended_at.is_some() => {
                    let by = record.hangup_by.map_or("nobody", |by| by.as_str());
                    let cause = record.cause.map_or("", |cause| cause.as_str());
                    self.line(*at, &format!("the call has ended: {cause}, by {by}"));
                    self.ended = true;
                }
                Heard::Happened(crate::call::Happened::Exited { exit, .. }) => {
                    let nobody = *exit == QueueExit::NobodySignedIn.as_str();
                    let hint = if nobody { " (walk with --operators 1 to meet one)" } else { "" };
                    self.line(*at, &format!("   the queue is left: {exit}{hint}"));
                }
                _ => {}
            }
        }
    }

    fn text(&self, language: Language, pieces: &[Piece]) -> String {
        let mut text = String::new();
        for piece in pieces {
            if let Piece::Prompt(name) = piece {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(self.catalogue.text(language, name.as_str()).unwrap_or(name.as_str()));
            }
        }
        text
    }
}

/// The caller's next move: from `--keys`, or asked for on a terminal; `None` lets time pass.
fn next_move(keys: &mut Option<VecDeque<Move>>, typed: &mut VecDeque<Move>) -> Option<Move> {
    if let Some(keys) = keys {
        return keys.pop_front();
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        eprint!("           keys (0-9 * #; Enter: wait; q: hang up) > ");
        let _ = io::stderr().flush();
    }
    let mut line = String::new();
    match stdin.lock().read_line(&mut line) {
        Ok(0) | Err(_) => Some(Move::HangUp),
        Ok(_) => match line.trim() {
            "" => None,
            "q" => Some(Move::HangUp),
            text => {
                typed.extend(text.chars().filter_map(Digit::from_char).map(Move::Press));
                typed.pop_front()
            }
        },
    }
}

fn parse_keys(text: &str) -> Result<VecDeque<Move>, String> {
    let mut moves = VecDeque::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        if let Some(seconds) = word.strip_prefix('w') {
            let seconds: f64 = seconds
                .parse()
                .ok()
                .filter(|seconds| (0.0..=3600.0).contains(seconds))
                .ok_or_else(|| format!("--keys: `{word}` should be w and seconds, like w3"))?;
            moves.push_back(Move::Wait(Duration::from_secs_f64(seconds)));
        } else if let Some(digit) = Digit::from_name(word) {
            moves.push_back(Move::Press(digit));
        } else if !word.is_empty() && word.chars().all(|c| Digit::from_char(c).is_some()) {
            moves.extend(word.chars().filter_map(Digit::from_char).map(Move::Press));
        } else {
            return Err(format!(
                "--keys: `{word}` is no key; keys are 0-9, star, hash, and w3 to wait three seconds"
            ));
        }
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        assert_eq!(parse_keys("1,w3,2,hash").unwrap().len(), 4);
        assert_eq!(parse_keys("1000000001,hash").unwrap().len(), 11);
        assert!(parse_keys("1,x").is_err());
        assert!(parse_keys("wfoo").is_err());
    }
}
