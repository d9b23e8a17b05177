//! How a stream begins whose other end is a service that is not ours.

use crate::http::service_request::{Asked, ask};
use crate::{HandshakeError, Sent, Stream, Wire, connect_messages};
use bytes::Bytes;
use scenario::{FirstMessage, Transport};
use tokio::io::AsyncWriteExt;
use trace::Direction;

/// Begins a stream as the client of a service, on a connection to `address`: says what is to be said first, if anything, and
/// goes on until bytes can be read or written.
///
/// Over HTTP a download is a GET, or a POST of what is said first; an upload is a POST. Over WebSocket what is said is a text.
pub async fn connect_service(
    wire: Wire,
    transport: &Transport,
    address: &str,
    direction: Direction,
    first: Option<&FirstMessage>,
) -> Result<Stream, HandshakeError> {
    match transport {
        Transport::Tcp => {
            let mut stream = Stream::plain(wire);
            if let Some(first) = first {
                stream.write_all(first.bytes()).await?;
            }
            Ok(stream)
        }
        Transport::WebSocket(request) => {
            let mut messages = connect_messages(wire, request, address).await?;
            if let Some(first) = first {
                messages.send(Sent::Text(first.text())).await?;
            }
            Ok(messages.into_stream(Bytes::new()))
        }
        Transport::Http(http) => {
            let asked = match direction {
                Direction::Upload => Asked::Upload,
                Direction::Download => {
                    Asked::Response(first.map(|first| Bytes::copy_from_slice(first.bytes())))
                }
            };
            ask(wire, &http.request, address, asked).await
        }
    }
}
