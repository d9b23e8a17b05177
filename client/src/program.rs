//! The client as a program: a file in, an exit code out.

use crate::pair::{self, Ending, Outcome};
use process::{print, print_error, read_file, start_printing, start_runtime, stop_on_signal};
use report::Lines;
use scenario::files::ClientFile;
use std::path::Path;
use std::process::ExitCode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use units::{Clock, format_duration};

/// Sends what a file says, and prints what became of it.
pub fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let file = ClientFile::parse(&read_file(path)?, &path.display().to_string())?;
    let (lines, printer) = start_printing()?;
    let outcome = start_runtime()?.block_on(fire(&file, lines));
    let Outcome { figures, ending } = outcome?;
    printer.finish()?;
    print(&format!("\n{figures}"))?;
    let requests = format!("{} of {} requests", figures.fired, file.requests_total);
    Ok(match ending {
        Ending::Complete { waited: None } => ExitCode::SUCCESS,
        Ending::Complete { waited: Some(waited) } => {
            print(&format!("closing       the server had not closed after {}\n", format_duration(waited)))?;
            ExitCode::SUCCESS
        }
        Ending::Broken(error) => unfinished(&format!("the connection ended after {requests}: {error}")),
        Ending::Interrupted => unfinished(&format!("interrupted after {requests}")),
    })
}

async fn fire(file: &ClientFile, lines: Lines) -> anyhow::Result<Outcome> {
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_signal(stop.clone())?);
    let seed = file.seed.unwrap_or_else(rand::random);
    let told = |request, size: units::ByteSize| {
        lines.say(format!("req: {request} (wrote {} bytes)", size.as_u64()));
    };
    let outcome = pair::run(file, seed, Clock::start(), &stop, told).await;
    tasks.shutdown().await;
    Ok(outcome?)
}

/// Measured, and not as expected.
fn unfinished(reason: &str) -> ExitCode {
    print_error(&format!("error: {reason}\n"));
    ExitCode::from(1)
}
