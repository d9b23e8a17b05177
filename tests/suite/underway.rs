//! A check under way, beside which a test does something.

use crate::command::{Checked, checked};
use crate::waiting::until;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running `backpressure check`, ended by its id if the test does not await its end.
#[derive(Debug)]
pub(crate) struct CheckUnderWay(Option<Child>);

impl CheckUnderWay {
    /// Starts `program` (wherever it runs) with these options of `check`.
    pub(crate) fn start(mut program: Command, options: &[&str]) -> Self {
        program.args(["check", "--format", "json", "--output", "none"]).args(options);
        Self::start_as_is(program)
    }

    /// Starts a command that already is a check, and prints a verdict as JSON.
    pub(crate) fn start_as_is(mut program: Command) -> Self {
        // What it prints fits into a pipe: a verdict of at most two directions.
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(program.spawn().expect("the program starts")))
    }

    /// Its verdict, which must come within this time.
    pub(crate) fn finish(mut self, within: Duration) -> Checked {
        let child = self.0.as_mut().expect("it is awaited once");
        until(within, "the check ends", || child.try_wait().expect("a child can be asked"));
        let child = self.0.take().expect("it is awaited once");
        checked(&child.wait_with_output().expect("it ended"))
    }
}

impl Drop for CheckUnderWay {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
