//! HTTP on the one port: `WebSocket`s, and whether the server is well.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use scenario::WEBSOCKET_PATH;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use transport::{Messages, Socket, WebSocketUpgrade};
use units::ByteSize;

/// The most that a request's head may take.
const LARGEST_HEAD: usize = 16 << 10;

/// The upgrade that a request of this connection asked for.
type Upgraded = Arc<Mutex<Option<WebSocketUpgrade>>>;

/// Answers the requests of one connection; gives the WebSocket that it becomes, if it does, for messages up to `largest`.
pub(crate) async fn serve(
    tcp: TcpStream,
    patience: Duration,
    largest: ByteSize,
) -> io::Result<Option<Messages>> {
    let upgraded = Upgraded::default();
    let router = Router::new()
        .route(WEBSOCKET_PATH, any(websocket))
        .route("/healthz", get(async || "ok\n"))
        .with_state(Arc::clone(&upgraded));
    let mut connection = http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(LARGEST_HEAD);
    let socket = TokioIo::new(Socket::new(tcp)?);
    connection
        .serve_connection(socket, TowerToHyperService::new(router))
        .with_upgrades()
        .await
        .map_err(io::Error::other)?;
    let asked = upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
    match asked {
        Some(upgrade) => upgrade.messages(largest).await.map(Some),
        None => Ok(None),
    }
}

async fn websocket(State(upgraded): State<Upgraded>, mut request: Request) -> Response<Body> {
    let (response, asked) = transport::upgrade(&mut request);
    *upgraded.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    response
}
