//! The check against relays that misbehave in one known way each: it says what they did, and no more.

mod carried;
mod elsewhere;
mod endings;
mod http2;
mod integrity;
mod interruption;
mod opening;
mod propagation;
mod recordings;
mod repetition;
mod slow;
mod swallowing;
mod trickle;

use crate::command::{self, Checked, free_port};
use crate::relay::{Behaviour, Relay};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

/// A relay, and the free port behind it on which the check's server side will listen.
struct Path {
    relay: Relay,
    server: SocketAddr,
}

impl Path {
    fn through(behaviour: Behaviour) -> Self {
        let server = free_address();
        Self { relay: Relay::start(server, behaviour), server }
    }

    /// Through relays that take the connections in turn.
    fn through_in_turn(relays: &[Relay], server: SocketAddr) -> Self {
        let addresses = relays.iter().map(Relay::address).collect();
        Self { relay: Relay::start(server, Behaviour::Alternates(addresses)), server }
    }

    /// `check` through the relay, with these options, which are parted by spaces.
    fn command(&self, options: &str) -> Command {
        let (listen, via) = (self.server.to_string(), self.relay.address().to_string());
        let mut command = command::program();
        command
            .args(["check", "--quiet", "--listen", &listen, "--via", &via])
            .args(options.split_whitespace());
        command
    }

    /// Runs the check and expects a verdict.
    fn check(&self, options: &str) -> Checked {
        let mut command = self.command(options);
        let output = command.args(["--format", "json", "--output", "none"]).output();
        command::checked(&output.expect("the program runs"))
    }
}

fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}

/// That the producer was stopped, every byte came, and the program found this as expected.
#[track_caller]
fn assert_propagates(checked: &Checked) {
    let only = checked.only();
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{only:#}");
    assert!(checked.reason().starts_with("the producer was stopped"), "{only:#}");
    assert!(only["ended"].is_null(), "{only:#}");
    assert_intact(checked);
}

/// That every byte came, in order and unchanged.
#[track_caller]
fn assert_intact(checked: &Checked) {
    let integrity = &checked.only()["integrity"];
    for damage in ["lost_bytes", "reordered_frames", "duplicated_frames", "corrupted_frames"] {
        assert_eq!(integrity[damage], 0, "{damage}: {integrity}");
    }
    assert_eq!(integrity["undelivered_bytes"], Value::Null, "{integrity}");
    assert!(integrity["bytes"].as_u64() > Some(0), "{integrity}");
}

/// The bytes that were absorbed in all.
#[track_caller]
fn absorbed(figures: &Value) -> usize {
    let total = figures.pointer("/absorbed/total_bytes").and_then(Value::as_u64);
    assert!(total.is_some(), "absorbed bytes were measured: {figures:#}");
    total.and_then(|total| usize::try_from(total).ok()).expect("it is a number of bytes")
}

/// A figure of the only direction that was measured.
#[track_caller]
fn figure(checked: &Checked, name: &str) -> f64 {
    let only = checked.only();
    assert!(only[name].is_number(), "{name} was measured: {only:#}");
    only[name].as_f64().expect("it is a number")
}

const BOTH: [&str; 2] = ["upload", "download"];
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
