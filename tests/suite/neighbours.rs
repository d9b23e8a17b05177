//! Healthy connections beside a stalled one: does one slow consumer hold up the others?

use crate::command::{Checked, check, free_port};
use crate::proxy::{Health, Proxy};
use crate::relay::{Behaviour, Relay};
use crate::workplace::{Workplace, text_of};
use serde_json::Value;
use std::net::SocketAddr;

#[test]
fn neighbours_through_haproxy_are_left_alone() {
    let upstream = free_port();
    let proxy = Proxy::haproxy(upstream, Health::Unchecked);
    let checked = check_through(upstream, proxy.port(), "--neighbours 8 --max-neighbour-slowdown 20");
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in ["upload", "download"] {
        let found = &checked.direction(direction)["neighbours"];
        assert!((0.9..1.1).contains(&figure(found, "rate_ratio")), "{direction}: {found}");
        assert!(figure(found, "p99_ratio") < 20.0, "{direction}: {found}");
        assert_eq!((&found["connections"], &found["broken"]), (&8.into(), &0.into()), "{direction}: {found}");
    }
}

#[test]
fn neighbours_through_a_relay_with_one_buffer_for_all_are_found_to_stop() {
    for direction in ["upload", "download"] {
        let upstream = free_port();
        let relay = Relay::start(at(upstream), Behaviour::SharedBuffer);
        let options = format!("--neighbours 8 --max-neighbour-slowdown 200% --direction {direction}");
        let checked = check_through(upstream, relay.address().port(), &options);
        // The measured connection itself is stopped as it should be.
        assert_eq!((checked.word(), checked.code), ("propagates", 1), "{}", checked.verdict);
        let found = &checked.only()["neighbours"];
        assert!(figure(found, "rate_ratio") < 0.1, "{direction}: {found}");
        assert!(figure(found, "p99_ratio") > 20.0, "{direction}: {found}");
        let unexpected = checked.verdict["unexpected"].as_array().expect("it is a list");
        assert_eq!(unexpected.len(), 1, "{}", checked.verdict);
        let told = unexpected[0].as_str().expect("it is a sentence");
        assert!(told.contains("neighbours' slowdown") && told.contains("at most 2.0×"), "{told}");
    }
}

#[test]
fn neighbours_that_are_slowed_where_that_is_not_bounded_are_only_told() {
    let upstream = free_port();
    let relay = Relay::start(at(upstream), Behaviour::SharedBuffer);
    let checked = check_through(upstream, relay.address().port(), "--neighbours 1 --direction upload");
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    assert!(figure(&checked.only()["neighbours"], "rate_ratio") < 0.1, "{}", checked.verdict);
}

#[test]
fn neighbours_are_a_phase_of_the_recording_and_a_line_of_the_report() {
    let place = Workplace::new();
    let run =
        place.run("check --neighbours 2 --direction download --baseline 300ms --hold 500ms --output run");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.lines().any(|line| line.starts_with("neighbours 2 beside")), "{}", run.stdout);
    let events = text_of(&place.path().join("run/events.jsonl"));
    assert!(events.contains(r#""phase":"neighbours""#), "{events}");
}

fn check_through(upstream: u16, via: u16, options: &str) -> Checked {
    let (listen, via) = (at(upstream).to_string(), at(via).to_string());
    let options: Vec<&str> = options.split_whitespace().collect();
    check(
        &[&["--listen", &listen, "--via", &via, "--baseline", "500ms", "--hold", "1s"][..], &options]
            .concat(),
    )
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn figure(found: &Value, name: &str) -> f64 {
    found[name].as_f64().unwrap_or_else(|| panic!("{name}: {found}"))
}
