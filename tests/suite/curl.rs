//! curl as a peer over HTTP, both ways, without being a check.

use crate::command::{Background, program, server};
use crate::waiting::until;
use crate::workplace::Workplace;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

#[test]
fn a_file_is_uploaded_and_its_length_told() {
    let (_server, address) = server();
    let place = Workplace::new();
    let file = place.path().join("file");
    fs::write(&file, vec![7; 3_000_001]).expect("a file can be written");
    let file = file.display().to_string();
    let url = format!("http://{address}/http");
    assert_eq!(curl(&["-T", &file, &url]), "3000001 bytes\n");
    let body = format!("@{file}");
    assert_eq!(curl(&["--data-binary", &body, "-H", "Transfer-Encoding: chunked", &url]), "3000001 bytes\n");
    assert_eq!(curl(&["--http2-prior-knowledge", "-T", &file, &url]), "3000001 bytes\n");
    assert_eq!(curl(&["-T", &file, &url, "-T", &file, &url]), "3000001 bytes\n".repeat(2), "one connection");
    assert_eq!(passed(address, "upload"), 5 * 3_000_001);
}

#[test]
fn as_many_bytes_are_downloaded_as_are_asked_for() {
    let (_server, address) = server();
    assert_eq!(curl(&[&format!("http://{address}/http?bytes=10MiB")]).len(), 10 << 20);
    let over_2 = curl(&["--http2-prior-knowledge", &format!("http://{address}/http?bytes=3MiB")]);
    assert_eq!(over_2.len(), 3 << 20);
    assert_eq!(curl(&[&format!("http://{address}/http?bytes=0")]), "");
    assert_eq!(passed(address, "download"), 13 << 20);
    let refused = curl(&["-w", "%{http_code}", &format!("http://{address}/http?bytes=lots")]);
    assert!(refused.contains("bytes") && refused.ends_with("400"), "{refused}");
    let refused = curl(&["-w", "%{http_code}", &format!("http://{address}/http?bytes=99TiB")]);
    assert!(refused.ends_with("400"), "{refused}");
}

#[test]
fn the_servers_file_says_how_an_upload_is_read() {
    let place = Workplace::new();
    fs::write(place.path().join("server.yml"), "read: [{for: 700ms, rate: 0}, {rate: unlimited}]\n")
        .expect("a file can be written");
    let (_server, address) = server_of_a_file(&place);
    let began = Instant::now();
    let url = format!("http://{address}/http");
    let twice = ["--data-binary", "0123456789", &url, &url];
    assert_eq!(curl(&twice), "10 bytes\n".repeat(2));
    assert_eq!(passed(address, "upload"), 20, "of one connection");
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
}

#[test]
fn pages_of_other_sites_may_neither_upload_nor_download() {
    let (_server, address) = server();
    let url = format!("http://{address}/http");
    let own = format!("Origin: http://{address}");
    let status = |arguments: &[&str]| {
        let answer = curl(&[&["-w", "%{http_code}", &url], arguments].concat());
        answer.get(answer.len() - 3..).map(str::to_owned).expect("it is told last")
    };
    assert_eq!(status(&["-H", "Origin: http://elsewhere.example", "-d", "x"]), "403");
    assert_eq!(status(&["-H", "Sec-Fetch-Site: cross-site"]), "403");
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        assert_eq!(status(&[version, "-H", &own, "-d", "x"]), "200", "{version}");
    }
}

/// Bytes that the server says have passed.
fn passed(server: SocketAddr, direction: &str) -> u64 {
    let metrics = curl(&[&format!("http://{server}/metrics")]);
    let name = format!("backpressure_stream_bytes_total{{direction=\"{direction}\"}} ");
    let found = metrics.lines().find_map(|line| line.strip_prefix(&name)?.strip_suffix(".0")?.parse().ok());
    found.unwrap_or_else(|| panic!("{name} in {metrics}"))
}

fn server_of_a_file(place: &Workplace) -> (Background, SocketAddr) {
    let mut command = program();
    command.current_dir(place.path()).args(["server", "server.yml", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let address = until(Duration::from_secs(10), "the server listens", || {
        let line = lines.next().expect("it says where it listens").expect("which is text");
        line.strip_prefix("listening on ").and_then(|address| address.parse().ok())
    });
    // What else it says is read, so that it need not wait for that.
    std::thread::spawn(move || lines.for_each(drop));
    (Background(child), address)
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments).output();
    let output = output.expect("curl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}
