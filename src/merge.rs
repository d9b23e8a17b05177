//! `backpressure merge`.

use crate::arguments::{Format, MergeOptions};
use crate::screen;
use ::report::Recording;
use std::process::ExitCode;

/// Adds recordings up, and prints the report of the sum.
pub(crate) fn run(options: &MergeOptions) -> anyhow::Result<ExitCode> {
    let recordings =
        options.recordings.iter().map(|folder| Recording::read(folder)).collect::<Result<Vec<_>, _>>()?;
    let merged = ::report::merge(recordings)?;
    merged.write(&options.output)?;
    screen::show_recording(&merged, Format::Text, Some(&options.output))?;
    Ok(ExitCode::from(u8::from(!merged.verdict.expected)))
}
