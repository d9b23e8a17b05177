//! The client as a program: a file in, an exit code out.

use crate::pair::{Client, Outcome, Remark};
use anyhow::Context;
use endpoint::Sampler;
use process::{print, print_error, read_file, start_printing, start_runtime_for, stop_on_signal};
use report::{PairTotals, Started, make_folder, pair_text};
use scenario::files::{ClientFile, FileError};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use trace::Role;
use transport::TlsSetupError;
use units::{Clock, format_duration};

/// Does what a file says, and prints what became of it.
pub fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let text = read_file(path)?;
    let name = path.display().to_string();
    let file = ClientFile::parse(&text, &name)?;
    let at =
        |keys: &[&str], error: anyhow::Error| FileError::at_key(&name, &text, keys, &format!("{error:#}"));
    let clock = Clock::start();
    let started = Started::now(clock);
    let (lines, printer) = start_printing()?;
    let sampler = Sampler::start(clock).context("could not start the sampler's thread")?;
    if file.tls.as_ref().is_some_and(|tls| tls.insecure) {
        print_error("warning: insecure: whoever answers is trusted, the certificate is not checked\n");
    }
    let client = Client::new(file, clock, sampler, lines);
    let client = client.map_err(|error| {
        let key = key_of(&error);
        at(&["tls", key], error.into())
    })?;
    if let Some(folder) = &client.file.end.output {
        // A mistake shows before anything is sent.
        make_folder(folder).map_err(|error| at(&["output"], error.into()))?;
    }
    let client = Arc::new(client);
    let told = (client.file.clone(), client.role(), client.seed, client.watching.interval);
    let outcome = start_runtime_for(u64::from(client.file.connections))?.block_on(complete(client));
    let (file, role, seed, interval) = told;
    let Outcome { collection, remark } = outcome?;
    let mut document = collection.document().judged(&file.expect);
    if let Some(Remark::Early(reason)) = &remark {
        document.expected = false;
        document.unexpected.insert(0, reason.clone());
    }
    let summary = if role == Role::Producer { fired(&file, &document.totals) } else { String::new() };
    let mut page = vec![format!("\n{summary}{}", pair_text(&document))];
    let unexpected = document.unexpected.first().cloned();
    if let Some(folder) = &file.end.output {
        // Before anything is printed: a recording must not be lost because nobody reads what is.
        let run = pair::describe(&text, seed, interval, started);
        collection.into_recording(run, document).write(folder)?;
        page.push(format!("recording     {}\n", folder.display()));
    }
    if let Some(Remark::Note(note)) = &remark {
        page.push(format!("closing       {note}\n"));
    }
    printer.finish()?;
    print(&page.concat())?;
    Ok(match (remark, unexpected) {
        (Some(Remark::Early(reason)), _) => not_as_expected(&reason),
        (_, Some(reason)) => not_as_expected(&format!("not as expected: {reason}")),
        _ => ExitCode::SUCCESS,
    })
}

/// What below `tls` is to blame.
fn key_of(error: &TlsSetupError) -> &'static str {
    if matches!(error, TlsSetupError::Name(_)) { "sni" } else { "ca" }
}

async fn complete(client: Arc<Client>) -> anyhow::Result<Outcome> {
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_signal(client.stop.clone())?);
    let outcome = client.run().await;
    tasks.shutdown().await;
    Ok(outcome?)
}

/// go-backpressure's two lines.
fn fired(file: &ClientFile, totals: &PairTotals) -> String {
    let took = Duration::try_from_secs_f64(totals.took_ms / 1e3).unwrap_or_default();
    let mut lines = format!("Fired {} requests in {}\n", totals.requests, format_duration(took));
    let (requests, time) = file.end.production.expected();
    // The last connection begins so long after the first.
    let ramp = file.ramp.map(|ramp| ramp.slot(file.connections.saturating_sub(1))).unwrap_or_default();
    let time = time.map(|time| format_duration(time.saturating_add(ramp)));
    let all = requests.map(|requests| requests.saturating_mul(u64::from(file.connections)));
    let expected = match (all, time) {
        (None, None) => "as many requests as go".to_owned(),
        (None, Some(time)) => format!("as many requests as go in {time}"),
        (Some(all), None) => format!("{all} requests as fast as they go"),
        (Some(all), Some(time)) => format!("{all} requests in {time}"),
    };
    lines.push_str("Expected: ");
    lines.push_str(&expected);
    lines.push('\n');
    lines
}

/// Measured, and not as expected.
fn not_as_expected(reason: &str) -> ExitCode {
    print_error(&format!("error: {reason}\n"));
    ExitCode::from(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_time_is_that_of_the_last_connection() {
        let text = "requests_per_second: 10\nrequests_total: 100\nduration: 1s\nconnections: 11\nramp: 5/s\n";
        let file = ClientFile::parse(text, "client.yml").unwrap();
        let lines = fired(&file, &PairTotals { requests: 7, took_ms: 1500.0, ..PairTotals::default() });
        assert_eq!(lines, "Fired 7 requests in 1.50 s\nExpected: 110 requests in 3.00 s\n");
    }
}
