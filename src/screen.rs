//! What a person sees: log lines, the live line, the report, errors.

use crate::arguments::Format;
use ::check::Live;
use ::report::Recording;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;
use units::{ByteRate, ByteSize};

/// Log lines go to standard error: warnings, and more when asked for (or by `RUST_LOG`).
pub(crate) fn log_to_stderr(verbose: u8) {
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
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("could not print"),
        _ => Ok(()),
    }
}

/// Prints a recording's verdict in the format that was asked for.
pub(crate) fn show_recording(
    recording: &Recording,
    format: Format,
    folder: Option<&Path>,
) -> anyhow::Result<()> {
    print(&match format {
        Format::Json => ::report::json(&recording.verdict),
        Format::Text => ::report::text(recording, &text_options(folder)),
    })
}

/// Prints on standard error; the code says that nothing was measured.
pub(crate) fn print_error(text: &str) -> ExitCode {
    // Where even standard error is gone, the code is all that is left to tell.
    drop(io::stderr().lock().write_all(text.as_bytes()));
    ExitCode::from(2)
}

/// One line that says what could not be done, and why.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    print_error(&format!("error: {error:#}\n"))
}

/// Colours are for terminals, and not for those who do not want them.
fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// How to lay out a report on this screen.
fn text_options(folder: Option<&Path>) -> ::report::TextOptions {
    ::report::TextOptions {
        width: 100,
        colour: colour(),
        folder: folder.map(|folder| folder.display().to_string()),
    }
}

/// Keeps one line on standard error up to date, until the check is over; nothing where nobody looks.
pub(crate) async fn show(mut live: watch::Receiver<Option<Live>>, wanted: bool) {
    if !wanted || !io::stderr().is_terminal() {
        return;
    }
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    while live.changed().await.is_ok() {
        let state = *live.borrow_and_update();
        if let Some(state) = state {
            bar.set_message(line(&state));
        }
    }
    bar.finish_and_clear();
}

fn line(state: &Live) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "printed to one decimal")]
    let rate = ByteRate::bytes_per_second(state.rate as u64);
    let window =
        state.window.map_or_else(|| "?".to_owned(), |bytes| ByteSize::bytes(bytes.into()).to_string());
    let in_path =
        state.in_path.map_or_else(String::new, |bytes| format!(" · in path {}", ByteSize::bytes(bytes)));
    let run = if state.runs > 1 { format!("run {}/{} · ", state.run, state.runs) } else { String::new() };
    format!("{run}{} · {} · {rate} · window {window}{in_path}", state.direction, state.phase)
}
