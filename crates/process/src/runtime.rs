//! What a task needs of the system before it starts: descriptors, and threads.

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// With fewer descriptors not even one check of loopback would come to its end.
const LEAST_DESCRIPTORS: u64 = 32;

/// Raises the limit of descriptors as far as it may, and starts the threads that carry connections.
pub fn start_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    start_runtime_for(0)
}

/// The same, for so many connections whose descriptors are all this process's.
pub fn start_runtime_for(connections: u64) -> anyhow::Result<tokio::runtime::Runtime> {
    raise_descriptor_limit(LEAST_DESCRIPTORS.saturating_add(connections))?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().context("could not start the program's threads")
}

fn raise_descriptor_limit(least: u64) -> anyhow::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let most = if raised.is_ok() { maximum } else { current };
    match most {
        Some(most) if most < least => {
            bail!(
                "could not start: the limit of open files (ulimit -n) is {most}, at least {least} are needed"
            )
        }
        _ => Ok(()),
    }
}
