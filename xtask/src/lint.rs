//! `cargo xtask lint`: what a change must hold to before anyone reads it.

use std::process::Command;

use crate::cargo_tool::DENY;
use crate::workspace::{Outcome, Workspace, run as run_command, say};

/// Runs every check, so that one round shows all there is to mend.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Outcome> {
    DENY.ensure(workspace)?;
    let mut failed = Vec::new();
    for (name, mut check) in checks(workspace) {
        if !run_command(&mut check)?.success() {
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        say(format!("lint: not met: {}", failed.join(", ")));
    }
    Ok(Outcome::of(failed.is_empty()))
}

fn checks(workspace: &Workspace) -> [(&'static str, Command); 4] {
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"];
    let mut documentation = workspace.cargo(&["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    [
        ("format", workspace.cargo(&["fmt", "--all", "--check"])),
        ("clippy", workspace.cargo(&clippy)),
        (
            "dependencies",
            workspace.cargo(&["deny", "--workspace", "--locked", "check", "bans", "licenses", "sources"]),
        ),
        ("documentation", documentation),
    ]
}
