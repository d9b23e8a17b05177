//! One exchange over HTTP/1.1 as a stream of bytes: what is written is the request's body, what is read is the response's.
//!
//! Nobody drives the connection but who reads or writes here, so a closed gate stops all of it. Of the request one chunk at most
//! waits in user space; of the response hyper may hold what it took from the kernel in one read (64 KiB), which is not counted.

mod body;

use crate::carrier::{Carrier, gather};
use crate::handshake::HandshakeError;
use crate::http::location;
use crate::{Counters, SocketHandle, Wire};
use body::{Fed, RequestBody, lock};
use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{Method, Request, Response};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Builder, Connection};
use hyper_util::rt::TokioIo;
use scenario::HttpRequest;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// Bytes read from the socket at once.
const READ_AT_ONCE: usize = 64 << 10;

/// What is asked of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Its response's body; with a body of our own by POST, else by GET.
    Response(Option<Bytes>),
    /// That it takes a body, by POST, in chunks.
    Upload,
}

/// A request that was sent, and its two bodies.
pub(crate) struct ExchangeBytes {
    connection: Option<Pin<Box<Driver>>>,
    response: Answer,
    body: Arc<Mutex<Fed>>,
    /// The socket's count when the request's head was written.
    base: u64,
    /// Bytes of the request's body, with what frames them.
    framed: u64,
    /// The rest of a frame of the response that was read in part.
    rest: Bytes,
    socket: SocketHandle,
}

/// What moves bytes while it is polled.
type Driver = Connection<TokioIo<Wire>, RequestBody>;

enum Answer {
    Awaited(Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send + Sync>>),
    Body(Incoming),
    Over,
}

impl ExchangeBytes {
    /// Sends the request; where its response is what is asked for, waits until that begins.
    pub(crate) async fn begin(
        wire: Wire,
        request: &HttpRequest,
        address: &str,
        asked: Asked,
    ) -> Result<Self, HandshakeError> {
        let handle = wire.handle();
        let uploads = asked == Asked::Upload;
        let body = Arc::<Mutex<Fed>>::default();
        let request = ask(request, address, asked, &body)?;
        let mut builder = Builder::new();
        builder.read_buf_exact_size(Some(READ_AT_ONCE));
        let (mut sender, connection) = builder.handshake(TokioIo::new(wire)).await.map_err(failed)?;
        let response = Answer::Awaited(Box::pin(sender.send_request(request)));
        let connection = Some(Box::pin(connection));
        let mut exchange = Self {
            connection,
            response,
            body,
            base: 0,
            framed: 0,
            rest: Bytes::new(),
            socket: handle.clone(),
        };
        if uploads {
            poll_fn(|context| exchange.poll_head(handle.counters(), context)).await?;
            exchange.base = handle.counters().written();
        } else {
            poll_fn(|context| exchange.poll_response(context)).await?;
        }
        Ok(exchange)
    }

    /// Lets the connection do what it can. What it finds out is told by the response too, but for its failures.
    fn drive(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        match connection.as_mut().poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(ended) => {
                self.connection = None;
                ended.map_err(into_io)
            }
        }
    }

    /// Why nothing more can be written: what was answered says more than that the connection is gone.
    fn over(&mut self, context: &mut Context<'_>) -> io::Error {
        match self.poll_response(context) {
            Poll::Ready(Err(answer @ (HandshakeError::Answered { .. } | HandshakeError::ForeignHttp(_)))) => {
                answer.into_io()
            }
            _ => io::ErrorKind::BrokenPipe.into(),
        }
    }

    /// Waits until the request's head is written.
    fn poll_head(
        &mut self,
        socket: &Counters,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), HandshakeError>> {
        self.drive(context)?;
        match socket.written() {
            0 if self.connection.is_some() => Poll::Pending,
            0 => Poll::Ready(Err(HandshakeError::Io(io::ErrorKind::UnexpectedEof.into()))),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Waits until the response has begun, and is none that refuses.
    fn poll_response(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HandshakeError>> {
        self.drive(context)?;
        let Answer::Awaited(response) = &mut self.response else { return Poll::Ready(Ok(())) };
        let answered = ready!(response.as_mut().poll(context));
        // It cannot be asked again.
        self.response = Answer::Over;
        let response = answered.map_err(failed)?;
        if !response.status().is_success() {
            let (status, location) = (response.status(), location(response.headers()));
            return Poll::Ready(Err(HandshakeError::Answered { status, location }));
        }
        self.response = Answer::Body(response.into_body());
        Poll::Ready(Ok(()))
    }
}

impl Carrier for ExchangeBytes {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            let driven = self.drive(context);
            if let Answer::Body(_) = self.response {
                driven.map_err(cut_off)?;
            } else {
                driven?;
            }
            ready!(self.poll_response(context)).map_err(HandshakeError::into_io)?;
            let Answer::Body(body) = &mut self.response else { return Poll::Ready(Ok(())) };
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Err(cut_off(into_io(error)))),
                None => self.response = Answer::Over,
            }
        }
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(count));
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        largest: usize,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(context))?;
        if self.connection.is_none() {
            return Poll::Ready(Err(self.over(context)));
        }
        let chunk = gather(slices, largest);
        let count = chunk.len();
        if count > 0 {
            self.framed += framed(count);
            lock(&self.body).chunk = Some(chunk);
            self.drive(context)?;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.drive(context)?;
        let waits = self.connection.is_some() && self.unwritten(self.socket.counters()) > 0;
        if waits { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Ends the request's body.
    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(context))?;
        lock(&self.body).ended = true;
        Poll::Ready(self.drive(context))
    }

    fn unwritten(&self, wire: &Counters) -> u64 {
        self.framed.saturating_sub(wire.written().saturating_sub(self.base)) + wire.unwritten()
    }

    /// As far as it was taken apart.
    fn unread(&self, wire: &Counters) -> u64 {
        self.rest.len() as u64 + wire.unread()
    }
}

fn ask(
    asked_for: &HttpRequest,
    address: &str,
    asked: Asked,
    fed: &Arc<Mutex<Fed>>,
) -> Result<Request<RequestBody>, HandshakeError> {
    let (method, body) = match asked {
        Asked::Response(None) => (Method::GET, RequestBody::Whole(None)),
        Asked::Response(body) => (Method::POST, RequestBody::Whole(body)),
        Asked::Upload => (Method::POST, RequestBody::Fed(Arc::clone(fed))),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(&asked_for.path)
        .header(HOST, asked_for.host.as_deref().unwrap_or(address))
        .header(USER_AGENT, concat!("backpressure/", env!("CARGO_PKG_VERSION")));
    if !asked_for.headers.iter().any(|(name, _)| name == ACCEPT.as_str()) {
        request = request.header(ACCEPT, "*/*");
    }
    for (name, value) in &asked_for.headers {
        request = request.header(name, value);
    }
    request.body(body).map_err(|error| HandshakeError::ForeignHttp(error.to_string()))
}

impl fmt::Debug for ExchangeBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeBytes")
            .field("base", &self.base)
            .field("framed", &self.framed)
            .finish_non_exhaustive()
    }
}

/// A chunk with its size before it and a line's end after each (RFC 9112 §7.1).
fn framed(count: usize) -> u64 {
    let digits = u64::from(count.max(1).ilog(16)) + 1;
    count as u64 + digits + 4
}

/// A body that ends before its length, or its last chunk, did not end in order (RFC 9112 §8).
fn cut_off(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(io::ErrorKind::ConnectionAborted, error),
        _ => error,
    }
}

fn failed(error: hyper::Error) -> HandshakeError {
    if error.is_parse() {
        return HandshakeError::ForeignHttp(error.to_string());
    }
    HandshakeError::Io(into_io(error))
}

/// The kernel's own error where there is one.
fn into_io(error: hyper::Error) -> io::Error {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return match cause.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(cause.kind(), error),
            };
        }
        source = cause.source();
    }
    let kind =
        if error.is_incomplete_message() { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests;
