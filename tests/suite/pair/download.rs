//! The server sends, and the client reads by a plan of its own.

use super::{PATIENCE, PairServer, client, client_ended, go_client};
use crate::command::Background;
use crate::workplace::{Workplace, end_of, ended, json_of, signal};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

/// A server that sends a hundred requests of 1000 bytes at once to whoever comes.
const SENDS: &str = "direction: download\npayload_size: 1000\nrequests_per_second: 0\nrequests_total: 100\n";

/// A client that reads them.
fn reads(protocol: &str, port: u16) -> String {
    format!("protocol: {protocol}\nserver_port: {port}\ndirection: download\n")
}

#[test]
fn a_client_reads_all_that_the_server_sends_and_says_so() {
    let server = PairServer::start(SENDS);
    for protocol in ["tcp", "websocket"] {
        let ended = client_ended(&reads(protocol, server.port));
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{protocol}: {}", ended.stdout);
        let read: usize = ended
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("read ")?.strip_suffix(" bytes")?.parse::<usize>().ok())
            .sum();
        assert_eq!(read, 100_000, "{protocol}: {}", ended.stdout);
        assert!(ended.stdout.contains("\nread          97.7 KiB in "), "{protocol}: {}", ended.stdout);
    }
}

#[test]
fn a_clients_read_plan_stalls_the_servers_writes() {
    let server =
        PairServer::start(&SENDS.replace("100\n", "400\nbuffers: 16KiB\n").replace("1000\n", "8KiB\n"));
    let plan = "buffers: 16KiB\nread: [{for: 1s, rate: 0}, {rate: unlimited}]\nexpect: {zero_window: seen, min_bytes: 3200KiB}\n";
    for protocol in ["tcp", "websocket"] {
        let ended = client_ended(&(reads(protocol, server.port) + plan));
        assert_eq!(ended.code, 0, "{protocol}: {}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn socat_which_says_nothing_gets_every_byte_of_our_server() {
    let server = PairServer::start(&format!("protocol: tcp\n{SENDS}"));
    let place = Workplace::new();
    let file = place.path().join("bytes");
    let mut socat = Command::new("socat");
    socat.arg("-u").arg(format!("TCP:{}", server.address())).arg(format!("CREATE:{}", file.display()));
    assert!(socat.status().expect("socat is installed").success());
    assert_eq!(fs::read(&file).expect("socat wrote them").len(), 100_000);
    server.logs("all was sent, and the peer closed");
}

#[test]
fn a_server_that_sends_is_no_server_to_read_from_for_one_that_does_not() {
    // It waits for a server that only reads, and names the key that is missing there.
    let server = PairServer::start("protocol: tcp\n");
    let ended = client_ended(&reads("tcp", server.port));
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    assert!(
        ended.stderr.contains("sent nothing within 10 s") && ended.stderr.contains("`direction: download`"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_client_to_which_nothing_comes_fails_and_names_the_key() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let closing = thread::spawn(move || drop(listener.accept().expect("the client comes")));
    let ended = client_ended(&(reads("tcp", port) + "server_addr: 127.0.0.1\n"));
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(
        ended.stderr.contains("nothing came") && ended.stderr.contains("`direction: download`"),
        "{}",
        ended.stderr
    );
    closing.join().expect("it came");
}

#[test]
fn both_ends_say_that_both_send() {
    // It still sends when the client has sent all.
    let server = PairServer::start(&SENDS.replace("second: 0", "second: 200"));
    // Over WebSocket the client's goodbye ends both directions: it sends for long enough to hear something before.
    for (protocol, rate, heard) in [("tcp", 0, 5000), ("websocket", 10, 5038)] {
        let ended = client_ended(&go_client(protocol, server.port, rate));
        let line = ended.stdout.lines().find(|line| line.starts_with("heard "));
        assert!(line.is_some_and(|line| line.contains("`direction`")), "{protocol}: {}", ended.stdout);
        let line = server.logs("the peer sent too");
        assert!(line.contains(&format!("bytes={heard}")), "{protocol}: {line}");
    }
}

#[test]
fn limits_end_a_connection_and_say_which() {
    let server = PairServer::start(&SENDS.replace("100\n", "100\nlimits: {bytes: 5500B}\n"));
    let mut peer = TcpStream::connect(server.address()).expect("it listens");
    peer.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
    let mut all = Vec::new();
    peer.read_to_end(&mut all).expect("it closes");
    assert_eq!(all.len(), 5000);
    drop(peer);
    server.logs("a limit was reached: it may carry 5.4 KiB");
}

#[test]
fn expectations_that_are_not_met_are_named_and_end_with_1() {
    let server = PairServer::start(SENDS);
    let ended = client_ended(&(reads("tcp", server.port) + "expect: {min_bytes: 1MiB, zero_window: none}\n"));
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert_eq!(
        ended.stderr,
        "error: not as expected: 100000 bytes passed, where at least 1048576 were expected\n"
    );
}

#[test]
fn both_ends_leave_recordings_that_can_be_reported_and_merged() {
    let place = Workplace::new();
    let file = "listen: 127.0.0.1:0\noutput: server\nread: [{for: 300ms, rate: 0}, {rate: unlimited}]\nbuffers: 16KiB\n";
    fs::write(place.path().join("server.yml"), file).expect("a file can be written");
    let mut command = crate::command::program();
    command.current_dir(place.path()).args(["-server", "server.yml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let said = super::lines_of(child.stdout.take().expect("it is piped"));
    let first = said.recv_timeout(PATIENCE).expect("it says where it listens");
    let port = first.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("it has a port");
    for name in ["one", "two"] {
        let sends = format!(
            "protocol: tcp\nserver_addr: 127.0.0.1\nserver_port: {port}\nbuffers: 16KiB\npayload_size: 4KiB\n\
             requests_per_second: 1000\nrequests_total: 100\nconnections: 2\noutput: {name}\n"
        );
        let ended = end_of(&mut client(&place, &sends));
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    }
    let server = Background(child);
    signal(&server, "TERM");
    assert_eq!(ended(server).code, 0);
    let totals = |folder: &str| json_of(&place.path().join(folder).join("pair.json"))["totals"].clone();
    assert_eq!((&totals("one")["bytes"], &totals("server")["bytes"]), (&819_200.into(), &1_638_400.into()));
    assert!(totals("one")["latency"]["p99_ms"].is_number() && totals("server")["latency"] == Value::Null);
    for file in ["run.json", "windows.csv", "events.jsonl", "latency.hlog", "latency.hgrm"] {
        assert!(place.path().join("server").join(file).exists(), "{file}");
    }
    let merged = place.run("merge both one two");
    assert_eq!((merged.code, merged.stderr.as_str()), (0, ""), "{}", merged.stdout);
    assert_eq!((&totals("both")["bytes"], &totals("both")["connections"]), (&1_638_400.into(), &4.into()));
    let report = place.run("report both");
    assert_eq!((report.code, &report.stdout), (0, &merged.stdout));
    let again = end_of(&mut client(&place, "output: one\n"));
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("one") && again.stderr.contains("not empty"), "{}", again.stderr);
}

#[test]
fn many_connections_ramp_up_and_the_ones_that_fail_are_counted() {
    let server = PairServer::start_with("protocol: tcp\n", &["server", "server.yml", "--connections", "20"]);
    let file = format!(
        "protocol: tcp\nserver_port: {}\nconnections: 60\nramp: 50/s\nrequests_per_second: 2.5\nrequests_total: 10\n\
         output: recording\n",
        server.port
    );
    let place = Workplace::new();
    let ended = end_of(&mut client(&place, &file));
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let pair = json_of(&place.path().join("recording/pair.json"));
    let count = |figure: &str| pair["totals"][figure].as_u64().unwrap_or_else(|| panic!("{figure}: {pair}"));
    assert_eq!(count("connections") + count("unopened"), 60);
    // The server has places for those that came first.
    assert_eq!(count("unopened") + count("ended_early"), 40, "{}", ended.stdout);
    assert!(ended.stdout.contains(" ended before their time"), "{}", ended.stdout);
    assert!(pair["expected"] == false && pair["unexpected"][0].is_string(), "{pair}");
    let lived = pair["connections"].as_array().expect("they are listed").iter();
    let lived = lived.filter(|connection| connection["ended_early"] == false);
    let began: Vec<f64> = lived.map(|one| one["began_ms"].as_f64().expect("it is a number")).collect();
    let (first, last) = (began.first().expect("some lived"), began.last().expect("some lived"));
    assert!((370.0..3000.0).contains(&(last - first)), "{began:?}");
}
