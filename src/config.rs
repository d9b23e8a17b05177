//! `backpressure config`.

use crate::arguments::{ConfigOptions, Kind};
use anyhow::Context;
use scenario::files::{FileKind, schema};
use std::process::ExitCode;

/// Prints the schema that was asked for.
pub(crate) fn run(options: &ConfigOptions) -> anyhow::Result<ExitCode> {
    let kind = options.of.map(|kind| match kind {
        Kind::Server => FileKind::Server,
        Kind::Client => FileKind::Client,
    });
    let text = serde_json::to_string_pretty(&schema(kind)).context("could not write the schema")?;
    process::print(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}
