//! `backpressure report`.

use crate::arguments::ReportOptions;
use crate::screen;
use ::report::Recording;
use anyhow::Context;
use std::fs;
use std::process::ExitCode;

/// Prints the report of a recording; the exit code is the recorded one.
pub(crate) fn run(options: &ReportOptions) -> anyhow::Result<ExitCode> {
    let recording = Recording::read(&options.recording)?;
    if let Some(file) = &options.junit {
        fs::write(file, ::report::junit(&recording.verdict))
            .with_context(|| format!("could not write {}", file.display()))?;
    }
    screen::show_recording(&recording, options.format, Some(&options.recording))?;
    Ok(ExitCode::from(u8::from(!recording.verdict.expected)))
}
