//! `cargo xtask bench connections`: thousands of connections at once, between two processes, and what that takes of memory.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::workspace::{Outcome, Workspace, say};

/// Less than this of either process's memory a connection, KiB; what the sockets hold is the kernel's.
const MEMORY_BAR: f64 = 40.0;
/// At most this share of a core for the sampler.
const SAMPLER_BAR: f64 = 0.05;
/// How often the client's memory is looked at, which cannot be asked any more once it has ended.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) fn bench(workspace: &Workspace, connections: u32) -> anyhow::Result<Outcome> {
    workspace.build()?;
    let server = Server::start(workspace, connections)?;
    let mut outcome = Outcome::Met;
    for direction in ["upload", "download"] {
        say(format!("measuring {connections} connections, {direction}, about a minute"));
        let (verdict, client_kib) = check(workspace, &server.address, connections, direction)?;
        let found = Found::read(&verdict, direction)?;
        let server_kib = peak_memory(server.process.id())?;
        outcome = outcome.and(found.judge(connections, client_kib, server_kib));
    }
    Ok(outcome)
}

/// What a check of many connections found.
#[derive(Debug, PartialEq)]
struct Found {
    opened: u64,
    propagate: u64,
    lost_bytes: i64,
    undelivered_bytes: u64,
    sampler_share: f64,
    interval_us: u64,
}

impl Found {
    fn read(verdict: &Value, direction: &str) -> anyhow::Result<Self> {
        let at = |name: &str| verdict.pointer(&format!("/directions/{direction}/{name}"));
        let missing = |name: &str| format!("check reports no {name} of the {direction}");
        let whole = |name: &str| at(name).and_then(Value::as_u64).with_context(|| missing(name));
        Ok(Self {
            opened: whole("connections/opened")?,
            propagate: whole("connections/verdicts/propagates").unwrap_or(0),
            lost_bytes: at("integrity/lost_bytes")
                .and_then(Value::as_i64)
                .with_context(|| missing("integrity"))?,
            undelivered_bytes: at("integrity/undelivered_bytes").and_then(Value::as_u64).unwrap_or(0),
            sampler_share: at("sampler/cpu_share")
                .and_then(Value::as_f64)
                .with_context(|| missing("sampler"))?,
            interval_us: whole("connections/sample_interval_us")?,
        })
    }

    fn judge(&self, connections: u32, client_kib: u64, server_kib: u64) -> Outcome {
        let all = u64::from(connections);
        let a_connection = |kib: u64| {
            #[expect(clippy::cast_precision_loss, reason = "printed to one decimal")]
            let kib = kib as f64;
            kib / f64::from(connections)
        };
        let (client, server) = (a_connection(client_kib), a_connection(server_kib));
        let whole = self.lost_bytes == 0 && self.undelivered_bytes == 0;
        let rows = [
            (
                format!("{} of {all} opened, {} measured to propagate", self.opened, self.propagate),
                self.opened == all && self.propagate == all,
            ),
            (format!("{} bytes lost, {} not delivered", self.lost_bytes, self.undelivered_bytes), whole),
            (
                format!("client {client:.1} KiB a connection at its peak, under {MEMORY_BAR:.0} wanted"),
                client < MEMORY_BAR,
            ),
            (
                format!("server {server:.1} KiB a connection at its peak, under {MEMORY_BAR:.0} wanted"),
                server < MEMORY_BAR,
            ),
            (
                format!(
                    "sampler {:.2} % of a core at a sample every {} ms, at most {:.0} % wanted",
                    100.0 * self.sampler_share,
                    self.interval_us / 1000,
                    100.0 * SAMPLER_BAR
                ),
                self.sampler_share <= SAMPLER_BAR,
            ),
        ];
        rows.into_iter().fold(Outcome::Met, |outcome, (row, met)| {
            print(&format!("{row}: {}", if met { "met" } else { "NOT MET" }));
            outcome.and(Outcome::of(met))
        })
    }
}

/// One check, and the most memory it had, KiB.
fn check(
    workspace: &Workspace,
    server: &str,
    connections: u32,
    direction: &str,
) -> anyhow::Result<(Value, u64)> {
    let options = format!(
        "check --target tcp://{server} --connections {connections} --ramp 1000/s --direction {direction} \
         --format json --output none"
    );
    let mut command = workspace.command(workspace.binary());
    let mut process = command.args(options.split_whitespace()).stdout(Stdio::piped()).spawn()?;
    let mut printed = process.stdout.take().context("check has no output")?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        printed.read_to_end(&mut text).map(|_| text)
    });
    let mut peak = 0;
    while process.try_wait()?.is_none() {
        peak = peak_memory(process.id()).unwrap_or(0).max(peak);
        thread::park_timeout(LOOK);
    }
    let Ok(text) = reader.join() else { bail!("check's output could not be read") };
    Ok((serde_json::from_slice(&text?).context("check printed no JSON")?, peak))
}

/// The most memory that a process had so far (`VmHWM`), KiB.
fn peak_memory(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.with_context(|| format!("the memory of process {process} is not told"))
}

/// A server of our own, killed when dropped.
#[derive(Debug)]
struct Server {
    process: Child,
    address: String,
    _said: BufReader<ChildStdout>,
}

impl Server {
    fn start(workspace: &Workspace, connections: u32) -> anyhow::Result<Self> {
        let most = (connections + 100).to_string();
        let mut command = workspace.command(workspace.binary());
        command.args(["server", "--listen", "127.0.0.1:0", "--connections", &most]).stdout(Stdio::piped());
        let mut process = command.spawn().context("could not start the server")?;
        let mut said = BufReader::new(process.stdout.take().context("the server has no output")?);
        let mut line = String::new();
        said.read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("listening on ").context("the server did not say where it listens")?;
        Ok(Self { process, address: address.to_owned(), _said: said })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn print(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found() -> Found {
        let upload = json!({
            "connections": {"opened": 10, "verdicts": {"propagates": 10}, "sample_interval_us": 1000},
            "integrity": {"lost_bytes": 0, "undelivered_bytes": null},
            "sampler": {"cpu_share": 0.05},
        });
        Found::read(&json!({"directions": {"upload": upload}}), "upload").unwrap()
    }

    #[test]
    fn each_bar_holds_by_itself() {
        assert_eq!(found().judge(10, 399, 399), Outcome::Met);
        assert_eq!(found().judge(10, 400, 399), Outcome::NotMet);
        assert_eq!(found().judge(10, 399, 400), Outcome::NotMet);
        assert_eq!(Found { propagate: 9, ..found() }.judge(10, 1, 1), Outcome::NotMet);
        assert_eq!(Found { undelivered_bytes: 1, ..found() }.judge(10, 1, 1), Outcome::NotMet);
        assert_eq!(Found { sampler_share: 0.051, ..found() }.judge(10, 1, 1), Outcome::NotMet);
    }

    #[test]
    fn the_memory_of_a_process_is_told() {
        assert!(peak_memory(std::process::id()).unwrap() > 100);
    }
}
