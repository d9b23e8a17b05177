//! backpressure: does "slow down" get through?

mod arguments;
mod check;
mod client;
mod config;
mod merge;
mod options;
mod output;
mod report;
mod screen;
mod server;

use arguments::{Arguments, Task};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Arguments = match process::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    // A server's log tells who came; a check's only what went wrong.
    let serves = matches!(arguments.task, Task::Server(_));
    process::log_to_stderr(arguments.verbose + u8::from(serves));
    let done = match arguments.task {
        Task::Check(options) => check::run(&options),
        Task::Server(options) => server::run(&options),
        Task::Client(options) => client::run(&options),
        Task::Config(options) => config::run(&options),
        Task::Report(options) => report::run(&options),
        Task::Merge(options) => merge::run(&options),
    };
    done.unwrap_or_else(|error| process::fail(&error))
}
