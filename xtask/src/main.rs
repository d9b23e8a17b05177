//! `cargo xtask`: what this repository does with itself. Ends with 0 when all is well, 1 when a test,
//! a lint or a bar was not met, 2 when the task could not run.

mod bench;
mod cargo_tool;
mod connections;
mod install;
mod iperf3;
mod lint;
mod soak;
mod test;
mod test_tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::{Outcome, Workspace, say};

/// Test, lint and measure this workspace
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what the tests need (Debian, Ubuntu), then run every test
    Test {
        /// Passed on to nextest, a filter for example; the documentation's tests are then left out
        #[arg(last = true)]
        nextest: Vec<String>,
    },
    /// Check format, clippy, dependencies and documentation
    Lint,
    /// Measure side by side with a peer
    Bench {
        #[command(subcommand)]
        peer: Benchmark,
    },
    /// Repeat the `soak_` tests while every core is busy with something else
    Soak {
        /// How often each test repeats its check
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
    },
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// The baseline of `check` with full integrity against iperf3, and what its sampler costs
    Check {
        /// How many runs of each, in turn
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Thousands of connections at once, client and server in two processes, and the memory they take
    Connections {
        /// How many
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=18_000))]
        connections: u32,
    },
}

fn main() -> ExitCode {
    match perform(&Arguments::parse().task) {
        Ok(Outcome::Met) => ExitCode::SUCCESS,
        Ok(Outcome::NotMet) => ExitCode::FAILURE,
        Err(error) => {
            say(format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn perform(task: &Task) -> anyhow::Result<Outcome> {
    let workspace = Workspace::find()?;
    match task {
        Task::Test { nextest } => test::run(&workspace, nextest),
        Task::Lint => lint::run(&workspace),
        Task::Bench { peer: Benchmark::Check { rounds } } => bench::check(&workspace, *rounds),
        Task::Bench { peer: Benchmark::Connections { connections } } => {
            connections::bench(&workspace, *connections)
        }
        Task::Soak { runs } => soak::run(&workspace, *runs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_goes_to_nextest() {
        let arguments = Arguments::try_parse_from(["xtask", "test", "--", "check_relays", "-j1"]).unwrap();
        assert!(matches!(arguments.task, Task::Test { nextest } if nextest == ["check_relays", "-j1"]));
    }
}
