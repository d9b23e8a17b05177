//! How long a client may take over the head of a request. The time between two requests does not count: a proxy keeps its
//! connections open for the next one, and would answer 502 where they are closed under its hands.

use hyper::rt::{Sleep, Timer};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use transport::SocketHandle;

/// hyper's timer of a connection of HTTP/1, by which it times nothing but heads.
#[derive(Debug)]
pub(crate) struct HeadTimer {
    socket: SocketHandle,
}

impl HeadTimer {
    /// Of the connection on this socket.
    pub(crate) fn of(socket: SocketHandle) -> Self {
        Self { socket }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, patience: Duration) -> Pin<Box<dyn Sleep>> {
        let before = self.socket.counters().read();
        Box::pin(HeadTime { socket: self.socket.clone(), before, patience, over: None })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}

/// The time of one head, which begins with its first byte.
struct HeadTime {
    socket: SocketHandle,
    /// What was read when the head was first awaited.
    before: u64,
    patience: Duration,
    over: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Future for HeadTime {
    type Output = ();

    /// hyper asks each time that it has read something, so nothing else wakes it before the head has begun.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.over.is_none() && this.socket.counters().read() == this.before {
            return Poll::Pending;
        }
        let patience = this.patience;
        this.over.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(context)
    }
}

impl Sleep for HeadTime {}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use hyper::server::conn::http1;
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;
    use transport::Wire;

    const PATIENCE: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn a_connection_may_rest_between_requests_and_not_within_a_head() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let wire = Wire::plain(listener.accept().await.unwrap().0).unwrap();
        let mut builder = http1::Builder::new();
        builder.timer(HeadTimer::of(wire.handle())).header_read_timeout(PATIENCE);
        let router = Router::new().route("/", get(async || "ok"));
        let served = builder.serve_connection(TokioIo::new(wire), TowerToHyperService::new(router));
        // It would keep the connection open.
        drop(builder);
        let ask = async {
            let mut heard = [0; 1024];
            for _ in 0..2 {
                near.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
                let count = near.read(&mut heard).await.unwrap();
                assert!(heard[..count].ends_with(b"ok"), "{}", heard[..count].escape_ascii());
                assert!(timeout(3 * PATIENCE, near.read(&mut heard)).await.is_err(), "it stays open");
            }
            near.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
            let closed = timeout(50 * PATIENCE, near.read_to_end(&mut Vec::new())).await;
            assert!(closed.is_ok(), "a head that does not end is given up");
        };
        let (served, ()) = tokio::join!(served, ask);
        assert!(served.unwrap_err().is_timeout());
    }
}
