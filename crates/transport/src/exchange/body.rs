//! The body of a request, as hyper asks for it.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// What hyper asks for the request's bytes.
#[derive(Debug)]
pub(super) enum RequestBody {
    Whole(Option<Bytes>),
    Fed(Arc<Mutex<Fed>>),
}

/// A body that is fed chunk by chunk.
#[derive(Debug, Default)]
pub(super) struct Fed {
    /// The one chunk that hyper has not taken yet.
    pub(super) chunk: Option<Bytes>,
    /// There will be no more.
    pub(super) ended: bool,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Whoever feeds it drives the connection afterwards, so nobody needs to be woken.
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(Frame::data).map(Ok)),
            Self::Fed(fed) => {
                let mut fed = lock(fed);
                match fed.chunk.take() {
                    Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
                    None if fed.ended => Poll::Ready(None),
                    None => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Fed(_) => SizeHint::default(),
        }
    }
}

/// Nothing that holds it can fail.
pub(super) fn lock(fed: &Mutex<Fed>) -> std::sync::MutexGuard<'_, Fed> {
    fed.lock().unwrap_or_else(PoisonError::into_inner)
}
