//! Reverse proxies between streams in the bodies of HTTP: they pass them on, or keep them, as they are configured.

use super::{assert_held_by_the_path, check_through};
use crate::command::{Checked, check, free_port, server};
use crate::figures::{absorbed, assert_propagates, milliseconds};
use crate::proxy::{Health, Proxy};
use serde_json::Value;

/// What nginx must be told to pass streams on.
const UNBUFFERED: &str =
    "client_max_body_size 0; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;";

#[test]
fn nginx_without_buffering_passes_the_backpressure_of_http_on() {
    let upstream = free_port();
    let proxy = Proxy::nginx_http(upstream, UNBUFFERED);
    assert_held_by_the_path(&check_through(
        upstream,
        &proxy,
        &["--transport", "http", "--path", "/plain/http"],
    ));
}

#[test]
fn nginx_without_buffering_passes_the_backpressure_of_events_on() {
    let upstream = free_port();
    let proxy = Proxy::nginx_http(upstream, UNBUFFERED);
    let options = ["--transport", "sse", "--path", "/plain/http", "--direction", "download"];
    assert_propagates(check_through(upstream, &proxy, &options).only());
}

#[test]
fn haproxy_in_http_mode_passes_the_backpressure_of_http_on() {
    let upstream = free_port();
    let proxy = Proxy::haproxy_http(upstream);
    assert_held_by_the_path(&check_through(upstream, &proxy, &["--transport", "http"]));
}

#[test]
fn nginx_as_it_is_shipped_absorbs_a_download_and_holds_small_messages_back() {
    let upstream = free_port();
    let proxy = Proxy::nginx_http(upstream, "");
    let options = ["--transport", "http", "--path", "/plain/http", "--direction", "download"];
    let options = [&options[..], &["--limit", "512MiB", "--deadline", "1m"]].concat();

    let checked = check_through(upstream, &proxy, &options);

    assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{}", checked.verdict);
    assert!(absorbed(checked.only()).path > 500 << 20, "{}", checked.verdict);
    // Messages wait until a buffer is full, or until the flood comes: the trickle takes 0.8 s, and is then waited for.
    let held = milliseconds(checked.only(), "trickle_held_ms");
    assert!(held > 500.0, "{held} ms: {}", checked.verdict);
    assert_eq!(checked.only()["integrity"]["lost_bytes"], 0, "{}", checked.verdict);
}

#[test]
fn nginx_that_buffers_requests_is_told_by_what_it_takes_while_nothing_arrives() {
    let checked = upload_through_nginx("client_max_body_size 0;", &["--limit", "64MiB"]);
    assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{}", checked.verdict);
    for named in ["nothing arrived while the path took 64 MiB", "request buffering"] {
        assert!(checked.reason().contains(named), "{}", checked.verdict);
    }
    let held = absorbed(checked.only());
    assert_eq!((held.total, held.consumer, held.receive_queue), (64 << 20, 0, 0), "{held:?}");
}

#[test]
fn requests_that_are_kept_are_told_of_many_connections_as_of_one() {
    let options = ["--connections", "3", "--ramp", "1000/s", "--limit", "4MiB"];
    let checked = upload_through_nginx("client_max_body_size 0;", &options);
    assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{}", checked.verdict);
    assert!(checked.reason().contains("request buffering"), "{}", checked.verdict);
    let connections = &checked.only()["connections"];
    assert_eq!(connections["opened"], 3, "{}", checked.verdict);
    assert_eq!(connections["verdicts"]["absorbs"], 3, "{}", checked.verdict);
    assert_eq!(connections["absorbed_bytes"], 3 * (4u64 << 20), "{}", checked.verdict);
}

#[test]
fn an_upload_that_nginx_finds_too_large_breaks_with_its_answer_as_the_reason() {
    let checked = upload_through_nginx("", &[]);
    assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
    assert!(checked.reason().contains("413 Payload Too Large"), "{}", checked.verdict);
    assert_eq!(checked.only()["ended"]["by"], "path", "{}", checked.verdict);
    // The same where it passes on what it has at once.
    let checked = upload_through_nginx("proxy_http_version 1.1; proxy_request_buffering off;", &[]);
    assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
    assert!(checked.reason().contains("413 Payload Too Large"), "{}", checked.verdict);
}

#[test]
fn a_server_elsewhere_is_controlled_through_a_proxy_that_buffers() {
    let (_server, address) = server();
    let proxy = Proxy::nginx_http(address.port(), "client_max_body_size 0;");
    let target = format!("http://127.0.0.1:{}/plain/http", proxy.port());
    let checked = check(&["--target", &target, "--limit", "32MiB", "--baseline", "300ms", "--hold", "500ms"]);
    assert_eq!(checked.word(), "absorbs", "{}", checked.verdict);
    let upload = checked.direction("upload")["reason"].as_str().unwrap_or_default().to_owned();
    assert!(upload.contains("request buffering"), "{}", checked.verdict);
    let download = checked.direction("download");
    assert_eq!(download["verdict"], "absorbs", "{}", checked.verdict);
    assert_eq!(download["integrity"]["lost_bytes"], 0, "{}", checked.verdict);
    assert!(download["clock_uncertainty_ms"].as_f64() > Some(0.0), "{}", checked.verdict);
}

#[test]
fn a_proxy_whose_upstream_is_not_there_is_told_by_its_502() {
    let nowhere = free_port();
    let proxy = Proxy::nginx_http(nowhere, "");
    let (code, _, complaint) =
        crate::command::run(&["check", "--target", &format!("http://127.0.0.1:{}/plain/http", proxy.port())]);
    assert_eq!(code, 2, "{complaint}");
    assert!(complaint.contains("502 Bad Gateway") && complaint.lines().count() == 1, "{complaint}");
}

#[test]
fn health_checks_over_tcp_do_not_disturb_http() {
    let upstream = free_port();
    let proxy = Proxy::haproxy(upstream, Health::Connects);
    let checked = check_through(upstream, &proxy, &["--transport", "http", "--baseline", "300ms"]);
    assert_eq!(checked.verdict["verdict"], Value::from("propagates"), "{}", checked.verdict);
}

fn upload_through_nginx(directives: &str, more: &[&str]) -> Checked {
    let upstream = free_port();
    let proxy = Proxy::nginx_http(upstream, directives);
    let options =
        ["--transport", "http", "--path", "/plain/http", "--direction", "upload", "--hold", "500ms"];
    check_through(upstream, &proxy, &[&options[..], more].concat())
}
