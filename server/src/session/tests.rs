use super::*;
use crate::loopback::{connection, shared};
use crate::places::Places;
use crate::registry::Registry;
use std::net::{IpAddr, Ipv4Addr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use units::Timestamp;

/// A stream that has room for no byte more, and the end that does not read it.
async fn a_full_stream() -> (Stream, TcpStream) {
    let (wire, far) = connection().await;
    let mut stream = Stream::plain(wire);
    // The kernel moves on what it has taken, and has room for a little again.
    for length in [64 << 10, 1] {
        let zeros = vec![0; length];
        while timeout(Duration::from_millis(100), stream.write_all(&zeros)).await.is_ok() {}
    }
    (stream, far)
}

#[tokio::test]
async fn a_connection_that_takes_no_refusal_holds_nobody_up_and_is_closed_in_time() {
    let (registry, run) = (Registry::default(), RunId::from_random(2));
    let place = registry.register(run, 1).unwrap();
    let limits = ServerLimits { opening: Duration::from_secs(1), ..ServerLimits::default() };
    let (session, SessionLink { say, mut hear }) = Session::new(shared(limits), place);
    let (places, home) = (Places::new(1, 1), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (connection, mut far) = a_full_stream().await;
    let place = places.take(home).unwrap();
    registry.deliver(run, DataConnection { stream: 7, connection, place }).unwrap();
    let client = async {
        for _ in 0..20 {
            say.send(ToServer::Ping { sent: Timestamp::default() }).await.unwrap();
            assert!(matches!(hear.recv().await, Some(FromServer::Pong { .. })));
        }
        assert!(places.take(home).is_err(), "it obeys while it refuses");
        until_some(|| places.take(home).ok()).await;
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        assert!(heard.iter().all(|byte| *byte == 0), "the refusal found no room");
        say.send(ToServer::Bye).await.unwrap();
    };
    timeout(Duration::from_secs(10), async { tokio::join!(session.run(), client) }).await.unwrap();
}

async fn until_some<T>(mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        match look() {
            Some(found) => return found,
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
