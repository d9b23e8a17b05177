//! Relays that misbehave in one known way each: the paths the suite puts between client and server.
//!
//! One relay is one thread with a current-thread runtime, so that its end is the end of everything it
//! opened. Where a middlebox would have one thread for several duties (`StallsBoth`, `SharedBuffer`), the
//! duties take turns over one buffer instead.

mod batches;
mod behaviour;
mod byte_edit;
mod connection;
mod delay;
mod drip;
mod editing;
mod endings;
mod flow;
mod frame_edit;
mod pauses;
mod plain;
mod pump;
mod trial;
mod turns;
mod unlimited;

use std::{
    future::pending,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    runtime,
    sync::oneshot,
    task::JoinSet,
    time::Instant,
};

pub(crate) use behaviour::Behaviour;

/// A listening relay. Dropping it ends its thread, its listener and every connection through it: by FIN
/// where everything received had been read, by RST otherwise, as the kernel does.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    /// Nothing is ever sent: its drop is the sign to stop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Relay {
    /// Listens on a free port of 127.0.0.1 and relays each connection to `upstream`.
    pub(crate) fn start(upstream: SocketAddr, behaviour: Behaviour) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = mpsc::sync_channel(1);
        let relay = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be built").block_on(async move {
                let listener = listen();
                let address = listener.local_addr().expect("a bound socket has an address");
                ready.send(address).expect("`start` waits for the address");
                tokio::select! {
                    () = accept(listener, upstream, behaviour) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("relay".into()).spawn(relay).expect("a thread can be made");
        let address = address.recv().expect("the relay listens");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Where the relay listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.stop.take());
        let Some(relay) = self.thread.take() else { return };
        let deadline = Instant::now() + LONGEST_STOP;
        while !relay.is_finished() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(1));
        }
        let ended_well = relay.is_finished() && relay.join().is_ok();
        assert!(ended_well || thread::panicking(), "the relay on {} did not end well", self.address);
    }
}

fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    fix_buffers(&socket);
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("port 0 is always free");
    socket.listen(BACKLOG).expect("a bound socket can listen")
}

/// Small, and given before `listen` and `connect`, so that the kernel neither tunes them nor hides in
/// them what the relay does.
fn fix_buffers(socket: &TcpSocket) {
    socket.set_recv_buffer_size(RECEIVE_BUFFER).expect("a receive buffer can be fixed");
    socket.set_send_buffer_size(SEND_BUFFER).expect("a send buffer can be fixed");
}

async fn accept(listener: TcpListener, upstream: SocketAddr, behaviour: Behaviour) {
    let upstreams =
        if let Behaviour::Alternates(upstreams) = &behaviour { upstreams.clone() } else { vec![upstream] };
    let shared = turns::buffer();
    // Dropped with this future, which drops every connection.
    let mut connections = JoinSet::new();
    for upstream in upstreams.into_iter().cycle() {
        let (client, _) = listener.accept().await.expect("a relay of the tests can accept");
        match behaviour {
            Behaviour::ResetAtConnect => connection::reset(client),
            Behaviour::SilentAtConnect => {
                connections.spawn(async move {
                    let _held_open = client;
                    pending::<()>().await;
                });
            }
            _ => {
                let carrier = behaviour.carrier(Arc::clone(&shared));
                connections.spawn(connection::relay(client, upstream, carrier));
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Bytes asked for; the kernel doubles them for its bookkeeping. A closed window opens again when half the
/// receive buffer is free: at 5 Mbit/s this one lets the producer write every 80 ms, twice its size every
/// 150 ms, a quarter no more often but at a third of the full speed.
const RECEIVE_BUFFER: u32 = 32 * 1024;
const SEND_BUFFER: u32 = 64 * 1024;
const BACKLOG: u32 = 1024;
const LONGEST_STOP: Duration = Duration::from_secs(5);

mod tests {
    use tokio::io::AsyncWriteExt;

    use super::{
        Behaviour, Relay,
        trial::{connect, is_reset_at_once, is_silent, listen, receive, receive_all, soon},
    };

    #[tokio::test]
    async fn connections_end_when_the_relay_is_dropped() {
        let upstream = listen();
        let relay = Relay::start(upstream.local_addr().unwrap(), Behaviour::Plain);
        let mut client = connect(relay.address()).await;
        let (mut server, _) = soon(upstream.accept()).await.unwrap();

        drop(relay);

        assert!(receive_all(&mut client).await.1.is_ok());
        assert!(receive_all(&mut server).await.1.is_ok());
    }

    #[tokio::test]
    async fn a_connection_can_be_reset_at_once() {
        let relay = Relay::start(listen().local_addr().unwrap(), Behaviour::ResetAtConnect);
        for _ in 0..2 {
            assert!(is_reset_at_once(relay.address()).await);
        }
    }

    #[tokio::test]
    async fn a_silent_relay_neither_answers_nor_dials() {
        let upstream = listen();
        let relay = Relay::start(upstream.local_addr().unwrap(), Behaviour::SilentAtConnect);
        let mut client = connect(relay.address()).await;
        client.write_all(b"hello").await.unwrap();
        tokio::select! {
            biased;
            _ = upstream.accept() => panic!("it dials"),
            silent = is_silent(&mut client) => assert!(silent),
        }
    }

    #[tokio::test]
    async fn connections_go_to_the_upstreams_in_turn() {
        let upstreams = [listen(), listen()];
        let addresses = upstreams.iter().map(|upstream| upstream.local_addr().unwrap()).collect();
        let relay = Relay::start(listen().local_addr().unwrap(), Behaviour::Alternates(addresses));
        for _ in 0..2 {
            for upstream in &upstreams {
                let mut client = connect(relay.address()).await;
                let (mut server, _) = soon(upstream.accept()).await.unwrap();
                client.write_all(b"hello").await.unwrap();
                assert_eq!(receive(&mut server, 5).await, b"hello");
            }
        }
    }
}
