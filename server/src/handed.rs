//! What requests leave to whoever serves their connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;
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
    runs: JoinSet<()>,
}

impl Handed {
    /// The request is a stream.
    pub(crate) fn carried(&self, opening: Opening, carried: Carried) {
        self.lock().carried = Some((opening, carried));
    }

    /// The request began a run.
    pub(crate) fn run(&self, run: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.lock();
        while state.runs.try_join_next().is_some() {}
        state.runs.spawn(run);
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

    /// Waits for the runs that were begun.
    pub(crate) async fn runs_are_over(self) {
        let mut runs = std::mem::take(&mut self.lock().runs);
        while runs.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
