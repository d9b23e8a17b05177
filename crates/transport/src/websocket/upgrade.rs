//! How a connection of HTTP becomes a WebSocket, from either side (RFC 6455 §4).

use super::{LARGEST_MESSAGE, WebSocketBytes, configuration};
use crate::http::Refusal;
use crate::{HandshakeError, Messages, Wire};
use http::header::{
    CONNECTION, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Body;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use scenario::HttpRequest;
use std::io;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use units::ByteSize;

/// Begins a WebSocket as the client, on a connection to `address`.
pub async fn connect_messages(
    wire: Wire,
    request: &HttpRequest,
    address: &str,
) -> Result<Messages, HandshakeError> {
    let handle = wire.handle();
    let request = upgrade_request(request, address)?;
    let configuration = configuration(LARGEST_MESSAGE);
    let (websocket, _) =
        client_async_with_config(request, wire, Some(configuration)).await.map_err(failed)?;
    Ok(Messages::new(WebSocketBytes::new(websocket, &handle, Role::Client, 0), handle))
}

fn upgrade_request(asked: &HttpRequest, address: &str) -> Result<Request<()>, HandshakeError> {
    let mut request = Request::builder()
        .uri(format!("ws://{address}{}", asked.path))
        .header(HOST, asked.host.as_deref().unwrap_or(address))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, generate_key());
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    request.body(()).map_err(|error| HandshakeError::Foreign(error.to_string()))
}

fn failed(error: tungstenite::Error) -> HandshakeError {
    match error {
        tungstenite::Error::Io(error) => HandshakeError::Io(error),
        tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            HandshakeError::Io(io::ErrorKind::UnexpectedEof.into())
        }
        tungstenite::Error::Http(response) => {
            HandshakeError::Refused(Refusal::status(response.status(), response.headers()))
        }
        other => HandshakeError::Foreign(other.to_string()),
    }
}

/// A client asked for a WebSocket; what comes of it once it was answered.
#[derive(Debug)]
pub struct WebSocketUpgrade {
    upgrade: OnUpgrade,
}

/// Answers a request for a WebSocket: 101 and the promise of one, or 426 where it asks for none.
pub fn upgrade<B: Body, C: Default>(request: &mut Request<B>) -> (Response<C>, Option<WebSocketUpgrade>) {
    let mut response = Response::new(C::default());
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let accept = key.and_then(|key| HeaderValue::try_from(key).ok()).filter(|_| asks(request));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    let Some(accept) = accept else {
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return (response, None);
    };
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    (response, Some(WebSocketUpgrade { upgrade: hyper::upgrade::on(request) }))
}

/// RFC 6455 §4.1: by GET. What came as a body would be taken for frames.
fn asks<B: Body>(request: &Request<B>) -> bool {
    let holds = |name, wanted: &str| {
        let values = request.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    let bare = *request.method() == Method::GET && request.body().is_end_stream();
    bare && holds(UPGRADE, "websocket") && holds(CONNECTION, "upgrade") && holds(SEC_WEBSOCKET_VERSION, "13")
}

impl WebSocketUpgrade {
    /// The WebSocket, once the answer was sent; it takes messages up to `largest`.
    pub async fn messages(self, largest: ByteSize) -> io::Result<Messages> {
        let upgraded: Upgraded = self.upgrade.await.map_err(io::Error::other)?;
        let parts = upgraded
            .downcast::<TokioIo<Wire>>()
            .map_err(|_| io::Error::other("the connection is none of this server's"))?;
        let wire = parts.io.into_inner();
        let handle = wire.handle();
        let early = parts.read_buf.len();
        let websocket = WebSocketStream::from_partially_read(
            wire,
            parts.read_buf.into(),
            Role::Server,
            Some(configuration(largest)),
        )
        .await;
        Ok(Messages::new(WebSocketBytes::new(websocket, &handle, Role::Server, early), handle))
    }
}
