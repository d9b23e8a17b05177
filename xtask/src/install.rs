//! The system's programs that tests and benchmarks start, and their installation where apt-get can do it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::workspace::{Workspace, output, say};

/// Something that has to be on the machine.
#[derive(Debug)]
pub(crate) struct Need {
    name: &'static str,
    probe: Probe,
    /// The Debian package that brings it.
    package: &'static str,
}

#[derive(Debug)]
enum Probe {
    Program(&'static str),
    /// Any one of these files.
    File(&'static [&'static str]),
    /// Python 3 can make a virtual environment: Debian ships the half of `venv` that brings pip apart.
    PythonVenv,
}

pub(crate) const IPERF3: Need = Need::program("iperf3", "iperf3");
pub(crate) const PYTHON: Need =
    Need { name: "python3 with venv", probe: Probe::PythonVenv, package: "python3-venv" };

/// What the tests start.
pub(crate) const SUITE: &[Need] = &[
    Need::program("nginx", "nginx"),
    Need {
        name: "nginx's stream module",
        probe: Probe::File(&[
            "/usr/lib/nginx/modules/ngx_stream_module.so",
            "/usr/lib64/nginx/modules/ngx_stream_module.so",
        ]),
        package: "libnginx-mod-stream",
    },
    Need::program("haproxy", "haproxy"),
    Need::program("socat", "socat"),
    Need::program("openssl", "openssl"),
    Need::program("tshark", "tshark"),
    IPERF3,
    Need::program("ip", "iproute2"),
    Need::program("nft", "nftables"),
    PYTHON,
    Need::program("node", "nodejs"),
    Need::program("npm", "npm"),
    Need::program("chromium", "chromium"),
];

impl Need {
    const fn program(name: &'static str, package: &'static str) -> Self {
        Self { name, probe: Probe::Program(name), package }
    }

    pub(crate) fn is_met(&self, workspace: &Workspace) -> bool {
        match self.probe {
            Probe::Program(name) => workspace.has_program(name),
            Probe::File(places) => places.iter().any(|place| Path::new(place).is_file()),
            Probe::PythonVenv => {
                output(workspace.command("python3").args(["-c", "import ensurepip, venv"])).is_ok()
            }
        }
    }
}

/// Installs what is absent; an error names what still is.
pub(crate) fn ensure(workspace: &Workspace, needs: &[Need]) -> anyhow::Result<()> {
    let absent = absent(workspace, needs);
    if absent.is_empty() {
        return Ok(());
    }
    let missing = named(&absent);
    let mut apt = apt(workspace).with_context(|| format!("missing: {missing}"))?;
    say(format!("installing with apt-get: {missing}"));
    output(apt.args(absent.iter().map(|need| need.package)))
        .with_context(|| format!("could not install {missing}"))?;

    let absent = self::absent(workspace, needs);
    if !absent.is_empty() {
        bail!("missing although apt-get installed it: {}", named(&absent));
    }
    Ok(())
}

/// The script that installs the packages it is given, run as root.
fn apt(workspace: &Workspace) -> anyhow::Result<Command> {
    if !workspace.has_program("apt-get") {
        bail!("there is no apt-get here, so install them by hand");
    }
    let user = output(workspace.command("id").arg("-u"))?.stdout;
    let mut command = if user.trim_ascii() == b"0" {
        workspace.command("sh")
    } else if workspace.has_program("sudo") {
        let mut sudo = workspace.command("sudo");
        sudo.arg("sh");
        sudo
    } else {
        bail!("neither root nor sudo is to be had, so install them as root");
    };
    command.args(["-c", include_str!("apt_install.sh"), "apt_install.sh"]);
    Ok(command)
}

fn absent<'a>(workspace: &Workspace, needs: &'a [Need]) -> Vec<&'a Need> {
    needs.iter().filter(|need| !need.is_met(workspace)).collect()
}

/// `nft (package nftables), npm (package npm)`
fn named(needs: &[&Need]) -> String {
    let name = |need: &&Need| format!("{} (package {})", need.name, need.package);
    needs.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_absent_is_named_with_its_package() {
        let workspace = Workspace::find().unwrap();
        let needs = [
            Need::program("sh", "dash"),
            Need::program("no-such-program", "absent"),
            Need { name: "a module", probe: Probe::File(&["/no/such/file"]), package: "module" },
        ];
        assert_eq!(
            named(&absent(&workspace, &needs)),
            "no-such-program (package absent), a module (package module)"
        );
    }

    #[test]
    fn nothing_is_installed_where_nothing_is_absent() {
        let workspace = Workspace::find().unwrap();
        ensure(&workspace, &[Need::program("sh", "no-such-package")]).unwrap();
    }
}
