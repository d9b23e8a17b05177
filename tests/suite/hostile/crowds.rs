//! Very many connections, each for a moment.

use super::victim::Victim;
use socket2::SockRef;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// Most leave by a reset, for each end by FIN keeps one of the machine's ports for a minute.
#[test]
fn long_a_hundred_thousand_connection_attempts_in_a_row_change_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        thread::scope(|scope| {
            for _ in 0..CROWDS {
                scope.spawn(|| crowd(server, ATTEMPTS / CROWDS));
            }
        });
    });
}

fn crowd(server: SocketAddr, attempts: u32) {
    for number in 0..attempts {
        // The kernel drops an attempt that finds the queue full, and tries again after a second.
        let peer = TcpStream::connect_timeout(&server, PATIENCE).expect("the server goes on accepting");
        if number % 20 != 0 {
            SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("a socket can be told to reset");
        }
    }
}

const ATTEMPTS: u32 = 100_000;
const CROWDS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(20);
