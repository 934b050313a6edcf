//! `hotline flows …` and `hotline graph`: the flows in force on a running server, and how a flow looks.
use super::{Common, Done, Exit, Failure, installation};
use crate::say::Language;
use crate::server::flows::picture;
use crate::web::GraphFormat;
use crate::web::client::{self, ClientError};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::Path;

#[derive(Subcommand)]
pub enum FlowsCommand {
    /// The flows in force and the versions before them
    List {
        #[arg(long)]
        json: bool,
    },
    /// Read the files again: all are checked first, and nothing changes when one has an error
    Reload,
    /// Back to the version before, or to this one
    Rollback {
        /// A hash of `hotline flows list`
        to: Option<String>,
        /// Why, for the audit trail
        #[arg(long, default_value = "from the command line")]
        reason: String,
    },
    /// An arm of a split takes nobody from now on: the others share its callers
    Withdraw(ArmArgs),
    /// An arm of a split is back, whoever took it out
    Restore(ArmArgs),
    /// What changed in a flow between two versions; by default since the version before
    Diff {
        flow: String,
        /// A hash, or `files` for the files on the disk
        #[arg(long)]
        from: Option<String>,
        #[arg(long)]
        to: Option<String>,
    },
}

#[derive(Args)]
pub struct ArmArgs {
    /// FLOW/STEP/ARM, as `hotline flows list` shows it
    arm: String,
    /// Why, for the audit trail
    #[arg(long, default_value = "from the command line")]
    reason: String,
}

pub fn flows(common: &Common, command: FlowsCommand) -> Done {
    let socket = installation::load(common)?.socket_path();
    super::runtime()?.block_on(async {
        match command {
            FlowsCommand::List { json } => list(&socket, json).await,
            FlowsCommand::Reload => changed(client::post(&socket, "/api/v1/flows/reload", &json!({})).await),
            FlowsCommand::Rollback { to, reason } => {
                let body = json!({ "to": to, "reason": reason });
                changed(client::post(&socket, "/api/v1/flows/rollback", &body).await)
            }
            FlowsCommand::Withdraw(args) => set_arm(&socket, args, true).await,
            FlowsCommand::Restore(args) => set_arm(&socket, args, false).await,
            FlowsCommand::Diff { flow, from, to } => {
                let asked: Vec<String> = [("from", from), ("to", to)]
                    .into_iter()
                    .filter_map(|(key, version)| Some(format!("{key}={}", version?)))
                    .collect();
                let route = format!("/api/v1/flows/{flow}/diff?{}", asked.join("&"));
                let text = client::get(&socket, &route).await.map_err(refused)?;
                print!("{}", text.as_str().unwrap_or_default());
                Ok(Exit::Ok)
            }
        }
    })
}

async fn set_arm(socket: &Path, args: ArmArgs, withdrawn: bool) -> Done {
    let [flow, step, arm] = args.arm.split('/').collect::<Vec<_>>()[..] else {
        let message = format!("expected FLOW/STEP/ARM, got `{}`; `hotline flows list` shows them", args.arm);
        return Err(Failure::new(Exit::Usage, message));
    };
    let route = format!("/api/v1/flows/{flow}/arms/{step}/{arm}");
    let body = json!({ "withdrawn": withdrawn, "reason": args.reason });
    client::put(socket, &route, &body).await.map_err(refused)?;
    println!("{} {}", args.arm, if withdrawn { "takes nobody" } else { "takes callers again" });
    Ok(Exit::Ok)
}

async fn list(socket: &Path, as_json: bool) -> Done {
    let list = client::get(socket, "/api/v1/flows").await.map_err(refused)?;
    if as_json {
        println!("{list:#}");
        return Ok(Exit::Ok);
    }
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_string();
    println!("in force: {} since {}", text(&list, "current"), text(&list, "loaded_at"));
    for flow in list["flows"].as_array().into_iter().flatten() {
        let number = flow["number"].as_str().unwrap_or("sub-flow");
        let way = match (&flow["worst_case"]["seconds"], &flow["worst_case"]["keys"]) {
            (Value::Null, _) => String::new(),
            (seconds, keys) => format!(", a person within {seconds} s and {keys} keys"),
        };
        let (name, file) = (text(flow, "name"), text(flow, "file"));
        println!("  {name} ({number}): {file}, {} steps{way}", flow["steps"]);
    }
    let arms = list["arms"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !arms.is_empty() {
        println!("arms of splits:");
    }
    for arm in arms {
        let share = |key: &str| {
            arm[key].as_f64().map_or("–".to_string(), |share| format!("{:.0} %", share * 100.0))
        };
        let person = arm["to_person_s"].as_f64().map_or("–".to_string(), |s| format!("{s:.0} s"));
        let (flow, step, name) = (text(arm, "flow"), text(arm, "step"), text(arm, "arm"));
        let (gave_up, wrong) = (share("gave_up"), share("wrong_keys"));
        println!(
            "  {flow}/{step}/{name}: {} calls, gave up {gave_up}, wrong keys {wrong}, to a person {person}",
            arm["calls"]
        );
        if let Value::Object(withdrawn) = &arm["withdrawn"] {
            let word = |key: &str| withdrawn[key].as_str().unwrap_or_default();
            println!("    withdrawn by {}: {}", word("by"), word("reason"));
        }
    }
    println!("versions:");
    for version in list["versions"].as_array().into_iter().flatten() {
        let changed: Vec<&str> =
            version["flows_changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (hash, at, by) = (text(version, "hash"), text(version, "loaded_at"), text(version, "by"));
        println!("  {hash}  {at}  by {by}: {}", changed.join(", "));
    }
    if let Value::Object(failed) = &list["failed"] {
        println!("the last reload, at {}, was refused:", failed["at"].as_str().unwrap_or_default());
        for finding in failed["findings"].as_array().into_iter().flatten() {
            let (file, message, fix) =
                (text(finding, "file"), text(finding, "message"), text(finding, "fix"));
            println!("  {file}:{}:{}: {message}; {fix}", finding["line"], finding["column"]);
        }
        return Ok(Exit::Findings);
    }
    Ok(Exit::Ok)
}

fn changed(answer: Result<Value, ClientError>) -> Done {
    let answer = answer.map_err(refused)?;
    let changed: Vec<&str> =
        answer["changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let hash = answer["hash"].as_str().unwrap_or_default();
    match changed.as_slice() {
        [] => println!("{hash}: nothing has changed"),
        changed => println!("{hash}: changed {}; running calls keep theirs", changed.join(", ")),
    }
    Ok(Exit::Ok)
}

fn refused(error: ClientError) -> Failure {
    let exit = match error {
        ClientError::Refused { .. } => Exit::Findings,
        _ => Exit::CannotConnect,
    };
    Failure::new(exit, error)
}

#[derive(Args)]
pub struct GraphArgs {
    /// The flow's name, as after `flow:` in its file
    flow: String,
    #[arg(long, value_enum, default_value_t = Shape::Svg)]
    format: Shape,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    Svg,
    Mermaid,
    Dot,
}

pub fn graph(common: &Common, args: GraphArgs) -> Done {
    let installation = installation::load(common)?;
    let set = installation.flows(None)?;
    let language = set.flow_named(&args.flow.as_str().into()).and_then(|flow| flow.language);
    let texts = installation::texts(&installation.config, language.unwrap_or(Language::Ru));
    let format = match args.format {
        Shape::Svg => GraphFormat::Svg,
        Shape::Mermaid => GraphFormat::Mermaid,
        Shape::Dot => GraphFormat::Dot,
    };
    let text = picture(&set, &args.flow, format, &texts).ok_or_else(|| {
        let known: Vec<String> = set.flows().map(|flow| flow.name.to_string()).collect();
        Failure::new(Exit::Usage, format!("no flow `{}`; there are: {}", args.flow, known.join(", ")))
    })?;
    print!("{text}");
    Ok(Exit::Ok)
}
