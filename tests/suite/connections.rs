//! Many connections measured at once.

use crate::command::{self, Background, Checked, check, free_port, program, server_by};
use crate::relay::{Behaviour, Relay};
use crate::workplace::{Workplace, text_of};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

const QUICK: &str = "--baseline 300ms --hold 500ms";

#[test]
fn two_hundred_connections_in_one_process_are_all_measured() {
    let place = Workplace::new();
    let options = "--connections 200 --ramp 500/s --direction upload --output run";
    let run = place.run(&format!("check {QUICK} {options}"));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let shown = run.stdout.lines().find(|line| line.starts_with("at once")).unwrap_or_default();
    assert!(shown.contains("200 connections, open after") && shown.contains("200 propagates"), "{shown}");

    let verdict: Value = serde_json::from_str(&text_of(&place.path().join("run/verdict.json"))).unwrap();
    let upload = &verdict["directions"]["upload"];
    assert_all_measured(upload, 200);
    let rows = text_of(&place.path().join("run/connections.csv"));
    assert_eq!(rows.lines().count(), 1 + 200);
    assert!(rows.lines().skip(1).all(|row| row.contains(",propagates,")), "{rows}");
    // The samples of one of them, every 20 ms, and no more.
    let samples = text_of(&place.path().join("run/windows.csv"));
    assert!((100..4_000).contains(&samples.lines().count()), "{}", samples.lines().count());
    let described = text_of(&place.path().join("run/run.json"));
    let described: Value = serde_json::from_str(&described).unwrap();
    assert_eq!(described["scenario"]["sample"], "20ms", "the interval used: {described}");
    let report = place.run("report run");
    assert!(report.stdout.contains(shown), "{}", report.stdout);
}

#[test]
fn connections_to_a_server_elsewhere_are_all_measured_in_both_directions() {
    let (_server, address) = roomy_server(400);
    let options = format!("--target tcp://{address} --connections 150 --ramp 500/s {QUICK}");
    let found = run(&options);
    assert_eq!((found.word(), found.code), ("propagates", 0), "{}", found.verdict);
    for direction in ["upload", "download"] {
        assert_all_measured(found.direction(direction), 150);
    }
}

#[test]
fn one_connection_of_many_that_breaks_counts_and_is_told() {
    let server = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let plain = || Relay::start(server, Behaviour::Plain);
    let relays =
        [plain(), plain(), Relay::start(server, Behaviour::ResetWhenStalled(Duration::from_millis(100)))];
    let addresses = relays.iter().map(Relay::address).collect();
    let relay = Relay::start(server, Behaviour::Alternates(addresses));
    let via = relay.address();
    let found = run(&format!(
        "--listen {server} --via {via} --connections 3 --ramp 10/s --direction upload --baseline 300ms"
    ));
    assert_eq!((found.word(), found.code), ("breaks", 1), "{}", found.verdict);
    assert!(found.reason().starts_with("1 of 3 connections broke: the path reset"), "{}", found.reason());
    let connections = &found.only()["connections"];
    assert_eq!(
        (&connections["verdicts"]["propagates"], &connections["verdicts"]["breaks"]),
        (&2.into(), &1.into())
    );
    assert_eq!((&connections["worst"][0]["connection"], &connections["shown"]), (&3.into(), &3.into()));
}

#[test]
fn connections_read_slowly_together() {
    let found = run(&format!("--connections 5 --slow 20% --direction download {QUICK}"));
    assert_eq!((found.word(), found.code), ("propagates", 0), "{}", found.verdict);
    assert!(found.only()["slow"]["rate_ratio"].is_number(), "{}", found.verdict);
}

#[test]
fn more_connections_than_a_server_has_places_for_are_refused_by_it_at_once() {
    let (_server, address) = roomy_server(100);
    let target = format!("tcp://{address}");
    // The refusal waits for no ramp: it alone would take longer than a test may.
    let options = ["check", "--target", &target, "--connections", "100", "--ramp", "1/s", "--output", "none"];
    let (code, shown, complaint) = command::run(&options);
    assert_eq!(code, 2, "{shown}{complaint}");
    assert!(complaint.contains("start it with --connections 101 or more"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}

#[track_caller]
fn assert_all_measured(direction: &Value, number: u32) {
    let connections = &direction["connections"];
    assert_eq!(
        (&connections["asked"], &connections["opened"]),
        (&number.into(), &number.into()),
        "{direction}"
    );
    assert_eq!(connections["verdicts"]["propagates"], number, "{direction}");
    assert!(
        connections["absorbed_bytes"].as_u64() > direction["absorbed"]["total_bytes"].as_u64(),
        "{direction}"
    );
    for damage in ["lost_bytes", "reordered_frames", "duplicated_frames", "corrupted_frames"] {
        assert_eq!(direction["integrity"][damage], 0, "{damage}: {direction}");
    }
    assert_eq!(direction["integrity"]["undelivered_bytes"], Value::Null, "{direction}");
}

fn run(options: &str) -> Checked {
    check(&options.split_whitespace().collect::<Vec<_>>())
}

/// A server with room for so many connections.
fn roomy_server(connections: u32) -> (Background, SocketAddr) {
    let mut command = program();
    command.env("BACKPRESSURE_MAX_CONNECTIONS", connections.to_string());
    server_by(command, "127.0.0.1:0")
}
