//! `hotline call`, `load` and `dtmf`: the telephone side of things, from outside.
use super::{Done, Exit, Failure};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct CallArgs {}
#[derive(Args)]
pub struct LoadArgs {}

#[derive(Args)]
pub struct DtmfArgs {
    /// A WAV file
    file: PathBuf,
    #[arg(long)]
    json: bool,
}

pub fn call(_: CallArgs) -> Done { Ok(Exit::Ok) }
pub fn load(_: LoadArgs) -> Done { Ok(Exit::Ok) }

pub fn dtmf(args: DtmfArgs) -> Done {
    let unreadable = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{}: {error}", args.file.display()));
    let (samples, rate) = crate::media::wav::load_any(&args.file).map_err(|error| unreadable(&error))?;
    let samples: Vec<i16> = samples.iter().map(|sample| (sample * 32767.0).clamp(-32768.0, 32767.0) as i16).collect();
    let digits = crate::media::dtmf::detect_file(&samples, rate).map_err(|error| unreadable(&error))?;
    if args.json {
        let rows: Vec<_> = digits
            .iter()
            .map(|found| serde_json::json!({"digit": found.digit.to_string(), "start_ms": found.start_ms, "duration_ms": found.duration_ms}))
            .collect();
        println!("{}", serde_json::Value::from(rows));
    } else {
        for found in &digits {
            println!("{} {} {}", found.digit, found.start_ms, found.duration_ms);
        }
    }
    Ok(Exit::Ok)
}
