//! What a person sees of a check: the live line, and the report.

use crate::arguments::Format;
use ::check::Live;
use ::report::Recording;
use indicatif::{ProgressBar, ProgressStyle};
use process::print;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;
use units::{ByteRate, ByteSize};

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
    let rate = ByteRate::nearest(state.rate);
    let window =
        state.window.map_or_else(|| "?".to_owned(), |bytes| ByteSize::bytes(bytes.into()).to_string());
    let in_path =
        state.in_path.map_or_else(String::new, |bytes| format!(" · in path {}", ByteSize::bytes(bytes)));
    let run = if state.runs > 1 { format!("run {}/{} · ", state.run, state.runs) } else { String::new() };
    format!("{run}{} · {} · {rate} · window {window}{in_path}", state.direction, state.phase)
}
