//! Other people's peers and readers, from `PyPI` and npm, kept in the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::install::{self, PYTHON, SUITE};
use crate::workspace::{Workspace, output, say};

/// What pip installs, and what then can be imported.
const PYTHON_PACKAGES: &[(&str, &str)] =
    &[("hdrhistogram==0.10.*", "hdrh.log"), ("websockets==17.*", "websockets.asyncio")];

/// What npm installs, and the name that then can be imported. Version 24 is the browser driver's last for Node.js 18 and 20.
const NODE_PACKAGES: &[(&str, &str)] =
    &[("hdr-histogram-js@3", "hdr-histogram-js"), ("puppeteer-core@24", "puppeteer-core")];

/// All that the tests need, installed.
#[derive(Debug)]
pub(crate) struct TestTools {
    python: PathBuf,
    node_modules: PathBuf,
}

impl TestTools {
    pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<Self> {
        install::ensure(workspace, SUITE)?;
        Ok(Self { python: python_with_packages(workspace)?, node_modules: node_modules(workspace)? })
    }

    /// Tells the tests where to find them.
    pub(crate) fn tell(&self, command: &mut Command) {
        command
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

fn python_with_packages(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let python = python(workspace)?;
    for (package, module) in PYTHON_PACKAGES {
        let is_met = || output(workspace.command(&python).args(["-c", &format!("import {module}")]));
        if is_met().is_err() {
            say(format!("installing with pip: {package}"));
            output(pip_install(workspace, &python).arg(package))?;
            is_met()?;
        }
    }
    Ok(python)
}

fn node_modules(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let directory = workspace.tools().join("node");
    let modules = directory.join("node_modules");
    let is_met = || {
        let wanted: Vec<String> =
            NODE_PACKAGES.iter().map(|(_, name)| format!("require('{name}')")).collect();
        let mut node = workspace.command("node");
        output(node.args(["-e", &wanted.join(";")]).env("NODE_PATH", &modules))
    };
    if is_met().is_err() {
        let packages: Vec<&str> = NODE_PACKAGES.iter().map(|(package, _)| *package).collect();
        say(format!("installing with npm: {}", packages.join(", ")));
        fs::create_dir_all(&directory).with_context(|| format!("could not make {}", directory.display()))?;
        let mut npm = workspace.command("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
        output(npm.arg(&directory).args(packages))?;
        is_met()?;
    }
    Ok(modules)
}
