//! Liars and dawdlers that speak HTTP or WebSocket.

use super::victim::Victim;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

#[test]
fn request_heads_of_a_byte_a_second_are_closed_at_their_deadlines() {
    Victim::of_the_pair(PAIR).stays_unharmed_by(|server| {
        thread::scope(|scope| {
            for head in
                [UPGRADE, b"GET /client HTTP/1.1\r\nX: xxxxxxxxxxxxxxxxxxxxxxxx", b"POST /ws HTTP/1.1\r\n"]
            {
                scope.spawn(move || {
                    let lived = lifetime_of_a_drip(server, head).as_secs_f64();
                    let deadlines = 4.0..12.0;
                    assert!(
                        deadlines.contains(&lived),
                        "5 s to tell what it is, 5 s for the rest: {lived} s"
                    );
                });
            }
        });
    });
}

#[test]
fn a_head_without_an_end_is_refused() {
    Victim::of_the_pair(PAIR).stays_unharmed_by(|server| {
        let mut peer = connect(server);
        let endless = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &vec![b'x'; 1 << 20]].concat();
        // The server has seen enough before it took all.
        drop(peer.write_all(&endless));
        let heard = rest_of(&mut peer);
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 431 "), "{}", heard.escape_ascii());
    });
}

#[test]
fn a_frame_of_a_gibibyte_is_refused_when_it_is_announced() {
    Victim::of_the_pair(PAIR).stays_unharmed_by(|server| {
        // As the first message, and in a session.
        for before in [b"".as_slice(), SESSION] {
            for _ in 0..20 {
                let mut peer = connect(server);
                let announced = [b"\x82\xFF".as_slice(), &(1u64 << 30).to_be_bytes(), b"\0\0\0\0"].concat();
                peer.write_all(&[UPGRADE, before, &announced].concat()).expect("the server reads");
                drop(peer.write_all(&vec![0; 1 << 20]));
                let heard = rest_of(&mut peer);
                assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 101 "), "{}", heard.escape_ascii());
            }
        }
    });
}

fn connect(server: SocketAddr) -> TcpStream {
    let peer = TcpStream::connect(server).expect("the server listens");
    peer.set_read_timeout(Some(PATIENCE)).expect("it is a timeout");
    peer.set_write_timeout(Some(PATIENCE)).expect("it is a timeout");
    peer
}

/// What is heard until the server closes, which it must do.
fn rest_of(peer: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    if let Err(error) = peer.read_to_end(&mut heard) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the server keeps a liar's connection: {error}");
    }
    heard
}

fn lifetime_of_a_drip(server: SocketAddr, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    let mut peer = connect(server);
    peer.set_read_timeout(Some(Duration::from_secs(1))).expect("a second is a timeout");
    for byte in bytes.iter().take(20) {
        if peer.write_all(&[*byte]).is_err() {
            break;
        }
        match peer.read(&mut [0; 200]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => break,
        }
    }
    began.elapsed()
}

const PAIR: &str = "protocol: websocket\nread: [{rate: unlimited}]\nmessage_max: 1MiB\n";
const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
/// A text message of a session's parameters, masked with zeros.
const SESSION: &[u8] = b"\x81\xAA\0\0\0\0{\"payloadSize\": 1000, \"requestsTotal\": 5 }";
/// Beyond the server's own deadlines.
const PATIENCE: Duration = Duration::from_secs(10);
