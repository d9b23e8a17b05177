//! The server as a service for others: what it tells whoever watches over it.

use crate::command::{check, program, run, server, server_with};
use crate::waiting::until;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

#[test]
fn the_metrics_tell_bytes_zero_windows_and_write_stalls_by_direction() {
    let (_server, address) = server();
    let checked = check(&["--target", &format!("tcp://{address}"), "--baseline", "100ms", "--hold", "500ms"]);
    let metrics = Metrics::of(address);
    for direction in ["upload", "download"] {
        let of =
            |name: &str| metrics.figure(&format!("backpressure_{name}_total{{direction=\"{direction}\"}}"));
        let received = checked.direction(direction)["integrity"]["bytes"].as_f64().expect("bytes were read");
        let told = of("stream_bytes");
        assert!((told - received).abs() < 0.5, "{direction}: {told} of {received}");
        let zero = of("zero_window_seconds");
        assert!(
            (0.1..20.0).contains(&zero),
            "{direction}: the hold lasts 0.5 s, the window was zero for {zero} s"
        );
    }
    let stalls =
        |direction| metrics.figure(&format!("backpressure_write_stalls_total{{direction=\"{direction}\"}}"));
    assert!(stalls("download") >= 1.0, "the server's writes were held up");
    assert!(stalls("upload") <= 0.0, "it writes nothing in an upload");
    assert!(metrics.figure("backpressure_connections_total") >= 4.0);
    assert!((metrics.figure("backpressure_connections_open") - 1.0).abs() < 0.1, "this one");
}

const TOKEN: &str = "correct-horse-battery";

#[test]
fn a_server_with_a_token_serves_the_checks_that_show_it_over_every_transport_and_no_others() {
    let (_server, address) = server_with(program(), &["--listen", "127.0.0.1:0", "--token", TOKEN]);
    for scheme in ["tcp", "ws", "http"] {
        let target = format!("{scheme}://{address}");
        let options = ["--target", &target, "--baseline", "0s", "--hold", "100ms", "--direction", "upload"];
        let checked = check(&[options.as_slice(), &["--token", TOKEN]].concat());
        assert_eq!(checked.word(), "propagates", "{scheme}");
        assert!(!checked.verdict.to_string().contains(TOKEN));
        for other in [&[][..], &["--token", "correct-horse-bakery"]] {
            let asked = [&["check", "--output", "none"], options.as_slice(), other].concat();
            let (code, _, complaint) = run(&asked);
            assert_eq!(code, 2, "{scheme}: {complaint}");
            assert!(complaint.contains("--token") && !complaint.contains("bakery"), "{complaint}");
        }
    }
}

#[test]
fn requests_show_the_token_as_bearer_and_only_the_health_check_needs_none() {
    let (_server, address) = server_with(program(), &["--listen", "127.0.0.1:0", "--token", TOKEN]);
    let shown = format!("Authorization: Bearer {TOKEN}\r\n");
    for (path, header, status) in [
        ("/healthz", "", "200"),
        ("/metrics", "", "401"),
        ("/metrics", "Authorization: Bearer another\r\n", "401"),
        ("/metrics", shown.as_str(), "200"),
        ("/http?bytes=10KiB", "", "401"),
        ("/http?bytes=10KiB", shown.as_str(), "200"),
    ] {
        let answer = ask(address, path, header);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {header:?}: {answer}");
    }
}

#[test]
fn one_address_does_not_take_the_places_of_all() {
    let (_server, address) =
        server_with(program(), &["--listen", "127.0.0.1:0", "--connections-per-address", "3"]);
    let held: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).expect("it listens")).collect();
    let mut fourth = TcpStream::connect(address).expect("the kernel accepts it");
    // Those before it are closed after 5 s.
    fourth.set_read_timeout(Some(Duration::from_secs(4))).expect("it is a timeout");
    let read = fourth.read(&mut [0; 1]);
    let waits = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    assert!(!waits && !matches!(read, Ok(1..)), "it is closed: {read:?}");
    drop((held, fourth));
    let metrics = until(Duration::from_secs(10), "the places are free again", || {
        Some(ask(address, "/metrics", "")).filter(|answer| answer.starts_with("HTTP/1.1 200 "))
    });
    assert!(metrics.contains("turned_away_total{reason=\"address\"}"), "{metrics}");
}

/// The answer to a request; nothing where the connection is closed.
fn ask(server: SocketAddr, path: &str, header: &str) -> String {
    let mut peer = TcpStream::connect(server).expect("it listens");
    peer.set_read_timeout(Some(Duration::from_secs(10))).expect("it is a timeout");
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{header}Connection: close\r\n\r\n");
    let mut answer = String::new();
    // A connection that is turned away is reset.
    drop(peer.write_all(request.as_bytes()).and_then(|()| peer.read_to_string(&mut answer)));
    answer
}

/// What the server says at `/metrics`.
struct Metrics(String);

impl Metrics {
    fn of(server: SocketAddr) -> Self {
        let answer = ask(server, "/metrics", "");
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("application/openmetrics-text"),
            "{answer}"
        );
        Self(answer)
    }

    fn figure(&self, name: &str) -> f64 {
        let found = self.0.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("{name} in {}", self.0))
    }
}
