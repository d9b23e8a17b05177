//! A client's network and a server's, joined by a cable.

use super::PORT;
use crate::command::{Background, server_by};
use crate::namespace::{Namespace, SocketRow};
use crate::underway::CheckUnderWay;
use crate::waiting::{pause, until};
use std::process::Command;
use std::time::Duration;

/// Both networks, and a `backpressure server` that listens in the far one.
#[derive(Debug)]
pub(super) struct Link {
    /// The client's.
    pub(super) near: Namespace,
    // Ended before its network is deleted.
    _server: Background,
    /// The server's.
    pub(super) far: Namespace,
}

/// The connections of a check in its hold, as the client's network shows them.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) data: SocketRow,
    pub(super) control: SocketRow,
}

impl Link {
    pub(super) fn new() -> Self {
        Self::governed(|_| ())
    }

    /// The server's process is changed by `govern` before it starts.
    pub(super) fn governed(govern: impl FnOnce(&mut Command)) -> Self {
        let (near, far) = Namespace::joined();
        let mut program = far.program();
        govern(&mut program);
        let (server, _) = server_by(program, &format!("10.77.0.2:{PORT}"));
        Self { near, _server: server, far }
    }

    /// A check from the near network, with these options beside.
    pub(super) fn check(&self, options: &[&str]) -> CheckUnderWay {
        CheckUnderWay::start(self.near.program(), &[&["--target", &target()], options].concat())
    }

    /// Waits until a producer met a zero window that stays.
    pub(super) fn await_hold(&self) -> Held {
        let persisting = || self.sockets().into_iter().find(|socket| socket.persists);
        let producer = until(Duration::from_secs(15), "a producer meets a zero window that stays", || {
            let before = persisting()?;
            pause(Duration::from_millis(300));
            persisting().filter(|after| *after == before)
        });
        let near = self.near.sockets(PORT);
        let (data, others): (Vec<_>, Vec<_>) = near.into_iter().partition(|socket| {
            let ends = (socket.local, socket.peer);
            ends == (producer.local, producer.peer) || ends == (producer.peer, producer.local)
        });
        match (data.into_iter().next(), others.into_iter().next()) {
            (Some(data), Some(control)) => Held { data, control },
            found => panic!("a stalled stream and a control connection: {found:?}"),
        }
    }

    /// Waits until no stream is held any more.
    pub(super) fn await_flow(&self) {
        until(Duration::from_secs(15), "the consumer reads again", || {
            (!self.sockets().iter().any(|socket| socket.persists)).then_some(())
        });
    }

    /// All packets of both directions are lost.
    pub(super) fn cut(&self) {
        self.near.lose("meta l4proto tcp");
        self.far.lose("meta l4proto tcp");
    }

    /// The packets of this connection of the client's are lost, in both directions.
    pub(super) fn cut_only(&self, connection: &SocketRow) {
        let port = connection.local.port();
        self.near.lose(&format!("tcp dport {port}"));
        self.far.lose(&format!("tcp sport {port}"));
    }

    /// Nothing is lost any more; gives the number of packets that were.
    pub(super) fn mend(&self) -> u64 {
        self.near.heal() + self.far.heal()
    }

    fn sockets(&self) -> Vec<SocketRow> {
        [self.near.sockets(PORT), self.far.sockets(PORT)].concat()
    }
}

/// The server's address, for `--target`.
pub(super) fn target() -> String {
    format!("tcp://10.77.0.2:{PORT}")
}
