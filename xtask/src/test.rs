//! `cargo xtask test`: the documentation's tests, then all others under nextest.

use std::process::Command;

use anyhow::bail;

use crate::cargo_tool::NEXTEST;
use crate::test_tools::TestTools;
use crate::workspace::{Outcome, Workspace, run as run_command};

pub(crate) fn run(workspace: &Workspace, nextest_arguments: &[String]) -> anyhow::Result<Outcome> {
    let tools = prepare(workspace)?;
    let documentation = if nextest_arguments.is_empty() { documentation(workspace)? } else { Outcome::Met };
    let mut tests = nextest(workspace, &tools);
    Ok(documentation.and(judge(tests.args(nextest_arguments))?))
}

/// Installs what the tests need and builds the binary that they run.
pub(crate) fn prepare(workspace: &Workspace) -> anyhow::Result<TestTools> {
    let tools = TestTools::install(workspace)?;
    NEXTEST.ensure(workspace)?;
    workspace.build()?;
    Ok(tools)
}

/// All tests of the workspace, on the release build.
pub(crate) fn nextest(workspace: &Workspace, tools: &TestTools) -> Command {
    let mut command = workspace.cargo(&["nextest", "run", "--workspace", "--release"]);
    tools.tell(&mut command);
    command
}

/// Runs nextest: that a test failed is a finding, all else that goes wrong is an error.
pub(crate) fn judge(nextest: &mut Command) -> anyhow::Result<Outcome> {
    let status = run_command(nextest)?;
    match status.code() {
        Some(0) => Ok(Outcome::Met),
        Some(NEXTEST_TEST_FAILED) => Ok(Outcome::NotMet),
        Some(NEXTEST_NO_TESTS) => bail!("no test has that name"),
        _ => bail!("nextest could not run the tests ({status})"),
    }
}

/// nextest leaves these out.
fn documentation(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut command = workspace.cargo(&["test", "--doc", "--workspace", "--release", "--quiet"]);
    Ok(Outcome::of(run_command(&mut command)?.success()))
}

/// `NextestExitCode::TEST_RUN_FAILED` and `NO_TESTS_RUN`.
const NEXTEST_TEST_FAILED: i32 = 100;
const NEXTEST_NO_TESTS: i32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn ending_with(code: &str) -> anyhow::Result<Outcome> {
        judge(Command::new("sh").args(["-c", "exit $0", code]))
    }

    #[test]
    fn a_failed_test_is_a_finding_and_all_else_an_error() {
        assert_eq!(ending_with("0").unwrap(), Outcome::Met);
        assert_eq!(ending_with("100").unwrap(), Outcome::NotMet);
        assert!(ending_with("4").unwrap_err().to_string().contains("no test"));
        assert!(ending_with("101").is_err());
    }
}
