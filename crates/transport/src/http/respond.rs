//! The server's side: a request that is a stream, and the response it gets in time.

use super::HttpBytes;
use super::accounts::{Extent, Reading, Writing};
use super::driver::{Connection, Driver};
use super::error::BoxError;
use super::incoming::{ACCEPTED, AnyBody, Incoming};
use super::outgoing::{Outgoing, OutgoingBody};
use super::request::{BYTES, EVENTS, NO_STORE};
use crate::{SocketHandle, Stream};
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Body;
use std::io;
use tokio::sync::oneshot;

/// The body of a response: a stream, or a text.
pub type ResponseBody = Either<OutgoingBody, Full<Bytes>>;

/// A request whose body, or whose response's body, is a stream.
#[derive(Debug)]
pub struct Carried {
    incoming: Incoming,
    respond: Respond,
}

/// Takes a request for a stream: `POST` upwards, `GET` downwards. The response comes when the stream decides.
///
/// The connection moves on only while the stream is read or written: whoever drove it until now must stop, and give it to
/// [`Carried::into_stream`].
pub fn accept<B>(
    request: Request<B>,
) -> (Carried, impl Future<Output = io::Result<Response<ResponseBody>>> + Send + 'static)
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let (head, body) = request.into_parts();
    let upload = head.method == Method::POST;
    let body: AnyBody = body.map_err(Into::into).boxed_unsync();
    let incoming = if upload { Incoming::Body(body) } else { Incoming::Over };
    let (decide, decided) = oneshot::channel();
    let respond = Respond {
        decide,
        upload,
        events: !upload && head.headers.get(ACCEPT).is_some_and(|wanted| wanted == EVENTS),
        extent: match head.version {
            Version::HTTP_2 => Extent::Frames,
            Version::HTTP_11 => Extent::Chunked,
            // An older client knows no chunks: the body ends with the connection.
            _ => Extent::Close,
        },
    };
    let response = async { decided.await.map_err(|_| io::ErrorKind::ConnectionAborted.into()) };
    (Carried { incoming, respond }, response)
}

impl Carried {
    /// The stream, on the `connection` that the request came over, whose socket has this handle.
    pub fn into_stream(self, connection: Connection, socket: SocketHandle) -> Stream {
        let Self { incoming, respond } = self;
        let carrier = HttpBytes {
            driver: Driver::new(connection),
            socket: socket.clone(),
            incoming,
            reading: Reading::new(false),
            outgoing: None,
            writing: Writing { events: respond.events, extent: respond.extent, ..Writing::default() },
            serves: true,
            respond: Some(respond),
            answering: None,
        };
        Stream::carried(carrier, socket)
    }
}

/// The response that a request waits for.
#[derive(Debug)]
pub(crate) struct Respond {
    decide: oneshot::Sender<Response<ResponseBody>>,
    upload: bool,
    events: bool,
    extent: Extent,
}

impl Respond {
    /// The request's body is the stream.
    pub(crate) fn is_upload(&self) -> bool {
        self.upload
    }

    /// The response's body is the stream.
    pub(crate) fn begin(self) -> Outgoing {
        let outgoing = Outgoing::default();
        let kind = if self.events { EVENTS } else { BYTES };
        self.send(StatusCode::OK, kind, Either::Left(outgoing.response()));
        outgoing
    }

    /// All of the request's body came, so many bytes of payload.
    pub(crate) fn complete(self, payload: u64) {
        self.text(StatusCode::OK, format!("{payload} bytes\n").into());
    }

    /// The stream is not served; the line says why.
    pub(crate) fn refuse(self, line: &[u8]) {
        self.text(StatusCode::CONFLICT, Bytes::copy_from_slice(line));
    }

    fn text(self, status: StatusCode, text: Bytes) {
        self.send(status, BYTES, Either::Right(Full::new(text)));
    }

    fn send(self, status: StatusCode, kind: HeaderValue, body: ResponseBody) {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, NO_STORE);
        if self.extent != Extent::Frames {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::OK {
            headers.insert(ACCEPTED, HeaderValue::from_static("1"));
        }
        // A request that is gone waits for no response.
        drop(self.decide.send(response));
    }
}
