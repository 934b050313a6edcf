//! `hotline call`, `load` and `dtmf`: the telephone side of things, from outside.
use super::{Done, Exit, Failure};
use crate::media::{dtmf, wav};
use crate::robot::keys::Keys;
use crate::robot::mouth::Method;
use crate::robot::target::TargetError;
use crate::robot::{call as caller, load as loader};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[derive(Args)]
pub struct CallArgs {
    /// Whom to call: sip:88007077759@127.0.0.1:5060
    uri: String,
    /// Keys in their order: 1,w3,2 (w3 waits three seconds), hash and star
    #[arg(long, default_value = "")]
    keys: Keys,
    /// How keys are sent
    #[arg(long, value_enum, default_value_t = KeyMethod::Rfc4733)]
    method: KeyMethod,
    /// The number in From
    #[arg(long, default_value = "79991112233")]
    from: String,
    /// Write what was heard to a WAV file
    #[arg(long, value_name = "F")]
    record: Option<PathBuf>,
    /// A test: served like any other call and counted nowhere (believed from sip.test_sources)
    #[arg(long)]
    test: bool,
    /// Seconds to stay after the last key
    #[arg(long, default_value_t = 5.0)]
    stay: f64,
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyMethod {
    Rfc4733,
    Inband,
}

#[derive(Args)]
pub struct LoadArgs {
    /// Whom to call: sip:88007077759@127.0.0.1:5060
    uri: String,
    /// Calls per second
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// Calls in all
    #[arg(long, default_value_t = 100)]
    calls: u64,
    /// Seconds from the answer to our BYE
    #[arg(long, default_value_t = 10.0)]
    hold: f64,
    /// Keys that every caller presses: w3,1,w3,1
    #[arg(long, default_value = "")]
    keys: Keys,
    /// The From number of the first call; each further call has the next one
    #[arg(long, default_value = "79160000000")]
    from_base: String,
    /// Load a machine that is not this one
    #[arg(long)]
    yes_remote: bool,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct DtmfArgs {
    /// A WAV file
    file: PathBuf,
    #[arg(long)]
    json: bool,
}

pub fn call(args: CallArgs) -> Done {
    let options = caller::Options {
        uri: args.uri,
        from: args.from,
        keys: args.keys,
        method: match args.method {
            KeyMethod::Rfc4733 => Method::Rfc4733,
            KeyMethod::Inband => Method::Inband,
        },
        record: args.record,
        stay: seconds("--stay", args.stay)?,
        headers: if args.test { vec![("X-Hotline-Test".into(), "yes".into())] } else { Vec::new() },
        ..caller::Options::default()
    };
    let report = super::runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let on_ctrl_c = stop.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                on_ctrl_c.cancel();
            }
        });
        caller::run(options, stop).await.map_err(|error| {
            let exit = match &error {
                caller::CallError::Target(TargetError::NotSip(_)) | caller::CallError::Recording(_) => {
                    Exit::Usage
                }
                _ => Exit::CannotConnect,
            };
            Failure::new(exit, error)
        })
    })?;
    match args.json {
        true => println!("{}", json(&report)?),
        false => print!("{report}"),
    }
    Ok(if report.exit_code() == 0 { Exit::Ok } else { Exit::CallFailed })
}

pub fn load(args: LoadArgs) -> Done {
    let options = loader::Options {
        uri: args.uri,
        rate: args.rate,
        calls: args.calls,
        hold: seconds("--hold", args.hold)?,
        keys: args.keys,
        from_base: args.from_base,
        yes_remote: args.yes_remote,
        seed: args.seed,
        ..loader::Options::default()
    };
    static STOP: AtomicBool = AtomicBool::new(false);
    let runtime = super::runtime()?;
    runtime.spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            STOP.store(true, Ordering::Relaxed);
        }
    });
    let report = loader::run(&options, &STOP).map_err(|error| {
        use loader::LoadError::{Limit, Remote, Target};
        let exit = match &error {
            Target(TargetError::NotSip(_)) | Remote(_) | Limit { .. } => Exit::Usage,
            _ => Exit::CannotConnect,
        };
        Failure::new(exit, error)
    })?;
    match args.json {
        true => println!("{}", json(&report)?),
        false => print!("{report}"),
    }
    Ok(if report.answered == args.calls { Exit::Ok } else { Exit::CallFailed })
}

pub fn dtmf(args: DtmfArgs) -> Done {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, format!("{}: {error}", args.file.display()))
    };
    let (samples, rate) = wav::load_any(&args.file).map_err(|error| Failure::new(Exit::Usage, error))?;
    let digits = dtmf::detect_file(&wav::to_i16(&samples), rate).map_err(|error| unreadable(&error))?;
    if args.json {
        let rows: Vec<_> = digits
            .iter()
            .map(|found| {
                serde_json::json!({
                    "digit": found.digit.to_string(),
                    "start_ms": found.start_ms,
                    "duration_ms": found.duration_ms,
                })
            })
            .collect();
        println!("{}", serde_json::Value::from(rows));
    } else {
        for found in &digits {
            println!("{} {} {}", found.digit, found.start_ms, found.duration_ms);
        }
    }
    Ok(Exit::Ok)
}

fn seconds(option: &str, value: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        Failure::new(Exit::Usage, format!("{option} {value}: expected a number of seconds, like 2.5"))
    })
}

fn json(report: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(report).map_err(|error| Failure::new(Exit::Usage, error))
}
