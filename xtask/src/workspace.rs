//! Where the workspace is, and how commands run in it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use anyhow::{Context as _, bail};

use crate::cargo_tool::{DENY, NEXTEST};

/// What a task that did run found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Met,
    NotMet,
}

impl Outcome {
    pub(crate) fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::NotMet }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self::of(self == Self::Met && other == Self::Met)
    }
}

/// The workspace this task was started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    search_path: OsString,
}

impl Workspace {
    /// Asks cargo, so that a target directory set in any way is honoured.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(manifest) = env::var_os("CARGO_MANIFEST_DIR") {
            metadata.current_dir(manifest);
        }
        let described: serde_json::Value = serde_json::from_slice(&output(&mut metadata)?.stdout)
            .context("could not read cargo metadata")?;
        let directory = |key: &str| -> anyhow::Result<PathBuf> {
            let named = described.get(key).and_then(serde_json::Value::as_str);
            Ok(named.with_context(|| format!("cargo metadata names no {key}"))?.into())
        };

        let (root, target) = (directory("workspace_root")?, directory("target_directory")?);
        let search_path = search_path(&target)?;
        Ok(Self { root, target, search_path })
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", &self.search_path);
        command
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(cargo());
        command.args(arguments);
        command
    }

    /// Builds the shipped binary, as `cargo run --release` would.
    pub(crate) fn build(&self) -> anyhow::Result<()> {
        succeed(&mut self.cargo(&["build", "--release"]))
    }

    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join("release/backpressure")
    }

    /// Where this task keeps what it installs without root: a place in the target directory.
    pub(crate) fn tools(&self) -> PathBuf {
        tools(&self.target)
    }

    /// Whether a program of this name could be started.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        env::split_paths(&self.search_path).any(|directory| directory.join(name).is_file())
    }
}

/// Says which command it runs, on the task's own output, and returns how that ended.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<ExitStatus> {
    say(format!("$ {}", shown(command)));
    command.status().with_context(|| format!("could not start {}", shown(command)))
}

/// Runs a command on the task's own output; that it fails is an error.
pub(crate) fn succeed(command: &mut Command) -> anyhow::Result<()> {
    if !run(command)?.success() {
        bail!("failed: {}", shown(command));
    }
    Ok(())
}

/// Runs a command and keeps its output, which becomes the error when it fails.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output().with_context(|| format!("could not start {}", shown(command)))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{} ({})\n{}", shown(command), output.status, String::from_utf8_lossy(&said).trim_end());
    }
    Ok(output)
}

/// One line on what the task does; data alone goes to stdout.
#[expect(clippy::print_stderr, reason = "a task tells what it does")]
pub(crate) fn say(line: impl Display) {
    eprintln!("{line}");
}

/// A command as a person would type it, without the path to the program and the text of scripts.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = iter::once(program).chain(command.get_args());
    let words =
        words.map(OsStr::to_string_lossy).map(|word| if word.contains('\n') { "…".into() } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn tools(target: &Path) -> PathBuf {
    target.join("test-tools")
}

/// `PATH`, then the cargo tools kept in the target directory, then where Debian keeps nginx, HAProxy and nft, which
/// is not in the `PATH` of an ordinary user.
fn search_path(target: &Path) -> anyhow::Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let fetched = [NEXTEST, DENY].map(|tool| tool.directory(&tools(target)).join("bin"));
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    env::join_paths(env::split_paths(&inherited).chain(fetched).chain(system))
        .context("could not extend PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_not_met_is_the_whole_not_met() {
        assert_eq!(Outcome::Met.and(Outcome::Met), Outcome::Met);
        assert_eq!(Outcome::Met.and(Outcome::NotMet), Outcome::NotMet);
        assert_eq!(Outcome::NotMet.and(Outcome::Met), Outcome::NotMet);
    }

    #[test]
    fn a_failed_command_is_an_error_that_carries_what_it_printed() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out\necho err >&2; exit 3", "name"]);
        let error = output(&mut command).unwrap_err().to_string();
        assert_eq!(error, "sh -c … name (exit status: 3)\nout\nerr");
    }

    #[test]
    fn the_workspace_is_found_and_its_programs_too() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root.join("xtask/Cargo.toml").is_file());
        assert!(workspace.has_program("sh"));
        assert!(!workspace.has_program("no-such-program"));
    }
}
