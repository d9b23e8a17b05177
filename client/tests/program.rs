//! The small binary, as a user runs it.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Command;

#[test]
fn the_small_binary_sends_what_its_file_says() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let file =
        format!("protocol: tcp\nserver_addr: 127.0.0.1\nserver_port: {port}\nrequests_per_second: 0\n");
    fs::write(folder.path().join("client.yml"), file).expect("it can be written");
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        let (mut peer, _) = listener.accept().expect("it comes");
        peer.read_to_end(&mut all).expect("it closes");
        all.len()
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_backpressure-client"));
    let output = command.current_dir(folder.path()).arg("client.yml").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), reading.join().expect("all is read")), (Some(0), 5000), "{said}");
    assert!(
        said.contains("req: 5 (wrote 1000 bytes)\n") && said.contains("\nFired 5 requests in "),
        "{said}"
    );
}

#[test]
fn a_mistake_is_one_line_and_code_2() {
    for (arguments, words) in [(vec!["none.yml"], "could not read none.yml"), (vec![], "<FILE>")] {
        let output = Command::new(env!("CARGO_BIN_EXE_backpressure-client")).args(arguments).output();
        let output = output.expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), complaint.lines().count()), (Some(2), 1), "{complaint}");
        assert!(complaint.contains(words), "{complaint}");
    }
}
