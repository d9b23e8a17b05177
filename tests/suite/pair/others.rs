//! Peers that are not ours.

use super::{GO_SERVER, PATIENCE, PairServer, client_ended, go_client};
use crate::command::{Background, free_port};
use crate::waiting::until;
use crate::workplace::{Workplace, end_of};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn socats_bytes_are_read_by_bufsize_and_counted_exactly() {
    let server = PairServer::start("protocol: tcp\nbufsize: 1000\n");
    let place = Workplace::new();
    let file = place.path().join("bytes");
    fs::write(&file, vec![7; 123_457]).expect("a file can be written");
    let mut socat = Command::new("socat");
    socat.arg("-u").arg(format!("OPEN:{}", file.display())).arg(format!("TCP:{}", server.address()));
    assert!(socat.status().expect("socat is installed").success());
    server.reads(123_457, 1000);
    server.logs("raw TCP is over");
}

#[test]
fn socat_gets_every_byte_of_our_client() {
    let (place, port) = (Workplace::new(), free_port());
    let file = place.path().join("bytes");
    let mut socat = Command::new("socat");
    socat.arg("-u").arg(format!("TCP4-LISTEN:{port},reuseaddr")).arg(format!("CREATE:{}", file.display()));
    let mut socat = Background(socat.stdin(Stdio::null()).spawn().expect("socat is installed"));
    let client = go_client("tcp", port, 0).replace("localhost", "127.0.0.1");
    // It is refused until socat listens.
    let ended =
        until(PATIENCE, "socat listens", || Some(client_ended(&client)).filter(|ended| ended.code != 2));
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    assert!(socat.0.wait().expect("a child can be waited for").success());
    let bytes = fs::read(&file).expect("socat wrote them");
    assert_eq!(bytes.len(), 5000);
    assert!(!bytes.contains(&u8::MAX));
}

#[test]
fn another_sites_page_opens_no_websocket() {
    let server = PairServer::start(GO_SERVER);
    let asked = |origin: &str| {
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        answer_to(&server, request.as_bytes())
    };
    let foreign = asked("https://b");
    assert!(foreign.starts_with(b"HTTP/1.1 403 "), "{}", foreign.escape_ascii());
    let own = asked("http://a");
    assert!(own.starts_with(b"HTTP/1.1 101 "), "{}", own.escape_ascii());
}

#[test]
fn the_browsers_client_is_there_where_it_has_somebody_to_talk_to() {
    let websockets = PairServer::start(GO_SERVER);
    for (file, holds) in [("client", "client.js"), ("client.js", "WebSocket"), ("client.css", "main")] {
        let request = format!("GET /{file} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = String::from_utf8(answer_to(&websockets, request.as_bytes())).expect("pages are text");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(holds), "{answer}");
        assert!(answer.contains("default-src 'none'"), "{answer}");
    }
    let bytes_alone = PairServer::start(&GO_SERVER.replace("websocket", "tcp"));
    let answer = answer_to(&bytes_alone, b"GET /client HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8(answer).expect("it is text");
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("`protocol: websocket`"), "{answer}");
    let (_checks, address) = crate::command::server();
    let page = end_of(Command::new("curl").args(["-sS", &format!("http://{address}/client")])).stdout;
    assert!(page.contains("serves checks alone") && page.contains("configs/server.yml"), "{page}");
}

#[test]
fn a_plain_request_for_the_websockets_path_is_told_to_upgrade() {
    let server = PairServer::start(GO_SERVER);
    let answer = answer_to(&server, b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 426 "), "{}", answer.escape_ascii());
}

#[test]
fn a_first_message_that_begins_no_session_is_sent_away_and_logged() {
    const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    // A text of five letters, and five binary bytes, masked with zeros.
    for frame in [b"\x81\x85\0\0\0\0hello", b"\x82\x85\0\0\0\0hello"] {
        let server = PairServer::start(GO_SERVER);
        let answer = answer_to(&server, &[REQUEST, frame].concat());
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", answer.escape_ascii());
        // Close, with code 1008.
        let closed = answer.windows(4).any(|part| part[0] == 0x88 && part[2..] == 1008u16.to_be_bytes());
        assert!(closed, "{}", answer.escape_ascii());
        server.logs("begins no session");
    }
}

#[test]
fn a_protocol_that_the_file_does_not_name_is_not_served() {
    let server = PairServer::start("protocol: tcp");
    let ended = client_ended(&go_client("websocket", server.port, 10));
    assert_ne!(ended.code, 0);
    assert!(
        ended
            .stderr
            .contains("websocket: close 1008 (policy violation): this server is told to speak raw TCP"),
        "{}",
        ended.stderr
    );
    let server = PairServer::start("protocol: websocket");
    assert_ne!(client_ended(&go_client("tcp", server.port, 10)).code, 0);
    server.logs("stranger");
}

/// All that comes back for these bytes.
fn answer_to(server: &PairServer, bytes: &[u8]) -> Vec<u8> {
    let mut peer = TcpStream::connect(server.address()).expect("it listens");
    peer.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
    peer.write_all(bytes).expect("it takes them");
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).expect("it closes");
    answer
}
