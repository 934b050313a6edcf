//! `hotline doctor`: looks at everything that the server needs, and says what to do about what is missing.
use super::installation::{self, Installation};
use super::{Common, Done, Exit};
use crate::flow::finding::Severity;
use crate::server::holder;
use clap::Args;
use serde::Serialize;
use std::net::{TcpListener, UdpSocket};

/// Recordings and the database need room to grow.
const DISK_WANTED_MB: u64 = 1024;
/// Two legs with RTP and RTCP for 500 calls, and some for the rest.
const FILES_WANTED: u64 = 4096;

#[derive(Args)]
pub struct DoctorArgs {
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    Warning,
    Bad,
}

#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    state: State,
    found: String,
    /// What to do; empty when nothing.
    todo: String,
}

fn check(what: &'static str, state: State, found: impl Into<String>, todo: impl Into<String>) -> Check {
    Check { what, state, found: found.into(), todo: todo.into() }
}

pub fn doctor(common: &Common, args: DoctorArgs) -> Done {
    let mut checks = Vec::new();
    match installation::load(common) {
        Ok(installation) => {
            checks.push(check("configuration", State::Good, "read", ""));
            look(&installation, &mut checks);
        }
        Err(failure) => checks.push(check("configuration", State::Bad, failure.message, "correct the file")),
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&checks).unwrap_or_default());
    } else {
        for check in &checks {
            let mark = match check.state {
                State::Good => "ok  ",
                State::Warning => "warn",
                State::Bad => "BAD ",
            };
            println!("{mark} {:<14} {}", check.what, check.found);
            if !check.todo.is_empty() {
                println!("     {:<14} → {}", "", check.todo);
            }
        }
    }
    let bad = checks.iter().any(|check| check.state == State::Bad);
    Ok(if bad { Exit::Findings } else { Exit::Ok })
}

fn look(installation: &Installation, checks: &mut Vec<Check>) {
    checks.push(data_dir(installation));
    checks.push(disk(installation));
    checks.push(files());
    checks.push(realtime());
    let running = std::os::unix::net::UnixStream::connect(installation.socket_path()).is_ok();
    if running {
        checks.push(check("server", State::Good, "running: its ports are taken by itself", ""));
    } else {
        ports(installation, checks);
    }
    checks.push(flows(installation));
    checks.push(prompts(installation));
    let config = &installation.config;
    let trunks = config.trusted_networks().len();
    checks.push(match trunks {
        0 => check(
            "trunks",
            State::Warning,
            "none: callers from outside are not let in, numbers are not believed",
            "name your provider's addresses under `trunks` in config.yaml",
        ),
        n => check("trunks", State::Good, format!("{n} networks are believed"), ""),
    });
    if config.sip.allow_anonymous == crate::config::Anonymous::True {
        let todo = "set sip.allow_anonymous: local unless you mean it";
        checks.push(check("callers", State::Warning, "anybody may call the lines' numbers", todo));
    }
    checks.push(clock());
}

fn data_dir(installation: &Installation) -> Check {
    let dir = &installation.data_dir;
    let probe = dir.join(".doctor");
    let result = std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe));
    match result {
        Ok(()) => check("data folder", State::Good, dir.display().to_string(), ""),
        Err(error) => check(
            "data folder",
            State::Bad,
            format!("{}: {error}", dir.display()),
            "choose another with --data-dir, or give the right to write",
        ),
    }
}

fn disk(installation: &Installation) -> Check {
    match rustix::fs::statvfs(&installation.data_dir) {
        Ok(stat) => {
            let free_mb = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
            let state = if free_mb < DISK_WANTED_MB { State::Warning } else { State::Good };
            let todo =
                if state == State::Good { "" } else { "make room: recordings stop when the disk is full" };
            check("disk", state, format!("{free_mb} MB free"), todo)
        }
        Err(error) => check("disk", State::Warning, error.to_string(), ""),
    }
}

fn files() -> Check {
    let limit = crate::shard::raise_file_limit();
    let state = if limit < FILES_WANTED { State::Warning } else { State::Good };
    let todo = if state == State::Good {
        String::new()
    } else {
        format!("raise it to {FILES_WANTED} or more (LimitNOFILE in the unit file)")
    };
    check("open files", state, format!("{limit} allowed"), todo)
}

/// The right that media threads ask for; asking for it here would change this process.
fn realtime() -> Check {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Rtprio).current;
    match limit {
        None | Some(1..) => check("real time", State::Good, "media threads may run as SCHED_FIFO", ""),
        Some(0) if rustix::process::geteuid().is_root() => {
            check("real time", State::Good, "media threads may run as SCHED_FIFO (root)", "")
        }
        Some(0) => {
            let todo = "give CAP_SYS_NICE or LimitRTPRIO=20 (see deploy/)";
            check("real time", State::Warning, "refused: media threads run as ordinary ones", todo)
        }
    }
}

fn ports(installation: &Installation, checks: &mut Vec<Check>) {
    let config = &installation.config;
    for listen in &config.sip.udp {
        checks.push(port("SIP udp", listen.0.to_string(), UdpSocket::bind(listen.0).map(drop), "sip.udp"));
    }
    for listen in &config.sip.tcp {
        checks.push(port("SIP tcp", listen.0.to_string(), TcpListener::bind(listen.0).map(drop), "sip.tcp"));
    }
    let web = config.web.listen.0;
    checks.push(port("web", web.to_string(), TcpListener::bind(web).map(drop), "web.listen"));
}

fn port(what: &'static str, address: String, result: std::io::Result<()>, setting: &str) -> Check {
    let number = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    let holder = || holder::of_port(number).unwrap_or("what holds it".into());
    match result {
        Ok(()) => check(what, State::Good, format!("{address} is free"), ""),
        Err(error) => check(
            what,
            State::Bad,
            format!("{address}: {error}"),
            format!("stop {}, or change {setting}", holder()),
        ),
    }
}

fn flows(installation: &Installation) -> Check {
    match installation.check_flows(&[]) {
        Ok((Some(flows), findings)) => {
            let lines = flows.lines().count();
            let found = format!("{lines} lines, {} warnings", findings.len());
            check("flows", State::Good, found, if findings.is_empty() { "" } else { "see hotline check" })
        }
        Ok((None, findings)) => {
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
            check("flows", State::Bad, format!("{errors} errors"), "see hotline check")
        }
        Err(failure) => check("flows", State::Bad, failure.message, "see hotline check"),
    }
}

fn prompts(installation: &Installation) -> Check {
    match installation.check_prompts() {
        findings if findings.is_empty() => check("prompts", State::Good, "every text has its recording", ""),
        findings => check(
            "prompts",
            State::Warning,
            format!("{} findings", findings.len()),
            "see hotline prompts check",
        ),
    }
}

fn clock() -> Check {
    let year = crate::clock::Zone::utc().civil(crate::clock::Clock::wall()).year;
    match year {
        2026.. => check("clock", State::Good, format!("the year is {year}"), ""),
        _ => check(
            "clock",
            State::Bad,
            format!("the year is {year}"),
            "set the clock: records and opening hours follow it",
        ),
    }
}
