//! `backpressure check`.

use crate::arguments::Format;
use crate::options::CheckOptions;
use crate::screen;
use crate::signals::stop_on_signal;
use ::check::{Check, CheckResult};
use ::report::Recording;
use anyhow::{Context, bail};
use scenario::Scenario;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Runs a check, leaves its recording, and tells the result.
pub(crate) fn run(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let scenario = options.scenario()?;
    let folder = make_folder(options.output.as_deref())?;
    let measured = measure(scenario, !options.quiet && options.format == Format::Text);
    let recording = match (measured, &folder) {
        (Ok(result), _) => judged(result),
        (Err(error), Some(folder)) => {
            // Nothing was measured: no empty folder is left behind.
            drop(fs::remove_dir(folder));
            return Err(error);
        }
        (Err(error), None) => return Err(error),
    };
    if let Some(folder) = &folder {
        recording.write(folder)?;
    }
    tell(&recording, options, folder.as_deref())?;
    Ok(ExitCode::from(u8::from(!recording.verdict.expected)))
}

#[tokio::main]
async fn measure(scenario: Scenario, shown: bool) -> anyhow::Result<CheckResult> {
    let stop = CancellationToken::new();
    let (live, state) = watch::channel(None);
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_signal(stop.clone())?);
    let mut screen = JoinSet::new();
    screen.spawn(screen::show(state, shown));
    let result = ::check::run(Check { scenario, stop, live }).await;
    // The screen clears its line once nobody tells it anything more.
    while screen.join_next().await.is_some() {}
    tasks.shutdown().await;
    Ok(result?)
}

fn judged(result: CheckResult) -> Recording {
    let CheckResult { run, reports, streams, events, latencies } = result;
    let verdict = ::report::fold(reports, run.unmeasured.clone()).judged(&run.scenario.expectations);
    Recording { run, verdict, streams, events, latencies }
}

fn tell(recording: &Recording, options: &CheckOptions, folder: Option<&Path>) -> anyhow::Result<()> {
    if let Some(file) = &options.junit {
        fs::write(file, ::report::junit(&recording.verdict))
            .with_context(|| format!("could not write {}", file.display()))?;
    }
    match options.format {
        Format::Json => screen::print(&::report::json(&recording.verdict)),
        Format::Text => screen::print(&::report::text(recording, &screen::text_options(folder))),
    };
    Ok(())
}

/// Makes the recording's folder before anything is measured, so that a mistake shows at once.
fn make_folder(output: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let folder = match output {
        Some(path) if path == Path::new("none") => return Ok(None),
        Some(path) => path.to_owned(),
        None => new_folder(),
    };
    let failed = || format!("could not make the recording's folder {}", folder.display());
    fs::create_dir_all(&folder).with_context(failed)?;
    if fs::read_dir(&folder).with_context(failed)?.next().is_some() {
        bail!("{} is not empty; a recording needs a folder of its own", folder.display());
    }
    Ok(Some(folder))
}

/// `runs/` and the present time; a number behind it where that exists already.
fn new_folder() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a folder is named by the wall clock")]
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(':', "-");
    let runs = Path::new("runs");
    let numbered = (2..).map(|number| runs.join(format!("{now}-{number}")));
    let mut names = std::iter::once(runs.join(&now)).chain(numbered);
    names.find(|name| !name.exists()).expect("the numbers do not end")
}
