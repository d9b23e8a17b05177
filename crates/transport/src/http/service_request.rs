//! One request to a service that is not ours, over HTTP/1.1: what is written is its body, what is read is the response's.

use super::HttpBytes;
use super::accounts::Extent;
use super::error::foreign;
use super::incoming::{AnyBody, Wanted};
use super::outgoing::Outgoing;
use super::sender::Sender;
use crate::{HandshakeError, Stream, Wire};
use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use scenario::HttpRequest;

/// What is asked of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Its response's body; with a body of our own by POST, else by GET.
    Response(Option<Bytes>),
    /// That it takes a body, by POST, in chunks.
    Upload,
}

/// Sends the request; where its response is what is asked for, waits until that begins, and is none that refuses.
pub(crate) async fn ask(
    wire: Wire,
    request: &HttpRequest,
    address: &str,
    asked: Asked,
) -> Result<Stream, HandshakeError> {
    let handle = wire.handle();
    let (sender, driver) = Sender::begin(wire, false).await?;
    let (method, outgoing, body) = match asked {
        Asked::Response(None) => (Method::GET, None, AnyBody::default()),
        Asked::Response(Some(body)) => {
            (Method::POST, None, Full::new(body).map_err(|never| match never {}).boxed_unsync())
        }
        Asked::Upload => {
            let outgoing = Outgoing::default();
            let body = outgoing.body();
            (Method::POST, Some(outgoing), body)
        }
    };
    let uploads = outgoing.is_some();
    let request = head(request, address, method)?.map(|()| body);
    let incoming = sender.send_last(request, Wanted::Success);
    let mut carrier = HttpBytes::asking(driver, handle.clone(), incoming, outgoing, Extent::Chunked);
    let begun = if uploads { carrier.head_is_written().await } else { carrier.is_answered().await };
    begun.map_err(foreign)?;
    Ok(Stream::carried(carrier, handle))
}

fn head(asked: &HttpRequest, address: &str, method: Method) -> Result<Request<()>, HandshakeError> {
    let mut request = Request::builder()
        .method(method)
        .uri(&asked.path)
        .header(HOST, asked.host.as_deref().unwrap_or(address))
        .header(USER_AGENT, concat!("backpressure/", env!("CARGO_PKG_VERSION")));
    if !asked.headers.iter().any(|(name, _)| name == ACCEPT.as_str()) {
        request = request.header(ACCEPT, "*/*");
    }
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    request.body(()).map_err(|error| HandshakeError::ForeignHttp(error.to_string()))
}

#[cfg(test)]
mod tests;
