//! The pair: go-backpressure's two files, each other, and other people's peers.

mod both;
mod browser;
mod download;
mod encrypted;
mod endings;
mod keys;
mod others;
mod phenomena;
mod python;
mod refusals;

use crate::command::{Background, program};
use crate::waiting::until;
use crate::workplace::{Ended, Workplace, end_of};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// go-backpressure's own files, as it ships them.
const GO_SERVER: &str = "protocol: websocket\nport: 8080\nbufsize: 1000\ndelay: 1000\n";
const GO_CLIENT: &str = "protocol: websocket\nserver_addr: localhost\nserver_port: 8080\npayload_size: 1000\n\
                         requests_per_second: 1\nrequests_total: 5\n";

/// A server of a file, on a free port.
struct PairServer {
    process: Background,
    port: u16,
    said: Receiver<String>,
    logged: Receiver<String>,
    _place: Workplace,
}

impl PairServer {
    fn start(file: &str) -> Self {
        Self::start_with(file, &["-server", "server.yml"])
    }

    /// Told by these arguments to take `server.yml`, which is `file`.
    fn start_with(file: &str, arguments: &[&str]) -> Self {
        let place = Workplace::new();
        fs::write(place.path().join("server.yml"), file).expect("a file can be written");
        let mut command = program();
        command.current_dir(place.path()).args(arguments).env("PORT", "0");
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let said = lines_of(child.stdout.take().expect("it is piped"));
        let logged = lines_of(child.stderr.take().expect("it is piped"));
        let process = Background(child);
        let first = said.recv_timeout(PATIENCE).expect("it says where it listens");
        let port = first.rsplit(':').next().and_then(|port| port.parse().ok());
        assert!(first.starts_with("listening on "), "{first}");
        let port = port.expect("its first line ends with its port");
        Self { process, port, said, logged, _place: place }
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Its next line on standard output.
    fn says(&self) -> String {
        self.said.recv_timeout(PATIENCE).expect("it says more")
    }

    /// Waits for a line of its log that holds `word`.
    fn logs(&self, word: &str) -> String {
        until(PATIENCE, word, || self.logged.try_iter().find(|line| line.contains(word)))
    }

    /// The bytes of the next `reads`, each at most `bufsize`, as it printed them.
    fn reads(&self, all: usize, bufsize: usize) {
        let mut sum = 0;
        while sum < all {
            let line = self.says();
            let bytes = line.split(' ').nth(1).and_then(|bytes| bytes.parse::<usize>().ok());
            let bytes = bytes.unwrap_or_else(|| panic!("no read: {line}"));
            assert!(bytes <= bufsize, "{line}");
            sum += bytes;
        }
        assert_eq!(sum, all);
    }
}

fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    told
}

/// A client of a file, ready to be run.
fn client(place: &Workplace, file: &str) -> Command {
    fs::write(place.path().join("client.yml"), file).expect("a file can be written");
    let mut command = program();
    command.current_dir(place.path()).args(["-client", "client.yml"]);
    command
}

/// Runs a client of a file to its end.
fn client_ended(file: &str) -> Ended {
    end_of(&mut client(&Workplace::new(), file))
}

/// go-backpressure's client file for this protocol, port and rate.
fn go_client(protocol: &str, port: u16, rate: u32) -> String {
    GO_CLIENT
        .replace("websocket", protocol)
        .replace("8080", &port.to_string())
        .replace("second: 1\n", &format!("second: {rate}\n"))
}

/// A client that sends more than small buffers hold.
fn flood(protocol: &str, port: u16) -> String {
    format!(
        "protocol: {protocol}\nserver_port: {port}\nbuffers: 16KiB\npayload_size: 4KiB\nrequests_per_second: 1000\n\
         requests_total: 400\nseed: 7\n"
    )
}

const PATIENCE: Duration = Duration::from_secs(10);
