//! The body that a stream writes: one message at a time.

use super::incoming::AnyBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// Where the stream puts its messages.
///
/// It holds no waker: the stream that puts something in polls the connection itself, which asks the body each time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outgoing {
    slot: Arc<Mutex<Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    message: Option<Bytes>,
    ended: bool,
    asked: bool,
    finished: bool,
}

impl Outgoing {
    /// Its messages, as the body of a response.
    pub(crate) fn response(&self) -> OutgoingBody {
        OutgoingBody { outgoing: self.clone() }
    }

    /// Its messages, as the body of a request.
    pub(crate) fn body(&self) -> AnyBody {
        self.response().map_err(|never| match never {}).boxed_unsync()
    }

    /// The next message; the one before was taken.
    pub(crate) fn put(&self, message: Bytes) {
        self.lock().message = Some(message);
    }

    /// No message follows.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
    }

    /// The head, the last message or the end was not taken yet.
    pub(crate) fn is_waiting(&self) -> bool {
        let slot = self.lock();
        !slot.asked || slot.message.is_some() || (slot.ended && !slot.finished)
    }

    /// Bytes of a message that was not taken yet.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.lock().message.as_ref().map_or(0, |message| message.len() as u64)
    }

    /// The head before the body was written: the body was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.lock().asked
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a request or a response.
#[derive(Debug)]
pub struct OutgoingBody {
    outgoing: Outgoing,
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut slot = self.outgoing.lock();
        slot.asked = true;
        match slot.message.take() {
            Some(message) => Poll::Ready(Some(Ok(Frame::data(message)))),
            None if slot.ended => {
                slot.finished = true;
                Poll::Ready(None)
            }
            None => Poll::Pending,
        }
    }
}
