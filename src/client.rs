//! `backpressure client`.

use crate::arguments::ClientOptions;
use std::process::ExitCode;

/// Does what its file says, and prints what became of it.
pub(crate) fn run(options: &ClientOptions) -> anyhow::Result<ExitCode> {
    ::client::program::run(options.file())
}
