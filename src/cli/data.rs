//! Commands about what is kept: subscribers, payments, agents, operators, users, the database, the configuration.
use super::installation::{self, Installation};
use super::{Common, Done, Exit, Failure, db, import, operator, user};
use crate::clock::Clock;
use crate::queue::SignIn;
use crate::store::accounts::SecretText;
use crate::store::import::Kind;
use crate::store::{self, Role, Shared};
use clap::{Args, Subcommand};
use std::io::Read;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum SubscriberCommand {
    /// Load a CSV file: number,class[,name,email]
    Import { file: PathBuf },
}

#[derive(Subcommand)]
pub enum PaymentCommand {
    /// Load a CSV file: number,terminal,paid_at,amount,status
    Import { file: PathBuf },
}

#[derive(Subcommand)]
pub enum AgentCommand {
    /// Load a CSV file: id[,name,active]
    Import { file: PathBuf },
}

#[derive(Subcommand)]
pub enum OperatorCommand {
    /// Add an operator; a password is made and printed once, unless one is given
    Add {
        id: String,
        #[command(flatten)]
        change: OperatorChange,
    },
    /// Change an operator
    Set {
        id: String,
        #[command(flatten)]
        change: OperatorChange,
    },
    /// All operators
    List {
        #[arg(long)]
        json: bool,
    },
    /// Take an operator out
    Remove { id: String },
}

#[derive(Args)]
pub struct OperatorChange {
    #[arg(long)]
    name: Option<String>,
    /// Queues in the order of preference: wallet,terminals
    #[arg(long, value_delimiter = ',')]
    queues: Option<Vec<String>>,
    #[arg(long, value_delimiter = ',')]
    skills: Option<Vec<String>>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Make a new random password
    #[arg(long, conflicts_with = "password_stdin")]
    new_password: bool,
    /// on_register or manual
    #[arg(long)]
    sign_in: Option<String>,
    #[arg(long)]
    auto_answer: Option<bool>,
    /// A phone that does not register: sip:102@10.0.0.12:5060
    #[arg(long)]
    contact: Option<String>,
}

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a person; a password is made and printed once, unless one is given
    Add {
        name: String,
        #[arg(long, default_value = "viewer")]
        role: String,
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set a password and sign the person out everywhere
    Passwd {
        name: String,
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make a token for a program; it is printed once
    Token {
        #[arg(long, default_value = "api")]
        role: String,
        #[arg(long, default_value = "token")]
        name: String,
    },
    /// Take back every token of a name
    Revoke { name: String },
    /// People and tokens
    List,
    /// Take a person out and sign them out everywhere
    Remove { name: String },
}

#[derive(Subcommand)]
pub enum DbCommand {
    /// Bring the tables up to this version; done at every start too
    Migrate,
    /// Version, size and the database's own check
    Status,
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// What is in force, secrets hidden
    Show {
        #[arg(long)]
        json: bool,
    },
    /// A commented file to begin with
    Init,
}

pub fn subscriber(common: &Common, command: SubscriberCommand) -> Done {
    let SubscriberCommand::Import { file } = command;
    load(common, Kind::Subscribers, file)
}

pub fn payment(common: &Common, command: PaymentCommand) -> Done {
    let PaymentCommand::Import { file } = command;
    load(common, Kind::Payments, file)
}

pub fn agent(common: &Common, command: AgentCommand) -> Done {
    let AgentCommand::Import { file } = command;
    load(common, Kind::Agents, file)
}

fn load(common: &Common, kind: Kind, file: PathBuf) -> Done {
    with_store(common, Opening::Ready, async |installation, store| {
        let count = import::import(&*store, kind, &file, &installation.zone()).await.map_err(findings)?;
        println!("{count} rows loaded");
        Ok(Exit::Ok)
    })
}

pub fn operator(common: &Common, command: OperatorCommand) -> Done {
    let opening = match command {
        OperatorCommand::List { .. } => Opening::AsItIs,
        _ => Opening::Ready,
    };
    with_store(common, opening, async |installation, store| {
        let config = &installation.config;
        match command {
            OperatorCommand::Add { id, change } => {
                let made = operator::add(&*store, config, &id, change_of(change)?).await.map_err(findings)?;
                show_secret(&format!("operator {id}, password"), made);
                eprintln!("a running server takes him in at its next start");
            }
            OperatorCommand::Set { id, change } => {
                let made = operator::set(&*store, config, &id, change_of(change)?).await.map_err(findings)?;
                show_secret(&format!("operator {id}, password"), made);
                eprintln!("a running server takes the change in at its next start");
            }
            OperatorCommand::List { json } => {
                let operators = store.operators().await.map_err(findings)?;
                match json {
                    true => println!("{}", operator::list_json(&operators)),
                    false => print!("{}", operator::list(&operators, config)),
                }
            }
            OperatorCommand::Remove { id } => operator::remove(&*store, &id).await.map_err(findings)?,
        }
        Ok(Exit::Ok)
    })
}

fn change_of(args: OperatorChange) -> Result<operator::Change, Failure> {
    let password = if args.password_stdin {
        operator::Password::Is(from_stdin()?)
    } else if args.new_password {
        operator::Password::Random
    } else {
        operator::Password::Keep
    };
    let sign_in = match args.sign_in.as_deref() {
        None => None,
        Some("on_register") => Some(SignIn::OnRegister),
        Some("manual") => Some(SignIn::Manual),
        Some(other) => {
            return Err(Failure::new(
                Exit::Usage,
                format!("--sign-in {other}: expected on_register or manual"),
            ));
        }
    };
    Ok(operator::Change {
        name: args.name,
        queues: args.queues.map(|queues| queues.into_iter().map(Into::into).collect()),
        skills: args.skills.map(|skills| skills.into_iter().map(Into::into).collect()),
        password,
        sign_in,
        rings_within: None,
        auto_answer: args.auto_answer,
        contact: args.contact,
    })
}

pub fn user(common: &Common, command: UserCommand) -> Done {
    let opening = match command {
        UserCommand::List => Opening::AsItIs,
        _ => Opening::Ready,
    };
    with_store(common, opening, async |_, store| {
        let now = Clock::wall();
        match command {
            UserCommand::Add { name, role, password_stdin } => {
                let given = if password_stdin { Some(from_stdin()?) } else { None };
                let made = user::add(&store, &name, role_of(&role)?, given.as_deref(), now)
                    .await
                    .map_err(findings)?;
                show_secret(&format!("user {name}, password"), made);
            }
            UserCommand::Passwd { name, password_stdin } => {
                let given = if password_stdin { Some(from_stdin()?) } else { None };
                let made = user::passwd(&store, &name, given.as_deref()).await.map_err(findings)?;
                show_secret(&format!("user {name}, password"), made);
            }
            UserCommand::Token { role, name } => {
                let token = user::token(&store, &name, role_of(&role)?, now).await.map_err(findings)?;
                println!("{}", token.reveal());
            }
            UserCommand::Revoke { name } => {
                let count = user::revoke(&store, &name).await.map_err(findings)?;
                println!("{count} tokens taken back");
            }
            UserCommand::List => print!("{}", user::list(&store, now).await.map_err(findings)?),
            UserCommand::Remove { name } => user::remove(&store, &name).await.map_err(findings)?,
        }
        Ok(Exit::Ok)
    })
}

pub fn db(common: &Common, command: DbCommand) -> Done {
    let opening = match command {
        DbCommand::Migrate => Opening::Ready,
        DbCommand::Status => Opening::AsItIs,
    };
    with_store(common, opening, async |_, store| {
        match command {
            // Opening the store did it.
            DbCommand::Migrate => eprintln!("the tables are up to date"),
            DbCommand::Status => {
                let found = store.integrity().await.map_err(findings)?;
                let status = store.status().await.map_err(findings)?;
                print!("{}", db::status(&status, &found));
                if !found.is_empty() {
                    return Ok(Exit::Findings);
                }
            }
        }
        Ok(Exit::Ok)
    })
}

pub fn config(common: &Common, command: ConfigCommand) -> Done {
    match command {
        ConfigCommand::Show { json } => {
            let config = installation::load(common)?.config;
            match json {
                true => println!("{}", crate::config::show_json(&config)),
                false => print!("{}", crate::config::show(&config)),
            }
        }
        ConfigCommand::Init => print!("{}", crate::config::init()),
    }
    Ok(Exit::Ok)
}

/// How a command wants the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Made if it is not there, its tables brought up to date.
    Ready,
    /// For commands that only look: in a mistyped data folder there is nothing to see, and nothing is made.
    AsItIs,
}

pub(super) fn with_store<F>(common: &Common, opening: Opening, work: F) -> Done
where
    F: AsyncFnOnce(Installation, Shared) -> Done,
{
    let installation = installation::load(common)?;
    super::runtime()?.block_on(async {
        let url = installation.config.storage_url(&installation.data_dir);
        let store = match opening {
            Opening::Ready => store::open(&url).await,
            Opening::AsItIs => store::existing(&url).await,
        };
        let store = store.map_err(|error| Failure::new(Exit::CannotConnect, error))?;
        let done = work(installation, store.clone()).await;
        store.close().await;
        done
    })
}

fn findings(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Findings, error)
}

fn role_of(text: &str) -> Result<Role, Failure> {
    Role::parse(text).ok_or_else(|| {
        let message = format!("--role {text}: expected viewer, operator, supervisor, admin or api");
        Failure::new(Exit::Usage, message)
    })
}

fn show_secret(what: &str, secret: Option<SecretText>) {
    if let Some(secret) = secret {
        println!("{what} {}", secret.reveal());
    }
}

/// One line, without its end.
fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_string())
}
