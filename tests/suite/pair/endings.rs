//! Sessions that end before their time.

use super::{PATIENCE, PairServer, client, client_ended, flood, go_client, lines_of};
use crate::command::{Background, program};
use crate::workplace::{Workplace, ended, exit_of, json_of, signal};
use socket2::SockRef;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use tokio::time::Instant;

/// It reads nothing, ever.
const STALLED: &str = "buffers: 16KiB\nread: [{rate: 0}]\n";

/// A client whose writes are held up, and the server that does so.
struct Stalled {
    server: PairServer,
    client: Background,
    said: Receiver<String>,
    _place: Workplace,
}

impl Stalled {
    /// Once the first request was sent.
    fn start(protocol: &str) -> Self {
        let server = PairServer::start(STALLED);
        let place = Workplace::new();
        let mut command = client(&place, &flood(protocol, server.port));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the client starts");
        let said = lines_of(child.stdout.take().expect("it is piped"));
        let first = said.recv_timeout(PATIENCE).expect("it sends");
        assert_eq!(first, "req: 1 (wrote 4096 bytes)");
        Self { server, client: Background(child), said, _place: place }
    }

    /// The client ends by itself, not as it should, with a report of what was; gives its complaint.
    fn client_complains(self) -> String {
        let client = ended(self.client);
        assert_eq!(client.code, 1, "{}", client.stderr);
        assert_eq!(client.stderr.lines().count(), 1, "{}", client.stderr);
        let said: Vec<String> = self.said.iter().collect();
        assert!(said.iter().any(|line| line.starts_with("Fired ")), "{said:?}");
        client.stderr
    }
}

#[test]
fn sigterm_says_goodbye_to_an_open_session_and_ends_the_server_in_time() {
    let mut stalled = Stalled::start("websocket");
    let began = Instant::now();
    signal(&stalled.server.process, "TERM");
    let status = exit_of(&mut stalled.server.process, PATIENCE);
    assert!(status.success() && began.elapsed() < Duration::from_secs(8), "{status}: {:?}", began.elapsed());
    let complaint = stalled.client_complains();
    assert!(complaint.contains("websocket: close 1001 (going away): "), "{complaint}");
}

#[test]
fn an_interrupted_client_reports_what_was() {
    for protocol in ["tcp", "websocket"] {
        let stalled = Stalled::start(protocol);
        signal(&stalled.client, "INT");
        let complaint = stalled.client_complains();
        assert!(complaint.starts_with("error: interrupted after "), "{protocol}: {complaint}");
    }
}

#[test]
fn a_peer_that_vanishes_while_nothing_is_read_is_let_go() {
    let server = PairServer::start(STALLED);
    let mut peer = TcpStream::connect(server.address()).expect("it listens");
    peer.write_all(&[7; 1000]).expect("the kernel takes that much");
    server.logs("raw TCP begins");
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("a socket can be told to reset");
    drop(peer);
    let line = server.logs("raw TCP is over");
    assert!(line.contains("gone while nothing was read"), "{line}");
}

#[test]
fn a_client_that_is_cut_off_in_the_middle_says_after_how_much() {
    for protocol in ["tcp", "websocket"] {
        let mut stalled = Stalled::start(protocol);
        stalled.server.process.0.kill().expect("it can be killed");
        let complaint = stalled.client_complains();
        assert!(complaint.contains(" of 400 requests: "), "{protocol}: {complaint}");
    }
}

#[test]
fn a_closed_standard_output_does_not_end_the_server() {
    let place = Workplace::new();
    fs::write(place.path().join("server.yml"), "bufsize: 10").expect("a file can be written");
    let mut command = program();
    command.current_dir(place.path()).args(["server", "server.yml"]).env("PORT", "0");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let mut server = Background(child);
    let mut first = String::new();
    let mut stdout = BufReader::new(server.0.stdout.take().expect("it is piped"));
    stdout.read_line(&mut first).expect("it says where it listens");
    drop(stdout);
    let port = first.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("it has a port");
    for protocol in ["tcp", "websocket", "tcp"] {
        assert_eq!(client_ended(&go_client(protocol, port, 0)).code, 0);
    }
    signal(&server, "TERM");
    assert_eq!(ended(server).code, 0);
}

#[test]
fn a_peer_that_says_nothing_is_turned_away_once_it_stood_still_for_as_long_as_it_may() {
    let server = PairServer::start("limits: {idle: 200ms}\n");
    let mut peer = TcpStream::connect(server.address()).expect("it listens");
    server.logs("said nothing in time");
    peer.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
    assert_eq!(peer.read(&mut [0]).expect("it is closed in order"), 0);
}

#[test]
fn a_full_standard_output_loses_no_recording() {
    let (server, place) = (PairServer::start("protocol: tcp\n"), Workplace::new());
    let file = format!("protocol: tcp\nserver_port: {}\nrequests_per_second: 0\noutput: kept\n", server.port);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let child = client(&place, &file).stdout(full).stderr(Stdio::piped()).spawn().expect("it starts");
    let ended = ended(Background(child));
    assert!(ended.code == 2 && ended.stderr.contains("could not print"), "{ended:?}");
    assert_eq!(json_of(&place.path().join("kept/pair.json"))["totals"]["requests"], 5);
}

#[test]
fn a_large_request_that_a_slow_reader_takes_in_small_parts_does_not_stand_still() {
    for protocol in ["tcp", "websocket"] {
        let server = PairServer::start("buffers: 16KiB\nlimits: {idle: 500ms}\nread: [{rate: 200kB/s}]\n");
        let ended = client_ended(&format!(
            "protocol: {protocol}\nserver_port: {}\nbuffers: 16KiB\npayload_size: 400KiB\nrequests_per_second: 0\n\
             requests_total: 1\nlimits: {{idle: 500ms}}\nexpect: {{min_bytes: 400KiB}}\n",
            server.port
        ));
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{protocol}: {}", ended.stdout);
        let line = server.logs("is over");
        assert!(line.contains("the peer "), "{protocol}: {line}");
    }
}

#[test]
fn a_write_that_is_held_up_to_the_end_is_a_stall() {
    for protocol in ["tcp", "websocket"] {
        let server = PairServer::start("buffers: 16KiB\nread: [{rate: 0}]\n");
        let ended = client_ended(&format!(
            "{}limits: {{duration: 800ms}}\nexpect: {{min_write_stall: 300ms}}\n",
            flood(protocol, server.port)
        ));
        assert!(ended.stdout.contains("by its limit: it may last"), "{ended:?}");
        assert!(!ended.stdout.contains("none above 20 ms"), "{}", ended.stdout);
        assert!(!ended.stderr.contains("write stall"), "{}", ended.stderr);
    }
}
