//! Connections that never become a run.

use super::attack::{mutate, nonce, opening, random_bytes, throw};
use super::victim::Victim;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

#[test]
fn a_thousand_random_byte_strings_change_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(1);
        for number in 0..1000 {
            let bytes = random_bytes(&mut random);
            let heard = throw(server, &bytes, number % 3 != 0);
            let http = bytes.starts_with(b"GET ") && heard.starts_with(b"HTTP/1.1 4");
            assert!(heard.is_empty() || http, "a stranger hears nothing: {bytes:?} → {heard:?}");
        }
    });
}

#[test]
fn a_thousand_mutated_openings_change_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(2);
        for number in 0..1000 {
            let purpose = if number % 2 == 0 { json!("control") } else { json!({"stream": number}) };
            let mut bytes = opening(&nonce(&mut random), &purpose);
            mutate(&mut random, &mut bytes);
            let heard = throw(server, &bytes, number % 3 != 0);
            let ours = heard.is_empty() || heard.starts_with(b"\xFFbackpressure/1 {");
            assert!(ours, "{} → {}", bytes.escape_ascii(), heard.escape_ascii());
        }
    });
}

#[test]
fn an_opening_of_a_newer_protocol_is_refused_by_a_line_with_both_versions() {
    let victim = Victim::start();
    for version in ["2", "17", "2-beta"] {
        let newer = format!("backpressure/{version} {{\"greeting\":{{\"any\":\"thing\"}}}}\n");
        let heard = throw(victim.address(), &[b"\xFF", newer.as_bytes()].concat(), true);
        let heard = heard.strip_prefix(b"\xFFbackpressure/1 ").expect("an answer of this version");
        assert_eq!(heard.split_inclusive(|byte| *byte == b'\n').count(), 1, "{}", heard.escape_ascii());
        let reply: Value = serde_json::from_slice(heard).expect("the answer is JSON");
        let reason = reply["refused"].as_str().expect("it refuses");
        assert!(reason.contains(&format!("version \"{version}\"")), "{reason}");
        assert!(reason.contains("this program version 1"), "{reason}");
    }
    victim.serves_a_check();
}

#[test]
fn openings_of_a_byte_a_second_are_closed_at_the_deadline() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(9);
        let openings = [
            opening(&nonce(&mut random), &json!("control")),
            opening(&nonce(&mut random), &json!({"stream": 1})),
            vec![0xFF; 1000],
        ];
        thread::scope(|scope| {
            for bytes in openings {
                scope.spawn(move || {
                    let lived = lifetime_of_a_dripping_connection(server, &bytes).as_secs_f64();
                    assert!((4.0..7.0).contains(&lived), "its deadline is 5 s: it lived {lived} s");
                });
            }
        });
    });
}

fn lifetime_of_a_dripping_connection(server: SocketAddr, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    let mut peer = TcpStream::connect(server).expect("the server listens");
    peer.set_read_timeout(Some(Duration::from_secs(1))).expect("a second is a timeout");
    for byte in bytes.iter().take(20) {
        if peer.write_all(&[*byte]).is_err() {
            break;
        }
        match peer.read(&mut [0; 100]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(1..) => panic!("it is answered before its opening is complete"),
            _ => break,
        }
    }
    began.elapsed()
}

#[test]
fn six_hundred_idle_connections_do_not_stop_a_check_from_being_served_afterwards() {
    Victim::start().stays_unharmed_by(|server| {
        let idle: Vec<TcpStream> =
            (0..600).map(|_| TcpStream::connect(server).expect("the backlog takes it")).collect();
        let deadline = Instant::now() + Duration::from_secs(10);
        for mut peer in idle {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            peer.set_read_timeout(Some(left)).expect("it is no zero");
            let read = peer.read(&mut [0; 100]);
            assert!(!matches!(&read, Ok(1..)), "an idle connection hears nothing");
            let kept = read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            assert!(!kept, "an idle connection is closed after 5 s");
        }
    });
}
