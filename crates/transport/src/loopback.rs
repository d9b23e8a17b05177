//! Two ends of a connection, for tests.

use crate::{Messages, Wire, upgrade};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::net::{TcpListener, TcpStream};
use units::ByteSize;

/// A connection that was made, and accepted.
pub(crate) async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Answers the one request, which asks for a WebSocket.
pub(crate) async fn accept(tcp: TcpStream) -> Messages {
    let (tell, told) = std::sync::mpsc::channel();
    let answer = service_fn(move |mut request| {
        let (response, upgrade) = upgrade::<_, String>(&mut request);
        tell.send(upgrade.expect("a WebSocket is asked for")).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let wire = TokioIo::new(Wire::plain(tcp).unwrap());
    http1::Builder::new().serve_connection(wire, answer).with_upgrades().await.unwrap();
    told.recv().unwrap().messages(ByteSize::mib(1)).await.unwrap()
}
