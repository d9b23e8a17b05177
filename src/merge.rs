//! `backpressure merge`.

use crate::arguments::{Format, MergeOptions};
use crate::screen;
use ::report::{PairRecording, Recording, pair_text};
use anyhow::bail;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Adds recordings up, and prints the report of the sum.
pub(crate) fn run(options: &MergeOptions) -> anyhow::Result<ExitCode> {
    for (number, folder) in options.recordings.iter().enumerate() {
        let same = |other: &PathBuf| is_same(other, folder);
        if options.recordings.iter().take(number).any(same) {
            bail!("{} was given twice: its runs would count double", folder.display());
        }
    }
    let pairs = options.recordings.iter().filter(|folder| PairRecording::is_in(folder)).count();
    if pairs > 0 {
        if pairs < options.recordings.len() {
            bail!("recordings of checks and of pairs do not add up");
        }
        return run_of_pairs(options);
    }
    let recordings =
        options.recordings.iter().map(|folder| Recording::read(folder)).collect::<Result<Vec<_>, _>>()?;
    let merged = ::report::merge(recordings)?;
    merged.write(&options.output)?;
    screen::show_recording(&merged, Format::Text, Some(&options.output))?;
    Ok(ExitCode::from(u8::from(!merged.verdict.expected)))
}

fn run_of_pairs(options: &MergeOptions) -> anyhow::Result<ExitCode> {
    let recordings =
        options.recordings.iter().map(|folder| PairRecording::read(folder)).collect::<Result<Vec<_>, _>>()?;
    let merged = ::report::merge_pairs(recordings)?;
    merged.write(&options.output)?;
    process::print(&pair_text(&merged.document))?;
    Ok(ExitCode::from(u8::from(!merged.document.expected)))
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
