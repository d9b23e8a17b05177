//! `backpressure-client FILE`: what `backpressure client FILE` does.

use backpressure_client::program::run;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Send requests as a file says, and measure what holds them up.
#[derive(Debug, Parser)]
#[command(name = "backpressure-client", version, max_term_width = 100)]
struct Arguments {
    /// What to send, and where to.
    file: PathBuf,
    /// Log more, on standard error; up to three times.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

fn main() -> ExitCode {
    let arguments: Arguments = match process::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    process::log_to_stderr(arguments.verbose);
    run(&arguments.file).unwrap_or_else(|error| process::fail(&error))
}
