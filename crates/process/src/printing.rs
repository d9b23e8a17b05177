//! A thread that prints lines: standard output may block for as long as its reader likes.

use anyhow::{Context, bail};
use report::Lines;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// The thread; it ends once nobody is left who could say a line.
#[derive(Debug)]
pub struct Printer {
    unprinted: Receiver<u64>,
}

/// Lines that may wait.
const WAITING: usize = 4096;

/// How long lines that wait at the end are printed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where lines are said, and what prints them.
pub fn start_printing() -> anyhow::Result<(Lines, Printer)> {
    let (lines, printing) = Lines::queue(WAITING);
    let (tell, unprinted) = sync_channel(1);
    let print = move || {
        // Who has waited long enough does not want to know any more.
        tell.send(printing.run(io::stdout())).unwrap_or_default();
    };
    thread::Builder::new().name("printing".to_owned()).spawn(print).context("could not start a thread")?;
    Ok((lines, Printer { unprinted }))
}

impl Printer {
    /// Waits until what was said is printed; says what was not.
    pub fn finish(self) -> anyhow::Result<()> {
        match self.unprinted.recv_timeout(PATIENCE) {
            Ok(0) => Ok(()),
            Ok(lines) => {
                tracing::warn!(lines, "standard output took no more");
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => bail!("could not print: nobody reads standard output"),
            Err(RecvTimeoutError::Disconnected) => bail!("could not print: its thread ended"),
        }
    }
}
