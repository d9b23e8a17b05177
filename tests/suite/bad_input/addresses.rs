//! Addresses that cannot be listened on, dialled, or found.

use super::refused_naming;
use crate::command::free_port;
use std::net::TcpListener;

#[test]
fn an_address_in_use_is_named() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let named = ["could not listen", &address.to_string(), "in use"];
    refused_naming(&format!("check --listen {address} --via 127.0.0.1:{}", free_port()), &named);
    refused_naming(&format!("server --listen {address}"), &named);
}

#[test]
fn an_address_of_another_machine_cannot_be_listened_on() {
    refused_naming("server --listen 192.0.2.1:9000", &["could not listen", "192.0.2.1:9000"]);
    refused_naming("server --listen 9000", &["--listen", "`:9000`"]);
}

#[test]
fn nobody_listening_is_told_with_the_address() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let named = ["could not connect", &nobody, "refused"];
    refused_naming(&format!("check --listen 127.0.0.1:{} --via {nobody}", free_port()), &named);
    refused_naming(&format!("check --target tcp://{nobody}"), &named);
}

#[test]
fn a_target_needs_a_known_scheme_and_a_port() {
    for (target, named) in [
        ("localhost:9000", "tcp://HOST:PORT"),
        ("gopher://localhost:9000", "`gopher`"),
        ("tcp://localhost", "no port"),
        ("tcp://localhost:99999", "ports are 1 to 65535"),
        ("tcp://localhost:0", "port 0"),
        ("tcp://", "no port"),
    ] {
        refused_naming(&format!("check --target {target}"), &["--target", target, named]);
    }
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    refused_naming("check --target tcp://no-such-host.invalid:9000", &["resolve", "no-such-host.invalid"]);
}
