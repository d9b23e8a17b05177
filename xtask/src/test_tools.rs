//! The two readers of HdrHistogram logs, from `PyPI` and npm, kept in the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::install::{self, PYTHON, SUITE};
use crate::workspace::{Workspace, output, say};

const PYTHON_READER: &str = "hdrhistogram==0.10.*";
const NODE_READER: &str = "hdr-histogram-js@3";

/// All that the tests need, installed.
#[derive(Debug)]
pub(crate) struct TestTools {
    binary: PathBuf,
    python: PathBuf,
    node_modules: PathBuf,
}

impl TestTools {
    pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<Self> {
        install::ensure(workspace, SUITE)?;
        Ok(Self {
            binary: workspace.binary(),
            python: python_reader(workspace)?,
            node_modules: node_reader(workspace)?,
        })
    }

    /// Tells the tests where to find them.
    pub(crate) fn tell(&self, command: &mut Command) {
        command
            .env("BACKPRESSURE_BIN", &self.binary)
            .env("BACKPRESSURE_TEST_PYTHON", &self.python)
            .env("BACKPRESSURE_TEST_NODE_PATH", &self.node_modules);
    }
}

/// The Python of a virtual environment of this workspace's own, made where absent.
pub(crate) fn python(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    install::ensure(workspace, &[PYTHON])?;
    let environment = workspace.tools().join("venv");
    let python = environment.join("bin/python");
    if output(workspace.command(&python).args(["-m", "pip", "--version"])).is_err() {
        say("making a Python environment");
        output(workspace.command("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    }
    Ok(python)
}

/// A pip of the virtual environment, ready for `install`'s arguments.
pub(crate) fn pip_install(workspace: &Workspace, python: &Path) -> Command {
    let mut pip = workspace.command(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}

fn python_reader(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let python = python(workspace)?;
    let is_met = || output(workspace.command(&python).args(["-c", "import hdrh.log"]));
    if is_met().is_err() {
        say(format!("installing with pip: {PYTHON_READER}"));
        output(pip_install(workspace, &python).arg(PYTHON_READER))?;
        is_met()?;
    }
    Ok(python)
}

fn node_reader(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let directory = workspace.tools().join("node");
    let modules = directory.join("node_modules");
    let is_met = || {
        let mut node = workspace.command("node");
        output(node.args(["-e", "require('hdr-histogram-js')"]).env("NODE_PATH", &modules))
    };
    if is_met().is_err() {
        say(format!("installing with npm: {NODE_READER}"));
        fs::create_dir_all(&directory).with_context(|| format!("could not make {}", directory.display()))?;
        let mut npm = workspace.command("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
        output(npm.arg(&directory).arg(NODE_READER))?;
        is_met()?;
    }
    Ok(modules)
}
