//! Two ends of a connection, for tests.

use crate::{Messages, Stream, TlsClient, TlsServer, Wire, connect, upgrade};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scenario::{Tls, Transport};
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use units::ByteSize;

/// A connection that was made, and accepted.
pub(crate) async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// What carries a stream between two ends.
#[derive(Debug, Clone)]
pub(crate) struct Carriage {
    pub(crate) transport: Transport,
    pub(crate) tls: bool,
}

impl fmt::Display for Carriage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.transport, if self.tls { " over tls" } else { "" })
    }
}

/// All that there are.
pub(crate) fn carriages() -> impl Iterator<Item = Carriage> {
    let transports = [Transport::Tcp, Transport::websocket("/ws")];
    let carriages =
        |transport: Transport| [false, true].map(|tls| Carriage { transport: transport.clone(), tls });
    transports.into_iter().flat_map(carriages)
}

/// Two ends of a connection: the client's, and the server's.
pub(crate) async fn wires(tls: bool) -> (Wire, Wire) {
    let (near, far) = sockets().await;
    let (near, far) = (Wire::plain(near).unwrap(), Wire::plain(far).unwrap());
    if !tls {
        return (near, far);
    }
    let (server, own) = TlsServer::with_own_certificate(vec!["localhost".to_owned()]).unwrap();
    let client = TlsClient::new(&Tls::default(), Some(&own)).unwrap();
    let patience = Duration::from_secs(10);
    let (near, far) = tokio::join!(
        client.encrypt(near, &Transport::Tcp, "localhost:80", patience),
        server.encrypt(far, patience)
    );
    (near.unwrap(), far.unwrap())
}

/// Both ends of a stream: the client's, and the server's.
pub(crate) async fn streams(carriage: &Carriage) -> (Stream, Stream) {
    let (near, far) = wires(carriage.tls).await;
    if carriage.transport == Transport::Tcp {
        return (Stream::plain(near), Stream::plain(far));
    }
    let (client, server) = tokio::join!(connect(near, &carriage.transport, "localhost:80"), accept(far));
    (client.unwrap(), server.into_stream(Bytes::new()))
}

/// Answers the one request, which asks for a WebSocket.
pub(crate) async fn accept(wire: Wire) -> Messages {
    let (tell, told) = std::sync::mpsc::channel();
    let answer = service_fn(move |mut request| {
        let (response, upgrade) = upgrade::<_, String>(&mut request);
        tell.send(upgrade.expect("a WebSocket is asked for")).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    http1::Builder::new().serve_connection(TokioIo::new(wire), answer).with_upgrades().await.unwrap();
    told.recv().unwrap().messages(ByteSize::mib(1)).await.unwrap()
}
