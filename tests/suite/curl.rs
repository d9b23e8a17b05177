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
}

#[test]
fn as_many_bytes_are_downloaded_as_are_asked_for() {
    let (_server, address) = server();
    assert_eq!(curl(&[&format!("http://{address}/http?bytes=10MiB")]).len(), 10 << 20);
    let over_2 = curl(&["--http2-prior-knowledge", &format!("http://{address}/http?bytes=3MiB")]);
    assert_eq!(over_2.len(), 3 << 20);
    assert_eq!(curl(&[&format!("http://{address}/http?bytes=0")]), "");
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
    assert_eq!(curl(&["--data-binary", "0123456789", &url]), "10 bytes\n");
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
}

#[test]
fn pages_of_other_sites_may_not_upload() {
    let (_server, address) = server();
    let url = format!("http://{address}/http");
    let answer = curl(&["-H", "Origin: http://elsewhere.example", "-d", "x", "-w", "%{http_code}", &url]);
    assert!(answer.ends_with("403"), "{answer}");
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
