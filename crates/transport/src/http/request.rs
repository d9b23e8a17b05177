//! The client's side: asks for a stream, and begins it.

use super::HttpBytes;
use super::accounts::Extent;
use super::error::foreign;
use super::exchanges::Exchanges;
use super::incoming::Wanted;
use super::outgoing::Outgoing;
use super::sender::Sender;
use crate::{Answer, HandshakeError, Place, Stream, Wire};
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::uri::Scheme;
use http::{HeaderValue, Method, Request, Version};
use scenario::HttpStream;
use tokio::time::Instant;
use trace::Direction;
use wire::{Errand, MAX_OPENING_LINE, Opening};

/// Events, as a header's value.
pub(crate) const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Bytes, as a header's value.
pub(crate) const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// No copy is kept, and none is made of it in another form.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store, no-transform");

/// A server that is spoken to in requests, each on a connection of the caller's.
#[derive(Debug, Clone)]
pub struct Apart {
    http: HttpStream,
    address: String,
}

impl Apart {
    pub(crate) fn new(http: &HttpStream, address: &str) -> Self {
        Self { http: http.clone(), address: address.to_owned() }
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.http.http2
    }

    /// Asks who is there.
    pub(crate) async fn ask(self, wire: Wire, opening: Opening) -> Result<Answer, HandshakeError> {
        let mut exchanges = Exchanges::on(wire, &self).await?;
        let asked = Instant::now();
        let body = exchanges.ask(&self, Errand::Ask(opening), Bytes::new(), MAX_OPENING_LINE).await?;
        let line = body.strip_suffix(b"\n").unwrap_or(&body).to_vec();
        Ok(Answer { line, round_trip: asked.elapsed(), place: Place::Apart(self) })
    }

    /// Begins the stream of `opening`; the request's head is written. The answer, if one comes, comes beside the stream:
    /// [`Stream::answered`].
    pub async fn carry(
        &self,
        wire: Wire,
        opening: Opening,
        direction: Direction,
    ) -> Result<Stream, HandshakeError> {
        let head = self.head(opening, direction, wire.is_encrypted())?;
        carry(wire, &self.http, head, direction).await
    }

    fn head(
        &self,
        opening: Opening,
        direction: Direction,
        encrypted: bool,
    ) -> Result<Request<()>, HandshakeError> {
        let upload = direction == Direction::Upload;
        let method = if upload { Method::POST } else { Method::GET };
        let mut request = self.request(method, &Errand::Carry(opening), encrypted)?;
        let headers = request.headers_mut();
        headers.insert(CACHE_CONTROL, NO_STORE);
        if upload {
            headers.insert(CONTENT_TYPE, BYTES);
            if let Some(length) = self.http.length {
                headers.insert(CONTENT_LENGTH, length.as_u64().into());
            }
        } else {
            headers.insert(ACCEPT, if self.http.events { EVENTS } else { BYTES });
        }
        Ok(request)
    }

    /// The head of a request of ours, on a connection that TLS encrypts or does not.
    pub(crate) fn request(
        &self,
        method: Method,
        errand: &Errand,
        encrypted: bool,
    ) -> Result<Request<()>, HandshakeError> {
        let (name, about) = errand.headers();
        let asked = &self.http.request;
        let host = asked.host.as_ref().unwrap_or(&self.address);
        let mut request = Request::builder().method(method);
        // RFC 9113 §8.3.1: pseudo-headers take the place of `Host`, and tell the scheme.
        request = if self.http.http2 {
            let scheme = if encrypted { Scheme::HTTPS } else { Scheme::HTTP };
            request.uri(format!("{scheme}://{host}{}", asked.path)).version(Version::HTTP_2)
        } else {
            request.uri(&asked.path).header(HOST, host)
        };
        request = request.header(Errand::NAME, name).header(Errand::ABOUT, about);
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        request.body(()).map_err(|error| HandshakeError::ForeignHttp(error.to_string()))
    }
}

async fn carry(
    wire: Wire,
    stream: &HttpStream,
    head: Request<()>,
    direction: Direction,
) -> Result<Stream, HandshakeError> {
    let handle = wire.handle();
    let (sender, driver) = Sender::begin(wire, stream.http2).await?;
    let outgoing = (direction == Direction::Upload).then(Outgoing::default);
    let body = outgoing.as_ref().map(Outgoing::body).unwrap_or_default();
    let incoming = sender.send_last(head.map(|()| body), Wanted::Ours);
    let mut carrier = HttpBytes::asking(driver, handle.clone(), incoming, outgoing, extent(stream))
        .reads_events(stream.events && direction == Direction::Download);
    carrier.head_is_written().await.map_err(foreign)?;
    Ok(Stream::carried(carrier, handle))
}

fn extent(stream: &HttpStream) -> Extent {
    match (stream.length, stream.http2) {
        (_, true) => Extent::Frames,
        (Some(_), false) => Extent::Announced,
        (None, false) => Extent::Chunked,
    }
}
