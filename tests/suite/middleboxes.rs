//! Real middleboxes in between: none of the usual ones may be misjudged, busy cores or not.

mod http;

use crate::burners::Burners;
use crate::command::{Checked, check, free_port};
use crate::figures::{absorbed, assert_propagates};
use crate::proxy::{Health, Proxy};
use std::env;
use std::net::SocketAddr;

#[test]
fn nginx_passes_backpressure_on_in_both_directions() {
    assert_passes_on(Proxy::nginx);
}

#[test]
fn haproxy_passes_backpressure_on_in_both_directions() {
    assert_passes_on(|upstream| Proxy::haproxy(upstream, Health::Unchecked));
}

#[test]
fn socat_passes_backpressure_on_in_both_directions() {
    assert_passes_on(Proxy::socat);
}

#[test]
fn nginx_passes_the_backpressure_of_a_websocket_on() {
    assert_passes_on_websockets(|upstream| Proxy::nginx_http(upstream, ""), "/sub/ws");
}

#[test]
fn haproxy_passes_the_backpressure_of_a_websocket_on() {
    assert_passes_on_websockets(Proxy::haproxy_http, "/ws");
}

#[test]
fn three_middleboxes_in_a_row_pass_backpressure_on() {
    let upstream = free_port();
    let nginx = Proxy::nginx(upstream);
    let haproxy = Proxy::haproxy(nginx.port(), Health::Unchecked);
    let socat = Proxy::socat(haproxy.port());

    let checked = check_through(upstream, &socat, &[]);

    assert_held_by_the_path(&checked);
}

#[test]
fn health_checks_that_hang_up_do_not_disturb() {
    assert_undisturbed_by(Health::Connects);
}

#[test]
fn health_checks_that_say_something_do_not_disturb() {
    assert_undisturbed_by(Health::Speaks);
}

#[test]
fn soak_nginx_is_never_misjudged_on_busy_cores() {
    assert_never_misjudged(Proxy::nginx);
}

#[test]
fn soak_haproxy_is_never_misjudged_on_busy_cores() {
    assert_never_misjudged(|upstream| Proxy::haproxy(upstream, Health::Unchecked));
}

#[test]
fn soak_socat_is_never_misjudged_on_busy_cores() {
    assert_never_misjudged(Proxy::socat);
}

fn assert_passes_on(middlebox: impl FnOnce(u16) -> Proxy) {
    let upstream = free_port();
    let proxy = middlebox(upstream);

    let checked = check_through(upstream, &proxy, &[]);

    assert_held_by_the_path(&checked);
}

fn assert_passes_on_websockets(middlebox: impl FnOnce(u16) -> Proxy, path: &str) {
    let upstream = free_port();
    let proxy = middlebox(upstream);

    let checked = check_through(upstream, &proxy, &["--transport", "websocket", "--path", path]);

    assert_held_by_the_path(&checked);
}

fn assert_undisturbed_by(health: Health) {
    let upstream = free_port();
    let proxy = Proxy::haproxy(upstream, health);

    let checked = check_through(upstream, &proxy, &[]);

    assert_held_by_the_path(&checked);
    let said = proxy.said();
    assert!(said.contains("Health check for server back/upstream succeeded"), "it was asked: {said}");
}

fn assert_never_misjudged(middlebox: impl FnOnce(u16) -> Proxy) {
    let upstream = free_port();
    let proxy = middlebox(upstream);
    let _load = Burners::start(BUSY_CORES);
    for run in 1..=soak_runs() {
        let checked = check_through(upstream, &proxy, &["--baseline", "300ms", "--hold", "1s"]);

        println!("run {run}: {}", checked.reason());
        assert_held_by_the_path(&checked);
    }
}

/// A check whose server is the middlebox's upstream.
fn check_through(upstream: u16, proxy: &Proxy, options: &[&str]) -> Checked {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port)).to_string();
    let (listen, via) = (at(upstream), at(proxy.port()));
    check(&[&["--listen", &listen, "--via", &via], options].concat())
}

/// The producer was stopped in both directions, and the middlebox held its share of the bytes.
fn assert_held_by_the_path(checked: &Checked) {
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in ["upload", "download"] {
        let figures = checked.direction(direction);
        assert_propagates(figures);
        let held = absorbed(figures);
        println!("{direction}: {held:?}");
        // Its receive buffer towards the producer and its send buffer towards the consumer, at least.
        assert!(held.path > 0, "{direction}: {held:?}");
        assert!(held.total < PLAUSIBLE, "{direction}: {held:?}");
    }
}

/// Well above the buffers that the kernel may grow at each hop, well below the limit of a check.
const PLAUSIBLE: u64 = 128 * 1024 * 1024;
const BUSY_CORES: usize = 2;

/// How many checks in a row; `cargo xtask soak` asks for more.
fn soak_runs() -> u32 {
    match env::var("BACKPRESSURE_SOAK_RUNS") {
        Ok(runs) => runs.parse().expect("BACKPRESSURE_SOAK_RUNS is a number"),
        Err(_) => 2,
    }
}
