//! `backpressure server`.

use crate::arguments::ServerOptions;
use ::server::program::{self, Told};
use std::process::ExitCode;

/// Serves until a signal ends it.
pub(crate) fn run(options: &ServerOptions) -> anyhow::Result<ExitCode> {
    program::run(&Told {
        file: options.file(),
        listen: options.listen,
        buffers: options.buffers,
        certificate: options.certificate(),
        connections: Some(options.connections),
        connections_per_address: options.connections_per_address,
        token: options.token.clone(),
    })
}
