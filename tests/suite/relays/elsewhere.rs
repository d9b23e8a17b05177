//! Relays before a server elsewhere: control messages go through them too, and perhaps to another server.

use crate::command::{self, Background, Checked};
use crate::relay::{Behaviour, Relay};
use std::net::SocketAddr;
use std::process::Output;

/// Two servers, each in a process of its own.
struct Servers {
    _processes: [Background; 2],
    a: SocketAddr,
    b: SocketAddr,
}

impl Servers {
    fn start() -> Self {
        let ((first, a), (second, b)) = (command::server(), command::server());
        Self { _processes: [first, second], a, b }
    }
}

/// A check through a relay that sends connections to these in turn.
fn in_turn(upstreams: Vec<SocketAddr>, options: &str) -> Output {
    let [first, ..] = *upstreams else { unreachable!("a relay has an upstream") };
    check(&Relay::start(first, Behaviour::Alternates(upstreams)), options)
}

/// A check of the server behind `relay`.
fn check(relay: &Relay, options: &str) -> Output {
    let target = format!("tcp://{}", relay.address());
    let mut check = command::program();
    check.args(["check", "--quiet", "--format", "json", "--output", "none", "--target", &target]);
    check.args(options.split_whitespace()).output().expect("the program runs")
}

#[test]
fn a_server_elsewhere_is_checked_through_a_relay() {
    let servers = Servers::start();
    let checked = command::checked(&in_turn(vec![servers.a], "--baseline 300ms --hold 1s"));
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in super::BOTH {
        let figures = checked.direction(direction);
        assert_eq!(figures["integrity"]["lost_bytes"], 0, "{figures}");
        assert!(figures["clock_uncertainty_ms"].as_f64() > Some(0.0), "{figures}");
    }
}

#[test]
fn a_relay_that_stalls_both_directions_of_a_connection_propagates_to_a_server_elsewhere() {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::StallsBoth);
    let checked = command::checked(&check(&relay, "--baseline 300ms --hold 1s"));
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
}

#[test]
fn a_path_that_ends_the_stream_of_a_server_that_still_answers_breaks() {
    for direction in super::BOTH {
        let (_server, address) = command::server();
        let relay = Relay::start(address, Behaviour::ResetAfter(8 * super::MIB as u64));
        let output = check(&relay, &format!("--direction {direction} --baseline 300ms --hold 1s"));
        let checked = command::checked(&output);
        assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
        assert_eq!(checked.only()["ended"]["by"], "path", "{}", checked.verdict);
        assert_eq!(checked.only()["ended"]["how"], "reset", "{}", checked.verdict);
    }
}

/// With one buffer for all connections, the stalled stream stops the control connection.
#[test]
fn a_consumer_elsewhere_that_no_command_reaches_resumes_by_itself_and_the_figures_stand() {
    let checked = control_stalls_with("upload");
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    assert!(checked.only()["ended"].is_null(), "the path ended nothing: {}", checked.verdict);
}

#[test]
fn a_producer_elsewhere_that_nothing_is_heard_of_is_judged_by_what_it_tells_later() {
    let checked = control_stalls_with("download");
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    assert!(checked.only()["blocked_ms"].as_f64() > Some(1000.0), "{}", checked.verdict);
}

fn control_stalls_with(direction: &str) -> Checked {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::SharedBuffer);
    let options = format!("--direction {direction} --baseline 300ms --hold 1s --deadline 6s");
    command::checked(&check(&relay, &options))
}

#[test]
fn data_that_meets_control_at_the_second_try_is_measured() {
    let servers = Servers::start();
    let output = in_turn(vec![servers.a, servers.b], "--baseline 300ms --hold 1s");
    let checked = command::checked(&output);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in super::BOTH {
        let integrity = &checked.direction(direction)["integrity"];
        assert_eq!(integrity["lost_bytes"], 0, "{integrity}");
        assert!(integrity["bytes"].as_u64() > Some(0), "{integrity}");
    }
}

#[test]
fn data_that_never_meets_control_is_never_a_figure() {
    let servers = Servers::start();
    let mut upstreams = vec![servers.b; 12];
    upstreams[0] = servers.a;
    let output = in_turn(upstreams, "");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{complaint}");
    assert!(complaint.contains("balances between several servers"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}
