//! `hotline`: see `cli` for the commands.
use std::process::ExitCode;

fn main() -> ExitCode {
    hotline::cli::main()
}
