//! Complete requests and responses, one after the other on one connection: proxies hold none of them back for long.

use super::driver::Driver;
use super::error::{BoxError, Refusal, foreign, into_io};
use super::incoming::AnyBody;
use super::request::Apart;
use super::sender::Sender;
use crate::line::TooLong;
use crate::{HandshakeError, Wire};
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use wire::Errand;

/// A connection for exchanges.
#[derive(Debug)]
pub struct Exchanges {
    sender: Sender,
    driver: Driver,
    encrypted: bool,
}

impl Exchanges {
    /// On a connection that just stands.
    pub async fn on(wire: Wire, server: &Apart) -> Result<Self, HandshakeError> {
        let encrypted = wire.is_encrypted();
        let (sender, driver) = Sender::begin(wire, server.is_http2()).await?;
        Ok(Self { sender, driver, encrypted })
    }

    /// Sends `body` and waits for the answer's, of at most `most` bytes. After an error, or a wait that was given up, the
    /// connection is of no use.
    pub async fn ask(
        &mut self,
        to: &Apart,
        about: Errand,
        body: Bytes,
        most: usize,
    ) -> Result<Bytes, HandshakeError> {
        let mut request = to
            .request(Method::POST, &about, self.encrypted)?
            .map(|()| Full::new(body).map_err(|never| match never {}).boxed_unsync());
        request.headers_mut().insert(CONTENT_TYPE, super::request::BYTES);
        let response = self.sender.send(request);
        let exchange = async move {
            let (head, body) = match response.await {
                Ok(response) => response.into_parts(),
                Err(error) => return Err(error),
            };
            // What is wrong with a body is for whoever reads it to say; it may be somebody else's.
            if head.status != StatusCode::OK {
                return Ok(Err(Refusal::status(head.status, &head.headers)));
            }
            collect(body, most).await.map(Ok)
        };
        let mut exchange = pin!(exchange);
        let driver = &mut self.driver;
        let answered = poll_fn(|context| {
            if let Poll::Ready(answered) = exchange.as_mut().poll(context) {
                return Poll::Ready(answered.map_err(failed));
            }
            let driven = driver.drive(context);
            match exchange.as_mut().poll(context) {
                Poll::Ready(answered) => Poll::Ready(answered.map_err(failed)),
                Poll::Pending => match driven {
                    Ok(false) => Poll::Pending,
                    Ok(true) => Poll::Ready(Err(HandshakeError::Io(io::ErrorKind::UnexpectedEof.into()))),
                    Err(error) => Poll::Ready(Err(error.into())),
                },
            }
        });
        answered.await?.map_err(HandshakeError::Refused)
    }
}

async fn collect(mut body: AnyBody, most: usize) -> Result<Bytes, BoxError> {
    let mut all = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let piece = frame?.into_data().unwrap_or_default();
        if all.len() + piece.len() > most {
            return Err(TooLong.into());
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

fn failed(error: BoxError) -> HandshakeError {
    if error.is::<TooLong>() { HandshakeError::TooLong } else { foreign(into_io(error)) }
}
