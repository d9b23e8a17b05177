//! What hyper wants to be run beside a connection of HTTP/2: it runs within it, wherever that is polled.

use super::driver::{Connection, Leaves};
use super::error::BoxError;
use hyper::rt::Executor;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where hyper leaves them. Clones share it.
#[derive(Clone, Default)]
pub struct Tasks {
    begun: Arc<Mutex<Vec<Task>>>,
}

impl Tasks {
    /// The connection with all that is left here; it is over when they are. `leave` tells it to take no other request.
    pub fn run_within<C, E>(
        self,
        connection: C,
        leave: impl FnOnce(Pin<&mut C>) + Send + 'static,
    ) -> Connection
    where
        C: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let mut connection = Box::pin(connection);
        let mut ended = None;
        let mut running = Vec::new();
        let (leaves, mut leave) = (Leaves::default(), Some(leave));
        let asked = Arc::clone(&leaves);
        let moves = poll_fn(move |context| {
            if asked.load(Relaxed)
                && ended.is_none()
                && let Some(leave) = leave.take()
            {
                leave(connection.as_mut());
            }
            // What one of them does may be for the connection to send, and the other way about.
            for _ in 0..2 {
                if ended.is_none()
                    && let Poll::Ready(end) = connection.as_mut().poll(context)
                {
                    ended = Some(end.map_err(Into::into));
                }
                running.append(&mut self.take());
                running.retain_mut(|task: &mut Task| task.as_mut().poll(context).is_pending());
            }
            // Those that were begun last have not been asked yet.
            if !self.is_empty() {
                context.waker().wake_by_ref();
            }
            match ended.take() {
                Some(end) if running.is_empty() && self.is_empty() => Poll::Ready(end),
                end => {
                    ended = end;
                    Poll::Pending
                }
            }
        });
        Connection::leaving(moves, leaves)
    }

    fn take(&self) -> Vec<Task> {
        std::mem::take(&mut *self.begun.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_empty(&self) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(task));
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tasks").finish()
    }
}
