//! What requests leave to whoever serves their connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use transport::{Carried, WebSocketUpgrade};
use wire::Opening;

/// What requests hand over to whoever serves their connection. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handed {
    state: Arc<Mutex<State>>,
    busy: TaskTracker,
}

#[derive(Debug, Default)]
struct State {
    upgrade: Option<(WebSocketUpgrade, bool)>,
    carried: Option<(Opening, Carried)>,
    /// A request is a stream, which drives the connection until it is over.
    carries: bool,
}

impl Handed {
    /// The request is a stream; false: another one is already. A connection carries one: a stall must not stop a second, and
    /// what TCP does must be one stream's own.
    pub(crate) fn carried(&self, opening: Opening, carried: Carried) -> bool {
        let mut state = self.lock();
        if !state.carries {
            state.carries = true;
            state.carried = Some((opening, carried));
            return true;
        }
        false
    }

    /// What a request was handed over as.
    pub(crate) fn take_carried(&self) -> Option<(Opening, Carried)> {
        self.lock().carried.take()
    }

    /// The connection becomes a WebSocket, by a request that showed the server's token or did not.
    pub(crate) fn upgrade(&self, upgrade: WebSocketUpgrade, shown: bool) {
        self.lock().upgrade = Some((upgrade, shown));
    }

    /// What the connection becomes.
    pub(crate) fn take_upgrade(&self) -> Option<(WebSocketUpgrade, bool)> {
        self.lock().upgrade.take()
    }

    /// The request may rest for as long as the token lives.
    pub(crate) fn busy(&self) -> TaskTrackerToken {
        self.busy.token()
    }

    /// A request may rest.
    pub(crate) fn is_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::extract::Request;
    use wire::RunId;

    #[test]
    fn a_connection_carries_one_stream() {
        let handed = Handed::default();
        let carry = |stream| {
            let (carried, _) = transport::accept(Request::new(Body::empty()));
            handed.carried(Opening::of_stream(RunId::from_random(7), stream), carried)
        };
        assert!(carry(1));
        assert!(!carry(2), "while the first one waits to be taken");
        let (opening, _) = handed.take_carried().unwrap();
        assert_eq!(opening, Opening::of_stream(RunId::from_random(7), 1));
        assert!(!carry(3), "and once it was");
        assert!(handed.take_carried().is_none());
    }
}
