//! backpressure: does "slow down" get through?

mod arguments;
mod check;
mod client;
mod config;
mod files;
mod merge;
mod options;
mod output;
mod printing;
mod report;
mod runtime;
mod screen;
mod server;
mod signals;

use arguments::{Arguments, Task};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse_from(files::arguments(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) => return arguments::refuse(&error),
    };
    // A server's log tells who came; a check's only what went wrong.
    let serves = matches!(arguments.task, Task::Server(_));
    screen::log_to_stderr(arguments.verbose + u8::from(serves));
    let done = match arguments.task {
        Task::Check(options) => check::run(&options),
        Task::Server(options) => server::run(&options),
        Task::Client(options) => client::run(&options),
        Task::Config(options) => config::run(&options),
        Task::Report(options) => report::run(&options),
        Task::Merge(options) => merge::run(&options),
    };
    done.unwrap_or_else(|error| screen::fail(&error))
}
