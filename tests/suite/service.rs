//! The server as a service for others: what it tells whoever watches over it.

use crate::command::{check, server};
use std::io::{Read, Write};
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
        let told = of("payload_bytes");
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

/// What the server says at `/metrics`.
struct Metrics(String);

impl Metrics {
    fn of(server: SocketAddr) -> Self {
        let mut peer = TcpStream::connect(server).expect("it listens");
        peer.set_read_timeout(Some(Duration::from_secs(10))).expect("it is a timeout");
        peer.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        peer.read_to_string(&mut answer).expect("metrics are text");
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
