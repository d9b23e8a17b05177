//! `backpressure report`.

use crate::arguments::{Format, ReportOptions};
use crate::screen;
use ::report::{PairRecording, Recording, pair_text};
use anyhow::{Context, bail};
use std::fs;
use std::process::ExitCode;

/// Prints the report of a recording; the exit code is the recorded one.
pub(crate) fn run(options: &ReportOptions) -> anyhow::Result<ExitCode> {
    if PairRecording::is_in(&options.recording) {
        return run_of_pair(options);
    }
    let recording = Recording::read(&options.recording)?;
    if let Some(file) = &options.junit {
        fs::write(file, ::report::junit(&recording.verdict))
            .with_context(|| format!("could not write {}", file.display()))?;
    }
    screen::show_recording(&recording, options.format, Some(&options.recording))?;
    Ok(ExitCode::from(u8::from(!recording.verdict.expected)))
}

fn run_of_pair(options: &ReportOptions) -> anyhow::Result<ExitCode> {
    if options.junit.is_some() {
        bail!("--junit needs the recording of a check; that of a pair has no verdict");
    }
    let PairRecording { document, .. } = PairRecording::read(&options.recording)?;
    process::print(&match options.format {
        Format::Text => pair_text(&document),
        Format::Json => ::report::pair_json(&document),
    })?;
    Ok(ExitCode::from(u8::from(!document.expected)))
}
