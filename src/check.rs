//! `backpressure check`.

use crate::arguments::Format;
use crate::options::CheckOptions;
use crate::output::Outputs;
use crate::screen;
use ::check::{Check, CheckResult};
use ::report::Recording;
use process::{second_signal, stop_on_signal};
use scenario::{Scenario, Topology};
use std::process::ExitCode;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Runs a check, leaves its recording, and tells the result.
pub(crate) fn run(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let scenario = options.scenario()?;
    if scenario.tls.as_ref().is_some_and(|tls| tls.insecure) {
        process::print_error(
            "warning: --insecure: whoever answers is trusted, the certificate is not checked\n",
        );
    }
    let mut outputs = Outputs::prepare(options.output.as_deref(), options.junit.as_deref())?;
    let shown = !options.quiet && options.format == Format::Text;
    let started = process::start_runtime_for(descriptors(&scenario));
    let measured = started.and_then(|runtime| runtime.block_on(measure(scenario, shown)));
    let result = match measured {
        Ok(result) => result,
        Err(error) => {
            outputs.abandon();
            return Err(error);
        }
    };
    let recording = judged(result);
    // A disk that is full costs the recording, not the result.
    let written = outputs.folder.as_ref().map_or(Ok(()), |folder| recording.write(folder));
    outputs.write_junit(&::report::junit(&recording.verdict))?;
    let folder = outputs.folder.as_deref().filter(|_| written.is_ok());
    screen::show_recording(&recording, options.format, folder)?;
    written?;
    Ok(ExitCode::from(u8::from(!recording.verdict.expected)))
}

/// What many connections take beside the few that every check needs: both ends, where both are in this process.
fn descriptors(scenario: &Scenario) -> u64 {
    let ends = if matches!(scenario.topology, Topology::Target { .. }) { 1 } else { 2 };
    u64::from(scenario.connections + scenario.neighbours - 1) * ends
}

async fn measure(scenario: Scenario, shown: bool) -> anyhow::Result<CheckResult> {
    let stop = CancellationToken::new();
    let (live, state) = watch::channel(None);
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_signal(stop.clone())?);
    let mut screen = JoinSet::new();
    screen.spawn(screen::show(state, shown));
    let again = second_signal(stop.clone())?;
    let result = tokio::select! {
        result = ::check::run(Check { scenario, stop, live }) => result.map_err(anyhow::Error::from),
        () = again => Err(anyhow::anyhow!("interrupted twice: nothing is kept")),
    };
    // The screen clears its line once nobody tells it anything more.
    while screen.join_next().await.is_some() {}
    tasks.shutdown().await;
    result
}

fn judged(result: CheckResult) -> Recording {
    let CheckResult { run, reports, connections, streams, events, latencies } = result;
    let verdict = ::report::fold(reports, run.unmeasured.clone()).judged(&run.scenario.expectations);
    Recording { run, verdict, connections, streams, events, latencies }
}
