//! A pair's peer that is gone without a sign.

use super::PORT;
use crate::command::Background;
use crate::namespace::Namespace;
use crate::waiting::until;
use crate::workplace::{Workplace, ended};
use std::fs;
use std::process::Stdio;
use std::time::Duration;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(15);

/// `TCP_USER_TIMEOUT` would end a peer that is merely held up, too; so it is the probes of a closed window that tell.
#[test]
fn a_producer_lets_go_of_a_dead_peer_that_answers_no_window_probe() {
    let (network, place) = (Namespace::with_loopback(65_536), Workplace::new());
    let server = format!("protocol: tcp\nlisten: 127.0.0.1:{PORT}\nbuffers: 16KiB\nread: [{{rate: 0}}]\n");
    let client = format!(
        "protocol: tcp\nserver_addr: 127.0.0.1\nserver_port: {PORT}\nbuffers: 16KiB\npayload_size: 4KiB\n\
         requests_per_second: 0\nrequests_total: 400\n"
    );
    let start = |role: &str, file: &str| {
        let name = format!("{role}.yml");
        fs::write(place.path().join(&name), file).expect("a file can be written");
        let mut command = network.program();
        command.current_dir(place.path()).args([role, &name]).stdout(Stdio::null()).stderr(Stdio::piped());
        Background(command.spawn().expect("the program starts"))
    };
    let _server = start("server", &server);
    network.await_listener(PORT);
    let client = start("client", &client);
    // Before, a window that opens once more may leave something in flight, which is sent again instead of asked for.
    let (mut waiting, mut since) = (0, Instant::now());
    until(PATIENCE, "the window stays closed", || {
        let now = network.await_persisting(PORT).send_queue;
        if now != waiting {
            (waiting, since) = (now, Instant::now());
        }
        (since.elapsed() >= Duration::from_secs(1)).then_some(())
    });

    network.lose("meta l4proto tcp");

    let ended = ended(client);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("the peer answered none of "), "{}", ended.stderr);
}
