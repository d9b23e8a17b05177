//! One run of iperf3 over loopback, both ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::workspace::{Workspace, output};

/// What the receiver of one stream was given, in bytes per second, over two seconds.
pub(crate) fn bytes_per_second(workspace: &Workspace) -> anyhow::Result<f64> {
    let mut server = Server::start(workspace)?;
    let port = server.port.to_string();
    let mut client = workspace.command("iperf3");
    client.args(["--client", "127.0.0.1", "--port", &port, "--json", "--time", "2", "--omit", "0"]);
    let report = output(client.args(["--connect-timeout", "5000"]))?.stdout;
    server.finish()?;
    received(&serde_json::from_slice(&report).context("could not read iperf3's report")?)
}

fn received(report: &Value) -> anyhow::Result<f64> {
    let bits = report.pointer("/end/sum_received/bits_per_second").and_then(Value::as_f64);
    Ok(bits.context("iperf3 reports no end.sum_received.bits_per_second")? / 8.0)
}

/// A server for one client, killed when dropped before that.
#[derive(Debug)]
struct Server {
    process: Child,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    /// Returns once it listens.
    fn start(workspace: &Workspace) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = workspace.command("iperf3");
        command.args(["--server", "--one-off", "--forceflush", "--bind", "127.0.0.1"]);
        command.args(["--port", &port.to_string()]).stdout(Stdio::piped());
        let mut process = command.spawn().context("could not start iperf3")?;
        let said = process.stdout.take().context("iperf3 has no output")?;
        let mut server = Self { process, said: BufReader::new(said), port };
        server.wait_until_listening()?;
        Ok(server)
    }

    fn wait_until_listening(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            if self.said.read_line(&mut line)? == 0 {
                bail!("iperf3's server ended before it listened on port {}", self.port);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.said.read_to_end(&mut Vec::new())?;
        let status = self.process.wait()?;
        if !status.success() {
            bail!("iperf3's server ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `finish` it is reaped and neither does anything; before, the error on its way says more.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_receivers_rate_is_read_in_bytes() {
        let report =
            json!({"end": {"sum_sent": {"bits_per_second": 9.0}, "sum_received": {"bits_per_second": 8e9}}});
        assert!((received(&report).unwrap() - 1e9).abs() < 1.0);
    }

    #[test]
    fn a_report_without_a_rate_is_an_error() {
        assert!(received(&json!({"error": "unable to connect"})).is_err());
    }
}
