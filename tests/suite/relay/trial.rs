//! A client and a server with a relay between them, to try the relays themselves.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, timeout, timeout_at},
};

use super::{Behaviour, Relay, fix_buffers};

pub(super) struct Trial {
    upstream: TcpListener,
    relay: Relay,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Upload,
    Download,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::Upload, Self::Download];
}

impl Trial {
    pub(super) fn of(behaviour: Behaviour) -> Self {
        let upstream = listen();
        let relay = Relay::start(upstream.local_addr().expect("a bound socket has an address"), behaviour);
        Self { upstream, relay }
    }

    /// A new connection's two ends: the producer, then the consumer.
    pub(super) async fn connect(&self, way: Way) -> (TcpStream, TcpStream) {
        let client = connect(self.relay.address()).await;
        let (server, _) = soon(self.upstream.accept()).await.expect("the relay dials");
        match way {
            Way::Upload => (client, server),
            Way::Download => (server, client),
        }
    }
}

/// Tries both at once, each with its own relay, because most trials wait.
pub(super) async fn both_ways(one: impl AsyncFn(Way)) {
    tokio::join!(one(Way::Upload), one(Way::Download));
}

pub(super) fn listen() -> TcpListener {
    let socket = socket();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("port 0 is always free");
    socket.listen(16).expect("a bound socket can listen")
}

pub(super) async fn connect(to: SocketAddr) -> TcpStream {
    soon(socket().connect(to)).await.expect("the relay accepts")
}

/// Whether a new connection is reset before a byte comes. The reset may come before `connect` has looked.
pub(super) async fn is_reset_at_once(to: SocketAddr) -> bool {
    let ended = async { socket().connect(to).await?.read_u8().await };
    is_reset(&soon(ended).await)
}

/// The ends' buffers are small and fixed too, so that figures belong to the relay.
fn socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    fix_buffers(&socket);
    socket
}

/// Waits for what must happen, with a bound that only a failure reaches.
pub(super) async fn soon<T>(happening: impl Future<Output = T>) -> T {
    timeout(FAILED, happening).await.expect("it happens soon")
}

/// What every test writes: position tells content, and its period divides no buffer.
pub(super) fn pattern(count: usize) -> Vec<u8> {
    let mut bytes = (0..=250).collect::<Vec<u8>>().repeat(count / 251 + 1);
    bytes.truncate(count);
    bytes
}

/// Writes the pattern until `limit` bytes were accepted, or none for a while. Returns how many were.
pub(super) async fn push(to: &TcpStream, limit: usize) -> usize {
    write_pattern(to, limit, || Instant::now() + QUIET).await
}

/// Writes the pattern for `span`. Returns how many bytes were accepted.
pub(super) async fn push_for(to: &TcpStream, span: Duration) -> usize {
    let end = Instant::now() + span;
    write_pattern(to, usize::MAX, || end).await
}

async fn write_pattern(to: &TcpStream, limit: usize, patience: impl Fn() -> Instant) -> usize {
    let period = pattern(251 * 256);
    let mut written = 0;
    while written < limit && timeout_at(patience(), to.writable()).await.is_ok() {
        let (_, piece) = period.split_at(written % period.len());
        match to.try_write(piece.split_at(piece.len().min(limit - written)).0) {
            Ok(count) => written += count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "the relay takes bytes"),
        }
    }
    written
}

/// Reads exactly `count` bytes.
pub(super) async fn receive(from: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    soon(from.read_exact(&mut bytes)).await.expect("the bytes come");
    bytes
}

/// Reads up to the end: what came, and how it ended.
pub(super) async fn receive_all(from: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
    let mut bytes = Vec::new();
    let ended = soon(from.read_to_end(&mut bytes)).await.map(|_| ());
    (bytes, ended)
}

/// Whether nothing comes, neither byte nor end, for a while.
pub(super) async fn is_silent(from: &mut TcpStream) -> bool {
    timeout(QUIET, from.read_u8()).await.is_err()
}

pub(super) fn is_reset<T>(ended: &io::Result<T>) -> bool {
    ended.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

pub(super) const KIB: usize = 1024;
pub(super) const MIB: usize = 1024 * KIB;

const QUIET: Duration = Duration::from_millis(250);
const FAILED: Duration = Duration::from_secs(20);
