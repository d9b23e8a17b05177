//! The client's side of a connection, in either version of HTTP.

use super::driver::{Connection, Driver};
use super::error::{BoxError, into_io};
use super::incoming::{AnyBody, Awaited, Incoming, Wanted};
use super::tasks::Tasks;
use super::{CONNECTION_WINDOW, READ_AT_ONCE, STREAM_WINDOW};
use crate::{HandshakeError, Wire};
use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;

/// Sends requests, one after the other.
#[derive(Debug)]
pub(crate) enum Sender {
    One(http1::SendRequest<AnyBody>),
    Two(http2::SendRequest<AnyBody>),
}

impl Sender {
    /// The sender of a connection, and what drives that.
    pub(crate) async fn begin(wire: Wire, version_2: bool) -> Result<(Self, Driver), HandshakeError> {
        let failed = |error: hyper::Error| into_io(error.into());
        if !version_2 {
            let mut builder = http1::Builder::new();
            let begun = builder.max_buf_size(READ_AT_ONCE).handshake(TokioIo::new(wire)).await;
            let (sender, connection) = begun.map_err(failed)?;
            let driver = Driver::new(Connection::new(connection));
            return Ok((Self::One(sender), driver));
        }
        let tasks = Tasks::default();
        let (sender, connection) = http2::Builder::new(tasks.clone())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(super::PIECE)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(failed)?;
        Ok((Self::Two(sender), Driver::new(tasks.run_within(connection, |_| ()))))
    }

    /// Sends the only request; the response is to be as it is wanted.
    pub(crate) fn send_last(mut self, request: Request<AnyBody>, wanted: Wanted) -> Incoming {
        let response = self.send(request);
        let awaited = Box::pin(async move {
            let response = response.await;
            // Where it is dropped earlier, hyper ends the connection earlier.
            drop(self);
            response
        });
        Incoming::Awaited(awaited, wanted)
    }

    /// Sends a request; the response's future keeps nothing of the sender.
    pub(crate) fn send(&mut self, request: Request<AnyBody>) -> Awaited {
        match self {
            Self::One(sender) => {
                let response = sender.send_request(request);
                Box::pin(async { boxed(response.await) })
            }
            Self::Two(sender) => {
                let response = sender.send_request(request);
                Box::pin(async { boxed(response.await) })
            }
        }
    }
}

fn boxed(
    response: hyper::Result<http::Response<hyper::body::Incoming>>,
) -> Result<http::Response<AnyBody>, BoxError> {
    Ok(response?.map(|body| body.map_err(Into::into).boxed_unsync()))
}
