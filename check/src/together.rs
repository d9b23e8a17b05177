//! Connections that begin each phase together.
//!
//! Nobody waits for ever: every phase has a deadline of its own, and who leaves is not waited for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// One of several that begin together. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Member {
    meeting: Arc<Meeting>,
    /// The round that has begun.
    begun: watch::Receiver<u64>,
    /// It waits for the next round to begin.
    waits: bool,
}

#[derive(Debug)]
struct Meeting {
    state: Mutex<State>,
    begin: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    members: usize,
    waiting: usize,
}

/// So many members.
pub(crate) fn together(members: usize) -> Vec<Member> {
    let (begin, begun) = watch::channel(0);
    let meeting = Arc::new(Meeting { state: Mutex::new(State { members, waiting: 0 }), begin });
    let member = || Member { meeting: Arc::clone(&meeting), begun: begun.clone(), waits: false };
    (0..members).map(|_| member()).collect()
}

impl Member {
    /// One that waits for nobody.
    pub(crate) fn alone() -> Self {
        let (begin, begun) = watch::channel(0);
        let state = Mutex::new(State { members: 1, waiting: 0 });
        Self { meeting: Arc::new(Meeting { state, begin }), begun, waits: false }
    }

    /// Waits until all are here, then begins with them; one that is alone begins at once. Cancel-safe: who gave up
    /// waiting is still counted as being here, and goes on waiting when it asks again.
    pub(crate) async fn meet(&mut self) {
        if !self.waits {
            self.begun.mark_unchanged();
            self.waits = true;
            self.meeting.arrive();
        }
        // The sender lives in what this one holds itself.
        if self.begun.changed().await.is_ok() {
            self.waits = false;
        }
    }
}

impl Meeting {
    fn arrive(&self) {
        let mut state = self.lock();
        state.waiting += 1;
        self.begin_if_complete(state);
    }

    fn leave(&self, waits: bool, begun: &watch::Receiver<u64>) {
        let mut state = self.lock();
        // A round that began meanwhile waits for nobody any more.
        let counted = waits && !begun.has_changed().unwrap_or(true);
        state.members = state.members.saturating_sub(1);
        state.waiting = state.waiting.saturating_sub(usize::from(counted));
        self.begin_if_complete(state);
    }

    fn begin_if_complete(&self, mut state: MutexGuard<'_, State>) {
        if state.members > 0 && state.waiting == state.members {
            state.waiting = 0;
            self.begin.send_modify(|round| *round += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.meeting.leave(self.waits, &self.begun);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    async fn is_ready(meeting: impl Future<Output = ()>) -> bool {
        let mut meeting = pin!(meeting);
        poll_fn(|context| Poll::Ready(meeting.as_mut().poll(context).is_ready())).await
    }

    #[tokio::test]
    async fn one_that_is_alone_waits_for_nobody() {
        let mut alone = Member::alone();
        assert!(is_ready(alone.meet()).await);
        assert!(is_ready(alone.meet()).await);
    }

    #[tokio::test]
    async fn all_begin_once_the_last_is_here_in_every_round() {
        let mut members = together(3);
        for _ in 0..3 {
            let [first, second, third] = members.as_mut_slice() else { panic!("there are three") };
            assert!(!is_ready(first.meet()).await);
            assert!(!is_ready(first.meet()).await, "asking again is no second one");
            assert!(!is_ready(second.meet()).await);
            assert!(is_ready(third.meet()).await);
            assert!(is_ready(first.meet()).await && is_ready(second.meet()).await);
        }
    }

    #[tokio::test]
    async fn who_leaves_is_not_waited_for() {
        let mut members = together(3);
        assert!(!is_ready(members[0].meet()).await);
        drop(members.pop());
        assert!(!is_ready(members[0].meet()).await);
        drop(members.pop());
        assert!(is_ready(members[0].meet()).await);
    }

    #[tokio::test]
    async fn who_leaves_while_waiting_counts_no_more() {
        let mut members = together(3);
        let mut waiting = members.pop().unwrap();
        assert!(!is_ready(waiting.meet()).await);
        drop(waiting);
        assert!(!is_ready(members[0].meet()).await);
        assert!(is_ready(members[1].meet()).await);
        assert!(is_ready(members[0].meet()).await);
    }

    #[tokio::test]
    async fn who_leaves_after_the_round_began_takes_nobody_along() {
        let mut members = together(2);
        assert!(!is_ready(members[0].meet()).await);
        assert!(is_ready(members[1].meet()).await);
        drop(members.remove(0));
        assert!(is_ready(members[0].meet()).await, "the only one left");
    }
}
