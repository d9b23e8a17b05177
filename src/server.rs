//! `backpressure server`.

use crate::arguments::ServerOptions;
use crate::signals::stop_on_signal;
use crate::{runtime, screen};
use ::server::{Server, ServerLimits, Settings};
use anyhow::Context;
use endpoint::Sampler;
use std::process::ExitCode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use units::Clock;

/// Serves checks until a signal ends it.
pub(crate) fn run(options: &ServerOptions) -> anyhow::Result<ExitCode> {
    runtime::start()?.block_on(serve(options))
}

async fn serve(options: &ServerOptions) -> anyhow::Result<ExitCode> {
    let clock = Clock::start();
    let sampler = Sampler::start(clock).context("could not start the sampler's thread")?;
    let settings = Settings {
        listen: options.listen,
        buffers: options.buffers,
        limits: ServerLimits::default(),
        public: true,
    };
    let could_not_listen = || format!("could not listen on {}", options.listen);
    let server = Server::bind(&settings, clock, sampler).with_context(could_not_listen)?;
    let address = server.local_addr().with_context(could_not_listen)?;
    screen::print(&format!("listening on {address}\n"))?;
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_signal(stop.clone())?);
    server.serve(stop).await;
    tasks.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
