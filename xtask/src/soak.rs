//! `cargo xtask soak`: the same verdict, again and again, while the cores are busy with something else.

use std::num::NonZero;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::Context as _;

use crate::test;
use crate::workspace::{Outcome, Workspace, say, succeed};

pub(crate) fn run(workspace: &Workspace, runs: u32) -> anyhow::Result<Outcome> {
    let tools = test::prepare(workspace)?;
    let soak_tests = || {
        let mut command = test::nextest(workspace, &tools);
        command.args(["--profile", "soak", "-E", "test(soak_)"]);
        command.env("BACKPRESSURE_SOAK_RUNS", runs.to_string());
        command
    };
    succeed(soak_tests().arg("--no-run"))?;

    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    say(format!("keeping {cores} cores busy, {runs} runs of each test"));
    let _load = Load::start(cores)?;
    test::judge(&mut soak_tests())
}

/// Processes that do nothing but burn a core each, ended when this is dropped.
#[derive(Debug)]
struct Load(Vec<Child>);

impl Load {
    fn start(cores: usize) -> anyhow::Result<Self> {
        let mut load = Self(Vec::new());
        for _ in 0..cores {
            let burner = Command::new("sh").args(["-c", BURN]).stdin(Stdio::null()).spawn();
            load.0.push(burner.context("could not start a process to keep a core busy")?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for burner in &mut self.0 {
            let ended = burner.kill().and_then(|()| burner.wait());
            if let Err(error) = ended {
                say(format!("process {} may still be burning a core: {error}", burner.id()));
            }
        }
    }
}

/// Ends by itself once whoever started it is gone, however that went.
const BURN: &str =
    r#"while kill -0 "$PPID" 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; done"#;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_load_ends_with_its_owner() {
        let load = Load::start(2).unwrap();
        let processes: Vec<String> = load.0.iter().map(|burner| format!("/proc/{}", burner.id())).collect();
        assert!(processes.iter().all(|process| Path::new(process).exists()));
        drop(load);
        assert!(processes.iter().all(|process| !Path::new(process).exists()));
    }
}
