//! A bounded queue between tasks that takes memory for what waits in it and hardly any beside.
//!
//! Each stream has five of them, mostly empty, and there may be ten thousand streams: tokio's take one to two KiB each.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A queue in which at most so many wait.
pub(crate) fn queue<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let state = State {
        waiting: VecDeque::new(),
        senders: 1,
        is_received: true,
        receiver: None,
        blocked: Vec::new(),
    };
    let shared = Arc::new(Shared { most, state: Mutex::new(state) });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// Where things are put. The receiver is told once the last of its clones is dropped.
#[derive(Debug)]
pub struct Sender<T>(Arc<Shared<T>>);

/// Where they come out in their order.
#[derive(Debug)]
pub struct Receiver<T>(Arc<Shared<T>>);

/// What could not be sent is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// As many as may wait do.
    #[error("the queue is full")]
    Full,
    /// The receiver is gone.
    #[error("nobody listens")]
    Closed,
}

#[derive(Debug)]
struct Shared<T> {
    most: usize,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    senders: usize,
    is_received: bool,
    /// The receiver, where it waits for something.
    receiver: Option<Waker>,
    /// Senders that wait for room.
    blocked: Vec<Waker>,
}

impl<T> Sender<T> {
    /// Sends, unless there is no room or nobody who listens.
    pub fn try_send(&self, message: T) -> Result<(), SendError> {
        let mut message = Some(message);
        match self.offer(&mut message, None) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Err(SendError::Full),
        }
    }

    /// Sends once there is room. Given up before, nothing is sent.
    pub(crate) async fn send(&self, message: T) -> Result<(), SendError> {
        let mut message = Some(message);
        poll_fn(|context| self.offer(&mut message, Some(context))).await
    }

    /// The receiver is gone.
    pub(crate) fn is_closed(&self) -> bool {
        !self.0.lock().is_received
    }

    fn offer(&self, message: &mut Option<T>, context: Option<&Context<'_>>) -> Poll<Result<(), SendError>> {
        let mut state = self.0.lock();
        if !state.is_received {
            return Poll::Ready(Err(SendError::Closed));
        }
        if state.waiting.len() >= self.0.most {
            if let Some(waker) = context.map(Context::waker)
                && !state.blocked.iter().any(|blocked| blocked.will_wake(waker))
            {
                state.blocked.push(waker.clone());
            }
            return Poll::Pending;
        }
        state.waiting.extend(message.take());
        let receiver = state.receiver.take();
        drop(state);
        receiver.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl<T> Receiver<T> {
    /// The next, once there is one; `None` when all senders are gone. Nothing is lost when the wait is given up.
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if let Some(message) = state.next() {
                return Poll::Ready(Some(message));
            }
            if state.senders == 0 {
                return Poll::Ready(None);
            }
            if !state.receiver.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                state.receiver = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    /// The next, if there is one.
    pub(crate) fn try_recv(&mut self) -> Option<T> {
        self.0.lock().next()
    }
}

impl<T> State<T> {
    fn next(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        // Waking under the lock: who waits for room is rare.
        self.blocked.drain(..).for_each(Waker::wake);
        next
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        let receiver = if state.senders == 0 { state.receiver.take() } else { None };
        drop(state);
        receiver.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_received = false;
        let left = std::mem::take(&mut state.waiting);
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        drop(left);
        blocked.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::join;

    #[tokio::test]
    async fn what_is_sent_comes_in_its_order_and_then_the_end() {
        let (sender, mut receiver) = queue(3);
        let other = sender.clone();
        for number in 0..3 {
            sender.try_send(number).unwrap();
        }
        drop(sender);
        assert_eq!((receiver.recv().await, receiver.try_recv()), (Some(0), Some(1)));
        other.try_send(3).unwrap();
        drop(other);
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(2), Some(3)));
        assert_eq!(receiver.recv().await, None);
    }

    #[tokio::test]
    async fn no_more_wait_than_may() {
        let (sender, mut receiver) = queue(2);
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        assert_eq!(sender.try_send(3), Err(SendError::Full));
        let received = async {
            let mut received = Vec::new();
            while received.len() < 4 {
                received.extend(receiver.recv().await);
            }
            received.sort_unstable();
            received
        };
        let (third, fourth, received) = join!(sender.send(3), sender.send(4), received);
        assert_eq!((third, fourth, received), (Ok(()), Ok(()), vec![1, 2, 3, 4]));
    }

    async fn count_to(most: u32, sender: &Sender<u32>) {
        for number in 0..most {
            sender.send(number).await.unwrap();
        }
    }

    #[tokio::test]
    async fn who_waits_is_woken_from_another_thread() {
        let (sender, mut receiver) = queue(1);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(count_to(10_000, &sender));
        });
        let mut expected = 0;
        while let Some(number) = receiver.recv().await {
            assert_eq!(number, expected);
            expected += 1;
        }
        assert_eq!(expected, 10_000);
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn a_sender_hears_that_nobody_listens() {
        let (sender, receiver) = queue(1);
        sender.try_send(1).unwrap();
        let (sent, ()) = join!(sender.send(2), async { drop(receiver) });
        assert_eq!(sent, Err(SendError::Closed));
        assert!(sender.is_closed());
        assert_eq!(sender.try_send(3), Err(SendError::Closed));
    }
}
