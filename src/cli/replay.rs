//! `hotline replay CALL-ID`: the call once more, from the journal, input by input.
use super::data::{Opening, with_store};
use super::{Common, Done, Exit, Failure};
use crate::call::Keep;
use crate::ids::CallId;
use crate::machine::Wall;
use crate::server::replay::{self, Error, Moment};
use crate::switchboard::{Action, Happened};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Args)]
pub struct ReplayArgs {
    /// The call, as in `GET /api/v1/calls` and in the log
    #[arg(value_name = "CALL-ID", required_unless_present = "all")]
    call: Option<String>,
    /// Re-run everything in the journal, and only say whether it comes to the same
    #[arg(long, conflicts_with = "call")]
    all: bool,
    #[arg(long)]
    json: bool,
}

pub fn replay(common: &Common, args: ReplayArgs) -> Done {
    let id = match &args.call {
        Some(text) => Some(CallId::parse(text).ok_or_else(|| {
            let message = format!(
                "{text}: expected a call id of 13 letters and digits, as `GET /api/v1/calls` shows it"
            );
            Failure::new(Exit::Usage, message)
        })?),
        None => None,
    };
    with_store(common, Opening::AsItIs, async |_, store| {
        let Some(id) = id else {
            let extent = replay::everything(&store).await.map_err(failure)?;
            match args.json {
                true => println!(
                    "{}",
                    json!({"snapshots": extent.snapshots, "inputs": extent.inputs, "divergences": 0})
                ),
                false => {
                    println!("{} inputs from {} snapshots: no divergence", extent.inputs, extent.snapshots)
                }
            }
            return Ok(Exit::Ok);
        };
        let (moments, extent) = replay::call(&store, id).await.map_err(failure)?;
        let begun = moments.first().map_or(Wall(0), |moment| moment.now.wall);
        if args.json {
            let steps: Vec<Value> = moments.iter().map(|moment| as_json(moment, id)).collect();
            println!(
                "{}",
                json!({"call": id.to_string(), "inputs": extent.inputs, "divergences": 0, "steps": steps})
            );
            return Ok(Exit::Ok);
        }
        for moment in &moments {
            let after = moment.now.wall.as_millis() - begun.as_millis();
            println!("+{:>9.3} s  #{:<8} {}", after as f64 / 1000.0, moment.seq, input(moment));
            for decision in decisions(moment, id) {
                println!("{:27}→ {decision}", "");
            }
        }
        println!("{} of {} inputs had to do with the call: no divergence", moments.len(), extent.inputs);
        Ok(Exit::Ok)
    })
}

fn failure(error: Error) -> Failure {
    let exit = match &error {
        Error::Store(_) => Exit::CannotConnect,
        Error::NoSuchCall(_) => Exit::Usage,
        Error::Fault(_) | Error::NoSnapshot(_) => Exit::Findings,
    };
    Failure::new(exit, error)
}

fn as_json(moment: &Moment, id: CallId) -> Value {
    json!({
        "seq": moment.seq,
        "at": moment.now.wall.as_millis(),
        "input": input(moment),
        "decisions": decisions(moment, id),
    })
}

/// `sip.incoming`, `leg.digit`, `store.found`, `tick`: the kind, and of whom; never what was typed.
fn input(moment: &Moment) -> String {
    let name = name(&moment.step.event);
    match moment.step.call {
        Some(_) => name,
        None => format!("{name} (not of this call)"),
    }
}

/// What was done for the call.
fn decisions(moment: &Moment, id: CallId) -> Vec<String> {
    let own = moment.step.call == Some(id);
    let mut lines = Vec::new();
    for action in &moment.step.actions {
        match action {
            Action::Keep(Keep::Event(event)) if event.call == id => {
                let detail: Vec<String> =
                    event.detail.iter().map(|(name, value)| format!("{name}={value}")).collect();
                lines.push(format!("{} {}", event.kind, detail.join(" ")).trim_end().to_string());
            }
            // The story above says it in the same words.
            Action::Keep(_) => {}
            Action::Happened(Happened::OperatorChanged { operator, state }) if own => {
                lines.push(format!("operator {operator} is {state}"))
            }
            Action::Happened(_) | Action::Alert(_) => {}
            action if own => lines.push(name(action)),
            _ => {}
        }
    }
    lines
}

/// The names of the variants, as they are written: `leg.play`.
fn name(value: &impl Serialize) -> String {
    let mut path = Vec::new();
    let mut at = serde_json::to_value(value).unwrap_or(Value::Null);
    while path.len() < 2 {
        match at {
            Value::String(name) => {
                path.push(name);
                break;
            }
            // `{"leg": {"shard": 0, "command": {"play": …}}}`
            Value::Object(map) if map.contains_key("command") => at = map["command"].clone(),
            Value::Object(map) => match map.into_iter().next() {
                Some((name, inner)) => {
                    path.push(name);
                    at = inner;
                }
                None => break,
            },
            _ => break,
        }
    }
    path.join(".")
}
