//! Peers that are no servers of ours, or not as they should be.

use super::refused_naming;
use crate::command::{free_port, server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

#[test]
fn a_peer_that_speaks_something_else_is_told_by_its_first_bytes() {
    let http = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    for route in routes(&stranger(move |_| http.as_bytes().to_vec())) {
        refused_naming(&route, &["is no backpressure server", "HTTP/1.1 400 Bad Request"]);
    }
    for route in routes(&stranger(|_| b"220 mail.example.net ESMTP\n".to_vec())) {
        refused_naming(&route, &["is no backpressure server", "220 mail.example.net"]);
    }
}

#[test]
fn bytes_without_an_end_of_line_are_no_answer() {
    for route in routes(&stranger(|_| vec![0; 1 << 20])) {
        refused_naming(&route, &["is no backpressure server", "long line"]);
    }
}

#[test]
fn an_echo_of_the_opening_is_no_answer() {
    for route in routes(&stranger(<[u8]>::to_vec)) {
        refused_naming(&route, &["is no backpressure server"]);
    }
}

#[test]
fn a_connection_that_ends_without_an_answer_is_told() {
    for route in routes(&stranger(|_| Vec::new())) {
        refused_naming(&route, &["ended it without an answer"]);
    }
}

#[test]
fn a_peer_that_does_not_upgrade_to_websocket_is_told_by_what_it_answers() {
    for (answer, named) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404 Not Found"),
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "401 Unauthorized"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502 Bad Gateway"),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://x.example/ws\r\nContent-Length: 0\r\n\r\n",
            "302 Found and leads to https://x.example/ws",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK"),
        ("220 mail.example.net ESMTP\r\n", "WebSocket"),
    ] {
        let peer = stranger(move |_| answer.as_bytes().to_vec());
        refused_naming(&format!("check --target ws://{peer}/ws"), &[&peer.to_string(), named]);
    }
}

#[test]
fn a_peer_that_carries_no_stream_over_http_is_told_by_what_it_answers() {
    for (answer, named) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404 Not Found"),
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "401 Unauthorized"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502 Bad Gateway"),
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://x.example/\r\nContent-Length: 0\r\n\r\n",
            "https://x.example/",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "<html>"),
        ("220 mail.example.net ESMTP\r\n", "over HTTP"),
    ] {
        let peer = stranger(move |_| answer.as_bytes().to_vec());
        refused_naming(&format!("check --target http://{peer}/http"), &[&peer.to_string(), named]);
        let via = format!("check --listen 127.0.0.1:{} --via {peer} --transport http", free_port());
        refused_naming(&via, &[&peer.to_string(), named]);
    }
    let hangs_up = stranger(|_| Vec::new());
    refused_naming(&format!("check --target http://{hangs_up}"), &["ended it without an answer"]);
}

#[test]
fn a_peer_that_speaks_http_1_alone_is_told_where_http_2_was_asked_for() {
    let peer = stranger(|_| b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec());
    for route in [
        format!("--target http://{peer}"),
        format!("--listen 127.0.0.1:{} --via {peer} --transport http", free_port()),
    ] {
        refused_naming(&format!("check {route} --http2"), &["speaks HTTP/1.1 and not HTTP/2", "--http2"]);
    }
}

#[test]
fn http_on_another_path_or_to_a_server_of_one_check_is_told() {
    let (_server, address) = server();
    refused_naming(&format!("check --target http://{address}/elsewhere"), &["404 Not Found"]);
    let own = free_port();
    let via = format!("check --listen 127.0.0.1:{own} --via {address} --transport http");
    refused_naming(&via, &["another backpressure server"]);
}

#[test]
fn a_websocket_is_not_answered_on_another_path() {
    let (_server, address) = server();
    refused_naming(&format!("check --target ws://{address}/elsewhere"), &["404 Not Found", "WebSocket"]);
}

#[test]
fn a_via_that_is_no_middlebox_is_told() {
    let port = free_port();
    refused_naming(&format!("check --listen :{port} --via :{port}"), &["nothing lies between", "--via"]);
    let (_server, other) = server();
    let named = [other.to_string(), "another backpressure server".to_owned(), format!(":{port}")];
    let named = named.each_ref().map(String::as_str);
    refused_naming(&format!("check --listen :{port} --via {other}"), &named);
}

#[test]
fn a_newer_protocol_is_refused_with_both_versions() {
    let newer = |_: &[u8]| b"\xFFbackpressure/2 {\"greeting\":{}}\n".to_vec();
    for route in routes(&stranger(newer)) {
        let complaint = refused_naming(&route, &["protocol version", "2", "version 1"]);
        assert!(
            !complaint.contains("is no backpressure server"),
            "a newer backpressure server is one: {complaint}"
        );
    }
}

#[test]
fn what_a_peer_says_cannot_steer_the_terminal_or_make_it_two_lines() {
    let refusal = |_: &[u8]| {
        let reason = "go away\nerror: \u{1b}[2Jnothing to see";
        let reply = json!({"instance": "0".repeat(32), "refused": reason});
        format_line(&reply.to_string())
    };
    refused_naming(&target(&stranger(refusal)), &["refused", "go away"]);
    let refuses_the_plan = listening(move |mut peer| {
        let reason = "no\nerror: \u{1b}[2Jnothing to see";
        let greeting = format_line(&json!({"instance": "0".repeat(32)}).to_string());
        peer.write_all(&greeting).expect("the check listens");
        let mut lines = BufReader::new(peer.try_clone().expect("a connection can be shared")).split(b'\n');
        while let Some(Ok(line)) = lines.next() {
            let said: Value = serde_json::from_slice(&line).unwrap_or_default();
            let answer = match &said["ping"]["sent"] {
                Value::Null => json!({"refused": {"stream": 1, "reason": reason}}),
                sent => json!({"pong": {"sent": sent, "received": 1, "answered": 2}}),
            };
            drop(peer.write_all(format!("{answer}\n").as_bytes()));
        }
    });
    refused_naming(&target(&refuses_the_plan), &["refused", "no"]);
}

#[test]
fn a_path_that_connects_but_never_answers_is_told() {
    // It is never accepted, but the kernel connects it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for route in routes(&address_of(&silent)) {
        refused_naming(&route, &["did not answer within 5 s", &address_of(&silent).to_string()]);
    }
}

#[test]
fn a_server_that_answers_the_opening_and_nothing_more_is_told() {
    let greeting = format_line(&json!({"instance": "0".repeat(32)}).to_string());
    let mute = listening(move |mut peer| {
        read_line(&peer);
        peer.write_all(&greeting).expect("the check listens");
        wait_for_the_end(peer);
    });
    refused_naming(&target(&mute), &["did not answer on the control connection within 5 s"]);
}

#[test]
fn a_server_that_answers_the_opening_and_hangs_up_is_told() {
    let greeting = format_line(&json!({"instance": "0".repeat(32)}).to_string());
    refused_naming(&target(&stranger(move |_| greeting.clone())), &["the control connection was lost"]);
}

/// A check of a server at `address`, and one through a middlebox there.
fn routes(address: &SocketAddr) -> [String; 2] {
    [target(address), format!("check --listen 127.0.0.1:{} --via {address}", free_port())]
}

fn target(address: &SocketAddr) -> String {
    format!("check --target tcp://{address}")
}

/// A server that answers each first line by something, and closes.
fn stranger(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    listening(move |mut peer| {
        let line = read_line(&peer);
        // A check that has heard enough does not wait for the rest.
        drop(peer.write_all(&answer(&line)));
    })
}

/// A server on a thread that ends with the test's process; it serves one connection after the other.
fn listening(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let address = address_of(&listener);
    thread::spawn(move || {
        for peer in listener.incoming() {
            let peer = peer.expect("a server of the tests can accept");
            peer.set_read_timeout(Some(Duration::from_secs(20))).expect("20 s is a timeout");
            serve(peer);
        }
    });
    address
}

fn read_line(peer: &TcpStream) -> Vec<u8> {
    let mut line = Vec::new();
    let bounded = peer.take(64 * 1024);
    BufReader::new(bounded).read_until(b'\n', &mut line).expect("the check says what it is");
    line
}

fn wait_for_the_end(mut peer: TcpStream) {
    let mut rest = [0; 4096];
    while matches!(peer.read(&mut rest), Ok(1..)) {}
}

fn address_of(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("a bound socket has an address")
}

/// A line as the protocol has it.
fn format_line(json: &str) -> Vec<u8> {
    [b"\xFFbackpressure/1 ".as_slice(), json.as_bytes(), b"\n"].concat()
}
