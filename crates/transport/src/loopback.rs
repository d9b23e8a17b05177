//! Two ends of a connection, for tests.

use crate::{
    Apart, Connection, Messages, Remedies, Stream, Tasks, TlsClient, TlsServer, Wire, connect_messages, http,
    upgrade,
};
use ::http::Request;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scenario::{HttpStream, Tls, Transport};
use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::sync::mpsc::TryRecvError;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use trace::Direction;
use units::ByteSize;
use wire::{Opening, RunId};

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
    pub(crate) direction: Direction,
}

impl fmt::Display for Carriage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {}", self.transport, if self.tls { " over tls" } else { "" }, self.direction)
    }
}

/// All that there are.
pub(crate) fn carriages() -> impl Iterator<Item = Carriage> {
    let mut events = Transport::http("/http");
    if let Transport::Http(http) = &mut events {
        http.events = true;
    }
    let mut second = Transport::http("/http");
    if let Transport::Http(http) = &mut second {
        http.http2 = true;
    }
    let transports = [Transport::Tcp, Transport::websocket("/ws"), Transport::http("/http"), events, second];
    let ways = [
        (false, Direction::Upload),
        (false, Direction::Download),
        (true, Direction::Upload),
        (true, Direction::Download),
    ];
    transports.into_iter().flat_map(move |transport| {
        ways.map(|(tls, direction)| Carriage { transport: transport.clone(), tls, direction })
    })
}

/// Two ends of a connection: the client's, and the server's.
pub(crate) async fn wires(tls: bool) -> (Wire, Wire) {
    let (near, far) = sockets().await;
    let (near, far) = (Wire::plain(near).unwrap(), Wire::plain(far).unwrap());
    if !tls {
        return (near, far);
    }
    let (server, own) = TlsServer::with_own_certificate(vec!["localhost".to_owned()]).unwrap();
    let client = TlsClient::new(&Tls::default(), Some(&own), Remedies::OPTIONS).unwrap();
    let patience = Duration::from_secs(10);
    let (near, far) = tokio::join!(
        client.encrypt(near, &Transport::Tcp, "localhost:80", patience),
        server.encrypt(far, patience)
    );
    (near.unwrap(), far.unwrap())
}

/// Both ends of a stream: the producer's, and the consumer's.
pub(crate) async fn streams(carriage: &Carriage) -> (Stream, Stream) {
    let (near, far) = wires(carriage.tls).await;
    let (client, server) = match &carriage.transport {
        Transport::Tcp => (Stream::plain(near), Stream::plain(far)),
        Transport::WebSocket(request) => {
            let (client, server) = tokio::join!(connect_messages(near, request, "localhost:80"), accept(far));
            (client.unwrap().into_stream(Bytes::new()), server.into_stream(Bytes::new()))
        }
        Transport::Http(stream) => carried(stream, near, far, carriage.direction).await,
    };
    match carriage.direction {
        Direction::Upload => (client, server),
        Direction::Download => (server, client),
    }
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

/// Both ends of a stream over HTTP: the client's, and the server's, which has accepted it.
async fn carried(stream: &HttpStream, near: Wire, far: Wire, direction: Direction) -> (Stream, Stream) {
    let opening = Opening::of_stream(RunId::from_random(7), 1);
    let server = Apart::new(stream, "localhost:80");
    let begun = server.carry(near, opening, direction);
    let (client, server) = tokio::join!(begun, accept_request(far, stream.http2));
    (client.unwrap(), server)
}

/// Accepts the one request, which is a stream.
async fn accept_request(wire: Wire, http2: bool) -> Stream {
    let (tell, told) = std::sync::mpsc::channel();
    let scheme = http2.then_some(if wire.is_encrypted() { "https" } else { "http" });
    let answer = service_fn(move |request: Request<Incoming>| {
        assert_eq!(request.uri().scheme_str(), scheme);
        let (carried, response) = http::accept(request);
        tell.send(carried).unwrap();
        response
    });
    let handle = wire.handle();
    let mut connection = if http2 {
        let tasks = Tasks::default();
        let served = http2::Builder::new(tasks.clone()).serve_connection(TokioIo::new(wire), answer);
        tasks.run_within(served, http2::Connection::graceful_shutdown)
    } else {
        let served = http1::Builder::new().serve_connection(TokioIo::new(wire), answer);
        Connection::new(served)
    };
    let carried = poll_fn(|context| {
        assert!(connection.poll(context).is_pending(), "a stream is asked for");
        match told.try_recv() {
            Ok(carried) => Poll::Ready(carried),
            Err(TryRecvError::Empty) => Poll::Pending,
            Err(TryRecvError::Disconnected) => panic!("nothing was asked for"),
        }
    });
    let mut stream = carried.await.into_stream(connection, handle);
    stream.answer(b"", true).await.unwrap();
    stream
}
