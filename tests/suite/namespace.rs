//! Network namespaces of the test's own, their sockets and their packet filters, made with `ip`, `ss` and `nft`.
//!
//! Making them needs root; nothing in them reaches the machine's own network.

use crate::waiting::until;
use std::ffi::OsStr;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{self, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A network namespace, deleted when it is dropped; what still runs in it keeps its network until it ends.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

/// A row of `ss`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SocketRow {
    pub(crate) receive_queue: u64,
    pub(crate) send_queue: u64,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// Its peer's window is zero, and it asks now and then whether that is still so.
    pub(crate) persists: bool,
}

impl Namespace {
    /// One with nothing but a loopback interface, which is down.
    fn bare() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("backpressure-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        succeed(Command::new("ip").args(["netns", "add", &name]));
        Self { name }
    }

    /// One whose loopback interface is up, and carries packets of at most `mtu` bytes.
    pub(crate) fn with_loopback(mtu: u32) -> Self {
        let namespace = Self::bare();
        namespace.ip(&["link", "set", "lo", "mtu", &mtu.to_string(), "up"]);
        namespace
    }

    /// Two that a cable joins: the first is 10.77.0.1, the second 10.77.0.2.
    pub(crate) fn joined() -> (Self, Self) {
        let (near, far) = (Self::with_loopback(65_536), Self::with_loopback(65_536));
        near.ip(&["link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", &far.name]);
        for (end, address) in [(&near, "10.77.0.1/24"), (&far, "10.77.0.2/24")] {
            end.ip(&["address", "add", address, "dev", "cable"]);
            end.ip(&["link", "set", "cable", "up"]);
        }
        (near, far)
    }

    /// A command whose sockets are made here.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// The program under test, here.
    pub(crate) fn program(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_backpressure"))
    }

    /// Adds these rules to the packet filter.
    pub(crate) fn filter(&self, rules: &str) {
        let mut nft =
            self.command("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("nft starts");
        let mut stdin = nft.stdin.take().expect("it is piped");
        stdin.write_all(rules.as_bytes()).expect("nft reads its rules");
        drop(stdin);
        assert!(nft.wait().expect("nft ends").success(), "nft refused: {rules}");
    }

    /// Lets in nothing but what belongs to a connection to this TCP port, or from here.
    pub(crate) fn open_only(&self, port: u16) {
        self.filter(&format!(
            "table inet wall {{\nchain input {{\n\
               type filter hook input priority 0; policy drop;\n\
               ct state established,related accept\n\
               tcp dport {port} accept\n\
             }}\n}}\n"
        ));
    }

    /// From now on packets that come here are lost if they match, without a sign to their sender.
    pub(crate) fn lose(&self, matching: &str) {
        self.filter(&format!(
            "table inet cut {{\nchain input {{\n\
               type filter hook input priority -10; policy accept;\n\
               {matching} counter drop\n\
             }}\n}}\n"
        ));
    }

    /// Loses nothing any more; gives the number of packets that were lost.
    pub(crate) fn heal(&self) -> u64 {
        let cut = said(self.command("nft").args(["list", "table", "inet", "cut"]));
        self.filter("delete table inet cut");
        let counted = cut.split_once("packets ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        counted.unwrap_or_else(|| panic!("nft counts: {cut}"))
    }

    /// The established connections from or to this port, as `ss` shows them.
    pub(crate) fn sockets(&self, port: u16) -> Vec<SocketRow> {
        let filter = format!("( sport = :{port} or dport = :{port} )");
        let listed = said(self.command("ss").args(["-tnoH", "state", "established", &filter]));
        listed.lines().map(row).collect()
    }

    /// Waits until a connection from or to this port met a zero window.
    pub(crate) fn await_persisting(&self, port: u16) -> SocketRow {
        until(Duration::from_secs(15), "a producer meets a zero window", || {
            self.sockets(port).into_iter().find(|socket| socket.persists)
        })
    }

    /// Waits until somebody listens on this TCP port.
    pub(crate) fn await_listener(&self, port: u16) {
        let filter = format!("sport = :{port}");
        until(Duration::from_secs(5), "somebody listens", || {
            (!said(self.command("ss").args(["-tlnH", &filter])).is_empty()).then_some(())
        });
    }

    fn ip(&self, arguments: &[&str]) {
        succeed(Command::new("ip").args(["-n", &self.name]).args(arguments));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(Command::new("ip").args(["netns", "delete", &self.name]).status());
    }
}

/// `Recv-Q Send-Q local peer`, and the timer if there is one.
fn row(line: &str) -> SocketRow {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let parsed = || {
        Some(SocketRow {
            receive_queue: fields.first()?.parse().ok()?,
            send_queue: fields.get(1)?.parse().ok()?,
            local: fields.get(2)?.parse().ok()?,
            peer: fields.get(3)?.parse().ok()?,
            persists: fields.get(4).is_some_and(|timer| timer.starts_with("timer:(persist,")),
        })
    };
    parsed().unwrap_or_else(|| panic!("ss prints sockets so: {line}"))
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed (these tests need root): {complaint}");
    output
}

fn said(command: &mut Command) -> String {
    String::from_utf8(succeed(command).stdout).expect("it prints ASCII")
}
