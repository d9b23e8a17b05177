//! The small binary, as a user runs it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn the_small_binary_reads_what_comes_as_its_file_says() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("server.yml"), "protocol: tcp\nbufsize: 1000\n").expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_backpressure-server"));
    command.current_dir(folder.path()).arg("server.yml").env("PORT", "0");
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(server.stdout.take().expect("it is piped")).lines();
    let mut said = || lines.next().expect("it says more").expect("it is text");
    let port = said().rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("it has a port");
    let mut peer = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    peer.write_all(&[7; 700]).expect("it takes them");
    assert_eq!(said(), "read 700 bytes");
    server.kill().expect("it can be ended");
    server.wait().expect("it ends");
}

#[test]
fn a_mistake_is_one_line_and_code_2() {
    for (arguments, words) in [(vec!["none.yml"], "could not read none.yml"), (vec![], "<FILE>")] {
        let output = Command::new(env!("CARGO_BIN_EXE_backpressure-server")).args(arguments).output();
        let output = output.expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), complaint.lines().count()), (Some(2), 1), "{complaint}");
        assert!(complaint.contains(words), "{complaint}");
    }
}
