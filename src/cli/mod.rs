//! The command line. Data goes to stdout, talk to stderr; the exit code says how it went.
//!
//! One file per command that has something to say for itself; this one holds their names, help and exit codes.
mod ask;
mod audit;
mod backup;
mod data;
mod db;
mod doctor;
mod flows;
mod import;
pub mod installation;
mod operator;
mod prompts;
mod queue_log;
mod replay;
mod report;
mod rules;
mod serve;
mod sim;
mod test;
mod top;
mod traffic;
mod user;
mod versions;
mod walk;

use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The contract of exit codes (`hotline --help` prints it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    Findings = 1,
    Usage = 2,
    BadConfiguration = 3,
    CannotConnect = 4,
    CallFailed = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What a command failed with: said on stderr, with the exit code that fits.
pub struct Failure {
    pub exit: Exit,
    pub message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl std::fmt::Display) -> Failure {
        Failure { exit, message: message.to_string() }
    }
}

pub type Done = Result<Exit, Failure>;

const EXIT_CODES: &str =
    "Exit codes: 0 ok, 1 findings, 2 usage, 3 bad configuration, 4 cannot connect, 5 call failed.";

#[derive(Parser)]
#[command(name = "hotline", version, about = "An IVR hotline engine: SIP and RTP, call flows in YAML, fair queues", after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Where an installation keeps its things.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// The configuration file; without it the defaults apply
    #[arg(long, global = true, value_name = "F", env = "HOTLINE_CONFIG", help_heading = "Installation")]
    pub config: Option<PathBuf>,
    /// Where the database, recordings and the control socket live
    #[arg(
        long,
        global = true,
        value_name = "D",
        env = "HOTLINE_DATA_DIR",
        default_value = "data",
        help_heading = "Installation"
    )]
    pub data_dir: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Run the engine; SIGTERM drains, a second one stops at once, SIGHUP reloads the flows
    Serve(serve::ServeArgs),
    /// Serve on loopback with demo data, robot operators and robot callers: the page is alive at once
    Demo(serve::DemoArgs),
    /// Check flows and prompts: exit 0 clean, 1 findings
    Check(flows::CheckArgs),
    /// The flows in force on the running server: list, reload, roll back
    #[command(subcommand)]
    Flows(versions::FlowsCommand),
    /// A flow as a picture: SVG, Mermaid or DOT
    Graph(versions::GraphArgs),
    /// Walk a flow in the terminal: texts are shown, keys are typed, time is skipped
    Walk(walk::WalkArgs),
    /// Print the JSON Schema of flow files, for editors
    Schema {
        /// The kinds of steps in words instead, as in docs/call-flows.md
        #[arg(long)]
        reference: bool,
    },
    /// Play the flow tests (`*.test.yaml`) in virtual time: exit 0 all pass, 1 failures
    Test(test::TestArgs),
    /// Place a real test call and say what happened, with times
    Call(traffic::CallArgs),
    /// Generate load with real RTP and digits
    Load(traffic::LoadArgs),
    /// How many operators are needed: a day of callers in virtual time, and what they got
    Sim(sim::SimArgs),
    /// Show the digits in a recording: digit, start and duration in milliseconds
    Dtmf(traffic::DtmfArgs),
    /// Make, check and list recordings
    #[command(subcommand)]
    Prompts(prompts::PromptsCommand),
    /// Subscribers, with their class
    #[command(subcommand)]
    Subscriber(data::SubscriberCommand),
    /// Payments that callers ask about
    #[command(subcommand)]
    Payment(data::PaymentCommand),
    /// Agents, who call the second number
    #[command(subcommand)]
    Agent(data::AgentCommand),
    /// Whom the running server turns away or leads elsewhere
    #[command(subcommand)]
    CallerRule(rules::RuleCommand),
    /// Operators and their phones
    #[command(subcommand)]
    Operator(data::OperatorCommand),
    /// People who sign in on the web, and tokens for programs
    #[command(subcommand)]
    User(data::UserCommand),
    /// The database
    #[command(subcommand)]
    Db(data::DbCommand),
    /// The configuration
    #[command(subcommand)]
    Config(data::ConfigCommand),
    /// Re-run a call from the journal and say why each decision fell; a divergence is a finding
    Replay(replay::ReplayArgs),
    /// What was promised to callers and what they got: by day, queue, operator
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// The queues' events in the field's common format
    QueueLog(queue_log::QueueLogArgs),
    /// Put database, configuration and the list of recordings into one file, while the server runs
    Backup(backup::BackupArgs),
    /// Put a backup back; the server must be stopped, and the old database is moved aside
    Restore(backup::RestoreArgs),
    /// Queues, callers and operators of the running server in the terminal; q ends it
    Top(top::TopArgs),
    /// Refuse new calls; the server stops when the last call has ended
    Drain,
    /// Look at everything the server needs, and say what to do about what is missing
    Doctor(doctor::DoctorArgs),
    /// Completions for a shell
    Completions { shell: clap_complete::Shell },
    /// The manual page, in roff
    Man,
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            eprintln!("hotline: {message}");
            exit.into()
        }
    }
}

fn run(cli: Cli) -> Done {
    let common = cli.common;
    match cli.command {
        Command::Serve(args) => serve::serve(&common, args),
        Command::Demo(args) => serve::demo(&common, args),
        Command::Check(args) => flows::check(&common, args),
        Command::Flows(command) => versions::flows(&common, command),
        Command::Graph(args) => versions::graph(&common, args),
        Command::Walk(args) => walk::walk(&common, args),
        Command::Schema { reference } => {
            match reference {
                true => print!("{}", crate::flow::schema::reference()),
                false => println!("{:#}", crate::flow::schema::schema()),
            }
            Ok(Exit::Ok)
        }
        Command::Test(args) => test::test(&common, args),
        Command::Call(args) => traffic::call(args),
        Command::Load(args) => traffic::load(args),
        Command::Sim(args) => sim::sim(&common, args),
        Command::Dtmf(args) => traffic::dtmf(args),
        Command::Prompts(command) => prompts::run(&common, command),
        Command::Subscriber(command) => data::subscriber(&common, command),
        Command::Payment(command) => data::payment(&common, command),
        Command::Agent(command) => data::agent(&common, command),
        Command::CallerRule(command) => rules::rules(&common, command),
        Command::Operator(command) => data::operator(&common, command),
        Command::User(command) => data::user(&common, command),
        Command::Db(command) => data::db(&common, command),
        Command::Config(command) => data::config(&common, command),
        Command::Replay(args) => replay::replay(&common, args),
        Command::Report(command) => report::report(&common, command),
        Command::QueueLog(args) => queue_log::queue_log(&common, args),
        Command::Backup(args) => backup::backup(&common, args),
        Command::Restore(args) => backup::restore(&common, args),
        Command::Top(args) => top::top(&common, args),
        Command::Drain => ask::drain(&common),
        Command::Doctor(args) => doctor::doctor(&common, args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "hotline", &mut std::io::stdout());
            Ok(Exit::Ok)
        }
        Command::Man => {
            let page = clap_mangen::Man::new(Cli::command());
            page.render(&mut std::io::stdout()).map_err(|error| Failure::new(Exit::Usage, error))?;
            Ok(Exit::Ok)
        }
    }
}

/// A runtime for commands that talk to the network or the store.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::BadConfiguration, format!("no runtime: {error}")))
}
