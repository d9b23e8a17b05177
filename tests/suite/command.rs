//! Runs the program as a user would, and reads what it says.

use serde_json::Value;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

/// The program under test.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_backpressure"))
}

/// A check that ended: its exit code, and `verdict.json`.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: i32,
    pub(crate) verdict: Value,
}

impl Checked {
    /// The figures of a direction.
    pub(crate) fn direction(&self, direction: &str) -> &Value {
        &self.verdict["directions"][direction]
    }

    /// The only direction's figures.
    pub(crate) fn only(&self) -> &Value {
        let directions = self.verdict["directions"].as_object().expect("directions are an object");
        assert_eq!(directions.len(), 1, "one direction was measured: {}", self.verdict);
        directions.values().next().expect("there is one")
    }

    /// The worst verdict.
    pub(crate) fn word(&self) -> &str {
        self.verdict["verdict"].as_str().expect("a verdict is a word")
    }

    /// Its reason.
    pub(crate) fn reason(&self) -> &str {
        self.verdict["reason"].as_str().expect("a reason is a text")
    }
}

/// Runs `backpressure check` with these options and no recording, and expects a verdict.
pub(crate) fn check(options: &[&str]) -> Checked {
    let output = program()
        .args(["check", "--format", "json", "--output", "none"])
        .args(options)
        .output()
        .expect("the program runs");
    checked(&output)
}

/// The verdict that a check printed.
pub(crate) fn checked(output: &Output) -> Checked {
    let complaint = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap_or_else(|| panic!("killed: {complaint}"));
    let verdict = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no verdict ({error}), exit code {code}: {complaint}"));
    Checked { code, verdict }
}

/// Runs the program with these arguments; gives exit code, standard output and standard error.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = program().args(arguments).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().expect("the program ends by itself");
    (code, text(&output.stdout), text(&output.stderr))
}

/// A port that was free a moment ago. It stays below the ports that the kernel hands out by itself.
pub(crate) fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 10_000 + (std::process::id() % 200) as u16 * 100;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % 100;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A process that is ended, by its id, when the test is over.
#[derive(Debug)]
pub(crate) struct Background(pub(crate) Child);

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A `backpressure server` on a free loopback port, and where it listens.
pub(crate) fn server() -> (Background, SocketAddr) {
    server_by(program(), "127.0.0.1:0")
}

/// A server started by `command`, which may put it into another network namespace.
pub(crate) fn server_by(command: Command, listen: &str) -> (Background, SocketAddr) {
    server_with(command, &["--listen", listen])
}

/// A server started by `command` with these arguments; what it prints after its address is thrown away.
pub(crate) fn server_with(mut command: Command, arguments: &[&str]) -> (Background, SocketAddr) {
    let mut child =
        command.arg("server").args(arguments).stdout(Stdio::piped()).spawn().expect("the server starts");
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    stdout.read_line(&mut first).expect("the server says where it listens");
    thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
    let address = first.trim().strip_prefix("listening on ").expect("its first line is its address");
    let address = address.parse().expect("which is one");
    (Background(child), address)
}
