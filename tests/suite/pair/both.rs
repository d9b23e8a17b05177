//! Our server and our client.

use super::{GO_SERVER, PairServer, client_ended, flood, go_client};
use crate::command::check;

fn five_requests_arrive(protocol: &str, delay: u32, rate: u32) {
    let file = GO_SERVER.replace("websocket", protocol).replace("1000\n", &format!("{delay}\n"));
    let server = PairServer::start(&file.replace(&format!("bufsize: {delay}"), "bufsize: 1000"));
    let ended = client_ended(&go_client(protocol, server.port, rate));
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    for request in 1..=5 {
        let line = format!("req: {request} (wrote 1000 bytes)\n");
        assert!(ended.stdout.contains(&line), "{}", ended.stdout);
    }
    for line in ["\nFired 5 requests in ", "\nExpected: 5 requests in "] {
        assert!(ended.stdout.contains(line), "{}", ended.stdout);
    }
    server.reads(5000, 1000);
}

#[test]
fn go_backpressures_own_files_run_unchanged() {
    five_requests_arrive("websocket", 1000, 1);
}

#[test]
fn five_requests_arrive_over_raw_tcp_the_last_one_too() {
    five_requests_arrive("tcp", 10, 50);
}

#[test]
fn a_websocket_server_prints_totals_and_the_goodbye() {
    let server = PairServer::start(&GO_SERVER.replace("delay: 1000", "delay: 0"));
    assert_eq!(client_ended(&go_client("websocket", server.port, 0)).code, 0);
    for percent in [20, 40, 60, 80, 100] {
        assert_eq!(server.says(), format!("read 1000 bytes ({} of 5000, {percent} %)", percent * 50));
    }
    assert_eq!(server.says(), "websocket: close 1000 (normal)");
}

#[test]
fn a_server_without_a_protocol_takes_both_and_checks_too() {
    let server = PairServer::start("bufsize: 1000");
    for protocol in ["tcp", "websocket"] {
        assert_eq!(client_ended(&go_client(protocol, server.port, 0)).code, 0);
        server.reads(5000, 1000);
        if protocol == "websocket" {
            assert_eq!(server.says(), "websocket: close 1000 (normal)");
        }
    }
    for target in [format!("tcp://{}", server.address()), format!("ws://{}/ws", server.address())] {
        let options = ["--target", &target, "--direction", "upload", "--baseline", "0s", "--hold", "200ms"];
        assert_eq!(check(&options).word(), "propagates", "{target}");
    }
}

#[test]
fn a_read_plan_that_stalls_stalls_the_clients_writes_and_the_client_says_so() {
    for protocol in ["tcp", "websocket"] {
        let plan = "buffers: 16KiB\nread:\n  - {for: 1s, rate: 0}\n  - {rate: unlimited}\n";
        let server = PairServer::start(plan);
        let ended = client_ended(&flood(protocol, server.port));
        assert_eq!(ended.code, 0, "{protocol}: {}{}", ended.stdout, ended.stderr);
        let said = |what: &str| {
            let line = ended.stdout.lines().find(|line| line.starts_with(what));
            line.unwrap_or_else(|| panic!("{protocol}: {what}: {}", ended.stdout)).to_owned()
        };
        assert!(said("write stalls").contains(" above 20 ms, "), "{protocol}: {}", ended.stdout);
        assert!(!said("zero window").contains("unknown"), "{protocol}: {}", ended.stdout);
        assert!(said("send latency").contains("max "), "{protocol}: {}", ended.stdout);
        server.reads(400 << 12, 400 << 12);
    }
}
