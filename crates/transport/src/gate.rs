//! Closes a stream for reading, whatever code reads from it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Waker};

/// Open at first. While it is closed, reads of its stream wait without touching the socket.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    /// The most that one read takes; 0: no bound.
    width: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    waiting: Option<Waker>,
}

impl Gate {
    /// From now on nothing is read.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Lets reads go on, and wakes one that waits.
    pub fn open(&self) {
        let waiting = {
            let mut state = self.lock();
            state.closed = false;
            state.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Nothing is read at present.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// From now on no read takes more than `bytes`, at least 1.
    pub(crate) fn narrow(&self, bytes: usize) {
        self.width.store(bytes.max(1), Relaxed);
    }

    /// The most that one read takes.
    pub(crate) fn width(&self) -> usize {
        match self.width.load(Relaxed) {
            0 => usize::MAX,
            bytes => bytes,
        }
    }

    /// True when a read may go on; else the task is woken once it may.
    pub(crate) fn passes(&self, context: &Context<'_>) -> bool {
        let mut state = self.lock();
        if state.closed {
            state.waiting = Some(context.waker().clone());
        }
        !state.closed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
