//! `hotline serve` and `hotline demo`: the engine itself.
use super::installation::{self, Installation};
use super::{Common, Done, Exit, Failure};
use crate::clock::Clock;
use crate::flow::FlowSet;
use crate::robot::demo::{self as robots, Manners};
use crate::server::flows::Opened;
use crate::server::{self, Running, StartError};
use crate::sip::Transport;
use crate::telemetry::{self, Format, LogLevel};
use clap::{Args, ValueEnum};
use std::io::{IsTerminal, Write};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Args)]
pub struct ServeArgs {
    /// Load the demo subscribers, payments, agents and operators, and print the operators' passwords
    #[arg(long)]
    demo_data: bool,
    /// How log lines look; json for machines
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
}

#[derive(Args)]
pub struct DemoArgs {
    /// Robot callers on the line at the same time
    #[arg(long, default_value_t = 8)]
    callers: usize,
    /// Robot operators
    #[arg(long, default_value_t = 3)]
    operators: usize,
    /// Stop after this many calls instead of running until Ctrl-C
    #[arg(long)]
    calls: Option<usize>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

pub fn serve(common: &Common, args: ServeArgs) -> Done {
    let level = logging(args.log_format)?;
    let installation = installation::load(common)?;
    super::runtime()?.block_on(async {
        let demo = if args.demo_data { Some(load_demo(&installation, 0).await?) } else { None };
        let flows = installation.open_flows()?;
        let set = flows.set.clone();
        let running = start(&installation, flows, level).await?;
        banner(&set, &running, demo.as_ref());
        until_told_to_stop(&running).await;
        running.stop().await;
        Ok(Exit::Ok)
    })
}

fn logging(format: Option<LogFormat>) -> Result<LogLevel, Failure> {
    let format = match format {
        Some(LogFormat::Json) => Format::Json,
        Some(LogFormat::Text) => Format::Human,
        None => Format::Auto,
    };
    telemetry::init(format, None).map_err(|error| Failure::new(Exit::BadConfiguration, error))
}

async fn load_demo(
    installation: &Installation,
    operators: usize,
) -> Result<crate::store::demo::Loaded, Failure> {
    let url = installation.config.storage_url(&installation.data_dir);
    let bad = |error: &dyn std::fmt::Display| Failure::new(Exit::BadConfiguration, error);
    let store = crate::store::open(&url).await.map_err(|error| bad(&error))?;
    // Declared operators keep the passwords of config.yaml.
    store.declare_operators(installation.config.declared_operators()).await.map_err(|error| bad(&error))?;
    let domain = installation.config.sip.domain.clone();
    let loaded = crate::store::demo::load(&*store, &domain, operators).await.map_err(|error| bad(&error))?;
    store.close().await;
    Ok(loaded)
}

pub async fn start(installation: &Installation, flows: Opened, level: LogLevel) -> Result<Running, Failure> {
    let options = server::Options {
        clock: Clock::start(),
        data_dir: installation.data_dir.clone(),
        log_level: level,
        flows,
        settings: installation.switchboard_settings(),
        seed: random_seed()?,
    };
    server::start(&installation.config, options).await.map_err(|error| {
        let exit =
            if matches!(error, StartError::Tls(_)) { Exit::BadConfiguration } else { Exit::CannotConnect };
        Failure::new(exit, error)
    })
}

fn random_seed() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(Exit::BadConfiguration, format!("no randomness from the system: {error}"))
    })?;
    Ok(u64::from_le_bytes(bytes))
}

/// What a person who has just started it needs to know. Programs read the same lines.
fn banner(flows: &FlowSet, running: &Running, demo: Option<&crate::store::demo::Loaded>) {
    let mut out = std::io::stdout().lock();
    let mut say = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    say(format!("Hotline {} answers.", env!("CARGO_PKG_VERSION")));
    for (transport, address) in &running.sip {
        let transport = match transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws | Transport::Wss => "ws",
        };
        say(format!("  SIP       {transport} {address}"));
    }
    for line in flows.lines() {
        say(format!("  line      {} ({})", line.number.spelled(), line.flow));
    }
    say(format!("  web       {}://{}", running.web_scheme, running.web));
    let steps =
        |line: &&crate::flow::Line| flows.flow_named(&line.flow).map_or(0, |flow| flow.steps().count());
    // The first call goes to the line with the most to hear.
    if let (Some((_, address)), Some(line)) = (running.sip.first(), flows.lines().max_by_key(steps)) {
        let ip = address.ip();
        let host = if ip.is_unspecified() { "127.0.0.1".to_string() } else { ip.to_string() };
        let number = line.number.spelled();
        say(format!("  call it   hotline call sip:{number}@{host}:{} --keys w3,1", address.port()));
    }
    say(format!("  capacity  {} calls at once", running.calls_max));
    if let Some(demo) = demo {
        for (operator, password) in &demo.operators {
            say(format!("  operator  {operator}, password {}", password.reveal()));
        }
    }
    if let Some(admin) = &running.first_admin {
        if std::io::stdout().is_terminal() {
            say(format!(
                "  sign in   {} with the password {} (also in {})",
                admin.name,
                admin.password.reveal(),
                admin.file.display()
            ));
        } else {
            say(format!("  sign in   {} with the password in {}", admin.name, admin.file.display()));
        }
    }
    let _ = out.flush();
}

/// SIGTERM and Ctrl-C drain, a second one stops at once; SIGHUP reads the flows again.
async fn until_told_to_stop(running: &Running) {
    let (Ok(mut term), Ok(mut int), Ok(mut hup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        tracing::error!("signals cannot be received");
        return;
    };
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            _ = running.drained_by_request() => return,
            _ = hup.recv() => {
                running.flows().reload("SIGHUP").await;
            }
        }
    }
    tracing::info!("draining: new calls are refused; another signal stops at once");
    tokio::select! {
        _ = running.drain() => tracing::info!("the last call has ended"),
        _ = term.recv() => tracing::warn!("stopped with calls on the line"),
        _ = int.recv() => tracing::warn!("stopped with calls on the line"),
    }
}

/// The demo: a server on loopback in a folder of its own, and robots that call and answer.
pub fn demo(common: &Common, args: DemoArgs) -> Done {
    let level = logging(Some(LogFormat::Text))?;
    let _ = level.set("warn,hotline=info");
    let mut installation = installation::load(common)?;
    installation.config.bind_to_loopback();
    super::runtime()?.block_on(async {
        let demo = load_demo(&installation, args.operators).await?;
        let flows = installation.open_flows()?;
        let set = flows.set.clone();
        let running = start(&installation, flows, level).await?;
        banner(&set, &running, Some(&demo));
        let server = running
            .sip
            .iter()
            .find(|(transport, _)| *transport == Transport::Udp)
            .map(|(_, address)| *address)
            .ok_or_else(|| Failure::new(Exit::BadConfiguration, "the demo needs a UDP listener (sip.udp)"))?;
        let operators = demo
            .operators
            .iter()
            .take(args.operators)
            .map(|(id, password)| (id.to_string(), password.reveal().to_string()))
            .collect();
        let options = robots::Options {
            server,
            domain: installation.config.sip.domain.clone(),
            callers: args.callers,
            calls: args.calls,
            operators,
            seed: args.seed,
        };
        let stop = CancellationToken::new();
        let robots = robots::run_with(options, Manners::default(), stop.clone());
        let told = async {
            // The robots are stopped first, so that nobody has to be waited for.
            let _ = tokio::signal::ctrl_c().await;
            stop.cancel();
        };
        let counts = tokio::select! {
            counts = robots => counts,
            never = async { told.await; std::future::pending().await } => never,
        };
        println!("{}", counts.map_err(|error| Failure::new(Exit::CallFailed, error))?);
        running.stop().await;
        Ok(Exit::Ok)
    })
}
