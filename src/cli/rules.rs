//! `hotline caller-rule list|set|remove`: whom the door of the running server turns away or leads elsewhere (rule Q14),
//! effective with the next call. The rules of config.yaml hold beside them, after them.
use super::{Common, Done, Exit, Failure, installation};
use crate::web::client::{self, ClientError};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub enum RuleCommand {
    /// The rules that people set, with their reasons
    List {
        #[arg(long)]
        json: bool,
    },
    /// For a number, or a prefix ending in `*`
    Set {
        number: String,
        /// reject, standard (never more than the standard class), or flow:NAME
        action: String,
        /// A moment like 2027-01-01T00:00:00+03:00; without it the rule holds until it is removed
        #[arg(long)]
        until: Option<String>,
        #[arg(long)]
        reason: String,
    },
    /// Take a rule back
    Remove { number: String },
}

pub fn rules(common: &Common, command: RuleCommand) -> Done {
    let socket = installation::load(common)?.socket_path();
    let route = |number: &str| format!("/api/v1/caller-rules/{number}");
    super::runtime()?.block_on(async {
        match command {
            RuleCommand::List { json } => {
                let rules = client::get(&socket, "/api/v1/caller-rules").await.map_err(refused)?;
                if json {
                    println!("{rules:#}");
                }
                for rule in rules.as_array().into_iter().flatten().filter(|_| !json) {
                    let text = |key: &str| rule[key].as_str().unwrap_or("-").to_string();
                    let action = match &rule["action"] {
                        Value::String(action) => action.clone(),
                        action => format!("flow:{}", action["flow"].as_str().unwrap_or_default()),
                    };
                    println!(
                        "{}\t{action}\t{}\t{}\t{}",
                        text("number"),
                        text("until"),
                        text("by"),
                        text("reason")
                    );
                }
            }
            RuleCommand::Set { number, action, until, reason } => {
                let action = match action.strip_prefix("flow:") {
                    Some(flow) => json!({ "flow": flow }),
                    None => json!(action),
                };
                let body = json!({ "action": action, "until": until, "reason": reason });
                client::put(&socket, &route(&number), &body).await.map_err(refused)?;
            }
            RuleCommand::Remove { number } => {
                client::delete(&socket, &route(&number)).await.map_err(refused)?;
            }
        }
        Ok(Exit::Ok)
    })
}

fn refused(error: ClientError) -> Failure {
    let exit = match error {
        ClientError::Refused { .. } => Exit::Usage,
        _ => Exit::CannotConnect,
    };
    Failure::new(exit, error)
}
