//! What cannot be run.

use super::{GO_CLIENT, GO_SERVER, client_ended, go_client};
use crate::bad_input::one_clear_line;
use crate::command::{free_port, program};
use crate::workplace::{Ended, Workplace, end_of};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// Runs the program beside these two files.
fn run(server: &str, client: &str, arguments: &str, port: &str) -> Ended {
    let place = Workplace::new();
    fs::write(place.path().join("server.yml"), server).expect("a file can be written");
    fs::write(place.path().join("client.yml"), client).expect("a file can be written");
    end_of(program().current_dir(place.path()).args(arguments.split_whitespace()).env("PORT", port))
}

#[track_caller]
fn refused_with(ended: &Ended, words: &[&str]) {
    let complaint = one_clear_line(ended);
    for word in words {
        assert!(complaint.contains(word), "{word}: {complaint}");
    }
}

#[test]
fn a_wrong_flag_or_none_is_an_error() {
    for (arguments, words) in [
        ("-sever server.yml", "unknown flag `-sever`; did you mean `-server`?"),
        ("-clinet client.yml", "unknown flag `-clinet`; did you mean `-client`?"),
        ("server -server", "--help"),
        ("-client", "--help"),
    ] {
        refused_with(&run(GO_SERVER, GO_CLIENT, arguments, ""), &[words, "--help"]);
    }
}

#[test]
fn a_missing_file_is_named() {
    for arguments in
        ["-server none.yml", "client --config none.yml", "server --config none.yml", "-client none.yml"]
    {
        refused_with(&run(GO_SERVER, GO_CLIENT, arguments, ""), &["could not read none.yml", "No such file"]);
    }
}

#[test]
fn an_unknown_key_is_refused_with_line_and_column() {
    let server = GO_SERVER.replace("delay", "dealy");
    refused_with(&run(&server, GO_CLIENT, "-server server.yml", ""), &["server.yml:4:1", "`dealy`"]);
    let client = GO_CLIENT.replace("payload_size", "payload");
    refused_with(&run(GO_SERVER, &client, "-client client.yml", ""), &["client.yml:4:1", "`payload`"]);
}

#[test]
fn a_file_or_folder_that_does_not_do_is_refused_where_the_file_names_it() {
    for (server, words) in [
        (
            "port: 0\ntls: {cert: none.pem, key: k.pem}\n",
            "server.yml:2:7: could not read none.pem: No such file",
        ),
        (
            "tls:\n  key: none.pem\n  cert: server.yml\n",
            "server.yml:3:3: server.yml holds no certificate in PEM",
        ),
        ("output: server.yml\n", "server.yml:1:1: "),
    ] {
        refused_with(&run(server, GO_CLIENT, "-server server.yml", "0"), &[words]);
    }
    for (client, words) in [
        ("tls: {ca: none.pem}\n", "client.yml:1:7: could not read none.pem: No such file"),
        ("tls: {insecure: true, sni: a..b}\n", "client.yml:1:23: `a..b` is no name"),
        ("server_port: 1\noutput: /dev/null/run\n", "client.yml:2:1: could not use `/dev/null/run`"),
    ] {
        let ended = run(GO_SERVER, client, "-client client.yml", "0");
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        assert_eq!(ended.code, 2);
    }
}

#[test]
fn a_port_that_is_taken_or_none_is_named() {
    let held = TcpListener::bind("[::]:0").expect("a port is free");
    let port = held.local_addr().expect("it is bound").port().to_string();
    refused_with(
        &run(GO_SERVER, GO_CLIENT, "-server server.yml", &port),
        &["could not listen", &port, "in use"],
    );
    refused_with(&run(GO_SERVER, GO_CLIENT, "-server server.yml", "abc"), &["PORT is abc", "0 to 65535"]);
}

#[test]
fn a_server_that_is_not_there_or_speaks_something_else_is_named() {
    let port = free_port();
    let address = format!("localhost:{port}");
    for protocol in ["tcp", "websocket"] {
        refused_with(
            &client_ended(&go_client(protocol, port, 1)),
            &["could not connect", &address, "refused"],
        );
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let answering = thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("the client comes");
        let mut request = [0; 4096];
        let length = peer.read(&mut request).expect("it asks");
        peer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").expect("it listens");
        String::from_utf8_lossy(&request[..length]).to_lowercase()
    });
    let keys = "path: /app/ws\nheaders: {Host: app.example, Origin: https://app.example, X-Number: 7}\n";
    let file = go_client("websocket", port, 1).replace("localhost", "127.0.0.1") + keys;
    refused_with(&client_ended(&file), &["could not begin a WebSocket", "404 Not Found"]);
    let request = answering.join().expect("it was asked");
    for line in ["get /app/ws http/1.1", "host: app.example", "origin: https://app.example", "x-number: 7"] {
        assert!(request.contains(&format!("{line}\r\n")), "{line}: {request}");
    }
}
