//! Standard output and standard error, and the log.

use anyhow::Context;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Log lines go to standard error: warnings, and more when asked for (or by `RUST_LOG`).
pub fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Prints on standard output. A reader that is gone is no fault of ours.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("could not print"),
        _ => Ok(()),
    }
}

/// Prints on standard error; the code says that nothing was measured.
pub fn print_error(text: &str) -> ExitCode {
    // Where even standard error is gone, the code is all that is left to tell.
    drop(io::stderr().lock().write_all(text.as_bytes()));
    ExitCode::from(2)
}

/// One line that says what could not be done, and why.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    print_error(&format!("error: {error:#}\n"))
}
