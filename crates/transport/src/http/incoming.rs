//! The body that a stream reads, and the head that comes before it.

use super::error::{BoxError, Refusal, into_io, unanswered};
use crate::HandshakeError;
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderName, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Body;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use wire::MAX_OPENING_LINE;

/// A body, whoever it is from.
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// A response that is on its way.
pub(crate) type Awaited = Pin<Box<dyn Future<Output = Result<Response<AnyBody>, BoxError>> + Send>>;

/// A response with this header is our server's, and not a refusal.
pub(crate) const ACCEPTED: HeaderName = HeaderName::from_static("backpressure-accepted");

/// What a stream reads.
pub(crate) enum Incoming {
    /// The response's head has not come.
    Awaited(Awaited, Wanted),
    /// It was no acceptance; what it says is still coming.
    Refused { body: AnyBody, said: Vec<u8> },
    /// The payload.
    Body(AnyBody),
    /// Nothing more.
    Over,
}

/// Which responses are the stream that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Our server's. Its refusals say why in their body.
    Ours,
    /// Any that succeeds.
    Success,
}

impl Wanted {
    fn accepts(self, head: &Parts) -> bool {
        match self {
            Self::Ours => head.status == StatusCode::OK && head.headers.contains_key(ACCEPTED),
            Self::Success => head.status.is_success(),
        }
    }
}

impl Incoming {
    /// Waits until the head has come, and accepts.
    pub(crate) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Self::Awaited(response, wanted) = self {
            let (wanted, response) = (*wanted, ready!(response.as_mut().poll(context)));
            // Whoever is told of a failure may ask again.
            *self = Self::Over;
            let answered = response.map_err(|error| unanswered(error).into_io());
            let (head, body) = answered?.into_parts();
            if wanted.accepts(&head) {
                *self = Self::Body(body);
            } else if wanted == Wanted::Ours && head.status == StatusCode::CONFLICT {
                *self = Self::Refused { body, said: Vec::new() };
            } else {
                return Poll::Ready(Err(refused(Refusal::status(head.status, &head.headers))));
            }
        }
        let Self::Refused { body, said } = self else { return Poll::Ready(Ok(())) };
        while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(context)) {
            let data = frame.map_err(into_io)?.into_data().unwrap_or_default();
            let room = MAX_OPENING_LINE.saturating_sub(said.len());
            said.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            if said.len() >= MAX_OPENING_LINE {
                break;
            }
        }
        let said = std::mem::take(said);
        *self = Self::Over;
        Poll::Ready(Err(refused(Refusal::Line(said))))
    }

    /// Nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// The next piece of the body; none: it is over.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        ready!(self.poll_head(context))?;
        let Self::Body(body) = self else { return Poll::Ready(Ok(None)) };
        loop {
            match ready!(Pin::new(&mut *body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Poll::Ready(Ok(Some(piece))),
                    Err(_trailers) => {}
                },
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
                None => {
                    *self = Self::Over;
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }
}

fn refused(refusal: Refusal) -> io::Error {
    HandshakeError::Refused(refusal).into_io()
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Awaited(..) => "Awaited",
            Self::Refused { .. } => "Refused",
            Self::Body(_) => "Body",
            Self::Over => "Over",
        })
    }
}
