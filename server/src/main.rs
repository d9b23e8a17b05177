//! `backpressure-server FILE`: what `backpressure server FILE` does.

use backpressure_server::program::{Told, run};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serve the clients of a pair as a file says, and the far side of checks that run elsewhere.
#[derive(Debug, Parser)]
#[command(name = "backpressure-server", version, max_term_width = 100)]
struct Arguments {
    /// How to read what comes, and where to listen; `PORT` in the environment wins over its port.
    file: PathBuf,
    /// Log more, on standard error; up to twice.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

fn main() -> ExitCode {
    let arguments: Arguments = match process::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    process::log_to_stderr(arguments.verbose + 1);
    let told = Told { file: Some(&arguments.file), ..Told::default() };
    run(&told).unwrap_or_else(|error| process::fail(&error))
}
